/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/filter_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/message.h"
#include "common/text.h"
#include "ctl/filter_scope.h"
#include "ctl/query.h"
#include "ctl/session.h"
#include "ctl/timearg.h"

#define NUMBER_SIZE 16

/* A filter to be added, as the database takes it. */
struct addition {
	const char *name, *why;
	char *text; /* as typed */
	struct filter_tree *tree;
	char *query, *hosts, *lists;
	char sample[NUMBER_SIZE];
	char expires[TIMEARG_TEXT]; /* "": never */
};

/* ---- what was typed. -1 to go on, or an exit code */

static int
no_memory(void)
{
	fputs("fwlogctl: out of memory\n", stderr);
	return EXIT_FAILED;
}

static int
read_why(const struct args *args)
{
	if (args->why != NULL && args->why[strspn(args->why, " \t")] != '\0')
		return -1;
	fputs("fwlogctl: --why is missing: the reason, for those who ask later\n",
	    stderr);
	return EXIT_USAGE;
}

static int
read_name(const struct args *args)
{
	if (agent_name_ok(args->operand[0]))
		return -1;
	fputs("fwlogctl: ", stderr);
	text_plain(args->operand[0], stderr);
	fprintf(stderr,
	    ": a name has 1 to %d letters, digits, dots, dashes and underscores\n",
	    NAME_MAX_LEN);
	return EXIT_USAGE;
}

static int
read_sample(struct addition *a, const char *text)
{
	unsigned long n = 0;
	char *end;

	strcpy(a->sample, "0");
	if (text == NULL)
		return -1;
	errno = 0;
	if (strncmp(text, "1/", 2) == 0 && text[2] >= '1' && text[2] <= '9')
		n = strtoul(text + 2, &end, 10);
	if (n < 2 || n > INT32_MAX || errno != 0 || *end != '\0') {
		fprintf(stderr,
		    "fwlogctl: --sample %s: 1/N is expected, one of N records is kept: "
		    "1/100\n",
		    text);
		return EXIT_USAGE;
	}
	snprintf(a->sample, sizeof a->sample, "%lu", n);
	return -1;
}

static int
read_expires(struct addition *a, const char *text)
{
	struct timespec t;
	int64_t now, us;

	if (text == NULL)
		return -1;
	clock_gettime(CLOCK_REALTIME, &t);
	now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	if (timearg_parse(text, now, &us) < 0 || us <= now) {
		fprintf(stderr,
		    "fwlogctl: --expires %s: a time to come is expected, such as +2h, "
		    "+7d or 2026-11-23T14:05:00Z\n",
		    text);
		return EXIT_USAGE;
	}
	timearg_text(us, a->expires);
	return -1;
}

static int
read_query(struct addition *a, const struct args *args)
{
	struct filter_error error = {0};

	a->text = query_words(args, 1);
	if (a->text == NULL)
		return no_memory();
	a->tree = filter_parse(a->text, strlen(a->text), &error);
	if (a->tree == NULL) {
		query_explain(a->text, &error, stderr);
		return EXIT_USAGE;
	}
	a->query = filter_canon(a->tree);
	return a->query != NULL ? -1 : no_memory();
}

/* Names of lists are letters, digits, dots, dashes: nothing to be quoted. */
static int
name_lists(struct addition *a)
{
	const char *name;
	size_t len;
	FILE *f = open_memstream(&a->lists, &len);

	if (f == NULL)
		return no_memory();
	fputc('{', f);
	for (size_t i = 0; (name = filter_list_name(a->tree, i)) != NULL; i++)
		fprintf(f, "%s%s", i > 0 ? "," : "", name);
	fputc('}', f);
	return fclose(f) == 0 ? -1 : no_memory();
}

static int
read_addition(struct addition *a, const struct args *args)
{
	int rc = read_name(args);

	a->name = args->operand[0];
	a->why = args->why;
	if (rc < 0)
		rc = read_query(a, args);
	if (rc < 0)
		rc = read_sample(a, args->sample);
	if (rc < 0)
		rc = read_expires(a, args->expires);
	if (rc < 0)
		rc = name_lists(a);
	if (rc < 0)
		a->hosts = filter_scope_hosts(args->hosts, &rc);
	return rc < 0 ? read_why(args) : rc;
}

static void
free_addition(struct addition *a)
{
	free(a->text);
	free(a->query);
	free(a->hosts);
	free(a->lists);
	filter_tree_free(a->tree);
}

/* ---- adding */

static int
check_addition(struct db *db, const struct addition *a, const struct args *args)
{
	int rc = filter_scope_check(db, a->tree, a->text);

	if (rc >= 0 || args->yes || !filter_scope_is_wide(db, a->tree))
		return rc;
	fputs("fwlogctl: filter: it leaves out everything, or all but what it names: ",
	    stderr);
	text_plain(a->query[0] != '\0' ? a->query : "(empty)", stderr);
	fputs("; fwlogctl filter preview tells how much that is; --yes when it is "
	      "meant\n",
	    stderr);
	return EXIT_USAGE;
}

static void
say_added(const struct addition *a, const char *version, const struct args *args)
{
	if (args->json) {
		printf("{\"name\": \"%s\", \"version\": %s, \"query\": ", a->name,
		    version);
		text_json(a->query, stdout);
		puts("}");
		return;
	}
	if (args->quiet)
		return;
	printf("%s: version %s leaves out ", a->name, version);
	text_plain(a->query[0] != '\0' ? a->query : "everything", stdout);
	printf(" on %s%s", a->hosts != NULL ? args->hosts : "all hosts",
	    strcmp(a->sample, "0") != 0 ? ", save " : "");
	if (strcmp(a->sample, "0") != 0)
		printf("one of %s", a->sample);
	printf("%s%s\n", a->expires[0] != '\0' ? ", until " : "", a->expires);
}

static int
add(struct db *db, const struct addition *a, const struct args *args)
{
	const char *params[] = {a->name, a->query, a->hosts, a->lists, a->sample,
	    a->expires[0] != '\0' ? a->expires : NULL, a->why};
	char version[NUMBER_SIZE];
	int rc = check_addition(db, a, args);

	if (rc >= 0)
		return rc;
	if (db_exec(db, "BEGIN") < 0 ||
	    db_value_params(db,
		"SELECT fwlog.filter_add($1, $2, (SELECT array_agg(DISTINCT h) FROM "
		"unnest($3::text[]) h), $4, $5, $6, $7)",
		params, 7, version, sizeof version) < 0) {
		session_failed(a->name, db);
		return session_exit(db);
	}
	/* From here on its lists do not change; they may have before. */
	rc = filter_scope_check(db, a->tree, a->text);
	if (rc >= 0)
		return rc;
	if (db_exec(db, "COMMIT") < 0) {
		session_failed(a->name, db);
		return EXIT_FAILED;
	}
	say_added(a, version, args);
	return EXIT_OK;
}

int
filter_add(const struct args *args)
{
	struct addition a = {0};
	struct db *db = NULL;
	int rc = read_addition(&a, args);

	if (rc < 0) {
		db = session_open(args);
		rc = db != NULL ? add(db, &a, args) : EXIT_FAILED;
	}
	db_close(db);
	free_addition(&a);
	return rc;
}

/* ---- removing */

static int
remove_named(struct db *db, const struct args *args)
{
	const char *params[] = {args->operand[0], args->why};
	char version[NUMBER_SIZE];

	if (db_value_params(db, "SELECT fwlog.filter_remove($1, $2)", params, 2,
		version, sizeof version) < 0) {
		session_failed(args->operand[0], db);
		return EXIT_FAILED;
	}
	if (args->json)
		printf(
		    "{\"name\": \"%s\", \"version\": %s}\n", args->operand[0], version);
	else if (!args->quiet)
		printf("%s: removed, version %s is without it\n", args->operand[0],
		    version);
	return EXIT_OK;
}

/* Names, reason; then what the command does. */
static int
run(const struct args *args, int (*command)(struct db *db, const struct args *args))
{
	struct db *db;
	int rc = read_why(args);

	if (rc >= 0)
		return rc;
	db = session_open(args);
	rc = db != NULL ? command(db, args) : EXIT_FAILED;
	db_close(db);
	return rc;
}

int
filter_remove(const struct args *args)
{
	int rc = read_name(args);

	return rc < 0 ? run(args, remove_named) : rc;
}

/* ---- going back */

static void
say_names(const char *what, const char *names)
{
	if (names[0] != '\0')
		printf("; %s: %s", what, names);
}

static void
say_back(const struct db_rows *rows, const struct args *args)
{
	if (args->json) {
		puts(db_rows_get(rows, 0, 4));
		return;
	}
	if (args->quiet)
		return;
	printf("version %s has the filters of version %s", db_rows_get(rows, 0, 0),
	    args->operand[0]);
	say_names("back", db_rows_get(rows, 0, 1));
	say_names("removed", db_rows_get(rows, 0, 2));
	say_names("expired meanwhile", db_rows_get(rows, 0, 3));
	putchar('\n');
}

static int
roll_back(struct db *db, const struct args *args)
{
	const char *params[] = {args->operand[0], args->why};
	struct db_rows *rows = NULL;
	int rc = EXIT_OK;

	if (db_exec(db, "BEGIN") == 0)
		rows = db_query_params(db,
		    "SELECT version, array_to_string(added, ', '), "
		    "array_to_string(removed, ', '), array_to_string(expired, ', '), "
		    "json_build_object('version', version, 'added', "
		    "coalesce(added, '{}'), 'removed', coalesce(removed, '{}'), "
		    "'expired', coalesce(expired, '{}')) "
		    "FROM fwlog.filter_rollback($1::integer, $2)",
		    params, 2);
	if (rows == NULL) {
		session_failed(args->operand[0], db);
		return session_exit(db);
	}
	/* Lists stay as they are, and may have changed since. */
	if (!filter_scope_fits(db, NULL)) {
		rc = EXIT_FAILED;
	} else if (db_exec(db, "COMMIT") < 0) {
		session_failed(args->operand[0], db);
		rc = EXIT_FAILED;
	} else {
		say_back(rows, args);
	}
	db_rows_free(rows);
	return rc;
}

int
filter_rollback(const struct args *args)
{
	const char *version = args->operand[0];
	size_t digits = strspn(version, "0123456789");

	if (digits == 0 || digits > 9 || version[digits] != '\0') {
		fputs("fwlogctl: ", stderr);
		text_plain(version, stderr);
		fputs(": the number of a version is expected; fwlogctl filter history "
		      "shows them\n",
		    stderr);
		return EXIT_USAGE;
	}
	return run(args, roll_back);
}
