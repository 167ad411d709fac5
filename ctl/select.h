/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events a query selects, in order of time over all hosts, read in portions so that
 * neither the client nor the server holds much at once: the range is taken in slices
 * that are sorted one by one, all in one snapshot of the database.
 */
#ifndef FWLOG_CTL_SELECT_H
#define FWLOG_CTL_SELECT_H

#include "ctl/query.h"

#define SELECT_LIMIT_MAX 100000 /* rows; with a limit they are held in memory */

/* Takes some rows, in order. 0, or -1 to stop. */
typedef int select_take(void *arg, const struct db_rows *rows);

struct select {
	/* Of the SELECT, over e and what from joins to it; with a limit among them are
	 * time, host_id and n. */
	const char *columns;
	const char *from;    /* "fwlog.event e …" */
	unsigned long limit; /* so many of the newest; 0: all */
	select_take *take;
	void *arg;
};

/* 0; or -1 after a message, or after take returned it. */
int select_run(struct query *q, const struct select *s)
    __attribute__((warn_unused_result));

#endif
