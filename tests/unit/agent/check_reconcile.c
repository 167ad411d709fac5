/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledgers from one run to the next: what a killed run had found and not written is
 * found again, once; ledgers of groups nobody names any more go, their losses do not.
 */
#include <time.h>

#include "agent/ledger_file.h"
#include "agent/reconcile.h"
#include "tests/unit/agent/spool_rig.h"

#define BIND (UINT64_C(88) << 32)
#define LEDGER (UINT64_C(99) << 32)
#define DAY_US UINT64_C(86400000000)

static struct rig rig;
static struct options options;
static struct event_base *base;
static struct ledger back[OPTIONS_GROUPS_MAX];
static int backs;

static void
setup(void)
{
	rig_start(&rig);
	options = (struct options){.spool_dir = rig.dir};
	options.group[0].number = 5;
	options.groups = 1;
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
}

static void
teardown(void)
{
	for (int i = 0; i < backs; i++)
		ledger_clear(&back[i]);
	event_base_free(base);
	rig_stop(&rig);
}

/* The binding's records up to kseq are in the spool: returns kseq. */
static uint32_t
captured(void)
{
	ck_assert_int_eq(rig_append_as(&rig, 10, 20, BIND), 0);
	return rig.next_id - 1;
}

static void
brought_out(uint32_t records)
{
	struct loss loss = {.cause = LOSS_KERNEL,
	    .bind_id = LEDGER,
	    .group = 5,
	    .kseq = records,
	    .records = records};

	ck_assert_int_eq(spool_append_loss(rig.spool, &loss), 0);
}

static struct ledger
ledger_of(uint16_t group)
{
	return (struct ledger){
	    .group = group,
	    .id = LEDGER,
	    .hits = 100,
	    .settled = 10,
	    .bind_id = BIND,
	    .kseq = UINT32_MAX,
	    .based = true,
	};
}

static void
leave(const struct ledger *l, size_t n)
{
	ck_assert_int_eq(ledger_file_write(rig.dir, l, n), 0);
}

static void
read_back(void)
{
	char why[160];

	for (int i = 0; i < backs; i++)
		ledger_clear(&back[i]);
	backs = ledger_file_read(rig.dir, back, OPTIONS_GROUPS_MAX, why, sizeof why);
	ck_assert_int_ge(backs, 0);
}

/* The next run takes the binding over and ends. What reconcile_expect said. */
static bool
run(uint16_t group)
{
	struct binding b = {.bind_id = BIND, .bound_us = 1, .group = group, .fd = -1};
	struct reconcile *r = reconcile_new(base, rig.spool, &options, -1);

	ck_assert_ptr_nonnull(r);
	bool expected = reconcile_expect(r, &b);
	reconcile_free(r);
	read_back();
	return expected;
}

static uint64_t
now_us(void)
{
	return (uint64_t)time(NULL) * 1000000;
}

static void
expect_counted(uint64_t counted, uint64_t tail)
{
	ck_assert(run(5));
	ck_assert_int_eq(backs, 1);
	ck_assert_uint_eq(back[0].id, LEDGER);
	ck_assert_uint_eq(back[0].counted, counted);
	ck_assert_uint_eq(back[0].tail, tail);
}

START_TEST(first_loss_waited_for_room)
{
	struct ledger l = ledger_of(5);

	l.kseq = captured();
	l.counted = l.tail = 7;
	leave(&l, 1);
	expect_counted(0, 0);
}
END_TEST

START_TEST(later_loss_waited_for_room)
{
	struct ledger l = ledger_of(5);

	brought_out(7);
	l.kseq = captured();
	l.counted = 12;
	l.told = 7;
	leave(&l, 1);
	expect_counted(7, 0);
}
END_TEST

START_TEST(loss_was_written)
{
	struct ledger l = ledger_of(5);

	brought_out(7);
	l.kseq = captured();
	l.counted = l.tail = 7;
	l.told = _i == 0 ? 0 : 7;
	leave(&l, 1);
	expect_counted(7, 7);
	ck_assert_uint_eq(back[0].told, 7);
}
END_TEST

/* Written after the file was. */
START_TEST(spool_is_ahead)
{
	struct ledger l = ledger_of(5);

	l.kseq = captured();
	brought_out(9);
	leave(&l, 1);
	expect_counted(9, 9);
}
END_TEST

/* The spool has many others to remember: that it was written is known by the file. */
START_TEST(spool_forgot_the_ledger)
{
	struct ledger l = ledger_of(5);
	uint32_t kseq;

	brought_out(7);
	for (uint64_t bind = 1; bind <= SPOOL_SOURCES_MAX; bind++)
		ck_assert_int_eq(rig_append_as(&rig, 1, 10, (1000 + bind) << 32), 0);
	ck_assert(!spool_source_last(rig.spool, LEDGER, &kseq));
	l.kseq = captured();
	l.counted = l.told = 7;
	leave(&l, 1);
	expect_counted(7, 0);
	ck_assert_uint_eq(back[0].told, 7);
}
END_TEST

/* ---- groups that no option names */

static uint64_t
loss_told(void)
{
	rig_session(&rig);
	rig_drain(&rig, true);
	return rig_lost(&rig);
}

START_TEST(group_may_come_back)
{
	struct ledger two[2] = {ledger_of(5), ledger_of(9)};

	two[1].down = LEDGER_OPEN;
	two[1].counted = 4;
	leave(two, 2);
	uint64_t before = now_us();
	ck_assert(run(5));
	ck_assert_int_eq(backs, 2);
	ck_assert_uint_eq(back[0].left_us, 0);
	ck_assert_uint_ge(back[1].left_us, before);
	ck_assert_uint_eq(back[1].down, LEDGER_OPEN);
	ck_assert_uint_eq(loss_told() + rig.lost_unknown, 0);
	options.group[1].number = 9;
	options.groups = 2;
	ck_assert(run(9));
	ck_assert_uint_eq(back[1].left_us, 0);
}
END_TEST

START_TEST(group_that_left_is_forgotten_and_counted)
{
	struct ledger three[3] = {ledger_of(9), ledger_of(5), ledger_of(10)};

	three[0].left_us = now_us() - 31 * DAY_US;
	three[0].counted = 4;
	three[0].down = LEDGER_OPEN;
	three[0].down_from_us = 5;
	three[0].down_to_us = 6;
	three[2].left_us = now_us() - 29 * DAY_US;
	leave(three, 3);
	ck_assert(run(5));
	ck_assert_int_eq(backs, 2);
	ck_assert_uint_eq(back[0].group, 5);
	ck_assert_uint_eq(back[1].group, 10);
	ck_assert_uint_eq(loss_told(), 4);
	ck_assert_uint_eq(rig.lost[LOSS_AGENT_DOWN], 4);
	ck_assert_uint_eq(rig.lost_unknown, 1);
}
END_TEST

START_TEST(full_spool_keeps_the_ledger)
{
	struct ledger l = ledger_of(9);
	struct loss none = {.cause = LOSS_KERNEL};

	l.left_us = now_us() - 31 * DAY_US;
	l.down = LEDGER_OPEN;
	leave(&l, 1);
	rig_close(&rig);
	rig.conf.size = SPOOL_SEGMENT_MIN + SEGMENT_SMALL;
	rig_open(&rig);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	while (spool_append_loss(rig.spool, &none) == 0)
		;
	ck_assert(!run(5));
	ck_assert_int_eq(backs, 2);
	ck_assert_uint_eq(back[0].group, 9);
	ck_assert_uint_eq(back[0].down, LEDGER_OPEN);
	reconcile_forget(rig.spool, rig.dir);
	read_back();
	ck_assert_int_eq(backs, 2);
}
END_TEST

START_TEST(new_group_takes_the_place_of_one_that_left)
{
	static struct ledger all[OPTIONS_GROUPS_MAX];

	for (uint16_t i = 0; i < OPTIONS_GROUPS_MAX; i++) {
		all[i] = ledger_of((uint16_t)(100 + i));
		all[i].left_us = now_us() - DAY_US + i;
	}
	all[3].left_us -= DAY_US;
	leave(all, OPTIONS_GROUPS_MAX);
	ck_assert(!run(5));
	ck_assert_int_eq(backs, OPTIONS_GROUPS_MAX);
	for (int i = 0; i < backs; i++)
		ck_assert_uint_ne(back[i].group, 103);
	ck_assert_uint_eq(back[backs - 1].group, 5);
	ck_assert_uint_eq(back[backs - 1].bind_id, BIND);
}
END_TEST

START_TEST(reconciling_ends)
{
	struct ledger l = ledger_of(5);

	l.counted = 7;
	leave(&l, 1);
	reconcile_forget(rig.spool, rig.dir);
	ck_assert_uint_eq(loss_told(), 7);
	read_back();
	ck_assert_int_eq(backs, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reconcile");
	TCase *tc = tcase_create("runs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first_loss_waited_for_room);
	tcase_add_test(tc, later_loss_waited_for_room);
	tcase_add_loop_test(tc, loss_was_written, 0, 2);
	tcase_add_test(tc, spool_is_ahead);
	tcase_add_test(tc, spool_forgot_the_ledger);
	tcase_add_test(tc, group_may_come_back);
	tcase_add_test(tc, group_that_left_is_forgotten_and_counted);
	tcase_add_test(tc, full_spool_keeps_the_ledger);
	tcase_add_test(tc, new_group_takes_the_place_of_one_that_left);
	tcase_add_test(tc, reconciling_ends);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
