/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/html.h"
#include "web-cgi/range.h"

static struct html h;

static void
setup(void)
{
	h = (struct html){0};
}

static void
teardown(void)
{
	html_free(&h);
}

static const struct {
	const char *in, *text, *attr;
} escapes[] = {
    {"plain äöü €", "plain äöü €", "plain äöü €"},
    {"<a b=\"c\">'&amp;", "&lt;a b=\"c\"&gt;'&amp;amp;",
	"&lt;a b=&quot;c&quot;&gt;&#39;&amp;amp;"},
    /* control characters, DEL, C1 */
    {"a\x1b[31m\tb\r\n\x7f\xc2\x85", "a\\x1b[31m\\x09b\\x0d\\x0a\\x7f\\xc2\\x85",
	"a\\x1b[31m\\x09b\\x0d\\x0a\\x7f\\xc2\\x85"},
    /* U+202E overrides the direction, U+200B and U+FEFF do not show */
    {"x\xe2\x80\xaey\xe2\x80\x8b\xef\xbb\xbf",
	"x\\xe2\\x80\\xaey\\xe2\\x80\\x8b\\xef\\xbb\\xbf",
	"x\\xe2\\x80\\xaey\\xe2\\x80\\x8b\\xef\\xbb\\xbf"},
    /* no UTF-8: stray, cut, overlong "<", surrogate, beyond U+10FFFF */
    {"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
    {"\xc0\xbc", "\\xc0\\xbc", "\\xc0\\xbc"},
    {"\xe0\x80\xbc", "\\xe0\\x80\\xbc", "\\xe0\\x80\\xbc"},
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"},
    /* a cut character does not swallow the markup behind it */
    {"\xe2\x80<", "\\xe2\\x80&lt;", "\\xe2\\x80&lt;"},
    {"😀", "😀", "😀"},
    {"", "", ""},
};

START_TEST(escapes_by_context)
{
	html_raw(&h, "");
	html_text(&h, escapes[_i].in);
	ck_assert_str_eq(h.p, escapes[_i].text);
	html_free(&h);
	html_raw(&h, "");
	html_attr(&h, escapes[_i].in);
	ck_assert_str_eq(h.p, escapes[_i].attr);
}
END_TEST

/* No byte sequence of up to three bytes gives a tag, a quote or a control character. */
START_TEST(never_lets_markup_through)
{
	char in[4] = {0};

	for (int a = 1; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			in[0] = (char)a;
			in[1] = (char)b;
			in[2] = '<';
			h.len = 0;
			html_raw(&h, "");
			html_attr(&h, in);
			for (size_t i = 0; i < h.len; i++)
				ck_assert((unsigned char)h.p[i] >= 0x20 &&
					  h.p[i] != '<' && h.p[i] != '"' &&
					  h.p[i] != '\'');
		}
	}
}
END_TEST

START_TEST(encodes_urls)
{
	html_url(&h, "2026-01-31T14:05:00Z");
	html_url(&h, "&a=b c+<\"\xc3\xa4%");
	ck_assert_str_eq(h.p, "2026-01-31T14:05:00Z%26a%3Db%20c%2B%3C%22%C3%A4%25");
}
END_TEST

START_TEST(numbers_for_people)
{
	html_count(&h, 0);
	html_raw(&h, " ");
	html_count(&h, 999);
	html_raw(&h, " ");
	html_count(&h, 1234567);
	html_raw(&h, " ");
	html_count(&h, UINT64_MAX);
	ck_assert_str_eq(h.p, "0 999 1,234,567 18,446,744,073,709,551,615");
}
END_TEST

START_TEST(spans_in_one_unit)
{
	static const int64_t seconds[] = {-5, 0, 89, 90, 840, 5400, 172800};

	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		html_span(&h, seconds[i] * RANGE_SECOND);
		html_raw(&h, ";");
	}
	ck_assert_str_eq(h.p, "0 s;0 s;89 s;1 min;14 min;1 h;2 d;");
}
END_TEST

START_TEST(bounded)
{
	char *big = calloc(1, HTML_MAX + 1);

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', HTML_MAX);
	html_raw(&h, "begin");
	html_raw(&h, big);
	ck_assert(h.failed);
	html_raw(&h, "end");
	ck_assert_str_eq(h.p, "begin");
	free(big);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("html");
	TCase *t = tcase_create("html");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, escapes_by_context, 0, (int)(sizeof escapes / sizeof escapes[0]));
	tcase_add_test(t, never_lets_markup_through);
	tcase_add_test(t, encodes_urls);
	tcase_add_test(t, numbers_for_people);
	tcase_add_test(t, spans_in_one_unit);
	tcase_add_test(t, bounded);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
