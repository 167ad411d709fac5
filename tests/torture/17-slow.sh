#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 150 900
# Two thousand connections that say nothing, or a byte now and then, and agents that never
# read what they are told: honest agents are acknowledged as ever.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$TORTURE/collector.sh"

SLOW=$(by_form 500 2000 2000)
DEAF=$(by_form 4 16 16)
LASTS=$(by_form 6 30 300)
MEMORY=400 # MiB

need_programs hostile
ulimit -n 8192 2>/dev/null
collector_up "max_connections = $((SLOW + DEAF + 50))"
"$BIN/hostile" --collector "unix:$COLLECTOR_SOCKET" --mode slow --peers "$SLOW" \
	--seconds 1000 --seed "$SEED" --name slow >"$T/log/slow.json" &
slow=$!
"$BIN/hostile" --collector "unix:$COLLECTOR_SOCKET" --mode deaf --peers "$DEAF" \
	--seconds 1000 --seed "$SEED" --name deaf >"$T/log/deaf.json" &
deaf=$!
many()
{
	[ "$(fd_count "$COLLECTOR_PID")" -ge $((SLOW * 9 / 10)) ]
}
must_wait "the slow are connected" 20 many
honest_start $((LASTS * 200))
honest_end
kill "$slow" "$deaf" || not_ok "the slow ended before the honest"
most=$(memory VmHWM)
check "memory of the collector: $most MiB of $MEMORY" [ "$most" -le $MEMORY ]
wait "$slow" "$deaf"
at_least "the deaf were closed" \
	"$(grep -c 'does not read what it is sent' "$T/log/collector.log")" "$DEAF"
FAULTS=$(($(json "$T/log/slow.json" opened) + $(json "$T/log/deaf.json" opened)))
collector_verdict 'honest-%' 5 $((HONEST_RECORDS / 5))
SUMMARY_MORE="p99 $P99 ms, memory $most MiB"
collector_end
summary
finish
