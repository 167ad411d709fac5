/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/query.h"

static char out[1024];

static const char *
explain(const char *text, size_t column, const char *message)
{
	struct filter_error error = {.column = column};
	FILE *f = tmpfile();
	size_t n;

	snprintf(error.message, sizeof error.message, "%s", message);
	query_explain(text, &error, f);
	rewind(f);
	n = fread(out, 1, sizeof out - 1, f);
	out[n] = '\0';
	fclose(f);
	return out;
}

START_TEST(caret)
{
	ck_assert_str_eq(explain("dprt:22", 1, "no field"),
	    "fwlogctl: filter: no field\n  dprt:22\n  ^\n");
	ck_assert_str_eq(explain("a b", 3, "x"), "fwlogctl: filter: x\n  a b\n    ^\n");
	ck_assert_str_eq(
	    explain("ab", 3, "end"), "fwlogctl: filter: end\n  ab\n    ^\n");
	ck_assert_str_eq(explain("ab", 0, "no place"), "fwlogctl: filter: no place\n");
}
END_TEST

/* Columns are characters; hidden ones take more room than that where they are shown. */
START_TEST(caret_below_character)
{
	ck_assert_str_eq(explain("\xc3\xa4\xc3\xb6 x", 4, "x"),
	    "fwlogctl: filter: x\n  \xc3\xa4\xc3\xb6 x\n     ^\n");
	ck_assert_str_eq(explain("\033 x", 3, "\033"),
	    "fwlogctl: filter: \\x1b\n  \\x1b x\n       ^\n");
	ck_assert_str_eq(explain("\xe2\x80\xaex", 2, "x"),
	    "fwlogctl: filter: x\n  \\xe2\\x80\\xaex\n              ^\n");
	ck_assert_str_eq(explain("a", 9, "x"), "fwlogctl: filter: x\n  a\n   ^\n");
}
END_TEST

START_TEST(words)
{
	char *argv[] = {"top", "dport:22", " -host:web1", " x", "", NULL};
	struct args args = {.operand = argv, .operands = 5};
	char *text = query_words(&args, 1);

	ck_assert_str_eq(text, "dport:22 -host:web1  x ");
	free(text);
	text = query_words(&args, 5);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(numbers)
{
	static const char *const wrong[] = {
	    "", "0", "11", "1x", "x", "-1", "+1", " 1", "99999999999999999999"};
	unsigned long n = 7;

	ck_assert_int_eq(query_number("limit", NULL, 1, 10, &n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(query_number("limit", "1", 1, 10, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(query_number("limit", "10", 1, 10, &n), 0);
	ck_assert_uint_eq(n, 10);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_int_eq(query_number("limit", wrong[i], 1, 10, &n), -1);
	ck_assert_uint_eq(n, 10);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("query");
	TCase *t = tcase_create("query");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, caret);
	tcase_add_test(t, caret_below_character);
	tcase_add_test(t, words);
	tcase_add_test(t, numbers);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
