/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which keys may have rows of their own, and how many each host has in a minute or an
 * hour: a flood of addresses or ports must not become a flood of rows. The memory is
 * bounded; when it is full all is forgotten, and the bound begins anew. What is too
 * much by that, or by a restart, fwlog.rollup_fold puts right.
 */
#ifndef FWLOG_COMMON_ROLLUP_ADMIT_H
#define FWLOG_COMMON_ROLLUP_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADMIT_SLOTS_MAX ((size_t)1 << 20) /* of 16 bytes */

struct admit {
	struct {
		uint64_t key; /* 0: free */
		uint64_t count;
	} * slot;
	size_t slots, used;
};

void admit_free(struct admit *a);
/*
 * key: hash of a key; group: hash of what it counts for. Has it a row, or may it have
 * one because the group has fewer than `most`? Without memory: no.
 */
bool admit_key(struct admit *a, uint64_t key, uint64_t group, uint64_t most)
    __attribute__((warn_unused_result));

#endif
