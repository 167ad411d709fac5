/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the database as a table for people: columns as wide as they must be, titles
 * above, values as text_plain prints them.
 */
#ifndef FWLOG_CTL_TABLE_H
#define FWLOG_CTL_TABLE_H

#include <stdio.h>

#include "ctl/db.h"

#define TABLE_COLUMNS_MAX 16

/* Titles of the columns, the first ones of the rows. */
void table_print(
    const struct db_rows *rows, const char *const *titles, int columns, FILE *out);
#endif
