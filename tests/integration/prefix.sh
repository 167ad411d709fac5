#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# The prefix map: what ships, order of entries, hosts and times, prefixes that come while it
# changes, a million events filtered by verdict; named lists up to a million entries; what
# each role may not do with them and with the filters for agents.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
need_programs fwlogctl
pg_start --fast

# ctl GROUP COMMAND…: as the administrator; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" "$@" --db "$(pg_dsn "${AS:-fwlog_admin}")" 2>&1)
	RC=$?
}

# as ROLE SQL: prints the result, or the error's SQLSTATE.
as()
{
	PGUSER=$1 psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -c "$2" 2>&1 |
		sed 's/^psql:.*ERROR:  //; s/^ERROR:  //'
}

# enter PREFIX…: as the collector does.
enter()
{
	local p
	for p in "$@"; do
		as fwlog_ingest "SELECT fwlog.prefix_enter(convert_to('${p//\'/\'\'}', 'UTF8'))"
	done >>"$T/log/enter.log"
}

# verdict PREFIX [HOST [TIME]]: what the function says.
verdict()
{
	as fwlog_ingest "SELECT fwlog.verdict((SELECT prefix_id FROM fwlog.dict_prefix
		WHERE prefix = '$1'), (SELECT host_id FROM fwlog.host WHERE name = '${2:-web1}'),
		'${3:-now}')"
}

AS=postgres ctl prefix list
says "without a database: the remedy" 1 'fwlogctl db init'
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres)" || die "db init"
export PGDATABASE=fwlog
as fwlog_ingest "SELECT fwlog.host_enter('web1'), fwlog.host_enter('web2')" >/dev/null

# ---- what ships
while read -r want prefix; do
	enter "$prefix"
	is "shipped: '$prefix'" "$(verdict "$prefix")" "$want"
done <<-'END'
	drop DROP
	drop drop: :
	drop DENY
	drop Block:
	reject REJECT
	accept ACCEPT
	accept allow
	accept pass
	drop [UFW BLOCK]
	accept [UFW ALLOW]
	unknown [UFW AUDIT]
	drop filter_IN_public_DROP:
	reject FINAL_REJECT:
	drop Shorewall:net-fw:DROP:
	accept Shorewall:loc-net:ACCEPT:
	unknown DROPS
	unknown in-drop:
	unknown DROP it
	unknown _DROP_
	unknown U
END
ctl prefix unknown
is "unknown lists those of which nothing is said, and no others" \
	"$(sed 1d <<<"$OUT" | awk '{ print $2 }' | sort | tr '\n' ' ')" "DROP DROPS U _DROP_ in-drop: "

# ---- what is set here
ctl prefix set 'in-*' --verdict accept --rule-name 'all in'
says "set" 0 "^in-\*: accept; fits 1 of the prefixes"
is "a prefix that was seen" "$(verdict in-drop:)" accept
enter 'IN-new ' 'in_new' 'in-%'
is "a prefix that is new, any case" "$(verdict 'IN-new ')" accept
is "_ is no wildcard" "$(verdict in_new)" unknown
ctl prefix set 'in-dro?' --verdict drop
is "more letters go first" "$(verdict in-drop:)" drop
ctl prefix set 'in-drop' --verdict reject --rule-name last
is "without wildcards still more" "$(verdict in-drop:)" reject
ctl prefix set 'IN-DROP: ' --verdict drop --rule-name 'last of input'
is "the same pattern again: in its place" \
	"$(verdict in-drop:) $(sql "SELECT count(*) FROM fwlog.prefix_map
		WHERE fwlog.prefix_key(pattern) = 'in-drop'")" "drop 1"
ctl prefix set 'DROP' 'a\b%c' --verdict unknown
is "what is set here goes before what ships" "$(verdict DROP)" unknown
enter 'a\b%c' 'aXbYc'
ctl prefix list --json
is "JSON is JSON" "$(psql -X -q -A -t -v j="$OUT" <<<"SELECT jsonb_array_length(:'j'::jsonb) > 20,
	:'j'::jsonb->0->>'shipped'")" "t|false"
ctl prefix set x --verdict dorp
says "a mistyped verdict" 2 'did you mean drop'
ctl prefix set x
says "no verdict" 2 'verdict is missing'
ctl prefix set ': :' --verdict drop
says "an empty pattern" 2 'pattern is empty'
ctl prefix set x --verdict drop --host nohost
says "an unknown host" 1 'no host is known by the name nohost'
ctl prefix set x --verdict drop --from yesteryear
says "no time" 2 '2026-11-23T14:05:00Z'
ctl prefix unset BLOCK
says "what ships cannot be taken back" 1 'set it to the verdict unknown'
ctl prefix unset nothing
says "nor what was never set" 1 'nothing was set'
AS=fwlog_report ctl prefix set x --verdict drop
says "the report's role: the remedy" 1 'connect as fwlog_admin'

# ---- hosts and times
enter rule
ctl prefix set rule --verdict drop --rule-name old
ctl prefix set rule --verdict reject --rule-name new --from 2026-06-01
ctl prefix set 'r*' --verdict accept --host web2 --from 2026-07-01T12:00:00+02:00
is "before the change" "$(verdict rule web1 '2026-05-31 23:59:59.999+00')" drop
is "from the change on" "$(verdict rule web1 '2026-06-01+00')" reject
is "on a host, before" "$(verdict rule web2 '2026-07-01 09:59:59+00')" reject
is "on a host, from then on" "$(verdict rule web2 '2026-07-01 10:00+00')" accept
is "the other host" "$(verdict rule web1 '2026-07-01 10:00+00')" reject
ctl prefix unset rule --from 2026-08-01
is "taken back from a time on" "$(verdict rule web1 '2026-07-31+00') $(verdict rule web1 \
	'2026-08-01+00') $(verdict rule web2 '2026-08-01+00')" "reject unknown accept"
is "the view shows the spans" \
	"$(as fwlog_report "SELECT string_agg(concat_ws(' ', host, verdict, valid_from::date,
		valid_to::date), ', ' ORDER BY host NULLS FIRST, valid_from NULLS FIRST)
		FROM fwlog.prefix_verdict WHERE prefix = 'rule'")" \
	"drop 2026-06-01, reject 2026-06-01 2026-08-01, web2 accept 2026-07-01"
is "no prefix: unknown" "$(sql "SELECT fwlog.verdict(NULL, 1, now())")" unknown

# ---- prefixes that come while the map changes
# hold NAME: a session of the collector in a transaction that takes statements by >&8.
hold()
{
	mkfifo "$T/$1"
	PGUSER=fwlog_ingest psql -X -q -A -t -f "$T/$1" >"$T/$1.out" 2>&1 &
	HOLDER=$!
	exec 8>"$T/$1"
	echo "BEGIN;" >&8
}
hold early
echo "SELECT fwlog.prefix_enter('race-1');" >&8
must_wait "the prefix is entered" 10 test -s "$T/early.out"
"$BIN/fwlogctl" prefix set 'race-*' --verdict drop --db "$(pg_dsn fwlog_admin)" \
	>"$T/set.out" 2>&1 &
setter=$!
in_map()
{
	[ "$(sql "SELECT count(*) FROM fwlog.prefix_map WHERE pattern = 'race-*'")" = 1 ]
}
must_wait "the change is committed" 10 in_map
SECONDS=0
enter race-2
is "another session waits for nothing" "$((SECONDS < 5)) $(verdict race-2)" "1 drop"
check "the change waits for the first" alive "$setter"
echo "COMMIT;" >&8
exec 8>&-
wait "$HOLDER" "$setter"
is "what it entered has the verdict" "$(verdict race-1)" drop
AS=postgres
sql "BEGIN; SELECT fwlog.prefix_set('race-3', 'drop', NULL, NULL, NULL); SELECT pg_sleep(8)" \
	>/dev/null 2>&1 &
sleeper=$!
asleep()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 1 ]
}
must_wait "a change is open" 10 asleep
SECONDS=0
enter race-3
is "an open change of the map does not stop the collector" "$((SECONDS < 5))" 1
AS=fwlog_admin
pg_terminate postgres >/dev/null 2>&1
wait "$sleeper"

# ---- a million events
sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, src)
	SELECT date_trunc('day', now(), 'UTC') - interval '1 day' + g * interval '0.15 s', 1 + g % 2,
	g, CASE WHEN g % 10 > 0 THEN 1 + g % 20 END, '10.0.0.0'::inet + g
	FROM generate_series(1, 1000000) g" >/dev/null
sql "VACUUM ANALYZE fwlog.event" >/dev/null
first="time >= date_trunc('day', now(), 'UTC') - interval '1 day'
	AND time < date_trunc('day', now(), 'UTC') - interval '23 hours'"
plan=$(sql "SET max_parallel_workers_per_gather = 0; SET jit = off; EXPLAIN (ANALYZE, COSTS OFF,
	TIMING OFF) SELECT count(*), min(rule_name) FROM fwlog.event_full
	WHERE $first AND verdict = 'drop'")
note "an hour of a million events, by verdict:"
note "${plan//$'\n'/$'\n'# }"
is "it scans one partition" "$(grep -c ' on event_' <<<"$plan")" 2
check "by the BRIN index" grep -q "Bitmap Index Scan on event_p[0-9]*_ts_idx" <<<"$plan"
is "and the verdicts once each way" "$(grep -c 'Scan.* on prefix_timeline' <<<"$plan")" 2
is "the view and the function agree on all of it" \
	"$(sql "SELECT count(*) FROM (SELECT v.verdict, fwlog.verdict(e.prefix_id, e.host_id, e.ts)
		AS found FROM fwlog.event_full v JOIN fwlog.event e USING (host_id, n)
		WHERE $first) c WHERE verdict <> found")" 0
is "nobody asks: nothing is joined" \
	"$(sql "EXPLAIN SELECT count(*), max(src_ip) FROM fwlog.event_full" |
		grep -c prefix_timeline)" 0
ctl prefix unknown --from -3d
says "unknown counts events" 0 '^50000 +DROPS .* web[12]$'
AS=fwlog_report ctl prefix unknown --json --from 2026-01-01
says "the report may ask, too" 0 '"events":[1-9]'

# ---- lists
ctl list set bad 10.0.0.0/8 10.1.0.0/16 192.0.2.7 2001:db8::/32
says "a list; what others cover is left out" 0 '^bad: 3 entries; 1 left out'
is "as it is read back" "$("$BIN/fwlogctl" list show bad --db "$(pg_dsn fwlog_report)" |
	tr '\n' ' ')" "10.0.0.0/8 192.0.2.7 2001:db8::/32 "
has()
{
	as fwlog_report "SELECT string_agg(fwlog.list_has('$1', a::inet)::text, ' ')
		FROM regexp_split_to_table('$2', ' ') a"
}
is "what is in its networks" \
	"$(has bad "9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0 192.0.2.7 192.0.2.8 2001:db8::1 ::1")" \
	"false true true false true false true false"
is "no such list: null" "$(as fwlog_report "SELECT fwlog.list_has('x', '::1') IS NULL")" t
ctl list add bad 10.9.9.9 192.0.2.0/24
says "add: one is there, one is new and takes in a smaller one" 0 'is in the list already'
is "so it has three" "$(sql "SELECT entries, version FROM fwlog.list_full")" "3|2"
ctl list remove bad 192.0.2.0/24 192.0.3.0/24
says "remove: all or nothing" 1 'left as it was'
ctl list remove bad 10.1.0.0/16
says "a part of a network" 1 'is a part of 10.0.0.0/8'
ctl list remove bad 10.0.0.0/8
says "remove" 0 '^bad: 2 entries'
printf '# comment\n10.0.0.0/8 ; SBL1\n\n10.0.0.1/8\nweb1\n' >"$T/list"
ctl list import bad "$T/list"
says "a wrong line is named with what is meant" 1 "list:4: 10.0.0.1/8: .*10.0.0.0/8 is meant"
says "and the next one" 1 "list:5: web1: no address"
is "the list stays" "$(sql "SELECT entries, version FROM fwlog.list_full")" "2|3"
ctl list set ports 22 80 1000-2000 22 --kind port
says "ports" 0 '^ports: 3 entries'
ctl list set ports 70000
says "no port" 1 '70000: no port'
ctl list set names 'web1' 'a "b" \ {c,d}' --kind name
ctl list show names
is "names as they are" "$OUT" $'a "b" \\ {c,d}\nweb1'
ctl list set names 10.0.0.1 --kind address
says "a list stays of its kind" 2 'is one of kind name'
ctl list show --json
is "all as JSON" "$(psql -X -q -A -t -v j="$OUT" <<<"SELECT jsonb_array_length(:'j'::jsonb)")" 3
ctl list show nix
says "no such list" 1 'no list has the name nix'
ctl list remove names
says "a list is removed" 0 'removed with 2 entries'
ctl list set 'a b' 10.0.0.1
says "a wrong name" 1 'list_name_check'

awk 'BEGIN { for (i = 0; i < 1000000; i++)
	printf "%d.%d.%d.%d\n", 1 + i / 65536 % 200, i / 256 % 256, i % 256, i * 7 % 256 }' >"$T/million"
"$BIN/fwlogctl" list import million - --db "$(pg_dsn fwlog_admin)" <"$T/million" >"$T/out" 2>&1
is "a million" "$(cat "$T/out")" "million: 1000000 entries"
is "a look-up takes one step in the index" "$(sql "EXPLAIN SELECT last FROM fwlog.list_entry
	WHERE list_id = 1 AND first <= '10.0.0.1' ORDER BY first DESC LIMIT 1" |
	grep -c 'Index Only Scan Backward using list_entry_first')" 1
is "10,000 look-ups in it" "$(sql "SELECT count(*) FROM generate_series(0, 9999) g
	WHERE fwlog.list_has('million', '1.0.0.0'::inet + g::bigint * 256 + g * 7 % 256)")" 10000
echo 250.1.1.1 >>"$T/million"
ctl list import million "$T/million"
says "one more is too many" 1 'million:1000001: 250.1.1.1: a list has at most 1000000'
ctl list add million 250.1.1.1
says "so it is when added" 1 '1000000 are allowed'
is "readers had the list all the time" "$(sql "SELECT entries, version FROM fwlog.list_full
	WHERE name = 'million'")" "1000000|1"

# ---- each role tries what it must not
refused()
{
	local role=$1 statement
	shift
	for statement in "$@"; do
		is "$role may not: $statement" "$(as "$role" "$statement")" 42501
	done
}
refused fwlog_ingest "SELECT fwlog.prefix_set('x', 'drop', NULL, NULL, NULL)" \
	"SELECT fwlog.prefix_unset('in-drop', NULL, NULL)" "SELECT fwlog.prefix_settle(NULL)" \
	"SELECT fwlog.prefix_resolve('{1}')" "SELECT FROM fwlog.prefix_map" \
	"UPDATE fwlog.prefix_timeline SET verdict = '{accept}'" \
	"DELETE FROM fwlog.prefix_timeline" "SELECT fwlog.list_open('x', NULL, true)" \
	"SELECT fwlog.list_remove('bad')" "INSERT INTO fwlog.list_entry (list_id) VALUES (1)" \
	"INSERT INTO fwlog.filter_set (version, why) VALUES (1, 'x')" \
	"INSERT INTO fwlog.filter (name, query, why, added_in) VALUES ('x', 'x', 'x', 1)" \
	"UPDATE fwlog.filter SET removed = now()" "DELETE FROM fwlog.filtered_minute" \
	"SELECT fwlog.filter_add('x', 'x', NULL, NULL, 0, NULL, 'x')" \
	"SELECT fwlog.filter_remove('x', 'x')" "SELECT fwlog.filter_rollback(0, 'x')" \
	"DELETE FROM fwlog.filter_applied" "SELECT FROM fwlog.filtered_full"
refused fwlog_report "SELECT fwlog.prefix_set('x', 'drop', NULL, NULL, NULL)" \
	"SELECT fwlog.prefix_settle(NULL)" "SELECT FROM fwlog.prefix_map" \
	"SELECT FROM fwlog.prefix_timeline" "SELECT FROM fwlog.list" \
	"SELECT FROM fwlog.list_entry" \
	"BEGIN READ WRITE; SELECT fwlog.list_open('x', NULL, true)" \
	"BEGIN READ WRITE; SELECT fwlog.list_remove('bad')" "SELECT FROM fwlog.filter" \
	"BEGIN READ WRITE; INSERT INTO fwlog.filter_set (version, why) VALUES (1, 'x')" \
	"BEGIN READ WRITE; SELECT fwlog.filter_add('x', 'x', NULL, NULL, 0, NULL, 'x')" \
	"BEGIN READ WRITE; SELECT fwlog.filter_remove('x', 'x')" \
	"BEGIN READ WRITE; INSERT INTO fwlog.filtered_minute VALUES (1, now(), 0, 0, 1)"
refused fwlog_admin "INSERT INTO fwlog.prefix_map (pattern, verdict) VALUES ('x', 'drop')" \
	"UPDATE fwlog.prefix_map SET verdict = 'accept'" "DELETE FROM fwlog.prefix_map" \
	"UPDATE fwlog.prefix_timeline SET verdict = '{accept}'" \
	"DELETE FROM fwlog.list_entry" "UPDATE fwlog.list SET version = 1" \
	"DELETE FROM fwlog.filter" "UPDATE fwlog.filter SET query = 'x'" \
	"INSERT INTO fwlog.filter (name, query, why, added_in) VALUES ('x', 'x', 'x', 1)" \
	"UPDATE fwlog.filter SET removed = now()" "DELETE FROM fwlog.filter_set" \
	"INSERT INTO fwlog.filter_set (version, why) VALUES (1, 'x')" \
	"SELECT fwlog.filter_publish('x')" "SELECT fwlog.filter_end('{1}', 1)" \
	"UPDATE fwlog.filtered_minute SET records = 0" \
	"INSERT INTO fwlog.filter_applied VALUES (1, 1)"
is "the administrator adds a filter under its own name" \
	"$(as fwlog_admin "SELECT fwlog.filter_add('dns', 'dport:53', NULL, NULL, 0, NULL, 'noise');
		SELECT f.who, s.who FROM fwlog.filter f
		JOIN fwlog.filter_set s ON s.version = f.added_in")" $'2\nfwlog_admin|fwlog_admin'
is "and removes it" "$(as fwlog_admin "SELECT fwlog.filter_remove('dns', 'quiet now');
	SELECT removed_by, removed_in FROM fwlog.filter")" $'3\nfwlog_admin|3'
is "the collector counts what filters left out" \
	"$(as fwlog_ingest "INSERT INTO fwlog.filtered_minute AS f VALUES (1, '2026-11-23', 1, 0, 5),
		(2, '2026-11-23', 0, 2, 1);
		INSERT INTO fwlog.filtered_minute AS f VALUES (1, '2026-11-23', 1, 0, 5) ON CONFLICT
		(host_id, minute, filter_id, prefix_id) DO UPDATE SET records = f.records +
		excluded.records; SELECT count(*) FROM fwlog.filter JOIN fwlog.filter_set ON true")" 3
is "and the report sees it" "$(as fwlog_report "SELECT host, filter, prefix, records
	FROM fwlog.filtered_full ORDER BY records")" $'web2|(local)|drop: :|1\nweb1|dns||10'
is "the check finds nothing missing" \
	"$("$BIN/fwlogctl" db check -q --db "$(pg_dsn postgres)" | grep -v fsync | grep -v full_page)" ""
finish
