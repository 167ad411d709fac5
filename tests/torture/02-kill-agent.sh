#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 180 1800
# Monitor and worker die together under load, and with them the socket: what the kernel logs
# until the next start nobody receives. Nothing of that is silent: each stretch of missing
# packets lies in a loss that begins with it. Where the agents reconcile with the rules'
# counters the number is exact, and one loss may tell of several kills; otherwise each kill
# is one agent_down loss of unknown size. Both ways are tested.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

KILLS=$(by_form 3 16 200)
RATE=$(by_form 2000 3000 3000)

# Of the agents that do not reconcile: fw2.
downs_of()
{
	sql "SELECT count(*) FROM fwlog.loss JOIN fwlog.host USING (host_id)
		WHERE name = '$1' AND cause = 'agent_down' AND records IS NULL"
}

down_told()
{
	[ "$(downs_of fw2)" -ge "${DOWN[fw2]}" ]
}

# Logged, stored and lost of one host: the counters know exactly.
exact()
{
	[ "$(sql "SELECT (SELECT count(*) FROM fwlog.event WHERE host_id = h.host_id) +
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss WHERE host_id = h.host_id)
		FROM fwlog.host h WHERE name = '$1'")" = "$(net_logged "$1")" ]
}

# The counters were read once while nothing was under way: what is compared is exact.
reconciled()
{
	awk '$1 == "group" && $10 == 1 { found = 1 } END { exit !found }' \
		"$T/spool-$1/reconcile" 2>/dev/null
}

declare -A DOWN=([fw1]=0 [fw2]=0)
EXPECT_ALL=covered
HOST_LINES[fw1]="reconcile = yes"
torture_up fw1 fw2
must_wait "the counters are read" 10 reconciled fw1
while [ "$FAULTS" -lt "$KILLS" ]; do
	load_goes_on "$RATE" 2
	pause 500 100
	host=${HOSTS[RANDOM % 2]}
	kill_agent "$host"
	pause 300
	start_agent "$host"
	DOWN[$host]=$((DOWN[$host] + 1))
	FAULTS=$((FAULTS + 1))
done
load_wait
fresh_all
check "fw1, reconciled: logged = stored + lost" wait_for 15 exact fw1
is "fw1, reconciled: losses without a number" "$(downs_of fw1)" 0
wait_for 15 down_told
is "fw2: agent_down losses, one a kill" "$(downs_of fw2)" "${DOWN[fw2]}"
SUMMARY_MORE="killed ${DOWN[fw1]} reconciled, ${DOWN[fw2]} not"
torture_end
is "losses of other causes" \
	"$(sql "SELECT count(*) FROM fwlog.loss WHERE cause NOT IN ('agent_down', 'kernel')")" 0
at_least "packets that nobody received" $((LOGGED - STORED)) 1
finish
