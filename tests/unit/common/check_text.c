/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static char out[512];
static int wide;

static void
written(FILE *f)
{
	size_t n;

	rewind(f);
	n = fread(out, 1, sizeof out - 1, f);
	out[n] = '\0';
	fclose(f);
}

static const char *
plain(const char *text)
{
	FILE *f = tmpfile();

	wide = text_plain(text, f);
	written(f);
	return out;
}

static const char *
json(const char *text)
{
	FILE *f = tmpfile();

	text_json(text, f);
	written(f);
	return out;
}

static const char *
csv(const char *text)
{
	FILE *f = tmpfile();

	text_csv(text, f);
	written(f);
	return out;
}

START_TEST(plain_text)
{
	ck_assert_str_eq(plain(""), "");
	ck_assert_int_eq(wide, 0);
	ck_assert_str_eq(plain("DROP in: \xc3\xa4"), "DROP in: \xc3\xa4");
	ck_assert_int_eq(wide, 10);
	ck_assert_int_eq(text_plain("DROP in: \xc3\xa4", NULL), 10);
	ck_assert_str_eq(plain("a\033[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
	ck_assert_int_eq(wide, 17);
}
END_TEST

/* C1, marks and overrides of direction, no width, line separators, byte order mark. */
static const struct {
	const char *text, *plain, *json;
} hidden[] = {
    {"\xc2\x9b", "\\xc2\\x9b", "\"\\u009b\""},
    {"\xd8\x9c", "\\xd8\\x9c", "\"\\u061c\""},
    {"\xe2\x80\x8b", "\\xe2\\x80\\x8b", "\"\\u200b\""},
    {"\xe2\x80\x8f", "\\xe2\\x80\\x8f", "\"\\u200f\""},
    {"\xe2\x80\xa8", "\\xe2\\x80\\xa8", "\"\\u2028\""},
    {"\xe2\x80\xae", "\\xe2\\x80\\xae", "\"\\u202e\""},
    {"\xe2\x81\xa6", "\\xe2\\x81\\xa6", "\"\\u2066\""},
    {"\xef\xbb\xbf", "\\xef\\xbb\\xbf", "\"\\ufeff\""},
    {"\x01", "\\x01", "\"\\u0001\""},
    {"\x7f", "\\x7f", "\"\\u007f\""},
};

START_TEST(hides)
{
	ck_assert_uint_eq(text_hidden(hidden[_i].text), strlen(hidden[_i].text));
	ck_assert_str_eq(plain(hidden[_i].text), hidden[_i].plain);
	ck_assert_str_eq(csv(hidden[_i].text), hidden[_i].plain);
	ck_assert_str_eq(json(hidden[_i].text), hidden[_i].json);
}
END_TEST

/* Neighbours of those above, and text that ends early. */
static const char *const shown[] = {"", " ", "~", "\xc2\xa0", "\xc3\x9b", "\xd8\x9b",
    "\xe2\x80\x8a", "\xe2\x80\x90", "\xe2\x80\xaf", "\xe2\x81\xb0", "\xef\xbb\xbe",
    "\xc2", "\xe2", "\xe2\x80", "\xef\xbb"};

START_TEST(shows)
{
	ck_assert_uint_eq(text_hidden(shown[_i]), 0);
	ck_assert_str_eq(plain(shown[_i]), shown[_i]);
}
END_TEST

START_TEST(json_strings)
{
	ck_assert_str_eq(json(""), "\"\"");
	ck_assert_str_eq(json("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
	ck_assert_str_eq(json("\t\n"), "\"\\u0009\\u000a\"");
	ck_assert_str_eq(json("\xf0\x9f\x94\xa5"), "\"\xf0\x9f\x94\xa5\"");
}
END_TEST

START_TEST(csv_cells)
{
	ck_assert_str_eq(csv(""), "");
	ck_assert_str_eq(csv("plain"), "plain");
	ck_assert_str_eq(csv("a,b"), "\"a,b\"");
	ck_assert_str_eq(csv("say \"x\""), "\"say \"\"x\"\"\"");
	ck_assert_str_eq(csv(" x"), "\" x\"");
	ck_assert_str_eq(csv("a\r\nb"), "a\\x0d\\x0ab");
	ck_assert_str_eq(csv("=1+1"), "'=1+1");
	ck_assert_str_eq(csv("+1"), "'+1");
	ck_assert_str_eq(csv("-1"), "'-1");
	ck_assert_str_eq(csv("@x"), "'@x");
	ck_assert_str_eq(csv("=a,\"b\""), "\"'=a,\"\"b\"\"\"");
	ck_assert_str_eq(csv("\t=1"), "\\x09=1");
	ck_assert_str_eq(csv("1-1"), "1-1");
}
END_TEST

START_TEST(hexadecimal)
{
	uint8_t bytes[4] = {0};

	ck_assert_uint_eq(text_unhex("00ff1a", bytes, sizeof bytes), 3);
	ck_assert_mem_eq(bytes, "\x00\xff\x1a", 3);
	ck_assert_uint_eq(text_unhex("", bytes, sizeof bytes), 0);
	ck_assert_uint_eq(text_unhex("0", bytes, sizeof bytes), 0);
	ck_assert_uint_eq(text_unhex("01x2", bytes, sizeof bytes), 1);
	ck_assert_uint_eq(text_unhex("0102030405", bytes, sizeof bytes), 4);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("text");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, plain_text);
	tcase_add_loop_test(t, hides, 0, (int)(sizeof hidden / sizeof hidden[0]));
	tcase_add_loop_test(t, shows, 0, (int)(sizeof shown / sizeof shown[0]));
	tcase_add_test(t, json_strings);
	tcase_add_test(t, csv_cells);
	tcase_add_test(t, hexadecimal);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
