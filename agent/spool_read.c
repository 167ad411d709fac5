/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out: frames in the order of their numbers, LOSS where there is a hole. */
#include <errno.h>
#include <stdio.h>

#include "agent/spool_internal.h"

static bool
epoch_waits(const struct epoch *e)
{
	return e->acked < e->next - 1;
}

static uint64_t
epoch_first(const struct spool *s, const struct epoch *e)
{
	const struct segment *seg = TAILQ_FIRST(&e->segments);
	uint64_t held = holes_behind(s, e->epoch, 0);

	if (!epoch_waits(e))
		return e->next;
	if (seg != NULL && seg->id.first_seq < held)
		held = seg->id.first_seq;
	if (held == UINT64_MAX || held <= e->acked)
		return e->acked + 1;
	return held;
}

/* Acknowledged, but there should the collector's mark have gone back. */
static bool
epoch_retained(const struct spool *s, const struct epoch *e)
{
	return s->conf.retain_ms != 0 && !epoch_waits(e) && !TAILQ_EMPTY(&e->segments);
}

/* How many of the retained epochs, the oldest, find no place beside those that wait. */
static size_t
retained_left_out(const struct spool *s, size_t max)
{
	size_t waiting = 0, retained = 0;
	const struct epoch *e;

	TAILQ_FOREACH (e, &s->epochs, entry) {
		if (e == s->cur)
			continue;
		waiting += epoch_waits(e);
		retained += epoch_retained(s, e);
	}
	if (waiting >= max)
		return retained;
	return retained > max - waiting ? retained - (max - waiting) : 0;
}

uint16_t
spool_epochs(const struct spool *s, struct epoch_mark *out, uint16_t max)
{
	const struct epoch *e;
	uint16_t n = 0;

	if (max == 0)
		return 0;
	size_t skip = retained_left_out(s, max - 1);

	TAILQ_FOREACH (e, &s->epochs, entry) {
		if (e == s->cur || n == max - 1)
			continue;
		if (epoch_retained(s, e) && skip > 0)
			skip--;
		else if (epoch_waits(e) || epoch_retained(s, e))
			out[n++] = (struct epoch_mark){e->epoch, epoch_first(s, e)};
	}
	out[n++] = (struct epoch_mark){s->cur->epoch, epoch_first(s, s->cur)};
	return n;
}

bool
spool_wants_session(const struct spool *s)
{
	const struct epoch *e;
	bool left_out = false;

	TAILQ_FOREACH (e, &s->epochs, entry) {
		if (e == s->cur || !epoch_waits(e))
			continue;
		if (e->resumed)
			return false;
		left_out = true;
	}
	return left_out;
}

/* Takes the mark over and removes what it covers. */
static void
epoch_acked(struct spool *s, struct epoch *e, uint64_t seq)
{
	e->acked = seq;
	s->acked_dirty = true;
	holes_acked(s, e);
	/* May free e. What is retained makes way when a batch comes, the oldest first.
	 */
	segments_sweep(s, s->dropping && s->conf.retain_ms == 0);
}

void
spool_resume(struct spool *s, uint64_t epoch, uint64_t mark)
{
	struct epoch *e = epoch_find(s, epoch);

	if (e == NULL)
		return;
	if (mark >= e->next)
		mark = e->next - 1;
	e->resumed = true;
	e->read = mark + 1;
	e->at = NULL;
	e->seen_us = 0;
	s->sent_head = s->sent_tail = 0;
	e->acked = mark;
	retain_undo(e);
	epoch_acked(s, e, mark);
}

/* Only what was handed out can have been committed. */
void
spool_ack(struct spool *s, uint64_t epoch, uint64_t seq)
{
	struct epoch *e = epoch_find(s, epoch);

	if (e == NULL || !e->resumed)
		return;
	if (seq >= e->read)
		seq = e->read - 1;
	if (seq <= e->acked)
		return;
	while (s->sent_tail != s->sent_head &&
	       (s->sent[s->sent_tail % SENT_MAX].epoch != epoch ||
		   s->sent[s->sent_tail % SENT_MAX].last <= seq))
		s->sent_tail++;
	s->count.acked += seq - e->acked;
	epoch_acked(s, e, seq);
}

static void
sent_note(struct spool *s, const struct epoch *e, uint64_t last, uint64_t us)
{
	if (s->sent_head - s->sent_tail < SENT_MAX)
		s->sent[s->sent_head++ % SENT_MAX] = (struct sent){e->epoch, last, us};
}

/* Hands out a LOSS for [read, last]. */
static int
give_loss(struct spool *s, struct epoch *e, struct loss *loss, uint64_t last,
    struct bytes_view *frame)
{
	struct writer w = writer_of(s->loss_frame, sizeof s->loss_frame);

	loss->epoch = e->epoch;
	loss->first_seq = e->read;
	loss->count = (uint32_t)(last - e->read + 1);
	message_put_loss(&w, loss);
	*frame = (struct bytes_view){s->loss_frame, sizeof s->loss_frame - w.left};
	sent_note(s, e, last, loss->from_us);
	e->read = last + 1;
	return 1;
}

/* The last number one LOSS can cover from first on, at most last. */
static uint64_t
loss_last(uint64_t first, uint64_t last)
{
	return last - first < UINT32_MAX ? last : first + UINT32_MAX - 1;
}

/* The numbers from read to before upto cannot be had. */
static int
give_missing(struct spool *s, struct epoch *e, uint64_t upto, uint64_t to_us,
    struct bytes_view *frame)
{
	uint64_t behind = holes_behind(s, e->epoch, e->read);
	uint64_t last = loss_last(e->read, (upto < behind ? upto : behind) - 1);
	struct loss loss = {
	    .cause = LOSS_CORRUPT,
	    .records = last - e->read + 1,
	    .from_us = e->seen_us,
	    .to_us = to_us,
	};

	if (loss.to_us == 0)
		loss.to_us = e->at != NULL ? e->at->created_us : loss.from_us;
	if (loss.from_us == 0 || loss.from_us > loss.to_us)
		loss.from_us = loss.to_us;
	return give_loss(s, e, &loss, last, frame);
}

static int
give_hole(struct spool *s, struct epoch *e, struct hole *h, struct bytes_view *frame)
{
	uint64_t last = loss_last(e->read, h->last);
	uint64_t known = e->read - h->first; /* numbers the collector already has */
	struct loss loss = {
	    .cause = LOSS_SPOOL_FULL,
	    .records = h->records,
	    .from_us = h->from_us,
	    .to_us = h->to_us,
	};

	h->frozen = true;
	if (loss.records != LOSS_RECORDS_UNKNOWN)
		loss.records = loss.records > known ? loss.records - known : 0;
	if (last != h->last && loss.records > last - e->read + 1)
		loss.records = last - e->read + 1;
	return give_loss(s, e, &loss, last, frame);
}

/* Where the number to read next lies, or would lie. */
static void
locate(struct epoch *e)
{
	struct segment *seg = TAILQ_FIRST(&e->segments), *behind;

	while (seg != NULL && (behind = TAILQ_NEXT(seg, entry)) != NULL &&
	       behind->id.first_seq <= e->read)
		seg = behind;
	e->at = seg;
	e->offset = SEGMENT_HEADER;
}

/* Whether the segment may still show more: its run goes on and it is not at its end. */
static bool
segment_grows(const struct spool *s, const struct segment *seg)
{
	return seg == s->writing || seg->synced < seg->end;
}

/* The next frame that checks out, as segment_read; steps over segments that are done.
 */
static int
epoch_read(struct spool *s, struct epoch *e, struct segment_frame *f)
{
	for (;;) {
		struct segment *seg = e->at;
		int rc = segment_read(&s->reader, &seg->id, e->offset, seg->synced, f);

		if (rc < 0)
			log_limited(&s->read_log, LOG_LEVEL_ERROR,
			    "spool %s: cannot read segment %llu: %m; trying again",
			    s->path, (unsigned long long)seg->id.number);
		if (rc != 0) {
			if (rc > 0)
				damage_note(s, seg, e->offset, f->offset);
			return rc;
		}
		damage_note(s, seg, e->offset, seg->synced);
		e->offset = seg->synced;
		if (segment_grows(s, seg) || TAILQ_NEXT(seg, entry) == NULL)
			return 0;
		e->at = TAILQ_NEXT(seg, entry);
		e->offset = SEGMENT_HEADER;
	}
}

/* Nothing readable is left in the epoch for now: what is known to be missing? */
static int
epoch_end(struct spool *s, struct epoch *e, struct bytes_view *frame)
{
	uint64_t upto = e->next;

	if (e == s->cur)
		upto = e->at != NULL ? e->at->synced_next : e->read;
	return e->read < upto ? give_missing(s, e, upto, 0, frame) : 0;
}

static int
epoch_next(struct spool *s, struct epoch *e, struct bytes_view *frame)
{
	struct segment_frame f;

	while (e->read < e->next) {
		struct hole *h = holes_at(s, e->epoch, e->read);

		if (h != NULL)
			return give_hole(s, e, h, frame);
		if (e->at == NULL)
			locate(e);
		int rc = e->at != NULL ? epoch_read(s, e, &f) : 0;
		if (rc < 0)
			return 0;
		if (rc == 0)
			return epoch_end(s, e, frame);
		if (f.first > e->read)
			return give_missing(s, e, f.first, f.from_us, frame);
		e->offset = f.offset + f.bytes.len;
		if (f.to_us != 0)
			e->seen_us = f.to_us;
		if (f.last < e->read)
			continue;
		e->read = f.last + 1;
		sent_note(s, e, f.last, f.from_us);
		*frame = f.bytes;
		return 1;
	}
	return 0;
}

int
spool_next(struct spool *s, struct bytes_view *frame)
{
	struct epoch *e;

	TAILQ_FOREACH (e, &s->epochs, entry) {
		if (!e->resumed)
			continue;
		if (epoch_next(s, e, frame) == 1)
			return 1;
		if (e->read < e->next)
			return 0; /* cannot be read now; the order is kept */
	}
	return 0;
}

static uint64_t
epoch_waiting(const struct epoch *e)
{
	uint64_t known = e->hint > e->acked && !e->resumed ? e->hint : e->acked;

	return e->next - 1 - known;
}

/* Time of the oldest that waits: of the first in flight, else of its segment. */
static uint64_t
oldest_us(const struct spool *s)
{
	const struct epoch *e;

	if (s->sent_tail != s->sent_head)
		return s->sent[s->sent_tail % SENT_MAX].us;
	TAILQ_FOREACH (e, &s->epochs, entry) {
		const struct segment *seg = TAILQ_FIRST(&e->segments);

		while (seg != NULL && seg->acked_us != 0)
			seg = TAILQ_NEXT(seg, entry);
		if (epoch_waiting(e) > 0 && seg != NULL)
			return seg->tallied && seg->tally.from_us != 0
				   ? seg->tally.from_us
				   : seg->created_us;
	}
	return 0;
}

void
spool_counters(const struct spool *s, struct spool_counters *out)
{
	const struct segment *seg;
	const struct epoch *e;

	*out = s->count;
	out->bytes_limit = s->conf.size;
	out->full = s->dropping;
	out->refused = spool_now_ms() < s->retry_ms;
	out->bytes_used = s->used;
	out->bytes_retained = retain_bytes(s);
	TAILQ_FOREACH (e, &s->epochs, entry) {
		out->records_waiting += epoch_waiting(e);
		TAILQ_FOREACH (seg, &e->segments, entry)
			out->segments++;
	}
	out->oldest_us = out->records_waiting > 0 ? oldest_us(s) : 0;
}
