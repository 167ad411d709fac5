/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that tell people of alerts: one for each action, and one that starts
 * them and starts them again when they end. What happens to them, what hangs and whom
 * they talk to is nothing to the collector or to each other. They share the database
 * alone: deliveries are its rows.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_H
#define FWLOG_COLLECTOR_NOTIFY_H

#include "collector/options.h"

struct notify;

/*
 * Call it before there are threads, connections and an event loop. NULL: no memory or
 * no process, said in the log. Without actions it starts nothing.
 */
struct notify *notify_start(const struct options *options)
    __attribute__((warn_unused_result));
/* A child has ended: starts anew what should not have. */
void notify_tend(struct notify *n);
/* What was told is written down, for at most NOTIFY_STOP_MS. NULL-safe. */
void notify_stop(struct notify *n);

#define NOTIFY_STOP_MS 2000

#endif
