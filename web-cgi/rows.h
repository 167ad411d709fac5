/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page of events. Rows are ordered by (time, host, number), which no two share, and a
 * page begins behind a row, not at a count: nothing comes twice or is left out while
 * others arrive.
 */
#ifndef FWLOG_WEB_ROWS_H
#define FWLOG_WEB_ROWS_H

#include "common/row.h"
#include "web-cgi/bindings.h"
#include "web-cgi/state.h"
#include "web-cgi/store.h"
#include "web-cgi/timeline.h"

struct rows {
	int result;
	int count;
	bool turned;           /* the store has them in the opposite order */
	bool earlier, further; /* there are rows before the first, after the last */
	enum state_turn turn;
	int limit;
};

/*
 * Adds the query for the page the state asks for, in its range; tl (or NULL): how many
 * there are when, so that no more is read than a page needs. rows_read after store_run.
 */
void rows_add(struct rows *r, struct store *s, const struct state *st,
    const struct filter_sql *condition, const struct timeline *tl);
void rows_read(struct rows *r, const struct store *s);

/* The i-th in the order of the page; strings live as long as the store. */
void rows_get(const struct rows *r, const struct store *s, int i, struct row *row);
struct cursor rows_cursor(const struct rows *r, const struct store *s, int i);

/* Row of any result whose query selects row_select. */
void row_take(const struct store *s, int result, int i, struct row *row);
struct cursor row_cursor(const struct store *s, int result, int i);

#endif
