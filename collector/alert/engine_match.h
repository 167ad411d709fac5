/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which filters may match an event, by the values of a few columns: for each value
 * there is a set of filters that do not rule it out. Most events leave few filters to
 * be run. Sets are found out when a value is seen first, of addresses in advance, for
 * the stretches between the networks that filters name.
 */
#ifndef FWLOG_COLLECTOR_ALERT_ENGINE_MATCH_H
#define FWLOG_COLLECTOR_ALERT_ENGINE_MATCH_H

#include "common/filter_program.h"

enum match_number {
	MATCH_PROTO,
	MATCH_FLAGS,
	MATCH_DPORT,
	MATCH_SPORT,
	MATCH_ICMP,
	MATCH_HOOK, /* with the family */
	MATCH_PREFIX,
	MATCH_IN,
	MATCH_OUT,
	MATCH_NUMBERS
};
enum match_address { MATCH_SRC, MATCH_DST, MATCH_ADDRESSES };

/* Addresses from here to the next one's. */
struct match_v4 {
	uint32_t from;
	uint16_t set;
};
struct match_v6 {
	struct filter_addr from;
	uint16_t set;
};
struct match_space {
	struct match_v4 *v4;
	struct match_v6 *v6;
	size_t v4s, v6s;
	uint16_t absent;
	bool used; /* filters look at it, and not at too many networks */
};

struct match {
	struct filter **filter; /* NULL: none, never matches */
	size_t filters;
	unsigned words; /* of a set */
	uint64_t *set;  /* the first one has all filters */
	uint16_t sets, sets_size;
	/* Set by value + 1, 0: absent; UINT16_MAX: not known yet. */
	uint16_t *number[MATCH_NUMBERS]; /* NULL: no filter looks at it */
	struct match_space space[MATCH_ADDRESSES];
};

/* The filters stay the caller's and have been begun. 0, or -1 without memory. */
int match_init(struct match *m, struct filter **filter, size_t filters)
    __attribute__((warn_unused_result));
void match_free(struct match *m);
/* Bits of the filters to be run. */
void match_candidates(struct match *m, const struct event *ev, uint64_t *bits);

#endif
