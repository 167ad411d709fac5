#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How the store does: sustained load with roll-ups against psql \copy of the same rows
# without, then N events over 30 days: bytes per event, sealing, and the queries of the
# overview and of forensics. Prints figures and the bound each is held to.
# N=20000000 LOAD=3000000 SINKS=2; needs about 400 bytes of disk for each event.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
need_programs fwlog-collector fwlog-load fwlogctl

N=${N:-5000000}
LOAD=${LOAD:-3000000}
AGENTS=${AGENTS:-10}
SINKS=${SINKS:-2}
HOSTS=20
DAYS=30

now_ms()
{
	date +%s%3N
}

# bound WHAT FOUND MOST [UNIT]
bound()
{
	if awk -v a="$2" -v b="$3" 'BEGIN { exit !(a <= b) }'; then
		ok "$1: $2 ${4:-ms} (at most $3)"
	else
		not_ok "$1: $2 ${4:-ms} (at most $3)"
	fi
}

# ---- sustained load

load_rate()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents "$AGENTS" \
		--records $((LOAD / AGENTS)) --seconds 600 --name "$1-" |
		sed 's/.*"records_per_second": \([0-9]*\).*/\1/'
}

# The same rows into an empty copy of the table, partition and BRIN index included, without
# roll-ups: the best of two.
copy_rate()
{
	local i from ms best=0
	psql -X -q -c "\\copy (SELECT * FROM fwlog.event) TO '$T/rows' (FORMAT binary)"
	for i in 1 2; do
		sql "DROP TABLE IF EXISTS public.copied; CREATE TABLE public.copied
				(LIKE fwlog.event) PARTITION BY RANGE (ts);
			CREATE INDEX ON public.copied USING brin (ts) WITH (pages_per_range = 32);
			CREATE TABLE public.copied_all PARTITION OF public.copied DEFAULT; CHECKPOINT" \
			>/dev/null 2>&1
		from=$(now_ms)
		psql -X -q -c "\\copy public.copied FROM '$T/rows' (FORMAT binary)"
		ms=$(($(now_ms) - from))
		[ $((LOAD * 1000 / ms)) -le "$best" ] || best=$((LOAD * 1000 / ms))
	done
	rm "$T/rows"
	sql "DROP TABLE public.copied" >/dev/null
	echo "$best"
}

bench_load()
{
	local with first copied
	start_collector "" "sinks = $SINKS" "maintain = no"
	first=$(load_rate first)
	sql "TRUNCATE fwlog.event; CHECKPOINT" >/dev/null
	with=$(load_rate second)
	[ "$first" -le "$with" ] || with=$first
	stop_collector
	copied=$(copy_rate)
	note "sustained load with roll-ups: $with events/s; psql \\copy of the same rows: $copied/s"
	note "rows of roll-ups for $((2 * LOAD)) events: $(sql "SELECT (SELECT count(*) FROM
		fwlog.rollup_minute) + (SELECT count(*) FROM fwlog.rollup_hour_src)
		+ (SELECT count(*) FROM fwlog.rollup_hour_dst)
		+ (SELECT count(*) FROM fwlog.rollup_hour_port)")"
	at_least "ratio in hundredths, 70 at least" $((100 * with / copied)) 70
}

# ---- N events: some sources and ports are frequent, most are rare

fill_names()
{
	sql "TRUNCATE fwlog.event, fwlog.rollup_minute, fwlog.rollup_hour, fwlog.rollup_hour_port,
			fwlog.rollup_hour_src, fwlog.rollup_hour_dst, fwlog.rollup_hour_distinct;
		DELETE FROM fwlog.host;
		INSERT INTO fwlog.host (host_id, name) SELECT g, 'fw' || g
			FROM generate_series(1, $HOSTS) g;
		SELECT fwlog.make_partition((now() AT TIME ZONE 'UTC')::date - d)
		FROM generate_series(0, $DAYS) d" >/dev/null
}

fill_day()
{
	sql "INSERT INTO fwlog.event (ts, n, host_id, prefix_id, in_id, nflog_group, len, sport,
			dport, ethertype, hw_type, flags, family, hook, proto, tcp_flags, ttl, tos,
			src_mac, dst_mac, src, dst, payload)
		SELECT date_trunc('day', now(), 'UTC') - interval '$1 days' + g.at, g.n,
			1 + (random() * ($HOSTS - 1))::int, 1 + (random() * 4)::int,
			1 + (random() * 3)::int, 5, 40, 1024 + (random() * 64000)::int,
			('{22,23,53,80,123,443,445,1433,3389,5060,8080}'::int[])[1 +
				(random() ^ 2 * 10)::int] + CASE WHEN random() < 0.1
				THEN (random() * 30000)::int ELSE 0 END,
			2048, 1, 0, 2, 1, CASE WHEN random() < 0.7 THEN 6 ELSE 17 END, 2, 52, 0,
			'02:00:00:00:00:02', '02:00:00:00:00:01',
			inet '11.0.0.0' + (random() ^ 3 * 200000)::int,
			inet '10.0.0.0' + (random() * 200)::int, decode(md5(g.n::text), 'hex')
		FROM (SELECT n, n * interval '1 day' / ($N / $DAYS + 1) AS at
			FROM generate_series(1, $N / $DAYS) n) g" >/dev/null
}

# What the collector and its maintenance would have left: in order of time, bounded.
fill_rollups()
{
	local rel
	sql "INSERT INTO fwlog.rollup_minute SELECT host_id, date_trunc('minute', ts), prefix_id,
			proto, dport, count(*), sum(len) FROM fwlog.event GROUP BY 1, 2, 3, 4, 5 ORDER BY 2;
		INSERT INTO fwlog.rollup_hour SELECT host_id, date_trunc('hour', minute), prefix_id,
			proto, sum(events), sum(bytes) FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4 ORDER BY 2;
		INSERT INTO fwlog.rollup_hour_port SELECT host_id, date_trunc('hour', minute), proto,
			dport, sum(events), sum(bytes) FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4 ORDER BY 2;
		INSERT INTO fwlog.rollup_hour_distinct SELECT host_id, hour,
			(random() * 1e6)::int::bit(12288), (random() * 1e6)::int::bit(12288)
			FROM fwlog.rollup_hour GROUP BY 1, 2 ORDER BY 2" >/dev/null
	for rel in src dst; do
		sql "INSERT INTO fwlog.rollup_hour_$rel SELECT host_id, hour, CASE WHEN place <= 250
				THEN address ELSE '0.0.0.0/0' END, sum(events), sum(bytes)
			FROM (SELECT host_id, date_trunc('hour', ts) AS hour, $rel AS address,
				count(*) AS events, sum(len) AS bytes, row_number() OVER (PARTITION BY
				host_id, date_trunc('hour', ts) ORDER BY count(*) DESC) AS place
				FROM fwlog.event GROUP BY 1, 2, 3) a GROUP BY 1, 2, 3 ORDER BY 2" >/dev/null
	done
	sql "VACUUM ANALYZE" >/dev/null
}

sizes()
{
	sql "SELECT format('# %s events in %s days: %s bytes each (table %s, BRIN %s)', $N, $DAYS,
		round(sum(table_bytes + index_bytes) / $N), round(sum(table_bytes) / $N, 1),
		round(sum(index_bytes) / $N, 1)) FROM fwlog.partition_overview WHERE events > 0"
}

seal()
{
	local from
	from=$(now_ms)
	"$BIN/fwlogctl" db maintain -q --seal-after 0s --db "$(pg_dsn postgres)"
	note "sealed in $(($(now_ms) - from)) ms, by the day: $((($(now_ms) - from) / DAYS)) ms"
	sql "SELECT format('# sealed: %s bytes of indexes for each event', round(sum(index_bytes)
		/ sum(events), 1)) FROM fwlog.partition_overview WHERE sealed"
	sql "SELECT format('# roll-ups: %s bytes for each event', round(sum(pg_total_relation_size(
		oid)) / $N, 1)) FROM pg_class WHERE relname LIKE 'rollup%' AND relkind = 'r'"
}

# query WHAT MOST STATEMENT: the median of five runs as fwlog_report, after one to warm up.
query()
{
	local ms
	ms=$(for _ in 0 1 2 3 4 5; do
		printf '%s\n' '\timing on' "$3;"
	done | PGUSER=fwlog_report psql -X -q -A -t -v ON_ERROR_STOP=1 2>&1 |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 5 | sort -n | sed -n 3p)
	bound "$1" "${ms:-999999}" "$2"
}

bench_queries()
{
	local span_24h="time > now() - interval '24 hours'" month="time > now() - interval '30 days'"
	local source tuple
	query "overview: events by hour and verdict, 24 h" 50 \
		"SELECT time, verdict, sum(events) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1, 2"
	query "overview: events by minute and verdict, 1 h" 50 \
		"SELECT time, verdict, sum(events) FROM fwlog.rollup_minute_full
		WHERE time > now() - interval '1 hour' GROUP BY 1, 2"
	query "overview: hosts, 24 h" 50 \
		"SELECT host, sum(events), sum(bytes) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1"
	query "overview: prefixes, 24 h" 50 \
		"SELECT prefix, verdict, sum(events) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1, 2"
	query "overview: top ports, 24 h" 50 \
		"SELECT protocol, dst_port, sum(events) FROM fwlog.rollup_hour_port_full WHERE $span_24h
		GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10"
	query "overview: top sources, 1 h" 50 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_hour_src_full
		WHERE time > now() - interval '1 hour' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: top destinations, 24 h" 50 \
		"SELECT dst_ip, sum(events) FROM fwlog.rollup_hour_dst_full WHERE $span_24h
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: distinct sources, 24 h" 50 \
		"SELECT fwlog.distinct_estimate(bit_or(source_sketch))
		FROM fwlog.rollup_hour_distinct_full WHERE $span_24h"
	query "events by day, 30 days" 250 \
		"SELECT date_trunc('day', time), sum(events) FROM fwlog.rollup_hour_full
		WHERE $month GROUP BY 1"
	query "top sources, 24 h" 500 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_hour_src_full WHERE $span_24h
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	source=$(sql "SELECT src FROM fwlog.event WHERE ts > now() - interval '3 days'
		AND src > '11.0.200.0' LIMIT 1")
	note "events of $source: $(sql "SELECT count(*) FROM fwlog.event WHERE src = '$source'")"
	query "all events of one source, 30 days" 100 \
		"SELECT * FROM fwlog.event_full WHERE src_ip = '$source' AND $month"
	tuple=$(sql "SELECT format('src_ip = %L AND dst_ip = %L AND src_port = %s AND dst_port = %s
		AND protocol_number = %s', src, dst, sport, dport, proto) FROM fwlog.event
		WHERE ts < now() - interval '3 days' LIMIT 1")
	query "a 5-tuple, 30 days" 200 "SELECT * FROM fwlog.event_full WHERE $tuple AND $month"
	query "a rare port, 30 days" 200 \
		"SELECT * FROM fwlog.event_full WHERE dst_port = 31007 AND $month"
}

pg_start
db_init
bench_load
fill_names
note "filling $N events"
for ((day = DAYS - 1; day >= 0; day--)); do
	fill_day $day
done
sql "VACUUM ANALYZE fwlog.event" >/dev/null
sizes
fill_rollups
seal
bench_queries
finish
