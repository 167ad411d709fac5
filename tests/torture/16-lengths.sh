#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 120 900
# Lengths and counts that are lies, before and after HELLO, with checksums that fit: the
# collector's memory stays bounded, each liar is closed, and honest agents notice nothing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$TORTURE/collector.sh"

SECONDS_OF_LIES=$(by_form 5 30 300)
PEERS=$(by_form 100 300 300)
MEMORY=300 # MiB

need_programs hostile
collector_up "hello_timeout = 1s" "idle_timeout = 2s"
honest_start $((SECONDS_OF_LIES * 500))
"$BIN/hostile" --collector "unix:$COLLECTOR_SOCKET" --mode lengths --peers "$PEERS" \
	--seconds "$SECONDS_OF_LIES" --seed "$SEED" >"$T/log/hostile.json"
FAULTS=$(json "$T/log/hostile.json" closed)
at_least "liars closed" "$FAULTS" "$PEERS"
is "liars the collector kept" "$(json "$T/log/hostile.json" kept)" 0
longest=$(json "$T/log/hostile.json" longest_ms)
check "a liar is closed within $longest ms, at most 4000" [ "$longest" -le 4000 ]
honest_end
most=$(memory VmHWM)
check "memory of the collector: $most MiB of $MEMORY" [ "$most" -le $MEMORY ]
collector_verdict 'honest-%' 5 $((HONEST_RECORDS / 5))
SUMMARY_MORE="memory $most MiB, p99 $P99 ms"
collector_end
summary
finish
