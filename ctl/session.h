/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands on the database have in common: connecting, and saying what failed and
 * what helps. Messages go to standard error.
 */
#ifndef FWLOG_CTL_SESSION_H
#define FWLOG_CTL_SESSION_H

#include "ctl/args.h"
#include "ctl/db.h"

/* NULL when it failed, which has been said then. Times without a zone are UTC. */
struct db *session_open(const struct args *args);
/* Says what failed last, and what about. Returns -1. */
int session_failed(const char *what, const struct db *db);
/* EXIT_USAGE when the server refused a value that was typed, else EXIT_FAILED. */
int session_exit(const struct db *db);
/* Prints the one value of a query, as $1… = params: a document of JSON. Exit code. */
int session_print(
    struct db *db, const char *what, const char *sql, const char *const *params, int n);

#endif
