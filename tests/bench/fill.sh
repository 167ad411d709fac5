# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# N events over 30 days with their roll-ups, for measuring; and figures that are held to a bound.
# Needs common.sh, pg.sh and a schema.

HOSTS=20
DAYS=30

# bound WHAT FOUND MOST [UNIT]
bound()
{
	if awk -v a="$2" -v b="$3" 'BEGIN { exit !(a <= b) }'; then
		ok "$1: $2 ${4:-ms} (at most $3)"
	else
		not_ok "$1: $2 ${4:-ms} (at most $3)"
	fi
}

# ---- N events: some sources and ports are frequent, most are rare

fill_names()
{
	sql "TRUNCATE fwlog.event, fwlog.rollup_minute, fwlog.rollup_hour, fwlog.rollup_hour_port,
			fwlog.rollup_hour_src, fwlog.rollup_hour_dst, fwlog.rollup_hour_distinct,
			fwlog.rollup_made;
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

fill_days()
{
	local day
	for ((day = DAYS - 1; day >= 0; day--)); do
		fill_day $day
	done
	sql "VACUUM ANALYZE fwlog.event" >/dev/null
}

fill_seal()
{
	"$BIN/fwlogctl" db maintain -q --seal-after 0s --db "$(pg_dsn postgres)"
}
