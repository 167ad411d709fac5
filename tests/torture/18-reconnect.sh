#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 600
# The collector is killed while agents with a full spool send, and all of them come back at
# once: everything is in 60 s after it is there again, once, and its memory stays within
# bounds; in the long form also with batches as large as may be.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$TORTURE/collector.sh"

AGENTS=$(by_form 100 1000 1000)
RECORDS=10000
ROUNDS=$(by_form 1 1 3)
MEMORY=512 # MiB

# stored_share PERCENT: so much of this round is in.
stored_share()
{
	[ "$(sql "SELECT count(*) FROM fwlog.event")" -ge $((before + AGENTS * RECORDS * $1 / 100)) ]
}

# round NAME [OPTION]…
round()
{
	local name=$1 start rc
	shift
	before=$(sql "SELECT count(*) FROM fwlog.event")
	agents_start "$name" "$AGENTS" "$RECORDS" --seconds 300 "$@"
	must_wait "the first records arrive" 60 stored_share $((5 + RANDOM % 20))
	kill_collector
	FAULTS=$((FAULTS + 1))
	sleep 1
	start=$(now_ms)
	start_collector ""
	wait "$AGENTS_JOB"
	rc=$?
	took=$(($(now_ms) - start))
	is "$name: all is acknowledged" $rc 0
	at_least "$name: connections lost" "$(json "$T/log/$name.json" reconnects)" "$AGENTS"
	at_least "$name: seconds of 60 left after $AGENTS agents with $RECORDS records each" \
		$((60 - took / 1000)) 0
	most=$(memory VmHWM)
	check "$name: memory of the collector: $most MiB of $MEMORY" [ "$most" -le $MEMORY ]
	collector_verdict "$name-%" "$AGENTS" "$RECORDS"
}

collector_up "max_connections = 4096"
round fleet --batch 500
for ((r = 1; r < ROUNDS; r++)); do
	round "large$r" --batch 7000 --zstd 0 --window 16
done
SUMMARY_MORE="in $took ms, memory $most MiB"
collector_end
summary
finish
