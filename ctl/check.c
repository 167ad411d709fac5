/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/event.h"
#include "ctl/db.h"
#include "ctl/migrate.h"
#include "ctl/rights.h"
#include "ctl/roles.h"

#define SERVER_VERSION_MIN 130000
#define CLOCK_SKEW_MAX 2 /* seconds */

struct report {
	struct db *db;
	bool quiet;
	unsigned failures;
};

static void __attribute__((format(printf, 2, 3)))
ok(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	fputs("ok   ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* The text ends with the remedy. */
static void __attribute__((format(printf, 2, 3)))
fail(struct report *r, const char *fmt, ...)
{
	va_list ap;

	r->failures++;
	fputs("FAIL ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void
fail_query(struct report *r, const char *what)
{
	fail(r, "%s: %s; run the check as a superuser or as fwlog_admin", what,
	    db_error(r->db));
}

static void
check_server(struct report *r)
{
	int version = db_server_version(r->db);
	char encoding[32];

	if (version < SERVER_VERSION_MIN)
		fail(r, "PostgreSQL %d: fwlog needs 13 or newer; upgrade the server",
		    version / 10000);
	else
		ok(r, "PostgreSQL %d.%d", version / 10000, version % 10000);
	if (db_value(r->db, "SELECT current_setting('server_encoding')", NULL, encoding,
		sizeof encoding) < 0)
		fail_query(r, "encoding");
	else if (strcmp(encoding, "UTF8") != 0)
		fail(r,
		    "encoding %s: prefixes that are not ASCII show as \\xNN; make a "
		    "database with ENCODING 'UTF8'",
		    encoding);
	else
		ok(r, "encoding UTF8");
}

static void
check_version(struct report *r)
{
	int applied = migrate_applied(r->db), newest = migrate_newest();

	if (applied < 0)
		fail_query(r, "schema version");
	else if (applied == 0)
		fail(r, "no schema fwlog in database %s; run fwlogctl db init",
		    db_name(r->db));
	else if (applied < newest)
		fail(r,
		    "schema version %d, this program needs %d; run fwlogctl db migrate",
		    applied, newest);
	else if (applied > newest)
		fail(r,
		    "schema version %d, this program knows %d; install the newer fwlog",
		    applied, newest);
	else
		ok(r, "schema version %d", applied);
}

/* ---- the event table against the program */

#define COLUMN_TYPE_TIME "timestamp with time zone"
#define COLUMN_TYPE_I8 "bigint"
#define COLUMN_TYPE_I4 "integer"
#define COLUMN_TYPE_I2 "smallint"
#define COLUMN_TYPE_INET "inet"
#define COLUMN_TYPE_MAC "macaddr"
#define COLUMN_TYPE_BYTES "bytea"
#define COLUMN_TYPE_PREFIX "integer"
#define COLUMN_TYPE_IFACE "integer"
#define COLUMN_TYPE_NETNS "integer"

static const struct {
	const char *name, *type;
} columns[] = {{"host_id", "integer"}, {"n", "bigint"},
#define COLUMN(kind, name, meaning) {#name, COLUMN_TYPE_##kind},
    EVENT_COLUMNS(COLUMN)
#undef COLUMN
};
#define COLUMNS_COUNT (sizeof columns / sizeof columns[0])

static const char *
column_type(const char *name)
{
	for (size_t i = 0; i < COLUMNS_COUNT; i++)
		if (strcmp(columns[i].name, name) == 0)
			return columns[i].type;
	return NULL;
}

static void
check_columns(struct report *r)
{
	struct db_rows *rows = db_query(r->db,
	    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
	    "WHERE attrelid = 'fwlog.event'::regclass AND attnum > 0 AND NOT "
	    "attisdropped",
	    NULL);
	unsigned before = r->failures;
	const char *name, *type;
	size_t known = 0;

	if (rows == NULL) {
		fail_query(r, "table fwlog.event");
		return;
	}
	for (int i = 0; i < db_rows_count(rows); i++) {
		name = db_rows_get(rows, i, 0);
		type = column_type(name);
		if (type == NULL)
			fail(r,
			    "column fwlog.event.%s is not of this version; it stays "
			    "empty, drop it",
			    name);
		else if (strcmp(type, db_rows_get(rows, i, 1)) != 0)
			fail(r,
			    "column fwlog.event.%s is %s, must be %s; restore its type",
			    name, db_rows_get(rows, i, 1), type);
		known += type != NULL;
	}
	if (known < COLUMNS_COUNT)
		fail(r, "fwlog.event lacks %zu of its columns; restore the schema",
		    COLUMNS_COUNT - known);
	if (r->failures == before)
		ok(r, "columns of fwlog.event");
	db_rows_free(rows);
}

/* ---- roles and rights */

static void
check_role(struct report *r, const struct role *role)
{
	struct db_rows *rows = db_query(r->db,
	    /* On a cluster its functions reach the other nodes as it (ctl/citus.c). */
	    "SELECT rolcanlogin AND (rolname <> 'fwlog_owner' OR "
	    "to_regclass('pg_dist_partition') IS NULL), rolsuper OR rolcreaterole OR "
	    "rolbypassrls OR "
	    "rolcreatedb, "
	    "has_database_privilege(oid, current_database(), 'CONNECT') "
	    "FROM pg_roles WHERE rolname = $1",
	    role->name);

	if (rows == NULL)
		fail_query(r, role->name);
	else if (db_rows_count(rows) == 0)
		fail(r, "role %s is missing; run fwlogctl db init", role->name);
	else if ((db_rows_get(rows, 0, 0)[0] == 't') != role->login)
		fail(r, "role %s can%s log in; ALTER ROLE %s %s", role->name,
		    role->login ? "not" : "", role->name,
		    role->login ? "LOGIN" : "NOLOGIN");
	else if (db_rows_get(rows, 0, 1)[0] == 't')
		fail(r,
		    "role %s has more than it needs; ALTER ROLE %s NOSUPERUSER "
		    "NOCREATEROLE NOCREATEDB NOBYPASSRLS",
		    role->name, role->name);
	else if (role->login && db_rows_get(rows, 0, 2)[0] != 't')
		fail(r, "role %s may not connect to database %s; run fwlogctl db init",
		    role->name, db_name(r->db));
	else
		ok(r, "role %s: %s", role->name, role->purpose);
	db_rows_free(rows);
}

static void
check_rights(struct report *r)
{
	struct db_rows *rows;

	for (size_t i = 0; i < ROLES_COUNT; i++)
		check_role(r, &roles[i]);
	rows = db_query(r->db, rights_sql, NULL);
	if (rows == NULL) {
		fail_query(r, "rights");
		return;
	}
	for (int i = 0; i < db_rows_count(rows); i++)
		fail(r, "rights: %s; %s", db_rows_get(rows, i, 0),
		    db_rows_get(rows, i, 1));
	if (db_rows_count(rows) == 0)
		ok(r, "rights of the roles");
	db_rows_free(rows);
}

/* ---- settings, each with the promise it breaks */

static void
check_setting(struct report *r, const char *name, const char *promise)
{
	char value[32];

	if (db_value(r->db, "SELECT current_setting($1)", name, value, sizeof value) <
	    0)
		fail_query(r, name);
	else if (strcmp(value, "off") == 0)
		fail(r, "%s = off: %s; set it to on", name, promise);
	else
		ok(r, "%s = %s", name, value);
}

static void
check_settings(struct report *r)
{
	check_setting(r, "fsync",
	    "a power failure of the server can lose or corrupt what was acknowledged");
	check_setting(r, "full_page_writes",
	    "a power failure of the server can corrupt what is stored");
	check_setting(r, "synchronous_commit",
	    "what others than the collector commit may be lost in a crash");
}

/* ---- partitions */

static void
check_partitions(struct report *r)
{
	struct db_rows *rows = db_query(r->db,
	    "SELECT day FROM (SELECT (now() AT TIME ZONE 'UTC')::date + d AS day "
	    "FROM generate_series(0, 1) d) days WHERE NOT EXISTS (SELECT FROM "
	    "pg_inherits "
	    "WHERE inhparent = to_regclass('fwlog.event') AND inhrelid = "
	    "to_regclass('fwlog.event_p' || to_char(day, 'YYYYMMDD')))",
	    NULL);

	if (rows == NULL)
		fail_query(r, "partitions");
	else if (db_rows_count(rows) > 0)
		fail(r, "no partition for %s; run fwlogctl db migrate",
		    db_rows_get(rows, 0, 0));
	else
		ok(r, "partitions for today and tomorrow");
	db_rows_free(rows);
}

static void
check_default(struct report *r)
{
	struct db_rows *rows = db_query(r->db,
	    "SELECT count(*), count(*) FILTER (WHERE ts >= '2000-01-01' AND "
	    "ts <= now() + interval '2 days'), string_agg(DISTINCT coalesce(h.name, "
	    "'host ' || d.host_id), ' ') FROM fwlog.event_default d "
	    "LEFT JOIN fwlog.host h ON h.host_id = d.host_id",
	    NULL);

	if (rows == NULL)
		fail_query(r, "default partition");
	else if (strcmp(db_rows_get(rows, 0, 1), "0") != 0)
		fail(r,
		    "%s events wait in fwlog.event_default; run fwlogctl db migrate",
		    db_rows_get(rows, 0, 1));
	else if (strcmp(db_rows_get(rows, 0, 0), "0") != 0)
		fail(r,
		    "%s events with an impossible time in fwlog.event_default, from "
		    "%s; "
		    "set the clock there, then delete or correct them",
		    db_rows_get(rows, 0, 0), db_rows_get(rows, 0, 2));
	else
		ok(r, "nothing in the default partition");
	db_rows_free(rows);
}

static void
check_sealed(struct report *r)
{
	struct db_rows *rows = db_query(r->db,
	    "SELECT count(*), min(day) FROM fwlog.partition_overview WHERE NOT sealed "
	    "AND events > 0 AND day < (now() AT TIME ZONE 'UTC')::date - 2",
	    NULL);

	if (rows == NULL)
		fail_query(r, "sealed partitions");
	else if (strcmp(db_rows_get(rows, 0, 0), "0") != 0)
		fail(r,
		    "%s days that are over lack indexes, the first is %s: look-ups are "
		    "slow; run fwlogctl db maintain, or set maintain = yes for the "
		    "collector",
		    db_rows_get(rows, 0, 0), db_rows_get(rows, 0, 1));
	else
		ok(r, "days that are over have their indexes");
	db_rows_free(rows);
}

static void
check_clock(struct report *r)
{
	char text[32];
	double skew;

	if (db_value(r->db, "SELECT extract(epoch FROM clock_timestamp())::bigint",
		NULL, text, sizeof text) < 0) {
		fail_query(r, "clock");
		return;
	}
	skew = difftime((time_t)strtoll(text, NULL, 10), time(NULL));
	if (skew > CLOCK_SKEW_MAX || skew < -CLOCK_SKEW_MAX)
		fail(r,
		    "clock of the server is %.0f seconds off the one here; let NTP set "
		    "both",
		    skew);
	else
		ok(r, "clock of the server");
}

int
check_run(const struct args *args)
{
	struct report r = {.db = db_open(args->db, NULL), .quiet = args->quiet};

	if (r.db == NULL || !db_ok(r.db)) {
		fail(&r, "cannot connect: %s; %s",
		    r.db != NULL ? db_error(r.db) : "out of memory",
		    r.db != NULL ? db_connect_remedy(r.db) : "free some");
	} else {
		ok(&r, "connected to database %s", db_name(r.db));
		check_server(&r);
		check_version(&r);
		check_settings(&r);
		check_clock(&r);
		if (migrate_applied(r.db) > 0) {
			check_columns(&r);
			check_rights(&r);
			check_partitions(&r);
			check_default(&r);
			check_sealed(&r);
		}
	}
	db_close(r.db);
	return r.failures == 0 ? EXIT_OK : EXIT_FAILED;
}
