#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Alert rules in the collector: what the stream raises is what fwlogctl rule test finds in
# the same rows; a scan with a kill -9 in it, and one that comes late, are one alert each;
# rules that are refused leave those before in force; acknowledging, silences, another
# collector that takes over; fwlogctl rule and alert.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl python3

SCAN=22222222-2222-4222-8222-222222222222

write_rules()
{
	mkdir -p "$T/rules"
	cat >"$T/rules/scan.yml" <<-END
		title: Dropped
		name: dropped
		id: 11111111-1111-4111-8111-111111111111
		logsource: {category: firewall}
		detection:
		  sel:
		    log_prefix|startswith: 'drop in'
		  allowed:
		    src_ip|cidr: 198.18.0.0/15
		  condition: sel and not allowed
		---
		title: Vertical scan
		id: $SCAN
		author: A. Uthor
		references: [https://example.org/scan]
		level: high
		correlation:
		  type: value_count
		  rules: [dropped]
		  group-by: [src_ip, dst_ip]
		  timespan: 5m
		  condition: {field: dst_port, gte: 25}
	END
	cat >"$T/rules/load.yml" <<-'END'
		title: From the network
		name: in
		logsource: {category: firewall}
		detection:
		  sel: {dst_port|gte: 0}
		  scan: {log_prefix|startswith: 'drop in'}
		  condition: sel and not scan
		---
		title: Name servers
		name: dns
		logsource: {category: firewall}
		detection:
		  sel: {dst_port: 53}
		  condition: sel
		---
		title: Many from one source
		id: count-by-source
		correlation:
		  type: event_count
		  rules: [in]
		  group-by: [src_ip]
		  timespan: 1m
		  condition: {gte: 12}
		---
		title: Many sources at a port
		id: sources-by-port
		correlation:
		  type: value_count
		  rules: [in]
		  group-by: [dst_port, prefix]
		  timespan: 1m
		  condition: {field: src_ip, gte: 60}
		---
		title: Both at a host
		id: both
		correlation:
		  type: temporal
		  rules: [in, dns]
		  group-by: [dst_ip]
		  timespan: 10s
	END
}

# scan SOURCE FIRST COUNT SECONDS_AGO: probes of that many ports are stored, as another
# program than the collector does.
scan()
{
	local i when
	when=$(date -u -d "@$(($(date +%s) - $4))" +%FT%T.%6NZ)
	for ((i = $2; i < $2 + $3; i++)); do
		printf '%s fw1 kernel: drop in: IN=eth0 OUT= SRC=%s DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x20 TTL=53 ID=%d DF PROTO=TCP SPT=40000 DPT=%d WINDOW=64240 RES=0x00 SYN URGP=0\n' \
			"$when" "$1" "$i" "$i"
	done >"$T/scan.log"
	"$BIN/fwlogctl" import log -q --db "$(pg_dsn fwlog_ingest)" "$T/scan.log" \
		>>"$T/log/import.log" 2>&1 || not_ok "import of a scan"
}

# of SOURCE COLUMNS: what is stored of its scan.
of()
{
	sql "SELECT $2 FROM fwlog.alert WHERE rule_id = '$SCAN' AND fields->>'src_ip' = '$1'"
}

has()
{
	[ "$(of "$1" "$2")" = "$3" ]
}

evaluates()
{
	grep -q 'alert rules are evaluated' "$T/log/collector.log"
}

# ctl STATUS WHAT ARGUMENT…: what it printed is in $T/out and $T/err.
ctl()
{
	local status=$1 what=$2
	shift 2
	"$BIN/fwlogctl" "$@" --db "$(pg_dsn "${AS:-fwlog_report}")" >"$T/out" 2>"$T/err"
	is "$what: status" "$?" "$status"
}

pg_start --fast
db_init
write_rules
start_collector "" "alerts = yes" "rules = $T/rules" "alert_hold = 3s" "sinks = 2"
must_wait "the collector evaluates rules" 20 evaluates

# ---- the stream, and the same rows once more
"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents 2 --batch 500 --window 4 \
	--records 20000 --seconds 20 --name load- >"$T/log/load.log" 2>&1 || not_ok "load"

settled()
{
	[ "$(sql "SELECT sum(next_n) FROM fwlog.alert_mark")" = \
		"$(sql "SELECT sum(next_n) FROM fwlog.host_mark")" ]
}
must_wait "all events are evaluated" 30 settled
ctl 0 "rule test" rule test "$T/rules/load.yml" --from -10m --json
python3 - "$T/out" >"$T/tested" <<'END'
import json, sys
for a in json.load(open(sys.argv[1]))["list"]:
    print(a["rule_id"], a["fields"], a["window_start"], a["amount"], a["first_ts"], sep="|")
END
sql "SELECT rule_id, fields, to_char(window_start, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
	amount, to_char(first_ts, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM fwlog.alert
	WHERE rule_id IN ('count-by-source', 'sources-by-port', 'both')" >"$T/raised"
at_least "alerts to compare" "$(wc -l <"$T/raised")" 100
is "the stream raises what the back-test finds, alert for alert" \
	"$(diff <(sort "$T/raised") <(sort "$T/tested") | head -n 6)" ""
is "of all three kinds" "$(cut -d'|' -f1 "$T/raised" | sort -u | wc -l)" 3

# ---- a scan with the end of the collector in its middle
sed -i 's/^alert_hold.*/alert_hold = 500ms/' "$T/collector.conf"
scan 192.0.2.3 1 20 0
wait_for 10 settled
kill -9 "$COLLECTOR_PID"
scan 192.0.2.3 21 20 0
start_collector ""
must_wait "the scan is found" 15 has 192.0.2.3 "count(*)" 1
must_wait "and counted on" 15 has 192.0.2.3 "events >= 25" t
scan 192.0.2.3 41 3 0
wait_for 10 settled
is "a scan with a kill -9 in it is one alert" \
	"$(of 192.0.2.3 "count(*), min(amount), bool_and(resolved IS NULL), min(delivery)")" \
	"1|25|t|notify"
is "author and references come along" "$(of 192.0.2.3 "author, refs")" \
	"A. Uthor|{https://example.org/scan}"
is "the filter selects its events" "$(of 192.0.2.3 filter)" \
	'prefix:drop\ in* -src:198.18.0.0/15 src:192.0.2.3 dst:198.51.100.1'

# ---- late
scan 192.0.2.4 1 40 1800
must_wait "a scan that comes half an hour late is found" 20 has 192.0.2.4 "count(*)" 1
scan 192.0.2.4 41 10 1795
must_wait "and so is more of it" 20 has 192.0.2.4 "events >= 50" t
is "it is one alert, marked as backfill, in a digest" \
	"$(of 192.0.2.4 "count(*), bool_and(backfill), min(delivery)")" "1|t|digest"
is "that digest counts it once" \
	"$(sql "SELECT sum(alerts) FROM fwlog.alert_digest WHERE backfill")" 1

# ---- rules that are wrong, and new ones
printf 'title: Wrong\nid: right\nlogsource: {category: firewall}\ndetection:\n  a: {nosuch: 1}\n  condition: a\n' \
	>"$T/rules/wrong.yml"
before=$(sql "SELECT count(*), max(loaded) FROM fwlog.rule_state")
kill -HUP "$COLLECTOR_PID"
refused()
{
	grep -q 'those before stay in force' "$T/log/collector.log"
}
must_wait "a refused rule is said" 10 refused
check "with file and line" grep -q 'wrong.yml:[0-9]*: .*nosuch' "$T/log/collector.log"
is "the rules before stay" "$(sql "SELECT count(*), max(loaded) FROM fwlog.rule_state")" "$before"
scan 192.0.2.5 1 30 0
must_wait "and are in force" 15 has 192.0.2.5 "count(*)" 1
sed -i 's/nosuch: 1/dst_port: 9999/' "$T/rules/wrong.yml"
kill -HUP "$COLLECTOR_PID"
right()
{
	[ "$(sql "SELECT class FROM fwlog.rule_state WHERE rule_id = 'right'")" = loaded ]
}
must_wait "once it is mended it is loaded" 10 right
is "what went on goes on" "$(of 192.0.2.5 "count(*), bool_and(resolved IS NULL)")" "1|t"

# ---- people
ctl 0 "alert list" alert list --json
check "alert list has it" grep -q '192.0.2.5' "$T/out"
id=$(of 192.0.2.5 alert_id)
AS=fwlog_admin ctl 0 "alert ack" alert ack "$id" --why "a test"
is "acknowledged" "$(of 192.0.2.5 "state, acknowledged_by, acknowledged_why")" \
	"acknowledged|fwlog_admin|a test"
ctl 0 "alert list" alert list
check "it is open no more" test "$(grep -c 192.0.2.5 "$T/out")" = 0
ctl 0 "alert show" alert show "$id"
check "alert show tells who" grep -q 'by fwlog_admin: a test' "$T/out"
AS=fwlog_admin ctl 1 "once is enough" alert ack "$id"
AS=fwlog_admin ctl 2 "a silence needs a reason" alert silence "$SCAN" --expires +1h
AS=fwlog_admin ctl 2 "and a filter that is one" alert silence "$SCAN" 'nosuch:1' \
	--expires +1h --why x
AS=fwlog_admin ctl 0 "alert silence" alert silence "$SCAN" src:192.0.2.6 --expires +1h \
	--why "a scanner of ours"
sleep 1.5
scan 192.0.2.6 1 30 0
scan 192.0.2.7 1 30 0
must_wait "others are told" 15 has 192.0.2.7 delivery notify
must_wait "a silenced alert is kept" 15 has 192.0.2.6 delivery silenced
ctl 0 "alert silences" alert silences
check "with owner and reason" grep -q 'fwlog_admin.*1.*a scanner of ours' "$T/out"
AS=fwlog_admin ctl 0 "alert unsilence" alert unsilence 1
ctl 1 "alerts are not for fwlog_report to change" alert ack 1

# ---- rules by themselves
ctl 0 "rule list" rule list
check "rule list has the rule" grep -q "$SCAN.*loaded.*high" "$T/out"
"$BIN/fwlogctl" rule lint "$T/rules" >"$T/out" 2>&1
is "rule lint" "$?" 0
check "it counts" grep -q '8 loaded, 0 not applicable, 0 refused' "$T/out"
ctl 0 "rule test" rule test "$T/rules/scan.yml" --expect 5 --from -2h
check "tells the groups" grep -q 'Vertical scan  src_ip=192.0.2.7 dst_ip=198.51.100.1' "$T/out"
event=$(sql "SELECT e.host_id || '-' || e.n FROM fwlog.event e WHERE src = '192.0.2.7' LIMIT 1")
ctl 0 "rule explain" rule explain "$T/rules/scan.yml" --event "$event" --from -1h
check "each term is answered" grep -q '^true .*prefix:drop' "$T/out"
scan 198.18.0.9 1 1 0
event=$(sql "SELECT e.host_id || '-' || e.n FROM fwlog.event e WHERE src = '198.18.0.9' LIMIT 1")
ctl 1 "rule explain of what is left out" rule explain "$T/rules/scan.yml" --event "$event"
check "names the entry that swallowed it" grep -q '^left out by: src:198.18.0.0/15' "$T/out"
"$BIN/fwlogctl" search --json --from -10m --db "$(pg_dsn fwlog_report)" 'src:192.0.2.7' \
	>"$T/events" 2>/dev/null
"$BIN/fwlogctl" rule test "$T/rules/scan.yml" --events "$T/events" --expect 1 >"$T/out" 2>&1
is "rule test on events of a file" "$?" 0
"$BIN/fwlogctl" rule test "$T/rules/scan.yml" --events "$T/events" --expect 2 >"$T/out" 2>&1
is "another number than expected is a failure" "$?" 1

# ---- another collector takes over
first=$COLLECTOR_PID
sed "s|$COLLECTOR_SOCKET|$T/second.socket|g" "$T/collector.conf" >"$T/second.conf"
spawn second "${WITH_PARENT[@]}" "$BIN/fwlog-collector" -c "$T/second.conf"
standby()
{
	grep -q 'another collector evaluates' "$T/log/second.log"
}
must_wait "a second collector stands by" 20 standby
kill -9 "$first"
scan 192.0.2.8 1 30 0
must_wait "and takes over" 20 has 192.0.2.8 "count(*)" 1
is "no alert is there twice" "$(sql "SELECT count(*) FROM (SELECT FROM fwlog.alert
	WHERE rule_id = '$SCAN' GROUP BY fields::text HAVING count(*) > 1) s")" 0
is "what is told singly is bounded, digests count the rest, also of who was killed" \
	"$(sql "SELECT count(*) FILTER (WHERE delivery = 'notify' AND rule_id =
	'count-by-source') = 30, count(*) FILTER (WHERE delivery = 'digest' AND NOT backfill) =
	(SELECT coalesce(sum(alerts), 0) FROM fwlog.alert_digest WHERE NOT backfill)
	FROM fwlog.alert")" "t|t"
finish
