/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long command is, on one line of standard error that is written again and
 * again; only where that is a terminal and standard output is none.
 */
#ifndef FWLOG_CTL_PROGRESS_H
#define FWLOG_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool wanted, shown;
	int64_t next_ms; /* not before this time */
	uint64_t rows;
};

void progress_begin(struct progress *p, bool quiet);
/* So many rows more; done of all is done. */
void progress_tell(struct progress *p, int rows, int64_t done, int64_t all);
/* Takes the line away. */
void progress_end(struct progress *p);

#endif
