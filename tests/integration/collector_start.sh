#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What keeps a collector from starting or from storing is said clearly, with the remedy,
# and is over as soon as its cause is.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

says()
{
	grep -q -- "$1" "$T/log/${2:-collector}.log"
}

# must_say WHAT PATTERN: the running collector does so in time.
must_say()
{
	if wait_for 10 says "$2"; then ok "$1"; else not_ok "$1: no line with '$2'"; fi
}

# refuses WHAT EXIT PATTERN ARGUMENT…: a start that must fail.
refuses()
{
	local what=$1 code=$2 pattern=$3 rc
	shift 3
	timeout 10 "$BIN/fwlog-collector" "$@" >"$T/log/refused.log" 2>&1
	rc=$?
	is "$what: exit code" "$rc" "$code"
	check "$what: says why" says "$pattern" refused
}

load()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents 1 --batch 100 \
		--records "$1" --seconds "${2:-30}" --name "$3" >>"$T/log/load.log" 2>&1
}

pg_start --fast
db_init

# ---- the start
port=$(free_port 7600) || die "no free port"
COLLECTOR_LISTEN="127.0.0.1:$port"
start_collector ""
refuses "port in use" 1 "another process has it" -o "listen=127.0.0.1:$port"
refuses "socket in use" 1 "another process has it" -o "listen=unix:$COLLECTOR_SOCKET"
refuses "plain on a network" 3 "allow_plain_network" -o "listen_plain=0.0.0.0:$port"
refuses "plain on a network, by transport" 3 "allow_plain_network" -o transport=plain \
	-o "listen=0.0.0.0:$port"
refuses "folder of the socket is missing" 1 "create it" -o "listen=unix:$T/no/socket"
refuses "address that is none" 3 "expected host:port" -o "listen=[::1"
refuses "listen_mode" 3 "octal" -o "listen_mode=rw-"
refuses "session_queue over queue_size" 3 "larger than queue_size" \
	-o "session_queue=1G" -o "queue_size=64M"
check "the others took nothing from it" load 300 10 first
is "its events are stored" "$(sql 'SELECT count(*) FROM fwlog.event')" 300
must_say "fsync off is named" "fsync is off: a crash"
check "SIGTERM ends it" stop_collector
check "its socket is gone" test ! -e "$COLLECTOR_SOCKET"

# A killed collector leaves its socket behind.
start_collector ""
stop "$COLLECTOR_PID" KILL
start_collector ""
ok "starts over a stale socket"

# ---- the schema
sql "INSERT INTO fwlog.schema_version (version, name) VALUES (99, 'from the future')" \
	>/dev/null
pg_terminate >/dev/null
must_say "a newer schema is named" "version 99.*install a newer fwlog-collector"
sql "DELETE FROM fwlog.schema_version WHERE version >= (SELECT max(version) - 1
	FROM fwlog.schema_version WHERE version < 99)" >/dev/null
must_say "an older schema is named" "run fwlogctl db migrate"
load 500 30 second &
waiting=$!
sql "INSERT INTO fwlog.schema_version (version, name)
	SELECT max(version) + n, 'again' FROM fwlog.schema_version, generate_series(1, 2) n
	GROUP BY n" >/dev/null
wait "$waiting"
is "the agent had to wait and lost nothing" \
	"$? $(sql 'SELECT count(*) FROM fwlog.event')" "0 800"

# ---- rights
sql "REVOKE INSERT ON fwlog.event FROM fwlog_ingest" >/dev/null
pg_terminate >/dev/null
must_say "a missing right is named" "role fwlog_ingest lacks INSERT on event: .*fwlogctl db init"
load 500 30 third &
waiting=$!
sql "GRANT INSERT ON fwlog.event TO fwlog_ingest" >/dev/null
wait "$waiting"
is "stores again once it is granted" \
	"$? $(sql 'SELECT count(*) FROM fwlog.event')" "0 1300"

# ---- no database
: >"$T/log/collector.log"
pg_stop
load 500 60 fourth &
waiting=$!
must_say "no database: says that agents keep their records" "agents keep their records"
pg_run
wait "$waiting"
is "stores again when the database is back" \
	"$? $(sql 'SELECT count(*) FROM fwlog.event')" "0 1800"
pg_stop
check "SIGTERM ends it without a database" stop_collector

# ---- no schema
pg_run
sql "CREATE DATABASE empty" >/dev/null
sed -i 's/dbname=fwlog/dbname=empty/' "$T/collector.conf"
start_collector ""
must_say "no schema: names the command" "run fwlogctl db init"
stop_collector
finish
