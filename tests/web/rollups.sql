-- SPDX-License-Identifier: GPL-2.0-or-later
-- Roll-ups of all events, as the collector and its maintenance would have left them, for
-- tests that plant events without a collector.
TRUNCATE fwlog.rollup_minute, fwlog.rollup_hour, fwlog.rollup_hour_port, fwlog.rollup_hour_src,
	fwlog.rollup_hour_dst, fwlog.rollup_hour_distinct;
INSERT INTO fwlog.rollup_minute
SELECT host_id, date_trunc('minute', ts), coalesce(prefix_id, 0), coalesce(proto, -1),
	coalesce(dport, -1), count(*), sum(len)
FROM fwlog.event GROUP BY 1, 2, 3, 4, 5 ORDER BY 2;
INSERT INTO fwlog.rollup_hour
SELECT host_id, date_trunc('hour', minute), prefix_id, proto, sum(events), sum(bytes)
FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4 ORDER BY 2;
INSERT INTO fwlog.rollup_hour_port
SELECT host_id, date_trunc('hour', minute), proto, dport, sum(events), sum(bytes)
FROM fwlog.rollup_minute GROUP BY 1, 2, 3, 4 ORDER BY 2;
INSERT INTO fwlog.rollup_hour_src
SELECT host_id, date_trunc('hour', ts), coalesce(src, '::/0'), count(*), sum(len)
FROM fwlog.event GROUP BY 1, 2, 3 ORDER BY 2;
INSERT INTO fwlog.rollup_hour_dst
SELECT host_id, date_trunc('hour', ts), coalesce(dst, '::/0'), count(*), sum(len)
FROM fwlog.event GROUP BY 1, 2, 3 ORDER BY 2;

-- The sketch's bit of an address, by the first bytes of its digest instead of the collector's hash.
CREATE FUNCTION pg_temp.bit_of(address inet) RETURNS bit LANGUAGE sql IMMUTABLE AS $$
	SELECT set_bit(0::bit(12288), least(23, 32 - length(ltrim((hash >> 32 & 4294967295)::bit(32)::text,
		'0'))) * 512 + (hash & 511)::int, 1)
	FROM hashtextextended(host(address), 7) hash
$$;
INSERT INTO fwlog.rollup_hour_distinct
SELECT host_id, hour, bit_or(pg_temp.bit_of(src)), bit_or(pg_temp.bit_of(dst))
FROM (SELECT DISTINCT host_id, date_trunc('hour', ts) AS hour, src, dst FROM fwlog.event) e
WHERE src IS NOT NULL AND dst IS NOT NULL GROUP BY 1, 2 ORDER BY 2;
ANALYZE;
