/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alerts_db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"

#define LOOK_MS 200 /* how often a wait looks whether it is to end */

struct alerts_db {
	PGconn *conn;
	const atomic_bool *stop;
	uint64_t timeout_ms;
	char *copied;
	bool failed;
	char error[512];
};

/* ---- failures */

static int
fail(struct alerts_db *db, const char *text)
{
	size_t len = strcspn(text, "\n");

	snprintf(db->error, sizeof db->error, "%.*s", (int)len, text);
	db->failed = true;
	return -1;
}

bool
alerts_db_ok(const struct alerts_db *db)
{
	return db->conn != NULL && !db->failed;
}

const char *
alerts_db_error(const struct alerts_db *db)
{
	return db->error;
}

/* ---- waiting */

/* Until the server says something, or takes something; 0 or -1. */
static int
wait_for(struct alerts_db *db, short what, uint64_t since)
{
	struct pollfd p = {.fd = PQsocket(db->conn), .events = what};

	for (;;) {
		if (atomic_load(db->stop))
			return fail(db, "the collector stops");
		if (clock_ms() - since > db->timeout_ms)
			return fail(db, "no answer in time");
		if (p.fd < 0 || poll(&p, 1, LOOK_MS) > 0)
			return 0;
	}
}

static int
send_all(struct alerts_db *db)
{
	uint64_t since = clock_ms();
	int rc;

	while ((rc = PQflush(db->conn)) == 1) {
		if (wait_for(db, POLLIN | POLLOUT, since) != 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return fail(db, PQerrorMessage(db->conn));
	}
	return rc == 0 ? 0 : fail(db, PQerrorMessage(db->conn));
}

static int
wait_result(struct alerts_db *db)
{
	uint64_t since = clock_ms();

	while (PQisBusy(db->conn)) {
		if (wait_for(db, POLLIN, since) != 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return fail(db, PQerrorMessage(db->conn));
	}
	return 0;
}

/* ---- the connection */

static int
finish_connecting(struct alerts_db *db)
{
	uint64_t since = clock_ms();
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED)
			return fail(db, PQerrorMessage(db->conn));
		if (wait_for(db, state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			since) != 0)
			return -1;
		state = PQconnectPoll(db->conn);
	}
	return PQsetnonblocking(db->conn, 1);
}

static void
hear_nothing(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

struct alerts_db *
alerts_db_open(const char *conninfo, const char *user, uint64_t timeout_ms,
    const atomic_bool *stop)
{
	const char *names[] = {"dbname", "fallback_application_name", "user", NULL};
	const char *values[] = {conninfo, "fwlog-collector alerts", user, NULL};
	struct alerts_db *db = calloc(1, sizeof *db);

	if (db == NULL)
		return NULL;
	db->stop = stop;
	db->timeout_ms = timeout_ms;
	if (user == NULL)
		names[2] = NULL;
	db->conn = PQconnectStartParams(names, values, 1);
	if (db->conn == NULL || PQstatus(db->conn) == CONNECTION_BAD) {
		fail(db, db->conn == NULL ? "no memory" : PQerrorMessage(db->conn));
		return db;
	}
	PQsetNoticeProcessor(db->conn, hear_nothing, NULL);
	if (finish_connecting(db) == 0 &&
	    alerts_db_exec(db,
		"SET timezone = 'UTC'; SET standard_conforming_strings = on; "
		"SET bytea_output = 'hex'; SET lock_timeout = '5s'") != 0)
		db->failed = true;
	return db;
}

void
alerts_db_close(struct alerts_db *db)
{
	if (db == NULL)
		return;
	PQfreemem(db->copied);
	PQfinish(db->conn);
	free(db);
}

/* ---- statements */

/* The last result of what was sent, or NULL. */
static PGresult *
take_result(struct alerts_db *db)
{
	PGresult *last = NULL, *r;

	if (send_all(db) != 0)
		return NULL;
	for (;;) {
		if (wait_result(db) != 0)
			break;
		r = PQgetResult(db->conn);
		if (r == NULL)
			return last;
		PQclear(last);
		last = r;
		if (PQresultStatus(r) == PGRES_COPY_OUT)
			return last;
		if (PQresultStatus(r) == PGRES_FATAL_ERROR)
			fail(db, PQresultErrorMessage(r));
	}
	PQclear(last);
	return NULL;
}

int
alerts_db_exec(struct alerts_db *db, const char *sql)
{
	PGresult *r;

	if (!alerts_db_ok(db))
		return -1;
	if (PQsendQuery(db->conn, sql) == 0)
		return fail(db, PQerrorMessage(db->conn));
	r = take_result(db);
	PQclear(r);
	return db->failed || r == NULL ? -1 : 0;
}

struct alerts_rows *
alerts_db_ask(
    struct alerts_db *db, const char *sql, const char *const *param, int params)
{
	PGresult *r;

	if (!alerts_db_ok(db))
		return NULL;
	if (PQsendQueryParams(db->conn, sql, params, NULL, param, NULL, NULL, 0) == 0) {
		fail(db, PQerrorMessage(db->conn));
		return NULL;
	}
	r = take_result(db);
	if (r != NULL && !db->failed && PQresultStatus(r) == PGRES_TUPLES_OK)
		return (struct alerts_rows *)r;
	PQclear(r);
	return NULL;
}

static const PGresult *
result_of(const struct alerts_rows *rows)
{
	return (const PGresult *)rows;
}

int
alerts_rows_count(const struct alerts_rows *rows)
{
	return PQntuples(result_of(rows));
}

const char *
alerts_rows_text(const struct alerts_rows *rows, int row, int column)
{
	return PQgetvalue(result_of(rows), row, column);
}

int64_t
alerts_rows_int(const struct alerts_rows *rows, int row, int column)
{
	return strtoll(alerts_rows_text(rows, row, column), NULL, 10);
}

void
alerts_rows_free(struct alerts_rows *rows)
{
	PQclear((PGresult *)rows);
}

/* ---- COPY */

int
alerts_db_copy(struct alerts_db *db, const char *sql)
{
	PGresult *r;
	bool begun;

	if (!alerts_db_ok(db))
		return -1;
	if (PQsendQuery(db->conn, sql) == 0)
		return fail(db, PQerrorMessage(db->conn));
	r = take_result(db);
	begun = r != NULL && PQresultStatus(r) == PGRES_COPY_OUT;
	PQclear(r);
	if (!begun && !db->failed)
		return fail(db, "COPY did not begin");
	return begun ? 0 : -1;
}

static int
copy_end(struct alerts_db *db)
{
	PGresult *r = take_result(db);

	PQclear(r);
	return db->failed ? -1 : 0;
}

int
alerts_db_copy_get(struct alerts_db *db, const uint8_t **data, size_t *len)
{
	uint64_t since = clock_ms();
	int n;

	PQfreemem(db->copied);
	db->copied = NULL;
	while ((n = PQgetCopyData(db->conn, &db->copied, 1)) == 0) {
		if (wait_for(db, POLLIN, since) != 0)
			return -1;
		if (PQconsumeInput(db->conn) == 0)
			return fail(db, PQerrorMessage(db->conn));
	}
	if (n == -2)
		return fail(db, PQerrorMessage(db->conn));
	if (n == -1)
		return copy_end(db);
	*data = (const uint8_t *)db->copied;
	*len = (size_t)n;
	return 1;
}

/* ---- notifications */

int
alerts_db_notified(struct alerts_db *db)
{
	PGnotify *n;
	int heard = 0;

	if (!alerts_db_ok(db))
		return -1;
	if (PQconsumeInput(db->conn) == 0)
		return fail(db, PQerrorMessage(db->conn));
	while ((n = PQnotifies(db->conn)) != NULL) {
		PQfreemem(n);
		heard = 1;
	}
	return heard;
}
