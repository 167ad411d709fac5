/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/engine_explain.h"

#include "tests/unit/alert/engine_rig.h"

static char out[4096];

static void
note(const char *fmt, ...)
{
	size_t at = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + at, sizeof out - at, fmt, ap);
	va_end(ap);
}

static void
on_part(void *arg, const struct explain_part *p)
{
	(void)arg;
	note("%zu %s: %s%s\n", p->index, p->text, p->holds ? "yes" : "no",
	    p->swallowed ? ", swallowed" : "");
}

static void
on_term(void *arg, const struct explain_term *t)
{
	static const char *const answers[] = {"false", "true", "absent"};

	(void)arg;
	note("  %s%s: %s%s%s\n", t->negated ? "not " : "", t->text, answers[t->answer],
	    t->value != NULL ? ", " : "", t->value != NULL ? t->value : "");
}

static int
explain(const char *filter, const struct event *ev)
{
	static const struct explain_calls calls = {on_part, on_term, NULL};
	char why[200] = "";
	int rc;

	out[0] = '\0';
	rc = engine_explain(rig_detection("rule", filter, "src", NULL), &rig_names, ev,
	    2, 7, &calls, why, sizeof why);
	ck_assert_str_eq(why, "");
	rig_clear();
	return rc;
}

START_TEST(each_predicate_is_told)
{
	struct event ev = rig_event(START, UINT32_C(0x0a000001), 22);

	ck_assert_int_eq(explain("dport:22,23 (uid:0 OR host:host2)", &ev), 1);
	ck_assert_str_eq(out, "0 dport:22,23: yes\n"
			      "  dport:22,23: true, dport:22\n"
			      "1 uid:0 OR host:host2: yes\n"
			      "  uid:0: absent\n"
			      "  host:host2: true\n");
}
END_TEST

START_TEST(the_entry_that_swallowed)
{
	struct event ev = rig_event(START, UINT32_C(0x0a000001), 22);

	ck_assert_int_eq(
	    explain("dport:22 -(src:10.9.0.0/16,10.0.0.0/24 prefix:drop*) -uid:3", &ev),
	    0);
	ck_assert_str_eq(out,
	    "0 dport:22: yes\n"
	    "  dport:22: true\n"
	    "1 -(src:10.9.0.0/16,10.0.0.0/24 prefix:drop*): no, swallowed\n"
	    "  not src:10.9.0.0/16,10.0.0.0/24: true, src:10.0.0.0/24\n"
	    "  not prefix:drop*: true\n"
	    "2 -uid:3: yes\n"
	    "  not uid:3: absent\n");
}
END_TEST

START_TEST(a_rule_for_everything)
{
	struct event ev = rig_event(START, 1, 1);

	ck_assert_int_eq(explain("", &ev), 1);
	ck_assert_str_eq(out, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("engine_explain");
	TCase *t = tcase_create("explain");
	SRunner *r;
	int failed;

	tcase_add_test(t, each_predicate_is_told);
	tcase_add_test(t, the_entry_that_swallowed);
	tcase_add_test(t, a_rule_for_everything);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
