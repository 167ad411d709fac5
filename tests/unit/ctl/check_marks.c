/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "ctl/marks.h"

#define SECOND INT64_C(1000000)
#define NOW (INT64_C(1700000000) * SECOND)

static struct mark mark[4];
static struct marks marks = {mark, 4};
static struct portion portion;

/* Hosts 1 … 4: nothing new; live; quiet for a day, then live; a backlog of an hour ago.
 */
static void
setup(void)
{
	mark[0] = (struct mark){.host_id = 1, .read = 10, .stored = 10, .newest = NOW};
	mark[1] = (struct mark){.host_id = 2,
	    .read = 10,
	    .stored = 20,
	    .newest = NOW - SECOND,
	    .floor = NOW - 20 * SECOND};
	mark[2] = (struct mark){.host_id = 3,
	    .read = 5,
	    .stored = 6,
	    .newest = NOW,
	    .floor = NOW - 86400 * SECOND};
	mark[3] = (struct mark){.host_id = 4,
	    .read = 0,
	    .stored = 120000,
	    .newest = NOW - 3600 * SECOND,
	    .floor = NOW - 7200 * SECOND};
}

static void
next(bool limit)
{
	ck_assert_int_eq(portion_next(&portion, &marks, NOW, limit), 0);
}

START_TEST(live_hosts_first)
{
	next(true);
	ck_assert_uint_eq(portion.count, 2);
	ck_assert_ptr_eq(portion.mark[0], &mark[1]);
	ck_assert_ptr_eq(portion.mark[1], &mark[2]);
	ck_assert_int_eq(mark[1].until, 20);
	ck_assert_int_eq(mark[1].floor, NOW - 20 * SECOND);
	ck_assert_int_eq(mark[2].floor, NOW - MARKS_LIVE);
	portion_done(&portion);
	portion_free(&portion);
	ck_assert_int_eq(mark[1].read, 20);
	ck_assert_int_eq(mark[1].floor, NOW - 11 * SECOND);
	ck_assert_uint_eq(marks_behind(&marks), 120000);
}
END_TEST

START_TEST(backlog_by_itself_in_portions)
{
	int64_t until[] = {MARKS_PORTION, 2 * MARKS_PORTION, 120000};

	mark[1].read = mark[1].stored;
	mark[2].read = mark[2].stored;
	for (size_t i = 0; i < 3; i++) {
		next(true);
		ck_assert_uint_eq(portion.count, 1);
		ck_assert_ptr_eq(portion.mark[0], &mark[3]);
		ck_assert_int_eq(mark[3].until, until[i]);
		ck_assert_int_eq(mark[3].floor, NOW - 7200 * SECOND);
		portion_done(&portion);
		portion_free(&portion);
	}
	ck_assert_int_eq(mark[3].floor, NOW - 3610 * SECOND);
	ck_assert_uint_eq(marks_behind(&marks), 0);
	next(true);
	ck_assert_uint_eq(portion.count, 0);
	portion_free(&portion);
}
END_TEST

START_TEST(all_at_once_without_limit)
{
	next(false);
	ck_assert_uint_eq(portion.count, 3);
	ck_assert_int_eq(mark[3].until, 120000);
	ck_assert_int_eq(mark[3].floor, NOW - 7200 * SECOND);
	portion_free(&portion);
}
END_TEST

START_TEST(params)
{
	struct portion_params p;

	mark[2].floor = 0;
	mark[3].floor = 1;
	next(false);
	ck_assert_int_eq(portion_params(&portion, &p), 0);
	ck_assert_str_eq(p.text[PORTION_FROM], "1970-01-01T00:00:00.000000Z");
	ck_assert_str_eq(p.text[PORTION_HOSTS], "{2,3,4}");
	ck_assert_str_eq(p.text[PORTION_AFTER], "{10,5,0}");
	ck_assert_str_eq(p.text[PORTION_UNTIL], "{20,6,120000}");
	ck_assert_str_eq(p.text[PORTION_FLOORS],
	    "{\"2023-11-14T22:13:00.000000Z\",\"1970-01-01T00:00:00.000000Z\","
	    "\"1970-01-01T00:00:00.000001Z\"}");
	portion_params_free(&p);
	portion_free(&portion);
}
END_TEST

START_TEST(skips)
{
	marks_skip(&marks);
	ck_assert_uint_eq(marks_behind(&marks), 0);
	ck_assert_int_eq(mark[3].floor, NOW - 3610 * SECOND);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("marks");
	TCase *t = tcase_create("marks");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, live_hosts_first);
	tcase_add_test(t, backlog_by_itself_in_portions);
	tcase_add_test(t, all_at_once_without_limit);
	tcase_add_test(t, params);
	tcase_add_test(t, skips);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
