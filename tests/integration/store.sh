#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Roll-ups are what their events sum up to, also when the collector is killed, records come
# twice and some are refused. Partitions are made, sealed, emptied and dropped as said, and
# what is archived comes back as it was.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

AGENTS=3
RECORDS=${RECORDS:-40000} # of each agent

# ---- roll-ups

load_start()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents $AGENTS --batch 250 \
		--window 4 --records "$2" --seconds 60 --name "$1-" >>"$T/log/load.log" 2>&1 &
	LOAD=$!
}

stored()
{
	[ "$(sql 'SELECT count(*) FROM fwlog.event' 2>/dev/null || echo 0)" -ge "$1" ]
}

# differ ROLLUP TIME COLUMNS KEYS: how many keys have other sums in the roll-up than in the
# events. KEYS are those of the roll-up, as expressions over an event.
differ()
{
	sql "SELECT count(*) FROM (SELECT host_id, date_trunc('$2', ts, 'UTC'), $4, count(*),
			sum(coalesce(len, 0)) FROM fwlog.event GROUP BY 1, 2${5:-}) e
		FULL JOIN (SELECT host_id, $2, $3, sum(events), sum(bytes) FROM fwlog.$1
			GROUP BY 1, 2${5:-}) r ON e::text = r::text WHERE e IS NULL OR r IS NULL"
}

rollups_are_exact()
{
	local rel
	is "$1: minutes by prefix and protocol" "$(differ rollup_minute minute \
		'prefix_id, proto' 'coalesce(prefix_id, 0), coalesce(proto, -1)' ', 3, 4')" 0
	is "$1: hours by prefix and protocol" "$(differ rollup_hour hour \
		'prefix_id, proto' 'coalesce(prefix_id, 0), coalesce(proto, -1)' ', 3, 4')" 0
	is "$1: hours by protocol, over the ports" "$(differ rollup_hour_port hour \
		proto 'coalesce(proto, -1)' ', 3')" 0
	for rel in rollup_hour_src rollup_hour_dst; do
		is "$1: hours over the addresses, $rel" "$(differ $rel hour 0 0 ', 3')" 0
	done
	is "$1: no own row says more than there is" "$(sql "SELECT count(*) FROM
		fwlog.rollup_hour_src r LEFT JOIN (SELECT host_id, date_trunc('hour', ts, 'UTC') AS
		hour, src AS address, count(*) AS there FROM fwlog.event GROUP BY 1, 2, 3) e
		USING (host_id, hour, address)
		WHERE masklen(address) > 0 AND events > coalesce(there, 0)")" 0
}

sketches_are_near()
{
	is "$1: distinct addresses within a fifth" "$(sql "SELECT count(*) FROM
		(SELECT host_id, date_trunc('hour', ts, 'UTC') AS hour, count(DISTINCT src) AS src,
			count(DISTINCT dst) AS dst FROM fwlog.event GROUP BY 1, 2) e
		FULL JOIN fwlog.rollup_hour_distinct r USING (host_id, hour)
		WHERE abs(fwlog.distinct_estimate(r.sources)::float / src - 1) < 0.2
			AND abs(fwlog.distinct_estimate(r.destinations)::float / dst - 1) < 0.2")" \
		"$(sql "SELECT count(*) FROM (SELECT 1 FROM fwlog.event
			GROUP BY host_id, date_trunc('hour', ts, 'UTC')) h")"
}

pg_start
db_init
start_collector "" "commit_interval = 20ms" "commit_rows = 5000"

load_start killed "$RECORDS"
for percent in 10 40 70; do
	must_wait "load" 60 stored $((AGENTS * RECORDS * percent / 100))
	stop "$COLLECTOR_PID" KILL
	start_collector "" "commit_interval = 20ms" "commit_rows = 5000"
done
wait "$LOAD"
is "collector killed: all is acknowledged" $? 0
is "each record is stored" "$(sql 'SELECT count(*) FROM fwlog.event')" $((AGENTS * RECORDS))
rollups_are_exact "collector killed"
sketches_are_near "collector killed"

sql "ALTER TABLE fwlog.event ADD CONSTRAINT poison CHECK (sport <> 1055) NOT VALID" >/dev/null
load_start poison 4000
wait "$LOAD"
sql "ALTER TABLE fwlog.event DROP CONSTRAINT poison" >/dev/null
is "some are in quarantine" "$(sql "SELECT count(*) FROM fwlog.quarantine")" 9
rollups_are_exact "quarantine"
is "the views say it in words" "$(PGUSER=fwlog_report sql "SELECT count(*) > 0,
	sum(events) = (SELECT count(*) FROM fwlog.event), bool_and(host IS NOT NULL),
	bool_or(dst_port = 22 AND protocol = 'tcp'), min(verdict) IS NOT NULL
	FROM fwlog.rollup_minute_full")" "t|t|t|t|t"
check "the collector ends" stop_collector

# ---- the collector's own maintenance
sql "SET ROLE fwlog_owner; SELECT fwlog.make_partition((now() AT TIME ZONE 'UTC')::date - 2)" \
	>/dev/null
day="event_p$(date -u -d '2 days ago' +%Y%m%d)"
is "without another role it may not be told to remove" "$("$BIN/fwlog-collector" --check \
	-o retain=90d -c "$T/collector.conf" 2>&1 | grep -o 'maintain_database with user=[a-z_]*')" \
	"maintain_database with user=fwlog_admin"
start_collector "" "maintain_interval = 1s" "seal_after = 0s" \
	"maintain_database = $(pg_dsn fwlog_admin)" "retain_rollups = 1000d"
is_sealed()
{
	[ "$(sql "SELECT sealed FROM fwlog.partition_overview WHERE partition = '$day'")" = t ]
}
check "it seals a day that is over" wait_for 20 is_sealed
sql "DROP TABLE fwlog.$day" >/dev/null
check "the collector ends" stop_collector

# ---- partitions: of five days, one long ago; all rows went to the default partition

# ctl COMMAND…: fwlogctl db as fwlog_admin; output in $OUT, status in $RC.
ctl()
{
	OUT=$("$BIN/fwlogctl" db "$@" --db "$(pg_dsn "${AS:-fwlog_admin}")" 2>&1)
	RC=$?
}

day_ago()
{
	date -u -d "$1 days ago" +%Y-%m-%d
}

part_ago()
{
	echo "event_p$(date -u -d "$1 days ago" +%Y%m%d)"
}

# What a day holds, whatever its numbers for names are.
content()
{
	sql "SELECT count(*), md5(string_agg(e::text, '|' ORDER BY host, n)) FROM
		(SELECT time, host, prefix, in_iface, netns, src_ip, dst_ip, dst_port, protocol,
			length, src_mac, payload, n FROM fwlog.event_full
		WHERE time >= '$1 00:00+00' AND time < timestamptz '$1 00:00+00' + interval '1 day') e"
}

for days in 100 5 4 3; do
	sql "INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, src, dst, dport, proto,
			len, src_mac, payload)
		SELECT timestamptz '$(day_ago $days) 00:00+00' + g * interval '8 s',
			host[1 + g % 3], 1000000 * $days + g, prefix[1 + g % 4], iface[1 + g % 3], inet '10.1.0.0' + g % 500,
			'2001:db8::1', g % 1000, 6, 60, '02:00:00:00:00:01',
			decode(md5(g::text), 'hex') FROM generate_series(0, 9999) g,
			(SELECT array_agg(host_id) AS host FROM fwlog.host) h,
			(SELECT array_agg(prefix_id) AS prefix FROM fwlog.dict_prefix) p,
			(SELECT array_agg(iface_id) AS iface FROM fwlog.dict_iface) i" >/dev/null
done
sql "INSERT INTO fwlog.event (ts, host_id, n) VALUES ('1980-01-01', 1, 1)" >/dev/null
sql "DROP TABLE fwlog.$(part_ago -3)" >/dev/null
is "they wait in the default partition" "$(sql 'SELECT count(*) FROM fwlog.event_default')" 40001
ctl maintain --dry-run --retain 90d
says "a dry run tells what is due" 0 'moves 10000 events out of event_default'
is "and does nothing" "$(sql 'SELECT count(*) FROM fwlog.event_default')" 40001
ctl maintain
says "the missing partition ahead is made" 0 "ahead: $(part_ago -3)"
says "events go to their day" 0 "moves 10000 events .*: $(part_ago 4)"
is "what has no day stays" "$(sql 'SELECT count(*) FROM fwlog.event_default')" 1
ctl maintain
says "days that are over are sealed" 0 "seals $(part_ago 3): index by src"
is "each of them" "$(sql "SELECT count(*) FROM fwlog.partition_overview
	WHERE sealed AND day < (now() AT TIME ZONE 'UTC')::date - 1")" 4
is "today is not" "$(sql "SELECT count(*) FROM fwlog.partition_overview
	WHERE sealed AND day >= (now() AT TIME ZONE 'UTC')::date")" 0
is "a source is looked up by index" "$(sql "EXPLAIN SELECT * FROM fwlog.event_full
	WHERE src_ip = '10.1.0.7' AND time >= '$(day_ago 5)' AND time < '$(day_ago 3)'" |
	grep -c "$(part_ago 4)_src")" 1
ctl maintain
is "then there is nothing to do" "$RC$OUT" 0

exec 8> >(PGUSER=postgres psql -X -q -d fwlog >/dev/null 2>&1)
echo "SELECT pg_advisory_lock(hashtextextended('fwlog maintenance', 0));" >&8
lock_is_held()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" -gt 0 ]
}
must_wait "the lock is held" 10 lock_is_held
ctl maintain
says "two maintainers do not meet" 1 'another maintenance is under way'
exec 8>&-
lock_is_free()
{
	! lock_is_held
}
must_wait "the lock is free" 10 lock_is_free

# ---- retention
ctl maintain --retain 90d
is "by age: that day and no other" "$OUT" "$(grep -E "^drops $(part_ago 100), .*older than" <<<"$OUT")"
is "it is gone" "$(sql "SELECT to_regclass('fwlog.$(part_ago 100)') IS NULL")" t
ctl maintain --retain-size "$(sql "SELECT sum(table_bytes + index_bytes) - 1
	FROM fwlog.partition_overview")"
is "by size: the oldest, and no more than needed" "$(cut -d, -f1 <<<"$OUT")" "drops $(part_ago 5)"
AS=fwlog_ingest ctl maintain --retain 2d
says "the collector's role cannot remove" 1 'drops .*: permission denied'
is "what it could not is there" "$(content "$(day_ago 4)" | cut -d'|' -f1)" 10000
sql "INSERT INTO fwlog.rollup_hour VALUES (1, now() - interval '10 days', 1, 6, 5, 5)" >/dev/null
ctl maintain --retain-rollups 5d
says "roll-ups by their own age" 0 'removes roll-ups older than 5 days: 1$'

# ---- what filters left out, and what was put aside
sql "INSERT INTO fwlog.filtered_minute SELECT 1, date_trunc('minute', now()) -
		g * interval '1 day', 0, 0, 7 FROM generate_series(1, 9) g;
	INSERT INTO fwlog.quarantine SELECT 1, 1, g, 1, 'of old', 'x', now() -
		g * interval '10 days' FROM generate_series(1, 10) g" >/dev/null
ctl maintain --retain 85d --retain-rollups 5d
says "filtered counts go with roll-ups" 0 'removes counts of .* older than 5 days: 4$'
says "the quarantine goes with its events" 0 'removes from the quarantine .* 85 days: 2$'
is "younger counts stay" "$(sql "SELECT count(*) FROM fwlog.filtered_minute")" 5
is "what was put aside later stays" "$(sql "SELECT count(*) FROM fwlog.quarantine
	WHERE reason = 'of old'")" 8
ctl maintain --retain 85d --retain-rollups 5d
is "nothing is left to remove" "$(grep -c '^removes' <<<"$OUT")" 0

# ---- many small rows of an hour that is over
sql "INSERT INTO fwlog.rollup_hour_src SELECT 1, date_trunc('hour', now()) - interval '3 hours',
	inet '10.9.0.0' + g, 1 + g % 7, 60 FROM generate_series(1, 5000) g" >/dev/null
before=$(sql "SELECT sum(events), sum(bytes) FROM fwlog.rollup_hour_src")
ctl maintain
says "they are folded" 0 'folds rows of rollup_hour_src of host 1 .*: 4750$'
is "the sums stay" "$(sql "SELECT sum(events), sum(bytes) FROM fwlog.rollup_hour_src")" "$before"
is "those that stay are the larger ones" "$(sql "SELECT min(events) = 7 FROM
	fwlog.rollup_hour_src WHERE hour = date_trunc('hour', now()) - interval '3 hours'
	AND masklen(address) > 0")" t

# ---- summaries over all hosts, and minutes thinned out
sql "DELETE FROM fwlog.rollup_hour_src
	WHERE hour = date_trunc('hour', now()) - interval '3 hours'" >/dev/null
NINE="date_trunc('day', now(), 'UTC') - interval '9 days'" # ago, an hour of 1819 events
for rel in src dst; do
	sql "INSERT INTO fwlog.rollup_hour_$rel SELECT 1, $NINE, inet '10.8.0.0' + g,
		CASE g WHEN 77 THEN 1220 ELSE 1 END, 60 FROM generate_series(1, 600) g" >/dev/null
done
sql "INSERT INTO fwlog.rollup_hour VALUES (1, $NINE, 1, 6, 1819, 36000);
	INSERT INTO fwlog.rollup_hour_port VALUES (1, $NINE, 6, 1, 1819, 36000);
	INSERT INTO fwlog.rollup_minute SELECT 1, $NINE + m * interval '1 minute', 1, 6, p, 1, 60
		FROM generate_series(0, 59) m, generate_series(1, 20) p;
	INSERT INTO fwlog.rollup_minute SELECT 1, $NINE + interval '1 hour', 1, 6, p, 31, 60
		FROM generate_series(1, 20) p" >/dev/null

# summed WHAT: each hour that is over, and each view, has the sum of the roll-up.
summed()
{
	local kind
	for kind in src dst port; do
		is "$1: hours over all hosts, $kind" "$(sql "SELECT count(*) FROM
			(SELECT hour, sum(events), sum(bytes) FROM fwlog.rollup_hour_$kind
			WHERE hour < date_trunc('hour', now()) GROUP BY 1) h FULL JOIN
			(SELECT hour, sum(events), sum(bytes) FROM fwlog.rollup_all_$kind GROUP BY 1) a
			ON h::text = a::text WHERE h IS NULL OR a IS NULL")" 0
		is "$1: the views, $kind" "$(sql "SELECT (SELECT sum(events) FROM
			fwlog.rollup_all_${kind}_full) - sum(events), (SELECT sum(events) FROM
			fwlog.rollup_day_${kind}_full) - sum(events) FROM fwlog.rollup_hour_$kind")" "0|0"
	done
	is "$1: days by prefix" "$(PGUSER=fwlog_report sql "SELECT sum(events) -
		(SELECT sum(events) FROM fwlog.rollup_hour_full) FROM fwlog.rollup_day_full")" 0
}
ctl maintain
says "what is over is summed up" 0 "sums up roll-ups of $(day_ago 9): 7$"
summed "summed up"
is "the largest come first" "$(PGUSER=fwlog_report sql "SELECT src_ip, events FROM
	fwlog.rollup_day_src_full WHERE time = $NINE ORDER BY 2 DESC LIMIT 1")" "10.8.0.77|1220"
is "beyond what is kept they are one row" "$(sql "SELECT count(*), sum(events) FILTER
	(WHERE masklen(address) = 0) FROM fwlog.rollup_all_src WHERE hour = $NINE")" "251|350"
for rel in src dst; do
	sql "INSERT INTO fwlog.rollup_hour_$rel VALUES (2, $NINE, '10.8.0.1', 9, 9)" >/dev/null
done
sql "INSERT INTO fwlog.rollup_hour VALUES (2, $NINE, 1, 6, 9, 9);
	INSERT INTO fwlog.rollup_hour_port VALUES (2, $NINE, 6, 1, 9, 9)" >/dev/null
thin=$(sql "SELECT minute, sum(events), sum(bytes) FROM fwlog.rollup_minute GROUP BY 1 ORDER BY 1")
ctl maintain
says "events that came late too" 0 "sums up roll-ups of $(day_ago 9): 7$"
summed "come late"
says "minutes of sparse hours are thinned out" 0 \
	"thins out minutes of host 1 on $(day_ago 9): 1140$"
is "those of others are not" "$(sql "SELECT count(*), count(DISTINCT dport) FROM
	fwlog.rollup_minute WHERE minute >= $NINE AND minute < $NINE + interval '1 day'")" "80|21"
is "their sums stay" "$(sql "SELECT minute, sum(events), sum(bytes) FROM fwlog.rollup_minute
	GROUP BY 1 ORDER BY 1")" "$thin"
ctl maintain
is "once" "$(grep -c -e 'sums up' -e 'thins out' <<<"$OUT")" 0

# ---- marks of runs that ended long ago
sql "INSERT INTO fwlog.stream VALUES (1, 5, 7, now() - interval '200 days')" >/dev/null
ctl maintain
says "maintenance forgets them" 0 "forgets marks .*: 1$"

# ---- archive
mkdir "$T/archive"
kept=$(content "$(day_ago 4)")
ctl archive "$(day_ago 4)" -d "$T/archive"
says "a day is archived" 0 '10000 events'
ctl archive "$(day_ago 4)" -d "$T/archive"
says "a file is not overwritten" 1 'is there already'
AS=postgres ctl restore "$T/archive/$(part_ago 4).fwlog.zst"
says "nor is a day" 1 'there are events of that day'
rm "$T/archive/$(part_ago 4).fwlog.zst"
ctl archive --older-than 3d --drop -d "$T/archive"
says "days are archived and dropped by age" 0 "^$(part_ago 4).* dropped"
is "no temporary file is left" "$(ls -A "$T/archive")" "$(part_ago 4).fwlog.zst"
is "the day is gone" "$(content "$(day_ago 4)")" "0|"
cut=$T/archive/cut.zst
zstd -q -dc "$T/archive/$(part_ago 4).fwlog.zst" | sed '5000d' | zstd -q >"$cut"
AS=postgres ctl restore "$cut"
says "a row less is noticed" 1 'checksum is wrong; nothing of it is restored'
head -c 100000 "$T/archive/$(part_ago 4).fwlog.zst" >"$cut"
AS=postgres ctl restore "$cut"
says "so is a cut file" 1 'cut.zst'
is "nothing of them is there" "$(content "$(day_ago 4)")" "0|"
ctl restore "$T/archive/$(part_ago 4).fwlog.zst"
says "fwlog_admin cannot add events" 1 'member of fwlog_owner'
AS=postgres ctl restore "$T/archive/$(part_ago 4).fwlog.zst"
says "a day is restored" 0 '10000 events'
is "as it was" "$(content "$(day_ago 4)")" "$kept"
ctl maintain --retain 2d
is "it stays whatever its age" "$(content "$(day_ago 4)")" "$kept"
"$BIN/fwlogctl" db init -q --db "$(pg_dsn postgres other)"
PGDATABASE=other sql "SELECT fwlog.host_enter('first'), fwlog.prefix_enter('first'),
	fwlog.iface_enter('first')" >/dev/null
"$BIN/fwlogctl" db restore -q "$T/archive/$(part_ago 4).fwlog.zst" --db "$(pg_dsn postgres other)"
is "in another database the names are the same" "$(PGDATABASE=other content "$(day_ago 4)")" "$kept"

# ---- backup: pg_dump without the days, and the archive
PATH=$PATH:$PG_BIN
pg_dump -Fc --exclude-table-data='fwlog.event_p*' -d fwlog -f "$T/fwlog.dump" 2>>"$T/log/dump.log"
sql "CREATE DATABASE back OWNER fwlog_owner" >/dev/null
check "the dump comes back" pg_restore -e -d back "$T/fwlog.dump"
is "without the events of days" "$(PGDATABASE=back content "$(day_ago 4)")" "0|"
check "these come out of the archive" "$BIN/fwlogctl" db restore -q \
	"$T/archive/$(part_ago 4).fwlog.zst" --db "$(pg_dsn postgres back)"
is "as they were" "$(PGDATABASE=back content "$(day_ago 4)")" "$kept"
marks="SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM
	(SELECT host_id, epoch, seq, 0 FROM fwlog.stream UNION ALL
	SELECT host_id, next_n, 0, 0 FROM fwlog.host_mark UNION ALL
	SELECT host_id, events, bytes, dport FROM fwlog.rollup_minute) t"
is "marks and roll-ups as well" "$(PGDATABASE=back sql "$marks")" "$(sql "$marks")"
is "and maintenance works there" "$("$BIN/fwlogctl" db maintain --seal-after 100d \
	--db "$(pg_dsn fwlog_admin back)" 2>&1)" ""

sql "INSERT INTO fwlog.event (ts, host_id, n) VALUES ('$(day_ago 4) 12:00+00', 1, 9)" >/dev/null
is "a late row is no longer in the archive: it is not dropped for it" \
	"$(PGUSER=fwlog_admin sql "SELECT fwlog.partition_drop_archived('$(part_ago 4)', 10000)" 2>&1 |
		grep -o 'has 10001 events now')" "has 10001 events now"

# ---- records that come late while an index of their day is built
late="INSERT INTO fwlog.event (ts, host_id, n, src) VALUES ('$(day_ago 4) 13:00+00', 1"
sql "DROP INDEX fwlog.$(part_ago 4)_src" >/dev/null
exec 8> >(PGUSER=postgres psql -X -q -d fwlog >/dev/null 2>&1)
echo "BEGIN; $late, 10, '192.0.2.10');" >&8
late_is_open()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock'
		AND relation = 'fwlog.$(part_ago 4)'::regclass")" -gt 0 ]
}
is_building()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^CREATE INDEX CONCURRENTLY'
		AND wait_event_type = 'Lock'")" -gt 0 ]
}
must_wait "a late record is under way" 10 late_is_open
"$BIN/fwlogctl" db maintain -q --db "$(pg_dsn postgres)" >>"$T/log/late.log" 2>&1 &
MAINTAINER=$!
must_wait "the index is being built" 20 is_building
is "the owner's index lets late records in" \
	"$(sql "SET lock_timeout = '1s'; $late, 11, '192.0.2.11') RETURNING n" 2>&1)" 11
echo "COMMIT;" >&8
exec 8>&-
wait "$MAINTAINER"
is "the maintenance ends well" $? 0
is "and has them" "$(sql "SET enable_seqscan = off; SELECT count(*) FROM fwlog.$(part_ago 4)
	WHERE src IN ('192.0.2.10', '192.0.2.11')") $(sql "SELECT indisvalid FROM pg_index
	WHERE indexrelid = 'fwlog.$(part_ago 4)_src'::regclass")" "2 t"
sql "DELETE FROM fwlog.event_default" >/dev/null
ctl check
says "check is content" 0 'partitions'
finish
