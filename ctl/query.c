/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/text.h"
#include "ctl/interrupt.h"
#include "ctl/source.h"

#define DAY INT64_C(86400000000)
#define OWN_PARAMS 2        /* $1, $2 */
#define TIMEOUT_MAX 1000000 /* seconds; the server counts milliseconds in 31 bits */
#define INSUFFICIENT_PRIVILEGE "42501"
#define QUERY_CANCELED "57014"

static int
no_memory(void)
{
	fputs("fwlogctl: out of memory\n", stderr);
	return QUERY_FAILED;
}

/* ---- the filter */

void
query_explain(const char *text, const struct filter_error *error, FILE *out)
{
	const char *p = text, *next;
	char piece[8];
	int wide = 0;

	fputs("fwlogctl: filter: ", out);
	text_plain(error->message, out);
	if (error->column == 0) {
		fputc('\n', out);
		return;
	}
	fputs("\n  ", out);
	text_plain(text, out);
	for (size_t column = 1; column < error->column && *p != '\0'; column++) {
		for (next = p + 1; ((unsigned char)*next & 0xc0) == 0x80; next++)
			;
		snprintf(piece, sizeof piece, "%.*s", (int)(next - p), p);
		wide += text_plain(piece, NULL);
		p = next;
	}
	fprintf(out, "\n  %*s^\n", wide, "");
}

char *
query_words(const struct args *args, size_t first)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (size_t i = first; i < args->operands; i++) {
		const char *word = args->operand[i];

		if (i > first)
			fputc(' ', f);
		fputs(word[0] == ' ' && word[1] == '-' ? word + 1 : word, f);
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static int
parse(struct query *q, const struct args *args, size_t first)
{
	char *text = query_words(args, first);
	struct filter_error error = {0};

	if (text == NULL)
		return no_memory();
	q->tree = filter_parse(text, strlen(text), &error);
	if (q->tree == NULL)
		query_explain(text, &error, stderr);
	free(text);
	return q->tree != NULL ? -1 : QUERY_USAGE;
}

/* ---- the range */

static int
read_time(const char *option, const char *text, int64_t now, int64_t *us)
{
	if (timearg_parse(text, now, us) == 0)
		return 0;
	fprintf(stderr,
	    "fwlogctl: --%s %s: a time is expected, such as " TIMEARG_FORMS "\n",
	    option, text);
	return -1;
}

/* now is not in the range, so it ends a microsecond later. */
static int
read_range(struct query *q, const struct args *args)
{
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_REALTIME, &t);
	now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	q->to = now + 1;
	if (args->to != NULL && read_time("to", args->to, now, &q->to) < 0)
		return QUERY_USAGE;
	q->from = q->to > DAY ? q->to - DAY : 0;
	if (args->from != NULL && read_time("from", args->from, now, &q->from) < 0)
		return QUERY_USAGE;
	if (q->from >= q->to) {
		fputs("fwlogctl: --from must be before --to\n", stderr);
		return QUERY_USAGE;
	}
	timearg_text(q->from, q->from_text);
	timearg_text(q->to, q->to_text);
	if (!args->quiet)
		fprintf(stderr, "fwlogctl: from %s to %s\n", q->from_text, q->to_text);
	return -1;
}

/* ---- the session */

int
query_number(const char *option, const char *text, unsigned long least,
    unsigned long most, unsigned long *value)
{
	unsigned long n;
	char *end;

	if (text == NULL)
		return 0;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < least ||
	    n > most) {
		fprintf(stderr,
		    "fwlogctl: --%s %s: a number from %lu to %lu is expected\n", option,
		    text, least, most);
		return -1;
	}
	*value = n;
	return 0;
}

static int
read_timeout(const struct args *args, unsigned long *seconds)
{
	return query_number("timeout", args->timeout, 0, TIMEOUT_MAX, seconds);
}

/* A timeout that was not asked for is the server's. */
static int
settle(struct query *q)
{
	char sql[48];
	unsigned long seconds = 0;

	if (db_exec(q->db, "SET timezone = 'UTC'; SET cursor_tuple_fraction = 1") < 0)
		return -1;
	if (q->args->timeout == NULL)
		return 0;
	if (read_timeout(q->args, &seconds) < 0)
		return -1;
	snprintf(sql, sizeof sql, "SET statement_timeout = '%lus'", seconds);
	return db_exec(q->db, sql);
}

static int
connect(struct query *q)
{
	unsigned long seconds;

	if (read_timeout(q->args, &seconds) < 0)
		return QUERY_USAGE;
	interrupt_catch();
	q->db = db_open(q->args->db, NULL);
	if (q->db == NULL)
		return no_memory();
	if (!db_ok(q->db)) {
		fprintf(stderr, "fwlogctl: cannot connect: %s; %s\n", db_error(q->db),
		    db_connect_remedy(q->db));
		return QUERY_FAILED;
	}
	db_cancel_set(q->db);
	return settle(q) < 0 ? query_failed(q) : -1;
}

int
query_reconnect(struct query *q)
{
	db_close(q->db);
	q->db = db_open(q->args->db, NULL);
	if (q->db == NULL || !db_ok(q->db))
		return -1;
	db_cancel_set(q->db);
	return settle(q);
}

/* ---- the condition */

static int
set_params(struct query *q)
{
	q->nparams = OWN_PARAMS + (int)q->sql.count;
	free(q->params);
	q->params = calloc((size_t)q->nparams, sizeof *q->params);
	if (q->params == NULL)
		return no_memory();
	q->params[0] = q->from_text;
	q->params[1] = q->to_text;
	for (size_t i = 0; i < q->sql.count; i++)
		q->params[OWN_PARAMS + i] = q->sql.value[i];
	return -1;
}

int
query_resolve(struct query *q)
{
	struct filter_sql_source source = source_of(q->db, OWN_PARAMS + 1);
	struct filter_error error = {0};
	char *text;

	filter_sql_free(&q->sql);
	if (filter_sql(q->tree, &source, &q->sql, &error) == 0)
		return set_params(q);
	if (db_error(q->db)[0] != '\0')
		return query_failed(q);
	text = query_words(q->args, q->first);
	if (text == NULL)
		return no_memory();
	query_explain(text, &error, stderr);
	free(text);
	return QUERY_USAGE;
}

/* ---- all of it */

static int
open_filter(struct query *q, const struct args *args, size_t first, bool range)
{
	int rc;

	*q = (struct query){.args = args, .first = first};
	rc = parse(q, args, first);
	if (rc < 0 && range)
		rc = read_range(q, args);
	if (rc < 0)
		rc = connect(q);
	return rc < 0 ? query_resolve(q) : rc;
}

int
query_open(struct query *q, const struct args *args, size_t first)
{
	return open_filter(q, args, first, true);
}

int
query_open_filter(struct query *q, const struct args *args, size_t first)
{
	return open_filter(q, args, first, false);
}

void
query_close(struct query *q)
{
	free(q->params);
	filter_sql_free(&q->sql);
	filter_tree_free(q->tree);
	db_close(q->db);
	interrupt_obey();
}

/* ---- what goes wrong */

int
query_failed(const struct query *q)
{
	const char *state = db_sqlstate(q->db), *remedy = "";

	if (interrupt_came())
		return QUERY_FAILED;
	if (strcmp(state, INSUFFICIENT_PRIVILEGE) == 0)
		remedy = "; connect as fwlog_report or fwlog_admin (--db 'user=…')";
	else if (strcmp(state, QUERY_CANCELED) == 0)
		remedy = "; a shorter range (--from, --to) is less to do, "
			 "--timeout SECONDS allows more";
	else if (strncmp(state, "42", 2) == 0 || strcmp(state, "3F000") == 0)
		remedy = "; the schema is of another version: fwlogctl db migrate";
	fprintf(stderr, "fwlogctl: %s%s\n", db_error(q->db), remedy);
	return QUERY_FAILED;
}

int
query_unwritten(int error)
{
	if (error != EPIPE)
		fprintf(stderr, "fwlogctl: standard output: %s\n", strerror(error));
	return QUERY_FAILED;
}
