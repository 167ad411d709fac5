/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset as JSON (libnftables-json(5)), and which of its counters count exactly the
 * packets that its rules log to a group. The only user of jansson. Text only: knows no
 * kernel.
 *
 * A counter counts what is logged when it stands beside the log statement, before or
 * after it, with nothing between that may end the rule: a match, a limit, a set. A
 * named counter does when all that hits it are such rules of one group.
 */
#ifndef FWLOG_AGENT_RULESET_H
#define FWLOG_AGENT_RULESET_H

#include <stddef.h>
#include <stdint.h>

#define RULESET_COUNTERS_MAX 1024 /* of one group */
#define RULESET_WHY 160           /* bytes of a reason */

struct ruleset_counter {
	/* Names the counter as long as it lives: a rule or table that is made anew has
	 * another key, a counter that is set to zero the same. */
	uint64_t key;
	uint64_t packets;
};

struct ruleset_group {
	uint16_t group;        /* set by the caller */
	uint32_t rules;        /* that log to it */
	uint32_t unknown;      /* of those, how many cannot be counted */
	char why[RULESET_WHY]; /* which is the first of them, and the remedy; one line
				* of printable ASCII */
	size_t counters;
	struct ruleset_counter counter[RULESET_COUNTERS_MAX]; /* by key */
};

/* Fills in group[0 .. groups). 0, or -1 and a reason when the text is no ruleset. */
int ruleset_read(const char *json, struct ruleset_group *group, size_t groups,
    char *why, size_t whysize) __attribute__((warn_unused_result));

#endif
