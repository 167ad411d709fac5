/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "collector/queue.h"

static struct turns turns;
static struct queue queue[3];
static size_t total;
static int released;

static void
on_released(void *owner)
{
	ck_assert_ptr_nonnull(owner);
	released++;
}

static void
setup(void)
{
	total = 0;
	released = 0;
	turns_init(&turns);
	for (int i = 0; i < 3; i++)
		queue_init(&queue[i], &total, &queue[i], on_released);
}

static void
put(int q, uint64_t seq, size_t len)
{
	struct item *item = item_new(&queue[q], len);

	ck_assert_ptr_nonnull(item);
	item->first_seq = seq;
	queue_put(&queue[q], item, &turns);
}

static void
expect(int q, uint64_t seq)
{
	struct item *item = turns_take(&turns, NULL, NULL);

	ck_assert_ptr_nonnull(item);
	ck_assert_ptr_eq(item->queue, &queue[q]);
	ck_assert_uint_eq(item->first_seq, seq);
	item_free(item);
}

/* An agent with a long backlog does not keep the others waiting. */
START_TEST(queues_take_turns)
{
	for (uint64_t i = 1; i <= 5; i++)
		put(0, i, 10);
	put(1, 1, 10);
	put(1, 2, 10);
	expect(0, 1);
	expect(1, 1);
	put(2, 1, 10);
	expect(0, 2);
	expect(1, 2);
	expect(2, 1);
	expect(0, 3);
	expect(0, 4);
	expect(0, 5);
	ck_assert(turns_empty(&turns));
	ck_assert_ptr_null(turns_take(&turns, NULL, NULL));
}
END_TEST

static bool
is_not(const struct queue *q, void *arg)
{
	return q != arg;
}

/* One that has to wait holds up no other, and has its turn afterwards. */
START_TEST(some_may_not)
{
	struct item *item;

	put(0, 1, 10);
	put(1, 1, 10);
	put(1, 2, 10);
	for (uint64_t i = 1; i <= 2; i++) {
		item = turns_take(&turns, is_not, &queue[0]);
		ck_assert_ptr_nonnull(item);
		ck_assert_ptr_eq(item->queue, &queue[1]);
		item_free(item);
	}
	ck_assert_ptr_null(turns_take(&turns, is_not, &queue[0]));
	expect(0, 1);
}
END_TEST

START_TEST(bytes_count_until_freed)
{
	struct item *item;

	put(0, 1, 100);
	put(1, 1, 50);
	ck_assert_uint_eq(total, 150 + 2 * sizeof *item);
	item = turns_take(&turns, NULL, NULL);
	ck_assert_uint_eq(queue[0].held, 100 + sizeof *item);
	ck_assert_uint_eq(total, 150 + 2 * sizeof *item);
	item_free(item);
	ck_assert_uint_eq(queue[0].held, 0);
	ck_assert_uint_eq(total, 50 + sizeof *item);
	ck_assert_int_eq(released, 1);
	queue_clear(&queue[1]);
	ck_assert_uint_eq(total, 0);
}
END_TEST

/* What a transaction has taken stays when the session goes. */
START_TEST(clear_leaves_what_was_taken)
{
	struct item *taken;

	put(0, 1, 1);
	put(0, 2, 1);
	put(0, 3, 1);
	put(1, 1, 1);
	taken = turns_take(&turns, NULL, NULL);
	queue_clear(&queue[0]);
	ck_assert_int_eq(released, 2);
	ck_assert_uint_eq(queue[0].held, 1 + sizeof *taken);
	expect(1, 1);
	ck_assert(turns_empty(&turns));
	ck_assert_uint_eq(taken->first_seq, 1);
	item_free(taken);
	item_free(NULL);
	ck_assert_uint_eq(total, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tc = tcase_create("turns");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, queues_take_turns);
	tcase_add_test(tc, some_may_not);
	tcase_add_test(tc, bytes_count_until_freed);
	tcase_add_test(tc, clear_leaves_what_was_taken);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
