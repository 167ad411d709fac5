-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the prefixes of log rules mean (the prefix map), named lists, and the filters that
-- are kept here for all agents.

-- ---- the prefix map

CREATE SEQUENCE fwlog.prefix_map_id_seq AS integer;
CREATE TABLE fwlog.prefix_map (
	map_id      integer PRIMARY KEY DEFAULT nextval('fwlog.prefix_map_id_seq'),
	pattern     text NOT NULL CHECK (octet_length(pattern) <= 255),
	host_id     integer CHECK (host_id > 0),
	valid_from  timestamptz NOT NULL DEFAULT '-infinity',
	valid_to    timestamptz NOT NULL DEFAULT 'infinity',
	verdict     text NOT NULL CHECK (verdict IN ('accept', 'drop', 'reject', 'unknown')),
	rule_name   text CHECK (octet_length(rule_name) <= 255),
	shipped     boolean NOT NULL DEFAULT false,
	who         text NOT NULL DEFAULT session_user,
	changed     timestamptz NOT NULL DEFAULT now(),
	CHECK (valid_from < valid_to)
);
COMMENT ON TABLE fwlog.prefix_map IS
	'what the rules that log with a prefix do with the packet; see fwlogctl(1), prefix set';
COMMENT ON COLUMN fwlog.prefix_map.map_id IS 'number of the entry';
COMMENT ON COLUMN fwlog.prefix_map.pattern IS
	'prefixes it is said of: * for any text, ? for one character, in any case';
COMMENT ON COLUMN fwlog.prefix_map.host_id IS 'the host it is said of; null: all';
COMMENT ON COLUMN fwlog.prefix_map.valid_from IS 'from this time on';
COMMENT ON COLUMN fwlog.prefix_map.valid_to IS 'before this time';
COMMENT ON COLUMN fwlog.prefix_map.verdict IS
	'accept, drop, reject; unknown: the rule decides nothing';
COMMENT ON COLUMN fwlog.prefix_map.rule_name IS 'name of the rule, for people';
COMMENT ON COLUMN fwlog.prefix_map.shipped IS
	'comes with fwlog; anything else that fits goes before it';
COMMENT ON COLUMN fwlog.prefix_map.who IS 'role that said so';
COMMENT ON COLUMN fwlog.prefix_map.changed IS 'when';

CREATE FUNCTION fwlog.prefix_key(prefix text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT rtrim(lower(prefix), E' \t:')
$$;
COMMENT ON FUNCTION fwlog.prefix_key(text) IS
	'prefix or pattern as they are compared: small letters, without blanks and colons at the end';

-- A pattern is a LIKE pattern in other clothes. Stars that stand together are one.
CREATE FUNCTION fwlog.prefix_matches(prefix text, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT fwlog.prefix_key(prefix) LIKE translate(regexp_replace(regexp_replace(
		fwlog.prefix_key(pattern), '([\\%_])', '\\\1', 'g'), '\*+', '*', 'g'),
		'*?', '%_')
$$;
COMMENT ON FUNCTION fwlog.prefix_matches(text, text) IS
	'does the prefix fit the pattern of the prefix map?';

-- Of the entries that fit, in this order: one set here goes before a shipped one; then the
-- one with more characters that are no wildcards; then one without wildcards; then the
-- youngest. Those of one host are resolved by themselves, what they leave open is filled
-- by those of all hosts when it is read.
CREATE FUNCTION fwlog.prefix_resolve(ids integer[]) RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM fwlog.prefix_timeline t WHERE t.prefix_id = ANY (ids);
	INSERT INTO fwlog.prefix_timeline (prefix_id, host_id, since, verdict, rule_name)
	WITH hit AS MATERIALIZED (
		SELECT p.prefix_id, coalesce(m.host_id, 0) AS scope, m.*,
		       length(translate(fwlog.prefix_key(m.pattern), '*?', '')) AS letters,
		       m.pattern ~ '[*?]' AS wild
		FROM fwlog.dict_prefix p
		JOIN fwlog.prefix_map m ON fwlog.prefix_matches(p.prefix, m.pattern)
		WHERE p.prefix_id = ANY (ids)),
	bound AS (
		SELECT h.prefix_id, h.scope, '-infinity'::timestamptz AS since FROM hit h
		UNION SELECT h.prefix_id, h.scope, h.valid_from FROM hit h
		UNION SELECT h.prefix_id, h.scope, h.valid_to FROM hit h
		WHERE h.valid_to < 'infinity'),
	span AS (
		SELECT DISTINCT ON (b.prefix_id, b.scope, b.since)
		       b.prefix_id, b.scope, b.since, h.verdict, h.rule_name
		FROM bound b
		LEFT JOIN hit h ON h.prefix_id = b.prefix_id AND h.scope = b.scope
		AND h.valid_from <= b.since AND h.valid_to > b.since
		ORDER BY b.prefix_id, b.scope, b.since, h.shipped, h.letters DESC, h.wild,
		         h.map_id DESC)
	SELECT s.prefix_id, s.scope, array_agg(s.since ORDER BY s.since),
	       array_agg(s.verdict ORDER BY s.since), array_agg(s.rule_name ORDER BY s.since)
	FROM span s GROUP BY s.prefix_id, s.scope;
END $$;
COMMENT ON FUNCTION fwlog.prefix_resolve(integer[]) IS
	'makes prefix_timeline of these prefixes anew';

CREATE FUNCTION fwlog.prefix_refresh(pattern text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ids integer[] := ARRAY(SELECT p.prefix_id FROM fwlog.dict_prefix p
		WHERE pattern IS NULL OR fwlog.prefix_matches(p.prefix, pattern));
BEGIN
	PERFORM fwlog.prefix_resolve(ids);
	RETURN cardinality(ids);
END $$;
COMMENT ON FUNCTION fwlog.prefix_refresh(text) IS
	'the same of all prefixes seen that fit the pattern (null: all), and how many they are';

-- Changes of the map wait for each other. The collector waits for none of them.
CREATE FUNCTION fwlog.prefix_map_lock() RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_advisory_xact_lock(hashtextextended('fwlog.prefix_map', 0))
$$;
COMMENT ON FUNCTION fwlog.prefix_map_lock() IS
	'keeps other changes to the prefix map waiting until the transaction ends';

CREATE FUNCTION fwlog.prefix_host(host text) RETURNS integer
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	SELECT h.host_id INTO id FROM fwlog.host h WHERE h.name = host;
	IF id IS NULL THEN
		RAISE EXCEPTION 'no host is known by the name %', host
		USING ERRCODE = 'no_data_found',
			DETAIL = 'a host is known from the first time its agent connects';
	END IF;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.prefix_host(text) IS 'number of the host; an error when there is none';

CREATE FUNCTION fwlog.prefix_end(pattern text, host_id integer, since timestamptz)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone   integer;
	ended  integer;
BEGIN
	DELETE FROM fwlog.prefix_map m
	WHERE NOT m.shipped AND fwlog.prefix_key(m.pattern) = fwlog.prefix_key(prefix_end.pattern)
	AND m.host_id IS NOT DISTINCT FROM prefix_end.host_id AND m.valid_from >= since;
	GET DIAGNOSTICS gone = ROW_COUNT;
	UPDATE fwlog.prefix_map m SET valid_to = since, who = session_user, changed = now()
	WHERE NOT m.shipped AND fwlog.prefix_key(m.pattern) = fwlog.prefix_key(prefix_end.pattern)
	AND m.host_id IS NOT DISTINCT FROM prefix_end.host_id AND m.valid_to > since;
	GET DIAGNOSTICS ended = ROW_COUNT;
	RETURN gone + ended;
END $$;
COMMENT ON FUNCTION fwlog.prefix_end(text, integer, timestamptz) IS
	'nothing is said of the pattern from that time on; how many entries that ended';

CREATE FUNCTION fwlog.prefix_set(pattern text, verdict text, rule_name text, host text,
	since timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id    integer := fwlog.prefix_host(host);
	start timestamptz := coalesce(since, '-infinity');
BEGIN
	IF fwlog.prefix_key(pattern) = '' THEN
		RAISE EXCEPTION 'the pattern is empty'
		USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'blanks and colons at its end do not count';
	END IF;
	PERFORM fwlog.prefix_map_lock();
	PERFORM fwlog.prefix_end(pattern, id, start);
	INSERT INTO fwlog.prefix_map AS m (pattern, host_id, valid_from, verdict, rule_name)
	VALUES (prefix_set.pattern, id, start, prefix_set.verdict, prefix_set.rule_name);
	RETURN fwlog.prefix_refresh(pattern);
END $$;
COMMENT ON FUNCTION fwlog.prefix_set(text, text, text, text, timestamptz) IS
	'says what rules with such prefixes do, from a time on or (null) at all times, in the place '
	'of what was said of the pattern before; how many prefixes seen fit. Call prefix_settle next';

CREATE FUNCTION fwlog.prefix_unset(pattern text, host text, since timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer := fwlog.prefix_host(host);
BEGIN
	PERFORM fwlog.prefix_map_lock();
	IF fwlog.prefix_end(pattern, id, coalesce(since, '-infinity')) = 0 THEN
		RAISE EXCEPTION 'nothing was set for this pattern%',
			coalesce(' on host ' || host, '') || coalesce(' from ' || since, '')
		USING ERRCODE = 'no_data_found', DETAIL = CASE WHEN EXISTS (
			SELECT FROM fwlog.prefix_map m WHERE m.shipped
			AND fwlog.prefix_key(m.pattern) = fwlog.prefix_key(prefix_unset.pattern))
			THEN 'it is shipped with fwlog: set it to the verdict unknown instead'
			ELSE 'fwlogctl prefix list shows what is set' END;
	END IF;
	RETURN fwlog.prefix_refresh(pattern);
END $$;
COMMENT ON FUNCTION fwlog.prefix_unset(text, text, timestamptz) IS
	'takes back what was set for the pattern, from a time on or (null) altogether; how many '
	'prefixes seen fit. Call prefix_settle next';

-- A prefix that was being entered while the map changed: its session has not seen the change,
-- and the change not the prefix. Called in a transaction of its own, when the change is
-- committed, this waits for such sessions (they hold the lock of their INSERT) and resolves
-- again; sessions that come later see the new map. They wait for nothing.
CREATE FUNCTION fwlog.prefix_settle(pattern text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	give_up timestamptz := clock_timestamp() + interval '10 seconds';
	busy    text[];
BEGIN
	PERFORM fwlog.prefix_map_lock();
	SELECT coalesce(array_agg(DISTINCT l.virtualtransaction), '{}') INTO busy FROM pg_locks l
	WHERE l.relation = 'fwlog.dict_prefix'::regclass AND l.mode = 'RowExclusiveLock'
	AND l.granted AND l.pid <> pg_backend_pid()
	AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
	WHILE EXISTS (SELECT FROM pg_locks l WHERE l.relation = 'fwlog.dict_prefix'::regclass
	    AND l.mode = 'RowExclusiveLock' AND l.virtualtransaction = ANY (busy)) LOOP
		IF clock_timestamp() > give_up THEN
			RAISE EXCEPTION 'a session that enters prefixes does not end'
			USING ERRCODE = 'lock_not_available',
				DETAIL = 'the map is changed; repeat this when the session is gone';
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN fwlog.prefix_refresh(pattern);
END $$;
COMMENT ON FUNCTION fwlog.prefix_settle(text) IS
	'resolves prefixes that fit (null: all) once more, for those entered while the map changed; '
	'to be called after the commit of the change';

CREATE FUNCTION fwlog.verdict(prefix_id integer, host_id integer, ts timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN coalesce(
		(SELECT t.verdict[width_bucket(verdict.ts, t.since)] FROM fwlog.prefix_timeline t
		 WHERE t.prefix_id = verdict.prefix_id AND t.host_id = verdict.host_id),
		(SELECT t.verdict[width_bucket(verdict.ts, t.since)] FROM fwlog.prefix_timeline t
		 WHERE t.prefix_id = verdict.prefix_id AND t.host_id = 0), 'unknown');
END $$;
COMMENT ON FUNCTION fwlog.verdict(integer, integer, timestamptz) IS
	'accept, drop, reject or unknown: what the prefix map says of a prefix on a host at a time';

-- Most prefixes have one verdict everywhere and always: filters over many events look it up
-- here, at a place, and ask fwlog.verdict() of the others alone.
CREATE FUNCTION fwlog.verdicts() RETURNS smallint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT array_agg(coalesce(v.code, CASE WHEN v.prefix_id IS NULL AND (g.id = 0
		OR p.prefix_id IS NOT NULL) THEN 4 END) ORDER BY g.id)::smallint[]
	FROM generate_series(0, (SELECT least(coalesce(max(d.prefix_id), 0), 1000000)
		FROM fwlog.dict_prefix d)) g (id)
	LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = g.id
	LEFT JOIN (SELECT t.prefix_id, CASE WHEN count(*) = 1 AND bool_and(t.host_id = 0
			AND (SELECT count(DISTINCT coalesce(u, 'unknown')) FROM unnest(t.verdict) u) = 1)
			THEN array_position('{accept,drop,reject,unknown}'::text[],
				min(coalesce(t.verdict[1], 'unknown'))) END AS code
		FROM fwlog.prefix_timeline t GROUP BY 1) v ON v.prefix_id = g.id
$$;
COMMENT ON FUNCTION fwlog.verdicts() IS
	'by number of the prefix, from 0 for none on: 1 accept, 2 drop, 3 reject, 4 unknown; null '
	'where host or time decide, or the number is beyond 1000000';

-- Only prefixes of which nothing is said are looked for among the events; there may be none.
CREATE FUNCTION fwlog.prefix_unknown(since timestamptz)
RETURNS TABLE (prefix text, events bigint, hosts text[], newest timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ids integer[] := ARRAY(SELECT p.prefix_id FROM fwlog.dict_prefix p WHERE NOT EXISTS (
		SELECT FROM fwlog.prefix_timeline t WHERE t.prefix_id = p.prefix_id
		AND t.host_id = 0 AND array_position(t.verdict, NULL) IS NULL));
BEGIN
	RETURN QUERY WITH seen AS (
		SELECT e.prefix_id, e.host_id, count(*) AS events, max(e.ts) AS newest
		FROM fwlog.event e
		LEFT JOIN fwlog.prefix_timeline a ON a.prefix_id = e.prefix_id AND a.host_id = 0
		LEFT JOIN fwlog.prefix_timeline h ON h.prefix_id = e.prefix_id
			AND h.host_id = e.host_id
		WHERE e.ts >= prefix_unknown.since AND e.prefix_id = ANY (ids)
		AND h.verdict[width_bucket(e.ts, h.since)] IS NULL
		AND a.verdict[width_bucket(e.ts, a.since)] IS NULL
		GROUP BY 1, 2)
	SELECT p.prefix, coalesce(sum(s.events), 0)::bigint,
	       coalesce(array_agg(o.name ORDER BY s.events DESC, o.name)
	                FILTER (WHERE o.name IS NOT NULL), '{}'), max(s.newest)
	FROM fwlog.dict_prefix p
	LEFT JOIN seen s ON s.prefix_id = p.prefix_id
	LEFT JOIN fwlog.host o ON o.host_id = s.host_id
	WHERE p.prefix_id = ANY (ids) AND (s.prefix_id IS NOT NULL OR NOT EXISTS (
		SELECT FROM fwlog.prefix_timeline t WHERE t.prefix_id = p.prefix_id))
	GROUP BY p.prefix_id, p.prefix ORDER BY 2 DESC, 1;
END $$;
COMMENT ON FUNCTION fwlog.prefix_unknown(timestamptz) IS
	'prefixes of which the map says nothing, with their events since a time and the hosts '
	'these are from';

CREATE VIEW fwlog.prefix_map_full AS
SELECT m.pattern, h.name AS host, m.verdict, m.rule_name,
       nullif(m.valid_from, '-infinity') AS valid_from,
       nullif(m.valid_to, 'infinity') AS valid_to,
       m.shipped, m.who, m.changed, m.host_id
FROM fwlog.prefix_map m
LEFT JOIN fwlog.host h ON h.host_id = m.host_id;
COMMENT ON VIEW fwlog.prefix_map_full IS 'the prefix map, with the names of hosts';
COMMENT ON COLUMN fwlog.prefix_map_full.pattern IS
	'prefixes it is said of: * for any text, ? for one character, in any case';
COMMENT ON COLUMN fwlog.prefix_map_full.host IS 'the host it is said of; null: all';
COMMENT ON COLUMN fwlog.prefix_map_full.verdict IS
	'accept, drop, reject; unknown: the rule decides nothing';
COMMENT ON COLUMN fwlog.prefix_map_full.rule_name IS 'name of the rule, for people';
COMMENT ON COLUMN fwlog.prefix_map_full.valid_from IS 'from this time on; null: always';
COMMENT ON COLUMN fwlog.prefix_map_full.valid_to IS 'before this time; null: without end';
COMMENT ON COLUMN fwlog.prefix_map_full.shipped IS
	'comes with fwlog; anything else that fits goes before it';
COMMENT ON COLUMN fwlog.prefix_map_full.who IS 'role that said so';
COMMENT ON COLUMN fwlog.prefix_map_full.changed IS 'when';
COMMENT ON COLUMN fwlog.prefix_map_full.host_id IS 'number of the host';

CREATE VIEW fwlog.prefix_verdict AS
SELECT p.prefix, h.name AS host, s.verdict, s.rule_name,
       nullif(s.since, '-infinity') AS valid_from, s.until AS valid_to,
       t.prefix_id, nullif(t.host_id, 0) AS host_id
FROM fwlog.prefix_timeline t
JOIN fwlog.dict_prefix p ON p.prefix_id = t.prefix_id
LEFT JOIN fwlog.host h ON h.host_id = t.host_id
CROSS JOIN LATERAL (
	SELECT u.since, u.verdict, u.rule_name, lead(u.since) OVER (ORDER BY u.since) AS until
	FROM unnest(t.since, t.verdict, t.rule_name) u (since, verdict, rule_name)) s
WHERE s.verdict IS NOT NULL;
COMMENT ON VIEW fwlog.prefix_verdict IS
	'what the prefix map comes to: a row for each prefix seen and span of time; a row of one '
	'host goes before those of all';
COMMENT ON COLUMN fwlog.prefix_verdict.prefix IS 'prefix of the log rule';
COMMENT ON COLUMN fwlog.prefix_verdict.host IS 'the host it is said of; null: all';
COMMENT ON COLUMN fwlog.prefix_verdict.verdict IS 'accept, drop, reject or unknown';
COMMENT ON COLUMN fwlog.prefix_verdict.rule_name IS 'name of the rule';
COMMENT ON COLUMN fwlog.prefix_verdict.valid_from IS 'from this time on; null: always';
COMMENT ON COLUMN fwlog.prefix_verdict.valid_to IS 'before this time; null: without end';
COMMENT ON COLUMN fwlog.prefix_verdict.prefix_id IS 'number of the prefix';
COMMENT ON COLUMN fwlog.prefix_verdict.host_id IS 'number of the host; null: all';

-- What the usual firewalls write, and bare words. Nothing else is guessed.
INSERT INTO fwlog.prefix_map (pattern, verdict, rule_name, shipped, who)
SELECT s.pattern, s.verdict, s.rule_name, true, 'fwlog' FROM (VALUES
	('DROP', 'drop', NULL), ('DENY', 'drop', NULL), ('BLOCK', 'drop', NULL),
	('REJECT', 'reject', NULL), ('ACCEPT', 'accept', NULL), ('ALLOW', 'accept', NULL),
	('PASS', 'accept', NULL), ('[UFW BLOCK]', 'drop', 'ufw: blocked'),
	('[UFW LIMIT BLOCK]', 'drop', 'ufw: too many connections'),
	('[UFW ALLOW]', 'accept', 'ufw: allowed'), ('[UFW AUDIT]', 'unknown', 'ufw: audit'),
	('[UFW AUDIT INVALID]', 'unknown', 'ufw: audit, invalid packet'),
	('*_DROP', 'drop', NULL), ('*_REJECT', 'reject', NULL),
	('Shorewall:*:DROP', 'drop', NULL), ('Shorewall:*:REJECT', 'reject', NULL),
	('Shorewall:*:ACCEPT', 'accept', NULL), ('Shorewall6:*:DROP', 'drop', NULL),
	('Shorewall6:*:REJECT', 'reject', NULL), ('Shorewall6:*:ACCEPT', 'accept', NULL)
) s (pattern, verdict, rule_name);
SELECT fwlog.prefix_refresh(NULL);

-- ---- named lists

CREATE SEQUENCE fwlog.list_id_seq AS integer;
CREATE TABLE fwlog.list (
	list_id     integer PRIMARY KEY DEFAULT nextval('fwlog.list_id_seq'),
	name        text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,64}$'),
	kind        text NOT NULL CHECK (kind IN ('address', 'port', 'name')),
	version     bigint NOT NULL DEFAULT 0,
	entries     integer NOT NULL DEFAULT 0 CHECK (entries BETWEEN 0 AND 1000000),
	who         text NOT NULL DEFAULT session_user,
	updated     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fwlog.list IS 'named lists, @NAME in a filter; see fwlogctl(1)';
COMMENT ON COLUMN fwlog.list.list_id IS 'number of the list';
COMMENT ON COLUMN fwlog.list.name IS 'its name, without @';
COMMENT ON COLUMN fwlog.list.kind IS
	'address: addresses and networks; port: ports and ranges of ports; name: hosts and other names';
COMMENT ON COLUMN fwlog.list.version IS 'grows with every change';
COMMENT ON COLUMN fwlog.list.entries IS 'how many entries it has';
COMMENT ON COLUMN fwlog.list.who IS 'role that changed it last';
COMMENT ON COLUMN fwlog.list.updated IS 'when it was changed last';

-- Networks of a list do not overlap: the one that may hold an address is the last that begins
-- at or before it, one step in the index.
CREATE TABLE fwlog.list_entry (
	list_id     integer NOT NULL,
	first       inet,
	last        inet,
	value       text CHECK (octet_length(value) BETWEEN 1 AND 255),
	CHECK ((first IS NULL) = (last IS NULL) AND (first IS NULL) <> (value IS NULL)),
	CHECK (first <= last AND family(first) = family(last) AND masklen(first) =
	       masklen(last) AND masklen(first) = CASE family(first) WHEN 4 THEN 32 ELSE 128 END)
);
CREATE UNIQUE INDEX list_entry_first ON fwlog.list_entry (list_id, first) INCLUDE (last)
	WHERE first IS NOT NULL;
CREATE UNIQUE INDEX list_entry_value ON fwlog.list_entry (list_id, value)
	WHERE value IS NOT NULL;
COMMENT ON TABLE fwlog.list_entry IS 'what is in the named lists';
COMMENT ON COLUMN fwlog.list_entry.list_id IS 'the list';
COMMENT ON COLUMN fwlog.list_entry.first IS
	'first address of a network; networks of a list do not overlap';
COMMENT ON COLUMN fwlog.list_entry.last IS 'last address of the network';
COMMENT ON COLUMN fwlog.list_entry.value IS 'port, range of ports, or name';

CREATE FUNCTION fwlog.list_has(list text, address inet) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer := (SELECT l.list_id FROM fwlog.list l WHERE l.name = list);
BEGIN
	RETURN CASE WHEN id IS NOT NULL THEN coalesce((SELECT e.last >= address
		FROM fwlog.list_entry e WHERE e.list_id = id AND e.first <= address
		ORDER BY e.first DESC LIMIT 1), false) END;
END $$;
COMMENT ON FUNCTION fwlog.list_has(text, inet) IS
	'is the address in one of the networks of the list? null when there is no such list';

CREATE FUNCTION fwlog.list_values(list text) RETURNS SETOF text
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN e.first IS NULL THEN e.value
	       WHEN e.first = e.last THEN host(e.first)
	       ELSE inet_merge(e.first, e.last)::text END
	FROM fwlog.list l JOIN fwlog.list_entry e ON e.list_id = l.list_id
	WHERE l.name = list
	ORDER BY e.first, length(substring(e.value FROM '^[0-9]+')),
	         substring(e.value FROM '^[0-9]+'), e.value
$$;
COMMENT ON FUNCTION fwlog.list_values(text) IS 'what is in the list, as text, in order';

-- Entries come between list_open and list_close, in one transaction: readers have the old
-- list until it is committed.
CREATE FUNCTION fwlog.list_open(list text, kind text, empty boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	l fwlog.list;
BEGIN
	INSERT INTO fwlog.list (name, kind) VALUES (list, coalesce(list_open.kind, 'address'))
	ON CONFLICT DO NOTHING;
	SELECT * INTO STRICT l FROM fwlog.list o WHERE o.name = list FOR UPDATE;
	IF l.kind <> list_open.kind THEN
		RAISE EXCEPTION 'the list % is one of kind %', list, l.kind
		USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'remove it first to make it one of kind ' || list_open.kind;
	END IF;
	IF empty THEN
		DELETE FROM fwlog.list_entry e WHERE e.list_id = l.list_id;
	END IF;
	RETURN l.list_id;
END $$;
COMMENT ON FUNCTION fwlog.list_open(text, text, boolean) IS
	'begins a change to the list: locks it, makes it when it is new (kind null: address), '
	'empties it when asked to; its number. list_close must follow';

CREATE FUNCTION fwlog.list_put(list_id integer, value text) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	low  inet;
	high inet;
BEGIN
	IF (SELECT l.kind FROM fwlog.list l WHERE l.list_id = list_put.list_id) <> 'address' THEN
		INSERT INTO fwlog.list_entry AS e (list_id, value)
		VALUES (list_put.list_id, list_put.value) ON CONFLICT DO NOTHING;
		RETURN FOUND;
	END IF;
	low := host(value::cidr);
	high := host(broadcast(value::cidr));
	IF (SELECT e.last >= high FROM fwlog.list_entry e WHERE e.list_id = list_put.list_id
	    AND e.first <= low ORDER BY e.first DESC LIMIT 1) THEN
		RETURN false;
	END IF;
	DELETE FROM fwlog.list_entry e
	WHERE e.list_id = list_put.list_id AND e.first >= low AND e.first <= high;
	INSERT INTO fwlog.list_entry (list_id, first, last) VALUES (list_put.list_id, low, high);
	RETURN true;
END $$;
COMMENT ON FUNCTION fwlog.list_put(integer, text) IS
	'adds one entry to an open list; false when it holds that already. Smaller networks in a '
	'new one go';

CREATE FUNCTION fwlog.list_drop(list_id integer, value text) RETURNS text
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	low   inet;
	high  inet;
	found fwlog.list_entry;
BEGIN
	IF (SELECT l.kind FROM fwlog.list l WHERE l.list_id = list_drop.list_id) <> 'address' THEN
		DELETE FROM fwlog.list_entry e
		WHERE e.list_id = list_drop.list_id AND e.value = list_drop.value;
		RETURN CASE WHEN NOT FOUND THEN 'is not in the list' END;
	END IF;
	low := host(value::cidr);
	high := host(broadcast(value::cidr));
	SELECT * INTO found FROM fwlog.list_entry e WHERE e.list_id = list_drop.list_id
	AND e.first <= low ORDER BY e.first DESC LIMIT 1;
	IF found.first = low AND found.last = high THEN
		DELETE FROM fwlog.list_entry e
		WHERE e.list_id = list_drop.list_id AND e.first = low;
		RETURN NULL;
	END IF;
	RETURN CASE WHEN found.last >= high
		THEN 'is a part of ' || inet_merge(found.first, found.last) || ', which is in the list'
		ELSE 'is not in the list' END;
END $$;
COMMENT ON FUNCTION fwlog.list_drop(integer, text) IS
	'takes one entry out of an open list; null, or why it cannot';

CREATE FUNCTION fwlog.list_close(list_id integer) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	l     fwlog.list;
	n     bigint;
	mixed bigint;
BEGIN
	SELECT * INTO STRICT l FROM fwlog.list o WHERE o.list_id = list_close.list_id FOR UPDATE;
	SELECT count(*), count(*) FILTER (WHERE (e.first IS NULL) = (l.kind = 'address'))
	INTO n, mixed FROM fwlog.list_entry e WHERE e.list_id = l.list_id;
	IF n > 1000000 THEN
		RAISE EXCEPTION 'the list % has % entries', l.name, n
		USING ERRCODE = 'program_limit_exceeded', DETAIL = '1000000 are allowed';
	END IF;
	IF mixed > 0 OR EXISTS (SELECT FROM (
	    SELECT e.first, lag(e.last) OVER (ORDER BY e.first) AS before
	    FROM fwlog.list_entry e WHERE e.list_id = l.list_id AND e.first IS NOT NULL) o
	    WHERE o.before >= o.first) THEN
		RAISE EXCEPTION 'entries of the list % overlap or are of another kind', l.name
		USING ERRCODE = 'data_exception', DETAIL = 'fwlogctl list puts them right';
	END IF;
	UPDATE fwlog.list o SET version = o.version + 1, entries = n, who = session_user,
		updated = clock_timestamp()
	WHERE o.list_id = l.list_id;
	PERFORM fwlog.filter_lock();
	IF fwlog.filter_uses(l.name) IS NOT NULL THEN
		PERFORM fwlog.filter_publish('list ' || l.name || ' has changed');
		PERFORM fwlog.filter_check_size();
	END IF;
	RETURN n;
END $$;
COMMENT ON FUNCTION fwlog.list_close(integer) IS
	'ends a change to the list: checks it and gives it a new version, and the set of filters '
	'as well when one in force uses the list; how many entries it has';

CREATE FUNCTION fwlog.list_remove(list text) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id   integer;
	n    integer;
	used text[];
BEGIN
	PERFORM FROM fwlog.list l WHERE l.name = list FOR UPDATE;
	PERFORM fwlog.filter_lock();
	used := fwlog.filter_uses(list);
	IF used IS NOT NULL THEN
		RAISE EXCEPTION 'the list % is used by %', list, array_to_string(used, ', ')
		USING ERRCODE = 'object_in_use',
			DETAIL = 'fwlogctl filter remove ' || used[1] || ' comes first';
	END IF;
	DELETE FROM fwlog.list l WHERE l.name = list RETURNING l.list_id, l.entries INTO id, n;
	DELETE FROM fwlog.list_entry e WHERE e.list_id = id;
	RETURN n;
END $$;
COMMENT ON FUNCTION fwlog.list_remove(text) IS
	'removes the list unless a filter in force uses it; how many entries it had, null when '
	'there was none';

CREATE VIEW fwlog.list_full AS
SELECT l.name, l.kind, l.entries, l.version, l.who, l.updated FROM fwlog.list l;
COMMENT ON VIEW fwlog.list_full IS 'named lists; list_values and list_has look into them';
COMMENT ON COLUMN fwlog.list_full.name IS 'its name, without @';
COMMENT ON COLUMN fwlog.list_full.kind IS
	'address: addresses and networks; port: ports and ranges of ports; name: hosts and other names';
COMMENT ON COLUMN fwlog.list_full.entries IS 'how many entries it has';
COMMENT ON COLUMN fwlog.list_full.version IS 'grows with every change';
COMMENT ON COLUMN fwlog.list_full.who IS 'role that changed it last';
COMMENT ON COLUMN fwlog.list_full.updated IS 'when it was changed last';

-- ---- filters for agents

-- The page's changes come over one role; whoever else says so is not listened to.
CREATE FUNCTION fwlog.actor() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN session_user = 'fwlog_web'
		THEN coalesce('web:' || nullif(current_setting('fwlog.who', true), ''), session_user)
		ELSE session_user END
$$;
COMMENT ON FUNCTION fwlog.actor() IS
	'who makes a change: the role of the session, or web: and the user of the web page';

CREATE TABLE fwlog.filter_set (
	version     integer PRIMARY KEY CHECK (version > 0),
	made        timestamptz NOT NULL DEFAULT now(),
	who         text NOT NULL DEFAULT fwlog.actor(),
	why         text NOT NULL CHECK (why <> '')
);
COMMENT ON TABLE fwlog.filter_set IS
	'versions of the set of filters that agents apply; the highest is the one in force';
COMMENT ON COLUMN fwlog.filter_set.version IS
	'number of the version, from 1, which has no filters, without gaps';
COMMENT ON COLUMN fwlog.filter_set.made IS 'when it was made';
COMMENT ON COLUMN fwlog.filter_set.who IS 'role that made it';
COMMENT ON COLUMN fwlog.filter_set.why IS 'reason that was given';

-- There always is a version, so that agents that come from another database get this one's.
INSERT INTO fwlog.filter_set (version, who, why) VALUES (1, 'fwlog', 'no filters yet');

-- A filter belongs to the versions from the one that added it up to, without, the one that
-- removed it. Rows are never deleted: filtered_minute names them.
CREATE SEQUENCE fwlog.filter_id_seq AS integer;
CREATE TABLE fwlog.filter (
	filter_id   integer PRIMARY KEY DEFAULT nextval('fwlog.filter_id_seq')
	            CHECK (filter_id > 0),
	name        text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{1,64}$'),
	query       text NOT NULL CHECK (octet_length(query) <= 1024),
	hosts       text[] CHECK (hosts <> '{}'),
	lists       text[] NOT NULL DEFAULT '{}',
	sample      integer NOT NULL DEFAULT 0 CHECK (sample = 0 OR sample > 1),
	expires     timestamptz,
	why         text NOT NULL CHECK (why <> ''),
	who         text NOT NULL DEFAULT fwlog.actor(),
	added       timestamptz NOT NULL DEFAULT now(),
	added_in    integer NOT NULL,
	removed     timestamptz,
	removed_in  integer,
	removed_by  text,
	CHECK ((removed IS NULL) = (removed_in IS NULL)
	       AND (removed IS NULL) = (removed_by IS NULL)),
	CHECK (removed_in > added_in)
);
CREATE UNIQUE INDEX filter_name ON fwlog.filter (name) WHERE removed IS NULL;
COMMENT ON TABLE fwlog.filter IS
	'filters that keep records from being sent, with all that were; see fwlogctl(1)';
COMMENT ON COLUMN fwlog.filter.filter_id IS 'number of the filter';
COMMENT ON COLUMN fwlog.filter.name IS 'its name, one filter of a name at a time';
COMMENT ON COLUMN fwlog.filter.query IS 'what it leaves out, in canonical form';
COMMENT ON COLUMN fwlog.filter.hosts IS 'hosts it is for; null: all';
COMMENT ON COLUMN fwlog.filter.lists IS 'named lists its query uses';
COMMENT ON COLUMN fwlog.filter.sample IS
	'one record of so many is kept nevertheless; 0: none';
COMMENT ON COLUMN fwlog.filter.expires IS 'agents stop to apply it at this time; null: never';
COMMENT ON COLUMN fwlog.filter.why IS 'reason that was given';
COMMENT ON COLUMN fwlog.filter.who IS 'role that added it';
COMMENT ON COLUMN fwlog.filter.added IS 'when it was added';
COMMENT ON COLUMN fwlog.filter.added_in IS 'first version of the set that has it';
COMMENT ON COLUMN fwlog.filter.removed IS 'when it was removed; null: it is in force';
COMMENT ON COLUMN fwlog.filter.removed_in IS 'first version of the set without it';
COMMENT ON COLUMN fwlog.filter.removed_by IS 'role that removed it';

CREATE TABLE fwlog.filter_applied (
	host_id     integer PRIMARY KEY,
	version     integer,
	refused     integer,
	reason      text,
	changed     timestamptz NOT NULL DEFAULT now(),
	CHECK ((refused IS NULL) = (reason IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.filter_applied IS 'which set of filters each agent applies';
COMMENT ON COLUMN fwlog.filter_applied.host_id IS 'the host';
COMMENT ON COLUMN fwlog.filter_applied.version IS 'version its agent applies; 0: no filters';
COMMENT ON COLUMN fwlog.filter_applied.refused IS
	'later version its agent could not take, as a whole; null: none';
COMMENT ON COLUMN fwlog.filter_applied.reason IS 'why not';
COMMENT ON COLUMN fwlog.filter_applied.changed IS 'when its agent said so';

CREATE TABLE fwlog.filtered_minute (
	host_id     integer NOT NULL,
	minute      timestamptz NOT NULL,
	filter_id   integer NOT NULL CHECK (filter_id >= -2),
	prefix_id   integer NOT NULL,
	records     bigint NOT NULL CHECK (records >= 0),
	PRIMARY KEY (host_id, minute, filter_id, prefix_id)
);
CREATE INDEX filtered_minute_minute ON fwlog.filtered_minute (minute);
COMMENT ON TABLE fwlog.filtered_minute IS 'records that filters left out, counted by agents';
COMMENT ON COLUMN fwlog.filtered_minute.host_id IS 'the host';
COMMENT ON COLUMN fwlog.filtered_minute.minute IS 'minute the kernel saw the packets in';
COMMENT ON COLUMN fwlog.filtered_minute.filter_id IS
	'the filter; 0: drop and only, -1: rate in the agent''s own configuration; -2: any, by the '
	'hour, when the host names too many';
COMMENT ON COLUMN fwlog.filtered_minute.prefix_id IS 'prefix of the log rule; 0: none';
COMMENT ON COLUMN fwlog.filtered_minute.records IS 'how many';

CREATE VIEW fwlog.filtered_full AS
SELECT f.minute, h.name AS host,
       CASE f.filter_id WHEN 0 THEN '(local)' WHEN -1 THEN '(local rate)'
       WHEN -2 THEN '(rest)' ELSE d.name END
           AS filter,
       p.prefix, f.records, f.host_id, f.filter_id
FROM fwlog.filtered_minute f
LEFT JOIN fwlog.host h ON h.host_id = f.host_id
LEFT JOIN fwlog.filter d ON d.filter_id = f.filter_id
LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = f.prefix_id;
COMMENT ON VIEW fwlog.filtered_full IS 'records that filters left out, with names';
COMMENT ON COLUMN fwlog.filtered_full.minute IS 'minute the kernel saw the packets in';
COMMENT ON COLUMN fwlog.filtered_full.host IS 'machine whose records were left out';
COMMENT ON COLUMN fwlog.filtered_full.filter IS
	'the filter; (local), (local rate): of the agent''s own configuration; (rest): any, by the '
	'hour, when the host names too many';
COMMENT ON COLUMN fwlog.filtered_full.prefix IS 'prefix of the log rule; null: none';
COMMENT ON COLUMN fwlog.filtered_full.records IS 'how many';
COMMENT ON COLUMN fwlog.filtered_full.host_id IS 'number of the host';
COMMENT ON COLUMN fwlog.filtered_full.filter_id IS 'number of the filter';

-- ---- changes to them, one at a time: every change is a version of the whole set

CREATE FUNCTION fwlog.filter_lock() RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_advisory_xact_lock(hashtextextended('fwlog.filter_set', 0))
$$;
COMMENT ON FUNCTION fwlog.filter_lock() IS
	'keeps other changes to filters and to the lists they use waiting until the transaction ends';

CREATE FUNCTION fwlog.filter_uses(list text) RETURNS text[]
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp AS $$
	SELECT array_agg(f.name ORDER BY f.name) FROM fwlog.filter f
	WHERE f.removed IS NULL AND list = ANY (f.lists)
	AND (f.expires IS NULL OR f.expires > now())
$$;
COMMENT ON FUNCTION fwlog.filter_uses(text) IS
	'filters in force that use the list; null when there is none';

-- Collectors look every second; who listens need not.
CREATE FUNCTION fwlog.filter_publish(why text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	v integer;
BEGIN
	INSERT INTO fwlog.filter_set AS s (version, why)
	SELECT coalesce(max(o.version), 0) + 1, filter_publish.why FROM fwlog.filter_set o
	RETURNING s.version INTO v;
	PERFORM pg_notify('fwlog_filter', v::text);
	RETURN v;
END $$;
COMMENT ON FUNCTION fwlog.filter_publish(text) IS
	'makes the next version of the set; its number, which is also sent as NOTIFY fwlog_filter';

-- What agents take is bounded (docs/protocol.md): 64 MiB with all lists as text.
CREATE FUNCTION fwlog.filter_check_size() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n     bigint := (SELECT count(*) FROM fwlog.filter f WHERE f.removed IS NULL);
	bytes bigint := (SELECT sum(1 + CASE family(e.first) WHEN 4 THEN 18 WHEN 6 THEN 43
			ELSE octet_length(e.value) END)
		FROM fwlog.list_entry e WHERE e.list_id IN (SELECT l.list_id
			FROM fwlog.filter f JOIN fwlog.list l ON l.name = ANY (f.lists)
			WHERE f.removed IS NULL));
BEGIN
	IF n > 1000 THEN
		RAISE EXCEPTION 'these would be % filters', n
		USING ERRCODE = 'program_limit_exceeded',
			DETAIL = '1000 are allowed; a list joins many addresses in one';
	END IF;
	IF bytes > 62914560 THEN
		RAISE EXCEPTION 'the lists that filters use have % bytes', bytes
		USING ERRCODE = 'program_limit_exceeded',
			DETAIL = '62914560 are allowed for all of them; larger networks are fewer';
	END IF;
END $$;
COMMENT ON FUNCTION fwlog.filter_check_size() IS
	'an error when filters in force and the lists they use are more than agents take';

CREATE FUNCTION fwlog.filter_check_hosts(hosts text[]) RETURNS void
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unknown text := (SELECT string_agg(u.name, ', ' ORDER BY u.name)
		FROM unnest(hosts) u (name)
		WHERE NOT EXISTS (SELECT FROM fwlog.host h WHERE h.name = u.name)
		AND NOT EXISTS (SELECT FROM fwlog.agent_key k WHERE k.host_name = u.name));
BEGIN
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'no host is known by the name %', unknown
		USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'a host is known when it has a key or its agent has connected; '
			'fwlogctl filter hosts lists those that have';
	END IF;
END $$;
COMMENT ON FUNCTION fwlog.filter_check_hosts(text[]) IS
	'an error when one of the hosts has neither connected nor a key';

CREATE FUNCTION fwlog.filter_check_lists(lists text[]) RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	unknown text := (SELECT string_agg(u.name, ', ' ORDER BY u.name)
		FROM (SELECT DISTINCT unnest(lists)) u (name)
		WHERE NOT EXISTS (SELECT FROM fwlog.list l WHERE l.name = u.name));
BEGIN
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'no list has the name %', unknown
		USING ERRCODE = 'no_data_found', DETAIL = 'fwlogctl list set makes one';
	END IF;
END $$;
COMMENT ON FUNCTION fwlog.filter_check_lists(text[]) IS 'an error when there is no such list';

CREATE FUNCTION fwlog.filter_end(ids integer[], version integer) RETURNS void
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp AS $$
	UPDATE fwlog.filter f SET removed = now(), removed_in = filter_end.version,
		removed_by = fwlog.actor()
	WHERE f.filter_id = ANY (ids)
$$;
COMMENT ON FUNCTION fwlog.filter_end(integer[], integer) IS
	'these filters are in the set no more from that version on';

CREATE FUNCTION fwlog.filter_add(name text, query text, hosts text[], lists text[],
	sample integer, expires timestamptz, why text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	old fwlog.filter;
	v   integer;
BEGIN
	PERFORM fwlog.filter_lock();
	SELECT * INTO old FROM fwlog.filter f
	WHERE f.name = filter_add.name AND f.removed IS NULL;
	IF old.filter_id IS NOT NULL AND coalesce(old.expires > now(), true) THEN
		RAISE EXCEPTION 'a filter of the name % is in force', name
		USING ERRCODE = 'unique_violation',
			DETAIL = 'take another name, or fwlogctl filter remove ' || name || ' first';
	END IF;
	IF expires <= now() THEN
		RAISE EXCEPTION 'the filter would have expired already'
		USING ERRCODE = 'invalid_parameter_value', DETAIL = 'give a time to come';
	END IF;
	PERFORM fwlog.filter_check_hosts(hosts);
	PERFORM fwlog.filter_check_lists(lists);
	v := fwlog.filter_publish(why);
	PERFORM fwlog.filter_end(ARRAY[old.filter_id], v);
	INSERT INTO fwlog.filter AS f (name, query, hosts, lists, sample, expires, why, added_in)
	VALUES (filter_add.name, filter_add.query, filter_add.hosts,
		coalesce(filter_add.lists, '{}'), coalesce(filter_add.sample, 0),
		filter_add.expires, filter_add.why, v);
	PERFORM fwlog.filter_check_size();
	RETURN v;
END $$;
COMMENT ON FUNCTION fwlog.filter_add(text, text, text[], text[], integer, timestamptz, text) IS
	'adds a filter to the set, in the place of an expired one of its name; the new version. '
	'The query must be in canonical form and lists name all it uses: fwlogctl sees to that';

CREATE FUNCTION fwlog.filter_remove(name text, why text) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
	v  integer;
BEGIN
	PERFORM fwlog.filter_lock();
	SELECT f.filter_id INTO id FROM fwlog.filter f
	WHERE f.name = filter_remove.name AND f.removed IS NULL;
	IF id IS NULL THEN
		RAISE EXCEPTION 'no filter of the name % is in force', name
		USING ERRCODE = 'no_data_found', DETAIL = 'fwlogctl filter list shows them';
	END IF;
	v := fwlog.filter_publish(why);
	PERFORM fwlog.filter_end(ARRAY[id], v);
	RETURN v;
END $$;
COMMENT ON FUNCTION fwlog.filter_remove(text, text) IS
	'takes the filter out of the set; the new version';

CREATE FUNCTION fwlog.filter_same(a fwlog.filter, b fwlog.filter) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT (a.name, a.query, a.hosts, a.sample, a.expires)
	       IS NOT DISTINCT FROM (b.name, b.query, b.hosts, b.sample, b.expires)
$$;
COMMENT ON FUNCTION fwlog.filter_same(fwlog.filter, fwlog.filter) IS
	'do both leave out the same, under the same name?';

-- What was removed since comes back as a filter of its own: it is another span of time.
CREATE FUNCTION fwlog.filter_rollback(target integer, why text,
	OUT version integer, OUT added text[], OUT removed text[], OUT expired text[])
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone integer[];
	back integer[];
BEGIN
	PERFORM fwlog.filter_lock();
	IF NOT EXISTS (SELECT FROM fwlog.filter_set s WHERE s.version = target) THEN
		RAISE EXCEPTION 'the set of filters has no version %', target
		USING ERRCODE = 'no_data_found', DETAIL = 'fwlogctl filter history shows them';
	END IF;
	SELECT array_agg(f.filter_id), array_agg(f.name ORDER BY f.name) INTO gone, removed
	FROM fwlog.filter f WHERE f.removed IS NULL AND f.added_in > target
	AND NOT EXISTS (SELECT FROM fwlog.filter o WHERE fwlog.filter_same(o, f)
		AND o.added_in <= target AND o.removed_in > target);
	SELECT array_agg(f.filter_id) FILTER (WHERE coalesce(f.expires > now(), true)),
	       array_agg(f.name ORDER BY f.name) FILTER (WHERE coalesce(f.expires > now(), true)),
	       array_agg(f.name ORDER BY f.name) FILTER (WHERE f.expires <= now())
	INTO back, added, expired FROM fwlog.filter f
	WHERE f.added_in <= target AND f.removed_in > target
	AND NOT EXISTS (SELECT FROM fwlog.filter o WHERE fwlog.filter_same(o, f)
		AND o.removed IS NULL);
	IF gone IS NULL AND back IS NULL THEN
		RAISE EXCEPTION 'version % has the filters that are in force now', target
		USING ERRCODE = 'invalid_parameter_value', DETAIL = 'nothing was changed';
	END IF;
	PERFORM fwlog.filter_check_lists(f.lists) FROM fwlog.filter f
	WHERE f.filter_id = ANY (back);
	version := fwlog.filter_publish(why);
	PERFORM fwlog.filter_end(gone, version);
	INSERT INTO fwlog.filter (name, query, hosts, lists, sample, expires, why, added_in)
	SELECT f.name, f.query, f.hosts, f.lists, f.sample, f.expires, f.why,
	       filter_rollback.version
	FROM fwlog.filter f WHERE f.filter_id = ANY (back) ORDER BY f.filter_id;
	PERFORM fwlog.filter_check_size();
END $$;
COMMENT ON FUNCTION fwlog.filter_rollback(integer, text) IS
	'makes a version with the filters of an earlier one: the new version, which filters came '
	'back, which went, and which had expired and did not come back. Lists stay as they are';

-- ---- what people see of them

CREATE VIEW fwlog.filter_full AS
SELECT f.name, f.query, f.hosts, f.sample, f.expires,
       f.removed IS NULL AND coalesce(f.expires > now(), true) AS in_force,
       f.why, f.who, f.added, f.added_in, f.removed, f.removed_in, f.removed_by,
       s.why AS removed_why, f.lists, f.filter_id
FROM fwlog.filter f
LEFT JOIN fwlog.filter_set s ON s.version = f.removed_in;
COMMENT ON VIEW fwlog.filter_full IS 'filters for agents, with all that were';
COMMENT ON COLUMN fwlog.filter_full.name IS 'its name, one filter of a name at a time';
COMMENT ON COLUMN fwlog.filter_full.query IS 'what it leaves out, in canonical form';
COMMENT ON COLUMN fwlog.filter_full.hosts IS 'hosts it is for; null: all';
COMMENT ON COLUMN fwlog.filter_full.sample IS
	'one record of so many is kept nevertheless; 0: none';
COMMENT ON COLUMN fwlog.filter_full.expires IS
	'agents stop to apply it at this time; null: never';
COMMENT ON COLUMN fwlog.filter_full.in_force IS 'neither removed nor expired';
COMMENT ON COLUMN fwlog.filter_full.why IS 'reason that was given';
COMMENT ON COLUMN fwlog.filter_full.who IS 'role that added it';
COMMENT ON COLUMN fwlog.filter_full.added IS 'when it was added';
COMMENT ON COLUMN fwlog.filter_full.added_in IS 'first version of the set that has it';
COMMENT ON COLUMN fwlog.filter_full.removed IS 'when it was removed; null: it was not';
COMMENT ON COLUMN fwlog.filter_full.removed_in IS 'first version of the set without it';
COMMENT ON COLUMN fwlog.filter_full.removed_by IS 'role that removed it';
COMMENT ON COLUMN fwlog.filter_full.removed_why IS 'reason that was given for that';
COMMENT ON COLUMN fwlog.filter_full.lists IS 'named lists its query uses';
COMMENT ON COLUMN fwlog.filter_full.filter_id IS 'number of the filter';

CREATE VIEW fwlog.filter_history AS
SELECT s.version, s.made, s.who, s.why,
       coalesce((SELECT array_agg(f.name ORDER BY f.name) FROM fwlog.filter f
                 WHERE f.added_in = s.version), '{}') AS added,
       coalesce((SELECT array_agg(f.name ORDER BY f.name) FROM fwlog.filter f
                 WHERE f.removed_in = s.version), '{}') AS removed
FROM fwlog.filter_set s;
COMMENT ON VIEW fwlog.filter_history IS
	'versions of the set of filters, and what each changed; the highest is in force';
COMMENT ON COLUMN fwlog.filter_history.version IS
	'number of the version, from 1, which has no filters, without gaps';
COMMENT ON COLUMN fwlog.filter_history.made IS 'when it was made';
COMMENT ON COLUMN fwlog.filter_history.who IS 'role that made it';
COMMENT ON COLUMN fwlog.filter_history.why IS 'reason that was given';
COMMENT ON COLUMN fwlog.filter_history.added IS 'filters it added';
COMMENT ON COLUMN fwlog.filter_history.removed IS 'filters it removed';

CREATE VIEW fwlog.filter_host AS
SELECT h.name AS host,
       CASE WHEN a.host_id IS NULL THEN 'unheard'
            WHEN a.version IS NULL THEN 'silent'
            WHEN a.refused = s.version THEN 'refused'
            WHEN a.version = s.version THEN 'current'
            WHEN c.connected THEN 'behind' ELSE 'away' END AS state,
       a.version, s.version AS newest, a.refused, a.reason, a.changed, c.connected,
       c.last_contact, c.software, h.host_id
FROM fwlog.host h
CROSS JOIN (SELECT coalesce(max(version), 0) AS version FROM fwlog.filter_set) s
LEFT JOIN fwlog.filter_applied a ON a.host_id = h.host_id
LEFT JOIN fwlog.host_status c ON c.host_id = h.host_id;
COMMENT ON VIEW fwlog.filter_host IS 'which version of the set of filters each host applies';
COMMENT ON COLUMN fwlog.filter_host.host IS 'name of the machine';
COMMENT ON COLUMN fwlog.filter_host.state IS
	'current; behind: connected, and does not have it yet; away: not connected, gets it when '
	'it is; refused: its agent cannot take the newest and goes on with its version; silent: '
	'its agent does not know filters; unheard: it never said';
COMMENT ON COLUMN fwlog.filter_host.version IS 'version its agent applies; 0: it never got one';
COMMENT ON COLUMN fwlog.filter_host.newest IS 'version that it should apply';
COMMENT ON COLUMN fwlog.filter_host.refused IS 'version its agent could not take, as a whole';
COMMENT ON COLUMN fwlog.filter_host.reason IS 'why not';
COMMENT ON COLUMN fwlog.filter_host.changed IS 'when its agent said so';
COMMENT ON COLUMN fwlog.filter_host.connected IS 'a session with its agent is open';
COMMENT ON COLUMN fwlog.filter_host.last_contact IS 'when its agent was last heard';
COMMENT ON COLUMN fwlog.filter_host.software IS 'name and version of its agent';
COMMENT ON COLUMN fwlog.filter_host.host_id IS 'number of the host';

-- ---- logged = stored + filtered + lost

-- A loss belongs to the hour in which it ended, a filtered record to the one it was made in.
CREATE FUNCTION fwlog.balance(since timestamptz, until timestamptz, by_hour boolean)
RETURNS TABLE (host text, hour timestamptz, logged bigint, stored bigint, filtered bigint,
	lost bigint, unknown bigint, causes jsonb, counted bigint, difference bigint)
LANGUAGE sql STABLE AS $$
	WITH part (host, hour, stored, filtered, cause, lost, unknown, counted, difference) AS (
		SELECT e.host, CASE WHEN by_hour THEN date_trunc('hour', e."time", 'UTC')
		       ELSE since END, count(*), NULL::numeric, NULL::text, NULL::numeric,
		       NULL::bigint, NULL::numeric, NULL::numeric
		FROM fwlog.event_full e WHERE e."time" >= since AND e."time" < until
		GROUP BY 1, 2
		UNION ALL
		SELECT f.host, CASE WHEN by_hour THEN date_trunc('hour', f.minute, 'UTC')
		       ELSE since END, NULL, sum(f.records), NULL, NULL, NULL, NULL, NULL
		FROM fwlog.filtered_full f
		WHERE f.minute >= date_trunc('minute', since) AND f.minute < until
		GROUP BY 1, 2
		UNION ALL
		SELECT l.host, CASE WHEN by_hour THEN date_trunc('hour', l.to_time, 'UTC')
		       ELSE since END, NULL,
		       sum(l.records) FILTER (WHERE l.cause IN ('filtered', 'rate_limited')),
		       l.cause,
		       sum(l.records) FILTER (WHERE l.cause NOT IN ('filtered', 'rate_limited')),
		       count(*) FILTER (WHERE l.records IS NULL), NULL, NULL
		FROM fwlog.loss_full l
		WHERE l.to_time >= since AND l.to_time < until
		GROUP BY 1, 2, 5
		UNION ALL
		SELECT r.host, CASE WHEN by_hour THEN r.hour ELSE since END,
		       NULL, NULL, NULL, NULL, NULL, sum(r.counted), sum(r.difference)
		FROM fwlog.rule_count_full r
		WHERE r.hour >= date_trunc('hour', since, 'UTC') AND r.hour < until
		GROUP BY 1, 2)
	SELECT p.host, p.hour,
	       fwlog.clamp(coalesce(sum(p.stored), 0) + coalesce(sum(p.filtered), 0) +
	               coalesce(sum(p.lost), 0)),
	       coalesce(sum(p.stored), 0)::bigint,
	       fwlog.clamp(coalesce(sum(p.filtered), 0)),
	       fwlog.clamp(coalesce(sum(p.lost), 0)),
	       coalesce(sum(p.unknown), 0)::bigint,
	       coalesce(jsonb_object_agg(p.cause, jsonb_build_object('records',
	               coalesce(p.lost, 0), 'unknown', p.unknown))
	               FILTER (WHERE p.lost IS NOT NULL OR p.unknown > 0), '{}'),
	       fwlog.clamp(sum(p.counted)),
	       fwlog.clamp(sum(p.difference))
	FROM part p GROUP BY p.host, p.hour
$$;
COMMENT ON FUNCTION fwlog.balance(timestamptz, timestamptz, boolean) IS
	'what was logged, stored, left out by filters and lost on each host, by hour or in all; '
	'since is in, until is not';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.prefix_key(text), fwlog.prefix_matches(text, text),
	fwlog.prefix_resolve(integer[]), fwlog.prefix_refresh(text), fwlog.prefix_map_lock(),
	fwlog.prefix_host(text), fwlog.prefix_end(text, integer, timestamptz),
	fwlog.prefix_set(text, text, text, text, timestamptz),
	fwlog.prefix_unset(text, text, timestamptz), fwlog.prefix_settle(text),
	fwlog.verdict(integer, integer, timestamptz), fwlog.verdicts(),
	fwlog.prefix_unknown(timestamptz),
	fwlog.list_has(text, inet), fwlog.list_values(text),
	fwlog.list_open(text, text, boolean), fwlog.list_put(integer, text),
	fwlog.list_drop(integer, text), fwlog.list_close(integer), fwlog.list_remove(text),
	fwlog.actor(), fwlog.filter_lock(), fwlog.filter_uses(text), fwlog.filter_publish(text),
	fwlog.filter_check_size(), fwlog.filter_check_hosts(text[]),
	fwlog.filter_check_lists(text[]), fwlog.filter_end(integer[], integer),
	fwlog.filter_same(fwlog.filter, fwlog.filter),
	fwlog.filter_add(text, text, text[], text[], integer, timestamptz, text),
	fwlog.filter_remove(text, text), fwlog.filter_rollback(integer, text),
	fwlog.balance(timestamptz, timestamptz, boolean)
	FROM PUBLIC;
GRANT SELECT ON fwlog.prefix_timeline, fwlog.list, fwlog.list_entry, fwlog.filter_set,
	fwlog.filter TO fwlog_ingest;
GRANT SELECT, INSERT, UPDATE ON fwlog.filter_applied, fwlog.filtered_minute TO fwlog_ingest;
GRANT SELECT ON fwlog.prefix_map_full, fwlog.prefix_verdict, fwlog.list_full,
	fwlog.filtered_full, fwlog.filter_full, fwlog.filter_history, fwlog.filter_host
	TO fwlog_report;
GRANT EXECUTE ON FUNCTION fwlog.verdict(integer, integer, timestamptz), fwlog.verdicts(),
	fwlog.list_has(text, inet), fwlog.list_values(text)
	TO fwlog_ingest, fwlog_report, fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.prefix_unknown(timestamptz), fwlog.prefix_key(text),
	fwlog.prefix_matches(text, text), fwlog.filter_check_hosts(text[]),
	fwlog.balance(timestamptz, timestamptz, boolean) TO fwlog_report, fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.prefix_set(text, text, text, text, timestamptz),
	fwlog.prefix_unset(text, text, timestamptz), fwlog.prefix_settle(text),
	fwlog.list_open(text, text, boolean), fwlog.list_put(integer, text),
	fwlog.list_drop(integer, text), fwlog.list_close(integer), fwlog.list_remove(text)
	TO fwlog_admin;
GRANT INSERT ON fwlog.list_entry TO fwlog_admin;
GRANT EXECUTE ON FUNCTION
	fwlog.filter_add(text, text, text[], text[], integer, timestamptz, text),
	fwlog.filter_remove(text, text), fwlog.filter_rollback(integer, text) TO fwlog_admin;
