/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of central filters, compiled whole or not at all from a document of the
 * collector (common/filter_bundle.h).
 */
#ifndef FWLOG_AGENT_FILTERS_CENTRAL_H
#define FWLOG_AGENT_FILTERS_CENTRAL_H

#include <stdatomic.h>

#include "common/filter.h"

struct filters_central;

/* Entries of lists that all filters of a set may have together, each filter with its
 * own copy: about 64 MiB. */
#define CENTRAL_ENTRIES_MAX 4000000

/*
 * NULL and the reason in why. Nothing of the document is needed afterwards. Gives up
 * once *stop is true; stop may be NULL.
 */
struct filters_central *filters_central_new(const uint8_t *document, size_t len,
    const atomic_bool *stop, char *why, size_t whysize);
void filters_central_free(struct filters_central *c); /* NULL-safe */

/* Whether there are any. */
bool filters_central_any(const struct filters_central *c);
/* Before a batch; the source lives as long as it. now_us decides what has expired. */
void filters_central_begin(
    struct filters_central *c, const struct filter_source *source, uint64_t now_us);
/* Each time costs up to a millisecond. After so many in a second of the batches' time
 * all records of that second are kept: whoever made such filters must not stop the
 * capture, and records are the last to be lost. */
#define CENTRAL_GIVE_UPS 200

/* Whether the record is kept, else *by is the id of the filter. Allocates nothing. */
bool filters_central_keeps(
    struct filters_central *c, const struct event *ev, int32_t *by);
/* Regular expressions that gave up. */
uint64_t filters_central_failures(const struct filters_central *c);

#endif
