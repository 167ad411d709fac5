/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which segment is synced when. A sync that failed is not asked for again: the kernel
 * may have forgotten what it could not write. What was not yet synced is read back,
 * checked and written into new segments; if that is not possible or the disk fails
 * again, it is sent as it is: numbers are never used twice, so sending early does no
 * harm.
 */
#include <sys/eventfd.h>

#include <errno.h>
#include <unistd.h>

#include "agent/spool_internal.h"

#define FAILED_FIRST_MS 1000 /* no sync so long after one failed, doubling */
#define FAILED_MAX_MS 4000

static void
mark_sendable(struct spool *s, struct segment *seg, uint64_t end, uint64_t next)
{
	seg->synced = end;
	seg->synced_next = next;
	if (seg != s->writing && seg->synced == seg->end && seg->fd >= 0) {
		close(seg->fd);
		seg->fd = -1;
	}
}

void
durable_skip(struct spool *s, struct segment *seg)
{
	mark_sendable(s, seg, seg->end, segment_next(s->cur, seg));
	(void)eventfd_write(s->syncer.event_fd, 1);
}

/* The first segment with something to sync, NULL none. */
static struct segment *
next_unsynced(struct spool *s)
{
	while (s->unsynced != NULL && s->unsynced != s->writing &&
	       s->unsynced->synced == s->unsynced->end)
		s->unsynced = TAILQ_NEXT(s->unsynced, entry);
	if (s->unsynced == NULL || s->unsynced->synced == s->unsynced->end)
		return NULL;
	return s->unsynced;
}

uint64_t
durable_next(struct spool *s)
{
	const struct segment *seg = s->conf.sync_never ? NULL : next_unsynced(s);

	return seg != NULL ? seg->synced_next : s->cur->next;
}

void
durable_tick(struct spool *s, int64_t now_ms)
{
	struct segment *seg;

	if (s->conf.sync_never || s->job.running || holes_sync(s, now_ms) ||
	    now_ms < s->sync_ms || (seg = next_unsynced(s)) == NULL)
		return;
	if (syncer_submit(&s->syncer, seg->fd, seg->dir_synced ? -1 : s->dir) < 0) {
		log_limited(
		    &s->sync_log, LOG_LEVEL_WARN, "spool %s: cannot sync: %m", s->path);
		s->sync_ms = now_ms + FAILED_FIRST_MS;
		return;
	}
	s->job = (struct sync_job){.running = true,
	    .segment = seg,
	    .end = seg->end,
	    .next = segment_next(s->cur, seg)};
	s->sync_ms = now_ms + (int64_t)s->conf.sync_interval_ms;
}

/* Copies the frames of old from the offset on into new segments. 0 or -1. */
static int
copy_frames(struct spool *s, const struct segment *old, uint64_t from)
{
	struct segment_frame f;
	int rc;

	while ((rc = segment_read(&s->reader, &old->id, from, old->end, &f)) == 1) {
		struct segment *seg = s->writing;

		if (seg == NULL || f.bytes.len > seg->size - seg->end)
			seg = segment_begin(s, f.first, false, false);
		if (seg == NULL || segment_append(s, seg, &f) < 0)
			return -1;
		from = f.offset + f.bytes.len;
	}
	return rc;
}

/* The synced part of seg stays, of the segments behind it up to last nothing. */
static void
retire(struct spool *s, struct segment *seg, struct segment *last)
{
	struct segment *old = seg, *behind;

	s->unsynced = TAILQ_NEXT(last, entry);
	for (bool more = true; more; old = behind) {
		behind = TAILQ_NEXT(old, entry);
		more = old != last;
		if (old != seg || seg->synced == SEGMENT_HEADER) {
			segment_remove(s, s->cur, old);
			continue;
		}
		segment_reader_forget(&s->reader, old->id.number);
		old->end = old->synced;
		old->tallied = false;
		segment_seal(s, old);
	}
}

static int
rewrite(struct spool *s, struct segment *seg)
{
	struct segment *last = TAILQ_LAST(&s->cur->segments, segments), *fresh;
	struct segment *old = seg;
	int rc;

	s->writing = NULL;
	do {
		rc = copy_frames(s, old, old == seg ? seg->synced : SEGMENT_HEADER);
	} while (rc == 0 && old != last && (old = TAILQ_NEXT(old, entry)) != NULL);
	if (rc == 0) {
		retire(s, seg, last);
		return 0;
	}
	while ((fresh = TAILQ_LAST(&s->cur->segments, segments)) != last)
		segment_remove(s, s->cur, fresh);
	s->writing = NULL;
	return -1;
}

/* Gives up syncing what is written: it may be sent, the next frame begins a segment. */
static void
release(struct spool *s, struct segment *seg)
{
	s->writing = NULL;
	for (; seg != NULL; seg = TAILQ_NEXT(seg, entry)) {
		segment_seal(s, seg);
		durable_skip(s, seg);
	}
	s->unsynced = NULL;
}

static void
sync_failed(struct spool *s, struct segment *seg, int error)
{
	int64_t wait = FAILED_MAX_MS;

	s->count.sync_errors++;
	s->sync_failures++;
	log_limited(&s->sync_log, LOG_LEVEL_ERROR,
	    "spool %s: sync failed: %s; writing what was not synced again; check the "
	    "disk",
	    s->path, strerror(error));
	if (s->sync_failures < 3)
		wait = FAILED_FIRST_MS << (s->sync_failures - 1);
	s->sync_ms = s->sync_failures > 1 ? spool_now_ms() + wait : 0;
	if (seg != NULL && (s->sync_failures > 1 || rewrite(s, seg) < 0))
		release(s, seg);
}

void
durable_collect(struct spool *s)
{
	struct segment *seg = s->job.segment;
	int error;

	if (!s->job.running || !syncer_collect(&s->syncer, &error))
		return;
	s->job.running = false;
	s->job.segment = NULL;
	if (s->job.holes) {
		holes_synced(s, s->job.version, error);
		return;
	}
	if (error != 0) {
		sync_failed(s, seg, error);
		return;
	}
	s->count.syncs++;
	s->sync_failures = 0;
	if (seg == NULL)
		return;
	seg->dir_synced = true;
	mark_sendable(s, seg, s->job.end, s->job.next);
	if (seg != s->writing)
		s->sync_ms = 0; /* its successor belongs to the same group */
}

/* Marks the end behind the last frame, so that damage there will show. */
static void
close_writing(struct spool *s, struct segment *seg)
{
	if (ftruncate(seg->fd, (off_t)seg->end) == 0)
		(void)!segment_write_end(
		    seg->fd, seg->end, s->cur->epoch, s->cur->next);
	if (!s->conf.sync_never && seg->synced == seg->end &&
	    segment_io.fdatasync(seg->fd) < 0)
		s->count.sync_errors++; /* the mark only, all frames are safe */
	seg->size = seg->end;           /* the mark stays where it is */
	segment_seal(s, seg);
}

void
durable_close(struct spool *s)
{
	struct segment *seg;

	syncer_stop(&s->syncer);
	durable_collect(s);
	if (s->writing != NULL)
		close_writing(s, s->writing);
	while (!s->conf.sync_never && (seg = next_unsynced(s)) != NULL) {
		if (segment_io.fdatasync(seg->fd) < 0 ||
		    (!seg->dir_synced && segment_io.fdatasync(s->dir) < 0)) {
			s->count.sync_errors++;
			log_error(
			    "spool %s: sync failed at the end: %m; check the disk",
			    s->path);
		}
		mark_sendable(s, seg, seg->end, segment_next(s->cur, seg));
	}
}
