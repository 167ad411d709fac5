/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "collector/sink_internal.h"

/*
 * A collector that stands still in a transaction must not hold up another one that its
 * agents went to. Between two statements the server ends it by itself; in the middle of
 * COPY the server waits for ever, and only another session can end that. Twice the
 * longest wait: then its collector has given it up, if it lives.
 */
static const char unblock_sql[] =
    "DO $$BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE usename = current_user AND datname = current_database() "
    "AND application_name = current_setting('application_name') "
    "AND state = 'active' AND wait_event = 'ClientRead' "
    "AND query_start < now() - interval '%" PRIu64 " ms'; END$$;";

static const char rights_sql[] =
    "SELECT current_user, string_agg(v.p || ' on ' || v.t, ', ')"
    " FILTER (WHERE NOT has_table_privilege('fwlog.' || v.t, v.p)),"
    " current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',"
    " pg_is_in_recovery()"
    " FROM (VALUES ('event', 'INSERT'), ('stream', 'SELECT'), ('stream', 'INSERT'),"
    " ('stream', 'UPDATE'), ('host_mark', 'SELECT'), ('host_mark', 'UPDATE'),"
    " ('host_status', 'SELECT'), ('host_status', 'INSERT'), ('host_status', 'UPDATE'),"
    " ('loss', 'INSERT'), ('quarantine', 'INSERT'), ('filtered_minute', 'INSERT'),"
    " ('filtered_minute', 'SELECT'), ('filtered_minute', 'UPDATE'), ('filter_set', "
    "'SELECT'), ('filter', 'SELECT'), ('filter_applied', 'INSERT')) v (t, p)";

void
sink_check(struct sink *s)
{
	text_clear(&s->sql);
	text_add(&s->sql,
	    "SET statement_timeout = %" PRIu64
	    ";SET idle_in_transaction_session_timeout = %" PRIu64 ";",
	    sink_timeout(s), sink_timeout(s));
	text_add(&s->sql, unblock_sql, 2 * sink_timeout(s));
	text_add(&s->sql, "SELECT max(version) FROM fwlog.schema_version");
	sink_enter_state(s, SINK_CHECKING);
	pg_query(s->pg, s->sql.p, sink_timeout(s));
}

static void
check_refuse(struct sink *s, struct pg_error *error)
{
	error->fault = PG_FAULT_DENIED;
	s->refused = *error;
}

static void
check_version(struct sink *s, const struct pg_result *r)
{
	int64_t version = pg_int(r, 0, 0);
	struct pg_error error;

	if (version == FWLOG_SCHEMA_VERSION)
		return;
	snprintf(error.text, sizeof error.text,
	    "the schema has version %" PRId64 ", this collector needs %d: %s", version,
	    FWLOG_SCHEMA_VERSION,
	    version < FWLOG_SCHEMA_VERSION ? "run fwlogctl db migrate"
					   : "install a newer fwlog-collector");
	check_refuse(s, &error);
}

static void
check_rights(struct sink *s, const struct pg_result *r)
{
	struct pg_error error;

	if (!pg_is_null(r, 0, 1)) {
		snprintf(error.text, sizeof error.text,
		    "role %s lacks %s: let the collector connect as fwlog_ingest, or "
		    "run fwlogctl db init as a superuser, which grants it",
		    pg_text(r, 0, 0), pg_text(r, 0, 1));
		check_refuse(s, &error);
	} else if (pg_text(r, 0, 4)[0] == 't') {
		snprintf(error.text, sizeof error.text,
		    "this server is a read-only standby: point database at the primary "
		    "(target_session_attrs=read-write chooses it among several hosts)");
		check_refuse(s, &error);
	}
	/* One sink says it for all. */
	if (s->number != 0)
		return;
	if (pg_text(r, 0, 2)[0] != 't')
		log_warn("database: fsync is off: a crash of its machine can lose or "
			 "damage events that were acknowledged; set fsync = on");
	if (pg_text(r, 0, 3)[0] != 't')
		log_warn(
		    "database: full_page_writes is off: a crash of its machine can "
		    "damage events that were acknowledged; set full_page_writes = on");
}

void
sink_check_result(struct sink *s, const struct pg_result *r)
{
	if (pg_rows(r) != 1)
		return;
	if (s->state == SINK_CHECKING)
		check_version(s, r);
	else
		check_rights(s, r);
}

/* What the server says does not name the remedy. */
static void
check_explain(struct pg_error *error)
{
	const char *remedy = NULL;
	size_t len = strlen(error->text);

	if (strncmp(error->sqlstate, "3F", 2) == 0 ||
	    strcmp(error->sqlstate, "42P01") == 0)
		remedy = "the database has no fwlog schema: run fwlogctl db init";
	else if (strcmp(error->sqlstate, "42501") == 0)
		remedy =
		    "let the collector connect as fwlog_ingest, or run fwlogctl db "
		    "init as a superuser, which grants the right";
	if (remedy != NULL)
		snprintf(error->text + len, sizeof error->text - len, " (%s)", remedy);
}

static void
check_ask_rights(struct sink *s)
{
	text_clear(&s->sql);
	text_add(&s->sql, "%s;", rights_sql);
	status_set_collector(&s->status, s->env->options);
	status_add_cleanup(&s->status, &s->sql);
	sink_enter_state(s, SINK_CHECKING_RIGHTS);
	pg_query(s->pg, s->sql.p, sink_timeout(s));
}

void
sink_check_done(struct sink *s, const struct pg_error *error)
{
	struct pg_error explained = *error;

	if (s->refused.fault != PG_FAULT_NONE) {
		explained = s->refused;
		s->refused.fault = PG_FAULT_NONE;
	} else if (explained.fault != PG_FAULT_NONE) {
		check_explain(&explained);
	}
	if (explained.fault != PG_FAULT_NONE) {
		sink_failed(s, &explained);
	} else if (s->state == SINK_CHECKING) {
		check_ask_rights(s);
	} else {
		sink_enter_state(s, SINK_READY);
		sink_step(s);
	}
}
