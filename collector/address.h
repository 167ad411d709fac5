/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses to listen on and addresses of peers: host:port, [v6]:port, *:port,
 * unix:/path. */
#ifndef FWLOG_COLLECTOR_ADDRESS_H
#define FWLOG_COLLECTOR_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT \
	128 /* bytes with the terminator: the longest path of a Unix socket */
#define ADDRESS_PORT "7514"

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
	char text[ADDRESS_TEXT];
};

/*
 * Every address the list (separated by blanks or commas) names; a name may give
 * several. May block in the resolver. How many, or -1 with the reason in why.
 */
int address_parse_list(const char *list, struct address *out, size_t max, char *why,
    size_t whysize) __attribute__((warn_unused_result));

/* Of the peer of an accepted socket: "192.0.2.1:4711", "unix:pid 812". */
void address_of_peer(
    struct address *a, int fd, const struct sockaddr *sa, socklen_t len);

bool address_is_unix(const struct address *a);
bool address_is_local(const struct address *a); /* loopback or a Unix socket */
/*
 * The same IPv4 address, or the same /64 of IPv6, which is what one subscriber or one
 * machine has for itself; never true of Unix sockets.
 */
bool address_same_source(const struct address *a, const struct address *b);

#endif
