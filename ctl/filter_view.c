/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/filter_view.h"

#include "common/cli.h"
#include "ctl/session.h"
#include "ctl/table.h"

/* A command: what it asks and how it is headed. $1: --all. */
struct view {
	const char *name, *json, *sql;
	const char *const *titles;
	int columns;
	int params;
	const char *none; /* instead of an empty table */
	/* NULL, or the statement for a line below; "" prints none. */
	const char *note;
};

static int
show_table(struct db *db, const struct view *v, const char *const *params,
    const struct args *args)
{
	char note[160];
	struct db_rows *rows = db_query_params(db, v->sql, params, v->params);

	if (rows == NULL) {
		session_failed(v->name, db);
		return EXIT_FAILED;
	}
	if (db_rows_count(rows) > 0)
		table_print(rows, v->titles, v->columns, stdout);
	else if (!args->quiet)
		fprintf(stderr, "fwlogctl: %s\n", v->none);
	db_rows_free(rows);
	if (v->note != NULL && !args->quiet &&
	    db_value(db, v->note, NULL, note, sizeof note) == 0 && note[0] != '\0')
		fprintf(stderr, "fwlogctl: %s\n", note);
	return EXIT_OK;
}

static int
show(const struct view *v, const struct args *args)
{
	const char *params[] = {args->all ? "true" : "false"};
	struct db *db = session_open(args);
	int rc;

	if (db == NULL)
		return EXIT_FAILED;
	rc = args->json ? session_print(db, v->name, v->json, params, v->params)
			: show_table(db, v, params, args);
	db_close(db);
	return rc;
}

/* What they left out in the last day. */
#define FILTERS                                                                     \
	"SELECT f.*, CASE WHEN f.in_force THEN 'in force' WHEN f.removed IS NULL "  \
	"THEN 'expired' ELSE 'removed' END AS state, coalesce(m.records, 0) AS "    \
	"filtered FROM fwlog.filter_full f LEFT JOIN (SELECT filter_id, "           \
	"sum(records) AS records FROM fwlog.filtered_full WHERE minute >= now() - " \
	"interval '1 day' GROUP BY 1) m USING (filter_id) WHERE f.removed IS NULL " \
	"OR $1::boolean"

int
filter_list(const struct args *args)
{
	static const char *const titles[] = {"NAME", "STATE", "HOSTS", "KEPT",
	    "ADDED (UTC)", "EXPIRES", "BY", "FILTERED", "QUERY", "WHY"};
	static const struct view view = {
	    .name = "filter list",
	    .json = "SELECT coalesce(json_agg(l ORDER BY l.filter_id), '[]') FROM "
		    "(" FILTERS ") l",
	    .sql = "SELECT name, state, coalesce(array_to_string(hosts, ','), 'all'), "
		   "CASE WHEN sample > 0 THEN '1/' || sample ELSE '-' END, "
		   "to_char(added, 'YYYY-MM-DD HH24:MI'), coalesce(to_char(expires, "
		   "'YYYY-MM-DD HH24:MI'), 'never'), who, filtered, CASE query WHEN '' "
		   "THEN '(everything)' ELSE query END, why "
		   "FROM (" FILTERS ") l ORDER BY removed NULLS FIRST, name, filter_id",
	    .titles = titles,
	    .columns = 10,
	    .params = 1,
	    .none = "no filter is in force",
	    .note = "SELECT 'version ' || max(newest) || ' is applied by ' || count(*) "
		    "FILTER (WHERE state = 'current') || ' of ' || count(*) || ' "
		    "hosts' || CASE WHEN count(*) > count(*) FILTER (WHERE state = "
		    "'current') THEN '; fwlogctl filter hosts shows the others' ELSE "
		    "'' END FROM fwlog.filter_host HAVING count(*) > 0",
	};

	return show(&view, args);
}

int
filter_hosts(const struct args *args)
{
	static const char *const titles[] = {"HOST", "STATE", "VERSION", "NEWEST",
	    "SINCE (UTC)", "HEARD", "AGENT", "REFUSED", "REASON"};
	static const struct view view = {
	    .name = "filter hosts",
	    .json = "SELECT coalesce(json_agg(h ORDER BY h.host), '[]') FROM "
		    "fwlog.filter_host h",
	    .sql = "SELECT host, state, coalesce(version::text, '-'), newest, "
		   "coalesce(to_char(changed, 'YYYY-MM-DD HH24:MI:SS'), '-'), "
		   "coalesce(to_char(last_contact, 'YYYY-MM-DD HH24:MI:SS'), '-'), "
		   "coalesce(software, '-'), coalesce(refused::text, '-'), reason "
		   "FROM fwlog.filter_host ORDER BY state = 'current', host",
	    .titles = titles,
	    .columns = 9,
	    .none = "no agent has ever connected",
	};

	return show(&view, args);
}

int
filter_history(const struct args *args)
{
	static const char *const titles[] = {
	    "VERSION", "MADE (UTC)", "BY", "ADDED", "REMOVED", "WHY"};
	static const struct view view = {
	    .name = "filter history",
	    .json = "SELECT coalesce(json_agg(h ORDER BY h.version), '[]') FROM "
		    "fwlog.filter_history h",
	    .sql = "SELECT version, to_char(made, 'YYYY-MM-DD HH24:MI:SS'), who, "
		   "CASE added WHEN '{}' THEN '-' ELSE array_to_string(added, ',') "
		   "END, CASE removed WHEN '{}' THEN '-' ELSE "
		   "array_to_string(removed, ',') END, why "
		   "FROM fwlog.filter_history ORDER BY version",
	    .titles = titles,
	    .columns = 6,
	    .none = "there is no version",
	};

	return show(&view, args);
}
