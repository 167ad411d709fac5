/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alert thread's own door to PostgreSQL, beside pg.h for the event loop: blocking,
 * but every wait ends when the thread is to stop. What failed is kept as text; after a
 * failure the connection is not to be used any more.
 */
#ifndef FWLOG_COLLECTOR_ALERTS_DB_H
#define FWLOG_COLLECTOR_ALERTS_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERTS_DB_PARAMS_MAX 8

struct alerts_db;
struct alerts_rows;

/*
 * conninfo: a libpq connection string or URI; user: NULL, or who to be in the place of
 * what that says. stop must live as long. NULL: no memory; see alerts_db_error.
 */
struct alerts_db *alerts_db_open(const char *conninfo, const char *user,
    uint64_t timeout_ms, const atomic_bool *stop);
void alerts_db_close(struct alerts_db *db); /* NULL-safe */
bool alerts_db_ok(const struct alerts_db *db);
const char *alerts_db_error(const struct alerts_db *db); /* one line */

/* Statements without parameters; 0 or -1. */
int alerts_db_exec(struct alerts_db *db, const char *sql)
    __attribute__((warn_unused_result));
/* $1… = param[0]…, NULL is null. NULL: failed. */
struct alerts_rows *alerts_db_ask(
    struct alerts_db *db, const char *sql, const char *const *param, int params);
int alerts_rows_count(const struct alerts_rows *rows);
const char *alerts_rows_text(const struct alerts_rows *rows, int row, int column);
int64_t alerts_rows_int(const struct alerts_rows *rows, int row, int column);
void alerts_rows_free(struct alerts_rows *rows); /* NULL-safe */

/* COPY … TO STDOUT: begin, then portions, valid until the next; 0: the end, -1. */
int alerts_db_copy(struct alerts_db *db, const char *sql)
    __attribute__((warn_unused_result));
int alerts_db_copy_get(struct alerts_db *db, const uint8_t **data, size_t *len)
    __attribute__((warn_unused_result));

/* Has somebody notified since the last call? -1: the connection is gone. */
int alerts_db_notified(struct alerts_db *db);

#endif
