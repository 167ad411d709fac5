#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The page behind lighttpd with the shipped snippet and a real database: figures, headers,
# login, hostile content, bad parameters, database away, slow, or not set up.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
need_programs fwlog.cgi fwlogctl lighttpd curl
pg_start --fast

settings
site

# ---- no database yet, none set up
get /
shows "no database" 503 "fwlogctl db check"
is "503 says when to come again" "$(header Retry-After)" 10
hides "no connection string, role or SQL in the page" "fwlog_report|dbname|host=|SELECT|$T"
check "the web server's log has the reason" grep -q 'role "fwlog_report" does not exist' \
	"$T/log/cgi.log"
sql "CREATE DATABASE fwlog" >/dev/null
sql "CREATE ROLE fwlog_report LOGIN" >/dev/null
get /
shows "no schema" 503 "fwlogctl db check"
get /healthz
shows "no schema: health" 503
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog
get /
shows "empty installation" 200 "No events yet" "fwlog-collector" "nft add rule"
sql "SELECT fwlog.host_enter('web1'), fwlog.host_enter('web03')" >/dev/null
get /
shows "an agent, no event" 200 "An agent has reached the collector</b> (done)" "web03"

# ---- data: 3,000 events in 50 minutes, with a prefix that wants to be markup
sql "SELECT fwlog.prefix_enter('in-drop: '), fwlog.prefix_enter('<script>alert(1)</script>'),
	fwlog.prefix_enter('\"onload=x '::bytea || '\x1b5b33316de280ae'), fwlog.iface_enter('eth0\"')" \
	>/dev/null
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, family, hook, proto, tcp_flags, len,
	src, sport, dst, dport) SELECT now() - interval '1 second' * g, 1 + g % 2, g, 1 + g % 3, 1, 2, 1, 6,
	2, 60, ('192.0.2.' || g % 10)::inet, 40000, CASE WHEN g % 2 = 0 THEN '198.51.100.7'::inet
	ELSE '2001:db8::7' END, CASE WHEN g % 3 = 0 THEN 22 ELSE 23 END
	FROM generate_series(1, 3000) g" >/dev/null
roll_up
sql "UPDATE fwlog.host_mark SET next_n = 3001, newest = now();
	UPDATE fwlog.host_status SET connected = true, last_contact = now()" >/dev/null
get /
shows "overview" 200 "<dd>3,000</dd>" "All 2 agents report." "Nothing is missing" "2/2" \
	"<small>ssh</small>" "192.0.2.0" "complete" "<dt>Sources</dt><dd>10</dd>"
bars()
{
	grep -oE '<title>[0-9: -]+ UTC: [0-9,]+ event' "$T/body" | sed 's/.*UTC: //; s/[^0-9]//g' |
		awk '{ sum += $1 } END { print sum + 0 }'
}
is "the bars add up to the total" "$(bars)" 3000
zoom=$(grep -oE '/\?from=[^"]+"><title>[^<]+' "$T/body" | sed -n 20p)
get "$(sed 's/".*//; s/&amp;/\&/g' <<<"$zoom")"
shows "a bar zooms to its own events" 200 \
	"<dd>$(sed -E 's/.*UTC: ([0-9,]+) event.*/\1/' <<<"$zoom")</dd>"
get '/?range=15m'
at_least "a shorter range has fewer" "$(bars)" 890
shows "it is marked as the chosen one" 200 '/?range=15m" aria-current="true"'
get '/?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z'
shows "a range without events says where they are" 200 "No events in this range" \
	"show the hour before it"

# ---- verdicts, in words and shapes
get /
hides "no share is told while nothing is known" 'denied|hatch'
sql "SELECT fwlog.prefix_set('in-drop', 'reject', NULL, NULL, NULL),
	fwlog.prefix_set('*onload*', 'accept', NULL, NULL, NULL)" >/dev/null
get /
shows "verdicts" 200 "<dt>Denied</dt><dd>33.3 %" "1,000 without a verdict" \
	"<b>■</b> denied 1,000" "<b>▨</b> accepted 1,000" "<b>□</b> without a verdict 1,000" \
	'fill="url(#hatch)"' 'class="edge hollow"' \
	'<th scope="col" class="n">denied</th>'
is "the bars still add up" "$(bars)" 3000
parts()
{
	grep -oE '<title>[^<]*' "$T/body" | grep -oE "[0-9,]+ $1" | sed 's/[^0-9]//g' |
		awk '{ sum += $1 } END { print sum + 0 }'
}
is "and so do their parts" "$(parts denied) $(parts accepted) $(parts without)" "1000 1000 1000"

# ---- hostile content
get /
shows "a hostile prefix is text" 200 "&lt;script&gt;alert(1)&lt;/script&gt;" \
	'\x1b[31m\xe2\x80\xae'
hides "no script, no style, no handler in the page" '<script( [^>]*)?>[^<]|<style| style=|<[^>]* on[a-z]+='
hides "no direction override, no control character" $'\xe2\x80\xae|\x1b'
hides "nothing from another site" 'https?://'

# ---- headers and assets
csp="default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
csp+="; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
is "content security policy" "$(header Content-Security-Policy)" "$csp"
is "nosniff" "$(header X-Content-Type-Options)" nosniff
is "referrer" "$(header Referrer-Policy)" same-origin
is "pages are not kept" "$(header Cache-Control)" "private, no-store"
at_least "the first view fits into 25 KB" $((25600 - $(gzip -c "$T/body" | wc -c))) 0
asset=$(grep -oE '/asset/style-[0-9a-f]{8}\.css' "$T/body")
is "the style sheet's address has its hash" "$(wc -l <<<"$asset")" 1
is "the style sheet needs no login" "$(curl -sS -o "$T/body" -D "$T/head" -w '%{http_code}' \
	"$URL$asset")" 200
is "style sheet: type" "$(header Content-Type)" "text/css; charset=utf-8"
is "style sheet: kept for ever" "$(header Cache-Control)" "public, max-age=31536000, immutable"
at_least "style sheet: at most 8 KiB" $((8192 - $(wc -c <"$T/body"))) 0
get "${asset/style-/style-0}"
shows "another hash" 404
get /
script=$(grep -oE '/asset/script-[0-9a-f]{8}\.js' "$T/body")
get "$script"
shows "the script" 200
is "script: type" "$(header Content-Type)" "text/javascript; charset=utf-8"
at_least "script: at most 10 KiB" $((10240 - $(wc -c <"$T/body"))) 0

# ---- who may, and how
is "health needs no login" "$(curl -sS -w '%{http_code}' "$URL/healthz")" $'ok\n200'
is "without a login" "$(curl -sS -o /dev/null -w '%{http_code}' "$URL/")" 401
cgi()
{
	env -i GATEWAY_INTERFACE=CGI/1.1 FWLOG_CONF="$T/fwlog.cgi.conf" "$@" "$BIN/fwlog.cgi" \
		2>>"$T/log/cgi.log" | tr -d '\r'
}
is "a server that names no user" "$(cgi REQUEST_METHOD=GET SCRIPT_NAME=/x | head -n 1)" \
	"Status: 403 Forbidden"
settings "allow_anonymous = yes"
is "unless that is allowed" "$(cgi REQUEST_METHOD=GET SCRIPT_NAME=/x | head -n 1)" \
	"Status: 200 OK"
is "?p= where there is no PATH_INFO" \
	"$(cgi REQUEST_METHOD=GET QUERY_STRING=p=/healthz | tail -n 1)" ok
is "a path that names another site is in no link" \
	"$(cgi REQUEST_METHOD=GET SCRIPT_NAME=//evil.example | grep -c evil)" 0
settings
get / -I
shows "HEAD" 200
is "HEAD has no body" "$(cgi REQUEST_METHOD=HEAD REMOTE_USER=alice | sed '1,/^$/d' | wc -c)" 0
get / -X POST -d x=1
shows "POST" 405 "only read"
is "405 says what is allowed" "$(header Allow)" "GET, HEAD"
get / -X DELETE
shows "DELETE" 405
get /nothing
shows "no such page" 404 "no such page"

# ---- bad parameters: 400, with the text that helps, shown as text
for bad in 'range=2h' 'range=1h&range=1h' 'rnage=1h' 'from=2026-01-01T00:00:00Z' \
	'from=x&to=y' 'range=%zz' 'to=2026-01-01T00:00:00Z&from=2026-02-01T00:00:00Z' \
	"range=1h'%3B--" 'x=%3Cscript%3E'; do
	get "/?$bad"
	shows "?$bad" 400 "from=2026-01-31T14:00:00Z"
	hides "?$bad is shown as text" '<script>'
done
get "/?rnage=1h"
shows "a mistyped name" 400 "did you mean"
is "too long" "$(cgi REQUEST_METHOD=GET REMOTE_USER=alice \
	QUERY_STRING="range=$(printf '%07000d' 1)" | head -n 1)" "Status: 414 URI Too Long"

# ---- losses, silence
sql "INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records) SELECT host_id, 1, 1,
	now() - interval '9 minutes', now() - interval '8 minutes', 'kernel', 12 FROM fwlog.host
	WHERE name = 'web03'" >/dev/null
sql "UPDATE fwlog.host_status SET last_contact = now() - interval '14 minutes'
	WHERE host_id = 1" >/dev/null
get /
shows "losses and silence come first" 200 "1 of 2 agents is silent: web1, for 14 min." \
	"12 records are missing in this range" "12 missing from web03: kernel" "1/2"
sql "INSERT INTO fwlog.filtered_minute (host_id, minute, filter_id, prefix_id, records)
	SELECT host_id, date_trunc('minute', now() - interval '9 minutes'), 0, 0, 1127
	FROM fwlog.host WHERE name = 'web03'" >/dev/null
get /
shows "what filters left out is told apart" 200 "12 missing from web03: kernel" \
	"note\">1,127 records left out by filters (web03 1,127)"
get /events
shows "and on the events page" 200 "Not complete: 12 missing from web03: kernel</span>" \
	"; 1,127 records left out by filters (web03 1,127)"
get "/?from=2020-01-01T00:00:00Z&to=$(date -u -d '-1 hour' +%FT%TZ)"
hides "a loss outside the range is not in it" 'are missing'

# ---- the database slow, and away
settings "timeout = 500ms"
spawn locker psql -X -q -c "BEGIN; LOCK TABLE fwlog.event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"
locker=$SPAWNED
locked()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'fwlog.event'::regclass
		AND mode = 'AccessExclusiveLock' AND granted")" -gt 0 ]
}
must_wait "the lock" 10 locked
get /
shows "too slow" 504 "shorter"
idle()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE usename = 'fwlog_report'")" -eq 0 ]
}
check "nothing of it goes on in the database" wait_for 10 idle
stop "$locker" TERM
pg_terminate postgres >/dev/null 2>&1
settings
pg_stop
get /
shows "database away" 503 "cannot be reached"
hides "no connection string in the page" "$T|fwlog_report|socket"
get /healthz
shows "database away: health" 503 "database not available"
pg_start --fast
get /healthz
shows "database back: health" 200 ok
printf 'timeuot = 1s\n' >"$T/fwlog.cgi.conf"
get /
shows "a broken configuration" 500 "error log"
check "the log names file, line and option" grep -q "fwlog.cgi.conf:1: .*timeuot" "$T/log/cgi.log"
FWLOG_CONF=$ROOT/packaging/conf/fwlog.cgi.conf REQUEST_METHOD=GET "$BIN/fwlog.cgi" \
	>"$T/body" 2>"$T/err"
is "the sample is accepted" "$(head -n 1 "$T/body" | tr -d '\r')" "Status: 403 Forbidden"
finish
