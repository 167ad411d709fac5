-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the collector may do beyond plain inserts: enter names, make partitions. These run
-- as fwlog_owner (SECURITY DEFINER); every name in them is qualified, search_path is fixed.

-- ---- text for people

CREATE FUNCTION fwlog.bytes_text(raw bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result text := '';
	piece  text;
	at     integer := 0;
	want   integer;
	lead   integer;
BEGIN
	WHILE at < octet_length(raw) LOOP
		lead := get_byte(raw, at);
		want := CASE WHEN lead < 128 THEN 1 WHEN lead BETWEEN 194 AND 223 THEN 2
		             WHEN lead BETWEEN 224 AND 239 THEN 3
		             WHEN lead BETWEEN 240 AND 244 THEN 4 ELSE 0 END;
		piece := NULL;
		IF want > 0 AND at + want <= octet_length(raw)
		    AND lead NOT BETWEEN 0 AND 31 AND lead <> 127
		    AND NOT (lead = 194 AND get_byte(raw, at + 1) < 160) THEN
			BEGIN
				piece := convert_from(substring(raw FROM at + 1 FOR want), 'UTF8');
			EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
				piece := NULL;
			END;
		END IF;
		IF piece IS NULL THEN
			want := 1;
			piece := '\x' || lpad(to_hex(lead), 2, '0');
		END IF;
		result := result || piece;
		at := at + want;
	END LOOP;
	RETURN result;
END $$;
COMMENT ON FUNCTION fwlog.bytes_text(bytea) IS
	'bytes as text: UTF-8 as it is, every byte that is none or a control character as \xNN';

-- ---- names

CREATE FUNCTION fwlog.host_enter(name text) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	SELECT h.host_id INTO id FROM fwlog.host h WHERE h.name = host_enter.name;
	IF id IS NULL THEN
		INSERT INTO fwlog.host AS h (name) VALUES (host_enter.name)
		ON CONFLICT DO NOTHING RETURNING h.host_id INTO id;
	END IF;
	IF id IS NULL THEN
		SELECT h.host_id INTO STRICT id FROM fwlog.host h
		WHERE h.name = host_enter.name;
	END IF;
	INSERT INTO fwlog.host_mark (host_id) VALUES (id) ON CONFLICT DO NOTHING;
	INSERT INTO fwlog.host_status (host_id) VALUES (id) ON CONFLICT DO NOTHING;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.host_enter(text) IS
	'id of the host; makes it, with its mark and status, when it is new';

-- The insert waits for another session that enters the same string and then does nothing;
-- the second look, with its own snapshot, finds what that session committed.
CREATE FUNCTION fwlog.prefix_enter(raw bytea) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	SELECT d.prefix_id INTO id FROM fwlog.dict_prefix d WHERE d.raw = prefix_enter.raw;
	IF id IS NULL THEN
		INSERT INTO fwlog.dict_prefix AS d (raw, prefix)
		VALUES (prefix_enter.raw, fwlog.bytes_text(prefix_enter.raw))
		ON CONFLICT DO NOTHING RETURNING d.prefix_id INTO id;
		PERFORM fwlog.prefix_resolve(ARRAY[id]) WHERE id IS NOT NULL;
	END IF;
	IF id IS NULL THEN
		SELECT d.prefix_id INTO STRICT id FROM fwlog.dict_prefix d
		WHERE d.raw = prefix_enter.raw;
	END IF;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.prefix_enter(bytea) IS
	'id of the prefix, entered when it is new, with what the prefix map says of it';

CREATE FUNCTION fwlog.iface_enter(raw bytea) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	SELECT d.iface_id INTO id FROM fwlog.dict_iface d WHERE d.raw = iface_enter.raw;
	IF id IS NULL THEN
		INSERT INTO fwlog.dict_iface AS d (raw, iface)
		VALUES (iface_enter.raw, fwlog.bytes_text(iface_enter.raw))
		ON CONFLICT DO NOTHING RETURNING d.iface_id INTO id;
	END IF;
	IF id IS NULL THEN
		SELECT d.iface_id INTO STRICT id FROM fwlog.dict_iface d
		WHERE d.raw = iface_enter.raw;
	END IF;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.iface_enter(bytea) IS 'id of the interface, entered when it is new';

CREATE FUNCTION fwlog.netns_enter(raw bytea) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	SELECT d.netns_id INTO id FROM fwlog.dict_netns d WHERE d.raw = netns_enter.raw;
	IF id IS NULL THEN
		INSERT INTO fwlog.dict_netns AS d (raw, netns)
		VALUES (netns_enter.raw, fwlog.bytes_text(netns_enter.raw))
		ON CONFLICT DO NOTHING RETURNING d.netns_id INTO id;
	END IF;
	IF id IS NULL THEN
		SELECT d.netns_id INTO STRICT id FROM fwlog.dict_netns d
		WHERE d.raw = netns_enter.raw;
	END IF;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.netns_enter(bytea) IS
	'id of the network namespace, entered when it is new';

-- ---- partitions

-- Built apart and then attached: attaching leaves readers and writers of the other days
-- alone, creating it as a partition would wait for all of them.
CREATE FUNCTION fwlog.make_partition(day date) RETURNS text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
	part text := 'event_p' || to_char(day, 'YYYYMMDD');
	low  timestamptz := day;
	high timestamptz := day + 1;
BEGIN
	IF to_regclass('fwlog.' || part) IS NOT NULL THEN
		RETURN part;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('fwlog.make_partition', 0));
	-- The catalogue itself: to_regclass may still answer from a cache filled before the wait.
	IF EXISTS (SELECT FROM pg_class
	           WHERE relname = part AND relnamespace = 'fwlog'::regnamespace) THEN
		RETURN part;
	END IF;
	-- Vacuum is what enters new pages into the BRIN index: soon, however large the day is.
	EXECUTE format('CREATE TABLE fwlog.%I (LIKE fwlog.event INCLUDING ALL) WITH ('
		'autovacuum_vacuum_insert_scale_factor = 0,'
		' autovacuum_vacuum_insert_threshold = 100000)', part);
	EXECUTE format('COMMENT ON TABLE fwlog.%I IS %L', part,
		'events of ' || to_char(day, 'YYYY-MM-DD') || ' (UTC)');
	-- Attaching takes this lock anyway; taken first, nothing slips in behind the move.
	LOCK TABLE fwlog.event_default IN ACCESS EXCLUSIVE MODE;
	EXECUTE format('WITH moved AS (DELETE FROM fwlog.event_default'
		' WHERE ts >= $1 AND ts < $2 RETURNING *)'
		' INSERT INTO fwlog.%I SELECT * FROM moved', part) USING low, high;
	EXECUTE format('ALTER TABLE fwlog.event ATTACH PARTITION fwlog.%I'
		' FOR VALUES FROM (%L) TO (%L)', part, low, high);
	RETURN part;
END $$;
COMMENT ON FUNCTION fwlog.make_partition(date) IS
	'the partition of that day (UTC) exists afterwards; its events come out of event_default';

-- Whoever waits for the lock of event_default makes all others wait behind it.
CREATE FUNCTION fwlog.ensure_partition(ts timestamptz) RETURNS text
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
SET timezone = 'UTC' AS $$
DECLARE
	part text;
BEGIN
	-- A wild clock must not be able to fill the catalogue with partitions.
	IF ts < '2000-01-01' OR ts > now() + interval '2 days' THEN
		RETURN NULL;
	END IF;
	part := fwlog.make_partition(ts::date);
	-- One ahead, so that midnight finds its partition.
	IF ts::date >= current_date THEN
		PERFORM fwlog.make_partition(ts::date + 1);
	END IF;
	RETURN part;
END $$;
COMMENT ON FUNCTION fwlog.ensure_partition(timestamptz) IS
	'makes the partition for that time, and the next day''s; null before 2000 and more than '
	'2 days ahead, whose events belong in event_default';

-- ---- marks

-- A mark may only go when nothing it covers can come again: an agent sends its runs one
-- after the other and keeps what is not acknowledged. A host that stored records of
-- another run for a month after the last of this one has been told this one's mark in
-- every connection of that month, and has long removed what lies below it.
CREATE FUNCTION fwlog.stream_forget(idle interval) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone bigint;
BEGIN
	IF idle < interval '90 days' THEN
		RAISE EXCEPTION 'marks are kept for 90 days at least, % is less', idle
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	DELETE FROM fwlog.stream s WHERE s.updated < now() - idle AND EXISTS (
		SELECT FROM fwlog.stream l WHERE l.host_id = s.host_id
		AND l.updated > s.updated + interval '30 days');
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.stream_forget(interval) IS
	'removes marks of runs that ended that long ago, 90 days at least, and that a later '
	'run of the host has outlived by a month; how many';

-- ---- losses

-- It can only add: whoever has the collector's account cannot make a loss smaller.
CREATE FUNCTION fwlog.loss_merge(host_id integer, epoch bigint, seq bigint,
	from_ts timestamptz, to_ts timestamptz, cause text, records bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO fwlog.loss AS l (host_id, epoch, seq, from_ts, to_ts, cause, records)
	VALUES (loss_merge.host_id, loss_merge.epoch, -abs(loss_merge.seq), loss_merge.from_ts,
		loss_merge.to_ts, loss_merge.cause, loss_merge.records)
	ON CONFLICT (host_id, epoch, seq, cause) DO UPDATE SET
		from_ts = least(l.from_ts, excluded.from_ts),
		to_ts = greatest(l.to_ts, excluded.to_ts),
		records = CASE WHEN l.records IS NOT NULL THEN least(l.records::numeric +
			excluded.records, 9223372036854775807)::bigint END,
		noted = now()
$$;
COMMENT ON FUNCTION fwlog.loss_merge(integer, bigint, bigint, timestamptz, timestamptz, text,
	bigint) IS
	'adds a loss to those of a run, a cause and an hour that have no row of their own';
