#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 150
# Three firewalls log real packets; all of them arrive in PostgreSQL, each once, with the
# fields they must have, and the page shows the hosts.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
. "$here/../demo/site.sh"
. "$here/../demo/page.sh"

SENT=0

# flood HOST ADDRESS PACKETS [PKTGEN OPTION]…: packets numbered as no others of this run.
flood()
{
	local host=$1 to=$2 n=$3
	shift 3
	on "$host" "$BIN/pktgen" -n "$n" -r 4000 -i "$SENT" "$@" "$to" >/dev/null ||
		die "pktgen to $to"
	SENT=$((SENT + n))
}

# knock HOST ADDRESS PORT TIMES: connections that are refused.
knock()
{
	# shellcheck disable=SC2016 # for the other shell
	on "$1" bash -c 'for ((i = 0; i < $3; i++)); do : <>"/dev/tcp/$1/$2"; done' \
		knock "$2" "$3" "$4" 2>/dev/null
}

# events WHAT COUNT CONDITION: so many events there are, by the view people use.
events()
{
	is "$1" "$(sql "SELECT count(*) FROM fwlog.event_full WHERE $3")" "$2"
}

send_all()
{
	local host=out
	flood $host $WEB 5000 -p 2000-2999 -s 8 -f 192.0.2.101
	flood $host $VM2 3000 -p 3000-3999 -s 4
	flood $host $V6 3000 -p 4000-4999 -s 4 -f 2001:db8:6::a1
	flood $host $WEB 500 -p 53 -b 64
	flood web 192.0.2.1 200 -p 123
	knock $host $WEB 22 25
	knock $host $V6 22 15
	PINGS=
	command -v ping >/dev/null || return 0
	PINGS=yes
	on $host ping -q -n -c 5 -i 0.05 $WEB >/dev/null
	on $host ping -q -n -c 6 -i 0.05 $V6 >/dev/null
	on vm1 ping -q -n -c 7 -i 0.05 $VM2 >/dev/null
}

check_events()
{
	events "UDP to the server" 5000 "host = 'web' AND prefix = 'UDP ' AND protocol = 'udp'
		AND src_ip = '192.0.2.101' AND dst_ip = '$WEB' AND dst_port BETWEEN 2000 AND 2999
		AND src_port IS NOT NULL AND length = 60 AND ttl = 64 AND in_iface = 'eth0'
		AND out_iface IS NULL AND hook = 'input' AND family = 'ipv4' AND nflog_group = 5
		AND src_mac IS NOT NULL AND NOT time_from_agent AND NOT payload_cut
		AND abs(extract(epoch FROM now() - time)) < 120"
	events "DNS" 500 "host = 'web' AND prefix = 'DNS ' AND dst_port = 53 AND length = 92"
	events "refused connections, TCP flags" 25 "host = 'web' AND prefix = 'SSH-BRUTE '
		AND protocol = 'tcp' AND dst_port = 22 AND tcp_flags = 'SYN'"
	events "sent by a local user" 200 "host = 'web' AND prefix = 'NTP-OUT ' AND uid = 0
		AND hook = 'output' AND out_iface = 'eth0' AND in_iface IS NULL
		AND nflog_group = 7"
	events "bridge: ports in and out" 3000 "host = 'kvm' AND prefix = 'GUEST-UDP '
		AND family = 'bridge' AND physin_iface = 'eth0' AND physout_iface = 'vnet1'
		AND dst_ip = '$VM2' AND dst_port BETWEEN 3000 AND 3999 AND length = 60"
	events "UDP over IPv6" 3000 "host = 'v6' AND prefix = 'UDP6 ' AND family = 'ipv6'
		AND src_ip = '2001:db8:6::a1' AND dst_ip = '$V6' AND length = 80"
	events "refused connections over IPv6" 15 "host = 'v6' AND prefix = 'SSH6-BRUTE '
		AND protocol = 'tcp'"
	events "nothing else is there" 0 "prefix NOT IN ('UDP ', 'DNS ', 'SSH-BRUTE ',
		'NTP-OUT ', 'GUEST-UDP ', 'UDP6 ', 'SSH6-BRUTE ', 'PING ', 'PING6 ', 'GUEST-PING ')
		OR prefix IS NULL"
	if [ -z "$PINGS" ]; then
		skip "pings: no program ping"
		return
	fi
	events "ICMP" 5 "host = 'web' AND prefix = 'PING ' AND protocol = 'icmp'
		AND icmp_type = 8 AND icmp_code = 0"
	events "ICMPv6" 6 "host = 'v6' AND prefix = 'PING6 ' AND icmp_type = 128"
	events "guest to guest, both ways" 14 "host = 'kvm' AND prefix = 'GUEST-PING '
		AND physin_iface ~ '^vnet[01]$' AND physout_iface ~ '^vnet[01]$'
		AND physin_iface <> physout_iface AND icmp_type IN (0, 8) AND nflog_group = 6"
}

check_page()
{
	local host
	page_get >"$T/page.html" || {
		not_ok "the page: no answer"
		return
	}
	for host in "${SITE_HOSTS[@]}"; do
		check "the page shows $host" grep -q ">$host<" "$T/page.html"
	done
	check "the page shows a prefix" grep -q "GUEST-UDP" "$T/page.html"
}

need_programs fwlog-agent fwlog-collector fwlogctl fwlog.cgi pktgen lighttpd curl
net_init
pg_start --fast
db_init
site_up
site_collector
if [ "$(id -u)" -eq 0 ]; then site_agents "user = nobody"; else site_agents; fi
site_rules
check "three agents are connected" wait_for 20 hosts_connected 3
page_start "$(free_port 18080)"
send_all
wait_quiet "${SITE_HOSTS[@]}"
check "everything arrives" wait_balanced 30 "${SITE_HOSTS[@]}"
check_events
check_page
final_balance "${SITE_HOSTS[@]}"
is "nothing lost" "$LOST" 0
is "each numbered packet is there" "$MARKED" "$SENT"
finish
