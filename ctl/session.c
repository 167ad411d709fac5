/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/session.h"

#include <string.h>

#include "common/cli.h"

struct db *
session_open(const struct args *args)
{
	struct db *db = db_open(args->db, NULL);

	if (db == NULL)
		fputs("fwlogctl: out of memory\n", stderr);
	else if (!db_ok(db))
		fprintf(stderr, "fwlogctl: cannot connect: %s; %s\n", db_error(db),
		    db_connect_remedy(db));
	else if (db_exec(db, "SET timezone = 'UTC'") < 0)
		session_failed("connecting", db);
	else
		return db;
	db_close(db);
	return NULL;
}

/* The server's words do not tell what to do. */
int
session_failed(const char *what, const struct db *db)
{
	const char *state = db_sqlstate(db), *remedy = "";

	if (strcmp(state, "42P01") == 0 || strcmp(state, "42883") == 0 ||
	    strcmp(state, "42703") == 0 || strcmp(state, "3F000") == 0)
		remedy = "; run fwlogctl db migrate";
	else if (strcmp(state, "42501") == 0)
		remedy = "; connect as fwlog_admin or a superuser (--db 'user=…')";
	else if (strcmp(state, "22007") == 0 || strcmp(state, "22008") == 0)
		remedy = "; a time is written 2026-11-23T14:00Z";
	fprintf(stderr, "fwlogctl: %s: %s%s\n", what, db_error(db), remedy);
	return -1;
}

int
session_exit(const struct db *db)
{
	return strncmp(db_sqlstate(db), "22", 2) == 0 ? EXIT_USAGE : EXIT_FAILED;
}

int
session_print(
    struct db *db, const char *what, const char *sql, const char *const *params, int n)
{
	struct db_rows *rows = db_query_params(db, sql, params, n);

	if (rows == NULL) {
		session_failed(what, db);
		return session_exit(db);
	}
	puts(db_rows_get(rows, 0, 0));
	db_rows_free(rows);
	return EXIT_OK;
}
