/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sketches of address sets, bits as fwlog.rollup_hour_distinct has them: a HyperLogLog
 * of 512 registers in unary. Bit 512 r + b is set by an address whose hash has b in its
 * low 9 bits and r zeros above them. They are stored: the hash must not change.
 */
#ifndef FWLOG_COMMON_ROLLUP_SKETCH_H
#define FWLOG_COMMON_ROLLUP_SKETCH_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "common/packet.h"
#include "common/rollup_cube.h"

#define SKETCH_BUCKET_BITS 9
#define SKETCH_BUCKETS (1u << SKETCH_BUCKET_BITS)
#define SKETCH_PLANES 24
#define SKETCH_BYTES (SKETCH_BUCKETS * SKETCH_PLANES / 8)

struct sketch {
	uint8_t bits[SKETCH_BYTES]; /* the first bit is the highest of the first byte */
};

static inline uint64_t
sketch_hash(const struct ip_addr *a)
{
	uint64_t word[2] = {0};

	memcpy(word, a->byte, a->family == 4 ? 4 : 16);
	return cube_mix(cube_mix(le64toh(word[0]) + a->family) ^ le64toh(word[1]));
}

static inline void
sketch_add(struct sketch *s, const struct ip_addr *a)
{
	uint64_t hash = sketch_hash(a);
	unsigned bucket = (unsigned)(hash & (SKETCH_BUCKETS - 1));
	uint64_t rest = hash >> SKETCH_BUCKET_BITS | UINT64_C(1) << (SKETCH_PLANES - 1);
	unsigned bit = (unsigned)__builtin_ctzll(rest) * SKETCH_BUCKETS + bucket;

	s->bits[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
}

/* Is there anything in s that is not in known? */
static inline bool
sketch_adds(const struct sketch *s, const struct sketch *known)
{
	uint8_t more = 0;

	for (size_t i = 0; i < SKETCH_BYTES; i++)
		more |= (uint8_t)(s->bits[i] & ~known->bits[i]);
	return more != 0;
}

static inline void
sketch_unite(struct sketch *s, const struct sketch *more)
{
	for (size_t i = 0; i < SKETCH_BYTES; i++)
		s->bits[i] |= more->bits[i];
}

#endif
