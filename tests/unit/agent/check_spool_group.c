/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of frames: whatever part of one a killed worker had written, after a restart
 * all of it is there or nothing, and the kernel's numbering says the same.
 */
#include "tests/unit/agent/spool_rig.h"

#define MINUTE (UINT64_C(1700000040) * 1000000)
#define BEFORE 3 /* records in front of the group */
#define INSIDE 4 /* records of it that are kept */

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

/* ---- groups */

static struct filtered
filtered_of(uint64_t bind_id, uint32_t kseq)
{
	static const uint8_t prefix[] = "drop: ";
	struct filtered m = {.bind_id = bind_id, .group = 5, .kseq = kseq};

	m.entries = 3;
	m.entry[0] = (struct filtered_entry){7, MINUTE, 10, {prefix, 6}};
	m.entry[1] =
	    (struct filtered_entry){FILTERED_BY_LOCAL, MINUTE, 20, {prefix, 0}};
	m.entry[2] = (struct filtered_entry){
	    FILTERED_BY_RATE, MINUTE + MINUTE_US, 30, {prefix, 6}};
	return m;
}

/* A loss, what was filtered, and a batch; what spool_group_end said. */
static int
append_group(struct rig *r, uint64_t bind_id)
{
	struct loss loss = {.bind_id = bind_id,
	    .group = 5,
	    .kseq = r->next_id - 1,
	    .cause = LOSS_KERNEL,
	    .records = 5,
	    .from_us = MINUTE,
	    .to_us = MINUTE};
	struct filtered filtered = filtered_of(bind_id, r->next_id + INSIDE - 1);

	spool_group_begin(r->spool);
	ck_assert_int_eq(spool_append_loss(r->spool, &loss), 0);
	ck_assert_int_eq(spool_append_filtered(r->spool, &filtered), 0);
	ck_assert_int_eq(rig_append_as(r, INSIDE, 40, bind_id), 0);
	return spool_group_end(r->spool);
}

/* ---- copies of the directory, as a kill would leave it */

static char copy[300];

static void
path_of(char *path, size_t size, unsigned number)
{
	snprintf(path, size, "%s/%016u.seg", copy, number);
}

static void
copy_dir(void)
{
	char command[1000];

	snprintf(copy, sizeof copy, "%s.copy", rig.dir);
	snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", copy,
	    rig.dir, copy);
	ck_assert_int_eq(system(command), 0);
}

/* Where the frames in the file end, of which the first `frames` are passed over. */
static size_t
frames_end(unsigned number, unsigned frames)
{
	static uint8_t bytes[SPOOL_SEGMENT_MIN];
	char path[400];
	size_t at = SEGMENT_HEADER;
	struct frame frame;
	const char *why;
	long len;

	path_of(path, sizeof path, number);
	int fd = open(path, O_RDONLY);
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);

	close(fd);
	ck_assert_int_gt(n, SEGMENT_HEADER);
	while (frames-- > 0 &&
	       (len = frame_parse(bytes + at, (size_t)n - at, &frame, &why)) > 0)
		at += (size_t)len;
	return at;
}

/* The first `keep` bytes are written; what was preallocated behind them is zero. */
static void
cut_file(unsigned number, size_t keep, size_t zeros)
{
	char path[400];

	path_of(path, sizeof path, number);
	ck_assert_int_eq(truncate(path, (off_t)keep), 0);
	ck_assert_int_eq(truncate(path, (off_t)(keep + zeros)), 0);
}

/* A second agent on the copy, with its own collector. */
static void
open_copy(struct rig *r)
{
	*r = rig;
	r->conf.dir = copy;
	r->marks = 0;
	r->stored = r->filtered = r->lost_unknown = 0;
	memset(r->lost, 0, sizeof r->lost);
	memset(r->seen, 0, RIG_RECORDS);
	rig_open(r);
}

static uint32_t
drain_copy(struct rig *r, uint64_t bind_id)
{
	uint32_t kseq = 0;

	(void)spool_source_last(r->spool, bind_id, &kseq);
	rig_session(r);
	rig_drain(r, true);
	spool_close(r->spool);
	return kseq;
}

/* ---- tests */

START_TEST(all_arrives_in_its_order)
{
	rig_append(&rig, BEFORE, 40);
	ck_assert_int_eq(append_group(&rig, RIG_BIND), 0);
	rig_append(&rig, 1, 40);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 5);
	ck_assert_uint_eq(rig.stored, BEFORE + INSIDE + 1);
	ck_assert_uint_eq(rig.filtered, 60);
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 5);
}
END_TEST

START_TEST(a_kill_at_every_byte_leaves_all_or_nothing)
{
	struct rig other;
	uint32_t kseq;

	rig_append(&rig, BEFORE, 40);
	ck_assert_int_eq(append_group(&rig, RIG_BIND), 0);
	copy_dir();
	size_t begin = frames_end(1, 1), end = frames_end(1, 4);

	ck_assert_uint_gt(end, begin + 300);
	ck_assert_uint_eq(frames_end(1, 99), end);
	for (size_t keep = end; keep >= begin; keep--) {
		copy_dir();
		cut_file(1, keep, keep % 2 * 5000);
		open_copy(&other);
		kseq = drain_copy(&other, RIG_BIND);
		ck_assert_uint_eq(other.lost[LOSS_CORRUPT], 0);
		if (keep == end) {
			ck_assert_uint_eq(kseq, BEFORE + INSIDE);
			ck_assert_uint_eq(other.stored, BEFORE + INSIDE);
			ck_assert_uint_eq(other.filtered, 60);
			ck_assert_uint_eq(other.lost[LOSS_KERNEL], 5);
		} else {
			ck_assert_uint_eq(kseq, BEFORE);
			ck_assert_uint_eq(other.stored, BEFORE);
			ck_assert_uint_eq(other.filtered, 0);
			ck_assert_uint_eq(other.lost[LOSS_KERNEL], 0);
		}
	}
	rig_run("rm -rf", copy);
}
END_TEST

/* Frames that are no group stand for themselves, as they always did. */
START_TEST(frames_for_themselves_are_cut_one_by_one)
{
	struct rig other;

	rig_append(&rig, BEFORE, 40);
	rig_append(&rig, INSIDE, 40);
	copy_dir();
	cut_file(1, frames_end(1, 2) - 1, 100);
	open_copy(&other);
	ck_assert_uint_eq(drain_copy(&other, RIG_BIND), BEFORE);
	ck_assert_uint_eq(other.stored, BEFORE);
	rig_run("rm -rf", copy);
}
END_TEST

static void
fill_spool(void)
{
	rig_close(&rig);
	rig.conf.size = SPOOL_SEGMENT_MIN + SEGMENT_SMALL;
	rig_open(&rig);
	while (rig_append(&rig, 10, 60000) == 0)
		;
}

/* What is refused is counted by cause; it becomes losses, and is sent as such. */
START_TEST(a_group_without_room_becomes_losses)
{
	fill_spool();
	ck_assert_int_eq(append_group(&rig, 99), -1);
	rig_restart(&rig);
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.lost[LOSS_KERNEL], 5);
	ck_assert_uint_eq(rig.lost[LOSS_FILTERED], 30);
	ck_assert_uint_eq(rig.lost[LOSS_RATE_LIMITED], 30);
	ck_assert_uint_eq(rig.lost[LOSS_SPOOL_FULL], 10 + INSIDE);
	ck_assert_uint_eq(rig.stored + 10 + INSIDE, rig.next_id - 1);
	ck_assert_uint_eq(rig.filtered, 0);
}
END_TEST

/*
 * All losses of one binding carry its newest number: with one of them on disk and the
 * others not, the others would never be written.
 */
START_TEST(pending_losses_of_a_binding_are_one_group)
{
	struct rig other;
	unsigned whole = 0;
	uint32_t newest;

	fill_spool();
	ck_assert_int_eq(append_group(&rig, 99), -1);
	newest = rig.next_id - 1;
	rig_close(&rig);
	copy_dir();
	size_t begin = frames_end(1, 3), end = frames_end(1, 99);

	ck_assert_uint_gt(end, begin + 300);
	for (size_t keep = end; keep >= begin; keep--) {
		copy_dir();
		cut_file(1, keep, keep % 2 * 5000);
		open_copy(&other);
		uint32_t kseq = drain_copy(&other, 99);
		bool there = kseq == newest;

		whole += there;
		ck_assert(there || kseq == 0);
		ck_assert_uint_eq(other.lost[LOSS_KERNEL], there ? 5 : 0);
		ck_assert_uint_eq(other.lost[LOSS_FILTERED], there ? 30 : 0);
		ck_assert_uint_eq(other.lost[LOSS_RATE_LIMITED], there ? 30 : 0);
	}
	ck_assert_uint_ge(whole, 1);
	ck_assert_uint_lt(whole, (end - begin) / 2);
	rig_run("rm -rf", copy);
	rig_open(&rig);
}
END_TEST

/* The longest that may be appended to a group that is not full has room. */
START_TEST(groups_have_room_for_what_may_come)
{
	unsigned n = 0;

	spool_group_begin(rig.spool);
	while (!spool_group_full(rig.spool)) {
		struct loss loss = {.cause = LOSS_KERNEL, .records = 1};
		struct filtered m = filtered_of(RIG_BIND, 1);

		ck_assert_int_eq(spool_append_loss(rig.spool, &loss), 0);
		m.entries = FILTERED_MAX;
		for (int i = 0; i < FILTERED_MAX; i++)
			m.entry[i] = (struct filtered_entry){
			    7, MINUTE, 1, {(const uint8_t *)rig.seen, 255}};
		ck_assert_int_eq(spool_append_filtered(rig.spool, &m), 0);
		ck_assert_int_eq(rig_append(&rig, 15, 65000), 0);
		n++;
	}
	ck_assert_int_eq(spool_group_end(rig.spool), 0);
	rig_session(&rig);
	ck_assert_uint_eq(rig_drain(&rig, true), 3 * n);
	ck_assert_uint_eq(rig.filtered, (uint64_t)n * FILTERED_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool_group");
	TCase *tc = tcase_create("spool_group");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_arrives_in_its_order);
	tcase_add_test(tc, a_kill_at_every_byte_leaves_all_or_nothing);
	tcase_add_test(tc, frames_for_themselves_are_cut_one_by_one);
	tcase_add_test(tc, a_group_without_room_becomes_losses);
	tcase_add_test(tc, pending_losses_of_a_binding_are_one_group);
	tcase_add_test(tc, groups_have_room_for_what_may_come);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
