#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Every statement of docs/forensics.md runs as fwlog_report over planted events and finds what
# was planted; those that read events read only the days of their range, and on sealed days
# look addresses up by index.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl python3
pg_start --fast
"$BIN/fwlogctl" db init --db "$(pg_dsn postgres)" >"$T/log/fwlogctl.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog

# ---- three days of noise on three hosts; on the third the plants
python3 - "$T" <<'END'
import random, struct, sys
random.seed(11)
lines = []
def log(day, second, host, prefix, src, dst, proto="TCP", spt=None, dpt=22, length=60, flags="SYN"):
    spt = spt or random.randrange(1024, 65536)
    tail = "SPT=%d DPT=%d WINDOW=1 RES=0x00 %s URGP=0 " % (spt, dpt, flags) if proto == "TCP" else "SPT=%d DPT=%d LEN=20 " % (spt, dpt)
    lines.append((day * 86400 + second, "2026-11-%02dT%02d:%02d:%02dZ %s kernel: %s IN=eth0 OUT= SRC=%s DST=%s LEN=%d TOS=0x00 PREC=0x00 TTL=60 ID=%d PROTO=%s %s\n" % (
        day, second // 3600, second // 60 % 60, second % 60, host, prefix, src, dst, length, random.randrange(65536), proto, tail)))
for day in (18, 19, 20):
    for i in range(20000):
        second = random.randrange(86400)
        host = random.choice(("web1", "web2", "edge"))
        if host == "edge" and day == 19 and 36000 <= second < 50400:
            continue # silent for four hours
        log(day, second, host, "in-drop:", "192.0.2.%d" % random.randrange(1, 200), "198.51.100.%d" % random.randrange(4), dpt=random.choice((22, 80, 443)))
bad = "203.0.113.66"
for host in ("web1", "web2", "edge"):
    log(20, 43200, host, "in-drop:", bad, "198.51.100.1", dpt=22)
log(20, 43260, "web1", "in-accept:", bad, "198.51.100.1", spt=4444, dpt=443)
log(20, 43270, "web1", "out-accept:", "198.51.100.1", bad, spt=443, dpt=4444, flags="ACK SYN")
for i in range(5):
    log(20, 50000 + i, "web1", "in-drop:", "192.0.2.7", "198.51.100.1", dpt=31337)
log(19, 3600, "web2", "rare-rule:", "192.0.2.8", "198.51.100.1", dpt=22)
for i in range(100):
    log(20, 1000 + 600 * i, "edge", "out-accept:", "10.1.2.3", "203.0.113.99", dpt=8443)
for i in range(80):
    log(20, 60000 + i, "edge", "in-drop:", "203.0.113.77", "198.51.100.%d" % (i + 10), dpt=445)
for i in range(60):
    log(20, 61200 + i, "edge", "in-drop:", "203.0.113.78", "198.51.100.1", dpt=2000 + i)
for i in range(40):
    log(20, 1800 * i, "edge", "in-drop:", "203.0.113.79", "198.51.100.1", dpt=3000 + i)
for i in range(3000):
    log(20, 20 * i, "web2", "in-drop:", "203.0.113.80", "198.51.100.1", proto="UDP", dpt=53, length=1400)
lines.sort(key=lambda l: l[0])
open(sys.argv[1] + "/plants.log", "w").writelines(l[1] for l in lines)
ip = bytes.fromhex("4500002c1c4640004006b1e6c0000209c6336401") + bytes.fromhex("9c4000160000000100000000a002fff000000000") + b"GET\n"
with open(sys.argv[1] + "/packet.pcap", "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101) + struct.pack("<IIII", 1795176500, 0, len(ip), len(ip)) + ip)
END
"$BIN/fwlogctl" import log "$T/plants.log" -q --db "$(pg_dsn fwlog_ingest)" || die "import log failed"
"$BIN/fwlogctl" import pcap "$T/packet.pcap" --host web1 -q --db "$(pg_dsn fwlog_ingest)" ||
	die "import pcap failed"
for p in in-drop:drop in-accept:accept out-accept:accept; do
	"$BIN/fwlogctl" prefix set "${p%:*}" --verdict "${p#*:}" --rule-name "rule ${p%:*}" \
		--db "$(pg_dsn fwlog_admin)" >/dev/null || die "prefix set failed"
done
sql "INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records)
	SELECT host_id, 1, 1, '2026-11-19 10:30Z', '2026-11-19 11:00Z', 'agent_down', NULL
	FROM fwlog.host WHERE name = 'edge'" >/dev/null
for day in 18 19 20; do
	for key in src dst dport; do
		sql "SELECT fwlog.seal_index('event_p202611$day', '$key')" >/dev/null
	done
done
sql "ANALYZE fwlog.event" >/dev/null

# ---- the statements: a file each, named by their heading
mkdir "$T/q"
awk -v dir="$T/q" '/^### / { name = tolower(substr($0, 5)); gsub(/[^a-z0-9]+/, "-", name); next }
	/^```sql$/ { file = dir "/" name; inside = 1; next }
	/^```$/ { inside = 0 }
	inside { print > file }' "$ROOT/docs/forensics.md"
VALUES=(-v since='2026-11-18 00:00Z' -v until='2026-11-21 00:00Z' -v at='2026-11-20 00:00Z'
	-v address=203.0.113.66 -v host=web1 -v moment='2026-11-20 12:00Z')

# run FILE: rows as text, or what the server said.
run()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "${VALUES[@]}" -d "$(pg_dsn fwlog_report)" -f "$1" 2>&1
}

# finds NAME LEAST PATTERN…: the statement runs, gives so many rows at least, and these.
DONE=" "
finds()
{
	local name=$1 least=$2 p
	shift 2
	DONE+="$name "
	[ -e "$T/q/$name" ] || {
		not_ok "$name: is not in docs/forensics.md"
		return
	}
	if ! run "$T/q/$name" >"$T/found"; then
		not_ok "$name: $(<"$T/found")"
		return
	fi
	[ "$(wc -l <"$T/found")" -ge "$least" ] || {
		not_ok "$name: $(wc -l <"$T/found") rows, expected at least $least"
		return
	}
	for p in "$@"; do
		grep -Eq -- "$p" "$T/found" || {
			not_ok "$name: no row like $p in: $(head -n 5 "$T/found")"
			return
		}
	done
	ok "$name: $(wc -l <"$T/found") rows"
}

finds same-source-over-all-hosts 4 '^edge\|drop\|1\|1\|1\|' '^web1\|accept\|1\|1\|1\|'
finds sources-at-several-hosts 1 '^192\.0\.2\.[0-9]+\|3\|[0-9]+$'
finds first-seen 4 '^edge\|source\|2026-11-20 12:00:00' '^web1\|destination\|2026-11-20 12:00:00.*\|1$'
finds never-seen-before 1 '^203\.0\.113\.66\|.*\|4\|\{edge,web1,web2\}' '^203\.0\.113\.80\|'
finds before-and-after 5 '\|-?00:00:00\|edge\|in-drop: \|drop\|tcp\|203\.0\.113\.66' '\|00:01:10\|web1\|out-accept: \|'
finds dropped-first-accepted-later 1 '^203\.0\.113\.66\|2026-11-20 12:00:00.*\|2026-11-20 12:01:00.*\|3$'
finds one-connection 2 'in-accept: \|accept\|203\.0\.113\.66\|4444\|198\.51\.100\.1\|443' 'out-accept: .*\|SYN,ACK$'
finds new-port-on-a-host 1 '^tcp\|31337\|2026-11-20 13:00:00.*\|5$'
finds timeline-of-a-host 72 '^2026-11-20 12:00:00'
finds minute-by-minute 60 '^2026-11-20 12:00:00.*\|in-drop: \|tcp\|22\|'
finds who-connects-out 1 '^10\.1\.2\.3\|203\.0\.113\.99\|8443\|tcp\|100\|'
finds top-talkers-against-the-period-before 20 '^203\.0\.113\.80\|3000\|0\|3000$'
finds rare-prefixes 2 '^rare-rule: \|unknown\|1\|2026-11-19 01:00:00.*\|\{web2\}$' '^in-accept: \|accept\|1\|'
finds bytes-by-rule 4 '^rule in-drop\|drop\|' '^rule out-accept\|accept\|101\|6060\|'
finds beacons 1 '^10\.1\.2\.3\|203\.0\.113\.99\|8443\|tcp\|100\|00:10:00\|0\|'
is "nothing else is a beacon but what comes every 20 s" \
	"$(run "$T/q/beacons" | grep -vcE '^(10\.1\.2\.3|203\.0\.113\.)')" 0
finds scans 2 '^203\.0\.113\.77\|.*\|hosts\|80\|1\|1\|80\|' '^203\.0\.113\.78\|.*\|ports\|1\|60\|1\|60\|'
finds slow-scans 1 '^203\.0\.113\.79\|.*\|ports\|1\|40\|1\|40\|19:30:00$'
finds the-packet-itself 1 '0000  45 00 00 2c 1c 46' 'GET\.'
finds gaps 1 '^edge\|2026-11-19 10:0.*\|0\|\{agent_down\}$'
finds losses 1 '^edge\|agent_down\|\|1\|'
finds by-ulogd2-s-names 4 '^[0-9]+\|in-drop: \|203\.0\.113\.66\|198\.51\.100\.1\|[0-9]+\|22$'
rest=
for f in "$T"/q/*; do
	[[ $DONE == *" ${f##*/} "* ]] || rest+=" ${f##*/}"
done
is "every statement of the cookbook is in this test" "$rest" ""

# ---- plans
# plan NAME: of the statement.
plan()
{
	sed '1s/^/EXPLAIN /' "$T/q/$1" >"$T/explain"
	run "$T/explain"
}
# Those with the range at to until read one day, the others three; never the default of days
# without a partition nor a day beside.
for name in before-and-after dropped-first-accepted-later one-connection who-connects-out beacons \
	scans slow-scans the-packet-itself by-ulogd2-s-names; do
	is "$name reads one day" "$(plan "$name" | grep -oE 'event_(p[0-9]{8}|default)' |
		sort -u | tr '\n' ' ')" "event_p20261120 "
done
is "same-source-over-all-hosts reads three" "$(plan same-source-over-all-hosts |
	grep -oE 'event_(p[0-9]{8}|default)\b' | sort -u | tr '\n' ' ')" \
	"event_p20261118 event_p20261119 event_p20261120 "
for name in same-source-over-all-hosts before-and-after one-connection by-ulogd2-s-names; do
	check "$name looks the address up by index" \
		grep -Eq 'event_p20261120_(src|dst)' <<<"$(plan "$name")"
	is "$name reads no table from end to end" "$(plan "$name" | grep -c 'Seq Scan on event')" 0
done
finish
