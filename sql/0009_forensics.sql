-- SPDX-License-Identifier: GPL-2.0-or-later
-- History brought in from elsewhere, the names ulogd2's tools know, and what security staff
-- ask again and again (docs/forensics.md).

-- ---- import: what was brought in already

-- Each imported line, packet or row leaves a key of 8 bytes with its host and minute, so that
-- what is imported again, or stands in two files, is stored once.
CREATE TABLE fwlog.import_seen (
	host_id     integer NOT NULL,
	minute      timestamptz NOT NULL,
	keys        bytea NOT NULL,
	PRIMARY KEY (host_id, minute)
);
COMMENT ON TABLE fwlog.import_seen IS
	'by what imported events are known again; fwlogctl import reads and writes it';
COMMENT ON COLUMN fwlog.import_seen.host_id IS 'the host';
COMMENT ON COLUMN fwlog.import_seen.minute IS 'start of the minute';
COMMENT ON COLUMN fwlog.import_seen.keys IS
	'8 bytes for each event: SipHash of the line, packet or row it came from';

CREATE TABLE fwlog.import_secret (
	secret      uuid PRIMARY KEY DEFAULT gen_random_uuid()
);
INSERT INTO fwlog.import_secret DEFAULT VALUES;
COMMENT ON TABLE fwlog.import_secret IS
	'key of the hashes in import_seen, so that nobody can make lines that look like another';
COMMENT ON COLUMN fwlog.import_secret.secret IS 'random';

CREATE TABLE fwlog.import (
	started     timestamptz NOT NULL,
	kind        text NOT NULL CHECK (kind IN ('log', 'pcap', 'ulogd2')),
	source      text NOT NULL,
	finished    timestamptz NOT NULL DEFAULT now(),
	read        bigint NOT NULL,
	stored      bigint NOT NULL,
	known       bigint NOT NULL,
	other       bigint NOT NULL,
	rejected    bigint NOT NULL,
	PRIMARY KEY (started, kind, source)
);
COMMENT ON TABLE fwlog.import IS 'what fwlogctl import brought in, a row for each file or database';
COMMENT ON COLUMN fwlog.import.started IS 'when it began';
COMMENT ON COLUMN fwlog.import.kind IS 'log, pcap or ulogd2';
COMMENT ON COLUMN fwlog.import.source IS 'name of the file or database';
COMMENT ON COLUMN fwlog.import.finished IS 'when it was done';
COMMENT ON COLUMN fwlog.import.read IS 'lines, packets or rows that were read';
COMMENT ON COLUMN fwlog.import.stored IS 'events that were stored';
COMMENT ON COLUMN fwlog.import.known IS 'events that had been imported before';
COMMENT ON COLUMN fwlog.import.other IS 'lines that no firewall wrote';
COMMENT ON COLUMN fwlog.import.rejected IS 'what was not understood; it is in the reject file';

CREATE FUNCTION fwlog.import_forget(before timestamptz) RETURNS bigint
LANGUAGE sql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	WITH gone AS (DELETE FROM fwlog.import_seen s WHERE s.minute < before RETURNING s.keys)
	SELECT coalesce(sum(octet_length(g.keys)) / 8, 0)::bigint FROM gone g
$$;
COMMENT ON FUNCTION fwlog.import_forget(timestamptz) IS
	'takes away by what imported events before that time are known again; of how many';

-- ---- ulogd2's names

CREATE FUNCTION fwlog.payload_number(payload bytea, at integer, size integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT CASE WHEN at < 0 OR octet_length(payload) < at + size THEN NULL
	       WHEN size = 1 THEN get_byte(payload, at)
	       WHEN size = 2 THEN get_byte(payload, at) * 256 + get_byte(payload, at + 1)
	       WHEN size = 4 THEN ((get_byte(payload, at)::bigint * 256 + get_byte(payload, at + 1))
	            * 256 + get_byte(payload, at + 2)) * 256 + get_byte(payload, at + 3) END
$$;
COMMENT ON FUNCTION fwlog.payload_number(bytea, integer, integer) IS
	'number of 1, 2 or 4 bytes at that place of a packet; null where it was cut off before';

CREATE FUNCTION fwlog.payload_transport(payload bytea, proto smallint) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT CASE WHEN octet_length(payload) < 20 THEN NULL
	       WHEN get_byte(payload, 0) >> 4 = 4 THEN (get_byte(payload, 0) & 15) * 4
	       WHEN get_byte(payload, 0) >> 4 = 6 AND get_byte(payload, 6) = proto THEN 40 END
$$;
COMMENT ON FUNCTION fwlog.payload_transport(bytea, smallint) IS
	'where in a packet the header of that transport protocol begins; null when not known';

CREATE VIEW fwlog.ulog AS
SELECT e.host_id::bigint << 40 | e.n AS _id,
       floor(extract(epoch FROM e.ts))::integer AS oob_time_sec,
       (extract(microseconds FROM e.ts)::integer % 1000000) AS oob_time_usec,
       e.hook AS oob_hook,
       p.prefix::varchar AS oob_prefix,
       e.mark AS oob_mark,
       i.iface::varchar AS oob_in,
       o.iface::varchar AS oob_out,
       e.family AS oob_family,
       e.src AS ip_saddr_str,
       e.dst AS ip_daddr_str,
       e.proto AS ip_protocol,
       CASE WHEN v.version = 4 THEN e.tos END AS ip_tos,
       CASE WHEN v.version = 4 THEN e.ttl END AS ip_ttl,
       CASE WHEN v.version = 4 THEN e.len END AS ip_totlen,
       CASE WHEN v.version = 4 THEN (get_byte(v.bytes, 0) & 15)::smallint END AS ip_ihl,
       CASE WHEN v.version = 4 THEN fwlog.payload_number(v.bytes, 10, 2)::integer END AS ip_csum,
       CASE WHEN v.version = 4 THEN fwlog.payload_number(v.bytes, 4, 2)::integer END AS ip_id,
       CASE WHEN v.version = 4 THEN fwlog.payload_number(v.bytes, 6, 2)::integer END AS ip_fragoff,
       CASE WHEN v.version = 6 THEN fwlog.payload_number(v.bytes, 4, 2) END AS ip6_payloadlen,
       CASE WHEN v.version = 6 THEN e.tos END AS ip6_priority,
       CASE WHEN v.version = 6 THEN e.ttl END AS ip6_hoplimit,
       CASE WHEN v.version = 6 THEN fwlog.payload_number(v.bytes, 0, 4) & 1048575 END AS ip6_flowlabel,
       CASE WHEN v.version = 6 THEN e.frag_offset END AS ip6_fragoff,
       NULL::bigint AS ip6_fragid,
       CASE WHEN e.proto = 6 THEN e.sport END AS tcp_sport,
       CASE WHEN e.proto = 6 THEN e.dport END AS tcp_dport,
       CASE WHEN e.proto = 6 THEN fwlog.payload_number(v.bytes, v.at + 4, 4) END AS tcp_seq,
       CASE WHEN e.proto = 6 THEN fwlog.payload_number(v.bytes, v.at + 8, 4) END AS tcp_ackseq,
       CASE WHEN e.proto = 6 THEN fwlog.payload_number(v.bytes, v.at + 14, 2)::integer END AS tcp_window,
       e.tcp_flags & 32 <> 0 AS tcp_urg,
       CASE WHEN e.proto = 6 THEN fwlog.payload_number(v.bytes, v.at + 18, 2)::integer END AS tcp_urgp,
       e.tcp_flags & 16 <> 0 AS tcp_ack,
       e.tcp_flags & 8 <> 0 AS tcp_psh,
       e.tcp_flags & 4 <> 0 AS tcp_rst,
       e.tcp_flags & 2 <> 0 AS tcp_syn,
       e.tcp_flags & 1 <> 0 AS tcp_fin,
       CASE WHEN e.proto = 17 THEN e.sport END AS udp_sport,
       CASE WHEN e.proto = 17 THEN e.dport END AS udp_dport,
       CASE WHEN e.proto = 17 THEN fwlog.payload_number(v.bytes, v.at + 4, 2)::integer END AS udp_len,
       CASE WHEN e.proto = 1 THEN e.icmp_type END AS icmp_type,
       CASE WHEN e.proto = 1 THEN e.icmp_code END AS icmp_code,
       CASE WHEN e.proto = 1 AND e.icmp_type IN (0, 8)
            THEN fwlog.payload_number(v.bytes, v.at + 4, 2)::integer END AS icmp_echoid,
       CASE WHEN e.proto = 1 AND e.icmp_type IN (0, 8)
            THEN fwlog.payload_number(v.bytes, v.at + 6, 2)::integer END AS icmp_echoseq,
       CASE WHEN e.proto = 1 AND e.icmp_type = 5
            THEN fwlog.payload_number(v.bytes, v.at + 4, 4) END AS icmp_gateway,
       CASE WHEN e.proto = 1 AND e.icmp_type = 3 AND e.icmp_code = 4
            THEN fwlog.payload_number(v.bytes, v.at + 6, 2)::integer END AS icmp_fragmtu,
       CASE WHEN e.proto = 58 THEN e.icmp_type END AS icmpv6_type,
       CASE WHEN e.proto = 58 THEN e.icmp_code END AS icmpv6_code,
       CASE WHEN e.proto = 58 AND e.icmp_type IN (128, 129)
            THEN fwlog.payload_number(v.bytes, v.at + 4, 2)::integer END AS icmpv6_echoid,
       CASE WHEN e.proto = 58 AND e.icmp_type IN (128, 129)
            THEN fwlog.payload_number(v.bytes, v.at + 6, 2)::integer END AS icmpv6_echoseq,
       CASE WHEN e.proto = 58
            THEN fwlog.payload_number(v.bytes, v.at + 2, 2)::integer END AS icmpv6_csum,
       e.hw_type AS raw_type,
       coalesce(encode(e.hw_header, 'hex'), concat_ws(':', e.dst_mac, e.src_mac,
            lpad(to_hex(e.ethertype >> 8 & 255), 2, '0'),
            lpad(to_hex(e.ethertype & 255), 2, '0')))::varchar AS mac_str,
       e.src_mac AS mac_saddr_str,
       e.dst_mac AS mac_daddr_str,
       e.ethertype AS oob_protocol,
       CASE coalesce(vh.verdict[width_bucket(e.ts, vh.since)],
                     va.verdict[width_bucket(e.ts, va.since)]) WHEN 'accept' THEN 1
            WHEN 'drop' THEN 0 WHEN 'reject' THEN 0 END::smallint AS raw_label,
       CASE WHEN e.proto = 132 THEN e.sport END AS sctp_sport,
       CASE WHEN e.proto = 132 THEN e.dport END AS sctp_dport,
       CASE WHEN e.proto = 132 THEN fwlog.payload_number(v.bytes, v.at + 8, 4) END AS sctp_csum,
       e.ts AS "timestamp",
       h.name AS host
FROM fwlog.event e
CROSS JOIN LATERAL (SELECT e.payload AS bytes,
	fwlog.payload_transport(e.payload, e.proto) AS at,
	CASE e.ethertype WHEN 2048 THEN 4 WHEN 34525 THEN 6 END AS version) v
LEFT JOIN fwlog.host h ON h.host_id = e.host_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = e.prefix_id
LEFT JOIN fwlog.prefix_timeline vh ON vh.prefix_id = e.prefix_id AND vh.host_id = e.host_id
LEFT JOIN fwlog.prefix_timeline va ON va.prefix_id = e.prefix_id AND va.host_id = 0
LEFT JOIN fwlog.dict_iface i ON i.iface_id = e.in_id
LEFT JOIN fwlog.dict_iface o ON o.iface_id = e.out_id;
COMMENT ON VIEW fwlog.ulog IS
	'events with the column names of ulogd2''s PostgreSQL schema, for tools written for it';
COMMENT ON COLUMN fwlog.ulog._id IS 'number of the event: host_id times 2^40, plus n';
COMMENT ON COLUMN fwlog.ulog.oob_time_sec IS 'time of the packet, seconds since 1970; where a day or less is wanted ask timestamp, which reads only its partitions';
COMMENT ON COLUMN fwlog.ulog.oob_time_usec IS 'its microseconds';
COMMENT ON COLUMN fwlog.ulog.oob_hook IS 'netfilter hook';
COMMENT ON COLUMN fwlog.ulog.oob_prefix IS 'prefix of the log rule';
COMMENT ON COLUMN fwlog.ulog.oob_mark IS 'netfilter mark';
COMMENT ON COLUMN fwlog.ulog.oob_in IS 'input interface';
COMMENT ON COLUMN fwlog.ulog.oob_out IS 'output interface';
COMMENT ON COLUMN fwlog.ulog.oob_family IS '2 IPv4, 10 IPv6, 3 ARP, 7 bridge';
COMMENT ON COLUMN fwlog.ulog.ip_saddr_str IS 'source address';
COMMENT ON COLUMN fwlog.ulog.ip_daddr_str IS 'destination address';
COMMENT ON COLUMN fwlog.ulog.ip_protocol IS 'IP protocol number';
COMMENT ON COLUMN fwlog.ulog.ip_tos IS 'type of service';
COMMENT ON COLUMN fwlog.ulog.ip_ttl IS 'time to live';
COMMENT ON COLUMN fwlog.ulog.ip_totlen IS 'length of the packet';
COMMENT ON COLUMN fwlog.ulog.ip_ihl IS 'length of the IPv4 header in words of 4 bytes; this and what follows of the headers comes from the payload';
COMMENT ON COLUMN fwlog.ulog.ip_csum IS 'checksum of the IPv4 header';
COMMENT ON COLUMN fwlog.ulog.ip_id IS 'identification of the IPv4 packet';
COMMENT ON COLUMN fwlog.ulog.ip_fragoff IS 'fragment field of the IPv4 header, with its flags';
COMMENT ON COLUMN fwlog.ulog.ip6_payloadlen IS 'payload length of the IPv6 header';
COMMENT ON COLUMN fwlog.ulog.ip6_priority IS 'traffic class';
COMMENT ON COLUMN fwlog.ulog.ip6_hoplimit IS 'hop limit';
COMMENT ON COLUMN fwlog.ulog.ip6_flowlabel IS 'flow label';
COMMENT ON COLUMN fwlog.ulog.ip6_fragoff IS 'offset of an IPv6 fragment in bytes';
COMMENT ON COLUMN fwlog.ulog.ip6_fragid IS 'always null: not kept';
COMMENT ON COLUMN fwlog.ulog.tcp_sport IS 'TCP source port';
COMMENT ON COLUMN fwlog.ulog.tcp_dport IS 'TCP destination port';
COMMENT ON COLUMN fwlog.ulog.tcp_seq IS 'TCP sequence number';
COMMENT ON COLUMN fwlog.ulog.tcp_ackseq IS 'TCP acknowledgement number';
COMMENT ON COLUMN fwlog.ulog.tcp_window IS 'TCP window';
COMMENT ON COLUMN fwlog.ulog.tcp_urg IS 'URG is set';
COMMENT ON COLUMN fwlog.ulog.tcp_urgp IS 'TCP urgent pointer';
COMMENT ON COLUMN fwlog.ulog.tcp_ack IS 'ACK is set';
COMMENT ON COLUMN fwlog.ulog.tcp_psh IS 'PSH is set';
COMMENT ON COLUMN fwlog.ulog.tcp_rst IS 'RST is set';
COMMENT ON COLUMN fwlog.ulog.tcp_syn IS 'SYN is set';
COMMENT ON COLUMN fwlog.ulog.tcp_fin IS 'FIN is set';
COMMENT ON COLUMN fwlog.ulog.udp_sport IS 'UDP source port';
COMMENT ON COLUMN fwlog.ulog.udp_dport IS 'UDP destination port';
COMMENT ON COLUMN fwlog.ulog.udp_len IS 'length by the UDP header';
COMMENT ON COLUMN fwlog.ulog.icmp_type IS 'ICMP type';
COMMENT ON COLUMN fwlog.ulog.icmp_code IS 'ICMP code';
COMMENT ON COLUMN fwlog.ulog.icmp_echoid IS 'id of an ICMP echo';
COMMENT ON COLUMN fwlog.ulog.icmp_echoseq IS 'number of an ICMP echo';
COMMENT ON COLUMN fwlog.ulog.icmp_gateway IS 'gateway of an ICMP redirect, as a number';
COMMENT ON COLUMN fwlog.ulog.icmp_fragmtu IS 'MTU that ICMP asks for';
COMMENT ON COLUMN fwlog.ulog.icmpv6_type IS 'ICMPv6 type';
COMMENT ON COLUMN fwlog.ulog.icmpv6_code IS 'ICMPv6 code';
COMMENT ON COLUMN fwlog.ulog.icmpv6_echoid IS 'id of an ICMPv6 echo';
COMMENT ON COLUMN fwlog.ulog.icmpv6_echoseq IS 'number of an ICMPv6 echo';
COMMENT ON COLUMN fwlog.ulog.icmpv6_csum IS 'ICMPv6 checksum';
COMMENT ON COLUMN fwlog.ulog.raw_type IS 'ARPHRD_* type of the input interface';
COMMENT ON COLUMN fwlog.ulog.mac_str IS 'link-layer header in hexadecimal';
COMMENT ON COLUMN fwlog.ulog.mac_saddr_str IS 'source hardware address';
COMMENT ON COLUMN fwlog.ulog.mac_daddr_str IS 'destination hardware address';
COMMENT ON COLUMN fwlog.ulog.oob_protocol IS 'EtherType';
COMMENT ON COLUMN fwlog.ulog.raw_label IS '1 accepted, 0 dropped or rejected, by the prefix map; null: unknown';
COMMENT ON COLUMN fwlog.ulog.sctp_sport IS 'SCTP source port';
COMMENT ON COLUMN fwlog.ulog.sctp_dport IS 'SCTP destination port';
COMMENT ON COLUMN fwlog.ulog.sctp_csum IS 'SCTP checksum';
COMMENT ON COLUMN fwlog.ulog."timestamp" IS 'time of the packet';
COMMENT ON COLUMN fwlog.ulog.host IS 'machine that logged';

-- ---- forensics

CREATE FUNCTION fwlog.packet_hex(payload bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT string_agg(lpad(to_hex(at), 4, '0') || '  '
	       || rpad(regexp_replace(encode(line, 'hex'), '(..)', '\1 ', 'g'), 48) || ' '
	       || regexp_replace(replace(encode(line, 'escape'), '\\', '\'),
	              '\\[0-7]{3}|[^ -~]', '.', 'g'), E'\n' ORDER BY at)
	FROM (SELECT at, substring(payload FROM at + 1 FOR 16) AS line
	      FROM generate_series(0, octet_length(payload) - 1, 16) at) l
$$;
COMMENT ON FUNCTION fwlog.packet_hex(bytea) IS
	'a packet as a dump: place, 16 bytes in hexadecimal, the same as text';

CREATE FUNCTION fwlog.address_first_seen(address inet)
RETURNS TABLE (host text, role text, first_hour timestamptz, last_hour timestamptz, events bigint)
LANGUAGE sql STABLE AS $$
	SELECT s.host, 'source', min(s."time"), max(s."time"), sum(s.events)::bigint
	FROM fwlog.rollup_hour_src_full s WHERE s.src_ip = address GROUP BY s.host
	UNION ALL
	SELECT d.host, 'destination', min(d."time"), max(d."time"), sum(d.events)::bigint
	FROM fwlog.rollup_hour_dst_full d WHERE d.dst_ip = address GROUP BY d.host
	ORDER BY 3, 1, 2
$$;
COMMENT ON FUNCTION fwlog.address_first_seen(inet) IS
	'first and last hour of an address on each host, from the roll-ups, also of days whose '
	'events are gone; hours in which it was among the rest are not known there';

CREATE FUNCTION fwlog.address_around(address inet, at timestamptz, span interval)
RETURNS TABLE ("time" timestamptz, apart interval, host text, prefix text, verdict text,
	protocol text, src_ip inet, src_port integer, dst_ip inet, dst_port integer)
LANGUAGE sql STABLE AS $$
	SELECT e."time", e."time" - at, e.host, e.prefix, e.verdict, e.protocol,
	       e.src_ip, e.src_port, e.dst_ip, e.dst_port
	FROM fwlog.event_full e
	WHERE e."time" >= at - span AND e."time" <= at + span
	  AND (e.src_ip = address OR e.dst_ip = address)
	ORDER BY e."time", e.host_id, e.n
$$;
COMMENT ON FUNCTION fwlog.address_around(inet, timestamptz, interval) IS
	'what an address did, on either end, so long before and after a moment, over all hosts';

-- How regular: the deviation of the pauses, in parts of their mean. A person is above 1, a
-- program that calls home is near 0.
CREATE FUNCTION fwlog.beacons(since timestamptz, until timestamptz, fewest integer,
	most_jitter double precision)
RETURNS TABLE (src_ip inet, dst_ip inet, dst_port integer, protocol text, events bigint,
	period interval, jitter double precision, first_time timestamptz, last_time timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT p.src, p.dst, p.dport, fwlog.protocol_name(p.proto), count(*) + 1,
	       make_interval(secs => avg(p.pause)),
	       round((coalesce(stddev_pop(p.pause), 0) / avg(p.pause))::numeric, 4)::float8,
	       min(p.earlier), max(p.ts)
	FROM (SELECT e.src, e.dst, e.dport, e.proto, e.ts, lag(e.ts) OVER w AS earlier,
	             extract(epoch FROM e.ts - lag(e.ts) OVER w)::float8 AS pause
	      FROM fwlog.event e
	      WHERE e.ts >= since AND e.ts < until AND e.src IS NOT NULL AND e.dst IS NOT NULL
	      WINDOW w AS (PARTITION BY e.src, e.dst, e.dport, e.proto ORDER BY e.ts)) p
	WHERE p.pause IS NOT NULL
	GROUP BY p.src, p.dst, p.dport, p.proto
	HAVING count(*) + 1 >= fewest AND avg(p.pause) >= 1
	   AND coalesce(stddev_pop(p.pause), 0) <= most_jitter * avg(p.pause)
	ORDER BY 7, 5 DESC
$$;
COMMENT ON FUNCTION fwlog.beacons(timestamptz, timestamptz, integer, double precision) IS
	'who speaks to whom at regular intervals: at least so many events, deviation of the pauses '
	'at most that part of their mean (0.1)';

CREATE FUNCTION fwlog.scans(since timestamptz, until timestamptz, width interval, fewest integer)
RETURNS TABLE (src_ip inet, start timestamptz, kind text, targets bigint, ports bigint,
	hosts bigint, events bigint, first_time timestamptz, last_time timestamptz)
LANGUAGE sql STABLE AS $$
	WITH probe AS (
		SELECT e.src, w.start, count(DISTINCT e.dst) AS targets,
		       count(DISTINCT (e.proto, e.dport)) AS ports,
		       count(DISTINCT e.host_id) AS hosts, count(*) AS events,
		       min(e.ts) AS first_time, max(e.ts) AS last_time
		FROM fwlog.event e
		CROSS JOIN LATERAL (SELECT to_timestamp(floor(extract(epoch FROM e.ts)
			/ extract(epoch FROM width)) * extract(epoch FROM width)) AS start) w
		WHERE e.ts >= since AND e.ts < until AND e.src IS NOT NULL AND e.dport IS NOT NULL
		GROUP BY 1, 2)
	SELECT p.src, p.start, CASE WHEN p.targets >= fewest AND p.ports >= fewest THEN 'block'
	       WHEN p.targets >= fewest THEN 'hosts' ELSE 'ports' END,
	       p.targets, p.ports, p.hosts, p.events, p.first_time, p.last_time
	FROM probe p WHERE p.targets >= fewest OR p.ports >= fewest
	ORDER BY greatest(p.targets, p.ports) DESC, p.src, p.start
$$;
COMMENT ON FUNCTION fwlog.scans(timestamptz, timestamptz, interval, integer) IS
	'sources that tried at least so many targets (hosts), ports (ports) or both (block) within '
	'one width of time';

CREATE FUNCTION fwlog.silences(since timestamptz, until timestamptz, longer interval)
RETURNS TABLE (host text, from_time timestamptz, to_time timestamptz, silent interval,
	lost bigint, causes text[])
LANGUAGE sql STABLE AS $$
	WITH minute AS (
		SELECT r.host, r.host_id, r."time", lead(r."time") OVER (PARTITION BY r.host_id
			ORDER BY r."time") AS following
		FROM (SELECT DISTINCT f.host, f.host_id, f."time" FROM fwlog.rollup_minute_full f
		      WHERE f."time" >= since AND f."time" < until) r)
	SELECT m.host, m."time" + interval '1 minute', coalesce(m.following, until),
	       coalesce(m.following, until) - m."time" - interval '1 minute',
	       l.lost, l.causes
	FROM minute m
	CROSS JOIN LATERAL (SELECT coalesce(sum(x.records), 0)::bigint AS lost,
		array_agg(DISTINCT x.cause) FILTER (WHERE x.cause IS NOT NULL) AS causes
		FROM fwlog.loss_full x WHERE x.host_id = m.host_id AND x.to_time >= m."time"
		AND x.from_time <= coalesce(m.following, until)) l
	WHERE coalesce(m.following, until) - m."time" - interval '1 minute' > longer
	ORDER BY 4 DESC, 1, 2
$$;
COMMENT ON FUNCTION fwlog.silences(timestamptz, timestamptz, interval) IS
	'when a host that has events in the range had none for longer than that, whole minutes, '
	'and what is known to be lost then';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.import_forget(timestamptz),
	fwlog.payload_number(bytea, integer, integer),
	fwlog.payload_transport(bytea, smallint), fwlog.packet_hex(bytea),
	fwlog.address_first_seen(inet), fwlog.address_around(inet, timestamptz, interval),
	fwlog.beacons(timestamptz, timestamptz, integer, double precision),
	fwlog.scans(timestamptz, timestamptz, interval, integer),
	fwlog.silences(timestamptz, timestamptz, interval) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON fwlog.import_seen TO fwlog_ingest;
GRANT SELECT ON fwlog.import_secret TO fwlog_ingest;
GRANT INSERT ON fwlog.import TO fwlog_ingest;
GRANT EXECUTE ON FUNCTION fwlog.import_forget(timestamptz) TO fwlog_admin;
GRANT SELECT ON fwlog.ulog TO fwlog_report;
GRANT EXECUTE ON FUNCTION fwlog.payload_number(bytea, integer, integer),
	fwlog.payload_transport(bytea, smallint), fwlog.packet_hex(bytea),
	fwlog.address_first_seen(inet), fwlog.address_around(inet, timestamptz, interval),
	fwlog.beacons(timestamptz, timestamptz, integer, double precision),
	fwlog.scans(timestamptz, timestamptz, interval, integer),
	fwlog.silences(timestamptz, timestamptz, interval) TO fwlog_report, fwlog_admin;
