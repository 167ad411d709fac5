/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one transaction carries: items of many sessions, already turned into rows. Each
 * record is one unit of the load (so is each loss, and each batch that does not
 * unpack), so that any range of units [lo, hi) can be tried as a transaction of its
 * own. The marks of the database decide at that time which units are new; n is written
 * into the rows then.
 */
#ifndef FWLOG_COLLECTOR_LOAD_H
#define FWLOG_COLLECTOR_LOAD_H

#include "collector/days.h"
#include "collector/dict.h"
#include "collector/filtered.h"
#include "collector/losses.h"
#include "collector/queue.h"
#include "common/batch.h"
#include "common/textbuf.h"

#define LOAD_DAYS_MAX 64         /* days without a partition asked for in one load */
#define LOAD_QUESTIONS_FULL 2048 /* unknown strings after which a load is full */
/* Changes of the minute after which a load is full: each minute of a host takes rows of
 * all roll-ups, and agents name the times. */
#define LOAD_MINUTES_FULL 4096
/* Of one host, after which the load takes nothing more from it, but from others. */
#define LOAD_QUESTIONS_OF_HOST 256
/* What a host may have in quarantine in a day, in bytes; what goes beyond that is only
 * counted. A row counts as so many at least. */
#define ASIDE_A_DAY (UINT64_C(64) << 20)
#define ASIDE_ROW_MIN 4096

struct load_part {
	struct item *item;
	uint32_t first; /* its first unit */
	uint32_t units; /* records; 1 when it has no rows */
	uint32_t stream;
	size_t filtered;  /* its first entry in the load's */
	size_t filtereds; /* entries, of ITEM_FILTERED */
	size_t folded;    /* of these, part of the rest */
	bool has_rows;
	bool unresolved;    /* its rows hold ~question */
	bool is_surplus;    /* a loss, or bad batch, that gets no row of its own */
	const char *bad;    /* why the batch does not unpack; NULL */
	uint64_t newest_us; /* of its rows, not later than now */

	/* Of the running transaction: what of it is new. */
	uint32_t from, to;  /* units whose rows are copied */
	uint64_t new_first; /* numbers */
	uint64_t new_count; /* 0: nothing is */
};

struct load_host {
	int32_t id;
	int64_t next_n; /* 0: the database does not know the host */
	int64_t next_before;
	uint64_t newest_us;
	size_t questions; /* its records brought */
};

struct load_stream {
	uint32_t host;
	uint64_t epoch;
	struct session *session; /* whom to tell */
	uint64_t mark, mark_before;
	bool touched; /* has units in the running transaction */
	bool broken;  /* its numbers do not follow the mark: nothing of it is written */
};

/* A string of a host whose id only the database knows. */
struct load_question {
	enum dict_kind kind;
	bool is_new; /* the database did not know it either: it is to be entered */
	int32_t host_id;
	uint64_t hash;
	uint16_t len;
	uint8_t raw[RECORD_STRING_MAX];
};

struct load {
	struct load_part *part;
	size_t parts, parts_size;
	struct load_stream *stream;
	size_t streams, streams_size;
	struct load_host *host;
	size_t hosts, hosts_size;
	struct load_question *question;
	int32_t *answer; /* 0: not yet */
	size_t questions, questions_size, answers_size;
	uint32_t *slot; /* hash table: a question's number + 1 each, 0: free */
	size_t slots;   /* a power of two, more than twice the questions */
	uint64_t day[LOAD_DAYS_MAX];
	size_t days;

	uint8_t *row; /* rows back to back */
	size_t row_len, row_size;
	uint32_t *row_at; /* units + 1 offsets into row */
	size_t row_at_size;
	struct rollup_fact *fact; /* of each row, for the roll-ups */
	size_t fact_size;
	size_t minutes;  /* times the minute changed from row to row */
	uint64_t minute; /* of the last row */
	struct filtered_rows filtered;
	struct losses surplus;
	uint32_t units;
	uint64_t since_ms; /* when the first item came */

	/* Of the running transaction. */
	uint32_t lo, hi;
	bool unkept;             /* what is put aside gets no row of its own */
	size_t part_lo, part_hi; /* parts with units in it */
	size_t copy_part;        /* how far the rows are handed out */
	uint32_t copy_unit;
};

/* What turning records into rows needs; one for each sink. */
struct load_tools;
struct load_tools *load_tools_new(struct dict *dict, const struct days *days);
void load_tools_free(struct load_tools *t);
/* To be called now and then. */
void load_tools_tick(struct load_tools *t, uint64_t now_ms);
/* Whether the host may have a frame of len bytes more in quarantine. */
bool load_may_keep(struct load_tools *t, int32_t host_id, size_t len)
    __attribute__((warn_unused_result));

void load_init(struct load *l);
void load_free(struct load *l);
/* Frees the items; memory is kept for the next load. */
void load_clear(struct load *l);

/*
 * Takes the item and makes its rows. -1 when there is no memory: the item is still the
 * caller's, and numbers that follow it must not be added.
 */
int load_add(struct load *l, struct load_tools *t, struct item *item)
    __attribute__((warn_unused_result));

/* Whether the load may take more of this host. */
bool load_has_room(const struct load *l, int32_t host_id);

/* Puts the answers into the rows. Every question must have one. */
void load_resolve(struct load *l);

/* ---- one transaction over the units [lo, hi), in this order */
void load_begin(struct load *l, uint32_t lo, uint32_t hi);
/* BEGIN, the locks, the marks, COPY: numbers only. */
void load_begin_sql(const struct load *l, struct text *sql);
void load_set_next(struct load *l, int32_t host_id, int64_t next_n);
void load_set_mark(struct load *l, int32_t host_id, uint64_t epoch, uint64_t mark);
/* All marks are set: finds what is new. */
void load_plan(struct load *l);
/* The next rows to copy, about max bytes; 0: no more. */
size_t load_rows(struct load *l, size_t max, const uint8_t **data);
/* Adds up what the planned transaction copies. */
struct rollup;
void load_roll_up(const struct load *l, struct rollup *r);
/* Nothing of the range is copied; it goes to quarantine (see aside.h). */
void load_skip_rows(struct load *l);
/* Loss rows (the quarantined included), marks, COMMIT. aside: why the range goes there.
 */
void load_commit_sql(struct load *l, bool aside, struct text *sql);

/* Where to cut [lo, hi): between items while there are several, else between records.
 */
uint32_t load_split(const struct load *l, uint32_t lo, uint32_t hi);

#endif
