/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an address of the configuration to socket addresses. Numbers and Unix sockets
 * take no time; a name is looked up by getaddrinfo on a thread of its own, so that the
 * loop never waits for a name server.
 */
#ifndef FWLOG_AGENT_RESOLVE_H
#define FWLOG_AGENT_RESOLVE_H

#include <event2/event.h>

#include "agent/address.h"

#define RESOLVE_MAX 8 /* socket addresses kept of one name */

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

struct endpoints {
	size_t count; /* 0: the lookup failed, why says so */
	struct endpoint at[RESOLVE_MAX];
	char why[160];
};

/* True when e could be filled without asking anybody. */
bool resolve_now(const struct address *a, struct endpoints *e);

struct resolve;
/*
 * done is called once, from the loop, unless cancelled; r is gone then. NULL: no thread
 * or memory.
 */
struct resolve *resolve_start(struct event_base *base, const struct address *a,
    void (*done)(void *arg, const struct endpoints *e), void *arg);
void resolve_cancel(struct resolve *r); /* NULL-safe; the thread ends by itself */

#endif
