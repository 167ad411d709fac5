/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: frames that are written, sent and recovered together or not at all. They are
 * gathered in memory and go out in one write; all but the last carry FRAME_MORE, so
 * that a start-up finds out when the end of a group is missing.
 */
#include <stdlib.h>

#include "agent/spool_internal.h"

int
group_init(struct spool_group *g)
{
	g->bytes = malloc(GROUP_BYTES);
	return g->bytes != NULL ? 0 : -1;
}

void
group_free(struct spool_group *g)
{
	free(g->bytes);
	g->bytes = NULL;
}

void
group_clear(struct spool_group *g)
{
	g->frames = 0;
	g->len = 0;
}

static struct segment_frame *
last_frame(struct spool_group *g)
{
	return &g->frame[g->frames - 1];
}

uint64_t
group_next(const struct spool *s)
{
	const struct spool_group *g = &s->group;

	return g->frames > 0 ? g->frame[g->frames - 1].last + 1 : s->cur->next;
}

void
group_add(struct spool *s, const struct segment_frame *f)
{
	struct spool_group *g = &s->group;

	if (g->frames > 0)
		frame_mark_more(g->bytes + (g->len - last_frame(g)->bytes.len),
		    last_frame(g)->bytes.len);
	memcpy(g->bytes + g->len, f->bytes.p, f->bytes.len);
	g->frame[g->frames] = *f;
	g->frame[g->frames++].bytes.p = g->bytes + g->len;
	g->len += f->bytes.len;
}

/* Nothing but frames that may use the room kept for losses. */
static bool
group_is_small(const struct spool_group *g)
{
	for (size_t i = 0; i < g->frames; i++)
		if (g->frame[i].type == FRAME_BATCH)
			return false;
	return true;
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

/* 0, or -1 and errno. */
static int
append(struct spool *s, struct segment *seg, const struct spool_group *g)
{
	if (segment_write(seg->fd, seg->end, g->bytes, g->len) < 0)
		return -1;
	seg->end += g->len;
	for (size_t i = 0; i < g->frames; i++) {
		const struct segment_frame *f = &g->frame[i];

		tally_add(&seg->tally, f->last - f->first + 1, f->records, f->from_us,
		    f->to_us);
		source_set(s, &f->source, f->to_us);
	}
	if (s->conf.sync_never)
		durable_skip(s, seg);
	return 0;
}

int
group_put(struct spool *s)
{
	struct spool_group *g = &s->group;
	const uint64_t first = g->frame[0].first;
	const bool small = group_is_small(g);

	for (int tries = 0; tries < 2; tries++) {
		struct segment *seg = room(s, g->len, first, small);

		if (seg == NULL)
			return -1;
		/* Before the write: what may be sent at once ends at the right number.
		 */
		s->cur->next = last_frame(g)->last + 1;
		if (append(s, seg, g) == 0) {
			s->count.frames += g->frames;
			group_clear(g);
			return 0;
		}
		s->cur->next = first;
		log_limited(&s->disk_log, LOG_LEVEL_ERROR,
		    "spool %s: cannot write to a segment: %m; going on in a new one",
		    s->path);
		segment_seal(s, seg);
		if (seg->end == SEGMENT_HEADER)
			segment_discard(s, seg);
	}
	return -1;
}

/* ---- what is refused becomes losses */

static void
refuse_loss(struct spool *s, const struct segment_frame *f, enum loss_cause cause,
    uint64_t records)
{
	struct loss loss = {
	    .bind_id = f->source.bind_id,
	    .group = f->source.group,
	    .kseq = f->source.kseq,
	    .cause = cause,
	    .records = records,
	    .from_us = f->from_us,
	    .to_us = f->to_us,
	};

	pending_add(s, &loss);
}

/* By which filter is lost, how many is not. */
static void
refuse_filtered(
    struct spool *s, const struct segment_frame *f, const struct filtered *m)
{
	uint64_t filtered = 0, limited = 0;

	for (uint16_t i = 0; i < m->entries; i++) {
		if (m->entry[i].filter_id == FILTERED_BY_RATE)
			limited += m->entry[i].records;
		else
			filtered += m->entry[i].records;
	}
	if (filtered > 0)
		refuse_loss(s, f, LOSS_FILTERED, filtered);
	if (limited > 0)
		refuse_loss(s, f, LOSS_RATE_LIMITED, limited);
}

static void
refuse_frame(struct spool *s, const struct segment_frame *f)
{
	const uint8_t *payload = f->bytes.p + FRAME_HEADER;
	size_t len = f->bytes.len - FRAME_HEADER;
	struct filtered filtered;
	struct loss loss;
	const char *why;

	if (f->type == FRAME_BATCH) {
		s->count.dropped += f->records;
		refuse_loss(s, f, LOSS_SPOOL_FULL, f->records);
	} else if (f->type == FRAME_LOSS) {
		if (message_get_loss(payload, len, &loss, &why) == 0)
			refuse_loss(s, f, loss.cause, loss.records);
	} else if (message_get_filtered(payload, len, &filtered, &why) == 0) {
		refuse_filtered(s, f, &filtered);
	}
}

bool
group_refuse(struct spool *s)
{
	struct spool_group *g = &s->group;
	bool batch = !group_is_small(g);

	for (size_t i = 0; i < g->frames; i++)
		refuse_frame(s, &g->frame[i]);
	group_clear(g);
	return batch;
}
