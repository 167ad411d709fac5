/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_status, as the statement that writes it: who is connected from where, with which
 * counters. Hosts wait in a list until they are due, many go in one statement.
 */
#ifndef FWLOG_COLLECTOR_STATUS_H
#define FWLOG_COLLECTOR_STATUS_H

#include "collector/host.h"
#include "collector/options.h"
#include "common/textbuf.h"

#define STATUS_INTERVAL_MS 10000 /* between two writes of one host */
#define STATUS_HOSTS_MAX 500     /* in one statement */

TAILQ_HEAD(status_list, host);

struct status {
	char collector[160]; /* which one we are */
	uint64_t started_us; /* wall clock */
	struct status_list waiting;
	struct status_list writing;
};

extern const char status_sql[]; /* $1: the JSON of status_take */

void status_init(struct status *st);
void status_free(struct status *st);
/* Before anything is written: who says it, the machine and the first address. */
void status_set_collector(struct status *st, const struct options *o);
/*
 * The statement by which a collector takes back what it said before it was killed. What
 * it has said since its start, and what others say, stays.
 */
void status_add_cleanup(const struct status *st, struct text *sql);
/* The host's status has changed; urgent: do not wait for the interval. */
void status_note(struct status *st, struct host *h, bool urgent);
/* Whether some host is due; all: everything that waits is. */
bool status_due(const struct status *st, uint64_t now_ms, bool all);
bool status_empty(const struct status *st);
/* Moves what is due into json, to be written. */
void status_take(struct status *st, uint64_t now_ms, bool all, struct text *json);
/* What was taken is written, or (kept) shall be tried again. */
void status_done(struct status *st, bool written);

#endif
