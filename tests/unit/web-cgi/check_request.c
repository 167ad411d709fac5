/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/request.h"

#define NOW (1800000000 * RANGE_SECOND)

static struct request req;
static char why[REQUEST_WHY_MAX];

static int
read_query(const char *query)
{
	struct request_env env = {.method = "GET", .script = "/fwlog", .query = query};

	return request_read(&req, &env, NOW, why);
}

START_TEST(default_is_the_last_hour)
{
	ck_assert_int_eq(read_query(NULL), 200);
	ck_assert_str_eq(req.path, "/");
	ck_assert_str_eq(req.range.preset, "1h");
	ck_assert_int_eq(req.range.to, NOW);
	ck_assert_int_eq(req.range.to - req.range.from, RANGE_HOUR);
	ck_assert_int_eq(read_query(""), 200);
	ck_assert_int_eq(read_query("&&"), 200);
}
END_TEST

START_TEST(presets)
{
	ck_assert_int_eq(read_query("range=7d"), 200);
	ck_assert_int_eq(req.range.to - req.range.from, 7 * RANGE_DAY);
	ck_assert_int_eq(read_query("r%61nge=1%35m"), 200);
	ck_assert_str_eq(req.range.preset, "15m");
}
END_TEST

START_TEST(absolute_ranges)
{
	ck_assert_int_eq(
	    read_query("from=2026-01-31T14:00:00Z&to=2026-01-31T15:00:00%2B01:00"),
	    400);
	ck_assert_int_eq(
	    read_query("from=2026-01-31T13:00:00Z&to=2026-01-31T15:00:00.5%2B01:00"),
	    200);
	ck_assert_ptr_null(req.range.preset);
	ck_assert_int_eq(req.range.to - req.range.from, RANGE_HOUR + RANGE_SECOND / 2);
	/* a plus sign that nobody encoded */
	ck_assert_int_eq(
	    read_query("from=2026-01-31T13:00:00Z&to=2026-01-31T15:00:00+01:00"), 200);
	ck_assert_int_eq(req.range.to - req.range.from, RANGE_HOUR);
}
END_TEST

static const struct {
	const char *query, *message;
} wrong[] = {
    {"range=2h", "one of 15m"},
    {"range=", "one of 15m"},
    {"range", "one of 15m"},
    {"rnage=1h", "did you mean “range”?"},
    {"utm_source=x", "There is no parameter"},
    {"range=1h&range=4h", "twice"},
    {"range=1h&from=2026-01-31T14:00:00Z&to=2026-01-31T15:00:00Z", "either"},
    {"from=2026-01-31T14:00:00Z", "go together"},
    {"from=2026-01-31T14:00:00Z&to=2026-01-31T14:00:00Z", "later"},
    {"from=1990-01-31T14:00:00Z&to=2026-01-31T14:00:00Z", "ten years"},
    {"from=yesterday&to=2026-01-31T14:00:00Z", "a time like"},
    {"range=%", "one of"},
    {"range=%zz", "one of"},
    {"range=1h%00", "one of"},
    {"%00=1", "cannot be read"},
    {"p=healthz", "path of a page"},
};

START_TEST(refuses)
{
	ck_assert_int_eq(read_query(wrong[_i].query), 400);
	ck_assert_msg(strstr(why, wrong[_i].message) != NULL, "'%s' says: %s",
	    wrong[_i].query, why);
}
END_TEST

START_TEST(too_long)
{
	char query[REQUEST_QUERY_MAX + 2], value[REQUEST_VALUE_MAX + 16];
	char path[REQUEST_PATH_MAX + 2];
	struct request_env env = {.method = "GET", .path = path};

	memset(query, 'x', sizeof query - 1);
	query[sizeof query - 1] = '\0';
	ck_assert_int_eq(read_query(query), 414);
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(request_read(&req, &env, NOW, why), 414);
	memset(value, '1', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	memcpy(value, "range=", 6);
	ck_assert_int_eq(read_query(value), 400);
}
END_TEST

START_TEST(methods)
{
	struct request_env env = {.method = "HEAD"};

	ck_assert_int_eq(request_read(&req, &env, NOW, why), 200);
	ck_assert(req.head);
	env.method = "POST";
	ck_assert_int_eq(request_read(&req, &env, NOW, why), 405);
	env.method = "get";
	ck_assert_int_eq(request_read(&req, &env, NOW, why), 405);
}
END_TEST

START_TEST(paths)
{
	struct request_env env = {.method = "GET", .path = "/healthz", .user = ""};

	ck_assert_int_eq(request_read(&req, &env, NOW, why), 200);
	ck_assert_str_eq(req.path, "/healthz");
	ck_assert_ptr_null(req.user);
	ck_assert_int_eq(read_query("p=/healthz"), 200);
	ck_assert_str_eq(req.path, "/healthz");
	/* never a link to another site */
	env.script = "//evil.example";
	ck_assert_int_eq(request_read(&req, &env, NOW, why), 200);
	ck_assert_str_eq(req.script, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, default_is_the_last_hour);
	tcase_add_test(t, presets);
	tcase_add_test(t, absolute_ranges);
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof wrong / sizeof wrong[0]));
	tcase_add_test(t, too_long);
	tcase_add_test(t, methods);
	tcase_add_test(t, paths);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
