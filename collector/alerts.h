/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alert rules on the stream of events (docs/alerts.md): a thread with the engine of
 * collector/alert/, fed with the rows of every transaction after its COMMIT. Nothing
 * here makes the caller wait: what does not fit into the bounded queue is left out, and
 * the thread reads it from the database, where it finds by the numbers of each host
 * what it has not seen. So does it come by the events of other collectors; of all that
 * share a database one evaluates at a time.
 */
#ifndef FWLOG_COLLECTOR_ALERTS_H
#define FWLOG_COLLECTOR_ALERTS_H

#include "collector/load.h"
#include "collector/metrics.h"
#include "collector/options.h"

struct alerts;

/* Reads the rules and starts the thread. NULL after a message. */
struct alerts *alerts_new(const struct options *options);
/* Ends the thread; what it has not evaluated it will after the next start. NULL-safe.
 */
void alerts_free(struct alerts *a);

/* The rows of the load's transaction are committed. NULL-safe. */
void alerts_take(struct alerts *a, const struct load *l);
/* What is to be told of it, as of about a second ago; NULL-safe. */
void alerts_figures(struct alerts *a, struct metrics_alerts *out);
/* Reads the rules again; NULL-safe. */
void alerts_reload(struct alerts *a);

#endif
