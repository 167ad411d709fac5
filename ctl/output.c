/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/row_write.h"
#include "ctl/output_writers.h"

int
output_format_of(const char *name, enum output_format *format)
{
	static const char *const names[] = {
	    [OUTPUT_TABLE] = "table",
	    [OUTPUT_JSON] = "json",
	    [OUTPUT_CSV] = "csv",
	    [OUTPUT_ECS] = "ecs",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			*format = (enum output_format)i;
			return 0;
		}
	}
	return -1;
}

bool
output_colour(FILE *to)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return (none == NULL || none[0] == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0 && isatty(fileno(to));
}

void
output_begin(struct output *o, enum output_format format, FILE *to, bool colour)
{
	*o = (struct output){.format = format, .to = to, .colour = colour};
}

void
output_measure(struct output *o, const struct row *row)
{
	if (o->format == OUTPUT_TABLE)
		output_table_measure(o, row);
}

static void
titles(struct output *o)
{
	if (o->begun)
		return;
	o->begun = true;
	if (o->format == OUTPUT_TABLE)
		output_table_titles(o);
	else if (o->format == OUTPUT_CSV)
		row_write_csv_titles(o->to);
}

void
output_row(struct output *o, const struct row *row)
{
	titles(o);
	switch (o->format) {
	case OUTPUT_TABLE:
		output_table_row(o, row);
		break;
	case OUTPUT_JSON:
		row_write_json(row, o->to);
		break;
	case OUTPUT_CSV:
		row_write_csv(row, o->to);
		break;
	case OUTPUT_ECS:
		row_write_ecs(row, o->to);
		break;
	}
}

void
output_end(struct output *o)
{
	if (o->format == OUTPUT_CSV)
		titles(o);
}
