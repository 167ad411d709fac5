/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of a query: the range is $1 and $2, those of a filter's condition follow
 * from $3 on, then the query's own.
 */
#ifndef FWLOG_WEB_BINDINGS_H
#define FWLOG_WEB_BINDINGS_H

#include "common/filter.h"
#include "web-cgi/range.h"

#define BINDINGS_FIRST 3 /* number of the first value of a condition */

struct bindings {
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	const char **value;
	int count;
};

/* What a query asks of fwlog.event e; the condition's text follows in parentheses. */
#define BINDINGS_IN_RANGE "e.ts >= $1::timestamptz AND e.ts < $2::timestamptz"

/* condition NULL: none. 0, or -1 without memory; bindings_free in both cases. */
int bindings_begin(struct bindings *b, int64_t from, int64_t to,
    const struct filter_sql *condition) __attribute__((warn_unused_result));
void bindings_range(struct bindings *b, int64_t from, int64_t to);
/* Its number. There is room for eight. */
int bindings_add(struct bindings *b, const char *value);
void bindings_free(struct bindings *b);
/* Text of the condition. */
const char *bindings_condition(const struct filter_sql *condition);

#endif
