/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of fwlog.event in the binary format of COPY (PostgreSQL manual, COPY, "Binary
 * Format"): host_id, n, then EVENT_COLUMNS in order, as copyrow_sql names them. Every
 * value is brought into its column's range, so that no row can be refused for its
 * numbers.
 */
#ifndef FWLOG_COMMON_COPYROW_H
#define FWLOG_COMMON_COPYROW_H

#include "common/buf.h"
#include "common/event.h"

#define COPYROW_HEADER_LEN 19 /* bytes before the first row */
#define COPYROW_TRAILER_LEN 2 /* bytes after the last */
/* Bytes of a row without the contents of its BYTES columns; 16-byte addresses need 24.
 */
#define COPYROW_FIXED_MAX (2 + 8 + 12 + EVENT_COLUMN_COUNT * 24)

extern const char copyrow_sql[]; /* COPY fwlog.event (...) FROM STDIN (FORMAT binary) */
extern const uint8_t copyrow_header[COPYROW_HEADER_LEN];
extern const uint8_t copyrow_trailer[COPYROW_TRAILER_LEN];

/* Upper bound of the bytes copyrow_put writes. */
size_t copyrow_bound(const struct event *ev);

/*
 * Writes one row with n = 0 at `to`, which has room for copyrow_bound. The dictionary
 * columns of ev hold ids, or ~q for the answer to question q, known later. Returns the
 * bytes written.
 */
size_t copyrow_put(uint8_t *to, int32_t host_id, const struct event *ev);

void copyrow_set_n(uint8_t *row, int64_t n);
/* Replaces every ~q of the dictionary columns by answer[q]. */
void copyrow_set_ids(uint8_t *row, const int32_t *answer);

/* The columns of a row over "fwlog.event e", in the order copyrow_get reads them. */
extern const char copyrow_columns[];
/*
 * Reads one row. BYTES point into what the reader reads. 1; 0: the trailer, or nothing
 * is left; -1: this is no row of these columns.
 */
int copyrow_get(struct reader *r, int32_t *host_id, int64_t *n, struct event *ev)
    __attribute__((warn_unused_result));

/* Takes an event that was read; not 0 ends. */
typedef int copyrow_take(void *arg, const struct event *ev, int32_t host_id, int64_t n);
/*
 * Gives the rows of a piece of COPY's output, whole rows, to take; the first piece
 * begins with the header. 0, or -1: these are no such rows, or take ended it.
 */
int copyrow_each(const void *data, size_t len, bool first, copyrow_take *take,
    void *arg) __attribute__((warn_unused_result));

#endif
