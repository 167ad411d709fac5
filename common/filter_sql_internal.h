/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the SQL back end share: filter_sql.c walks the tree,
 * filter_sql_number.c and filter_sql_address.c write conditions about numbers and
 * addresses. Values only ever become parameters.
 */
#ifndef FWLOG_COMMON_FILTER_SQL_INTERNAL_H
#define FWLOG_COMMON_FILTER_SQL_INTERNAL_H

#include <stdio.h>

#include "common/filter_set.h"

/* Beyond so many networks or ranges the database searches a sorted array. */
#define FILTER_SQL_MANY 24

struct filter_query {
	const struct filter_tree *tree;
	const struct filter_sql_source *source;
	struct filter_sql *to;
	struct filter_error *error;
	FILE *text;
	size_t size; /* of to->value */
};

int filter_query_no_memory(struct filter_query *q);

/* A value being written to out. */
struct filter_bound {
	char *text;
	size_t len;
	FILE *out;
};
/* 0, or -1 without memory. */
int filter_bound_begin(struct filter_query *q, struct filter_bound *v);
/* The number its parameter has, 0 without memory. */
unsigned filter_bound_end(struct filter_query *q, struct filter_bound *v);

/*
 * Conditions of one term, to be joined by OR. Each is written with @ for the column it
 * is about: a field with several columns repeats them with the same parameters.
 */
struct filter_pieces {
	char *text;
	size_t len;
	FILE *out;
	unsigned count;
};
/* Begins the next one. */
FILE *filter_piece(struct filter_pieces *p);

/* 0, or -1 without memory. */
int filter_sql_numbers(struct filter_query *q, struct filter_pieces *p,
    const struct filter_field *field, const struct filter_set *set);
int filter_sql_addresses(
    struct filter_query *q, struct filter_pieces *p, const struct filter_set *set);
/* Type of a field's values. */
const char *filter_sql_type(const struct filter_field *field);

#endif
