/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often each key was seen: a table in memory, of keys that are good hashes. Entries
 * of old minutes can be let go of.
 */
#ifndef FWLOG_CTL_IMPORT_SEEN_H
#define FWLOG_CTL_IMPORT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen_entry {
	uint64_t key;
	uint32_t minute; /* since 1970 */
	uint32_t count;  /* 0: free */
};

struct import_seen {
	struct seen_entry *entry;
	size_t size, used; /* size: a power of two, or 0 */
};

void import_seen_free(struct import_seen *s);
void import_seen_clear(struct import_seen *s);
/* Once more; how often now, 0: out of memory. */
uint32_t import_seen_add(struct import_seen *s, uint64_t key, uint32_t minute);
/* How often so far. */
uint32_t import_seen_count(const struct import_seen *s, uint64_t key);
/* Forgets the entries of minutes before that one. */
void import_seen_forget(struct import_seen *s, uint32_t before);

#endif
