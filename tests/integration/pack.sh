#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The shipped alert rules on real packets: for each rule some that raise it, and as many as
# do not quite. What is raised must be exactly what is expected, so nothing else alerts.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-agent fwlog-collector fwlogctl python3 nmap
if [ "$(id -u)" -ne 0 ]; then
	skip_all "frames of any source cannot be sent without being root"
fi
net_init
pg_start --fast
db_init

# ---- two hosts, two cables; all that comes is logged before it is routed
net_host out fw
net_link out to_fw fw eth0
net_link out to_wan fw wan0
net_addr out to_fw 203.0.113.5/24
net_addr fw eth0 203.0.113.1/24
on fw ip route add default via 203.0.113.5
on fw sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.icmp_ratelimit=0
net_rules fw <<'END'
table inet fw {
	counter logged {}
	chain in {
		type filter hook prerouting priority raw; policy accept;
		iifname lo accept
		meta protocol ip ip daddr 198.51.100.99 counter name logged log prefix "drop: " group 5 drop
		tcp dport 7000-7999 counter name logged log prefix "drop: " group 5 drop
		meta protocol ip counter name logged log prefix "ACCEPT " group 5
		meta iifname eth0 ip saddr 203.0.113.5 accept
		meta protocol ip drop
	}
	chain out {
		type filter hook output priority filter; policy accept;
		ip daddr 203.0.113.50-203.0.113.51 counter name logged log prefix "REJECT " group 5 drop
		ip daddr 203.0.113.52 counter name logged log prefix "ACCEPT " group 5 drop
	}
}
END
start_collector "" "alerts = yes" "rules = $ROOT/packaging/sigma" "alert_hold = 500ms" \
	"host_silent_after = 0s"
start_agent fw "[group 5]"

# ---- frames of any kind
cat >"$T/craft.py" <<'END'
"""craft.py MAC-ON-ETH0 MAC-ON-WAN0: reads lines
INTERFACE COUNT PROTO SOURCE SPORT DESTINATION DPORT FLAGS; + behind an address or a port:
one more with each packet."""
import socket, struct, sys, time
macs = dict(zip(('to_fw', 'to_wan'), sys.argv[1:]))
protos = {'tcp': 6, 'udp': 17, 'icmp': 1}
FLAGS = {'F': 1, 'S': 2, 'R': 4, 'P': 8, 'A': 16, 'U': 32, '-': 0}
socks = {}
for i in macs:
    socks[i] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    socks[i].bind((i, 0))
def check(b):
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff
def step(text, k):
    return int(text[:-1]) + k if text.endswith('+') else int(text)
def addr(text, k):
    n = struct.unpack('!I', socket.inet_aton(text.rstrip('+')))[0]
    return struct.pack('!I', n + k if text.endswith('+') else n)
sent = 0
for line in sys.stdin:
    if not line.strip() or line.startswith('#'):
        continue
    iface, count, proto, src, sport, dst, dport, flags = line.split()
    number = protos.get(proto) or int(proto)
    for k in range(int(count)):
        if number == 6:
            body = struct.pack('!HHIIBBHHH', step(sport, k), step(dport, k), 1, 0, 80,
                sum(FLAGS[c] for c in flags), 1024, 0, 0)
        elif number == 17:
            body = struct.pack('!HHHH', step(sport, k), step(dport, k), 8, 0)
        elif number == 1:
            body = struct.pack('!BBHI', 8, 0, 0xf7ff, 0)
        else:
            body = bytes(20)
        head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(body), 1, 0, 64, number, 0) \
            + addr(src, k) + addr(dst, k)
        head = head[:10] + struct.pack('!H', check(head)) + head[12:]
        mac = bytes.fromhex(macs[iface].replace(':', ''))
        socks[iface].send(mac + b'\2\0\0\0\0\1' + b'\x08\0' + head + body)
        sent += 1
        if sent % 50 == 0:
            time.sleep(0.002)
print(sent)
END
eth0=$(on fw ip -o link show eth0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/')
wan0=$(on fw ip -o link show wan0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/')
SERVER=198.51.100.1

# Half of the lines raise nothing: they are one short, or harmless in one respect.
on out python3 "$T/craft.py" "$eth0" "$wan0" >"$T/sent" <<END
# vertical, slow
to_fw 24 tcp 203.0.113.6 4000 $SERVER 1000+ S
to_fw 60 tcp 203.0.113.7 4000 $SERVER 1000+ S
to_fw 59 tcp 203.0.113.8 4000 $SERVER 1000+ S
to_fw 40 tcp 203.0.113.9 443 $SERVER 2000+ SA
to_fw 40 udp 203.0.113.9 53 $SERVER 3000+ -
to_fw 250 tcp 10.0.0.5 4000 10.0.9.1 1000+ S
to_fw 249 tcp 10.0.0.6 4000 10.0.9.1 1000+ S
# horizontal
to_fw 25 tcp 203.0.113.10 4000 198.51.101.1+ 445 S
to_fw 24 tcp 203.0.113.11 4000 198.51.101.1+ 445 S
to_fw 250 tcp 10.0.0.7 4000 10.1.0.0+ 22 S
to_fw 249 tcp 10.0.0.8 4000 10.1.0.0+ 22 S
# distributed
to_fw 50 tcp 203.0.114.1+ 4000 $SERVER 5060 S
to_fw 49 tcp 203.0.114.1+ 4000 $SERVER 5061 S
to_fw 60 tcp 203.0.114.1+ 4000 $SERVER 443 S
# floods
to_fw 2000 tcp 203.0.113.12 1+ 198.51.100.2 443 S
to_fw 1999 tcp 203.0.113.12 1+ 198.51.100.3 443 S
to_fw 3000 udp 203.0.113.12 500 198.51.100.4 500 -
to_fw 2999 udp 203.0.113.12 500 198.51.100.5 500 -
to_fw 1000 icmp 203.0.113.12 0 198.51.100.6 0 -
to_fw 999 icmp 203.0.113.12 0 198.51.100.7 0 -
# flags
to_fw 1 tcp 203.0.113.13 4000 $SERVER 80 -
to_fw 1 tcp 203.0.113.14 4000 $SERVER 80 F
to_fw 1 tcp 203.0.113.15 4000 $SERVER 80 FPU
to_fw 1 tcp 203.0.113.16 4000 $SERVER 80 SF
to_fw 1 tcp 203.0.113.17 4000 $SERVER 80 FA
to_fw 1 tcp 203.0.113.18 4000 $SERVER 80 SA
to_fw 1 tcp 203.0.113.19 4000 $SERVER 80 R
# sources
to_fw 1 tcp 198.51.100.8 80 198.51.100.8 80 S
to_fw 1 tcp 198.51.100.8 80 198.51.100.9 80 S
to_fw 1 udp 127.0.0.9 53 $SERVER 53 -
to_fw 1 udp 240.0.0.1 53 $SERVER 53 -
to_fw 1 udp 0.0.0.1 53 $SERVER 53 -
to_fw 1 udp 0.0.0.0 68 255.255.255.255 67 -
to_wan 1 udp 10.9.9.9 53 $SERVER 53 -
to_wan 1 udp 203.0.113.20 53 $SERVER 53 -
to_fw 1 udp 10.9.9.8 53 $SERVER 53 -
# call-back
to_fw 1 tcp 10.0.0.9 4000 203.0.113.60 4444 S
to_fw 1 tcp 10.0.0.10 4000 203.0.113.60 443 S
to_fw 1 tcp 10.0.0.11 4000 10.0.0.12 4444 S
to_fw 1 tcp 203.0.113.21 4444 10.0.0.12 4000 SA
# administration
to_fw 1 tcp 203.0.113.22 4000 $SERVER 23 S
to_fw 1 tcp 203.0.113.23 4000 198.51.100.99 23 S
to_fw 1 tcp 203.0.113.24 4000 $SERVER 22 S
# tunnels
to_fw 1 47 203.0.113.25 0 $SERVER 0 -
to_fw 1 41 203.0.113.26 0 $SERVER 0 -
to_fw 1 udp 203.0.113.27 4789 $SERVER 4789 -
to_fw 1 50 203.0.113.28 0 $SERVER 0 -
to_fw 1 udp 203.0.113.29 4500 $SERVER 4500 -
# denied, then allowed
to_fw 10 tcp 203.0.113.30 4000 $SERVER 7000 S
to_fw 1 tcp 203.0.113.30 4000 $SERVER 443 S
to_fw 9 tcp 203.0.113.31 4000 $SERVER 7000 S
to_fw 1 tcp 203.0.113.31 4000 $SERVER 443 S
to_fw 1 tcp 203.0.113.32 4000 $SERVER 443 S
to_fw 10 tcp 203.0.113.32 4000 $SERVER 7000 S
END
# What the host itself sends.
# shellcheck disable=SC2016 # for the other shell
on fw bash -c 'for i in 1 2 3 4 5; do echo >/dev/udp/203.0.113.50/9
	[ $i = 5 ] || echo >/dev/udp/203.0.113.51/9; echo >/dev/udp/203.0.113.52/9; done' 2>/dev/null
on out nmap -n -Pn -sS -T4 --max-retries 2 -p 1-40 203.0.113.1 >"$T/log/nmap.log" 2>&1

# ---- what they raise
cat >"$T/expected" <<END
Bogon source|host=fw src_ip=0.0.0.1
Bogon source|host=fw src_ip=127.0.0.9
Bogon source|host=fw src_ip=240.0.0.1
Call-back port|host=fw src_ip=10.0.0.9
Clear-text administration allowed|host=fw src_ip=203.0.113.22
Clear-text administration allowed|host=fw src_ip=203.0.113.5
Denied outbound from a server|host=fw dst_ip=203.0.113.50
Denied, then allowed|src_ip=203.0.113.30
Distributed probe|dst_ip=$SERVER dst_port=5060
Horizontal sweep from inside|src_ip=10.0.0.7 dst_port=22
Horizontal sweep from outside|src_ip=203.0.113.10 dst_port=445
ICMP flood|dst_ip=198.51.100.6
Land attack|host=fw src_ip=198.51.100.8
Odd TCP flags|host=fw src_ip=203.0.113.13
Odd TCP flags|host=fw src_ip=203.0.113.14
Odd TCP flags|host=fw src_ip=203.0.113.15
Odd TCP flags|host=fw src_ip=203.0.113.16
Private source from outside|host=fw src_ip=10.9.9.9
SYN flood|dst_ip=198.51.100.2 dst_port=443
Slow port scan|src_ip=203.0.113.7 dst_ip=$SERVER
Tunnel protocol|host=fw src_ip=203.0.113.25
Tunnel protocol|host=fw src_ip=203.0.113.26
Tunnel protocol|host=fw src_ip=203.0.113.27
UDP flood|dst_ip=198.51.100.4
Vertical port scan from inside|src_ip=10.0.0.5 dst_ip=10.0.9.1
Vertical port scan from outside|src_ip=203.0.113.5 dst_ip=203.0.113.1
Vertical port scan from outside|src_ip=203.0.113.7 dst_ip=$SERVER
Vertical port scan from outside|src_ip=203.0.113.8 dst_ip=$SERVER
END
raised()
{
	sql "SELECT title, fwlog.group_text(fields) FROM fwlog.alert
		WHERE rule_id NOT LIKE 'fwlog-%' ORDER BY 1, 2" >"$T/raised"
	sort -o "$T/raised" "$T/raised"
	[ "$(comm -13 "$T/raised" "$T/expected" | wc -l)" -eq 0 ]
}
all_stored()
{
	[ "$(sql "SELECT count(*) FROM fwlog.event")" -ge "$(net_logged fw)" ]
}
sort -o "$T/expected" "$T/expected"
must_wait "all events are stored" 20 all_stored
is "no record was lost" "$(sql "SELECT count(*) FROM fwlog.loss")" 0
at_least "events" "$(sql "SELECT count(*) FROM fwlog.event")" "$(cat "$T/sent")"
wait_for 20 raised || :
# An event behind all others, so that what is held back has been counted.
on out python3 "$T/craft.py" "$eth0" "$wan0" >/dev/null <<<"to_fw 1 47 203.0.113.99 0 $SERVER 0 -"
echo "Tunnel protocol|host=fw src_ip=203.0.113.99" >>"$T/expected"
sort -o "$T/expected" "$T/expected"
wait_for 20 raised || :
while IFS= read -r line; do
	check "raised: $line" grep -qxF "$line" "$T/raised"
done <"$T/expected"
is "and nothing else" "$(comm -23 "$T/raised" "$T/expected")" ""
is "each once" "$(uniq -d "$T/raised")" ""
is "all documents of the pack are loaded" \
	"$(sql "SELECT count(*) FILTER (WHERE class = 'loaded') = count(*), count(*) FILTER (WHERE
		class = 'loaded') >= 20 FROM fwlog.rule_state WHERE path LIKE '%packaging/sigma%'")" "t|t"
check "the prefix map, which ships, is known before its first prefix comes" \
	test "$(grep -c 'prefix map' "$T/log/collector.log")" = 0
is "its author is told" "$(sql "SELECT DISTINCT author, license FROM fwlog.alert
	WHERE rule_id NOT LIKE 'fwlog-%'")" "fwlog|GPL-2.0-or-later"
check "every rule that alerts has an example" test -z "$(sql "SELECT title FROM fwlog.rule_state
	WHERE alerts AND path LIKE '%packaging/sigma%' AND title NOT IN (SELECT title FROM
	fwlog.alert)")"
finish
