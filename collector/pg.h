/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to PostgreSQL: one asynchronous connection, driven by the event loop. Only
 * pg.c knows libpq. Nothing here blocks, every step has a deadline, and every step ends
 * with one call of `done`. When that says PG_FAULT_CONNECTION the connection is closed,
 * and what it had under way has an unknown outcome.
 */
#ifndef FWLOG_COLLECTOR_PG_H
#define FWLOG_COLLECTOR_PG_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pg_fault {
	PG_FAULT_NONE,
	PG_FAULT_CONNECTION, /* refused, lost, or silent beyond the deadline */
	PG_FAULT_DATA,       /* these values were refused and would be refused again */
	PG_FAULT_DENIED,     /* a right or an object is missing: an operator must act */
	PG_FAULT_BUSY,       /* deadlock, shutdown, resources: try again later */
};

struct pg_error {
	enum pg_fault fault;
	char sqlstate[6]; /* "" when the server did not say */
	char text[512];   /* one line */
};

struct pg_result; /* of one statement; lives during the call of `result` */

struct pg_events {
	void (*result)(void *arg, const struct pg_result *r);
	/* COPY has begun, or has room again: go on with pg_copy until it says 0. */
	void (*copy_room)(void *arg);
	/* The step is over; the next may be started from here. */
	void (*done)(void *arg, const struct pg_error *error);
};

struct pg_param {
	const void *value; /* NULL: NULL */
	size_t len;        /* bytes, used when binary; else value is a string */
	bool binary;
};

struct pg;
struct pg *pg_new(struct event_base *base, const struct pg_events *events, void *arg);
void pg_free(struct pg *pg); /* closes; no more calls; NULL-safe */

/* conninfo: a libpq connection string. Closes what was open. */
void pg_connect(struct pg *pg, const char *conninfo, uint64_t timeout_ms);
void pg_close(struct pg *pg);
/* "host database user", for messages; valid until the next call. */
const char *pg_where(struct pg *pg);

/* Statements separated by semicolons, without parameters. */
void pg_query(struct pg *pg, const char *sql, uint64_t timeout_ms);
/* One statement with parameters. */
void pg_ask(struct pg *pg, const char *sql, const struct pg_param *param, int params,
    uint64_t timeout_ms);

/* 1: taken, go on; 0: taken, wait for copy_room; -1: lost, `done` follows. */
int pg_copy(struct pg *pg, const void *data, size_t len);
void pg_copy_end(struct pg *pg);

/* ---- results: rows and columns from 0 */
int pg_rows(const struct pg_result *r); /* -1: the statement gives none */
bool pg_is_null(const struct pg_result *r, int row, int column);
int64_t pg_int(const struct pg_result *r, int row, int column); /* 0 for NULL */
const char *pg_text(const struct pg_result *r, int row, int column);
/* Overwrites a value that is a secret, where the answer lies in memory. */
void pg_wipe(const struct pg_result *r, int row, int column);
const char *pg_tag(const struct pg_result *r); /* "COMMIT", "INSERT 0 5" */

/* What a SQLSTATE means for who sent the statement. */
enum pg_fault pg_classify(const char *sqlstate);

#endif
