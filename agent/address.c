/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static bool
copy_part(char *to, size_t size, const char *from, size_t len)
{
	if (len == 0 || len >= size)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

static bool
port_ok(const char *port)
{
	char *end;
	unsigned long n = strtoul(port, &end, 10);

	return port[0] >= '0' && port[0] <= '9' && *end == '\0' && n >= 1 && n <= 65535;
}

/* "host", "host:port", "[v6]" or "[v6]:port" */
static const char *
parse_tcp(struct address *a)
{
	static const char bad[] =
	    "collector: an address is host:port, [IPv6]:port or unix:/path";
	const char *host = a->text, *port;
	size_t len;

	if (host[0] == '[') {
		host++;
		len = strcspn(host, "]");
		if (host[len] != ']')
			return bad;
		port = host + len + 1;
	} else {
		len = strcspn(host, ":");
		port = host + len;
		if (strchr(port, ':') != strrchr(port, ':'))
			return "collector: an IPv6 address is written [address]:port";
	}
	if (!copy_part(a->host, sizeof a->host, host, len))
		return bad;
	if (port[0] == '\0')
		port = ":" ADDRESS_PORT;
	if (port[0] != ':' || !port_ok(port + 1) ||
	    !copy_part(a->port, sizeof a->port, port + 1, strlen(port + 1)))
		return "collector: a port is a number from 1 to 65535";
	return NULL;
}

static const char *
parse_one(struct address *a)
{
	const char *path;

	if (strncmp(a->text, "unix:", 5) != 0)
		return parse_tcp(a);
	path = a->text + 5;
	if (path[0] != '/' || !copy_part(a->path, sizeof a->path, path, strlen(path)))
		return "collector: unix: takes an absolute path of at most 107 bytes";
	return NULL;
}

int
address_next(const char **rest, struct address *a, const char **why)
{
	const char *start = *rest + strspn(*rest, " \t");
	size_t len = strcspn(start, ",");

	memset(a, 0, sizeof *a);
	*rest = start[len] == ',' ? start + len + 1 : NULL;
	while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
		len--;
	if (!copy_part(a->text, sizeof a->text, start, len)) {
		*why = "collector: an address of the list is empty or too long";
		return -1;
	}
	*why = parse_one(a);
	return *why == NULL ? 0 : -1;
}

bool
sockaddr_is_local(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		memcpy(&in, sa, sizeof in);
		return ntohl(in.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		memcpy(&in6, sa, sizeof in6);
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
			return in6.sin6_addr.s6_addr[12] == 127;
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	default:
		return false;
	}
}

bool
address_is_local(const struct address *a)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool local;

	if (a->path[0] != '\0' || strcmp(a->host, "localhost") == 0)
		return true;
	if (getaddrinfo(a->host, a->port, &hints, &found) != 0)
		return false;
	local = sockaddr_is_local(found->ai_addr);
	freeaddrinfo(found);
	return local;
}
