#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 1800
# The collector is killed under load: at random, and aimed at each step of its transaction,
# between COPY and COMMIT, between COMMIT and its answer, between the answer and the
# acknowledgements. Agents keep what is not acknowledged, the mark drops what is known:
# nothing is lost, nothing is stored twice.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ROUNDS=$(by_form 1 6 60) # each: once at every point, once at random
RATE=$(by_form 2000 4000 4000)
POINTS=(copying copy-end commit-next commit-sent commit-returned ack-sent)

kill_at_random()
{
	pause 400
	kill_collector
	pause 300
	start_collector "$COLLECTOR_AT"
	FAULTS=$((FAULTS + 1))
}

strike_dead()
{
	[ ! -e "$STRIKE" ] && gone "$COLLECTOR_PID"
}

kill_at()
{
	strike_arm "$1" KILL
	wait_for 10 strike_dead || die "the collector does not come to $1"
	kill_collector
	start_collector "$COLLECTOR_AT"
	FAULTS=$((FAULTS + 1))
}

COLLECTOR_LINES+=("commit_interval = 200ms")
strike_preload
torture_up fw1 fw2
for ((round = 0; round < ROUNDS; round++)); do
	for point in $(shuf -e "${POINTS[@]}" --random-source=<(seq "$SEED$round" 99999)); do
		load_goes_on "$RATE" 2
		kill_at "$point"
	done
	load_goes_on "$RATE" 2
	kill_at_random
done
fresh_all
torture_end
no_losses
finish
