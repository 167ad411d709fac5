/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/tail.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/interrupt.h"
#include "ctl/marks.h"
#include "ctl/query.h"
#include "ctl/search.h"

#define POLL_MS 500
#define AGAIN_MS 1000 /* until the next try to connect */
#define SECOND INT64_C(1000000)
#define LAG_TELL (10 * SECOND) /* not oftener than this, and nothing shorter */
#define FAR_AHEAD "9999-12-31T00:00:00Z"

struct tail {
	struct query q;
	struct output output;
	struct marks marks;
	bool looking_back;  /* --since, and nothing was shown yet */
	unsigned long left; /* events to show; ULONG_MAX: no end */
	char names[128];    /* state of what the filter was resolved against */
	int64_t oldest;     /* time of the oldest event shown in this round */
	char oldest_host[MARKS_HOST_MAX];
	int64_t told_lag; /* when it was said last */
	int error;        /* errno of a write that failed */
	bool ended;       /* --count is reached, or nobody reads any more */
};

/* What became of a step. */
enum step { DONE, LOST, FATAL }; /* LOST: the connection, try again */

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

static enum step
failed(struct tail *t)
{
	if (interrupt_came())
		return FATAL;
	if (db_is_lost(t->q.db))
		return LOST;
	query_failed(&t->q);
	return FATAL;
}

/* ---- rows */

static void
note_age(struct tail *t, const struct row *row)
{
	const char *host = row->value[ROW_I_host];

	if (row->ts_us >= t->oldest)
		return;
	t->oldest = row->ts_us;
	snprintf(t->oldest_host, sizeof t->oldest_host, "%s", host != NULL ? host : "");
}

/* Rows from the one on that was not shown yet. */
static void
show(struct tail *t, const struct db_rows *rows, int first)
{
	int n = db_rows_count(rows);
	struct row row;

	if ((unsigned long)(n - first) > t->left)
		n = first + (int)t->left;
	for (int i = first; i < n; i++) {
		row_read(&row, rows, i);
		output_measure(&t->output, &row);
	}
	errno = 0;
	for (int i = first; i < n; i++) {
		row_read(&row, rows, i);
		note_age(t, &row);
		output_row(&t->output, &row);
	}
	if (t->left != ULONG_MAX)
		t->left -= (unsigned long)(n - first);
	if (fflush(stdout) != 0 || ferror(stdout))
		t->error = errno;
	t->ended = t->left == 0 || t->error != 0;
}

/* *shown: rows of the portion that are out already; they are passed over. */
static enum step
fetch(struct tail *t, uint64_t *shown)
{
	struct db_rows *rows;
	uint64_t at = 0;
	int n;

	do {
		rows = db_cursor_fetch(t->q.db);
		if (rows == NULL)
			return failed(t);
		n = db_rows_count(rows);
		if (at + (uint64_t)n > *shown) {
			show(t, rows, (int)(*shown - at));
			*shown = at + (uint64_t)n;
		}
		at += (uint64_t)n;
		db_rows_free(rows);
	} while (n == DB_FETCH_ROWS && !t->ended && !interrupt_came());
	return DONE;
}

/* ---- portions */

/* The statement, and its parameters behind the filter's. */
static char *
statement(const struct tail *t)
{
	int first = t->q.nparams + 1;
	char *text;

	if (asprintf(&text,
		"SELECT %s FROM %s" PORTION_JOIN " WHERE " QUERY_IN_RANGE
		" AND (%s) ORDER BY e.ts, e.host_id, e.n",
		row_select, row_from, first, first + 1, first + 2, first + 3,
		t->q.sql.text) >= 0)
		return text;
	return NULL;
}

static int
open_portion(struct tail *t, const struct portion *p)
{
	int own = t->q.nparams, n = own + PORTION_PARAMS - 1, rc = -1;
	struct portion_params params;
	const char **values = calloc((size_t)n, sizeof *values);
	char *text = statement(t);

	if (portion_params(p, &params) == 0 && values != NULL && text != NULL) {
		memcpy(values, t->q.params, (size_t)own * sizeof *values);
		values[0] = params.text[PORTION_FROM];
		values[1] = FAR_AHEAD;
		for (int i = PORTION_HOSTS; i < PORTION_PARAMS; i++)
			values[own + i - PORTION_HOSTS] = params.text[i];
		rc = db_cursor_open(t->q.db, text, values, n);
	}
	portion_params_free(&params);
	free(values);
	free(text);
	return rc;
}

static enum step
read_portion(struct tail *t, struct portion *p, uint64_t *shown)
{
	enum step step;

	if (!t->looking_back && portion_settle(p, t->q.db) < 0)
		return failed(t);
	if (db_exec(t->q.db, "BEGIN READ ONLY") < 0 || open_portion(t, p) < 0)
		return failed(t);
	step = fetch(t, shown);
	if (step == DONE && db_exec(t->q.db, "COMMIT") < 0)
		return failed(t);
	return step;
}

/* ---- the connection */

/* FATAL: ended by a signal, or by an error that another try would not mend. */
static enum step
come_back(struct tail *t)
{
	fprintf(stderr, "fwlogctl: %s; trying again\n", db_error(t->q.db));
	while (interrupt_sleep(AGAIN_MS)) {
		if (query_reconnect(&t->q) < 0)
			continue;
		if (query_resolve(&t->q) < 0) {
			fputs("fwlogctl: connected again\n", stderr);
			return DONE;
		}
		if (!db_is_lost(t->q.db))
			return FATAL;
	}
	return FATAL;
}

/* Shows a portion; a connection that is lost on the way repeats no row. */
static enum step
show_portion(struct tail *t, struct portion *p)
{
	uint64_t shown = 0;
	enum step step = read_portion(t, p, &shown);

	while (step == LOST) {
		step = come_back(t);
		if (step == DONE)
			step = read_portion(t, p, &shown);
	}
	if (step == DONE)
		portion_done(p);
	return step;
}

/* ---- what the filter's names stand for */

static const char names_sql[] =
    "SELECT concat_ws(' ', (SELECT max(host_id) FROM fwlog.host), "
    "(SELECT max(prefix_id) FROM fwlog.dict_prefix), "
    "(SELECT max(iface_id) FROM fwlog.dict_iface), "
    "(SELECT max(netns_id) FROM fwlog.dict_netns), "
    "(SELECT sum(version) FROM fwlog.list_full))";

/* A new prefix may fit the filter, which knows prefixes by number. Asked after the
 * marks: what is new then was entered before. */
static enum step
follow_names(struct tail *t)
{
	char names[sizeof t->names];

	if (db_value(t->q.db, names_sql, NULL, names, sizeof names) < 0)
		return failed(t);
	if (strcmp(names, t->names) == 0)
		return DONE;
	if (query_resolve(&t->q) >= 0)
		return db_is_lost(t->q.db) ? LOST : FATAL;
	snprintf(t->names, sizeof t->names, "%s", names);
	return DONE;
}

/* ---- rounds */

static void
tell_lag(struct tail *t, int64_t now)
{
	uint64_t behind = marks_behind(&t->marks);
	int64_t late = t->oldest < now ? now - t->oldest : 0;

	if (t->looking_back || (behind == 0 && late < LAG_TELL) ||
	    now - t->told_lag < LAG_TELL)
		return;
	t->told_lag = now;
	if (behind > 0)
		fprintf(stderr,
		    "fwlogctl: lagging: %" PRIu64 " events are still to be looked at\n",
		    behind);
	if (late >= LAG_TELL)
		fprintf(stderr, "fwlogctl: events of %s arrive %" PRId64 " s late\n",
		    t->oldest_host, late / SECOND);
}

/* The floor of a look back is where it begins. */
static void
look_back(struct tail *t)
{
	for (size_t i = 0; i < t->marks.count; i++)
		t->marks.at[i].floor = t->q.from;
}

static enum step
play_round(struct tail *t)
{
	struct portion p;
	enum step step;
	int64_t now = now_us();

	if (marks_read(&t->marks, t->q.db) < 0)
		return failed(t);
	step = follow_names(t);
	if (step != DONE)
		return step;
	if (t->looking_back)
		look_back(t);
	t->oldest = INT64_MAX;
	if (portion_next(&p, &t->marks, now, !t->looking_back) < 0)
		step = FATAL;
	else if (p.count > 0)
		step = show_portion(t, &p);
	portion_free(&p);
	if (step == DONE) {
		tell_lag(t, now);
		t->looking_back = false;
	}
	return step;
}

/* Nobody reads standard output any more; only a write would tell otherwise. */
static bool
reader_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

static enum step
begin(struct tail *t)
{
	if (t->looking_back)
		return DONE;
	if (marks_read(&t->marks, t->q.db) < 0) {
		query_failed(&t->q);
		return FATAL;
	}
	marks_skip(&t->marks);
	return DONE;
}

static int
follow(struct tail *t)
{
	enum step step = begin(t);

	if (step == DONE && !t->q.args->quiet)
		fputs("fwlogctl: waiting for events; Ctrl-C ends\n", stderr);
	while (step == DONE && !t->ended && !interrupt_came() && !reader_gone()) {
		step = play_round(t);
		if (step == LOST)
			step = come_back(t);
		else if (step == DONE && !t->ended && marks_behind(&t->marks) == 0)
			(void)interrupt_sleep(POLL_MS);
	}
	output_end(&t->output);
	if (t->error != 0)
		return query_unwritten(t->error);
	return step == DONE || interrupt_came() ? QUERY_FOUND : QUERY_FAILED;
}

/* --since */
static int
read_since(struct tail *t, const char *text)
{
	if (text == NULL)
		return 0;
	t->looking_back = true;
	if (timearg_parse(text, now_us(), &t->q.from) == 0)
		return 0;
	fprintf(stderr,
	    "fwlogctl: --since %s: a time is expected, such as " TIMEARG_FORMS "\n",
	    text);
	return -1;
}

int
tail_run(const struct args *args)
{
	struct tail t = {.left = ULONG_MAX};
	enum output_format format;
	int64_t since;
	int rc;

	if (search_format(args, &format) < 0 ||
	    query_number("count", args->limit, 1, UINT32_MAX, &t.left) < 0 ||
	    read_since(&t, args->from) < 0)
		return QUERY_USAGE;
	since = t.q.from;
	output_begin(&t.output, format, stdout, output_colour(stdout));
	rc = query_open_filter(&t.q, args, 0);
	t.q.from = since;
	if (rc < 0)
		rc = follow(&t);
	marks_free(&t.marks);
	interrupt_forget();
	query_close(&t.q);
	return rc;
}
