/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file "filters" in the spool's directory: the last good document of central
 * filters, so that a worker filters from its first record on. docs/spool.md says how it
 * lies there.
 */
#ifndef FWLOG_AGENT_FILTERS_FILE_H
#define FWLOG_AGENT_FILTERS_FILE_H

#include <stddef.h>
#include <stdint.h>

#define FILTERS_FILE "filters"

/* Replaces it in one step, on disk when this returns. 0, or -1 and errno. */
int filters_file_write(const char *dir, uint32_t version, const uint8_t *document,
    size_t len) __attribute__((warn_unused_result));
/*
 * The document, to be freed, and its version. NULL: there is none, and why is empty, or
 * it cannot be used.
 */
uint8_t *filters_file_read(
    const char *dir, uint32_t *version, size_t *len, char *why, size_t whysize);

#endif
