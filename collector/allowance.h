/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much each host may still have stored of something, such as new strings of the
 * dictionaries: so much from the first on, for a day, then again. It outlives the
 * host's sessions, so that connecting again gives no more. Whoever needs more than that
 * has, say, prefixes made up for each packet, and would fill the database with them.
 */
#ifndef FWLOG_COLLECTOR_ALLOWANCE_H
#define FWLOG_COLLECTOR_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#define ALLOWANCE_MS (24 * 3600 * UINT64_C(1000))

struct allowance;

struct allowance *allowance_new(uint64_t share); /* of each host; NULL: no memory */
void allowance_free(struct allowance *a);        /* NULL-safe */
/* Whether the host may have one more; without memory it may not. */
bool allowance_take(struct allowance *a, int32_t host_id, uint64_t now_ms)
    __attribute__((warn_unused_result));
/* The same of so many, all or none. */
bool allowance_take_many(struct allowance *a, int32_t host_id, uint64_t n,
    uint64_t now_ms) __attribute__((warn_unused_result));
/* Gives up what is over a day old; to be called now and then. */
void allowance_forget(struct allowance *a, uint64_t now_ms);

#endif
