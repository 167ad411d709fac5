/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/prefix.h"

#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/nearest.h"
#include "common/text.h"
#include "ctl/session.h"
#include "ctl/table.h"
#include "ctl/timearg.h"

static const char *const verdicts[] = {"accept", "drop", "reject", "unknown"};
#define VERDICTS_COUNT (sizeof verdicts / sizeof verdicts[0])

static int
verdict_ok(const char *verdict)
{
	struct nearest near;

	if (verdict == NULL) {
		fputs("fwlogctl: prefix set: --verdict is missing: accept, drop, "
		      "reject or unknown\n",
		    stderr);
		return -1;
	}
	nearest_begin(&near, verdict);
	for (size_t i = 0; i < VERDICTS_COUNT; i++) {
		if (strcmp(verdict, verdicts[i]) == 0)
			return 0;
		nearest_offer(&near, verdicts[i]);
	}
	fprintf(stderr, "fwlogctl: --verdict %s: ", verdict);
	if (near.best != NULL)
		fprintf(stderr, "did you mean %s?\n", near.best);
	else
		fputs("accept, drop, reject or unknown is expected\n", stderr);
	return -1;
}

/* --from as the database takes it; NULL when it was not given. 0 or -1. */
static int
from_text(const struct args *args, char text[TIMEARG_TEXT], const char **from)
{
	struct timespec now;
	int64_t us;

	*from = NULL;
	if (args->from == NULL)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	if (timearg_parse(args->from,
		(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, &us) < 0) {
		fprintf(stderr,
		    "fwlogctl: --from %s: no time; write " TIMEARG_FORMS "\n",
		    args->from);
		return -1;
	}
	timearg_text(us, text);
	*from = text;
	return 0;
}

/* ---- set, unset */

#define SET_SQL "SELECT fwlog.prefix_set($1, $2, nullif($3, ''), $4, $5::timestamptz)"
#define UNSET_SQL "SELECT fwlog.prefix_unset($1, $2, $3::timestamptz)"

/*
 * A change, then, as it is committed, another look at prefixes that came meanwhile.
 * Exit code; seen: how many prefixes the pattern fits.
 */
static int
change(struct db *db, const char *pattern, const char *sql, const char *const *params,
    int n, char *seen, size_t size)
{
	if (db_value_params(db, sql, params, n, seen, size) == 0 &&
	    db_value(db, "SELECT fwlog.prefix_settle($1)", pattern, seen, size) == 0)
		return EXIT_OK;
	session_failed(pattern, db);
	return session_exit(db);
}

static void
tell(const char *pattern, const char *what, const char *seen)
{
	text_plain(pattern, stdout);
	printf(": %s; fits %s of the prefixes seen so far\n", what,
	    strcmp(seen, "0") == 0 ? "none" : seen);
}

static int
set_one(struct db *db, const struct args *args, const char *pattern)
{
	const char *params[] = {
	    pattern, args->verdict, args->rule_name, args->host, args->from};
	char seen[16];
	int rc = change(db, pattern, SET_SQL, params, 5, seen, sizeof seen);

	if (rc == EXIT_OK && !args->quiet)
		tell(pattern, args->verdict, seen);
	return rc;
}

static int
unset_one(struct db *db, const struct args *args, const char *pattern)
{
	const char *params[] = {pattern, args->host, args->from};
	char seen[16];
	int rc = change(db, pattern, UNSET_SQL, params, 3, seen, sizeof seen);

	if (rc == EXIT_OK && !args->quiet)
		tell(pattern, "taken back", seen);
	return rc;
}

static int
for_each(const struct args *args,
    int (*run)(struct db *db, const struct args *args, const char *pattern))
{
	struct args read = *args;
	char from[TIMEARG_TEXT];
	struct db *db;
	int rc = EXIT_OK, one;

	if (from_text(args, from, &read.from) < 0)
		return EXIT_USAGE;
	db = session_open(args);
	if (db == NULL)
		return EXIT_FAILED;
	for (size_t i = 0; i < args->operands; i++) {
		one = run(db, &read, args->operand[i]);
		rc = one != EXIT_OK ? one : rc;
	}
	db_close(db);
	return rc;
}

int
prefix_set(const struct args *args)
{
	if (verdict_ok(args->verdict) < 0)
		return EXIT_USAGE;
	return for_each(args, set_one);
}

int
prefix_unset(const struct args *args)
{
	return for_each(args, unset_one);
}

/* ---- list, unknown */

/* A query, its titles, and the query that gives the same as JSON. */
struct listing {
	const char *what, *sql, *json;
	const char *titles[TABLE_COLUMNS_MAX];
	int columns;
};

static int
print(const struct args *args, const struct listing *l, const char *param)
{
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_OK;

	if (db == NULL)
		return EXIT_FAILED;
	if (args->json) {
		rc = session_print(db, l->what, l->json, &param, 1);
	} else if ((rows = db_query_params(db, l->sql, &param, 1)) != NULL) {
		table_print(rows, l->titles, l->columns, stdout);
		db_rows_free(rows);
	} else {
		session_failed(l->what, db);
		rc = session_exit(db);
	}
	db_close(db);
	return rc;
}

/* Those that go before others first. */
#define LIST_FROM                                                                \
	" FROM fwlog.prefix_map_full WHERE $1::text IS NULL OR host IS NULL OR " \
	"host = $1 ORDER BY shipped, host IS NULL, lower(pattern), host, "       \
	"valid_from NULLS FIRST"
#define MINUTE(column) "to_char(" column ", 'YYYY-MM-DD HH24:MI')"

int
prefix_list(const struct args *args)
{
	static const struct listing l = {
	    .what = "prefix list",
	    .sql = "SELECT pattern, verdict, coalesce(host, 'all'), "
		   "coalesce(" MINUTE(
		       "valid_from") ", 'always'), "
				     "coalesce(" MINUTE(
					 "valid_to") ", '-'), "
						     "CASE WHEN shipped THEN 'shipped' "
						     "ELSE who END, "
						     "rule_name" LIST_FROM,
	    .json = "SELECT coalesce(json_agg(p), '[]') FROM (SELECT pattern, host, "
		    "verdict, rule_name, valid_from, valid_to, shipped, who, "
		    "changed" LIST_FROM ") p",
	    .titles = {"PATTERN", "VERDICT", "HOST", "FROM (UTC)", "TO (UTC)", "BY",
		"RULE"},
	    .columns = 7,
	};

	return print(args, &l, args->host);
}

#define UNKNOWN_FROM                                                                \
	" FROM fwlog.prefix_unknown(coalesce($1::timestamptz, now() - interval '1 " \
	"day'))"

int
prefix_unknown(const struct args *args)
{
	static const struct listing l = {
	    .what = "prefix unknown",
	    .sql = "SELECT events, prefix, coalesce(" MINUTE(
		"newest") ", '-'), "
			  "coalesce(nullif(array_to_string(hosts[:5], ' ') || CASE "
			  "WHEN "
			  "cardinality(hosts) > 5 THEN format(' and %s more', "
			  "cardinality(hosts) - 5) ELSE '' END, ''), '-')" UNKNOWN_FROM,
	    .json = "SELECT coalesce(json_agg(p), '[]') FROM (SELECT prefix, events, "
		    "hosts, newest" UNKNOWN_FROM ") p",
	    .titles = {"EVENTS", "PREFIX", "NEWEST (UTC)", "HOSTS"},
	    .columns = 4,
	};
	char text[TIMEARG_TEXT];
	const char *from;

	if (from_text(args, text, &from) < 0)
		return EXIT_USAGE;
	return print(args, &l, from);
}
