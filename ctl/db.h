/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to PostgreSQL for fwlogctl; ctl/db.c is its only user of libpq. Blocking;
 * connecting has a deadline. What failed is kept as text for people: the server's
 * message, its hint, its SQLSTATE, the line of a script.
 */
#ifndef FWLOG_CTL_DB_H
#define FWLOG_CTL_DB_H

#include <stdbool.h>
#include <stddef.h>

#define DB_CONNECT_SECONDS 10
#define DB_ERROR_MAX 1024 /* bytes of a message, with its NUL */

struct db;
struct db_rows;

/*
 * conninfo: as libpq takes it, or NULL; without a database in it or in the environment
 * it is fwlog. dbname: NULL, or the database instead of that one. Never NULL save when
 * memory ends; db_ok tells whether it is connected.
 */
struct db *db_open(const char *conninfo, const char *dbname);
void db_close(struct db *db); /* NULL-safe */
bool db_ok(const struct db *db);
/*
 * The last failure was the end of the connection, not a word of the server about the
 * statement: connecting again may help.
 */
bool db_is_lost(const struct db *db);
/* The server is there and says that there is no such database. */
bool db_is_missing(const struct db *db);
/* Name of the database that was asked for. */
const char *db_name(const struct db *db);
/* What may help when db_ok is false. */
const char *db_connect_remedy(const struct db *db);
/* Message of what failed last, without a newline. */
const char *db_error(const struct db *db);
/* Its SQLSTATE, "" when there is none. */
const char *db_sqlstate(const struct db *db);
int db_server_version(const struct db *db); /* 150004 */

/* One or more statements, results thrown away. 0 or -1. */
int db_exec(struct db *db, const char *sql) __attribute__((warn_unused_result));
/* As db_exec with %s replaced by the quoted identifier. */
int db_exec_name(struct db *db, const char *sql, const char *name)
    __attribute__((warn_unused_result));
/* One query with $1 = argument (NULL: no parameter). NULL on failure. */
struct db_rows *db_query(struct db *db, const char *sql, const char *argument);
/* The first value of a query's first row into buf; "" for null. 0, or -1: failed, no
 * row. */
int db_value(struct db *db, const char *sql, const char *argument, char *buf,
    size_t size) __attribute__((warn_unused_result));

/* The same with $1… = params[0]…; NULL is null. */
struct db_rows *db_query_params(
    struct db *db, const char *sql, const char *const *params, int n);
int db_value_params(struct db *db, const char *sql, const char *const *params, int n,
    char *buf, size_t size) __attribute__((warn_unused_result));

/*
 * COPY … FROM STDIN in text format: begin, rows as often as needed, end. A failure of
 * any of them ends it.
 */
int db_copy_begin(struct db *db, const char *sql) __attribute__((warn_unused_result));
int db_copy_put(struct db *db, const char *data, size_t len)
    __attribute__((warn_unused_result));
int db_copy_end(struct db *db) __attribute__((warn_unused_result));

/*
 * COPY … TO STDOUT in text format: begin, then rows, each with its newline and its
 * length, to be freed by db_copy_free; 0: no more, -1: failed.
 */
int db_copy_out(struct db *db, const char *sql) __attribute__((warn_unused_result));
int db_copy_get(struct db *db, char **row) __attribute__((warn_unused_result));
void db_copy_free(char *row);

/*
 * A query whose answer may be of any size, inside a transaction: its rows come
 * DB_FETCH_ROWS at a time, no rows mean the end. One at a time for each connection.
 */
#define DB_FETCH_ROWS 500
int db_cursor_open(struct db *db, const char *sql, const char *const *params, int n)
    __attribute__((warn_unused_result));
struct db_rows *db_cursor_fetch(struct db *db);
int db_cursor_close(struct db *db) __attribute__((warn_unused_result));

/* The connection whose statements db_cancel ends; NULL: none. */
void db_cancel_set(struct db *db);
/* Ends the statement that runs, which then fails. Safe in a signal handler. */
void db_cancel(void);

int db_rows_count(const struct db_rows *rows);
bool db_rows_null(const struct db_rows *rows, int row, int column);
/* "" for null; lives as long as the rows. */
const char *db_rows_get(const struct db_rows *rows, int row, int column);
void db_rows_free(struct db_rows *rows); /* NULL-safe */

#endif
