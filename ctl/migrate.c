/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/migrate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/embedded.h"
#include "ctl/citus.h"
#include "ctl/roles.h"

#define MAINTENANCE_DATABASE "postgres" /* where to connect to make another one */
#define DUPLICATE_DATABASE "42P04"

/* Any number will do, as long as it is the same for all; held until disconnect. */
#define LOCK_SQL "SELECT pg_advisory_lock(hashtextextended('fwlogctl db', 0))"

static int
number_of(const struct embedded *migration)
{
	return atoi(migration->name);
}

int
migrate_newest(void)
{
	int newest = 0;

	for (const struct embedded *m = migrations; m->name != NULL; m++)
		if (number_of(m) > newest)
			newest = number_of(m);
	return newest;
}

int
migrate_applied(struct db *db)
{
	char text[16];

	if (db_value(db, "SELECT to_regclass('fwlog.schema_version') IS NOT NULL", NULL,
		text, sizeof text) < 0)
		return -1;
	if (strcmp(text, "t") != 0)
		return 0;
	if (db_value(db, "SELECT coalesce(max(version), 0) FROM fwlog.schema_version",
		NULL, text, sizeof text) < 0)
		return -1;
	return atoi(text);
}

static int
failed(const char *doing, const struct db *db, const char *remedy)
{
	fprintf(stderr, "fwlogctl: %s: %s%s%s\n", doing, db_error(db),
	    remedy[0] != '\0' ? "; " : "", remedy);
	return -1;
}

static void __attribute__((format(printf, 2, 3)))
say(const struct args *args, const char *fmt, ...)
{
	va_list ap;

	if (args->quiet)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

/* ---- the database */

static int
create_database(const struct args *args, const char *name)
{
	struct db *db = db_open(args->db, MAINTENANCE_DATABASE);
	int rc = -1;

	if (db == NULL || !db_ok(db)) {
		fprintf(stderr,
		    "fwlogctl: cannot connect to the database " MAINTENANCE_DATABASE
		    " to create %s: %s\n",
		    name, db != NULL ? db_error(db) : "out of memory");
	} else if (roles_create(db, args->quiet) < 0) {
		/* has been said */
	} else if (db_exec_name(db,
		       "CREATE DATABASE %s OWNER fwlog_owner ENCODING 'UTF8'"
		       " TEMPLATE template0",
		       name) == 0) {
		rc = db_exec_name(db, "REVOKE ALL ON DATABASE %s FROM PUBLIC", name);
		say(args, "created database %s\n", name);
	} else if (strcmp(db_sqlstate(db), DUPLICATE_DATABASE) == 0) {
		rc = 0;
	} else {
		failed("creating the database", db,
		    "connect as a role with CREATEDB, a superuser for instance");
	}
	db_close(db);
	return rc;
}

static struct db *
open_or_complain(const struct args *args)
{
	struct db *db = db_open(args->db, NULL);

	if (db != NULL && db_ok(db))
		return db;
	if (db == NULL)
		fputs("fwlogctl: out of memory\n", stderr);
	else
		failed("cannot connect", db, db_connect_remedy(db));
	db_close(db);
	return NULL;
}

static struct db *
open_or_create(const struct args *args)
{
	struct db *db = db_open(args->db, NULL);
	int rc;

	if (db == NULL || !db_is_missing(db)) {
		db_close(db);
		return open_or_complain(args);
	}
	rc = create_database(args, db_name(db));
	db_close(db);
	return rc == 0 ? open_or_complain(args) : NULL;
}

/* ---- migrations */

static int
run_script(struct db *db, const struct embedded *m)
{
	const char *script = (const char *)m->bytes;
	char record[256];

	snprintf(record, sizeof record,
	    "INSERT INTO fwlog.schema_version (version, name) VALUES (%d, '%s')",
	    number_of(m), m->name);
	if (db_exec(db, script) < 0)
		return failed(m->name, db, "nothing of it was applied");
	if (db_exec(db, record) < 0)
		return failed(m->name, db, "nothing of it was applied");
	return 0;
}

static int
apply(struct db *db, const struct embedded *m)
{
	if (db_exec(db, "BEGIN; SET LOCAL ROLE fwlog_owner") < 0)
		return failed("becoming fwlog_owner", db,
		    "connect as a superuser or a member of fwlog_owner");
	if (run_script(db, m) < 0)
		return -1;
	if (db_exec(db, "COMMIT") < 0)
		return failed(m->name, db, "");
	return 0;
}

static int
apply_missing(struct db *db, const struct args *args, int applied)
{
	for (const struct embedded *m = migrations; m->name != NULL; m++) {
		if (number_of(m) <= applied)
			continue;
		if (apply(db, m) < 0)
			return -1;
		say(args, "applied %s\n", m->name);
	}
	return 0;
}

/* ---- partitions */

/* The days ahead and those that wait in the default partition, which holds events
 * outside of all others: what ensure_partition refuses stays there. */
static const char days_sql[] =
    "SELECT (now() AT TIME ZONE 'UTC')::date + d FROM generate_series($1::int, 7) d "
    "UNION SELECT (ts AT TIME ZONE 'UTC')::date FROM fwlog.event_default "
    "WHERE ts >= '2000-01-01' AND ts <= now() + interval '2 days' ORDER BY 1";
_Static_assert(MIGRATE_DAYS_AHEAD == 7, "days_sql says so");

static int
make_day(struct db *db, const struct args *args, const char *day)
{
	char made[64];

	if (db_value(db,
		"SELECT to_regclass('fwlog.event_p' || to_char($1::date, 'YYYYMMDD'))"
		" IS NULL",
		day, made, sizeof made) < 0)
		return -1;
	if (strcmp(made, "t") != 0)
		return 0;
	if (db_value(db, "SELECT fwlog.make_partition($1::date)", day, made,
		sizeof made) < 0)
		return -1;
	say(args, "made partition %s\n", made);
	return 0;
}

static int
make_partitions(struct db *db, const struct args *args)
{
	char behind[16];
	struct db_rows *days;
	int rc = db_exec(db, "SET ROLE fwlog_owner");

	snprintf(behind, sizeof behind, "%d", -MIGRATE_DAYS_BEHIND);
	days = rc == 0 ? db_query(db, days_sql, behind) : NULL;
	if (days == NULL)
		return failed("making partitions", db, "");
	for (int i = 0; rc == 0 && i < db_rows_count(days); i++)
		rc = make_day(db, args, db_rows_get(days, i, 0));
	db_rows_free(days);
	return rc == 0 ? 0 : failed("making partitions", db, "");
}

/* ---- commands */

static int
migrate(struct db *db, const struct args *args)
{
	int applied;

	/* Citus warns of each view that is on the coordinator alone, as all are. */
	if (db_exec(db, args->citus ? "SET client_min_messages = error"
				    : "SET client_min_messages = warning") < 0 ||
	    db_exec(db, LOCK_SQL) < 0)
		return failed("locking", db, "");
	applied = migrate_applied(db);
	if (applied < 0)
		return failed("reading fwlog.schema_version", db,
		    "connect as a superuser or a member of fwlog_owner");
	if (applied > migrate_newest()) {
		fprintf(stderr,
		    "fwlogctl: the schema has version %d, this program knows %d; "
		    "install the newer fwlog\n",
		    applied, migrate_newest());
		return -1;
	}
	if (apply_missing(db, args, applied) < 0 || make_partitions(db, args) < 0)
		return -1;
	say(args, "schema version %d in database %s\n", migrate_newest(), db_name(db));
	return 0;
}

int
migrate_init(const struct args *args)
{
	struct db *db = open_or_create(args);
	int rc = -1;

	if (db != NULL && roles_create(db, args->quiet) == 0 &&
	    (!args->citus || citus_prepare(db) == 0) && roles_admit(db) == 0)
		rc = migrate(db, args);
	if (rc == 0 && args->citus)
		rc = citus_distribute(db, args->quiet);
	db_close(db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

int
migrate_run(const struct args *args)
{
	struct db *db = open_or_complain(args);
	int rc = -1;

	if (db != NULL)
		rc = migrate(db, args);
	db_close(db);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}
