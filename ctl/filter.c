/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/filter.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/filter.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/session.h"
#include "ctl/source.h"

static int
no_memory(void)
{
	fputs("fwlogctl: out of memory\n", stderr);
	return EXIT_FAILED;
}

static void
print_sql(const struct filter_sql *sql)
{
	printf("SELECT e.* FROM fwlog.event e WHERE %s\n", sql->text);
	for (size_t i = 0; i < sql->count; i++) {
		printf("$%zu = ", i + 1);
		text_plain(sql->value[i], stdout);
		putchar('\n');
	}
}

static void
print_json(const char *canon, const struct filter_sql *sql)
{
	fputs("{\"filter\": ", stdout);
	text_json(canon, stdout);
	if (sql != NULL) {
		fputs(", \"condition\": ", stdout);
		text_json(sql->text, stdout);
		fputs(", \"values\": [", stdout);
		for (size_t i = 0; i < sql->count; i++) {
			fputs(i > 0 ? ", " : "", stdout);
			text_json(sql->value[i], stdout);
		}
		putchar(']');
	}
	puts("}");
}

static void
print(const char *canon, const struct filter_sql *sql, const struct args *args)
{
	if (args->json) {
		print_json(canon, sql);
		return;
	}
	text_plain(canon, stdout);
	putchar('\n');
	if (sql != NULL)
		print_sql(sql);
}

/* Asks the database only where --db names one. */
static int
show_sql(const struct filter_tree *tree, const char *text, const char *canon,
    const struct args *args)
{
	struct db *db = NULL;
	struct filter_sql_source source;
	struct filter_error error;
	struct filter_sql sql;
	int rc = EXIT_OK;

	if (args->db != NULL && (db = session_open(args)) == NULL)
		return EXIT_FAILED;
	source = source_of(db, 1);
	if (filter_sql(tree, &source, &sql, &error) == 0) {
		print(canon, &sql, args);
		filter_sql_free(&sql);
	} else {
		query_explain(text, &error, stderr);
		rc = EXIT_FAILED;
	}
	db_close(db);
	return rc;
}

static int
show(const struct filter_tree *tree, const char *text, const struct args *args)
{
	char *canon = filter_canon(tree);
	int rc = EXIT_OK;

	if (canon == NULL)
		return no_memory();
	if (args->sql)
		rc = show_sql(tree, text, canon, args);
	else
		print(canon, NULL, args);
	free(canon);
	return rc;
}

int
filter_show(const struct args *args)
{
	struct filter_error error;
	struct filter_tree *tree;
	char *text = query_words(args, 0);
	int rc = EXIT_USAGE;

	if (text == NULL)
		return no_memory();
	tree = filter_parse(text, strlen(text), &error);
	if (tree == NULL)
		query_explain(text, &error, stderr);
	else
		rc = show(tree, text, args);
	filter_tree_free(tree);
	free(text);
	return rc;
}
