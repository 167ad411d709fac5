/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/health.h"

#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/session.h"
#include "ctl/table.h"

/* What, whether it is well, and what is to be known: a row for each thing. */
#define CHECKS                                                                         \
	"SELECT * FROM (SELECT 1 AS place, 'hosts' AS what, count(*) FILTER (WHERE "   \
	"silent) = 0 AS ok, CASE WHEN bool_or(silent) THEN 'silent: ' || "             \
	"string_agg(host, ', ' ORDER BY host) FILTER (WHERE silent) ELSE count(*) || " \
	"' heard within 5 minutes' END AS detail FROM (SELECT host, NOT connected OR " \
	"last_contact < now() - interval '5 minutes' AS silent FROM "                  \
	"fwlog.host_overview WHERE connected IS NOT NULL) h "                          \
	"UNION ALL SELECT 2, 'losses', count(*) = 0, CASE WHEN count(*) = 0 THEN "     \
	"'none within a day' ELSE string_agg(line, ', ' ORDER BY line) END FROM "      \
	"(SELECT host || ' ' || cause || ' ' || coalesce(sum(records)::text, "         \
	"'unknown') AS line FROM fwlog.loss_full WHERE noted > now() - interval "      \
	"'1 day' AND cause NOT IN ('filtered', 'rate_limited') GROUP BY host, cause) " \
	"l UNION ALL SELECT 3, 'clocks', count(*) = 0, CASE WHEN count(*) = 0 THEN "   \
	"'within 10 seconds' ELSE string_agg(host || ' ' || skew_ms || ' ms', ', ' "   \
	"ORDER BY host) END FROM fwlog.host_overview WHERE connected AND "             \
	"abs(skew_ms) > 10000 UNION ALL SELECT 4, 'partitions', "                      \
	"coalesce(max(day) > (now() AT TIME ZONE 'UTC')::date, false), "               \
	"coalesce('made up to ' || max(day), 'none: run fwlogctl db maintain') FROM "  \
	"fwlog.partition_overview UNION ALL SELECT 5, 'rules', count(*) FILTER "       \
	"(WHERE class = 'refused') = 0, count(*) FILTER (WHERE class = 'loaded') || "  \
	"' loaded, ' || count(*) FILTER (WHERE class = 'refused') || ' refused' FROM " \
	"fwlog.rule_full UNION ALL SELECT 6, 'deliveries', count(*) = 0, CASE WHEN "   \
	"count(*) = 0 THEN 'none fails' ELSE count(*) || ' could not be sent: ' || "   \
	"string_agg(DISTINCT action, ', ') END FROM fwlog.alert_delivery_full WHERE "  \
	"(state = 'waiting' AND tries > 0) OR (state = 'failed' AND made > now() - "   \
	"interval '1 day')) c ORDER BY place"

static const char checks_sql[] =
    "SELECT what, CASE WHEN ok THEN 'ok' ELSE 'FAIL' END, detail, ok FROM (" CHECKS
    ") x ORDER BY place";
static const char checks_json_sql[] =
    "SELECT json_build_object('healthy', bool_and(ok), 'checks', json_agg("
    "json_build_object('what', what, 'ok', ok, 'detail', detail) ORDER BY place)), "
    "bool_and(ok) FROM (" CHECKS ") x";

#define AGENTS                                                                     \
	"SELECT host, CASE WHEN connected THEN 'yes' ELSE 'no' END AS connected, " \
	"date_trunc('second', last_contact) AS last_contact, "                     \
	"stats ->> 'waiting' AS waiting, lost, skew_ms, address, software FROM "   \
	"fwlog.host_overview WHERE connected IS NOT NULL ORDER BY host"

static const char agents_json_sql[] =
    "SELECT coalesce(json_agg(a), '[]') FROM (" AGENTS ") a";

static bool
is_true(const struct db_rows *rows, int row, int column)
{
	return strcmp(db_rows_get(rows, row, column), "t") == 0;
}

/* Whether all is well. */
static bool
print_checks(const struct args *args, const struct db_rows *rows)
{
	bool well = true;

	if (args->json) {
		puts(db_rows_get(rows, 0, 0));
		return is_true(rows, 0, 1);
	}
	for (int i = 0; i < db_rows_count(rows); i++) {
		bool ok = is_true(rows, i, 3);

		well = well && ok;
		if (!ok || !args->quiet)
			printf("%s %s: %s\n", db_rows_get(rows, i, 1),
			    db_rows_get(rows, i, 0), db_rows_get(rows, i, 2));
	}
	return well;
}

int
health_run(const struct args *args)
{
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_FAILED;

	if (db == NULL)
		return EXIT_FAILED;
	rows = db_query(db, args->json ? checks_json_sql : checks_sql, NULL);
	if (rows == NULL)
		session_failed("health", db);
	else if (print_checks(args, rows))
		rc = EXIT_OK;
	db_rows_free(rows);
	db_close(db);
	return rc;
}

int
health_agents(const struct args *args)
{
	static const char *const titles[] = {"HOST", "CONNECTED", "LAST CONTACT",
	    "WAITING", "LOST", "SKEW MS", "ADDRESS", "SOFTWARE"};
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_OK;

	if (db == NULL)
		return EXIT_FAILED;
	if (args->json) {
		rc = session_print(db, "agents", agents_json_sql, NULL, 0);
		db_close(db);
		return rc;
	}
	rows = db_query(db, AGENTS, NULL);
	if (rows != NULL)
		table_print(rows, titles, 8, stdout);
	else
		rc = session_failed("agents", db) == 0 ? EXIT_OK : EXIT_FAILED;
	db_rows_free(rows);
	db_close(db);
	return rc;
}
