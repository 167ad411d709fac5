/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/roles.h"

#include <stdio.h>
#include <string.h>

#define DUPLICATE_OBJECT "42710"

const struct role roles[ROLES_COUNT] = {
    {"fwlog_owner", false, "owns the schema"},
    {"fwlog_ingest", true, "the collector"},
    {"fwlog_report", true, "the web page and readers"},
    {"fwlog_web", true, "changes made on the web page"},
    {"fwlog_admin", true, "administration"},
};

/* Limits a report session sets for itself; a role can lift them, they are no wall. */
static const char report_settings[] =
    "ALTER ROLE fwlog_report SET default_transaction_read_only = on;"
    "ALTER ROLE fwlog_report SET statement_timeout = '60s'";

static int
failed(const struct db *db, const char *doing, const char *name, const char *remedy)
{
	fprintf(stderr, "fwlogctl: %s %s: %s; %s\n", doing, name, db_error(db), remedy);
	return -1;
}

/* 1 yes, 0 no, -1 failed. */
static int
ask(struct db *db, const char *sql, const char *argument)
{
	char text[8];

	if (db_value(db, sql, argument, text, sizeof text) < 0)
		return -1;
	return text[0] == 't';
}

static int
create_role(struct db *db, const struct role *role, bool quiet)
{
	const char *sql =
	    role->login ? "CREATE ROLE %s LOGIN" : "CREATE ROLE %s NOLOGIN";
	int there = ask(
	    db, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role->name);

	if (there > 0)
		return 0;
	if (there < 0 || db_exec_name(db, sql, role->name) < 0) {
		if (strcmp(db_sqlstate(db), DUPLICATE_OBJECT) == 0)
			return 0;
		return failed(db, "creating role", role->name,
		    "connect as a role with CREATEROLE, a superuser for instance");
	}
	if (!quiet)
		printf("created role %s: %s\n", role->name, role->purpose);
	if (strcmp(role->name, "fwlog_report") == 0 && db_exec(db, report_settings) < 0)
		return failed(db, "setting up role", role->name, "ask a superuser");
	return 0;
}

int
roles_create(struct db *db, bool quiet)
{
	for (size_t i = 0; i < ROLES_COUNT; i++)
		if (create_role(db, &roles[i], quiet) < 0)
			return -1;
	return 0;
}

static int
admit(struct db *db, const struct role *role)
{
	char sql[96];
	const char *right = role->login ? "CONNECT" : "CREATE";
	int has;

	snprintf(sql, sizeof sql,
	    "SELECT has_database_privilege($1, current_database(), '%s')", right);
	has = ask(db, sql, role->name);
	if (has > 0)
		return 0;
	snprintf(sql, sizeof sql, "GRANT %s ON DATABASE %%s TO %s", right, role->name);
	if (has < 0 || db_exec_name(db, sql, db_name(db)) < 0)
		return failed(db, "letting into the database", role->name,
		    "connect as the database's owner or a superuser");
	return 0;
}

int
roles_admit(struct db *db)
{
	int member =
	    ask(db, "SELECT pg_has_role(current_user, $1, 'MEMBER')", "fwlog_owner");

	if (member < 0 ||
	    (member == 0 && db_exec(db, "GRANT fwlog_owner TO CURRENT_USER") < 0))
		return failed(db, "becoming a member of", "fwlog_owner",
		    "connect as a superuser");
	for (size_t i = 0; i < ROLES_COUNT; i++)
		if (admit(db, &roles[i]) < 0)
			return -1;
	return 0;
}
