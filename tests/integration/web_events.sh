#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Events, records, exports and the JSON twins behind lighttpd: the filter language, paging
# while rows arrive, files that equal the screen, packets read by tshark, every status.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
need_programs fwlog.cgi fwlogctl lighttpd curl tshark python3
pg_start --fast
settings
site
sql "CREATE DATABASE fwlog" >/dev/null
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog

# ---- data: 3,000 events in 50 minutes; six of seven have a payload
sql "SELECT fwlog.host_enter('web1'), fwlog.host_enter('web03'),
	fwlog.prefix_enter('in-drop: '), fwlog.prefix_enter('=cmd|\"<b>'),
	fwlog.prefix_enter('\x1b5b33316de280ae'), fwlog.iface_enter('eth0')" >/dev/null
events()
{
	sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, family, hook, proto, tcp_flags,
	len, src, sport, dst, dport, flags, payload) SELECT now() - interval '1 second' * ($3 + g),
	1 + g % 2, g, 1 + g % 3, 1, 2, 1, 6, 2, 60, ('192.0.2.' || g % 10)::inet, 40000,
	'198.51.100.7', CASE WHEN g % 3 = 0 THEN 22 ELSE 23 END, 0, CASE WHEN g % 7 > 0 THEN
	'\x4500003c00010000400600000a0000010a000002c350001600000001000000005002200000000000'::bytea END
	FROM generate_series($1, $2) g" >/dev/null
	roll_up
}
events 1 3000 0
sql "UPDATE fwlog.host_mark SET next_n = 3001, newest = now();
	UPDATE fwlog.host_status SET connected = true, last_contact = now();
	SELECT fwlog.prefix_set('in-drop', 'reject', NULL, NULL, NULL)" >/dev/null

# json EXPRESSION: of the last answer, as d.
json()
{
	python3 -c "import json; d = json.load(open('$T/body')); print($1)"
}
# enc TEXT: for a URL.
enc()
{
	python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"
}
# hrefs PATTERN: addresses of the last page behind the program's own, unescaped.
hrefs()
{
	grep -oE 'href="[^"]*"' "$T/body" | sed 's/^href="//; s/"$//; s/&amp;/\&/g; s#^/fwlog##' |
		grep -E -- "$1"
}

# ---- the page
get /events
shows "events" 200 "3,000" "50 of 3,000 events" "✓</b> Complete. 2 of 2 agents report." \
	'value="' "denied 1,000" "192.0.2.3" "■ " "reject"
is "events: fifty rows" "$(grep -c '<tr><td><a href="/fwlog/record/' "$T/body")" 50
hides "hostile prefixes are text" '<b>"|"<b>|'$'\x1b'
shows "control bytes and overrides" 200 '\x1b[31m\xe2\x80\xae'
hides "no style attribute" ' style='
at_least "the page fits into 25 KB" $((25600 - $(gzip -c "$T/body" | wc -c))) 0

# ---- the language: one canonical form, one set of rows
rows_of()
{
	get "/api/events?n=200&q=$(enc "$1")"
	[ "$STATUS" = 200 ] || die "$1: $STATUS $(cat "$T/body")"
	json "d['total'], d['filter'], [(e['host'], e['n']) for e in d['events']]"
}
want=$(rows_of 'src:192.0.2.3 dport:22')
is "Wireshark's spelling" "$(rows_of 'ip.src == 192.0.2.3 && tcp.dstport == 22')" "$want"
is "Kibana's spelling" "$(rows_of 'source.ip: 192.0.2.3 and destination.port: 22')" "$want"
total_of()
{
	rows_of "$1" | cut -d ' ' -f 1
}
is "what is left is the complement" "$(total_of '-(src:192.0.2.3 dport:22)')" $((3000 - ${want%% *}))
is "text by its bytes" "$(total_of 'prefix:"\x1b[31m\xe2\x80\xae"')" 1000
is "verdicts" "$(total_of 'verdict:reject')" 1000
while read -r q; do
	get "/events?q=$(enc "$q")"
	shows "filter '$q'" 400 "not understood" 'class="caret"'
done <<-'END'
	sorce:192.0.2.1
	src:300.1.2.3
	(dport:22
	prefix:/(/
	src:@nobody
END
get "/events?q=$(enc 'dprt:22')"
shows "a mistyped field" 400 "dport"
get "/events?q=$(printf '%01025d' 1)"
shows "a filter that is too long" 400 "1024 bytes"
get "/api/events?q=$(enc 'dprt:22')"
is "the twin says it in JSON" "$STATUS $(json "d['status'], d['column']")" "400 400 1"

# ---- links: every value leads to its own events, minus to the others
get "/events?q=$(enc 'src:192.0.2.3 dport:22')"
shows "chips" 200 "<code>src:192.0.2.3</code>" "<code>dport:22</code>"
check "a chip goes away" grep -qF 'href="/fwlog/events?q=dport:22"' "$T/body"
get /events
link=$(hrefs '^/events\?q=src:192.0.2.4' | head -n 1)
get "$link"
shows "a value's link" 200 "50 of 300 events" "<code>src:192.0.2.4</code>"
get /events
link=$(hrefs '^/events\?q=-src:192.0.2.4' | head -n 1)
get "$link"
shows "the minus beside it" 200 "50 of 2,700 events"
get /events
link=$(hrefs '^/events\?q=prefix:.*1b' | head -n 1)
get "$link"
shows "a prefix of strange bytes" 200 "50 of 1,000 events"
get /events
link=$(hrefs '^/events\?from=' | sed -n 20p)
get "/api/timeline${link#/events}"
total=$(json "d['total']")
get "$link"
shows "a bar's link" 200 " of $total events"

# ---- a link an hour later, other zones
get '/events?range=30d'
share=$(grep -oE '<a href="[^"]+" class="share"' "$T/body" | sed 's/.*href="//; s/".*//; s/&amp;/\&/g; s#^/fwlog##')
get "/api/events${share#/events}"
before=$(json "d['total'], d['from'], d['to']")
events 3001 3010 -3100
get "/api/events${share#/events}"
is "a link that was shared stays as it was" "$(json "d['total'], d['from'], d['to']")" "$before"
get '/events?tz=Asia/Kolkata'
shows "another zone" 200 "Asia/Kolkata" "+05:30"
get "/api/timeline?range=$(enc '-1d@d..@d')&tz=Asia/Kolkata"
is "whole days of a zone" "$(json "d['from'][11:16], d['to'][11:16]")" "18:30 18:30"

# ---- paging while rows arrive: every row once
sql "SELECT host_id || '-' || n FROM fwlog.event WHERE n <= 3000 AND ts < now()
	ORDER BY ts DESC, host_id DESC, n DESC" >"$T/all"
to=$(date -u +%FT%TZ)
for sort in -time time; do
	: >"$T/seen"
	next="?from=$(date -u -d '-2 hours' +%FT%TZ)&to=$to&sort=$sort&n=200&q=$(enc 'id:1-1 OR len:60')"
	pages=0
	while [ -n "$next" ] && [ "$pages" -lt 40 ]; do
		get "/api/events$next"
		[ "$STATUS" = 200 ] || die "paging: $STATUS"
		json "'\n'.join(('1' if e['host'] == 'web1' else '2') + '-' + str(e['n']) for e in d['events'])" \
			>>"$T/seen"
		next=$(json "d.get('next', '')")
		pages=$((pages + 1))
		last=$(json "d.get('previous', '')")
		size=$(json "len(d['events'])")
		events $((4000 + pages * 10)) $((4009 + pages * 10)) $((-4000 - pages * 10))
	done
	grep -vE -- '-(30(0[1-9]|10)|4[0-9]{3})$' "$T/seen" >"$T/old" || true
	[ "$sort" = -time ] || { tac "$T/old" >"$T/turned" && mv "$T/turned" "$T/old"; }
	check "sort=$sort: each row once, in order" cmp "$T/old" "$T/all"
	get "/api/events$last"
	is "sort=$sort: back is the page before" \
		"$(json "('1' if d['events'][-1]['host'] == 'web1' else '2') + '-' + str(d['events'][-1]['n'])")" \
		"$(tail -n "$((size + 1))" "$T/seen" | head -n 1)"
	sql "DELETE FROM fwlog.event WHERE n >= 4000" >/dev/null
done

# ---- files equal the screen
range="from=$(date -u -d '-2 hours' +%FT%TZ)&to=$to"
q="$range&q=$(enc 'src:192.0.2.3')"
get "/api/events?n=200&$q"
json "'\n'.join(str(e['n']) for e in d['events'])" >"$T/screen"
total=$(json "d['total']")
get "/export.csv?$q"
is "CSV: type" "$(header Content-Type)" "text/csv; charset=utf-8; header=present"
is "CSV: rows are told" "$(header Fwlog-Rows)" "$total"
python3 - "$T/body" >"$T/file" <<-'END'
	import csv, sys
	rows = list(csv.DictReader(open(sys.argv[1], newline='')))
	print('\n'.join(r['n'] for r in rows[:200]))
	assert not any(v[:1] in '=+-@' and v for r in rows for v in r.values()), 'a formula'
	assert any(r['prefix'].startswith("'=cmd") for r in rows), 'no neutralised cell'
END
check "CSV: the rows of the screen, no formula" cmp "$T/file" "$T/screen"
get "/export.jsonl?$q"
is "JSON lines: each an object" "$(python3 -c "
import json
print(len([json.loads(l)['n'] for l in open('$T/body')]))")" "$total"
get "/export.pcap?$q"
is "PCAP: a name" "$(header Content-Disposition | cut -d '"' -f 2 | grep -c '^fwlog-.*\.pcap$')" 1
is "PCAP: kept and skipped are all" \
	"$(($(header Fwlog-Rows) + $(header Fwlog-Skipped)))" "$total"
at_least "PCAP: some are skipped" "$(header Fwlog-Skipped)" 1
is "PCAP: tshark reads what is told" "$(tshark -r "$T/body" -Y 'tcp.dstport == 22 && nflog' 2>"$T/err" |
	wc -l)" "$(header Fwlog-Rows)"
check "exports are logged with user, filter and rows" \
	grep -q "export csv by alice: filter 'src:192.0.2.3' from .* status 200, $total rows" \
	"$T/log/cgi.log"

# ---- records
get "/events?q=dport:22&$range"
record=$(hrefs '^/record/' | head -n 1)
get "$record"
shows "a record" 200 "Record " "src_ip" "0000  45 00 00 3c" "Around it" "Complete" "Same connection" "reject"
is "around it: itself is marked once in each table" \
	"$(grep -c '<tr aria-current="true">' "$T/body")" 2
pcap=$(hrefs '^/export.pcap')
get "$pcap"
is "its packet" "$(tshark -r "$T/body" 2>"$T/err" | wc -l)" 1
get "${record%-*}"
shows "without its time" 200 "Record "
get /record/1-99999999
shows "a number that never was" 404 "never"
get /record/nothing
shows "no name of a record" 404 "named by"
sql "DELETE FROM fwlog.event WHERE host_id = 1 AND n = 2" >/dev/null
get /record/1-2
shows "past its retention" 410 "retention"

# ---- rankings
get "/api/top/dport?$range"
is "a ranking" "$(json "d['distinct'], [(x['value'], x['events']) for x in d['values']]")" \
	"2 [('23', $(sql "SELECT count(*) FROM fwlog.event WHERE dport = 23 AND ts < '$to'")), ('22', $(
		sql "SELECT count(*) FROM fwlog.event WHERE dport = 22 AND ts < '$to'"))]"
get /api/top/payload
is "no such ranking" "$STATUS" 404

# ---- nothing there
get "/events?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&q=dport:22"
shows "no match" 200 "No event matches" "widen the range"
get "$(hrefs 'from=2026-01-01' | grep -v '2026-01-02' | tail -n 1)"
shows "the widened range has one" 200 "1 of 1 events"
get "/events?q=dport:4711"
shows "none at all" 200 "none before or after"

# ---- gaps
sql "INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records) SELECT host_id, 1, 1,
	now() - interval '9 minutes', now() - interval '8 minutes', 'kernel', 12 FROM fwlog.host
	WHERE name = 'web03'" >/dev/null
get /events
shows "what is missing is said" 200 "Not complete: 12 missing from web03: kernel" 'url(#gap)' \
	"; records are missing</title>"

# ---- methods, sizes, the server's limits
get /events -X POST -d x=1
shows "POST" 405 "only read"
get /events -X POST -H 'Content-Type: text/plain' -d x=1
shows "another type" 415
get /events -X POST --data-binary "@$BIN/fwlog.cgi"
shows "a form that is too large" 413
get '/events?n=1000'
shows "n" 400 "50, 100 or 200"
get '/events?after=..%2F'
shows "a cursor that is none" 400 "a place in a list"
get '/events?live=15'
is "live without a script" "$(header Refresh)" 15
shows "live is shown" 200 "● live" "stop"
get /events -I
is "HEAD" "$STATUS" 200
settings "timeout = 500ms"
spawn locker psql -X -q -c "BEGIN; LOCK TABLE fwlog.event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"
locker=$SPAWNED
locked()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'fwlog.event'::regclass
		AND mode = 'AccessExclusiveLock' AND granted")" -gt 0 ]
}
must_wait "the lock" 10 locked
get '/events?range=24h&q=dport:22'
shows "too slow: shorter ranges are offered" 504 "the last 12 h of it" "the last 60 min of it"
get '/api/timeline'
is "too slow: the twin" "$STATUS $(json "d['status']")" "504 504"
stop "$locker" TERM
pg_terminate postgres >/dev/null 2>&1
finish
