/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker filters with, before the spool: the central filters of the collector,
 * in their order, then those of its own configuration. Takes the collector's set in
 * pieces, puts it into the place of the one before whole or not at all, and keeps it
 * across restarts. Single-threaded.
 */
#ifndef FWLOG_AGENT_FILTERS_H
#define FWLOG_AGENT_FILTERS_H

#include "agent/filters_local.h"
#include "common/batch.h"

struct filtering;

struct filters_counters {
	uint32_t version; /* of the central filters in force, 0 none */
	uint64_t errors;  /* sets refused, regular expressions that gave up */
};

/*
 * Loads the set that was in force from dir. host is what filters call this machine;
 * local may be NULL; all are borrowed. NULL: no memory.
 */
struct filtering *filters_new(
    const char *dir, const char *host, struct filters_local *local);
void filters_free(struct filtering *f); /* NULL-safe */

/* ---- for the uplink */
/* A new session: pieces begin anew. */
void filters_session(struct filtering *f);
/*
 * 0: more pieces are to come; 1: the set is complete and goes to a thread that compiles
 * it; -1 and *why: no piece that could come now.
 */
int filters_take(struct filtering *f, const struct filters *piece, const char **why)
    __attribute__((warn_unused_result));
/* Readable when a set is compiled. */
int filters_fd(const struct filtering *f);
/* Puts it in force, unless it is refused: whether filters_applied answers a set of this
 * session. */
bool filters_on_event(struct filtering *f);
void filters_applied(const struct filtering *f, struct applied *out);

/* ---- for the capture */
/* The group's own filters, for the functions below; NULL: none. */
struct filters_chain *filters_chain_of(
    struct filtering *f, uint16_t group, const char *netns);
/* Whether any record needs to be looked at. */
bool filters_any(const struct filtering *f, const struct filters_chain *chain);
/* Before the first record of a batch, whose strings the events' ids mean. */
void filters_begin(struct filtering *f, struct filters_chain *chain,
    const struct batch_writer *batch, uint64_t now_us);
/* Whether the record is kept, else *by tells the filter as struct filtered_entry does.
 * Allocates nothing. */
bool filters_keep(struct filtering *f, struct filters_chain *chain,
    const struct event *ev, int32_t *by) __attribute__((warn_unused_result));

void filters_counters(const struct filtering *f, struct filters_counters *out);

#endif
