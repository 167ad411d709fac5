/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A spool or disk that is full or failing: records in = records out + records in LOSS.
 */
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/agent/spool_rig.h"

#define SEED_DEFAULT UINT64_C(7514)

static struct rig rig;
static uint64_t random_state;
static struct segment_io real_io;
static uint64_t told; /* records of losses that went in */

/* xorshift64* (Vigna 2016). */
static unsigned
random_below(unsigned n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717) >> 33) % n);
}

static void
setup(void)
{
	const char *seed = getenv("SEED");

	told = 0;
	random_state = seed != NULL ? strtoull(seed, NULL, 0) : SEED_DEFAULT;
	real_io = segment_io;
	rig_start(&rig);
}

static void
teardown(void)
{
	rig_stop(&rig);
	segment_io = real_io;
}

static void
reopen(uint64_t size, enum spool_when_full when_full)
{
	rig_close(&rig);
	rig.conf.size = size;
	rig.conf.when_full = when_full;
	rig_open(&rig);
}

static uint64_t
records_in(void)
{
	return rig.next_id - 1 + told;
}

static void
append_loss(uint64_t records)
{
	struct loss loss = {.cause = LOSS_KERNEL,
	    .bind_id = RIG_BIND,
	    .group = 5,
	    .kseq = rig.next_id - 1,
	    .records = records,
	    .from_us = UINT64_C(1700000000000000),
	    .to_us = UINT64_C(1700000000000000) + rig.next_id};

	(void)spool_append_loss(rig.spool, &loss); /* or it waits for room */
	told += records;
}

/* Nothing but what is on its way: each record stored, or in a LOSS. */
static void
expect_balance(void)
{
	ck_assert_uint_eq(rig.lost_unknown, 0);
	ck_assert_msg(rig.stored + rig_lost(&rig) == records_in(),
	    "in %llu = stored %llu + full %llu + corrupt %llu ?",
	    (unsigned long long)records_in(), (unsigned long long)rig.stored,
	    (unsigned long long)rig.lost[LOSS_SPOOL_FULL],
	    (unsigned long long)rig.lost[LOSS_CORRUPT]);
}

/* Drains while the spool settles: pending losses need a tick and room. */
static void
drain_all(void)
{
	rig_session(&rig);
	for (int i = 0; i < 200; i++) {
		rig_drain(&rig, true);
		if (rig.stored + rig_lost(&rig) == records_in())
			return;
		spool_tick(rig.spool);
		if (rig_drain(&rig, true) == 0) {
			struct pollfd p = {
			    .fd = spool_event_fd(rig.spool), .events = POLLIN};
			(void)poll(&p, 1, 50);
			spool_on_event(rig.spool);
		}
	}
}

START_TEST(test_drop_newest_keeps_the_oldest)
{
	unsigned kept = 0;

	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_NEWEST);
	while (rig_append(&rig, 10, 13000) == 0)
		kept += 10;
	ck_assert_uint_ge(kept, 250);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), -1);
	ck_assert_uint_eq(rig_counters(&rig).dropped, 210);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.stored, kept);
	for (unsigned id = 1; id <= kept; id++)
		ck_assert_uint_eq(rig.seen[id], 1);
	ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.lost[LOSS_SPOOL_FULL], 210);
	ck_assert_uint_eq(rig.last_loss.count, 1);
	ck_assert_uint_eq(rig.last_loss.from_us, UINT64_C(1700000000000001) + kept);
	ck_assert_uint_eq(rig.last_loss.to_us, UINT64_C(1700000000000000) + kept + 210);
	ck_assert_uint_eq(rig.last_loss.kseq, kept + 210);
	expect_balance();
}
END_TEST

START_TEST(test_drop_oldest_keeps_the_newest)
{
	reopen(3 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	rig_session(&rig);
	ck_assert(rig_take(&rig, true));
	ck_assert_int_eq(rig.last_loss.cause, LOSS_SPOOL_FULL);
	ck_assert_uint_eq(rig.last_loss.first_seq, 1);
	ck_assert_uint_eq(rig.last_loss.count, rig.last_loss.records);
	ck_assert_uint_eq(rig.last_loss.from_us, UINT64_C(1700000000000001));
	ck_assert_uint_eq(
	    rig.last_loss.to_us, UINT64_C(1700000000000000) + rig.last_loss.records);
	ck_assert_uint_eq(rig_counters(&rig).dropped, rig.last_loss.records);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.seen[2000], 1);
	ck_assert_uint_ge(rig.stored, 250);
	expect_balance();
}
END_TEST

START_TEST(test_drop_oldest_survives_restarts)
{
	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	for (int run = 0; run < 5; run++) {
		for (int i = 0; i < 30; i++)
			ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
		rig_restart(&rig);
	}
	/* Epochs of which nothing is left are still offered, for their LOSS. */
	drain_all();
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
	expect_balance();
	struct epoch_mark mark[8];
	ck_assert_uint_eq(spool_epochs(rig.spool, mark, 8), 1);
}
END_TEST

START_TEST(test_holes_file_lost)
{
	char path[512];

	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_close(&rig);
	snprintf(path, sizeof path, "%s/holes", rig.dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 20), 1);
	close(fd);
	rig_open(&rig);
	drain_all();
	ck_assert_uint_gt(rig.lost[LOSS_CORRUPT], 100);
	expect_balance();
}
END_TEST

START_TEST(test_hole_in_flight_does_not_grow)
{
	struct bytes_view frame;
	struct loss first, kernel = {.cause = LOSS_KERNEL, .records = 50};
	uint64_t epoch, last;

	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	ck_assert_int_eq(spool_append_loss(rig.spool, &kernel), 0);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_session(&rig);
	ck_assert_int_eq(spool_next(rig.spool, &frame), 1);
	rig_store(&rig, frame, &epoch, &last); /* committed, the ACK gets lost */
	first = rig.last_loss;
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_session(&rig);
	ck_assert(rig_take(&rig, true));
	ck_assert_uint_eq(rig.last_loss.first_seq, first.first_seq + first.count);
	rig_drain(&rig, true);
	/* A LOSS that is dropped is worth what it told, not the one number it took. */
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 0);
	rig.lost[LOSS_SPOOL_FULL] -= 50;
	expect_balance();
}
END_TEST

/*
 * A segment goes of which the collector has the beginning: what a LOSS in that told is
 * not told again. _i: the connection breaks, goes on, or the agent is started anew.
 */
START_TEST(test_hole_behind_a_loss_that_was_sent)
{
	struct loss kernel = {.cause = LOSS_KERNEL, .records = 50};

	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	rig_session(&rig);
	ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_int_eq(spool_append_loss(rig.spool, &kernel), 0);
	ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_int_eq(spool_append_loss(rig.spool, &kernel), 0);
	for (int i = 0; i < 3; i++)
		ck_assert(rig_take(&rig, false)); /* committed, the ACKs get lost */
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 50);
	if (_i == 2)
		rig_restart(&rig);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	if (_i > 0)
		rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 50);
	rig.lost[LOSS_KERNEL] -= 50;
	rig.lost[LOSS_SPOOL_FULL] -= 50; /* the other, which never was sent */
	expect_balance();
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
}
END_TEST

START_TEST(test_losses_fit_when_nothing_else_does)
{
	struct loss loss = {
	    .cause = LOSS_KERNEL, .records = 5, .from_us = 1, .to_us = 2};

	reopen(SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_NEWEST);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	loss.bind_id = RIG_BIND;
	ck_assert_int_eq(spool_append_loss(rig.spool, &loss), -1); /* waits, merged */
	ck_assert_int_eq(spool_append_loss(rig.spool, &loss), -1);
	/* At the end of the run they go into the room kept for them. */
	rig_restart(&rig);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	uint32_t kseq;
	ck_assert(spool_source_last(rig.spool, RIG_BIND, &kseq));
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 10);
	ck_assert_uint_eq(rig.lost[LOSS_SPOOL_FULL], 10);
	rig.lost[LOSS_KERNEL] = 0;
	expect_balance();
	ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
}
END_TEST

/* A full spool at the start of a run: its first losses need a segment of their own. */
START_TEST(test_full_from_the_start)
{
	reopen(SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_NEWEST);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	rig_restart(&rig);
	ck_assert_int_eq(rig_append(&rig, 10, 13000), -1);
	rig_restart(&rig);
	ck_assert_int_eq(rig_append(&rig, 10, 13000), -1);
	rig_restart(&rig);
	ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	drain_all();
	expect_balance();
	ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
}
END_TEST

/* Appends, deliveries, lost ACKs, broken connections and restarts in any order. */
static void
random_walk(enum spool_when_full when_full, unsigned steps)
{
	struct bytes_view frame;

	reopen((2 + random_below(3)) * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, when_full);
	rig_session(&rig);
	for (unsigned step = 0; step < steps; step++) {
		unsigned what = random_below(1000);

		if (what < 60)
			append_loss(random_below(90));
		else if (what < 500)
			(void)rig_append(
			    &rig, 1 + random_below(12), (uint16_t)random_below(20000));
		else if (what < 700)
			(void)rig_take(&rig, true);
		else if (what < 850)
			(void)rig_take(&rig, false);
		else if (what < 900)
			spool_on_event(rig.spool);
		else if (what < 950)
			while (
			    spool_next(rig.spool, &frame) == 1 && random_below(9) > 0)
				; /* on their way, never committed: */
		if (what >= 900 && what < 990) {
			rig_session(&rig); /* … the connection breaks */
		} else if (what >= 990) {
			rig_restart(&rig);
			rig_session(&rig);
		}
		if (what == 989)
			rig_drain(&rig, true);
		ck_assert_uint_le(rig_counters(&rig).bytes_used, rig.conf.size);
	}
	drain_all();
	expect_balance();
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
}

/* ---- the disk */

static atomic_int calls, fail_from, fail_count, fail_errno;

static bool
fails_now(void)
{
	int call = atomic_fetch_add(&calls, 1) + 1;

	return call >= fail_from && call < fail_from + fail_count;
}

static void
plant(int from, int count, int error)
{
	calls = 0;
	fail_from = from;
	fail_count = count;
	fail_errno = error;
}

static ssize_t
short_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (atomic_fetch_add(&calls, 1) % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return real_io.pwrite(fd, data, len > 1000 ? 1000 : len, offset);
}

static ssize_t
torn_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (!fails_now())
		return real_io.pwrite(fd, data, len, offset);
	if (len > 10) /* half of it, the next call fails */
		return real_io.pwrite(fd, data, len / 2, offset);
	errno = fail_errno;
	return -1;
}

static ssize_t
failing_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (fails_now()) {
		errno = fail_errno;
		return -1;
	}
	return real_io.pwrite(fd, data, len, offset);
}

static int
failing_fdatasync(int fd)
{
	if (fails_now()) {
		errno = fail_errno;
		return -1;
	}
	return real_io.fdatasync(fd);
}

static int
failing_fallocate(int fd, off_t offset, off_t len)
{
	return fails_now() ? fail_errno : real_io.fallocate(fd, offset, len);
}

static int
shaky_fdatasync(int fd)
{
	if (atomic_fetch_add(&calls, 1) % 17 == 16) {
		errno = EIO;
		return -1;
	}
	return real_io.fdatasync(fd);
}

START_TEST(test_random_walks)
{
	random_state += (uint64_t)_i * 1000003;
	printf("check_spool_full: walk %d, seed %llu\n", _i,
	    (unsigned long long)random_state);
	rig.conf.sync_never = _i % 4 < 2;
	rig.conf.sync_interval_ms = 0;
	if (_i % 8 >= 6)
		segment_io.fdatasync = shaky_fdatasync;
	random_walk(_i % 2 == 0 ? SPOOL_DROP_NEWEST : SPOOL_DROP_OLDEST, 1500);
}
END_TEST

START_TEST(test_short_writes_and_signals)
{
	segment_io.pwrite = short_pwrite;
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_restart(&rig);
	drain_all();
	ck_assert_uint_eq(rig.stored, 300);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 0);
}
END_TEST

START_TEST(test_write_fails_once)
{
	segment_io.pwrite = _i % 2 ? torn_pwrite : failing_pwrite;
	plant(1 + _i / 2, _i % 2 ? 20 : 1, _i % 4 < 2 ? EIO : ENOSPC);
	for (int i = 0; i < 40; i++)
		(void)rig_append(&rig, 10, 13000);
	segment_io = real_io;
	rig_restart(&rig);
	drain_all();
	expect_balance();
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 0);
}
END_TEST

/* Appends until the spool took one, at most for the deadline. */
static void
append_until_taken(void)
{
	for (int i = 0; i < RIG_DEADLINE_MS / 10; i++) {
		if (rig_append(&rig, 10, 1300) == 0)
			return;
		(void)poll(NULL, 0, 10); /* the disk is asked again every 100 ms */
	}
	ck_abort_msg("the spool did not recover");
}

START_TEST(test_no_space_for_a_segment)
{
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	segment_io.fallocate = failing_fallocate;
	plant(1, INT32_MAX / 2, ENOSPC);
	for (int i = 0; i < 40; i++)
		(void)rig_append(&rig, 10, 13000);
	uint64_t dropped = rig_counters(&rig).dropped;
	ck_assert_uint_gt(dropped, 200);
	segment_io = real_io;
	append_until_taken();
	dropped = rig_counters(&rig).dropped;
	drain_all();
	expect_balance();
	ck_assert_uint_eq(rig.lost[LOSS_SPOOL_FULL], dropped);
}
END_TEST

/*
 * A disk without room, everything acknowledged, and the worker is killed: where the
 * kernel's numbering stood is still known, or all it ever numbered would be a loss.
 */
START_TEST(test_full_disk_keeps_the_kernels_state)
{
	struct segment_header h = {.sources = 0};
	char path[512];
	int fd;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	segment_io.fallocate = failing_fallocate;
	plant(1, INT32_MAX / 2, ENOSPC);
	while (rig_append(&rig, 10, 13000) == 0)
		;
	drain_all();
	ck_assert_uint_ge(rig.stored, 100);
	ck_assert(rig_segment(&rig, 0, path));
	ck_assert_uint_eq(rig_segments(&rig), 1);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(segment_read_header(fd, &h), SEGMENT_OK);
	close(fd);
	ck_assert_uint_eq(h.sources, 1);
	ck_assert_uint_eq(h.source[0].source.kseq, rig.stored);
	ck_assert_uint_eq(rig_counters(&rig).bytes_used, 0);
	segment_io = real_io;
	append_until_taken();
	drain_all();
	expect_balance();
}
END_TEST

static ssize_t
headers_only(int fd, const void *data, size_t len, off_t offset)
{
	if (offset == 0)
		return real_io.pwrite(fd, data, len, offset);
	errno = EIO;
	return -1;
}

/* The same when the segment that was begun last never took a frame. */
START_TEST(test_empty_segment_keeps_the_kernels_state)
{
	struct segment_header h = {.sources = 0};
	char path[512];
	int fd;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	drain_all();
	ck_assert_uint_eq(rig.stored, 100);
	segment_io.pwrite = headers_only;
	(void)rig_append(&rig, 10, 13000);
	segment_io = real_io;
	ck_assert(rig_segment(&rig, 0, path));
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(segment_read_header(fd, &h), SEGMENT_OK);
	close(fd);
	ck_assert_uint_eq(h.sources, 1);
	ck_assert_uint_eq(h.source[0].source.kseq, 100);
	append_until_taken();
	drain_all();
	expect_balance();
}
END_TEST

static void
sync_on(uint64_t interval_ms)
{
	rig_close(&rig);
	rig.conf.sync_never = false;
	rig.conf.sync_interval_ms = interval_ms;
	rig_open(&rig);
	rig_session(&rig);
}

START_TEST(test_sync_fails_once)
{
	sync_on(0);
	segment_io.fdatasync = failing_fdatasync;
	plant(1 + _i, 1, EIO);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
		if (i % 3 == 0)
			rig_wait(&rig);
		rig_drain(&rig, i % 2 == 0);
	}
	drain_all();
	ck_assert_uint_eq(rig.stored, 400);
	ck_assert_uint_eq(rig_lost(&rig), 0);
	ck_assert_uint_eq(rig_counters(&rig).sync_errors, 1);
	ck_assert_int_eq(rig_append(&rig, 10, 100), 0);
	rig_restart(&rig);
	drain_all();
	expect_balance();
	ck_assert_uint_eq(rig_lost(&rig), 0);
}
END_TEST

/* What failed to be synced is read from the new place, even if the old one goes bad. */
START_TEST(test_sync_failure_rewrites)
{
	char path[512];

	sync_on(60000);
	segment_io.fdatasync = failing_fdatasync;
	plant(1, 1, EIO);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert(rig_segment(&rig, 0, path));
	rig_wait(&rig);
	ck_assert_int_ne(access(path, F_OK), 0); /* nothing of it was ever synced */
	rig_wait(&rig);
	drain_all();
	rig_restart(&rig);
	drain_all();
	ck_assert_uint_eq(rig.stored, 300);
}
END_TEST

START_TEST(test_sync_always_fails)
{
	sync_on(0);
	segment_io.fdatasync = failing_fdatasync;
	plant(1, INT32_MAX / 2, EIO);
	for (int i = 0; i < 60; i++) {
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
		if (i < 2)
			rig_wait(&rig);
		rig_drain(&rig, true);
	}
	ck_assert_uint_ge(rig_counters(&rig).sync_errors, 2);
	rig_restart(&rig);
	segment_io = real_io;
	drain_all();
	ck_assert_uint_eq(rig.stored, 600);
	ck_assert_uint_eq(rig_lost(&rig), 0);
}
END_TEST

/* ---- the file `holes` */

static pthread_t loop_thread;
static atomic_uint loop_syncs;
static atomic_bool holes_refused;

static int
watched_fdatasync(int fd)
{
	if (pthread_equal(pthread_self(), loop_thread))
		loop_syncs++;
	return real_io.fdatasync(fd);
}

static ssize_t
refusing_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (holes_refused && len > 11 && memcmp(data, "fwlog-holes", 11) == 0) {
		errno = ENOSPC;
		return -1;
	}
	return real_io.pwrite(fd, data, len, offset);
}

static int
stuck_fdatasync(int fd)
{
	while (fd >= 0)
		pause();
	return -1;
}

static bool
holes_there(void)
{
	char path[512];

	snprintf(path, sizeof path, "%s/holes", rig.dir);
	return access(path, F_OK) == 0;
}

/* Ticks until the file is there, at most for the deadline. */
static bool
holes_come(void)
{
	for (int i = 0; i < RIG_DEADLINE_MS / 20 && !holes_there(); i++) {
		spool_tick(rig.spool);
		spool_on_event(rig.spool);
		(void)poll(NULL, 0, 20);
	}
	return holes_there();
}

static void
drop_some(void)
{
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_uint_gt(rig_counters(&rig).dropped, 0);
}

START_TEST(test_dropping_never_waits_for_the_disk)
{
	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	sync_on(200);
	loop_thread = pthread_self();
	loop_syncs = 0;
	segment_io.fdatasync = watched_fdatasync;
	drop_some();
	ck_assert(holes_come());
	drain_all();
	ck_assert_uint_eq(loop_syncs, 0);
	expect_balance();
}
END_TEST

START_TEST(test_holes_are_written_once_there_is_room)
{
	rig.conf.sync_never = _i == 0;
	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	segment_io.pwrite = refusing_pwrite;
	holes_refused = true;
	drop_some();
	ck_assert(!holes_there());
	holes_refused = false;
	ck_assert(holes_come());
	rig_restart(&rig);
	drain_all();
	expect_balance();
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
}
END_TEST

START_TEST(test_holes_are_synced_again)
{
	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	sync_on(0);
	segment_io.fdatasync = failing_fdatasync;
	plant(1, 4, EIO);
	drop_some();
	ck_assert(holes_come());
	ck_assert_int_gt(calls, 4);
	drain_all();
	expect_balance();
}
END_TEST

/* Killed before the disk had it: what was written is found all the same. */
START_TEST(test_holes_of_a_killed_worker)
{
	int status;

	reopen(2 * SPOOL_SEGMENT_MIN + SEGMENT_SMALL, SPOOL_DROP_OLDEST);
	rig_close(&rig);
	rig.conf.sync_never = false;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(RIG_DEADLINE_MS / 1000);
		segment_io.fdatasync = stuck_fdatasync;
		rig_open(&rig);
		drop_some();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(!holes_there());
	rig.next_id = 601;
	rig_open(&rig);
	drain_all();
	expect_balance();
	ck_assert_uint_gt(rig.lost[LOSS_SPOOL_FULL], 0);
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 0);
}
END_TEST

/* ---- a real full disk */

START_TEST(test_tmpfs_full_and_freed)
{
	char filler[512];
	static const uint8_t block[65536];

	if (geteuid() != 0 || mount("none", rig.dir, "tmpfs", 0, "size=7m") < 0) {
		printf("check_spool_full: no right to mount a tmpfs, its test is "
		       "skipped\n");
		return;
	}
	rig_close(&rig);
	rig.conf.when_full = _i == 0 ? SPOOL_DROP_NEWEST : SPOOL_DROP_OLDEST;
	rig_open(&rig);
	snprintf(filler, sizeof filler, "%s/filler", rig.dir);
	int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	while (write(fd, block, sizeof block) > 0)
		;
	close(fd);
	for (int i = 0; i < 60; i++)
		(void)rig_append(&rig, 10, 13000);
	ck_assert_uint_ge(rig_counters(&rig).dropped, 300);
	ck_assert_int_eq(unlink(filler), 0);
	append_until_taken();
	drain_all();
	expect_balance();
	rig_close(&rig);
	ck_assert_int_eq(umount(rig.dir), 0);
	rig_open(&rig);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool_full");
	TCase *tc = tcase_create("full");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_drop_newest_keeps_the_oldest);
	tcase_add_test(tc, test_drop_oldest_keeps_the_newest);
	tcase_add_test(tc, test_drop_oldest_survives_restarts);
	tcase_add_test(tc, test_holes_file_lost);
	tcase_add_test(tc, test_hole_in_flight_does_not_grow);
	tcase_add_loop_test(tc, test_hole_behind_a_loss_that_was_sent, 0, 3);
	tcase_add_test(tc, test_losses_fit_when_nothing_else_does);
	tcase_add_test(tc, test_full_from_the_start);
	tcase_add_loop_test(tc, test_random_walks, 0, 16);
	tcase_add_test(tc, test_short_writes_and_signals);
	tcase_add_loop_test(tc, test_write_fails_once, 0, 24);
	tcase_add_test(tc, test_no_space_for_a_segment);
	tcase_add_test(tc, test_full_disk_keeps_the_kernels_state);
	tcase_add_test(tc, test_empty_segment_keeps_the_kernels_state);
	tcase_add_loop_test(tc, test_sync_fails_once, 0, 12);
	tcase_add_test(tc, test_sync_failure_rewrites);
	tcase_add_test(tc, test_sync_always_fails);
	tcase_add_test(tc, test_dropping_never_waits_for_the_disk);
	tcase_add_loop_test(tc, test_holes_are_written_once_there_is_room, 0, 2);
	tcase_add_test(tc, test_holes_are_synced_again);
	tcase_add_test(tc, test_holes_of_a_killed_worker);
	tcase_add_loop_test(tc, test_tmpfs_full_and_freed, 0, 2);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
