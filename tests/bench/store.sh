#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How the store does: sustained load with roll-ups against psql \copy of the same rows
# without, then N events over 30 days: bytes per event, sealing, and the queries of the
# overview and of forensics. Prints figures and the bound each is held to.
# N=20000000 LOAD=3000000 SINKS=2 PHASE=load|query; about 400 bytes of disk for each event.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/net.sh"
. "$here/../lib/fleet.sh"
. "$here/fill.sh"
need_programs fwlog-collector fwlog-load fwlogctl

N=${N:-5000000}
LOAD=${LOAD:-3000000}
AGENTS=${AGENTS:-10}
SINKS=${SINKS:-2}

now_ms()
{
	date +%s%3N
}

# ---- sustained load

load_rate()
{
	"$BIN/fwlog-load" --collector "unix:$COLLECTOR_SOCKET" --agents "$AGENTS" \
		--records $((LOAD / AGENTS)) --seconds 600 --name "$1-" |
		sed 's/.*"records_per_second": \([0-9]*\).*/\1/'
}

# The same rows into an empty copy of the table, partition and BRIN index included, without
# roll-ups.
copy_rate()
{
	local from
	sql "DROP TABLE IF EXISTS public.copied; CREATE TABLE public.copied
			(LIKE fwlog.event) PARTITION BY RANGE (ts);
		CREATE INDEX ON public.copied USING brin (ts) WITH (pages_per_range = 32);
		CREATE TABLE public.copied_all PARTITION OF public.copied DEFAULT; CHECKPOINT" \
		>/dev/null 2>&1
	from=$(now_ms)
	psql -X -q -c "\\copy public.copied FROM '$T/rows' (FORMAT binary)"
	echo $((LOAD * 1000 / ($(now_ms) - from)))
	sql "DROP TABLE public.copied" >/dev/null
}

# median NUMBER NUMBER NUMBER
median()
{
	printf '%s\n' "$@" | sort -n | sed -n 2p
}

# One after the other, three times: others may be using the machine, too.
bench_load()
{
	local i with=() copied=() rolled plain
	start_collector "" "sinks = $SINKS" "maintain = no"
	for i in 1 2 3; do
		sql "TRUNCATE fwlog.event; CHECKPOINT" >/dev/null
		with+=("$(load_rate "run$i")")
		[ -e "$T/rows" ] ||
			psql -X -q -c "\\copy (SELECT * FROM fwlog.event) TO '$T/rows' (FORMAT binary)"
		sql "TRUNCATE fwlog.event" >/dev/null
		copied+=("$(copy_rate)")
	done
	stop_collector
	rm "$T/rows"
	rolled=$(median "${with[@]}") plain=$(median "${copied[@]}")
	note "load with roll-ups: ${with[*]}; psql \\copy of the same rows: ${copied[*]} events/s"
	note "rows of roll-ups for $((3 * LOAD)) events: $(sql "SELECT (SELECT count(*) FROM
		fwlog.rollup_minute) + (SELECT count(*) FROM fwlog.rollup_hour_src)
		+ (SELECT count(*) FROM fwlog.rollup_hour_dst)
		+ (SELECT count(*) FROM fwlog.rollup_hour_port)")"
	at_least "$rolled to $plain: ratio in hundredths, 70 at least" $((100 * rolled / plain)) 70
}

sizes()
{
	sql "SELECT format('# %s events in %s days: %s bytes each (table %s, BRIN %s)', $N, $DAYS,
		round(sum(table_bytes + index_bytes) / $N), round(sum(table_bytes) / $N, 1),
		round(sum(index_bytes) / $N, 1)) FROM fwlog.partition_overview WHERE events > 0"
}

maintain()
{
	local from
	from=$(now_ms)
	fill_seal
	echo $(($(now_ms) - from))
}

rollup_bytes()
{
	sql "SELECT round(sum(pg_total_relation_size(oid)) / $N.0, 1) FROM pg_class
		WHERE relname ~ '$1' AND relkind = 'r'"
}

seal()
{
	local ms
	note "roll-ups: $(rollup_bytes '^rollup_(minute|hour)') bytes for each event"
	ms=$(maintain)
	note "sealed and summed up in $ms ms, by the day: $((ms / DAYS)) ms"
	sql "SELECT format('# sealed: %s bytes of indexes for each event', round(sum(index_bytes)
		/ sum(events), 1)) FROM fwlog.partition_overview WHERE sealed"
	ms=$(maintain)
	sql "VACUUM FULL ANALYZE fwlog.rollup_minute" >/dev/null
	sql "VACUUM ANALYZE" >/dev/null
	note "minutes thinned out in $ms ms: roll-ups have $(rollup_bytes '^rollup_(minute|hour)')"\
		"bytes for each event then, summaries $(rollup_bytes '^rollup_(all|day|made)'):"
	sql "SELECT format('# %s: %s rows, %s bytes for each event', relname, reltuples::bigint,
		round(pg_total_relation_size(oid) / $N.0, 1)) FROM pg_class
		WHERE relname ~ '^rollup_' AND relkind = 'r' AND reltuples > 10000 ORDER BY 1"
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
	# The fill goes on to the end of today: both ends are named.
	local span_1h="time > now() - interval '1 hour' AND time <= now()"
	local span_24h="time > now() - interval '24 hours' AND time <= now()"
	local month="time > now() - interval '30 days' AND time <= now()"
	local source tuple
	query "overview: events by hour and verdict, 24 h" 50 \
		"SELECT time, verdict, sum(events) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1, 2"
	query "overview: events by minute and verdict, 1 h" 50 \
		"SELECT time, verdict, sum(events) FROM fwlog.rollup_minute_full
		WHERE $span_1h GROUP BY 1, 2"
	query "overview: hosts, 24 h" 50 \
		"SELECT host, sum(events), sum(bytes) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1"
	query "overview: prefixes, 24 h" 50 \
		"SELECT prefix, verdict, sum(events) FROM fwlog.rollup_hour_full WHERE $span_24h GROUP BY 1, 2"
	query "overview: top ports, 24 h" 50 \
		"SELECT protocol, dst_port, sum(events) FROM fwlog.rollup_all_port_full
		WHERE $span_24h GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10"
	query "overview: top sources, 24 h" 50 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_all_src_full WHERE $span_24h
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: top destinations, 24 h" 50 \
		"SELECT dst_ip, sum(events) FROM fwlog.rollup_all_dst_full WHERE $span_24h
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: top sources of a host, 24 h" 50 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_hour_src_full WHERE $span_24h
		AND host = 'fw7' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: top sources, 1 h" 50 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_all_src_full
		WHERE $span_1h GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "overview: distinct sources, 24 h" 50 \
		"SELECT fwlog.distinct_estimate(bit_or(source_sketch))
		FROM fwlog.rollup_hour_distinct_full WHERE $span_24h"
	query "events by day, 30 days" 50 \
		"SELECT time, sum(events) FROM fwlog.rollup_day_full WHERE $month GROUP BY 1"
	query "top prefixes, 30 days" 50 \
		"SELECT prefix, sum(events) FROM fwlog.rollup_day_full WHERE $month
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "top ports, 30 days" 50 \
		"SELECT protocol, dst_port, sum(events) FROM fwlog.rollup_day_port_full WHERE $month
		GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10"
	query "top sources, 30 days" 50 \
		"SELECT src_ip, sum(events) FROM fwlog.rollup_day_src_full WHERE $month
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "top destinations, 30 days" 50 \
		"SELECT dst_ip, sum(events) FROM fwlog.rollup_day_dst_full WHERE $month
		GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
	query "top sources, 24 h, by host and hour" 500 \
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
[ "${PHASE:-load}" = query ] || bench_load
[ "${PHASE:-query}" = query ] || finish
fill_names
note "filling $N events"
fill_days
sizes
fill_rollups
seal
bench_queries
finish
