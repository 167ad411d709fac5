/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Epochs and segments in their order, and the room for new ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/spool_internal.h"

#define RETRY_MS 100 /* a disk that refused a segment is left alone so long */
#define NAME_TRIES 16

struct epoch *
epoch_find(const struct spool *s, uint64_t epoch)
{
	struct epoch *e;

	TAILQ_FOREACH (e, &s->epochs, entry)
		if (e->epoch == epoch)
			return e;
	return NULL;
}

struct epoch *
epoch_new(uint64_t epoch)
{
	struct epoch *e = calloc(1, sizeof *e);

	if (e == NULL)
		return NULL;
	e->epoch = epoch;
	e->next = 1;
	e->read = 1;
	TAILQ_INIT(&e->segments);
	return e;
}

uint64_t
segment_next(const struct epoch *e, const struct segment *seg)
{
	const struct segment *behind = TAILQ_NEXT(seg, entry);

	return behind != NULL ? behind->id.first_seq : e->next;
}

void
segment_insert(struct epoch *e, struct segment *seg)
{
	struct segment *before = TAILQ_LAST(&e->segments, segments);

	while (before != NULL && before->id.first_seq > seg->id.first_seq)
		before = TAILQ_PREV(before, segments, entry);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&e->segments, seg, entry);
	else
		TAILQ_INSERT_AFTER(&e->segments, before, seg, entry);
}

/* Nobody writes, syncs or has it open any more. */
static void
segment_release(struct spool *s, struct segment *seg)
{
	segment_reader_forget(&s->reader, seg->id.number);
	if (s->job.segment == seg)
		s->job.segment = NULL;
	if (s->unsynced == seg)
		s->unsynced = TAILQ_NEXT(seg, entry);
	if (s->writing == seg)
		s->writing = NULL;
	if (seg->fd >= 0)
		close(seg->fd);
	seg->fd = -1;
}

void
segment_remove(struct spool *s, struct epoch *e, struct segment *seg)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(seg->id.number, name);
	if (unlinkat(s->dir, name, 0) < 0 && errno != ENOENT)
		log_limited(&s->disk_log, LOG_LEVEL_WARN,
		    "spool %s: cannot remove %s: %m; remove it by hand", s->path, name);
	segment_release(s, seg);
	if (e->at == seg) {
		e->at = TAILQ_NEXT(seg, entry);
		e->offset = SEGMENT_HEADER;
	}
	s->used -= seg->size;
	TAILQ_REMOVE(&e->segments, seg, entry);
	free(seg);
}

void
segment_seal(struct spool *s, struct segment *seg)
{
	if (s->writing == seg)
		s->writing = NULL;
	if (seg->fd >= 0 && seg->size > seg->end &&
	    ftruncate(seg->fd, (off_t)seg->end) == 0) {
		s->used -= seg->size - seg->end;
		seg->size = seg->end;
	}
	if (seg->fd >= 0 && seg->synced == seg->end) {
		close(seg->fd);
		seg->fd = -1;
	}
}

const struct segment *
newest_segment(const struct spool *s)
{
	struct epoch *e;

	TAILQ_FOREACH_REVERSE(e, &s->epochs, epochs, entry)
	if (!TAILQ_EMPTY(&e->segments))
		return TAILQ_LAST(&e->segments, segments);
	return NULL;
}

static struct segment_header
header_of(const struct spool *s, const struct segment *seg)
{
	struct segment_header h = {
	    .epoch = seg->id.epoch,
	    .first_seq = seg->id.first_seq,
	    .created_us = seg->created_us,
	    .sources = (uint16_t)s->sources,
	};

	memcpy(h.source, s->source, s->sources * sizeof *h.source);
	return h;
}

/*
 * All of it is acknowledged and its room is needed, but no other segment tells where
 * the kernel's numbering stands: its header stays. That does not count as used, so that
 * the next segment fits. 0, or -1: not possible.
 */
int
segment_reduce(struct spool *s, struct epoch *e, struct segment *seg)
{
	struct segment_header h = header_of(s, seg);
	char name[SEGMENT_NAME_MAX];

	if (seg->size == 0)
		return 0;
	segment_name(seg->id.number, name);
	int fd = openat(s->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	int rc = segment_cut(fd, &h);
	close(fd);
	if (rc < 0)
		return -1;
	segment_release(s, seg);
	s->used -= seg->size;
	seg->size = 0;
	seg->end = seg->synced = seg->noted = SEGMENT_HEADER;
	seg->synced_next = segment_next(e, seg);
	seg->tally = (struct tally){0};
	seg->tallied = true;
	if (e->at == seg)
		e->offset = SEGMENT_HEADER;
	return 0;
}

void
segment_discard(struct spool *s, struct segment *seg)
{
	bool alone =
	    TAILQ_FIRST(&s->cur->segments) == seg && TAILQ_NEXT(seg, entry) == NULL;

	if (!alone || segment_reduce(s, s->cur, seg) < 0)
		segment_remove(s, s->cur, seg);
}

void
epoch_forget(struct spool *s, struct epoch *e)
{
	if (!TAILQ_EMPTY(&e->segments) || e == s->cur || e->acked < e->next - 1 ||
	    holes_any(s, e->epoch))
		return;
	TAILQ_REMOVE(&s->epochs, e, entry);
	free(e);
}

static void
epoch_sweep(
    struct spool *s, struct epoch *e, const struct segment *newest, bool newest_too)
{
	struct segment *seg;

	if (e->resumed)
		retain_note(s, e);
	while ((seg = TAILQ_FIRST(&e->segments)) != NULL &&
	       segment_next(e, seg) - 1 <= e->acked && !retain_holds(s, seg)) {
		if (seg == newest && (!newest_too || segment_reduce(s, e, seg) == 0))
			break;
		segment_remove(s, e, seg);
	}
	epoch_forget(s, e);
}

void
segments_sweep(struct spool *s, bool newest_too)
{
	const struct segment *newest = newest_segment(s);
	struct epoch *behind;

	for (struct epoch *e = TAILQ_FIRST(&s->epochs); e != NULL; e = behind) {
		behind = TAILQ_NEXT(e, entry);
		epoch_sweep(s, e, newest, newest_too);
	}
}

static bool
fits(const struct spool *s, bool small)
{
	/* A small segment always finds room beside what batches may take. */
	uint64_t want = SEGMENT_SMALL + (small ? 0 : s->conf.segment_size);

	return s->used <= s->conf.size && want <= s->conf.size - s->used;
}

static bool
drop_oldest(struct spool *s)
{
	struct epoch *e = TAILQ_FIRST(&s->epochs);

	if (s->conf.when_full != SPOOL_DROP_OLDEST)
		return false;
	while (e != NULL && TAILQ_EMPTY(&e->segments))
		e = TAILQ_NEXT(e, entry);
	if (e == NULL)
		return false;
	struct segment *seg = TAILQ_FIRST(&e->segments);

	if (seg == s->writing)
		segment_seal(s, seg);
	holes_add_segment(s, e, seg);
	segment_remove(s, e, seg);
	return true;
}

/* What is acknowledged makes way, the oldest first and no more than needed. */
static bool
make_way(struct spool *s, bool small)
{
	while (!fits(s, small) && retain_drop(s))
		;
	if (!fits(s, small))
		segments_sweep(s, true);
	return fits(s, small);
}

static bool
make_room(struct spool *s, bool small, bool may_drop)
{
	if (may_drop && make_way(s, small))
		return true;
	while (!fits(s, small))
		if (!may_drop || !drop_oldest(s))
			return false;
	return true;
}

bool
segment_may_begin(struct spool *s)
{
	return spool_now_ms() >= s->retry_ms &&
	       (s->conf.when_full == SPOOL_DROP_OLDEST || make_way(s, false));
}

/* Creates the file of seg under the next free number. 0, or -1 and errno. */
static int
create_file(struct spool *s, struct segment *seg)
{
	struct segment_header h = header_of(s, seg);

	for (int i = 0; i < NAME_TRIES; i++) {
		seg->id.number = s->next_number++;
		seg->fd = segment_create(s->dir, seg->id.number, seg->size, &h);
		if (seg->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return -1;
}

static bool
disk_is_full(void)
{
	return errno == ENOSPC || errno == EDQUOT;
}

/* The disk refused it: once more when something made way. 0, or -1 and errno. */
static int
create_after_dropping(struct spool *s, struct segment *seg)
{
	int rc = -1;

	while (rc < 0 && disk_is_full() && retain_drop(s))
		rc = create_file(s, seg);
	if (rc == 0 || !disk_is_full())
		return rc;
	segments_sweep(s, true);
	(void)drop_oldest(s);
	return create_file(s, seg);
}

static struct segment *
segment_new(struct spool *s, uint64_t first, bool small)
{
	struct segment *seg = calloc(1, sizeof *seg);

	if (seg == NULL)
		return NULL;
	*seg = (struct segment){
	    .id = {.epoch = s->cur->epoch, .first_seq = first},
	    .created_us = spool_now_us(),
	    .size = small ? SEGMENT_SMALL : s->conf.segment_size,
	    .end = SEGMENT_HEADER,
	    .synced = SEGMENT_HEADER,
	    .synced_next = first,
	    .noted = SEGMENT_HEADER,
	    .fd = -1,
	    .small = small,
	    .tallied = true,
	};
	return seg;
}

/* The old segment ends here, seg is the one that is written. */
static void
segment_take_over(struct spool *s, struct segment *seg)
{
	struct segment *old = s->writing;

	if (old != NULL)
		segment_seal(s, old);
	if (old != NULL && old->end == SEGMENT_HEADER)
		segment_remove(s, s->cur, old);
	TAILQ_INSERT_TAIL(&s->cur->segments, seg, entry);
	s->used += seg->size;
	s->writing = seg;
	if (s->unsynced == NULL)
		s->unsynced = seg;
}

struct segment *
segment_begin(struct spool *s, uint64_t first, bool small, bool may_drop)
{
	if (spool_now_ms() < s->retry_ms || !make_room(s, small, may_drop))
		return NULL;
	struct segment *seg = segment_new(s, first, small);
	int rc = seg != NULL ? create_file(s, seg) : -1;

	if (rc < 0 && seg != NULL && may_drop)
		rc = create_after_dropping(s, seg);
	if (rc < 0) {
		log_limited(&s->disk_log, LOG_LEVEL_ERROR,
		    "spool %s: cannot begin a segment of %llu bytes: %m; free space "
		    "there, "
		    "it is tried again by itself",
		    s->path, (unsigned long long)s->conf.segment_size);
		s->retry_ms = spool_now_ms() + RETRY_MS;
		free(seg);
		return NULL;
	}
	segment_take_over(s, seg);
	if (may_drop) {
		s->dropping = false;
		segments_sweep(s, false);
	}
	return seg;
}

void
segment_count_frame(const struct segment_frame *f, uint64_t floor, struct tally *t)
{
	uint64_t first = f->first, records = f->records;

	if (f->last <= floor)
		return;
	if (first <= floor) {
		records -= f->type == FRAME_BATCH ? floor + 1 - first : 0;
		first = floor + 1;
	}
	tally_add(t, f->last - first + 1, records, f->from_us, f->to_us);
}

void
segment_count(struct spool *s, struct segment *seg, uint64_t floor, struct tally *t)
{
	struct segment_frame f;
	uint64_t from = SEGMENT_HEADER;
	int rc;

	while ((rc = segment_read(&s->reader, &seg->id, from, seg->end, &f)) == 1) {
		from = f.offset + f.bytes.len;
		segment_count_frame(&f, floor, t);
	}
	if (rc < 0)
		t->records = LOSS_RECORDS_UNKNOWN;
}
