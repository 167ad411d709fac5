/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns a table of events can have: names as in the filter language where it has
 * them, and where the value stands in struct row.
 */
#ifndef FWLOG_WEB_COLUMN_H
#define FWLOG_WEB_COLUMN_H

#include <stdbool.h>

#include "common/row.h"

#define COLUMNS_MAX 24 /* of one table */

struct column {
	const char *name;  /* in cols= and, with filter, of the field */
	const char *title; /* above the column */
	enum row_column row;
	bool filter; /* a value can be looked for */
	bool number; /* set to the right */
};

struct columns {
	unsigned char at[COLUMNS_MAX]; /* in column_table */
	int count;
};

extern const struct column column_table[]; /* name NULL ends it */
extern const char columns_default[];

/* "time,src,dst". 0, or -1: *bad of len bytes is no column, is there twice, or one too
 * many. */
int columns_parse(struct columns *c, const char *text, const char **bad, int *len)
    __attribute__((warn_unused_result));
/* By name; NULL: none. */
const struct column *column_find(const char *name);

#endif
