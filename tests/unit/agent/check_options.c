/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of groups: numbers, network namespaces, what may not be said twice. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/options.h"

static struct options o;
static char *said;
static size_t said_len;
static struct conf_errors errors;

static void
setup(void)
{
	memset(&o, 0, sizeof o);
	conf_defaults(&options_spec, "", &o);
	errors = (struct conf_errors){.out = open_memstream(&said, &said_len)};
	ck_assert_ptr_nonnull(errors.out);
	ck_assert_int_eq(
	    conf_set(&options_spec, "collector=localhost", &o, &errors), 0);
	ck_assert_int_eq(conf_set(&options_spec, "name=fw1", &o, &errors), 0);
}

static void
teardown(void)
{
	fclose(errors.out);
	free(said);
	options_free(&o);
}

static void
set(const char *text)
{
	ck_assert_int_eq(conf_set(&options_spec, text, &o, &errors), 0);
}

static void
refuse(const char *text, const char *reason)
{
	ck_assert_int_eq(conf_set(&options_spec, text, &o, &errors), -1);
	fflush(errors.out);
	ck_assert_msg(strstr(said, reason) != NULL, "%s", said);
}

static void
refuse_all(const char *reason)
{
	ck_assert_int_eq(conf_validate(&options_spec, &o, &errors), -1);
	fflush(errors.out);
	ck_assert_msg(strstr(said, reason) != NULL, "%s", said);
}

START_TEST(groups_and_namespaces)
{
	set("group 5/snaplen=64");
	set("group 5 web/snaplen=96");
	set("group 5 db/netns=/proc/812/ns/net");
	set("group 6/netns=web");
	ck_assert_int_eq(conf_validate(&options_spec, &o, &errors), 0);
	ck_assert_uint_eq(o.groups, 4);
	ck_assert_ptr_null(options_place(&o, 0));
	ck_assert_str_eq(options_netns(&o, 0), "");
	ck_assert_str_eq(options_place(&o, 1), "web");
	ck_assert_str_eq(options_netns(&o, 1), "web");
	ck_assert_uint_eq(options_group(&o, 1).snaplen, 96);
	ck_assert_str_eq(options_place(&o, 2), "/proc/812/ns/net");
	ck_assert_str_eq(options_netns(&o, 2), "db");
	ck_assert_uint_eq(options_group(&o, 2).snaplen, 128);
	ck_assert_str_eq(options_place(&o, 3), "web");
	ck_assert_str_eq(options_netns(&o, 3), "web");
	set("group 5 web/snaplen=97");
	ck_assert_uint_eq(o.groups, 4);
	ck_assert_uint_eq(options_group(&o, 1).snaplen, 97);
}
END_TEST

/* What --check prints can be read again. */
START_TEST(dump_reads_the_same)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	set("group 5 db/netns=/run/docker/netns/1a");
	conf_dump(&options_spec, &o, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "[group 5 db]\n"));
	ck_assert_ptr_nonnull(strstr(text, "netns = /run/docker/netns/1a\n"));
	ck_assert_ptr_nonnull(strstr(text, "sandbox = auto\n"));
	free(text);
}
END_TEST

START_TEST(headings_that_are_none)
{
	refuse("group web/snaplen=64", "0 to 65535");
	refuse("group 65536/snaplen=64", "0 to 65535");
	refuse("group 5web/snaplen=64", "0 to 65535");
	refuse("group 5 a b/snaplen=64", "[group 5 web]");
	refuse("group 5 ../snaplen=64", "[group 5 web]");
	refuse("group 5 a:b/snaplen=64", "[group 5 web]");
	ck_assert_uint_eq(o.groups, 0);
}
END_TEST

START_TEST(places_that_are_none)
{
	set("group 5/netns=a/b");
	refuse_all("netns: expected");
	set("group 5/netns=/a:b");
	refuse_all("netns: expected");
}
END_TEST

START_TEST(the_same_twice)
{
	set("group 5/netns=web");
	set("group 5 web/snaplen=64");
	refuse_all("twice");
}
END_TEST

START_TEST(filters_and_their_columns)
{
	struct filter_options f;

	set("drop=dport:22");
	set("drop=  udp dport:137  ");
	set("rate=100/s per src");
	set("group 5/drop=tcp");
	set("group 6/snaplen=64");
	f = options_filters(&o, 0);
	ck_assert_str_eq(f.drop, "tcp");
	ck_assert_str_eq(f.rate, "100/s per src");
	ck_assert_ptr_null(f.only);
	f = options_filters(&o, 1);
	ck_assert_str_eq(f.drop, "dport:22\nudp dport:137");
	refuse("drop=dprt:22", "column 1: unknown field dprt; did you mean dport?");
	refuse("group 5/only=tcp verdict:drop", "column 5: verdict");
	refuse("drop=src:@list", "there are no lists here");
	refuse("rate=100/s per sorce", "is no rate");
	ck_assert_str_eq(options_filters(&o, 1).drop, "dport:22\nudp dport:137");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, filters_and_their_columns);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, groups_and_namespaces);
	tcase_add_test(t, dump_reads_the_same);
	tcase_add_test(t, headings_that_are_none);
	tcase_add_test(t, places_that_are_none);
	tcase_add_test(t, the_same_twice);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
