/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The most frequent values of a field, read from roll-ups where these know the field
 * and the filter: how many events of each, since when, whether it is new against the
 * equal range before, and when in the range they came.
 */
#ifndef FWLOG_WEB_RANKING_H
#define FWLOG_WEB_RANKING_H

#include "web-cgi/rolled.h"
#include "web-cgi/top.h"
#include "web-cgi/visit.h"

#define RANKING_BARS 24 /* of a sparkline */

struct ranking {
	const struct top_field *field;
	int64_t from, to; /* that were read, at least the range asked for */
	bool wider;       /* these are whole hours around it */
	bool judged;      /* it is known which values are new */
	int result, count;
	uint64_t all;      /* events of all values */
	uint64_t distinct; /* values that have rows of their own */
	uint64_t rest;     /* events of others */
};

struct ranking_wish {
	const struct filter_sql *condition;
	unsigned fields; /* that it looks at */
	int limit, offset;
	bool compare;    /* with the range before */
	bool bars;       /* sparklines */
	bool long_steps; /* sums of days, of all hosts: fewer values by name */
	bool may_widen;  /* rather than to read an hour's events */
};

/* Adds the query for values in a range; ranking_read after store_run. */
void ranking_add(struct ranking *r, struct store *s, const struct top_field *field,
    int64_t from, int64_t to, const struct ranking_wish *wish);
void ranking_read(struct ranking *r, const struct store *s);

/* Values live as long as the store; "" for events that have none. */
const char *ranking_value(const struct ranking *r, const struct store *s, int i);
uint64_t ranking_count(const struct ranking *r, const struct store *s, int i);
/* In the range before; when it first and last was seen in this one, by the rows read.
 */
uint64_t ranking_before(const struct ranking *r, const struct store *s, int i);
int64_t ranking_first(const struct ranking *r, const struct store *s, int i);
int64_t ranking_last(const struct ranking *r, const struct store *s, int i);
bool ranking_is_new(const struct ranking *r, const struct store *s, int i);
/* "0:12 5:3": bars that are not empty. */
const char *ranking_bars(const struct ranking *r, const struct store *s, int i);

#endif
