/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filters.h"

#include <inttypes.h>
#include <stdlib.h>

#include "collector/clock.h"
#include "collector/pg.h"
#include "common/log.h"
#include "common/textbuf.h"

#define NOTES_MAX (1u << 20) /* bytes that wait while the database is away */
#define FETCH_ROWS "5000"

enum feed_state {
	FEED_DOWN, /* not connected, waits for the next look */
	FEED_CONNECTING,
	FEED_READY,
	FEED_ASKING,   /* the version */
	FEED_LOADING,  /* version and filters, in a transaction */
	FEED_FETCHING, /* entries of lists, portion by portion */
	FEED_ENDING,   /* the transaction */
	FEED_NOTING,   /* what agents apply */
};

struct filters_feed {
	struct filters_env env;
	enum feed_state state;
	struct pg *pg;
	struct event *timer;
	struct log_limit fault_limit;
	bool failing;

	struct filterset *set, *loading;
	bool spoiled;     /* loading cannot be used */
	int64_t newest;   /* version the database has */
	int64_t unusable; /* version that was spoiled; 0: none */
	int results;      /* of this step that had rows */
	int rows;         /* of the last portion */

	struct text notes;  /* not told yet, an array of JSON without its end */
	struct text noting; /* being told */
};

/* In one order, so that the same set is the same document at each reading. */
static const char load_sql[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SELECT coalesce(max(version), 0) FROM fwlog.filter_set;"
    "SELECT filter_id, name, query, sample, coalesce(floor(extract(epoch FROM expires) "
    "* 1000000), 0)::bigint, array_to_string(hosts, ' '), array_to_string(lists, ' ') "
    "FROM fwlog.filter WHERE removed IS NULL AND coalesce(expires > now(), true) "
    "ORDER BY filter_id;"
    "DECLARE entries NO SCROLL CURSOR FOR SELECT l.name, CASE WHEN e.first IS NULL "
    "THEN e.value WHEN e.first = e.last THEN host(e.first) "
    "ELSE inet_merge(e.first, e.last)::text END "
    "FROM fwlog.list l JOIN fwlog.list_entry e ON e.list_id = l.list_id "
    "WHERE l.name IN (SELECT unnest(f.lists) FROM fwlog.filter f "
    "WHERE f.removed IS NULL AND coalesce(f.expires > now(), true)) "
    "ORDER BY l.list_id, e.first, e.value";

/* Of what one host said several times, the last. */
static const char note_sql[] =
    "INSERT INTO fwlog.filter_applied AS a (host_id, version, refused, reason) "
    "SELECT DISTINCT ON (x.host_id) x.host_id, x.version, x.refused, x.reason "
    "FROM ROWS FROM (json_to_recordset($1::json) AS (host_id integer, version integer, "
    "refused integer, reason text)) WITH ORDINALITY AS x (host_id, version, refused, "
    "reason, number) ORDER BY x.host_id, x.number DESC "
    "ON CONFLICT (host_id) DO UPDATE SET version = EXCLUDED.version, "
    "refused = EXCLUDED.refused, reason = EXCLUDED.reason, changed = now() "
    "WHERE (a.version, a.refused, a.reason) IS DISTINCT FROM "
    "(EXCLUDED.version, EXCLUDED.refused, EXCLUDED.reason)";

static void feed_step(struct filters_feed *f);

static uint64_t
timeout(const struct filters_feed *f)
{
	return f->env.options->database_timeout;
}

/* ---- the set */

static void
spoil(struct filters_feed *f, const char *what, const char *name)
{
	if (!f->spoiled)
		log_error("central filters: %s %s: no memory, or more than agents "
			  "take: the set read before stays in force",
		    what, name);
	f->spoiled = true;
}

static void
take_version(struct filters_feed *f, const struct pg_result *r)
{
	f->newest = pg_int(r, 0, 0);
	f->loading = filterset_new((uint32_t)f->newest);
	if (f->loading == NULL)
		spoil(f, "version", pg_text(r, 0, 0));
}

static struct bytes
bytes_of(const char *text)
{
	size_t len = strlen(text);

	return (struct bytes){
	    (const uint8_t *)text, (uint16_t)(len > UINT16_MAX ? UINT16_MAX : len)};
}

static void
take_filter(struct filters_feed *f, const struct pg_result *r, int row)
{
	struct bundle_filter filter = {
	    .id = (int32_t)pg_int(r, row, 0),
	    .name = bytes_of(pg_text(r, row, 1)),
	    .query = bytes_of(pg_text(r, row, 2)),
	    .sample = (uint32_t)pg_int(r, row, 3),
	    .expires_us = (uint64_t)pg_int(r, row, 4),
	};
	const char *hosts = pg_is_null(r, row, 5) ? NULL : pg_text(r, row, 5);

	if (!f->spoiled &&
	    filterset_add(f->loading, &filter, hosts, pg_text(r, row, 6)) != 0)
		spoil(f, "filter", pg_text(r, row, 1));
}

static void
take_entries(struct filters_feed *f, const struct pg_result *r)
{
	f->rows = pg_rows(r);
	for (int i = 0; i < f->rows && !f->spoiled; i++)
		if (filterset_add_entry(
			f->loading, pg_text(r, i, 0), pg_text(r, i, 1)) != 0)
			spoil(f, "list", pg_text(r, i, 0));
}

static void
take_loaded(struct filters_feed *f, const struct pg_result *r)
{
	int n = pg_rows(r);

	if (n < 0)
		return;
	if (f->results++ == 0)
		take_version(f, r);
	else
		for (int i = 0; i < n; i++)
			take_filter(f, r, i);
}

static void
drop_loading(struct filters_feed *f)
{
	filterset_free(f->loading);
	f->loading = NULL;
}

static void
use_loaded(struct filters_feed *f)
{
	struct filterset *before = f->set;

	if (f->spoiled) {
		f->unusable = f->newest;
		drop_loading(f);
		return;
	}
	f->set = f->loading;
	f->loading = NULL;
	log_info("central filters: version %" PRIu32 ", %zu in force",
	    filterset_version(f->set), filterset_count(f->set));
	f->env.changed(f->env.arg, f->set);
	filterset_free(before);
}

/* ---- the database */

static void
ask_version(struct filters_feed *f)
{
	f->state = FEED_ASKING;
	pg_query(f->pg, "SELECT coalesce(max(version), 0) FROM fwlog.filter_set",
	    timeout(f));
}

static void
load(struct filters_feed *f)
{
	drop_loading(f);
	f->state = FEED_LOADING;
	f->spoiled = false;
	f->results = 0;
	pg_query(f->pg, load_sql, timeout(f));
}

static void
fetch(struct filters_feed *f)
{
	f->state = FEED_FETCHING;
	f->rows = 0;
	pg_query(f->pg, "FETCH " FETCH_ROWS " FROM entries", timeout(f));
}

static void
end(struct filters_feed *f)
{
	f->state = FEED_ENDING;
	pg_query(f->pg, "COMMIT", timeout(f));
}

static void
note(struct filters_feed *f)
{
	struct pg_param param;

	if (f->noting.len == 0) {
		struct text empty = f->noting;

		f->noting = f->notes;
		f->notes = empty;
		text_add(&f->noting, "]");
	}
	param = (struct pg_param){.value = f->noting.p};
	f->state = FEED_NOTING;
	pg_ask(f->pg, note_sql, &param, 1, timeout(f));
}

static void
failed(struct filters_feed *f, const struct pg_error *error)
{
	f->env.metrics->database_faults++;
	log_limited(&f->fault_limit, LOG_LEVEL_WARN,
	    "%s: central filters: %s: agents go on with those they have; next try in "
	    "%d s",
	    pg_where(f->pg), error->text, FILTERS_POLL_MS / 1000);
	f->failing = true;
	/* What is refused once will be again. */
	if (f->state == FEED_NOTING && error->fault == PG_FAULT_DATA)
		text_clear(&f->noting);
	drop_loading(f);
	pg_close(f->pg);
	f->state = FEED_DOWN;
}

static void
on_result(void *arg, const struct pg_result *r)
{
	struct filters_feed *f = arg;

	if (f->state == FEED_ASKING && pg_rows(r) == 1)
		f->newest = pg_int(r, 0, 0);
	else if (f->state == FEED_LOADING)
		take_loaded(f, r);
	else if (f->state == FEED_FETCHING)
		take_entries(f, r);
}

/* A version that could not be used is not read again and again. */
static bool
is_behind(const struct filters_feed *f)
{
	if (f->newest == f->unusable)
		return false;
	return f->set == NULL || f->newest != filterset_version(f->set);
}

static void
on_done(void *arg, const struct pg_error *error)
{
	struct filters_feed *f = arg;
	enum feed_state state = f->state;

	if (error->fault != PG_FAULT_NONE) {
		failed(f, error);
		return;
	}
	f->state = FEED_READY;
	switch (state) {
	case FEED_CONNECTING:
		/* After a restore it may be another set of the same version. */
		load(f);
		return;
	case FEED_ASKING:
		if (is_behind(f))
			load(f);
		break;
	case FEED_LOADING:
		fetch(f);
		return;
	case FEED_FETCHING:
		if (f->rows > 0 && !f->spoiled)
			fetch(f);
		else
			end(f);
		return;
	case FEED_ENDING:
		use_loaded(f);
		break;
	case FEED_NOTING:
		text_clear(&f->noting);
		break;
	case FEED_DOWN:
	case FEED_READY:
		break;
	}
	if (f->failing)
		log_info("%s: central filters can be read again", pg_where(f->pg));
	f->failing = false;
	if (f->state == FEED_READY && (f->noting.len > 0 || f->notes.len > 0))
		note(f);
}

static void
on_room(void *arg)
{
	(void)arg;
}

static void
feed_step(struct filters_feed *f)
{
	if (f->state == FEED_DOWN) {
		f->state = FEED_CONNECTING;
		pg_connect(f->pg, f->env.options->database, timeout(f));
	} else if (f->state == FEED_READY) {
		ask_version(f);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	feed_step(arg);
}

/* ---- from outside */

static int32_t
bounded(uint32_t version)
{
	return version > INT32_MAX ? INT32_MAX : (int32_t)version;
}

void
filters_feed_note(
    struct filters_feed *f, int32_t host_id, const struct applied *applied)
{
	struct text *t = &f->notes;

	if (t->len > NOTES_MAX)
		return;
	text_add(t, "%s{\"host_id\":%" PRId32, t->len == 0 ? "[" : ",", host_id);
	if (applied != NULL)
		text_add(t, ",\"version\":%" PRId32, bounded(applied->version));
	if (applied != NULL && applied->refused != 0) {
		text_add(t,
		    ",\"refused\":%" PRId32 ",\"reason\":", bounded(applied->refused));
		text_add_json(t, applied->reason);
	}
	text_add(t, "}");
	if (f->state == FEED_READY)
		note(f);
}

struct filters_feed *
filters_feed_new(const struct filters_env *env)
{
	static const struct pg_events events = {on_result, on_room, on_done};
	struct timeval period = clock_timeval(FILTERS_POLL_MS);
	struct filters_feed *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->env = *env;
	text_init(&f->notes);
	text_init(&f->noting);
	f->pg = pg_new(env->base, &events, f);
	f->timer = event_new(env->base, -1, EV_PERSIST, on_timer, f);
	if (f->pg == NULL || f->timer == NULL || event_add(f->timer, &period) != 0) {
		filters_feed_free(f);
		return NULL;
	}
	feed_step(f);
	return f;
}

void
filters_feed_free(struct filters_feed *f)
{
	if (f == NULL)
		return;
	pg_free(f->pg);
	if (f->timer != NULL)
		event_free(f->timer);
	filterset_free(f->set);
	filterset_free(f->loading);
	text_free(&f->notes);
	text_free(&f->noting);
	free(f);
}
