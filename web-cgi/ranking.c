/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/ranking.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	C_VALUE,
	C_COUNT,
	C_DISTINCT,
	C_FIRST,
	C_LAST,
	C_ALL,
	C_REST,
	C_BEFORE,
	C_VAGUE,
	C_BARS
};

/* ---- the query */

/* key, first, last, and with bars the bar of a row. */
static char *
now_part(
    const struct ranking *r, const struct pieces *p, const struct ranking_wish *wish)
{
	char *columns, *sql = NULL;
	int64_t width = (r->to - r->from + RANKING_BARS - 1) / RANKING_BARS;
	const char *bar = "0";
	char text[160];

	if (wish->bars) {
		snprintf(text, sizeof text,
		    "floor((extract(epoch FROM e.ts) * 1000000 - %" PRId64
		    ") / %" PRId64 ")::int",
		    r->from, width);
		bar = text;
	}
	if (asprintf(&columns,
		"%s AS key, %s AS bar, min(e.ts) AS first, max(e.ts) AS last",
		r->field->key, bar) < 0)
		return NULL;
	sql = pieces_sql(p, columns, 3, wish->condition);
	free(columns);
	return sql;
}

/* When it was first and last there, and its bars, need hours; counts over a long range
 * do not. */
static int64_t
step_of(const struct ranking_wish *wish)
{
	return wish->long_steps ? RANGE_DAY : PIECES_STEP;
}

/* The same values in the range before; nothing when nobody asks. */
static char *
before_part(const struct ranking *r, const struct ranking_wish *wish)
{
	int64_t span = r->to - r->from, from = r->from - span > 0 ? r->from - span : 0;
	struct pieces p = pieces_cut(
	    wish->fields | rolled_field(r->field->name), step_of(wish), from, r->from);
	char *columns, *sql;

	if (!wish->compare)
		return strdup("SELECT is_rest, key, n FROM part WHERE false");
	if (asprintf(&columns, "%s AS key", r->field->key) < 0)
		return NULL;
	sql = pieces_sql(&p, columns, 2, wish->condition);
	free(columns);
	return sql;
}

static const char ranking_sql[] =
    "WITH span AS (SELECT $1::timestamptz, $2::timestamptz), "
    "part AS MATERIALIZED (%s), "
    "total AS (SELECT coalesce(sum(n), 0) AS n, "
    "coalesce(sum(n) FILTER (WHERE is_rest), 0) AS rest FROM part), "
    "ranking AS MATERIALIZED (SELECT key, sum(n) AS n, min(first) AS first, max(last) "
    "AS last, count(*) OVER () AS distinct_values FROM part WHERE NOT is_rest "
    "GROUP BY key ORDER BY 2 DESC, 1 LIMIT %d OFFSET %d), "
    "past AS MATERIALIZED (SELECT * FROM (%s) q WHERE is_rest OR key IS NULL OR "
    "key IN (SELECT key FROM ranking)), "
    "before AS (SELECT key, sum(n) AS n FROM past WHERE NOT is_rest GROUP BY key), "
    "bars AS (SELECT key, string_agg(bar || ':' || n, ' ' ORDER BY bar) AS text FROM ("
    "SELECT key, bar, sum(n) AS n FROM part WHERE %s AND NOT is_rest AND key IN ("
    "SELECT key FROM ranking) GROUP BY 1, 2) b GROUP BY 1) "
    "SELECT coalesce(%s, ''), t.n, t.distinct_values, " STORE_MICROSECONDS(
	"t.first") ", " STORE_MICROSECONDS("t.last") ", (SELECT n FROM total), "
						     "(SELECT rest FROM total), "
						     "coalesce(b.n, 0), "
						     "EXISTS (SELECT FROM past WHERE "
						     "is_rest), s.text "
						     "FROM ranking t LEFT JOIN before "
						     "b ON b.key = t.key OR (b.key IS "
						     "NULL AND t.key IS "
						     "NULL) LEFT JOIN bars s ON s.key "
						     "= t.key%s ORDER BY t.n DESC, "
						     "t.key";

static char *
make_sql(
    const struct ranking *r, const struct pieces *p, const struct ranking_wish *wish)
{
	char *now = now_part(r, p, wish), *before = before_part(r, wish), *sql = NULL;

	if (now != NULL && before != NULL &&
	    asprintf(&sql, ranking_sql, now, wish->limit, wish->offset, before,
		wish->bars ? "true" : "false", r->field->value, r->field->join) < 0)
		sql = NULL;
	free(now);
	free(before);
	return sql;
}

/* Whole hours, when that leaves nothing to be read event by event. */
static void
widen(struct ranking *r, unsigned fields)
{
	int64_t from = r->from / RANGE_HOUR * RANGE_HOUR;
	int64_t to = (r->to + RANGE_HOUR - 1) / RANGE_HOUR * RANGE_HOUR;

	if (pieces_cut(fields, PIECES_STEP, from, to).by_events > 0)
		return;
	r->wider = from < r->from || to > r->to;
	r->from = from;
	r->to = to;
}

void
ranking_add(struct ranking *r, struct store *s, const struct top_field *field,
    int64_t from, int64_t to, const struct ranking_wish *wish)
{
	unsigned fields = wish->fields | rolled_field(field->name);
	struct pieces p;
	struct bindings b;
	char *sql = NULL;

	*r = (struct ranking){
	    .field = field, .from = from, .to = to, .judged = wish->compare};
	if (wish->may_widen)
		widen(r, fields);
	p = pieces_cut(fields, step_of(wish), r->from, r->to);
	if (bindings_begin(&b, r->from, r->to, wish->condition) == 0)
		sql = make_sql(r, &p, wish);
	r->result = store_add(s, sql, b.count, b.value);
	free(sql);
	bindings_free(&b);
}

/* ---- the answer */

void
ranking_read(struct ranking *r, const struct store *s)
{
	r->count = store_rows(s, r->result);
	if (r->count == 0)
		return;
	r->distinct = store_count(s, r->result, 0, C_DISTINCT);
	r->all = store_count(s, r->result, 0, C_ALL);
	r->rest = store_count(s, r->result, 0, C_REST);
	/* What has no row of its own may have been among the rest before. */
	r->judged &= store_text(s, r->result, 0, C_VAGUE)[0] == 'f';
}

const char *
ranking_value(const struct ranking *r, const struct store *s, int i)
{
	return store_text(s, r->result, i, C_VALUE);
}

uint64_t
ranking_count(const struct ranking *r, const struct store *s, int i)
{
	return store_count(s, r->result, i, C_COUNT);
}

uint64_t
ranking_before(const struct ranking *r, const struct store *s, int i)
{
	return store_count(s, r->result, i, C_BEFORE);
}

int64_t
ranking_first(const struct ranking *r, const struct store *s, int i)
{
	return store_number(s, r->result, i, C_FIRST);
}

int64_t
ranking_last(const struct ranking *r, const struct store *s, int i)
{
	return store_number(s, r->result, i, C_LAST);
}

bool
ranking_is_new(const struct ranking *r, const struct store *s, int i)
{
	return r->judged && ranking_before(r, s, i) == 0;
}

const char *
ranking_bars(const struct ranking *r, const struct store *s, int i)
{
	return store_text(s, r->result, i, C_BARS);
}
