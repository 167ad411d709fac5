/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "ctl/args.h"

static int
run_nothing(const struct args *args)
{
	(void)args;
	return EXIT_OK;
}

static const struct command commands[] = {
    {"db", "init", "make it", "Makes all.\n", run_nothing, NULL, 0, 0, 0},
    {"db", "check", "look at it", "Looks.\n", run_nothing, NULL, 0, 0, 0},
    {"key", "new", "make a key", "Makes one.\n", run_nothing, "NAME", 1, 2,
	TAKES_FILE | TAKES_CIDR},
    {"key", "list", "show keys", "Shows.\n", run_nothing, "NAME", 0, 1, TAKES_JSON},
    {"search", "", "print events", "Prints.\n", run_nothing, "QUERY", 0, 99,
	TAKES_QUERY | TAKES_SPAN | TAKES_FIELD},
    {"balance", "", "tell", "Tells.\n", run_nothing, NULL, 0, 0, TAKES_RANGE},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
};

static const struct command *command;
static struct args args;
static char out[2048], err[2048];

static void
fill(FILE *f, char *buf, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
}

/* line: words with one space between them. */
static int
parse(const char *line)
{
	static char copy[256];
	static char *argv[16];
	char *rest = copy;
	FILE *o = tmpfile(), *e = tmpfile();
	int argc = 0, rc;

	ck_assert(o != NULL && e != NULL);
	snprintf(copy, sizeof copy, "%s", line);
	while (argc < 15 && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	argv[argc] = NULL;
	command = NULL;
	rc = args_parse(commands, argc, argv, &command, &args, o, e);
	fill(o, out, sizeof out);
	fill(e, err, sizeof err);
	return rc;
}

START_TEST(finds_command)
{
	ck_assert_int_eq(parse("fwlogctl db check"), -1);
	ck_assert_ptr_eq(command, &commands[1]);
	ck_assert_ptr_null(args.db);
	ck_assert(!args.quiet);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(reads_options)
{
	ck_assert_int_eq(parse("fwlogctl db init --db dbname=x -q"), -1);
	ck_assert_str_eq(args.db, "dbname=x");
	ck_assert(args.quiet);
	ck_assert_int_eq(parse("fwlogctl db init --db=postgresql://h/d --quiet"), -1);
	ck_assert_str_eq(args.db, "postgresql://h/d");
	ck_assert(args.quiet);
}
END_TEST

START_TEST(reads_operands)
{
	ck_assert_int_eq(
	    parse("fwlogctl key new web1 -o f --cidr 10.0.0.0/8 --cidr ::/0 web2"), -1);
	ck_assert_uint_eq(args.operands, 2);
	ck_assert_str_eq(args.operand[0], "web1");
	ck_assert_str_eq(args.operand[1], "web2");
	ck_assert_str_eq(args.output, "f");
	ck_assert_uint_eq(args.cidrs, 2);
	ck_assert_str_eq(args.cidr[1], "::/0");
	ck_assert_int_eq(parse("fwlogctl key list --json"), -1);
	ck_assert_uint_eq(args.operands, 0);
	ck_assert(args.json);
}
END_TEST

/* Behind options or in front of them, and behind --. */
START_TEST(reads_queries)
{
	ck_assert_int_eq(
	    parse("fwlogctl search dport:22 -host:web1 --from -1h -src=10.0.0.1"), -1);
	ck_assert_uint_eq(args.operands, 3);
	ck_assert_str_eq(args.operand[0], "dport:22");
	ck_assert_str_eq(args.operand[1], " -host:web1");
	ck_assert_str_eq(args.operand[2], " -src=10.0.0.1");
	ck_assert_str_eq(args.from, "-1h");
	ck_assert_int_eq(parse("fwlogctl search -q -- -tcp -host:web1"), -1);
	ck_assert_uint_eq(args.operands, 2);
	ck_assert_str_eq(args.operand[0], "-tcp");
	ck_assert_str_eq(args.operand[1], "-host:web1");
	ck_assert_int_eq(parse("fwlogctl search -out:eth0"), -1);
	ck_assert_ptr_null(args.output);
}
END_TEST

/* More than any filter has. */
START_TEST(refuses_long_query)
{
	char word[1500] = "-host:";
	char *argv[] = {"fwlogctl", "search", word, word, NULL};
	FILE *e = tmpfile();

	memset(word + 6, 'x', sizeof word - 7);
	word[sizeof word - 1] = '\0';
	ck_assert_int_eq(
	    args_parse(commands, 4, argv, &command, &args, stdout, e), EXIT_USAGE);
	fill(e, err, sizeof err);
	ck_assert_ptr_nonnull(strstr(err, "the filter is too long"));
}
END_TEST

/* One word, two options: each command has its own. */
START_TEST(tells_options_apart)
{
	ck_assert_int_eq(parse("fwlogctl search --by src"), -1);
	ck_assert_str_eq(args.by, "src");
	ck_assert_int_eq(parse("fwlogctl balance --by host --host web1"), -1);
	ck_assert_str_eq(args.by, "host");
	ck_assert_str_eq(args.host, "web1");
	ck_assert_int_eq(parse("fwlogctl search --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "--by FIELD"));
	ck_assert_ptr_null(strstr(out, "--by hour|host"));
	ck_assert_int_eq(parse("fwlogctl balance --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "--by hour|host"));
}
END_TEST

START_TEST(prints_commands)
{
	ck_assert_int_eq(parse("fwlogctl --print-commands"), EXIT_OK);
	ck_assert_str_eq(out,
	    "db init: --db= --quiet --help\n"
	    "db check: --db= --quiet --help\n"
	    "key new: --output= --cidr= --db= --quiet --help\n"
	    "key list: --json --db= --quiet --help\n"
	    "search: --from= --to= --by= --db= --quiet --help\n"
	    "balance: --host= --from= --to= --by= --db= --quiet --help\n");
	ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(helps)
{
	ck_assert_int_eq(parse("fwlogctl --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "make a key"));
	ck_assert_int_eq(parse("fwlogctl db --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "look at it"));
	ck_assert_ptr_null(strstr(out, "make a key"));
	ck_assert_int_eq(parse("fwlogctl db init --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "Makes all."));
	ck_assert_ptr_nonnull(strstr(out, "--db CONNINFO"));
	ck_assert_ptr_null(strstr(out, "--cidr"));
	ck_assert_int_eq(parse("fwlogctl key new --help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, "key new NAME..."));
	ck_assert_ptr_nonnull(strstr(out, "--cidr"));
	ck_assert_ptr_null(strstr(out, "--json"));
	ck_assert_int_eq(parse("fwlogctl --version"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(out, FWLOG_VERSION));
	ck_assert_str_eq(err, "");
}
END_TEST

static const struct {
	const char *line, *message;
} wrong[] = {
    {"fwlogctl", "usage:"},
    {"fwlogctl db", "make it"},
    {"fwlogctl bd init", "bd: unknown command; did you mean db?"},
    {"fwlogctl db chekc", "chekc: unknown command; did you mean check?"},
    {"fwlogctl db new", "new: unknown command; fwlogctl --help"},
    {"fwlogctl zzzzzz", "zzzzzz: unknown command; fwlogctl --help"},
    {"fwlogctl db init --bd x", "--bd: unknown option; did you mean --db?"},
    {"fwlogctl db init --db", "--db: a value is missing"},
    {"fwlogctl db init --quiet=1", "--quiet=1: takes no value"},
    {"fwlogctl db init -x", "-x: unknown option"},
    {"fwlogctl db init -xq", "-x: unknown option"},
    {"fwlogctl db init now", "now: db init takes only options"},
    {"fwlogctl db init --json", "--json: unknown option"},
    {"fwlogctl db init -o x", "--output: unknown option"},
    {"fwlogctl key new", "key new: NAME is missing"},
    {"fwlogctl key new a b c", "c: key new takes NAME at most 2 times"},
    {"fwlogctl key list a b", "b: key list takes NAME once"},
    {"fwlogctl key new a -o", "-o: a value is missing"},
    {"fwlogctl search -tcp", "-t: unknown option; --help lists them; a filter that "},
    {"fwlogctl search -host", "-h: unknown option; --help lists them; a filter that "},
    {"fwlogctl db init -q -x", "-x: unknown option"},
    {"fwlogctl search --host web1", "--host: unknown option"},
    {"fwlogctl key new a --cdir x", "--cdir: unknown option; did you mean --cidr?"},
};

START_TEST(refuses)
{
	ck_assert_int_eq(parse(wrong[_i].line), EXIT_USAGE);
	ck_assert_msg(strstr(err, wrong[_i].message) != NULL, "'%s' says: %s",
	    wrong[_i].line, err);
	ck_assert_str_eq(out, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("args");
	TCase *t = tcase_create("args");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, finds_command);
	tcase_add_test(t, reads_options);
	tcase_add_test(t, reads_operands);
	tcase_add_test(t, reads_queries);
	tcase_add_test(t, refuses_long_query);
	tcase_add_test(t, tells_options_apart);
	tcase_add_test(t, prints_commands);
	tcase_add_test(t, helps);
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof wrong / sizeof wrong[0]));
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
