#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# The database or the collector fails under load: every record is stored exactly once.
# A row the database refuses goes to quarantine, and it alone.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

AGENTS=3
RECORDS=${RECORDS:-60000} # of each agent
round=0
before=0

# Agents that send RECORDS each, in the background.
load_start()
{
	round=$((round + 1))
	before=$(sql 'SELECT count(*) FROM fwlog.event')
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents $AGENTS --batch 250 \
		--window 4 --records "$RECORDS" --seconds 90 --name "round$round-" \
		>>"$T/log/load.log" 2>&1 &
	LOAD=$!
}

# under_way PERCENT: so much of it is stored.
under_way()
{
	local now
	now=$(sql 'SELECT count(*) FROM fwlog.event' 2>/dev/null) || return 1
	[ "$now" -ge $((before + AGENTS * RECORDS * $1 / 100)) ]
}

# load_end WHAT [ASIDE]: it ends, and nothing is missing or double.
load_end()
{
	wait "$LOAD"
	is "$1: all is acknowledged" $? 0
	must_wait "the database answers" 30 pg_ready
	is "$1: each record once" "$(sql "SELECT count(*), count(DISTINCT (host_id, n)),
		max(n), bool_and(next_n = ${RECORDS} + 1 - ${2:-0})
		FROM fwlog.event JOIN fwlog.host USING (host_id)
		JOIN fwlog.host_mark USING (host_id) WHERE name LIKE 'round$round-%'")" \
		"$((AGENTS * (RECORDS - ${2:-0})))|$((AGENTS * (RECORDS - ${2:-0})))|$((
			RECORDS - ${2:-0}))|t"
	is "$1: no record twice under another number" "$(sql "SELECT count(*) FROM (
		SELECT 1 FROM fwlog.event JOIN fwlog.host USING (host_id)
		WHERE name LIKE 'round$round-%' GROUP BY host_id, ts, sport, src, payload
		HAVING count(*) > $((RECORDS / 2000 + 1))) d")" 0
}

pg_start
db_init
start_collector "" "commit_interval = 20ms" "commit_rows = 5000"

load_start
for percent in 10 40 70; do
	must_wait "load" 60 under_way $percent
	pg_terminate >/dev/null
done
load_end "backends terminated"

load_start
must_wait "load" 60 under_way 10
pg_kill_backend
must_wait "the database recovers" 30 under_way 60
pg_kill_backend
load_end "backend killed"

load_start
must_wait "load" 60 under_way 20
pg_restart_immediate
load_end "immediate restart"

load_start
for percent in 5 30 60; do
	must_wait "load" 60 under_way $percent
	stop "$COLLECTOR_PID" KILL
	start_collector ""
done
load_end "collector killed"

load_start
must_wait "load" 60 under_way 20
stop_collector || not_ok "SIGTERM does not end it under load"
start_collector ""
load_end "collector restarted"

# ---- poison: this source port comes once in 2,000 packets of fwlog-load, and in its last batch
RECORDS=4000
is "the poison is where it should be" "$(sql "SELECT count(*) FROM fwlog.event
	JOIN fwlog.host USING (host_id) WHERE name = 'round1-1' AND n <= 2000
	AND sport = 1055")" 1
sql "ALTER TABLE fwlog.event ADD CONSTRAINT poison CHECK (sport <> 1055) NOT VALID" >/dev/null
load_start
load_end "poison rows" 3
is "they are in quarantine, one record each" "$(sql "SELECT count(*), min(records),
	max(records), bool_and(reason LIKE '%poison%') FROM fwlog.quarantine")" "9|1|1|t"
is "they are counted" "$(sql "SELECT sum(records), count(DISTINCT (host_id, seq))
	FROM fwlog.loss WHERE cause = 'quarantined'")" "9|9"
is "the numbers kept their place" "$(sql "SELECT string_agg(DISTINCT first_seq::text, ' ')
	FROM fwlog.quarantine")" "2 2002 3752"
sql "ALTER TABLE fwlog.event DROP CONSTRAINT poison" >/dev/null

check "SIGTERM ends it" stop_collector
is "no host is left connected" \
	"$(sql 'SELECT count(*) FROM fwlog.host_status WHERE connected')" 0
finish
