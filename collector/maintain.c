/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/maintain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"
#include "collector/pg.h"
#include "common/log.h"
#include "common/textbuf.h"

#define STATEMENT_MS (6 * 3600 * UINT64_C(1000)) /* an index of a large day */
#define FOLD_EVERY_MS (3600 * UINT64_C(1000))
#define JOBS_MAX 65536 /* of one round; the next does the others */

enum maintain_state {
	MAINTAIN_RESTING, /* not connected, waits for the next round */
	MAINTAIN_CONNECTING,
	MAINTAIN_LOCKING,
	MAINTAIN_LISTING,
	MAINTAIN_WORKING,
};

struct job {
	char *what, *statement;
};

struct maintain {
	const struct options *options;
	struct metrics *metrics;
	enum maintain_state state;
	struct pg *pg;
	struct event *timer;
	struct text sql;
	bool locked;
	uint64_t folded_ms; /* when rows were last folded; 0: never */
	struct job *job;
	size_t jobs, next;
	struct log_limit fault_limit;
};

static void
clear_jobs(struct maintain *m)
{
	for (size_t i = 0; i < m->jobs; i++) {
		free(m->job[i].what);
		free(m->job[i].statement);
	}
	free(m->job);
	m->job = NULL;
	m->jobs = m->next = 0;
}

static void
rest(struct maintain *m)
{
	struct timeval period = clock_timeval(m->options->maintain_interval);

	clear_jobs(m);
	pg_close(m->pg); /* gives the lock back */
	m->state = MAINTAIN_RESTING;
	evtimer_add(m->timer, &period);
}

/* ---- what is to be done */

static void
add_span(struct text *sql, uint64_t ms)
{
	if (ms == 0)
		text_add(sql, ",NULL");
	else
		text_add(sql, ",'%" PRIu64 " milliseconds'", ms);
}

static bool
is_time_to_fold(const struct maintain *m)
{
	return m->folded_ms == 0 || clock_ms() - m->folded_ms >= FOLD_EVERY_MS;
}

static void
ask_due(struct maintain *m)
{
	const struct options *o = m->options;

	text_clear(&m->sql);
	text_add(&m->sql, "SELECT what, statement FROM fwlog.maintenance_due(7");
	add_span(&m->sql, o->max_age);
	text_add(&m->sql, ",'%" PRIu64 " milliseconds'", o->seal_after);
	add_span(&m->sql, o->retain);
	if (o->retain_size == 0)
		text_add(&m->sql, ",NULL");
	else
		text_add(&m->sql, ",%" PRIu64, o->retain_size);
	add_span(&m->sql, o->retain_rollups);
	text_add(
	    &m->sql, ",%s) LIMIT %d", is_time_to_fold(m) ? "true" : "false", JOBS_MAX);
	if (is_time_to_fold(m))
		m->folded_ms = clock_ms();
	m->state = MAINTAIN_LISTING;
	pg_query(m->pg, m->sql.failed ? "no memory" : m->sql.p, STATEMENT_MS);
}

static void
take_jobs(struct maintain *m, const struct pg_result *r)
{
	int n = pg_rows(r);

	if (n <= 0 || m->jobs > 0)
		return;
	m->job = calloc((size_t)n, sizeof *m->job);
	for (int i = 0; m->job != NULL && i < n; i++) {
		struct job *job = &m->job[m->jobs];

		*job = (struct job){strdup(pg_text(r, i, 0)), strdup(pg_text(r, i, 1))};
		m->jobs++;
		if (job->what == NULL || job->statement == NULL)
			clear_jobs(m);
	}
}

/* ---- doing it */

static void
work(struct maintain *m)
{
	if (m->next == m->jobs) {
		m->metrics->maintained_us = clock_wall_us();
		rest(m);
		return;
	}
	m->state = MAINTAIN_WORKING;
	pg_query(m->pg, m->job[m->next].statement, STATEMENT_MS);
}

/* What a statement answers is worth a line unless it did nothing. */
static void
say_result(const struct maintain *m, const struct pg_result *r)
{
	const char *what = m->job[m->next].what;
	int rows = pg_rows(r);

	if (rows < 0)
		log_info("maintenance: %s", what);
	for (int i = 0; i < rows; i++) {
		const char *value = pg_text(r, i, 0);

		if (strcmp(value, "t") == 0)
			log_info("maintenance: %s", what);
		else if (value[0] != '\0' && strcmp(value, "0") != 0)
			log_info("maintenance: %s: %s", what, value);
	}
}

static void
job_failed(struct maintain *m, const struct pg_error *error)
{
	m->metrics->maintain_faults++;
	log_warn("maintenance: %s: %s; tried again in the next round%s",
	    m->job[m->next].what, error->text,
	    error->fault == PG_FAULT_DENIED
		? "; fwlogctl db check tells which right is missing"
		: "");
}

static void
failed(struct maintain *m, const struct pg_error *error)
{
	m->metrics->database_faults++;
	m->metrics->maintain_faults++;
	log_limited(&m->fault_limit, LOG_LEVEL_WARN,
	    "%s: no maintenance: %s; next try in %" PRIu64 " s", pg_where(m->pg),
	    error->text, m->options->maintain_interval / 1000);
	rest(m);
}

/* ---- events of the connection */

static void
on_result(void *arg, const struct pg_result *r)
{
	struct maintain *m = arg;

	if (m->state == MAINTAIN_LOCKING && pg_rows(r) == 1)
		m->locked = strcmp(pg_text(r, 0, 0), "t") == 0;
	else if (m->state == MAINTAIN_LISTING)
		take_jobs(m, r);
	else if (m->state == MAINTAIN_WORKING)
		say_result(m, r);
}

static void
on_room(void *arg)
{
	(void)arg;
}

static void
lock(struct maintain *m)
{
	m->locked = false;
	m->state = MAINTAIN_LOCKING;
	pg_query(m->pg,
	    "SELECT pg_try_advisory_lock(hashtextextended('fwlog maintenance', 0))",
	    m->options->database_timeout);
}

static void
on_done(void *arg, const struct pg_error *error)
{
	struct maintain *m = arg;

	if (error->fault != PG_FAULT_NONE) {
		if (m->state != MAINTAIN_WORKING ||
		    error->fault == PG_FAULT_CONNECTION) {
			failed(m, error);
			return;
		}
		job_failed(m, error);
	}
	switch (m->state) {
	case MAINTAIN_CONNECTING:
		lock(m);
		break;
	case MAINTAIN_LOCKING:
		if (m->locked)
			ask_due(m);
		else
			rest(m); /* another one is at it */
		break;
	case MAINTAIN_WORKING:
		m->metrics->maintained += error->fault == PG_FAULT_NONE;
		m->next++;
		work(m);
		break;
	default: /* MAINTAIN_LISTING */
		work(m);
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct maintain *m = arg;
	const struct options *o = m->options;

	(void)fd;
	(void)what;
	m->state = MAINTAIN_CONNECTING;
	pg_connect(m->pg,
	    o->maintain_database != NULL ? o->maintain_database : o->database,
	    o->database_timeout);
}

/* ---- life */

struct maintain *
maintain_new(
    struct event_base *base, const struct options *options, struct metrics *metrics)
{
	static const struct pg_events events = {on_result, on_room, on_done};
	struct timeval soon = clock_timeval(0);
	struct maintain *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->options = options;
	m->metrics = metrics;
	text_init(&m->sql);
	m->pg = pg_new(base, &events, m);
	m->timer = evtimer_new(base, on_timer, m);
	if (m->pg == NULL || m->timer == NULL || evtimer_add(m->timer, &soon) != 0) {
		maintain_free(m);
		return NULL;
	}
	return m;
}

void
maintain_free(struct maintain *m)
{
	if (m == NULL)
		return;
	pg_free(m->pg);
	if (m->timer != NULL)
		event_free(m->timer);
	clear_jobs(m);
	text_free(&m->sql);
	free(m);
}
