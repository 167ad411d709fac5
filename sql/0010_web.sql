-- SPDX-License-Identifier: GPL-2.0-or-later
-- What the web page keeps: saved views; and how its few changes are let in. They come over
-- fwlog_web, which can call these functions and nothing else. The web server says who the
-- user is; the setting fwlog.who hands the name on, for fwlog_web alone (fwlog.actor).

CREATE FUNCTION fwlog.web_user() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	name text := current_setting('fwlog.who', true);
BEGIN
	IF name IS NULL OR octet_length(name) NOT BETWEEN 1 AND 255 THEN
		RAISE EXCEPTION 'changes need a user whose name has 1 to 255 bytes'
		USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'the web server names the user in REMOTE_USER';
	END IF;
	RETURN name;
END $$;
COMMENT ON FUNCTION fwlog.web_user() IS
	'the user of the web page for whom this session works; an error when it does not say';

-- ---- tokens: a form is taken only from a page that was made for its user

CREATE TABLE fwlog.web_secret (
	one         boolean PRIMARY KEY DEFAULT true CHECK (one),
	inner_key   bytea NOT NULL CHECK (octet_length(inner_key) = 64),
	outer_key   bytea NOT NULL CHECK (octet_length(outer_key) = 64)
);
COMMENT ON TABLE fwlog.web_secret IS
	'secret of the tokens in forms of the web page; delete the row and all open forms are void';
COMMENT ON COLUMN fwlog.web_secret.one IS 'there is one row';
COMMENT ON COLUMN fwlog.web_secret.inner_key IS 'key of HMAC-SHA-256 with the inner padding';
COMMENT ON COLUMN fwlog.web_secret.outer_key IS 'the same key with the outer padding';

CREATE FUNCTION fwlog.web_secret_make() RETURNS fwlog.web_secret
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	key    bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) ||
		uuid_send(gen_random_uuid())) || decode(repeat('00', 32), 'hex');
	ipad   bytea := key;
	opad   bytea := key;
	secret fwlog.web_secret;
BEGIN
	FOR i IN 0..63 LOOP
		ipad := set_byte(ipad, i, get_byte(key, i) # 54);
		opad := set_byte(opad, i, get_byte(key, i) # 92);
	END LOOP;
	INSERT INTO fwlog.web_secret (inner_key, outer_key) VALUES (ipad, opad)
	ON CONFLICT DO NOTHING;
	SELECT * INTO secret FROM fwlog.web_secret;
	RETURN secret;
END $$;
COMMENT ON FUNCTION fwlog.web_secret_make() IS 'the secret of tokens, made if there is none';
SELECT FROM fwlog.web_secret_make();

-- RFC 2104 over who and when; a token is good for this stretch of 12 hours and the next.
CREATE FUNCTION fwlog.web_token_of(stretch bigint) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s fwlog.web_secret;
BEGIN
	SELECT * INTO s FROM fwlog.web_secret;
	IF s.one IS NULL THEN
		s := fwlog.web_secret_make();
	END IF;
	RETURN encode(sha256(s.outer_key || sha256(s.inner_key ||
		convert_to(stretch || ' ' || fwlog.web_user(), 'UTF8'))), 'hex');
END $$;
COMMENT ON FUNCTION fwlog.web_token_of(bigint) IS
	'the token of the session''s user in a stretch of 12 hours since 1970';

CREATE FUNCTION fwlog.web_token() RETURNS text
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT fwlog.web_token_of(floor(extract(epoch FROM now()) / 43200)::bigint)
$$;
COMMENT ON FUNCTION fwlog.web_token() IS 'the token that forms for the session''s user have now';

-- Digests are compared, so that the time it takes says nothing of the token.
CREATE FUNCTION fwlog.web_token_check(token text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	stretch bigint := floor(extract(epoch FROM now()) / 43200);
	digest  bytea := sha256(convert_to(coalesce(token, ''), 'UTF8'));
BEGIN
	IF digest NOT IN (sha256(fwlog.web_token_of(stretch)::bytea),
	    sha256(fwlog.web_token_of(stretch - 1)::bytea)) THEN
		RAISE EXCEPTION 'the form is too old, or it was made for another user'
		USING ERRCODE = 'invalid_authorization_specification',
			DETAIL = 'open the page again and repeat the change';
	END IF;
	RETURN true;
END $$;
COMMENT ON FUNCTION fwlog.web_token_check(text) IS
	'an error when the token is not one of the session''s user, at most a day old';

-- ---- saved views

CREATE SEQUENCE fwlog.saved_view_id_seq AS integer;
CREATE TABLE fwlog.saved_view (
	view_id     integer PRIMARY KEY DEFAULT nextval('fwlog.saved_view_id_seq'),
	owner       text NOT NULL,
	name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80
	            AND name !~ '[[:cntrl:]]'),
	shared      boolean NOT NULL,
	path        text NOT NULL CHECK (path ~ '^/(events|top/[a-z]{1,20})?$'),
	query       text NOT NULL CHECK (octet_length(query) <= 6144 AND query ~ '^([?]|$)'),
	changed     timestamptz NOT NULL DEFAULT now(),
	UNIQUE (owner, name)
);
COMMENT ON TABLE fwlog.saved_view IS 'saved views of the web page; see fwlog.cgi(8)';
COMMENT ON COLUMN fwlog.saved_view.view_id IS 'number of the view';
COMMENT ON COLUMN fwlog.saved_view.owner IS 'user whose it is, who alone may change it';
COMMENT ON COLUMN fwlog.saved_view.name IS 'its name, one view of a name for each user';
COMMENT ON COLUMN fwlog.saved_view.shared IS 'all users see it';
COMMENT ON COLUMN fwlog.saved_view.path IS 'page it is of';
COMMENT ON COLUMN fwlog.saved_view.query IS 'parameters of that page, with the question mark';
COMMENT ON COLUMN fwlog.saved_view.changed IS 'when it was saved last';

CREATE FUNCTION fwlog.view_save(name text, shared boolean, path text, query text)
RETURNS integer
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	who text := fwlog.web_user();
	id  integer;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('fwlog.saved_view ' || who, 0));
	IF (SELECT count(*) FROM fwlog.saved_view v WHERE v.owner = who
	    AND v.name <> view_save.name) >= 200 THEN
		RAISE EXCEPTION 'you have 200 views already'
		USING ERRCODE = 'program_limit_exceeded', DETAIL = 'remove one first';
	END IF;
	INSERT INTO fwlog.saved_view AS v (owner, name, shared, path, query)
	VALUES (who, view_save.name, view_save.shared, view_save.path, view_save.query)
	ON CONFLICT ON CONSTRAINT saved_view_owner_name_key DO UPDATE SET
		shared = excluded.shared, path = excluded.path, query = excluded.query,
		changed = now()
	RETURNING v.view_id INTO id;
	RETURN id;
END $$;
COMMENT ON FUNCTION fwlog.view_save(text, boolean, text, text) IS
	'saves a view of the session''s user, in the place of one of that name; its number';

CREATE FUNCTION fwlog.view_remove(view_id integer) RETURNS text
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	gone text;
BEGIN
	DELETE FROM fwlog.saved_view v
	WHERE v.view_id = view_remove.view_id AND v.owner = fwlog.web_user()
	RETURNING v.name INTO gone;
	IF gone IS NULL THEN
		RAISE EXCEPTION 'you have no such view'
		USING ERRCODE = 'no_data_found', DETAIL = 'only who saved a view may remove it';
	END IF;
	RETURN gone;
END $$;
COMMENT ON FUNCTION fwlog.view_remove(integer) IS
	'removes a view of the session''s user; its name';

CREATE FUNCTION fwlog.views_of(who text)
RETURNS TABLE (view_id integer, owner text, name text, shared boolean, path text, query text,
	changed timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT v.view_id, v.owner, v.name, v.shared, v.path, v.query, v.changed
	FROM fwlog.saved_view v WHERE v.shared OR v.owner = who
	ORDER BY v.owner = who DESC, lower(v.name), v.view_id LIMIT 1000
$$;
COMMENT ON FUNCTION fwlog.views_of(text) IS 'views a user sees: the own ones and the shared ones';

-- ---- rights

REVOKE ALL ON FUNCTION fwlog.web_user(), fwlog.web_secret_make(), fwlog.web_token_of(bigint),
	fwlog.web_token(), fwlog.web_token_check(text),
	fwlog.view_save(text, boolean, text, text), fwlog.view_remove(integer),
	fwlog.views_of(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA fwlog TO fwlog_web;
GRANT EXECUTE ON FUNCTION fwlog.web_token(), fwlog.web_token_check(text),
	fwlog.view_save(text, boolean, text, text), fwlog.view_remove(integer),
	fwlog.filter_add(text, text, text[], text[], integer, timestamptz, text),
	fwlog.filter_remove(text, text), fwlog.filter_rollback(integer, text) TO fwlog_web;
GRANT EXECUTE ON FUNCTION fwlog.views_of(text) TO fwlog_report, fwlog_admin;
