/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output_writers.h"
#include "ctl/text.h"
#include "ctl/timearg.h"

static void
separate(int column, FILE *to)
{
	fputs(column + 1 < ROW_COLUMN_COUNT ? "," : "\r\n", to);
}

void
output_csv_titles(FILE *to)
{
	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		fputs(row_info[c].name, to);
		separate(c, to);
	}
}

void
output_csv_row(const struct row *row, FILE *to)
{
	char time[TIMEARG_TEXT];

	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		if (row_info[c].kind == ROW_TIME) {
			timearg_text(row->ts_us, time);
			fputs(time, to);
		} else if (row->value[c] != NULL) {
			text_csv(row->value[c], to);
		}
		separate(c, to);
	}
}
