/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/search.h"

static struct search s;
static struct filter_error error;
static char text[SEARCH_TEXT];

static void
parse(const char *q)
{
	search_free(&s);
	ck_assert_msg(search_parse(&s, q, &error) == 0, "%s: %s", q, error.message);
}

static const struct {
	const char *field, *value, *term; /* NULL: there is none */
} terms[] = {
    {"src", "192.0.2.1", "src:192.0.2.1"},
    {"dst", "2001:db8::7", "dst:2001:db8::7"},
    {"dport", "22", "dport:22"},
    {"proto", "tcp", "proto:tcp"},
    {"proto", "253", "proto:253"},
    {"flags", "SYN,ACK", "flags:18"},
    {"host", "web1", "host:web1"},
    {"prefix", "in-drop: ", "prefix:\"in-drop: \""},
    {"prefix", "a\"b\\c", "prefix:\"a\\\"b\\\\c\""},
    {"prefix", "\\x1b[31m", "prefix:\"\\x1b[31m\""},
    {"prefix", "*", "prefix:\"*\""},
    {"prefix", "", "-has:prefix"},
    {"verdict", "drop", "verdict:drop"},
    {"hook", "input", "hook:input"},
    {"mark", "255", "mark:0xff"},
    {"ct", "new,reply", NULL},
    {"src", "192.0.2.1 OR host:x", NULL},
    {"nothing", "1", NULL},
};

START_TEST(values_become_terms)
{
	int rc = search_term(terms[_i].field, terms[_i].value, text);

	if (terms[_i].term == NULL) {
		ck_assert_int_eq(rc, -1);
		return;
	}
	ck_assert_int_eq(rc, 0);
	/* It is canonical, and means the value: read again it is the same. */
	parse(text);
	ck_assert_str_eq(s.canon, text);
	ck_assert_uint_eq(s.parts, 1);
	parse(terms[_i].term);
	ck_assert_str_eq(s.canon, text);
}
END_TEST

START_TEST(parts)
{
	parse("");
	ck_assert_uint_eq(s.parts, 0);
	parse("dport==22 && (host:a OR host:b) -src:10.0.0.0/8");
	ck_assert_uint_eq(s.parts, 3);
	ck_assert_int_eq(search_part(&s, 1, text), 0);
	ck_assert_str_eq(text, "(host:a OR host:b)");
	ck_assert_int_eq(search_part(&s, 2, text), 0);
	ck_assert_str_eq(text, "-src:10.0.0.0/8");
	ck_assert_int_eq(search_without(&s, 0, text), 0);
	ck_assert_str_eq(text, "(host:a OR host:b) -src:10.0.0.0/8");
	/* One that is left alone is the same filter without its parentheses. */
	parse("dport:22 (host:a OR host:b)");
	ck_assert_int_eq(search_without(&s, 0, text), 0);
	parse(text);
	ck_assert_str_eq(s.canon, "host:a OR host:b");
	parse("dport:22");
	ck_assert_int_eq(search_without(&s, 0, text), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(one_term_more)
{
	static const char *const filters[] = {
	    "", "dport:22", "host:a OR host:b", "dport:22 -host:a", "-(a OR b)"};
	char more[SEARCH_TEXT];

	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		parse(filters[i]);
		ck_assert_int_eq(search_with(&s, "src:192.0.2.1", true, more), 0);
		parse(more);
		/* What is put together is canonical and ends with the term. */
		ck_assert_str_eq(s.canon, more);
		ck_assert_int_eq(search_part(&s, s.parts - 1, text), 0);
		ck_assert_str_eq(text, "-src:192.0.2.1");
	}
	parse("dport:22");
	ck_assert_int_eq(search_with(&s, "-has:prefix", true, more), 0);
	ck_assert_str_eq(more, "dport:22 has:prefix");
}
END_TEST

START_TEST(too_long)
{
	char q[FILTER_TEXT_MAX + 1];

	memset(q, 'x', sizeof q - 1);
	memcpy(q, "prefix:", 7);
	q[sizeof q - 1] = '\0';
	parse(q);
	ck_assert_int_eq(search_with(&s, "dport:22", false, text), -1);
}
END_TEST

START_TEST(refuses)
{
	search_free(&s);
	ck_assert_int_eq(search_parse(&s, "dport:22 sorce:1", &error), -1);
	ck_assert_uint_eq(error.column, 10);
	search_free(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("search");
	TCase *t = tcase_create("search");
	SRunner *r = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, t);
	tcase_add_loop_test(
	    t, values_become_terms, 0, (int)(sizeof terms / sizeof terms[0]));
	tcase_add_test(t, parts);
	tcase_add_test(t, one_term_more);
	tcase_add_test(t, too_long);
	tcase_add_test(t, refuses);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
