/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/dict.h"

static struct bytes
raw(const char *s, size_t len)
{
	return (struct bytes){(const uint8_t *)s, (uint16_t)len};
}

START_TEST(found_by_raw_bytes)
{
	struct dict *d = dict_new();

	dict_put(d, DICT_PREFIX, raw("a\0b", 3), 5);
	dict_put(d, DICT_PREFIX, raw("a\0c", 3), 6);
	dict_put(d, DICT_PREFIX, raw("", 0), 7);
	ck_assert_int_eq(dict_find(d, DICT_PREFIX, raw("a\0b", 3)), 5);
	ck_assert_int_eq(dict_find(d, DICT_PREFIX, raw("a\0c", 3)), 6);
	ck_assert_int_eq(dict_find(d, DICT_PREFIX, raw("", 0)), 7);
	ck_assert_int_eq(dict_find(d, DICT_PREFIX, raw("a", 1)), 0);
	dict_free(d);
}
END_TEST

START_TEST(kinds_are_apart)
{
	struct dict *d = dict_new();

	dict_put(d, DICT_PREFIX, raw("eth0", 4), 1);
	ck_assert_int_eq(dict_find(d, DICT_IFACE, raw("eth0", 4)), 0);
	dict_put(d, DICT_IFACE, raw("eth0", 4), 2);
	ck_assert_int_eq(dict_find(d, DICT_PREFIX, raw("eth0", 4)), 1);
	ck_assert_int_eq(dict_find(d, DICT_IFACE, raw("eth0", 4)), 2);
	ck_assert_str_ne(dict_look_sql(DICT_PREFIX), dict_look_sql(DICT_IFACE));
	ck_assert_str_ne(dict_enter_sql(DICT_PREFIX), dict_enter_sql(DICT_IFACE));
	dict_free(d);
}
END_TEST

START_TEST(two_sinks_learn_the_same)
{
	struct dict *d = dict_new();

	dict_put(d, DICT_IFACE, raw("eth0", 4), 2);
	dict_put(d, DICT_IFACE, raw("eth0", 4), 2);
	ck_assert_uint_eq(dict_count(d), 1);
	ck_assert_int_eq(dict_find(d, DICT_IFACE, raw("eth0", 4)), 2);
	dict_free(d);
}
END_TEST

START_TEST(bounded)
{
	struct dict *d = dict_new();
	char name[16];
	int len = 0;

	for (int i = 1; i <= DICT_ENTRIES_MAX + 10; i++) {
		len = snprintf(name, sizeof name, "p%d", i);
		dict_put(
		    d, (enum dict_kind)(i % DICT_KINDS), raw(name, (size_t)len), i);
		ck_assert_uint_le(dict_count(d), DICT_ENTRIES_MAX);
	}
	ck_assert_int_eq(
	    dict_find(d, (enum dict_kind)((DICT_ENTRIES_MAX + 10) % DICT_KINDS),
		raw(name, (size_t)len)),
	    DICT_ENTRIES_MAX + 10);
	dict_free(d);
}
END_TEST

/* Who knows the code cannot choose strings that meet: every table hashes differently.
 */
START_TEST(hash_is_keyed)
{
	struct dict *a = dict_new(), *b = dict_new();

	ck_assert_uint_eq(dict_hash(a, DICT_PREFIX, raw("x", 1)),
	    dict_hash(a, DICT_PREFIX, raw("x", 1)));
	ck_assert_uint_ne(dict_hash(a, DICT_PREFIX, raw("x", 1)),
	    dict_hash(a, DICT_PREFIX, raw("y", 1)));
	ck_assert_uint_ne(dict_hash(a, DICT_PREFIX, raw("x", 1)),
	    dict_hash(b, DICT_PREFIX, raw("x", 1)));
	dict_free(a);
	dict_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dict");
	TCase *tc = tcase_create("cache");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, found_by_raw_bytes);
	tcase_add_test(tc, kinds_are_apart);
	tcase_add_test(tc, two_sinks_learn_the_same);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, hash_is_keyed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
