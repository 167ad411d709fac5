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

static void
add_loss(struct spool *s, const struct loss *loss)
{
	uint8_t bytes[LOSS_FRAME_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct loss m = *loss;

	m.epoch = s->cur->epoch;
	m.first_seq = group_next(s);
	m.count = 1;
	message_put_loss(&w, &m);
	struct segment_frame f = {
	    .bytes = {bytes, sizeof bytes - w.left},
	    .type = FRAME_LOSS,
	    .first = m.first_seq,
	    .last = m.first_seq,
	    .records = m.records,
	    .from_us = m.from_us,
	    .to_us = m.to_us,
	    .source = {m.bind_id, m.group, m.kseq},
	};
	group_add(s, &f);
}

/*
 * Moves the pending losses of one binding into the group: all carry its newest number,
 * so one of them alone would make the others forgotten.
 */
static void
pending_gather(struct spool *s, uint64_t bind_id)
{
	for (size_t i = 0; i < s->pendings; i++)
		if (s->pending[i].bind_id == bind_id && s->group.frames < GROUP_FRAMES)
			add_loss(s, &s->pending[i]);
}

static void
pending_forget(struct spool *s, uint64_t bind_id, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->pendings; i++) {
		if (s->pending[i].bind_id == bind_id && n > 0)
			n--;
		else
			s->pending[kept++] = s->pending[i];
	}
	s->pendings = kept;
}

int
pending_flush(struct spool *s)
{
	while (s->pendings > 0) {
		uint64_t bind_id = s->pending[0].bind_id;

		pending_gather(s, bind_id);
		size_t n = s->group.frames;

		if (group_put(s) < 0) {
			group_clear(&s->group);
			return -1;
		}
		pending_forget(s, bind_id, n);
	}
	return 0;
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
refuse(struct spool *s)
{
	int64_t now = spool_now_ms();

	if (!group_refuse(s))
		return;
	if (!s->dropping) {
		s->dropping = true;
		s->keep_ms = now + KEEP_FIRST_MS;
		s->keep_after_ms = KEEP_FIRST_MS;
	}
	log_limited(&s->full_log, LOG_LEVEL_WARN,
	    "spool %s is full: %llu records dropped so far; the collector is away or "
	    "slow, "
	    "or spool_size is too small",
	    s->path, (unsigned long long)s->count.dropped);
	pending_tick(s, now);
}

/* ---- from outside */

void
spool_group_begin(struct spool *s)
{
	s->group.open = true;
}

bool
spool_group_full(const struct spool *s)
{
	/* A FILTERED, a BATCH and a LOSS more always fit. */
	return s->group.len > GROUP_FULL || s->group.frames + 4 > GROUP_FRAMES;
}

int
spool_group_end(struct spool *s)
{
	uint64_t records = 0;

	s->group.open = false;
	if (s->group.frames == 0)
		return 0;
	for (size_t i = 0; i < s->group.frames; i++)
		if (s->group.frame[i].type == FRAME_BATCH)
			records += s->group.frame[i].records;
	if (!s->group.ready || group_put(s) < 0) {
		refuse(s);
		return -1;
	}
	s->count.records += records;
	durable_tick(s, spool_now_ms());
	return 0;
}

/* Before a frame is added: what waits goes first, as it is older. */
static void
group_prepare(struct spool *s)
{
	if (s->group.frames == 0)
		s->group.ready = taking(s) && pending_flush(s) == 0;
}

static int
group_added(struct spool *s)
{
	return s->group.open ? 0 : spool_group_end(s);
}

int
spool_append_batch(
    struct spool *s, struct batch_writer *w, const struct batch_source *source)
{
	if (batch_count(w) == 0)
		return 0;
	group_prepare(s);
	struct batch_head head = {
	    .epoch = s->cur->epoch,
	    .first_seq = group_next(s),
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
	group_add(s, &f);
	return group_added(s);
}

int
spool_append_loss(struct spool *s, const struct loss *loss)
{
	group_prepare(s);
	add_loss(s, loss);
	return group_added(s);
}

int
spool_append_filtered(struct spool *s, struct filtered *m)
{
	static uint8_t bytes[FILTERED_FRAME_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);

	group_prepare(s);
	m->epoch = s->cur->epoch;
	m->first_seq = group_next(s);
	m->count = 1;
	message_put_filtered(&w, m);
	struct segment_frame f = {
	    .bytes = {bytes, sizeof bytes - w.left},
	    .type = FRAME_FILTERED,
	    .first = m->first_seq,
	    .last = m->first_seq,
	    .source = {m->bind_id, m->group, m->kseq},
	};
	filtered_tally(m, &f.records, &f.from_us, &f.to_us);
	group_add(s, &f);
	return group_added(s);
}
