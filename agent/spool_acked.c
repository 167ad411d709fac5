/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file `acked`: up to where each epoch was acknowledged when it was last written.
 * Only the counters of a run that has not heard from a collector yet make use of it;
 * nothing is removed or skipped on its word, so whatever stands there does no harm.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/spool_internal.h"

#define ACKED_FILE "acked"
#define ACKED_MAGIC "fwlog-acked 1\n"
#define ACKED_INTERVAL_MS 1000
#define LINE_BYTES 48

void
acked_load(struct spool *s)
{
	char *text = file_read(s->dir, ACKED_FILE, (EPOCHS_MAX + 1) * LINE_BYTES);
	uint64_t epoch, seq;

	if (text == NULL || strncmp(text, ACKED_MAGIC, strlen(ACKED_MAGIC)) != 0) {
		free(text);
		return;
	}
	for (char *line = strchr(text, '\n'); line != NULL;
	     line = strchr(line + 1, '\n')) {
		if (sscanf(line + 1, "%" SCNu64 " %" SCNu64, &epoch, &seq) != 2)
			break;
		struct epoch *e = epoch_find(s, epoch);
		if (e != NULL && seq < e->next)
			e->hint = seq;
	}
	free(text);
}

void
acked_write(struct spool *s)
{
	size_t max = (EPOCHS_MAX + 1) * LINE_BYTES, len;
	char *text = malloc(max);
	unsigned n = 0;
	struct epoch *e;

	if (text == NULL)
		return;
	len = (size_t)snprintf(text, max, ACKED_MAGIC);
	TAILQ_FOREACH (e, &s->epochs, entry)
		if (n++ < EPOCHS_MAX)
			len += (size_t)snprintf(text + len, max - len,
			    "%" PRIu64 " %" PRIu64 "\n", e->epoch,
			    e->resumed ? e->acked : e->hint);
	if (file_replace(s->dir, ACKED_FILE, text, len, false) == 0)
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
