/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/row.h"

#include <stdlib.h>

void
row_read(struct row *row, const struct db_rows *rows, int i)
{
	for (int c = 0; c < ROW_COLUMN_COUNT; c++)
		row->value[c] =
		    db_rows_null(rows, i, c) ? NULL : db_rows_get(rows, i, c);
	row->ts_us = strtoll(db_rows_get(rows, i, ROW_I_time), NULL, 10);
}
