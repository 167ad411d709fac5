/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/nearest.h"
#include "common/text.h"
#include "ctl/entries.h"
#include "ctl/filter_scope.h"
#include "ctl/session.h"
#include "ctl/table.h"

#define ERRORS_SHOWN 20
#define WHAT_MAX 80 /* bytes of an entry repeated in a message */
#define ID_SIZE 16

/* ---- which kind */

/* 0 or -1. */
static int
kind_named(const char *name, enum entries_kind *kind)
{
	struct nearest near;

	nearest_begin(&near, name);
	for (int i = 0; i < 3; i++) {
		if (strcmp(name, entries_kinds[i]) == 0) {
			*kind = (enum entries_kind)i;
			return 0;
		}
		nearest_offer(&near, entries_kinds[i]);
	}
	fprintf(stderr, "fwlogctl: --kind %s: ", name);
	if (near.best != NULL)
		fprintf(stderr, "did you mean %s?\n", near.best);
	else
		fputs("address, port or name is expected\n", stderr);
	return -1;
}

/* What was asked for, else what the list is, else addresses. Exit code. */
static int
find_kind(struct db *db, const struct args *args, enum entries_kind *kind)
{
	struct db_rows *rows;
	int rc = 0;

	*kind = ENTRIES_ADDRESS;
	if (args->kind != NULL)
		return kind_named(args->kind, kind) == 0 ? EXIT_OK : EXIT_USAGE;
	rows = db_query(
	    db, "SELECT kind FROM fwlog.list_full WHERE name = $1", args->operand[0]);
	if (rows == NULL)
		rc = session_failed(args->operand[0], db);
	else if (db_rows_count(rows) > 0)
		rc = kind_named(db_rows_get(rows, 0, 0), kind);
	db_rows_free(rows);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

/* ---- reading entries */

/* What may be repeated in a message as it is. */
static bool
is_short_ascii(const char *text)
{
	size_t len = 0;

	while (len <= WHAT_MAX && text[len] > 0)
		len++;
	return len <= WHAT_MAX && text[len] == '\0';
}

/* Counts what is wrong and tells the first of it. */
static void
complain(
    unsigned *errors, const char *place, size_t line, const char *what, const char *why)
{
	if (++*errors > ERRORS_SHOWN)
		return;
	fputs("fwlogctl: ", stderr);
	if (line > 0)
		fprintf(stderr, "%s:%zu: ", place, line);
	if (what[0] != '\0' && is_short_ascii(what)) {
		text_plain(what, stderr);
		fputs(": ", stderr);
	}
	fprintf(stderr, "%s\n", why);
}

static int
conclude(unsigned errors, const struct args *args)
{
	if (errors == 0)
		return EXIT_OK;
	if (errors > ERRORS_SHOWN)
		fprintf(stderr, "fwlogctl: and %u more like these\n",
		    errors - ERRORS_SHOWN);
	fprintf(stderr, "fwlogctl: list %s is left as it was%s\n", args->operand[0],
	    args->kind == NULL
		? "; --kind says what is in a new list: address, port or name"
		: "");
	return EXIT_FAILED;
}

/* The operands behind the name. Exit code. */
static int
read_operands(struct entries *e, const struct args *args)
{
	char why[ENTRIES_WHY_SIZE];
	unsigned errors = 0;

	for (size_t i = 1; i < args->operands; i++)
		if (entries_add(e, args->operand[i], why) < 0)
			complain(&errors, "", 0, args->operand[i], why);
	return conclude(errors, args);
}

static int
read_lines(struct entries *e, const struct args *args, FILE *in, const char *place)
{
	char why[ENTRIES_WHY_SIZE], *line = NULL;
	size_t size = 0, number = 0;
	unsigned errors = 0;
	ssize_t len;

	while ((len = getline(&line, &size, in)) >= 0) {
		number++;
		if (len > 0 && line[len - 1] == '\n')
			line[--len] = '\0';
		if (strlen(line) != (size_t)len)
			complain(&errors, place, number, "", "a NUL byte; is it text?");
		else if (entries_add_line(e, line, why) < 0)
			complain(
			    &errors, place, number, line + strspn(line, " \t\r"), why);
		if (entries_count(e) == ENTRIES_MAX && errors > ERRORS_SHOWN)
			break;
	}
	if (ferror(in))
		complain(&errors, place, number + 1, "", strerror(errno));
	free(line);
	return conclude(errors, args);
}

/* A file, or - for standard input. Exit code. */
static int
read_file(struct entries *e, const struct args *args)
{
	const char *path = args->operand[1];
	FILE *in;
	int rc;

	if (strcmp(path, "-") == 0)
		return read_lines(e, args, stdin, "standard input");
	in = fopen(path, "re");
	if (in == NULL) {
		fprintf(stderr, "fwlogctl: %s: %s\n", path, strerror(errno));
		return EXIT_FAILED;
	}
	rc = read_lines(e, args, in, path);
	fclose(in);
	return rc;
}

/* ---- writing them */

/* A change to a list: what it is called and what its entries are. */
struct change {
	struct db *db;
	const struct args *args;
	struct entries *entries;
	size_t dropped; /* entries that said nothing new */
	bool empty;     /* the list is emptied first */
	/* NULL to COPY them, or the function for each: gives "" or why it did nothing.
	 */
	const char *call;
	bool strict; /* and then nothing is done at all */
};

static int
open_list(const struct change *c, const char *kind, char id[ID_SIZE])
{
	const char *params[] = {c->args->operand[0], kind, c->empty ? "t" : "f"};

	if (db_exec(c->db, "BEGIN") < 0)
		return -1;
	return db_value_params(
	    c->db, "SELECT fwlog.list_open($1, $2, $3)", params, 3, id, ID_SIZE);
}

static int
copy_entries(const struct change *c, const char *id)
{
	char row[ENTRIES_ROW_SIZE];

	if (db_copy_begin(c->db,
		"COPY fwlog.list_entry (list_id, first, last, value) FROM STDIN") < 0)
		return -1;
	for (size_t i = 0; i < entries_count(c->entries); i++)
		if (db_copy_put(c->db, row, entries_row(c->entries, i, id, row)) < 0)
			return -1;
	return db_copy_end(c->db);
}

/* One by one. How many did nothing, or -1. */
static int
call_entries(const struct change *c, const char *id)
{
	char text[ENTRIES_NAME_MAX + 1], why[ENTRIES_WHY_SIZE];
	const char *params[] = {id, text};
	int idle = 0;

	for (size_t i = 0; i < entries_count(c->entries); i++) {
		entries_text(c->entries, i, text);
		if (db_value_params(c->db, c->call, params, 2, why, sizeof why) < 0)
			return -1;
		if (why[0] == '\0')
			continue;
		idle++;
		fputs("fwlogctl: ", stderr);
		text_plain(text, stderr);
		fprintf(stderr, " %s\n", why);
	}
	return idle;
}

/* 0; 1: a filter in force cannot use it so, which has been said; -1. */
static int
close_list(const struct change *c, const char *id)
{
	char n[ID_SIZE];

	if (db_value(c->db, "SELECT fwlog.list_close($1)", id, n, sizeof n) < 0)
		return -1;
	if (!filter_scope_fits(c->db, c->args->operand[0]))
		return 1;
	if (db_exec(c->db, "COMMIT") < 0)
		return -1;
	if (c->args->quiet)
		return 0;
	printf("%s: %s %s", c->args->operand[0], n,
	    strcmp(n, "1") == 0 ? "entry" : "entries");
	if (c->dropped > 0)
		printf("; %zu left out that others cover", c->dropped);
	putchar('\n');
	return 0;
}

/* Without COMMIT nothing has happened. */
static int
leave_list(const struct change *c)
{
	fprintf(stderr, "fwlogctl: list %s is left as it was\n", c->args->operand[0]);
	return EXIT_FAILED;
}

/* Exit code. */
static int
write_list(const struct change *c, const char *kind)
{
	char id[ID_SIZE];
	int rc = open_list(c, kind, id);

	if (rc == 0)
		rc = c->call == NULL ? copy_entries(c, id) : call_entries(c, id);
	if (rc > 0 && c->strict)
		return leave_list(c);
	if (rc >= 0)
		rc = close_list(c, id);
	if (rc > 0)
		return leave_list(c);
	if (rc == 0)
		return EXIT_OK;
	session_failed(c->args->operand[0], c->db);
	return session_exit(c->db);
}

/* ---- commands */

/* Exit code; c says what. */
static int
run_change(struct change *c, int (*read)(struct entries *e, const struct args *args))
{
	enum entries_kind kind;
	int rc;

	c->db = session_open(c->args);
	if (c->db == NULL)
		return EXIT_FAILED;
	rc = find_kind(c->db, c->args, &kind);
	if (rc == EXIT_OK) {
		c->entries = entries_new(kind);
		rc = c->entries != NULL ? read(c->entries, c->args) : EXIT_FAILED;
	}
	if (rc == EXIT_OK) {
		c->dropped = entries_settle(c->entries);
		rc = write_list(c, entries_kinds[kind]);
	}
	entries_free(c->entries);
	db_close(c->db);
	return rc;
}

int
list_set(const struct args *args)
{
	struct change c = {.args = args, .empty = true};

	return run_change(&c, read_operands);
}

int
list_import(const struct args *args)
{
	struct change c = {.args = args, .empty = true};

	return run_change(&c, read_file);
}

int
list_add(const struct args *args)
{
	struct change c = {.args = args,
	    .call = "SELECT CASE WHEN NOT fwlog.list_put($1, $2) THEN 'is in the list "
		    "already' END"};

	return run_change(&c, read_operands);
}

/* 1 when there is such a list, 0 when not, which has been said; -1. */
static int
list_is_there(struct db *db, const char *name)
{
	struct db_rows *rows =
	    db_query(db, "SELECT FROM fwlog.list_full WHERE name = $1", name);
	int n;

	if (rows == NULL)
		return session_failed(name, db);
	n = db_rows_count(rows);
	db_rows_free(rows);
	if (n == 0)
		fprintf(stderr,
		    "fwlogctl: no list has the name %s; fwlogctl list show names "
		    "them\n",
		    name);
	return n;
}

static int
remove_list(struct db *db, const struct args *args)
{
	const char *name = args->operand[0];
	char n[ID_SIZE];

	if (db_value(db, "SELECT fwlog.list_remove($1)", name, n, sizeof n) < 0) {
		session_failed(name, db);
		return EXIT_FAILED;
	}
	if (!args->quiet)
		printf("%s: removed with %s %s\n", name, n,
		    strcmp(n, "1") == 0 ? "entry" : "entries");
	return EXIT_OK;
}

int
list_remove(const struct args *args)
{
	struct change c = {
	    .args = args, .call = "SELECT fwlog.list_drop($1, $2)", .strict = true};
	struct db *db = session_open(args);
	int there = db != NULL ? list_is_there(db, args->operand[0]) : -1;
	int rc = EXIT_FAILED;

	if (there > 0 && args->operands == 1)
		rc = remove_list(db, args);
	db_close(db);
	return there > 0 && args->operands > 1 ? run_change(&c, read_operands) : rc;
}

static int
show_lists(struct db *db, const struct args *args)
{
	static const char *const titles[] = {
	    "NAME", "KIND", "ENTRIES", "VERSION", "UPDATED (UTC)", "BY"};
	struct db_rows *rows;

	if (args->json)
		return session_print(db, "list show",
		    "SELECT coalesce(json_agg(l ORDER BY name), '[]') FROM "
		    "fwlog.list_full l",
		    NULL, 0);
	rows = db_query(db,
	    "SELECT name, kind, entries, version, to_char(updated, 'YYYY-MM-DD "
	    "HH24:MI'), who FROM fwlog.list_full ORDER BY name",
	    NULL);
	if (rows == NULL) {
		session_failed("list show", db);
		return EXIT_FAILED;
	}
	table_print(rows, titles, 6, stdout);
	db_rows_free(rows);
	return EXIT_OK;
}

static int
show_list(struct db *db, const struct args *args)
{
	const char *name = args->operand[0];
	struct db_rows *rows;

	if (list_is_there(db, name) <= 0)
		return EXIT_FAILED;
	if (args->json)
		return session_print(db, name,
		    "SELECT to_jsonb(l) || jsonb_build_object('values', (SELECT "
		    "coalesce(jsonb_agg(v), '[]') FROM fwlog.list_values($1) v)) "
		    "FROM fwlog.list_full l WHERE l.name = $1",
		    &name, 1);
	rows = db_query(db, "SELECT v FROM fwlog.list_values($1) v", name);
	if (rows == NULL) {
		session_failed(name, db);
		return EXIT_FAILED;
	}
	for (int i = 0; i < db_rows_count(rows); i++) {
		text_plain(db_rows_get(rows, i, 0), stdout);
		putchar('\n');
	}
	db_rows_free(rows);
	return EXIT_OK;
}

int
list_show(const struct args *args)
{
	struct db *db = session_open(args);
	int rc;

	if (db == NULL)
		return EXIT_FAILED;
	rc = args->operands > 0 ? show_list(db, args) : show_lists(db, args);
	db_close(db);
	return rc;
}
