/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/rows.h"

#include <inttypes.h>
#include <stdlib.h>

#define HOST_ID_COLUMN ROW_COLUMN_COUNT /* behind those of row_select */

/* What is read: a stretch of the range, from one end. */
struct scan {
	bool newest_first;
	bool cut; /* it begins behind a row */
	int64_t from, to;
};

/* Bars are added from the end where the page begins, until they hold enough. */
static void
narrow_by(struct scan *scan, const struct timeline *tl, uint64_t wanted)
{
	const struct buckets *b = &tl->buckets;
	uint64_t sum = 0;

	for (int k = 0; k < b->count; k++) {
		int i = scan->newest_first ? b->count - 1 - k : k;
		int64_t start = b->start + i * b->width, end = start + b->width;

		/* One that is cut may hold nothing on this side of the cut. */
		if (scan->cut && (end > scan->to || start < scan->from))
			continue;
		sum += tl->bars[i].all;
		if (sum < wanted)
			continue;
		if (scan->newest_first && start > scan->from)
			scan->from = start;
		else if (!scan->newest_first && end < scan->to)
			scan->to = end;
		return;
	}
}

static struct scan
scan_of(const struct state *st, const struct timeline *tl)
{
	struct scan scan = {
	    .newest_first = st->oldest_first == (st->turn == TURN_BEFORE),
	    .cut = st->turn != TURN_NONE,
	    .from = st->range.from,
	    .to = st->range.to,
	};

	if (scan.cut && scan.newest_first && st->cursor.ts < scan.to)
		scan.to = st->cursor.ts + 1;
	if (scan.cut && !scan.newest_first && st->cursor.ts > scan.from)
		scan.from = st->cursor.ts;
	/* The oldest that roll-ups count may be gone. */
	if (tl != NULL && (scan.newest_first || !tl->rolled))
		narrow_by(&scan, tl, (uint64_t)st->n + 1);
	return scan;
}

static char *
page_sql(const struct state *st, const struct scan *scan,
    const struct filter_sql *condition, int first)
{
	const char *way = scan->newest_first ? "DESC" : "";
	char *text, key[128] = "";

	if (st->turn != TURN_NONE)
		snprintf(key, sizeof key,
		    " AND (e.ts, e.host_id, e.n) %s ($%d::timestamptz, $%d::int, "
		    "$%d::bigint)",
		    scan->newest_first ? "<" : ">", first, first + 1, first + 2);
	/* Names are looked up for the rows of the page alone. */
	if (asprintf(&text,
		"SELECT %s FROM (SELECT * FROM fwlog.event e WHERE " BINDINGS_IN_RANGE
		" AND (%s)%s ORDER BY e.ts %s, e.host_id %s, e.n %s LIMIT %d) "
		"%s ORDER BY e.ts %s, e.host_id %s, e.n %s",
		row_select, bindings_condition(condition), key, way, way, way,
		st->n + 1, row_from + sizeof "fwlog.event" - 1, way, way, way) < 0)
		return NULL;
	return text;
}

void
rows_add(struct rows *r, struct store *s, const struct state *st,
    const struct filter_sql *condition, const struct timeline *tl)
{
	struct scan scan = scan_of(st, tl);
	char ts[RANGE_TIME_TEXT], host[16], n[24], *sql = NULL;
	struct bindings b;

	*r = (struct rows){.turned = scan.newest_first == st->oldest_first,
	    .turn = st->turn,
	    .limit = st->n};
	range_time_text(st->cursor.ts, ts);
	snprintf(host, sizeof host, "%" PRId32, st->cursor.host_id);
	snprintf(n, sizeof n, "%" PRId64, st->cursor.n);
	if (bindings_begin(&b, scan.from, scan.to, condition) == 0) {
		sql = page_sql(st, &scan, condition, b.count + 1);
		if (st->turn != TURN_NONE) {
			bindings_add(&b, ts);
			bindings_add(&b, host);
			bindings_add(&b, n);
		}
	}
	r->result = store_add(s, sql, b.count, b.value);
	free(sql);
	bindings_free(&b);
}

void
rows_read(struct rows *r, const struct store *s)
{
	int rows = store_rows(s, r->result);
	bool more = rows > r->limit;

	r->count = more ? r->limit : rows;
	r->earlier = r->turn == TURN_AFTER || (r->turn == TURN_BEFORE && more);
	r->further = r->turn == TURN_BEFORE || more;
}

static int
index_of(const struct rows *r, int i)
{
	return r->turned ? r->count - 1 - i : i;
}

void
rows_get(const struct rows *r, const struct store *s, int i, struct row *row)
{
	row_take(s, r->result, index_of(r, i), row);
}

struct cursor
rows_cursor(const struct rows *r, const struct store *s, int i)
{
	return row_cursor(s, r->result, index_of(r, i));
}

void
row_take(const struct store *s, int result, int i, struct row *row)
{
	for (int c = 0; c < ROW_COLUMN_COUNT; c++)
		row->value[c] =
		    store_null(s, result, i, c) ? NULL : store_text(s, result, i, c);
	row->ts_us = store_number(s, result, i, ROW_I_time);
}

struct cursor
row_cursor(const struct store *s, int result, int i)
{
	return (struct cursor){
	    .ts = store_number(s, result, i, ROW_I_time),
	    .host_id = (int32_t)store_number(s, result, i, HOST_ID_COLUMN),
	    .n = store_number(s, result, i, ROW_I_n),
	};
}
