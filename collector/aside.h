/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes to quarantine: a frame that stands alone, so that it can be looked at or
 * sent again: the batch as it came, or one record of it as a batch of its own.
 */
#ifndef FWLOG_COLLECTOR_ASIDE_H
#define FWLOG_COLLECTOR_ASIDE_H

#include "common/batch.h"

struct aside;
struct aside *aside_new(void);
void aside_free(struct aside *a); /* NULL-safe */

/*
 * Record number index of the batch in frame, as a complete BATCH frame with that one
 * record; the whole frame when it cannot be taken out. Valid until the next call.
 */
struct bytes_view aside_record(
    struct aside *a, const uint8_t *frame, size_t len, uint32_t index);

#endif
