/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of one group: what its rules' counters counted against what was read or is
 * known to be lost. Arithmetic only; agent/reconcile.h does the rest.
 *
 * Counters and numbering cannot be looked at in the same instant. So each reading comes
 * with two positions of the numbering: one it surely had reached before the counters
 * were read, and one it surely had not passed when they had been. The difference of
 * counters and numbering is thus known to lie between two values, and as it can only
 * grow, by what is lost unnumbered, its smallest upper value ever seen is the base, and
 * what its lower value has above that is missing. It is believed when two readings say
 * so. While packets flow this finds a little less, never more; the rest is found when
 * they pause.
 */
#ifndef FWLOG_AGENT_LEDGER_H
#define FWLOG_AGENT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ruleset.h"

#define LEDGER_SLACK 16 /* records more than counted that are no proof of anything */

/* What the counters say of the time when nobody held the group. */
enum ledger_down {
	LEDGER_UP,   /* nothing, there was no such time */
	LEDGER_OPEN, /* nothing yet */
	LEDGER_TOLD, /* it was told, but packets flowed: some may come yet */
};

struct ledger {
	uint16_t group;
	uint64_t id; /* random: its losses are found in the spool by it, never 0 */

	uint64_t hits;    /* packets counted since it began */
	uint64_t settled; /* records read, or lost by a gap, since it began, all
			   * bindings; up to kseq of bind_id */
	uint64_t counted; /* records it brought out as lost */
	uint64_t told;    /* of these, what was seen to be in the spool */
	uint64_t tail;    /* of these, what may have a number above kseq */
	uint64_t bind_id;
	uint32_t kseq; /* UINT32_MAX: none yet */

	bool based;    /* base and floor hold */
	int64_t base;  /* the least that hits - settled - counted can have been */
	int64_t floor; /* and what it must not fall below */
	int64_t found; /* above base by the last reading, when seen */
	bool seen;

	enum ledger_down down;
	uint64_t down_from_us, down_to_us;
	uint64_t left_us; /* since when no option names the group, 0: one does */

	struct ruleset_counter *counter; /* as last read, by key */
	size_t counters;
};

enum ledger_change {
	LEDGER_SAME,
	LEDGER_NEW_RULES,   /* rules are gone, or there are new ones that counted */
	LEDGER_RESET_RULES, /* counters are lower than before */
};

enum ledger_verdict {
	LEDGER_BASED,    /* this reading is the base of those to come */
	LEDGER_COMPARED, /* *missing records are to be brought out */
	LEDGER_OVER,     /* more was read than the rules counted: they are not all there
			  * is */
};

/* Frees the counters; NULL-safe parts. */
void ledger_clear(struct ledger *l);
/*
 * The counters as they are now, by key; taken over into hits. What was lost while they
 * changed cannot be known. 0, or -1: no memory, nothing changed.
 */
int ledger_count(struct ledger *l, const struct ruleset_counter *now, size_t n,
    enum ledger_change *change) __attribute__((warn_unused_result));
/* No reading before the next one counts any more. */
void ledger_rebase(struct ledger *l);
/*
 * Compares the hits with the numbering: low was settled before the counters were read
 * (known: whether it is known), high is the most that can have been when they had been.
 */
enum ledger_verdict ledger_compare(
    struct ledger *l, bool known, uint64_t low, uint64_t high, uint64_t *missing);
/* The records were brought out as lost. */
void ledger_book(struct ledger *l, uint64_t records);
/* Packets counted that are neither read nor lost, by the last reading. */
uint64_t ledger_open(const struct ledger *l);

#endif
