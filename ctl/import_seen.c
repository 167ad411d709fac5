/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_seen.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_FIRST 4096 /* entries */

void
import_seen_free(struct import_seen *s)
{
	free(s->entry);
	*s = (struct import_seen){0};
}

void
import_seen_clear(struct import_seen *s)
{
	if (s->used > 0)
		memset(s->entry, 0, s->size * sizeof *s->entry);
	s->used = 0;
}

/* Its entry, or the free one where it belongs. */
static struct seen_entry *
seen_find(const struct import_seen *s, uint64_t key)
{
	size_t at = (size_t)key & (s->size - 1);

	while (s->entry[at].count != 0 && s->entry[at].key != key)
		at = (at + 1) & (s->size - 1);
	return &s->entry[at];
}

/* Into a table of that size, those from that minute on. */
static bool
seen_rebuild(struct import_seen *s, size_t size, uint32_t from)
{
	struct import_seen next = {calloc(size, sizeof *next.entry), size, 0};

	if (next.entry == NULL)
		return false;
	for (size_t i = 0; i < s->size; i++) {
		if (s->entry[i].count == 0 || s->entry[i].minute < from)
			continue;
		*seen_find(&next, s->entry[i].key) = s->entry[i];
		next.used++;
	}
	free(s->entry);
	*s = next;
	return true;
}

uint32_t
import_seen_add(struct import_seen *s, uint64_t key, uint32_t minute)
{
	size_t size = s->size == 0 ? SEEN_FIRST : s->size * 2;
	struct seen_entry *e;

	if (s->used * 2 >= s->size && !seen_rebuild(s, size, 0))
		return 0;
	e = seen_find(s, key);
	if (e->count == 0) {
		*e = (struct seen_entry){key, minute, 0};
		s->used++;
	}
	return ++e->count;
}

uint32_t
import_seen_count(const struct import_seen *s, uint64_t key)
{
	return s->size == 0 ? 0 : seen_find(s, key)->count;
}

void
import_seen_forget(struct import_seen *s, uint32_t before)
{
	/* Without memory nothing is forgotten, which is as good. */
	if (s->size > 0)
		(void)!seen_rebuild(s, s->size, before);
}
