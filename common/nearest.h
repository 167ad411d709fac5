/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nearest known name to one that was mistyped, for "did you mean" in messages.
 * Distance: insertions, deletions, changes and swaps of neighbours. Allocates nothing.
 */
#ifndef FWLOG_COMMON_NEAREST_H
#define FWLOG_COMMON_NEAREST_H

#include <stddef.h>

#define NEAREST_LEN_MAX 63 /* longer names are never near to anything */

struct nearest {
	const char *typed;
	const char *best; /* NULL as long as nothing is near enough */
	size_t distance;
};

/* typed and every name are kept by reference. */
void nearest_begin(struct nearest *n, const char *typed);
void nearest_offer(struct nearest *n, const char *name);

#endif
