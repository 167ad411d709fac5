/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fwlogctl import: history from elsewhere. What all kinds have in common: counting, the
 * reject file, progress, what is said in the end.
 */
#ifndef FWLOG_CTL_IMPORT_H
#define FWLOG_CTL_IMPORT_H

#include "ctl/import_input.h"
#include "ctl/import_store.h"

int import_log_run(const struct args *args);
int import_pcap_run(const struct args *args);
int import_ulogd_run(const struct args *args);

struct import_run {
	const struct args *args;
	struct import_store *store;
	const char *kind;            /* log, pcap, ulogd2 */
	const char *unit;            /* what is read: "lines" */
	const char *source;          /* name of the file or database */
	struct import_counts counts; /* of the source */
	int64_t started_us;
	FILE *rejects; /* NULL: there were none yet */
	char rejects_name[4096];
	int64_t tell_ms, began_ms; /* progress */
	bool shown;
};

/* 0, or -1 after a message. */
int import_begin(struct import_run *run, const struct args *args, const char *kind,
    const char *unit) __attribute__((warn_unused_result));
/* Ends the run; returns the program's exit code. */
int import_end(struct import_run *run, int rc);

void import_source_begin(struct import_run *run, const char *source);
/* Stores what waits, says how much it was. 0, or -1 after a message. */
int import_source_end(struct import_run *run) __attribute__((warn_unused_result));

/*
 * One of what is read, with what it turned out to be. text is what it came from and by
 * what it is known again, shown is what a reject file gets. 0, or -1 after a message.
 */
int import_take(struct import_run *run, enum import_kind kind, struct import_row *row,
    struct span text, struct span shown, struct import_why *why)
    __attribute__((warn_unused_result));
/* Now and then; percent as import_input_percent. */
void import_tell(struct import_run *run, int percent);

#endif
