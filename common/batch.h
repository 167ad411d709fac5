/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch: records of one stream with consecutive sequence numbers and the strings
 * they use, so that each batch stands alone. Its bytes are the same in the spool and on
 * the wire: a complete BATCH frame (docs/protocol.md) whose last four bytes are the
 * CRC-32C of all before them. This file is the only user of libzstd.
 */
#ifndef FWLOG_COMMON_BATCH_H
#define FWLOG_COMMON_BATCH_H

#include "common/record.h"

#define BATCH_VERSION 1
#define BATCH_BODY_MAX (1u << 20) /* bytes before compression */
#define BATCH_RECORDS_MAX 65535   /* records */
#define BATCH_STRINGS_MAX 4096    /* strings */

/* Where the kernel's numbering stood after this batch: the agent reads it back on
 * start. */
struct batch_source {
	uint64_t bind_id; /* random number of one binding of one group */
	uint16_t group;
	uint32_t kseq; /* kernel sequence number of the newest record */
};

struct batch_head {
	uint64_t epoch;
	uint64_t first_seq;
	uint32_t count; /* records, at least 1 */
	struct batch_source source;
	uint64_t first_ts_us; /* of the first and last record as they lie */
	uint64_t last_ts_us;
};

/* ---- writing: one writer for each capturing thread, all memory taken at
 * batch_writer_new */
struct batch_writer;
struct batch_writer *batch_writer_new(
    int zstd_level); /* 0: do not compress; NULL: no memory */
void batch_writer_free(struct batch_writer *w);
void batch_begin(struct batch_writer *w);
/* Index of the string in the table, added when new; -1 when the table is full. */
int batch_intern(struct batch_writer *w, const void *string, size_t len);
/* 0, or -1 when the record does not fit any more: finish the batch and begin another.
 */
int batch_add(struct batch_writer *w, const struct record *rec)
    __attribute__((warn_unused_result));
uint32_t batch_count(const struct batch_writer *w);
/* A string of the batch being written: what a local log needs to print a record. */
struct bytes batch_writer_string(const struct batch_writer *w, uint16_t index);
/*
 * The complete frame. head->count and the times are filled in from what was added.
 * The bytes belong to the writer and live until the next batch_begin.
 */
struct bytes_view {
	const uint8_t *p;
	size_t len;
};
struct bytes_view batch_finish(struct batch_writer *w, struct batch_head *head);

/* ---- reading */
struct batch_reader; /* holds the decompressor and one body; reused from batch to batch
		      */
struct batch_reader *batch_reader_new(void);
void batch_reader_free(struct batch_reader *b);

/*
 * Head of a BATCH frame's payload (the bytes after the frame's type), CRC not looked
 * at. 0, or -1 and *why (static text).
 */
int batch_peek(const uint8_t *payload, size_t len, struct batch_head *head,
    const char **why) __attribute__((warn_unused_result));

/*
 * Checks version, bounds and string table and unpacks the body; the CRC is checked by
 * frame_check before. payload must live as long as the records are read. 0, or -1 and
 * *why.
 */
int batch_open(struct batch_reader *b, const uint8_t *payload, size_t len,
    const char **why) __attribute__((warn_unused_result));
const struct batch_head *batch_reader_head(const struct batch_reader *b);
uint16_t batch_strings(const struct batch_reader *b);
struct bytes batch_string(const struct batch_reader *b, uint16_t index);
/* 1: *rec is the next record; 0: no more; -1: the body is malformed here. */
int batch_next(struct batch_reader *b, struct record *rec)
    __attribute__((warn_unused_result));

#endif
