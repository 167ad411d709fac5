#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 1800
# The workers are killed in a loop while records come: at once after their start, in
# recovery, in the middle of a batch. Nothing is lost: the monitor holds the sockets. Many
# agents, since a monitor lets a worker wait that dies again and again.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

KILLS=$(by_form 10 200 2000)
RATE=$(by_form 2000 5000 5000)
COUNT=$(by_form 3 10 10)

declare -A KILLED=() # by host: the last one

# strike HOST: kills a worker that was not killed yet.
strike()
{
	worker_of "$1" && [ "$WORKER" != "${KILLED[$1]:-}" ] || return 1
	kill -KILL "$WORKER" 2>/dev/null || return 1
	KILLED[$1]=$WORKER
	FAULTS=$((FAULTS + 1))
}

mapfile -t names < <(seq -f 'fw%g' "$COUNT")
torture_up "${names[@]}"
start=$(now_ms)
while [ "$FAULTS" -lt "$KILLS" ]; do
	load_goes_on "$RATE" 2
	strike "${HOSTS[RANDOM % COUNT]}"
	pause 100
	[ $(($(now_ms) - start)) -lt $((KILLS * 1000 + 20000)) ] || die "only $FAULTS kills"
done
note "$FAULTS kills in $(($(now_ms) - start)) ms"
load_wait
fresh_all
torture_end
no_losses
finish
