/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/events.h"

#include <stdlib.h>

#define RANKED_LONG (12 * RANGE_HOUR) /* sums of days tell enough */
#define SEEK_LIMIT "2000"             /* ms a look outside the range may take */

static const char *const facet_names[EVENTS_FACETS] = {
    "src", "dport", "prefix", "host"};

/* ---- lists */

static int64_t
step_of(const struct range *r)
{
	return r->to - r->from >= RANKED_LONG ? RANGE_DAY : PIECES_STEP;
}

/* Few events are left to be read one by one for each list. */
static bool
can_rank(const struct visit *v, const struct events *e, unsigned fields)
{
	const struct range *r = &v->state.range;
	double rate = (double)e->timeline.sum.all / (double)(r->to - r->from);

	if (e->timeline.sum.all <= EVENTS_FACET_FEW)
		return false;
	for (int i = 0; i < EVENTS_FACETS; i++) {
		struct pieces p = pieces_cut(
		    fields | rolled_field(facet_names[i]), step_of(r), r->from, r->to);

		if ((double)p.by_events * rate > EVENTS_FACET_FEW)
			return false;
	}
	return true;
}

static void
add_rankings(struct visit *v, struct events *e, const struct filter_sql *condition,
    unsigned fields)
{
	const struct range *r = &v->state.range;
	struct ranking_wish wish = {.condition = condition,
	    .fields = fields,
	    .limit = EVENTS_FACET_VALUES,
	    .long_steps = step_of(r) > PIECES_STEP};

	for (int i = 0; i < EVENTS_FACETS; i++)
		ranking_add(&e->rankings[i], v->store, top_field_find(facet_names[i]),
		    r->from, r->to, &wish);
}

static void
add_facets(struct visit *v, struct events *e, const struct filter_sql *condition)
{
	const struct buckets *b = &e->timeline.buckets;

	e->listed_from = v->state.range.to;
	for (int i = b->count - 1; i >= 0 && e->listed < EVENTS_FACET_BUDGET; i--) {
		e->listed += e->timeline.bars[i].all;
		e->listed_from = b->start + i * b->width;
	}
	if (e->listed_from < v->state.range.from)
		e->listed_from = v->state.range.from;
	for (int i = 0; i < EVENTS_FACETS; i++)
		top_add(&e->facets[i], v->store, top_field_find(facet_names[i]),
		    e->listed_from, v->state.range.to, condition, EVENTS_FACET_VALUES);
}

static void
add_lists(struct visit *v, struct events *e, const struct filter_sql *condition,
    unsigned fields)
{
	e->ranked = can_rank(v, e, fields);
	if (e->ranked)
		add_rankings(v, e, condition, fields);
	else
		add_facets(v, e, condition);
}

static void
read_lists(struct visit *v, struct events *e)
{
	for (int i = 0; i < EVENTS_FACETS; i++) {
		if (e->ranked)
			ranking_read(&e->rankings[i], v->store);
		else
			top_read(&e->facets[i], v->store);
	}
}

/* ---- no match */

/* The newest match in a stretch before the range, or the oldest in one after it. */
static int
add_look(struct visit *v, const struct filter_sql *condition, bool before, int64_t from,
    int64_t to)
{
	struct bindings b;
	char *sql = NULL;
	int result;

	if (bindings_begin(&b, from, to, condition) < 0 ||
	    asprintf(&sql,
		"SELECT " STORE_MICROSECONDS("%s(e.ts)") " FROM fwlog.event e "
							 "WHERE " BINDINGS_IN_RANGE
							 " AND (%s)",
		before ? "max" : "min", bindings_condition(condition)) < 0)
		sql = NULL;
	result = store_add(v->store, sql, b.count, b.value);
	free(sql);
	bindings_free(&b);
	return result;
}

/* In growing stretches; when it takes too long, it is not known. */
static void
seek(struct visit *v, struct events *e, const struct filter_sql *condition)
{
	static const int64_t steps[] = {
	    RANGE_DAY, 7 * RANGE_DAY, 60 * RANGE_DAY, RANGE_SPAN_MAX};
	const struct range *r = &v->state.range;
	int64_t from = r->from, to = r->to;
	int before, after;

	store_add(v->store, "SET LOCAL statement_timeout = " SEEK_LIMIT, 0, NULL);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		int64_t start = r->from > steps[i] ? r->from - steps[i] : 0;

		before = add_look(v, condition, true, start, from);
		after = add_look(v, condition, false, to, r->to + steps[i]);
		if (store_run(v->store) != STORE_OK)
			return;
		e->nearest = store_number(v->store, before, 0, 0);
		if (e->nearest == STORE_NONE)
			e->nearest = store_number(v->store, after, 0, 0);
		if (e->nearest != STORE_NONE)
			return;
		from = start;
		to = r->to + steps[i];
	}
	e->sought_all = true;
}

/* ---- all of it */

static int
read_rows(struct visit *v, struct events *e, const struct filter_sql *condition,
    unsigned fields, bool facets)
{
	enum store_status status;

	rows_add(&e->rows, v->store, &v->state, condition, &e->timeline);
	if (facets)
		add_lists(v, e, condition, fields);
	store_end(v->store);
	status = store_run(v->store);
	if (status != STORE_OK)
		return visit_status(v, status);
	rows_read(&e->rows, v->store);
	if (facets)
		read_lists(v, e);
	return 200;
}

static int
read_all(
    struct visit *v, struct events *e, const struct filter_sql *condition, bool facets)
{
	enum store_status status;
	unsigned fields;

	status = rolled_ask(
	    &v->search, v->store, v->state.range.from, v->state.range.to, &fields);
	if (status != STORE_OK)
		return visit_status(v, status);
	/* Rows are read as far back as the counts say: these must be exact. */
	if ((fields & ROLLED_VERDICT) != 0)
		fields = ROLLED_NEVER;
	timeline_add(&e->timeline, v->store, &v->state, condition, fields);
	ledger_add(&e->ledger, v->store, &v->state.range);
	status = store_run(v->store);
	if (status != STORE_OK)
		return visit_status(v, status);
	timeline_read(&e->timeline, v->store);
	if (ledger_read(&e->ledger, v->store) < 0)
		return 500;
	if (e->timeline.sum.all > 0)
		return read_rows(v, e, condition, fields, facets);
	seek(v, e, condition);
	return 200;
}

int
events_read(struct visit *v, struct events *e, bool facets)
{
	struct filter_sql condition = {0};
	int status = visit_store(v, v->settings->timeout_ms);

	*e = (struct events){.nearest = STORE_NONE};
	if (status != 200)
		return status;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	if (status == 200)
		status = read_all(v, e, &condition, facets);
	filter_sql_free(&condition);
	return status;
}

void
events_free(struct events *e)
{
	ledger_free(&e->ledger);
}
