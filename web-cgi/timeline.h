/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events over time: how many in each bar, split by verdict, host, prefix or protocol,
 * and where collection has gaps. Every bar of the drawing is a link to its own stretch
 * of time; the same numbers stand in a table.
 */
#ifndef FWLOG_WEB_TIMELINE_H
#define FWLOG_WEB_TIMELINE_H

#include "common/filter.h"
#include "web-cgi/html.h"
#include "web-cgi/rolled.h"
#include "web-cgi/state.h"
#include "web-cgi/store.h"

#define TIMELINE_SPLITS 6 /* the last one holds all others, save with verdicts */

/* By verdict: what became of the packets, by the prefix map. */
enum fate { FATE_DENIED, FATE_ACCEPTED, FATE_UNKNOWN, FATES };

struct tally {
	uint64_t all;
	uint64_t of[TIMELINE_SPLITS];
};

struct timeline {
	struct buckets buckets;
	struct tally sum, bars[RANGE_BARS_MAX];
	bool gap[RANGE_BARS_MAX];          /* records are missing there */
	int alerts[RANGE_BARS_MAX];        /* that were raised there */
	const char *alert[RANGE_BARS_MAX]; /* title of the gravest of them */
	enum state_by by;
	const char *name[TIMELINE_SPLITS]; /* of the splits, NULL behind the last */
	int splits;
	bool rolled;         /* counted by roll-ups, which may outlive the events */
	int result, results; /* of counts: first and how many; gaps, alerts */
};

/*
 * Adds the queries for events in the range of the state that the condition selects
 * (its values are $3 …; fields: those it looks at, for wide ranges from roll-ups);
 * after store_run timeline_read takes what they found. Names live as long as the store.
 */
void timeline_add(struct timeline *t, struct store *s, const struct state *st,
    const struct filter_sql *condition, unsigned fields);
void timeline_read(struct timeline *t, const struct store *s);

/* path: of the page the bars link to. */
void timeline_write(struct html *h, const char *script, const char *path,
    const struct state *st, const struct timeline *t);

#endif
