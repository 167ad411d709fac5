/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/table.h"

#include "common/text.h"

static void
cell(const char *text, int wide, bool last, FILE *out)
{
	int taken = text_plain(text, out);

	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", wide - taken + 2, "");
}

void
table_print(
    const struct db_rows *rows, const char *const *titles, int columns, FILE *out)
{
	int wide[TABLE_COLUMNS_MAX], n, taken;

	for (int c = 0; c < columns; c++) {
		wide[c] = text_plain(titles[c], NULL);
		for (int i = 0; i < db_rows_count(rows); i++) {
			taken = text_plain(db_rows_get(rows, i, c), NULL);
			wide[c] = taken > wide[c] ? taken : wide[c];
		}
	}
	n = db_rows_count(rows);
	for (int i = -1; i < n; i++)
		for (int c = 0; c < columns; c++)
			cell(i < 0 ? titles[c] : db_rows_get(rows, i, c), wide[c],
			    c == columns - 1, out);
}
