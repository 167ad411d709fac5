/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture: from a group's datagrams to batches in the spool. A datagram is looked at
 * (MSG_PEEK), its records pass the filters and are written to the spool together with
 * the count of those that did not, and only then it is consumed; what
 * a predecessor had written already is passed over by the kernel's numbering. Jumps in
 * that numbering become losses. Never blocks.
 */
#ifndef FWLOG_AGENT_CAPTURE_H
#define FWLOG_AGENT_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/binding.h"
#include "agent/filters.h"
#include "agent/ifname.h"
#include "agent/locallog.h"
#include "agent/spool.h"

#define CAPTURE_TURN 16 /* datagrams of one group before others have their turn */

struct capture;
struct capture_group;

struct capture_counters {
	uint16_t group;
	uint64_t
	    captured; /* records written to the spool or counted there as dropped */
	uint64_t suppressed; /* records that a filter kept out of it, counted there */
	uint64_t replayed;   /* records passed over, the predecessor had them */
	uint64_t lost;       /* records the kernel numbered and did not deliver */
	uint64_t gaps;       /* how many times that happened */
	uint64_t overruns;   /* datagrams that found the receive buffer full */
	uint64_t bindings;   /* that are read now */
	uint64_t receive_buffer; /* bytes, theirs together */
};

/* All are borrowed; log may be NULL. NULL: no memory. */
struct capture *capture_new(
    struct spool *spool, struct ifname *names, struct locallog *log, int zstd_level);
/* Before the first capture_add: records have to pass these; borrowed. */
void capture_use_filters(struct capture *c, struct filtering *filters);
void capture_free(struct capture *c); /* closes the groups' sockets; NULL-safe */

/*
 * Takes a binding and its sockets. When an earlier binding of the group in that
 * namespace ended, the time between is written to the spool as a loss of unknown size,
 * unless told that somebody else counts what was lost then. NULL: no memory (they are
 * closed).
 */
struct capture_group *capture_add(
    struct capture *c, const struct binding *b, bool counted);
/* Closes the sockets and frees g; read what is left before. */
void capture_remove(struct capture_group *g);
const struct binding *capture_binding(const struct capture_group *g);
/* Interface names of a namespace of its own, to be kept up to date; NULL: those given
 * to capture_new. */
struct ifname *capture_names(const struct capture_group *g);
/*
 * Time of the newest record of the group in that namespace ("": the agent's own) in the
 * spool, 0 none: who held it last.
 */
uint64_t capture_last_us(const struct spool *spool, uint16_t group, const char *netns);

/* Reads up to max datagrams. How many there were; less than max: the queue is empty. */
unsigned capture_read(struct capture_group *g, unsigned max);

/*
 * Counters of each group, that of all namespaces together, in order of capture_add;
 * returns how many.
 */
size_t capture_counters(
    const struct capture *c, struct capture_counters *out, size_t max);

/* ---- the numbering, for agent/reconcile.h */

/* Records settled: read, or lost by a gap, since capture_add; and the newest number. */
struct capture_position {
	uint64_t settled;
	uint32_t kseq; /* UINT32_MAX: none yet */
	uint64_t last_us;
};
void capture_position(const struct capture_group *g, struct capture_position *out);
/*
 * What was settled at that time of CLOCK_BOOTTIME, or a little earlier. false: too long
 * ago.
 */
bool capture_settled_at(
    const struct capture_group *g, uint64_t boot_us, uint64_t *settled);
/*
 * Watches for a record that the kernel stamped after real_us: capture_watched tells
 * what was settled before the first such one, which then was logged later.
 */
void capture_watch(struct capture_group *g, uint64_t real_us);
bool capture_watched(const struct capture_group *g, uint64_t *settled);
/*
 * So many records behind the newest number were counted as lost already: if the next
 * record shows a gap, that is not counted again. met is called once that record is in
 * the spool.
 */
void capture_expect_gap(
    struct capture_group *g, uint64_t records, void (*met)(void *arg), void *arg);

#endif
