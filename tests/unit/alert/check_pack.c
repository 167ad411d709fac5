/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shipped rules: all are loaded, and say whose they are. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule.h"

#define PACK "packaging/sigma"
#define RULES_MIN 15 /* that raise alerts */

static struct rule_set *set;

static void
setup(void)
{
	static const char *const paths[] = {PACK};
	static const struct rule_options options = {.has_prefix_map = true};
	char why[400] = "";

	set = rule_set_load(paths, 1, &options, why, sizeof why);
	ck_assert_msg(set != NULL, "%s", why);
}

static void
teardown(void)
{
	rule_set_free(set);
}

START_TEST(all_loaded)
{
	for (size_t i = 0; i < set->report_count; i++) {
		const struct rule_report *r = &set->report[i];

		ck_assert_msg(r->class == RULE_LOADED, "%s:%u: %s: %s", r->path,
		    r->line, rule_class_name(r->class), r->reason);
		ck_assert_msg(r->warning == NULL, "%s:%u: warning: %s", r->path,
		    r->line, r->warning);
	}
	ck_assert_uint_eq(set->loaded, set->report_count);
	ck_assert_uint_eq(set->count, set->report_count);
}
END_TEST

START_TEST(enough)
{
	size_t alerts = 0;

	for (size_t i = 0; i < set->count; i++)
		alerts += set->rule[i]->alerts;
	ck_assert_uint_ge(alerts, RULES_MIN);
}
END_TEST

/* What only feeds others does not alert, and what alerts is told with its origin. */
START_TEST(each_is_whole)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct rule *r = set->rule[i];

		ck_assert_msg(strlen(r->id) == 36, "%s: its id is no UUID", r->title);
		ck_assert_msg(r->author != NULL && strcmp(r->author, "fwlog") == 0,
		    "%s: author", r->title);
		ck_assert_msg(
		    r->license != NULL && strcmp(r->license, "GPL-2.0-or-later") == 0,
		    "%s: license", r->title);
		ck_assert_msg(r->description != NULL, "%s: description", r->title);
		ck_assert_msg(r->alerts == (r->level > RULE_INFORMATIONAL),
		    "%s: those of level informational feed others", r->title);
		ck_assert_msg(r->name == NULL || strncmp(r->name, "fwlog_", 6) == 0,
		    "%s: names begin with fwlog_", r->title);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(set->rule[k]->title, r->title) != 0,
			    "%s: twice", r->title);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pack");
	TCase *t = tcase_create("pack");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_loaded);
	tcase_add_test(t, enough);
	tcase_add_test(t, each_is_whole);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
