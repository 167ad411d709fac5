/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a tail has read, host by host. The events of a host are numbered without gaps
 * and the number of the next one is known (fwlog.host_mark), so what is new is exactly
 * the numbers from one look to the next, whatever the times of the events are. A lower
 * bound of time only keeps the database from looking through all of them.
 */
#ifndef FWLOG_CTL_MARKS_H
#define FWLOG_CTL_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/db.h"

#define MARKS_HOST_MAX 65             /* bytes of a name, with its NUL */
#define MARKS_PORTION 50000           /* events of a host looked at in one go */
#define MARKS_LIVE INT64_C(120000000) /* microseconds; what is older is a backlog */

struct mark {
	int32_t host_id;
	char name[MARKS_HOST_MAX];
	int64_t read;   /* all up to this number are dealt with */
	int64_t stored; /* the newest there is */
	int64_t until;  /* end of the portion being read */
	int64_t newest; /* time of the newest event, microseconds since 1970 */
	int64_t floor;  /* time: a guess; portion_settle makes it hold */
};

struct marks {
	struct mark *at; /* by host_id */
	size_t count;
};

/*
 * How they stand now. Hosts that were not there before are read from their first event
 * on. 0 or -1: see db_error, which is empty when memory ended.
 */
int marks_read(struct marks *m, struct db *db) __attribute__((warn_unused_result));
/* Everything stored counts as read. */
void marks_skip(struct marks *m);
/* How many events were not looked at yet. */
uint64_t marks_behind(const struct marks *m);
void marks_free(struct marks *m);

/* Some hosts with something new, which are read together. */
struct portion {
	struct mark **mark;
	size_t count;
};

/*
 * The next ones: all hosts whose new events are about of now, or one that has a
 * backlog; none: all is read. limit: whether MARKS_PORTION holds. -1 without memory.
 */
int portion_next(struct portion *p, struct marks *m, int64_t now, bool limit)
    __attribute__((warn_unused_result));
/* It was read. */
void portion_done(struct portion *p);
void portion_free(struct portion *p);

/* Parameters of statements about a portion, made by portion_params. */
enum { PORTION_FROM, PORTION_HOSTS, PORTION_AFTER, PORTION_UNTIL, PORTION_FLOORS };
#define PORTION_PARAMS 5
struct portion_params {
	char *text[PORTION_PARAMS];
};
int portion_params(const struct portion *p, struct portion_params *params)
    __attribute__((warn_unused_result));
void portion_params_free(struct portion_params *params);

/* Leaves just the portion of fwlog.event e; numbers of the last four parameters. */
#define PORTION_JOIN                                                                  \
	" JOIN unnest($%d::int[], $%d::bigint[], $%d::bigint[], $%d::timestamptz[]) " \
	"m "                                                                          \
	"(host_id, after, until, floor) ON m.host_id = e.host_id AND e.n > m.after "  \
	"AND e.n <= m.until AND e.ts >= m.floor"

/*
 * Lowers the floors until the database finds every event of the portion. 0 or -1: see
 * db_error.
 */
int portion_settle(struct portion *p, struct db *db)
    __attribute__((warn_unused_result));

#endif
