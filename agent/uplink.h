/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The uplink: keeps a session with one collector of the list, sends what the spool has
 * to send and tells the spool what was acknowledged (docs/protocol.md). Lives in the
 * worker's loop and never blocks; memory is bounded by the send window. Nothing a
 * collector sends can do more than close the session.
 */
#ifndef FWLOG_AGENT_UPLINK_H
#define FWLOG_AGENT_UPLINK_H

#include <event2/event.h>

#include "agent/filters.h"
#include "agent/spool.h"
#include "common/keyfile.h"

#define UPLINK_COLLECTORS_MAX 16
#define UPLINK_SILENCE_S 30   /* without a byte from the collector: closed */
#define UPLINK_BACKOFF_MS 500 /* doubling, jittered by half */
/* Records must flow again 10 s after a fault is over: this, and the 3 s a dial that
 * nobody answers goes on behind its last SYN. */
#define UPLINK_BACKOFF_MAX_MS 5000

struct uplink_conf {
	const char *name;           /* the agent's */
	const char *collectors;     /* the list, checked by address_next before */
	const struct keyfile *keys; /* NULL: plain; outlives the uplink */
	bool allow_plain_network;
	uint64_t failback_ms; /* how often to look for the first collector */
	uint64_t stats_interval_ms;
	void (*stats)(void *arg, struct stats *out); /* fills in what STATS sends */
	void *stats_arg;
	struct filtering *filters; /* takes the collector's; NULL: nothing obeys them */
};

struct uplink_counters {
	bool connected;
	uint64_t sessions; /* that got their WELCOME */
	uint64_t failures; /* attempts and sessions that ended with an error */
	uint64_t frames;   /* sent */
	uint64_t bytes;
	uint64_t in_flight; /* bytes sent and not acknowledged */
};

struct uplink;

/* Begins to connect. conf's strings are copied. NULL: no memory. */
struct uplink *uplink_new(
    struct event_base *base, struct spool *spool, const struct uplink_conf *conf);
void uplink_free(struct uplink *u); /* says BYE; NULL-safe */
/* Sends what has become sendable. */
void uplink_pump(struct uplink *u);
/* filters_applied has an answer. */
void uplink_filters_changed(struct uplink *u);
void uplink_counters(const struct uplink *u, struct uplink_counters *out);

#endif
