/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the overview shows, read in one snapshot. */
#ifndef FWLOG_WEB_OVERVIEW_H
#define FWLOG_WEB_OVERVIEW_H

#include "web-cgi/ledger.h"
#include "web-cgi/timeline.h"

#define OVERVIEW_TOP 8     /* entries of a top list */
#define OVERVIEW_LATEST 25 /* newest events shown */

/* Strings live as long as the store; "" for null. */
struct top_entry {
	const char *value; /* address, prefix, or protocol */
	int64_t port;      /* of a port list */
	uint64_t count;
};

struct top_list {
	struct top_entry entry[OVERVIEW_TOP];
	int count;
	uint64_t distinct; /* how many values there are in the range */
};

struct event_row {
	int64_t time;
	const char *host, *prefix, *verdict, *in, *out, *physin, *physout;
	const char *src, *src_port, *dst, *dst_port, *protocol;
	const char *tcp_flags, *icmp_type, *icmp_code, *arp, *length;
};

struct overview {
	struct timeline timeline;
	struct top_list sources, ports, prefixes;
	struct ledger ledger;
	struct event_row latest[OVERVIEW_LATEST];
	int latest_count;
};

enum store_status overview_read(
    struct store *s, const struct state *st, struct overview *o);
/* Frees the arrays. */
void overview_free(struct overview *o);

#endif
