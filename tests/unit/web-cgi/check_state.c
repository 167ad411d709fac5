/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/state.h"

/* 2027-01-15 08:00:00 UTC, a Friday */
#define NOW (1800000000 * RANGE_SECOND)

static struct request req;
static struct state st;
static char why[REQUEST_WHY_MAX];
static struct html out;

static int
read_state(const char *query)
{
	struct request_env env = {.method = "GET", .query = query};

	ck_assert_int_eq(request_read(&req, &env, why), 200);
	return state_read(&st, &req.query, NOW, why);
}

static const char *
written(const struct state *state)
{
	html_free(&out);
	state_query_plain(&out, state);
	return out.p != NULL ? out.p : "";
}

START_TEST(default_is_empty)
{
	ck_assert_int_eq(read_state(""), 200);
	ck_assert_int_eq(st.range.to, NOW);
	ck_assert_int_eq(st.range.to - st.range.from, RANGE_HOUR);
	ck_assert_int_eq(st.n, 50);
	ck_assert_int_eq(st.columns.count, 13);
	ck_assert_str_eq(written(&st), "");
	/* What stands there though it is the default. */
	ck_assert_int_eq(read_state("range=1h&tz=UTC&sort=-time&n=50&by=verdict&q=&"
				    "scale=linear&cols=time,host,verdict,prefix,proto,"
				    "src,sport,dst,dport,flags,in,out,len"),
	    200);
	ck_assert_str_eq(written(&st), "");
}
END_TEST

static const struct {
	const char *given, *written;
} orders[] = {
    {"live=15&range=7d&q=dport:22", "?q=dport:22&range=7d&live=15"},
    {"n=200&sort=time&cols=src,dst", "?cols=src%2Cdst&sort=time&n=200"},
    {"vs=prev&view=7&scale=log&by=host&bucket=300s",
	"?bucket=5m&by=host&scale=log&view=7&vs=prev"},
    {"range=now-2h..now-1h", "?range=now-2h..now-1h"},
    {"to=2027-01-15T08:00:00Z&from=2027-01-15T07:00:00%2B01:00",
	"?from=2027-01-15T06:00:00Z&to=2027-01-15T08:00:00Z"},
    {"after=5af3107a4000.1.2a", "?after=5af3107a4000.1.2a"},
    {"q=%22%26%3D%25", "?q=%22%26%3D%25"},
};

START_TEST(one_order)
{
	struct state again;

	ck_assert_int_eq(read_state(orders[_i].given), 200);
	ck_assert_str_eq(written(&st), orders[_i].written);
	again = st;
	/* Read again it is the same. */
	ck_assert_int_eq(read_state(out.p + 1), 200);
	ck_assert_str_eq(written(&st), orders[_i].written);
	ck_assert_int_eq(st.range.from, again.range.from);
	ck_assert_int_eq(st.range.to, again.range.to);
}
END_TEST

static const struct {
	const char *query, *message;
} wrong[] = {
    {"range=2h", "“range=2h” is not one of 15m"},
    {"rnage=1h", "did you mean “range”?"},
    {"utm_source=x", "There is no parameter “utm_source”"},
    {"range=1h&from=2026-01-31T14:00:00Z&to=2026-01-31T15:00:00Z", "either"},
    {"from=2026-01-31T14:00:00Z", "go together"},
    {"from=2026-01-31T14:00:00Z&to=2026-01-31T14:00:00Z", "later"},
    {"from=1990-01-31T14:00:00Z&to=2026-01-31T14:00:00Z", "ten years"},
    {"from=yesterday&to=2026-01-31T14:00:00Z", "a time like"},
    {"from=2026-02-30&to=2026-03-01", "a time like"},
    {"range=now..now-1h", "later"},
    {"range=..", "is not one of"},
    {"range=now-1y..now", "is not one of"},
    {"range=now-1h..now@x", "is not one of"},
    {"tz=Europe/Atlantis", "Europe/Berlin"},
    {"tz=../../etc/passwd", "Europe/Berlin"},
    {"tz=/etc/localtime", "Europe/Berlin"},
    {"tz=Europe", "Europe/Berlin"},
    {"cols=src,srcc", "each once"},
    {"cols=src,src", "each once"},
    {"cols=src,", "each once"},
    {"sort=src", "time or -time"},
    {"n=51", "50, 100 or 200"},
    {"n=0", "50, 100 or 200"},
    {"n=5", "50, 100 or 200"},
    {"after=x", "a place"},
    {"after=1.2", "a place"},
    {"after=1.2.3.4", "a place"},
    {"after=1.ffffffff.3", "a place"},
    {"after=11111111111111111.1.1", "a place"},
    {"after=1.1.1&before=1.1.1", "a place"},
    {"bucket=0m", "a width"},
    {"bucket=5", "a width"},
    {"bucket=5y", "a width"},
    {"bucket=1s", "too narrow"},
    {"by=src", "one of verdict"},
    {"scale=sqrt", "linear or log"},
    {"live=1", "5, 15 or 60"},
    {"view=0", "saved view"},
    {"view=99999999999", "saved view"},
    {"vs=next", "prev"},
};

START_TEST(refuses)
{
	ck_assert_int_eq(read_state(wrong[_i].query), 400);
	ck_assert_msg(strstr(why, wrong[_i].message) != NULL, "'%s' says: %s",
	    wrong[_i].query, why);
	/* What is left can stand in links. */
	ck_assert_str_eq(written(&st), "");
}
END_TEST

static int64_t
at(const char *rfc3339)
{
	int64_t us;

	ck_assert_int_eq(range_parse_time(rfc3339, &us), 0);
	return us;
}

static const struct {
	const char *query, *from, *to;
} ranges[] = {
    {"range=now-2h..now-1h", "2027-01-15T06:00:00Z", "2027-01-15T07:00:00Z"},
    {"range=-1d@d..@d", "2027-01-14T00:00:00Z", "2027-01-15T00:00:00Z"},
    {"range=@w..now", "2027-01-11T00:00:00Z", "2027-01-15T08:00:00Z"},
    {"range=-90m@h..-30s", "2027-01-15T06:00:00Z", "2027-01-15T07:59:30Z"},
    {"range=2027-01-01..2027-01-02T03:04", "2027-01-01T00:00:00Z",
	"2027-01-02T03:04:00Z"},
    {"range=@d..now&tz=Europe/Berlin", "2027-01-14T23:00:00Z", "2027-01-15T08:00:00Z"},
    {"from=2026-07-01&to=2026-07-02&tz=Europe/Berlin", "2026-06-30T22:00:00Z",
	"2026-07-01T22:00:00Z"},
    /* The day the clocks go forward has 23 hours. */
    {"range=2026-03-29..2026-03-30&tz=Europe/Berlin", "2026-03-28T23:00:00Z",
	"2026-03-29T22:00:00Z"},
    {"from=2026-03-29T02:00:00Z&to=now&tz=America/New_York", "2026-03-29T02:00:00Z",
	"2027-01-15T08:00:00Z"},
};

START_TEST(times)
{
	ck_assert_int_eq(read_state(ranges[_i].query), 200);
	ck_assert_int_eq(st.range.from, at(ranges[_i].from));
	ck_assert_int_eq(st.range.to, at(ranges[_i].to));
}
END_TEST

START_TEST(derived)
{
	struct cursor c = {NOW, 3, 9};
	struct state s;

	ck_assert_int_eq(read_state("q=dport:22&range=4h&tz=Europe/Berlin&live=5&"
				    "bucket=10m&after=1.1.1"),
	    200);
	s = state_with_range(&st, NOW - RANGE_HOUR, NOW);
	ck_assert_str_eq(written(&s), "?q=dport:22&from=2027-01-15T07:00:00Z&"
				      "to=2027-01-15T08:00:00Z&tz=Europe%2FBerlin");
	s = state_with_filter(&st, "dport:23");
	ck_assert_str_eq(
	    written(&s), "?q=dport:23&range=4h&tz=Europe%2FBerlin&bucket=10m&live=5");
	s = state_absolute(&st);
	ck_assert_str_eq(written(&s),
	    "?q=dport:22&from=2027-01-15T04:00:00Z&to=2027-01-15T08:00:00Z&"
	    "tz=Europe%2FBerlin&after=1.1.1&bucket=10m");
	s = state_turned(&st, TURN_BEFORE, &c);
	ck_assert_ptr_nonnull(strstr(written(&s), "&before=6651728988000.3.9"));
	s = state_with_preset(&st, "1h");
	ck_assert_str_eq(written(&s), "?q=dport:22&tz=Europe%2FBerlin&live=5");
}
END_TEST

START_TEST(forms)
{
	ck_assert_int_eq(read_state("q=%22&range=4h&n=100"), 200);
	html_free(&out);
	state_hidden(&out, &st, " range n ");
	ck_assert_str_eq(out.p, "<input type=\"hidden\" name=\"q\" value=\"&quot;\">");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, default_is_empty);
	tcase_add_loop_test(t, one_order, 0, (int)(sizeof orders / sizeof orders[0]));
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof wrong / sizeof wrong[0]));
	tcase_add_loop_test(t, times, 0, (int)(sizeof ranges / sizeof ranges[0]));
	tcase_add_test(t, derived);
	tcase_add_test(t, forms);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
