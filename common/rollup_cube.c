/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/rollup_cube.h"

#include <stdlib.h>
#include <string.h>

#define CUBE_FIRST 1024 /* slots */

void
cube_free(struct cube *c)
{
	free(c->cell);
	free(c->slot);
	*c = (struct cube){.secret = c->secret};
}

void
cube_clear(struct cube *c)
{
	if (c->cells > 0)
		memset(c->slot, 0, c->slots * sizeof *c->slot);
	c->cells = 0;
}

static uint64_t
cube_hash(const struct cube_secret *secret, const struct cube_key *key)
{
	const uint64_t *k = secret->word;
	uint64_t word[5];

	_Static_assert(sizeof word == sizeof *key, "a key is five words");
	memcpy(word, key, sizeof word);
	return cube_fold(cube_fold(word[0] ^ k[0], word[1] ^ k[1]) ^ word[2] ^ k[2],
	    cube_fold(word[3] ^ k[3], word[4] ^ k[4]) ^ k[5]);
}

/* Where the key is, or may go. */
static uint32_t *
cube_slot(const struct cube *c, const struct cube_key *key, uint64_t hash)
{
	size_t at = (size_t)hash & (c->slots - 1);
	const struct cube_cell *cell;

	for (; c->slot[at] != 0; at = (at + 1) & (c->slots - 1)) {
		cell = &c->cell[c->slot[at] - 1];
		if (cell->hash == hash && memcmp(&cell->key, key, sizeof *key) == 0)
			break;
	}
	return &c->slot[at];
}

static int
cube_grow(struct cube *c)
{
	size_t slots = c->slots == 0 ? CUBE_FIRST : 2 * c->slots;
	struct cube_cell *cell = realloc(c->cell, slots / 2 * sizeof *cell);
	uint32_t *slot;

	if (cell == NULL)
		return -1;
	c->cell = cell;
	slot = calloc(slots, sizeof *slot);
	if (slot == NULL)
		return -1;
	free(c->slot);
	c->slot = slot;
	c->slots = slots;
	c->cells_size = slots / 2;
	for (size_t i = 0; i < c->cells; i++)
		*cube_slot(c, &cell[i].key, cell[i].hash) = (uint32_t)i + 1;
	return 0;
}

int64_t
cube_add(struct cube *c, const struct cube_key *key, uint64_t events, uint64_t bytes)
{
	uint64_t hash = cube_hash(c->secret, key);
	struct cube_cell *cell;
	uint32_t *slot;

	if (c->cells == c->cells_size && cube_grow(c) != 0)
		return -1;
	slot = cube_slot(c, key, hash);
	if (*slot == 0) {
		c->cell[c->cells] = (struct cube_cell){.key = *key, .hash = hash};
		*slot = (uint32_t)++c->cells;
	}
	cell = &c->cell[*slot - 1];
	cell->events += events;
	cell->bytes += bytes;
	return (int64_t)*slot - 1;
}
