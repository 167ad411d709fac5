/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to PostgreSQL; web-cgi/store.c is the only user of libpq here. One
 * connection for each request; queries are added, go out together (pipeline mode) and
 * see one snapshot between store_begin and store_end. Everything together has one
 * deadline. What went wrong goes to the log in full; the caller learns only its kind.
 * After anything but STORE_OK a store is good for store_close alone.
 */
#ifndef FWLOG_WEB_STORE_H
#define FWLOG_WEB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_NONE INT64_MIN
#define STORE_RESULTS_MAX 1024 /* results one store keeps */

/* SQL: a column of type timestamptz as microseconds since 1970. */
#define STORE_MICROSECONDS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"

enum store_status {
	STORE_OK,
	STORE_AWAY,      /* no connection, or it broke */
	STORE_NOT_READY, /* schema missing or of another version, right missing */
	STORE_TIMEOUT,   /* the deadline struck */
	STORE_REFUSED,   /* one of our functions says why not: store_refusal */
	STORE_STOPPED,   /* who took the rows wanted no more */
	STORE_FAULT,     /* anything else */
};

struct store;

/* deadline_ms from now, for all that is done with this store. NULL: see *status. */
struct store *store_open(
    const char *conninfo, uint64_t deadline_ms, enum store_status *status);
void store_close(struct store *s); /* NULL-safe; ends the life of all strings it gave */

/*
 * A query that the next store_run sends, and the number its result will have. Values
 * are copied. What goes wrong is told by store_run.
 */
int store_add(struct store *s, const char *sql, int n, const char *const *params);
/* The number the next one will have. */
int store_next(const struct store *s);
/* A transaction that changes something for this user of the page. */
void store_begin_change(struct store *s, const char *who);
/* Why, for people, after STORE_REFUSED; *forbidden: it is about who asks. */
const char *store_refusal(const struct store *s, bool *forbidden);
/* A read-only transaction with one snapshot, the limit of time, UTC; and its end. */
void store_begin(struct store *s);
void store_end(struct store *s);
/* Sends what was added and waits for all results. */
enum store_status store_run(struct store *s) __attribute__((warn_unused_result));

/*
 * One query whose rows are too many to keep: each is given to take once, as row 0 of
 * the result. take returns 0 to go on.
 */
typedef int store_take(void *arg, int result);
enum store_status store_stream(struct store *s, const char *sql, int n,
    const char *const *params, store_take *take, void *arg)
    __attribute__((warn_unused_result));

/* Strings live as long as the store, in a stream as long as the row; "" for null.
 * Numbers that are null are STORE_NONE. */
int store_rows(const struct store *s, int result);
bool store_null(const struct store *s, int result, int row, int column);
const char *store_text(const struct store *s, int result, int row, int column);
int64_t store_number(const struct store *s, int result, int row, int column);
uint64_t store_count(const struct store *s, int result, int row, int column);

/* The schema can be read. */
enum store_status store_ping(struct store *s);

#endif
