/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the roll-ups: rollup.c, rollup_sql.c. */
#ifndef FWLOG_COMMON_ROLLUP_INTERNAL_H
#define FWLOG_COMMON_ROLLUP_INTERNAL_H

#include "common/rollup.h"
#include "common/rollup_admit.h"
#include "common/rollup_cube.h"
#include "common/rollup_sketch.h"

#define ROLLUP_KNOWN 1024 /* hosts and hours whose sketches are kept */
/*
 * Hosts and hours of one transaction that get sketches, 6 KiB of statement each: agents
 * name the hours. Beyond it addresses are not counted as distinct, which is an estimate
 * anyway; all sums stay exact.
 */
#define ROLLUP_SKETCHES_MAX 1024
#define ROLLUP_REST_PORT (-2)
#define ROLLUP_REST_FAMILY 1

enum rollup_cube {
	ROLLUP_MINUTE,
	ROLLUP_HOUR,
	ROLLUP_PORT,
	ROLLUP_SRC,
	ROLLUP_DST,
	ROLLUP_CUBES
};

struct rollup_pair {
	struct sketch src, dst;
};

/* What is surely stored of a host and hour. */
struct rollup_known {
	uint64_t at;
	int32_t host_id; /* 0: free */
	struct rollup_pair pair;
};

struct rollup {
	struct cube_secret secret;
	struct cube cube[ROLLUP_CUBES];
	struct cube host;     /* events of each host */
	struct cube distinct; /* host and hour; its cells number the pairs */
	struct rollup_pair *pair;
	size_t pairs_size;
	struct rollup_pair beyond; /* of the hours that get none */
	struct rollup_known *known;
	struct admit admit;
	uint64_t events; /* of the transaction */
	bool keep;       /* see rollup_keep */
	bool failed;     /* no memory */
};

/* Those of distinct that have sketches. */
static inline size_t
rollup_sketches(const struct rollup *r)
{
	return r->distinct.cells < ROLLUP_SKETCHES_MAX ? r->distinct.cells
						       : ROLLUP_SKETCHES_MAX;
}

struct rollup_known *rollup_known(struct rollup *r, const struct cube_cell *cell);
/* Pair i says nothing new. */
bool rollup_is_known(struct rollup *r, size_t i);

#endif
