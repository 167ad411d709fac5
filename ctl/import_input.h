/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file to be imported, plain or compressed (gzip, zstd: told by its first bytes),
 * read once from the front, by lines or by numbers of bytes. The only user of zlib, and
 * of libzstd for reading. Memory is bounded: one buffer.
 */
#ifndef FWLOG_CTL_IMPORT_INPUT_H
#define FWLOG_CTL_IMPORT_INPUT_H

#include "ctl/import_row.h"

#define IMPORT_LINE_MAX (1u << 20) /* bytes; what is longer comes in pieces */

struct import_input;

/* "-" is standard input. NULL after a message. */
struct import_input *import_input_open(const char *name);
void import_input_close(struct import_input *in); /* NULL-safe */

/* The next line without its end; 1, 0: no more, -1 after a message. */
int import_input_line(struct import_input *in, struct span *line)
    __attribute__((warn_unused_result));
/*
 * The next len bytes, at most IMPORT_LINE_MAX; 1, 0: there are less, -1 after a
 * message. What is given lives until the next call.
 */
int import_input_bytes(struct import_input *in, size_t len, struct span *bytes)
    __attribute__((warn_unused_result));
/* The first bytes that are to come, up to len, without taking them. */
struct span import_input_peek(struct import_input *in, size_t len);

/* When the file was last written, seconds since 1970. */
int64_t import_input_mtime(const struct import_input *in);
/* Hundredths of the file that are read; -1: nobody can know. */
int import_input_percent(const struct import_input *in);

#endif
