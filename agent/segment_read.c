/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reading half of agent/segment.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/segment.h"

#define WINDOW \
	(4 + FRAME_MAX + (64u << 10)) /* bytes buffered: the largest frame fits */
#define FRAME_MIN \
	(FRAME_HEADER + 16 + FRAME_CRC) /* bytes; no frame in a segment is shorter */
#define BATCH_EPOCH 2                   /* where in the payload the epoch stands */
#define CANDIDATES_MAX 4096 /* frames tried behind one damage: bounds hostile files */

int
segment_reader_init(struct segment_reader *r, int dir)
{
	*r = (struct segment_reader){.dir = dir, .fd = -1, .buf = malloc(WINDOW)};
	return r->buf != NULL ? 0 : -1;
}

static void
reader_close(struct segment_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->number = 0;
	r->len = 0;
}

void
segment_reader_free(struct segment_reader *r)
{
	reader_close(r);
	free(r->buf);
	r->buf = NULL;
}

void
segment_reader_forget(struct segment_reader *r, uint64_t number)
{
	if (r->number == number)
		reader_close(r);
}

/* 1: open; 0: there is no such file any more; -1 and errno. */
static int
reader_open(struct segment_reader *r, uint64_t number)
{
	char name[SEGMENT_NAME_MAX];

	if (r->fd >= 0 && r->number == number)
		return 1;
	reader_close(r);
	segment_name(number, name);
	r->fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -1;
	r->number = number;
	return 1;
}

/*
 * The bytes at offset: at least want of them unless the file or end comes first; *got
 * tells. Never buffers what lies behind end, as that may still be written. NULL: errno.
 */
static const uint8_t *
window_get(
    struct segment_reader *r, uint64_t offset, size_t want, uint64_t end, size_t *got)
{
	if (want > end - offset)
		want = (size_t)(end - offset);
	if (offset < r->offset || offset - r->offset > r->len ||
	    r->len - (offset - r->offset) < want) {
		uint64_t ask = end - offset;
		ssize_t n = segment_read_raw(
		    r->fd, offset, r->buf, ask < WINDOW ? (size_t)ask : WINDOW);

		r->offset = offset;
		r->len = n > 0 ? (size_t)n : 0;
		if (n < 0)
			return NULL;
	}
	uint64_t left = r->len - (offset - r->offset);

	*got = (size_t)(left < end - offset ? left : end - offset);
	return r->buf + (offset - r->offset);
}

/* Bytes of the frame that may begin at p (FRAME_MIN readable), 0 when none can. */
static size_t
frame_plausible(const uint8_t *p, uint64_t epoch)
{
	struct reader r = reader_of(p, FRAME_MIN);
	uint32_t len = get_u32(&r);
	enum frame_type type = get_u8(&r) & (uint8_t)~FRAME_MORE;

	if (!frame_is_numbered(type))
		return 0;
	if (len < FRAME_MIN - 4 || len > FRAME_MAX)
		return 0;
	if (type == FRAME_BATCH)
		(void)get_bytes(&r, BATCH_EPOCH);
	return get_u64(&r) == epoch ? 4 + (size_t)len : 0;
}

static bool
frame_read_batch(const struct frame *frame, uint64_t epoch, struct segment_frame *f)
{
	struct batch_head head;
	const char *why;

	if (batch_peek(frame->payload, frame->len, &head, &why) < 0 ||
	    head.epoch != epoch || head.count == 0)
		return false;
	f->first = head.first_seq;
	f->last = head.first_seq + (head.count - 1);
	f->records = head.count;
	f->from_us =
	    head.first_ts_us < head.last_ts_us ? head.first_ts_us : head.last_ts_us;
	f->to_us =
	    head.first_ts_us < head.last_ts_us ? head.last_ts_us : head.first_ts_us;
	f->source = head.source;
	return true;
}

static bool
frame_read_loss(const struct frame *frame, uint64_t epoch, struct segment_frame *f)
{
	struct loss loss;
	const char *why;

	if (message_get_loss(frame->payload, frame->len, &loss, &why) < 0 ||
	    loss.epoch != epoch || loss.count == 0)
		return false;
	f->first = loss.first_seq;
	f->last = loss.first_seq + (loss.count - 1);
	f->records = loss.records;
	f->from_us = loss.from_us;
	f->to_us = loss.to_us;
	f->source = (struct batch_source){loss.bind_id, loss.group, loss.kseq};
	return true;
}

void
filtered_tally(
    const struct filtered *m, uint64_t *records, uint64_t *from_us, uint64_t *to_us)
{
	*records = 0;
	*from_us = *to_us = m->entry[0].minute_us;
	for (uint16_t i = 0; i < m->entries; i++) {
		const struct filtered_entry *e = &m->entry[i];

		if (e->records < INT64_MAX - *records)
			*records += e->records;
		if (e->minute_us < *from_us)
			*from_us = e->minute_us;
		if (e->minute_us > *to_us)
			*to_us = e->minute_us;
	}
}

static bool
frame_read_filtered(const struct frame *frame, uint64_t epoch, struct segment_frame *f)
{
	struct filtered m;
	const char *why;

	if (message_get_filtered(frame->payload, frame->len, &m, &why) < 0 ||
	    m.epoch != epoch)
		return false;
	f->first = m.first_seq;
	f->last = m.first_seq + (m.count - 1);
	filtered_tally(&m, &f->records, &f->from_us, &f->to_us);
	f->source = (struct batch_source){m.bind_id, m.group, m.kseq};
	return true;
}

static bool
frame_read(const struct frame *frame, uint64_t epoch, struct segment_frame *f)
{
	switch (frame->type) {
	case FRAME_BATCH:
		return frame_read_batch(frame, epoch, f);
	case FRAME_LOSS:
		return frame_read_loss(frame, epoch, f);
	case FRAME_FILTERED:
		return frame_read_filtered(frame, epoch, f);
	default:
		return false;
	}
}

static bool
frame_checks_out(
    const uint8_t *p, size_t len, const struct segment_id *id, struct segment_frame *f)
{
	struct frame frame;
	const char *why;
	long n = frame_parse(p, len, &frame, &why);

	if (n <= 0 || !frame_crc_ok(&frame))
		return false;
	f->type = frame.type;
	f->more = frame.more;
	f->bytes = (struct bytes_view){p, (size_t)n};
	if (!frame_read(&frame, id->epoch, f))
		return false;
	return f->first >= id->first_seq &&
	       f->first - id->first_seq < SEGMENT_NUMBERS_MAX && f->last >= f->first;
}

/* The next offset at which a frame may begin; *len its length. 1, 0 none, -1 errno. */
static int
next_candidate(struct segment_reader *r, uint64_t epoch, uint64_t *offset, uint64_t end,
    size_t *len)
{
	while (*offset < end) {
		size_t got = 0;
		const uint8_t *p = window_get(r, *offset, FRAME_MIN, end, &got);

		if (p == NULL)
			return -1;
		if (got < FRAME_MIN)
			return 0;
		for (size_t i = 0; i <= got - FRAME_MIN; i++, ++*offset) {
			if (p[i + 4] ==
			    0) /* no type 0: passes quickly over empty room */
				continue;
			*len = frame_plausible(p + i, epoch);
			if (*len != 0)
				return 1;
		}
	}
	return 0;
}

int
segment_read(struct segment_reader *r, const struct segment_id *id, uint64_t from,
    uint64_t end, struct segment_frame *f)
{
	int rc = reader_open(r, id->number);
	uint64_t offset = from;
	size_t len, got;

	for (int tries = 0; rc == 1 && tries < CANDIDATES_MAX; tries++) {
		rc = next_candidate(r, id->epoch, &offset, end, &len);
		if (rc != 1)
			break;
		const uint8_t *p = window_get(r, offset, len, end, &got);
		if (p == NULL)
			return -1;
		if (got >= len && frame_checks_out(p, len, id, f)) {
			f->offset = offset;
			return 1;
		}
		offset++;
	}
	return rc < 0 ? -1 : 0;
}
