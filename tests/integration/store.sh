#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Roll-ups are what their events sum up to, also when the collector is killed, records come
# twice and some are refused. Partitions are made, sealed, emptied and dropped as said, and
# what is archived comes back as it was.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

AGENTS=3
RECORDS=${RECORDS:-40000} # of each agent

# ---- roll-ups

load_start()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents $AGENTS --batch 250 \
		--window 4 --records "$2" --seconds 60 --name "$1-" >>"$T/log/load.log" 2>&1 &
	LOAD=$!
}

stored()
{
	[ "$(sql 'SELECT count(*) FROM fwlog.event' 2>/dev/null || echo 0)" -ge "$1" ]
}

# differ ROLLUP TIME COLUMNS KEYS: how many keys have other sums in the roll-up than in the
# events. KEYS are those of the roll-up, as expressions over an event.
differ()
{
	sql "SELECT count(*) FROM (SELECT host_id, date_trunc('$2', ts, 'UTC'), $4, count(*),
			sum(coalesce(len, 0)) FROM fwlog.event GROUP BY 1, 2${5:-}) e
		FULL JOIN (SELECT host_id, $2, $3, sum(events), sum(bytes) FROM fwlog.$1
			GROUP BY 1, 2${5:-}) r ON e::text = r::text WHERE e IS NULL OR r IS NULL"
}

rollups_are_exact()
{
	local rel
	is "$1: minutes by prefix and protocol" "$(differ rollup_minute minute \
		'prefix_id, proto' 'coalesce(prefix_id, 0), coalesce(proto, -1)' ', 3, 4')" 0
	is "$1: hours by prefix and protocol" "$(differ rollup_hour hour \
		'prefix_id, proto' 'coalesce(prefix_id, 0), coalesce(proto, -1)' ', 3, 4')" 0
	is "$1: hours by protocol, over the ports" "$(differ rollup_hour_port hour \
		proto 'coalesce(proto, -1)' ', 3')" 0
	for rel in rollup_hour_src rollup_hour_dst; do
		is "$1: hours over the addresses, $rel" "$(differ $rel hour 0 0 ', 3')" 0
	done
	is "$1: no own row says more than there is" "$(sql "SELECT count(*) FROM
		fwlog.rollup_hour_src r LEFT JOIN (SELECT host_id, date_trunc('hour', ts, 'UTC') AS
		hour, src AS address, count(*) AS there FROM fwlog.event GROUP BY 1, 2, 3) e
		USING (host_id, hour, address)
		WHERE masklen(address) > 0 AND events > coalesce(there, 0)")" 0
}

sketches_are_near()
{
	is "$1: distinct addresses within a fifth" "$(sql "SELECT count(*) FROM
		(SELECT host_id, date_trunc('hour', ts, 'UTC') AS hour, count(DISTINCT src) AS src,
			count(DISTINCT dst) AS dst FROM fwlog.event GROUP BY 1, 2) e
		FULL JOIN fwlog.rollup_hour_distinct r USING (host_id, hour)
		WHERE abs(fwlog.distinct_estimate(r.sources)::float / src - 1) < 0.2
			AND abs(fwlog.distinct_estimate(r.destinations)::float / dst - 1) < 0.2")" \
		"$(sql "SELECT count(*) FROM (SELECT 1 FROM fwlog.event
			GROUP BY host_id, date_trunc('hour', ts, 'UTC')) h")"
}

pg_start
db_init
start_collector "" "commit_interval = 20ms" "commit_rows = 5000"

load_start killed "$RECORDS"
for percent in 10 40 70; do
	must_wait "load" 60 stored $((AGENTS * RECORDS * percent / 100))
	stop "$COLLECTOR_PID" KILL
	start_collector "" "commit_interval = 20ms" "commit_rows = 5000"
done
wait "$LOAD"
is "collector killed: all is acknowledged" $? 0
is "each record is stored" "$(sql 'SELECT count(*) FROM fwlog.event')" $((AGENTS * RECORDS))
rollups_are_exact "collector killed"
sketches_are_near "collector killed"

sql "ALTER TABLE fwlog.event ADD CONSTRAINT poison CHECK (sport <> 1055) NOT VALID" >/dev/null
load_start poison 4000
wait "$LOAD"
sql "ALTER TABLE fwlog.event DROP CONSTRAINT poison" >/dev/null
is "some are in quarantine" "$(sql "SELECT count(*) FROM fwlog.quarantine")" 9
rollups_are_exact "quarantine"
is "the views say it in words" "$(PGUSER=fwlog_report sql "SELECT count(*) > 0,
	sum(events) = (SELECT count(*) FROM fwlog.event), bool_and(host IS NOT NULL),
	bool_or(dst_port = 22 AND protocol = 'tcp'), min(verdict) IS NOT NULL
	FROM fwlog.rollup_minute_full")" "t|t|t|t|t"
check "the collector ends" stop_collector
finish
