/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is it quiet, or broken? What the figures of the overview say about agents and losses.
 */
#ifndef FWLOG_WEB_HEALTH_H
#define FWLOG_WEB_HEALTH_H

#include "web-cgi/ledger.h"

/* Agents speak every 10 s; one that is not heard for so long is silent. */
#define HEALTH_SILENT (60 * RANGE_SECOND)

struct health {
	int agents, reporting;
	const struct host_row
	    *quietest;     /* the silent agent last heard longest ago, or NULL */
	uint64_t missing;  /* records known to be missing in the range */
	uint64_t unknown;  /* losses in the range whose size nobody can know */
	uint64_t left_out; /* records a filter or a rate limit was told to leave out */
	int64_t newest;    /* time of the newest event of all hosts, or STORE_NONE */
	uint64_t stored;   /* events of all hosts, ever */
};

void health_judge(struct health *health, const struct ledger *l, int64_t now);
bool health_reports(const struct host_row *host, int64_t now);
/* The loss was asked for: filtered, rate_limited. */
bool health_is_wanted(const struct loss_row *loss);

#endif
