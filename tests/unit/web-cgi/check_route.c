/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/column.h"
#include "web-cgi/entry.h"
#include "web-cgi/route.h"

START_TEST(paths)
{
	const struct route *r;
	const char *rest;

	r = route_find("/", &rest);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->path, "/");
	r = route_find("/record/1-2", &rest);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(rest, "1-2");
	r = route_find("/asset/a/b", &rest);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(rest, "a/b");
	ck_assert_ptr_null(route_find("/record/", &rest));
	ck_assert_ptr_null(route_find("/record", &rest));
	ck_assert_ptr_null(route_find("/events/", &rest));
	ck_assert_ptr_null(route_find("/Events", &rest));
	ck_assert_ptr_null(route_find("//", &rest));
	ck_assert_ptr_null(route_find("", &rest));
}
END_TEST

START_TEST(the_table)
{
	const char *rest;

	for (const struct route *r = routes; r->path != NULL; r++) {
		ck_assert_int_eq(r->path[0], '/');
		ck_assert_uint_ne(r->methods & (METHOD_GET | METHOD_POST), 0);
		ck_assert_uint_eq(r->methods & METHOD_HEAD, 0);
		if ((r->traits & ROUTE_TAIL) == 0)
			ck_assert_ptr_eq(route_find(r->path, &rest), r);
		/* Nothing about events without a login. */
		if ((r->traits & ROUTE_OPEN) != 0)
			ck_assert_uint_eq(r->traits & ROUTE_STATE, 0);
	}
}
END_TEST

START_TEST(allowed_methods)
{
	struct route r = {.methods = METHOD_GET};

	ck_assert_str_eq(route_allow(&r), "GET, HEAD");
	r.methods = METHOD_GET | METHOD_POST;
	ck_assert_str_eq(route_allow(&r), "GET, HEAD, POST");
	r.methods = METHOD_POST;
	ck_assert_str_eq(route_allow(&r), "POST");
}
END_TEST

START_TEST(entries)
{
	static const char *const wrong[] = {"", "1", "1-", "-1", "1-2-", "1-2-3-4",
	    "a-1", "1-a", "1-2-x", "2147483648-1", "1-9999999999999999999", "1 -2",
	    "+1-2", "1-2/3"};
	struct cursor key;

	ck_assert_int_eq(entry_parse("3-1042", &key), 0);
	ck_assert_int_eq(key.host_id, 3);
	ck_assert_int_eq(key.n, 1042);
	ck_assert_int_eq(key.ts, STORE_NONE);
	ck_assert_int_eq(entry_parse("3-1042-1800000000000000", &key), 0);
	ck_assert_int_eq(key.ts, INT64_C(1800000000000000));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_msg(
		    entry_parse(wrong[i], &key) == -1, "'%s' is taken", wrong[i]);
}
END_TEST

START_TEST(columns)
{
	struct columns c;
	const char *bad;
	int len, n = 0;

	for (const struct column *k = column_table; k->name != NULL; k++, n++) {
		ck_assert_ptr_eq(column_find(k->name), k);
		ck_assert_int_eq(columns_parse(&c, k->name, &bad, &len), 0);
	}
	/* They are kept in bytes. */
	ck_assert_int_lt(n, 256);
	ck_assert_int_eq(columns_parse(&c, columns_default, &bad, &len), 0);
	ck_assert_int_eq(columns_parse(&c, "src,dts,len", &bad, &len), -1);
	ck_assert_int_eq(len, 3);
	ck_assert_int_eq(strncmp(bad, "dts", 3), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, paths);
	tcase_add_test(t, the_table);
	tcase_add_test(t, allowed_methods);
	tcase_add_test(t, entries);
	tcase_add_test(t, columns);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
