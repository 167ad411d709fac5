/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/store.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

#define BEGIN_TEXT "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

struct store {
	PGconn *conn;
	int64_t limit_ms; /* the server's limit for one query, should we die first */
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
	PGresult *result[STORE_RESULTS_MAX];
	int results; /* there are */
	int added;   /* with those whose queries were sent */
	bool failed; /* a query could not be sent */
	char refusal[512];
	bool forbidden;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- waiting and errors */

static enum store_status
wait_for(struct store *s, short events)
{
	struct pollfd p = {.fd = PQsocket(s->conn), .events = events};
	int64_t left;
	int n;

	do {
		left = s->deadline - now_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 ? STORE_OK : STORE_TIMEOUT;
}

/* A message of libpq, which may have several lines, as one line of the log. */
static void
log_message(const struct store *s, const char *remedy)
{
	const char *message = PQerrorMessage(s->conn);
	char line[1024];
	size_t n = 0;

	while (*message != '\0' && n + 2 < sizeof line) {
		if (*message != '\n') {
			line[n++] = *message++;
			continue;
		}
		message += strspn(message, " \t\n^");
		if (*message != '\0') {
			line[n++] = ';';
			line[n++] = ' ';
		}
	}
	line[n] = '\0';
	log_error("database: %s%s", line, remedy);
}

static enum store_status
status_of(const char *sqlstate)
{
	static const struct {
		const char *state;
		enum store_status status;
	} known[] = {
	    {"57014", STORE_TIMEOUT},   /* query_canceled */
	    {"22023", STORE_REFUSED},   /* invalid_parameter_value */
	    {"23505", STORE_REFUSED},   /* unique_violation */
	    {"28000", STORE_REFUSED},   /* invalid_authorization_specification */
	    {"54000", STORE_REFUSED},   /* program_limit_exceeded */
	    {"P0002", STORE_REFUSED},   /* no_data_found */
	    {"3F000", STORE_NOT_READY}, /* invalid_schema_name */
	    {"42P01", STORE_NOT_READY}, /* undefined_table */
	    {"42703", STORE_NOT_READY}, /* undefined_column */
	    {"42883", STORE_NOT_READY}, /* undefined_function */
	    {"42501", STORE_NOT_READY}, /* insufficient_privilege */
	    {"57P01", STORE_AWAY},      /* admin_shutdown */
	    {"57P02", STORE_AWAY},      /* crash_shutdown */
	    {"57P03", STORE_AWAY},      /* cannot_connect_now */
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(sqlstate, known[i].state) == 0)
			return known[i].status;
	return STORE_FAULT;
}

/* Our functions' own words; no other error gets out of here. */
static void
keep_refusal(struct store *s, const PGresult *r)
{
	const char *why = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *more = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);

	snprintf(s->refusal, sizeof s->refusal, "%s%s%s.", why != NULL ? why : "",
	    more != NULL ? "; " : "", more != NULL ? more : "");
	s->forbidden = strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "28000") == 0;
}

const char *
store_refusal(const struct store *s, bool *forbidden)
{
	*forbidden = s->forbidden;
	return s->refusal;
}

static enum store_status
report(struct store *s, const PGresult *r)
{
	const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	enum store_status status = state != NULL ? status_of(state) : STORE_FAULT;

	if (PQstatus(s->conn) != CONNECTION_OK)
		status = STORE_AWAY;
	if (status == STORE_REFUSED)
		keep_refusal(s, r);
	log_message(s, status == STORE_NOT_READY
			   ? "; fwlogctl db check tells what is missing"
			   : "");
	return status;
}

/* ---- connection */

static enum store_status
connect_wait(struct store *s)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (wait_for(s, state == PGRES_POLLING_READING ? POLLIN : POLLOUT) !=
		    STORE_OK) {
			log_error("database: no connection in time; is the server up?");
			return STORE_AWAY;
		}
		state = PQconnectPoll(s->conn);
	}
	if (state == PGRES_POLLING_OK)
		return STORE_OK;
	log_message(s, "");
	return STORE_AWAY;
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

struct store *
store_open(const char *conninfo, uint64_t deadline_ms, enum store_status *status)
{
	const char *const words[] = {"fallback_application_name", "dbname", NULL};
	const char *const values[] = {"fwlog.cgi", conninfo, NULL};
	struct store *s = calloc(1, sizeof *s);

	*status = STORE_FAULT;
	if (s == NULL)
		return NULL;
	s->limit_ms = (int64_t)deadline_ms;
	s->deadline = now_ms() + s->limit_ms;
	s->conn = PQconnectStartParams(words, values, 1);
	if (s->conn == NULL || PQstatus(s->conn) == CONNECTION_BAD) {
		log_message(s, "");
		*status = STORE_AWAY;
	} else {
		PQsetNoticeReceiver(s->conn, ignore_notice, NULL);
		*status = connect_wait(s);
	}
	if (*status == STORE_OK)
		return s;
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->results; i++)
		PQclear(s->result[i]);
	PQfinish(s->conn);
	free(s);
}

/* ---- pipeline */

int
store_add(struct store *s, const char *sql, int n, const char *const *params)
{
	if (s->added == STORE_RESULTS_MAX || s->failed) {
		s->failed = true;
		return 0;
	}
	if (PQpipelineStatus(s->conn) == PQ_PIPELINE_OFF &&
	    (PQenterPipelineMode(s->conn) != 1 || PQsetnonblocking(s->conn, 1) != 0))
		s->failed = true;
	else if (PQsendQueryParams(s->conn, sql, n, NULL, params, NULL, NULL, 0) != 1)
		s->failed = true;
	return s->added++;
}

int
store_next(const struct store *s)
{
	return s->added;
}

void
store_begin(struct store *s)
{
	char limit[24];
	const char *const params[] = {limit};

	snprintf(limit, sizeof limit, "%" PRId64, s->limit_ms);
	store_add(s, BEGIN_TEXT, 0, NULL);
	/* To compile such queries takes longer than to run them; what is joined to the
	 * events is small, and to sort these for it is what takes the time. */
	store_add(s,
	    "SELECT set_config('statement_timeout', $1, true), "
	    "set_config('timezone', 'UTC', true), set_config('jit', 'off', true), "
	    "set_config('enable_mergejoin', 'off', true), "
	    "set_config('work_mem', '32MB', true)",
	    1, params);
}

void
store_begin_change(struct store *s, const char *who)
{
	char limit[24];
	const char *const params[] = {limit, who};

	snprintf(limit, sizeof limit, "%" PRId64, s->limit_ms);
	store_add(s, "BEGIN READ WRITE", 0, NULL);
	store_add(s,
	    "SELECT set_config('statement_timeout', $1, true), "
	    "set_config('timezone', 'UTC', true), set_config('fwlog.who', $2, true)",
	    2, params);
}

void
store_end(struct store *s)
{
	store_add(s, "COMMIT", 0, NULL);
}

/* Gives up a query that runs: the server need not finish what nobody will read. */
static enum store_status
give_up(struct store *s)
{
	char why[256];
	PGcancel *cancel = PQgetCancel(s->conn);

	if (cancel != NULL && PQcancel(cancel, why, sizeof why) != 1)
		log_warn("database: cannot cancel a query: %s", why);
	PQfreeCancel(cancel);
	log_warn("database: a page took longer than the option timeout allows");
	return STORE_TIMEOUT;
}

/* Until a result can be fetched without blocking. */
static enum store_status
pump(struct store *s)
{
	short events;
	int flushed;

	for (;;) {
		flushed = PQflush(s->conn);
		if (flushed < 0)
			return report(s, NULL);
		if (!PQisBusy(s->conn))
			return STORE_OK;
		events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0));
		if (wait_for(s, events) != STORE_OK)
			return give_up(s);
		if (PQconsumeInput(s->conn) != 1)
			return report(s, NULL);
	}
}

static bool
is_good(const PGresult *r)
{
	ExecStatusType got = PQresultStatus(r);

	return got == PGRES_TUPLES_OK || got == PGRES_COMMAND_OK;
}

/* The NULL behind the results of a query, or the end of a pipeline. */
static enum store_status
receive_end(struct store *s)
{
	enum store_status status = pump(s);

	if (status == STORE_OK)
		PQclear(PQgetResult(s->conn));
	return status;
}

/* Keeps the result of one query. */
static enum store_status
receive(struct store *s)
{
	enum store_status status = pump(s);
	PGresult *r;

	if (status != STORE_OK)
		return status;
	r = PQgetResult(s->conn);
	if (!is_good(r)) {
		status = report(s, r);
		PQclear(r);
		return status;
	}
	s->result[s->results++] = r;
	return receive_end(s);
}

enum store_status
store_run(struct store *s)
{
	enum store_status status = STORE_OK;

	if (s->failed || PQpipelineSync(s->conn) != 1)
		return report(s, NULL);
	while (status == STORE_OK && s->results < s->added)
		status = receive(s);
	return status == STORE_OK ? receive_end(s) : status;
}

/* ---- one query whose rows go by */

/* One row, or the end of them (*more false). */
static enum store_status
next_row(struct store *s, store_take *take, void *arg, bool *more)
{
	enum store_status status = pump(s);
	PGresult *r;

	*more = false;
	if (status != STORE_OK)
		return status;
	r = PQgetResult(s->conn);
	if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
		int slot = s->results;

		s->result[s->results++] = r;
		*more = take(arg, slot) == 0;
		status = *more ? STORE_OK : STORE_STOPPED;
		s->results--;
	} else if (!is_good(r)) {
		status = report(s, r);
	}
	PQclear(r);
	return status;
}

enum store_status
store_stream(struct store *s, const char *sql, int n, const char *const *params,
    store_take *take, void *arg)
{
	enum store_status status;
	bool more = true;

	store_add(s, sql, n, params);
	if (s->failed || PQpipelineSync(s->conn) != 1)
		return report(s, NULL);
	/* What was added before it, as the transaction's beginning. */
	for (status = STORE_OK; status == STORE_OK && s->results < s->added - 1;)
		status = receive(s);
	if (status == STORE_OK && PQsetSingleRowMode(s->conn) != 1)
		status = report(s, NULL);
	s->added = s->results;
	while (status == STORE_OK && more)
		status = next_row(s, take, arg, &more);
	if (status == STORE_OK)
		status = receive_end(s);
	return status == STORE_OK ? receive_end(s) : status;
}

/* ---- values */

int
store_rows(const struct store *s, int result)
{
	return PQntuples(s->result[result]);
}

bool
store_null(const struct store *s, int result, int row, int column)
{
	return PQgetisnull(s->result[result], row, column) != 0;
}

const char *
store_text(const struct store *s, int result, int row, int column)
{
	return PQgetvalue(s->result[result], row, column);
}

int64_t
store_number(const struct store *s, int result, int row, int column)
{
	if (store_null(s, result, row, column))
		return STORE_NONE;
	return strtoll(store_text(s, result, row, column), NULL, 10);
}

uint64_t
store_count(const struct store *s, int result, int row, int column)
{
	return strtoull(store_text(s, result, row, column), NULL, 10);
}

enum store_status
store_ping(struct store *s)
{
	store_add(s, "SELECT max(version) FROM fwlog.schema_version", 0, NULL);
	return store_run(s);
}
