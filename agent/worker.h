/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker: the process that reads the groups, spools, sends and writes the local
 * log, in one libevent loop, without any privilege. Its sockets come from the monitor.
 */
#ifndef FWLOG_AGENT_WORKER_H
#define FWLOG_AGENT_WORKER_H

#include "agent/filters_local.h"
#include "agent/options.h"
#include "common/keyfile.h"

#define WORKER_READY 'R' /* sent to the monitor once everything is open */

/* What it is watched by. */
struct worker_port {
	int fd;            /* listens, the worker's own; -1: none (common/scrape.h) */
	uint64_t restarts; /* of workers, so far */
};

/*
 * keys: what the uplink is sealed with, NULL for a plain one; filters: those of the
 * options. Both outlive the call.
 * Runs until SIGTERM or SIGINT, or until the monitor is gone; SIGHUP reopens the local
 * log. channel is this end of the pair the bindings come by (agent/binding.h), the
 * worker's own. Returns the exit code; what was captured is synced then.
 */
int worker_run(const struct options *o, const struct keyfile *keys,
    struct filters_local *filters, int channel, const struct worker_port *port);

#endif
