/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a group remembers to decide its condition exactly, and no more (docs/alerts.md,
 * "Windows"): as many of the newest times, or of the values seen last, as the condition
 * needs. Exact for events in order of time; one that is late is inserted and looked at
 * with what is still remembered. Both ends of a window belong to it.
 */
#ifndef FWLOG_COLLECTOR_ALERT_WINDOW_H
#define FWLOG_COLLECTOR_ALERT_WINDOW_H

#include "collector/alert/group_slab.h"
#include "collector/alert/rule.h"

#define WINDOW_SLICES 64 /* of sums and averages */

/* The same for all groups of a rule. */
struct window_shape {
	enum rule_type type;
	uint64_t span_us;
	uint64_t keep_us; /* what is older than the newest by more is in nobody's way */
	uint64_t slice_us; /* SUM, AVG */
	uint64_t lower, upper;
	bool lower_strict, upper_strict;
	uint32_t most;  /* entries that decide the condition, and one */
	uint32_t steps; /* TEMPORAL* */
};

struct window {
	uint64_t *at;
	uint32_t head, fill, size; /* oldest of a ring; entries; room for */
};

struct window_answer {
	bool holds;        /* the condition, at this event */
	uint64_t amount;   /* what it looks at; counts stop at what decides it */
	uint64_t start_us; /* oldest event the window holds of it */
};

/* Of a linked correlation; grace_us: how late events may be. */
void window_shape_of(
    struct window_shape *s, const struct rule *rule, uint64_t grace_us);

/*
 * An event at this time. value: VALUE_COUNT: the value or a hash of it; SUM, AVG: the
 * number; TEMPORAL*: bits of the references it is of; else unused. False: no memory,
 * nothing was changed.
 */
bool window_add(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t value, struct window_answer *a)
    __attribute__((warn_unused_result));
void window_free(struct window *w, const struct window_shape *s, struct slab *slab);
size_t window_bytes(const struct window *w, const struct window_shape *s);

#endif
