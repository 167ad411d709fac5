/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"
#define SEPARATORS " \t,"

bool
address_is_unix(const struct address *a)
{
	return a->sa.ss_family == AF_UNIX;
}

static const struct in_addr *
address_v4(const struct address *a)
{
	return &((const struct sockaddr_in *)(const void *)&a->sa)->sin_addr;
}

static const struct in6_addr *
address_v6(const struct address *a)
{
	return &((const struct sockaddr_in6 *)(const void *)&a->sa)->sin6_addr;
}

bool
address_is_local(const struct address *a)
{
	switch (a->sa.ss_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		return ntohl(address_v4(a)->s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(address_v6(a));
	default:
		return false;
	}
}

bool
address_same_source(const struct address *a, const struct address *b)
{
	if (a->sa.ss_family != b->sa.ss_family)
		return false;
	switch (a->sa.ss_family) {
	case AF_INET:
		return memcmp(address_v4(a), address_v4(b), sizeof(struct in_addr)) ==
		       0;
	case AF_INET6:
		return memcmp(address_v6(a), address_v6(b), 64 / 8) == 0;
	default:
		return false;
	}
}

static void
address_set_text(struct address *a)
{
	char host[64], port[8];

	if (getnameinfo((struct sockaddr *)&a->sa, a->len, host, sizeof host, port,
		sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(a->text, sizeof a->text, "unknown address");
	else
		snprintf(a->text, sizeof a->text,
		    a->sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void
address_of_peer(struct address *a, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;

	*a = (struct address){.len = len};
	if (len > sizeof a->sa)
		a->len = sizeof a->sa;
	memcpy(&a->sa, sa, a->len);
	if (sa->sa_family != AF_UNIX) {
		address_set_text(a);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		peer.pid = 0;
	snprintf(a->text, sizeof a->text, UNIX_PREFIX "pid %ld", (long)peer.pid);
}

static int
address_parse_unix(const char *path, struct address *a, char *why, size_t whysize)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = strlen(path);

	if (path[0] != '/' || len >= sizeof un.sun_path) {
		snprintf(why, whysize,
		    "unix:%s: an absolute path of at most %zu bytes is needed", path,
		    sizeof un.sun_path - 1);
		return -1;
	}
	memcpy(un.sun_path, path, len + 1);
	*a = (struct address){.len = sizeof un};
	memcpy(&a->sa, &un, sizeof un);
	snprintf(a->text, sizeof a->text, UNIX_PREFIX "%s", path);
	return 1;
}

/* Cuts "host:port" or "[v6]:port" in place; the port may be left out. */
static int
address_split(char *word, char **host, const char **port)
{
	char *end = word;

	*host = word;
	*port = ADDRESS_PORT;
	if (word[0] == '[') {
		*host = word + 1;
		end = strchr(word, ']');
		if (end == NULL)
			return -1;
		*end++ = '\0';
	} else {
		end += strcspn(word, ":");
	}
	if (*end == ':') {
		*end = '\0';
		*port = end + 1;
	} else if (*end != '\0') {
		return -1;
	}
	return **host != '\0' && **port != '\0' && strchr(*port, ':') == NULL ? 0 : -1;
}

static int
address_resolve(const char *host, const char *port, struct address *out, size_t max,
    char *why, size_t whysize)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *at;
	bool any = strcmp(host, "*") == 0;
	int error = getaddrinfo(any ? NULL : host, port, &hints, &found), count = 0;

	if (error != 0) {
		snprintf(why, whysize, "%s:%s: %s", host, port, gai_strerror(error));
		return -1;
	}
	for (at = found; at != NULL && (size_t)count < max; at = at->ai_next) {
		struct address *a = &out[count++];

		*a = (struct address){.len = at->ai_addrlen};
		memcpy(&a->sa, at->ai_addr, at->ai_addrlen);
		address_set_text(a);
	}
	freeaddrinfo(found);
	return count;
}

static int
address_parse(char *word, struct address *out, size_t max, char *why, size_t whysize)
{
	char *host;
	const char *port;

	if (max == 0) {
		snprintf(why, whysize, "%s: too many addresses", word);
		return -1;
	}
	if (strncmp(word, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return address_parse_unix(
		    word + strlen(UNIX_PREFIX), out, why, whysize);
	if (address_split(word, &host, &port) != 0) {
		snprintf(why, whysize,
		    "%s: expected host:port, [v6]:port, *:port or unix:/path", word);
		return -1;
	}
	return address_resolve(host, port, out, max, why, whysize);
}

int
address_parse_list(
    const char *list, struct address *out, size_t max, char *why, size_t whysize)
{
	size_t count = 0;

	while (*(list += strspn(list, SEPARATORS)) != '\0') {
		size_t len = strcspn(list, SEPARATORS);
		char word[256];
		int added;

		if (len >= sizeof word) {
			snprintf(why, whysize, "%.40s…: too long for an address", list);
			return -1;
		}
		memcpy(word, list, len);
		word[len] = '\0';
		added = address_parse(word, out + count, max - count, why, whysize);
		if (added < 0)
			return -1;
		count += (size_t)added;
		list += len;
	}
	if (count == 0)
		snprintf(why, whysize, "no address given");
	return count == 0 ? -1 : (int)count;
}
