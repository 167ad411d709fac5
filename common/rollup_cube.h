/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells by key: the sums of one roll-up in one transaction. Memory grows to what the
 * largest transaction needed and stays.
 */
#ifndef FWLOG_COMMON_ROLLUP_CUBE_H
#define FWLOG_COMMON_ROLLUP_CUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No padding: keys are compared as bytes. What a roll-up does not have is 0. */
struct cube_key {
	uint64_t at; /* minutes since 1970: the row's start */
	int32_t host_id;
	int32_t prefix;
	int32_t dport;
	int16_t proto;
	uint16_t family; /* 4, 6, or what stands for no address and for the rest */
	uint8_t address[16];
};
_Static_assert(sizeof(struct cube_key) == 40, "keys have no padding");

struct cube_cell {
	struct cube_key key;
	uint64_t hash;
	uint64_t events, bytes; /* events 0: folded, no row */
};

struct cube {
	struct cube_cell *cell;
	size_t cells, cells_size;
	uint32_t *slot; /* cell + 1; 0: free */
	size_t slots;   /* a power of two, at least twice the cells */
};

void cube_free(struct cube *c);
void cube_clear(struct cube *c);
/* Adds to the key's cell and returns its number; -1: no memory. */
int64_t cube_add(struct cube *c, const struct cube_key *key, uint64_t events,
    uint64_t bytes) __attribute__((warn_unused_result));

/* Of 64 bits, every bit depends on every bit of x. */
static inline uint64_t
cube_mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

#endif
