/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/select.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/interrupt.h"
#include "ctl/progress.h"

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define SLICES_MAX 256    /* an empty range of years has no more, nearly */
#define SLICE_ROWS 100000 /* a slice with more makes the next one shorter */

/* The whole range and the slice of it that is read. */
struct slices {
	int64_t from, to;
	int64_t at; /* the edge that moves */
	int64_t width, widest;
};

struct run {
	struct query *q;
	const struct select *s;
	struct progress progress;
	struct slices slices;
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT]; /* parameters of the slice */
};

/* ---- slices */

static void
slices_begin(struct slices *s, const struct query *q, bool newest)
{
	s->from = q->from;
	s->to = q->to;
	s->at = newest ? s->to : s->from;
	s->width = HOUR;
	s->widest = (s->to - s->from) / SLICES_MAX;
	if (s->widest < DAY)
		s->widest = DAY;
}

/* As many rows as the last slice had, so wide is the next one. */
static void
slices_adapt(struct slices *s, uint64_t rows)
{
	if (rows == 0 && s->width * 2 <= s->widest)
		s->width *= 2;
	else if (rows > SLICE_ROWS && s->width / 2 >= MINUTE)
		s->width /= 2;
}

static int64_t
slice_end(const struct slices *s)
{
	return s->to - s->at > s->width ? s->at + s->width : s->to;
}

static void
set_slice(struct run *r, int64_t from, int64_t to)
{
	timearg_text(from, r->from);
	timearg_text(to, r->to);
	r->q->params[0] = r->from;
	r->q->params[1] = r->to;
}

/* ---- statements */

/* What select asks for in a slice, without an order. */
#define SELECT_FORM "SELECT %s FROM %s WHERE " QUERY_IN_RANGE " AND (%s)"
#define SELECT_WORDS(r) (r)->s->columns, (r)->s->from, (r)->q->sql.text

static char *
all_in_order(const struct run *r)
{
	char *text;

	if (asprintf(&text, SELECT_FORM " ORDER BY e.ts, e.host_id, e.n",
		SELECT_WORDS(r)) >= 0)
		return text;
	fputs("fwlogctl: out of memory\n", stderr);
	return NULL;
}

static char *
newest_in_order(const struct run *r, unsigned long limit)
{
	char *text;

	if (asprintf(&text,
		"SELECT * FROM (" SELECT_FORM
		" ORDER BY e.ts DESC, e.host_id DESC, e.n DESC LIMIT %lu) newest"
		" ORDER BY time, host_id, n",
		SELECT_WORDS(r), limit) >= 0)
		return text;
	fputs("fwlogctl: out of memory\n", stderr);
	return NULL;
}

/* ---- all, oldest first */

/* Rows of the open cursor, or -1. */
static int64_t
read_cursor(struct run *r)
{
	struct slices *s = &r->slices;
	struct db_rows *rows;
	int64_t sum = 0;
	int n, rc = 0;

	do {
		rows = db_cursor_fetch(r->q->db);
		if (rows == NULL) {
			query_failed(r->q);
			return -1;
		}
		n = db_rows_count(rows);
		if (n > 0)
			rc = r->s->take(r->s->arg, rows);
		progress_tell(&r->progress, n, s->at - s->from, s->to - s->from);
		db_rows_free(rows);
		sum += n;
		if (interrupt_came())
			return -1;
	} while (n == DB_FETCH_ROWS && rc == 0);
	return rc == 0 ? sum : -1;
}

static int
read_slice(struct run *r, const char *text)
{
	struct slices *s = &r->slices;
	int64_t end = slice_end(s), rows;

	set_slice(r, s->at, end);
	if (db_cursor_open(r->q->db, text, r->q->params, r->q->nparams) < 0) {
		query_failed(r->q);
		return -1;
	}
	rows = read_cursor(r);
	if (rows < 0)
		return -1;
	if (db_cursor_close(r->q->db) < 0) {
		query_failed(r->q);
		return -1;
	}
	s->at = end;
	slices_adapt(s, (uint64_t)rows);
	return 0;
}

/* Is there anything from there on in the width of a slice? 1, 0, or -1. */
static int
look_ahead(struct run *r, int64_t end)
{
	char *text, found[2];
	int rc;

	if (asprintf(&text,
		"SELECT EXISTS (SELECT 1 FROM fwlog.event e WHERE " QUERY_IN_RANGE
		" AND (%s))",
		r->q->sql.text) < 0) {
		fputs("fwlogctl: out of memory\n", stderr);
		return -1;
	}
	set_slice(r, r->slices.at, end);
	rc = db_value_params(
	    r->q->db, text, r->q->params, r->q->nparams, found, sizeof found);
	free(text);
	if (rc < 0)
		query_failed(r->q);
	return rc < 0 ? -1 : found[0] == 't';
}

/*
 * Over a stretch where nothing is, in growing steps; a step that would reach something
 * is halved, so that what is read in one go is never wider than an hour.
 */
static int
step_over(struct run *r)
{
	struct slices *s = &r->slices;
	int64_t end = slice_end(s);
	int found = look_ahead(r, end);

	if (found > 0) {
		s->width /= 2;
	} else if (found == 0) {
		s->at = end;
		slices_adapt(s, 0);
	}
	progress_tell(&r->progress, 0, s->at - s->from, s->to - s->from);
	return found < 0 ? -1 : 0;
}

static int
read_all(struct run *r)
{
	char *text = all_in_order(r);
	int rc = text != NULL ? 0 : -1;

	slices_begin(&r->slices, r->q, false);
	while (rc == 0 && r->slices.at < r->slices.to)
		rc = r->slices.width > HOUR ? step_over(r) : read_slice(r, text);
	free(text);
	return rc;
}

/* ---- the newest: slices from the end of the range backwards */

struct portion {
	struct portion *newer;
	struct db_rows *rows;
};

/* Rows of the slice before those there are, or -1. */
static int
push_slice(struct run *r, struct portion **oldest, unsigned long left)
{
	struct slices *s = &r->slices;
	int64_t begin = s->at - s->from > s->width ? s->at - s->width : s->from;
	struct portion *p = calloc(1, sizeof *p);
	char *text = newest_in_order(r, left);
	int n;

	if (p == NULL || text == NULL) {
		free(p);
		free(text);
		return -1;
	}
	set_slice(r, begin, s->at);
	*p = (struct portion){
	    *oldest, db_query_params(r->q->db, text, r->q->params, r->q->nparams)};
	*oldest = p;
	free(text);
	if (p->rows == NULL) {
		query_failed(r->q);
		return -1;
	}
	s->at = begin;
	n = db_rows_count(p->rows);
	slices_adapt(s, (uint64_t)n);
	progress_tell(&r->progress, n, s->to - s->at, s->to - s->from);
	return n;
}

static int
read_newest(struct run *r)
{
	struct portion *oldest = NULL, *p;
	unsigned long left = r->s->limit;
	int n = 0, rc;

	slices_begin(&r->slices, r->q, true);
	while (n >= 0 && left > 0 && r->slices.at > r->slices.from) {
		n = push_slice(r, &oldest, left);
		left -= n > 0 ? (unsigned long)n : 0;
	}
	rc = n < 0 ? -1 : 0;
	while ((p = oldest) != NULL) {
		oldest = p->newer;
		if (rc == 0 && db_rows_count(p->rows) > 0)
			rc = r->s->take(r->s->arg, p->rows);
		db_rows_free(p->rows);
		free(p);
	}
	return rc;
}

int
select_run(struct query *q, const struct select *s)
{
	struct run r = {.q = q, .s = s};
	int rc = db_exec(q->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

	if (rc < 0) {
		query_failed(q);
		return -1;
	}
	progress_begin(&r.progress, q->args->quiet);
	rc = s->limit > 0 ? read_newest(&r) : read_all(&r);
	progress_end(&r.progress);
	q->params[0] = q->from_text;
	q->params[1] = q->to_text;
	if (rc == 0 && db_exec(q->db, "COMMIT") < 0) {
		query_failed(q);
		rc = -1;
	}
	return rc;
}
