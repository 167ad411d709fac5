/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where imported events go: numbered under their host's mark as the collector does it,
 * in transactions of many rows, with what the roll-ups count and with the keys by which
 * they are known again. An event is new when its host and minute have its key less
 * often than the source has had it so far; so nothing is stored twice, however often a
 * file is imported and however files overlap, and equal lines of one second all are.
 *
 * Messages go to standard error. The role fwlog_ingest suffices.
 */
#ifndef FWLOG_CTL_IMPORT_STORE_H
#define FWLOG_CTL_IMPORT_STORE_H

#include "ctl/args.h"
#include "ctl/import_row.h"

struct import_counts {
	uint64_t read, stored, known, other, rejected;
};

struct import_store;

/* NULL after a message. */
struct import_store *import_store_open(const struct args *args);
void import_store_close(struct import_store *s); /* what waits is dropped; NULL-safe */

/* Another file or database: equal lines are counted anew. counts outlive it. */
void import_store_source(struct import_store *s, struct import_counts *counts);
/*
 * Takes the row; text is what it came from. 0; 1: the row cannot be, see why; -1 after
 * a message.
 */
int import_store_add(struct import_store *s, struct import_row *row, struct span text,
    struct import_why *why) __attribute__((warn_unused_result));
/* Stores what waits. 0, or -1 after a message. */
int import_store_flush(struct import_store *s) __attribute__((warn_unused_result));
/* Enters what was done with a source into fwlog.import. 0, or -1 after a message. */
int import_store_note(struct import_store *s, const char *kind, const char *source,
    int64_t started_us) __attribute__((warn_unused_result));

/* Is it a name a host can have? */
bool import_host_ok(struct span name);

#endif
