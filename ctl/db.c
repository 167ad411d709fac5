/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/db.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DB_DEFAULT_NAME "fwlog"
#define NO_DATABASE "3D000" /* invalid_catalog_name */
#define SHUTTING_DOWN "57P" /* admin_shutdown, crash_shutdown, cannot_connect_now */
#define SQLSTATE_CHARS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct db {
	PGconn *conn;
	PGcancel *cancel; /* once it was given to db_cancel_set */
	bool lost;        /* libpq learns of the end of a connection later than we do */
	char error[DB_ERROR_MAX];
	char sqlstate[6];
};

static struct db *volatile cancellable;

/* A PGresult under our name: the header knows no libpq. */
struct db_rows {
	PGresult *result;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Lines become one, joined by "; "; "LOCATION" and what follows is for libpq's authors.
 */
static void
set_error(struct db *db, const char *message)
{
	size_t n = 0;

	while (*message != '\0' && n + 3 < sizeof db->error) {
		if (*message != '\n') {
			db->error[n++] = *message++;
			continue;
		}
		message += strspn(message, "\n\t ");
		if (*message == '\0' || strncmp(message, "LOCATION:", 9) == 0)
			break;
		db->error[n++] = ';';
		db->error[n++] = ' ';
	}
	db->error[n] = '\0';
}

/*
 * A failed connection has no result to ask for its SQLSTATE; verbose messages have it
 * in their text: "FATAL:  3D000: database …" (the first word may be translated). It is
 * taken out of there.
 */
static void
connect_error(struct db *db)
{
	char *at = db->error;

	set_error(db, PQerrorMessage(db->conn));
	while ((at = strstr(at, ":  ")) != NULL) {
		at += 3;
		if (strspn(at, SQLSTATE_CHARS) == 5 && at[5] == ':' && at[6] == ' ') {
			memcpy(db->sqlstate, at, 5);
			memmove(at, at + 7, strlen(at + 7) + 1);
			return;
		}
	}
}

static int
wait_socket(struct db *db, PostgresPollingStatusType want, int64_t deadline)
{
	struct pollfd p = {
	    .fd = PQsocket(db->conn),
	    .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
	};
	int64_t left;
	int n;

	do {
		left = deadline - now_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -1;
}

static void
connect_wait(struct db *db)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	int64_t deadline = now_ms() + DB_CONNECT_SECONDS * 1000;

	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (wait_socket(db, state, deadline) < 0) {
			snprintf(db->error, sizeof db->error,
			    "no answer from the server within %d s",
			    DB_CONNECT_SECONDS);
			return;
		}
		state = PQconnectPoll(db->conn);
	}
	if (state == PGRES_POLLING_FAILED)
		connect_error(db);
}

/* Does the conninfo or the environment say which database? */
static bool
names_database(const char *conninfo)
{
	PQconninfoOption *options;
	bool found = getenv("PGDATABASE") != NULL || getenv("PGSERVICE") != NULL;

	options = conninfo != NULL ? PQconninfoParse(conninfo, NULL) : NULL;
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if ((strcmp(o->keyword, "dbname") == 0 ||
			strcmp(o->keyword, "service") == 0) &&
		    o->val != NULL)
			found = true;
	PQconninfoFree(options);
	return found;
}

static bool
conninfo_ok(struct db *db, const char *conninfo)
{
	PQconninfoOption *options;
	char *why = NULL;

	if (conninfo == NULL)
		return true;
	options = PQconninfoParse(conninfo, &why);
	if (options == NULL)
		set_error(db, why != NULL ? why : "out of memory");
	PQfreemem(why);
	PQconninfoFree(options);
	return options != NULL;
}

/* A conninfo stands as the first dbname, where libpq takes it apart; later words win.
 */
struct db *
db_open(const char *conninfo, const char *dbname)
{
	const char *words[5] = {"fallback_application_name"};
	const char *values[5] = {"fwlogctl"};
	struct db *db = calloc(1, sizeof *db);
	int n = 1;

	if (db == NULL || !conninfo_ok(db, conninfo))
		return db;
	if (conninfo != NULL) {
		words[n] = "dbname";
		values[n++] = conninfo;
	}
	if (dbname != NULL || !names_database(conninfo)) {
		words[n] = "dbname";
		values[n++] = dbname != NULL ? dbname : DB_DEFAULT_NAME;
	}
	db->conn = PQconnectStartParams(words, values, 1);
	if (db->conn == NULL) {
		set_error(db, "out of memory");
		return db;
	}
	PQsetErrorVerbosity(db->conn, PQERRORS_VERBOSE);
	if (PQstatus(db->conn) == CONNECTION_BAD)
		connect_error(db);
	else
		connect_wait(db);
	PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
	return db;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (cancellable == db)
		db_cancel_set(NULL);
	PQfreeCancel(db->cancel);
	PQfinish(db->conn);
	free(db);
}

bool
db_ok(const struct db *db)
{
	return PQstatus(db->conn) == CONNECTION_OK;
}

bool
db_is_lost(const struct db *db)
{
	return !db_ok(db) || db->lost || strncmp(db->sqlstate, SHUTTING_DOWN, 3) == 0;
}

bool
db_is_missing(const struct db *db)
{
	return !db_ok(db) && strcmp(db->sqlstate, NO_DATABASE) == 0;
}

const char *
db_name(const struct db *db)
{
	const char *name = PQdb(db->conn);

	return name != NULL ? name : DB_DEFAULT_NAME;
}

const char *
db_connect_remedy(const struct db *db)
{
	if (db_is_missing(db))
		return "fwlogctl db init creates it";
	if (db->sqlstate[0] != '\0')
		return "connect as another role (--db 'user=…')";
	return "is the server running, and does --db say where?";
}

const char *
db_error(const struct db *db)
{
	return db->error;
}

const char *
db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

int
db_server_version(const struct db *db)
{
	return PQserverVersion(db->conn);
}

/* Line of a script that a 1-based character position lies on. */
static int
line_of(const char *sql, const char *position)
{
	long left = strtol(position, NULL, 10);
	int line = 1;

	for (const char *p = sql; *p != '\0' && left > 1; p++) {
		if (*p == '\n')
			line++;
		if (((unsigned char)*p & 0xc0) != 0x80)
			left--;
	}
	return line;
}

static void
result_error(struct db *db, const PGresult *r, const char *sql)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
	const char *position = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
	char place[32] = "";

	if (message == NULL) {
		set_error(db, PQerrorMessage(db->conn));
		db->sqlstate[0] = '\0';
		db->lost = true;
		return;
	}
	if (position != NULL && strchr(sql, '\n') != NULL)
		snprintf(place, sizeof place, "line %d: ", line_of(sql, position));
	snprintf(db->error, sizeof db->error, "%s%s%s%s", place, message,
	    detail != NULL ? "; " : "", detail != NULL ? detail : "");
	snprintf(db->sqlstate, sizeof db->sqlstate, "%s", state != NULL ? state : "");
}

static bool
result_ok(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY;
}

int
db_exec(struct db *db, const char *sql)
{
	PGresult *r = PQexec(db->conn, sql);
	int rc = result_ok(r) ? 0 : -1;

	if (rc < 0)
		result_error(db, r, sql);
	PQclear(r);
	return rc;
}

int
db_exec_name(struct db *db, const char *sql, const char *name)
{
	char text[512];
	char *quoted = PQescapeIdentifier(db->conn, name, strlen(name));
	const char *hole = strstr(sql, "%s");
	int n;

	if (quoted == NULL || hole == NULL) {
		set_error(db, PQerrorMessage(db->conn));
		PQfreemem(quoted);
		return -1;
	}
	n = snprintf(
	    text, sizeof text, "%.*s%s%s", (int)(hole - sql), sql, quoted, hole + 2);
	PQfreemem(quoted);
	if (n < 0 || (size_t)n >= sizeof text) {
		set_error(db, "the name is too long");
		return -1;
	}
	return db_exec(db, text);
}

struct db_rows *
db_query_params(struct db *db, const char *sql, const char *const *params, int n)
{
	struct db_rows *rows = malloc(sizeof *rows);

	if (rows == NULL) {
		set_error(db, "out of memory");
		return NULL;
	}
	rows->result = PQexecParams(db->conn, sql, n, NULL, params, NULL, NULL, 0);
	if (result_ok(rows->result))
		return rows;
	result_error(db, rows->result, sql);
	db_rows_free(rows);
	return NULL;
}

struct db_rows *
db_query(struct db *db, const char *sql, const char *argument)
{
	return db_query_params(db, sql, &argument, argument != NULL);
}

int
db_value_params(struct db *db, const char *sql, const char *const *params, int n,
    char *buf, size_t size)
{
	struct db_rows *rows = db_query_params(db, sql, params, n);
	int rc = -1;

	if (rows != NULL && db_rows_count(rows) > 0) {
		snprintf(buf, size, "%s", db_rows_get(rows, 0, 0));
		rc = 0;
	} else if (rows != NULL) {
		set_error(db, "the query gave no row");
	}
	db_rows_free(rows);
	return rc;
}

int
db_value(struct db *db, const char *sql, const char *argument, char *buf, size_t size)
{
	return db_value_params(db, sql, &argument, argument != NULL, buf, size);
}

int
db_copy_begin(struct db *db, const char *sql)
{
	PGresult *r = PQexec(db->conn, sql);
	int rc = PQresultStatus(r) == PGRES_COPY_IN ? 0 : -1;

	if (rc < 0)
		result_error(db, r, sql);
	PQclear(r);
	return rc;
}

int
db_copy_put(struct db *db, const char *data, size_t len)
{
	if (PQputCopyData(db->conn, data, (int)len) == 1)
		return 0;
	set_error(db, PQerrorMessage(db->conn));
	db->sqlstate[0] = '\0';
	return -1;
}

int
db_copy_end(struct db *db)
{
	PGresult *r;
	int rc = -1;

	if (PQputCopyEnd(db->conn, NULL) != 1) {
		set_error(db, PQerrorMessage(db->conn));
		return -1;
	}
	while ((r = PQgetResult(db->conn)) != NULL) {
		rc = result_ok(r) ? 0 : -1;
		if (rc < 0)
			result_error(db, r, "");
		PQclear(r);
	}
	return rc;
}

int
db_copy_out(struct db *db, const char *sql)
{
	PGresult *r = PQexec(db->conn, sql);
	int rc = PQresultStatus(r) == PGRES_COPY_OUT ? 0 : -1;

	if (rc < 0)
		result_error(db, r, sql);
	PQclear(r);
	return rc;
}

int
db_copy_get(struct db *db, char **row)
{
	int len = PQgetCopyData(db->conn, row, 0), rc = len == -2 ? -1 : 0;
	PGresult *r;

	if (len > 0)
		return len;
	while ((r = PQgetResult(db->conn)) != NULL) {
		if (!result_ok(r)) {
			result_error(db, r, "");
			rc = -1;
		}
		PQclear(r);
	}
	return rc;
}

void
db_copy_free(char *row)
{
	PQfreemem(row);
}

int
db_cursor_open(struct db *db, const char *sql, const char *const *params, int n)
{
	char *text;
	PGresult *r;
	int rc;

	if (asprintf(&text, "DECLARE answer NO SCROLL CURSOR FOR %s", sql) < 0) {
		set_error(db, "out of memory");
		return -1;
	}
	r = PQexecParams(db->conn, text, n, NULL, params, NULL, NULL, 0);
	rc = result_ok(r) ? 0 : -1;
	if (rc < 0)
		result_error(db, r, text);
	PQclear(r);
	free(text);
	return rc;
}

#define TEXT_OF(n) #n
#define TEXT_OF_VALUE(n) TEXT_OF(n)

struct db_rows *
db_cursor_fetch(struct db *db)
{
	return db_query(db, "FETCH " TEXT_OF_VALUE(DB_FETCH_ROWS) " FROM answer", NULL);
}

int
db_cursor_close(struct db *db)
{
	return db_exec(db, "CLOSE answer");
}

void
db_cancel_set(struct db *db)
{
	if (db != NULL && db->cancel == NULL)
		db->cancel = PQgetCancel(db->conn);
	cancellable = db;
}

void
db_cancel(void)
{
	struct db *db = cancellable;
	char why[256]; /* of no use in a signal handler */
	int saved = errno;

	if (db != NULL && db->cancel != NULL)
		(void)PQcancel(db->cancel, why, sizeof why);
	errno = saved;
}

bool
db_rows_null(const struct db_rows *rows, int row, int column)
{
	return PQgetisnull(rows->result, row, column) != 0;
}

int
db_rows_count(const struct db_rows *rows)
{
	return PQntuples(rows->result);
}

const char *
db_rows_get(const struct db_rows *rows, int row, int column)
{
	return PQgetvalue(rows->result, row, column);
}

void
db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	PQclear(rows->result);
	free(rows);
}
