/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of systemd's journal: a line of journalctl -o json, or the lines of -o export
 * (systemd.io/JOURNAL_EXPORT_FORMATS). Only time, host, message and cursor are taken
 * out of them. Any bytes may come.
 */
#ifndef FWLOG_CTL_IMPORT_JOURNAL_H
#define FWLOG_CTL_IMPORT_JOURNAL_H

#include "ctl/import_input.h"
#include "ctl/import_row.h"

#define JOURNAL_ROOM (64u << 10) /* bytes kept of an entry */

struct journal_entry {
	struct span host, message;
	struct span cursor; /* the journal's own name of the entry */
	uint64_t ts_us;     /* 0: none */
	char room[JOURNAL_ROOM];
	size_t used;
};

/* false: it is no object of JSON. */
bool journal_read_json(const char *line, size_t len, struct journal_entry *e);
/* The next entry; 1, 0: no more, -1 after a message. */
int journal_read_export(struct import_input *in, struct journal_entry *e)
    __attribute__((warn_unused_result));

#endif
