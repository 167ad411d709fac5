/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/filter_preview.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/filter_scope.h"
#include "ctl/query.h"
#include "ctl/table.h"

#define DEFAULT_LAST "24h"
#define PARAMS_MAX 2048

enum {
	C_SHOWN = 7,
	C_EVENTS = C_SHOWN,
	C_HIDDEN,
	C_HOSTS,
	C_ALERTS,
};

/*
 * For each host and prefix: its events and those the filter selects; what the prefix
 * means now; and how many alerts have such an event among those they name. %s: the
 * filter, the parameter with the hosts, the filter.
 */
static const char named_sql[] =
    "WITH hit AS (SELECT e.host_id, e.prefix_id, count(*) AS events, "
    "count(*) FILTER (WHERE %s) AS hidden FROM fwlog.event e WHERE " QUERY_IN_RANGE
    " AND ($%d::text[] IS NULL OR e.host_id IN (SELECT o.host_id FROM fwlog.host o "
    "WHERE o.name = ANY ($%d::text[]))) GROUP BY 1, 2), "
    "named AS (SELECT h.name AS host, p.prefix, coalesce(v.verdict, 'unknown') AS "
    "verdict, v.rule_name, t.events, t.hidden FROM hit t "
    "JOIN fwlog.host h USING (host_id) LEFT JOIN fwlog.dict_prefix p USING (prefix_id) "
    "LEFT JOIN LATERAL (SELECT o.verdict, o.rule_name FROM fwlog.prefix_verdict o "
    "WHERE o.prefix_id = t.prefix_id AND (o.host_id IS NULL OR o.host_id = t.host_id) "
    "AND coalesce(o.valid_from <= now(), true) AND coalesce(o.valid_to > now(), true) "
    "ORDER BY o.host_id NULLS LAST LIMIT 1) v ON true), "
    "raised AS (SELECT count(*) AS alerts FROM fwlog.alert_full a WHERE a.last_time >= "
    "$1::timestamptz AND a.first_time < $2::timestamptz AND EXISTS (SELECT FROM "
    "unnest(a.sample_host, a.sample_n, a.sample_ts) s (host_id, n, ts) JOIN "
    "fwlog.event e ON e.host_id = s.host_id AND e.n = s.n AND e.ts = s.ts WHERE %s)) ";

static const char table_sql[] =
    "SELECT n.host, coalesce(n.prefix, '-'), coalesce(n.rule_name, '-'), n.verdict, "
    "n.events, n.hidden, round(100.0 * n.hidden / n.events, 1) || ' %', "
    "coalesce(t.events, 0), coalesce(t.hidden, 0), t.hosts, "
    "(SELECT alerts FROM raised) "
    "FROM (SELECT sum(events) AS events, sum(hidden) AS hidden, count(DISTINCT host) "
    "FILTER (WHERE hidden > 0) AS hosts FROM named) t "
    "LEFT JOIN named n ON n.hidden > 0 ORDER BY n.hidden DESC, n.host, n.prefix";

static const char json_sql[] =
    "SELECT json_build_object('from', $1::timestamptz, 'to', $2::timestamptz, "
    "'events', coalesce(sum(n.events), 0), 'hidden', coalesce(sum(n.hidden), 0), "
    "'rows', coalesce(json_agg(n ORDER BY n.hidden DESC, n.host, n.prefix) "
    "FILTER (WHERE n.hidden > 0), '[]'), 'alerts', (SELECT alerts FROM raised)), "
    "coalesce(sum(n.hidden), 0) "
    "FROM named n";

/* ---- the question */

/* 90m, 24h, 7d. 0, or -1 after a message. */
static int
read_span(struct query *q, const struct args *args)
{
	const char *last = args->last != NULL ? args->last : DEFAULT_LAST;
	char text[TIMEARG_TEXT];
	struct timespec t;
	int64_t now;

	clock_gettime(CLOCK_REALTIME, &t);
	now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	snprintf(text, sizeof text, "-%s", last);
	if (last[0] < '0' || last[0] > '9' || timearg_parse(text, now, &q->from) < 0 ||
	    q->from >= now) {
		fprintf(stderr,
		    "fwlogctl: --last %s: a span of time is expected: 90m, 24h, 7d\n",
		    last);
		return -1;
	}
	q->to = now + 1;
	timearg_text(q->from, q->from_text);
	timearg_text(q->to, q->to_text);
	if (!args->quiet)
		fprintf(stderr, "fwlogctl: from %s to %s\n", q->from_text, q->to_text);
	return 0;
}

static struct db_rows *
ask(struct query *q, const char *hosts, const char *select)
{
	const char *params[PARAMS_MAX];
	struct db_rows *rows = NULL;
	char *named, *sql;

	if (q->nparams >= PARAMS_MAX)
		return NULL;
	memcpy(params, q->params, (size_t)q->nparams * sizeof *params);
	params[q->nparams] = hosts;
	if (asprintf(&named, named_sql, q->sql.text, q->nparams + 1, q->nparams + 1,
		q->sql.text) < 0)
		return NULL;
	if (asprintf(&sql, "%s%s", named, select) >= 0) {
		rows = db_query_params(q->db, sql, params, q->nparams + 1);
		free(sql);
	}
	free(named);
	return rows;
}

/* ---- the answer */

static void
print_table(const struct db_rows *rows, bool quiet)
{
	static const char *const titles[C_SHOWN] = {
	    "HOST", "PREFIX", "RULE", "VERDICT", "EVENTS", "HIDDEN", "SHARE"};

	if (!db_rows_null(rows, 0, 0))
		table_print(rows, titles, C_SHOWN, stdout);
	if (quiet)
		return;
	printf("would have left out %s of %s events, on %s %s\n",
	    db_rows_get(rows, 0, C_HIDDEN), db_rows_get(rows, 0, C_EVENTS),
	    db_rows_get(rows, 0, C_HOSTS),
	    strcmp(db_rows_get(rows, 0, C_HOSTS), "1") == 0 ? "host" : "hosts");
	printf("alerts that name such events: %s\n", db_rows_get(rows, 0, C_ALERTS));
}

static int
answer(struct query *q, const char *hosts)
{
	const struct args *args = q->args;
	struct db_rows *rows = ask(q, hosts, args->json ? json_sql : table_sql);
	bool none;

	if (rows == NULL)
		return query_failed(q);
	if (args->json) {
		puts(db_rows_get(rows, 0, 0));
		none = strcmp(db_rows_get(rows, 0, 1), "0") == 0;
	} else {
		print_table(rows, args->quiet);
		none = db_rows_null(rows, 0, 0);
	}
	db_rows_free(rows);
	return none ? QUERY_NONE : QUERY_FOUND;
}

/* -1 to go on, or an exit code. */
static int
check(struct query *q, const char *hosts)
{
	char *text = query_words(q->args, 0), unused[8];
	int rc;

	if (text == NULL)
		return QUERY_FAILED;
	rc = filter_scope_check(q->db, q->tree, text);
	free(text);
	if (rc >= 0)
		return rc == QUERY_USAGE ? rc : QUERY_FAILED;
	if (hosts == NULL || db_value(q->db, "SELECT fwlog.filter_check_hosts($1)",
				 hosts, unused, sizeof unused) == 0)
		return -1;
	query_failed(q);
	return strncmp(db_sqlstate(q->db), "22", 2) == 0 ? QUERY_USAGE : QUERY_FAILED;
}

int
filter_preview(const struct args *args)
{
	struct query q = {0};
	int rc;
	char *hosts = filter_scope_hosts(args->hosts, &rc);

	if (rc >= 0)
		return rc;
	rc = query_open_filter(&q, args, 0);
	if (rc < 0)
		rc = check(&q, hosts);
	if (rc < 0)
		rc = read_span(&q, args) == 0 ? answer(&q, hosts) : QUERY_USAGE;
	query_close(&q);
	free(hosts);
	return rc;
}
