/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_bundle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct bundle_writer w;
static struct bundle b;
static const char *why;

static void
setup(void)
{
	bundle_begin(&w);
}

static void
teardown(void)
{
	bundle_free(&b);
	bundle_writer_free(&w);
}

static void
put_filter(int32_t id, const char *name, const char *query)
{
	struct bundle_filter f = {
	    .id = id,
	    .name = {(const uint8_t *)name, (uint16_t)strlen(name)},
	    .query = {(const uint8_t *)query, (uint16_t)strlen(query)},
	    .sample = (uint32_t)id * 10,
	    .expires_us = (uint64_t)id << 40,
	};

	bundle_put_filter(&w, &f);
}

static int
finish_and_read(void)
{
	ck_assert_int_eq(bundle_finish(&w), 0);
	return bundle_read(&b, w.data, w.len, &why);
}

static void
is(struct bytes got, const char *want)
{
	ck_assert_uint_eq(got.len, strlen(want));
	ck_assert_mem_eq(got.p, want, got.len);
}

START_TEST(empty_set)
{
	ck_assert_int_eq(finish_and_read(), 0);
	ck_assert_uint_eq(w.len, 4);
	ck_assert_uint_eq(b.filters, 0);
	ck_assert_uint_eq(b.lists, 0);
}
END_TEST

START_TEST(round_trip)
{
	put_filter(1, "noise", "dport:137");
	put_filter(INT32_MAX, "scanners", "src:@scanners");
	bundle_put_list(&w, "scanners");
	bundle_put_entry(&w, "192.0.2.0/24", 12);
	bundle_put_entry(&w, "2001:db8::1", 11);
	bundle_put_list(&w, "nobody");
	ck_assert_int_eq(finish_and_read(), 0);
	ck_assert_uint_eq(b.filters, 2);
	ck_assert_int_eq(b.filter[1].id, INT32_MAX);
	ck_assert_int_eq(b.filter[0].id, 1);
	is(b.filter[0].name, "noise");
	is(b.filter[1].query, "src:@scanners");
	ck_assert_uint_eq(b.filter[0].sample, 10);
	ck_assert_uint_eq(b.filter[0].expires_us, UINT64_C(1) << 40);
	ck_assert_uint_eq(b.lists, 2);
	is(b.list[0].name, "scanners");
	ck_assert_uint_eq(b.list[0].entries, 2);
	ck_assert_uint_eq(b.list[1].entries, 0);
}
END_TEST

/* Whatever is missing at the end, the document is refused. */
START_TEST(no_byte_may_be_missing)
{
	put_filter(1, "noise", "dport:137");
	bundle_put_list(&w, "l");
	bundle_put_entry(&w, "1", 1);
	ck_assert_int_eq(bundle_finish(&w), 0);
	for (size_t cut = 0; cut < w.len; cut++) {
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, w.data, cut);
		ck_assert_int_eq(bundle_read(&b, copy, cut, &why), -1);
		bundle_free(&b);
		free(copy);
	}
	bundle_put_entry(&w, "x", 1);
	w.data[w.len - 1] = 0;
	ck_assert_int_eq(bundle_read(&b, w.data, w.len - 2, &why), -1);
}
END_TEST

START_TEST(what_is_twice_is_refused)
{
	put_filter(1, "a", "tcp");
	put_filter(1, "b", "udp");
	ck_assert_int_eq(finish_and_read(), -1);
	ck_assert_str_eq(why, "two filters have one id");
	teardown();
	setup();
	bundle_put_list(&w, "a");
	bundle_put_list(&w, "a");
	ck_assert_int_eq(finish_and_read(), -1);
	ck_assert_str_eq(why, "two lists have one name");
}
END_TEST

START_TEST(counts_beyond_the_bytes)
{
	static const uint8_t filters[] = {0x04, 0x00, 0, 0};
	static const uint8_t lists[] = {0, 0, 0x04, 0x00, 1, 'a', 0, 0, 0, 0};
	static const uint8_t entries[] = {
	    0, 0, 0, 1, 1, 'a', 0xff, 0xff, 0xff, 0xff, 1, '1'};

	ck_assert_int_eq(bundle_read(&b, filters, sizeof filters, &why), -1);
	bundle_free(&b);
	ck_assert_int_eq(bundle_read(&b, lists, sizeof lists, &why), -1);
	bundle_free(&b);
	ck_assert_int_eq(bundle_read(&b, entries, sizeof entries, &why), -1);
}
END_TEST

START_TEST(writer_says_what_is_wrong)
{
	static const char long_name[] =
	    "12345678901234567890123456789012345678901234567890123456789012345";

	put_filter(0, "a", "tcp");
	ck_assert_int_eq(bundle_finish(&w), -1);
	ck_assert_ptr_nonnull(strstr(w.why, "id"));
	teardown();
	setup();
	put_filter(1, long_name, "tcp");
	ck_assert_int_eq(bundle_finish(&w), -1);
	teardown();
	setup();
	bundle_put_entry(&w, "1", 1);
	ck_assert_int_eq(bundle_finish(&w), -1);
	teardown();
	setup();
	bundle_put_list(&w, "l");
	put_filter(1, "a", "tcp");
	ck_assert_int_eq(bundle_finish(&w), -1);
	teardown();
	setup();
	for (int i = 0; i <= BUNDLE_FILTERS_MAX; i++)
		put_filter(i + 1, "a", "tcp");
	ck_assert_int_eq(bundle_finish(&w), -1);
	ck_assert_ptr_nonnull(strstr(w.why, "1024"));
}
END_TEST

/* Whether a filter selects an event from 10.0.byte.1; -1: it does not compile. */
static int
selects(const char *query, uint8_t byte)
{
	struct filter_lists lists = {bundle_read_list, &b};
	struct filter_source source = {.generation = 1};
	struct filter_error error;
	struct event ev = {0};
	struct filter_tree *tree = filter_parse(query, strlen(query), &error);
	struct filter *f = filter_compile(tree, &lists, 0, &error);
	int rc = -1;

	EVENT_SET(&ev, src, ((struct ip_addr){.family = 4, .byte = {10, 0, byte, 1}}));
	if (f != NULL) {
		filter_begin(f, &source);
		rc = filter_match(f, &ev);
	}
	filter_free(f);
	filter_tree_free(tree);
	return rc;
}

/* A filter compiles against the lists it came with, and against no others. */
START_TEST(filters_compile_against_the_lists)
{
	char text[32];

	bundle_put_list(&w, "net");
	for (int i = 0; i < 200; i += 2)
		bundle_put_entry(
		    &w, text, (size_t)snprintf(text, sizeof text, "10.0.%d.0/24", i));
	bundle_put_list(&w, "ports");
	bundle_put_entry(&w, "22", 2);
	ck_assert_int_eq(finish_and_read(), 0);
	ck_assert_int_eq(selects("src:@net", 198), 1);
	ck_assert_int_eq(selects("src:@net", 199), 0);
	ck_assert_int_eq(selects("src:@ne", 198), -1);
	ck_assert_int_eq(selects("src:@ports", 198), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("filter_bundle");
	TCase *tc = tcase_create("filter_bundle");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, empty_set);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, no_byte_may_be_missing);
	tcase_add_test(tc, what_is_twice_is_refused);
	tcase_add_test(tc, counts_beyond_the_bytes);
	tcase_add_test(tc, writer_says_what_is_wrong);
	tcase_add_test(tc, filters_compile_against_the_lists);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
