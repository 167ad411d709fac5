/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "web-cgi/range.h"

static const struct {
	const char *text;
	int64_t us; /* -1: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-01-31T14:05:09Z", 1769868309 * RANGE_SECOND},
    {"2026-01-31t14:05:09z", 1769868309 * RANGE_SECOND},
    {"2026-01-31T14:05:09.25Z", 1769868309 * RANGE_SECOND + 250000},
    {"2026-01-31T14:05:09.1234567Z", 1769868309 * RANGE_SECOND + 123456},
    {"2026-01-31T15:05:09+01:00", 1769868309 * RANGE_SECOND},
    {"2026-01-31T08:35:09-05:30", 1769868309 * RANGE_SECOND},
    {"2024-02-29T00:00:00Z", 1709164800 * RANGE_SECOND},
    {"2025-02-29T00:00:00Z", -1},
    {"2100-02-29T00:00:00Z", -1},
    {"2026-02-30T12:00:00Z", -1},
    {"2026-04-31T12:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-00-01T00:00:00Z", -1},
    {"2026-01-31T24:00:00Z", -1},
    {"2026-01-31T14:60:00Z", -1},
    {"2026-01-31T14:05:09", -1},
    {"2026-01-31", -1},
    {"2026-01-31T14:05:09.Z", -1},
    {"2026-01-31T14:05:09Zx", -1},
    {"1969-12-31T23:59:59Z", -1},
    {"1970-01-01T00:00:00+01:00", -1},
    {"", -1},
};

START_TEST(parses_times)
{
	int64_t us;
	int rc = range_parse_time(times[_i].text, &us);

	ck_assert_msg((rc == 0) == (times[_i].us >= 0), "%s", times[_i].text);
	if (rc == 0)
		ck_assert_int_eq(us, times[_i].us);
}
END_TEST

START_TEST(writes_what_it_reads)
{
	static const int64_t samples[] = {0, 1, 1769868309250000, 253402300799999999};
	char text[RANGE_TIME_TEXT];
	int64_t us;

	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		range_time_text(samples[i], text);
		ck_assert_int_eq(range_parse_time(text, &us), 0);
		ck_assert_int_eq(us, samples[i]);
	}
}
END_TEST

/* Bars are aligned, cover the range and nothing needless, and are not too many. */
static void
check_buckets(const struct range *r)
{
	struct buckets b = range_buckets(r, 0);
	int64_t end = b.start + b.count * b.width;

	ck_assert_int_ge(b.count, 1);
	ck_assert_int_le(b.count, RANGE_BARS_MAX);
	ck_assert_int_eq(b.start % b.width, 0);
	ck_assert(b.start <= r->from && r->from < b.start + b.width);
	ck_assert(r->to <= end && end - b.width < r->to);
	ck_assert_int_eq(range_bucket_of(&b, r->from), 0);
	ck_assert_int_eq(range_bucket_of(&b, r->to - 1), b.count - 1);
	ck_assert_int_eq(range_bucket_of(&b, b.start - 1), -1);
	ck_assert_int_eq(range_bucket_of(&b, end), -1);
}

START_TEST(buckets_cover_any_range)
{
	struct range r = {0};

	srand(7);
	for (int64_t span = 1; span <= RANGE_SPAN_MAX; span = span * 5 / 4 + 1) {
		r.from = (int64_t)rand() * 1000003;
		r.to = r.from + span;
		check_buckets(&r);
		r.from = r.from / RANGE_DAY * RANGE_DAY;
		r.to = r.from + span;
		check_buckets(&r);
	}
}
END_TEST

START_TEST(presets_have_many_bars)
{
	struct range r;
	struct buckets b;

	for (size_t i = 0; range_presets[i] != NULL; i++) {
		ck_assert_int_eq(
		    range_preset(&r, range_presets[i], 1800000001 * RANGE_SECOND), 0);
		check_buckets(&r);
		b = range_buckets(&r, 0);
		ck_assert_int_ge(b.count, 24);
	}
	ck_assert_int_eq(range_preset(&r, "1H", 0), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("range");
	TCase *t = tcase_create("range");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, parses_times, 0, (int)(sizeof times / sizeof times[0]));
	tcase_add_test(t, writes_what_it_reads);
	tcase_add_test(t, buckets_cover_any_range);
	tcase_add_test(t, presets_have_many_bars);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
