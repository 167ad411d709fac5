/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/maintain.h"

#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/session.h"

#define SEAL_AFTER "6h"

/* The same lock as the collector's; held until disconnect. */
static const char lock_sql[] =
    "SELECT pg_try_advisory_lock(hashtextextended('fwlog maintenance', 0))";

/* 500G is as good as 500GB. */
static const char due_sql[] =
    "SELECT what, statement FROM fwlog.maintenance_due(7, NULL, $1::interval, "
    "$2::interval, pg_size_bytes(regexp_replace($3, '([kKMGT])$', '\\1B')), "
    "$4::interval, true)";

/* As collector/maintain.c says it; nothing about what did nothing. */
static void
say_result(const struct args *args, const char *what, const struct db_rows *rows)
{
	if (args->quiet)
		return;
	if (db_rows_count(rows) == 0)
		puts(what);
	for (int i = 0; i < db_rows_count(rows); i++) {
		const char *value = db_rows_get(rows, i, 0);

		if (strcmp(value, "t") == 0)
			puts(what);
		else if (value[0] != '\0' && strcmp(value, "0") != 0)
			printf("%s: %s\n", what, value);
	}
}

static int
do_one(struct db *db, const struct args *args, const char *what, const char *statement)
{
	struct db_rows *rows;

	if (args->dry_run) {
		printf("%s\n\t%s\n", what, statement);
		return 0;
	}
	rows = db_query(db, statement, NULL);
	if (rows == NULL)
		return session_failed(what, db);
	say_result(args, what, rows);
	db_rows_free(rows);
	return 0;
}

/* What fails does not keep the rest from being done. */
static int
do_all(struct db *db, const struct args *args)
{
	const char *params[] = {
	    args->seal_after != NULL ? args->seal_after : SEAL_AFTER, args->retain,
	    args->retain_size, args->retain_rollups};
	struct db_rows *due = db_query_params(db, due_sql, params, 4);
	int rc = EXIT_OK;

	if (due == NULL) {
		session_failed("finding what is to be done", db);
		return session_exit(db);
	}
	for (int i = 0; i < db_rows_count(due); i++)
		if (do_one(db, args, db_rows_get(due, i, 0), db_rows_get(due, i, 1)) <
		    0)
			rc = EXIT_FAILED;
	db_rows_free(due);
	return rc;
}

int
maintain_run(const struct args *args)
{
	struct db *db = session_open(args);
	int rc = EXIT_FAILED;
	char locked[8];

	if (db == NULL)
		return EXIT_FAILED;
	if (!args->dry_run && db_value(db, lock_sql, NULL, locked, sizeof locked) < 0)
		session_failed("locking", db);
	else if (!args->dry_run && strcmp(locked, "t") != 0)
		fputs("fwlogctl: another maintenance is under way, by a collector "
		      "perhaps; try again later\n",
		    stderr);
	else
		rc = do_all(db, args);
	db_close(db);
	return rc;
}
