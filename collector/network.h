/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP networks: 192.0.2.0/24, 2001:db8::/32; without a length, one address. */
#ifndef FWLOG_COLLECTOR_NETWORK_H
#define FWLOG_COLLECTOR_NETWORK_H

#include <stdint.h>

#include "collector/address.h"

struct network {
	int family;       /* AF_INET, AF_INET6 */
	unsigned bits;    /* that count */
	uint8_t addr[16]; /* network byte order */
};

/* 0, or -1 when text is no network. */
int network_parse(const char *text, struct network *n)
    __attribute__((warn_unused_result));
/* Whether the address lies in it; a Unix socket lies in none. */
bool network_has(const struct network *n, const struct address *a);

#endif
