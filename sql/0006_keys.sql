-- SPDX-License-Identifier: GPL-2.0-or-later
-- Keys of the agents (docs/noise.md). A key's life: next, active, retiring, revoked. The first
-- three let an agent in; a host has at most one that is next and one that is active. A revoked
-- key stays as a row without its secret.
-- Secrets can be read by the collector and by nobody else; they come in by key_new alone.

CREATE TABLE fwlog.agent_key (
	key_id      bytea PRIMARY KEY CHECK (octet_length(key_id) = 8),
	host_name   text NOT NULL CHECK (host_name ~ '^[A-Za-z0-9._-]{1,64}$'),
	psk         bytea CHECK (octet_length(psk) = 32),
	state       text NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'revoked')),
	cidrs       cidr[] CHECK (cidrs <> '{}' AND array_position(cidrs, NULL) IS NULL),
	created     timestamptz NOT NULL DEFAULT now(),
	changed     timestamptz NOT NULL DEFAULT now(),
	used        timestamptz,
	CHECK ((psk IS NULL) = (state = 'revoked'))
);
CREATE UNIQUE INDEX agent_key_next ON fwlog.agent_key (host_name) WHERE state = 'next';
CREATE UNIQUE INDEX agent_key_active ON fwlog.agent_key (host_name) WHERE state = 'active';
COMMENT ON TABLE fwlog.agent_key IS 'keys that agents show to the collector, see fwlogctl(1)';
COMMENT ON COLUMN fwlog.agent_key.key_id IS 'id of the key, sent in clear';
COMMENT ON COLUMN fwlog.agent_key.host_name IS 'the only host an agent with this key can be';
COMMENT ON COLUMN fwlog.agent_key.psk IS
	'secret shared with the agent, for the collector alone; null once revoked';
COMMENT ON COLUMN fwlog.agent_key.state IS
	'next: not used yet; active; retiring: replaced, still let in; revoked';
COMMENT ON COLUMN fwlog.agent_key.cidrs IS
	'networks its agent may connect from; null: from anywhere';
COMMENT ON COLUMN fwlog.agent_key.created IS 'when it was made';
COMMENT ON COLUMN fwlog.agent_key.changed IS 'when its state last changed';
COMMENT ON COLUMN fwlog.agent_key.used IS 'when an agent last connected with it';

-- One change at a time for each host; later ones see what earlier ones did.
CREATE FUNCTION fwlog.key_lock(host_name text) RETURNS void
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp AS $$
	SELECT pg_advisory_xact_lock(hashtextextended('fwlog key ' || host_name, 0));
$$;
COMMENT ON FUNCTION fwlog.key_lock(text) IS
	'keeps other changes to the keys of this host waiting until the transaction ends';

CREATE FUNCTION fwlog.key_activate(id bytea, states text[]) RETURNS void
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	host text;
BEGIN
	SELECT k.host_name INTO STRICT host FROM fwlog.agent_key k WHERE k.key_id = id;
	PERFORM fwlog.key_lock(host);
	IF NOT EXISTS (SELECT FROM fwlog.agent_key k
	    WHERE k.key_id = id AND k.state = ANY (states)) THEN
		RETURN;
	END IF;
	UPDATE fwlog.agent_key k SET state = 'retiring', changed = clock_timestamp()
	WHERE k.host_name = host AND k.state = 'active';
	UPDATE fwlog.agent_key k SET state = 'active', changed = clock_timestamp()
	WHERE k.key_id = id;
END $$;
COMMENT ON FUNCTION fwlog.key_activate(bytea, text[]) IS
	'makes a key in one of these states the active one of its host; the one that was retires';

-- ---- for the administrator

CREATE FUNCTION fwlog.key_new(host_name text, key_id bytea, psk bytea, cidrs cidr[])
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	waiting text;
	result  text := 'next';
BEGIN
	PERFORM fwlog.key_lock(host_name);
	SELECT encode(k.key_id, 'hex') INTO waiting FROM fwlog.agent_key k
	WHERE k.host_name = key_new.host_name AND k.state = 'next';
	IF waiting IS NOT NULL THEN
		RAISE EXCEPTION 'host % already has key % that waits for its first use',
			host_name, waiting
		USING ERRCODE = 'unique_violation',
			DETAIL = 'use that one, or take it back: fwlogctl key revoke ' || waiting;
	END IF;
	IF NOT EXISTS (SELECT FROM fwlog.agent_key k
	    WHERE k.host_name = key_new.host_name AND k.state = 'active') THEN
		result := 'active';
	END IF;
	INSERT INTO fwlog.agent_key (key_id, host_name, psk, state, cidrs)
	VALUES (key_new.key_id, key_new.host_name, key_new.psk, result, key_new.cidrs);
	RETURN result;
END $$;
COMMENT ON FUNCTION fwlog.key_new(text, bytea, bytea, cidr[]) IS
	'enters a key: active for a host that has no active one, else next; its state';

-- A key by its id in hexadecimal, else the keys of a host. Which of them are meant depends
-- on what is done: only those in one of the states.
CREATE FUNCTION fwlog.key_find(target text, states text[]) RETURNS SETOF bytea
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	host text;
BEGIN
	SELECT k.host_name INTO host FROM fwlog.agent_key k
	WHERE encode(k.key_id, 'hex') = lower(target);
	IF host IS NULL AND NOT EXISTS (SELECT FROM fwlog.agent_key k
	    WHERE k.host_name = target) THEN
		RAISE EXCEPTION 'no key has the id % and none is of a host of that name', target
		USING ERRCODE = 'no_data_found', DETAIL = 'fwlogctl key list shows all';
	END IF;
	PERFORM fwlog.key_lock(coalesce(host, target));
	RETURN QUERY SELECT k.key_id FROM fwlog.agent_key k
	WHERE k.state = ANY (states) AND CASE WHEN host IS NULL THEN k.host_name = target
		ELSE encode(k.key_id, 'hex') = lower(target) END
	ORDER BY k.key_id;
END $$;
COMMENT ON FUNCTION fwlog.key_find(text, text[]) IS
	'keys in one of these states: the one of that id, or those of that host';

CREATE FUNCTION fwlog.key_change(target text, change text)
RETURNS TABLE (id text, host text, state text)
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	by_id  boolean := EXISTS (SELECT FROM fwlog.agent_key k
		WHERE encode(k.key_id, 'hex') = lower(target));
	states text[];
	found  bytea[];
BEGIN
	states := CASE change
		WHEN 'promote' THEN CASE WHEN by_id THEN '{next,retiring}'::text[] ELSE '{next}' END
		WHEN 'retire' THEN CASE WHEN by_id THEN '{next,active}'::text[] ELSE '{active}' END
		WHEN 'revoke' THEN '{next,active,retiring}'::text[] END;
	IF states IS NULL THEN
		RAISE EXCEPTION '% is no change: promote, retire, revoke', change
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT array_agg(f) INTO found FROM fwlog.key_find(target, states) f;
	IF change = 'promote' THEN
		PERFORM fwlog.key_activate(f, states) FROM unnest(found) f;
	ELSIF change = 'retire' THEN
		UPDATE fwlog.agent_key k SET state = 'retiring', changed = clock_timestamp()
		WHERE k.key_id = ANY (found);
	ELSE
		UPDATE fwlog.agent_key k SET state = 'revoked', psk = NULL,
			changed = clock_timestamp()
		WHERE k.key_id = ANY (found);
	END IF;
	RETURN QUERY SELECT encode(k.key_id, 'hex'), k.host_name, k.state
	FROM fwlog.agent_key k WHERE k.key_id = ANY (found) ORDER BY k.host_name, k.key_id;
END $$;
COMMENT ON FUNCTION fwlog.key_change(text, text) IS
	'promote, retire or revoke: the key of that id, or those of that host; what was changed';

-- ---- for the collector

-- A next key that is used has arrived at its agent: it takes the place of the active one.
CREATE FUNCTION fwlog.key_used(ids bytea[]) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM fwlog.key_lock(''); -- two collectors, one after the other
	PERFORM fwlog.key_activate(k.key_id, '{next}') FROM fwlog.agent_key k
	WHERE k.key_id = ANY (ids) AND k.state = 'next';
	UPDATE fwlog.agent_key k SET used = clock_timestamp() WHERE k.key_id = ANY (ids);
END $$;
COMMENT ON FUNCTION fwlog.key_used(bytea[]) IS
	'agents have connected with these keys: notes the time, a next key becomes active';

-- What the collector asks every few seconds: another answer means that keys have changed.
CREATE FUNCTION fwlog.key_version() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT count(*) || ' ' || coalesce(md5(string_agg(encode(k.key_id, 'hex') || k.state ||
		extract(epoch FROM k.changed) || coalesce(k.cidrs::text, ''), ' '
		ORDER BY k.key_id)), '')
	FROM fwlog.agent_key k;
$$;
COMMENT ON FUNCTION fwlog.key_version() IS
	'text that changes with every change to a key that matters to the collector';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.key_lock(text), fwlog.key_activate(bytea, text[]),
	fwlog.key_new(text, bytea, bytea, cidr[]), fwlog.key_find(text, text[]),
	fwlog.key_change(text, text), fwlog.key_used(bytea[]), fwlog.key_version() FROM PUBLIC;
GRANT SELECT ON fwlog.agent_key TO fwlog_ingest;
GRANT EXECUTE ON FUNCTION fwlog.key_used(bytea[]), fwlog.key_version() TO fwlog_ingest;
REVOKE ALL ON fwlog.agent_key FROM fwlog_admin;
GRANT SELECT (key_id, host_name, state, cidrs, created, changed, used)
	ON fwlog.agent_key TO fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.key_new(text, bytea, bytea, cidr[]),
	fwlog.key_change(text, text) TO fwlog_admin;
