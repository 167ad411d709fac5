/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/timearg.h"

#define SECOND INT64_C(1000000)
#define SLACK (10 * SECOND) /* events of a host are in order of time but for this */

/* ---- where the hosts stand */

static const char marks_sql[] =
    "SELECT m.host_id, h.name, m.next_n - 1, "
    "coalesce((extract(epoch FROM m.newest) * 1000000)::bigint, 0) "
    "FROM fwlog.host_mark m JOIN fwlog.host h ON h.host_id = m.host_id "
    "ORDER BY m.host_id";
enum { C_HOST_ID, C_NAME, C_STORED, C_NEWEST };

static int
compare(const void *key, const void *element)
{
	int32_t a = ((const struct mark *)key)->host_id;
	int32_t b = ((const struct mark *)element)->host_id;

	return (a > b) - (a < b);
}

static int64_t
number(const struct db_rows *rows, int row, int column)
{
	return strtoll(db_rows_get(rows, row, column), NULL, 10);
}

static void
set_floor(struct mark *m)
{
	m->floor = m->newest > SLACK ? m->newest - SLACK : 0;
}

static struct mark
read_mark(const struct marks *m, const struct db_rows *rows, int row)
{
	struct mark fresh = {.host_id = (int32_t)number(rows, row, C_HOST_ID)};
	const struct mark *old =
	    m->count > 0 ? bsearch(&fresh, m->at, m->count, sizeof fresh, compare)
			 : NULL;

	if (old != NULL)
		fresh = *old;
	fresh.stored = number(rows, row, C_STORED);
	fresh.newest = number(rows, row, C_NEWEST);
	snprintf(fresh.name, sizeof fresh.name, "%s", db_rows_get(rows, row, C_NAME));
	if (old == NULL)
		set_floor(&fresh);
	return fresh;
}

int
marks_read(struct marks *m, struct db *db)
{
	struct db_rows *rows = db_query(db, marks_sql, NULL);
	struct mark *fresh;
	size_t n;

	if (rows == NULL)
		return -1;
	n = (size_t)db_rows_count(rows);
	fresh = calloc(n > 0 ? n : 1, sizeof *fresh);
	for (size_t i = 0; fresh != NULL && i < n; i++)
		fresh[i] = read_mark(m, rows, (int)i);
	db_rows_free(rows);
	if (fresh == NULL)
		return -1;
	free(m->at);
	*m = (struct marks){fresh, n};
	return 0;
}

void
marks_skip(struct marks *m)
{
	for (size_t i = 0; i < m->count; i++) {
		m->at[i].read = m->at[i].stored;
		set_floor(&m->at[i]);
	}
}

uint64_t
marks_behind(const struct marks *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		sum += (uint64_t)(m->at[i].stored - m->at[i].read);
	return sum;
}

void
marks_free(struct marks *m)
{
	free(m->at);
	*m = (struct marks){0};
}

/* ---- portions */

static void
take(struct portion *p, struct mark *m, bool limit)
{
	m->until = m->stored;
	if (limit && m->until - m->read > MARKS_PORTION)
		m->until = m->read + MARKS_PORTION;
	p->mark[p->count++] = m;
}

/* The newest event of a host with a backlog is an old one, as a rule. Of others the new
 * ones are probably of now, however long they had been quiet. */
static bool
is_backlog(struct mark *m, int64_t now)
{
	if (m->newest < now - MARKS_LIVE)
		return true;
	if (m->floor < now - MARKS_LIVE)
		m->floor = now - MARKS_LIVE;
	return false;
}

/* A backlog is read by itself: its times would make the database look far back among
 * the events of all hosts. */
int
portion_next(struct portion *p, struct marks *m, int64_t now, bool limit)
{
	struct mark *backlog = NULL;

	*p = (struct portion){.mark = calloc(m->count + 1, sizeof *p->mark)};
	if (p->mark == NULL)
		return -1;
	for (size_t i = 0; i < m->count; i++) {
		struct mark *mark = &m->at[i];

		if (mark->read >= mark->stored)
			continue;
		if (!limit || !is_backlog(mark, now))
			take(p, mark, limit);
		else if (backlog == NULL)
			backlog = mark;
	}
	if (p->count == 0 && backlog != NULL)
		take(p, backlog, limit);
	return 0;
}

/* The floor of a host with more to come must stay: newest is not of this portion. */
void
portion_done(struct portion *p)
{
	for (size_t i = 0; i < p->count; i++) {
		p->mark[i]->read = p->mark[i]->until;
		if (p->mark[i]->read == p->mark[i]->stored)
			set_floor(p->mark[i]);
	}
}

void
portion_free(struct portion *p)
{
	free(p->mark);
	*p = (struct portion){0};
}

/* ---- statements about them */

static void
put_element(const struct mark *m, int param, FILE *out)
{
	char time[TIMEARG_TEXT];

	switch (param) {
	case PORTION_HOSTS:
		fprintf(out, "%" PRId32, m->host_id);
		break;
	case PORTION_AFTER:
		fprintf(out, "%" PRId64, m->read);
		break;
	case PORTION_UNTIL:
		fprintf(out, "%" PRId64, m->until);
		break;
	default:
		timearg_text(m->floor, time);
		fprintf(out, "\"%s\"", time);
	}
}

static char *
array_of(const struct portion *p, int param)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	putc('{', out);
	for (size_t i = 0; i < p->count; i++) {
		if (i > 0)
			putc(',', out);
		put_element(p->mark[i], param, out);
	}
	putc('}', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

int
portion_params(const struct portion *p, struct portion_params *params)
{
	int64_t lowest = INT64_MAX;
	int rc = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->mark[i]->floor < lowest)
			lowest = p->mark[i]->floor;
	*params = (struct portion_params){.text = {malloc(TIMEARG_TEXT)}};
	if (params->text[PORTION_FROM] != NULL)
		timearg_text(lowest, params->text[PORTION_FROM]);
	for (int i = PORTION_FROM + 1; i < PORTION_PARAMS; i++)
		params->text[i] = array_of(p, i);
	for (int i = 0; i < PORTION_PARAMS; i++)
		if (params->text[i] == NULL)
			rc = -1;
	return rc;
}

void
portion_params_free(struct portion_params *params)
{
	for (int i = 0; i < PORTION_PARAMS; i++)
		free(params->text[i]);
}

/* ---- floors */

static struct db_rows *
count_found(const struct portion *p, struct db *db)
{
	char sql[640];
	struct portion_params params;
	const char *values[PORTION_PARAMS];
	struct db_rows *rows = NULL;

	snprintf(sql, sizeof sql,
	    "SELECT e.host_id, count(*) FROM fwlog.event e" PORTION_JOIN
	    " WHERE e.ts >= $1::timestamptz GROUP BY e.host_id",
	    PORTION_HOSTS + 1, PORTION_AFTER + 1, PORTION_UNTIL + 1,
	    PORTION_FLOORS + 1);
	if (portion_params(p, &params) == 0) {
		for (int i = 0; i < PORTION_PARAMS; i++)
			values[i] = params.text[i];
		rows = db_query_params(db, sql, values, PORTION_PARAMS);
	}
	portion_params_free(&params);
	return rows;
}

static int64_t
found_of(const struct db_rows *rows, const struct mark *m)
{
	for (int i = 0; i < db_rows_count(rows); i++)
		if (number(rows, i, 0) == m->host_id)
			return number(rows, i, 1);
	return 0;
}

/* Where the floor goes when events lie below it: further down with each step. */
static int64_t
lower(const struct mark *m, int step)
{
	static const int64_t back[] = {600 * SECOND, 86400 * SECOND};
	int64_t way =
	    step < (int)(sizeof back / sizeof back[0]) ? back[step] : INT64_MAX;

	return m->floor > way ? m->floor - way : 0;
}

int
portion_settle(struct portion *p, struct db *db)
{
	bool complete = false;
	struct db_rows *rows;

	for (int step = 0; !complete; step++) {
		rows = count_found(p, db);
		if (rows == NULL)
			return -1;
		complete = true;
		for (size_t i = 0; i < p->count; i++) {
			struct mark *m = p->mark[i];

			if (found_of(rows, m) >= m->until - m->read || m->floor == 0)
				continue;
			m->floor = lower(m, step);
			complete = false;
		}
		db_rows_free(rows);
	}
	return 0;
}
