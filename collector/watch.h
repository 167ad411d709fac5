/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the collector is watched by: the option metrics' address (common/scrape.h), and
 * what is gathered for it from all over the program. Without the address, because it is
 * taken, everything else goes on; it is tried again.
 */
#ifndef FWLOG_COLLECTOR_WATCH_H
#define FWLOG_COLLECTOR_WATCH_H

#include "collector/sink.h"

#define WATCH_RETRY_MS 10000

/* All are borrowed, and live as long. */
struct watch_env {
	struct event_base *base;
	const struct options *options;
	const struct metrics *metrics;
	const struct session_list *sessions;
	const struct session_env *session_env;
	const struct sink_env *sink_env;
	struct sink *const *sink;
	struct gate *const *gate; /* may become NULL */
	struct alerts *alerts;    /* NULL: none are raised */
};

struct watch;

/* NULL: no memory. */
struct watch *watch_new(const struct watch_env *env);
void watch_free(struct watch *w); /* NULL-safe */

#endif
