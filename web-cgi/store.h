/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to PostgreSQL; web-cgi/store.c is the only user of libpq here. One
 * connection for each request; all queries of a page go out at once (pipeline mode) and
 * see one snapshot. Everything together has one deadline. What went wrong goes to the
 * log in full; the caller learns only its kind.
 */
#ifndef FWLOG_WEB_STORE_H
#define FWLOG_WEB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web-cgi/range.h"

#define STORE_TOP 8     /* entries of a top list */
#define STORE_LATEST 25 /* newest events shown */
#define STORE_NONE INT64_MIN

enum store_status {
	STORE_OK,
	STORE_AWAY,      /* no connection, or it broke */
	STORE_NOT_READY, /* schema missing or of another version, right missing */
	STORE_TIMEOUT,   /* the deadline struck */
	STORE_FAULT,     /* anything else */
};

struct store;

/* deadline_ms from now, for all that is done with this store. NULL: see *status. */
struct store *store_open(
    const char *conninfo, uint64_t deadline_ms, enum store_status *status);
void store_close(struct store *s); /* NULL-safe; ends the life of all strings it gave */

/* The schema can be read. */
enum store_status store_ping(struct store *s);

/* Strings live as long as the store; "" for null. Times are µs since 1970 or
 * STORE_NONE, numbers that are null are STORE_NONE. */
struct top_entry {
	const char *value; /* address, prefix, or protocol */
	int64_t port;      /* of a port list */
	uint64_t count;
};

struct top_list {
	struct top_entry entry[STORE_TOP];
	int count;
	uint64_t distinct; /* how many values there are in the range */
};

/* What became of the packets, by the prefix map. */
enum fate { FATE_DENIED, FATE_ACCEPTED, FATE_UNKNOWN, FATES };

struct tally {
	uint64_t all;
	uint64_t of[FATES];
};

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

struct event_row {
	int64_t time;
	const char *host, *prefix, *verdict, *in, *out, *physin, *physout;
	const char *src, *src_port, *dst, *dst_port, *protocol;
	const char *tcp_flags, *icmp_type, *icmp_code, *arp, *length;
};

struct overview {
	struct tally events;
	struct buckets buckets;
	struct tally bars[RANGE_BARS_MAX];
	struct top_list sources, ports, prefixes;
	struct loss_row *losses; /* those that touch the range, largest first */
	int losses_count;
	struct host_row *hosts; /* silent ones first */
	int hosts_count;
	struct event_row latest[STORE_LATEST];
	int latest_count;
};

enum store_status store_overview(
    struct store *s, const struct range *range, struct overview *o);
/* Frees the arrays. */
void store_overview_free(struct overview *o);

#endif
