#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# What the agent's processes may still do, read from /proc, and what it costs when the one
# with rights is killed while a service manager keeps its sockets: nothing. fdstore plays
# the manager. What the sandbox kills is tests/unit/agent/check_sandbox's matter.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"

RATE=${RATE:-3000} # packets/s
SENT=0
RANDOM=${SEED:-7514}
note "seed ${SEED:-7514}"

# field PID NAME: a line of /proc/PID/status.
field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# same_ids VALUE: "65534 65534 65534 65534" as the kernel shows it.
same_ids()
{
	printf '%s\t%s\t%s\t%s' "$1" "$1" "$1" "$1"
}

check_worker()
{
	local worker=$1 user=$2 c
	for c in Inh Prm Eff Bnd Amb; do
		is "worker of $user: capabilities Cap$c" "$(field "$worker" "Cap$c")" \
			0000000000000000
	done
	is "worker of $user: no new privileges" "$(field "$worker" NoNewPrivs)" 1
	is "worker of $user: seccomp filter" "$(field "$worker" Seccomp)" 2
	is "worker of $user: core files" \
		"$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$worker/limits")" "0 0"
	is "worker of $user: uid" "$(field "$worker" Uid)" "$(same_ids "$(id -u "$user")")"
	is "worker of $user: gid" "$(field "$worker" Gid)" "$(same_ids "$(id -g "$user")")"
}

# bits NAME…: of capabilities, as /proc has them.
bits()
{
	local sum=0 n
	for n in "$@"; do
		sum=$((sum | 1 << n))
	done
	printf %016x $sum
}

# CHOWN 0, KILL 5, SETGID 6, SETUID 7, NET_ADMIN 12
check_monitor()
{
	local monitor=$1 wanted
	wanted=$(bits 0 5 6 7 12)
	is "monitor: capabilities CapPrm" "$(field "$monitor" CapPrm)" "$wanted"
	is "monitor: capabilities CapEff" "$(field "$monitor" CapEff)" "$wanted"
	is "monitor: capabilities CapBnd" "$(field "$monitor" CapBnd)" 0000000000000000
	is "monitor: no new privileges" "$(field "$monitor" NoNewPrivs)" 1
}

# In a user namespace of an ordinary user there is nobody else to become.
worker_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		id -un
	elif id -u fwlog >/dev/null 2>&1; then
		echo fwlog
	else
		echo nobody
	fi
}

check_rights()
{
	local user
	user=$(worker_user)
	start_agent fw "segment_size = 2M" "[group 5]"
	must_wait "a worker" 10 has_worker
	check_worker "$WORKER" "$user"
	[ "$(id -u)" -ne 0 ] || check_monitor "${AGENT_PID[fw]}"
	is "the spool is the worker's" "$(stat -c %u "$T/spool-fw")" "$(id -u "$user")"
	check "records arrive" fresh
	stop_agent fw || not_ok "the agent does not end on SIGTERM"
	new_spool
	[ "$(id -u)" -eq 0 ] || return 0
	start_agent fw "segment_size = 2M" "user = daemon" "sandbox = no" \
		"local_log = json" "local_log_path = $T/daemon.json" \
		"[group 5]"
	must_wait "a worker" 10 has_worker
	is "user = daemon: uid" "$(field "$WORKER" Uid)" "$(same_ids "$(id -u daemon)")"
	is "sandbox = no: seccomp filter" "$(field "$WORKER" Seccomp)" 0
	is "sandbox = no: capabilities" "$(field "$WORKER" CapPrm)" 0000000000000000
	check "records arrive" fresh
	is "the local log is made for the worker" "$(stat -c %U "$T/daemon.json")" daemon
	stop_agent fw || not_ok "the agent does not end on SIGTERM"
	new_spool
}

# Of another user; and no time without an agent is told.
new_spool()
{
	rm -rf "$T/spool-fw"
}

has_worker()
{
	WORKER=$(agent_worker fw)
	[ -n "$WORKER" ] && [ "$(cat "/proc/$WORKER/comm" 2>/dev/null)" = fwlog-worker ] &&
		[ "$(field "$WORKER" NoNewPrivs)" = 1 ] && connected
}

connected()
{
	hosts_connected 1
}

# One packet more reaches the database.
fresh()
{
	on out "$BIN/pktgen" -n 1 -r 100 -i $SENT 10.50.1.2 >/dev/null || return 1
	SENT=$((SENT + 1))
	wait_for 10 stored $SENT
}

stored()
{
	[ "$(sql "SELECT count(*) FROM fwlog.event")" -ge "$1" ]
}

# ---- under a service manager

said()
{
	grep -qE -- "$1" "$T/fd/messages" 2>/dev/null
}

# times PATTERN: how often it was said.
times()
{
	grep -cE -- "$1" "$T/fd/messages"
}

start_managed()
{
	local ON
	mkdir -p "$T/fd"
	agent_conf fw "segment_size = 2M" "snaplen = 64" \
		"collector = localhost:7514" "[group 5]" "[group 6]" >"$T/agent-fw.conf"
	in_host fw
	spawn managed "${ON[@]}" "${WITH_PARENT[@]}" "$BIN/fdstore" "$T/fd" \
		"$BIN/fwlog-agent" -c "$T/agent-fw.conf"
	MANAGER=$SPAWNED
	must_wait "the agent says it is ready" 20 said '^READY=1'
}

monitor_now()
{
	cat "$T/fd/pid"
}

# restarted PID READY: another monitor runs and has said READY once more.
restarted()
{
	[ "$(monitor_now)" != "$1" ] && [ "$(times '^READY=1')" -gt "$2" ]
}

load_start()
{
	local ON n=$((RATE * $1))
	in_host out
	spawn load "${ON[@]}" "${WITH_PARENT_KILL[@]}" "$BIN/pktgen" -n $n -r "$RATE" -s 4 \
		-b 200 -i $SENT 10.50.1.2
	LOAD=$SPAWNED
	SENT=$((SENT + n))
}

strike_monitor()
{
	kill -KILL "$(monitor_now)"
}

strike_restart()
{
	kill -HUP "$MANAGER"
}

# Monitor and worker in one moment: what the worker had peeked at is still in the socket.
strike_both()
{
	local monitor worker
	monitor=$(monitor_now)
	worker=$(children_of "$monitor" | head -n 1)
	kill -KILL "$monitor" ${worker:+"$worker"}
}

# under_load WHAT FUNCTION LEAST
under_load()
{
	local hits=0 monitor ready
	load_start 5
	while ! gone "$LOAD"; do
		sleep 0.$((RANDOM % 8 + 1))
		monitor=$(monitor_now)
		ready=$(times '^READY=1')
		"$2" || continue
		must_wait "$1: another run" 20 restarted "$monitor" "$ready"
		hits=$((hits + 1))
	done
	at_least "$1: times" "$hits" "$3"
	wait_quiet fw
	wait_balanced 30 fw || note "not everything arrived in 30 s"
	if balance fw; then ok "$1: $BALANCE"; else not_ok "$1: $BALANCE"; fi
	is "$1: lost" "$LOST" 0
}

check_managed()
{
	local groups
	start_managed
	check "the sockets are stored" wait_for 5 said '^FDNAME=fwlog-[0-9a-f]{16}-[0-9a-f]{16}-6$'
	check "the status is told" wait_for 5 said '^STATUS=2 of 2 groups bound, worker is pid [0-9]+'
	check "a name is looked up behind the sandbox" wait_for 10 connected
	under_load "monitor killed" strike_monitor 2
	under_load "restarted by the manager" strike_restart 2
	under_load "monitor and worker killed" strike_both 2
	is "the groups were bound once" "$(grep -c 'group [56] bound' "$T/log/managed.log")" 2
	at_least "and taken back" "$(grep -c 'taken back' "$T/log/managed.log")" 12
	at_least "signs of life" "$(times '^WATCHDOG=1')" 3
	groups=$(times '^READY=1')
	kill -HUP "$(monitor_now)"
	check "reloading is told" wait_for 5 said '^RELOADING=1'
	check "and its end" wait_for 5 eval '[ "$(times ^READY=1)" -gt '"$groups"' ]'
	is "numbered packets stored" "$MARKED" "$SENT"
}

need_programs fwlog-agent fwlog-collector fwlogctl pktgen fdstore
net_init
net_host out fw
net_link out to-fw fw eth0
net_addr out to-fw 10.50.1.1/24
net_addr fw eth0 10.50.1.2/24
net_rules fw <<-EOT
table ip fw {
	counter logged { }
	chain input {
		type filter hook input priority 0; policy accept;
		udp dport != 53 ip saddr 10.50.1.1 counter name logged log prefix "UDP " group 5 drop
	}
}
EOT
pg_start
db_init
COLLECTOR_LISTEN=127.0.0.1:7514
start_collector fw "commit_interval = 200ms"
make_keys fw
check_rights
check_managed
stop "$MANAGER" TERM 20 || not_ok "the managed agent does not end on SIGTERM"
check "stopping is told" said '^STOPPING=1'
stop_collector || not_ok "the collector does not end on SIGTERM"
if balance fw; then ok "$BALANCE"; else not_ok "$BALANCE"; fi
finish
