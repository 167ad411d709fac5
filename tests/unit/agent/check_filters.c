/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Central filters: pieces of a set, all of it or nothing, across restarts; samples and
 * expiry; the order of central and own filters.
 */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/filters.h"
#include "common/crc32c.h"
#include "common/filter_bundle.h"

#define NOW UINT64_C(1700000000000000)

static char dir[64];
static struct filtering *f;
static struct batch_writer *batch;
static struct bundle_writer doc;
static const char *why;
static int32_t by;

static void
setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/check_filters.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	f = filters_new(dir, "fw1", NULL);
	batch = batch_writer_new(0);
	bundle_begin(&doc);
	ck_assert(f != NULL && batch != NULL);
}

static void
teardown(void)
{
	char command[100];

	filters_free(f);
	batch_writer_free(batch);
	bundle_writer_free(&doc);
	snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
restart(struct filters_local *local)
{
	filters_free(f);
	f = filters_new(dir, "fw1", local);
	ck_assert_ptr_nonnull(f);
}

static void
add(int32_t id, const char *query, uint32_t sample, uint64_t expires_us)
{
	const struct bundle_filter filter = {.id = id,
	    .name = {(const uint8_t *)"noise", 5},
	    .query = {(const uint8_t *)query, (uint16_t)strlen(query)},
	    .sample = sample,
	    .expires_us = expires_us};

	bundle_put_filter(&doc, &filter);
}

/* Until the set is compiled; whether it is to be answered. */
static bool
settle(void)
{
	struct pollfd fd = {.fd = filters_fd(f), .events = POLLIN};

	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	return filters_on_event(f);
}

/* Sends the document in pieces of this length; what the last one gave. */
static int
send_set(uint32_t version, size_t piece)
{
	int rc = 0;

	ck_assert_int_eq(bundle_finish(&doc), 0);
	for (size_t at = 0; at < doc.len; at += piece) {
		const struct filters m = {.version = version,
		    .total = (uint32_t)doc.len,
		    .crc = crc32c(0, doc.data, doc.len),
		    .offset = (uint32_t)at,
		    .bytes = doc.data + at,
		    .len = doc.len - at < piece ? doc.len - at : piece};

		ck_assert_int_eq(rc, 0);
		rc = filters_take(f, &m, &why);
	}
	bundle_writer_free(&doc);
	bundle_begin(&doc);
	return rc;
}

static int
offer(uint32_t version, size_t piece)
{
	int rc = send_set(version, piece);

	ck_assert(settle());
	return rc;
}

static void
applied_is(uint32_t version, uint32_t refused, const char *reason)
{
	struct applied a;

	filters_applied(f, &a);
	ck_assert_uint_eq(a.version, version);
	ck_assert_uint_eq(a.refused, refused);
	ck_assert_msg(strstr(a.reason, reason) != NULL, "%s", a.reason);
}

static struct event
event_to(uint32_t dport)
{
	struct event ev = {0};
	int prefix = batch_intern(batch, "drop: ", 6);

	ck_assert_int_ge(prefix, 0);
	EVENT_SET(&ev, ts, NOW);
	EVENT_SET(&ev, dport, dport);
	EVENT_SET(&ev, prefix_id, (uint32_t)prefix);
	EVENT_SET(&ev, src, ((struct ip_addr){.family = 4, .byte = {10, 0, 0, 1}}));
	return ev;
}

static bool
keeps_at(struct filters_chain *chain, uint32_t dport, uint64_t now_us)
{
	struct event ev;

	batch_begin(batch);
	filters_begin(f, chain, batch, now_us);
	ev = event_to(dport);
	return filters_keep(f, chain, &ev, &by);
}

static bool
keeps(uint32_t dport)
{
	return keeps_at(NULL, dport, NOW);
}

START_TEST(without_a_set_all_is_kept)
{
	applied_is(0, 0, "");
	ck_assert(!filters_any(f, NULL));
	ck_assert(keeps(22));
}
END_TEST

START_TEST(a_set_in_pieces)
{
	add(7, "dport:22 prefix:drop*", 0, 0);
	add(9, "dport:22,23", 0, 0);
	ck_assert_int_eq(offer(3, 5), 1);
	applied_is(3, 0, "");
	ck_assert(filters_any(f, NULL));
	ck_assert(!keeps(22));
	ck_assert_int_eq(by, 7);
	ck_assert(!keeps(23));
	ck_assert_int_eq(by, 9);
	ck_assert(keeps(24));
}
END_TEST

START_TEST(an_empty_set_ends_all)
{
	add(7, "dport:22", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	ck_assert_int_eq(offer(4, 1000), 1);
	applied_is(4, 0, "");
	ck_assert(!filters_any(f, NULL));
	ck_assert(keeps(22));
	restart(NULL);
	applied_is(4, 0, "");
}
END_TEST

/* One filter of many cannot be read here: none is taken over, the old ones stay. */
START_TEST(all_or_nothing)
{
	add(7, "dport:22", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	add(8, "dport:23", 0, 0);
	add(9, "verdict:drop", 0, 0);
	ck_assert_int_eq(offer(4, 1000), 1);
	applied_is(3, 4, "filter noise: column 1: verdict");
	ck_assert(!keeps(22));
	ck_assert(keeps(23));
	add(8, "src:@missing", 0, 0);
	ck_assert_int_eq(offer(5, 1000), 1);
	applied_is(3, 5, "@missing");
	restart(NULL);
	applied_is(3, 0, "");
	ck_assert(!keeps(22));
	add(8, "dport:23", 0, 0);
	ck_assert_int_eq(offer(6, 1000), 1);
	applied_is(6, 0, "");
	ck_assert(keeps(22));
	ck_assert(!keeps(23));
}
END_TEST

START_TEST(lists_come_along)
{
	add(7, "src:@lan", 0, 0);
	bundle_put_list(&doc, "lan");
	bundle_put_entry(&doc, "10.0.0.0/24", 11);
	ck_assert_int_eq(offer(3, 1000), 1);
	ck_assert(!keeps(22));
}
END_TEST

static void
add_list(const char *name, uint32_t entries)
{
	char text[24];

	bundle_put_list(&doc, name);
	for (uint32_t i = 0; i < entries; i++) {
		int len = snprintf(text, sizeof text, "%u.%u.%u.%u", 1 + (i >> 23),
		    i >> 15 & 255, i >> 7 & 255, (i & 127) << 1);

		bundle_put_entry(&doc, text, (size_t)len);
	}
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Records wait in the kernel while the caller does not come back. */
START_TEST(a_long_list_holds_up_nobody)
{
	double before;

	for (int32_t i = 1; i <= 4; i++)
		add(i, i % 2 == 0 ? "src:@long" : "dst:@long", 0, 0);
	add_list("long", 400000);
	before = now();
	ck_assert_int_eq(send_set(3, 60000), 1);
	ck_assert(now() - before < 0.2);
	applied_is(0, 0, "");
	ck_assert(settle());
	applied_is(3, 0, "");
	ck_assert(!filters_on_event(f));
}
END_TEST

/* A few bytes for each filter that names it, a million entries in memory. */
START_TEST(one_list_in_many_filters)
{
	double before = now();

	for (int32_t i = 1; i <= 1000; i++)
		add(i, "src:@long", 0, 0);
	add_list("long", 500000);
	ck_assert_int_eq(offer(3, 60000), 1);
	applied_is(0, 3, "entries of lists");
	ck_assert(now() - before < 20);
}
END_TEST

/* A set of a thousand awkward expressions: it costs a part of each second, not all. */
START_TEST(expressions_that_take_too_long)
{
	const char hard[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct filters_counters c;
	struct event ev = {0};
	double before;

	for (int32_t i = 1; i <= 1000; i++)
		add(i, "prefix:/(a+)+$/,/(aa+)+$/,/(a|aa)+$/,/(a*a*)*b/", 0, 0);
	ck_assert_int_eq(offer(3, 60000), 1);
	before = now();
	for (int i = 0; i < 20; i++) {
		batch_begin(batch);
		filters_begin(f, NULL, batch, NOW);
		EVENT_SET(&ev, prefix_id,
		    (uint32_t)batch_intern(batch, hard, sizeof hard - 1));
		ck_assert(filters_keep(f, NULL, &ev, &by));
	}
	ck_assert(now() - before < 2);
	filters_counters(f, &c);
	ck_assert_uint_ge(c.errors, 200);
	ck_assert_uint_le(c.errors, 210);
	/* The next second has its own. */
	filters_begin(f, NULL, batch, NOW + 1000000);
	ck_assert(filters_keep(f, NULL, &ev, &by));
	filters_counters(f, &c);
	ck_assert_uint_ge(c.errors, 400);
}
END_TEST

/* What comes while one is compiled waits, and a newer one takes its place. */
START_TEST(the_newest_waits)
{
	add(7, "src:@long", 0, 0);
	add_list("long", 300000);
	ck_assert_int_eq(send_set(3, 60000), 1);
	for (uint32_t version = 4; version < 7; version++) {
		add(7, "dport:22", 0, 0);
		ck_assert_int_eq(send_set(version, 1000), 1);
	}
	ck_assert(settle());
	applied_is(3, 0, "");
	ck_assert(settle());
	applied_is(6, 0, "");
	ck_assert(!keeps(22));
	/* One that is compiled when another session begins is no answer to that. */
	ck_assert_int_eq(send_set(7, 1000), 1);
	filters_session(f);
	ck_assert(!settle());
	applied_is(7, 0, "");
	/* And one that nobody waits for any more. */
	add(7, "src:@long", 0, 0);
	add_list("long", 300000);
	ck_assert_int_eq(send_set(8, 60000), 1);
}
END_TEST

START_TEST(what_does_not_fit_its_checksum)
{
	struct filters m = {.version = 5,
	    .total = 4,
	    .crc = 1,
	    .len = 4,
	    .bytes = (const uint8_t *)"\0\0\0\0"};
	struct filters_counters c;

	ck_assert_int_eq(filters_take(f, &m, &why), 1);
	ck_assert(settle());
	applied_is(0, 5, "checksum");
	filters_counters(f, &c);
	ck_assert_uint_eq(c.errors, 1);
	ck_assert_uint_eq(c.version, 0);
}
END_TEST

START_TEST(pieces_out_of_order)
{
	static const uint8_t bytes[8];
	const struct filters first = {
	    .version = 5, .total = 12, .crc = 1, .bytes = bytes, .len = 4};
	struct filters bad[6] = {first, first, first, first, first, first};

	for (int i = 0; i < 6; i++)
		bad[i].offset = 4;
	bad[0].offset = 3;
	bad[1].offset = 5;
	bad[2].version = 6;
	bad[3].total = 13;
	bad[4].crc = 2;
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(filters_take(f, &first, &why), 0);
		ck_assert_int_eq(filters_take(f, &bad[i], &why), -1);
	}
	ck_assert_int_eq(filters_take(f, &first, &why), 0);
	ck_assert_int_eq(filters_take(f, &bad[5], &why), 0);
	filters_session(f); /* a new one: the rest of the old is no use */
	bad[5].offset = 8;
	ck_assert_int_eq(filters_take(f, &bad[5], &why), -1);
}
END_TEST

START_TEST(a_restart_keeps_the_set)
{
	add(7, "dport:22", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	restart(NULL);
	applied_is(3, 0, "");
	ck_assert(!keeps(22));
	ck_assert_int_eq(by, 7);
}
END_TEST

/* Any byte that is wrong or missing: the file is not used, and nothing else happens. */
START_TEST(a_damaged_file)
{
	char path[100];
	uint8_t bytes[200];
	size_t len;

	add(7, "dport:22", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	snprintf(path, sizeof path, "%s/filters", dir);
	FILE *in = fopen(path, "re");
	len = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	ck_assert_uint_gt(len, 40);
	for (size_t i = 0; i < 2 * len; i++) {
		FILE *out = fopen(path, "we");

		bytes[i % len] ^= 1;
		fwrite(bytes, 1, i < len ? len : i % len, out);
		fclose(out);
		bytes[i % len] ^= 1;
		restart(NULL);
		applied_is(0, 0, "");
		ck_assert(keeps(22));
	}
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	restart(NULL);
	applied_is(0, 0, "");
}
END_TEST

START_TEST(filters_expire)
{
	add(7, "dport:22", 0, NOW + 10);
	ck_assert_int_eq(offer(3, 1000), 1);
	ck_assert(!keeps_at(NULL, 22, NOW + 9));
	ck_assert(keeps_at(NULL, 22, NOW + 10));
	ck_assert(keeps_at(NULL, 22, NOW + 11));
}
END_TEST

/* One in four passes this filter, and may meet the next. */
START_TEST(samples)
{
	unsigned seven = 0, nine = 0, kept = 0;

	add(7, "dport:22", 4, 0);
	add(9, "dport:22", 5, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	for (int i = 0; i < 400; i++) {
		if (keeps(22))
			kept++;
		else if (by == 7)
			seven++;
		else
			nine++;
	}
	ck_assert_uint_eq(seven, 300);
	ck_assert_uint_eq(nine, 80);
	ck_assert_uint_eq(kept, 20);
}
END_TEST

/* The host's name and strings of each batch are what filters see. */
START_TEST(strings_of_each_batch)
{
	add(7, "host:fw1 prefix:/^drop: $/", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	ck_assert(!keeps(1));
	for (int i = 0; i < 3; i++) {
		struct event ev = event_to(1);

		batch_begin(batch);
		filters_begin(f, NULL, batch, NOW);
		/* The same number, another string. */
		ck_assert_int_eq(batch_intern(batch, "accept", 6), 0);
		ev.prefix_id = 0;
		ck_assert(filters_keep(f, NULL, &ev, &by));
		ck_assert(!keeps(1));
	}
	add(7, "-host:fw1", 0, 0);
	ck_assert_int_eq(offer(4, 1000), 1);
	ck_assert(keeps(1));
}
END_TEST

/* ---- the agent's own */

static struct options options;
static struct conf_errors errors;

static void
set(const char *text)
{
	ck_assert_int_eq(conf_set(&options_spec, text, &options, &errors), 0);
}

static struct filters_local *
local_of(const char *const *lines)
{
	struct filters_local *l;

	errors.out = stderr;
	memset(&options, 0, sizeof options);
	conf_defaults(&options_spec, "", &options);
	for (; *lines != NULL; lines++)
		set(*lines);
	l = filters_local_new(&options);
	ck_assert_ptr_nonnull(l);
	restart(l);
	return l;
}

START_TEST(own_filters_come_behind)
{
	static const char *const lines[] = {"only=dport:20-29", "only=dport:80",
	    "drop=dport:22,23", "drop=dport:25", "rate=2/h per dport",
	    "group 5/snaplen=64", NULL};
	struct filters_local *l = local_of(lines);
	struct filters_chain *c = filters_chain_of(f, 5, "");

	ck_assert_ptr_nonnull(c);
	add(7, "dport:22", 0, 0);
	ck_assert_int_eq(offer(3, 1000), 1);
	ck_assert(!keeps_at(c, 22, NOW));
	ck_assert_int_eq(by, 7);
	ck_assert(!keeps_at(c, 23, NOW));
	ck_assert_int_eq(by, FILTERED_BY_LOCAL);
	ck_assert(!keeps_at(c, 25, NOW));
	ck_assert(!keeps_at(c, 30, NOW));
	ck_assert_int_eq(by, FILTERED_BY_LOCAL);
	for (int i = 0; i < 2; i++) {
		ck_assert(keeps_at(c, 80, NOW));
		ck_assert(keeps_at(c, 24, NOW));
	}
	ck_assert(!keeps_at(c, 80, NOW));
	ck_assert_int_eq(by, FILTERED_BY_RATE);
	filters_local_free(l);
	options_free(&options);
}
END_TEST

/* Option by option, what a group says stands in the place of what is said above. */
START_TEST(groups_have_their_own)
{
	static const char *const lines[] = {"drop=dport:22", "only=dport:22,23,24",
	    "group 5/drop=dport:23", "group 6/snaplen=64", "group 5 web/only=dport:22",
	    NULL};
	struct filters_local *l = local_of(lines);
	struct filters_chain *five = filters_chain_of(f, 5, ""),
			     *six = filters_chain_of(f, 6, ""),
			     *web = filters_chain_of(f, 5, "web");

	ck_assert(filters_any(f, five));
	ck_assert_ptr_null(filters_chain_of(f, 7, ""));
	ck_assert(keeps_at(five, 22, NOW) && !keeps_at(five, 23, NOW));
	ck_assert(!keeps_at(six, 22, NOW) && keeps_at(six, 23, NOW));
	ck_assert(!keeps_at(web, 22, NOW) && !keeps_at(web, 23, NOW));
	ck_assert(!keeps_at(five, 25, NOW));
	filters_local_free(l);
	options_free(&options);
}
END_TEST

START_TEST(no_filters_no_chain)
{
	static const char *const lines[] = {"group 5/snaplen=64", NULL};
	struct filters_local *l = local_of(lines);

	ck_assert_ptr_null(filters_chain_of(f, 5, ""));
	filters_local_free(l);
	options_free(&options);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("filters");
	TCase *tc = tcase_create("filters");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_a_set_all_is_kept);
	tcase_add_test(tc, a_set_in_pieces);
	tcase_add_test(tc, an_empty_set_ends_all);
	tcase_add_test(tc, all_or_nothing);
	tcase_add_test(tc, lists_come_along);
	tcase_add_test(tc, a_long_list_holds_up_nobody);
	tcase_add_test(tc, one_list_in_many_filters);
	tcase_add_test(tc, the_newest_waits);
	tcase_add_test(tc, expressions_that_take_too_long);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_does_not_fit_its_checksum);
	tcase_add_test(tc, pieces_out_of_order);
	tcase_add_test(tc, a_restart_keeps_the_set);
	tcase_add_test(tc, a_damaged_file);
	tcase_add_test(tc, filters_expire);
	tcase_add_test(tc, samples);
	tcase_add_test(tc, strings_of_each_batch);
	tcase_add_test(tc, own_filters_come_behind);
	tcase_add_test(tc, groups_have_their_own);
	tcase_add_test(tc, no_filters_no_chain);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
