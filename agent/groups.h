/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups the monitor holds: binds them, also in other network namespaces, tries
 * again those it cannot have yet, notices when a namespace goes or another takes its
 * place, keeps the sockets in the service manager's store, and hands all of them to
 * each worker. Reads no packet. Times are CLOCK_MONOTONIC in milliseconds.
 */
#ifndef FWLOG_AGENT_GROUPS_H
#define FWLOG_AGENT_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/options.h"

#define GROUPS_NEVER INT64_MAX

struct groups;

/* NULL: no memory. options are borrowed. */
struct groups *groups_new(const struct options *options);
/* Closes the sockets, and nothing else: also for the child that needs none of them. */
void groups_free(struct groups *g); /* NULL-safe */

/*
 * Takes back what the store has, binds the rest. Groups that others hold and namespaces
 * that are not there are waited for; 0, or -1 after saying why when anything else is
 * the matter.
 */
int groups_bind(struct groups *g, int64_t now) __attribute__((warn_unused_result));

/* Hands all that are bound to a worker, and from now on what changes; -1: no worker. */
void groups_give(struct groups *g, int channel);

/* When groups_tick is to be called next. */
int64_t groups_due(const struct groups *g);
/* Whether the worker was given another group. */
bool groups_tick(struct groups *g, int64_t now);

size_t groups_bound(const struct groups *g);

#endif
