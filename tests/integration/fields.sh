#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The same packets in three pairs of eyes: the same rules log to two groups, one is read by
# fwlog-agent (kernel text of its local log), the other by ulogd2 (its syslog emulation and
# its pcap file, read by tcpdump). They must agree field by field.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
. "$here/fields/packets.sh"

OURS=$T/fwlog.kernel
THEIRS=$T/ulogd.syslog
PCAP=$T/ulogd.pcap

# ---- the firewall fw: eth0 routed, port1 and port2 bridged
build()
{
	net_init
	net_host fw routed bridged sink
	net_link routed eth0 fw eth0
	net_link bridged eth0 fw port1
	net_link sink eth0 fw port2
	on fw ip link set eth0 address 02:00:00:00:00:02
	net_addr fw eth0 192.0.2.2/24 2001:db8::2/64
	net_bridge fw br0 port1 port2
	HAVE_PORTS=
	# shellcheck disable=SC2016 # for the other shell
	on fw sh -c 'for f in ip ip6; do
		echo 1 >/proc/sys/net/bridge/bridge-nf-call-${f}tables; done' 2>/dev/null &&
		HAVE_PORTS=1
}

# log PREFIX: to both groups
log()
{
	echo "counter name logged log prefix \"$1 \" group 5 log prefix \"$1 \" group 6"
}

rules()
{
	net_rules fw <<-RULES
		table inet filter {
			counter logged { }
			chain raw {
				type filter hook prerouting priority -450
				udp dport 5353 meta mark set 0x2a
				iifname "eth0" $(log RAW)
			}
			chain forward {
				type filter hook forward priority 0
				$(log BRIDGED)
			}
			chain output {
				type filter hook output priority 0
				oifname "eth0" $(log OUT)
			}
		}
		table bridge filter {
			counter logged { }
			chain prerouting {
				type filter hook prerouting priority -300
				iifname "port1" $(log PORT)
			}
		}
		table arp filter {
			counter logged { }
			chain input {
				type filter hook input priority 0
				$(log ARP)
			}
		}
	RULES
}

# ---- ulogd2
ulogd_conf()
{
	local plugins=$1 p
	cat <<-CONF
		[global]
		logfile="$T/log/ulogd2.log"
		loglevel=3
	CONF
	for p in inppkt_NFLOG raw2packet_BASE filter_IFINDEX filter_IP2STR filter_PRINTPKT \
		filter_HWHDR output_LOGEMU output_PCAP; do
		[ -e "$plugins/ulogd_$p.so" ] && echo "plugin=\"$plugins/ulogd_$p.so\""
	done
	cat <<-CONF
		stack=log:NFLOG,base:BASE,ifi:IFINDEX,ip2str:IP2STR,mac:HWHDR,print:PRINTPKT,emu:LOGEMU
	CONF
	[ -z "$HAVE_PCAP" ] || echo "stack=log:NFLOG,base:BASE,pcap:PCAP"
	cat <<-CONF
		[log]
		group=6
		netlink_qthreshold=1
		netlink_qtimeout=10
		[emu]
		file="$THEIRS"
		sync=1
		[pcap]
		file="$PCAP"
		sync=1
	CONF
}

start_ulogd()
{
	local plugins ON
	plugins=$(dirname "$(find /usr/lib /usr/lib64 /usr/local/lib -name ulogd_output_LOGEMU.so \
		2>/dev/null | head -n 1)")
	[ -e "$plugins/ulogd_output_LOGEMU.so" ] || skip_all "ulogd2 has no plugins"
	HAVE_PCAP=
	[ ! -e "$plugins/ulogd_output_PCAP.so" ] || HAVE_PCAP=1
	ulogd_conf "$plugins" >"$T/ulogd.conf"
	in_host fw
	spawn ulogd "${ON[@]}" "${WITH_PARENT[@]}" "$(command -v ulogd)" -c "$T/ulogd.conf"
	must_wait "ulogd2 binds its group" 10 group_bound 6
}

group_bound()
{
	on fw cat /proc/net/netfilter/nfnetlink_log | awk -v g="$1" '$1 == g { f = 1 }
		END { exit !f }'
}

# ---- packets
# Known to the firewall, so that answers go out without asking.
know_peer()
{
	on fw ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
	on fw ip neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
}

send()
{
	on "$1" "$BIN/frames" eth0 <"$T/$1.frames" >>"$T/log/frames.log" 2>&1 ||
		die "frames of $1 cannot be sent"
}

# Local sockets, for UID and GID; another user than root where that is possible.
send_local()
{
	local user=()
	[ "$(id -u)" -ne 0 ] || user=(setpriv --reuid 1234 --regid 2345 --clear-groups)
	on fw "${user[@]}" bash -c 'echo x >/dev/udp/192.0.2.1/53
		timeout 0.2 bash -c "echo x >/dev/tcp/2001:db8::1/22"' 2>/dev/null
	return 0
}

# ---- comparing
lines()
{
	if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi
}

all_written()
{
	[ "$(lines "$OURS")" -ge "$LOGGED" ] && [ "$(lines "$THEIRS")" -ge "$LOGGED" ]
}

# same WHAT FILE FILE: one line a packet, in any order (two processors may log at once).
same()
{
	[ "$(lines "$2")" -ge 100 ] || {
		not_ok "$1: only $(lines "$2") packets to compare"
		return
	}
	if diff -u <(sort "$2") <(sort "$3") >"$T/log/diff-$(basename "$2").log"; then
		ok "$1 ($(lines "$2") packets)"
	else
		not_ok "$1: see the difference in the logs"
	fi
}

# normal WHOSE PROGRAM FILE: lines in the form that both sides have
normal()
{
	awk -v side="$1" -f "$here/fields/ipv6.awk" -f "$here/fields/$2.awk" "$3"
}

compare_ulogd()
{
	normal fwlog common "$OURS" >"$T/ours"
	normal ulogd common "$THEIRS" >"$T/theirs"
	same "fwlog and ulogd2 agree field by field" "$T/ours" "$T/theirs"
}

compare_tcpdump()
{
	command -v tcpdump >/dev/null || {
		skip "tcpdump is missing"
		return
	}
	[ -n "$HAVE_PCAP" ] || {
		skip "ulogd2 has no PCAP plugin (package ulogd2-pcap)"
		return
	}
	tcpdump -nn -v -r "$PCAP" >"$T/pcap.text" 2>"$T/log/tcpdump.log"
	normal fwlog tcpdump "$OURS" >"$T/ours-pcap"
	normal tcpdump tcpdump "$T/pcap.text" >"$T/theirs-pcap"
	same "fwlog and tcpdump agree field by field" "$T/ours-pcap" "$T/theirs-pcap"
}

# ulogd2 does not print bridge ports; the rules say which they must be.
check_ports()
{
	local wrong
	[ -n "$HAVE_PORTS" ] || {
		skip "PHYSIN and PHYSOUT: no br_netfilter"
		return
	}
	at_least "bridged packets" "$(grep -c 'kernel: BRIDGED ' "$OURS")" 30
	wrong=$(grep 'kernel: BRIDGED ' "$OURS" |
		grep -vc 'IN=br0 OUT=br0 PHYSIN=port[12] PHYSOUT=port[12] MAC=')
	is "bridged packets without PHYSIN and PHYSOUT" "$wrong" 0
}

# holds WHAT TEXT: so stands somewhere in our log.
holds()
{
	if grep -qF -- "$2" "$OURS"; then ok "$1"; else not_ok "$1: no '$2'"; fi
}

# What ulogd2 cannot say.
check_rest()
{
	holds "SPI of ESP" "PROTO=ESP SPI=0xdeadbeef "
	holds "SPI of AH" "PROTO=AH SPI=0x1001 "
	holds "gateway of a redirect" "TYPE=5 CODE=1 GATEWAY=192.0.2.254 [SRC=192.0.2.2 "
	holds "MTU of ICMP" "PROTO=UDP SPT=53 DPT=54321 LEN=40 ] MTU=1500 "
	holds "MTU and inner packet of ICMPv6" "PROTO=UDP SPT=53 DPT=54321 LEN=20 ] MTU=1280 "
	holds "pointer of ICMPv6" "TYPE=4 CODE=1 POINTER=00000028 [SRC="
	holds "ARP" "OPCODE=1 MACSRC=02:00:00:00:00:01 IPSRC=192.0.2.1 MACDST=00:00:00:00:00:00"
	if [ "$(id -u)" -eq 0 ]; then
		holds "user and group of the socket" "DPT=53 LEN=10 UID=1234 GID=2345 "
	fi
}

# json WHAT PATTERN…: a line of the log as JSON has all of them.
json()
{
	local what=$1 found p
	found=$(<"$JSON")
	shift
	for p in "$@"; do
		found=$(grep -F -- "$p" <<<"$found")
	done
	if [ -n "$found" ]; then ok "$what"; else not_ok "$what: no line with $*"; fi
}

json_written()
{
	grep -q '"arp_op":1' "$JSON" 2>/dev/null
}

check_json()
{
	JSON=$T/fwlog.json
	stop_agent fw || not_ok "the agent does not end on SIGTERM"
	start_agent fw "transport = plain" "local_log = json" "local_log_path = $JSON" "flush_timeout = 10ms" \
		"[group 5]"
	rules
	send bridged
	send routed
	must_wait "the log as JSON" 20 json_written
	json "VLAN" '"prefix":"PORT "' '"vlan_id":7' '"dport":53' '"ethertype":2048'
	json "inner packet of GRE" '"proto":47' '"inner_dst":"198.51.100.9"' '"inner_dport":54321'
	json "fragment without ports" '"frag_offset":1480,"ethertype"' '"proto":17'
	json "SCTP" '"proto":132' '"sport":5000,"dport":80'
	json "IPv6" '"src":"2001:db8::1"' '"dport":22' '"tcp_flags":2,'
}

need_programs ip nft ulogd fwlog-agent frames
build
start_ulogd
COLLECTOR_SOCKET=$T/none # records wait in the spool
start_agent fw "transport = plain" "local_log = kernel" "local_log_path = $OURS" "snaplen = 65531" \
	"flush_timeout = 10ms" "[group 5]"
know_peer
{ packets_ip4 && packets_ip6 && packets_arp; } >"$T/routed.frames"
{ packets_vlan && packets_ip4 && packets_ip6 && packets_arp; } >"$T/bridged.frames"
rules
send routed
send bridged
send_local
wait_quiet fw
# The rules go first, the counters stay: a late neighbour solicitation is counted or not.
on fw nft list tables | sed 's/^table/flush table/' | on fw nft -f -
LOGGED=$(net_logged fw)
wait_for 20 all_written || note "not everything was written in time"
at_least "packets logged" "$LOGGED" 100
is "lines of fwlog" "$(lines "$OURS")" "$LOGGED"
is "lines of ulogd2" "$(lines "$THEIRS")" "$LOGGED"
compare_ulogd
compare_tcpdump
check_ports
check_rest
check_json
finish
