/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a collector listens, as it is written in the configuration: host:port,
 * [IPv6]:port, a host alone (port 7514), unix:/path. A value: it owns nothing.
 */
#ifndef FWLOG_AGENT_ADDRESS_H
#define FWLOG_AGENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_PORT "7514"

struct address {
	char text[300]; /* as written, for messages */
	char host[256]; /* name or number; "" for a Unix socket */
	char port[8];
	char path[108]; /* of the Unix socket; "" for TCP */
};

/*
 * Takes the next address from a comma-separated list; *rest is NULL after the last. 0,
 * or -1 and *why (static text).
 */
int address_next(const char **rest, struct address *a, const char **why)
    __attribute__((warn_unused_result));

/*
 * Whether it stays on this machine: a Unix socket, a loopback number, or "localhost".
 * No other name does, wherever it points.
 */
bool address_is_local(const struct address *a);
/* The same of an address that was looked up. */
bool sockaddr_is_local(const struct sockaddr *sa);

#endif
