/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting without looking at events: a range of time is cut into pieces, whole days,
 * hours and minutes of them are read from the roll-ups (sql/0008_store.sql) that know
 * every field in question, what is cut at the ends from the events. Every source is a
 * relation e with the columns of fwlog.event it has, is_rest and events, so that one
 * condition of a filter fits all.
 */
#ifndef FWLOG_WEB_ROLLED_H
#define FWLOG_WEB_ROLLED_H

#include "web-cgi/bindings.h"
#include "web-cgi/search.h"

/* Fields that some roll-up knows. */
enum rolled_field {
	ROLLED_HOST = 1,
	ROLLED_PREFIX = 2,
	ROLLED_PROTO = 4,
	ROLLED_DPORT = 8,
	ROLLED_VERDICT = 16,
	ROLLED_SRC = 32,
	ROLLED_DST = 64,
	ROLLED_NEVER = 128, /* any other */
};

struct rolled_source {
	unsigned fields;
	int64_t step; /* width of its rows, µs; 0: single events */
	const char *from, *count, *rest;
	bool summed; /* over all hosts: names less than those with hosts */
};

struct piece {
	const struct rolled_source *source;
	int64_t from, to;
};

#define PIECES_MAX 7
struct pieces {
	struct piece at[PIECES_MAX];
	int count;
	bool summed;       /* sources that are will do */
	int64_t by_events; /* µs of the range that are read event by event */
};

/* Of a field of the filter language, and those a filter looks at. */
unsigned rolled_field(const char *name);
unsigned rolled_fields(const struct search *s);

/*
 * The fields a filter looks at, in a range: with ROLLED_NEVER where ports are folded
 * that it asks for. One look at the store for filters with ports, else none.
 */
enum store_status rolled_ask(const struct search *search, struct store *s, int64_t from,
    int64_t to, unsigned *fields) __attribute__((warn_unused_result));

/*
 * Cuts the range for questions about these fields into steps of at most so long. From
 * RANGE_DAY on sums over all hosts serve, which name fewer addresses and ports.
 */
struct pieces pieces_cut(unsigned fields, int64_t step, int64_t from, int64_t to);
#define PIECES_STEP RANGE_HOUR

/* Condition as bindings_condition has it, in the words of the piece; to be freed. */
char *rolled_condition(const struct filter_sql *condition, const struct piece *p)
    __attribute__((warn_unused_result));

/*
 * SQL, to be freed: a query over e for each piece, joined by UNION ALL, with columns
 * is_rest (the row is what has none of its own), those given, and n, how many events,
 * grouped by the first groups of these, is_rest among them. NULL: no memory.
 */
char *pieces_sql(const struct pieces *p, const char *columns, int groups,
    const struct filter_sql *condition) __attribute__((warn_unused_result));

#endif
