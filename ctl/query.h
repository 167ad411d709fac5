/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What search, tail, top, count and pcap have in common: a filter, a range of time and
 * a session with the database, made into a condition with bound values. Messages go to
 * standard error. The role fwlog_report suffices. What lives in args must outlive it.
 */
#ifndef FWLOG_CTL_QUERY_H
#define FWLOG_CTL_QUERY_H

#include <stdint.h>

#include "common/filter.h"
#include "ctl/args.h"
#include "ctl/db.h"
#include "ctl/timearg.h"

/* Exit codes of these commands, as grep has them, save the last. */
enum { QUERY_FOUND = 0, QUERY_NONE = 1, QUERY_USAGE = 2, QUERY_FAILED = 4 };

struct query {
	struct db *db;
	const struct args *args;
	size_t first;     /* operand the filter begins with */
	int64_t from, to; /* microseconds since 1970; to is not in */
	char from_text[TIMEARG_TEXT], to_text[TIMEARG_TEXT];
	struct filter_tree *tree;
	struct filter_sql sql; /* over "fwlog.event e"; its values are $3 … */
	const char **params;   /* $1 from, $2 to, then the filter's */
	int nparams;
};

/* What a statement asks of e besides the filter, whose text follows in parentheses. */
#define QUERY_IN_RANGE "e.ts >= $1::timestamptz AND e.ts < $2::timestamptz"

/*
 * The filter stands in the operands from the first one on, --from and --to (default:
 * the last 24 hours) give the range, which it says. Returns -1 to go on, or an exit
 * code; query_close in both cases.
 */
int query_open(struct query *q, const struct args *args, size_t first);
/* The same without a range: $1 and $2 are the caller's. */
int query_open_filter(struct query *q, const struct args *args, size_t first);
void query_close(struct query *q);

/* Anew, with the names and lists as they are now. -1 or an exit code, as query_open. */
int query_resolve(struct query *q);
/* Connects anew after a failure. 0, or -1: see db_error. */
int query_reconnect(struct query *q) __attribute__((warn_unused_result));

/* Says what failed last and what helps; returns QUERY_FAILED. */
int query_failed(const struct query *q);
/* Standard output could not be written (errno): says so unless its reader went away. */
int query_unwritten(int error);

/*
 * A number of an option from least to most; 0, or -1 with a message. NULL: value stays.
 */
int query_number(const char *option, const char *text, unsigned long least,
    unsigned long most, unsigned long *value) __attribute__((warn_unused_result));

/*
 * The text of a filter, to be freed: the operands from the first one on with a blank
 * between them, without the one that hid a word from getopt. NULL without memory.
 */
char *query_words(const struct args *args, size_t first);
/* A wrong filter: what is wrong and the place in it. */
void query_explain(const char *text, const struct filter_error *error, FILE *out);

#endif
