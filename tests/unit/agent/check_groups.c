/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups a monitor binds, in a namespace of this process's own, and a worker that
 * does not read its channel. Where no such namespace can be made nothing is tested.
 */
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/binding.h"
#include "agent/groups.h"

#define GROUPS 3

static struct options options;
static int channel[2];

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
make_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

static void
set_up(void)
{
	options = (struct options){
	    .defaults = {.snaplen = 64,
		.queue_threshold = 10,
		.flush_timeout = 10,
		.nlbufsiz = 65536,
		.receive_buffer = 65536},
	    .groups = GROUPS,
	};
	for (size_t i = 0; i < GROUPS; i++)
		options.group[i].number = (uint16_t)(i + 5);
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
}

static void
tear_down(void)
{
	close(channel[0]);
	close(channel[1]);
}

/* How many messages fit. */
static unsigned
fill(void)
{
	const struct binding b = {.group = 99, .fd = -1, .link_fd = -1};
	unsigned n = 0;

	while (binding_send(channel[0], &b) == 1)
		n++;
	return n;
}

static void
expect_group(uint16_t group)
{
	struct binding b;

	ck_assert_int_eq(binding_receive(channel[1], &b), 1);
	ck_assert_uint_eq(b.group, group);
	if (group == 99)
		return;
	ck_assert_uint_ne(b.bind_id, 0);
	ck_assert_int_ge(b.fd, 0);
	close(b.fd);
}

static void
expect_nothing(void)
{
	struct binding b;

	ck_assert_int_eq(binding_receive(channel[1], &b), 0);
}

START_TEST(groups_are_offered_until_taken)
{
	struct groups *g = groups_new(&options);
	unsigned n;

	ck_assert_int_eq(groups_bind(g, now_ms()), 0);
	ck_assert_uint_eq(groups_bound(g), GROUPS);
	ck_assert_int_eq(groups_due(g), GROUPS_NEVER);
	n = fill();
	ck_assert_uint_gt(n, 1);
	groups_give(g, channel[0]);
	groups_tick(g, now_ms());
	ck_assert_int_le(groups_due(g), now_ms() + 100);
	for (unsigned i = 0; i < n; i++)
		expect_group(99);
	expect_nothing();
	groups_tick(g, now_ms());
	for (uint16_t i = 0; i < GROUPS; i++)
		expect_group((uint16_t)(i + 5));
	expect_nothing();
	ck_assert_int_eq(groups_due(g), GROUPS_NEVER);
	groups_tick(g, now_ms());
	expect_nothing();
	groups_free(g);
}
END_TEST

/* What one worker did not take is its successor's once, and nobody's without one. */
START_TEST(a_successor_gets_each_once)
{
	struct groups *g = groups_new(&options);

	ck_assert_int_eq(groups_bind(g, now_ms()), 0);
	(void)fill();
	groups_give(g, channel[0]);
	groups_give(g, -1);
	ck_assert_int_eq(groups_due(g), GROUPS_NEVER);
	groups_tick(g, now_ms());
	tear_down();
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	groups_give(g, channel[0]);
	groups_tick(g, now_ms());
	for (uint16_t i = 0; i < GROUPS; i++)
		expect_group((uint16_t)(i + 5));
	expect_nothing();
	groups_free(g);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("groups");
	TCase *t = tcase_create("groups");
	SRunner *r = srunner_create(s);
	int failed;

	if (!make_namespace()) {
		puts("no network namespace can be made here: not tested");
		srunner_free(r);
		return EXIT_SUCCESS;
	}
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, groups_are_offered_until_taken);
	tcase_add_test(t, a_successor_gets_each_once);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
