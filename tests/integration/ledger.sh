#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150
# The loss ledger: what no sequence number shows is counted by the rules' own counters, to
# the packet: a receive buffer that overflows, nobody bound, monitor and worker killed under
# load. A reload of the rules brings no false loss. fwlogctl balance tells all of it.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

FW1=10.60.1.2
FW2=10.60.2.2
SENT=0

hosts_up()
{
	local i
	net_host out fw1 fw2
	for i in 1 2; do
		net_link out to-fw$i fw$i eth0
		net_addr out to-fw$i 10.60.$i.1/24
		net_addr fw$i eth0 10.60.$i.2/24
	done
}

# The truth stands in a table of its own, which no reload touches.
truth_up()
{
	net_rules "$1" <<-EOT
	table ip truth {
		counter logged { }
		chain input {
			type filter hook prerouting priority -300
			meta l4proto udp counter name logged
		}
	}
	EOT
}

# rules HOST [STATEMENTS]: as a reload writes them, in one transaction.
rules()
{
	net_rules "$1" <<-EOT
	table ip fw {
	}
	delete table ip fw
	table ip fw {
		chain input {
			type filter hook input priority 0; policy accept
			udp dport < 5000 counter log prefix "low " group 5 drop
			meta l4proto udp ${2:-counter} log prefix "high " group 5 drop
		}
	}
	EOT
}

# packets HOST-ADDRESS COUNT RATE: numbered, until all are sent.
packets()
{
	on out "$BIN/pktgen" -n "$2" -r "$3" -i $SENT "$1" >>"$T/log/pktgen.log" 2>&1
	SENT=$((SENT + $2))
}

load_start()
{
	local ON
	in_host out
	spawn load "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n "$2" -r "$3" -i $SENT "$1"
	LOAD=$SPAWNED
	SENT=$((SENT + $2))
}

# A field of the ledger of group 5 in the spool of a host: group 5 id hits settled counted
# tail bind kseq based base …
ledger()
{
	awk -v n="$2" '$1 == "group" && $2 == 5 { print $n }' "$T/spool-$1/reconcile" 2>/dev/null
}

# The rules' counters have been read, and all they counted so far was accounted for.
based()
{
	[ "$(ledger "$1" 10)" = 1 ] && [ $(($(ledger "$1" 4) - $(ledger "$1" 5) -
		$(ledger "$1" 6))) -eq "$(ledger "$1" 11)" ]
}

# lost CAUSE: records lost by that cause on fw1.
lost()
{
	sql "SELECT coalesce(sum(records), 0) FROM fwlog.loss_full
		WHERE host = 'fw1' AND cause = '$1'"
}

# Both ends of the agent, as a crash takes them.
kill_agent()
{
	local worker
	worker=$(agent_worker "$1")
	kill -KILL "${AGENT_PID[$1]}" "$worker"
	wait_for 5 all_gone "${AGENT_PID[$1]}" "$worker"
	stop "${AGENT_PID[$1]}" KILL
}

# balanced WHAT: everything logged on all hosts is there or counted, nothing twice.
balanced()
{
	wait_quiet fw1 fw2
	wait_balanced 15 fw1 fw2 || note "not everything is accounted for in 15 s"
	if balance fw1 fw2; then ok "$1: $BALANCE"; else not_ok "$1: $BALANCE"; fi
}

# ctl [OPTION]…: fwlogctl balance; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" balance --db "$(pg_dsn fwlog_report)" "$@" 2>&1)
	RC=$?
}

said()
{
	grep -Eq -- "$2" "$T/log/agent-$1.log"
}

# The counters that the agents told have reached the database.
told()
{
	[ "$(sql "SELECT coalesce(sum(counted), 0) FROM fwlog.rule_count_full
		WHERE host = 'fw1' AND difference = 0")" -eq "$1" ]
}

# ---- nothing is lost

nothing_lost()
{
	ctl
	says "an empty store is complete" 0 '^complete: logged 0 = stored 0 \+ lost 0$'
	packets $FW1 1000 5000
	balanced "quiet"
	check "the agent tells what the rules counted" wait_for 15 told 1000
	ctl --host fw1
	says "balance is complete" 0 '^complete: logged 1000 = stored 1000 \+ lost 0$'
	says "with what the rules counted" 0 '^fw1 .* 1000 +1000 +0 +0 +0 +1000 +0'
	ctl -q
	is "balance -q is silent then" "$RC$OUT" 0
}

# ---- the kernel has no room: the worker stands still behind a small buffer

overrun()
{
	local worker before
	worker=$(agent_worker fw1)
	before=$(net_logged fw1)
	kill -STOP "$worker"
	packets $FW1 20000 40000
	kill -CONT "$worker"
	balanced "overrun, nothing follows"
	at_least "overrun: lost in the kernel" "$(lost kernel)" 1000
	is "overrun: logged" $(($(net_logged fw1) - before)) 20000
	before=$(lost kernel)
	packets $FW1 300 2000
	balanced "overrun, packets follow"
	is "overrun: not counted again" "$(lost kernel)" "$before"
}

# ---- nobody holds the group

nobody_bound()
{
	local before
	before=$(lost agent_down)
	stop_agent fw1 || not_ok "the agent does not end on SIGTERM"
	packets $FW1 1234 2000
	start_agent fw1
	balanced "nobody bound"
	is "nobody bound: lost with the agent down" $(($(lost agent_down) - before)) 1234
	stop_agent fw1 || not_ok "the agent does not end on SIGTERM"
	start_agent fw1
	wait_for 10 based fw1
	is "nothing logged while it was down: no loss" $(($(lost agent_down) - before)) 1234
	ctl --by host --host fw1
	says "balance names the causes" 1 'agent_down 1234, kernel [0-9]+$'
	says "and the sum" 1 '^INCOMPLETE: logged [0-9]+ = stored [0-9]+ \+ lost [0-9]+$'
}

# ---- monitor and worker are killed while packets flow

killed()
{
	local i
	load_start $FW1 18000 3000
	for i in 1 2 3; do
		wait_for 10 logged_since "$(net_logged fw1)" 2500
		kill_agent fw1
		wait_for 10 logged_since "$(net_logged fw1)" 700
		start_agent fw1
	done
	wait_for 30 gone "$LOAD"
	balanced "monitor and worker killed 3 times"
	at_least "killed: lost with the agent down" "$(($(lost agent_down) - 1234))" 1500
}

logged_since()
{
	[ $(($(net_logged fw1) - $1)) -ge "$2" ]
}

# ---- other rules

reload()
{
	local before
	before=$(sql "SELECT count(*) FROM fwlog.loss")
	load_start $FW1 6000 3000
	wait_for 10 logged_since "$(net_logged fw1)" 1500
	rules fw1
	wait_for 10 gone "$LOAD"
	balanced "rules reloaded under load"
	check "a new baseline is said" wait_for 10 said fw1 'its rules have changed: new baseline'
	is "reload: no false loss" "$(sql "SELECT count(*) FROM fwlog.loss")" "$before"
	wait_for 10 based fw1 || not_ok "no new baseline"
	kill_agent fw1
	packets $FW1 500 2000
	start_agent fw1
	balanced "killed after the reload"
	rules fw1 "counter limit rate 100000/second"
	check "a rule that cannot be compared is named" wait_for 10 said fw1 \
		'not reconciled: rule handle [0-9]+ in ip fw input .*put counter right before log'
	is "once" "$(grep -c 'not reconciled: rule' "$T/log/agent-fw1.log")" 1
}

# ---- nobody knows

unknown()
{
	packets $FW2 100 2000
	balanced "without reconcile"
	kill_agent fw2
	start_agent fw2
	EXPECT_UNKNOWN=1
	balanced "killed without reconcile"
	check "a loss of unknown size is told" wait_for 10 unknown_told fw2 1
	ctl --host fw2
	says "balance names the unknown" 1 ' agent_down unknown$'
	says "and is not complete" 1 '^INCOMPLETE: .*, 1 losses of unknown size$'
	ctl --host fw2 --json
	OUT=${OUT//$'\n'/}
	says "in JSON too" 1 '"complete":false.*"unknown":1.*"counted":null'
}

unknown_told()
{
	[ "$(sql "SELECT count(*) FROM fwlog.loss_full
		WHERE host = '$1' AND records IS NULL")" -eq "$2" ]
}

damaged_ledger()
{
	rules fw1
	wait_for 10 based fw1 || not_ok "reconciled again: no baseline"
	kill_agent fw1
	printf garbage >"$T/spool-fw1/reconcile"
	start_agent fw1
	check "a damaged ledger is said" wait_for 10 said fw1 'reconcile is left aside: it is damaged'
	check "and becomes a loss of unknown size" wait_for 10 unknown_told fw1 1
	EXPECT_UNKNOWN=2
	balanced "damaged ledger"
}

arguments()
{
	ctl --from now-1h --to -1m --by host
	check "times from now" [ "$RC" -ne 2 ]
	ctl --from 2026-02-30T00:00:00Z
	says "a day that is none" 2 'a time is expected'
	ctl --from now --to -1h
	says "from behind to" 2 'must be before'
	ctl --by day
	says "by what?" 2 'hour or host'
	ctl --host nobody
	says "a host nobody knows" 1 'no such host'
	ctl --from 1971-01-01 --to 1971-01-02
	says "a time without records" 0 '^complete'
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
pg_start --fast
db_init
hosts_up
start_collector "" "commit_interval = 50ms"
for h in fw1 fw2; do
	truth_up $h
	rules $h
done
start_agent fw1 "reconcile = yes" "reconcile_interval = 1s" "stats_interval = 1s" \
	"receive_buffer = 64K" "[group 5]"
start_agent fw2 "[group 5]"
must_wait "the rules are reconciled" 10 based fw1
nothing_lost
overrun
nobody_bound
killed
reload
unknown
damaged_ledger
arguments
final_balance fw1 fw2
finish
