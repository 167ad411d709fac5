/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file `acked`: up to where each epoch was acknowledged when it was last written,
 * and since when the segments that are retained were acknowledged whole. The marks help
 * only the counters of a run that has not heard from a collector yet. What it says of
 * segments lets them go when room is needed, so it has a CRC and names them beyond
 * doubt.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/spool_internal.h"
#include "common/crc32c.h"

#define ACKED_FILE "acked"
#define ACKED_MAGIC "fwlog-acked 1\n"
#define ACKED_INTERVAL_MS 1000
#define KEPT_MAX                                                             \
	4096 /* segments listed; others count as acknowledged when next told \
	      */
#define MARK_BYTES 48
#define KEPT_BYTES 96
#define ACKED_MAX ((EPOCHS_MAX + 2) * MARK_BYTES + KEPT_MAX * KEPT_BYTES)

static bool
crc_fits(const char *text)
{
	const char *last = strstr(text, "\ncrc ");
	uint32_t crc;

	return strncmp(text, ACKED_MAGIC, strlen(ACKED_MAGIC)) == 0 && last != NULL &&
	       sscanf(last, "\ncrc %" SCNx32, &crc) == 1 &&
	       crc == crc32c(0, text, (size_t)(last + 1 - text));
}

static void
take_mark(struct spool *s, const char *line)
{
	uint64_t epoch, seq;

	if (sscanf(line, "%" SCNu64 " %" SCNu64, &epoch, &seq) != 2)
		return;
	struct epoch *e = epoch_find(s, epoch);

	if (e != NULL && seq < e->next)
		e->hint = seq;
}

static void
take_kept(struct spool *s, const char *line)
{
	uint64_t epoch, number, next, us;
	struct segment *seg;

	if (sscanf(line, "kept %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &epoch,
		&number, &next, &us) != 4)
		return;
	struct epoch *e = epoch_find(s, epoch);

	if (e == NULL)
		return;
	TAILQ_FOREACH (seg, &e->segments, entry)
		if (seg->id.number == number && segment_next(e, seg) == next)
			seg->acked_us = us;
}

void
acked_load(struct spool *s)
{
	char *text = file_read(s->dir, ACKED_FILE, ACKED_MAX);

	if (text != NULL && crc_fits(text))
		for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
			line++;
			if (line[0] == 'k')
				take_kept(s, line);
			else
				take_mark(s, line);
		}
	free(text);
}

static size_t
put_kept(const struct epoch *e, char *text, size_t max, unsigned *kept)
{
	const struct segment *seg;
	size_t len = 0;

	TAILQ_FOREACH (seg, &e->segments, entry)
		if (seg->acked_us != 0 && (*kept)++ < KEPT_MAX)
			len += (size_t)snprintf(text + len, max - len,
			    "kept %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			    e->epoch, seg->id.number, segment_next(e, seg),
			    seg->acked_us);
	return len;
}

void
acked_write(struct spool *s)
{
	char *text = malloc(ACKED_MAX);
	unsigned marks = 0, kept = 0;
	struct epoch *e;
	size_t len;

	if (text == NULL)
		return;
	len = (size_t)snprintf(text, ACKED_MAX, ACKED_MAGIC);
	TAILQ_FOREACH (e, &s->epochs, entry) {
		if (marks++ < EPOCHS_MAX)
			len += (size_t)snprintf(text + len, ACKED_MAX - len,
			    "%" PRIu64 " %" PRIu64 "\n", e->epoch,
			    e->resumed ? e->acked : e->hint);
		len += put_kept(e, text + len, ACKED_MAX - len, &kept);
	}
	len += (size_t)snprintf(
	    text + len, ACKED_MAX - len, "crc %08" PRIx32 "\n", crc32c(0, text, len));
	if (file_write_new(s->dir, ACKED_FILE, text, len) == 0 &&
	    file_take_over(s->dir, ACKED_FILE) == 0)
		s->acked_dirty = false;
	free(text);
}

void
acked_tick(struct spool *s, int64_t now_ms)
{
	if (!s->acked_dirty || now_ms < s->acked_ms)
		return;
	s->acked_ms = now_ms + ACKED_INTERVAL_MS;
	acked_write(s);
}
