#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# The demo tells of a port scan, ends with a balanced line and leaves nothing behind: by its
# own clock, and on Ctrl-C as an ordinary user.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/net.sh"
. "$here/../lib/pg.sh"

LINE='^balance: logged ([0-9]+) = stored ([0-9]+) \+ lost 0, duplicates 0$'

# demo NAME WORD…: the demo in the background, under the words' rule; every process of it
# carries a mark in its environment, everything it writes is under one folder.
demo()
{
	local name=$1
	shift
	mkdir -p "$T/$name"
	chmod 1777 "$T/$name"
	spawn "$name" env --default-signal=INT TMPDIR="$T/$name" FWLOG_MARK="$T/$name" \
		"$@" bash "$DEMO"
	DEMO_PID=$SPAWNED
}

# Processes with the mark, dead ones aside.
left_of()
{
	grep -lsz "^FWLOG_MARK=$T/$1\$" /proc/[0-9]*/environ
}

nothing_left()
{
	[ -z "$(left_of "$1")" ]
}

# check_end NAME: how that demo ended.
check_end()
{
	local name=$1 last
	check "$name: ends" wait_for 90 gone "$DEMO_PID"
	last=$(tail -n 1 "$T/log/$name.log")
	if [[ $last =~ $LINE ]]; then
		ok "$name: $last"
		is "$name: logged is stored" "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
		at_least "$name: events" "${BASH_REMATCH[1]}" 1001
	else
		not_ok "$name: last line '$last'"
	fi
	check "$name: says what kinds of events there are" \
		grep -qE '^events from 3 hosts: [1-9][0-9]* with bridge ports in and out, [1-9][0-9]* IPv6, [1-9][0-9]* ICMP$' \
		"$T/log/$name.log"
	check "$name: a port scan is told within 5 s" grep -qE \
		'^port scan of [0-9]+ ports by (nmap|pktgen) from 192.0.2.200: the webhook was told after ([1-4][0-9]{3}|[0-9]{1,3}) ms$' \
		"$T/log/$name.log"
	is "$name: as one alert, with its page" "$(grep -cE \
		'(Vertical port scan from outside.*src_ip=192.0.2.200 dst_ip=192.0.2.10|^  page: .*/alerts/[0-9]+$)' \
		"$T/log/$name.log")" 2
	check "$name: no process left" wait_for 5 nothing_left "$name"
	nothing_left "$name" || left_of "$name"
	is "$name: no file left" "$(find "$T/$name" -mindepth 1 | head -n 5)" ""
}

# logged_of NAME LEAST: its live line has come so far.
logged_of()
{
	[ "$(sed -n 's/.* logged \([0-9]*\)  stored .*/\1/p' "$T/log/$1.log" | tail -n 1)" \
		-ge "$2" ] 2>/dev/null
}

# Another user must be able to read scripts and programs.
copy_for_others()
{
	mkdir -p "$T/copy/bin" "$T/copy/packaging"
	cp -r "$ROOT/packaging/sigma" "$T/copy/packaging/"
	cp -r "$ROOT/tests" "$T/copy/"
	cp "$BIN"/* "$T/copy/bin/"
	chmod -R a+rX "$T/copy"
}

need_programs fwlog-agent fwlog-collector fwlogctl fwlog.cgi pktgen lighttpd curl
env --default-signal=INT true 2>/dev/null || skip_all "env cannot restore signals here"
pg_find || skip_all "PostgreSQL's server programs are missing"
net_init
copy_for_others

DEMO=$ROOT/tests/demo/demo.sh
demo timed DEMO_SECONDS=12 DEMO_PORT=18100
check_end timed

DEMO=$T/copy/tests/demo/demo.sh
as_user=()
[ "$(id -u)" -ne 0 ] ||
	as_user=(setpriv --reuid "$(id -u nobody)" --regid "$(id -g nobody)" --clear-groups)
if ! ${as_user[@]+"${as_user[@]}"} unshare -Urn true 2>/dev/null; then
	skip "interrupted: unprivileged user namespaces are switched off here"
	finish
fi
demo interrupted DEMO_SECONDS=60 DEMO_PORT=18100 BUILD="$T/copy" \
	${as_user[@]+"${as_user[@]}"}
check "interrupted: the demo runs as an ordinary user" wait_for 60 logged_of interrupted 2500
kill -INT "$DEMO_PID"
check_end interrupted
finish
