/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many rows of fwlog.filtered_minute each host may have in a day: agents name the
 * minutes, filters and prefixes. What is beyond that is added up by the hour, without
 * filter and prefix: sums and hours stay right. Outlives the host's sessions.
 */
#ifndef FWLOG_COLLECTOR_FILTERED_SHARE_H
#define FWLOG_COLLECTOR_FILTERED_SHARE_H

#include "common/message.h"

#define FILTERED_A_DAY 200000 /* rows of a host's own */
#define FILTERED_REST (-2)    /* filter_id of what has none */

struct filtered_share;

struct filtered_share *filtered_share_new(void);    /* NULL: no memory */
void filtered_share_free(struct filtered_share *s); /* NULL-safe */
/* False: the host has had its share, or the minute is still to come, and the entry is
 * part of the rest now. Without memory a host has no share. */
bool filtered_share_take(struct filtered_share *s, int32_t host_id,
    struct filtered_entry *entry, uint64_t now_ms, uint64_t now_us)
    __attribute__((warn_unused_result));
/* Gives up what is over a day old; to be called now and then. */
void filtered_share_forget(struct filtered_share *s, uint64_t now_ms);

#endif
