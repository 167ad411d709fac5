#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150
# Filters for agents, from fwlogctl over database and collector into the agents of two
# hosts that log real packets: in force within 5 seconds, counted to the packet, gone again
# when removed; lists, samples, ends, going back, restarts without a collector, a set that
# the agent cannot read, and kills while records are left out.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

FW1=10.70.1.2
FW2=10.70.2.2
SENT=0
LOADS=()

hosts_up()
{
	local i
	net_host out fw1 fw2
	for i in 1 2; do
		net_link out to-fw$i fw$i eth0
		net_addr out to-fw$i 10.70.$i.1/24 10.70.$i.9/24
		net_addr fw$i eth0 10.70.$i.2/24
	done
}

rules_up()
{
	net_rules "$1" <<-EOT
	table ip fw {
		counter logged { }
		counter noise { }
		chain input {
			type filter hook input priority 0; policy accept;
			udp dport 7001 counter name logged counter name noise log prefix "noise " group 5 drop
			meta l4proto udp counter name logged log prefix "keep " group 5 drop
		}
	}
	EOT
}

# packets ADDRESS COUNT PORT[-PORT] [OPTION…]: numbered, until all are sent.
packets()
{
	on out "$BIN/pktgen" -n "$2" -r 2000 -p "$3" -i $SENT "${@:4}" "$1" \
		>>"$T/log/pktgen.log" 2>&1 || not_ok "pktgen to $1"
	SENT=$((SENT + $2))
}

# load_start SECONDS: half noise, half keep to both hosts, in the background.
load_start()
{
	local ON i n=$((1000 * $1))
	LOADS=()
	in_host out
	for i in $FW1 $FW2; do
		spawn "load-$i" "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n $n -r 1000 \
			-p 7001-7002 -i $SENT $i
		LOADS+=("$SPAWNED")
		SENT=$((SENT + n))
	done
}

load_ended()
{
	wait_for 30 all_gone "${LOADS[@]}" || not_ok "the load does not end"
}

# ctl COMMAND…: as the administrator; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" "$@" --db "$(pg_dsn "${AS:-fwlog_admin}")" 2>&1)
	RC=$?
}

# state HOST: its state and version, as "current 3".
state()
{
	sql "SELECT state || ' ' || coalesce(version, -1) FROM fwlog.filter_host WHERE host = '$1'"
}

newest()
{
	sql "SELECT max(version) FROM fwlog.filter_set"
}

# applied HOST…: these apply the newest version.
applied()
{
	local host v
	v=$(newest)
	for host in "$@"; do
		[ "$(state "$host")" = "current $v" ] || return 1
	done
}

# in_force WHAT HOST…: within 5 seconds from now.
in_force()
{
	local what=$1 start
	start=$(now_ms)
	shift
	if wait_for 5 applied "$@"; then
		ok "$what, after $(($(now_ms) - start)) ms"
	else
		not_ok "$what: not within 5 s: $(state "$1")"
	fi
}

# noise_stored HOST: events with that prefix; left_out HOST: records filters left out.
noise_stored()
{
	sql "SELECT count(*) FROM fwlog.event_full WHERE host = '$1' AND prefix = 'noise '"
}

left_out()
{
	sql "SELECT coalesce(sum(records), 0) FROM fwlog.filtered_full WHERE host = '$1'"
}

noise_logged()
{
	on "$1" nft list counter ip fw noise | awk '/packets/ { print $2 }'
}

# Everything logged on both hosts is stored, left out or lost.
accounted()
{
	[ "$(sql "SELECT (SELECT count(*) FROM fwlog.event)
		+ (SELECT coalesce(sum(records), 0) FROM fwlog.filtered_minute)
		+ (SELECT coalesce(sum(records), 0) FROM fwlog.loss)")" -ge \
		"$(net_logged fw1 fw2)" ]
}

# balanced WHAT: all of it is, and not a packet twice.
balanced()
{
	local numbers
	wait_quiet fw1 fw2
	wait_for 20 accounted || note "not everything is accounted for in 20 s"
	numbers=$(sql "SELECT (SELECT count(*) FROM fwlog.event),
		(SELECT sum(records) FROM fwlog.filtered_minute),
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss),
		(SELECT count(*) - count(DISTINCT (host_id, n)) FROM fwlog.event)")
	IFS='|' read -r STORED FILTERED LOST TWICE <<<"$numbers"
	is "$1: logged $(net_logged fw1 fw2) = stored $STORED + filtered $FILTERED" \
		"$((STORED + FILTERED)) lost $LOST twice $TWICE" \
		"$(net_logged fw1 fw2) lost 0 twice 0"
}

# exactly WHAT HOST STORED LEFT_OUT: so many more than $WAS_STORED and $WAS_OUT.
before()
{
	WAS_STORED=$(noise_stored "$1")
	WAS_OUT=$(left_out "$1")
}

exactly()
{
	wait_quiet fw1 fw2
	wait_for 15 accounted || note "not everything is accounted for in 15 s"
	is "$1" "$(($(noise_stored "$2") - WAS_STORED)) $(($(left_out "$2") - WAS_OUT))" "$3 $4"
}

stands_still()
{
	local stored
	stored=$(noise_stored "$1")
	sleep 0.5
	[ "$stored" = "$(noise_stored "$1")" ]
}

grows()
{
	! stands_still "$1"
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
pg_start --fast
db_init
hosts_up
start_collector ""
for h in fw1 fw2; do
	start_agent "$h" "[group 5]"
	rules_up "$h"
done
in_force "agents that connect apply the set that is there" fw1 fw2
AS=fwlog_report ctl filter hosts
says "which is shown" 0 '^fw1 +current +1 +1 '

# ---- while packets come
load_start 6
wait_for 10 grows fw1 || not_ok "nothing is stored"
ctl filter preview dport:7001 --hosts fw1
says "the preview tells what would be hidden" 0 '^fw1 +noise +- +unknown +[0-9]+ +[1-9][0-9]* +100'
ctl filter add noise dport:7001 --hosts fw1 --why "too much of it"
says "a filter is added" 0 'version 2 leaves out dport:7001 on fw1'
in_force "it is in force" fw1 fw2
check "nothing of it is stored any more" wait_for 3 stands_still fw1
check "the other host goes on" grows fw2
ctl filter remove noise --why "they want it back"
says "it is removed" 0 'version 3'
in_force "the set without it is in force" fw1
check "the flow is back" wait_for 3 grows fw1
load_ended
balanced "added and removed under load"
is "left out is what the rule's counter says less what is stored" \
	"$(left_out fw1)" "$(($(noise_logged fw1) - $(noise_stored fw1)))"
check "that was something" [ "$(left_out fw1)" -gt 500 ]
is "counted by filter, host and prefix" "$(sql "SELECT DISTINCT filter, host, prefix
	FROM fwlog.filtered_full")" "noise|fw1|noise "

# ---- lists
ctl list set bad 10.70.1.1
ctl filter add bad 'src:@bad dport:7001' --why "known"
in_force "a filter with a list" fw1 fw2
before fw1
packets $FW1 500 7001 -f 10.70.1.1
packets $FW1 300 7001 -f 10.70.1.9
exactly "leaves out what comes from the list" fw1 300 500
ctl list add bad 10.70.1.9/32
in_force "a change to the list" fw1 fw2
ctl list remove bad
says "a list in use stays" 1 'used by bad'
before fw1
packets $FW1 200 7001 -f 10.70.1.9
exactly "counts for agents, too" fw1 0 200

# ---- a set the agent cannot read, with one it could
sql "BEGIN; SELECT fwlog.filter_publish('by hand');
	INSERT INTO fwlog.filter (name, query, why, added_in)
		VALUES ('odd', 'dprt:1', 'by hand', (SELECT max(version) FROM fwlog.filter_set)),
		('fine', 'dport:7002', 'by hand', (SELECT max(version) FROM fwlog.filter_set));
	COMMIT" >/dev/null
V=$(newest)
check "a set that cannot be read is refused" wait_for 5 eval '[ "$(state fw1)" = "refused $((V - 1))" ]'
AS=fwlog_report ctl filter hosts
says "and why is shown" 0 "^fw1 +refused +$((V - 1)) +$V .*dprt"
before fw1
packets $FW1 100 7001-7002 -f 10.70.1.1
exactly "as a whole: the one before holds" fw1 0 50
ctl filter rollback $((V - 1)) --why "put right"
in_force "the set put right" fw1 fw2

# ---- samples and ends
ctl filter remove bad --why "next"
ctl filter add some dport:7001 --sample 1/10 --hosts fw1,fw2 --why "a tenth will do"
in_force "a filter that keeps one of ten" fw1 fw2
before fw1
packets $FW1 1000 7001
exactly "keeps a tenth" fw1 100 900
ctl filter remove some --why "next"
ctl filter add short dport:7001 --expires +4s --why "for a moment"
in_force "a filter that expires" fw1
before fw1
packets $FW1 100 7001
exactly "is in force before" fw1 0 100
check "it expires" wait_for 8 eval '[ "$(sql "SELECT in_force FROM fwlog.filter_full WHERE name = '"'short'"'")" = f ]'
before fw1
packets $FW1 100 7001
exactly "and no more then" fw1 100 0

# ---- back to version 2, then without a collector
ctl filter rollback 2 --why "as it was"
says "back to an earlier version" 0 'back: noise'
in_force "it" fw1 fw2
stop_collector || not_ok "the collector does not end on SIGTERM"
stop_agent fw1 || not_ok "the agent does not end on SIGTERM"
before fw1
start_agent fw1
packets $FW1 300 7001
packets $FW1 100 7002
start_collector ""
exactly "an agent that starts without a collector keeps its filters" fw1 0 300

# ---- kills
kill_one()
{
	local worker
	worker=$(agent_worker fw1)
	[ -z "$worker" ] || kill -KILL "$worker"
	[ $1 -eq 1 ] || return 0
	stop "$COLLECTOR_PID" KILL
	start_collector ""
}
load_start 4
for i in 1 2 3; do
	sleep 0.$((3 + 2 * i))
	kill_one $((i % 2))
done
load_ended
EXPECT=$(sql "SELECT count(*) FROM fwlog.loss WHERE records IS NULL")
balanced "workers and collectors killed"
is "left out and stored is what the rule counted" \
	"$(($(left_out fw1) + $(noise_stored fw1)))" "$(noise_logged fw1)"
note "losses of unknown size: $EXPECT (the agent was stopped once)"

AS=fwlog_report ctl balance --by host --host fw2
says "the balance is complete, with what was filtered" 0 '^complete: logged [0-9]+ = stored [0-9]+'
AS=fwlog_report ctl balance --json --by host --host fw1
says "in JSON, too" 1 "\"filtered\":$(left_out fw1),"
AS=fwlog_report ctl filter list --all
says "filters are listed with what they left out" 0 "^noise +in force +fw1 .*too much of it"
AS=fwlog_report ctl filter history
says "so is their history" 0 'fwlog_admin +noise +(bad|short).* as it was$'

finish
