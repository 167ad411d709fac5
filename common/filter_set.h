/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of one term with its lists read in, in the shape both back ends work from:
 * sorted ranges that touch nowhere, patterns, ids.
 */
#ifndef FWLOG_COMMON_FILTER_SET_H
#define FWLOG_COMMON_FILTER_SET_H

#include "common/filter_address.h"
#include "common/filter_pattern.h"

struct filter_range {
	uint64_t lo, hi;
};
struct filter_range4 {
	uint32_t lo, hi;
};
struct filter_range6 {
	struct filter_addr lo, hi;
};

/* An array that grows; size in elements. */
#define FILTER_ARRAY(type)          \
	struct {                    \
		type *at;           \
		size_t count, size; \
	}

struct filter_set {
	FILTER_ARRAY(struct filter_range) numbers;
	FILTER_ARRAY(struct filter_range) masks; /* value & hi == lo */
	FILTER_ARRAY(struct filter_range) ids;   /* lo: host, hi: n */
	FILTER_ARRAY(struct filter_range4) v4;
	FILTER_ARRAY(struct filter_range6) v6;
	struct filter_patterns patterns;
};

/* 0, or -1 and *error. The set is to be freed in any case. */
int filter_set_build(struct filter_set *set, const struct filter_tree *t,
    const struct filter_node *term, const struct filter_lists *lists,
    struct filter_error *error) __attribute__((warn_unused_result));
void filter_set_free(struct filter_set *set);

#endif
