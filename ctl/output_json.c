/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output_writers.h"
#include "ctl/text.h"
#include "ctl/timearg.h"

static void
put_value(const struct row *row, int column, FILE *to)
{
	char time[TIMEARG_TEXT];

	switch (row_info[column].kind) {
	case ROW_TIME:
		timearg_text(row->ts_us, time);
		fprintf(to, "\"%s\"", time);
		break;
	case ROW_NUMBER:
	case ROW_FLAG:
		fputs(row->value[column], to);
		break;
	case ROW_TEXT:
	case ROW_BYTES:
		text_json(row->value[column], to);
		break;
	}
}

void
output_json_row(const struct row *row, FILE *to)
{
	const char *before = "{";

	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		if (row->value[c] == NULL)
			continue;
		fprintf(to, "%s\"%s\":", before, row_info[c].name);
		put_value(row, c, to);
		before = ",";
	}
	fputs("}\n", to);
}
