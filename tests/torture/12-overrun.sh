#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 900
# The kernel's buffer is small and the worker sleeps: what the kernel had to throw away is a
# loss with the exact number. Then nobody holds the group for some seconds: with rule
# counters read (reconcile) that is exact as well.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

RATE=$(by_form 5000 8000 8000)
SLEEPS=$(by_form 3 10 60)
DOWNS=$(by_form 1 3 10)
DOWN_SECONDS=$(by_form 2 5 5)

# sleep_worker: SIGSTOP for a second, under load.
sleep_worker()
{
	worker_of fw1 || return 1
	kill -STOP "$WORKER" || return 1
	pause 500 800
	kill -CONT "$WORKER"
	FAULTS=$((FAULTS + 1))
}

# lost_by CAUSE: records of the losses of that cause; rows without a number count 0.
lost_by()
{
	sql "SELECT coalesce(sum(records), 0) FROM fwlog.loss WHERE cause = '$1'"
}

# nobody: monitor and worker are gone for a time, under load.
nobody()
{
	kill_agent fw1
	sleep "$DOWN_SECONDS"
	start_agent fw1
	FAULTS=$((FAULTS + 1))
}

AGENT_LINES+=("receive_buffer = 128K" "queue_threshold = 100")
AGENT_LINES+=("reconcile = yes" "reconcile_interval = 1s")
torture_up fw1
fresh fw1
for ((i = 0; i < SLEEPS; i++)); do
	load_start "$RATE" 2 fw1
	sleep 0.3
	sleep_worker || not_ok "no worker to stop"
	load_wait
done
# The loss at the end of a burst shows with the next record.
fresh_all
wait_quiet fw1
check "what the kernel threw away is counted" wait_balanced 20 fw1
overrun=$(lost_by kernel)
at_least "records the kernel threw away" "$overrun" 1
balance fw1
is "exactly: stored + lost" $((STORED + LOST)) "$LOGGED"

for ((i = 0; i < DOWNS; i++)); do
	load_start "$RATE" $((DOWN_SECONDS + 2)) fw1
	sleep 0.5
	nobody
	load_wait
	fresh_all 15
done
SUMMARY_MORE="kernel $overrun, nobody bound $DOWNS times"
torture_end
finish
