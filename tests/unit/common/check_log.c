/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[8192];
static int pipe_fd[2], saved;

/* Tests run in processes of their own: stderr is theirs to redirect. */
static void
setup(void)
{
	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(pipe2(pipe_fd, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fd[1], STDERR_FILENO);
	log_init("fwlog-test", LOG_LEVEL_INFO, false);
}

static void
teardown(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static const char *
what_was_said(void)
{
	ssize_t n = read(pipe_fd[0], said, sizeof said - 1);

	said[n > 0 ? n : 0] = '\0';
	return said;
}

/* The text behind time, component and process id. */
static const char *
message(void)
{
	const char *p = strstr(what_was_said(), "] ");

	return p != NULL ? p + 2 : said;
}

START_TEST(line)
{
	int pid = -1, end = 0;

	errno = ENOENT;
	log_error("spool %s: %m", "/x");
	ck_assert_int_eq(errno, ENOENT);
	what_was_said();
	sscanf(said, "%*4d-%*2d-%*2d %*2d:%*2d:%*2d.%*3d fwlog-test[%d] error: %n",
	    &pid, &end);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_gt(end, 0);
	ck_assert_str_eq(said + end, "spool /x: No such file or directory\n");
}
END_TEST

START_TEST(levels)
{
	log_debug("hidden");
	ck_assert_str_eq(message(), "");
	log_info("shown");
	ck_assert_str_eq(message(), "info: shown\n");
	log_set_level(LOG_LEVEL_WARN);
	log_info("hidden");
	ck_assert_str_eq(message(), "");
	log_warn("shown");
	ck_assert_str_eq(message(), "warning: shown\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	ck_assert_str_eq(message(), "debug: shown\n");
}
END_TEST

START_TEST(no_terminal_controls)
{
	log_info("name \x1b[31m\r\nforged\x7f \xc3\xa9");
	ck_assert_str_eq(message(), "info: name ?[31m??forged? \xc3\xa9\n");
}
END_TEST

START_TEST(long_message_is_one_line)
{
	char *text = malloc(5001);
	const char *got;

	memset(text, 'x', 5000);
	text[5000] = '\0';
	log_info("%s", text);
	free(text);
	got = message();
	ck_assert_uint_gt(strlen(got), 1000);
	ck_assert_uint_lt(strlen(got), 1400);
	ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
}
END_TEST

START_TEST(journal)
{
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("fwlog-test", LOG_LEVEL_INFO, false);
	log_warn("x");
	ck_assert_str_eq(what_was_said(), "<4>warning: x\n");
}
END_TEST

START_TEST(limited)
{
	struct log_limit limit = {0}, other = {0};

	log_limited(&limit, LOG_LEVEL_WARN, "down %d", 1);
	ck_assert_str_eq(message(), "warning: down 1\n");
	log_limited(&limit, LOG_LEVEL_WARN, "down %d", 2);
	log_limited(&limit, LOG_LEVEL_WARN, "down %d", 3);
	ck_assert_str_eq(message(), "");
	log_limited(&other, LOG_LEVEL_WARN, "other");
	ck_assert_str_eq(message(), "warning: other\n");
	ck_assert_uint_eq(limit.held, 2);
	limit.next_ms = 1; /* long ago */
	log_limited(&limit, LOG_LEVEL_WARN, "down %d", 4);
	ck_assert_str_eq(
	    message(), "warning: down 4 (and 2 times before, not shown)\n");
	ck_assert_uint_eq(limit.held, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, line);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, no_terminal_controls);
	tcase_add_test(tc, long_message_is_one_line);
	tcase_add_test(tc, journal);
	tcase_add_test(tc, limited);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
