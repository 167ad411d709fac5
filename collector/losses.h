/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Losses that get no row of their own, since their host has had its share of rows for a
 * day: added up by run, cause and hour, those of unknown size apart, in rows whose seq
 * is negative. Sums and hours stay right; which numbers and groups they were is not
 * kept. Memory is, between transactions.
 */
#ifndef FWLOG_COLLECTOR_LOSSES_H
#define FWLOG_COLLECTOR_LOSSES_H

#include "common/message.h"
#include "common/textbuf.h"

#define LOSSES_A_DAY 20000 /* rows of a host's own */

struct losses_row {
	int32_t host_id;
	uint64_t epoch;
	uint64_t hour; /* since 1970 */
	enum loss_cause cause;
	uint64_t records, from_us, to_us;
};

struct losses {
	struct losses_row *row;
	size_t count, size;
};

void losses_init(struct losses *l);
void losses_free(struct losses *l);

/* ---- one transaction, in this order */
void losses_begin(struct losses *l);
/* 0, or -1: no memory. Hours long past or to come count as now. */
int losses_add(struct losses *l, int32_t host_id, uint64_t epoch,
    const struct loss *loss, uint64_t now_us) __attribute__((warn_unused_result));
/* A statement each, with its semicolon. */
void losses_sql(const struct losses *l, struct text *sql);

#endif
