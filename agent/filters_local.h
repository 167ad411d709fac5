/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filters of the agent's own configuration: only, drop and rate, of all groups or
 * of one. Made once, before the worker goes into its sandbox: names of services are
 * looked up and regular expressions become machine code, which is not possible there.
 */
#ifndef FWLOG_AGENT_FILTERS_LOCAL_H
#define FWLOG_AGENT_FILTERS_LOCAL_H

#include "agent/options.h"
#include "common/filter.h"
#include "common/message.h"

struct filters_local; /* of all groups */
struct filters_chain; /* of one group */

/* NULL after saying why. */
struct filters_local *filters_local_new(const struct options *o);
void filters_local_free(struct filters_local *l); /* NULL-safe */
/* What a group has; NULL: nothing. */
struct filters_chain *filters_local_find(
    struct filters_local *l, uint16_t group, const char *netns);

/* Before a batch; the source lives as long as it. */
void filters_chain_begin(struct filters_chain *c, const struct filter_source *source);
/* Whether the record is kept, else *by is FILTERED_BY_*. Allocates nothing. */
bool filters_chain_keeps(struct filters_chain *c, const struct event *ev,
    const struct filter_source *source, int32_t *by);

#endif
