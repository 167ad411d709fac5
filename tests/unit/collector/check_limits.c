/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What agents may have made in the database: partitions and dictionary entries. */
#include <check.h>
#include <stdlib.h>

#include "collector/allowance.h"
#include "collector/days.h"

#define TODAY UINT64_C(20000)
#define NOW_US (TODAY * DAY_US + 5)

static struct days days;

static void
setup(void)
{
	days = (struct days){.max_age = 400};
}

START_TEST(days_near_now_are_always_wanted)
{
	for (uint64_t day = TODAY - 400; day < TODAY - 1; day++)
		(void)days_wanted(&days, day, NOW_US);
	for (uint64_t day = TODAY - 1; day <= TODAY + 2; day++) {
		ck_assert(!days_known(&days, day));
		ck_assert(days_wanted(&days, day, NOW_US));
	}
}
END_TEST

START_TEST(old_days_are_not_wanted)
{
	ck_assert(days_wanted(&days, TODAY - 400, NOW_US));
	ck_assert(!days_wanted(&days, TODAY - 401, NOW_US));
	ck_assert(!days_wanted(&days, 0, NOW_US));
	ck_assert(days_known(&days, 0));
	ck_assert(!days_known(&days, TODAY - 400));
}
END_TEST

START_TEST(so_many_days_an_hour)
{
	unsigned wanted = 0;

	for (uint64_t day = TODAY - 400; day < TODAY - 1; day++)
		wanted += days_wanted(&days, day, NOW_US);
	ck_assert_uint_eq(wanted, DAYS_OTHER_MAX);
	days_forget(&days, DAYS_FORGET_MS - 1);
	ck_assert(!days_wanted(&days, TODAY - 300, NOW_US));
	days_forget(&days, DAYS_FORGET_MS);
	ck_assert(!days_known(&days, TODAY - 300));
	ck_assert(days_wanted(&days, TODAY - 300, NOW_US));
	ck_assert_uint_eq(days.max_age, 400);
}
END_TEST

START_TEST(so_many_strings_a_day)
{
	struct allowance *a = allowance_new(3);

	for (int i = 0; i < 3; i++)
		ck_assert(allowance_take(a, 7, 1000));
	ck_assert(!allowance_take(a, 7, 1000 + ALLOWANCE_MS - 1));
	ck_assert(allowance_take(a, 8, 1000));
	allowance_forget(a, 1000 + ALLOWANCE_MS - 1);
	ck_assert(!allowance_take(a, 7, 1000 + ALLOWANCE_MS - 1));
	ck_assert(allowance_take(a, 7, 1000 + ALLOWANCE_MS));
	allowance_forget(a, 1000 + 3 * ALLOWANCE_MS);
	for (int i = 0; i < 3; i++)
		ck_assert(allowance_take(a, 8, 1000 + 3 * ALLOWANCE_MS));
	allowance_free(a);
	allowance_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tc = tcase_create("limits");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, days_near_now_are_always_wanted);
	tcase_add_test(tc, old_days_are_not_wanted);
	tcase_add_test(tc, so_many_days_an_hour);
	tcase_add_test(tc, so_many_strings_a_day);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
