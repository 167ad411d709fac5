/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the overview shows, read in one snapshot from roll-ups: the figures first, since
 * they tell what the lists may cost. Where roll-ups do not know a field of the filter,
 * events are counted, lists are made of the newest of them.
 */
#ifndef FWLOG_WEB_GLANCE_H
#define FWLOG_WEB_GLANCE_H

#include "web-cgi/ledger.h"
#include "web-cgi/ranking.h"
#include "web-cgi/timeline.h"
#include "web-cgi/visit.h"

#define GLANCE_LISTS 3 /* sources, destination ports, prefixes */
#define GLANCE_VALUES 8
#define GLANCE_RATES 3 /* over 1, 5 and 15 minutes */
/* Events that lists may look at one by one. */
#define GLANCE_BUDGET 100000

struct glance {
	struct timeline timeline;
	struct ledger ledger;
	uint64_t before;             /* events of the equal range before */
	uint64_t rate[GLANCE_RATES]; /* events of whole minutes up to now */
	bool rated;                  /* the filter can be asked for them */
	struct ranking list[GLANCE_LISTS];
	int64_t listed_from; /* lists are of events since then */
	uint64_t sources;    /* different addresses */
	bool about;          /* they were estimated */
};

/* Minutes the rates are over. */
extern const int glance_minutes[GLANCE_RATES];

/* HTTP status, 200 to go on; glance_free in any case. */
int glance_read(struct visit *v, struct glance *g) __attribute__((warn_unused_result));
void glance_free(struct glance *g);

#endif
