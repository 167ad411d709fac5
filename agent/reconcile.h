/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciling: what the counters of the log rules say against what was captured, in the
 * worker. Readings come from the monitor's child (agent/reading.h), the arithmetic is
 * in agent/ledger.h, what must outlive the process in agent/ledger_file.h. Records that
 * the rules counted and that neither came nor are known to be lost become losses in the
 * spool: agent_down for the time when nobody held the group, kernel otherwise.
 *
 * These losses carry the ledger's id in place of a bind_id, and in place of the
 * kernel's number how many records that ledger has brought out. The spool keeps that as
 * it keeps the state of a binding, so a killed worker's successor knows what was
 * written.
 */
#ifndef FWLOG_AGENT_RECONCILE_H
#define FWLOG_AGENT_RECONCILE_H

#include <event2/event.h>

#include "agent/capture.h"
#include "agent/options.h"
#include "agent/reading.h"

struct reconcile;

/*
 * Reads what the last run left. All are borrowed; channel leads to the monitor, who is
 * asked for further readings there. NULL: no memory.
 */
struct reconcile *reconcile_new(
    struct event_base *base, struct spool *spool, const struct options *o, int channel);
/* Writes down where things stand; the groups are still there. NULL-safe. */
void reconcile_free(struct reconcile *r);
/* In a run that does not reconcile, in place of reconcile_new: what the last one left
 * open becomes a loss of unknown size; what it found and had no room for, a loss. */
void reconcile_forget(struct spool *spool, const char *dir);

/*
 * A binding has come and is not captured yet. True when it will be counted what was
 * lost since the one before: capture need not write it down.
 */
bool reconcile_expect(struct reconcile *r, const struct binding *b);
/* The group is captured now; before its first record is read. */
void reconcile_bind(struct reconcile *r, struct capture_group *g, uint16_t group);
/* It is captured no longer. */
void reconcile_unbind(struct reconcile *r, uint16_t group);
void reconcile_take(struct reconcile *r, const struct reading_message *m);

/* Of this run, the groups that are reconciled, and their packets. */
struct reconcile_counters {
	uint64_t run; /* the epoch */
	uint64_t groups;
	uint64_t counted; /* by rules */
	uint64_t settled; /* of these, captured or known to be lost */
	uint64_t lost;    /* found by it */
};
void reconcile_counters(const struct reconcile *r, struct reconcile_counters *out);

#endif
