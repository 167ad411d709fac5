/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>

#include "ctl/timearg.h"

#define NOW INT64_C(1795443845123456) /* 2026-11-23T14:24:05.123456Z */
#define SECOND INT64_C(1000000)

static const struct {
	const char *text;
	int64_t us;
} good[] = {
    {"now", NOW},
    {"now-2h", NOW - 7200 * SECOND},
    {"now+1s", NOW + SECOND},
    {"-90m", NOW - 5400 * SECOND},
    {"-7d", NOW - 604800 * SECOND},
    {"-1w", NOW - 604800 * SECOND},
    {"+30s", NOW + 30 * SECOND},
    {"1970-01-01", 0},
    {"2026-11-23", INT64_C(1795392000) * SECOND},
    {"2026-11-23T14:24:05.123456Z", NOW},
    {"2026-11-23T14:24:05.1234567Z", NOW},
    {"2026-11-23 14:24:05z", NOW - 123456},
    {"2026-11-23T15:24:05+01:00", NOW - 123456},
    {"2026-11-23T08:54:05-05:30", NOW - 123456},
    {"2024-02-29T00:00:00Z", INT64_C(1709164800) * SECOND},
    {"9999-12-31T23:59:59Z", INT64_C(253402300799) * SECOND},
};

static const char *const bad[] = {"", "x", "now-", "now2h", "nowx", "-", "-h", "-1",
    "-1y", "-1hh", "--1h", "-9999999999s", "-1000000w", "2026", "2026-11", "2026-1-1",
    "2026-13-01", "2026-00-01", "2026-02-29", "2026-11-31", "2026-11-23T",
    "2026-11-23Z", "2026-11-23T14:05", "2026-11-23T14:05:00", "2026-11-23T24:00:00Z",
    "2026-11-23T14:60:00Z", "2026-11-23T14:05:00.Z", "2026-11-23T14:05:00Zx",
    "2026-11-23T14:05:00+1:00", "2026-11-23T14:05:00+24:00", "1969-12-31",
    "1970-01-01T00:00:00+00:01", " 2026-11-23", "2026-11-23 "};

START_TEST(understood)
{
	int64_t us = -1;

	ck_assert_int_eq(timearg_parse(good[_i].text, NOW, &us), 0);
	ck_assert_msg(us == good[_i].us, "%s: %lld", good[_i].text, (long long)us);
}
END_TEST

START_TEST(refused)
{
	int64_t us;

	ck_assert_msg(timearg_parse(bad[_i], NOW, &us) == -1, "%s", bad[_i]);
}
END_TEST

START_TEST(text_and_back)
{
	char text[TIMEARG_TEXT];
	int64_t us;

	timearg_text(NOW, text);
	ck_assert_str_eq(text, "2026-11-23T14:24:05.123456Z");
	ck_assert_int_eq(timearg_parse(text, 0, &us), 0);
	ck_assert_int_eq(us, NOW);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("timearg");
	TCase *t = tcase_create("timearg");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, understood, 0, sizeof good / sizeof good[0]);
	tcase_add_loop_test(t, refused, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(t, text_and_back);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
