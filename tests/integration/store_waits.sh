#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# Somebody reads event_default for long while a partition is missing: agents do not wait for
# that, other readers hardly do, and the partition is made once the reader has gone.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

RECORDS=4000

reader_is_there()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" -eq 1 ]
}

can_read()
{
	sql "SET statement_timeout = '8s'; SELECT count(*) FROM fwlog.event" >/dev/null
}

in_default()
{
	[ "$(sql 'SELECT count(*) FROM fwlog.event_default')" -eq "$1" ]
}

pg_start
db_init
sql "SELECT format('DROP TABLE fwlog.%I', partition) FROM fwlog.partition_overview" |
	while read -r statement; do sql "$statement" >/dev/null </dev/null; done
is "no partition is there" "$(sql 'SELECT count(*) FROM fwlog.partition_overview')" 0
sql "BEGIN; SELECT count(*) FROM fwlog.event_default; SELECT pg_sleep(60)" >/dev/null 2>&1 &
must_wait "a reader" 10 reader_is_there
start_collector "" "sinks = 1" "maintain_interval = 1s"
"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents 1 --records $RECORDS \
	--seconds 20 >"$T/log/load.log" 2>&1
is "agents are served meanwhile" $? 0
is "all is in event_default" "$(sql 'SELECT count(*) FROM fwlog.event_default')" $RECORDS
check "the collector says why" grep -q 'partition cannot be made now' "$T/log/collector.log"
for _ in 1 2 3; do
	check "readers wait a few seconds at most" can_read
done
check "the reader is still there" reader_is_there
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'" \
	>/dev/null
check "then maintenance makes the partition" wait_for 20 in_default 0
is "and nothing is missing" "$(sql 'SELECT count(*) FROM fwlog.event')" $RECORDS
check "the collector ends" stop_collector
finish
