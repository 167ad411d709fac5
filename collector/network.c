/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
parse_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t len = strlen(text);

	if (len == 0 || len > 3 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	*bits = (unsigned)strtoul(text, NULL, 10);
	return *bits <= most ? 0 : -1;
}

int
network_parse(const char *text, struct network *n)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	unsigned most;

	if (len >= sizeof host)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	*n = (struct network){.family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET};
	most = n->bits = n->family == AF_INET6 ? 128 : 32;
	if (inet_pton(n->family, host, n->addr) != 1)
		return -1;
	return text[len] == '/' ? parse_bits(text + len + 1, most, &n->bits) : 0;
}

static const void *
address_bytes(const struct address *a)
{
	const void *sa = &a->sa;

	if (a->sa.ss_family == AF_INET)
		return &((const struct sockaddr_in *)sa)->sin_addr;
	return &((const struct sockaddr_in6 *)sa)->sin6_addr;
}

bool
network_has(const struct network *n, const struct address *a)
{
	const uint8_t *bytes;
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (a->sa.ss_family != n->family)
		return false;
	bytes = address_bytes(a);
	if (memcmp(bytes, n->addr, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ n->addr[whole]) >> (8 - rest) == 0;
}
