#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# fwlogctl import: kernel LOG lines of all kinds of logs, captures and both schemas of ulogd2
# become events as fwlog_ingest; each line is an event or stands in the reject file with the
# reason; imported twice, or from files that overlap, it is stored once; roll-ups are the sums
# of the events; what an import does not survive it goes on with. fwlogctl export.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl python3 gzip zstd
pg_start --fast
"$BIN/fwlogctl" db init --db "$(pg_dsn postgres)" >"$T/log/fwlogctl.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog

# import WHAT ARGUMENT…: messages in $T/err, status in $RC.
import()
{
	"$BIN/fwlogctl" import "$@" --db "$(pg_dsn "${AS:-fwlog_ingest}")" >"$T/out" 2>"$T/err"
	RC=$?
}

# says WHAT STATUS PATTERN…
says()
{
	local what=$1 wanted=$2 p
	shift 2
	for p in "$@"; do
		if [ "$RC" -ne "$wanted" ] || ! grep -Eq -- "$p" "$T/err"; then
			not_ok "$what: status $RC, said: $(<"$T/err")"
			return
		fi
	done
	ok "$what"
}

events()
{
	sql "SELECT count(*) FROM fwlog.event"
}

# rollups WHAT: every roll-up has the sums of the events.
rollups()
{
	local r wrong=
	for r in minute hour hour_port hour_src hour_dst; do
		[ "$(sql "SELECT (SELECT (sum(events), sum(bytes)) FROM fwlog.rollup_$r) =
			(SELECT (count(*)::numeric, sum(coalesce(len, 0))::numeric) FROM fwlog.event)")" = t ] ||
			wrong+=" $r"
	done
	is "$1: roll-ups are the sums of the events" "$wrong" ""
}

# ---- lines of every kind
PACKET='IN=eth0 OUT= MAC=02:00:00:00:00:02:02:00:00:00:00:01:08:00 SRC=192.0.2.9 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x20 TTL=53 ID=4711 DF PROTO=TCP SPT=40000 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0 '
cat >"$T/kinds.log" <<END
Nov 20 14:05:01 fw1 kernel: [12345.678901] drop in: $PACKET
<4>Nov 20 14:05:02 fw1 kernel: drop in: $PACKET
2026-11-20T14:05:03.123456+01:00 fw1 kernel: [12345.678901] drop in: $PACKET
<4>1 2026-11-20T14:05:04.5Z fw1 kernel - - [x@1 a="]"] drop in: $PACKET
Fri 2026-11-20 14:05:05 UTC fw1 kernel: drop in: $PACKET
1795183506.250000 fw1 kernel: drop in: $PACKET
[Fri Nov 20 14:05:07 2026] drop in: $PACKET
2026-11-20T14:05:08,000001+00:00 drop in: $PACKET
{"__CURSOR":"s=1;i=9","__REALTIME_TIMESTAMP":"1795183509000000","_HOSTNAME":"fw1","MESSAGE":"drop in: $PACKET","PRIORITY":"4"}
Nov 20 14:05:10 fw1 sshd[4]: Failed password for root
Nov 20 14:05:11 fw1 kernel: six: IN=eth1 OUT=eth2 MAC= SRC=2001:0db8:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0002 LEN=72 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=UDP SPT=0 DPT=53 LEN=32 MARK=0x1f
Nov 20 14:05:12 fw1 kernel: esp IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=120 TOS=0x00 PREC=0x00 TTL=60 ID=1 PROTO=ESP SPI=0xdeadbeef
Nov 20 14:05:13 fw1 kernel: err IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=56 TOS=0x00 PREC=0x00 TTL=60 ID=1 PROTO=ICMP TYPE=3 CODE=1 [SRC=198.51.100.1 DST=203.0.113.7 LEN=28 TOS=0x00 PREC=0x00 TTL=1 ID=7 PROTO=UDP SPT=5353 DPT=53 LEN=8 ] 
Nov 20 14:05:14 fw1 kernel: out IN= OUT=eth0 SRC=198.51.100.1 DST=192.0.2.9 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=22 DPT=40000 WINDOW=1 RES=0x00 ACK SYN URGP=0 UID=1000 GID=100 
Nov 20 14:05:15 fw1 kernel: br IN=br0 OUT=br0 PHYSIN=eth3 PHYSOUT=eth4 SRC=192.0.2.9 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=47
Nov 20 14:05:16 fw1 kernel: cut IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=44
Nov 20 14:05:17 fw1 kernel: cut IN=eth0 OUT= SRC=192.0.2.9 DST=198.51
Nov 20 14:05:18 fw1 kernel: bad IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=60 PROTO=TCP SPT=70000 DPT=44 URGP=0
Nov 20 14:05:19 fw1 kernel: arp IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=02:00:00:00:00:01 IPSRC=192.0.2.9 MACDST=00:00:00:00:00:00 IPDST=198.51.100.1
[12345.678901] drop in: $PACKET
END
touch -d '2026-11-21 00:00 UTC' "$T/kinds.log"
import log "$T/kinds.log" --tz UTC --host fw1
says "all kinds of lines" 0 ': 20 lines in .*: 16 events stored, 0 known already, 1 lines of others, 3 rejected, see .*/kinds.log.rejects$'
is "rejects have the line and the reason" "$(grep -c '^# .*kinds.log:[0-9]*: ' "$T/kinds.log.rejects")|$(
	grep -v '^#' "$T/kinds.log.rejects" | grep -vxFc -f "$T/kinds.log")" "3|0"
check "what was cut" grep -q 'kinds.log:17: no addresses: cut off' "$T/kinds.log.rejects"
check "what cannot be" grep -q 'kinds.log:18: a value that cannot be: SPT=70000' "$T/kinds.log.rejects"
check "what has no time" grep -q 'kinds.log:20: .*--boot TIME' "$T/kinds.log.rejects"
is "times of all stamps" "$(sql "SELECT string_agg(to_char(ts AT TIME ZONE 'UTC', 'DD HH24:MI:SS.US'), ',' ORDER BY n)
	FROM fwlog.event WHERE n <= 9")" "20 14:05:01.000000,20 14:05:02.000000,20 13:05:03.123456,20 14:05:04.500000,20 14:05:05.000000,20 14:05:06.250000,20 14:05:07.000000,20 14:05:08.000001,20 14:05:09.000000"
is "the same packet in all of them" "$(as_report() { sql "$1"; }; as_report "SELECT DISTINCT host, prefix, in_iface,
	out_iface, src_ip, src_port, dst_ip, dst_port, protocol, tcp_flags, length, ttl, tos, src_mac,
	dst_mac, ethertype, family FROM fwlog.event_full WHERE n <= 9")" \
	"fw1|drop in: |eth0||192.0.2.9|40000|198.51.100.1|22|tcp|SYN|60|53|32|02:00:00:00:00:01|02:00:00:00:00:02|2048|ipv4"
# fields PREFIX COLUMNS
fields()
{
	sql "SELECT $2 FROM fwlog.event_full WHERE prefix = '$1'"
}
is "IPv6, port 0, mark" "$(fields 'six: ' 'src_ip, src_port, dst_port, mark, in_iface, out_iface, family')" \
	"2001:db8::1|0|53|31|eth1|eth2|ipv6"
is "ESP" "$(fields 'esp ' 'protocol, spi')" "esp|3735928559"
is "ICMP and the packet in it" "$(fields 'err ' 'icmp_type, icmp_code, inner_src_ip, inner_src_port,
	inner_dst_ip, inner_dst_port, inner_protocol, src_ip, length')" \
	"3|1|198.51.100.1|5353|203.0.113.7|53|udp|192.0.2.9|56"
is "user of a local socket" "$(fields 'out ' 'uid, gid, tcp_flags, out_iface')" "1000|100|SYN,ACK|eth0"
is "ports of a bridge, a number as protocol" "$(fields 'br ' 'physin_iface, physout_iface, protocol_number')" "eth3|eth4|47"
is "a cut line has what was whole" "$(fields 'cut ' 'src_port, dst_port, protocol')" "40000||tcp"
is "ARP" "$(fields 'arp ' 'arp_operation, src_ip, family, src_mac')" "request|192.0.2.9|arp|02:00:00:00:00:01"
rollups "a few lines"
import log "$T/kinds.log" --tz UTC --host fw1
says "again: nothing is stored" 0 ': 0 events stored, 16 known already'
import log "$T/kinds.log" --tz Europe/Berlin --host fw2 --boot 2026-11-20T00:00:00Z --rejects "$T/elsewhere"
says "another host, zone and the time of boot" 0 ': 17 events stored, 0 known .*, 2 rejected, see .*/elsewhere$'
is "the zone counts where the stamp has none" "$(sql "SELECT to_char(min(ts) AT TIME ZONE 'UTC', 'HH24:MI:SS')
	FROM fwlog.event WHERE host_id = 2 AND n = 1")" "13:05:01"

# ---- overlap, compression, pipes
line()
{
	printf 'Nov 19 10:%02d:%02d gw kernel: in: IN=eth0 OUT= SRC=10.0.%d.%d DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=%d PROTO=UDP SPT=53 DPT=%d LEN=20 \n' \
		"$(($1 / 60 % 60))" "$(($1 % 60))" "$(($1 / 250))" "$(($1 % 250))" "$1" "$((1024 + $1))"
}
for ((i = 0; i < 600; i++)); do line $i; done >"$T/long.log"
tail -n 1 "$T/long.log" >>"$T/long.log" # one line twice in one second is two events
head -n 300 "$T/long.log" | gzip >"$T/first.gz"
tail -n +201 "$T/long.log" | zstd -q >"$T/second.zst"
touch -d '2026-11-21 00:00 UTC' "$T"/long.log "$T"/*.gz "$T"/*.zst
before=$(events)
import log "$T/first.gz" --tz UTC
says "gzip" 0 ': 300 events stored, 0 known'
import log "$T/second.zst" --tz UTC
says "zstd, and an overlap of a hundred lines" 0 ': 301 events stored, 100 known'
import log "$T/long.log" --tz UTC
says "the whole of both" 0 ': 0 events stored, 601 known'
import log - --tz UTC --year 2026 <"$T/long.log"
says "standard input" 0 ': 0 events stored, 601 known'
is "each line once" "$(($(events) - before))" 601
is "numbers without gaps" "$(sql "SELECT count(*) FROM (SELECT host_id, count(*) AS c, max(n) AS m,
	min(n) AS l FROM fwlog.event GROUP BY 1) x JOIN fwlog.host_mark USING (host_id)
	WHERE c <> m OR l <> 1 OR next_n <> m + 1")" 0
head -c 900 "$T/second.zst" >"$T/cut.zst"
import log "$T/cut.zst" --tz UTC
says "a cut file is told" 1 'cut.zst: it is cut off'
printf 'Nov 19 10:00:00 a/b kernel: x IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 LEN=40 PROTO=2\n' >"$T/name.log"
import log "$T/name.log"
says "a host that cannot be" 0 '0 events stored, .* 1 rejected'
is "a row for each file" "$(sql "SELECT count(*) > 8 FROM fwlog.import WHERE kind = 'log'")" t

# ---- the journal's export, with a field of bytes
python3 - "$T/export" <<'END'
import struct, sys
m = b"drop in: IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=UDP SPT=1 DPT=2 LEN=20 "
with open(sys.argv[1], "wb") as f:
    for i in range(3):
        f.write(b"__CURSOR=s=2;i=%d\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=jr\n" % (i, 1795183500000000 + i))
        f.write(b"MESSAGE\n" + struct.pack("<Q", len(m)) + m + b"\n\n" if i else b"MESSAGE=" + m + b"\n\n")
END
import log "$T/export"
says "journalctl -o export" 0 ': 3 events stored'

# ---- a large file, killed in the middle, then whole
python3 - "$T/big.log" <<'END'
import random, sys
random.seed(3)
with open(sys.argv[1], "w") as f:
    for i in range(200000):
        f.write("Nov 18 %02d:%02d:%02d big%d kernel: [9.1] IN-DROP IN=eth0 OUT= SRC=10.%d.%d.%d DST=198.51.100.%d LEN=%d TOS=0x00 PREC=0x00 TTL=64 ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=1 RES=0x00 SYN URGP=0 \n" % (
            i // 10000, i // 167 % 60, i // 3 % 60, i % 3, random.randrange(4), random.randrange(9), random.randrange(250),
            i % 20, 40 + i % 9, i % 65536, 1024 + i % 60000, random.choice((22, 23, 80, 443, 8080))))
END
touch -d '2026-11-21 00:00 UTC' "$T/big.log"
before=$(events)
spawn big "$BIN/fwlogctl" import log "$T/big.log" --tz UTC --db "$(pg_dsn fwlog_ingest)"
BIG=$SPAWNED
begun()
{
	[ "$(events)" -gt "$before" ] || gone "$BIG"
}
must_wait "some of it is stored" 60 begun
kill -KILL "$BIG" 2>/dev/null
wait_for 10 gone "$BIG"
import log "$T/big.log" --tz UTC
says "after a kill it goes on" 0 '200000 lines in '
is "nothing twice, nothing missing" "$(($(events) - before))" 200000
note "$(sed -n 's/.* in \(.*\): [0-9]* events stored.*/the rest in \1/p' "$T/err")"
rollups "after a kill"

# ---- captures: what export gives comes back; Ethernet as others write it
"$BIN/fwlogctl" import log "$T/kinds.log" --tz UTC --host caps -q --rejects "$T/elsewhere" \
	--db "$(pg_dsn fwlog_ingest)"
python3 - "$T" <<'END'
import struct, sys
ip = bytes.fromhex("4500003c1c4640004006b1e6c0000209c6336401") + bytes.fromhex("9c4000160000000100000000a002fff000000000020405b4")
eth = bytes.fromhex("020000000002020000000001" "8100" "0005" "0800") + ip
for order in "<>":
    name = "le" if order == "<" else "be"
    with open(sys.argv[1] + "/eth-" + name + ".pcap", "wb") as f:
        f.write(struct.pack(order + "IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for i in range(5):
            f.write(struct.pack(order + "IIII", 1795183500, 1000 * i, len(eth), len(eth) + 100) + eth)
def tlv(order, kind, data):
    return struct.pack(order + "HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)
with open(sys.argv[1] + "/nflog.pcap", "wb") as f:
    f.write(struct.pack(">IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 239))
    b = bytes([2, 0]) + struct.pack(">H", 7)
    b += tlv(">", 1, struct.pack(">HBB", 0x800, 1, 0)) + tlv(">", 10, b"nflog drop\0") + tlv(">", 2, struct.pack(">I", 99))
    b += tlv(">", 3, struct.pack(">QQ", 1795183600, 5)) + tlv(">", 4, struct.pack(">I", 3)) + tlv(">", 11, struct.pack(">I", 1000)) + tlv(">", 9, ip)
    f.write(struct.pack(">IIII", 1, 0, len(b), len(b)) + b)
    f.write(struct.pack(">IIII", 1, 0, 2, 2) + b"\2\0")
def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
with open(sys.argv[1] + "/raw.pcapng", "wb") as f:
    f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
    f.write(block(1, struct.pack("<HHI", 101, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)))
    t = 1795183700 * 10**9 + 123456789
    f.write(block(6, struct.pack("<IIIII", 0, t >> 32, t & 0xffffffff, len(ip), len(ip)) + ip))
END
import pcap "$T/eth-le.pcap" --host cap1
says "Ethernet, nanoseconds" 0 ': 5 packets .*: 5 events stored'
import pcap "$T/eth-be.pcap" --host cap1
says "the same in the other byte order is the same" 0 ': 0 events stored, 5 known'
is "its VLAN, addresses and payload" "$(sql "SELECT DISTINCT src_mac, vlan_id, src_ip, dst_port, protocol, payload_cut,
	octet_length(payload), tcp_flags FROM fwlog.event_full WHERE host = 'cap1'")" \
	"02:00:00:00:00:01|5|192.0.2.9|22|tcp|t|44|SYN"
import pcap "$T/nflog.pcap" --host cap2
says "NFLOG" 0 ': 2 packets .*: 1 events stored, .* 1 rejected'
is "its attributes" "$(sql "SELECT prefix, in_iface, mark, uid, hook, nflog_group, src_port,
	extract(epoch FROM time) FROM fwlog.event_full WHERE host = 'cap2'")" \
	"nflog drop|if3|99|1000|input|7|40000|1795183600.000005"
import pcap "$T/raw.pcapng" --host cap3
is "pcapng, raw" "$RC $(sql "SELECT extract(epoch FROM time), src_ip FROM fwlog.event_full WHERE host = 'cap3'")" \
	"0 1795183700.123456|192.0.2.9"
import pcap "$T/kinds.log" --host cap3
says "no capture" 1 'kinds.log: is no capture'
import pcap "$T/eth-le.pcap"
says "whose it is must be said" 2 '--host HOST is missing'

# ---- ulogd2: the flat and the split schema as shipped
DOC=/usr/share/doc/ulogd2
ulogd()
{
	local file=$1 db=$2
	psql -X -q -d postgres -c "CREATE DATABASE $db" >/dev/null
	zcat -f "$file" | psql -X -q -d "$db" >/dev/null 2>&1
}
if [ -e "$DOC/pgsql-ulogd2.sql.gz" ]; then
	ulogd "$DOC/pgsql-ulogd2-flat.sql.gz" flat
	ulogd "$DOC/pgsql-ulogd2.sql.gz" split
	psql -X -q -d flat -c "INSERT INTO ulog2 (oob_time_sec, oob_time_usec, oob_hook, oob_prefix, oob_mark, oob_in,
		oob_out, oob_family, ip_saddr_str, ip_daddr_str, ip_protocol, ip_tos, ip_ttl, ip_totlen, ip_fragoff,
		tcp_sport, tcp_dport, tcp_syn, tcp_ack, tcp_fin, tcp_rst, tcp_psh, tcp_urg, mac_saddr_str)
		SELECT 1795183000 + i / 10, i, 1, 'ulogd: ', -1, 'eth0', '', 2, '192.0.2.9', '198.51.100.1', 6, 0, 64,
		60, 16384, 1024 + i, 22, true, false, false, false, false, false, '02:00:00:00:00:01'
		FROM generate_series(1, 30000) i"
	psql -X -q -d split -c "INSERT INTO ulog2 (_id, oob_time_sec, oob_time_usec, oob_prefix, oob_family, ip_saddr_str,
		ip_daddr_str, ip_protocol, ip6_payloadlen, ip6_hoplimit) VALUES (7, 1795183000, 1, 'six', 10,
		'2001:db8::1', '2001:db8::2', 58, 24, 63), (8, NULL, 1, 'none', 2, '192.0.2.9', '192.0.2.1', 17, NULL, NULL);
		INSERT INTO icmpv6 (_icmpv6_id, icmpv6_type, icmpv6_code) VALUES (7, 128, 0)"
	cd "$T" || exit 1 # the reject file
	import ulogd2 --from "$(pg_dsn postgres flat)" --host old1
	says "the flat schema" 0 'flat: 30000 rows .*: 30000 events stored'
	import ulogd2 --from "$(pg_dsn postgres flat)" --host old1
	says "again" 0 ': 0 events stored, 30000 known'
	is "its columns" "$(sql "SELECT DISTINCT prefix, in_iface, out_iface, mark, hook, src_ip, dst_port, tcp_flags, length,
		src_mac, fragment_offset FROM fwlog.event_full WHERE host = 'old1'")" \
		"ulogd: |eth0||4294967295|input|192.0.2.9|22|SYN|60|02:00:00:00:00:01|"
	import ulogd2 --from "$(pg_dsn postgres split)" --host old2
	says "the split schema" 0 ': 2 rows .*: 1 events stored, .* 1 rejected'
	is "its columns" "$(sql "SELECT prefix, src_ip, protocol, icmp_type, length, ttl FROM fwlog.event_full
		WHERE host = 'old2'")" "six|2001:db8::1|ipv6-icmp|128|64|63"
	is "and back under ulogd2's names" "$(sql "SELECT oob_time_sec, oob_prefix, ip_saddr_str, tcp_sport, tcp_dport,
		tcp_syn, tcp_ack, mac_saddr_str FROM fwlog.ulog WHERE host = 'old1' AND tcp_sport = 1025")" \
		"1795183000|ulogd: |192.0.2.9|1025|22|t|f|02:00:00:00:00:01"
	columns="SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
	is "the view has the columns of ulogd2's, in their order" \
		"$(sql "$columns 'fwlog.ulog'::regclass AND attname NOT IN ('timestamp', 'host')")" \
		"$(psql -X -At -d split -c "$columns 'ulog'::regclass")"
	import ulogd2 --from "$(pg_dsn postgres postgres)" --host old3
	says "no database of ulogd2" 1 'no database of ulogd2'
else
	skip "ulogd2: $DOC has no schema"
fi
is "headers out of the payload under ulogd2's names" "$(sql "SELECT DISTINCT ip_id, ip_ihl, tcp_seq, tcp_window, ip_totlen
	FROM fwlog.ulog WHERE host = 'cap1'")" "7238|5|1|65520|60"
# ---- export: the same events in each format
# export_ FORMAT ARGUMENT…: to $T/exported
export_()
{
	"$BIN/fwlogctl" export --format "$@" --from 2026-11-01 --to 2026-12-01 -o "$T/exported" \
		--db "$(pg_dsn fwlog_report)" 2>"$T/err"
	RC=$?
}
WEB=$(sql "SELECT count(*) FROM fwlog.event_full WHERE dst_port = 80 AND host LIKE 'big%'")
SUM=$(sql "SELECT sum(src_port) FROM fwlog.event_full WHERE dst_port = 80 AND host LIKE 'big%'")
export_ jsonl-ecs dport:80 'host:big*'
says "export as ECS" 0 "^fwlogctl: $WEB events$"
is "its lines" "$(python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(len(rows), sum(r["source"]["port"] for r in rows), {r["destination"]["port"] for r in rows})' "$T/exported")" \
	"$WEB $SUM {80}"
export_ csv dport:80 'host:big*'
is "as CSV" "$RC $(python3 -c 'import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
print(len(rows), sum(int(r["src_port"]) for r in rows))' "$T/exported")" "0 $WEB $SUM"
"$BIN/fwlogctl" prefix set 'IN-DROP' --verdict drop --db "$(pg_dsn fwlog_admin)" >/dev/null
export_ eve 'host:big*' dport:80
is "as EVE" "$RC $(python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(len(rows), sum(r["src_port"] for r in rows), {(r["event_type"], r["proto"], r["dest_port"],
	r["drop"]["syn"], r["drop"]["reason"], r["timestamp"][-5:]) for r in rows})' "$T/exported")" \
	"0 $WEB $SUM {('drop', 'TCP', 80, True, 'rules', '+0000')}"
export_ eve 'host:caps' proto:esp
is "what was not dropped is a flow" "$(python3 -c 'import json, sys
r = json.loads(open(sys.argv[1]).read()); print(r["event_type"], r["proto"], r["flow"]["bytes_toserver"])' "$T/exported")" "flow ESP 120"
export_ xml dport:80
says "no such format" 2 'jsonl-ecs, csv or eve is expected'

is "keys of old days can be forgotten" "$(psql -X -At -c "SELECT fwlog.import_forget('2026-11-19'),
	(SELECT count(*) > 0 FROM fwlog.import_seen)" -d "$(pg_dsn fwlog_admin)")" "200000|t"
AS=fwlog_report import log "$T/long.log"
says "a role without the right" 1 'permission denied'
rollups "in the end"
finish
