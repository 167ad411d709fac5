/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a disk, a crash or a stranger may do to the files: it always starts, nothing
 * that is damaged comes out, all the rest does, and the numbers have no gap. */
#include <sys/wait.h>

#include "common/crc32c.h"
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

struct content {
	uint8_t *p;
	size_t len;
};

static struct content
file_get(const char *path)
{
	struct content c = {NULL, 0};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	c.len = (size_t)st.st_size;
	c.p = malloc(c.len + 1);
	ck_assert_ptr_nonnull(c.p);
	ck_assert_int_eq(read(fd, c.p, c.len), (ssize_t)c.len);
	close(fd);
	return c;
}

static void
file_put(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void
file_flip(const char *path, off_t offset)
{
	uint8_t byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x10;
	ck_assert_int_eq(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

/* Forgets what was stored, so that one spool can be read again from the start. */
static void
collector_reset(void)
{
	memset(rig.seen, 0, RIG_RECORDS);
	memset(rig.lost, 0, sizeof rig.lost);
	rig.marks = 0;
	rig.stored = rig.lost_unknown = rig.lost_numbers = 0;
}

/* Puts a file into the spool's directory. */
static void
spool_put(const char *name, const void *data, size_t len)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", rig.dir, name);
	file_put(path, data, len);
}

static void
spool_empty(void)
{
	char path[512];

	while (rig_segment(&rig, 0, path))
		ck_assert_int_eq(unlink(path), 0);
}

/* Opens, reads everything without acknowledging, closes. */
static void
read_all(void)
{
	collector_reset();
	rig_open(&rig);
	spool_tick(rig.spool);
	rig_session(&rig);
	rig_drain(&rig, false);
}

/* The end of the first segment's last frame, the end mark left out. */
static size_t
written(const struct content *c)
{
	return c->len - SEGMENT_END_MARK;
}

/* Frames of 3 records each; the segment as a killed worker leaves it, and each frame's
 * end. */
static struct content
killed_segment(unsigned frames, size_t end[])
{
	char path[512];
	struct content c;

	end[0] = SEGMENT_HEADER;
	for (unsigned i = 0; i < frames; i++)
		ck_assert_int_eq(rig_append(&rig, 3, 20), 0);
	ck_assert(rig_segment(&rig, 0, path));
	c = file_get(path);
	for (unsigned i = 0; i < frames; i++) {
		struct frame f;
		const char *why;
		long n = frame_parse(c.p + end[i], c.len - end[i], &f, &why);

		ck_assert_int_gt(n, 0);
		end[i + 1] = end[i] + (size_t)n;
	}
	rig_close(&rig);
	spool_empty();
	return c;
}

static void
expect_torn(unsigned whole)
{
	read_all();
	ck_assert_uint_eq(rig.stored, 3 * whole);
	ck_assert_uint_eq(rig_lost(&rig), 0);
	ck_assert_uint_eq(rig.lost_unknown, 0);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 0);
	rig_close(&rig);
	/* Once cut it stays so. */
	read_all();
	ck_assert_uint_eq(rig.stored, 3 * whole);
	rig_close(&rig);
	spool_empty();
}

START_TEST(test_torn_at_every_offset)
{
	size_t end[5];
	struct content c = killed_segment(4, end);
	uint8_t *torn = malloc(c.len);

	ck_assert_ptr_nonnull(torn);
	for (size_t at = end[3]; at < end[4]; at++) {
		/* What was not written is zero … */
		memcpy(torn, c.p, 2 * end[4]);
		memset(torn + at, 0, 2 * end[4] - at);
		spool_put("0000000000000001.seg", torn, 2 * end[4]);
		if (memcmp(torn, c.p, end[4]) != 0) /* a CRC may end in zeros */
			expect_torn(3);
		/* … or the file ends. */
		spool_put("0000000000000001.seg", c.p, at);
		expect_torn(3);
	}
	free(torn);
	free(c.p);
	rig_open(&rig);
}
END_TEST

START_TEST(test_killed_worker_loses_nothing)
{
	size_t end[5];
	struct content c = killed_segment(4, end);
	uint32_t kseq;

	spool_put("0000000000000001.seg", c.p, c.len);
	read_all();
	ck_assert_uint_eq(rig.stored, 12);
	ck_assert(spool_source_last(rig.spool, RIG_BIND, &kseq));
	ck_assert_uint_eq(kseq, 12);
	free(c.p);

	/* The room it took is accounted for when it is gone. */
	ck_assert_int_eq(rig_append(&rig, 1, 100), 0);
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig_counters(&rig).bytes_used, rig.conf.segment_size);
}
END_TEST

static void
expect_all_but_one_frame(size_t at, unsigned records)
{
	read_all();
	if (rig.lost_unknown > 0) { /* the header: nobody knows what was in it */
		ck_assert_uint_lt(at, SEGMENT_HEADER);
		ck_assert_uint_eq(rig.stored, 0);
		ck_assert_uint_eq(rig_counters(&rig).corrupt, 1);
	} else {
		ck_assert_msg(rig.stored + rig.lost[LOSS_CORRUPT] == records,
		    "offset %zu: %llu stored, %llu lost", at,
		    (unsigned long long)rig.stored,
		    (unsigned long long)rig.lost[LOSS_CORRUPT]);
		ck_assert_uint_ge(rig.stored, records - 3);
		ck_assert_uint_eq(rig_counters(&rig).corrupt, rig.stored < records);
	}
	rig_close(&rig);
	spool_empty();
}

START_TEST(test_bit_flip_in_every_byte)
{
	char path[512];

	log_set_level(LOG_LEVEL_ERROR);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rig_append(&rig, 3, 20), 0);
	rig_close(&rig);
	ck_assert(rig_segment(&rig, 0, path));
	struct content c = file_get(path);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO); /* thousands of complaints, all justified */
	close(null);
	for (size_t at = 0; at < c.len; at++) {
		c.p[at] ^= (uint8_t)(1u << (at % 8));
		spool_put("0000000000000001.seg", c.p, c.len);
		expect_all_but_one_frame(at, 12);
		c.p[at] ^= (uint8_t)(1u << (at % 8));
	}
	free(c.p);
	rig_open(&rig);
}
END_TEST

/* Three or more segments of batches of 10 records, closed; how many records. */
static unsigned
fill_segments(void)
{
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	ck_assert_uint_ge(rig_segments(&rig), 4);
	rig_close(&rig);
	return 600;
}

START_TEST(test_middle_segment_deleted)
{
	unsigned records = fill_segments();
	char path[512];
	struct loss first;

	ck_assert(rig_segment(&rig, 1, path));
	ck_assert_int_eq(unlink(path), 0);
	read_all();
	ck_assert_uint_gt(rig.lost[LOSS_CORRUPT], 100);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], records);
	first = rig.last_loss;
	for (int i = 0; i < 3; i++) {
		rig_close(&rig);
		read_all();
		ck_assert_uint_eq(rig.last_loss.first_seq, first.first_seq);
		ck_assert_uint_eq(rig.last_loss.count, first.count);
		ck_assert_uint_eq(rig.last_loss.epoch, first.epoch);
		ck_assert_uint_eq(rig.last_loss.from_us, first.from_us);
		ck_assert_uint_eq(rig.last_loss.to_us, first.to_us);
	}
}
END_TEST

START_TEST(test_segments_swapped)
{
	unsigned records = fill_segments();
	char a[512], b[512], c[600];

	ck_assert(rig_segment(&rig, 0, a));
	ck_assert(rig_segment(&rig, 2, b));
	snprintf(c, sizeof c, "%s.tmp", a);
	ck_assert(rename(a, c) == 0 && rename(b, a) == 0 && rename(c, b) == 0);
	read_all();
	ck_assert_uint_eq(rig.stored, records);
	ck_assert_uint_eq(rig_lost(&rig), 0);
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
}
END_TEST

START_TEST(test_segment_twice)
{
	unsigned records = fill_segments();
	char a[512];

	ck_assert(rig_segment(&rig, 1, a));
	struct content c = file_get(a);
	spool_put("0000000000000077.seg", c.p, c.len);
	free(c.p);
	read_all();
	ck_assert_uint_eq(rig.stored, records);
	ck_assert_uint_eq(rig_lost(&rig), 0);
	ck_assert_int_eq(rig_append(&rig, 1, 1), 0);
	ck_assert(access(rig.dir, R_OK) == 0);
	snprintf(a, sizeof a, "%s/0000000000000078.seg", rig.dir);
	ck_assert_int_eq(access(a, R_OK), 0);
}
END_TEST

static void
expect_acked_harmless(const char *text)
{
	char path[512];

	snprintf(path, sizeof path, "%s/acked", rig.dir);
	rig_close(&rig);
	unlink(path);
	if (text != NULL)
		file_put(path, text, strlen(text));
	read_all();
	ck_assert_uint_eq(rig.stored, 60);
	ck_assert_uint_eq(rig_lost(&rig), 0);
}

START_TEST(test_acked_file_is_only_a_hint)
{
	const char *const of_the_future[] = {"1000000", "59"};
	char text[128];

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(rig_append(&rig, 3, 20), 0);
	expect_acked_harmless(NULL);
	expect_acked_harmless("");
	expect_acked_harmless("fwlog-acked 1\n");
	expect_acked_harmless("fwlog-acked 1\nrubbish and more of it");
	for (int i = 0; i < 2; i++) {
		int n = snprintf(text, sizeof text, "fwlog-acked 1\n%llu %s\n",
		    (unsigned long long)spool_epoch(rig.spool), of_the_future[i]);

		expect_acked_harmless(text);
		snprintf(text + n, sizeof text - (size_t)n, "crc %08x\n",
		    crc32c(0, text, (size_t)n));
		expect_acked_harmless(text);
	}
}
END_TEST

START_TEST(test_foreign_files_are_left_alone)
{
	static const char *const names[] = {"README", "1.seg", "000000000000000x.seg",
	    "9999999999999999.seg", "0000000000000005.seg.bak", "0000000000000000.seg"};
	char path[512];

	ck_assert_int_eq(rig_append(&rig, 3, 20), 0);
	rig_close(&rig);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		spool_put(names[i], "hello", 5);
	snprintf(path, sizeof path, "%s/0000000000000040.seg", rig.dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/0000000000000041.seg", rig.dir);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	read_all();
	ck_assert_uint_eq(rig.stored, 3);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", rig.dir, names[i]);
		ck_assert_int_eq(access(path, R_OK), 0);
	}
	ck_assert_int_eq(rig_append(&rig, 1, 1), 0);
	snprintf(path, sizeof path, "%s/0000000000000042.seg", rig.dir);
	ck_assert_int_eq(access(path, R_OK), 0);
}
END_TEST

START_TEST(test_header_gone_moves_the_file)
{
	unsigned records = fill_segments();
	char path[512];

	ck_assert(rig_segment(&rig, 1, path));
	file_flip(path, 20);
	read_all();
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 1);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], records);
	ck_assert_uint_eq(rig.lost_unknown, 1);
	snprintf(path, sizeof path, "%s/damaged/0000000000000002-0", rig.dir);
	ck_assert_int_eq(access(path, R_OK), 0);
}
END_TEST

/* A worker that is killed at its start leaves it to the next one to tell. */
START_TEST(test_header_gone_and_killed_at_the_start)
{
	unsigned records = fill_segments();
	char path[512], why[512];

	ck_assert(rig_segment(&rig, 1, path));
	file_flip(path, 20);
	rig_close(&rig);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		int status = 0;

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			struct spool *s = spool_open(&rig.conf, why, sizeof why);

			_exit(s != NULL ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	rig_open(&rig);
	rig_restart(&rig);
	ck_assert_int_ne(access(path, F_OK), 0);
	rig_close(&rig);
	read_all();
	ck_assert_uint_eq(rig.lost_unknown, 1);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], records);
}
END_TEST

/* With a sync to wait for: the file moves once the loss is on disk. */
START_TEST(test_header_gone_moves_after_the_sync)
{
	char path[512];

	(void)fill_segments();
	ck_assert(rig_segment(&rig, 1, path));
	file_flip(path, 20);
	rig_close(&rig);
	rig.conf.sync_never = false;
	rig.conf.sync_interval_ms = 60000;
	rig_open(&rig);
	ck_assert_int_eq(access(path, F_OK), 0);
	spool_tick(rig.spool); /* writes the loss and starts its sync */
	rig_wait(&rig);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_uint_ge(rig_counters(&rig).syncs, 1);
}
END_TEST

START_TEST(test_blank_segment_is_no_damage)
{
	static const uint8_t zero[SEGMENT_HEADER + 100];

	rig_close(&rig);
	spool_put("0000000000000003.seg", "", 0);
	spool_put("0000000000000004.seg", zero, sizeof zero);
	rig_open(&rig);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 0);
	ck_assert_uint_eq(rig_segments(&rig), 0);
}
END_TEST

START_TEST(test_damaged_is_bounded)
{
	size_t end[201];
	char path[512];

	log_set_level(LOG_LEVEL_ERROR);
	struct content c = killed_segment(200, end);
	for (int i = 1; i < 199; i += 2)
		c.p[end[i] + 30] ^= 1;
	spool_put("0000000000000001.seg", c.p, c.len);
	free(c.p);
	read_all();
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 99);
	ck_assert_uint_eq(rig.stored, 600 - 297);
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 297);
	/* Read again, the same damage is not counted again. */
	rig_session(&rig);
	rig_drain(&rig, false);
	ck_assert_uint_eq(rig_counters(&rig).corrupt, 99);
	snprintf(path, sizeof path, "%s/damaged", rig.dir);
	DIR *d = opendir(path);
	unsigned files = 0;
	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		files += e->d_name[0] != '.';
	closedir(d);
	ck_assert_uint_ge(files, 60);
	ck_assert_uint_le(files, 64);
}
END_TEST

START_TEST(test_last_frame_damaged_after_a_clean_end)
{
	char path[512];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rig_append(&rig, 3, 20), 0);
	rig_close(&rig);
	ck_assert(rig_segment(&rig, 0, path));
	struct content c = file_get(path);
	file_flip(path, (off_t)written(&c) - 1);
	free(c.p);
	read_all();
	ck_assert_uint_eq(rig.stored, 9);
	ck_assert_uint_eq(rig.last_loss.first_seq, 10);
	ck_assert_uint_eq(rig.last_loss.count, 3);
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 3);
}
END_TEST

START_TEST(test_cut_short_while_it_is_read)
{
	char path[512];

	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_session(&rig);
	ck_assert(rig_take(&rig, true));
	for (unsigned i = 0; rig_segment(&rig, i, path); i++)
		ck_assert_int_eq(truncate(path, SEGMENT_HEADER + 300000), 0);
	rig_drain(&rig, true);
	ck_assert_uint_gt(rig.stored, 20);
	ck_assert_uint_lt(rig.stored, 200);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], 600);
	/* The segment that is written goes on. */
	ck_assert_int_eq(rig_append(&rig, 10, 100), 0);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], 610);
	ck_assert_uint_eq(rig_counters(&rig).records_waiting, 0);
}
END_TEST

START_TEST(test_all_files_deleted_while_it_runs)
{
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	spool_empty();
	rig_session(&rig);
	rig_drain(&rig, true);
	ck_assert_uint_eq(rig.stored, 0);
	ck_assert_uint_eq(rig.lost[LOSS_CORRUPT], 600);
	for (int i = 0; i < 60; i++)
		ck_assert_int_eq(rig_append(&rig, 10, 13000), 0);
	rig_drain(&rig, true);
	ck_assert_uint_ge(rig.stored, 400); /* from the next segment on all is well */
	ck_assert_uint_eq(rig.stored + rig.lost[LOSS_CORRUPT], 1200);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool_damage");
	TCase *tc = tcase_create("damage");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_torn_at_every_offset);
	tcase_add_test(tc, test_killed_worker_loses_nothing);
	tcase_add_test(tc, test_bit_flip_in_every_byte);
	tcase_add_test(tc, test_middle_segment_deleted);
	tcase_add_test(tc, test_segments_swapped);
	tcase_add_test(tc, test_segment_twice);
	tcase_add_test(tc, test_acked_file_is_only_a_hint);
	tcase_add_test(tc, test_foreign_files_are_left_alone);
	tcase_add_test(tc, test_header_gone_moves_the_file);
	tcase_add_test(tc, test_header_gone_and_killed_at_the_start);
	tcase_add_test(tc, test_header_gone_moves_after_the_sync);
	tcase_add_test(tc, test_blank_segment_is_no_damage);
	tcase_add_test(tc, test_damaged_is_bounded);
	tcase_add_test(tc, test_last_frame_damaged_after_a_clean_end);
	tcase_add_test(tc, test_cut_short_while_it_is_read);
	tcase_add_test(tc, test_all_files_deleted_while_it_runs);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
