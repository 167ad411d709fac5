/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rule_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/copyrow.h"
#include "common/textbuf.h"
#include "ctl/event_json.h"
#include "ctl/session.h"

/* ---- of the database */

static int
copy_rows(struct db *db, const char *sql, copyrow_take *take, void *arg)
{
	bool first = true;
	char *row;
	int len, rc = 0;

	if (db_copy_out(db, sql) < 0)
		return -1;
	while ((len = db_copy_get(db, &row)) > 0) {
		if (rc == 0)
			rc = copyrow_each(row, (size_t)len, first, take, arg);
		first = false;
		db_copy_free(row);
	}
	return len < 0 ? -1 : rc;
}

int
rule_events_stored(struct rules *r, int64_t from_us, int64_t to_us,
    const char *condition, copyrow_take *take, void *arg)
{
	struct text sql;
	int rc;

	text_init(&sql);
	text_add(
	    &sql, "COPY (SELECT %s FROM fwlog.event e WHERE e.ts >= ", copyrow_columns);
	text_add_time(&sql, (uint64_t)from_us);
	text_add(&sql, " AND e.ts < ");
	text_add_time(&sql, (uint64_t)to_us);
	text_add(&sql,
	    " AND (%s) ORDER BY e.ts, e.host_id, e.n) TO STDOUT "
	    "(FORMAT binary)",
	    condition);
	rc = sql.failed ? -1 : copy_rows(r->db, sql.p, take, arg);
	text_free(&sql);
	if (rc < 0)
		session_failed("events", r->db);
	return rc;
}

/* ---- of a file */

static int
read_lines(
    FILE *in, const char *path, struct event_json *j, copyrow_take *take, void *arg)
{
	char *line = NULL;
	size_t size = 0, number = 0;
	struct event ev;
	const char *why;
	int32_t host_id;
	int64_t n;
	ssize_t len;
	int rc = 0;

	while (rc == 0 && (len = getline(&line, &size, in)) >= 0) {
		number++;
		if (strspn(line, " \t\r\n") == (size_t)len)
			continue;
		rc = event_json_read(j, line, (size_t)len, &ev, &host_id, &n, &why);
		if (rc != 0)
			fprintf(stderr, "fwlogctl: %s:%zu: %s\n", path, number, why);
		else
			rc = take(arg, &ev, host_id, n);
	}
	if (rc == 0 && ferror(in)) {
		fprintf(stderr, "fwlogctl: %s: %s\n", path, strerror(errno));
		rc = -1;
	}
	free(line);
	return rc;
}

int
rule_events_file(struct rules *r, const char *path, copyrow_take *take, void *arg)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct event_json *j;
	int rc = -1;

	if (in == NULL) {
		fprintf(stderr, "fwlogctl: %s: %s\n", path, strerror(errno));
		return -1;
	}
	j = r->names != NULL ? event_json_new(r->names) : NULL;
	if (j != NULL)
		rc = read_lines(in, path, j, take, arg);
	event_json_free(j);
	if (in != stdin)
		fclose(in);
	return rc;
}
