/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cli.h"

#include <check.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/nearest.h"

struct target {
	uint64_t count;
	char *spool;
};

static const struct conf_option options[] = {
    {"", "count", CONF_UINT, offsetof(struct target, count), "3", 1, 9, NULL,
	"how many"},
    {"", "spool", CONF_STRING, offsetof(struct target, spool), "/s", 1, 9, NULL, "dir"},
};

static const struct conf_spec spec = {.options = options, .count = 2};
static const struct cli_program program = {
    .name = "fwlog-test",
    .summary = "a test",
    .default_conf = "/nonexistent/fwlog-test.conf",
    .spec = &spec,
};

static struct target t;
static char said[8192];

/* Runs cli_start with these arguments (NULL at the end); what it printed is in said. */
static int
run(const char *const *arguments)
{
	FILE *out = tmpfile();
	int keep_out = dup(STDOUT_FILENO), keep_err = dup(STDERR_FILENO);
	char *argv[16];
	int argc = 1, rc;
	size_t n;

	argv[0] = strdup("fwlog-test");
	for (; arguments[argc - 1] != NULL; argc++)
		argv[argc] = strdup(arguments[argc - 1]);
	argv[argc] = NULL;
	fflush(stdout);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(out), STDERR_FILENO);
	conf_free_strings(&spec, "", &t);
	optind = 0;
	rc = cli_start(&program, argc, argv, &t);
	fflush(stdout);
	dup2(keep_out, STDOUT_FILENO);
	dup2(keep_err, STDERR_FILENO);
	close(keep_out);
	close(keep_err);
	rewind(out);
	n = fread(said, 1, sizeof said - 1, out);
	said[n] = '\0';
	fclose(out);
	while (argc-- > 0)
		free(argv[argc]);
	return rc;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void
teardown(void)
{
	conf_free_strings(&spec, "", &t);
}

START_TEST(goes_on)
{
	ck_assert_int_eq(RUN("-q", "-o", "count=5", "-o", "count=6"), -1);
	ck_assert_uint_eq(t.count, 6);
	ck_assert_str_eq(t.spool, "/s");
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(check_prints_settings)
{
	ck_assert_int_eq(RUN("--check", "-o", "spool=/x"), EXIT_OK);
	ck_assert_str_eq(said, "count = 3\nspool = /x\n");
}
END_TEST

START_TEST(check_prints_errors)
{
	ck_assert_int_eq(RUN("--check", "-o", "count=x", "-o", "spol=1"), EXIT_CONFIG);
	ck_assert_str_eq(said, "-o: count: \"x\" is not a number from 1 to 9\n"
			       "-o: spol: unknown option; did you mean spool?\n"
			       "fwlog-test: 2 errors in the configuration\n");
	ck_assert_int_eq(RUN("-c", "/nonexistent/named"), EXIT_CONFIG);
	ck_assert_ptr_nonnull(strstr(said, "/nonexistent/named: cannot be read"));
}
END_TEST

START_TEST(wrong_options)
{
	ck_assert_int_eq(RUN("--chekc"), EXIT_USAGE);
	ck_assert_str_eq(
	    said, "fwlog-test: --chekc: unknown option; did you mean --check?\n");
	ck_assert_int_eq(RUN("--sylog=yes"), EXIT_USAGE);
	ck_assert_str_eq(
	    said, "fwlog-test: --sylog: unknown option; did you mean --syslog?\n");
	ck_assert_int_eq(RUN("-vx"), EXIT_USAGE);
	ck_assert_str_eq(said, "fwlog-test: -x: unknown option; --help lists them\n");
	ck_assert_int_eq(RUN("--check=1"), EXIT_USAGE);
	ck_assert_str_eq(said, "fwlog-test: --check=1: takes no value\n");
	ck_assert_int_eq(RUN("-v", "-c"), EXIT_USAGE);
	ck_assert_str_eq(said, "fwlog-test: -c: a value is missing\n");
	ck_assert_int_eq(RUN("-v", "file"), EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said, "file: takes no arguments"));
}
END_TEST

START_TEST(help_and_version)
{
	ck_assert_int_eq(RUN("--help"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(said, "/nonexistent/fwlog-test.conf"));
	ck_assert_int_eq(RUN("--version"), EXIT_OK);
	ck_assert_str_eq(said, "fwlog-test " FWLOG_VERSION "\n");
	ck_assert_int_eq(RUN("--print-options"), EXIT_OK);
	ck_assert_ptr_nonnull(
	    strstr(said, "\tcount\tnumber\t3\tfrom 1 to 9\thow many\n"));
}
END_TEST

static const char *
nearest_of(const char *typed)
{
	static const char *const names[] = {
	    "spool", "spool_size", "sync", "group", NULL};
	struct nearest n;

	nearest_begin(&n, typed);
	for (size_t i = 0; names[i] != NULL; i++)
		nearest_offer(&n, names[i]);
	return n.best;
}

START_TEST(nearest)
{
	ck_assert_str_eq(nearest_of("spoolsize"), "spool_size");
	ck_assert_str_eq(nearest_of("spool_szie"), "spool_size");
	ck_assert_str_eq(nearest_of("spoool"), "spool");
	ck_assert_str_eq(nearest_of("snyc"), "sync");
	ck_assert_str_eq(nearest_of("grop"), "group");
	ck_assert_ptr_null(nearest_of(""));
	ck_assert_ptr_null(nearest_of("colour"));
	ck_assert_ptr_null(
	    nearest_of("an_option_name_far_longer_than_any_program_of_this_"
		       "world_would_ever_have"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cli");
	TCase *tc = tcase_create("cli");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, goes_on);
	tcase_add_test(tc, check_prints_settings);
	tcase_add_test(tc, check_prints_errors);
	tcase_add_test(tc, wrong_options);
	tcase_add_test(tc, help_and_version);
	tcase_add_test(tc, nearest);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
