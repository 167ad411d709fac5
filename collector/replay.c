/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/candidates.h"
#include "collector/alerts_internal.h"
#include "common/copyrow.h"

#define QUIET_US (3 * ALERTS_SECOND)    /* late events may be followed by others */
#define LONGEST_US (60 * ALERTS_SECOND) /* but this long nothing is waited for */

/* How far back events are looked for that did not come by the queue. */
static const uint64_t stages[] = {600 * ALERTS_SECOND, 26 * 3600 * ALERTS_SECOND};
#define STAGES (sizeof stages / sizeof stages[0])

/* ---- rows */

/* Events from (in) to (not in) that fit the condition. */
static int
read_rows(struct alerts_run *r, uint64_t from_us, uint64_t to_us, const char *condition,
    copyrow_take *take, void *arg)
{
	struct text sql;
	const uint8_t *data;
	size_t len;
	bool first = true;
	int rc;

	text_init(&sql);
	text_add(
	    &sql, "COPY (SELECT %s FROM fwlog.event e WHERE e.ts >= ", copyrow_columns);
	text_add_time(&sql, from_us);
	text_add(&sql, " AND e.ts < ");
	text_add_time(&sql, to_us);
	text_add(&sql,
	    " AND (%s) ORDER BY e.ts, e.host_id, e.n) TO STDOUT "
	    "(FORMAT binary)",
	    condition);
	rc = sql.failed ? -1 : alerts_db_copy(r->back, sql.p);
	text_free(&sql);
	while (rc == 0 && (rc = alerts_db_copy_get(r->back, &data, &len)) == 1) {
		rc = copyrow_each(data, len, first, take, arg);
		first = false;
	}
	return rc;
}

/* What no rule looks at stays in the database. To be freed. */
static char *
candidates(struct alerts_run *r, const struct rule_set *set)
{
	const struct filter_sql_source source = {
	    .dictionary = names_dictionary,
	    .arg = r->names,
	};

	return candidates_sql(set, &source);
}

/* ---- after a start: windows are filled */

struct warm {
	struct alerts_run *r;
	struct engine *e;
	uint64_t live_us; /* from here on alerts were perhaps not told yet */
	bool live;
};

static int
take_warm(void *arg, const struct event *ev, int32_t host_id, int64_t n)
{
	struct warm *w = arg;

	if (!w->live && ev->ts >= w->live_us) {
		w->live = true;
		engine_set_mode(w->e, ENGINE_LIVE);
	}
	if (n >= alerts_marks_get(&w->r->at, host_id))
		return 0; /* comes by the queue, or is read as a gap */
	return alerts_feed(w->r, w->e, ev->ts, ev, host_id, n);
}

/* Positions are those of the database now; a host without a mark is a new one. */
static int
set_positions(struct alerts_run *r)
{
	struct alerts_rows *rows = alerts_db_ask(
	    r->db, "SELECT host_id, next_n FROM fwlog.host_mark", NULL, 0);
	int rc = rows != NULL ? 0 : -1;

	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++)
		rc = alerts_marks_set(&r->at, (int32_t)alerts_rows_int(rows, i, 0),
		    alerts_rows_int(rows, i, 1));
	alerts_rows_free(rows);
	return rc;
}

static bool
has_marks(const struct alerts_marks *m)
{
	for (size_t i = 0; i < m->size; i++)
		if (m->next[i] != 0)
			return true;
	return false;
}

/* Time of the oldest event behind the marks, UINT64_MAX: there is none. */
static int
find_live(struct alerts_run *r, uint64_t from_us, uint64_t *live_us)
{
	struct alerts_rows *rows;
	struct text sql;
	int rc = -1, conditions = 0;

	*live_us = UINT64_MAX;
	text_init(&sql);
	text_add(&sql, "SELECT (extract(epoch FROM min(e.ts)) * 1000000)::bigint "
		       "FROM fwlog.event e WHERE e.ts >= ");
	text_add_time(&sql, from_us);
	text_add(&sql, " AND (");
	for (size_t i = 0; i < r->at.size; i++) {
		int64_t mark = alerts_marks_get(&r->saved, (int32_t)i);

		if (r->at.next[i] <= mark)
			continue;
		text_add(&sql, "%s(e.host_id = %zu AND e.n >= %" PRId64 ")",
		    conditions++ > 0 ? " OR " : "", i, mark);
	}
	text_add(&sql, ")");
	if (conditions == 0) {
		text_free(&sql);
		return 0;
	}
	rows = sql.failed ? NULL : alerts_db_ask(r->back, sql.p, NULL, 0);
	text_free(&sql);
	if (rows == NULL)
		return -1;
	rc = 0;
	if (alerts_rows_text(rows, 0, 0)[0] != '\0')
		*live_us = (uint64_t)alerts_rows_int(rows, 0, 0);
	alerts_rows_free(rows);
	return rc;
}

/* Not so far back that more than ALERTS_WARM_ROWS would be read. */
static uint64_t
bounded_start(struct alerts_run *r, uint64_t from_us)
{
	struct alerts_rows *rows;
	struct text sql;
	uint64_t hour = 0;

	text_init(&sql);
	text_add(&sql,
	    "SELECT (extract(epoch FROM max(h.hour)) * 1000000)::bigint FROM "
	    "(SELECT hour, sum(sum(events)) OVER (ORDER BY hour DESC) AS s "
	    "FROM fwlog.rollup_hour WHERE hour >= ");
	text_add_time(&sql, from_us);
	text_add(&sql, " GROUP BY hour) h WHERE h.s > %d", ALERTS_WARM_ROWS);
	rows = sql.failed ? NULL : alerts_db_ask(r->db, sql.p, NULL, 0);
	if (rows != NULL && alerts_rows_text(rows, 0, 0)[0] != '\0')
		hour = (uint64_t)alerts_rows_int(rows, 0, 0) + 3600 * ALERTS_SECOND;
	alerts_rows_free(rows);
	text_free(&sql);
	return hour > from_us ? hour : from_us;
}

int
replay_warm(struct alerts_run *r, struct engine *e)
{
	struct warm w = {.r = r, .e = e};
	uint64_t now_us = clock_wall_us();
	uint64_t back_us = alerts_longest(r) + r->options->alert_hold * 1000;
	uint64_t from_us;
	char *condition;
	int rc;

	if (!r->live && set_positions(r) != 0)
		return -1;
	if (!has_marks(&r->saved) && alerts_marks_copy(&r->saved, &r->at) != 0)
		return -1;
	if (find_live(r, now_us - ALERTS_DAY, &w.live_us) != 0)
		return -1;
	from_us = w.live_us < now_us ? w.live_us : now_us;
	from_us = bounded_start(r, from_us > back_us ? from_us - back_us : 0);
	condition = candidates(r, r->a->set);
	if (condition == NULL)
		return -1;
	engine_set_mode(e, ENGINE_WARM);
	rc = read_rows(r, from_us, now_us + ALERTS_DAY, condition, take_warm, &w);
	free(condition);
	engine_set_mode(e, ENGINE_LIVE);
	return rc;
}

/* ---- events that did not come by the queue */

void
replay_note_gap(
    struct alerts_run *r, int32_t host_id, int64_t from, int64_t to, uint64_t now_us)
{
	struct alerts_gap *g = r->gap;
	size_t i = 0;

	while (i < r->gaps && (g[i].host_id != host_id || g[i].stage != 0))
		i++;
	if (i < r->gaps) { /* of one host they come in order */
		g[i].left += to - (from > g[i].to ? from : g[i].to);
		g[i].to = to;
		return;
	}
	if (r->gaps == ALERTS_GAPS_MAX) {
		r->missing += (uint64_t)(to - from);
		return;
	}
	r->gap[r->gaps++] = (struct alerts_gap){.host_id = host_id,
	    .from = from,
	    .to = to,
	    .left = to - from,
	    .since_us = now_us + ALERTS_DAY};
}

struct gaps {
	struct alerts_run *r;
	uint64_t now_us;
};

static int
take_gap(void *arg, const struct event *ev, int32_t host_id, int64_t n)
{
	struct gaps *g = arg;
	struct alerts_run *r = g->r;

	for (size_t i = 0; i < r->gaps; i++)
		if (r->gap[i].host_id == host_id && n >= r->gap[i].from &&
		    n < r->gap[i].to)
			r->gap[i].left--;
	return alerts_feed(r, r->engine, g->now_us, ev, host_id, n);
}

static int
read_stage(struct alerts_run *r, unsigned stage, uint64_t now_us)
{
	struct gaps g = {r, now_us};
	uint64_t from_us = now_us - stages[stage], to_us = now_us + ALERTS_DAY;
	struct text sql;
	bool any = false;
	int rc = 0;

	text_init(&sql);
	for (size_t i = 0; i < r->gaps; i++) {
		struct alerts_gap *gap = &r->gap[i];

		if (gap->stage != stage)
			continue;
		text_add(&sql,
		    "%s(e.host_id = %" PRId32 " AND e.n >= %" PRId64
		    " AND e.n < %" PRId64 " AND e.ts < ",
		    any ? " OR " : "", gap->host_id, gap->from, gap->to);
		text_add_time(&sql, gap->since_us);
		text_add(&sql, ")");
		gap->since_us = from_us;
		any = true;
	}
	r->replays += any;
	if (any)
		rc =
		    sql.failed ? -1 : read_rows(r, from_us, to_us, sql.p, take_gap, &g);
	text_free(&sql);
	return rc;
}

/* All of a stage that is not complete goes on to the next. */
static void
close_stage(struct alerts_run *r, unsigned stage)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->gaps; i++) {
		struct alerts_gap *g = &r->gap[i];

		if (g->stage == stage && g->left > 0 && ++g->stage == STAGES) {
			r->missing += (uint64_t)g->left;
			g->left = 0;
		}
		if (g->left > 0)
			r->gap[kept++] = *g;
	}
	r->gaps = kept;
}

int
replay_gaps(struct alerts_run *r, uint64_t now_us)
{
	struct engine_signal signal = {.what = ENGINE_DEGRADED,
	    .text = "events not found",
	    .detail = "events are older than a day, or gone, and were not evaluated"};

	for (unsigned stage = 0; stage < STAGES && r->gaps > 0; stage++) {
		if (read_stage(r, stage, now_us) != 0)
			return -1;
		close_stage(r, stage);
	}
	if (r->missing > 0) {
		signal.count = r->missing;
		engine_raise(r->engine, now_us, &signal);
		log_warn("%" PRIu64 " events could not be found for the alert rules",
		    r->missing);
		r->missed += r->missing;
		r->missing = 0;
	}
	return 0;
}

/* ---- late events: their time is evaluated once more */

static void
note_span(struct alerts_run *r, const struct engine_span *span, uint64_t now_us)
{
	struct alerts_span *s;
	size_t i = 0;

	while (i < r->spans && (span->from_us > r->span[i].to_us + ALERTS_SECOND ||
				   r->span[i].from_us > span->to_us + ALERTS_SECOND))
		i++;
	if (i == ALERTS_SPANS_MAX)
		i--; /* rather more is evaluated than some of it not */
	s = &r->span[i];
	if (i == r->spans) {
		*s = (struct alerts_span){
		    .from_us = span->from_us, .to_us = span->to_us, .first_us = now_us};
		r->spans++;
	}
	if (span->from_us < s->from_us)
		s->from_us = span->from_us;
	if (span->to_us > s->to_us)
		s->to_us = span->to_us;
	s->taken_us = now_us;
}

struct backfill {
	struct alerts_run *r;
	struct engine *e;
	uint64_t from_us;
	bool begun;
};

static int
take_backfill(void *arg, const struct event *ev, int32_t host_id, int64_t n)
{
	struct backfill *b = arg;

	if (!b->begun && ev->ts >= b->from_us) {
		b->begun = true;
		engine_set_mode(b->e, ENGINE_BACKFILL);
	}
	return alerts_feed(b->r, b->e, ev->ts, ev, host_id, n);
}

/* From so long before the first late event that windows are full, to so long after the
 * last that it is in none any more. */
static int
backfill(struct alerts_run *r, const struct alerts_span *span, uint64_t now_us)
{
	struct backfill b = {.r = r, .from_us = span->from_us};
	uint64_t longest = alerts_longest(r);
	uint64_t from_us = span->from_us > longest ? span->from_us - longest : 0;
	uint64_t to_us = span->to_us + longest + 1;
	char *condition = candidates(r, r->a->set);
	int rc = -1;

	r->replays++;
	b.e = alerts_make_engine(r, r->a->set, true);
	r->live = false; /* old prefixes are no new ones */
	if (condition != NULL && b.e != NULL) {
		engine_set_mode(b.e, ENGINE_WARM);
		rc = read_rows(r, from_us, to_us < now_us ? to_us : now_us, condition,
		    take_backfill, &b);
	}
	if (rc == 0) {
		engine_drain(b.e);
		engine_advance(b.e, now_us);
		alerts_store_backfill_digest(r, span->from_us, span->to_us);
	}
	r->live = true;
	engine_free(b.e);
	free(condition);
	log_info("events that came late were evaluated again");
	return rc == 0 && alerts_db_ok(r->db) ? 0 : -1;
}

static bool
is_due(const struct alerts_span *s, uint64_t now_us)
{
	return s->to_us <= now_us &&
	       (now_us - s->taken_us >= QUIET_US || now_us - s->first_us >= LONGEST_US);
}

int
replay_spans(struct alerts_run *r, uint64_t now_us)
{
	struct engine_span span;
	bool any = false;

	while (engine_take_span(r->engine, &span))
		note_span(r, &span, now_us);
	for (size_t i = 0; i < r->spans; i++) {
		struct alerts_span s = r->span[i];

		if (!is_due(&s, now_us))
			continue;
		r->span[i--] = r->span[--r->spans];
		if (backfill(r, &s, now_us) != 0)
			return -1;
		any = true;
	}
	/* What goes on is the live engine's to end. */
	return any ? alerts_restore(r) : 0;
}
