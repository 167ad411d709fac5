/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The most frequent values of a field among the events of a range, with how many there
 * are of each and of values in all.
 */
#ifndef FWLOG_WEB_TOP_H
#define FWLOG_WEB_TOP_H

#include "web-cgi/bindings.h"
#include "web-cgi/store.h"

struct top_field {
	const char *name;  /* of the field in the filter language, and in the path */
	const char *title; /* "Sources" */
	const char *key;   /* SQL over fwlog.event e: what is counted */
	const char *value; /* SQL: its text, from t.key and the join */
	const char *join;
};

extern const struct top_field top_fields[];               /* name NULL ends it */
const struct top_field *top_field_find(const char *name); /* NULL: none */

struct top {
	const struct top_field *field;
	int result, count;
	uint64_t distinct;
};

/*
 * Adds the query for at most limit values of events from … to; top_read after
 * store_run. Values live as long as the store; "" for events that have none.
 */
void top_add(struct top *t, struct store *s, const struct top_field *field,
    int64_t from, int64_t to, const struct filter_sql *condition, int limit);
void top_read(struct top *t, const struct store *s);
const char *top_value(const struct top *t, const struct store *s, int i);
uint64_t top_count(const struct top *t, const struct store *s, int i);
/* When its first and last event in the range was. */
int64_t top_first(const struct top *t, const struct store *s, int i);
int64_t top_last(const struct top *t, const struct store *s, int i);

#endif
