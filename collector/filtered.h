/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters of agents left out, as one load brings it: entries of FILTERED frames,
 * which a transaction adds up to the rows of fwlog.filtered_minute that it writes.
 */
#ifndef FWLOG_COLLECTOR_FILTERED_H
#define FWLOG_COLLECTOR_FILTERED_H

#include "common/message.h"
#include "common/textbuf.h"

#define FILTERED_FULL 65536 /* entries after which a load is full */

struct filtered_row {
	int32_t host_id;
	int32_t filter_id;
	int32_t prefix_id; /* 0: no prefix; ~q: the answer to question q, known later */
	uint64_t minute_us;
	uint64_t records;
};

struct filtered_rows {
	struct filtered_row *row;
	struct filtered_row *sum; /* of one transaction */
	size_t count, sums, size;
};

void filtered_init(struct filtered_rows *f);
void filtered_free(struct filtered_rows *f);
/* Room for so many more. 0 or -1: no memory. */
int filtered_reserve(struct filtered_rows *f, size_t more)
    __attribute__((warn_unused_result));
/* Appends; there is room. prefix_id: as in struct filtered_row. */
void filtered_add(struct filtered_rows *f, int32_t host_id,
    const struct filtered_entry *entry, int32_t prefix_id);
/* Puts the answers in the place of ~q. */
void filtered_resolve(struct filtered_rows *f, const int32_t *answer);

/* ---- one transaction */
void filtered_begin(struct filtered_rows *f);
/* Takes the rows [first, first + count). */
void filtered_take(struct filtered_rows *f, size_t first, size_t count);
/* The statement that adds what was taken, if anything was. */
void filtered_sql(struct filtered_rows *f, struct text *sql);
/* Records in the rows [first, first + count); stops at the largest number. */
uint64_t filtered_records(const struct filtered_rows *f, size_t first, size_t count);

#endif
