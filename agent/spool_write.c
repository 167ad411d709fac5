/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes into the spool. Once a batch was refused, batches are refused until a new
 * segment can be begun; the loss grows in memory meanwhile and goes out in front of the
 * next batch, or, at growing intervals, into the room that is kept for losses.
 */
#include <stdio.h>

#include "agent/spool_internal.h"

#define KEEP_FIRST_MS 1000 /* until a loss is first written into the reserve */
#define KEEP_MAX_MS 60000

/*
 * In a namespace that comes and goes a new binding takes the place of the one before:
 * many of them must not push out a group that is silent. In the agent's own there are
 * ledgers too (agent/reconcile.h), and all groups are bound anew together.
 */
static bool
source_replaces(const struct batch_source *now, const struct batch_source *before)
{
	return now->bind_id == before->bind_id ||
	       ((uint32_t)now->bind_id != 0 && now->group == before->group &&
		   (uint32_t)now->bind_id == (uint32_t)before->bind_id);
}

void
source_set(struct spool *s, const struct batch_source *source, uint64_t last_ts_us)
{
	size_t i = 0;

	if (source->bind_id == 0)
		return;
	while (i < s->sources && !source_replaces(source, &s->source[i].source))
		i++;
	if (i == SPOOL_SOURCES_MAX)
		i--; /* the one that was silent longest makes way */
	else if (i == s->sources)
		s->sources++;
	memmove(&s->source[1], &s->source[0], i * sizeof s->source[0]);
	s->source[0] = (struct spool_source){*source, last_ts_us};
}

int
segment_append(struct spool *s, struct segment *seg, const struct segment_frame *f)
{
	if (segment_write(seg->fd, seg->end, f->bytes.p, f->bytes.len) < 0)
		return -1;
	seg->end += f->bytes.len;
	tally_add(
	    &seg->tally, f->last - f->first + 1, f->records, f->from_us, f->to_us);
	if (s->conf.sync_never)
		durable_skip(s, seg);
	return 0;
}

static uint64_t
space(const struct segment *seg, bool loss)
{
	uint64_t limit = seg->size;

	if (!loss)
		limit = seg->small ? SEGMENT_HEADER : limit - SEGMENT_LOSS_ROOM;
	return limit > seg->end ? limit - seg->end : 0;
}

static struct segment *
room(struct spool *s, size_t len, uint64_t first, bool loss)
{
	struct segment *seg = s->writing;

	if (seg != NULL && len <= space(seg, loss))
		return seg;
	seg = segment_begin(s, first, false, true);
	if (seg == NULL && loss)
		seg = segment_begin(s, first, true, false);
	return seg;
}

int
frame_put(struct spool *s, const struct segment_frame *f, bool loss)
{
	for (int tries = 0; tries < 2; tries++) {
		struct segment *seg = room(s, f->bytes.len, f->first, loss);

		if (seg == NULL)
			return -1;
		/* Before the write: what may be sent at once ends at the right number.
		 */
		s->cur->next = f->last + 1;
		if (segment_append(s, seg, f) == 0) {
			source_set(s, &f->source, f->to_us);
			s->count.frames++;
			return 0;
		}
		s->cur->next = f->first;
		log_limited(&s->disk_log, LOG_LEVEL_ERROR,
		    "spool %s: cannot write to a segment: %m; going on in a new one",
		    s->path);
		segment_seal(s, seg);
		if (seg->end == SEGMENT_HEADER)
			segment_discard(s, seg);
	}
	return -1;
}

static struct loss *
pending_like(struct spool *s, const struct loss *loss)
{
	struct loss *same_cause = &s->pending[PENDING_MAX - 1];

	for (size_t i = 0; i < s->pendings; i++) {
		struct loss *p = &s->pending[i];

		if (p->cause == loss->cause && p->bind_id == loss->bind_id)
			return p;
		if (p->cause == loss->cause)
			same_cause = p;
	}
	if (s->pendings < PENDING_MAX)
		return NULL;
	same_cause->bind_id = 0; /* the sum is right, whose it is gets lost */
	return same_cause;
}

void
pending_add(struct spool *s, const struct loss *loss)
{
	struct loss *p = pending_like(s, loss);

	/* Written in any order, the last one must not set the kernel's number back. */
	for (size_t i = 0; i < s->pendings; i++)
		if (s->pending[i].bind_id == loss->bind_id)
			s->pending[i].kseq = loss->kseq;

	if (p == NULL) {
		s->pending[s->pendings++] = *loss;
		return;
	}
	p->records = records_add(p->records, loss->records);
	span_add(&p->from_us, &p->to_us, loss->from_us, loss->to_us);
}

static int
loss_put(struct spool *s, struct loss *loss)
{
	uint8_t bytes[LOSS_FRAME_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);

	loss->epoch = s->cur->epoch;
	loss->first_seq = s->cur->next;
	loss->count = 1;
	message_put_loss(&w, loss);
	struct segment_frame f = {
	    .bytes = {bytes, sizeof bytes - w.left},
	    .type = FRAME_LOSS,
	    .first = loss->first_seq,
	    .last = loss->first_seq,
	    .records = loss->records,
	    .from_us = loss->from_us,
	    .to_us = loss->to_us,
	    .source = {loss->bind_id, loss->group, loss->kseq},
	};
	return frame_put(s, &f, true);
}

int
pending_flush(struct spool *s)
{
	size_t done = 0;

	while (done < s->pendings && loss_put(s, &s->pending[done]) == 0)
		done++;
	s->pendings -= done;
	if (done > 0)
		memmove(&s->pending[0], &s->pending[done],
		    s->pendings * sizeof s->pending[0]);
	return s->pendings == 0 ? 0 : -1;
}

/* Whether batches are taken (again). */
static bool
taking(struct spool *s)
{
	if (s->dropping && segment_may_begin(s))
		(void)segment_begin(s, s->cur->next, false, true);
	return !s->dropping;
}

void
pending_tick(struct spool *s, int64_t now_ms)
{
	if (s->pendings == 0)
		return;
	if (!taking(s)) {
		if (now_ms < s->keep_ms)
			return;
		s->keep_ms = now_ms + s->keep_after_ms;
		if (s->keep_after_ms < KEEP_MAX_MS)
			s->keep_after_ms *= 2;
	}
	(void)pending_flush(s);
}

static void
refuse(struct spool *s, const struct segment_frame *f)
{
	struct loss loss = {
	    .bind_id = f->source.bind_id,
	    .group = f->source.group,
	    .kseq = f->source.kseq,
	    .cause = LOSS_SPOOL_FULL,
	    .records = f->records,
	    .from_us = f->from_us,
	    .to_us = f->to_us,
	};
	int64_t now = spool_now_ms();

	if (!s->dropping) {
		s->dropping = true;
		s->keep_ms = now + KEEP_FIRST_MS;
		s->keep_after_ms = KEEP_FIRST_MS;
	}
	s->count.dropped += f->records;
	log_limited(&s->full_log, LOG_LEVEL_WARN,
	    "spool %s is full: %llu records dropped so far; the collector is away or "
	    "slow, "
	    "or spool_size is too small",
	    s->path, (unsigned long long)s->count.dropped);
	pending_add(s, &loss);
	pending_tick(s, now);
}

int
spool_append_batch(
    struct spool *s, struct batch_writer *w, const struct batch_source *source)
{
	if (batch_count(w) == 0)
		return 0;
	bool ready = taking(s) && pending_flush(s) == 0;
	struct batch_head head = {
	    .epoch = s->cur->epoch,
	    .first_seq = s->cur->next,
	    .source = *source,
	};
	struct bytes_view bytes = batch_finish(w, &head);
	struct segment_frame f = {
	    .bytes = bytes,
	    .type = FRAME_BATCH,
	    .first = head.first_seq,
	    .last = head.first_seq + (head.count - 1),
	    .records = head.count,
	    .source = *source,
	};

	span_add(&f.from_us, &f.to_us, head.first_ts_us, head.first_ts_us);
	span_add(&f.from_us, &f.to_us, head.last_ts_us, head.last_ts_us);
	if (!ready || frame_put(s, &f, false) < 0) {
		refuse(s, &f);
		return -1;
	}
	s->count.records += head.count;
	durable_tick(s, spool_now_ms());
	return 0;
}

int
spool_append_loss(struct spool *s, struct loss *loss)
{
	pending_add(s, loss);
	if (!taking(s) || pending_flush(s) < 0)
		return -1;
	durable_tick(s, spool_now_ms());
	return 0;
}
