/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Old aggregations as correlations: what comes out is a set that loads. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule.h"

static char why[400];

static char *
convert(const char *text)
{
	return rule_convert(text, strlen(text), why, sizeof why);
}

#define RULE(condition)                                                               \
	"# a scan\ntitle: It's a scan\nid: one\nauthor: N\nlevel: high\nlogsource:\n" \
	"    category: firewall\ndetection:\n    sel:\n        dst_port: 22  # ssh\n" \
	"    timeframe: 10m\n    condition: " condition "\n"

static struct rule_set *
load(const char *text)
{
	static const struct rule_options options = {.has_prefix_map = true};
	struct rule_set *set = rule_set_new(&options, why, sizeof why);

	ck_assert_ptr_nonnull(set);
	ck_assert_int_eq(
	    rule_set_add_text(set, "c.yml", text, strlen(text), why, sizeof why), 0);
	ck_assert_int_eq(rule_set_link(set, why, sizeof why), 0);
	return set;
}

static const struct {
	const char *condition;
	enum rule_type type;
	uint64_t lower, upper;
	size_t keys;
} cases[] = {
    {"sel | count() > 10", RULE_EVENT_COUNT, 11, UINT64_MAX, 0},
    {"sel | count() by src_ip >= 10", RULE_EVENT_COUNT, 10, UINT64_MAX, 1},
    {"sel | count(dst_port) by src_ip > 10", RULE_VALUE_COUNT, 11, UINT64_MAX, 1},
    {"\"sel | count( dst_port ) by src_ip, dst_ip>10\"", RULE_VALUE_COUNT, 11,
	UINT64_MAX, 2},
    {"'sel | count() by src_ip < 3'", RULE_EVENT_COUNT, 0, 2, 1},
    {"sel | count() by src_ip = 3", RULE_EVENT_COUNT, 3, 3, 1},
    {"1 of s* and not (sel) or sel| sum(length) by src_ip >= 1000", RULE_VALUE_SUM,
	1000, UINT64_MAX, 1},
    {"sel | avg(length) >= 1000", RULE_VALUE_AVG, 1000, UINT64_MAX, 0},
};

START_TEST(converted)
{
	char text[1024], *made;
	struct rule_set *set;
	const struct rule *r;

	snprintf(text, sizeof text, RULE("%s"), cases[_i].condition);
	made = convert(text);
	ck_assert_msg(made != NULL, "%s", why);
	ck_assert_ptr_null(strstr(made, "timeframe"));
	ck_assert_ptr_nonnull(strstr(made, "# a scan\n"));
	ck_assert_ptr_nonnull(strstr(made, "dst_port: 22  # ssh\n"));
	set = load(made);
	ck_assert_msg(set->loaded == 2, "%s\n%s", made,
	    set->report[set->report[0].class == RULE_LOADED].reason);
	r = set->rule[1];
	ck_assert_int_eq(r->type, cases[_i].type);
	ck_assert_uint_eq(r->lower, cases[_i].lower);
	ck_assert_uint_eq(r->upper, cases[_i].upper);
	ck_assert_uint_eq(r->key_count, cases[_i].keys);
	ck_assert_uint_eq(r->timespan_us, UINT64_C(600000000));
	ck_assert_str_eq(r->title, "It's a scan");
	ck_assert_str_eq(r->author, "N");
	ck_assert_int_eq(r->level, RULE_HIGH);
	ck_assert_ptr_eq(r->reference[0].rule, set->rule[0]);
	ck_assert(!set->rule[0]->alerts);
	rule_set_free(set);
	/* What is new stays as it is. */
	{
		char *again = convert(made);

		ck_assert_str_eq(again, made);
		free(again);
	}
	free(made);
}
END_TEST

START_TEST(several_documents)
{
	static const char second[] =
	    "---\ntitle: T\nid: two\nlogsource: {category: firewall}\n"
	    "detection: {s: {dst_port: 1}, condition: s}\n";
	char text[2048], *made, *correlation, *other;
	struct rule_set *set;

	snprintf(text, sizeof text, RULE("sel | count() by src_ip > 5") "%s", second);
	made = convert(text);
	ck_assert_msg(made != NULL, "%s", why);
	correlation = strstr(made, "correlation:");
	other = strstr(made, "id: two");
	ck_assert(correlation != NULL && other != NULL && correlation < other);
	set = load(made);
	ck_assert_uint_eq(set->loaded, 3);
	rule_set_free(set);
	free(made);
}
END_TEST

static const struct {
	const char *text, *says;
} refused[] = {
    {RULE("sel | near other"), "line 12: only count"},
    {RULE("sel | max(x) > 5"), "line 12: only count"},
    {RULE("sel | count() by > 5"), "line 12: only count"},
    {RULE("sel | count() > many"), "line 12: only count"},
    {RULE("sel | sum() > 5"), "line 12: only count"},
    {"title: t\nid: a\ndetection:\n  s: {dst_port: 1}\n  condition: s | count() > 5\n",
	"line 5: the timeframe is missing"},
    {"title: t\ndetection:\n  s: {dst_port: 1}\n  timeframe: 5m\n  condition: s | "
     "count() "
     "> 5\n",
	"no id"},
    {"title: t\nid: a\ndetection: {s: {dst_port: 1}, timeframe: 5m,\n  condition: s | "
     "count() > 5}\n",
	"line 3: timeframe is not on a line"},
    {"title: t\nid: a\ndetection:\n  timeframe: 5m\n  condition:\n    - s | count() > "
     "5\n",
	"line 6: aggregations in a list"},
    {"a: [\n", "no YAML"},
};

START_TEST(refusal)
{
	ck_assert_ptr_null(convert(refused[_i].text));
	ck_assert_msg(
	    strstr(why, refused[_i].says) != NULL, "%s: %s", refused[_i].text, why);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sigma_convert");
	TCase *t = tcase_create("sigma_convert");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, converted, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(t, several_documents);
	tcase_add_loop_test(t, refusal, 0, sizeof refused / sizeof refused[0]);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
