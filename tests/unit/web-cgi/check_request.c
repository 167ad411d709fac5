/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/request.h"

static struct request req;
static char why[REQUEST_WHY_MAX];

static int
read_query(const char *query)
{
	struct request_env env = {.method = "GET", .script = "/fwlog", .query = query};

	return request_read(&req, &env, why);
}

START_TEST(decodes)
{
	ck_assert_int_eq(read_query(NULL), 200);
	ck_assert_str_eq(req.path, "/");
	ck_assert_int_eq(req.query.count, 0);
	ck_assert_int_eq(read_query("&&"), 200);
	ck_assert_int_eq(read_query("r%61nge=1%35m&q=a+b%2b%C3%A9&x"), 200);
	ck_assert_int_eq(req.query.count, 3);
	ck_assert_str_eq(params_get(&req.query, "range"), "15m");
	ck_assert_str_eq(params_get(&req.query, "q"), "a b+\xc3\xa9");
	ck_assert_str_eq(params_get(&req.query, "x"), "");
	ck_assert_ptr_null(params_get(&req.query, "y"));
}
END_TEST

static const struct {
	const char *query, *message;
} wrong[] = {
    {"range=1h&range=4h", "twice"},
    {"range=%", "cannot be read"},
    {"range=%zz", "cannot be read"},
    {"range=%1", "cannot be read"},
    {"range=1h%00", "cannot be read"},
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
	char query[REQUEST_QUERY_MAX + 2], path[REQUEST_PATH_MAX + 2];
	struct request_env env = {.method = "GET", .path = path};

	memset(query, 'x', sizeof query - 1);
	query[sizeof query - 1] = '\0';
	ck_assert_int_eq(read_query(query), 414);
	query[sizeof query - 2] = '\0';
	ck_assert_int_eq(read_query(query), 200);
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(request_read(&req, &env, why), 414);
}
END_TEST

START_TEST(too_many)
{
	char query[REQUEST_PARAMS_MAX * 8 + 16] = "";
	size_t n = 0;

	for (int i = 0; i < REQUEST_PARAMS_MAX; i++)
		n += (size_t)snprintf(query + n, sizeof query - n, "x%d=1&", i);
	ck_assert_int_eq(read_query(query), 200);
	snprintf(query + n, sizeof query - n, "y=1");
	ck_assert_int_eq(read_query(query), 400);
}
END_TEST

START_TEST(methods_and_paths)
{
	struct request_env env = {.method = "HEAD", .path = "/healthz", .user = ""};

	ck_assert_int_eq(request_read(&req, &env, why), 200);
	ck_assert_int_eq(req.method, METHOD_HEAD);
	ck_assert_str_eq(req.path, "/healthz");
	ck_assert_ptr_null(req.user);
	env.method = "get";
	ck_assert_int_eq(request_read(&req, &env, why), 200);
	ck_assert_int_eq(req.method, METHOD_OTHER);
	ck_assert_int_eq(read_query("p=/healthz&range=1h"), 200);
	ck_assert_str_eq(req.path, "/healthz");
	/* It is no parameter of the page. */
	ck_assert_ptr_null(params_get(&req.query, "p"));
	ck_assert_str_eq(params_get(&req.query, "range"), "1h");
	/* and no way past a path that the server leaves open */
	env = (struct request_env){
	    .method = "GET", .path = "/healthz", .query = "p=/events"};
	ck_assert_int_eq(request_read(&req, &env, why), 200);
	ck_assert_str_eq(req.path, "/healthz");
	ck_assert_str_eq(params_get(&req.query, "p"), "/events");
	/* never a link to another site */
	env.script = "//evil.example";
	ck_assert_int_eq(request_read(&req, &env, why), 200);
	ck_assert_str_eq(req.script, "");
}
END_TEST

static int
post(const char *body, const char *length, const char *type)
{
	char text[REQUEST_FORM_MAX + 8] = "";
	struct request_env env = {.method = "POST", .length = length, .type = type};
	int status;

	snprintf(text, sizeof text, "%s", body);
	env.body = fmemopen(text, strlen(body) + 1, "r");
	ck_assert_ptr_nonnull(env.body);
	status = request_read(&req, &env, why);
	fclose(env.body);
	return status;
}

START_TEST(forms)
{
	const char *type = "application/x-www-form-urlencoded; charset=utf-8";

	ck_assert_int_eq(post("a=1&b=x%20y", "11", type), 200);
	ck_assert_str_eq(params_get(&req.form, "b"), "x y");
	ck_assert_int_eq(req.query.count, 0);
	ck_assert_int_eq(post("", "0", NULL), 200);
	ck_assert_int_eq(post("a=1", NULL, type), 411);
	ck_assert_int_eq(post("a=1", "x", type), 411);
	ck_assert_int_eq(post("a=1", "3x", type), 400);
	ck_assert_int_eq(post("a=1", "9", type), 400);
	ck_assert_int_eq(post("a=1", "99999999999999999999", type), 413);
	ck_assert_int_eq(post("a=1", "16385", type), 413);
	ck_assert_int_eq(post("a=1", "3", "text/plain"), 415);
	ck_assert_int_eq(post("a=%", "3", type), 400);
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
	tcase_add_test(t, decodes);
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof wrong / sizeof wrong[0]));
	tcase_add_test(t, too_long);
	tcase_add_test(t, too_many);
	tcase_add_test(t, methods_and_paths);
	tcase_add_test(t, forms);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
