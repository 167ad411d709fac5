-- SPDX-License-Identifier: GPL-2.0-or-later
-- A day at a small site, for tests of the page: six hosts, a day of noise and of a web server's
-- visitors, and one story. A source that never came before scans a host for a minute, 25 minutes ago; of
-- its 1,499 packets one was let in, to port 3389. Three hours ago prefixes came that want to be
-- markup, formulas and terminal commands. web02 lost 12 records an hour ago, branch01 is silent.
-- Roll-ups are made of the events as the collector would.
SELECT setseed(0.5);
SELECT fwlog.make_partition((now() AT TIME ZONE 'UTC')::date - d) FROM generate_series(0, 2) d;
SELECT fwlog.host_enter(name) FROM unnest('{gw1,gw2,web01,web02,db01,branch01}'::text[]) name;
SELECT fwlog.prefix_enter(raw) FROM unnest(ARRAY['in-drop: ', 'in-accept-web: ', 'in-accept-ssh: ',
	'fwd-reject: ', 'in-accept-rdp: ', '<script>alert(1)</script>', '=cmd|''/C calc''!A0',
	'\x1b5b33316d70776e65640ae280ae6c69766564'::bytea, '"onmouseover="alert(2)']::bytea[]) raw;
SELECT fwlog.iface_enter(raw) FROM unnest('{eth0,eth1,wg0}'::bytea[]) raw;
SELECT fwlog.prefix_set('in-drop', 'drop', NULL, NULL, NULL),
	fwlog.prefix_set('in-accept-web', 'accept', NULL, NULL, NULL),
	fwlog.prefix_set('in-accept-ssh', 'accept', NULL, NULL, NULL),
	fwlog.prefix_set('in-accept-rdp', 'accept', NULL, NULL, NULL),
	fwlog.prefix_set('fwd-reject', 'reject', NULL, NULL, NULL);

-- The first 40 bytes of a TCP packet.
CREATE FUNCTION pg_temp.packet(src inet, dst inet, sport integer, dport integer) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
	SELECT decode('4500003c0001400040060000' || lpad(to_hex(src - inet '0.0.0.0'), 8, '0') ||
		lpad(to_hex(dst - inet '0.0.0.0'), 8, '0') || lpad(to_hex(sport), 4, '0') ||
		lpad(to_hex(dport), 4, '0') || '00000001000000005002faf000000000', 'hex')
$$;

CREATE TEMP TABLE planted (ts timestamptz, host integer, prefix integer, src inet, dst inet,
	sport integer, dport integer);
-- Noise of the whole day, more of it in the last hour.
INSERT INTO planted
SELECT now() - CASE WHEN g % 4 = 0 THEN interval '1 hour' ELSE interval '24 hours' END * random()
		- interval '2 seconds',
	1 + floor(random() * 6)::int, CASE WHEN r < 0.72 THEN 1 ELSE 4 END,
	inet '192.0.2.0' + (random() ^ 3 * 250)::int, inet '198.51.100.0' + (random() * 40)::int,
	1024 + (random() * 60000)::int,
	('{23,22,445,3389,5060,8080,1433,123}'::int[])[1 + (random() ^ 2 * 7.9)::int]
FROM (SELECT g, random() AS r FROM generate_series(1, :noise) g) n;
-- Visitors of the web server and administrators.
INSERT INTO planted
SELECT now() - interval '24 hours' * random() ^ 1.5 - interval '1 second', 3 + g % 2,
	CASE WHEN g % 40 = 0 THEN 3 ELSE 2 END, inet '203.0.113.128' + (random() * 90)::int,
	inet '198.51.100.80' + g % 2, 1024 + (random() * 60000)::int,
	CASE WHEN g % 40 = 0 THEN 22 ELSE 443 END
FROM generate_series(1, :noise / 3) g;
-- The story.
INSERT INTO planted
SELECT date_trunc('minute', now()) - interval '25 minutes' + interval '39 milliseconds' * g, 1,
	CASE WHEN g = 900 THEN 5 ELSE 1 END, '203.0.113.77', '198.51.100.23', 40000 + g,
	CASE WHEN g = 900 THEN 3389 ELSE g END
FROM generate_series(1, 1500) g WHERE g <> 899;
DELETE FROM planted WHERE host = 6 AND ts > now() - interval '14 minutes';
-- Hostile content, the same event again and again.
INSERT INTO planted
SELECT now() - interval '3 hours' - interval '1 second' * g, 2, 6 + g % 4, '203.0.113.66',
	'198.51.100.66', 666, 666 FROM generate_series(1, 40) g;

INSERT INTO fwlog.event (ts, host_id, n, prefix_id, in_id, netns_id, nflog_group, family, hook, proto,
	tcp_flags, ttl, tos, len, ethertype, hw_type, src, sport, dst, dport, flags, src_mac, dst_mac, payload)
SELECT ts, host, row_number() OVER (PARTITION BY host ORDER BY ts), prefix, 1 + host % 3, NULL, 5, 2, 1,
	6, 2, 52, 0, 60, 2048, 1, src, sport, dst, dport, 0, '02:00:00:00:00:02', '02:00:00:00:00:01',
	CASE WHEN sport % 9 > 0 THEN pg_temp.packet(src, dst, sport, dport) END
FROM planted ORDER BY ts;

\ir rollups.sql

UPDATE fwlog.host SET first_seen = now() - interval '40 days';
UPDATE fwlog.host_mark m SET next_n = e.n + 1, newest = e.ts
FROM (SELECT host_id, max(n) AS n, max(ts) AS ts FROM fwlog.event GROUP BY 1) e
WHERE e.host_id = m.host_id;
UPDATE fwlog.host_status SET connected = host_id < 6, software = '0.1.0', address = '10.0.0.' || host_id,
	system = 'Linux 6.1.0 x86_64', skew_ms = host_id * 3, collector = 'log1',
	stats = jsonb_build_object('spooled', 8000 + host_id, 'waiting', CASE host_id WHEN 6 THEN 412 ELSE 0 END,
		'spool_bytes', 196608 * host_id, 'captured', 8412, 'suppressed', 0, 'filter_version', 0),
	last_contact = now() - CASE WHEN host_id < 6 THEN interval '0' ELSE interval '14 minutes' END;
INSERT INTO fwlog.loss (host_id, epoch, seq, from_ts, to_ts, cause, records)
SELECT host_id, 1, 1, now() - interval '41 minutes', now() - interval '40 minutes', 'kernel', 12
FROM fwlog.host WHERE name = 'web02';
SELECT fwlog.filter_add('ntp-answers', 'sport:123 proto:udp', NULL, '{}', 0, NULL, 'answers to our own questions');
INSERT INTO fwlog.filter_applied (host_id, version)
SELECT h.host_id, CASE WHEN h.name = 'branch01' THEN 0 ELSE f.added_in END FROM fwlog.host h, fwlog.filter f;
INSERT INTO fwlog.filtered_minute (host_id, minute, filter_id, prefix_id, records)
SELECT 1 + g % 2, date_trunc('minute', now()) - interval '1 minute' * g, 1, 1, 20 + g % 7
FROM generate_series(2, 50) g;
