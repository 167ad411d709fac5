/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the central filters from the database and keeps them up to date: asks every
 * second for the version, on a connection of its own, and reads a new one with its
 * lists in portions, so that a long list holds up nobody. While the database is away
 * the set that was read last stays in force. Tells the database what agents apply.
 */
#ifndef FWLOG_COLLECTOR_FILTERS_H
#define FWLOG_COLLECTOR_FILTERS_H

#include <event2/event.h>

#include "collector/filterset.h"
#include "collector/metrics.h"
#include "collector/options.h"

#define FILTERS_POLL_MS 1000 /* agents have a change within 5 s */

struct filters_feed;

struct filters_env {
	struct event_base *base;
	const struct options *options;
	struct metrics *metrics;
	void *arg;
	/* There is another version, or the first one. set lives until the next call. */
	void (*changed)(void *arg, struct filterset *set);
};

/* Begins to connect at once. NULL: no memory. */
struct filters_feed *filters_feed_new(const struct filters_env *env);
void filters_feed_free(struct filters_feed *f); /* NULL-safe */
/* What the agent of a host said; NULL: its agent knows no filters. */
void filters_feed_note(
    struct filters_feed *f, int32_t host_id, const struct applied *applied);

#endif
