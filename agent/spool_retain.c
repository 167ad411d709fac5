/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments that are kept for a while after all in them was acknowledged: should the
 * database be restored from a backup, its marks go back, and what the backup lacks is
 * sent again. Within spool_size, and the first to go when room is needed.
 */
#include "agent/spool_internal.h"

#define SWEEP_INTERVAL_MS 1000

void
retain_note(struct spool *s, struct epoch *e)
{
	uint64_t now = spool_now_us();
	struct segment *seg;

	TAILQ_FOREACH (seg, &e->segments, entry) {
		if (seg == s->writing || segment_next(e, seg) - 1 > e->acked)
			break;
		/* Or the clock was set back. */
		if (seg->acked_us != 0 && seg->acked_us <= now)
			continue;
		seg->acked_us = now;
		s->acked_dirty = true;
	}
}

void
retain_undo(struct epoch *e)
{
	struct segment *seg;

	TAILQ_FOREACH (seg, &e->segments, entry)
		if (segment_next(e, seg) - 1 > e->acked)
			seg->acked_us = 0;
}

bool
retain_holds(const struct spool *s, const struct segment *seg)
{
	uint64_t now = spool_now_us();

	return seg->acked_us != 0 && seg->acked_us <= now &&
	       now - seg->acked_us < s->conf.retain_ms * 1000;
}

bool
retain_drop(struct spool *s)
{
	const struct segment *newest = newest_segment(s);
	struct segment *seg;
	struct epoch *e;

	TAILQ_FOREACH (e, &s->epochs, entry) {
		seg = TAILQ_FIRST(&e->segments);
		if (seg == NULL || seg->acked_us == 0 || seg->size == 0)
			continue;
		if (seg == newest)
			return segment_reduce(s, e, seg) == 0;
		segment_remove(s, e, seg);
		epoch_forget(s, e);
		return true;
	}
	return false;
}

void
retain_tick(struct spool *s, int64_t now_ms)
{
	if (s->conf.retain_ms == 0 || now_ms < s->sweep_ms)
		return;
	s->sweep_ms = now_ms + SWEEP_INTERVAL_MS;
	segments_sweep(s, false);
}

uint64_t
retain_bytes(const struct spool *s)
{
	const struct segment *seg;
	const struct epoch *e;
	uint64_t bytes = 0;

	TAILQ_FOREACH (e, &s->epochs, entry)
		TAILQ_FOREACH (seg, &e->segments, entry)
			bytes += seg->acked_us != 0 ? seg->size : 0;
	return bytes;
}
