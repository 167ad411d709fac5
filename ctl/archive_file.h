/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is there as a whole or not at all: compressed (zstd, with its checksum),
 * written under a temporary name, brought to the disk, then given its name. Counts the
 * CRC-32C of what was put into it. The only user of libzstd for writing.
 */
#ifndef FWLOG_CTL_ARCHIVE_FILE_H
#define FWLOG_CTL_ARCHIVE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct archive_file;

/* NULL after a message: also when the name is taken. */
struct archive_file *archive_file_new(const char *directory, const char *name);
/* -1 after a message. */
int archive_file_put(struct archive_file *f, const void *data, size_t len)
    __attribute__((warn_unused_result));
int archive_file_print(struct archive_file *f, const char *fmt, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));
uint32_t archive_file_crc(const struct archive_file *f);
/* The file is on the disk under its name; -1 after a message. */
int archive_file_finish(struct archive_file *f) __attribute__((warn_unused_result));
uint64_t archive_file_size(const struct archive_file *f); /* bytes written */
/* Removes what was not finished; NULL-safe. */
void archive_file_free(struct archive_file *f);

#endif
