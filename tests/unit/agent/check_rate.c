/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/rate.h"

#include <check.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000)
#define BEGIN (UINT64_C(1700000000) * SECOND)

static const char *const strings[] = {"", "drop ", "accept "};

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	(void)arg;
	(void)dict;
	return (struct bytes){
	    (const uint8_t *)strings[id], (uint16_t)strlen(strings[id])};
}

static const struct filter_source source = {.string = string_of};

static struct rate *
make(const char *text)
{
	char why[200] = "";
	struct rate *r = rate_new(text, why, sizeof why);

	ck_assert_msg(r != NULL, "%s: %s", text, why);
	return r;
}

static struct event
event_from(uint32_t src, uint64_t ts)
{
	struct event ev = {0};
	struct ip_addr a = {.family = 4};

	memcpy(a.byte, &src, sizeof src);
	EVENT_SET(&ev, src, a);
	EVENT_SET(&ev, ts, ts);
	return ev;
}

static bool
takes(struct rate *r, uint32_t src, uint64_t ts)
{
	struct event ev = event_from(src, ts);

	return rate_take(r, &ev, &source);
}

/* How many of n records of one source at one time are within the limit. */
static unsigned
taken(struct rate *r, uint32_t src, uint64_t ts, unsigned n)
{
	unsigned yes = 0;

	while (n-- > 0)
		yes += takes(r, src, ts);
	return yes;
}

START_TEST(what_is_no_rate)
{
	static const char *const bad[] = {"", "100", "100/", "/s", "0/s", "1000001/s",
	    "99999999999999999999999/s", "10/d", "10/sec", "10/s per", "10/s src",
	    "10/s per ", "10/s per srcs", "10/s per src+", "10/s per src,dst",
	    "10/s per src dst", "-1/s", "10/s per src + +dst", "1e3/s"};
	char why[200];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why[0] = '\0';
		ck_assert_msg(rate_new(bad[i], why, sizeof why) == NULL, "%s", bad[i]);
		ck_assert_int_ne(why[0], '\0');
	}
}
END_TEST

START_TEST(what_is_a_rate)
{
	static const char *const good[] = {"1/s", "1000000/h", "5/m per src",
	    "5/m  per  src + dst+sport+dport + proto+prefix+in+out "};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		rate_free(make(good[i]));
}
END_TEST

START_TEST(so_many_at_once_then_evenly)
{
	struct rate *r = make("10/s");

	ck_assert_uint_eq(taken(r, 1, BEGIN, 25), 10);
	ck_assert_uint_eq(taken(r, 2, BEGIN + SECOND / 10 - 1, 5), 0);
	ck_assert_uint_eq(taken(r, 3, BEGIN + SECOND / 10, 5), 1);
	ck_assert_uint_eq(taken(r, 4, BEGIN + SECOND / 2, 25), 4);
	ck_assert_uint_eq(taken(r, 5, BEGIN + 3600 * SECOND, 25), 10);
	rate_free(r);
}
END_TEST

/* Over a long time exactly the rate, wherever the records fall. */
START_TEST(the_rate_is_kept_over_time)
{
	struct rate *r = make("7/s");
	unsigned yes = 0;

	for (uint64_t t = 0; t < 100 * SECOND; t += 1237)
		yes += takes(r, 1, BEGIN + t);
	ck_assert_uint_ge(yes, 7 * 100 + 6);
	ck_assert_uint_le(yes, 7 * 100 + 7);
	rate_free(r);
}
END_TEST

START_TEST(each_source_for_itself)
{
	struct rate *r = make("3/s per src");

	for (uint32_t src = 1; src <= 1000; src++)
		ck_assert_uint_eq(taken(r, src, BEGIN, 5), 3);
	for (uint32_t src = 1; src <= 1000; src++)
		ck_assert_uint_eq(taken(r, src, BEGIN, 1), 0);
	rate_free(r);
}
END_TEST

START_TEST(fields_make_the_key)
{
	struct rate *r = make("1/h per prefix+dport");
	struct event ev = event_from(1, BEGIN), other = ev;

	ck_assert(rate_take(r, &ev, &source));
	ck_assert(!rate_take(r, &ev, &source));
	other.src.byte[0]++; /* not in the key */
	ck_assert(!rate_take(r, &other, &source));
	EVENT_SET(&ev, dport, 0); /* is not the same as none */
	ck_assert(rate_take(r, &ev, &source));
	EVENT_SET(&ev, prefix_id, 1);
	ck_assert(rate_take(r, &ev, &source));
	EVENT_SET(&ev, prefix_id, 2);
	ck_assert(rate_take(r, &ev, &source));
	ck_assert(!rate_take(r, &ev, &source));
	rate_free(r);
}
END_TEST

START_TEST(time_that_steps_back)
{
	struct rate *r = make("10/m");

	ck_assert_uint_eq(taken(r, 1, BEGIN, 20), 10);
	/* Clocks of processors differ a little: nothing is gained by that. */
	for (int i = 0; i < 1000; i++) {
		ck_assert(!takes(r, 1, BEGIN - 900000));
		ck_assert(!takes(r, 1, BEGIN));
	}
	/* The clock was set: it goes on from there. */
	ck_assert(!takes(r, 1, BEGIN - 86400 * SECOND));
	ck_assert_uint_eq(taken(r, 1, BEGIN - 86340 * SECOND, 20), 10);
	rate_free(r);
}
END_TEST

/* A crowd pushes out what was seen longest ago, and more is let through, not less. */
START_TEST(a_full_table_lets_more_through)
{
	struct rate *r = make("1/h per src");
	unsigned yes = 0;

	for (uint32_t src = 0; src < 4 * RATE_KEYS; src++)
		yes += takes(r, src, BEGIN + src);
	ck_assert_uint_eq(yes, 4 * RATE_KEYS);
	/* The newest are remembered. */
	for (uint32_t src = 4 * RATE_KEYS - 1000; src < 4 * RATE_KEYS; src++)
		ck_assert(!takes(r, src, BEGIN + 4 * RATE_KEYS));
	rate_free(r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tc = tcase_create("rate");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, what_is_no_rate);
	tcase_add_test(tc, what_is_a_rate);
	tcase_add_test(tc, so_many_at_once_then_evenly);
	tcase_add_test(tc, the_rate_is_kept_over_time);
	tcase_add_test(tc, each_source_for_itself);
	tcase_add_test(tc, fields_make_the_key);
	tcase_add_test(tc, time_that_steps_back);
	tcase_add_test(tc, a_full_table_lets_more_through);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
