/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/bindings.h"

#define GAPS_MAX "1000"
#define MINUTE (60 * RANGE_SECOND)
/* Shorter ranges are counted event by event. */
#define ROLLED_SPAN RANGE_HOUR

/*
 * What the prefix map says, span by span: joined by the time of each event, since a
 * verdict may change within a bar. What is said of one host goes first.
 */
#define SPANS                                                                \
	"WITH v AS MATERIALIZED (SELECT prefix_id, coalesce(host_id, 0) AS " \
	"host_id, coalesce(valid_from, '-infinity') AS since, "              \
	"coalesce(valid_to, 'infinity') AS until, verdict "                  \
	"FROM fwlog.prefix_verdict) "
#define SPANS_OF                                                           \
	" LEFT JOIN v vh ON vh.prefix_id = e.prefix_id AND vh.host_id = "  \
	"e.host_id AND e.ts >= vh.since AND e.ts < vh.until "              \
	"LEFT JOIN v va ON va.prefix_id = e.prefix_id AND va.host_id = 0 " \
	"AND e.ts >= va.since AND e.ts < va.until"

/* How the events are split: what each has, and its name. */
static const struct {
	const char *with, *key, *join, *name, *from;
} ways[] = {
    [BY_VERDICT] = {SPANS,
	"CASE coalesce(vh.verdict, va.verdict) WHEN 'drop' THEN 0 "
	"WHEN 'reject' THEN 0 WHEN 'accept' THEN 1 ELSE 2 END",
	SPANS_OF, "c.key::text", ""},
    [BY_HOST] = {"", "e.host_id", "", "h.name",
	" LEFT JOIN fwlog.host h ON h.host_id = c.key"},
    [BY_PREFIX] = {"", "e.prefix_id", "", "coalesce(p.prefix, '')",
	" LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = c.key"},
    [BY_PROTO] = {"", "e.proto", "", "coalesce(fwlog.protocol_name(c.key), '')", ""},
};

static char *
counts_sql(enum state_by by, const struct filter_sql *condition, int width)
{
	char *text;

	if (asprintf(&text,
		"%sSELECT c.bucket, %s, c.n FROM (SELECT "
		"floor(date_part('epoch', e.ts) / $%d::bigint)::bigint AS bucket, "
		"%s AS key, count(*) AS n FROM fwlog.event e%s "
		"WHERE " BINDINGS_IN_RANGE " AND (%s) GROUP BY 1, 2) c%s",
		ways[by].with, ways[by].name, width, ways[by].key, ways[by].join,
		bindings_condition(condition), ways[by].from) < 0)
		return NULL;
	return text;
}

static const char gaps_sql[] =
    "SELECT " STORE_MICROSECONDS("from_time") ", " STORE_MICROSECONDS(
	"to_time") " FROM fwlog.loss_full WHERE from_time < $2::timestamptz AND "
		   "to_time >= $1::timestamptz AND cause NOT IN ('filtered', "
		   "'rate_limited') "
		   "ORDER BY from_time LIMIT " GAPS_MAX;

static const char alerts_sql[] = "SELECT " STORE_MICROSECONDS(
    "fired") ", title FROM fwlog.alert_full WHERE fired >= "
	     "$1::timestamptz AND fired < $2::timestamptz ORDER BY level_number DESC, "
	     "fired "
	     "LIMIT " GAPS_MAX;

/* Roll-ups have the verdict of their rows' first moment. */
#define VERDICT_KEY                                                             \
	"CASE e.verdict WHEN 'drop' THEN 0 WHEN 'reject' THEN 0 WHEN 'accept' " \
	"THEN 1 ELSE 2 END"

static void
add_rolled(struct timeline *t, struct store *s, const struct piece *p,
    const struct filter_sql *condition)
{
	char width[24], *sql = NULL, *text = rolled_condition(condition, p);
	struct bindings b;

	snprintf(width, sizeof width, "%" PRId64, t->buckets.width / RANGE_SECOND);
	if (bindings_begin(&b, p->from, p->to, condition) < 0 || text == NULL ||
	    asprintf(&sql,
		"SELECT c.bucket, %s, c.n FROM (SELECT "
		"floor(date_part('epoch', e.ts) / $%d::bigint)::bigint AS bucket, "
		"%s AS key, sum(e.events) AS n FROM %s WHERE " BINDINGS_IN_RANGE
		" AND (%s) GROUP BY 1, 2) c%s",
		ways[t->by].name, bindings_add(&b, width),
		t->by == BY_VERDICT ? VERDICT_KEY : ways[t->by].key, p->source->from,
		text, ways[t->by].from) < 0)
		sql = NULL;
	store_add(s, sql, b.count, b.value);
	t->results++;
	free(sql);
	free(text);
	bindings_free(&b);
}

static void
add_counted(struct timeline *t, struct store *s, int64_t from, int64_t to,
    const struct filter_sql *condition)
{
	char text[24], *sql = NULL;
	struct bindings b;

	snprintf(text, sizeof text, "%" PRId64, t->buckets.width / RANGE_SECOND);
	if (bindings_begin(&b, from, to, condition) == 0)
		sql = counts_sql(t->by, condition, bindings_add(&b, text));
	store_add(s, sql, b.count, b.value);
	t->results++;
	free(sql);
	bindings_free(&b);
}

/* Whole minutes or hours from the roll-ups, what is cut at the ends from the events. */
static struct pieces
cut(const struct timeline *t, const struct range *r, unsigned fields)
{
	static const unsigned split[] = {
	    [BY_VERDICT] = ROLLED_VERDICT,
	    [BY_HOST] = ROLLED_HOST,
	    [BY_PREFIX] = ROLLED_PREFIX,
	    [BY_PROTO] = ROLLED_PROTO,
	};
	int64_t step = t->buckets.width % RANGE_HOUR == 0 ? RANGE_HOUR
		       : t->buckets.width % MINUTE == 0   ? MINUTE
							  : 0;

	if (r->to - r->from < ROLLED_SPAN)
		step = 0;
	return pieces_cut(fields | split[t->by], step, r->from, r->to);
}

void
timeline_add(struct timeline *t, struct store *s, const struct state *st,
    const struct filter_sql *condition, unsigned fields)
{
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	const char *const params[] = {from, to};
	struct pieces p;

	*t = (struct timeline){
	    .buckets = range_buckets(&st->range, st->bucket), .by = st->by};
	range_time_text(st->range.from, from);
	range_time_text(st->range.to, to);
	t->result = store_next(s);
	p = cut(t, &st->range, fields);
	for (int i = 0; i < p.count; i++) {
		t->rolled |= p.at[i].source->step > 0;
		if (p.at[i].source->step > 0)
			add_rolled(t, s, &p.at[i], condition);
		else
			add_counted(t, s, p.at[i].from, p.at[i].to, condition);
	}
	store_add(s, gaps_sql, 2, params);
	store_add(s, alerts_sql, 2, params);
}

/* ---- reading */

static int
split_of(const struct timeline *t, const char *name)
{
	for (int i = 0; i < t->splits - 1; i++)
		if (strcmp(t->name[i], name) == 0)
			return i;
	return t->splits - 1;
}

/* The most frequent names, so that they stand at the ground; the rest is one. */
struct total {
	const char *name;
	uint64_t n;
};

static int
more_first(const void *a, const void *b)
{
	const struct total *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int
by_name(const void *a, const void *b)
{
	const struct total *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The totals of equal names beside each other become one; how many are left. */
static int
add_up(struct total *totals, int n)
{
	int kept = 0;

	qsort(totals, (size_t)n, sizeof *totals, by_name);
	for (int i = 0; i < n; i++) {
		if (kept > 0 && strcmp(totals[kept - 1].name, totals[i].name) == 0)
			totals[kept - 1].n += totals[i].n;
		else
			totals[kept++] = totals[i];
	}
	return kept;
}

/* Of all results, with what each says. */
static int
read_totals(const struct timeline *t, const struct store *s, struct total **totals)
{
	int rows = 0, n = 0;

	for (int r = t->result; r < t->result + t->results; r++)
		rows += store_rows(s, r);
	*totals = calloc((size_t)rows + 1, sizeof **totals);
	if (*totals == NULL)
		return 0;
	for (int r = t->result; r < t->result + t->results; r++)
		for (int i = 0; i < store_rows(s, r); i++)
			(*totals)[n++] = (struct total){
			    store_text(s, r, i, 1), store_count(s, r, i, 2)};
	return add_up(*totals, n);
}

static void
read_names(struct timeline *t, const struct store *s)
{
	struct total *totals;
	int n = read_totals(t, s, &totals);

	t->splits = 0;
	if (totals == NULL)
		return;
	qsort(totals, (size_t)n, sizeof *totals, more_first);
	for (int i = 0; i < n && i < TIMELINE_SPLITS - 1; i++)
		t->name[t->splits++] = totals[i].name;
	t->name[t->splits++] = n > TIMELINE_SPLITS - 1 ? "others" : "";
	free(totals);
}

static void
tally_add(struct tally *t, int split, uint64_t n)
{
	t->all += n;
	t->of[split] += n;
}

static void
read_counts(struct timeline *t, const struct store *s, int r)
{
	for (int i = 0; i < store_rows(s, r); i++) {
		const char *name = store_text(s, r, i, 1);
		int split = t->by == BY_VERDICT ? atoi(name) : split_of(t, name);
		int64_t at = store_number(s, r, i, 0) * t->buckets.width;
		int bar = range_bucket_of(&t->buckets, at);
		uint64_t n = store_count(s, r, i, 2);

		if (bar >= 0)
			tally_add(&t->bars[bar], split, n);
		tally_add(&t->sum, split, n);
	}
}

static void
read_gaps(struct timeline *t, const struct store *s)
{
	const struct buckets *b = &t->buckets;
	int r = t->result + t->results;

	for (int i = 0; i < store_rows(s, r); i++) {
		int64_t from = store_number(s, r, i, 0), to = store_number(s, r, i, 1);

		for (int bar = 0; bar < b->count; bar++) {
			int64_t at = b->start + bar * b->width;

			t->gap[bar] |= from < at + b->width && to >= at;
		}
	}
}

/* The gravest come first. */
static void
read_alerts(struct timeline *t, const struct store *s)
{
	int r = t->result + t->results + 1;

	for (int i = 0; i < store_rows(s, r); i++) {
		int bar = range_bucket_of(&t->buckets, store_number(s, r, i, 0));

		if (bar >= 0 && t->alerts[bar]++ == 0)
			t->alert[bar] = store_text(s, r, i, 1);
	}
}

void
timeline_read(struct timeline *t, const struct store *s)
{
	static const char *const fates[] = {"denied", "accepted", "without a verdict"};

	if (t->by == BY_VERDICT) {
		t->splits = FATES;
		for (int i = 0; i < FATES; i++)
			t->name[i] = fates[i];
	} else {
		read_names(t, s);
	}
	for (int i = 0; t->splits > 0 && i < t->results; i++)
		read_counts(t, s, t->result + i);
	read_gaps(t, s);
	read_alerts(t, s);
}
