/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One segment file of the spool (docs/spool.md): its header, its creation, writing at
 * an offset, and a reader that hands out nothing but frames that check out, whatever
 * the file holds. Knows no order of segments and no acknowledgements: that is the
 * spool's. Reading goes through pread into a buffer of its own, so that a file which
 * somebody cuts short under the worker is an end of file and not a SIGBUS.
 */
#ifndef FWLOG_AGENT_SEGMENT_H
#define FWLOG_AGENT_SEGMENT_H

#include <sys/types.h>

#include "agent/spool.h"

#define SEGMENT_HEADER 4096 /* bytes */
#define SEGMENT_FORMAT 1
#define SEGMENT_NAME_MAX 24 /* bytes, "0000000000000001.seg" and its end */
#define SEGMENT_NUMBER_MAX 999999999999999u /* a name with a higher one is not ours */
#define SEGMENT_LOSS_ROOM (16u << 10)       /* bytes at the end that no BATCH may use */
#define SEGMENT_SMALL (64u << 10) /* bytes of a segment without BATCH frames */
#define SEGMENT_SEQ_MAX (UINT64_C(1) << 62)
#define SEGMENT_NUMBERS_MAX (UINT64_C(1) << 32) /* numbers one segment can span */

/*
 * The system calls that make a spool durable, as a table: the documented seam by which
 * tests plant short writes, ENOSPC and failing syncs. Nobody else assigns to it.
 */
struct segment_io {
	ssize_t (*pwrite)(int fd, const void *data, size_t len, off_t offset);
	int (*fdatasync)(int fd);
	int (*fallocate)(int fd, off_t offset, off_t len); /* as posix_fallocate(3) */
};
extern struct segment_io segment_io;

struct segment_header {
	uint64_t epoch;
	uint64_t first_seq;
	uint64_t created_us;
	uint16_t sources;
	struct spool_source source[SPOOL_SOURCES_MAX];
};

void segment_name(uint64_t number, char name[SEGMENT_NAME_MAX]);
/* The number in a segment's name, 0 when it is none. */
uint64_t segment_name_number(const char *name);

/* Creates, preallocates and begins the file; its descriptor, or -1, errno and no file.
 */
int segment_create(int dir, uint64_t number, uint64_t size,
    const struct segment_header *h) __attribute__((warn_unused_result));
/* Puts this header into the place of the one that is there and cuts off all behind it.
 * 0, or -1 and errno. */
int segment_cut(int fd, const struct segment_header *h)
    __attribute__((warn_unused_result));
/* All of data at the offset, through short writes and EINTR. 0, or -1 and errno. */
int segment_write(int fd, uint64_t offset, const void *data, size_t len)
    __attribute__((warn_unused_result));

enum segment_state {
	SEGMENT_OK,
	SEGMENT_BLANK, /* made but never begun: nothing can be in it */
	SEGMENT_BAD,   /* not a header of this format, or damaged */
};
enum segment_state segment_read_header(int fd, struct segment_header *h);

/*
 * The end mark of a segment nobody writes to any more, behind its last frame: four zero
 * bytes, "FWLOGEND", u64 epoch, u64 the number behind the last frame, CRC-32C. With it
 * a damaged last frame is told from a torn one. Reading takes the last bytes of the
 * file.
 */
#define SEGMENT_END_MARK 32 /* bytes */
int segment_write_end(int fd, uint64_t offset, uint64_t epoch, uint64_t next)
    __attribute__((warn_unused_result));
bool segment_read_end(
    int fd, uint64_t size, const struct segment_header *h, uint64_t *next);

/* A frame that checked out: parsed, CRC right, of this epoch, numbers plausible. */
struct segment_frame {
	uint64_t offset;
	struct bytes_view bytes; /* the whole frame, in the reader's buffer */
	enum frame_type type;    /* FRAME_BATCH, FRAME_LOSS or FRAME_FILTERED */
	bool more;               /* the group goes on in the next frame */
	uint64_t first, last;    /* its numbers */
	uint64_t records; /* in it or, of a LOSS, missing; LOSS_RECORDS_UNKNOWN; of a
			   * FILTERED, suppressed */
	uint64_t from_us, to_us;
	struct batch_source source; /* bind_id 0: none */
};

/* What a segment is expected to hold. */
struct segment_id {
	uint64_t number;
	uint64_t epoch;
	uint64_t first_seq;
};

/* The records of all entries, and the minutes they span. */
void filtered_tally(
    const struct filtered *m, uint64_t *records, uint64_t *from_us, uint64_t *to_us);

struct segment_reader {
	int dir;
	int fd; /* of segment `number`, -1 none */
	uint64_t number;
	uint8_t *buf; /* the file's bytes from offset on, len of them */
	size_t len;
	uint64_t offset;
};

/* 0, or -1: no memory. dir is borrowed. */
int segment_reader_init(struct segment_reader *r, int dir)
    __attribute__((warn_unused_result));
void segment_reader_free(struct segment_reader *r);
/* Forgets what is buffered of this segment and closes it. */
void segment_reader_forget(struct segment_reader *r, uint64_t number);

/*
 * The first frame in [from, end) that checks out. from must be SEGMENT_HEADER or the
 * end of such a frame. 1: *f is it; f->offset > from tells that the bytes between are
 * damaged. 0: there is none. -1: the file cannot be read now, errno tells (too many
 * open files …). A file that is gone or shorter than end is one with nothing in it
 * there.
 */
int segment_read(struct segment_reader *r, const struct segment_id *id, uint64_t from,
    uint64_t end, struct segment_frame *f) __attribute__((warn_unused_result));

/*
 * Up to len bytes as they lie at the offset, unreadable blocks as zeros; how many, 0 at
 * the end of the file, -1 when the file cannot be read at all.
 */
ssize_t segment_read_raw(int fd, uint64_t offset, void *data, size_t len);

#endif
