-- SPDX-License-Identifier: GPL-2.0-or-later
-- Roll-ups, which the collector writes in the transaction of the events they count, and what
-- keeps the daily partitions: made ahead, sealed, dropped. docs/store.md says why.

-- ---- roll-ups
-- Sums are exact: what has no row of its own is in the row of the rest. In the tables 0 stands
-- for no prefix, -1 for no protocol or port, -2 for the rest of the ports, 0.0.0.0/0 for the
-- rest of the addresses and ::/0 for none; the views say it in words. A host's rows are
-- written under the lock of its host_mark, so two writers never wait for each other crosswise.

CREATE TABLE fwlog.rollup_minute (
	host_id     integer NOT NULL,
	minute      timestamptz NOT NULL,
	prefix_id   integer NOT NULL,
	proto       smallint NOT NULL,
	dport       integer NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, minute, prefix_id, proto, dport)
) WITH (fillfactor = 80);
CREATE INDEX rollup_minute_minute ON fwlog.rollup_minute USING brin (minute)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_minute IS
	'events by minute, prefix, protocol and destination port; read it through rollup_minute_full';
COMMENT ON COLUMN fwlog.rollup_minute.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_minute.minute IS 'start of the minute';
COMMENT ON COLUMN fwlog.rollup_minute.prefix_id IS 'prefix of the log rule (dict_prefix); 0: none';
COMMENT ON COLUMN fwlog.rollup_minute.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_minute.dport IS 'destination port; -1: none, -2: the rest of the ports';
COMMENT ON COLUMN fwlog.rollup_minute.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_minute.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_hour (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	prefix_id   integer NOT NULL,
	proto       smallint NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, hour, prefix_id, proto)
) WITH (fillfactor = 80);
CREATE INDEX rollup_hour_hour ON fwlog.rollup_hour USING brin (hour)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_hour IS
	'events by hour, prefix and protocol; read it through rollup_hour_full';
COMMENT ON COLUMN fwlog.rollup_hour.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_hour.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour.prefix_id IS 'prefix of the log rule (dict_prefix); 0: none';
COMMENT ON COLUMN fwlog.rollup_hour.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_hour.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_hour_port (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	proto       smallint NOT NULL,
	dport       integer NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, hour, proto, dport)
) WITH (fillfactor = 80);
CREATE INDEX rollup_hour_port_hour ON fwlog.rollup_hour_port USING brin (hour)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_hour_port IS
	'events by hour, protocol and destination port; read it through rollup_hour_port_full';
COMMENT ON COLUMN fwlog.rollup_hour_port.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_hour_port.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_port.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_hour_port.dport IS 'destination port; -1: none, -2: the rest of the ports';
COMMENT ON COLUMN fwlog.rollup_hour_port.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_port.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_hour_src (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, hour, address)
) WITH (fillfactor = 80);
CREATE INDEX rollup_hour_src_hour ON fwlog.rollup_hour_src USING brin (hour)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_hour_src IS
	'events by hour and source address; read it through rollup_hour_src_full';
COMMENT ON COLUMN fwlog.rollup_hour_src.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_hour_src.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_src.address IS 'source address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_hour_src.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_src.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_hour_dst (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, hour, address)
) WITH (fillfactor = 80);
CREATE INDEX rollup_hour_dst_hour ON fwlog.rollup_hour_dst USING brin (hour)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_hour_dst IS
	'events by hour and destination address; read it through rollup_hour_dst_full';
COMMENT ON COLUMN fwlog.rollup_hour_dst.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_hour_dst.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_dst.address IS 'destination address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_hour_dst.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_dst.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_hour_distinct (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	sources     bit(12288) NOT NULL,
	destinations bit(12288) NOT NULL,
	PRIMARY KEY (host_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX rollup_hour_distinct_hour ON fwlog.rollup_hour_distinct USING brin (hour)
	WITH (pages_per_range = 16);
COMMENT ON TABLE fwlog.rollup_hour_distinct IS
	'sketches of the addresses of an hour; read it through rollup_hour_distinct_full';
COMMENT ON COLUMN fwlog.rollup_hour_distinct.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_hour_distinct.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_distinct.sources IS
	'sketch of the source addresses; bit_or() unites several';
COMMENT ON COLUMN fwlog.rollup_hour_distinct.destinations IS
	'sketch of the destination addresses; bit_or() unites several';

-- A HyperLogLog whose 512 registers are written in unary: bit 512 r + b says that bucket b
-- has seen an address whose hash has r zeros before its first one. So the union is bit_or,
-- which is in every PostgreSQL.
CREATE FUNCTION fwlog.distinct_estimate(sketch bit) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m     constant integer := 512;
	plane bit varying;
	seen  bit varying := repeat('0', m)::bit varying;
	total double precision := 0;
	zeros integer;
	guess double precision;
BEGIN
	FOR r IN REVERSE 23..0 LOOP
		plane := substring(sketch FROM r * m + 1 FOR m);
		total := total + length(replace((plane & ~seen)::text, '0', '')) / 2.0 ^ (r + 1);
		seen := seen | plane;
	END LOOP;
	zeros := m - length(replace(seen::text, '0', ''));
	guess := 0.7213 / (1 + 1.079 / m) * m * m / (total + zeros);
	IF guess <= 2.5 * m AND zeros > 0 THEN
		guess := m * ln(m::double precision / zeros);
	END IF;
	RETURN round(guess);
END $$;
COMMENT ON FUNCTION fwlog.distinct_estimate(bit) IS
	'how many different addresses a sketch has seen; the standard error is 4.6 %';

-- ---- what people read; the verdict is that of the row's first moment

CREATE VIEW fwlog.rollup_minute_full AS
SELECT r.minute AS "time",
       h.name AS host,
       p.prefix,
       coalesce(vh.verdict[width_bucket(r.minute, vh.since)],
                va.verdict[width_bucket(r.minute, va.since)], 'unknown') AS verdict,
       CASE WHEN vh.verdict[width_bucket(r.minute, vh.since)] IS NOT NULL
            THEN vh.rule_name[width_bucket(r.minute, vh.since)]
            ELSE va.rule_name[width_bucket(r.minute, va.since)] END AS rule_name,
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       CASE WHEN r.dport >= 0 THEN r.dport END AS dst_port,
       r.dport = -2 AS is_rest,
       r.events,
       r.bytes,
       r.host_id,
       r.prefix_id
FROM fwlog.rollup_minute r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = r.prefix_id
LEFT JOIN fwlog.prefix_timeline vh ON vh.prefix_id = r.prefix_id AND vh.host_id = r.host_id
LEFT JOIN fwlog.prefix_timeline va ON va.prefix_id = r.prefix_id AND va.host_id = 0;
COMMENT ON VIEW fwlog.rollup_minute_full IS 'events by minute, prefix, protocol and destination port; sums are exact';
COMMENT ON COLUMN fwlog.rollup_minute_full."time" IS 'start of the minute';
COMMENT ON COLUMN fwlog.rollup_minute_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_minute_full.prefix IS 'prefix of the log rule; null: none';
COMMENT ON COLUMN fwlog.rollup_minute_full.verdict IS 'accept, drop, reject or unknown: what the prefix map says of the prefix';
COMMENT ON COLUMN fwlog.rollup_minute_full.rule_name IS 'name of the rule, by the prefix map';
COMMENT ON COLUMN fwlog.rollup_minute_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_minute_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_minute_full.dst_port IS 'destination port; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_minute_full.is_rest IS 'the ports that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_minute_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_minute_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_minute_full.host_id IS 'number of the host';
COMMENT ON COLUMN fwlog.rollup_minute_full.prefix_id IS 'number of the prefix; 0: none';

CREATE VIEW fwlog.rollup_hour_full AS
SELECT r.hour AS "time",
       h.name AS host,
       p.prefix,
       coalesce(vh.verdict[width_bucket(r.hour, vh.since)],
                va.verdict[width_bucket(r.hour, va.since)], 'unknown') AS verdict,
       CASE WHEN vh.verdict[width_bucket(r.hour, vh.since)] IS NOT NULL
            THEN vh.rule_name[width_bucket(r.hour, vh.since)]
            ELSE va.rule_name[width_bucket(r.hour, va.since)] END AS rule_name,
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       r.events,
       r.bytes,
       r.host_id,
       r.prefix_id
FROM fwlog.rollup_hour r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = r.prefix_id
LEFT JOIN fwlog.prefix_timeline vh ON vh.prefix_id = r.prefix_id AND vh.host_id = r.host_id
LEFT JOIN fwlog.prefix_timeline va ON va.prefix_id = r.prefix_id AND va.host_id = 0;
COMMENT ON VIEW fwlog.rollup_hour_full IS 'events by hour, prefix and protocol; sums are exact';
COMMENT ON COLUMN fwlog.rollup_hour_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_hour_full.prefix IS 'prefix of the log rule; null: none';
COMMENT ON COLUMN fwlog.rollup_hour_full.verdict IS 'accept, drop, reject or unknown: what the prefix map says of the prefix';
COMMENT ON COLUMN fwlog.rollup_hour_full.rule_name IS 'name of the rule, by the prefix map';
COMMENT ON COLUMN fwlog.rollup_hour_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_hour_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_hour_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_hour_full.host_id IS 'number of the host';
COMMENT ON COLUMN fwlog.rollup_hour_full.prefix_id IS 'number of the prefix; 0: none';

CREATE VIEW fwlog.rollup_hour_port_full AS
SELECT r.hour AS "time",
       h.name AS host,
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       CASE WHEN r.dport >= 0 THEN r.dport END AS dst_port,
       r.dport = -2 AS is_rest,
       r.events,
       r.bytes,
       r.host_id
FROM fwlog.rollup_hour_port r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id;
COMMENT ON VIEW fwlog.rollup_hour_port_full IS 'events by hour, protocol and destination port; sums are exact';
COMMENT ON COLUMN fwlog.rollup_hour_port_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.dst_port IS 'destination port; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.is_rest IS 'the ports that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_hour_port_full.host_id IS 'number of the host';

CREATE VIEW fwlog.rollup_hour_src_full AS
SELECT r.hour AS "time",
       h.name AS host,
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS src_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes,
       r.host_id
FROM fwlog.rollup_hour_src r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id;
COMMENT ON VIEW fwlog.rollup_hour_src_full IS 'events by hour and source address, the frequent ones; sums are exact';
COMMENT ON COLUMN fwlog.rollup_hour_src_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.src_ip IS 'source address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_hour_src_full.host_id IS 'number of the host';

CREATE VIEW fwlog.rollup_hour_dst_full AS
SELECT r.hour AS "time",
       h.name AS host,
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS dst_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes,
       r.host_id
FROM fwlog.rollup_hour_dst r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id;
COMMENT ON VIEW fwlog.rollup_hour_dst_full IS 'events by hour and destination address, the frequent ones; sums are exact';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.dst_ip IS 'destination address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_hour_dst_full.host_id IS 'number of the host';

CREATE VIEW fwlog.rollup_hour_distinct_full AS
SELECT r.hour AS "time",
       h.name AS host,
       fwlog.distinct_estimate(r.sources) AS sources,
       fwlog.distinct_estimate(r.destinations) AS destinations,
       r.sources AS source_sketch,
       r.destinations AS destination_sketch,
       r.host_id
FROM fwlog.rollup_hour_distinct r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id;
COMMENT ON VIEW fwlog.rollup_hour_distinct_full IS 'how many different addresses each hour had';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.sources IS 'how many source addresses there were, estimated';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.destinations IS 'how many destination addresses there were, estimated';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.source_sketch IS 'for several hours or hosts: distinct_estimate(bit_or(source_sketch))';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.destination_sketch IS 'the same of destinations';
COMMENT ON COLUMN fwlog.rollup_hour_distinct_full.host_id IS 'number of the host';

-- ---- summaries: of all hosts by the hour, and by the day
-- Made by maintenance out of the hours above once they are over, so that a list of the
-- largest need not read a row for each host and hour; made again when late events changed
-- the sum. The views take what is not summed up yet from the roll-ups below it.

CREATE TABLE fwlog.rollup_made (
	rollup      text NOT NULL,
	start       timestamptz NOT NULL,
	host_id     integer NOT NULL DEFAULT 0,
	events      bigint NOT NULL,
	PRIMARY KEY (rollup, start, host_id)
);
COMMENT ON TABLE fwlog.rollup_made IS 'hours and days that are summed up, or thinned out';
COMMENT ON COLUMN fwlog.rollup_made.rollup IS 'name of the table';
COMMENT ON COLUMN fwlog.rollup_made.start IS 'start of the hour or day';
COMMENT ON COLUMN fwlog.rollup_made.host_id IS 'the host; 0: all';
COMMENT ON COLUMN fwlog.rollup_made.events IS 'how many events there were then';

CREATE TABLE fwlog.rollup_all_port (
	hour        timestamptz NOT NULL,
	proto       smallint NOT NULL,
	dport       integer NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (hour, proto, dport)
);
COMMENT ON TABLE fwlog.rollup_all_port IS
	'events of all hosts by hour, protocol and destination port; read it through rollup_all_port_full';
COMMENT ON COLUMN fwlog.rollup_all_port.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_port.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_all_port.dport IS 'destination port; -1: none, -2: the rest of the ports';
COMMENT ON COLUMN fwlog.rollup_all_port.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_port.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_all_src (
	hour        timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (hour, address)
);
COMMENT ON TABLE fwlog.rollup_all_src IS
	'events of all hosts by hour and source address; read it through rollup_all_src_full';
COMMENT ON COLUMN fwlog.rollup_all_src.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_src.address IS 'source address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_all_src.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_src.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_all_dst (
	hour        timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (hour, address)
);
COMMENT ON TABLE fwlog.rollup_all_dst IS
	'events of all hosts by hour and destination address; read it through rollup_all_dst_full';
COMMENT ON COLUMN fwlog.rollup_all_dst.hour IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_dst.address IS 'destination address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_all_dst.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_dst.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_day (
	host_id     integer NOT NULL,
	day         timestamptz NOT NULL,
	prefix_id   integer NOT NULL,
	proto       smallint NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (host_id, day, prefix_id, proto)
);
CREATE INDEX rollup_day_day ON fwlog.rollup_day (day);
COMMENT ON TABLE fwlog.rollup_day IS
	'events by day, prefix and protocol; read it through rollup_day_full';
COMMENT ON COLUMN fwlog.rollup_day.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rollup_day.day IS 'start of the day (UTC)';
COMMENT ON COLUMN fwlog.rollup_day.prefix_id IS 'prefix of the log rule (dict_prefix); 0: none';
COMMENT ON COLUMN fwlog.rollup_day.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_day.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_day_port (
	day         timestamptz NOT NULL,
	proto       smallint NOT NULL,
	dport       integer NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (day, proto, dport)
);
COMMENT ON TABLE fwlog.rollup_day_port IS
	'events of all hosts by day, protocol and destination port; read it through rollup_day_port_full';
COMMENT ON COLUMN fwlog.rollup_day_port.day IS 'start of the day (UTC)';
COMMENT ON COLUMN fwlog.rollup_day_port.proto IS 'IP protocol number; -1: none';
COMMENT ON COLUMN fwlog.rollup_day_port.dport IS 'destination port; -1: none, -2: the rest of the ports';
COMMENT ON COLUMN fwlog.rollup_day_port.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_port.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_day_src (
	day         timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (day, address)
);
COMMENT ON TABLE fwlog.rollup_day_src IS
	'events of all hosts by day and source address; read it through rollup_day_src_full';
COMMENT ON COLUMN fwlog.rollup_day_src.day IS 'start of the day (UTC)';
COMMENT ON COLUMN fwlog.rollup_day_src.address IS 'source address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_day_src.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_src.bytes IS 'sum of the lengths of their packets';

CREATE TABLE fwlog.rollup_day_dst (
	day         timestamptz NOT NULL,
	address     inet NOT NULL,
	events      bigint NOT NULL,
	bytes       bigint NOT NULL,
	PRIMARY KEY (day, address)
);
COMMENT ON TABLE fwlog.rollup_day_dst IS
	'events of all hosts by day and destination address; read it through rollup_day_dst_full';
COMMENT ON COLUMN fwlog.rollup_day_dst.day IS 'start of the day (UTC)';
COMMENT ON COLUMN fwlog.rollup_day_dst.address IS 'destination address; 0.0.0.0/0: the rest, ::/0: none';
COMMENT ON COLUMN fwlog.rollup_day_dst.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_dst.bytes IS 'sum of the lengths of their packets';

CREATE FUNCTION fwlog.rollup_upto(rollup text) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	SELECT coalesce(max(m.start) + CASE WHEN rollup_upto.rollup LIKE 'rollup\_day%'
		THEN interval '1 day'
		ELSE interval '1 hour' END, '-infinity') FROM fwlog.rollup_made m
	WHERE m.rollup = rollup_upto.rollup
$$;
COMMENT ON FUNCTION fwlog.rollup_upto(text) IS
	'from when on a summary has nothing yet, so that its view reads what it is made of';

CREATE VIEW fwlog.rollup_all_port_full AS
SELECT r.hour AS "time",
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       CASE WHEN r.dport >= 0 THEN r.dport END AS dst_port,
       r.dport = -2 AS is_rest,
       r.events,
       r.bytes
FROM (SELECT a.hour, a.proto, a.dport, a.events, a.bytes FROM fwlog.rollup_all_port a
	UNION ALL SELECT h.hour, h.proto, h.dport, h.events, h.bytes FROM fwlog.rollup_hour_port h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_port'))) r;
COMMENT ON VIEW fwlog.rollup_all_port_full IS 'events of all hosts by hour and protocol and destination port; for the largest over a long span';
COMMENT ON COLUMN fwlog.rollup_all_port_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_port_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_all_port_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_all_port_full.dst_port IS 'destination port; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_all_port_full.is_rest IS 'the ports that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_all_port_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_port_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_all_src_full AS
SELECT r.hour AS "time",
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS src_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes
FROM (SELECT a.hour, a.address, a.events, a.bytes FROM fwlog.rollup_all_src a
	UNION ALL SELECT h.hour, h.address, h.events, h.bytes FROM fwlog.rollup_hour_src h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_src'))) r;
COMMENT ON VIEW fwlog.rollup_all_src_full IS 'events of all hosts by hour and source address, the frequent ones; for the largest over a long span';
COMMENT ON COLUMN fwlog.rollup_all_src_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_src_full.src_ip IS 'source address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_all_src_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_all_src_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_src_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_all_dst_full AS
SELECT r.hour AS "time",
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS dst_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes
FROM (SELECT a.hour, a.address, a.events, a.bytes FROM fwlog.rollup_all_dst a
	UNION ALL SELECT h.hour, h.address, h.events, h.bytes FROM fwlog.rollup_hour_dst h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_dst'))) r;
COMMENT ON VIEW fwlog.rollup_all_dst_full IS 'events of all hosts by hour and destination address, the frequent ones; for the largest over a long span';
COMMENT ON COLUMN fwlog.rollup_all_dst_full."time" IS 'start of the hour';
COMMENT ON COLUMN fwlog.rollup_all_dst_full.dst_ip IS 'destination address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_all_dst_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_all_dst_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_all_dst_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_day_port_full AS
SELECT r.day AS "time",
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       CASE WHEN r.dport >= 0 THEN r.dport END AS dst_port,
       r.dport = -2 AS is_rest,
       r.events,
       r.bytes
FROM (SELECT d.day, d.proto, d.dport, d.events, d.bytes FROM fwlog.rollup_day_port d
	UNION ALL SELECT a.hour, a.proto, a.dport, a.events, a.bytes FROM fwlog.rollup_all_port a
	WHERE a.hour >= (SELECT fwlog.rollup_upto('rollup_day_port'))
	UNION ALL SELECT h.hour, h.proto, h.dport, h.events, h.bytes FROM fwlog.rollup_hour_port h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_port'))
	AND h.hour >= (SELECT fwlog.rollup_upto('rollup_day_port'))) r;
COMMENT ON VIEW fwlog.rollup_day_port_full IS 'events of all hosts by day and protocol and destination port; for the largest over a very long span';
COMMENT ON COLUMN fwlog.rollup_day_port_full."time" IS 'start of the day (UTC); of what is not summed up yet, of the hour';
COMMENT ON COLUMN fwlog.rollup_day_port_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_day_port_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_day_port_full.dst_port IS 'destination port; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_day_port_full.is_rest IS 'the ports that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_day_port_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_port_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_day_src_full AS
SELECT r.day AS "time",
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS src_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes
FROM (SELECT d.day, d.address, d.events, d.bytes FROM fwlog.rollup_day_src d
	UNION ALL SELECT a.hour, a.address, a.events, a.bytes FROM fwlog.rollup_all_src a
	WHERE a.hour >= (SELECT fwlog.rollup_upto('rollup_day_src'))
	UNION ALL SELECT h.hour, h.address, h.events, h.bytes FROM fwlog.rollup_hour_src h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_src'))
	AND h.hour >= (SELECT fwlog.rollup_upto('rollup_day_src'))) r;
COMMENT ON VIEW fwlog.rollup_day_src_full IS 'events of all hosts by day and source address, the frequent ones; for the largest over a very long span';
COMMENT ON COLUMN fwlog.rollup_day_src_full."time" IS 'start of the day (UTC); of what is not summed up yet, of the hour';
COMMENT ON COLUMN fwlog.rollup_day_src_full.src_ip IS 'source address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_day_src_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_day_src_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_src_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_day_dst_full AS
SELECT r.day AS "time",
       CASE WHEN masklen(r.address) > 0 THEN r.address END AS dst_ip,
       r.address = inet '0.0.0.0/0' AS is_rest,
       r.events,
       r.bytes
FROM (SELECT d.day, d.address, d.events, d.bytes FROM fwlog.rollup_day_dst d
	UNION ALL SELECT a.hour, a.address, a.events, a.bytes FROM fwlog.rollup_all_dst a
	WHERE a.hour >= (SELECT fwlog.rollup_upto('rollup_day_dst'))
	UNION ALL SELECT h.hour, h.address, h.events, h.bytes FROM fwlog.rollup_hour_dst h
	WHERE h.hour >= (SELECT fwlog.rollup_upto('rollup_all_dst'))
	AND h.hour >= (SELECT fwlog.rollup_upto('rollup_day_dst'))) r;
COMMENT ON VIEW fwlog.rollup_day_dst_full IS 'events of all hosts by day and destination address, the frequent ones; for the largest over a very long span';
COMMENT ON COLUMN fwlog.rollup_day_dst_full."time" IS 'start of the day (UTC); of what is not summed up yet, of the hour';
COMMENT ON COLUMN fwlog.rollup_day_dst_full.dst_ip IS 'destination address; null: none, or one of the rest';
COMMENT ON COLUMN fwlog.rollup_day_dst_full.is_rest IS 'the addresses that have no row of their own, together';
COMMENT ON COLUMN fwlog.rollup_day_dst_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_dst_full.bytes IS 'sum of the lengths of their packets';

CREATE VIEW fwlog.rollup_day_full AS
SELECT r.day AS "time",
       h.name AS host,
       p.prefix,
       fwlog.protocol_name(nullif(r.proto, (-1)::smallint)) AS protocol,
       nullif(r.proto, (-1)::smallint) AS protocol_number,
       r.events,
       r.bytes,
       r.host_id,
       r.prefix_id
FROM (SELECT d.host_id, d.day, d.prefix_id, d.proto, d.events, d.bytes FROM fwlog.rollup_day d
	UNION ALL SELECT o.host_id, o.hour, o.prefix_id, o.proto, o.events, o.bytes
	FROM fwlog.rollup_hour o WHERE o.hour >= (SELECT fwlog.rollup_upto('rollup_day'))) r
LEFT JOIN fwlog.host h ON h.host_id = r.host_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = r.prefix_id;
COMMENT ON VIEW fwlog.rollup_day_full IS
	'events by day, prefix and protocol; without a verdict, which can change within a day';
COMMENT ON COLUMN fwlog.rollup_day_full."time" IS 'start of the day (UTC); of what is not summed up yet, of the hour';
COMMENT ON COLUMN fwlog.rollup_day_full.host IS 'machine that logged';
COMMENT ON COLUMN fwlog.rollup_day_full.prefix IS 'prefix of the log rule; null: none';
COMMENT ON COLUMN fwlog.rollup_day_full.protocol IS 'transport protocol; null: none';
COMMENT ON COLUMN fwlog.rollup_day_full.protocol_number IS 'IP protocol number; null: none';
COMMENT ON COLUMN fwlog.rollup_day_full.events IS 'how many events';
COMMENT ON COLUMN fwlog.rollup_day_full.bytes IS 'sum of the lengths of their packets';
COMMENT ON COLUMN fwlog.rollup_day_full.host_id IS 'number of the host';
COMMENT ON COLUMN fwlog.rollup_day_full.prefix_id IS 'number of the prefix; 0: none';

-- What an hour or day has of a summary is replaced in one statement each, and the sum that is
-- noted is that of the rows: who adds at the same time makes it differ, and it is made again.
CREATE FUNCTION fwlog.rollup_sum_one(rollup text, start timestamptz) RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
	of_day boolean := rollup LIKE 'rollup\_day%';
	at     text := CASE WHEN of_day THEN 'day' ELSE 'hour' END;
	kind   text := substring(rollup FROM '_(src|dst|port)$');
	source text := 'rollup_hour' || coalesce('_' || kind, '');
	most   integer := CASE WHEN of_day THEN 500 ELSE 250 END;
	key    text := CASE kind WHEN 'port' THEN 'proto, dport'
		WHEN 'src' THEN 'address' WHEN 'dst' THEN 'address'
		ELSE 'host_id, prefix_id, proto' END;
	folded text := CASE kind WHEN 'port' THEN
		format('proto, CASE WHEN dport < 0 OR place <= %s THEN dport ELSE -2 END', most)
		WHEN 'src' THEN NULL WHEN 'dst' THEN NULL ELSE key END;
BEGIN
	folded := coalesce(folded, format('CASE WHEN masklen(address) = 0 OR place <= %s'
		' THEN address ELSE inet ''0.0.0.0/0'' END', most));
	EXECUTE format('DELETE FROM fwlog.%I WHERE %I = $1', rollup, at) USING start;
	EXECUTE format('WITH made AS (INSERT INTO fwlog.%1$I (%2$I, %3$s, events, bytes)'
		' SELECT $1, %4$s, sum(events), sum(bytes) FROM ('
		'SELECT %3$s, sum(events) AS events, sum(bytes) AS bytes,'
		' row_number() OVER (ORDER BY sum(events) DESC, %3$s) AS place'
		' FROM fwlog.%5$I WHERE hour >= $1 AND hour < $2 GROUP BY %3$s) k'
		' GROUP BY %6$s ORDER BY %6$s RETURNING events)'
		' INSERT INTO fwlog.rollup_made AS m (rollup, start, events)'
		' SELECT $3, $1, coalesce(sum(events), 0) FROM made'
		' ON CONFLICT (rollup, start, host_id) DO UPDATE SET events = excluded.events',
		rollup, at, key, folded, source,
		CASE kind WHEN 'port' THEN '2, 3' WHEN 'src' THEN '2' WHEN 'dst' THEN '2'
		ELSE '2, 3, 4' END)
	USING start, start + CASE WHEN of_day THEN interval '1 day' ELSE interval '1 hour' END,
		rollup;
END $$;
COMMENT ON FUNCTION fwlog.rollup_sum_one(text, timestamptz) IS
	'makes one hour or day of one summary anew';

CREATE FUNCTION fwlog.rollup_sums_due() RETURNS TABLE (rollup text, start timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	WITH hours AS MATERIALIZED (SELECT r.hour, sum(r.events) AS events FROM fwlog.rollup_hour r
		WHERE r.hour < date_trunc('hour', now()) GROUP BY 1),
	spans AS (SELECT k.rollup, h.hour AS start, h.events FROM hours h CROSS JOIN
		unnest('{rollup_all_port,rollup_all_src,rollup_all_dst}'::text[]) k (rollup)
	UNION ALL
	SELECT k.rollup, date_trunc('day', h.hour), sum(h.events) FROM hours h CROSS JOIN
		unnest('{rollup_day,rollup_day_port,rollup_day_src,rollup_day_dst}'::text[])
		k (rollup)
	WHERE h.hour < date_trunc('day', now()) GROUP BY 1, 2)
	SELECT s.rollup, s.start FROM spans s LEFT JOIN fwlog.rollup_made m
		ON m.rollup = s.rollup AND m.start = s.start AND m.host_id = 0
	WHERE m.events IS DISTINCT FROM s.events ORDER BY 2, 1
$$;
COMMENT ON FUNCTION fwlog.rollup_sums_due() IS
	'hours and days that are over and that a summary lacks, or has with another sum';

CREATE FUNCTION fwlog.rollup_sum(day timestamptz) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	due  record;
	made bigint := 0;
BEGIN
	FOR due IN SELECT d.rollup, d.start FROM fwlog.rollup_sums_due() d
	    WHERE d.start >= day AND d.start < day + interval '24 hours' LOOP
		PERFORM fwlog.rollup_sum_one(due.rollup, due.start);
		made := made + 1;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION fwlog.rollup_sum(timestamptz) IS
	'sums up what is due of the 24 hours from then on; how many hours and days of summaries';

-- ---- roll-ups kept small
-- The collector admits more keys than are worth keeping, since it cannot know early in an hour
-- which of them will be the frequent ones, and after a restart more again. Once the hour is
-- over the largest stay.

CREATE FUNCTION fwlog.rollup_excess(since timestamptz, until timestamptz)
RETURNS TABLE (rollup text, host_id integer, start timestamptz, surplus bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT 'rollup_minute', r.host_id, r.minute, count(*) - 64 FROM fwlog.rollup_minute r
	WHERE r.minute >= since AND r.minute < until AND r.dport >= 0
	GROUP BY 2, 3 HAVING count(*) > 96
	UNION ALL
	SELECT 'rollup_hour_port', r.host_id, r.hour, count(*) - 256 FROM fwlog.rollup_hour_port r
	WHERE r.hour >= since AND r.hour < until AND r.dport >= 0
	GROUP BY 2, 3 HAVING count(*) > 384
	UNION ALL
	SELECT 'rollup_hour_src', r.host_id, r.hour, count(*) - 252 FROM fwlog.rollup_hour_src r
	WHERE r.hour >= since AND r.hour < until GROUP BY 2, 3 HAVING count(*) > 402
	UNION ALL
	SELECT 'rollup_hour_dst', r.host_id, r.hour, count(*) - 252 FROM fwlog.rollup_hour_dst r
	WHERE r.hour >= since AND r.hour < until GROUP BY 2, 3 HAVING count(*) > 402;
END $$;
COMMENT ON FUNCTION fwlog.rollup_excess(timestamptz, timestamptz) IS
	'roll-ups with clearly more rows for a host than are kept: which, when, how many too many';

CREATE FUNCTION fwlog.rollup_fold(rollup text, host_id integer, start timestamptz)
RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at     text := CASE rollup WHEN 'rollup_minute' THEN 'minute' ELSE 'hour' END;
	key    text := CASE rollup WHEN 'rollup_minute' THEN 'host_id, minute, prefix_id, proto'
		WHEN 'rollup_hour_port' THEN 'host_id, hour, proto' ELSE 'host_id, hour' END;
	last   text := CASE WHEN rollup IN ('rollup_minute', 'rollup_hour_port') THEN 'dport'
		ELSE 'address' END;
	rest   text := CASE last WHEN 'dport' THEN '-2' ELSE 'inet ''0.0.0.0/0''' END;
	own    text := CASE last WHEN 'dport' THEN 'dport >= 0' ELSE 'masklen(address) > 0' END;
	most   integer := CASE rollup WHEN 'rollup_minute' THEN 64
		WHEN 'rollup_hour_port' THEN 256 ELSE 250 END;
	folded bigint;
BEGIN
	IF rollup NOT IN ('rollup_minute', 'rollup_hour_port', 'rollup_hour_src',
	    'rollup_hour_dst') THEN
		RAISE EXCEPTION '% is no roll-up that is folded', rollup
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM fwlog.host_mark m WHERE m.host_id = rollup_fold.host_id FOR UPDATE;
	EXECUTE format('WITH surplus AS (SELECT %2$s, %3$s AS last FROM fwlog.%1$I'
		' WHERE host_id = $1 AND %4$I = $2 AND %5$s'
		' ORDER BY events DESC, %3$s OFFSET %6$s),'
		' gone AS (DELETE FROM fwlog.%1$I r USING surplus s'
		' WHERE (%7$s, r.%3$s) = (%8$s, s.last) RETURNING r.*),'
		' back AS (INSERT INTO fwlog.%1$I AS t (%2$s, %3$s, events, bytes)'
		' SELECT %2$s, %9$s, sum(events), sum(bytes) FROM gone GROUP BY %2$s'
		' ON CONFLICT (%2$s, %3$s) DO UPDATE SET events = t.events + excluded.events,'
		' bytes = t.bytes + excluded.bytes)'
		' SELECT count(*) FROM gone', rollup, key, last, at, own, most,
		'r.' || replace(key, ', ', ', r.'), 's.' || replace(key, ', ', ', s.'), rest)
	INTO folded USING host_id, start;
	RETURN folded;
END $$;
COMMENT ON FUNCTION fwlog.rollup_fold(text, integer, timestamptz) IS
	'folds the smallest rows of a host and minute or hour into the rest, down to what is kept';

-- Minutes of sparse traffic have about as many rows as events: after some days the ports
-- of such hours are one row, which a reader who wants them by the minute sees (is_rest).
CREATE FUNCTION fwlog.rollup_thin_due(after interval) RETURNS TABLE (host_id integer, day timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT d.host_id, d.day FROM fwlog.rollup_day d
	WHERE d.day < date_trunc('day', now() - after) AND NOT EXISTS (
		SELECT FROM fwlog.rollup_made m WHERE m.rollup = 'rollup_minute'
		AND m.start = d.day AND m.host_id = d.host_id)
	ORDER BY d.day, d.host_id;
END $$;
COMMENT ON FUNCTION fwlog.rollup_thin_due(interval) IS
	'hosts and days, over for so long, whose minutes are not thinned out';

CREATE FUNCTION fwlog.rollup_thin(host_id integer, day timestamptz) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
	one  constant integer := host_id;
	low  constant timestamptz := date_trunc('day', day);
	high constant timestamptz := low + interval '1 day';
	gone bigint;
BEGIN
	IF high > now() - interval '1 day' THEN
		RAISE EXCEPTION 'the minutes of % are too new to be thinned out', low
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM fwlog.host_mark m WHERE m.host_id = one FOR UPDATE;
	WITH sparse AS (SELECT date_trunc('hour', minute) AS hour FROM fwlog.rollup_minute
		WHERE host_id = one AND minute >= low AND minute < high
		GROUP BY 1 HAVING sum(events) < 4 * count(*)),
	gone AS (DELETE FROM fwlog.rollup_minute r WHERE r.host_id = one
		AND r.minute >= low AND r.minute < high AND r.dport >= 0
		AND date_trunc('hour', r.minute) IN (SELECT hour FROM sparse)
		RETURNING r.minute, r.prefix_id, r.proto, r.events, r.bytes),
	back AS (INSERT INTO fwlog.rollup_minute AS t
			(host_id, minute, prefix_id, proto, dport, events, bytes)
		SELECT one, minute, prefix_id, proto, -2, sum(events), sum(bytes) FROM gone
		GROUP BY 2, 3, 4
		ON CONFLICT (host_id, minute, prefix_id, proto, dport) DO UPDATE SET
			events = t.events + excluded.events, bytes = t.bytes + excluded.bytes
		RETURNING 1)
	SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM back) INTO gone;
	INSERT INTO fwlog.rollup_made (rollup, start, host_id, events)
	VALUES ('rollup_minute', low, one, gone) ON CONFLICT DO NOTHING;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.rollup_thin(integer, timestamptz) IS
	'makes one row of the ports of each minute in sparse hours of that day; how many rows less';

CREATE FUNCTION fwlog.rollup_trim_until(retain interval) RETURNS timestamptz
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	SELECT date_trunc('day', now() - greatest(retain, interval '1 day'))
$$;
COMMENT ON FUNCTION fwlog.rollup_trim_until(interval) IS
	'roll-ups from before that day are older than this, and than a day';

CREATE FUNCTION fwlog.rollup_trim(retain interval) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
	until timestamptz := fwlog.rollup_trim_until(retain);
	gone  bigint := 0;
	n     bigint;
	rel   text;
BEGIN
	until := least(until, (SELECT date_trunc('day', min(r.hour)) + interval '1 day'
		FROM fwlog.rollup_hour r WHERE r.hour < until));
	FOREACH rel IN ARRAY '{rollup_minute,rollup_hour,rollup_hour_port,rollup_hour_src,
	    rollup_hour_dst,rollup_hour_distinct,rollup_all_port,rollup_all_src,rollup_all_dst,
	    rollup_day,rollup_day_port,rollup_day_src,rollup_day_dst}'::text[] LOOP
		EXECUTE format('DELETE FROM fwlog.%I WHERE %I < $1', rel,
			CASE WHEN rel = 'rollup_minute' THEN 'minute'
			WHEN rel LIKE 'rollup\_day%' THEN 'day' ELSE 'hour' END) USING until;
		GET DIAGNOSTICS n = ROW_COUNT;
		gone := gone + n;
	END LOOP;
	DELETE FROM fwlog.rollup_made m WHERE m.start < until;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.rollup_trim(interval) IS
	'removes the oldest day of all roll-ups that is older, at least a day; how many rows';

-- Agents name the minutes: a bound by days would be none.
CREATE FUNCTION fwlog.filtered_trim(retain interval) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
	until timestamptz := fwlog.rollup_trim_until(retain);
	upto  timestamptz := (SELECT f.minute FROM fwlog.filtered_minute f
		WHERE f.minute < until ORDER BY f.minute OFFSET 999999 LIMIT 1);
	gone  bigint;
BEGIN
	DELETE FROM fwlog.filtered_minute f
	WHERE f.minute < until AND f.minute <= coalesce(upto, until);
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.filtered_trim(interval) IS
	'removes the oldest counts of what filters left out that are older, at least a day, a '
	'million at a time; how many';

CREATE FUNCTION fwlog.quarantine_trim(retain interval) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
	until timestamptz := fwlog.rollup_trim_until(retain);
	gone  bigint;
BEGIN
	DELETE FROM fwlog.quarantine q WHERE q.noted < until;
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.quarantine_trim(interval) IS
	'removes what was put aside longer ago than that, at least a day; how many rows';

-- ---- partitions

CREATE TABLE fwlog.kept_day (
	day         date PRIMARY KEY,
	since       timestamptz NOT NULL DEFAULT now(),
	why         text NOT NULL
);
COMMENT ON TABLE fwlog.kept_day IS
	'days whose events stay although they are older than what is retained';
COMMENT ON COLUMN fwlog.kept_day.day IS 'the day (UTC)';
COMMENT ON COLUMN fwlog.kept_day.since IS 'since when it is kept';
COMMENT ON COLUMN fwlog.kept_day.why IS 'for what';

-- A table spread over a cluster has its rows, and its size, on other nodes.
CREATE FUNCTION fwlog.relation_bytes(relation regclass, indexes boolean) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bytes bigint;
BEGIN
	IF to_regclass('pg_dist_partition') IS NOT NULL THEN
		EXECUTE 'SELECT CASE WHEN $2 THEN citus_total_relation_size($1) - citus_table_size($1)'
			' ELSE citus_table_size($1) END FROM pg_dist_partition WHERE logicalrelid = $1'
		INTO bytes USING relation, indexes;
	END IF;
	RETURN coalesce(bytes, CASE WHEN indexes THEN pg_indexes_size(relation)
		ELSE pg_table_size(relation) END);
END $$;
COMMENT ON FUNCTION fwlog.relation_bytes(regclass, boolean) IS
	'size of a table or of its indexes, also when it is spread over a cluster';

CREATE VIEW fwlog.partition_overview AS
SELECT c.relname::text AS partition,
       d.day,
       (SELECT count(*) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = c.oid AND x.indisvalid AND i.relname IN (c.relname || '_src',
              c.relname || '_dst', c.relname || '_dport')) = 3 AS sealed,
       greatest(c.reltuples, 0)::bigint AS events,
       fwlog.relation_bytes(c.oid, false) AS table_bytes,
       fwlog.relation_bytes(c.oid, true) AS index_bytes,
       k.why AS kept
FROM pg_inherits p
JOIN pg_class c ON c.oid = p.inhrelid
CROSS JOIN LATERAL (SELECT to_date(substr(c.relname, 8), 'YYYYMMDD') AS day) d
LEFT JOIN fwlog.kept_day k ON k.day = d.day
WHERE p.inhparent = 'fwlog.event'::regclass AND c.relname ~ '^event_p[0-9]{8}$';
COMMENT ON VIEW fwlog.partition_overview IS 'the daily partitions of event';
COMMENT ON COLUMN fwlog.partition_overview.partition IS 'name of the table';
COMMENT ON COLUMN fwlog.partition_overview.day IS 'its day (UTC)';
COMMENT ON COLUMN fwlog.partition_overview.sealed IS
	'the day is over and has its indexes for look-ups';
COMMENT ON COLUMN fwlog.partition_overview.events IS 'about how many events it has';
COMMENT ON COLUMN fwlog.partition_overview.table_bytes IS 'size without indexes';
COMMENT ON COLUMN fwlog.partition_overview.index_bytes IS 'size of the indexes';
COMMENT ON COLUMN fwlog.partition_overview.kept IS
	'why it stays although it is older than what is retained; null: it does not';

CREATE FUNCTION fwlog.partition_ahead(days integer) RETURNS SETOF text
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
SET timezone = 'UTC' AS $$
DECLARE
	made date;
BEGIN
	FOR made IN SELECT current_date + d FROM generate_series(0, least(days, 31)) d
	    WHERE to_regclass('fwlog.event_p' || to_char(current_date + d, 'YYYYMMDD')) IS NULL
	LOOP
		RETURN NEXT fwlog.make_partition(made);
	END LOOP;
END $$;
COMMENT ON FUNCTION fwlog.partition_ahead(integer) IS
	'makes the partitions from today to so many days ahead; those that were missing';

CREATE FUNCTION fwlog.partition_waiting() RETURNS TABLE (day date, events bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT (e.ts AT TIME ZONE 'UTC')::date, count(*) FROM fwlog.event_default e
	GROUP BY 1 ORDER BY 1
$$;
COMMENT ON FUNCTION fwlog.partition_waiting() IS
	'days of the events in event_default; ensure_partition moves those it admits';

CREATE FUNCTION fwlog.partition_is_closed(part text) RETURNS boolean
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	SELECT coalesce((SELECT o.day < current_date FROM fwlog.partition_overview o
		WHERE o.partition = part), false)
$$;
COMMENT ON FUNCTION fwlog.partition_is_closed(text) IS
	'is it a daily partition of event whose day is over?';

-- The owner's members build without a lock; what one of them left unfinished goes first.
CREATE FUNCTION fwlog.seal_due(after interval)
RETURNS TABLE (part text, key text, statement text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	SELECT o.partition, k.key, CASE WHEN NOT pg_has_role(session_user, 'fwlog_owner', 'MEMBER')
		THEN format('SELECT fwlog.seal_index(%L, %L)', o.partition, k.key)
		WHEN x.indexrelid IS NOT NULL
		THEN format('DROP INDEX CONCURRENTLY fwlog.%I', n.name)
		ELSE format('CREATE INDEX CONCURRENTLY %I ON fwlog.%I (%I, ts)', n.name,
			o.partition, k.key) END
	FROM fwlog.partition_overview o CROSS JOIN unnest('{src,dst,dport}'::text[]) k (key)
	CROSS JOIN LATERAL (SELECT o.partition || '_' || k.key AS name) n
	LEFT JOIN pg_index x ON x.indexrelid = to_regclass(format('fwlog.%I', n.name))
	WHERE o.day + 1 + after <= now() AND x.indisvalid IS NOT TRUE
	ORDER BY o.day DESC, k.key
$$;
COMMENT ON FUNCTION fwlog.seal_due(interval) IS
	'indexes that partitions closed for so long still lack, and the statement that builds one';

-- Rows that come late for that very day wait while the index is built, nothing else does.
CREATE FUNCTION fwlog.seal_index(part text, key text) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '5s' AS $$
DECLARE
	name text := part || '_' || key;
BEGIN
	IF NOT fwlog.partition_is_closed(part) OR key NOT IN ('src', 'dst', 'dport') THEN
		RAISE EXCEPTION '% is no closed partition, or % no key of one', part, key
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF EXISTS (SELECT FROM pg_index x WHERE x.indexrelid =
	    to_regclass(format('fwlog.%I', name)) AND NOT x.indisvalid) THEN
		EXECUTE format('DROP INDEX fwlog.%I', name); -- left behind by one that was ended
	END IF;
	EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON fwlog.%I (%I, ts)', name, part, key);
	RETURN true;
END $$;
COMMENT ON FUNCTION fwlog.seal_index(text, text) IS
	'builds one index of a closed partition: src, dst or dport';

CREATE FUNCTION fwlog.retain_due(retain interval, retain_size bigint)
RETURNS TABLE (part text, bytes bigint, why text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
	SELECT o.partition, o.bytes, CASE WHEN o.day + 1 <= now() - retain
		THEN 'older than ' || retain ELSE 'beyond ' || pg_size_pretty(retain_size) END
	FROM (SELECT p.partition, p.day, p.kept, p.table_bytes + p.index_bytes AS bytes,
		sum(p.table_bytes + p.index_bytes) OVER (ORDER BY p.day DESC) AS upto
	      FROM fwlog.partition_overview p) o
	WHERE o.kept IS NULL AND o.day < current_date
		AND (o.day + 1 <= now() - retain OR o.upto > retain_size)
	ORDER BY o.day
$$;
COMMENT ON FUNCTION fwlog.retain_due(interval, bigint) IS
	'closed partitions beyond this age or, newest first, this size; null: no bound';

-- The lock of the parent is asked for briefly: whoever reads long makes it try again later.
CREATE FUNCTION fwlog.partition_drop(part text) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s' AS $$
BEGIN
	IF NOT fwlog.partition_is_closed(part) THEN
		RAISE EXCEPTION '% is no closed partition of fwlog.event', part
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	DELETE FROM fwlog.kept_day k WHERE k.day = to_date(substr(part, 8), 'YYYYMMDD');
	EXECUTE format('ALTER TABLE fwlog.event DETACH PARTITION fwlog.%I', part);
	EXECUTE format('DROP TABLE fwlog.%I', part);
	RETURN true;
END $$;
COMMENT ON FUNCTION fwlog.partition_drop(text) IS
	'detaches a closed partition and drops it with its events';

CREATE FUNCTION fwlog.partition_drop_archived(part text, events bigint) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s' AS $$
DECLARE
	there bigint;
BEGIN
	IF NOT fwlog.partition_is_closed(part) THEN
		RAISE EXCEPTION '% is no closed partition of fwlog.event', part
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('LOCK TABLE fwlog.%I IN SHARE MODE', part);
	EXECUTE format('SELECT count(*) FROM fwlog.%I', part) INTO there;
	IF there <> events THEN
		RAISE EXCEPTION '% has % events now, its archive has %', part, there, events
		USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'it stays; archive it again';
	END IF;
	RETURN fwlog.partition_drop(part);
END $$;
COMMENT ON FUNCTION fwlog.partition_drop_archived(text, bigint) IS
	'the same for one whose archive has so many events, and only if it has no other number';

-- ---- what is to be done

-- Citus wants no parameters in functions in SQL that read what is distributed: PL/pgSQL.
CREATE FUNCTION fwlog.maintenance_due(ahead integer, max_age interval, seal_after interval,
	retain interval, retain_size bigint, retain_rollups interval, fold boolean)
RETURNS TABLE (what text, statement text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
BEGIN
	RETURN QUERY SELECT 'makes partitions ahead', format('SELECT fwlog.partition_ahead(%s)', ahead)
	WHERE EXISTS (SELECT FROM generate_series(0, least(ahead, 31)) d WHERE to_regclass(
		'fwlog.event_p' || to_char(current_date + d, 'YYYYMMDD')) IS NULL)
	UNION ALL
	(SELECT 'moves ' || w.events || ' events out of event_default',
		format('SELECT fwlog.ensure_partition(%L)', w.day::timestamptz)
	FROM fwlog.partition_waiting() w
	WHERE w.day >= coalesce((now() - max_age)::date, date '2000-01-01')
		AND w.day <= current_date + 1
	ORDER BY w.day DESC LIMIT 48)
	UNION ALL
	SELECT format('drops %s, %s, %s', r.part, pg_size_pretty(r.bytes), r.why),
		format('SELECT fwlog.partition_drop(%L)', r.part)
	FROM fwlog.retain_due(retain, retain_size) r
	UNION ALL
	SELECT format('seals %s: index by %s', s.part, s.key), s.statement
	FROM fwlog.seal_due(seal_after) s
	WHERE s.part NOT IN (SELECT r.part FROM fwlog.retain_due(retain, retain_size) r)
	UNION ALL
	SELECT 'removes roll-ups older than ' || retain_rollups,
		format('SELECT fwlog.rollup_trim(%L)', retain_rollups)
	FROM (SELECT DISTINCT date_trunc('day', r.hour) FROM fwlog.rollup_hour r
		WHERE r.hour < fwlog.rollup_trim_until(retain_rollups)) d
	UNION ALL
	SELECT 'removes counts of what filters left out older than ' || retain_rollups,
		format('SELECT fwlog.filtered_trim(%L)', retain_rollups)
	WHERE EXISTS (SELECT FROM fwlog.filtered_minute f
		WHERE f.minute < fwlog.rollup_trim_until(retain_rollups))
	UNION ALL
	SELECT 'removes from the quarantine what is older than ' || retain,
		format('SELECT fwlog.quarantine_trim(%L)', retain)
	WHERE EXISTS (SELECT FROM fwlog.quarantine q
		WHERE q.noted < fwlog.rollup_trim_until(retain))
	UNION ALL
	SELECT format('folds rows of %s of host %s at %s', e.rollup, e.host_id, e.start),
		format('SELECT fwlog.rollup_fold(%L, %s, %L)', e.rollup, e.host_id, e.start)
	FROM fwlog.rollup_excess(date_trunc('hour', now()) - interval '26 hours',
		date_trunc('hour', now())) e WHERE fold
	UNION ALL
	(SELECT format('sums up roll-ups of %s', d.day::date),
		format('SELECT fwlog.rollup_sum(%L)', d.day)
	FROM (SELECT DISTINCT date_trunc('day', s.start) AS day FROM fwlog.rollup_sums_due() s
		WHERE fold) d
	ORDER BY d.day)
	UNION ALL
	(SELECT format('thins out minutes of host %s on %s', t.host_id, t.day::date),
		format('SELECT fwlog.rollup_thin(%s, %L)', t.host_id, t.day)
	FROM fwlog.rollup_thin_due(interval '8 days') t WHERE fold)
	UNION ALL
	SELECT 'forgets marks of runs that ended more than 180 days ago',
		$q$SELECT fwlog.stream_forget('180 days')$q$
	WHERE fold AND (pg_has_role(session_user, 'fwlog_admin', 'MEMBER')
		OR pg_has_role(session_user, 'fwlog_owner', 'MEMBER'));
END $$;
COMMENT ON FUNCTION fwlog.maintenance_due(integer, interval, interval, interval, bigint,
	interval, boolean) IS
	'what is to be done now and the statements that do it, in this order; null: no bound';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.distinct_estimate(bit), fwlog.rollup_excess(timestamptz, timestamptz),
	fwlog.rollup_fold(text, integer, timestamptz), fwlog.rollup_trim(interval),
	fwlog.rollup_trim_until(interval), fwlog.filtered_trim(interval),
	fwlog.quarantine_trim(interval), fwlog.rollup_upto(text),
	fwlog.relation_bytes(regclass, boolean),
	fwlog.rollup_sum_one(text, timestamptz), fwlog.rollup_sums_due(),
	fwlog.rollup_sum(timestamptz), fwlog.rollup_thin_due(interval),
	fwlog.rollup_thin(integer, timestamptz),
	fwlog.partition_ahead(integer), fwlog.partition_waiting(),
	fwlog.partition_is_closed(text), fwlog.seal_due(interval), fwlog.seal_index(text, text),
	fwlog.retain_due(interval, bigint), fwlog.partition_drop(text),
	fwlog.partition_drop_archived(text, bigint),
	fwlog.maintenance_due(integer, interval, interval, interval, bigint, interval, boolean)
	FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON fwlog.rollup_minute, fwlog.rollup_hour,
	fwlog.rollup_hour_port, fwlog.rollup_hour_src, fwlog.rollup_hour_dst,
	fwlog.rollup_hour_distinct TO fwlog_ingest;
GRANT EXECUTE ON FUNCTION fwlog.rollup_fold(text, integer, timestamptz),
	fwlog.rollup_sum(timestamptz), fwlog.rollup_thin(integer, timestamptz),
	fwlog.partition_ahead(integer), fwlog.seal_index(text, text),
	fwlog.maintenance_due(integer, interval, interval, interval, bigint, interval, boolean)
	TO fwlog_ingest, fwlog_admin;
-- Nothing the collector may do takes events away.
GRANT EXECUTE ON FUNCTION fwlog.rollup_trim(interval), fwlog.filtered_trim(interval),
	fwlog.quarantine_trim(interval), fwlog.partition_drop(text),
	fwlog.partition_drop_archived(text, bigint),
	fwlog.partition_is_closed(text) TO fwlog_admin;
GRANT SELECT ON fwlog.rollup_minute_full, fwlog.rollup_hour_full,
	fwlog.rollup_hour_port_full, fwlog.rollup_hour_src_full, fwlog.rollup_hour_dst_full,
	fwlog.rollup_hour_distinct_full, fwlog.rollup_all_port_full, fwlog.rollup_all_src_full,
	fwlog.rollup_all_dst_full, fwlog.rollup_day_full, fwlog.rollup_day_port_full,
	fwlog.rollup_day_src_full, fwlog.rollup_day_dst_full, fwlog.partition_overview
	TO fwlog_report;
GRANT EXECUTE ON FUNCTION fwlog.distinct_estimate(bit), fwlog.rollup_upto(text),
	fwlog.relation_bytes(regclass, boolean)
	TO fwlog_report, fwlog_admin;
