/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters an agent tells its collector, by name; fwlog-agent(8) lists them. */
#ifndef FWLOG_AGENT_STATS_H
#define FWLOG_AGENT_STATS_H

#include "agent/capture.h"
#include "agent/uplink.h"

/* log may be NULL. Counters of groups beyond STATS_MAX entries are only in the sums. */
void stats_fill(struct stats *out, const struct capture *capture,
    const struct spool *spool, const struct uplink *uplink, const struct locallog *log,
    const struct filtering *filters);

#endif
