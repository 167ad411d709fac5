#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# The schema and fwlogctl db: init twice, migrate, check against planted faults, what each
# role may not do, names entered and partitions made by two sessions at once, comments and
# the manual.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl
pg_start

# ctl COMMAND [OPTION]…: fwlogctl db as the superuser; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" db "$1" --db "$(pg_dsn "${AS:-postgres}" "${IN:-fwlog}")" \
		"${@:2}" 2>&1)
	RC=$?
}

# as ROLE SQL: prints the result, or the error's SQLSTATE.
as()
{
	PGUSER=$1 psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2" 2>&1 |
		sed 's/^psql:.*ERROR:  //; s/^ERROR:  //'
}

# ---- init, migrate
ctl check
says "check names the missing database and the remedy" 1 'does not exist.*fwlogctl db init'
ctl migrate
says "migrate does too" 1 'does not exist.*fwlogctl db init'
ctl init
says "init makes database, roles and schema" 0 'created database fwlog'
for role in owner ingest report web admin; do
	says "init makes fwlog_$role" 0 "created role fwlog_$role"
done
ctl init
says "a second init changes nothing" 0 '^schema version [0-9]+ in database fwlog$'
is "and says nothing else" "$(wc -l <<<"$OUT")" 1
export PGDATABASE=fwlog
ctl migrate
says "migrate on a current schema changes nothing" 0 '^schema version [0-9]+ in database fwlog$'
ctl check
is "check finds a new database fit" "$RC$(grep -v '^ok ' <<<"$OUT")" 0
ctl check -q
is "check -q is silent then" "$RC$OUT" 0
is "partitions from yesterday to a week ahead" \
	"$(sql "SELECT count(*) FROM generate_series(-1, 7) d WHERE to_regclass('fwlog.event_p' ||
		to_char((now() AT TIME ZONE 'UTC')::date + d, 'YYYYMMDD')) IS NOT NULL")" 9
is "the owner of everything is fwlog_owner" \
	"$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'fwlog'::regnamespace
		AND relowner <> 'fwlog_owner'::regrole")" 0

two_inits()
{
	local a b
	AS=postgres IN=twice ctl init >/dev/null &
	a=$!
	AS=postgres IN=twice ctl init >/dev/null &
	b=$!
	wait "$a"
	wait "$b"
	IN=twice ctl check -q
}
two_inits
is "two inits at once make one schema" "$RC$OUT" 0

sql "CREATE ROLE stranger LOGIN" >/dev/null
sql "GRANT CONNECT ON DATABASE fwlog TO stranger"
AS=stranger IN=other ctl init
says "init without rights says what it needs" 1 'CREATEDB'
AS=stranger ctl migrate
says "migrate without rights says what it needs" 1 'member of fwlog_owner'

sql "INSERT INTO fwlog.schema_version VALUES (9999, '9999_later.sql')"
ctl migrate
says "an older program leaves a newer schema alone" 1 'version 9999.*newer fwlog'
ctl check
says "check says so too" 1 'FAIL schema version 9999.*newer fwlog'
sql "DELETE FROM fwlog.schema_version WHERE version = 9999"

# ---- check finds planted faults: plant, look for the line, mend
# planted WHAT PATTERN FAULT MEND [LINES]
planted()
{
	sql "$3" >/dev/null
	ctl check -q
	says "check finds: $1" 1 "^FAIL $2"
	is "and nothing else" "$(wc -l <<<"$OUT")" "${5:-1}"
	sql "$4" >/dev/null
}

planted "a missing migration" 'schema version .*fwlogctl db migrate' \
	"CREATE TABLE public.kept AS SELECT * FROM fwlog.schema_version
		WHERE version = (SELECT max(version) FROM fwlog.schema_version);
	DELETE FROM fwlog.schema_version WHERE version = (SELECT version FROM public.kept)" \
	"INSERT INTO fwlog.schema_version SELECT * FROM public.kept; DROP TABLE public.kept"
planted "a column that is too much" 'column fwlog.event.more ' \
	"ALTER TABLE fwlog.event ADD more int" "ALTER TABLE fwlog.event DROP more"
planted "a column that is missing" 'fwlog.event lacks 1 of its columns' \
	"ALTER TABLE fwlog.event RENAME ttl TO life" \
	"ALTER TABLE fwlog.event RENAME life TO ttl" 2
planted "a right that is missing" \
	'rights: fwlog_ingest lacks INSERT on fwlog.event; GRANT INSERT ON fwlog.event TO' \
	"REVOKE INSERT ON fwlog.event FROM fwlog_ingest" \
	"GRANT INSERT ON fwlog.event TO fwlog_ingest"
planted "a right that is too much" \
	'rights: fwlog_report has SELECT on fwlog.stream, .*REVOKE SELECT' \
	"GRANT SELECT ON fwlog.stream TO fwlog_report" \
	"REVOKE SELECT ON fwlog.stream FROM fwlog_report"
planted "a right everybody has" 'rights: .* has UPDATE on fwlog.loss,' \
	"GRANT UPDATE ON fwlog.loss TO PUBLIC" "REVOKE UPDATE ON fwlog.loss FROM PUBLIC" 4
planted "a function that may not be called" \
	'rights: fwlog_ingest lacks EXECUTE on fwlog.host_enter' \
	"REVOKE EXECUTE ON FUNCTION fwlog.host_enter FROM fwlog_ingest" \
	"GRANT EXECUTE ON FUNCTION fwlog.host_enter TO fwlog_ingest"
planted "an owner who can log in" 'role fwlog_owner can log in' \
	"ALTER ROLE fwlog_owner LOGIN" "ALTER ROLE fwlog_owner NOLOGIN"
planted "a collector that is superuser" 'role fwlog_ingest has more than it needs' \
	"ALTER ROLE fwlog_ingest CREATEDB" "ALTER ROLE fwlog_ingest NOCREATEDB"
planted "a role kept out" 'role fwlog_report may not connect' \
	"REVOKE CONNECT ON DATABASE fwlog FROM fwlog_report" \
	"GRANT CONNECT ON DATABASE fwlog TO fwlog_report"
planted "synchronous_commit off" 'synchronous_commit = off' \
	"ALTER DATABASE fwlog SET synchronous_commit = off" \
	"ALTER DATABASE fwlog RESET synchronous_commit"
tomorrow=$(date -u -d tomorrow +%Y%m%d)
planted "no partition for tomorrow" 'no partition for .*fwlogctl db migrate' \
	"DROP TABLE fwlog.event_p$tomorrow" \
	"SET ROLE fwlog_owner; SELECT fwlog.make_partition('$tomorrow')"
planted "events that wait in the default partition" '1 events wait .*fwlogctl db migrate' \
	"INSERT INTO fwlog.event (ts, host_id, n) VALUES ('2020-02-29 23:59:59.9+00', 1, 1)" \
	"SELECT 1"
ctl migrate
says "migrate moves them to their day" 0 'made partition event_p20200229'
is "there they are" "$(sql "SELECT count(*) FROM fwlog.event_p20200229")" 1
sql "SELECT fwlog.host_enter('lost-clock')" >/dev/null
planted "events with an impossible time" '1 events with an impossible time.*lost-clock' \
	"INSERT INTO fwlog.event (ts, host_id, n)
		SELECT '1970-01-01', host_id, 1 FROM fwlog.host" \
	"DELETE FROM fwlog.event_default"
ctl check -q
is "all mended" "$RC$OUT" 0

# ---- roles: each tries what it must not
# refused ROLE SQL…
refused()
{
	local role=$1 statement found
	shift
	for statement in "$@"; do
		found=$(as "$role" "$statement")
		is "$role may not: $statement" "$found" 42501
	done
}
refused fwlog_ingest "SELECT FROM fwlog.event" "UPDATE fwlog.event SET n = 1" \
	"DELETE FROM fwlog.event" "TRUNCATE fwlog.event" \
	"SELECT FROM fwlog.event_p20200229" "INSERT INTO fwlog.event_default SELECT" \
	"DELETE FROM fwlog.stream" "INSERT INTO fwlog.host_mark VALUES (7)" \
	"INSERT INTO fwlog.host (name) VALUES ('x')" \
	"INSERT INTO fwlog.dict_prefix (raw, prefix) VALUES ('x', 'x')" \
	"UPDATE fwlog.loss SET records = 0" "DELETE FROM fwlog.quarantine" \
	"SELECT FROM fwlog.event_full" "SELECT fwlog.make_partition('2021-01-01')" \
	"CREATE TABLE fwlog.x ()" "CREATE SCHEMA x" "SET ROLE fwlog_owner" \
	"DROP TABLE fwlog.event"
refused fwlog_report "SELECT FROM fwlog.event_p20200229" "SELECT FROM fwlog.host_status" \
	"SELECT FROM fwlog.quarantine" "SELECT FROM fwlog.stream" \
	"BEGIN READ WRITE; INSERT INTO fwlog.event (ts, host_id, n) VALUES (now(), 1, 1)" \
	"SELECT fwlog.prefix_enter('x')" "SELECT fwlog.ensure_partition(now())" \
	"SET ROLE fwlog_owner"
refused fwlog_web "SELECT FROM fwlog.event" "SELECT FROM fwlog.host" \
	"SELECT FROM fwlog.event_full" "SELECT FROM fwlog.saved_view" \
	"SELECT FROM fwlog.web_secret" "SELECT fwlog.web_secret_make()" \
	"SELECT fwlog.web_token_of(1)" "SELECT fwlog.prefix_enter('x')" "SET ROLE fwlog_owner"
refused fwlog_admin "INSERT INTO fwlog.event (ts, host_id, n) VALUES (now(), 1, 1)" \
	"DELETE FROM fwlog.event" "UPDATE fwlog.host_mark SET next_n = 1" \
	"SET ROLE fwlog_owner" "SELECT fwlog.host_enter('x')"
is "fwlog_ingest may insert" \
	"$(as fwlog_ingest "INSERT INTO fwlog.event (ts, host_id, n) VALUES (now(), 1, 1)")" ""
is "fwlog_report reads the views" \
	"$(as fwlog_report "SELECT (SELECT count(*) FROM fwlog.event_full) > 0, (SELECT count(*)
		FROM fwlog.host_overview), (SELECT count(*) FROM fwlog.loss_full)")" "t|1|0"
is "fwlog_report is read-only by default" \
	"$(as fwlog_report "CREATE TEMP TABLE x ()")" 25006
is "fwlog_admin reads all" "$(as fwlog_admin "SELECT count(*) FROM fwlog.event_p20200229")" 1

# ---- names
is "plain text is kept" "$(as fwlog_ingest "SELECT fwlog.prefix_enter('in-drop: ')")" 1
is "the same string is the same id" \
	"$(as fwlog_ingest "SELECT fwlog.prefix_enter('in-drop: ') FROM generate_series(1, 9)" |
		sort -u)" 1
is "no number is burnt by that" "$(as fwlog_ingest "SELECT fwlog.prefix_enter('next')")" 2
text_of()
{
	sql "SELECT fwlog.bytes_text('\\x$1')"
}
is "UTF-8 as it is" "$(text_of 61c3a4e282acf09f9880)" "aä€😀"
is "control characters as \\xNN" "$(text_of 00090a1b7fc285)" '\x00\x09\x0a\x1b\x7f\xc2\x85'
is "what is no UTF-8 as \\xNN" "$(text_of c3ffc0bceda0803c)" '\xc3\xff\xc0\xbc\xed\xa0\x80<'
is "a cut character does not swallow the next" "$(text_of e2823c)" '\xe2\x82<'
is "an empty name stays empty" "$(text_of '')" ''
is "a host's name is bounded" "$(as fwlog_ingest "SELECT fwlog.host_enter('a b')")" 23514
is "a host gets its mark and status" \
	"$(as fwlog_ingest "SELECT fwlog.host_enter('web1')" >/dev/null
	sql "SELECT next_n, connected FROM fwlog.host JOIN fwlog.host_mark USING (host_id)
		JOIN fwlog.host_status USING (host_id) WHERE name = 'web1'")" "1|f"

# enter_at_once FUNCTION STRING: two sessions, the first holds its transaction open until
# the second waits for it; prints both ids.
enter_at_once()
{
	local first
	mkfifo "$T/hold"
	PGUSER=fwlog_ingest psql -X -q -A -t -f "$T/hold" >"$T/first" &
	first=$!
	exec 8>"$T/hold"
	echo "BEGIN; SELECT fwlog.$1('$2');" >&8
	wait_for 10 test -s "$T/first"
	as fwlog_ingest "SELECT fwlog.$1('$2')" >"$T/second" &
	wait_for 10 somebody_waits
	echo "COMMIT;" >&8
	exec 8>&-
	wait "$first" $!
	rm "$T/hold"
	cat "$T/first" "$T/second"
}
somebody_waits()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
		AND datname = 'fwlog'")" -gt 0 ]
}
for f in prefix_enter iface_enter netns_enter host_enter; do
	enter_at_once "$f" "same-time" >"$T/ids"
	is "$f by two at once: one id" "$(grep -c '^[0-9][0-9]*$' "$T/ids") $(sort -u "$T/ids" |
		wc -l)" "2 1"
done

# ---- partitions
is "before 2000: none" "$(as fwlog_ingest "SELECT fwlog.ensure_partition('1999-12-31 23:59:59+00')")" ""
is "far ahead: none" "$(as fwlog_ingest "SELECT fwlog.ensure_partition(now() + '49 hours')")" ""
is "the day is UTC's" \
	"$(as fwlog_ingest "SET timezone = 'Pacific/Auckland';
		SELECT fwlog.ensure_partition('2019-06-01 23:30:00+00')")" event_p20190601
is "again: the same" \
	"$(as fwlog_ingest "SELECT fwlog.ensure_partition('2019-06-01 00:00:00+00')")" \
	event_p20190601
sql "INSERT INTO fwlog.event (ts, host_id, n, src) SELECT '2018-01-01 12:00+00', 1, g, '10.0.0.1'
	FROM generate_series(1, 1000) g" >/dev/null
is "events without a partition wait in the default one" \
	"$(sql "SELECT count(*) FROM fwlog.event_default")" 1000
race()
{
	local i pids=()
	for i in 1 2 3 4; do
		as fwlog_ingest "SELECT fwlog.ensure_partition('2018-01-01 05:00+00')" \
			>"$T/race.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	sort "$T"/race.? | uniq -c | tr -s ' '
}
is "four at once make one partition" "$(race)" " 4 event_p20180101"
is "it takes its events out of the default partition" \
	"$(sql "SELECT (SELECT count(*) FROM fwlog.event_default),
		(SELECT count(DISTINCT n) FROM fwlog.event_p20180101)")" "0|1000"
is "partitions are indexed" "$(sql "SELECT count(*) FROM pg_inherits i WHERE inhparent =
	'fwlog.event'::regclass AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = inhrelid)")" 0
is "partitions are vacuumed by rows, so that their index keeps up" \
	"$(sql "SELECT count(*) FROM pg_class WHERE relname = 'event_p20180101' AND
		'autovacuum_vacuum_insert_threshold=100000' = ANY (reloptions)")" 1

# ---- views
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, family, hook, proto, tcp_flags, src,
	sport, dst, dport, ct_state) SELECT '2018-01-01 13:00+00', host_id, 1, 1, 2, 1, 6, 18,
	'192.0.2.1', 1024, '2001:db8::1', 22, 2 FROM fwlog.host WHERE name = 'web1'" >/dev/null
is "event_full has words for numbers" \
	"$(as fwlog_report "SELECT host, prefix, family, hook, protocol, tcp_flags, src_ip, src_port,
		dst_ip, dst_port, conntrack_state FROM fwlog.event_full
		WHERE time = '2018-01-01 13:00+00'")" \
	"web1|in-drop: |ipv4|input|tcp|SYN,ACK|192.0.2.1|1024|2001:db8::1|22|new"
is "unknown numbers stay numbers" \
	"$(sql "SELECT fwlog.protocol_name(253::smallint), fwlog.hook_name(2::smallint, 9::smallint),
		fwlog.family_name(99::smallint), fwlog.hook_name(5::smallint, 1::smallint),
		fwlog.hook_name(3::smallint, 1::smallint)")" "253|9|99|egress|output"
is "no TCP flags are not all flags" \
	"$(sql "SELECT fwlog.tcp_flags_text(0::smallint) = '', fwlog.tcp_flags_text(NULL) IS NULL,
		fwlog.tcp_flags_text(255::smallint)")" "t|t|SYN,FIN,RST,PSH,ACK,URG,ECE,CWR"
is "an unused dictionary is not read" \
	"$(sql "EXPLAIN SELECT count(*) FROM fwlog.event_full" | grep -c dict_)" 0

sql "INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records)
	SELECT host_id, 1, g, now(), now(), 'kernel', 9223372036854775807
	FROM fwlog.host, generate_series(1, 3) g WHERE name = 'web1'" >/dev/null
is "no claim of losses breaks the overview" \
	"$(as fwlog_report "SELECT lost FROM fwlog.host_overview WHERE host = 'web1'")" \
	9223372036854775807

# ---- marks of old runs
sql "INSERT INTO fwlog.stream (host_id, epoch, seq, updated) VALUES
	(901, 1, 5, now() - interval '200 days'), (901, 2, 5, now() - interval '100 days'),
	(902, 1, 5, now() - interval '200 days'), (902, 2, 5, now() - interval '180 days'),
	(903, 1, 5, now() - interval '900 days')" >/dev/null
is "marks are kept for 90 days" \
	"$(as fwlog_admin "SELECT fwlog.stream_forget('89 days')")" 22023
is "a mark goes that another run outlived by a month" \
	"$(as fwlog_admin "SELECT fwlog.stream_forget('90 days')")" 1
is "and no other" "$(sql "SELECT string_agg(host_id || ' ' || epoch, ', ' ORDER BY 1)
	FROM (SELECT host_id, epoch FROM fwlog.stream WHERE host_id > 900 ORDER BY 1, 2) s")" \
	"901 2, 902 1, 902 2, 903 1"

# ---- everything is described, in the database and in the manual
described="SELECT c.oid, 0 AS sub, c.relname::text AS what FROM pg_class c
	WHERE c.relnamespace = 'fwlog'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	UNION ALL SELECT a.attrelid, a.attnum, c.relname || '.' || a.attname FROM pg_attribute a
	JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'fwlog'::regnamespace
	AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND a.attnum > 0
	AND NOT a.attisdropped"
is "tables, views and columns have comments" \
	"$(sql "SELECT what FROM ($described) d WHERE NOT EXISTS (SELECT FROM pg_description
		WHERE objoid = oid AND objsubid = sub AND classoid = 'pg_class'::regclass)")" ""
is "functions have comments" \
	"$(sql "SELECT proname FROM pg_proc WHERE pronamespace = 'fwlog'::regnamespace
		AND obj_description(oid, 'pg_proc') IS NULL")" ""
sql "SELECT DISTINCT what FROM ($described) d WHERE what !~ '^event_p[0-9]'
	UNION SELECT proname FROM pg_proc WHERE pronamespace = 'fwlog'::regnamespace
	UNION SELECT rolname FROM pg_roles WHERE rolname ~ '^fwlog_'" | sort -u >"$T/there"
# In the manual: ".Ss name" heads a table, view, function or role, ".It Ic column" follows.
awk '/^\.Ss / { heading = $2; print heading } /^\.It Ic / { print heading "." $3 }' \
	"$ROOT/docs/man/fwlog-sql.7" | sort -u >"$T/manual"
is "fwlog-sql.7 describes all of it and nothing else" "$(comm -3 "$T/there" "$T/manual")" ""
finish
