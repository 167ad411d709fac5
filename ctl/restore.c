/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/crc32c.h"
#include "ctl/archive.h"
#include "ctl/idmap.h"
#include "ctl/import_input.h"
#include "ctl/migrate.h"
#include "ctl/session.h"

#define COLUMNS_MAX 128
#define ROW_GROWTH 12 /* bytes a number may become longer by */

enum names { NAMES_NONE, NAMES_HOST, NAMES_PREFIX, NAMES_IFACE, NAMES_NETNS, NAMES };

static const struct {
	const char *word, *enter;
} names[NAMES] = {
    [NAMES_NONE] = {"", ""},
    [NAMES_HOST] = {"host",
	"SELECT fwlog.host_enter(convert_from(decode($1, 'hex'), 'UTF8'))"},
    [NAMES_PREFIX] = {"prefix", "SELECT fwlog.prefix_enter(decode($1, 'hex'))"},
    [NAMES_IFACE] = {"iface", "SELECT fwlog.iface_enter(decode($1, 'hex'))"},
    [NAMES_NETNS] = {"netns", "SELECT fwlog.netns_enter(decode($1, 'hex'))"},
};

/* Columns of an event that hold numbers of names. */
static const struct {
	const char *column;
	enum names names;
} named[] = {{"host_id", NAMES_HOST}, {"prefix_id", NAMES_PREFIX},
    {"in_id", NAMES_IFACE}, {"out_id", NAMES_IFACE}, {"physin_id", NAMES_IFACE},
    {"physout_id", NAMES_IFACE}, {"netns_id", NAMES_NETNS}};

struct restore {
	const char *path;
	struct db *db;
	struct import_input *in;
	uint32_t crc;
	char day[16], part[32];
	char columns[2048]; /* separated by commas */
	enum names column[COLUMNS_MAX];
	size_t column_count;
	struct idmap map[NAMES];
	uint64_t rows;
	char *row;
	size_t row_size;
};

static int
damaged(const struct restore *r, const char *what)
{
	fprintf(stderr, "fwlogctl: %s: %s; nothing of it is restored\n", r->path, what);
	return -1;
}

static int
refused(const struct restore *r)
{
	return session_failed(r->path, r->db);
}

/* ---- lines; 1, 0 at the end of the file, -1 after a message */

static int
next_line(struct restore *r, struct span *line)
{
	int rc = import_input_line(r->in, line);

	if (rc == 0)
		return damaged(r, "the file ends too early");
	return rc;
}

static void
count_line(struct restore *r, struct span line)
{
	r->crc = crc32c(crc32c(r->crc, line.p, line.len), "\n", 1);
}

/* A short line as a string. */
static int
text_line(struct restore *r, char *buf, size_t size)
{
	struct span line;

	if (next_line(r, &line) < 0)
		return -1;
	if (line.len >= size || memchr(line.p, '\0', line.len) != NULL)
		return damaged(r, "its head is not that of an archive");
	memcpy(buf, line.p, line.len);
	buf[line.len] = '\0';
	count_line(r, line);
	return 0;
}

/* ---- the head */

static int
read_number(struct restore *r, const char *word, int most)
{
	char line[128];
	int n, end = 0;

	if (text_line(r, line, sizeof line) < 0)
		return -1;
	if (strncmp(line, word, strlen(word)) != 0 ||
	    sscanf(line + strlen(word), " %d%n", &n, &end) != 1 ||
	    line[strlen(word) + (size_t)end] != '\0')
		return damaged(r, "this is no archive of fwlog");
	if (n < 1 || n > most)
		return damaged(r, "it is from a newer fwlog; install that first");
	return 0;
}

static int
read_day(struct restore *r)
{
	char line[128];
	int y, m, d, end = 0;

	if (text_line(r, line, sizeof line) < 0)
		return -1;
	if (sscanf(line, "day %4d-%2d-%2d%n", &y, &m, &d, &end) != 3 || y < 1970 ||
	    m < 1 || m > 12 || d < 1 || d > 31 || line[end] != '\0')
		return damaged(r, "its day is no day");
	snprintf(r->day, sizeof r->day, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
	snprintf(r->part, sizeof r->part, "event_p%04d%02d%02d", y % 10000, m % 100,
	    d % 100);
	return 0;
}

static int
read_column(struct restore *r, const char *name)
{
	size_t used = strlen(r->columns);
	enum names what = NAMES_NONE;

	if (r->column_count == COLUMNS_MAX || name[0] == '\0' ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
		return damaged(r, "its columns are not those of events");
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		if (strcmp(named[i].column, name) == 0)
			what = named[i].names;
	r->column[r->column_count++] = what;
	if (snprintf(r->columns + used, sizeof r->columns - used, "%s%s",
		used > 0 ? "," : "", name) >= (int)(sizeof r->columns - used))
		return damaged(r, "it has too many columns");
	return 0;
}

static int
read_columns(struct restore *r)
{
	char line[2048], *rest = line, *word;

	if (text_line(r, line, sizeof line) < 0)
		return -1;
	if (strcmp(strsep(&rest, " "), "columns") != 0)
		return damaged(r, "its columns are missing");
	while ((word = strsep(&rest, " ")) != NULL)
		if (read_column(r, word) < 0)
			return -1;
	return 0;
}

/* "prefix 12 41424320": 1; "rows": 0. */
static int
read_name(struct restore *r)
{
	char line[4096], *rest = line, *word, *id, *hex, value[16], *end;
	unsigned long from;
	enum names what;

	if (text_line(r, line, sizeof line) < 0)
		return -1;
	if (strcmp(line, "rows") == 0)
		return 0;
	word = strsep(&rest, " ");
	id = strsep(&rest, " ");
	hex = rest;
	for (what = NAMES_HOST; what < NAMES; what++)
		if (strcmp(names[what].word, word) == 0)
			break;
	if (what == NAMES || id == NULL || hex == NULL)
		return damaged(r, "a line of its head is not understood");
	from = strtoul(id, &end, 10);
	if (*end != '\0' || from < 1 || from > INT32_MAX)
		return damaged(r, "a number in its head is none");
	if (db_value(r->db, names[what].enter, hex, value, sizeof value) < 0)
		return refused(r);
	if (idmap_add(
		&r->map[what], (uint32_t)from, (uint32_t)strtoul(value, NULL, 10)) < 0)
		return damaged(r, "the names in its head are not in order");
	return 1;
}

static int
read_head(struct restore *r)
{
	if (read_number(r, ARCHIVE_MAGIC, ARCHIVE_FORMAT) < 0 ||
	    read_number(r, "schema", migrate_newest()) < 0)
		return -1;
	return read_day(r) < 0 || read_columns(r) < 0 ? -1 : 0;
}

/* ---- rows */

/* One value of a row to `to`; its new end, NULL when it names nothing in the head. */
static char *
put_value(const struct restore *r, size_t column, const char *p, size_t len, char *to)
{
	enum names what = column < r->column_count ? r->column[column] : NAMES_NONE;
	uint32_t from = 0, id;

	if (what == NAMES_NONE || (len == 2 && memcmp(p, "\\N", 2) == 0)) {
		memcpy(to, p, len);
		return to + len;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9' || from > INT32_MAX / 10)
			return NULL;
		from = from * 10 + (uint32_t)(p[i] - '0');
	}
	id = idmap_find(&r->map[what], from);
	return id == 0 ? NULL : to + sprintf(to, "%" PRIu32, id);
}

static int
put_row(struct restore *r, struct span line)
{
	size_t need = line.len + COLUMNS_MAX * ROW_GROWTH, column = 0;
	const char *p = (const char *)line.p, *end = p + line.len, *tab;
	char *to;

	if (need > r->row_size) {
		to = realloc(r->row, need);
		if (to == NULL)
			return damaged(r, "out of memory");
		r->row = to;
		r->row_size = need;
	}
	to = r->row;
	for (;; p = tab + 1) {
		tab = memchr(p, '\t', (size_t)(end - p));
		to = put_value(
		    r, column++, p, (size_t)((tab != NULL ? tab : end) - p), to);
		if (to == NULL)
			return damaged(r, "a row names what the head does not have");
		*to++ = tab != NULL ? '\t' : '\n';
		if (tab == NULL)
			break;
	}
	if (column != r->column_count)
		return damaged(r, "a row has not as many values as there are columns");
	if (db_copy_put(r->db, r->row, (size_t)(to - r->row)) < 0)
		return refused(r);
	r->rows++;
	return 0;
}

static int
read_rows(struct restore *r)
{
	struct span line;

	for (;;) {
		if (next_line(r, &line) < 0)
			return -1;
		count_line(r, line);
		if (line.len == 2 && memcmp(line.p, "\\.", 2) == 0)
			return 0;
		if (put_row(r, line) < 0)
			return -1;
	}
}

/* "end ROWS CRC" and nothing behind it. */
static int
read_end(struct restore *r)
{
	uint32_t crc = r->crc, want_crc;
	uint64_t want_rows;
	struct span line;
	char text[128];

	if (text_line(r, text, sizeof text) < 0)
		return -1;
	if (sscanf(text, "end %" SCNu64 " %" SCNx32, &want_rows, &want_crc) != 2 ||
	    want_rows != r->rows || want_crc != crc)
		return damaged(r, "its checksum is wrong");
	if (import_input_line(r->in, &line) != 0)
		return damaged(r, "something follows its end");
	return 0;
}

/* ---- the partition */

/* Made in a transaction of its own: that one holds up who stores events. */
static int
make_partition(struct restore *r)
{
	char made[64];

	if (db_exec(r->db, "SET ROLE fwlog_owner") < 0) {
		fprintf(stderr,
		    "fwlogctl: %s; connect as a superuser or a member of "
		    "fwlog_owner\n",
		    db_error(r->db));
		return -1;
	}
	if (db_value(r->db, "SELECT fwlog.make_partition($1::date)", r->day, made,
		sizeof made) < 0)
		return refused(r);
	return 0;
}

static int
claim_partition(struct restore *r)
{
	char sql[128], some[8];

	snprintf(sql, sizeof sql, "LOCK TABLE fwlog.%s IN SHARE ROW EXCLUSIVE MODE",
	    r->part);
	if (db_exec(r->db, sql) < 0)
		return refused(r);
	snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT 1 FROM fwlog.%s)", r->part);
	if (db_value(r->db, sql, NULL, some, sizeof some) < 0)
		return refused(r);
	if (strcmp(some, "t") == 0)
		return damaged(r, "there are events of that day in the database");
	return 0;
}

static int
copy_rows(struct restore *r)
{
	char sql[sizeof r->columns + 128];
	int rc;

	snprintf(sql, sizeof sql, "COPY fwlog.%s (%s) FROM STDIN", r->part, r->columns);
	if (db_copy_begin(r->db, sql) < 0)
		return refused(r);
	rc = read_rows(r);
	if (db_copy_end(r->db) < 0 && rc == 0)
		return refused(r);
	return rc;
}

/* The day is not to be removed by its age, and its numbers are not given again. */
static int
note_day(struct restore *r)
{
	const char *name = strrchr(r->path, '/');
	const char *params[] = {r->day, name != NULL ? name + 1 : r->path};
	char sql[256], kept[16];
	struct db_rows *newest;
	int rc = 0;

	if (db_value_params(r->db,
		"INSERT INTO fwlog.kept_day AS k (day, why) VALUES ($1::date, "
		"'restored from ' || $2) ON CONFLICT (day) DO UPDATE SET why = k.why "
		"RETURNING day",
		params, 2, kept, sizeof kept) < 0)
		return refused(r);
	/* Marks and events can be on different nodes of a cluster: no join. */
	snprintf(sql, sizeof sql,
	    "SELECT host_id, max(n) + 1 FROM fwlog.%s GROUP BY 1 ORDER BY 1", r->part);
	newest = db_query(r->db, sql, NULL);
	if (newest == NULL)
		return refused(r);
	for (int i = 0; rc == 0 && i < db_rows_count(newest); i++) {
		snprintf(sql, sizeof sql,
		    "UPDATE fwlog.host_mark SET next_n = greatest(next_n, %s) WHERE "
		    "host_id = %s",
		    db_rows_get(newest, i, 1), db_rows_get(newest, i, 0));
		rc = db_exec(r->db, sql);
	}
	db_rows_free(newest);
	return rc < 0 ? refused(r) : 0;
}

static int
restore_rows(struct restore *r)
{
	int more;

	if (claim_partition(r) < 0)
		return -1;
	while ((more = read_name(r)) == 1)
		;
	if (more < 0 || copy_rows(r) < 0 || read_end(r) < 0 || note_day(r) < 0)
		return -1;
	return 0;
}

static int
restore_day(struct restore *r)
{
	char sql[64];

	if (read_head(r) < 0 || make_partition(r) < 0)
		return -1;
	if (db_exec(r->db,
		"BEGIN; SET LOCAL datestyle = ISO; SET LOCAL client_encoding = UTF8") <
	    0)
		return refused(r);
	if (restore_rows(r) < 0) {
		if (db_exec(r->db, "ROLLBACK") < 0)
			refused(r);
		return -1;
	}
	if (db_exec(r->db, "COMMIT") < 0)
		return refused(r);
	snprintf(sql, sizeof sql, "ANALYZE fwlog.%s", r->part);
	return db_exec(r->db, sql) < 0 ? refused(r) : 0;
}

static int
restore_file(const struct args *args, struct db *db, const char *path)
{
	struct restore r = {.path = path, .db = db};
	int rc = -1;

	r.in = import_input_open(path);
	if (r.in != NULL)
		rc = restore_day(&r);
	if (rc == 0 && !args->quiet)
		printf("%s: %" PRIu64 " events of %s\n", r.part, r.rows, r.day);
	import_input_close(r.in);
	for (int i = 0; i < NAMES; i++)
		idmap_free(&r.map[i]);
	free(r.row);
	return rc;
}

int
restore_run(const struct args *args)
{
	struct db *db = session_open(args);
	int rc = db != NULL ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < args->operands; i++)
		rc = restore_file(args, db, args->operand[i]);
	db_close(db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}
