/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/metric.h"

struct row {
	uint64_t group, lost;
};

struct values {
	uint64_t records, wait_us, wait_ms;
	struct metric_histogram time;
};

#define AT(member) offsetof(struct values, member), false, NULL

static const struct metric metrics[] = {
    {"records_total", "cause=\"a\"", METRIC_COUNTER, METRIC_NUMBER, AT(records),
	"lost"},
    {"records_total", "cause=\"b\"", METRIC_COUNTER, METRIC_NUMBER, AT(wait_ms), "too"},
    {"wait_seconds", NULL, METRIC_GAUGE, METRIC_US, AT(wait_us), "wait"},
    {"age_seconds", NULL, METRIC_GAUGE, METRIC_MS, AT(wait_ms), "age"},
    {"time_seconds", NULL, METRIC_HISTOGRAM, METRIC_US, AT(time), "time"},
    {"lost_total", NULL, METRIC_COUNTER, METRIC_NUMBER, offsetof(struct row, lost),
	true, NULL, "of rows"},
};
static const struct metric_table table = {"t_", metrics, 6};

static void
label_row(const void *row, struct text *out)
{
	const struct row *r = row;

	text_add(out, "group=");
	metric_write_label(r->group == 1 ? "a\"\\\n" : "b", out);
}

static void
contains(const struct text *t, const char *line)
{
	ck_assert_msg(strstr(t->p, line) != NULL, "%s is not in\n%s", line, t->p);
}

START_TEST(values_have_their_unit)
{
	struct values v = {.records = UINT64_MAX, .wait_us = 1000001, .wait_ms = 25};
	struct text t;

	text_init(&t);
	metric_write(&table, &v, NULL, &t);
	contains(&t, "# HELP t_records_total lost\n# TYPE t_records_total counter\n"
		     "t_records_total{cause=\"a\"} 18446744073709551615\n"
		     "t_records_total{cause=\"b\"} 25\n# HELP");
	contains(&t, "\nt_wait_seconds 1.000001\n");
	contains(&t, "\nt_age_seconds 0.025\n");
	ck_assert_ptr_null(strstr(t.p, "t_lost_total{"));
	text_free(&t);
}
END_TEST

START_TEST(buckets_add_up)
{
	struct values v = {0};
	struct text t;

	metric_observe(&v.time, 0);
	metric_observe(&v.time, 1000);
	metric_observe(&v.time, 1001);
	metric_observe(&v.time, UINT64_C(31000000));
	text_init(&t);
	metric_write(&table, &v, NULL, &t);
	contains(&t, "t_time_seconds_bucket{le=\"0.001\"} 2\n");
	contains(&t, "t_time_seconds_bucket{le=\"0.0025\"} 3\n");
	contains(&t, "t_time_seconds_bucket{le=\"30\"} 3\n");
	contains(&t, "t_time_seconds_bucket{le=\"+Inf\"} 4\n"
		     "t_time_seconds_sum 31.002001\nt_time_seconds_count 4\n");
	text_free(&t);
}
END_TEST

START_TEST(labels_are_escaped)
{
	const struct row row[] = {{1, 7}, {2, 8}};
	const struct metric_rows rows = {row, sizeof row[0], 2, label_row};
	struct values v = {0};
	struct text t;

	text_init(&t);
	metric_write(&table, &v, &rows, &t);
	contains(
	    &t, "t_lost_total{group=\"a\\\"\\\\?\"} 7\nt_lost_total{group=\"b\"} 8\n");
	text_free(&t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("metric");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, values_have_their_unit);
	tcase_add_test(tc, buckets_add_up);
	tcase_add_test(tc, labels_are_escaped);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
