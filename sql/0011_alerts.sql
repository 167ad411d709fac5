-- SPDX-License-Identifier: GPL-2.0-or-later
-- Alerts: which rules are loaded, what they found, what is to be sent of it, and what is not
-- (docs/alerts.md). One collector of all that share a database evaluates rules at a time; it
-- writes by the functions here, each of which may be repeated without changing the result.

-- ---- rules

CREATE TABLE fwlog.rule_state (
	path        text NOT NULL,
	line        integer NOT NULL,
	class       text NOT NULL CHECK (class IN ('loaded', 'not applicable', 'refused')),
	rule_id     text,
	logic_hash  text,
	name        text,
	title       text,
	level       text,
	type        text,
	status      text,
	author      text,
	license     text,
	description text,
	refs        text[] NOT NULL DEFAULT '{}',
	tags        text[] NOT NULL DEFAULT '{}',
	filter      text,
	alerts      boolean NOT NULL DEFAULT false,
	reason      text,
	warning     text,
	collector   text NOT NULL,
	loaded      timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (path, line)
);
COMMENT ON TABLE fwlog.rule_state IS
	'what became of each document in the rule files of the collector that evaluates them';
COMMENT ON COLUMN fwlog.rule_state.path IS 'file; "built in" of built-in rules';
COMMENT ON COLUMN fwlog.rule_state.line IS 'first line of the document';
COMMENT ON COLUMN fwlog.rule_state.class IS 'loaded, not applicable or refused';
COMMENT ON COLUMN fwlog.rule_state.rule_id IS 'id of the rule, or its name; null: not known';
COMMENT ON COLUMN fwlog.rule_state.logic_hash IS
	'hash of all that decides what the rule finds; null: not loaded';
COMMENT ON COLUMN fwlog.rule_state.name IS 'name other rules refer to';
COMMENT ON COLUMN fwlog.rule_state.title IS 'title';
COMMENT ON COLUMN fwlog.rule_state.level IS 'informational, low, medium, high or critical';
COMMENT ON COLUMN fwlog.rule_state.type IS 'detection, or the type of the correlation';
COMMENT ON COLUMN fwlog.rule_state.status IS 'status its author gives it';
COMMENT ON COLUMN fwlog.rule_state.author IS 'author';
COMMENT ON COLUMN fwlog.rule_state.license IS 'license';
COMMENT ON COLUMN fwlog.rule_state.description IS 'description';
COMMENT ON COLUMN fwlog.rule_state.refs IS 'references';
COMMENT ON COLUMN fwlog.rule_state.tags IS 'tags';
COMMENT ON COLUMN fwlog.rule_state.filter IS
	'what a detection selects, as a filter; null: a correlation, or too long';
COMMENT ON COLUMN fwlog.rule_state.alerts IS 'it raises alerts; else it only feeds correlations';
COMMENT ON COLUMN fwlog.rule_state.reason IS 'why it was not loaded';
COMMENT ON COLUMN fwlog.rule_state.warning IS 'what to know of a loaded one';
COMMENT ON COLUMN fwlog.rule_state.collector IS 'who loaded it';
COMMENT ON COLUMN fwlog.rule_state.loaded IS 'when';

CREATE FUNCTION fwlog.rules_loaded(collector text, rules jsonb) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n integer;
BEGIN
	DELETE FROM fwlog.rule_state;
	INSERT INTO fwlog.rule_state (path, line, class, rule_id, logic_hash, name, title, level,
		type, status, author, license, description, refs, tags, filter, alerts, reason,
		warning, collector)
	SELECT r.path, r.line, r.class, r.rule_id, r.logic_hash, r.name, r.title, r.level, r.type,
	       r.status, r.author, r.license, r.description, coalesce(r.refs, '{}'),
	       coalesce(r.tags, '{}'), r.filter, coalesce(r.alerts, false), r.reason, r.warning,
	       rules_loaded.collector
	FROM jsonb_to_recordset(rules) AS r (path text, line integer, class text, rule_id text,
		logic_hash text, name text, title text, level text, type text, status text,
		author text, license text, description text, refs text[], tags text[],
		filter text, alerts boolean, reason text, warning text)
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM pg_notify('fwlog_alert', 'rules');
	RETURN n;
END $$;
COMMENT ON FUNCTION fwlog.rules_loaded(text, jsonb) IS
	'these, an array of objects named as the columns of rule_state, are its rows now; how many';

-- ---- alerts

CREATE SEQUENCE fwlog.alert_id_seq;
CREATE TABLE fwlog.alert (
	alert_id     bigint PRIMARY KEY DEFAULT nextval('fwlog.alert_id_seq'),
	rule_id      text NOT NULL,
	logic_hash   text NOT NULL,
	group_key    bytea NOT NULL,
	window_start timestamptz NOT NULL,
	state        text NOT NULL GENERATED ALWAYS AS (CASE
	             WHEN acknowledged IS NOT NULL THEN 'acknowledged'
	             WHEN resolved IS NOT NULL THEN 'resolved' ELSE 'active' END) STORED,
	title        text NOT NULL,
	level        text NOT NULL CHECK (level IN ('informational', 'low', 'medium', 'high',
	             'critical')),
	type         text NOT NULL,
	author       text,
	license      text,
	description  text,
	refs         text[] NOT NULL DEFAULT '{}',
	tags         text[] NOT NULL DEFAULT '{}',
	fields       json NOT NULL DEFAULT '{}',
	filter       text,
	detail       text,
	first_ts     timestamptz NOT NULL,
	last_ts      timestamptz NOT NULL,
	events       bigint NOT NULL,
	amount       bigint NOT NULL,
	sliced       boolean NOT NULL DEFAULT false,
	sample_host  integer[] NOT NULL DEFAULT '{}',
	sample_n     bigint[] NOT NULL DEFAULT '{}',
	sample_ts    timestamptz[] NOT NULL DEFAULT '{}',
	backfill     boolean NOT NULL DEFAULT false,
	delivery     text NOT NULL CHECK (delivery IN ('notify', 'digest', 'silenced',
	             'suppressed')),
	silence_id   integer,
	digest_id    bigint,
	repeats      integer NOT NULL DEFAULT 0,
	fired        timestamptz NOT NULL DEFAULT now(),
	updated      timestamptz NOT NULL DEFAULT now(),
	resolved     timestamptz,
	acknowledged timestamptz,
	acknowledged_by text,
	acknowledged_why text,
	UNIQUE (rule_id, logic_hash, group_key, window_start)
) WITH (fillfactor = 80);
CREATE INDEX alert_fired ON fwlog.alert (fired);
CREATE INDEX alert_undigested ON fwlog.alert (fired)
	WHERE delivery = 'digest' AND digest_id IS NULL;
CREATE INDEX alert_open ON fwlog.alert (rule_id, logic_hash, group_key) WHERE resolved IS NULL;
COMMENT ON TABLE fwlog.alert IS 'what rules found, one row for each incident';
COMMENT ON COLUMN fwlog.alert.alert_id IS 'number of the alert';
COMMENT ON COLUMN fwlog.alert.rule_id IS 'id of the rule';
COMMENT ON COLUMN fwlog.alert.logic_hash IS 'hash of what the rule looked for then';
COMMENT ON COLUMN fwlog.alert.group_key IS 'the group, as the collector compares it';
COMMENT ON COLUMN fwlog.alert.window_start IS 'oldest event the condition needed';
COMMENT ON COLUMN fwlog.alert.state IS 'active, resolved, or acknowledged by somebody';
COMMENT ON COLUMN fwlog.alert.title IS 'title of the rule';
COMMENT ON COLUMN fwlog.alert.level IS 'informational, low, medium, high or critical';
COMMENT ON COLUMN fwlog.alert.type IS 'detection, or the type of the correlation';
COMMENT ON COLUMN fwlog.alert.author IS 'author of the rule';
COMMENT ON COLUMN fwlog.alert.license IS 'license of the rule';
COMMENT ON COLUMN fwlog.alert.description IS 'description of the rule';
COMMENT ON COLUMN fwlog.alert.refs IS 'references of the rule';
COMMENT ON COLUMN fwlog.alert.tags IS 'tags of the rule';
COMMENT ON COLUMN fwlog.alert.fields IS 'the group: names and values of its fields, in order';
COMMENT ON COLUMN fwlog.alert.filter IS 'a filter that selects its events; null: none does';
COMMENT ON COLUMN fwlog.alert.detail IS 'what a built-in rule says';
COMMENT ON COLUMN fwlog.alert.first_ts IS 'time of the first event';
COMMENT ON COLUMN fwlog.alert.last_ts IS 'time of the last event';
COMMENT ON COLUMN fwlog.alert.events IS 'events from window_start on';
COMMENT ON COLUMN fwlog.alert.amount IS 'what the condition counted when it became true';
COMMENT ON COLUMN fwlog.alert.sliced IS 'amount is of 64 slices of the window';
COMMENT ON COLUMN fwlog.alert.sample_host IS 'hosts of the first and a few later events';
COMMENT ON COLUMN fwlog.alert.sample_n IS 'their numbers on these hosts';
COMMENT ON COLUMN fwlog.alert.sample_ts IS 'their times';
COMMENT ON COLUMN fwlog.alert.backfill IS
	'found when events came late, by reading that time again';
COMMENT ON COLUMN fwlog.alert.delivery IS
	'notify: told singly; digest: told in a digest; silenced; suppressed: its group was told '
	'shortly before';
COMMENT ON COLUMN fwlog.alert.silence_id IS 'the silence that covered it';
COMMENT ON COLUMN fwlog.alert.digest_id IS 'the digest that counts it';
COMMENT ON COLUMN fwlog.alert.repeats IS 'how often it was told again while active';
COMMENT ON COLUMN fwlog.alert.fired IS 'when it was raised';
COMMENT ON COLUMN fwlog.alert.updated IS 'when this row last changed';
COMMENT ON COLUMN fwlog.alert.resolved IS 'when it ended; null: it goes on';
COMMENT ON COLUMN fwlog.alert.acknowledged IS 'when somebody acknowledged it';
COMMENT ON COLUMN fwlog.alert.acknowledged_by IS 'who';
COMMENT ON COLUMN fwlog.alert.acknowledged_why IS 'what was said then';

CREATE TABLE fwlog.alert_digest (
	digest_id   bigint PRIMARY KEY DEFAULT nextval('fwlog.alert_id_seq'),
	from_ts     timestamptz NOT NULL,
	to_ts       timestamptz NOT NULL,
	backfill    boolean NOT NULL,
	alerts      bigint NOT NULL,
	entries     json NOT NULL,
	made        timestamptz NOT NULL DEFAULT now(),
	UNIQUE (from_ts, to_ts, backfill)
);
COMMENT ON TABLE fwlog.alert_digest IS 'minutes with more alerts than are told singly';
COMMENT ON COLUMN fwlog.alert_digest.digest_id IS
	'number, from the sequence the numbers of alerts are from';
COMMENT ON COLUMN fwlog.alert_digest.from_ts IS 'from this time on';
COMMENT ON COLUMN fwlog.alert_digest.to_ts IS 'to this time';
COMMENT ON COLUMN fwlog.alert_digest.backfill IS 'of alerts found when events came late';
COMMENT ON COLUMN fwlog.alert_digest.alerts IS 'new alerts that were not told singly';
COMMENT ON COLUMN fwlog.alert_digest.entries IS
	'array of {rule_id, title, level, alerts, example}; alerts add up';
COMMENT ON COLUMN fwlog.alert_digest.made IS 'when';

CREATE SEQUENCE fwlog.alert_delivery_id_seq;
CREATE TABLE fwlog.alert_delivery (
	delivery_id bigint PRIMARY KEY DEFAULT nextval('fwlog.alert_delivery_id_seq'),
	alert_id    bigint,
	digest_id   bigint,
	action      text NOT NULL,
	what        text NOT NULL CHECK (what IN ('fired', 'repeated', 'resolved', 'digest')),
	round       integer NOT NULL DEFAULT 0,
	state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
	tries       integer NOT NULL DEFAULT 0,
	next_try    timestamptz NOT NULL DEFAULT now(),
	last_error  text,
	made        timestamptz NOT NULL DEFAULT now(),
	done        timestamptz,
	CHECK ((alert_id IS NULL) = (what = 'digest') AND (digest_id IS NULL) = (what <> 'digest'))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX alert_delivery_once ON fwlog.alert_delivery
	(coalesce(alert_id, digest_id), action, what, round);
CREATE INDEX alert_delivery_waiting ON fwlog.alert_delivery (next_try) WHERE state = 'waiting';
COMMENT ON TABLE fwlog.alert_delivery IS 'what is to be told to whom, and whether it was';
COMMENT ON COLUMN fwlog.alert_delivery.delivery_id IS
	'number, the same in each try: who gets it twice can know it by that';
COMMENT ON COLUMN fwlog.alert_delivery.alert_id IS 'the alert; null of a digest';
COMMENT ON COLUMN fwlog.alert_delivery.digest_id IS 'the digest';
COMMENT ON COLUMN fwlog.alert_delivery.action IS
	'name of the action in the collector''s configuration';
COMMENT ON COLUMN fwlog.alert_delivery.what IS 'fired, repeated, resolved or digest';
COMMENT ON COLUMN fwlog.alert_delivery.round IS 'repeated: how often';
COMMENT ON COLUMN fwlog.alert_delivery.state IS 'waiting, sent, or failed for good';
COMMENT ON COLUMN fwlog.alert_delivery.tries IS 'tries made';
COMMENT ON COLUMN fwlog.alert_delivery.next_try IS 'not before this time';
COMMENT ON COLUMN fwlog.alert_delivery.last_error IS 'why the last try failed';
COMMENT ON COLUMN fwlog.alert_delivery.made IS 'when there was something to tell';
COMMENT ON COLUMN fwlog.alert_delivery.done IS 'when it was sent or given up';

CREATE TABLE fwlog.alert_mark (
	host_id     integer PRIMARY KEY,
	next_n      bigint NOT NULL,
	updated     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.alert_mark IS
	'up to where the events of each host were evaluated, with all alerts of them stored';
COMMENT ON COLUMN fwlog.alert_mark.host_id IS 'the host';
COMMENT ON COLUMN fwlog.alert_mark.next_n IS 'number of the first event that may not be';
COMMENT ON COLUMN fwlog.alert_mark.updated IS 'when the mark last moved';

CREATE FUNCTION fwlog.alert_marks_set(hosts integer[], marks bigint[]) RETURNS void
LANGUAGE sql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO fwlog.alert_mark AS m (host_id, next_n)
	SELECT u.host_id, u.next_n FROM unnest(hosts, marks) AS u (host_id, next_n)
	ON CONFLICT (host_id) DO UPDATE SET next_n = excluded.next_n, updated = now()
	WHERE m.next_n < excluded.next_n
$$;
COMMENT ON FUNCTION fwlog.alert_marks_set(integer[], bigint[]) IS
	'events of these hosts before these numbers are evaluated; marks never go back';

CREATE FUNCTION fwlog.alert_deliver(id bigint, actions text[], what text, round integer)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO fwlog.alert_delivery (alert_id, digest_id, action, what, round)
	SELECT CASE WHEN alert_deliver.what <> 'digest' THEN id END,
	       CASE WHEN alert_deliver.what = 'digest' THEN id END, a, alert_deliver.what,
	       alert_deliver.round
	FROM unnest(actions) a ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION fwlog.alert_deliver(bigint, text[], text, integer) IS
	'alert or digest is to be told by these actions, once each';

-- The alert that a is about: the very same; else one of the group that goes on; else, when a
-- was found by reading again, one whose time it touches. What is found while windows are
-- filled after a start (quiet) was stored before, or is not to be.
CREATE FUNCTION fwlog.alert_find(a jsonb) RETURNS bigint
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
	SELECT o.alert_id FROM fwlog.alert o
	WHERE o.rule_id = a ->> 'rule_id' AND o.logic_hash = a ->> 'logic_hash'
	AND o.group_key = decode(a ->> 'group_key', 'hex')
	AND (o.window_start = (a ->> 'window_start')::timestamptz OR o.resolved IS NULL
	     OR (((a ->> 'backfill')::boolean OR a ->> 'delivery' = 'quiet')
	         AND o.first_ts <= (a ->> 'last_ts')::timestamptz
	         AND o.last_ts >= (a ->> 'first_ts')::timestamptz))
	ORDER BY o.window_start = (a ->> 'window_start')::timestamptz DESC,
	         o.resolved IS NULL DESC, o.window_start
	LIMIT 1
$$;
COMMENT ON FUNCTION fwlog.alert_find(jsonb) IS
	'number of the alert that the collector speaks of; null: it is a new one';

CREATE FUNCTION fwlog.alert_insert(a jsonb) RETURNS bigint
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO fwlog.alert (rule_id, logic_hash, group_key, window_start, title, level, type,
		author, license, description, refs, tags, fields, filter, detail, first_ts, last_ts,
		events, amount, sliced, sample_host, sample_n, sample_ts, backfill, delivery,
		silence_id, resolved)
	SELECT r.rule_id, r.logic_hash, decode(r.group_key, 'hex'), r.window_start, r.title,
	       r.level, r.type, r.author, r.license, r.description, coalesce(r.refs, '{}'),
	       coalesce(r.tags, '{}'), coalesce(r.fields::json, '{}'), r.filter, r.detail,
	       r.first_ts, r.last_ts, r.events, r.amount, coalesce(r.sliced, false),
	       coalesce(r.sample_host, '{}'), coalesce(r.sample_n, '{}'),
	       coalesce(r.sample_ts, '{}'), coalesce(r.backfill, false), r.delivery,
	       r.silence_id, r.resolved
	FROM jsonb_to_record(a) AS r (rule_id text, logic_hash text, group_key text,
		window_start timestamptz, title text, level text, type text, author text,
		license text, description text, refs text[], tags text[], fields text,
		filter text, detail text, first_ts timestamptz, last_ts timestamptz,
		events bigint, amount bigint, sliced boolean, sample_host integer[],
		sample_n bigint[], sample_ts timestamptz[], backfill boolean, delivery text,
		silence_id integer, resolved timestamptz)
	RETURNING alert_id
$$;
COMMENT ON FUNCTION fwlog.alert_insert(jsonb) IS
	'stores a new alert, an object named as the columns of alert; its number';

CREATE FUNCTION fwlog.alert_update(id bigint, a jsonb) RETURNS void
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp AS $$
	UPDATE fwlog.alert o SET
		first_ts = least(o.first_ts, r.first_ts), last_ts = greatest(o.last_ts, r.last_ts),
		events = greatest(o.events, r.events), amount = greatest(o.amount, r.amount),
		filter = coalesce(o.filter, r.filter), detail = coalesce(r.detail, o.detail),
		sample_host = CASE WHEN cardinality(r.sample_n) > cardinality(o.sample_n)
		              THEN r.sample_host ELSE o.sample_host END,
		sample_n = CASE WHEN cardinality(r.sample_n) > cardinality(o.sample_n)
		           THEN r.sample_n ELSE o.sample_n END,
		sample_ts = CASE WHEN cardinality(r.sample_n) > cardinality(o.sample_n)
		            THEN r.sample_ts ELSE o.sample_ts END,
		repeats = o.repeats + (r.change = 'repeated')::integer,
		resolved = CASE WHEN r.change = 'resolved' THEN coalesce(o.resolved, r.resolved)
		           WHEN r.delivery = 'quiet' OR r.backfill THEN o.resolved END,
		updated = now()
	FROM jsonb_to_record(a) AS r (change text, first_ts timestamptz, last_ts timestamptz,
		events bigint, amount bigint, filter text, detail text, sample_host integer[],
		sample_n bigint[], sample_ts timestamptz[], delivery text, backfill boolean,
		resolved timestamptz)
	WHERE o.alert_id = id
$$;
COMMENT ON FUNCTION fwlog.alert_update(bigint, jsonb) IS
	'adds to an alert what is known of it now';

CREATE FUNCTION fwlog.alert_store(alerts jsonb) RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	a      jsonb;
	id     bigint;
	change text;
	is_new boolean;
	fresh  integer := 0;
BEGIN
	FOR a IN SELECT e FROM jsonb_array_elements(alerts) e LOOP
		change := a ->> 'change';
		id := fwlog.alert_find(a);
		is_new := id IS NULL;
		CONTINUE WHEN is_new AND a ->> 'delivery' = 'quiet';
		IF is_new THEN
			id := fwlog.alert_insert(a);
			fresh := fresh + 1;
		ELSE
			PERFORM fwlog.alert_update(id, a);
		END IF;
		IF change <> 'updated' AND a ->> 'delivery' <> 'quiet' OR change = 'resolved' THEN
			PERFORM fwlog.alert_deliver(id,
				ARRAY(SELECT jsonb_array_elements_text(a -> 'actions')), change,
				CASE WHEN change = 'repeated' THEN o.repeats ELSE 0 END)
			FROM fwlog.alert o WHERE o.alert_id = id AND o.delivery = 'notify';
		END IF;
		IF is_new OR change IN ('repeated', 'resolved') THEN
			PERFORM pg_notify('fwlog_alert', change || ' ' || id);
		END IF;
	END LOOP;
	RETURN fresh;
END $$;
COMMENT ON FUNCTION fwlog.alert_store(jsonb) IS
	'stores alerts and what became of them, an array of objects named as the columns of alert '
	'with change (fired, updated, repeated, resolved) and actions; how many are new. Says so '
	'as NOTIFY fwlog_alert';

CREATE FUNCTION fwlog.alert_digest_store(digest jsonb) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id bigint;
BEGIN
	INSERT INTO fwlog.alert_digest (from_ts, to_ts, backfill, alerts, entries)
	SELECT d.from_ts, d.to_ts, d.backfill, d.alerts, d.entries
	FROM jsonb_to_record(digest) AS d (from_ts timestamptz, to_ts timestamptz,
		backfill boolean, alerts bigint, entries json)
	ON CONFLICT DO NOTHING RETURNING digest_id INTO id;
	IF id IS NOT NULL THEN
		UPDATE fwlog.alert o SET digest_id = id WHERE o.delivery = 'digest'
		AND o.digest_id IS NULL AND o.backfill = (digest ->> 'backfill')::boolean;
		PERFORM fwlog.alert_deliver(id,
			ARRAY(SELECT jsonb_array_elements_text(digest -> 'actions')), 'digest', 0);
		PERFORM pg_notify('fwlog_alert', 'digest ' || id);
	END IF;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.alert_digest_store(jsonb) IS
	'stores a digest, an object named as the columns of alert_digest with actions; its '
	'number, null when it was stored before';

CREATE FUNCTION fwlog.alert_delivery_done(id bigint, error text, again timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	UPDATE fwlog.alert_delivery d SET
		state = CASE WHEN error IS NULL THEN 'sent' WHEN again IS NULL THEN 'failed'
		        ELSE 'waiting' END,
		tries = d.tries + 1, last_error = error, next_try = coalesce(again, d.next_try),
		done = CASE WHEN error IS NULL OR again IS NULL THEN now() END
	WHERE d.delivery_id = id AND d.state = 'waiting'
$$;
COMMENT ON FUNCTION fwlog.alert_delivery_done(bigint, text, timestamptz) IS
	'a delivery was tried: error null when it is sent, else when it is tried again, null: never';

CREATE FUNCTION fwlog.alert_ack(ids bigint[], why text) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	done bigint[];
BEGIN
	WITH changed AS (UPDATE fwlog.alert o SET acknowledged = now(), updated = now(),
		acknowledged_by = fwlog.actor(), acknowledged_why = why
		WHERE o.alert_id = ANY (ids) AND o.acknowledged IS NULL RETURNING o.alert_id)
	SELECT array_agg(c.alert_id ORDER BY c.alert_id) INTO done FROM changed c;
	PERFORM pg_notify('fwlog_alert', 'acknowledged ' || c) FROM unnest(done) c;
	RETURN coalesce(done, '{}');
END $$;
COMMENT ON FUNCTION fwlog.alert_ack(bigint[], text) IS
	'who asks has seen these alerts, why may be null; which were not acknowledged before';

CREATE FUNCTION fwlog.alert_trim(keep interval) RETURNS bigint
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n bigint;
BEGIN
	IF keep < interval '7 days' THEN
		RAISE EXCEPTION 'alerts are kept for 7 days at least'
		USING ERRCODE = 'invalid_parameter_value';
	END IF;
	DELETE FROM fwlog.alert o WHERE o.resolved < now() - keep;
	GET DIAGNOSTICS n = ROW_COUNT;
	DELETE FROM fwlog.alert_digest d WHERE d.made < now() - keep;
	DELETE FROM fwlog.alert_delivery d WHERE d.made < now() - keep AND d.state <> 'waiting';
	RETURN n;
END $$;
COMMENT ON FUNCTION fwlog.alert_trim(interval) IS
	'removes alerts that ended so long ago, with what was told of them; how many';

-- ---- silences

CREATE SEQUENCE fwlog.silence_id_seq AS integer;
CREATE TABLE fwlog.silence (
	silence_id  integer PRIMARY KEY DEFAULT nextval('fwlog.silence_id_seq'),
	rule_id     text CHECK (octet_length(rule_id) BETWEEN 1 AND 255),
	query       text CHECK (octet_length(query) BETWEEN 1 AND 4096),
	starts      timestamptz NOT NULL DEFAULT now(),
	ends        timestamptz NOT NULL,
	owner       text NOT NULL DEFAULT fwlog.actor(),
	reason      text NOT NULL CHECK (reason ~ '\S' AND octet_length(reason) <= 1000),
	made        timestamptz NOT NULL DEFAULT now(),
	CHECK (starts < ends AND ends < 'infinity')
);
CREATE INDEX silence_ends ON fwlog.silence (ends);
COMMENT ON TABLE fwlog.silence IS
	'alerts nobody is to be told of for a time; they are stored nevertheless';
COMMENT ON COLUMN fwlog.silence.silence_id IS 'number of the silence';
COMMENT ON COLUMN fwlog.silence.rule_id IS 'of this rule; null: of any';
COMMENT ON COLUMN fwlog.silence.query IS
	'whose group this filter selects; null: any';
COMMENT ON COLUMN fwlog.silence.starts IS 'from this time on';
COMMENT ON COLUMN fwlog.silence.ends IS 'before this time';
COMMENT ON COLUMN fwlog.silence.owner IS 'who asked for it';
COMMENT ON COLUMN fwlog.silence.reason IS 'why';
COMMENT ON COLUMN fwlog.silence.made IS 'when it was asked for';

CREATE FUNCTION fwlog.silence_add(rule_id text, query text, reason text, starts timestamptz,
	ends timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	id integer;
BEGIN
	IF ends <= now() THEN
		RAISE EXCEPTION 'the silence would have ended already'
		USING ERRCODE = 'invalid_parameter_value', DETAIL = 'give a time to come';
	END IF;
	INSERT INTO fwlog.silence AS s (rule_id, query, reason, starts, ends)
	VALUES (silence_add.rule_id, silence_add.query, silence_add.reason,
		coalesce(silence_add.starts, now()), silence_add.ends)
	RETURNING s.silence_id INTO id;
	PERFORM pg_notify('fwlog_alert', 'silence ' || id);
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.silence_add(text, text, text, timestamptz, timestamptz) IS
	'nobody is told of alerts of that rule whose group the filter selects, from start (null: '
	'now) to end; number of the silence. The filter is not checked here: fwlogctl sees to that';

CREATE FUNCTION fwlog.silence_end(id integer) RETURNS boolean
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM fwlog.silence s WHERE s.silence_id = id AND s.starts >= now();
	IF NOT FOUND THEN
		UPDATE fwlog.silence s SET ends = now() WHERE s.silence_id = id AND s.ends > now();
	END IF;
	IF FOUND THEN
		PERFORM pg_notify('fwlog_alert', 'silence ' || id);
	END IF;
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION fwlog.silence_end(integer) IS
	'ends the silence now; false: there is none that goes on or is to come';

-- ---- what people see of them

CREATE FUNCTION fwlog.level_number(level text) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT array_position('{informational,low,medium,high,critical}', level)::smallint
$$;
COMMENT ON FUNCTION fwlog.level_number(text) IS
	'1 (informational) to 5 (critical), to sort and compare levels by';

CREATE FUNCTION fwlog.group_text(fields json) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT coalesce(string_agg(f.key || '=' || f.value, ' ' ORDER BY f.ordinality), '')
	FROM json_each_text(fields) WITH ORDINALITY f
$$;
COMMENT ON FUNCTION fwlog.group_text(json) IS 'the group of an alert in one line: name=value …';

CREATE VIEW fwlog.alert_full AS
SELECT a.alert_id, a.rule_id, a.title, a.level, fwlog.level_number(a.level) AS level_number,
       a.type, a.state, a.resolved IS NULL AS active, a.fired, a.first_ts AS first_time,
       a.last_ts AS last_time, a.resolved, a.updated, a.events, a.amount, a.sliced,
       fwlog.group_text(a.fields) AS "group", a.fields, a.filter, a.detail, a.description,
       a.author, a.license, a.refs, a.tags, a.backfill, a.delivery,
       a.delivery = 'silenced' AS silenced, a.silence_id, s.reason AS silence_reason,
       a.repeats, a.acknowledged, a.acknowledged_by, a.acknowledged_why, a.sample_host,
       a.sample_n, a.sample_ts, a.window_start, a.logic_hash
FROM fwlog.alert a
LEFT JOIN fwlog.silence s ON s.silence_id = a.silence_id;
COMMENT ON VIEW fwlog.alert_full IS 'what rules found, one row for each incident';
COMMENT ON COLUMN fwlog.alert_full.alert_id IS 'number of the alert';
COMMENT ON COLUMN fwlog.alert_full.rule_id IS 'id of the rule';
COMMENT ON COLUMN fwlog.alert_full.title IS 'title of the rule';
COMMENT ON COLUMN fwlog.alert_full.level IS 'informational, low, medium, high or critical';
COMMENT ON COLUMN fwlog.alert_full.level_number IS 'the same as 1 to 5';
COMMENT ON COLUMN fwlog.alert_full.type IS 'detection, or the type of the correlation';
COMMENT ON COLUMN fwlog.alert_full.state IS 'active, resolved, or acknowledged by somebody';
COMMENT ON COLUMN fwlog.alert_full.active IS 'it goes on, acknowledged or not';
COMMENT ON COLUMN fwlog.alert_full.fired IS 'when it was raised';
COMMENT ON COLUMN fwlog.alert_full.first_time IS 'time of the first event';
COMMENT ON COLUMN fwlog.alert_full.last_time IS 'time of the last event';
COMMENT ON COLUMN fwlog.alert_full.resolved IS 'when it ended; null: it goes on';
COMMENT ON COLUMN fwlog.alert_full.updated IS 'when anything of it last changed';
COMMENT ON COLUMN fwlog.alert_full.events IS 'events from window_start on';
COMMENT ON COLUMN fwlog.alert_full.amount IS 'what the condition counted when it became true';
COMMENT ON COLUMN fwlog.alert_full.sliced IS 'amount is of 64 slices of the window';
COMMENT ON COLUMN fwlog.alert_full."group" IS 'its group in one line: name=value …';
COMMENT ON COLUMN fwlog.alert_full.fields IS 'the same as an object';
COMMENT ON COLUMN fwlog.alert_full.filter IS
	'a filter that selects its events between first_time and last_time; null: none does';
COMMENT ON COLUMN fwlog.alert_full.detail IS 'what a built-in rule says';
COMMENT ON COLUMN fwlog.alert_full.description IS 'description of the rule';
COMMENT ON COLUMN fwlog.alert_full.author IS 'author of the rule';
COMMENT ON COLUMN fwlog.alert_full.license IS 'license of the rule';
COMMENT ON COLUMN fwlog.alert_full.refs IS 'references of the rule';
COMMENT ON COLUMN fwlog.alert_full.tags IS 'tags of the rule';
COMMENT ON COLUMN fwlog.alert_full.backfill IS
	'found when events came late, by reading that time again';
COMMENT ON COLUMN fwlog.alert_full.delivery IS
	'notify, digest, silenced or suppressed: how it was told';
COMMENT ON COLUMN fwlog.alert_full.silenced IS 'a silence covered it';
COMMENT ON COLUMN fwlog.alert_full.silence_id IS 'that silence';
COMMENT ON COLUMN fwlog.alert_full.silence_reason IS 'its reason';
COMMENT ON COLUMN fwlog.alert_full.repeats IS 'how often it was told again while active';
COMMENT ON COLUMN fwlog.alert_full.acknowledged IS 'when somebody acknowledged it';
COMMENT ON COLUMN fwlog.alert_full.acknowledged_by IS 'who';
COMMENT ON COLUMN fwlog.alert_full.acknowledged_why IS 'what was said then';
COMMENT ON COLUMN fwlog.alert_full.sample_host IS
	'hosts (host_id) of the first and a few later events';
COMMENT ON COLUMN fwlog.alert_full.sample_n IS 'their numbers on these hosts';
COMMENT ON COLUMN fwlog.alert_full.sample_ts IS 'their times';
COMMENT ON COLUMN fwlog.alert_full.window_start IS 'oldest event the condition needed';
COMMENT ON COLUMN fwlog.alert_full.logic_hash IS 'hash of what the rule looked for then';

CREATE VIEW fwlog.alert_delivery_full AS
SELECT d.delivery_id, coalesce(d.alert_id, d.digest_id) AS alert_id, d.action, d.what, d.state,
       d.tries, d.next_try, d.last_error, d.made, d.done, a.title, a.level
FROM fwlog.alert_delivery d
LEFT JOIN fwlog.alert a ON a.alert_id = d.alert_id;
COMMENT ON VIEW fwlog.alert_delivery_full IS 'what is to be told to whom, and whether it was';
COMMENT ON COLUMN fwlog.alert_delivery_full.delivery_id IS 'number, the same in each try';
COMMENT ON COLUMN fwlog.alert_delivery_full.alert_id IS 'the alert or digest';
COMMENT ON COLUMN fwlog.alert_delivery_full.action IS 'name of the action';
COMMENT ON COLUMN fwlog.alert_delivery_full.what IS 'fired, repeated, resolved or digest';
COMMENT ON COLUMN fwlog.alert_delivery_full.state IS 'waiting, sent, or failed for good';
COMMENT ON COLUMN fwlog.alert_delivery_full.tries IS 'tries made';
COMMENT ON COLUMN fwlog.alert_delivery_full.next_try IS 'not before this time';
COMMENT ON COLUMN fwlog.alert_delivery_full.last_error IS 'why the last try failed';
COMMENT ON COLUMN fwlog.alert_delivery_full.made IS 'when there was something to tell';
COMMENT ON COLUMN fwlog.alert_delivery_full.done IS 'when it was sent or given up';
COMMENT ON COLUMN fwlog.alert_delivery_full.title IS 'title of the rule; null of a digest';
COMMENT ON COLUMN fwlog.alert_delivery_full.level IS 'level of the rule; null of a digest';

CREATE VIEW fwlog.alert_digest_full AS
SELECT d.digest_id, d.from_ts AS from_time, d.to_ts AS to_time, d.backfill, d.alerts, d.entries,
       d.made
FROM fwlog.alert_digest d;
COMMENT ON VIEW fwlog.alert_digest_full IS 'minutes with more alerts than are told singly';
COMMENT ON COLUMN fwlog.alert_digest_full.digest_id IS 'number of the digest';
COMMENT ON COLUMN fwlog.alert_digest_full.from_time IS 'from this time on';
COMMENT ON COLUMN fwlog.alert_digest_full.to_time IS 'to this time';
COMMENT ON COLUMN fwlog.alert_digest_full.backfill IS 'of alerts found when events came late';
COMMENT ON COLUMN fwlog.alert_digest_full.alerts IS 'new alerts that were not told singly';
COMMENT ON COLUMN fwlog.alert_digest_full.entries IS
	'array of {rule_id, title, level, alerts, example}; alerts add up';
COMMENT ON COLUMN fwlog.alert_digest_full.made IS 'when';

CREATE VIEW fwlog.silence_full AS
SELECT s.silence_id, s.rule_id, s.query, s.starts, s.ends,
       s.starts <= now() AND s.ends > now() AS in_force, s.owner, s.reason, s.made,
       (SELECT count(*) FROM fwlog.alert a WHERE a.silence_id = s.silence_id) AS alerts
FROM fwlog.silence s;
COMMENT ON VIEW fwlog.silence_full IS 'alerts nobody is to be told of for a time';
COMMENT ON COLUMN fwlog.silence_full.silence_id IS 'number of the silence';
COMMENT ON COLUMN fwlog.silence_full.rule_id IS 'of this rule; null: of any';
COMMENT ON COLUMN fwlog.silence_full.query IS 'whose group this filter selects; null: any';
COMMENT ON COLUMN fwlog.silence_full.starts IS 'from this time on';
COMMENT ON COLUMN fwlog.silence_full.ends IS 'before this time';
COMMENT ON COLUMN fwlog.silence_full.in_force IS 'now is between';
COMMENT ON COLUMN fwlog.silence_full.owner IS 'who asked for it';
COMMENT ON COLUMN fwlog.silence_full.reason IS 'why';
COMMENT ON COLUMN fwlog.silence_full.made IS 'when it was asked for';
COMMENT ON COLUMN fwlog.silence_full.alerts IS 'alerts it covered';

CREATE VIEW fwlog.rule_full AS
SELECT r.rule_id, r.title, r.level, fwlog.level_number(r.level) AS level_number, r.type,
       r.class, r.alerts, r.path, r.line, r.reason, r.warning, r.status, r.author, r.license,
       r.description, r.refs, r.tags, r.filter, r.name, r.logic_hash, r.collector, r.loaded,
       c.active, c.last_fired
FROM fwlog.rule_state r
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE a.resolved IS NULL) AS active,
	max(a.fired) AS last_fired FROM fwlog.alert a WHERE a.rule_id = r.rule_id) c ON true;
COMMENT ON VIEW fwlog.rule_full IS
	'what became of each document in the rule files, and what the rules found';
COMMENT ON COLUMN fwlog.rule_full.rule_id IS 'id of the rule, or its name; null: not known';
COMMENT ON COLUMN fwlog.rule_full.title IS 'title';
COMMENT ON COLUMN fwlog.rule_full.level IS 'informational, low, medium, high or critical';
COMMENT ON COLUMN fwlog.rule_full.level_number IS 'the same as 1 to 5';
COMMENT ON COLUMN fwlog.rule_full.type IS 'detection, or the type of the correlation';
COMMENT ON COLUMN fwlog.rule_full.class IS 'loaded, not applicable or refused';
COMMENT ON COLUMN fwlog.rule_full.alerts IS 'it raises alerts; else it only feeds correlations';
COMMENT ON COLUMN fwlog.rule_full.path IS 'file; "built in" of built-in rules';
COMMENT ON COLUMN fwlog.rule_full.line IS 'first line of the document';
COMMENT ON COLUMN fwlog.rule_full.reason IS 'why it was not loaded';
COMMENT ON COLUMN fwlog.rule_full.warning IS 'what to know of a loaded one';
COMMENT ON COLUMN fwlog.rule_full.status IS 'status its author gives it';
COMMENT ON COLUMN fwlog.rule_full.author IS 'author';
COMMENT ON COLUMN fwlog.rule_full.license IS 'license';
COMMENT ON COLUMN fwlog.rule_full.description IS 'description';
COMMENT ON COLUMN fwlog.rule_full.refs IS 'references';
COMMENT ON COLUMN fwlog.rule_full.tags IS 'tags';
COMMENT ON COLUMN fwlog.rule_full.filter IS 'what a detection selects, as a filter';
COMMENT ON COLUMN fwlog.rule_full.name IS 'name other rules refer to';
COMMENT ON COLUMN fwlog.rule_full.logic_hash IS 'hash of what it looks for; null: not loaded';
COMMENT ON COLUMN fwlog.rule_full.collector IS 'who loaded it';
COMMENT ON COLUMN fwlog.rule_full.loaded IS 'when';
COMMENT ON COLUMN fwlog.rule_full.active IS 'alerts of it that go on';
COMMENT ON COLUMN fwlog.rule_full.last_fired IS 'when it last raised one';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.rules_loaded(text, jsonb),
	fwlog.alert_marks_set(integer[], bigint[]),
	fwlog.alert_deliver(bigint, text[], text, integer), fwlog.alert_find(jsonb),
	fwlog.alert_insert(jsonb), fwlog.alert_update(bigint, jsonb), fwlog.alert_store(jsonb),
	fwlog.alert_digest_store(jsonb), fwlog.alert_delivery_done(bigint, text, timestamptz),
	fwlog.alert_ack(bigint[], text), fwlog.alert_trim(interval),
	fwlog.silence_add(text, text, text, timestamptz, timestamptz), fwlog.silence_end(integer),
	fwlog.level_number(text), fwlog.group_text(json) FROM PUBLIC;
GRANT SELECT ON fwlog.rule_state, fwlog.alert, fwlog.alert_digest, fwlog.alert_delivery,
	fwlog.alert_mark, fwlog.silence TO fwlog_ingest;
GRANT EXECUTE ON FUNCTION fwlog.rules_loaded(text, jsonb),
	fwlog.alert_marks_set(integer[], bigint[]), fwlog.alert_store(jsonb),
	fwlog.alert_digest_store(jsonb), fwlog.alert_delivery_done(bigint, text, timestamptz),
	fwlog.level_number(text), fwlog.group_text(json) TO fwlog_ingest;
GRANT SELECT ON fwlog.alert_full, fwlog.alert_delivery_full, fwlog.alert_digest_full,
	fwlog.silence_full, fwlog.rule_full TO fwlog_report;
GRANT EXECUTE ON FUNCTION fwlog.level_number(text), fwlog.group_text(json)
	TO fwlog_report, fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.alert_ack(bigint[], text),
	fwlog.silence_add(text, text, text, timestamptz, timestamptz), fwlog.silence_end(integer)
	TO fwlog_web, fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.alert_trim(interval) TO fwlog_admin;
