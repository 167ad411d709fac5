/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/rollup_admit.h"

#include <stdlib.h>
#include <string.h>

#define ADMIT_FIRST 4096 /* slots */

void
admit_free(struct admit *a)
{
	free(a->slot);
	*a = (struct admit){.slots = 0};
}

/* Index of the key's slot, or of the free one it may take. */
static size_t
admit_find(const struct admit *a, uint64_t key)
{
	size_t at = (size_t)key & (a->slots - 1);

	while (a->slot[at].key != 0 && a->slot[at].key != key)
		at = (at + 1) & (a->slots - 1);
	return at;
}

static int
admit_grow(struct admit *a)
{
	struct admit grown = {.slots = a->slots == 0 ? ADMIT_FIRST : 2 * a->slots};

	grown.slot = calloc(grown.slots, sizeof *grown.slot);
	if (grown.slot == NULL)
		return -1;
	for (size_t i = 0; i < a->slots; i++)
		if (a->slot[i].key != 0)
			grown.slot[admit_find(&grown, a->slot[i].key)] = a->slot[i];
	grown.used = a->used;
	free(a->slot);
	*a = grown;
	return 0;
}

/* Two more fit afterwards. */
static int
admit_reserve(struct admit *a)
{
	if (4 * (a->used + 2) <= 3 * a->slots)
		return 0;
	if (a->slots < ADMIT_SLOTS_MAX)
		return admit_grow(a);
	memset(a->slot, 0, a->slots * sizeof *a->slot);
	a->used = 0;
	return 0;
}

static uint64_t *
admit_count(struct admit *a, uint64_t key)
{
	size_t at = admit_find(a, key);

	if (a->slot[at].key == 0) {
		a->slot[at].key = key;
		a->slot[at].count = 0;
		a->used++;
	}
	return &a->slot[at].count;
}

bool
admit_key(struct admit *a, uint64_t key, uint64_t group, uint64_t most)
{
	uint64_t *count;

	if (key == 0)
		key = 1;
	if (group == 0)
		group = 1;
	if (a->slots > 0 && a->slot[admit_find(a, key)].key != 0)
		return true;
	if (admit_reserve(a) != 0)
		return false;
	count = admit_count(a, group);
	if (*count >= most)
		return false;
	++*count;
	*admit_count(a, key) = 1;
	return true;
}
