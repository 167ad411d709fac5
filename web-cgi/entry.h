/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event by its name, "HOST-N" or "HOST-N-TIME" with the time in microseconds since
 * 1970, which makes finding it a matter of one look; and what was around it.
 */
#ifndef FWLOG_WEB_ENTRY_H
#define FWLOG_WEB_ENTRY_H

#include "web-cgi/ledger.h"
#include "web-cgi/rows.h"
#include "web-cgi/visit.h"

#define ENTRY_AROUND 20          /* events of the same host on each side */
#define ENTRY_SPAN RANGE_HOUR    /* how far what is around may be away */
#define ENTRY_SAME 20            /* events of the same connection shown */
#define ENTRY_SAME_COUNTED 10000 /* and counted */

struct entry {
	struct cursor key;
	int result, around, same, count;
	int alerts; /* number and title of those of its time about its addresses */
	struct ledger ledger; /* of the time around it */
};

/* 0, or -1: it is no such name. The time is STORE_NONE when it is not in it. */
int entry_parse(const char *name, struct cursor *key)
    __attribute__((warn_unused_result));
/* HTTP status, ledger_free in any case; 404: there was never such a one, 410: it is
 * past its retention. */
int entry_read(struct visit *v, struct entry *r) __attribute__((warn_unused_result));

#endif
