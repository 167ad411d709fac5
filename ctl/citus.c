/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/citus.h"

#include <stdio.h>
#include <string.h>

#include "ctl/roles.h"

/* What is joined with events, on every node. */
static const char *const references[] = {
    "host",
    "dict_prefix",
    "dict_iface",
    "dict_netns",
    "prefix_timeline",
    "list",
    "list_entry",
};

/*
 * What grows. Marks, status, losses and summaries stay on the coordinator: they are
 * small, and a transaction locks the marks of several hosts at once, which Citus does
 * on one node only.
 */
static const char *const distributed[] = {
    "event",
    "rollup_minute",
    "rollup_hour",
    "rollup_hour_port",
    "rollup_hour_src",
    "rollup_hour_dst",
    "rollup_hour_distinct",
};

static int
failed(const char *doing, const struct db *db, const char *remedy)
{
	fprintf(stderr, "fwlogctl: %s: %s; %s\n", doing, db_error(db), remedy);
	return -1;
}

static int
complain(const char *what)
{
	fprintf(stderr, "fwlogctl: %s\n", what);
	return -1;
}

/* Those made before a node was added are not on it. */
static int
make_role(struct db *db, const struct role *role)
{
	char sql[512], done[8];

	snprintf(sql, sizeof sql,
	    "SELECT coalesce(bool_and(success), true) FROM run_command_on_workers("
	    "'DO $d$ BEGIN CREATE ROLE %s LOGIN; EXCEPTION WHEN duplicate_object THEN "
	    "NULL; END $d$')",
	    role->name);
	if (db_value(db, sql, NULL, done, sizeof done) < 0)
		return failed("making roles on the workers", db,
		    "connect as a superuser of all nodes");
	if (strcmp(done, "t") == 0)
		return 0;
	fprintf(
	    stderr, "fwlogctl: the role %s cannot be made on a worker\n", role->name);
	return -1;
}

/* Functions of the schema work as its owner, on the workers too: it must get in there.
 * It has no password; pg_hba.conf decides. */
int
citus_prepare(struct db *db)
{
	static const char nodes_sql[] =
	    "SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards";
	static const char there_sql[] =
	    "SELECT count(*) FROM pg_extension WHERE extname = 'citus'";
	char n[16];

	if (db_value(db, there_sql, NULL, n, sizeof n) < 0)
		return failed("looking for Citus", db, "try again");
	if (strcmp(n, "0") == 0)
		return complain("there is no Citus in this database: make the database "
				"and CREATE EXTENSION citus in it on every node, then "
				"SELECT citus_add_node('worker', 5432) here for each "
				"worker (docs/scaling.md)");
	if (db_value(db, nodes_sql, NULL, n, sizeof n) < 0)
		return failed(
		    "asking Citus for its nodes", db, "connect as a superuser");
	if (strcmp(n, "0") == 0)
		return complain(
		    "Citus has no node for data: SELECT citus_add_node('worker', 5432) "
		    "for each worker");
	for (size_t i = 0; i < ROLES_COUNT; i++)
		if (make_role(db, &roles[i]) < 0)
			return -1;
	if (db_exec(db, "ALTER ROLE fwlog_owner LOGIN") < 0)
		return failed("letting fwlog_owner work on the workers", db,
		    "connect as a superuser");
	return 0;
}

/* One that is spread already stays as it is. */
static int
spread(struct db *db, const char *table, const char *call, const char *arguments,
    bool quiet)
{
	char sql[512], n[16];

	snprintf(sql, sizeof sql,
	    "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = "
	    "'fwlog.%s'::regclass",
	    table);
	if (db_value(db, sql, NULL, n, sizeof n) < 0)
		return failed(table, db, "connect as a superuser");
	if (strcmp(n, "0") != 0)
		return 0;
	snprintf(sql, sizeof sql, "SELECT %s('fwlog.%s'%s)", call, table, arguments);
	if (db_exec(db, sql) < 0)
		return failed(table, db, "it stays on the coordinator");
	if (!quiet)
		printf("spread fwlog.%s\n", table);
	return 0;
}

/* A partition is attached in one transaction with what is moved into it. */
static const char sequential_sql[] =
    "RESET ROLE;"
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET citus.multi_shard_modify_mode = "
    "''sequential''', current_database()); END $$;"
    "SET citus.multi_shard_modify_mode = 'sequential'";

/*
 * Citus asks for the reader's own right to what a view reads, where PostgreSQL asks for
 * that of the view's owner. None of these has more than its view.
 */
static const char grant_sql[] =
    "GRANT SELECT ON fwlog.prefix_timeline, fwlog.list, fwlog.list_entry, "
    "fwlog.prefix_map, fwlog.filter, fwlog.filter_set, fwlog.filter_applied, "
    "fwlog.filtered_minute, fwlog.host_status, fwlog.loss, fwlog.rule_count, "
    "fwlog.rollup_minute, fwlog.rollup_hour, fwlog.rollup_hour_port, "
    "fwlog.rollup_hour_src, fwlog.rollup_hour_dst, fwlog.rollup_hour_distinct, "
    "fwlog.rollup_all_port, fwlog.rollup_all_src, fwlog.rollup_all_dst, "
    "fwlog.rollup_day, fwlog.rollup_day_port, fwlog.rollup_day_src, "
    "fwlog.rollup_day_dst TO fwlog_report";

/*
 * A function in SQL becomes part of the query that calls it, or Citus refuses what it
 * reads; with parameters it is the latter. The same statement in PL/pgSQL is planned
 * with their values. Names mean what they mean in SQL: columns first.
 */
static const char functions_sql[] =
    "DO $do$ DECLARE f record; BEGIN"
    " FOR f IN SELECT p.oid, p.prosrc FROM pg_proc p JOIN pg_language l"
    " ON l.oid = p.prolang WHERE p.pronamespace = 'fwlog'::regnamespace"
    " AND l.lanname = 'sql' AND p.proname IN ('address_first_seen',"
    " 'address_around', 'beacons', 'scans', 'silences')"
    " LOOP EXECUTE replace(replace(pg_get_functiondef(f.oid), f.prosrc,"
    " E'\n#variable_conflict use_column\nBEGIN RETURN QUERY ' || f.prosrc || ';END '),"
    " 'LANGUAGE sql', 'LANGUAGE plpgsql');"
    " END LOOP; END $do$";

int
citus_distribute(struct db *db, bool quiet)
{
	static const char by_host[] = ", 'host_id'";
	static const char as_event[] = ", 'host_id', colocate_with => 'fwlog.event'";

	if (db_exec(db, sequential_sql) < 0)
		return failed("setting up the database", db, "connect as a superuser");
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
		if (spread(db, references[i], "create_reference_table", "", quiet) < 0)
			return -1;
	for (size_t i = 0; i < sizeof distributed / sizeof distributed[0]; i++)
		if (spread(db, distributed[i], "create_distributed_table",
			i == 0 ? by_host : as_event, quiet) < 0)
			return -1;
	if (db_exec(db, functions_sql) < 0)
		return failed("making functions anew", db, "connect as a superuser");
	if (db_exec(db, grant_sql) < 0)
		return failed("letting readers read", db, "connect as a superuser");
	return 0;
}
