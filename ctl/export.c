/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/export.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/row_write.h"
#include "ctl/query.h"
#include "ctl/row.h"
#include "ctl/select.h"

struct exporter {
	FILE *to;
	const char *name;
	void (*titles)(FILE *to); /* NULL: none */
	void (*row)(const struct row *row, FILE *to);
	uint64_t count;
	int error; /* errno of a write that failed */
};

static int
choose_format(struct exporter *e, const char *format)
{
	static const struct {
		const char *name;
		void (*titles)(FILE *to);
		void (*row)(const struct row *row, FILE *to);
	} formats[] = {
	    {"jsonl-ecs", NULL, row_write_ecs},
	    {"csv", row_write_csv_titles, row_write_csv},
	    {"eve", NULL, export_eve_row},
	};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (format == NULL || strcmp(format, formats[i].name) == 0) {
			e->titles = formats[i].titles;
			e->row = formats[i].row;
			return 0;
		}
	}
	fprintf(stderr, "fwlogctl: --format %s: jsonl-ecs, csv or eve is expected\n",
	    format);
	return -1;
}

static int
write_rows(void *arg, const struct db_rows *rows)
{
	struct exporter *e = arg;
	struct row row;

	errno = 0;
	for (int i = 0; i < db_rows_count(rows); i++) {
		row_read(&row, rows, i);
		e->row(&row, e->to);
	}
	e->count += (uint64_t)db_rows_count(rows);
	if (!ferror(e->to))
		return 0;
	e->error = errno;
	return -1;
}

static int
unwritten(const struct exporter *e)
{
	if (e->to == stdout)
		return query_unwritten(e->error);
	fprintf(
	    stderr, "fwlogctl: %s: %s; not complete\n", e->name, strerror(e->error));
	return QUERY_FAILED;
}

static int
write_file(struct exporter *e, struct query *q)
{
	struct select select = {
	    .columns = row_select,
	    .from = row_from,
	    .take = write_rows,
	    .arg = e,
	};
	int rc;

	if (e->titles != NULL)
		e->titles(e->to);
	rc = select_run(q, &select);
	errno = 0;
	if ((e->to == stdout ? fflush(stdout) : fclose(e->to)) != 0 && e->error == 0)
		e->error = errno;
	if (e->error != 0)
		return unwritten(e);
	if (rc < 0) {
		fprintf(stderr, "fwlogctl: %s: not complete\n", e->name);
		return QUERY_FAILED;
	}
	if (!q->args->quiet)
		fprintf(stderr, "fwlogctl: %" PRIu64 " event%s\n", e->count,
		    e->count == 1 ? "" : "s");
	return e->count > 0 ? QUERY_FOUND : QUERY_NONE;
}

static int
open_file(struct exporter *e, const char *name)
{
	bool is_stdout = name == NULL || strcmp(name, "-") == 0;

	e->name = is_stdout ? "standard output" : name;
	e->to = is_stdout ? stdout : fopen(name, "we");
	if (e->to != NULL)
		return -1;
	fprintf(stderr, "fwlogctl: %s: %s\n", name, strerror(errno));
	return QUERY_FAILED;
}

int
export_run(const struct args *args)
{
	struct exporter e = {0};
	struct query q;
	int rc;

	if (choose_format(&e, args->format) < 0)
		return QUERY_USAGE;
	rc = query_open(&q, args, 0);
	if (rc < 0)
		rc = open_file(&e, args->output);
	if (rc < 0)
		rc = write_file(&e, &q);
	query_close(&q);
	return rc;
}
