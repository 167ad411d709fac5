#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# fwlogctl key: a key's life, its file, what is said, and who may see a secret.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl
pg_start --fast

# key COMMAND…: as the administrator; output in $OUT, status in $RC.
key()
{
	OUT=$("$BIN/fwlogctl" key "$@" --db "$(pg_dsn "${AS:-fwlog_admin}")" 2>&1)
	RC=$?
}

# as ROLE SQL: prints the result, or the error's SQLSTATE.
as()
{
	PGUSER=$1 psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2" 2>&1 |
		sed 's/^psql:.*ERROR:  //; s/^ERROR:  //'
}

# states HOST: of its keys, oldest first.
states()
{
	sql "SELECT string_agg(state, ' ' ORDER BY created) FROM fwlog.agent_key
		WHERE host_name = '$1'"
}

# id_of FILE; secret_of FILE
id_of()
{
	cut -d ' ' -f 3 "$1"
}

secret_of()
{
	cut -d ' ' -f 4 "$1"
}

AS=postgres key list
says "without a database: the remedy" 1 'fwlogctl db init'
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" || die "db init"
export PGDATABASE=fwlog
key list
is "no keys" "$RC $(wc -l <<<"$OUT")" "0 1"
key list --json
is "no keys as JSON" "$OUT" "[]"

# ---- new
cd "$T" || exit 1
key new web1
says "the first key is active" 0 'web1: key [0-9a-f]{16} is active, in web1.key'
all=$OUT
is "its file is its owner's" "$(stat -c %a web1.key)" 600
is "its file is one key" "$(cut -d ' ' -f 1,2 web1.key) $(secret_of web1.key | tr -d '\n' | wc -c)" \
	"fwlog-key-1 web1 64"
is "file and database agree" "$(sql "SELECT encode(key_id, 'hex') || ' ' || encode(psk, 'hex')
	FROM fwlog.agent_key")" "$(id_of web1.key) $(secret_of web1.key)"
before=$(cat web1.key)
key new web1
says "a file that is there is not overwritten" 1 'web1.key'
is "nor is anything entered" "$(cat web1.key) $(states web1)" "$before active"
mkdir keys
key new web1 -o keys/second --cidr 192.0.2.0/24 --cidr 2001:db8::/32
says "the second key is next" 0 'is next, in keys/second'
all+=$OUT
key new web1 -o third
says "there is one next key at a time" 1 'already has key [0-9a-f]{16} .*key revoke'
check "and no file of what was refused" test ! -e third
key new web2 web3 -d keys
says "several at once" 0 'web3: key .* keys/web3.key'
all+=$OUT
key new 'a/b'
says "a name that is none" 1 'no name for a host'
key new web4 --cidr 10.0.0.1/8
says "a network with host bits" 1 'web4: .*cidr'
check "leaves no file" test ! -e web4.key
key new web4 --cidr 'x}'
says "a network that is none" 2 'a network is expected'
key new web4 web5 -o x
says "one file for one key" 2 'one key'
AS=fwlog_report key new web4
says "without the right: the remedy" 1 'connect as fwlog_admin'
check "and no file" test ! -e web4.key

# ---- list
key list
says "the list" 0 "^$(id_of keys/second)  web1  next .* never +192.0.2.0/24 2001:db8::/32$"
all+=$OUT
is "the active one stands first" "$(sed -n 2p <<<"$OUT" | cut -d ' ' -f 1)" "$(id_of web1.key)"
key list web2
is "of one host" "$(wc -l <<<"$OUT")" 2
key list --json
all+=$OUT
is "as JSON" "$(sql "SELECT string_agg(x.host || ' ' || x.state, ', ' ORDER BY x.host, x.state)
	FROM json_to_recordset(\$j\$$OUT\$j\$) AS x(host text, state text)")" \
	"web1 active, web1 next, web2 active, web3 active"

# ---- promote, retire, revoke
key promote web1
says "promote by host" 0 "web1: key $(id_of keys/second) is active"
is "the one before retires" "$(states web1)" "retiring active"
key promote "$(id_of web1.key | tr a-f A-F)"
says "and back, by id" 0 "$(id_of web1.key) is active"
is "it is so" "$(states web1)" "active retiring"
key promote web1
says "nothing to promote" 1 'no key there that could be promoted'
key retire web2
says "retire by host" 0 'is retiring'
key revoke "$(id_of keys/second)"
says "revoke by id" 0 'is revoked'
is "its secret is gone" "$(sql "SELECT count(*) FROM fwlog.agent_key WHERE psk IS NULL")" 1
key promote "$(id_of keys/second)"
says "there is no way back" 1 'no key there'
key new web1 -o fourth
key revoke web1
is "revoke by host means all" "$(states web1)" "revoked revoked revoked"
key revoke nobody
says "a host that has none" 1 'no key has the id nobody'
key new web1 -o fifth
says "a new beginning" 0 'is active'
for f in web1.key keys/second keys/web2.key keys/web3.key; do
	check "the secret of $f was never printed" sh -c '! grep -q "$1" <<EOT
$2
EOT' sh "$(secret_of "$f")" "$all"
done

# ---- what the collector does
version=$(as fwlog_ingest "SELECT fwlog.key_version()")
as fwlog_ingest "SELECT fwlog.key_used(ARRAY['\\x$(id_of fifth)'::bytea])" >/dev/null
is "the use of an active key is noted" "$(sql "SELECT count(*) FROM fwlog.agent_key
	WHERE used IS NOT NULL")" 1
is "and is no news" "$(as fwlog_ingest "SELECT fwlog.key_version()")" "$version"
key new web1 -o sixth
is "a new key is" "$([ "$(as fwlog_ingest "SELECT fwlog.key_version()")" != "$version" ] &&
	echo news)" news
as fwlog_ingest "SELECT fwlog.key_used(ARRAY['\\x$(id_of sixth)'::bytea])" >/dev/null
is "a next key becomes active by use" "$(states web1)" "revoked revoked revoked retiring active"
as fwlog_ingest "SELECT fwlog.key_used(ARRAY['\\x$(id_of fifth)', '\\x00'::bytea,
	'\\x$(id_of web1.key)'])" >/dev/null
is "others do not" "$(states web1)" "revoked revoked revoked retiring active"

# ---- a connection that breaks: nobody knows what came of it
sql "CREATE FUNCTION public.break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
	'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'" >/dev/null
sql "CREATE TRIGGER break AFTER INSERT ON fwlog.agent_key EXECUTE FUNCTION public.break()" >/dev/null
key new web9
says "an end without an answer: what to do" 1 'nobody knows .* web9.key is kept.*key list web9'
check "the file is kept" test -s web9.key
sql "DROP TRIGGER break ON fwlog.agent_key" >/dev/null

# ---- walls
refused()
{
	local role=$1 statement
	shift
	for statement in "$@"; do
		is "$role may not: $statement" "$(as "$role" "$statement")" 42501
	done
}
refused fwlog_admin "SELECT psk FROM fwlog.agent_key" "SELECT * FROM fwlog.agent_key" \
	"UPDATE fwlog.agent_key SET state = 'active'" "DELETE FROM fwlog.agent_key" \
	"INSERT INTO fwlog.agent_key (key_id) VALUES ('x')" \
	"SELECT fwlog.key_used('{}')" "SELECT fwlog.key_activate('x', '{}')"
refused fwlog_report "SELECT host_name FROM fwlog.agent_key" \
	"SELECT fwlog.key_change('web1', 'revoke')" "SELECT fwlog.key_version()" \
	"SELECT fwlog.key_new('x', '12345678', 'x', NULL)"
refused fwlog_ingest "UPDATE fwlog.agent_key SET state = 'active'" \
	"SELECT fwlog.key_change('web1', 'revoke')" \
	"SELECT fwlog.key_new('x', '12345678', 'x', NULL)"
is "the collector reads the secrets" \
	"$(as fwlog_ingest "SELECT count(psk) FROM fwlog.agent_key")" 4
sql "GRANT SELECT (psk) ON fwlog.agent_key TO fwlog_report"
OUT=$("$BIN/fwlogctl" db check -q --db "$(pg_dsn postgres)" 2>&1)
RC=$?
says "db check finds a secret shown" 1 'fwlog_report has SELECT on the secrets.*REVOKE SELECT \(psk\)'
finish
