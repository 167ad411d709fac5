/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who reports and what is missing in a range of time: what each page has to say before
 * its figures can be believed.
 */
#ifndef FWLOG_WEB_LEDGER_H
#define FWLOG_WEB_LEDGER_H

#include "web-cgi/range.h"
#include "web-cgi/store.h"

/* Strings live as long as the store; "" for null. Times are µs since 1970 or
 * STORE_NONE, numbers that are null are STORE_NONE. */
struct host_row {
	const char *name, *address, *software;
	int64_t last_event, last_contact;
	bool connected;
	uint64_t events, lost, losses_unknown;
	int64_t skew_ms;
};

struct loss_row {
	const char *host, *cause;
	uint64_t records; /* known to be missing */
	uint64_t unknown; /* times when nobody can know how many */
};

struct ledger {
	struct host_row *hosts; /* silent ones first */
	int hosts_count;
	struct loss_row *losses; /* those that touch the range, largest first */
	int losses_count;
	uint64_t alerts;       /* that go on and nobody acknowledged */
	uint64_t alerts_grave; /* of these, high or critical */
	int result;            /* the first of the store's */
};

/* Adds the queries; after store_run ledger_read takes what they found. 0, or -1 without
 * memory. */
void ledger_add(struct ledger *l, struct store *s, const struct range *range);
int ledger_read(struct ledger *l, const struct store *s)
    __attribute__((warn_unused_result));
void ledger_free(struct ledger *l);

#endif
