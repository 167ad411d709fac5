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

#include "agent/spool_internal.h"
#include "common/crc32c.h"

#define HOLES_FILE "holes"
#define HOLES_MAGIC "fwlog-holes 1\n"
#define LINE_BYTES 140 /* six numbers of up to 20 digits */

static void
holes_write(struct spool *s)
{
	size_t max = (s->holes + 2) * LINE_BYTES, len = 0;
	char *text = malloc(max);

	if (text == NULL)
		return;
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
	if (file_replace(s->dir, HOLES_FILE, text, len, !s->conf.sync_never) < 0)
		log_limited(&s->disk_log, LOG_LEVEL_WARN,
		    "spool %s: cannot write %s: %m; after a restart what was dropped "
		    "may "
		    "be reported as corrupt",
		    s->path, HOLES_FILE);
	free(text);
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

void
holes_load(struct spool *s)
{
	char *text = file_read(s->dir, HOLES_FILE, (HOLES_MAX + 2) * LINE_BYTES);
	struct epoch *e = NULL;

	if (text == NULL)
		return;
	if (!crc_fits(text)) {
		log_warn(
		    "spool %s: %s is damaged and left aside; what was dropped before "
		    "is reported as corrupt",
		    s->path, HOLES_FILE);
		free(text);
		return;
	}
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

	if (before != NULL && !before->frozen && before->last + 1 == h->first) {
		before->last = h->last;
		before->records = records_add(before->records, h->records);
		span_add(&before->from_us, &before->to_us, h->from_us, h->to_us);
	} else if (s->holes < HOLES_MAX) {
		s->hole[s->holes++] = *h;
	}
	/* Else their numbers go out as corrupt: still counted. */
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
	if (!seg->tallied || floor >= seg->id.first_seq) {
		t = (struct tally){0};
		segment_count(s, seg, floor, &t);
	}
	/* Numbers that cannot be read any more were records as far as anybody knows. */
	uint64_t numbers = h.last - h.first + 1;

	h.records =
	    records_add(t.records, numbers > t.numbers ? numbers - t.numbers : 0);
	h.from_us = t.from_us != 0 ? t.from_us : seg->created_us;
	h.to_us = t.to_us != 0 ? t.to_us : seg->created_us;
	hole_add(s, &h);
	holes_write(s);
	if (h.records != LOSS_RECORDS_UNKNOWN)
		s->count.dropped += h.records;
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
