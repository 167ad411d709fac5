/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "ctl/group.h"
#include "ctl/query.h"

#define LIMIT_DEFAULT 10
#define LIMIT_MAX 1000000
#define NONE "(none)" /* events without the field */

/* Columns of a statement of group_statement. */
enum { C_VALUE, C_EVENTS, C_VALUES, C_ALL };

/* A field and how its values were counted. */
struct answer {
	const char *field;
	const struct db_rows *rows;
	uint64_t all; /* events the filter selects */
	bool share;   /* top tells it, count does not */
};

static uint64_t
number(const struct db_rows *rows, int row, int column)
{
	return strtoull(db_rows_get(rows, row, column), NULL, 10);
}

static double
share(const struct answer *a, int row)
{
	return a->all > 0
		   ? (double)number(a->rows, row, C_EVENTS) * 100 / (double)a->all
		   : 0;
}

/* ---- for people */

static const char *
value_of(const struct answer *a, int row)
{
	return db_rows_null(a->rows, row, C_VALUE) ? NONE
						   : db_rows_get(a->rows, row, C_VALUE);
}

static void
print_table(const struct answer *a, bool quiet)
{
	int wide = (int)strlen(a->field), n = db_rows_count(a->rows), taken;

	for (int i = 0; i < n; i++) {
		taken = text_plain(value_of(a, i), NULL);
		wide = taken > wide ? taken : wide;
	}
	printf("%-*s  %12s%s\n", wide, a->field, "events", a->share ? "   share" : "");
	for (int i = 0; i < n; i++) {
		taken = text_plain(value_of(a, i), stdout);
		printf(
		    "%*s  %12s", wide - taken, "", db_rows_get(a->rows, i, C_EVENTS));
		if (a->share)
			printf("  %4.1f %%", share(a, i));
		putchar('\n');
	}
	if (a->share && !quiet)
		fprintf(stderr, "fwlogctl: %d of %s values, %llu events in all\n", n,
		    db_rows_get(a->rows, 0, C_VALUES), (unsigned long long)a->all);
}

/* ---- JSON */

static void
print_range(const struct query *q)
{
	printf("{\"from\":\"%s\",\"to\":\"%s\",\"events\":", q->from_text, q->to_text);
}

static void
print_json(const struct query *q, const struct answer *a)
{
	int n = db_rows_count(a->rows);

	print_range(q);
	printf("%llu,\"field\":", (unsigned long long)a->all);
	text_json(a->field, stdout);
	printf(",\"distinct\":%s,\"values\":[",
	    n > 0 ? db_rows_get(a->rows, 0, C_VALUES) : "0");
	for (int i = 0; i < n; i++) {
		fputs(i > 0 ? ",\n {\"value\":" : "\n {\"value\":", stdout);
		if (db_rows_null(a->rows, i, C_VALUE))
			fputs("null", stdout);
		else
			text_json(db_rows_get(a->rows, i, C_VALUE), stdout);
		printf(",\"events\":%s,\"share\":%.4f}",
		    db_rows_get(a->rows, i, C_EVENTS), share(a, i) / 100);
	}
	puts("]}");
}

/* ---- the commands */

/* Statement with the filter's condition in the place of where. */
static struct db_rows *
ask(struct query *q, const struct group *g, unsigned long limit)
{
	char *where, *text = NULL;
	struct db_rows *rows = NULL;

	if (asprintf(&where, QUERY_IN_RANGE " AND (%s)", q->sql.text) < 0)
		where = NULL;
	else if (g != NULL)
		text = group_statement(g, where, limit);
	else if (asprintf(&text, "SELECT count(*) FROM fwlog.event e WHERE %s", where) <
		 0)
		text = NULL;
	free(where);
	if (text == NULL) {
		fputs("fwlogctl: out of memory\n", stderr);
		return NULL;
	}
	rows = db_query_params(q->db, text, q->params, q->nparams);
	free(text);
	if (rows == NULL)
		query_failed(q);
	return rows;
}

/* Nothing found is an answer, too. */
static int
finish(uint64_t events)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return query_unwritten(errno);
	return events > 0 ? QUERY_FOUND : QUERY_NONE;
}

static int
grouped(struct query *q, const struct group *g, unsigned long limit, bool with_share)
{
	struct db_rows *rows = ask(q, g, limit);
	struct answer a = {.field = g->field->name, .rows = rows, .share = with_share};

	if (rows == NULL)
		return QUERY_FAILED;
	a.all = db_rows_count(rows) > 0 ? number(rows, 0, C_ALL) : 0;
	if (q->args->json)
		print_json(q, &a);
	else if (db_rows_count(rows) > 0)
		print_table(&a, q->args->quiet);
	db_rows_free(rows);
	return finish(a.all);
}

static int
whole(struct query *q)
{
	struct db_rows *rows = ask(q, NULL, 0);
	uint64_t events;

	if (rows == NULL)
		return QUERY_FAILED;
	events = number(rows, 0, 0);
	if (q->args->json)
		print_range(q);
	printf("%llu%s\n", (unsigned long long)events, q->args->json ? "}" : "");
	db_rows_free(rows);
	return finish(events);
}

int
top_run(const struct args *args)
{
	unsigned long limit = LIMIT_DEFAULT;
	struct group group;
	struct query q;
	int rc;

	if (group_named(args->operand[0], &group) < 0 ||
	    query_number("limit", args->limit, 1, LIMIT_MAX, &limit) < 0)
		return QUERY_USAGE;
	rc = query_open(&q, args, 1);
	if (rc < 0)
		rc = grouped(&q, &group, limit, true);
	query_close(&q);
	return rc;
}

int
count_run(const struct args *args)
{
	struct group group;
	struct query q;
	int rc;

	if (args->by != NULL && group_named(args->by, &group) < 0)
		return QUERY_USAGE;
	rc = query_open(&q, args, 0);
	if (rc < 0)
		rc = args->by != NULL ? grouped(&q, &group, 0, false) : whole(&q);
	query_close(&q);
	return rc;
}
