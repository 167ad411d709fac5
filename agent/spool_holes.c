/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of numbers that drop_oldest removed. They are remembered in the file `holes`
 * until the collector has them as LOSS; if the file is lost, the same numbers go out as
 * corrupt. A range that may have been sent never grows, so that its LOSS stays the
 * same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/spool_internal.h"
#include "common/crc32c.h"

#define HOLES_FILE "holes"
#define HOLES_MAGIC "fwlog-holes 1\n"
#define LINE_BYTES 140 /* six numbers of up to 20 digits */
#define RETRY_MS 1000  /* between attempts to write it */

/* NULL: no memory. */
static char *
holes_text(const struct spool *s, size_t *length)
{
	size_t max = (s->holes + 2) * LINE_BYTES, len = 0;
	char *text = malloc(max);

	if (text == NULL)
		return NULL;
	len += (size_t)snprintf(text, max, HOLES_MAGIC);
	for (size_t i = 0; i < s->holes; i++) {
		const struct hole *h = &s->hole[i];

		len += (size_t)snprintf(text + len, max - len,
		    "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRIu64 "\n",
		    h->epoch, h->first, h->last, h->records, h->from_us, h->to_us);
	}
	len += (size_t)snprintf(
	    text + len, max - len, "crc %08" PRIx32 "\n", crc32c(0, text, len));
	*length = len;
	return text;
}

/* Under its new name, by which a run that follows a killed one finds it too. */
static int
holes_put(struct spool *s)
{
	size_t len = 0;
	char *text = holes_text(s, &len);
	int rc = -1;

	if (text != NULL)
		rc = file_write_new(s->dir, HOLES_FILE, text, len);
	free(text);
	s->holes_unsynced = rc == 0 && !s->conf.sync_never;
	if (rc == 0 && s->conf.sync_never)
		rc = file_take_over(s->dir, HOLES_FILE);
	s->holes_version++;
	s->holes_dirty = rc < 0;
	return rc;
}

static void
holes_write(struct spool *s)
{
	if (holes_put(s) == 0)
		return;
	log_limited(&s->disk_log, LOG_LEVEL_WARN,
	    "spool %s: cannot write %s: %m; tried again by itself; after a restart "
	    "before "
	    "that, what was dropped may be reported as corrupt",
	    s->path, HOLES_FILE);
	s->holes_ms = spool_now_ms() + RETRY_MS;
}

void
holes_tick(struct spool *s, int64_t now_ms)
{
	if (s->holes_dirty && now_ms >= s->holes_ms)
		holes_write(s);
}

bool
holes_sync(struct spool *s, int64_t now_ms)
{
	if (!s->holes_unsynced || now_ms < s->holes_ms)
		return false;
	int fd = file_open_new(s->dir, HOLES_FILE);
	int rc = fd >= 0 ? syncer_submit(&s->syncer, fd, -1) : -1;

	if (fd >= 0)
		close(fd);
	s->holes_unsynced = false;
	if (rc < 0) {
		holes_synced(s, s->holes_version, errno);
		return false;
	}
	s->job = (struct sync_job){
	    .running = true, .holes = true, .version = s->holes_version};
	return true;
}

void
holes_synced(struct spool *s, uint64_t version, int error)
{
	if (version != s->holes_version)
		return; /* written again meanwhile, that one is to come */
	if (error == 0 && file_take_over(s->dir, HOLES_FILE) == 0)
		return;
	s->count.sync_errors++;
	log_limited(&s->sync_log, LOG_LEVEL_WARN,
	    "spool %s: cannot sync %s: %s; written again", s->path, HOLES_FILE,
	    strerror(error != 0 ? error : errno));
	s->holes_dirty = true;
	s->holes_ms = spool_now_ms() + RETRY_MS;
}

void
holes_close(struct spool *s)
{
	if (s->holes_dirty)
		holes_write(s);
	if (!s->holes_unsynced)
		return;
	int fd = file_open_new(s->dir, HOLES_FILE);
	int error = fd >= 0 && segment_io.fdatasync(fd) == 0 ? 0 : errno;

	if (fd >= 0)
		close(fd);
	s->holes_unsynced = false;
	holes_synced(s, s->holes_version, error);
}

static bool
hole_parse(const char *line, struct hole *h)
{
	*h = (struct hole){.frozen = true};
	return sscanf(line,
		   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &h->epoch, &h->first, &h->last, &h->records, &h->from_us,
		   &h->to_us) == 6 &&
	       h->epoch != 0 && h->epoch <= INT64_MAX && h->first != 0 &&
	       h->first <= h->last && h->last < SEGMENT_SEQ_MAX;
}

/* The epoch of a hole; made anew in front of the others when nothing else is left of
 * it. */
static struct epoch *
hole_epoch(struct spool *s, const struct hole *h, struct epoch *before)
{
	struct epoch *e = epoch_find(s, h->epoch);

	if (e != NULL)
		return e;
	e = epoch_new(h->epoch);
	if (e == NULL)
		return NULL;
	e->acked = h->first - 1;
	if (before != NULL)
		TAILQ_INSERT_AFTER(&s->epochs, before, e, entry);
	else
		TAILQ_INSERT_HEAD(&s->epochs, e, entry);
	return e;
}

/* Also finishes a drop that a crash interrupted between note and removal. */
static void
hole_apply(struct spool *s, struct epoch *e, const struct hole *h)
{
	struct segment *seg;

	if (h->first - 1 < e->acked)
		e->acked = h->first - 1;
	if (h->last >= e->next)
		e->next = h->last + 1;
	while ((seg = TAILQ_FIRST(&e->segments)) != NULL &&
	       seg->id.first_seq >= h->first && segment_next(e, seg) - 1 <= h->last)
		segment_remove(s, e, seg);
}

static bool
crc_fits(const char *text)
{
	const char *last = strstr(text, "\ncrc ");
	uint32_t crc;

	return strncmp(text, HOLES_MAGIC, strlen(HOLES_MAGIC)) == 0 && last != NULL &&
	       sscanf(last, "\ncrc %" SCNx32, &crc) == 1 &&
	       crc == crc32c(0, text, (size_t)(last + 1 - text));
}

/* The newest that is whole: that under the new name was yet to be synced. */
static char *
holes_read(struct spool *s)
{
	const size_t max = (HOLES_MAX + 2) * LINE_BYTES;
	char *text = file_read(s->dir, HOLES_FILE ".new", max);

	if (text != NULL && crc_fits(text)) {
		s->holes_dirty = true;
		return text;
	}
	free(text);
	text = file_read(s->dir, HOLES_FILE, max);
	if (text == NULL || crc_fits(text))
		return text;
	log_warn("spool %s: %s is damaged and left aside; what was dropped before is "
		 "reported as corrupt",
	    s->path, HOLES_FILE);
	free(text);
	return NULL;
}

void
holes_load(struct spool *s)
{
	char *text = holes_read(s);
	struct epoch *e = NULL;

	if (text == NULL)
		return;
	for (char *line = strchr(text, '\n') + 1; s->holes < HOLES_MAX;
	     line = strchr(line, '\n') + 1) {
		struct hole *h = &s->hole[s->holes];

		if (!hole_parse(line, h))
			break;
		e = hole_epoch(s, h, e);
		if (e == NULL)
			break;
		hole_apply(s, e, h);
		s->holes++;
	}
	free(text);
}

static struct hole *
last_hole(const struct spool *s, uint64_t epoch)
{
	for (size_t i = s->holes; i > 0; i--)
		if (s->hole[i - 1].epoch == epoch)
			return &s->hole[i - 1];
	return NULL;
}

static void
hole_add(struct spool *s, const struct hole *h)
{
	struct hole *before = last_hole(s, h->epoch);

	if (before != NULL && !before->frozen && !h->frozen &&
	    before->last + 1 == h->first) {
		before->last = h->last;
		before->records = records_add(before->records, h->records);
		span_add(&before->from_us, &before->to_us, h->from_us, h->to_us);
	} else if (s->holes < HOLES_MAX) {
		s->hole[s->holes++] = *h;
	}
	/* Else their numbers go out as corrupt: still counted. */
}

/* The numbers of h go, in which t was found. */
static void
range_add(
    struct spool *s, const struct segment *seg, struct hole h, const struct tally *t)
{
	if (h.first > h.last)
		return;
	/* Numbers that cannot be read any more were records as far as anybody knows. */
	uint64_t numbers = h.last - h.first + 1;

	h.records =
	    records_add(t->records, numbers > t->numbers ? numbers - t->numbers : 0);
	h.from_us = t->from_us != 0 ? t->from_us : seg->created_us;
	h.to_us = t->to_us != 0 ? t->to_us : seg->created_us;
	hole_add(s, &h);
	if (h.records != LOSS_RECORDS_UNKNOWN)
		s->count.dropped += h.records;
}

/* What was sent may be stored up to any frame: the number behind the last such. */
static uint64_t
sent_end(const struct spool *s, const struct epoch *e)
{
	if (e->resumed)
		return e->read;
	return e == s->cur ? 0 : UINT64_MAX;
}

/*
 * The same for a segment some of which was sent. When the collector has its beginning,
 * what is left of a hole is its records less the numbers that are stored; that holds
 * for records alone. So a frame that tells of others is a hole by itself.
 */
static void
sent_segment_add(struct spool *s, struct epoch *e, struct segment *seg, struct hole h)
{
	const uint64_t end = sent_end(s, e), last = h.last;
	uint64_t from = SEGMENT_HEADER;
	struct tally t = {0};
	struct segment_frame f;
	int rc;

	while ((rc = segment_read(&s->reader, &seg->id, from, seg->end, &f)) == 1) {
		from = f.offset + f.bytes.len;
		if (f.type == FRAME_BATCH || f.first < h.first || f.first >= end ||
		    s->holes > HOLES_MAX / 2) {
			segment_count_frame(&f, h.first - 1, &t);
			continue;
		}
		h.last = f.first - 1;
		range_add(s, seg, h, &t);
		t = (struct tally){0};
		segment_count_frame(&f, 0, &t);
		range_add(s, seg,
		    (struct hole){.epoch = h.epoch,
			.first = f.first,
			.last = f.last,
			.frozen = true},
		    &t);
		t = (struct tally){0};
		h.first = f.last + 1;
		h.last = last;
	}
	if (rc < 0)
		t.records = LOSS_RECORDS_UNKNOWN;
	range_add(s, seg, h, &t);
}

void
holes_add_segment(struct spool *s, struct epoch *e, struct segment *seg)
{
	const struct hole *before = last_hole(s, e->epoch);
	uint64_t floor = e->acked;
	struct hole h = {.epoch = e->epoch, .last = segment_next(e, seg) - 1};
	struct tally t = seg->tally;

	if (before != NULL && before->last > floor)
		floor = before->last;
	h.first = seg->id.first_seq > floor ? seg->id.first_seq : floor + 1;
	if (h.first > h.last)
		return;
	if (h.first < sent_end(s, e)) {
		sent_segment_add(s, e, seg, h);
	} else {
		if (!seg->tallied || floor >= seg->id.first_seq) {
			t = (struct tally){0};
			segment_count(s, seg, floor, &t);
		}
		range_add(s, seg, h, &t);
	}
	holes_write(s);
	log_limited(&s->full_log, LOG_LEVEL_WARN,
	    "spool %s is full: the oldest segment was dropped, %" PRIu64
	    " records dropped so far; the collector is away or slow, or spool_size is "
	    "too "
	    "small",
	    s->path, s->count.dropped);
}

struct hole *
holes_at(const struct spool *s, uint64_t epoch, uint64_t seq)
{
	for (size_t i = 0; i < s->holes; i++) {
		struct hole *h = &s->hole[i];

		if (h->epoch == epoch && h->first <= seq && seq <= h->last)
			return h;
	}
	return NULL;
}

uint64_t
holes_behind(const struct spool *s, uint64_t epoch, uint64_t seq)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < s->holes; i++)
		if (s->hole[i].epoch == epoch && s->hole[i].first > seq &&
		    s->hole[i].first < first)
			first = s->hole[i].first;
	return first;
}

bool
holes_any(const struct spool *s, uint64_t epoch)
{
	return last_hole(s, epoch) != NULL;
}

void
holes_acked(struct spool *s, const struct epoch *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->holes; i++)
		if (s->hole[i].epoch != e->epoch || s->hole[i].last > e->acked)
			s->hole[kept++] = s->hole[i];
	if (kept == s->holes)
		return;
	s->holes = kept;
	holes_write(s);
}
