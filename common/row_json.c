/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/row_write.h"

#include "common/text.h"

static void
put_value(const struct row *row, int column, FILE *to)
{
	char time[TEXT_TIME];

	switch (row_info[column].kind) {
	case ROW_TIME:
		text_time(row->ts_us, time);
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
row_write_object(const struct row *row, FILE *to)
{
	const char *before = "{";

	for (int c = 0; c < ROW_COLUMN_COUNT; c++) {
		if (row->value[c] == NULL)
			continue;
		fprintf(to, "%s\"%s\":", before, row_info[c].name);
		put_value(row, c, to);
		before = ",";
	}
	putc('}', to);
}

void
row_write_json(const struct row *row, FILE *to)
{
	row_write_object(row, to);
	putc('\n', to);
}
