/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept after it was acknowledged: a database restored from a backup gets all of
 * it again and nothing twice, and it never costs room that records need.
 */
#include <errno.h>
#include <stdatomic.h>

#include "tests/unit/agent/spool_rig.h"

#define HOUR_MS 3600000u

static struct rig rig, backup;
static struct segment_io real_io;

static void
setup(void)
{
	real_io = segment_io;
	rig_start(&rig);
	backup.seen = malloc(RIG_RECORDS);
	ck_assert_ptr_nonnull(backup.seen);
}

static void
teardown(void)
{
	segment_io = real_io;
	rig_stop(&rig);
	free(backup.seen);
}

static void
reopen(uint64_t size, uint64_t retain_ms, enum spool_when_full when_full)
{
	rig_close(&rig);
	rig.conf.size = size;
	rig.conf.retain_ms = retain_ms;
	rig.conf.when_full = when_full;
	rig_open(&rig);
}

/* ---- the database's backup: all that a collector keeps there */

static void
database_copy(struct rig *to, const struct rig *from)
{
	memcpy(to->mark, from->mark, sizeof to->mark);
	memcpy(to->seen, from->seen, RIG_RECORDS);
	memcpy(to->lost, from->lost, sizeof to->lost);
	to->marks = from->marks;
	to->stored = from->stored;
	to->lost_unknown = from->lost_unknown;
	to->lost_numbers = from->lost_numbers;
}

static void
database_dump(void)
{
	database_copy(&backup, &rig);
}

static void
database_restore(void)
{
	database_copy(&rig, &backup);
}

static void
append(unsigned batches)
{
	for (unsigned i = 0; i < batches; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
}

static void
append_and_store(unsigned batches)
{
	append(batches);
	rig_drain(&rig, true);
}

static void
expect_all_stored(void)
{
	ck_assert_uint_eq(rig.stored, rig.next_id - 1);
	ck_assert_uint_eq(rig_lost(&rig) + rig.lost_unknown, 0);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
}

START_TEST(test_off_keeps_nothing)
{
	rig_session(&rig);
	append_and_store(60);
	ck_assert_uint_eq(rig_segments(&rig), 1);
	ck_assert_uint_eq(rig_counters(&rig).bytes_retained, 0);
}
END_TEST

START_TEST(test_restored_database_gets_it_again)
{
	reopen(64u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(40);
	database_dump();
	append_and_store(40);
	unsigned held = rig_segments(&rig);
	ck_assert_uint_ge(held, 5);
	ck_assert_uint_ge(rig_counters(&rig).bytes_retained, 4 * 13000 * 130);
	database_restore();
	rig_session(&rig);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 400);
	ck_assert_uint_ge(
	    rig_counters(&rig).oldest_us, UINT64_C(1700000000000000) + 200);
	rig_drain(&rig, true);
	expect_all_stored();
	/* And once more: sent again, it is retained again. */
	database_restore();
	rig_session(&rig);
	rig_drain(&rig, true);
	expect_all_stored();
	ck_assert_uint_eq(rig_segments(&rig), held);
}
END_TEST

/* Runs that ended and were acknowledged whole are offered too. */
START_TEST(test_restart_keeps_it)
{
	static struct epoch_mark mark[8];

	reopen(64u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	for (int run = 0; run < 4; run++) {
		rig_session(&rig);
		append_and_store(30);
		if (run == 1)
			database_dump();
		rig_restart(&rig);
	}
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0); /* by the hint */
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 0);
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 8), 5);
	ck_assert_uint_eq(mark[0].seq, 301);
	database_restore();
	rig_session(&rig);
	rig_drain(&rig, true);
	expect_all_stored();
}
END_TEST

/* Waiting epochs have precedence, then the newest of those that are retained. */
START_TEST(test_epochs_offered)
{
	static struct epoch_mark mark[8];
	uint64_t epoch[5];

	reopen(64u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	for (int run = 0; run < 4; run++) {
		epoch[run] = spool_epoch(rig.spool);
		append(1);
		rig_restart(&rig);
	}
	epoch[4] = spool_epoch(rig.spool);
	rig_session(&rig);
	for (int run = 0; run < 3; run++)
		ck_assert(rig_take(&rig, true));
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 8), 5);
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 4), 4);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(mark[i].epoch, epoch[i + 1]);
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 2), 2);
	ck_assert_uint_eq(mark[0].epoch, epoch[3]);
	ck_assert_uint_eq(mark[1].epoch, epoch[4]);
}
END_TEST

START_TEST(test_time_is_up)
{
	reopen(64u << 20, 300, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(60);
	ck_assert_uint_ge(rig_segments(&rig), 4);
	for (int i = 0; rig_segments(&rig) > 1 && i < RIG_DEADLINE_MS / 20; i++) {
		(void)poll(NULL, 0, 20);
		spool_tick(rig.spool);
	}
	ck_assert_uint_eq(rig_segments(&rig), 1);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, SPOOL_SEGMENT_MIN);
}
END_TEST

/* The time counts from the acknowledgement, and goes on through a restart. */
START_TEST(test_time_goes_on_through_a_restart)
{
	reopen(64u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(60);
	unsigned held = rig_segments(&rig);
	(void)poll(NULL, 0, 400);
	reopen(64u << 20, 300, SPOOL_DROP_NEWEST);
	ck_assert_uint_eq(rig_segments(&rig), held); /* the collector's word first */
	rig_session(&rig);
	ck_assert_uint_eq(rig_segments(&rig), 1);
}
END_TEST

static void
expect_room(enum spool_when_full when_full)
{
	reopen(4 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, HOUR_MS, when_full);
	rig_session(&rig);
	for (int i = 0; i < 20; i++) {
		append_and_store(10);
		ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	}
	ck_assert_uint_ge(rig_counters(&rig).bytes_retained, SPOOL_SEGMENT_MIN);
	/* Without a collector, and after a restart that has not heard from one. */
	append(15);
	rig_restart(&rig);
	append(20);
	ck_assert_uint_eq(rig_counters(&rig).dropped, 0);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	rig_session(&rig);
	rig_drain(&rig, true);
	expect_all_stored();
}

START_TEST(test_what_is_retained_goes_first)
{
	expect_room(_i == 0 ? SPOOL_DROP_NEWEST : SPOOL_DROP_OLDEST);
}
END_TEST

/* What made way is a loss of exactly those numbers, as it is without retaining. */
START_TEST(test_backup_older_than_what_is_held)
{
	reopen(4 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(2);
	database_dump();
	for (int i = 0; i < 20; i++)
		append_and_store(10);
	database_restore();
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_gt(rig.lost[LOSS_CORRUPT], 0);
	ck_assert_uint_ge(rig.stored, 300);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], rig.next_id - 1);
}
END_TEST

static atomic_bool disk_full;

static int
full_fallocate(int fd, off_t offset, off_t len)
{
	return disk_full ? ENOSPC : real_io.fallocate(fd, offset, len);
}

/* A disk that others filled: all that is retained makes way before a record is lost. */
START_TEST(test_full_disk)
{
	reopen(64u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(60);
	ck_assert_uint_ge(rig_segments(&rig), 4);
	segment_io.fallocate = full_fallocate;
	disk_full = true;
	while (rig_append(&rig, 10, 13000) == 0)
		;
	ck_assert_uint_eq(rig_segments(&rig), 1);
	disk_full = false;
	for (int i = 0; rig_append(&rig, 1, 10) < 0; i++) {
		ck_assert_int_lt(i, RIG_DEADLINE_MS / 10);
		(void)poll(NULL, 0, 10);
	}
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT] + rig.lost_unknown, 0);
	ck_assert_uint_eq(rig.stored + rig_lost(&rig), rig.next_id - 1);
}
END_TEST

/* One byte of a line that lets segments go is wrong: none goes on its word. */
START_TEST(test_damaged_file)
{
	char path[512];

	reopen(4 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(40);
	rig_close(&rig);
	snprintf(path, sizeof path, "%s/acked", rig.dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 60), 1);
	close(fd);
	rig_open(&rig);
	unsigned held = rig_segments(&rig);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	ck_assert_uint_ge(rig_segments(&rig), held);
	ck_assert_uint_eq(rig_counters(&rig).dropped, 10);
}
END_TEST

/* A whole one, but of segments that are no more: others have their numbers now. */
START_TEST(test_file_of_other_segments)
{
	char command[1200];

	reopen(4 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	append_and_store(40);
	rig_close(&rig);
	snprintf(command, sizeof command, "mv '%s/acked' '%s/a' && rm '%s'/*.seg",
	    rig.dir, rig.dir, rig.dir);
	ck_assert_int_eq(system(command), 0);
	rig_open(&rig);
	append(40);
	rig_close(&rig);
	snprintf(command, sizeof command, "mv '%s/a' '%s/acked'", rig.dir, rig.dir);
	ck_assert_int_eq(system(command), 0);
	rig_open(&rig);
	unsigned held = rig_segments(&rig);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	ck_assert_uint_ge(rig_segments(&rig), held);
	ck_assert_uint_eq(rig_counters(&rig).dropped, 10);
}
END_TEST

/* Appends, lost ACKs, restarts, backups and their return in any order. */
START_TEST(test_random_restores)
{
	struct bytes_view frame;

	srand(7514 + (unsigned)_i);
	reopen(512u << 20, HOUR_MS, SPOOL_DROP_NEWEST);
	rig_session(&rig);
	database_dump();
	for (int step = 0; step < 1500; step++) {
		int what = rand() % 1000;

		if (what < 450)
			(void)rig_append(&rig, 1 + (unsigned)rand() % 12,
			    (uint16_t)(rand() % 20000));
		else if (what < 850)
			(void)rig_take(&rig, rand() % 2 == 0);
		else if (what < 900)
			spool_tick(rig.spool);
		else if (what < 930)
			while (spool_next(rig.spool, &frame) == 1 && rand() % 9 > 0)
				;
		else if (what < 950)
			database_dump();
		else if (what < 970)
			database_restore();
		else if (what < 980)
			rig_restart(&rig);
		if (what >= 900)
			rig_session(&rig);
	}
	database_restore();
	rig_session(&rig);
	rig_drain(&rig, true);
	expect_all_stored();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool_retain");
	TCase *tc = tcase_create("retain");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_off_keeps_nothing);
	tcase_add_test(tc, test_restored_database_gets_it_again);
	tcase_add_test(tc, test_restart_keeps_it);
	tcase_add_test(tc, test_epochs_offered);
	tcase_add_test(tc, test_time_is_up);
	tcase_add_test(tc, test_time_goes_on_through_a_restart);
	tcase_add_loop_test(tc, test_what_is_retained_goes_first, 0, 2);
	tcase_add_test(tc, test_backup_older_than_what_is_held);
	tcase_add_test(tc, test_full_disk);
	tcase_add_test(tc, test_damaged_file);
	tcase_add_test(tc, test_file_of_other_segments);
	tcase_add_loop_test(tc, test_random_restores, 0, 4);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
