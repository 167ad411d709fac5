/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/glance.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE (60 * RANGE_SECOND)
#define GLANCE_LONG (12 * RANGE_HOUR)

const int glance_minutes[GLANCE_RATES] = {1, 5, 15};
static const char *const list_names[GLANCE_LISTS] = {"src", "dport", "prefix"};

/* What is on its way. */
struct reading {
	struct visit *v;
	struct glance *g;
	const struct filter_sql *condition;
	unsigned fields; /* of the filter */
	int before, rates, sketch;
};

/* Days and hours of all hosts together tell enough of a long range. */
static int64_t
step_for(int64_t from, int64_t to)
{
	return to - from >= GLANCE_LONG ? RANGE_DAY : PIECES_STEP;
}

/* ---- figures */

/* select: over a relation p, the pieces with these columns and n. */
static int
add_sum(const struct reading *r, int64_t from, int64_t to, const char *columns,
    int groups, const char *select)
{
	struct pieces p = pieces_cut(r->fields, step_for(from, to), from, to);
	char *parts = pieces_sql(&p, columns, groups, r->condition), *sql = NULL;
	struct bindings b;
	int result;

	if (bindings_begin(&b, from, to, r->condition) < 0 || parts == NULL ||
	    asprintf(&sql,
		"WITH span AS (SELECT $1::timestamptz, $2::timestamptz) SELECT %s "
		"FROM (%s) p",
		select, parts) < 0)
		sql = NULL;
	result = store_add(r->v->store, sql, b.count, b.value);
	free(sql);
	free(parts);
	bindings_free(&b);
	return result;
}

static void
add_before(struct reading *r)
{
	const struct range *range = &r->v->state.range;
	int64_t span = range->to - range->from;
	int64_t from = range->from > span ? range->from - span : 0;

	r->before = add_sum(r, from, range->from, "1 AS one", 2, "coalesce(sum(n), 0)");
}

/* Of whole minutes; the one that goes on has no rate yet. */
static void
add_rates(struct reading *r)
{
	int64_t to = r->v->now / MINUTE * MINUTE, from = to - 15 * MINUTE;

	r->g->rated = (r->fields & ROLLED_NEVER) == 0;
	if (!r->g->rated)
		return;
	r->rates = add_sum(r, from, to, "date_trunc('minute', e.ts, 'UTC') AS minute",
	    2,
	    "coalesce(sum(n) FILTER (WHERE minute >= $2::timestamptz - interval '1 "
	    "min'), "
	    "0), coalesce(sum(n) FILTER (WHERE minute >= $2::timestamptz - interval "
	    "'5 min'), 0), coalesce(sum(n), 0)");
}

static int
read_figures(struct reading *r)
{
	struct visit *v = r->v;
	struct glance *g = r->g;
	enum store_status status;

	timeline_add(&g->timeline, v->store, &v->state, r->condition, r->fields);
	ledger_add(&g->ledger, v->store, &v->state.range);
	add_before(r);
	add_rates(r);
	status = store_run(v->store);
	if (status != STORE_OK)
		return visit_status(v, status);
	timeline_read(&g->timeline, v->store);
	g->before = store_count(v->store, r->before, 0, 0);
	for (int i = 0; g->rated && i < GLANCE_RATES; i++)
		g->rate[i] = store_count(v->store, r->rates, 0, i);
	return ledger_read(&g->ledger, v->store) < 0 ? 500 : 200;
}

/* ---- lists */

/* About how many events of the range are in this part of it. */
static uint64_t
events_in(const struct timeline *t, int64_t from, int64_t to)
{
	uint64_t n = 0;

	for (int i = 0; i < t->buckets.count; i++) {
		int64_t at = t->buckets.start + i * t->buckets.width;

		if (at < to && at + t->buckets.width > from)
			n += t->bars[i].all;
	}
	return n;
}

static uint64_t
events_of(const struct timeline *t, const struct pieces *p)
{
	uint64_t n = 0;

	for (int i = 0; i < p->count; i++)
		if (p->at[i].source->step == 0)
			n += events_in(t, p->at[i].from, p->at[i].to);
	return n;
}

/* Whole bars, the newest ones, that have as many events as may be looked at. */
static int64_t
newest(const struct timeline *t, int64_t from, int64_t to)
{
	int64_t since = to;
	uint64_t n = 0;

	for (int i = t->buckets.count - 1; i >= 0 && n < GLANCE_BUDGET; i--) {
		n += t->bars[i].all;
		since = t->buckets.start + i * t->buckets.width;
	}
	return since > from ? since : from;
}

/* What is new can be told where the range before costs no more than this one may. */
static bool
can_compare(const struct reading *r, unsigned fields, int64_t from, int64_t to)
{
	struct pieces p = pieces_cut(
	    fields, step_for(from, to), from > to - from ? 2 * from - to : 0, from);

	if (r->g->before == 0 || from != r->v->state.range.from)
		return false;
	return p.by_events <= 4 * MINUTE || r->g->before <= GLANCE_BUDGET;
}

static void
add_list(struct reading *r, int i)
{
	const struct top_field *field = top_field_find(list_names[i]);
	const struct range *range = &r->v->state.range;
	unsigned fields = r->fields | rolled_field(field->name);
	struct pieces p = pieces_cut(
	    fields, step_for(range->from, range->to), range->from, range->to);
	bool costly =
	    p.by_events > 4 * MINUTE && events_of(&r->g->timeline, &p) > GLANCE_BUDGET;
	struct pieces wide =
	    pieces_cut(fields, PIECES_STEP, range->from / RANGE_HOUR * RANGE_HOUR,
		(range->to + RANGE_HOUR - 1) / RANGE_HOUR * RANGE_HOUR);
	int64_t from = range->from;
	struct ranking_wish wish = {.condition = r->condition,
	    .fields = r->fields,
	    .limit = GLANCE_VALUES,
	    .long_steps = step_for(range->from, range->to) > PIECES_STEP,
	    .may_widen = costly && wide.by_events == 0};

	if (costly && !wish.may_widen)
		from = newest(&r->g->timeline, range->from, range->to);
	if (from > r->g->listed_from)
		r->g->listed_from = from;
	wish.compare = can_compare(r, fields, from, range->to);
	ranking_add(&r->g->list[i], r->v->store, field, from, range->to, &wish);
}

/* Sketches know hosts alone. */
static void
add_sketch(struct reading *r)
{
	const struct range *range = &r->v->state.range;
	struct bindings b;
	char *sql = NULL;

	r->sketch = -1;
	if ((r->fields & ~(unsigned)ROLLED_HOST) != 0)
		return;
	if (bindings_begin(&b, range->from, range->to, r->condition) < 0 ||
	    asprintf(&sql,
		"SELECT coalesce(fwlog.distinct_estimate(bit_or(e.source_sketch)), 0) "
		"FROM fwlog.rollup_hour_distinct_full e WHERE e.time > $1::timestamptz "
		"- "
		"interval '1 hour' AND e.time < $2::timestamptz AND (%s)",
		bindings_condition(r->condition)) < 0)
		sql = NULL;
	r->sketch = store_add(r->v->store, sql, b.count, b.value);
	free(sql);
	bindings_free(&b);
}

/* The list of sources knows it when none was folded away. */
static void
read_sources(const struct reading *r)
{
	const struct ranking *list = &r->g->list[0];

	r->g->sources = list->distinct;
	r->g->about =
	    list->rest > 0 || list->wider || list->from > r->v->state.range.from;
	if (r->g->about && r->sketch >= 0)
		r->g->sources = store_count(r->v->store, r->sketch, 0, 0);
}

static int
read_lists(struct reading *r)
{
	enum store_status status;

	r->g->listed_from = r->v->state.range.from;
	for (int i = 0; i < GLANCE_LISTS; i++)
		add_list(r, i);
	add_sketch(r);
	store_end(r->v->store);
	status = store_run(r->v->store);
	if (status != STORE_OK)
		return visit_status(r->v, status);
	for (int i = 0; i < GLANCE_LISTS; i++)
		ranking_read(&r->g->list[i], r->v->store);
	read_sources(r);
	return 200;
}

/* ---- all of it */

int
glance_read(struct visit *v, struct glance *g)
{
	struct filter_sql condition = {0};
	struct reading r = {.v = v, .g = g, .condition = &condition};
	int status = visit_store(v, v->settings->timeout_ms);

	*g = (struct glance){.rated = false};
	if (status != 200)
		return status;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	if (status == 200)
		status = visit_status(
		    v, rolled_ask(&v->search, v->store,
			   2 * v->state.range.from - v->state.range.to,
			   v->now > v->state.range.to ? v->now : v->state.range.to,
			   &r.fields));
	if (status == 200)
		status = read_figures(&r);
	if (status == 200 && g->timeline.sum.all > 0)
		status = read_lists(&r);
	filter_sql_free(&condition);
	return status;
}

void
glance_free(struct glance *g)
{
	ledger_free(&g->ledger);
}
