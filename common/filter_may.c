/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_program.h"

#define TESTS_MAX 1024 /* filters with more may always match */

/* Do the known columns answer the test? */
static bool
is_decided(const struct filter_test *test, uint64_t known)
{
	uint64_t columns = 0;

	for (unsigned i = 0; i < test->columns; i++)
		columns |= test->column[i].bit;
	if (test->hook)
		columns |= UINT64_C(1) << EVENT_I_family;
	switch (test->kind) {
	case FILTER_TEST_HAS:
	case FILTER_TEST_RANGE:
	case FILTER_TEST_BITS:
	case FILTER_TEST_NUMBERS:
	case FILTER_TEST_ADDRESS:
	case FILTER_TEST_TEXT:
		return columns != 0 && (columns & ~known) == 0;
	default:
		return false;
	}
}

/* A test names only tests behind it: one pass reaches all that can be reached. */
bool
filter_may_match(struct filter *f, const struct event *ev, uint64_t known)
{
	bool reached[TESTS_MAX] = {false}, may = f->first == FILTER_YES;

	if (f->tests > TESTS_MAX)
		return true;
	if (f->first < FILTER_NO)
		reached[f->first] = true;
	for (unsigned i = 0; i < f->tests && !may; i++) {
		struct filter_test *test = &f->test[i];
		bool decided = is_decided(test, known), yes;

		if (!reached[i])
			continue;
		yes = decided && filter_test_holds(f, test, ev, 0, 0);
		if (!decided || yes) {
			may = test->yes == FILTER_YES;
			if (test->yes < FILTER_NO)
				reached[test->yes] = true;
		}
		if (!decided || !yes) {
			may = may || test->no == FILTER_YES;
			if (test->no < FILTER_NO)
				reached[test->no] = true;
		}
	}
	return may;
}
