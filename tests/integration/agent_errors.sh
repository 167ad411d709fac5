#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# What goes wrong at the agent's end: each fault ends in a message with place and remedy and
# the right exit code, or is waited for while everything else goes on.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/net.sh"

AGENT=$BIN/fwlog-agent
NOWHERE=unix:$T/nobody-listens
BASE=(-c /dev/null -o "collector=$NOWHERE" -o name=fw1 -o transport=plain)

# try COMMAND…: its output in OUT, its exit code in RC; it must end by itself.
try()
{
	OUT=$(timeout -k 5 15 "$@" 2>&1 </dev/null)
	RC=$?
}

# try_on HOST COMMAND…
try_on()
{
	local ON
	in_host "$1"
	shift
	try "${ON[@]}" "$@"
}

# refused WHAT CODE PATTERN…: what try ran ended with CODE and said all of that.
refused()
{
	local what=$1 code=$2 pattern
	shift 2
	if [ "$RC" -ne "$code" ]; then
		not_ok "$what: exit code $RC, expected $code: $OUT"
		return
	fi
	for pattern in "$@"; do
		if ! grep -Eq -- "$pattern" <<<"$OUT"; then
			not_ok "$what: no '$pattern' in: $OUT"
			return
		fi
	done
	ok "$what"
}

# said NAME PATTERN: the log of a spawned agent has it.
said()
{
	grep -Eq -- "$2" "$T/log/$1.log" 2>/dev/null
}

# count NAME PATTERN
count()
{
	grep -Ec -- "$2" "$T/log/$1.log" 2>/dev/null
}

# worker_of PID: the child of a monitor.
worker_of()
{
	children_of "$1" | head -n 1
}

# run_agent HOST NAME OPTION…: in the background, with a spool of its own; pid in PID.
run_agent()
{
	local ON host=$1 name=$2
	shift 2
	in_host "$host"
	spawn "$name" "${ON[@]}" "${WITH_PARENT[@]}" "$AGENT" "${BASE[@]}" \
		-o spool_dir="$T/spool-$name" -o spool_size=8M -o segment_size=2M "$@"
	PID=$SPAWNED
}

check_configuration()
{
	local conf=$T/agent.conf
	cat >"$conf" <<-EOT
	collector = unix:/run/c
	snaplan = 64
	sync_interval = 5
	spool_size = lots
	[group 70000]
	[group 5]
	spool_dir = /tmp
	EOT
	try "$AGENT" -c "$conf"
	refused "configuration errors, all at once" 3 "$conf:2: snaplan: .*snaplen" \
		"$conf:3: sync_interval:" "$conf:4: spool_size:" \
		"$conf:5: .*0 to 65535" "$conf:7: spool_dir: .*above" "5 errors"
	try "$AGENT" -c /dev/null -o "collector=$NOWHERE"
	refused "no group" 3 "no \[group\] section"
	try "$AGENT" -c /dev/null -o "group 5/snaplen=64"
	refused "no collector" 3 "collector is not set"
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o collector=192.0.2.1
	refused "plain over a network" 3 "plain is refused" allow_plain_network
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o collector=localhost,log.example
	refused "plain to a name" 3 "plain is refused"
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o collector=192.0.2.1 \
		-o allow_plain_network=yes --check
	refused "plain over a sealed network" 0 "^collector = 192.0.2.1" "^snaplen = 64"
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o "name=not a name"
	refused "impossible name" 3 "name: .*letters"
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o spool_size=20M
	refused "spool smaller than two segments" 3 "spool_size: .*segment_size"
	try "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64" -o user=no-such-user
	refused "unknown user" 3 "no-such-user"
	try "$AGENT" --chekc
	refused "unknown option of the command line" 2 "mean --check"
	try "$AGENT" -c "$T/none.conf"
	refused "missing file" 3 "$T/none.conf: cannot be read"
}

# key_line NAME SECRET: a key file's line, mode 0600.
key_line()
{
	rm -f "$T/agent.key"
	(umask 077 && echo "fwlog-key-1 $1 0123456789abcdef $2" >"$T/agent.key")
}

check_keys()
{
	local good sealed=("${BASE[@]}" -o transport=sealed -o "key_file=$T/agent.key"
		-o "group 5/snaplen=64" -o spool_dir="$T/spool-keys")
	good=$(printf '%064x' 12345)
	try "$AGENT" "${sealed[@]}"
	refused "no key file" 3 "$T/agent.key: there is no such file" "fwlogctl key new fw1" \
		"transport = plain"
	key_line fw2 "$good"
	try "$AGENT" "${sealed[@]}"
	refused "another host's key" 3 "key of fw2, but this agent's name is fw1"
	key_line fw1 "${good%?}"
	try "$AGENT" "${sealed[@]}"
	refused "a damaged key" 3 "$T/agent.key:1: .*64 hexadecimal digits"
	key_line fw1 "$good"
	chmod 644 "$T/agent.key"
	try "$AGENT" "${sealed[@]}"
	refused "a key others may read" 3 "chmod 600 $T/agent.key"
}

check_capability()
{
	local as=()
	if [ "$(id -u)" -eq 0 ]; then
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
		"${as[@]}" test -x "$AGENT" || {
			skip "no CAP_NET_ADMIN: nobody may not run $AGENT"
			return
		}
	fi
	try ${as[@]+"${as[@]}"} "$AGENT" "${BASE[@]}" -o "group 5/snaplen=64"
	refused "no CAP_NET_ADMIN" 1 "needs CAP_NET_ADMIN: run as root"
}

check_places()
{
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" -o spool_dir=/proc/spool
	refused "spool that cannot be made" 1 "spool_dir: /proc/spool: cannot be made"
	touch "$T/file"
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" -o spool_dir="$T/file"
	refused "spool that is a file" 1 "$T/file: is no directory"
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" -o spool_dir="$T/s1" \
		-o local_log=json -o local_log_path="$T/none/log"
	refused "local log that cannot be opened" 1 "local log: .*$T/none/log"
	[ "$(id -u)" -eq 0 ] || return 0
	install -d -o 65533 -m 700 "$T/theirs"
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" -o spool_dir="$T/theirs"
	refused "spool of another user" 1 "$T/theirs: belongs to user 65533" "chown"
}

# The first holds group 5; the second says so, reads group 6, and gets group 5 later.
check_taken()
{
	local first second
	run_agent fw first -o "group 5/snaplen=64" -o pid_file="$T/first.pid"
	first=$PID
	must_wait "first agent" 10 said first "worker started"
	is "pid_file" "$(cat "$T/first.pid" 2>/dev/null)" "$(pgrep -s "$first" -x fwlog-agent)"
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" -o pid_file="$T/first.pid"
	refused "pid_file of a running agent" 1 "first.pid: another fwlog-agent"
	try_on fw "$AGENT" "${BASE[@]}" -o "group 7/snaplen=64" \
		-o spool_dir="$T/spool-first"
	refused "spool of a running agent" 1 "spool: .*$T/spool-first"
	run_agent fw second -o "group 5/snaplen=64" -o "group 6/snaplen=64" \
		-o local_log=json -o local_log_path="$T/second.json"
	second=$PID
	check "taken group: the owner is named" wait_for 10 \
		said second "group 5 is already owned by another process, fwlog-\S+ \(pid [0-9]+\)"
	check "taken group: the other group is read" wait_for 10 said second "group 6 bound"
	on fw ping -c 1 -W 1 127.0.0.6 >/dev/null
	check "taken group: the other group's records are had" \
		wait_for 10 grep -q '"to-6"' "$T/second.json"
	stop "$first" || not_ok "the first agent does not end on SIGTERM"
	check "taken group: had once it is free" wait_for 15 said second "group 5 bound"
	on fw ping -c 1 -W 1 127.0.0.5 >/dev/null
	check "taken group: its records are had" \
		wait_for 10 grep -q '"to-5"' "$T/second.json"
	is "taken group: said once" "$(count second 'already owned')" 1
	check_processes "$second" second
}

check_processes()
{
	local monitor=$1 name=$2 old worker
	old=$(worker_of "$monitor")
	is "the worker has no capability" \
		"$(sed -n 's/^CapEff:\s*0*//p' "/proc/$old/status")" ""
	kill -KILL "$old"
	check "a killed worker has a successor" wait_for 10 said "$name" \
		"$old was killed by signal 9"
	must_wait "second worker" 10 new_worker "$monitor" "$old"
	worker=$(worker_of "$monitor")
	on fw ping -c 2 -i 0.2 -W 1 127.0.0.5 >/dev/null
	check "the successor has the groups" wait_for 10 lines_of to-5 3 "$T/second.json"
	kill -KILL "$monitor"
	check "the worker ends when the monitor is gone" wait_for 10 gone "$worker"
	check "and says why" wait_for 5 said "$name" "worker stops"
}

new_worker()
{
	local now
	now=$(worker_of "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}

# lines_of PREFIX LEAST FILE
lines_of()
{
	[ "$(grep -c "\"$1\"" "$3")" -ge "$2" ]
}

need_programs fwlog-agent setpriv ping pgrep
check_configuration
check_keys
check_capability
net_init
net_host fw
net_rules fw <<-EOT
table ip fw {
	counter logged { }
	chain output {
		type filter hook output priority 0; policy accept;
		ip daddr 127.0.0.5 icmp type echo-request counter name logged log prefix "to-5" group 5
		ip daddr 127.0.0.6 icmp type echo-request counter name logged log prefix "to-6" group 6
	}
}
EOT
check_places
check_taken
finish
