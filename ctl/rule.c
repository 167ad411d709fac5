/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/alert_json.h"
#include "common/cli.h"
#include "ctl/rules.h"
#include "ctl/session.h"
#include "ctl/table.h"

/* ---- lint */

int
rule_lint(const struct args *args)
{
	struct rules r;
	int rc = EXIT_USAGE;

	if (rules_open(&r, args, args->operands, false) == 0) {
		if (args->json) {
			rule_set_json(r.set, false, stdout);
			putchar('\n');
		} else {
			rules_print_reports(r.set, !args->quiet, stdout);
		}
		if (!args->quiet && !args->json)
			printf("%zu loaded, %zu not applicable, %zu refused\n",
			    r.set->loaded, r.set->not_applicable, r.set->refused);
		rc = r.set->refused > 0 ? EXIT_FAILED : EXIT_OK;
	}
	rules_close(&r);
	return rc;
}

/* ---- convert */

/* The file, NUL-terminated, to be freed; NULL after a message. */
static char *
read_file(const char *path, size_t *len)
{
	FILE *in = fopen(path, "r");
	char *text = in != NULL ? malloc(RULE_FILE_MAX + 1) : NULL;
	const char *why = NULL;

	if (text == NULL) {
		why = strerror(errno);
	} else {
		*len = fread(text, 1, RULE_FILE_MAX + 1, in);
		if (ferror(in))
			why = strerror(errno);
		else if (*len > RULE_FILE_MAX)
			why = "larger than 1 MiB";
	}
	if (in != NULL)
		fclose(in);
	if (why == NULL) {
		text[*len] = '\0';
		return text;
	}
	fprintf(stderr, "fwlogctl: %s: %s\n", path, why);
	free(text);
	return NULL;
}

static int
write_file(const char *path, const char *text)
{
	FILE *out = path != NULL ? fopen(path, "w") : stdout;
	bool bad = out == NULL || fputs(text, out) == EOF;

	if (out != NULL && out != stdout && fclose(out) != 0)
		bad = true;
	if (bad)
		fprintf(stderr, "fwlogctl: %s: %s\n",
		    path != NULL ? path : "standard output", strerror(errno));
	return bad ? EXIT_FAILED : EXIT_OK;
}

int
rule_convert_run(const struct args *args)
{
	char why[512], *text, *converted;
	size_t len = 0;
	int rc;

	text = read_file(args->operand[0], &len);
	if (text == NULL)
		return EXIT_FAILED;
	converted = rule_convert(text, len, why, sizeof why);
	free(text);
	if (converted == NULL) {
		fprintf(stderr, "fwlogctl: %s: %s\n", args->operand[0], why);
		return EXIT_FAILED;
	}
	rc = write_file(args->output, converted);
	free(converted);
	return rc;
}

/* ---- list */

int
rule_list(const struct args *args)
{
	static const char json[] =
	    "SELECT coalesce(json_agg(r ORDER BY r.path, r.line), "
	    "'[]') FROM fwlog.rule_full r";
	static const char sql[] =
	    "SELECT coalesce(rule_id, '-'), class, coalesce(level, '-'), active, "
	    "coalesce(to_char(last_fired, 'YYYY-MM-DD HH24:MI:SS'), '-'), "
	    "coalesce(title, '-'), path || ':' || line, coalesce(reason, warning, '') "
	    "FROM fwlog.rule_full WHERE class = 'loaded' OR $1::boolean "
	    "ORDER BY class, path, line";
	static const char *const titles[] = {
	    "ID", "CLASS", "LEVEL", "ACTIVE", "LAST", "TITLE", "FILE", "REMARK"};
	const char *params[] = {args->all ? "true" : "false"};
	struct db *db = session_open(args);
	struct db_rows *rows;
	int rc = EXIT_FAILED;

	if (db == NULL)
		return EXIT_FAILED;
	if (args->json) {
		rc = session_print(db, "rules", json, NULL, 0);
	} else if ((rows = db_query_params(db, sql, params, 1)) == NULL) {
		session_failed("rules", db);
	} else {
		if (db_rows_count(rows) > 0)
			table_print(rows, titles, 8, stdout);
		else if (!args->quiet)
			fputs("fwlogctl: no collector has loaded rules\n", stderr);
		db_rows_free(rows);
		rc = EXIT_OK;
	}
	db_close(db);
	return rc;
}
