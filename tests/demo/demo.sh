#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo ("make demo"): three firewalls in network namespaces under real traffic, an agent
# in each, collector with the shipped alert rules, a private PostgreSQL and the web page; a
# port scan raises an alert, which a webhook is told. Ends on Ctrl-C or after
# DEMO_SECONDS with a balance: packets the rules counted against events stored. Everything
# it started ends with it. As root or as an ordinary user.
# DEMO_PORT: first choice for the page's port (8080).
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
. "$here/site.sh"
. "$here/page.sh"
. "$here/scan.sh"

INTERRUPTED=
SCANNED=
LOGGED=0

say()
{
	printf '%s\n' "$*"
}

# What the library says in a test's words, the demo says in plain ones.
die()
{
	clear_line
	say "demo: $*" >&2
	exit 1
}

skip_all()
{
	die "cannot run here: $*"
}

not_ok()
{
	FAILED=$((FAILED + 1))
	say "demo: $*" >&2
}

clear_line()
{
	[ ! -t 1 ] || printf '\r\033[K'
}

# The first Ctrl-C ends the traffic, the second everything at once.
interrupted()
{
	[ -z "$INTERRUPTED" ] || exit 130
	INTERRUPTED=yes
}

start_all()
{
	local port config
	say "fwlog demo: starting PostgreSQL, three firewalls, collector, agents, web page …"
	net_init
	pg_start
	db_init
	site_verdicts || die "fwlogctl prefix set failed"
	site_up
	port=$(free_port "${DEMO_PORT:-8080}")
	mapfile -t config < <(scan_config "http://127.0.0.1:$port/")
	scan_hook_start
	site_collector "${config[@]}"
	site_agents
	site_rules
	page_start "$port"
	must_wait "the collector evaluates alert rules" 20 scan_rules_evaluated
}

explain()
{
	say ""
	say "  web    firewall of a server, IPv4      nft groups 5, 7   agent -> TCP 10.77.1.1:7514, sealed"
	say "  kvm    bridge with two guests          nft groups 5, 6   agent -> Unix socket, plain"
	say "  v6     firewall of a server, IPv6      nft group 5       agent -> TCP [fd77::1]:7514, sealed"
	say "         against them: port scans, ssh brute force, DNS noise, pings"
	say "  alerts by the rules of packaging/sigma, told to a webhook in $T/hook"
	say "  fwlog-collector (process $COLLECTOR_PID) -> PostgreSQL $PG_SOCKET, database fwlog"
	say "  look inside:  psql -h $PG_SOCKET -U fwlog_report fwlog"
	say "  web page:     $PAGE"
	say ""
	if [ -n "${DEMO_SECONDS:-}" ]; then
		say "It ends after $DEMO_SECONDS s or on Ctrl-C, with a balance."
	else
		say "Ctrl-C ends it, with a balance."
	fi
}

# One line, rewritten in place on a terminal.
live_line()
{
	local numbers stored lost hosts
	LOGGED=$(net_logged "${SITE_HOSTS[@]}")
	numbers=$(sql "SELECT (SELECT count(*) FROM fwlog.event),
		(SELECT coalesce(sum(records), 0) FROM fwlog.loss),
		(SELECT count(*) FROM fwlog.host_status WHERE connected)") || return 0
	IFS='|' read -r stored lost hosts <<<"$numbers"
	clear_line
	printf '%4d s  logged %d  stored %d  lost %d  agents connected %d of %d' "$1" \
		"$LOGGED" "$stored" "$lost" "$hosts" "${#SITE_HOSTS[@]}"
	[ -t 1 ] || printf '\n'
}

# One scan, once the traffic is under way, and what came of it.
scan_step()
{
	if [ -z "$SCAN_START" ] && [ "$1" -ge 2 ]; then
		scan_begin
	elif [ -n "$SCAN_START" ] && [ -z "$SCANNED" ] &&
		{ scan_is_told || [ $(($(now_ms) - SCAN_START)) -gt $((2 * SCAN_LIMIT_MS)) ]; }; then
		clear_line
		scan_report
		SCANNED=yes
	fi
}

run_traffic()
{
	local start elapsed=0
	start=$(now_ms)
	site_traffic
	while [ -z "$INTERRUPTED" ] && [ "$elapsed" -lt "${DEMO_SECONDS:-1000000}" ]; do
		sleep 1
		elapsed=$((($(now_ms) - start) / 1000))
		live_line "$elapsed"
		scan_step "$elapsed"
	done
	clear_line
}

stop_all()
{
	local host
	say "Stopping the traffic; what is under way arrives …"
	site_traffic_stop
	wait_quiet "${SITE_HOSTS[@]}"
	wait_balanced 30 "${SITE_HOSTS[@]}" || say "Not everything arrived within 30 s."
	page_get >/dev/null || not_ok "the web page does not answer"
	if [ -n "$SCAN_START" ] && [ -z "$SCANNED" ]; then
		wait_for $((2 * SCAN_LIMIT_MS / 1000)) scan_is_told || :
		scan_report
	fi
	[ -z "$SCAN_START" ] || [ "$(scan_alerts | wc -l)" -eq 1 ] ||
		not_ok "the port scan is not one alert: $(scan_alerts)"
	for host in "${SITE_HOSTS[@]}"; do
		stop_agent "$host" || not_ok "the agent of $host did not end on SIGTERM"
	done
	stop_collector || not_ok "the collector did not end on SIGTERM"
}

# Each kind of event the demo is there to show.
check_kinds()
{
	local numbers ports v6 icmp hosts
	numbers=$(sql "SELECT
		count(*) FILTER (WHERE physin_id IS NOT NULL AND physout_id IS NOT NULL),
		count(*) FILTER (WHERE family(src) = 6), count(*) FILTER (WHERE proto IN (1, 58)),
		count(DISTINCT host_id) FROM fwlog.event") || die "the database does not answer"
	IFS='|' read -r ports v6 icmp hosts <<<"$numbers"
	say "events from $hosts hosts: $ports with bridge ports in and out, $v6 IPv6, $icmp ICMP"
	[ "$hosts" -eq "${#SITE_HOSTS[@]}" ] || not_ok "events of a host are missing"
	[ "$ports" -gt 0 ] || not_ok "no event has its bridge ports (physin, physout)"
	[ "$v6" -gt 0 ] || not_ok "no event is IPv6"
	[ "$icmp" -gt 0 ] || not_ok "no event is ICMP"
}

start_all
explain
trap interrupted INT
run_traffic
stop_all
check_kinds
balance "${SITE_HOSTS[@]}" || FAILED=$((FAILED + 1))
say "$BALANCE"
[ "$FAILED" -eq 0 ]
