/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 32
#define V6_BITS 128
#define MAPPED_BITS 96
#define MAC_DIGITS 12
#define MAC_BITS 48

struct filter_addr
filter_address_of(const struct ip_addr *a)
{
	struct filter_addr n = {0};
	uint32_t v4;

	if (a->family == 4) {
		memcpy(&v4, a->byte, sizeof v4);
		n.lo = be32toh(v4);
		return n;
	}
	memcpy(&n.hi, a->byte, sizeof n.hi);
	memcpy(&n.lo, a->byte + sizeof n.hi, sizeof n.lo);
	n.hi = be64toh(n.hi);
	n.lo = be64toh(n.lo);
	return n;
}

int
filter_address_compare(const struct filter_addr *a, const struct filter_addr *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int
bits_of(uint8_t family)
{
	return family == 4 ? V4_BITS : V6_BITS;
}

/* The low bits of a family's address behind a prefix. */
static struct filter_addr
host_bits(uint8_t family, int prefix)
{
	int n = bits_of(family) - prefix;

	return (struct filter_addr){
	    .hi = n <= 64 ? 0 : UINT64_MAX >> (V6_BITS - n),
	    .lo = n >= 64  ? UINT64_MAX
		  : n == 0 ? 0
			   : UINT64_MAX >> (64 - n),
	};
}

/* ---- reading */

/* *mapped: it was IPv6 and is IPv4 now. */
static bool
read_plain(
    const char *text, size_t len, struct filter_addr *a, uint8_t *family, bool *mapped)
{
	char copy[INET6_ADDRSTRLEN];
	struct ip_addr ip = {0};

	if (len == 0 || len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	ip.family = strchr(copy, ':') != NULL ? 6 : 4;
	if (inet_pton(ip.family == 4 ? AF_INET : AF_INET6, copy, ip.byte) != 1)
		return false;
	*mapped = ip.family == 6;
	ip_addr_unmap(&ip);
	*mapped = *mapped && ip.family == 4;
	*a = filter_address_of(&ip);
	*family = ip.family;
	return true;
}

static void
set_network(struct filter_value *v, int prefix)
{
	struct filter_addr host = host_bits(v->family, prefix);

	v->addr.lo.hi &= ~host.hi;
	v->addr.lo.lo &= ~host.lo;
	v->addr.hi.hi = v->addr.lo.hi | host.hi;
	v->addr.hi.lo = v->addr.lo.lo | host.lo;
}

static bool
read_network(const char *text, const char *slash, struct filter_value *v)
{
	bool mapped;
	char *end;
	long prefix;

	if (!isdigit((unsigned char)slash[1]) ||
	    !read_plain(text, (size_t)(slash - text), &v->addr.lo, &v->family, &mapped))
		return false;
	prefix = strtol(slash + 1, &end, 10);
	if (mapped)
		prefix -= MAPPED_BITS;
	if (*end != '\0' || end - slash > 4 || prefix < 0 ||
	    prefix > bits_of(v->family))
		return false;
	set_network(v, (int)prefix);
	return true;
}

static bool
read_range(const char *text, const char *minus, struct filter_value *v)
{
	uint8_t family;
	bool mapped;

	return read_plain(
		   text, (size_t)(minus - text), &v->addr.lo, &v->family, &mapped) &&
	       read_plain(
		   minus + 1, strlen(minus + 1), &v->addr.hi, &family, &mapped) &&
	       family == v->family &&
	       filter_address_compare(&v->addr.lo, &v->addr.hi) <= 0;
}

/* 10.*, 10.0.*, 10.0.0.* */
static bool
read_wild(const char *text, struct filter_value *v)
{
	char copy[INET_ADDRSTRLEN + sizeof ".0.0.0"];
	size_t n = strlen(text);
	int dots = 0;
	bool mapped;

	if (n < 3 || n > INET_ADDRSTRLEN || strcmp(text + n - 2, ".*") != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		dots += text[i] == '.';
	if (dots > 3)
		return false;
	snprintf(copy, sizeof copy, "%.*s%s", (int)(n - 2), text,
	    ".0.0.0" + 2 * (size_t)(dots - 1));
	if (!read_plain(copy, strlen(copy), &v->addr.lo, &v->family, &mapped) ||
	    v->family != 4)
		return false;
	set_network(v, 8 * dots);
	return true;
}

bool
filter_address_read(const char *text, struct filter_value *v)
{
	const char *slash = strchr(text, '/'), *minus = strchr(text, '-');
	bool mapped;

	v->kind = FILTER_ADDRS;
	if (slash != NULL)
		return read_network(text, slash, v);
	if (minus != NULL)
		return read_range(text, minus, v);
	if (strchr(text, '*') != NULL)
		return read_wild(text, v);
	if (!read_plain(text, strlen(text), &v->addr.lo, &v->family, &mapped))
		return false;
	v->addr.hi = v->addr.lo;
	return true;
}

/* ---- writing */

int
filter_address_prefix(
    uint8_t family, const struct filter_addr *lo, const struct filter_addr *hi)
{
	struct filter_addr host = {.hi = lo->hi ^ hi->hi, .lo = lo->lo ^ hi->lo};
	struct filter_addr whole;

	for (int prefix = 0; prefix <= bits_of(family); prefix++) {
		whole = host_bits(family, prefix);
		if (filter_address_compare(&whole, &host) == 0)
			return (lo->hi & host.hi) == 0 && (lo->lo & host.lo) == 0
				   ? prefix
				   : -1;
	}
	return -1;
}

static void
print_plain(uint8_t family, const struct filter_addr *a, FILE *out)
{
	char text[INET6_ADDRSTRLEN];
	struct ip_addr ip = {.family = family};
	uint64_t hi = htobe64(a->hi), lo = htobe64(a->lo);
	uint32_t v4 = htobe32((uint32_t)a->lo);

	if (family == 4) {
		memcpy(ip.byte, &v4, sizeof v4);
	} else {
		memcpy(ip.byte, &hi, sizeof hi);
		memcpy(ip.byte + sizeof hi, &lo, sizeof lo);
	}
	fputs(ip_addr_text(&ip, text, sizeof text), out);
}

void
filter_address_print(uint8_t family, const struct filter_addr *lo,
    const struct filter_addr *hi, FILE *out)
{
	int prefix = filter_address_prefix(family, lo, hi);

	print_plain(family, lo, out);
	if (prefix < 0) {
		fputc('-', out);
		print_plain(family, hi, out);
	} else if (prefix < bits_of(family)) {
		fprintf(out, "/%d", prefix);
	}
}

/* ---- hardware addresses */

static unsigned
hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (c | 0x20u) - 'a' + 10u;
}

bool
filter_mac_read(const char *text, uint64_t *lo, uint64_t *hi)
{
	unsigned digits = 0;
	int rest;

	for (*lo = 0; digits < MAC_DIGITS && isxdigit((unsigned char)*text); digits++) {
		*lo = *lo << 4 | hex_value(*text++);
		if (digits % 2 == 1 && digits < MAC_DIGITS - 1 &&
		    (*text == ':' || *text == '-'))
			text++;
		else if (digits % 2 == 1 && digits < MAC_DIGITS - 1)
			return false;
	}
	*hi = *lo;
	if (digits == MAC_DIGITS)
		return *text == '\0';
	if (digits == 0 || digits % 2 != 0 || strcmp(text, "*") != 0)
		return false;
	rest = MAC_BITS - 4 * (int)digits;
	*lo <<= rest;
	*hi = *lo | ((UINT64_C(1) << rest) - 1);
	return true;
}

void
filter_mac_print(uint64_t mac, FILE *out)
{
	for (int shift = MAC_BITS - 8; shift >= 0; shift -= 8)
		fprintf(out, "%02x%s", (unsigned)(mac >> shift & 0xff),
		    shift > 0 ? ":" : "");
}

void
filter_mac_range_print(uint64_t lo, uint64_t hi, FILE *out)
{
	if (lo == hi) {
		filter_mac_print(lo, out);
		return;
	}
	for (int shift = MAC_BITS - 8; (lo ^ hi) >> shift == 0; shift -= 8)
		fprintf(out, "%02x:", (unsigned)(lo >> shift & 0xff));
	fputc('*', out);
}
