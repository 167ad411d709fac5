/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/alert.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/filter.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/session.h"
#include "ctl/table.h"

#define LIMIT "1000"

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A time as typed, as the database takes it. 0, or -1 after a message. */
static int
read_time(const char *option, const char *text, char to[TIMEARG_TEXT])
{
	int64_t us;

	if (timearg_parse(text, now_us(), &us) < 0) {
		fprintf(stderr,
		    "fwlogctl: --%s %s: a time is expected, such as " TIMEARG_FORMS
		    "\n",
		    option, text);
		return -1;
	}
	timearg_text(us, to);
	return 0;
}

/* ---- list */

#define SELECTED                                                                     \
	"FROM fwlog.alert_full a WHERE ($1::boolean OR a.acknowledged IS NULL AND "  \
	"a.active) AND ($2::timestamptz IS NULL OR a.last_time >= $2::timestamptz) " \
	"AND ($3::timestamptz IS NULL OR a.first_time < $3::timestamptz) "           \
	"ORDER BY a.fired DESC, a.alert_id DESC LIMIT $4::bigint"

static const char list_json[] =
    "SELECT coalesce(json_agg(s), '[]') FROM (SELECT a.* " SELECTED ") s";
static const char list_sql[] =
    "SELECT a.alert_id, to_char(a.first_time, 'YYYY-MM-DD HH24:MI:SS'), a.level, "
    "a.state || CASE WHEN a.backfill THEN ', late' ELSE '' END || CASE WHEN "
    "a.silenced THEN ', silenced' ELSE '' END, a.events, a.title, "
    "a.\"group\" " SELECTED;

static int
print_list(struct db *db, const char *const *params, const struct args *args)
{
	static const char *const titles[] = {
	    "ID", "BEGAN", "LEVEL", "STATE", "EVENTS", "TITLE", "GROUP"};
	struct db_rows *rows = db_query_params(db, list_sql, params, 4);

	if (rows == NULL) {
		session_failed("alerts", db);
		return session_exit(db);
	}
	if (db_rows_count(rows) > 0)
		table_print(rows, titles, 7, stdout);
	else if (!args->quiet)
		fputs(args->all ? "fwlogctl: no alerts\n"
				: "fwlogctl: no alert is open; --all shows others\n",
		    stderr);
	db_rows_free(rows);
	return EXIT_OK;
}

int
alert_list(const struct args *args)
{
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT];
	unsigned long limit;
	const char *params[] = {args->all ? "true" : "false",
	    args->from != NULL ? from : NULL, args->to != NULL ? to : NULL,
	    args->limit != NULL ? args->limit : LIMIT};
	struct db *db;
	int rc;

	if (query_number("limit", args->limit, 1, 1000000, &limit) < 0 ||
	    (args->from != NULL && read_time("from", args->from, from) < 0) ||
	    (args->to != NULL && read_time("to", args->to, to) < 0))
		return EXIT_USAGE;
	db = session_open(args);
	if (db == NULL)
		return EXIT_FAILED;
	rc = args->json ? session_print(db, "alerts", list_json, params, 4)
			: print_list(db, params, args);
	db_close(db);
	return rc;
}

/* ---- show */

static const char show_sql[] =
    "SELECT v.name, v.value FROM fwlog.alert_full a CROSS JOIN LATERAL (VALUES "
    "(1, 'alert', a.alert_id::text), (2, 'title', a.title), (3, 'level', a.level), "
    "(4, 'state', a.state), (5, 'group', a.\"group\"), "
    "(6, 'began', a.first_time::text), (7, 'last', a.last_time::text), "
    "(8, 'ended', a.resolved::text), (9, 'events', a.events::text), "
    "(10, 'counted', a.amount || CASE WHEN a.sliced THEN ' (over 64 slices)' ELSE '' "
    "END), (11, 'told', a.delivery || CASE WHEN a.backfill THEN ', came late' ELSE '' "
    "END), (12, 'silence', a.silence_id || ': ' || a.silence_reason), "
    "(13, 'seen', a.acknowledged || ' by ' || a.acknowledged_by || coalesce(': ' || "
    "a.acknowledged_why, '')), (14, 'filter', a.filter), (15, 'detail', a.detail), "
    "(16, 'about', a.description), (17, 'author', a.author), "
    "(18, 'license', a.license), (19, 'references', array_to_string(a.refs, ' ')), "
    "(20, 'rule', a.rule_id), (21, 'samples', (SELECT string_agg(u.h || '-' || u.n, "
    "' ') FROM unnest(a.sample_host, a.sample_n) u (h, n))), "
    "(22, 'deliveries', (SELECT string_agg(d.action || ' ' || d.what || ' ' || "
    "d.state || coalesce(' (' || d.last_error || ')', ''), ', ' ORDER BY "
    "d.delivery_id) FROM fwlog.alert_delivery_full d WHERE d.alert_id = a.alert_id))) "
    "v (i, name, value) WHERE a.alert_id = $1::bigint AND v.value <> '' ORDER BY v.i";
static const char show_json[] =
    "SELECT to_json(a) FROM fwlog.alert_full a WHERE a.alert_id = $1::bigint";

int
alert_show(const struct args *args)
{
	const char *params[] = {args->operand[0]};
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_FAILED;

	if (db == NULL)
		return EXIT_FAILED;
	rows = db_query_params(db, args->json ? show_json : show_sql, params, 1);
	if (rows == NULL) {
		session_failed("alert", db);
		rc = session_exit(db);
	} else if (db_rows_count(rows) == 0) {
		fprintf(stderr, "fwlogctl: there is no alert %s\n", args->operand[0]);
	} else {
		rc = EXIT_OK;
		for (int i = 0; i < db_rows_count(rows); i++) {
			if (args->json) {
				puts(db_rows_get(rows, i, 0));
				continue;
			}
			printf("%-12s", db_rows_get(rows, i, 0));
			text_plain(db_rows_get(rows, i, 1), stdout);
			putchar('\n');
		}
	}
	db_rows_free(rows);
	db_close(db);
	return rc;
}

/* ---- changes */

/* One statement whose only value is said with words around it. */
static int
change(const struct args *args, const char *what, const char *sql,
    const char *const *params, int n, const char *said)
{
	struct db *db = session_open(args);
	char value[4096];
	int rc = EXIT_OK;

	if (db == NULL)
		return EXIT_FAILED;
	if (db_value_params(db, sql, params, n, value, sizeof value) < 0) {
		session_failed(what, db);
		rc = session_exit(db);
	} else if (value[0] == '\0' || strcmp(value, "f") == 0) {
		fprintf(stderr, "fwlogctl: %s: nothing was changed\n", what);
		rc = EXIT_FAILED;
	} else if (args->json) {
		printf("{\"%s\":\"%s\"}\n", said, value);
	} else if (!args->quiet) {
		printf("%s: %s\n", said, value);
	}
	db_close(db);
	return rc;
}

/* The operands as an array of the database; to be freed. */
static char *
operand_array(const struct args *args)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < args->operands; i++)
		fprintf(f, "%s%s", i > 0 ? "," : "{", args->operand[i]);
	fputc('}', f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

int
alert_ack(const struct args *args)
{
	char *ids = operand_array(args);
	const char *params[] = {ids, args->why};
	int rc = EXIT_FAILED;

	if (ids != NULL)
		rc = change(args, "alert ack",
		    "SELECT array_to_string(fwlog.alert_ack($1::bigint[], $2), ' ')",
		    params, 2, "acknowledged");
	free(ids);
	return rc;
}

/* The filter of a silence in canonical form; NULL: none, or after a message (*rc). */
static char *
read_query(const struct args *args, int *rc)
{
	char *text = query_words(args, 1), *canon = NULL;
	struct filter_error error = {0};
	struct filter_tree *tree;

	*rc = EXIT_OK;
	if (text == NULL || args->operands < 2) {
		free(text);
		return NULL;
	}
	tree = filter_parse(text, strlen(text), &error);
	if (tree == NULL) {
		query_explain(text, &error, stderr);
		*rc = EXIT_USAGE;
	} else if ((canon = filter_canon(tree)) == NULL) {
		*rc = EXIT_FAILED;
	}
	filter_tree_free(tree);
	free(text);
	return canon;
}

int
alert_silence(const struct args *args)
{
	char until[TIMEARG_TEXT], *query;
	const char *rule = args->operand[0];
	const char *params[4];
	int rc;

	if (args->why == NULL || args->expires == NULL) {
		fputs("fwlogctl: a silence needs its reason (--why) and its end "
		      "(--expires)\n",
		    stderr);
		return EXIT_USAGE;
	}
	if (read_time("expires", args->expires, until) < 0)
		return EXIT_USAGE;
	query = read_query(args, &rc);
	if (rc != EXIT_OK)
		return rc;
	params[0] = strcmp(rule, "*") != 0 ? rule : NULL;
	params[1] = query;
	params[2] = args->why;
	params[3] = until;
	rc = change(args, "alert silence",
	    "SELECT fwlog.silence_add($1, $2, $3, NULL, $4::timestamptz)", params, 4,
	    "silence");
	free(query);
	return rc;
}

int
alert_unsilence(const struct args *args)
{
	const char *params[] = {args->operand[0]};

	return change(args, "alert unsilence",
	    "SELECT CASE WHEN fwlog.silence_end($1::integer) THEN $1 END", params, 1,
	    "ended");
}

int
alert_silences(const struct args *args)
{
	static const char json[] = "SELECT coalesce(json_agg(s ORDER BY s.silence_id), "
				   "'[]') FROM fwlog.silence_full s WHERE "
				   "$1::boolean OR s.ends > now()";
	static const char sql[] =
	    "SELECT silence_id, coalesce(rule_id, '*'), coalesce(query, ''), "
	    "to_char(ends, 'YYYY-MM-DD HH24:MI:SS'), owner, alerts, reason "
	    "FROM fwlog.silence_full WHERE $1::boolean OR ends > now() "
	    "ORDER BY silence_id";
	static const char *const titles[] = {
	    "ID", "RULE", "GROUP", "ENDS", "OWNER", "ALERTS", "REASON"};
	const char *params[] = {args->all ? "true" : "false"};
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_FAILED;

	if (db == NULL)
		return EXIT_FAILED;
	if (args->json) {
		rc = session_print(db, "silences", json, params, 1);
	} else if ((rows = db_query_params(db, sql, params, 1)) == NULL) {
		session_failed("silences", db);
	} else {
		if (db_rows_count(rows) > 0)
			table_print(rows, titles, 7, stdout);
		else if (!args->quiet)
			fputs("fwlogctl: there are no silences\n", stderr);
		db_rows_free(rows);
		rc = EXIT_OK;
	}
	db_close(db);
	return rc;
}
