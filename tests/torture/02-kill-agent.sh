#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 60 180 1800
# Monitor and worker die together under load, and with them the socket: what the kernel logs
# until the next start nobody receives. Nothing of that is silent: each stretch of missing
# packets lies in an agent_down loss, one for each kill; and where the agent reconciles with
# the rules' counters its number is exact. Kills that follow each other before the counters
# could be read twice then make one loss.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

KILLS=$(by_form 3 16 200)
RATE=$(by_form 2000 3000 3000)

if agent_knows reconcile; then
	AGENT_LINES+=("reconcile = yes")
	SUMMARY_MORE="reconciled"
	LEAST=1
else
	LEAST=$KILLS
	EXPECT_ALL=covered
	SUMMARY_MORE="not reconciled"
fi

# What the last run of an agent left behind is told once it is back.
down_told()
{
	[ "$(sql "SELECT count(*) FROM fwlog.loss WHERE cause = 'agent_down'")" -ge "$LEAST" ]
}

# The counters were read once while nothing was under way: what is compared is exact.
reconciled()
{
	local host
	for host in "$@"; do
		awk '$1 == "group" && $10 == 1 { found = 1 } END { exit !found }' \
			"$T/spool-$host/reconcile" 2>/dev/null || return 1
	done
}

torture_up fw1 fw2
! agent_knows reconcile || must_wait "the counters are read" 10 reconciled fw1 fw2
while [ "$FAULTS" -lt "$KILLS" ]; do
	load_goes_on "$RATE" 2
	pause 500 100
	host=${HOSTS[RANDOM % 2]}
	kill_agent "$host"
	pause 300
	start_agent "$host"
	FAULTS=$((FAULTS + 1))
done
load_wait
fresh_all
must_wait "the losses are told" 15 down_told
torture_end
at_least "agent_down losses" \
	"$(sql "SELECT count(*) FROM fwlog.loss WHERE cause = 'agent_down'")" "$LEAST"
is "losses of other causes" \
	"$(sql "SELECT count(*) FROM fwlog.loss WHERE cause NOT IN ('agent_down', 'kernel')")" 0
at_least "packets that nobody received" $((LOGGED - STORED)) 1
finish
