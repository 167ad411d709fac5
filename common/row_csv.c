/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/row_write.h"

#include "common/text.h"

static void
separate(int column, FILE *to)
{
	fputs(column + 1 < ROW_COLUMN_COUNT ? "," : "\r\n", to);
}

void
row_write_csv_titles(FILE *to)
{
	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		fputs(row_info[c].name, to);
		separate(c, to);
	}
}

void
row_write_csv(const struct row *row, FILE *to)
{
	char time[TEXT_TIME];

	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		if (row_info[c].kind == ROW_TIME) {
			text_time(row->ts_us, time);
			fputs(time, to);
		} else if (row->value[c] != NULL) {
			text_csv(row->value[c], to);
		}
		separate(c, to);
	}
}
