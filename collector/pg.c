/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/pg.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/noise.h"

#define PARAMS_MAX 8

struct pg {
	struct event_base *base;
	const struct pg_events *events;
	void *arg;
	PGconn *conn;
	struct event *readable, *writable, *deadline;
	uint64_t timeout_ms;
	bool connecting, busy, copying;
	bool lost;             /* noticed inside a call: told from the loop */
	struct pg_error error; /* the first of this step */
	char where[256];
};

static void pg_on_io(evutil_socket_t fd, short what, void *arg);
static void pg_on_deadline(evutil_socket_t fd, short what, void *arg);

struct pg *
pg_new(struct event_base *base, const struct pg_events *events, void *arg)
{
	struct pg *pg = calloc(1, sizeof *pg);

	if (pg == NULL)
		return NULL;
	pg->base = base;
	pg->events = events;
	pg->arg = arg;
	pg->deadline = evtimer_new(base, pg_on_deadline, pg);
	if (pg->deadline == NULL) {
		free(pg);
		return NULL;
	}
	return pg;
}

static void
pg_drop_events(struct pg *pg)
{
	if (pg->readable != NULL)
		event_free(pg->readable);
	if (pg->writable != NULL)
		event_free(pg->writable);
	pg->readable = pg->writable = NULL;
}

void
pg_close(struct pg *pg)
{
	pg_drop_events(pg);
	evtimer_del(pg->deadline);
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->connecting = pg->busy = pg->copying = pg->lost = false;
}

void
pg_free(struct pg *pg)
{
	if (pg == NULL)
		return;
	pg_close(pg);
	event_free(pg->deadline);
	free(pg);
}

/* ---- errors */

enum pg_fault
pg_classify(const char *sqlstate)
{
	/* Classes by PostgreSQL manual, appendix A. */
	static const char data[][3] = {"21", "22", "23", "44", "54", "P0"};
	static const char denied[][3] = {"0A", "25", "28", "3D", "3F", "42"};

	for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
		if (strncmp(sqlstate, data[i], 2) == 0)
			return PG_FAULT_DATA;
	for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
		if (strncmp(sqlstate, denied[i], 2) == 0)
			return PG_FAULT_DENIED;
	if (strncmp(sqlstate, "08", 2) == 0)
		return PG_FAULT_CONNECTION;
	return PG_FAULT_BUSY;
}

/*
 * libpq's messages end in a newline and may have several lines. They are kept as ASCII:
 * cut anywhere and in whatever encoding, the text can still be stored as a reason.
 */
static void
pg_note_text(struct pg *pg, const char *text)
{
	size_t len;

	snprintf(pg->error.text, sizeof pg->error.text, "%s", text);
	len = strlen(pg->error.text);
	while (len > 0 && pg->error.text[len - 1] == '\n')
		pg->error.text[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (pg->error.text[i] < ' ' || pg->error.text[i] > '~')
			pg->error.text[i] = pg->error.text[i] < 0 ? '?' : ' ';
}

static void
pg_finish(struct pg *pg)
{
	struct pg_error error = pg->error;

	evtimer_del(pg->deadline);
	pg->busy = pg->copying = pg->connecting = false;
	if (error.fault == PG_FAULT_CONNECTION)
		pg_close(pg);
	pg->events->done(pg->arg, &error);
}

static void
pg_fail(struct pg *pg, const char *text)
{
	if (pg->error.text[0] == '\0')
		pg_note_text(pg, text);
	pg->error.fault = PG_FAULT_CONNECTION;
	pg_finish(pg);
}

/* For calls that come from the owner: `done` must not happen inside them. */
static void
pg_lose(struct pg *pg)
{
	pg->lost = true;
	if (pg->error.text[0] == '\0')
		pg_note_text(
		    pg, pg->conn == NULL ? "no connection" : PQerrorMessage(pg->conn));
	event_active(pg->deadline, EV_TIMEOUT, 1);
}

static void
pg_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pg *pg = arg;
	char text[80];

	(void)fd;
	(void)what;
	snprintf(text, sizeof text, "no answer within %.1f s",
	    (double)pg->timeout_ms / 1000);
	pg_fail(pg, text);
}

static void
pg_arm(struct pg *pg)
{
	struct timeval limit = {
	    .tv_sec = (time_t)(pg->timeout_ms / 1000),
	    .tv_usec = (suseconds_t)(pg->timeout_ms % 1000 * 1000),
	};

	evtimer_add(pg->deadline, &limit);
}

static void
pg_begin(struct pg *pg, uint64_t timeout_ms)
{
	pg->timeout_ms = timeout_ms;
	pg->error = (struct pg_error){.fault = PG_FAULT_NONE};
	pg->busy = true;
	pg_arm(pg);
}

/* ---- the socket */

static int
pg_make_events(struct pg *pg)
{
	pg_drop_events(pg);
	pg->readable =
	    event_new(pg->base, PQsocket(pg->conn), EV_READ | EV_PERSIST, pg_on_io, pg);
	pg->writable = event_new(pg->base, PQsocket(pg->conn), EV_WRITE, pg_on_io, pg);
	return pg->readable == NULL || pg->writable == NULL ? -1 : 0;
}

static void
pg_ready(struct pg *pg)
{
	const char *host = PQhost(pg->conn);

	snprintf(pg->where, sizeof pg->where, "%s database %s user %s",
	    host == NULL ? "" : host, PQdb(pg->conn), PQuser(pg->conn));
	if (PQsetnonblocking(pg->conn, 1) != 0 || pg_make_events(pg) != 0) {
		pg_fail(pg, "no memory");
		return;
	}
	event_add(pg->readable, NULL);
	pg_finish(pg);
}

static void
pg_poll_connect(struct pg *pg)
{
	PostgresPollingStatusType want = PQconnectPoll(pg->conn);

	if (want == PGRES_POLLING_OK) {
		pg_ready(pg);
		return;
	}
	if (want == PGRES_POLLING_FAILED) {
		pg_fail(pg, PQerrorMessage(pg->conn));
		return;
	}
	/* The socket changes when libpq goes on to the next address. */
	if (pg_make_events(pg) != 0) {
		pg_fail(pg, "no memory");
		return;
	}
	event_add(want == PGRES_POLLING_WRITING ? pg->writable : pg->readable, NULL);
}

static void
pg_on_notice(void *arg, const char *message)
{
	(void)arg;
	log_debug("database: %s", message);
}

void
pg_connect(struct pg *pg, const char *conninfo, uint64_t timeout_ms)
{
	/* What stands in conninfo comes later and wins. */
	const char *const names[] = {"fallback_application_name", "client_encoding",
	    "keepalives_idle", "keepalives_interval", "keepalives_count",
	    "tcp_user_timeout", "dbname", NULL};
	const char *const values[] = {
	    "fwlog-collector", "UTF8", "10", "5", "3", "30000", conninfo, NULL};

	pg_close(pg);
	pg_begin(pg, timeout_ms);
	snprintf(pg->where, sizeof pg->where, "database");
	pg->connecting = true;
	pg->conn = PQconnectStartParams(names, values, 1);
	if (pg->conn == NULL || PQstatus(pg->conn) == CONNECTION_BAD) {
		pg_lose(pg);
		return;
	}
	PQsetNoticeProcessor(pg->conn, pg_on_notice, NULL);
	/* libpq's rule: before the first poll behave as if it had asked for writing. */
	if (pg_make_events(pg) != 0)
		pg_lose(pg);
	else
		event_add(pg->writable, NULL);
}

const char *
pg_where(struct pg *pg)
{
	return pg->where;
}

/* ---- steps */

/* 1: all is sent; 0: the socket is full; -1: lost. */
static int
pg_flush(struct pg *pg)
{
	int left = PQflush(pg->conn);

	if (left > 0)
		event_add(pg->writable, NULL);
	return left < 0 ? -1 : left == 0;
}

void
pg_query(struct pg *pg, const char *sql, uint64_t timeout_ms)
{
	pg_begin(pg, timeout_ms);
	if (pg->conn == NULL || PQsendQuery(pg->conn, sql) == 0 || pg_flush(pg) < 0)
		pg_lose(pg);
}

void
pg_ask(struct pg *pg, const char *sql, const struct pg_param *param, int params,
    uint64_t timeout_ms)
{
	const char *value[PARAMS_MAX];
	int length[PARAMS_MAX], format[PARAMS_MAX];

	pg_begin(pg, timeout_ms);
	if (pg->conn == NULL || params > PARAMS_MAX) {
		pg_lose(pg);
		return;
	}
	for (int i = 0; i < params; i++) {
		value[i] = param[i].value;
		length[i] = (int)param[i].len;
		format[i] = param[i].binary;
	}
	if (PQsendQueryParams(pg->conn, sql, params, NULL, value, length, format, 0) ==
		0 ||
	    pg_flush(pg) < 0)
		pg_lose(pg);
}

static void
pg_note_error(struct pg *pg, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (pg->error.fault != PG_FAULT_NONE)
		return;
	snprintf(pg->error.sqlstate, sizeof pg->error.sqlstate, "%s",
	    state == NULL ? "" : state);
	pg->error.fault = state == NULL ? PG_FAULT_CONNECTION : pg_classify(state);
	/* Not the details: they quote the row, and packets do not belong in a log. */
	pg_note_text(pg, primary == NULL ? PQresultErrorMessage(res) : primary);
}

static void
pg_take(struct pg *pg, PGresult *res)
{
	switch (PQresultStatus(res)) {
	case PGRES_COPY_IN:
		pg->copying = true;
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		pg->events->result(
		    pg->arg, (const struct pg_result *)(const void *)res);
		break;
	default:
		pg_note_error(pg, res);
		break;
	}
	PQclear(res);
}

/* Hands out what has arrived, until the step is over or more must come. */
static void
pg_drain(struct pg *pg)
{
	PGresult *res;

	while (!pg->lost && pg->busy && !pg->copying && !PQisBusy(pg->conn)) {
		res = PQgetResult(pg->conn);
		if (res == NULL) {
			if (PQstatus(pg->conn) == CONNECTION_BAD)
				pg->error.fault = PG_FAULT_CONNECTION;
			pg_finish(pg);
			return;
		}
		pg_take(pg, res);
		if (pg->copying)
			pg->events->copy_room(pg->arg);
	}
}

static void
pg_on_io(evutil_socket_t fd, short what, void *arg)
{
	struct pg *pg = arg;
	int sent = 1;

	(void)fd;
	if (pg->connecting) {
		pg_poll_connect(pg);
		return;
	}
	if ((what & EV_READ) != 0 && PQconsumeInput(pg->conn) == 0) {
		pg_fail(pg, PQerrorMessage(pg->conn));
		return;
	}
	if ((what & EV_WRITE) != 0)
		sent = pg_flush(pg);
	if (sent < 0) {
		pg_fail(pg, PQerrorMessage(pg->conn));
		return;
	}
	if (pg->copying && (what & EV_WRITE) != 0 && sent == 1) {
		pg_arm(pg);
		pg->events->copy_room(pg->arg);
	}
	pg_drain(pg);
}

int
pg_copy(struct pg *pg, const void *data, size_t len)
{
	int sent = -1;

	if (!pg->lost && PQputCopyData(pg->conn, data, (int)len) == 1)
		sent = pg_flush(pg);
	if (sent < 0 && !pg->lost)
		pg_lose(pg);
	return sent;
}

void
pg_copy_end(struct pg *pg)
{
	pg->copying = false;
	if (!pg->lost && (PQputCopyEnd(pg->conn, NULL) != 1 || pg_flush(pg) < 0))
		pg_lose(pg);
}

/* ---- results */

static const PGresult *
pg_of(const struct pg_result *r)
{
	return (const PGresult *)(const void *)r;
}

int
pg_rows(const struct pg_result *r)
{
	return PQresultStatus(pg_of(r)) == PGRES_TUPLES_OK ? PQntuples(pg_of(r)) : -1;
}

bool
pg_is_null(const struct pg_result *r, int row, int column)
{
	return PQgetisnull(pg_of(r), row, column) != 0;
}

int64_t
pg_int(const struct pg_result *r, int row, int column)
{
	return strtoll(PQgetvalue(pg_of(r), row, column), NULL, 10);
}

const char *
pg_text(const struct pg_result *r, int row, int column)
{
	return PQgetvalue(pg_of(r), row, column);
}

void
pg_wipe(const struct pg_result *r, int row, int column)
{
	/* libpq gives it non-const, and frees it without looking at it again. */
	noise_wipe(PQgetvalue(pg_of(r), row, column),
	    (size_t)PQgetlength(pg_of(r), row, column));
}

const char *
pg_tag(const struct pg_result *r)
{
	/* libpq takes it non-const, but only reads. */
	return PQcmdStatus((PGresult *)(uintptr_t)pg_of(r));
}
