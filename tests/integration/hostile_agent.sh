#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# An agent that was let in turns hostile: days from 2000 on, endless new strings, absurd
# losses and counters, connections that say nothing. An honest one beside it, on the same
# connection to the database, hardly notices; all is stored; what was made in the database
# for the hostile one has its bounds.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl admitted

STRINGS=50000
NEW=3000   # new_strings
DAYS=48    # old ones within an hour
NEAR=13    # days near now, at most: made ahead, and those the agent may name
LOSSES=20000 # rows in a day
HONEST=60000

json()
{
	sed -n "s/.*\"$2\": \([0-9.]*\).*/\1/p" "$1"
}

# counter NAME: of the collector, now.
counter()
{
	local before
	before=$(grep -c 'counters:' "$T/log/collector.log")
	kill -USR1 "$COLLECTOR_PID"
	wait_for 5 more_counters "$before"
	grep 'counters:' "$T/log/collector.log" | tail -n 1 | sed "s/.* $1=\([0-9]*\).*/\1/"
}

more_counters()
{
	[ "$(grep -c 'counters:' "$T/log/collector.log")" -gt "$1" ]
}

ended()
{
	! alive "$1"
}

at_most()
{
	if [ "${2:-999999999}" -le "$3" ]; then ok "$1 ($2)"; else not_ok "$1: $2, at most $3 expected"; fi
}

locked()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep.25' AND
		wait_event = 'PgSleep'")" -gt 0 ]
}

connected()
{
	[ "$(sql "SELECT connected FROM fwlog.host_overview WHERE host = '$1'")" = t ]
}

note_waits()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'key_used' AND
		wait_event_type = 'Lock'")" -gt 0 ] || grep -q 'cannot be noted' "$T/log/collector.log"
}

# One key less is usable, says the collector's own table.
revocation_seen()
{
	[ "$(grep -c 'keys of agents read' "$T/log/collector.log")" -gt "$READS" ]
}

pg_start --fast
db_init
make_keys hostile other1
start_collector "" "sinks = 1" "new_strings = $NEW" "commit_rows = 2000" \
	"max_connections = 30" "stop_timeout = 20s"

# ---- records beside records
spawn honest "${WITH_PARENT[@]}" "$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" \
	--agents 1 --records $HONEST --batch 100 --window 8 --seconds 60 --name honest
honest=$SPAWNED
must_wait "the honest agent is there" 10 hosts_connected 1
"$BIN/admitted" --collector "unix:$COLLECTOR_SOCKET" --name hostile --strings $STRINGS \
	>"$T/log/admitted.json" 2>"$T/log/admitted.log"
is "all the hostile agent says is acknowledged" $? 0
must_wait "the honest agent is through" 60 ended "$honest"
is "the honest agent's records are acknowledged" "$(json "$T/log/honest.log" acked)" $HONEST
at_most "its 99th percentile of waiting, ms" "$(json "$T/log/honest.log" ack_p99_ms)" 2000
is "its connection held" "$(json "$T/log/honest.log" reconnects)" 0
is "every record is stored" "$(sql "SELECT count(*) FROM fwlog.event")" \
	$((HONEST + $(json "$T/log/admitted.json" records)))
at_most "partitions" "$(sql "SELECT count(*) FROM pg_inherits
	WHERE inhparent = 'fwlog.event'::regclass")" $((DAYS + NEAR))
at_most "strings of all three kinds" "$(sql "SELECT (SELECT count(*) FROM fwlog.dict_prefix) +
	(SELECT count(*) FROM fwlog.dict_iface) + (SELECT count(*) FROM fwlog.dict_netns)")" $((NEW + 100))
at_least "records with a marker" "$(sql "SELECT count(*) FROM fwlog.event JOIN fwlog.dict_prefix
	USING (prefix_id) WHERE prefix = '(too many prefixes)'")" $((STRINGS - NEW))
is "none of the honest agent" "$(sql "SELECT count(*) FROM fwlog.event JOIN fwlog.dict_prefix
	USING (prefix_id) JOIN fwlog.host USING (host_id) WHERE prefix ~ '^.too many' AND
	host.name ~ '^honest'")" 0
is "the losses are there" "$(sql "SELECT count(*) FROM fwlog.loss")" \
	"$(json "$T/log/admitted.json" losses)"
is "the overview can be read" "$(sql "SELECT count(*) FROM fwlog.host_overview
	WHERE lost = 9223372036854775807")" 1
at_least "strings folded, counted" "$(counter folded)" 1
at_least "days refused, counted" "$(counter days_refused)" 1
is "nothing is in quarantine" "$(sql "SELECT count(*) FROM fwlog.quarantine")" 0

# ---- losses without end
"$BIN/admitted" --collector "unix:$COLLECTOR_SOCKET" --name greedy --strings 1 \
	--losses $((LOSSES + 1000)) >"$T/log/greedy.json" 2>"$T/log/greedy.log"
is "losses beyond the share of a day are acknowledged" $? 0
at_most "rows of them" "$(sql "SELECT count(*) FROM fwlog.loss JOIN fwlog.host USING (host_id)
	WHERE name = 'greedy'")" $((LOSSES + 100))
is "those without a row of their own are counted" "$(counter losses_merged)" 1000
is "they are in others" "$(sql "SELECT count(*) > 0 FROM fwlog.loss WHERE seq < 0")" t

# ---- connections that say nothing
spawn silent "${WITH_PARENT[@]}" "$BIN/admitted" --collector "unix:$COLLECTOR_SEALED" \
	--key "$KEYS/hostile.key" --silent 60 --seconds 3
silent=$SPAWNED
must_wait "silent connections" 5 grep -q 'its key has' "$T/log/collector.log"
"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SEALED" --keys "$KEYS" --name other \
	--agents 1 --records 1000 --batch 100 --seconds 10 >"$T/log/other.log" 2>&1
is "an honest agent gets in beside them" $? 0
must_wait "the silent ones end" 10 ended "$silent"
at_most "silent connections at once" "$(json "$T/log/silent.log" open)" 4

# ---- statuses while one load follows the other
spawn busy "${WITH_PARENT[@]}" "$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" \
	--agents 4 --records 1000000 --batch 1000 --window 64 --seconds 4 --name busy
must_wait "statuses have their turn" 3 hosts_connected 4
must_wait "the load ends" 20 ended "$SPAWNED"

# ---- revocation while the use of keys cannot be noted
spawn locker psql -X -q -c "BEGIN; SELECT 1 FROM fwlog.agent_key WHERE host_name = 'other1'
	FOR UPDATE; SELECT pg_sleep(25)"
must_wait "a lock on a key" 10 locked
spawn other "${WITH_PARENT[@]}" "$BIN/fwlog-load" --collector "unix:$COLLECTOR_SEALED" \
	--keys "$KEYS" --name other --agents 1 --records 2000000 --batch 1 --window 1 --seconds 20
must_wait "its agent is there" 10 connected other1
must_wait "its use waits" 10 note_waits
READS=$(grep -c 'keys of agents read' "$T/log/collector.log")
"$BIN/fwlogctl" key revoke -q --db "$(pg_dsn postgres)" hostile 2>>"$T/log/fwlogctl.log"
check "a key revoked meanwhile is seen within 10 s" wait_for 10 revocation_seen

sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_sleep.25' AND
	pid <> pg_backend_pid()" >/dev/null
stop_collector || not_ok "the collector does not end on SIGTERM"
crash=$(grep -cE 'AddressSanitizer|runtime error' "$T/log/collector.log")
is "no sanitizer has a word" "$crash" 0
finish
