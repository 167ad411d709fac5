/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limits of the agent's configuration: "100/s per src". Each key (the values of
 * the fields behind "per") has a bucket that holds as many records as one period allows
 * and fills evenly by the records' own time; a record that finds it empty is over the
 * limit. The table of keys is bounded: a new key takes the place of the one of its
 * eight neighbours that was seen longest ago, which begins with a full bucket if it
 * comes back. So a full table lets more through, never less.
 */
#ifndef FWLOG_AGENT_RATE_H
#define FWLOG_AGENT_RATE_H

#include "common/filter.h"

#define RATE_KEYS 65536  /* that one limit remembers */
#define RATE_MAX 1000000 /* records a period */

struct rate;

/* NULL and what is wrong in why, to be put behind the quoted text. */
struct rate *rate_new(const char *text, char *why, size_t whysize);
void rate_free(struct rate *r); /* NULL-safe */

/* Whether the record is within the limit; it takes a place there if it is. Allocates
 * nothing. The source tells the strings of the event. */
bool rate_take(struct rate *r, const struct event *ev,
    const struct filter_source *source) __attribute__((warn_unused_result));

#endif
