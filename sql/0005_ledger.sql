-- SPDX-License-Identifier: GPL-2.0-or-later
-- The ledger: what was logged against what is here, and what the counters of the firewalls'
-- own rules say to it.

CREATE INDEX loss_to ON fwlog.loss (to_ts);

-- ---- what the rules counted, by the hour in which the agent told it

CREATE TABLE fwlog.rule_count (
	host_id     integer NOT NULL,
	hour        timestamptz NOT NULL,
	counted     bigint NOT NULL,
	settled     bigint NOT NULL,
	PRIMARY KEY (host_id, hour)
) WITH (fillfactor = 50);
COMMENT ON TABLE fwlog.rule_count IS
	'packets that the counters of log rules counted, where agents reconcile';
COMMENT ON COLUMN fwlog.rule_count.host_id IS 'the host';
COMMENT ON COLUMN fwlog.rule_count.hour IS 'hour in which the agent told it';
COMMENT ON COLUMN fwlog.rule_count.counted IS 'packets the rules counted';
COMMENT ON COLUMN fwlog.rule_count.settled IS
	'packets of these that were read, or counted as lost, by then';

-- Counters of a run begin at 0. What an agent claims is only ever clamped, never refused:
-- the statement writes the states of many hosts.
CREATE FUNCTION fwlog.note_rule_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	top     constant numeric := 2::numeric ^ 62 - 1; -- differences fit bigint
	same    boolean := NEW.stats->'run' IS NOT DISTINCT FROM OLD.stats->'run';
	counted numeric := (NEW.stats->>'rules_counted')::numeric;
	settled numeric := coalesce((NEW.stats->>'rules_settled')::numeric, 0);
BEGIN
	IF same THEN
		counted := counted - coalesce((OLD.stats->>'rules_counted')::numeric, 0);
		settled := settled - coalesce((OLD.stats->>'rules_settled')::numeric, 0);
	END IF;
	INSERT INTO fwlog.rule_count AS c (host_id, hour, counted, settled)
	VALUES (NEW.host_id, date_trunc('hour', NEW.last_contact, 'UTC'),
		greatest(least(counted, top), -top), greatest(least(settled, top), -top))
	ON CONFLICT (host_id, hour) DO UPDATE SET
		counted = greatest(least(c.counted::numeric + excluded.counted, top), -top),
		settled = greatest(least(c.settled::numeric + excluded.settled, top), -top);
	RETURN NULL;
END $$;
COMMENT ON FUNCTION fwlog.note_rule_count() IS
	'adds what an agent''s rule counters gained to rule_count';

CREATE TRIGGER host_status_rule_count AFTER UPDATE OF stats ON fwlog.host_status
FOR EACH ROW WHEN (jsonb_typeof(NEW.stats->'rules_counted') = 'number'
	AND (NEW.stats->'rules_counted', NEW.stats->'rules_settled', NEW.stats->'run')
	IS DISTINCT FROM
	(OLD.stats->'rules_counted', OLD.stats->'rules_settled', OLD.stats->'run'))
EXECUTE FUNCTION fwlog.note_rule_count();

CREATE VIEW fwlog.rule_count_full AS
SELECT h.name AS host, c.hour, c.counted, c.settled, c.counted - c.settled AS difference,
       c.host_id
FROM fwlog.rule_count c
LEFT JOIN fwlog.host h ON h.host_id = c.host_id;
COMMENT ON VIEW fwlog.rule_count_full IS
	'packets that the counters of log rules counted, with the name of the host';
COMMENT ON COLUMN fwlog.rule_count_full.host IS 'machine whose rules counted';
COMMENT ON COLUMN fwlog.rule_count_full.hour IS 'hour in which its agent told it';
COMMENT ON COLUMN fwlog.rule_count_full.counted IS 'packets the rules counted';
COMMENT ON COLUMN fwlog.rule_count_full.settled IS
	'packets of these that were read, or counted as lost, by then';
COMMENT ON COLUMN fwlog.rule_count_full.difference IS
	'packets still to be explained; later hours take it back when they are';
COMMENT ON COLUMN fwlog.rule_count_full.host_id IS 'number of the host';

CREATE FUNCTION fwlog.clamp(n numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT greatest(least(n, 9223372036854775807), -9223372036854775807)::bigint
$$;
COMMENT ON FUNCTION fwlog.clamp(numeric) IS
	'the number, or the nearest that bigint holds: an agent may claim any number as lost';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.clamp(numeric), fwlog.note_rule_count() FROM PUBLIC;
GRANT SELECT ON fwlog.rule_count_full TO fwlog_report, fwlog_admin;
GRANT SELECT ON fwlog.rule_count TO fwlog_admin;
GRANT EXECUTE ON FUNCTION fwlog.clamp(numeric) TO fwlog_report, fwlog_admin;
