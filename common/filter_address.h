/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP and hardware addresses, networks and ranges of them, as numbers and as text. */
#ifndef FWLOG_COMMON_FILTER_ADDRESS_H
#define FWLOG_COMMON_FILTER_ADDRESS_H

#include <stdio.h>

#include "common/filter_tree.h"

/*
 * 10.0.0.1, 10.0.0.0/8 (bits behind the prefix are dropped), 10.0.*, 10.0.0.1-10.0.0.9,
 * and the same in IPv6; IPv4-mapped IPv6 is IPv4. False: it is none of them.
 */
bool filter_address_read(const char *text, struct filter_value *v);
/* lo to hi as an address, a network, or a range with a minus in it. */
void filter_address_print(uint8_t family, const struct filter_addr *lo,
    const struct filter_addr *hi, FILE *out);
/* Length of the prefix when lo to hi is a network or one address, else -1. */
int filter_address_prefix(
    uint8_t family, const struct filter_addr *lo, const struct filter_addr *hi);
struct filter_addr filter_address_of(const struct ip_addr *a);
int filter_address_compare(const struct filter_addr *a, const struct filter_addr *b);

/* 00:16:3e:01:02:03 or, for all that begin so, 00:16:3e:*; minus for colon, too. */
bool filter_mac_read(const char *text, uint64_t *lo, uint64_t *hi);
void filter_mac_print(uint64_t mac, FILE *out);
/* What filter_mac_read made. */
void filter_mac_range_print(uint64_t lo, uint64_t hi, FILE *out);

#endif
