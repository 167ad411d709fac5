/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "web-cgi/health.h"

#define NOW (1800000000 * RANGE_SECOND)

START_TEST(counts_agents)
{
	struct host_row hosts[] = {
	    {.name = "a",
		.connected = true,
		.last_contact = NOW - 5 * RANGE_SECOND,
		.last_event = NOW - 9 * RANGE_SECOND,
		.events = 4},
	    {.name = "stale",
		.connected = true,
		.last_contact = NOW - 61 * RANGE_SECOND,
		.last_event = STORE_NONE},
	    {.name = "gone",
		.connected = false,
		.last_contact = NOW - 3 * RANGE_SECOND,
		.last_event = NOW - 3 * RANGE_SECOND,
		.events = 3},
	    {.name = "never",
		.connected = true,
		.last_contact = STORE_NONE,
		.last_event = STORE_NONE},
	};
	struct ledger l = {.hosts = hosts, .hosts_count = 4};
	struct health h;

	health_judge(&h, &l, NOW);
	ck_assert_int_eq(h.agents, 4);
	ck_assert_int_eq(h.reporting, 1);
	ck_assert_str_eq(h.quietest->name, "never");
	ck_assert_int_eq(h.newest, NOW - 3 * RANGE_SECOND);
	ck_assert_uint_eq(h.stored, 7);
}
END_TEST

/* What was told to be left out is not missing. */
START_TEST(counts_losses)
{
	struct loss_row losses[] = {
	    {.host = "a", .cause = "kernel", .records = 12},
	    {.host = "a", .cause = "agent_down", .unknown = 2},
	    {.host = "b", .cause = "filtered", .records = 500},
	    {.host = "b", .cause = "rate_limited", .records = 7, .unknown = 1},
	    {.host = "b", .cause = "spool_full", .records = 3},
	};
	struct ledger l = {.losses = losses, .losses_count = 5};
	struct health h;

	health_judge(&h, &l, NOW);
	ck_assert_uint_eq(h.missing, 15);
	ck_assert_uint_eq(h.unknown, 2);
	ck_assert_uint_eq(h.left_out, 507);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct ledger l = {0};
	struct health h;

	health_judge(&h, &l, NOW);
	ck_assert_int_eq(h.agents, 0);
	ck_assert_int_eq(h.newest, STORE_NONE);
	ck_assert_ptr_null(h.quietest);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("health");
	TCase *t = tcase_create("health");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, counts_agents);
	tcase_add_test(t, counts_losses);
	tcase_add_test(t, nothing_at_all);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
