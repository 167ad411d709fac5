#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Rankings, hosts, filters, views and help behind lighttpd: figures equal to SQL, from roll-ups
# as from events; changes by POST, what protects them, and who is said to have made them.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/web.sh"
need_programs fwlog.cgi fwlogctl lighttpd curl
pg_start --fast
settings
site
sql "CREATE DATABASE fwlog" >/dev/null
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" >"$T/log/init.log" 2>&1 ||
	die "fwlogctl db init failed"
export PGDATABASE=fwlog

# ---- data: five hours, a source and a port of the last hour alone
sql "SELECT fwlog.host_enter(h) FROM unnest('{web1,web2,web3}'::text[]) h;
	SELECT fwlog.prefix_enter('in-drop: '), fwlog.prefix_enter('=1+1\"<b>')" >/dev/null
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, family, proto, tcp_flags, len, src, sport,
	dst, dport, flags) SELECT now() - interval '1.5 second' * g, 1 + g % 3, g, 1 + g % 2, 2, 6, 2,
	60, ('192.0.2.' || g % 20)::inet, 40000, '198.51.100.7', 20 + g % 7, 0
	FROM generate_series(1, 12000) g;
	INSERT INTO fwlog.event (ts, host_id, n, family, proto, len, src, dst, dport, flags)
	SELECT now() - interval '1 second' * g, 1, 20000 + g, 2, 17, 60, '203.0.113.9',
	'198.51.100.7', 5353, 0 FROM generate_series(1, 500) g" >/dev/null
roll_up
sql "UPDATE fwlog.host_mark SET next_n = 12501, newest = now();
	UPDATE fwlog.host_status SET connected = host_id <> 2, last_contact = now() - interval '1 min'
	* 14 * (host_id = 2)::int, stats = '{\"waiting\": 7, \"spool_bytes\": 2097152}';
	INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records) VALUES
	(3, 1, 1, now() - interval '9 min', now() - interval '8 min', 'spool_full', 12),
	(3, 1, 2, now() - interval '9 min', now() - interval '8 min', 'agent_down', NULL);
	SELECT fwlog.prefix_set('in-drop', 'drop', NULL, NULL, NULL)" >/dev/null

# A range that ends now is another one a moment later: these are fixed, to the microsecond.
TO=$(sql "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
FROM=$(sql "SELECT to_char('$TO'::timestamptz AT TIME ZONE 'UTC' - interval '4 hours 7 minutes',
	'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
RANGE="from=$FROM&to=$TO"
# count [CONDITION]: events of the range.
count()
{
	sql "SELECT to_char(count(*), 'FM999,999') FROM fwlog.event e WHERE ts >= '$FROM'
		AND ts < '$TO' AND (${1:-true})"
}
figure()
{
	grep -oE "<dt>$1</dt><dd>[^<]*" "$T/body" | sed 's/.*<dd>//'
}

# ---- the overview: roll-ups say what the events say
get "/?$RANGE"
shows "overview" 200 "2/3" "1 silent for 14 min" "12 missing from web3: spool_full" \
	"/fwlog/top/src?" 'class="new"'
is "events" "$(figure Events)" "$(count)"
is "sources" "$(figure Sources)" "$(sql "SELECT count(DISTINCT src) FROM fwlog.event
	WHERE ts >= '$FROM' AND ts < '$TO'")"
for filter in 'host:web1|host_id = 1' 'prefix:in-drop*|prefix_id = 1' 'dport:22|dport = 22' \
	'-dport:22|dport IS DISTINCT FROM 22' 'proto:udp|proto = 17' 'verdict:drop|prefix_id = 1' \
	'src:203.0.113.9|src = inet (chr(39) || chr(39))' '-has:prefix|prefix_id IS NULL' \
	'host:web1 dport:22 verdict:drop|host_id = 1 AND dport = 22 AND prefix_id = 1'; do
	condition=${filter#*|}
	[[ $condition != *chr* ]] || condition="src = '203.0.113.9'"
	get "/?q=$(sed 's/ /%20/g; s/\*/%2A/' <<<"${filter%%|*}")&$RANGE"
	is "${filter%%|*}: status and events" "$STATUS $(figure Events)" "200 $(count "$condition")"
done
scans()
{
	sql "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_user_tables
		WHERE relname ~ '^event'"
}
hour=$(date -u -d '-3 hours' +%Y-%m-%dT%H:00:00Z)
before=$(sql "SELECT pg_stat_reset(); SELECT 0" | tail -n 1)
get "/?from=$hour&to=$(date -u -d '-1 hour' +%Y-%m-%dT%H:00:00Z)&q=host:web1"
shows "whole hours" 200 "192.0.2."
sql "SELECT pg_stat_clear_snapshot()" >/dev/null
is "whole hours are read from roll-ups alone" "$(scans)" "$before"

# ---- rankings
ranking()
{
	sql "SELECT coalesce(host($1), '') || ',' || count(*) FROM fwlog.event WHERE ts >= '$FROM'
		AND ts < '$TO' GROUP BY $1 ORDER BY count(*) DESC, $1"
}
get "/top/src.csv?$RANGE"
is "CSV: status and type" "$STATUS $(header Content-Type | cut -d ';' -f 1)" "200 text/csv"
is "CSV: values and counts equal SQL" "$(tail -n +2 "$T/body" | cut -d , -f 1,2 | tr -d '\r')" \
	"$(ranking src)"
get "/top/prefix.csv?$RANGE"
shows "a formula is none in CSV" 200 "\"'=1+1\"\"<b>\","
get "/top/src?$RANGE&vs=prev"
shows "ranking" 200 "203.0.113.9" "1 to 21 of 21 values" "first seen" 'class="new"' "▲ 500" \
	"Not complete: 12 missing from web3"
is "one value is new" "$(grep -c 'class="new"' "$T/body")" 1
get "/top/dport?$RANGE&q=src:192.0.2.7"
shows "with a filter no roll-up knows" 200 "of $(count "src = '192.0.2.7'") events"
get "/top/srcc"
shows "a mistyped field" 404 "did you mean src"
sql "INSERT INTO fwlog.event (ts, host_id, n, family, proto, len, src, dst, dport, flags)
	SELECT '$FROM'::timestamptz + interval '1 s', 1, 30000 + g, 2, 6, 60, '198.18.0.1',
	'198.51.100.7', 1000 + g, 0 FROM generate_series(1, 120) g" >/dev/null
roll_up
get "/top/dport?$RANGE"
next=$(grep -oE 'href="[^"]*after=[^"]*">less' "$T/body" | head -n 1 |
	sed 's/^href="//; s/">less//; s/&amp;/\&/g; s#^/fwlog##')
shows "first page" 200 "1 to 50 of"
get "$next"
shows "second page" 200 "51 to 100 of" "more frequent"

# ---- hosts
get /hosts
shows "hosts" 200 "○ offline" "● reporting" "2.0 MiB" "2 of 3 agents report"
is "the silent one is first" "$(grep -oE 'hosts/web[0-9]"' "$T/body" | head -n 1)" 'hosts/web2"'
rate=$(sql "SELECT to_char(count(*) / 900.0, 'FM90.00') FROM fwlog.event WHERE host_id = 3
	AND ts >= date_trunc('minute', now()) - interval '15 min' AND ts < date_trunc('minute', now())")
shows "rate over 15 minutes" 200 ">$rate<"
get /hosts/web3
shows "its losses" 200 "spool_full" "nobody knows" "agent_down"
get /hosts/nothing
shows "no such host" 404 "No agent of that name"

# ---- help
get /help
shows "help" 200 "src:192.0.2.7" "tcp.dstport" "Europe/Berlin" "Not complete"
is "every example is a filter" "$(grep -oE '/fwlog/events\?q=[^"]*' "$T/body" | sort -u |
	sed 's#^/fwlog##; s/&amp;/\&/g' | while read -r link; do
	get "$link"
	[ "$STATUS" = 200 ] || echo "$link: $STATUS"
done)" ""

# ---- nobody may change anything yet
get /views
shows "views" 200 "No view is saved yet"
hides "no form without a way to make changes" 'method="post"'
settings "db_changes = $(pg_dsn fwlog_web)"
get "/filters?q=dport:22&$RANGE"
shows "filters" 200 "No filter: agents send all" "<b>$(count "dport = 22")</b> of" "operators"
hides "no form for who is no operator" 'method="post"'
settings "db_changes = $(pg_dsn fwlog_web)" "operators = bob alice"

# ---- POST: what protects it
token()
{
	get /views
	grep -oE 'name="token" value="[0-9a-f]+' "$T/body" | head -n 1 | sed 's/.*"//'
}
TOKEN=$(token)
is "a form has a token" "${#TOKEN}" 64
same=(-H "Origin: http://127.0.0.1:$PORT")
save=(--data-urlencode "do=save" --data-urlencode "name=ssh <b>" -d page=/events)
views()
{
	sql "SELECT count(*) FROM fwlog.saved_view"
}
get "/views?q=dport:22" "${save[@]}" -d "token=$TOKEN"
shows "without an origin" 403 "does not come from a page of this site"
get "/views?q=dport:22" -H "Origin: http://evil.example" "${save[@]}" -d "token=$TOKEN"
shows "from another origin" 403
get "/views?q=dport:22" "${same[@]}" -H "Sec-Fetch-Site: cross-site" "${save[@]}" -d "token=$TOKEN"
shows "from another site" 403
get "/views?q=dport:22" "${same[@]}" "${save[@]}"
shows "without a token" 403 "no token"
get "/views?q=dport:22" "${same[@]}" "${save[@]}" -d "token=${TOKEN/[0-9]/x}"
shows "with a token that is wrong" 403 "too old, or it was made for another user"
sql "UPDATE fwlog.web_secret SET inner_key = outer_key" >/dev/null
get "/views?q=dport:22" "${same[@]}" "${save[@]}" -d "token=$TOKEN"
shows "with one of another secret" 403
sql "DELETE FROM fwlog.web_secret" >/dev/null
is "nothing was saved" "$(views)" 0
TOKEN=$(token)
post()
{
	get "$1" "${same[@]}" -d "token=$TOKEN" "${@:2}"
}
post "/help" -d do=save
shows "a page that is only read" 405
post "/views" -d do=nothing
shows "a form that says nothing" 400

# ---- saved views
post "/views?q=dport==22&range=4h" "${save[@]}"
shows "saved" 303
is "303 leads to the list" "$(header Location)" "/fwlog/views"
is "as its canonical address, by its user" "$(sql "SELECT owner, name, shared, path, query
	FROM fwlog.saved_view")" "alice|ssh <b>|f|/events|?q=dport:22&range=4h"
get /views
shows "the list" 200 "ssh &lt;b&gt;" "only you" "remove"
id=$(sql "SELECT view_id FROM fwlog.saved_view")
get "/events?view=$id"
is "view= leads to it" "$STATUS $(header Location)" "303 /fwlog/views/$id"
get "/views/$id"
is "and on to the page" "$STATUS $(header Location)" "303 /fwlog/events?q=dport:22&range=4h&view=$id"
get "$(header Location | sed 's#^/fwlog##')"
shows "which is there" 200 "dport:22"
sql "UPDATE fwlog.saved_view SET owner = 'bob'" >/dev/null
get "/views/$id"
shows "a view of another user" 404
post /views -d do=remove -d "view=$id"
shows "cannot be removed" 409 "you have no such view"
sql "UPDATE fwlog.saved_view SET shared = true" >/dev/null
get /views
shows "unless it is shared it is not seen" 200 "bob"
sql "UPDATE fwlog.saved_view SET owner = 'alice'" >/dev/null
post /views -d do=remove -d "view=$id"
is "one's own can be removed" "$STATUS $(views)" "303 0"
post "/views?q=x" -d do=save -d page=//evil.example -d name=x
shows "a page that is none" 400

# ---- filters of agents
get "/filters?q=dport:22&$RANGE"
shows "a preview, then the form" 200 "Add this filter" "<b>$(count "dport = 22")</b> of"
add=(-d do=add -d name=no-ssh -d sure=1 --data-urlencode "why=it is <b>noise</b>"
	--data-urlencode "expires=+7d")
post "/filters?q=dport:22" -d do=add -d name=no-ssh -d why=x
shows "who has not looked" 400 "Look at the preview"
post "/filters?q=dport:22" "${add[@]}" -d hosts=web1,web3 -d sample=100
shows "added" 303
is "by its user" "$(sql "SELECT name, query, hosts, sample, why, who, expires::date - now()::date
	FROM fwlog.filter")" "no-ssh|dport:22|{web1,web3}|100|it is <b>noise</b>|web:alice|7"
get /filters
shows "in force" 200 "no-ssh" "web1, web3" "it is &lt;b&gt;noise&lt;/b&gt;" "web:alice" "back to it"
post "/filters?q=dport:22" "${add[@]}"
shows "a name that is taken" 409 "is in force"
post "/filters?q=dport:22" "${add[@]}" -d hosts=unknown
shows "a host nobody knows" 409
post "/filters" "${add[@]}"
shows "an empty filter" 400 "empty"
post "/filters?q=verdict:drop" "${add[@]}"
shows "a filter agents cannot apply" 400 "verdict"
post "/filters?q=dport:22" -d do=add -d name=no-ssh2 -d sure=1 -d why=x -d expires=-7d
shows "expired before it begins" 400 "a time to come"
post /filters -d do=remove -d name=no-ssh
shows "no reason" 400 "reason is missing"
post /filters -d do=remove -d name=no-ssh -d why=over
is "removed" "$STATUS $(sql "SELECT removed_by, removed_in FROM fwlog.filter")" "303 web:alice|3"
post /filters -d do=rollback -d version=2 -d why=again
is "rolled back" "$STATUS $(sql "SELECT count(*) FROM fwlog.filter_full WHERE in_force")" "303 1"

# ---- alerts
get /alerts
shows "no alerts" 200 "No alert is open"
sql "INSERT INTO fwlog.alert (rule_id, logic_hash, group_key, window_start, title, level, type, fields,
	filter, first_ts, last_ts, events, amount, delivery, sample_host, sample_n, sample_ts, fired)
	SELECT 'scan', 'x', '\\x01'::bytea, now(), 'Scan <b>', 'high', 'value_count',
	'{\"src\": \"203.0.113.9\"}'::json, 'src:203.0.113.9', min(ts), max(ts), count(*), 9, 'notify',
	'{1}'::int[], '{20001}'::bigint[], ARRAY[max(ts)], now() - interval '2 min'
	FROM fwlog.event WHERE src = '203.0.113.9'" >/dev/null
get "/?range=1h"
shows "the overview counts and marks it" 200 "1 high, critical" 'class="tick"' "1 alert: Scan &lt;b&gt;"
get /alerts
shows "an open alert" 200 "▲ high" "Scan &lt;b&gt;" "src=203.0.113.9" "acknowledge"
link=$(grep -oE 'href="/fwlog/events\?q=src:203[^"]*' "$T/body" | head -n 1 |
	sed 's#^href="/fwlog##; s/&amp;/\&/g')
get "$link"
shows "leads to its events, all of them" 200 "50 of 500 events"
alert=$(sql "SELECT alert_id FROM fwlog.alert")
get "/alerts/$alert"
shows "one alert" 200 "What is known" "/fwlog/record/1-20001-"
get "$(grep -oE 'href="/fwlog/record/1-20001-[0-9]+' "$T/body" | sed 's#^href="/fwlog##')"
shows "the record names its alert" 200 "Alerts about it" "/fwlog/alerts/$alert"
get /alerts/99999
shows "no such alert" 404 "no such alert"
post /alerts -d do=acknowledge -d "alert=$alert"
shows "without a reason" 400 "a reason"
post /alerts -d do=acknowledge -d "alert=$alert" --data-urlencode "why=a <i>test</i>"
is "acknowledged" "$STATUS $(sql "SELECT state, acknowledged_by, acknowledged_why FROM fwlog.alert")" \
	"303 acknowledged|web:alice|a <i>test</i>"
get "/alerts?range=1h"
shows "by whom and why" 200 "web:alice: a &lt;i&gt;test&lt;/i&gt;"

# ---- those who may not, and no way to
settings "db_changes = $(pg_dsn fwlog_web)" "operators = bob"
post /filters -d do=remove -d name=no-ssh -d why=over
shows "who is no operator" 403 "not change them"
settings "db_changes = host=$T/nowhere user=fwlog_web"
post "/views?q=x" "${save[@]}"
shows "the role for changes is away" 503
get /views
shows "then views are still shown" 200 "Saved views"
finish
