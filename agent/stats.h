/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's numbers: one table for what it tells its collector (STATS), for
 * Prometheus, and for fwlog-agent(8), which lists them.
 */
#ifndef FWLOG_AGENT_STATS_H
#define FWLOG_AGENT_STATS_H

#include "agent/capture.h"
#include "agent/options.h"
#include "agent/reconcile.h"
#include "agent/uplink.h"
#include "common/metric.h"

/* Where they come from, all borrowed. */
struct stats_sources {
	const struct capture *capture;
	const struct spool *spool;
	const struct uplink *uplink;
	const struct filtering *filters;
	const struct locallog *log;        /* NULL: none */
	const struct reconcile *reconcile; /* NULL: not wanted */
	uint64_t groups_wanted;            /* by the configuration */
	uint64_t worker_restarts;
	uint64_t started_us; /* the worker, since 1970 */
};

extern const struct metric_table stats_table;

/* What STATS tells: groups beyond STATS_MAX entries are only in the sums. */
void stats_fill(struct stats *out, const struct stats_sources *from);
/* What Prometheus reads. */
void stats_write(struct text *out, const struct stats_sources *from);
/* Whether records come in and can be kept; if not, why tells what is wrong. */
bool stats_ready(const struct stats_sources *from, char *why, size_t whysize);

#endif
