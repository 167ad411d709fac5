/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/search.h"

#include <errno.h>
#include <inttypes.h>

#include "ctl/query.h"
#include "ctl/select.h"

struct search {
	struct output output;
	uint64_t count;
	int error; /* errno of a write that failed */
};

int
search_format(const struct args *args, enum output_format *format)
{
	*format = args->json ? OUTPUT_JSON : OUTPUT_TABLE;
	if (args->format == NULL)
		return 0;
	if (output_format_of(args->format, format) < 0) {
		fprintf(stderr,
		    "fwlogctl: --format %s: table, json, csv or ecs is expected\n",
		    args->format);
		return -1;
	}
	if (!args->json || *format == OUTPUT_JSON)
		return 0;
	fprintf(stderr, "fwlogctl: --json and --format %s exclude each other\n",
	    args->format);
	return -1;
}

static int
print_rows(void *arg, const struct db_rows *rows)
{
	struct search *s = arg;
	struct row row;
	int n = db_rows_count(rows);

	for (int i = 0; i < n && s->output.format == OUTPUT_TABLE; i++) {
		row_read(&row, rows, i);
		output_measure(&s->output, &row);
	}
	errno = 0;
	for (int i = 0; i < n; i++) {
		row_read(&row, rows, i);
		output_row(&s->output, &row);
	}
	s->count += (uint64_t)n;
	if (fflush(s->output.to) == 0 && !ferror(s->output.to))
		return 0;
	s->error = errno;
	return -1;
}

static int
search(struct query *q, enum output_format format, unsigned long limit)
{
	struct search s = {0};
	struct select select = {
	    .columns = row_select,
	    .from = row_from,
	    .limit = limit,
	    .take = print_rows,
	    .arg = &s,
	};
	int rc;

	output_begin(&s.output, format, stdout, output_colour(stdout));
	rc = select_run(q, &select);
	if (rc == 0)
		output_end(&s.output);
	if (s.error == 0 && fflush(stdout) != 0)
		s.error = errno;
	if (s.error != 0)
		return query_unwritten(s.error);
	if (rc < 0)
		return QUERY_FAILED;
	if (!q->args->quiet)
		fprintf(stderr, "fwlogctl: %" PRIu64 " event%s\n", s.count,
		    s.count == 1 ? "" : "s");
	return s.count > 0 ? QUERY_FOUND : QUERY_NONE;
}

int
search_run(const struct args *args)
{
	enum output_format format;
	unsigned long limit = 0;
	struct query q;
	int rc;

	if (search_format(args, &format) < 0 ||
	    query_number("limit", args->limit, 1, SELECT_LIMIT_MAX, &limit) < 0)
		return QUERY_USAGE;
	rc = query_open(&q, args, 0);
	if (rc < 0)
		rc = search(&q, format, limit);
	query_close(&q);
	return rc;
}
