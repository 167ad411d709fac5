#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# Under load whatever can be killed is killed, again and again: the agents' workers, the
# collector, backends of PostgreSQL. After each fault: what was logged is stored or counted
# as lost, and nothing is there twice, by the events' and by the packets' own numbers.
# Losses are none: the kernel's buffers hold longer than anything is down here. Loads are
# committed late and spool segments are small, so that an acknowledgement before its time
# would cost records.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

RATE=${RATE:-3000}       # packets/s to each host
LOAD_SECONDS=${LOAD_SECONDS:-8}
HOSTS=(fw1 fw2)
SENT=0
LOADS=()
RANDOM=${SEED:-7514}     # fixed: pauses repeat from run to run
note "seed ${SEED:-7514}"

hosts_up()
{
	local i=0 host
	net_host out "${HOSTS[@]}"
	for host in "${HOSTS[@]}"; do
		i=$((i + 1))
		net_link out "to-$host" "$host" eth0
		net_addr out "to-$host" 10.50.$i.1/24
		net_addr "$host" eth0 10.50.$i.2/24
	done
}

rules_up()
{
	local host
	for host in "${HOSTS[@]}"; do
		net_log_udp "$host"
	done
}

# load_start: numbered packets to all hosts for LOAD_SECONDS, in the background.
load_start()
{
	local ON i=0 host n=$((RATE * LOAD_SECONDS))
	LOADS=()
	in_host out
	for host in "${HOSTS[@]}"; do
		i=$((i + 1))
		spawn "load-$host" "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n $n \
			-r "$RATE" -s 4 -b 200 -i $SENT 10.50.$i.2
		LOADS+=("$SPAWNED")
		SENT=$((SENT + n))
	done
}

load_runs()
{
	! all_gone "${LOADS[@]}"
}

# Between 0.2 and 0.9 s: long enough to get going, different each time.
pause()
{
	sleep 0.$((RANDOM % 8 + 2))
}

# under_load WHAT FUNCTION LEAST: calls the function over and over while the load lasts;
# it must have struck (status 0) at least so often; then the balance.
under_load()
{
	local hits=0 lost=${LOST:-0}
	load_start
	while load_runs; do
		pause
		"$2" && hits=$((hits + 1))
	done
	at_least "$1: times" "$hits" "$3"
	wait_quiet "${HOSTS[@]}"
	wait_balanced 30 "${HOSTS[@]}" || note "not everything arrived in 30 s"
	if balance "${HOSTS[@]}"; then ok "$1: $BALANCE"; else not_ok "$1: $BALANCE"; fi
	is "$1: lost" $((LOST - lost)) 0
}

kill_worker()
{
	local host=${HOSTS[RANDOM % ${#HOSTS[@]}]} worker
	worker=$(agent_worker "$host")
	[ -n "$worker" ] && kill -KILL "$worker"
}

kill_collector()
{
	kill -KILL "$COLLECTOR_PID" || return 1
	stop "$COLLECTOR_PID" KILL
	start_collector ""
}

kill_both()
{
	kill_worker
	kill_collector
}

kill_backend()
{
	pg_kill_backend fwlog_ingest 2>/dev/null
}

end_sessions()
{
	[ "$(pg_terminate fwlog_ingest 2>/dev/null || echo 0)" -gt 0 ]
}

# An agent that comes back tells how long nobody counted; here nothing was logged then.
restart_agents()
{
	local host
	for host in "${HOSTS[@]}"; do
		check "the agent of $host ends on SIGTERM" stop_agent "$host"
		start_agent "$host"
		EXPECT_UNKNOWN=$((EXPECT_UNKNOWN + 1))
	done
}

# While an agent is stopped nobody counts what its rules log: that is a loss of unknown
# size, told as such, and still nothing is there twice.
check_agent_down()
{
	local host=${HOSTS[0]}
	load_start
	pause
	stop_agent "$host" || not_ok "the agent of $host does not end under load"
	pause
	start_agent "$host"
	wait_for 20 all_gone "${LOADS[@]}"
	wait_quiet "${HOSTS[@]}"
	check "the time without an agent is a loss" wait_for 20 agent_down_told "$host"
	wait_for 20 stands_still || note "events still arrive"
	balance "${HOSTS[@]}"
	is "agent stopped under load: duplicates" "$DUPLICATES" 0
	check "agent stopped under load: no more stored than logged" \
		[ $((STORED + LOST)) -le "$LOGGED" ]
	note "$BALANCE"
}

agent_down_told()
{
	[ "$(sql "SELECT count(*) FROM fwlog.loss JOIN fwlog.host USING (host_id)
		WHERE name = '$1' AND cause = 'agent_down'")" -gt 0 ]
}

# No event has arrived for a second.
stands_still()
{
	local before
	before=$(sql "SELECT count(*) FROM fwlog.event")
	sleep 1
	[ "$before" = "$(sql "SELECT count(*) FROM fwlog.event")" ]
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
pg_start
db_init
hosts_up
start_collector "" "commit_interval = 500ms"
for h in "${HOSTS[@]}"; do
	start_agent "$h" "segment_size = 2M" "zstd_level = 0" "snaplen = 256" "[group 5]"
done
rules_up
under_load "worker killed" kill_worker 4
under_load "collector killed" kill_collector 4
under_load "backend killed, PostgreSQL recovers" kill_backend 2
under_load "sessions terminated" end_sessions 4
restart_agents
under_load "worker and collector killed" kill_both 4
is "each numbered packet is stored or counted" $((MARKED + LOST)) "$SENT"
check_agent_down
for h in "${HOSTS[@]}"; do
	stop_agent "$h" || not_ok "the agent of $h does not end on SIGTERM"
done
stop_collector || not_ok "the collector does not end on SIGTERM"
finish
