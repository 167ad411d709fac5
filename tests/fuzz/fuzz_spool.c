/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes become the content of a segment file: the spool opens, hands out nothing that
 * does not check out, goes on with new frames, and closes. When an input does not start
 * like a header it is taken as what stands behind one, so that mutations reach the
 * frames.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/segment.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"

#define EPOCH UINT64_C(0x0123456789abcdef) /* of the frames in the corpus */
#define FRAMES_MAX 4096 /* a gap may be worth billions of LOSS frames */

static char dir[64];

static void
dir_empty(const char *path)
{
	DIR *d = opendir(path);
	char name[400];

	if (d == NULL)
		return;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.' && unlink(name) < 0)
			dir_empty(name);
	}
	closedir(d);
	(void)rmdir(path);
}

static void
dir_gone(void)
{
	dir_empty(dir);
}

/* Sparse files will do, and are ten times as fast. */
static int
no_fallocate(int fd, off_t offset, off_t len)
{
	return ftruncate(fd, offset + len) < 0 ? errno : 0;
}

static void
prepare(void)
{
	if (dir[0] != '\0')
		return;
	segment_io.fallocate = no_fallocate;
	log_init("fuzz_spool", LOG_LEVEL_ERROR, false);
	snprintf(dir, sizeof dir, "/dev/shm/fuzz_spool.XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(dir_gone);
}

static void
segment_put(const uint8_t *data, size_t len)
{
	struct segment_header h = {.epoch = EPOCH, .first_seq = 1, .created_us = 1};
	char path[128];
	bool whole = len >= 8 && memcmp(data, "FWLOGSPL", 8) == 0;

	snprintf(path, sizeof path, "%s/0000000000000001.seg", dir);
	(void)unlink(path);
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = whole ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)
		       : segment_create(at, 1, SEGMENT_HEADER, &h);

	if (at < 0 || fd < 0 ||
	    segment_write(fd, whole ? 0 : SEGMENT_HEADER, data, len) < 0)
		abort();
	close(fd);
	close(at);
}

static void
expect_sound(const struct bytes_view *bytes, struct epoch_mark *at)
{
	struct frame frame;
	struct batch_head head;
	struct loss loss = {0};
	struct filtered filtered;
	const char *why;

	if (frame_parse(bytes->p, bytes->len, &frame, &why) != (long)bytes->len ||
	    !frame_crc_ok(&frame))
		abort();
	if (frame.type == FRAME_BATCH) {
		if (batch_peek(frame.payload, frame.len, &head, &why) < 0)
			abort();
		loss.epoch = head.epoch;
		loss.first_seq = head.first_seq;
		loss.count = head.count;
	} else if (frame.type == FRAME_FILTERED) {
		if (message_get_filtered(frame.payload, frame.len, &filtered, &why) < 0)
			abort();
		loss.epoch = filtered.epoch;
		loss.first_seq = filtered.first_seq;
		loss.count = filtered.count;
	} else if (frame.type != FRAME_LOSS ||
		   message_get_loss(frame.payload, frame.len, &loss, &why) < 0) {
		abort();
	}
	if (loss.epoch == at->epoch && loss.first_seq > at->seq + 1)
		abort(); /* a number was left out */
	at->epoch = loss.epoch;
	at->seq = loss.first_seq + loss.count - 1;
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct spool_conf conf = {
	    .size = 16u << 20, .segment_size = SPOOL_SEGMENT_MIN, .sync_never = true};
	struct loss loss = {.cause = LOSS_KERNEL, .records = 1};
	struct epoch_mark epoch[8], at = {0, 0};
	struct bytes_view frame;
	char why[256];

	prepare();
	segment_put(data, len);
	conf.dir = dir;
	struct spool *s = spool_open(&conf, why, sizeof why);
	if (s == NULL)
		abort();
	if (spool_append_loss(s, &loss) < 0)
		abort();
	uint16_t n = spool_epochs(s, epoch, 8);
	for (uint16_t i = 0; i < n; i++)
		spool_resume(s, epoch[i].epoch, epoch[i].seq - 1);
	for (int i = 0; i < FRAMES_MAX && spool_next(s, &frame) == 1; i++)
		expect_sound(&frame, &at);
	if (at.epoch != spool_epoch(s))
		abort(); /* the new frame came last */
	spool_ack(s, at.epoch, at.seq);
	spool_close(s);
	dir_empty(dir);
	if (mkdir(dir, 0700) < 0)
		abort();
	return 0;
}
