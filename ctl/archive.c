/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/archive_file.h"
#include "ctl/migrate.h"
#include "ctl/session.h"

struct archive {
	struct db *db;
	const struct args *args;
	const char *part; /* event_p20261123 */
	struct archive_file *file;
	uint64_t rows;
};

static int
archive_failed(const struct archive *a)
{
	return session_failed(a->part, a->db);
}

/* ---- the head: what the numbers in the rows mean */

static int
put_columns(struct archive *a)
{
	char columns[2048];

	if (db_value(a->db,
		"SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute "
		"WHERE attrelid = format('fwlog.%I', $1::text)::regclass AND attnum > "
		"0 "
		"AND NOT attisdropped",
		a->part, columns, sizeof columns) < 0)
		return archive_failed(a);
	return archive_file_print(a->file, "columns %s\n", columns);
}

/* The names the day uses, as lines "what id bytes in hexadecimal". */
static const char names_sql[] =
    "WITH used AS MATERIALIZED (SELECT DISTINCT host_id, prefix_id, in_id, out_id, "
    "physin_id, physout_id, netns_id FROM fwlog.%1$s), "
    "id AS (SELECT DISTINCT k.kind, k.id FROM used u CROSS JOIN LATERAL (VALUES "
    "(1, u.host_id), (2, u.prefix_id), (3, u.in_id), (3, u.out_id), (3, u.physin_id), "
    "(3, u.physout_id), (4, u.netns_id)) k (kind, id) WHERE k.id IS NOT NULL) "
    "SELECT ('{host,prefix,iface,netns}'::text[])[id.kind], id.id, encode(CASE id.kind "
    "WHEN 1 THEN convert_to(h.name, 'UTF8') WHEN 2 THEN p.raw WHEN 3 THEN i.raw "
    "ELSE s.raw END, 'hex') FROM id "
    "LEFT JOIN fwlog.host h ON id.kind = 1 AND h.host_id = id.id "
    "LEFT JOIN fwlog.dict_prefix p ON id.kind = 2 AND p.prefix_id = id.id "
    "LEFT JOIN fwlog.dict_iface i ON id.kind = 3 AND i.iface_id = id.id "
    "LEFT JOIN fwlog.dict_netns s ON id.kind = 4 AND s.netns_id = id.id "
    "ORDER BY id.kind, id.id";

static int
put_name(struct archive *a, const struct db_rows *rows, int i)
{
	const char *kind = db_rows_get(rows, i, 0), *id = db_rows_get(rows, i, 1);

	if (!db_rows_null(rows, i, 2))
		return archive_file_print(
		    a->file, "%s %s %s\n", kind, id, db_rows_get(rows, i, 2));
	fprintf(stderr,
	    "fwlogctl: %s: events have %s number %s, which has no name: enter one, or "
	    "they cannot be restored\n",
	    a->part, kind, id);
	return -1;
}

static int
put_names(struct archive *a)
{
	char sql[sizeof names_sql + 64];
	struct db_rows *rows;
	int rc = 0;

	snprintf(sql, sizeof sql, names_sql, a->part);
	rows = db_query(a->db, sql, NULL);
	if (rows == NULL)
		return archive_failed(a);
	for (int i = 0; rc == 0 && i < db_rows_count(rows); i++)
		rc = put_name(a, rows, i);
	db_rows_free(rows);
	return rc;
}

static int
put_head(struct archive *a)
{
	if (archive_file_print(a->file,
		ARCHIVE_MAGIC " %d\nschema %d\nday %.4s-%.2s-%.2s\n", ARCHIVE_FORMAT,
		migrate_newest(), a->part + strlen("event_p"),
		a->part + strlen("event_p0000"), a->part + strlen("event_p000000")) < 0)
		return -1;
	if (put_columns(a) < 0 || put_names(a) < 0)
		return -1;
	return archive_file_print(a->file, "rows\n");
}

/* ---- the rows, as COPY has them */

static int
put_rows(struct archive *a)
{
	char sql[128], *row;
	int len;

	snprintf(sql, sizeof sql, "COPY (SELECT * FROM fwlog.%s) TO STDOUT", a->part);
	if (db_copy_out(a->db, sql) < 0)
		return archive_failed(a);
	while ((len = db_copy_get(a->db, &row)) > 0) {
		int rc = archive_file_put(a->file, row, (size_t)len);

		db_copy_free(row);
		if (rc < 0)
			return -1;
		a->rows++;
	}
	if (len < 0)
		return archive_failed(a);
	if (archive_file_print(a->file, "\\.\n") < 0)
		return -1;
	return archive_file_print(a->file, "end %" PRIu64 " %08" PRIx32 "\n", a->rows,
	    archive_file_crc(a->file));
}

static int
write_file(struct archive *a)
{
	/* One snapshot for names and rows; text that means the same everywhere. */
	if (db_exec(a->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
			   "SET LOCAL datestyle = ISO; SET LOCAL bytea_output = hex;"
			   "SET LOCAL client_encoding = UTF8") < 0)
		return archive_failed(a);
	if (put_head(a) < 0 || put_rows(a) < 0)
		return -1;
	if (db_exec(a->db, "COMMIT") < 0)
		return archive_failed(a);
	return archive_file_finish(a->file);
}

/* The day goes only if it still is what the file has. */
static int
drop_archived(struct archive *a)
{
	char count[24], done[8];
	const char *params[] = {a->part, count};

	snprintf(count, sizeof count, "%" PRIu64, a->rows);
	if (db_value_params(a->db,
		"SELECT fwlog.partition_drop_archived($1, $2::bigint)", params, 2, done,
		sizeof done) < 0)
		return archive_failed(a);
	return 0;
}

static int
archive_part(struct archive *a)
{
	const char *directory = a->args->directory != NULL ? a->args->directory : ".";
	char name[64];
	int rc;

	a->rows = 0;
	snprintf(name, sizeof name, "%s.fwlog.zst", a->part);
	a->file = archive_file_new(directory, name);
	if (a->file == NULL)
		return -1;
	rc = write_file(a);
	if (rc < 0 && db_exec(a->db, "ROLLBACK") < 0)
		rc = -1; /* the connection is gone: has been said */
	if (rc == 0 && a->args->drop)
		rc = drop_archived(a);
	if (rc == 0 && !a->args->quiet)
		printf("%s: %" PRIu64 " events, %" PRIu64 " bytes%s\n", name, a->rows,
		    archive_file_size(a->file), a->args->drop ? ", dropped" : "");
	archive_file_free(a->file);
	return rc;
}

/* ---- which days */

static int
archive_day(struct archive *a, const char *day)
{
	char part[64];

	if (db_value(a->db,
		"SELECT coalesce((SELECT partition FROM fwlog.partition_overview "
		"WHERE day = $1::date), '')",
		day, part, sizeof part) < 0)
		return session_failed(day, a->db);
	if (part[0] == '\0') {
		fprintf(
		    stderr, "fwlogctl: %s: there is no partition of that day\n", day);
		return -1;
	}
	a->part = part;
	return archive_part(a);
}

static int
archive_older(struct archive *a)
{
	struct db_rows *rows = db_query(a->db,
	    "SELECT partition FROM fwlog.partition_overview "
	    "WHERE kept IS NULL AND day < (now() AT TIME ZONE 'UTC')::date "
	    "AND day + 1 <= now() - $1::interval ORDER BY day",
	    a->args->older_than);
	int rc = 0;

	if (rows == NULL)
		return session_failed("--older-than", a->db);
	for (int i = 0; rc == 0 && i < db_rows_count(rows); i++) {
		a->part = db_rows_get(rows, i, 0);
		rc = archive_part(a);
	}
	db_rows_free(rows);
	return rc;
}

int
archive_run(const struct args *args)
{
	struct archive a = {.args = args};
	int rc = 0;

	if ((args->operands > 0) == (args->older_than != NULL)) {
		fputs("fwlogctl: db archive: give days, or --older-than\n", stderr);
		return EXIT_USAGE;
	}
	a.db = session_open(args);
	if (a.db == NULL)
		return EXIT_FAILED;
	if (args->older_than != NULL)
		rc = archive_older(&a);
	for (size_t i = 0; rc == 0 && i < args->operands; i++)
		rc = archive_day(&a, args->operand[i]);
	db_close(a.db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}
