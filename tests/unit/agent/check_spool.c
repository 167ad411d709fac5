/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool without faults: order, marks, restarts, syncs, the state of the kernel. */
#include <time.h>

#include "tests/unit/agent/spool_rig.h"

static struct rig rig;

static void
setup(void)
{
	rig_start(&rig);
}

static void
teardown(void)
{
	rig_stop(&rig);
}

START_TEST(test_round_trip_over_segments)
{
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_uint_ge(rig_segments(&rig), 3);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 50);
	ck_assert_uint_eq(rig.stored, 500);
	ck_assert_uint_eq(rig_lost(&rig), 0);
	ck_assert_uint_eq(rig_segments(&rig), 1);

	struct spool_counters c = rig_counters(&rig);
	ck_assert_uint_eq(c.records, 500);
	ck_assert_uint_eq(c.frames, 50);
	ck_assert_uint_eq(c.records_waiting, 0);
	ck_assert_uint_eq(c.oldest_us, 0);
	ck_assert_uint_eq(c.bytes_used, SPOOL_SEGMENT_MIN);
}
END_TEST

START_TEST(test_nothing_before_resume)
{
	struct bytes_view frame;

	ck_assert_int_eq(rig_append(&rig, 1, 10), 0);
	ck_assert_int_eq(spool_next(rig.spool, &frame), 0);
	rig_session(&rig);
	ck_assert_int_eq(spool_next(rig.spool, &frame), 1);
}
END_TEST

START_TEST(test_empty_spool_offers_current_epoch)
{
	struct epoch_mark mark[4];

	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 4), 1);
	ck_assert_uint_eq(mark[0].epoch, spool_epoch(rig.spool));
	ck_assert_uint_eq(mark[0].seq, 1);
	ck_assert_uint_eq(rig_segments(&rig), 0);
	ck_assert_int_eq(rig_append(&rig, 7, 10), 0);
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 1), 1);
	ck_assert_uint_eq(mark[0].epoch, spool_epoch(rig.spool));
	ck_assert_uint_eq(mark[0].seq, 8);
}
END_TEST

START_TEST(test_restarts_keep_order_and_records)
{
	uint64_t epoch[3];
	struct epoch_mark mark[8];

	for (int run = 0; run < 3; run++) {
		epoch[run] = spool_epoch(rig.spool);
		for (int i = 0; i < 20; i++)
			ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
		rig_restart(&rig);
	}
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 8), 4);
	for (int run = 0; run < 3; run++) {
		ck_assert_uint_eq(mark[run].epoch, epoch[run]);
		ck_assert_uint_eq(mark[run].seq, 1);
	}
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 600);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 60);
	ck_assert_uint_eq(rig.stored, 600);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
	/* The newest segment stays until a newer one remembers the kernel's numbers. */
	ck_assert_uint_eq(rig_segments(&rig), 1);
	ck_assert_int_eq(rig_append(&rig, 1, 10), 0);
	ck_assert_uint_eq(rig_segments(&rig), 1);
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 8), 1);
}
END_TEST

START_TEST(test_reconnect_sends_again_from_the_mark)
{
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(rig_append(&rig, 3, 100), 0);
	rig_session(&rig);
	for (int i = 0; i < 10; i++)
		ck_assert(rig_take(&rig, false));
	struct bytes_view frame;
	for (int i = 0; i < 15; i++) /* on their way when the connection breaks */
		ck_assert_int_eq(spool_next(rig.spool, &frame), 1);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 20);
	ck_assert_uint_eq(rig.stored, 90);
}
END_TEST

START_TEST(test_mark_below_what_is_held_is_a_loss)
{
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_session(&rig);
	for (int i = 0; i < 40; i++)
		ck_assert(rig_take(&rig, true));
	/* The database was restored from an old backup. */
	uint64_t *mark = rig_mark_of(&rig, spool_epoch(rig.spool));
	*mark = 7;
	memset(rig.seen, 0, RIG_RECORDS);
	rig.stored = 0;
	rig_session(&rig);
	struct epoch_mark held;
	ck_assert_uint_eq(spool_epochs(rig.spool, &held, 1), 1);
	ck_assert_uint_gt(held.seq, 8);
	ck_assert(rig_take(&rig, true));
	ck_assert_int_eq(rig.last_loss.cause, LOSS_CORRUPT);
	ck_assert_uint_eq(rig.last_loss.first_seq, 8);
	ck_assert_uint_eq(rig.last_loss.count, held.seq - 8);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.stored + rig_lost(&rig), 500 - 7);
}
END_TEST

START_TEST(test_mark_and_ack_from_the_future)
{
	uint64_t epoch = spool_epoch(rig.spool);

	ck_assert_int_eq(rig_append(&rig, 5, 10), 0);
	spool_resume(rig.spool, epoch, UINT64_MAX);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
	spool_resume(rig.spool, epoch + 1, 5);
	spool_ack(rig.spool, epoch + 1, 5);
	spool_resume(rig.spool, epoch, 0);
	spool_ack(rig.spool, epoch, 4); /* of what was never handed out */
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 5);
	*rig_mark_of(&rig, epoch) = 0;
	ck_assert_uint_eq(rig_drain(&rig, true), 1);
	ck_assert_uint_eq(rig.stored, 5);
}
END_TEST

START_TEST(test_append_after_everything_was_acked)
{
	rig_session(&rig);
	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(rig_append(&rig, 1 + (unsigned)i % 7, 5000), 0);
		ck_assert_uint_eq(rig_drain(&rig, true), 1);
	}
	ck_assert_uint_eq(rig_segments(&rig), 1);
	ck_assert_uint_eq(rig_lost(&rig), 0);
}
END_TEST

START_TEST(test_loss_takes_a_number)
{
	struct loss loss = {
	    .bind_id = RIG_BIND,
	    .group = 5,
	    .kseq = 99,
	    .cause = LOSS_KERNEL,
	    .records = 12,
	    .from_us = 1000,
	    .to_us = 2000,
	};
	uint32_t kseq;

	ck_assert_int_eq(rig_append(&rig, 3, 10), 0);
	ck_assert_int_eq(spool_append_loss(rig.spool, &loss), 0);
	ck_assert(spool_source_last(rig.spool, RIG_BIND, &kseq));
	ck_assert_uint_eq(kseq, 99);
	ck_assert_int_eq(rig_append(&rig, 3, 10), 0);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 3);
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 12);
	ck_assert_uint_eq(rig.last_loss.first_seq, 4);
	ck_assert_uint_eq(rig.last_loss.count, 1);
	ck_assert_uint_eq(rig.last_loss.kseq, 99);
	ck_assert_uint_eq(rig.stored, 6);
}
END_TEST

START_TEST(test_kernel_state_survives)
{
	static struct spool_source list[SPOOL_SOURCES_MAX];
	uint32_t kseq;

	for (uint64_t bind = 1; bind <= SPOOL_SOURCES_MAX + 10; bind++)
		ck_assert_int_eq(rig_append_as(&rig, 1, 10, bind), 0);
	ck_assert_int_eq(rig_append_as(&rig, 2, 10, RIG_BIND), 0);
	uint32_t newest = rig.next_id - 1;

	for (int run = 0; run < 3; run++) {
		ck_assert(spool_source_last(rig.spool, RIG_BIND, &kseq));
		ck_assert_uint_eq(kseq, newest);
		ck_assert(!spool_source_last(rig.spool, 1, &kseq));
		ck_assert(spool_source_last(rig.spool, SPOOL_SOURCES_MAX, &kseq));
		ck_assert_uint_eq(kseq, SPOOL_SOURCES_MAX);
		ck_assert_uint_eq(spool_sources(rig.spool, list, SPOOL_SOURCES_MAX),
		    SPOOL_SOURCES_MAX);
		/* Acknowledged and gone: only the next header remembers. */
		rig_session(&rig);
		rig_drain(&rig, true);
		ck_assert_int_eq(rig_append_as(&rig, 1, 10, SPOOL_SOURCES_MAX + 10), 0);
		rig_session(&rig);
		rig_drain(&rig, true);
		rig_restart(&rig);
	}
}
END_TEST

START_TEST(test_silent_group_stays_known)
{
	const uint64_t silent = UINT64_C(1) << 32, place = 77;
	uint32_t kseq, number;

	ck_assert_int_eq(rig_append_as(&rig, 1, 10, silent), 0);
	number = rig.next_id - 1;
	/* A namespace comes and goes. */
	for (uint64_t i = 1; i <= SPOOL_SOURCES_MAX + 10; i++)
		ck_assert_int_eq(rig_append_as(&rig, 1, 10, i << 32 | place), 0);
	for (int run = 0; run < 2; run++) {
		ck_assert(spool_source_last(rig.spool, silent, &kseq));
		ck_assert_uint_eq(kseq, number);
		ck_assert(
		    !spool_source_last(rig.spool, UINT64_C(1) << 32 | place, &kseq));
		ck_assert(spool_source_last(rig.spool,
		    (uint64_t)(SPOOL_SOURCES_MAX + 10) << 32 | place, &kseq));
		rig_restart(&rig);
	}
}
END_TEST

START_TEST(test_kernel_numbers_wrap)
{
	struct batch_source source = {9, 1, UINT32_MAX};
	struct record rec = {0};
	uint32_t kseq;

	for (uint32_t i = 0; i < 3; i++, source.kseq++) {
		batch_begin(rig.writer);
		RECORD_SET(&rec, kseq, source.kseq);
		ck_assert_int_eq(batch_add(rig.writer, &rec), 0);
		ck_assert_int_eq(spool_append_batch(rig.spool, rig.writer, &source), 0);
	}
	rig_restart(&rig);
	ck_assert(spool_source_last(rig.spool, 9, &kseq));
	ck_assert_uint_eq(kseq, 1);
}
END_TEST

START_TEST(test_only_synced_frames_are_sent)
{
	rig_close(&rig);
	rig.conf.sync_never = false;
	rig.conf.sync_interval_ms = 60000;
	rig_open(&rig);
	rig_session(&rig);
	ck_assert_int_eq(
	    rig_append(&rig, 2, 10), 0); /* the first starts a sync at once */
	ck_assert_int_eq(rig_append(&rig, 2, 10), 0);
	rig_wait(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 1);
	spool_tick(rig.spool);
	ck_assert_uint_eq(rig_drain(&rig, true), 0);
	ck_assert_uint_eq(rig_counters(&rig).syncs, 1);
	rig_restart(&rig);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 1);
	ck_assert_uint_eq(rig.stored, 4);
}
END_TEST

START_TEST(test_interval_zero_syncs_every_frame)
{
	rig_close(&rig);
	rig.conf.sync_never = false;
	rig.conf.sync_interval_ms = 0;
	rig_open(&rig);
	rig_session(&rig);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
		ck_assert_uint_eq(rig_drain(&rig, true), 0);
		rig_wait(&rig);
		while (rig_drain(&rig, true) == 0)
			rig_wait(&rig);
	}
	ck_assert_uint_eq(rig.stored, 400);
	ck_assert_uint_ge(rig_counters(&rig).syncs, 40);
}
END_TEST

START_TEST(test_oldest_is_the_first_in_flight)
{
	struct bytes_view frame;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 10), 0);
	rig_session(&rig);
	ck_assert(rig_take(&rig, true));
	ck_assert_int_eq(spool_next(rig.spool, &frame), 1);
	ck_assert_uint_eq(
	    rig_counters(&rig).oldest_us, UINT64_C(1700000000000000) + 11);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 20);
}
END_TEST

/* A segment as an earlier run left it, with one record. */
static void
earlier_run(int dir, uint64_t number)
{
	const struct segment_header h = {.epoch = number, .first_seq = 1};
	struct batch_head head = {.epoch = number, .first_seq = 1};
	struct record rec = {0};
	struct bytes_view frame;

	batch_begin(rig.writer);
	RECORD_SET(&rec, kseq, rig.next_id++);
	ck_assert_int_eq(batch_add(rig.writer, &rec), 0);
	frame = batch_finish(rig.writer, &head);
	uint64_t end = SEGMENT_HEADER + frame.len;
	int fd = segment_create(dir, number, end, &h);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(segment_write(fd, SEGMENT_HEADER, frame.p, frame.len), 0);
	ck_assert_int_eq(segment_write_end(fd, end, number, 2), 0);
	close(fd);
}

/* HELLO names so many; the others come in further sessions, by themselves. */
START_TEST(test_more_runs_than_hello_names)
{
	const unsigned runs = 2 * (EPOCHS_MAX - 1) + 10;
	unsigned sessions = 1;

	rig_close(&rig);
	int dir = open(rig.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	for (unsigned i = 1; i <= runs; i++)
		earlier_run(dir, i);
	close(dir);
	rig_open(&rig);
	rig_session(&rig);
	while (rig_drain(&rig, true) > 0 && spool_wants_session(rig.spool)) {
		ck_assert_uint_eq(rig.stored, sessions * (EPOCHS_MAX - 1));
		sessions++;
		rig_session(&rig);
		ck_assert(!spool_wants_session(rig.spool));
	}
	ck_assert_uint_eq(sessions, 3);
	ck_assert_uint_eq(rig.stored, runs);
	ck_assert_uint_eq(rig_lost(&rig) + rig.lost_unknown, 0);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
}
END_TEST

START_TEST(test_second_writer_is_refused)
{
	char why[256];

	ck_assert_ptr_null(spool_open(&rig.conf, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "another process"));
}
END_TEST

START_TEST(test_sizes_that_cannot_work)
{
	struct spool_conf conf = rig.conf;
	char why[256];

	conf.segment_size = 4096;
	ck_assert_ptr_null(spool_open(&conf, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "segment_size"));
	conf.segment_size = SPOOL_SEGMENT_MIN;
	conf.size = SPOOL_SEGMENT_MIN;
	ck_assert_ptr_null(spool_open(&conf, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "spool_size"));
	conf.size = 64u << 20;
	conf.dir = "/dev/null/spool";
	ck_assert_ptr_null(spool_open(&conf, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "/dev/null/spool"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tc = tcase_create("spool");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_round_trip_over_segments);
	tcase_add_test(tc, test_nothing_before_resume);
	tcase_add_test(tc, test_empty_spool_offers_current_epoch);
	tcase_add_test(tc, test_restarts_keep_order_and_records);
	tcase_add_test(tc, test_reconnect_sends_again_from_the_mark);
	tcase_add_test(tc, test_mark_below_what_is_held_is_a_loss);
	tcase_add_test(tc, test_mark_and_ack_from_the_future);
	tcase_add_test(tc, test_append_after_everything_was_acked);
	tcase_add_test(tc, test_loss_takes_a_number);
	tcase_add_test(tc, test_kernel_state_survives);
	tcase_add_test(tc, test_silent_group_stays_known);
	tcase_add_test(tc, test_kernel_numbers_wrap);
	tcase_add_test(tc, test_only_synced_frames_are_sent);
	tcase_add_test(tc, test_interval_zero_syncs_every_frame);
	tcase_add_test(tc, test_oldest_is_the_first_in_flight);
	tcase_add_test(tc, test_more_runs_than_hello_names);
	tcase_add_test(tc, test_second_writer_is_refused);
	tcase_add_test(tc, test_sizes_that_cannot_work);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
