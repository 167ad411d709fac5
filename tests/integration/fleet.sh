#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# Two collectors on one database, agents that have both in their list, in that order, and a
# dead address between. The first is killed: the second takes over. The first is back: agents
# return to it. The second stands still in the middle of a transaction while they do so, and
# goes on later, with records and sessions that are not its own any more: each record is
# stored once, and nobody waits for the locks of one who does not move.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

HOSTS=(fw1 fw2)
RATE=1000 # packets/s to each
SECONDS_OF_LOAD=60
POINTS=(copying commit-next commit-sent) # tests/torture/preload_strike.c
STRIKE=$T/strike
STRIKE_LIB=${BIN%/bin}/lib/preload_strike.so
declare -A COLLECTOR=() # process ids
LOADS=()

hosts_up()
{
	local i=0 host
	net_host out "${HOSTS[@]}"
	for host in "${HOSTS[@]}"; do
		i=$((i + 1))
		net_link out "to-$host" "$host" eth0
		net_addr out "to-$host" 10.50.$i.1/24
		net_addr "$host" eth0 10.50.$i.2/24
		net_log_udp "$host"
	done
}

# Until end_load, more than the test takes.
start_load()
{
	local ON i host
	in_host out
	for i in "${!HOSTS[@]}"; do
		host=${HOSTS[i]}
		spawn "load-$host" "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" \
			-n $((RATE * SECONDS_OF_LOAD)) -r $RATE -s 4 -b 200 \
			-i $((i * RATE * SECONDS_OF_LOAD)) "10.50.$((i + 1)).2"
		LOADS+=("$SPAWNED")
	done
}

end_load()
{
	local pid
	for pid in "${LOADS[@]}"; do
		alive "$pid" || not_ok "the load lasted to the end"
		stop "$pid"
	done
}

# ---- two collectors

# start NAME: waits until the kernel says that it listens.
start()
{
	local with=(env)
	[ -e "$T/$1.conf" ] || printf '%s\n' "database = $(pg_dsn fwlog_ingest)" \
		"listen = unix:$T/$1.sealed" "listen_mode = 0666" "database_timeout = 1s" \
		"commit_interval = 50ms" "commit_rows = 1000" >"$T/$1.conf"
	[ ! -e "$STRIKE_LIB" ] || [ "$1" != second ] ||
		with=(env "LD_PRELOAD=$STRIKE_LIB" "FWLOG_STRIKE=$STRIKE")
	spawn "$1" "${WITH_PARENT[@]}" "${with[@]}" "$BIN/fwlog-collector" -c "$T/$1.conf"
	COLLECTOR[$1]=$SPAWNED
	must_wait "the $1 collector listens" 20 listens "$1"
}

listens()
{
	awk -v path="$T/$1.sealed" '$4 == "00010000" && $8 == path { found = 1 }
		END { exit !found }' /proc/net/unix
}

# All agents have their session there, says the database.
all_at()
{
	[ "$(sql "SELECT count(*) FROM fwlog.host_status WHERE connected
		AND collector LIKE '%/$1.sealed'")" -eq ${#HOSTS[@]} ]
}

# A line for each host: how much of it is stored.
numbered()
{
	sql "SELECT next_n FROM fwlog.host_mark ORDER BY host_id"
}

# beyond NUMBERED: half a second's records of each host are stored since.
beyond()
{
	local before now i
	mapfile -t before <<<"$1"
	mapfile -t now < <(numbered)
	for i in "${!before[@]}"; do
		[ "${now[i]:-0}" -gt $((before[i] + RATE / 2)) ] || return 1
	done
}

# moved WHAT TO: and records of every host are stored by that one.
moved()
{
	local start
	start=$(now_ms)
	if wait_for 10 all_at "$2" && wait_for 10 beyond "$(numbered)"; then
		ok "$1, after $(($(now_ms) - start)) ms"
	else
		not_ok "$1: not within 10 s, or nothing is stored"
	fi
}

stands_still()
{
	[ ! -e "$STRIKE" ] && grep -q '^State:.*T (stopped)' "/proc/${COLLECTOR[second]}/status"
}

# freeze POINT: the second one, in the transaction it is in then.
freeze()
{
	echo "$1 STOP" >"$STRIKE.new"
	mv "$STRIKE.new" "$STRIKE"
	wait_for 10 stands_still
}

# Its agents leave a collector that stands still, with half of their records in its hands.
leave_frozen()
{
	stop "${COLLECTOR[first]}" KILL
	moved "$1: killed again, and taken over" second
	freeze "$1" || {
		not_ok "$1: the second collector does not come there"
		return
	}
	start first
	moved "$1: back to the first, while the second stands still" first
	kill -CONT "${COLLECTOR[second]}"
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen
net_init
hosts_up
pg_start
db_init
make_keys "${HOSTS[@]}"
start first
start second
for host in "${HOSTS[@]}"; do
	start_agent "$host" "collector = unix:$T/first.sealed, unix:$T/nobody, unix:$T/second.sealed" \
		"failback = 1s" "stats_interval = 1s" "segment_size = 2M" "snaplen = 64" "[group 5]"
done
start_load
moved "agents choose the first of their list" first
stop "${COLLECTOR[first]}" KILL
moved "it is killed: the second takes over" second
start first
moved "it is back: agents return" first
if [ -e "$STRIKE_LIB" ]; then
	for point in "${POINTS[@]}"; do
		leave_frozen "$point"
	done
else
	skip "a collector that stands still: $STRIKE_LIB is not built under sanitizers"
fi

# ---- the balance
end_load
wait_quiet "${HOSTS[@]}"
wait_balanced 20 "${HOSTS[@]}" || note "not everything arrived in 20 s"
if balance "${HOSTS[@]}"; then ok "$BALANCE"; else not_ok "$BALANCE"; fi
is "lost" "$LOST" 0

# ---- what a killed collector said
stop "${COLLECTOR[second]}" || not_ok "the second collector does not end on SIGTERM"
stop "${COLLECTOR[first]}" KILL
for host in "${HOSTS[@]}"; do
	stop_agent "$host" || not_ok "the agent of $host does not end on SIGTERM"
done
check "killed, it had no time to say that its agents are gone" all_at first
sql "UPDATE fwlog.host_status SET collector = 'another 10.0.0.1' WHERE host_id =
	(SELECT host_id FROM fwlog.host WHERE name = 'fw2')"
start first
taken_back()
{
	[ "$(sql "SELECT string_agg(name, ' ') FROM fwlog.host_status
		JOIN fwlog.host USING (host_id) WHERE connected")" = fw2 ]
}
wait_for 10 taken_back
check "started again, it takes back what it said, and only that" taken_back
stop "${COLLECTOR[first]}" || not_ok "the first collector does not end on SIGTERM"
if balance "${HOSTS[@]}"; then ok "in the end, $BALANCE"; else not_ok "$BALANCE"; fi
finish
