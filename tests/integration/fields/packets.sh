# SPDX-License-Identifier: GPL-2.0-or-later
# Ethernet frames in hexadecimal for tests/tools/frames: every protocol the decoder knows,
# each in a line of its own behind a comment with its name. All checksums behind the IPv4
# header are 0; the rules log before anyone looks at them.

GATE=020000000002  # the firewall
PEER=020000000001
SRC4=c0000201      # 192.0.2.1
DST4=c0000202
SRC6=20010db8000000000000000000000001
DST6=20010db8000000000000000000000002

# bytes HEX: how many
bytes()
{
	local hex=${1// /}
	echo $((${#hex} / 2))
}

# ip4 PROTO PAYLOAD [FRAG [OPTIONS [TOS]]]
ip4()
{
	local options=${4:-} head
	head=$((20 + $(bytes "$options")))
	printf '4%x%s%04x1234%s40%02x0000%s%s%s%s' $((head / 4)) "${5:-00}" \
		$((head + $(bytes "$2"))) "${3:-4000}" "$1" "$SRC4" "$DST4" "$options" "$2"
}

# ip6 NEXT-HEADER PAYLOAD [TRAFFIC CLASS [FLOW LABEL]]
ip6()
{
	printf '6%s%s%04x%02x39%s%s%s' "${3:-00}" "${4:-00000}" "$(bytes "$2")" "$1" "$SRC6" \
		"$DST6" "$2"
}

# tcp FLAGS: port 54321 to 22
tcp()
{
	printf 'd431001601020304050607085%s2000abcd0007' "$1"
}

# frame NAME ETHERTYPE PAYLOAD
frame()
{
	printf '# %s\n%s %s %s %s\n' "$1" "$GATE" "$PEER" "$2" "$3"
}

UDP=d4310035000c000061626364
MARKED=d43114e9000c000061626364
# What an error of ICMP quotes: 192.0.2.2 port 53 to 198.51.100.9 port 54321.
QUOTED4=4500003c000740003f110000c0000202c63364090035d43100280000
QUOTED6=6000000000141140${DST6}${SRC6}0035d43100140000

packets_ip4()
{
	frame "TCP SYN" 0800 "$(ip4 6 "$(tcp 002)")"
	frame "TCP RST ACK" 0800 "$(ip4 6 "$(tcp 014)" 0000)"
	frame "TCP all flags" 0800 "$(ip4 6 "$(tcp 0ff)" 4000 "" b8)"
	frame "TCP behind options" 0800 "$(ip4 6 "$(tcp 002)" 4000 0101010194040000)"
	frame "TCP cut" 0800 "$(ip4 6 d4310016)"
	frame "UDP" 0800 "$(ip4 17 "$UDP")"
	frame "UDP with a mark" 0800 "$(ip4 17 "$MARKED")"
	frame "UDP first fragment" 0800 "$(ip4 17 "${UDP}61626364" 2000)"
	frame "UDP later fragment" 0800 "$(ip4 17 "$UDP" 00b9)"
	frame "ICMP echo" 0800 "$(ip4 1 08000000beef0003)"
	frame "ICMP port unreachable" 0800 "$(ip4 1 "0303000000000000$QUOTED4")"
	frame "ICMP fragmentation needed" 0800 "$(ip4 1 "03040000000005dc$QUOTED4")"
	frame "ICMP redirect" 0800 "$(ip4 1 "05010000c00002fe$QUOTED4")"
	frame "ICMP time exceeded" 0800 "$(ip4 1 "0b00000000000000$QUOTED4")"
	frame "ICMP parameter problem" 0800 "$(ip4 1 "0c00000014000000$QUOTED4")"
	frame "ICMP timestamp" 0800 "$(ip4 1 0d00000000010002000000000000000000000000)"
	frame "ESP" 0800 "$(ip4 50 deadbeef0000000155555555)"
	frame "AH" 0800 "$(ip4 51 "060400000000100100000001000102030405060708090a0b$(tcp 002)")"
	frame "SCTP" 0800 "$(ip4 132 138800500000000000000000)"
	frame "DCCP" 0800 "$(ip4 33 138800500000000000000000)"
	frame "GRE" 0800 "$(ip4 47 "00000800$QUOTED4")"
	frame "IPIP" 0800 "$(ip4 4 "$QUOTED4")"
	frame "IGMP" 0800 "$(ip4 2 16640000e0000005)"
}

packets_ip6()
{
	frame "TCP SYN over IPv6" 86dd "$(ip6 6 "$(tcp 002)" b8 12345)"
	frame "UDP over IPv6" 86dd "$(ip6 17 "$UDP")"
	frame "UDP behind extension headers" 86dd \
		"$(ip6 0 "3c000502000000001100010400000000$UDP")"
	frame "UDP first fragment over IPv6" 86dd "$(ip6 44 "11000001cafef00d${UDP}61626364")"
	frame "UDP later fragment over IPv6" 86dd "$(ip6 44 "110005a0cafef00d$UDP")"
	frame "ICMPv6 echo" 86dd "$(ip6 58 80000000beef0004)"
	frame "ICMPv6 unreachable" 86dd "$(ip6 58 "0104000000000000$QUOTED6")"
	frame "ICMPv6 too big" 86dd "$(ip6 58 "0200000000000500$QUOTED6")"
	frame "ICMPv6 parameter problem" 86dd "$(ip6 58 "0401000000000028$QUOTED6")"
	frame "OSPF over IPv6" 86dd "$(ip6 89 0301001000000000)"
	frame "no next header" 86dd "$(ip6 59 "")"
}

packets_arp()
{
	frame "ARP request" 0806 "0001080006040001${PEER}${SRC4}000000000000${DST4}"
}

packets_vlan()
{
	frame "UDP in VLAN 7" 81006007 "0800$(ip4 17 "$UDP")"
}
