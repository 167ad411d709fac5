/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector's own maintenance of the database, so that nobody needs cron: every
 * maintain_interval it asks fwlog.maintenance_due what there is to do and does it, one
 * statement after the other, on a connection of its own that is closed in between. A
 * lock keeps two maintainers apart, whichever programs they are.
 */
#ifndef FWLOG_COLLECTOR_MAINTAIN_H
#define FWLOG_COLLECTOR_MAINTAIN_H

#include <event2/event.h>

#include "collector/metrics.h"
#include "collector/options.h"

struct maintain;

/* Begins at once. NULL: no memory. */
struct maintain *maintain_new(
    struct event_base *base, const struct options *options, struct metrics *metrics);
void maintain_free(struct maintain *m); /* ends what is under way; NULL-safe */

#endif
