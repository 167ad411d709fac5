/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a transaction adds to the roll-ups (sql/0008_store.sql, docs/store.md): of the
 * units it copies, and of these alone, so that a record sent twice is counted once.
 *
 * A fact is noted of each record while it becomes a row. When the marks have told what
 * is new, the facts are added up; what has few events, or would be one key too many for
 * its host and hour, goes to the row of the rest. Sums are exact.
 */
#ifndef FWLOG_COMMON_ROLLUP_H
#define FWLOG_COMMON_ROLLUP_H

#include "common/event.h"
#include "common/textbuf.h"

/* Keys of their own for one host in a minute or an hour; frequent ones get twice that.
 * fwlog.rollup_fold keeps fewer once the hour is over. */
#define ROLLUP_MINUTE_KEYS 128
#define ROLLUP_PORT_KEYS 512
#define ROLLUP_ADDRESS_KEYS 1000

/* What roll-ups need of a record. */
struct rollup_fact {
	uint64_t minute;         /* since 1970 */
	int32_t prefix;          /* its id, ~question, or 0 */
	uint32_t bytes;          /* as the column len has them */
	int32_t dport;           /* or -1 */
	int16_t proto;           /* or -1 */
	struct ip_addr src, dst; /* family 0: none */
};

/* Dictionary columns of ev hold ids or ~question, as for copyrow_put. */
void rollup_note(struct rollup_fact *fact, const struct event *ev);

struct rollup;                      /* of one sink; remembers which keys have rows */
struct rollup *rollup_new(void);    /* NULL: no memory */
void rollup_free(struct rollup *r); /* NULL-safe */

/* From now on small keys of a large transaction have rows as well, within the bounds:
 * for history, which comes many hours at once. */
void rollup_keep(struct rollup *r);
/* A new transaction; then the facts of the rows it copies; then their sums. */
void rollup_begin(struct rollup *r);
/* Rows of one host. answer: what ~question stands for; NULL: there is none. */
void rollup_take(struct rollup *r, int32_t host_id, const struct rollup_fact *fact,
    size_t facts, const int32_t *answer);
void rollup_end(struct rollup *r);
/* What was collected, as statements; sql->failed without memory. */
void rollup_add_sql(struct rollup *r, struct text *sql);
/* The transaction with these statements is committed. */
void rollup_committed(struct rollup *r);

#endif
