/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells by key: the sums of one roll-up in one transaction. Memory grows to what the
 * largest transaction needed and stays. Addresses, ports and times are what agents say:
 * the hash has a secret, so that nobody can choose keys that meet in one place.
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

struct cube_secret {
	uint64_t word[6]; /* random */
};

struct cube {
	const struct cube_secret *secret; /* set by the owner */
	struct cube_cell *cell;
	size_t cells, cells_size;
	uint32_t *slot; /* cell + 1; 0: free */
	size_t slots;   /* a power of two, at least twice the cells */
};

void cube_free(struct cube *c); /* the secret stays */
void cube_clear(struct cube *c);
/* Adds to the key's cell and returns its number; -1: no memory. */
int64_t cube_add(struct cube *c, const struct cube_key *key, uint64_t events,
    uint64_t bytes) __attribute__((warn_unused_result));

/* A product of 128 bits, its halves folded. */
static inline uint64_t
cube_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t high = (a >> 32) * (b >> 32),
		 low = (uint64_t)(uint32_t)a * (uint32_t)b;
	uint64_t one = (a >> 32) * (uint32_t)b, other = (uint32_t)a * (b >> 32);
	uint64_t middle = (low >> 32) + (uint32_t)one + (uint32_t)other;

	high += (one >> 32) + (other >> 32) + (middle >> 32);
	return high ^ (middle << 32 | (uint32_t)low);
#endif
}

/* Of 64 bits, every bit depends on every bit of x. */
static inline uint64_t
cube_mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

#endif
