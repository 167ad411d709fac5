/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the events page and its JSON twin show, read in one snapshot: the timeline
 * first, since it tells how far back the rows of a page and the lists have to read.
 */
#ifndef FWLOG_WEB_EVENTS_H
#define FWLOG_WEB_EVENTS_H

#include "web-cgi/ledger.h"
#include "web-cgi/ranking.h"
#include "web-cgi/rows.h"
#include "web-cgi/timeline.h"
#include "web-cgi/top.h"
#include "web-cgi/visit.h"

#define EVENTS_FACETS 4
#define EVENTS_FACET_VALUES 8
/* Lists of more events are read from roll-ups where these know filter and fields. */
#define EVENTS_FACET_FEW 20000
/* Else they are made of the newest so many events at least, whole bars; the page says
 * so.
 */
#define EVENTS_FACET_BUDGET 100000

struct events {
	struct timeline timeline;
	struct ledger ledger;
	struct rows rows;
	bool ranked; /* lists are rankings, of the whole range; else facets */
	struct ranking rankings[EVENTS_FACETS];
	struct top facets[EVENTS_FACETS];
	uint64_t listed;     /* events the facets are made of */
	int64_t listed_from; /* since then */
	/* With no match in the range: the nearest before it, else after it. */
	int64_t nearest; /* STORE_NONE: none was found */
	bool sought_all; /* there is none at all */
};

/* HTTP status, 200 to go on; events_free in any case. */
int events_read(struct visit *v, struct events *e, bool facets)
    __attribute__((warn_unused_result));
void events_free(struct events *e);

#endif
