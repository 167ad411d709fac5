/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define MAC_LEN 6
#define ETHERNET_HEADER 14
#define VLAN_MASK 0x0fff
#define FRAGMENT_UNIT 8 /* bytes, of FRAG: in IPv4 */

/* A key of up to eight letters as a number, so that a switch finds it. */
#define KEY8(a, b, c, d, e, f, g, h)                                          \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 |           \
	    (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | \
	    (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define KEY2(a, b) KEY8(a, b, 0, 0, 0, 0, 0, 0)
#define KEY3(a, b, c) KEY8(a, b, c, 0, 0, 0, 0, 0)
#define KEY4(a, b, c, d) KEY8(a, b, c, d, 0, 0, 0, 0)
#define KEY5(a, b, c, d, e) KEY8(a, b, c, d, e, 0, 0, 0)
#define KEY6(a, b, c, d, e, f) KEY8(a, b, c, d, e, f, 0, 0)
#define KEY7(a, b, c, d, e, f, g) KEY8(a, b, c, d, e, f, g, 0)
#define KEY_URGP KEY4('U', 'R', 'G', 'P')
#define KEY_PROTO KEY5('P', 'R', 'O', 'T', 'O')

struct scan {
	struct import_row *row;
	bool inner;     /* between the brackets of the packet an ICMP error carries */
	bool has_proto; /* what follows is of the transport */
	bool whole;     /* the last thing a packet of this kind has was there */
	bool more;      /* more fragments follow */
	bool arp;
	bool v6; /* by the spelling of the addresses: mapped ones become IPv4 */
	uint16_t tcp_flags;
	uint16_t prec;
};

enum import_kind
import_reject(struct import_why *why, const char *what, const char *p, size_t len)
{
	int room = (int)(len < 64 ? len : 64);

	snprintf(why->text, sizeof why->text, "%s%s%.*s", what, room > 0 ? ": " : "",
	    room, p != NULL ? p : "");
	return IMPORT_REJECT;
}

const char *
import_log_find(const char *line, size_t len)
{
	const char *end = line + len, *at = line, *in, *blank;

	while ((in = memmem(at, (size_t)(end - at), "IN=", 3)) != NULL) {
		blank = memchr(in, ' ', (size_t)(end - in));
		if (blank == NULL)
			return NULL;
		if (end - blank >= 5 && memcmp(blank, " OUT=", 5) == 0)
			return in;
		at = in + 3;
	}
	return NULL;
}

/* ---- values */

static bool
read_number(struct span s, uint64_t most, uint64_t *value)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 20)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || n > (most - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* With 0x in front or without. */
static bool
read_hex(struct span s, uint64_t most, uint64_t *value)
{
	uint64_t n = 0;

	if (s.len > 2 && s.p[0] == '0' && s.p[1] == 'x') {
		s.p += 2;
		s.len -= 2;
	}
	if (s.len == 0 || s.len > 16)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int digit = hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		n = n << 4 | (unsigned)digit;
	}
	*value = n;
	return n <= most;
}

static bool
read_ipv4(struct span s, struct ip_addr *a)
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		unsigned n = 0;
		size_t digits = 0;

		while (at < s.len && digits < 3 && isdigit((unsigned char)s.p[at])) {
			n = n * 10 + (unsigned)(s.p[at++] - '0');
			digits++;
		}
		if (digits == 0 || n > 255)
			return false;
		a->byte[i] = (uint8_t)n;
		if (i < 3 && (at >= s.len || s.p[at++] != '.'))
			return false;
	}
	a->family = 4;
	return at == s.len;
}

static bool
read_address(struct span s, struct ip_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	*a = (struct ip_addr){0};
	if (memchr(s.p, ':', s.len) == NULL)
		return read_ipv4(s, a);
	if (s.len >= sizeof text)
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	a->family = 6;
	if (inet_pton(AF_INET6, text, a->byte) != 1)
		return false;
	ip_addr_unmap(a);
	return true;
}

/* Bytes with colons between them; how many, 0: it is something else. */
static size_t
read_bytes(struct span s, uint8_t *to, size_t size)
{
	size_t n = 0;

	for (size_t at = 0; at + 2 <= s.len && n < size; at += 3) {
		int high = hex_digit(s.p[at]), low = hex_digit(s.p[at + 1]);

		if (high < 0 || low < 0 || (at + 2 < s.len && s.p[at + 2] != ':'))
			return 0;
		to[n++] = (uint8_t)(high << 4 | low);
	}
	return n * 3 == s.len + 1 ? n : 0;
}

static bool
read_protocol(struct span s, uint64_t *value)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"ICMP", IPPROTO_ICMP},
	    {"ICMPv6", IPPROTO_ICMPV6}, {"UDPLITE", IPPROTO_UDPLITE},
	    {"ESP", IPPROTO_ESP}, {"AH", IPPROTO_AH}, {"SCTP", IPPROTO_SCTP},
	    {"DCCP", IPPROTO_DCCP}, {"GRE", IPPROTO_GRE}, {"IGMP", IPPROTO_IGMP},
	    {"IPIP", IPPROTO_IPIP}};

	if (s.len > 0 && isdigit((unsigned char)s.p[0]))
		return read_number(s, UINT8_MAX, value);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strlen(names[i].name) == s.len &&
		    strncasecmp(names[i].name, s.p, s.len) == 0) {
			*value = names[i].number;
			return true;
		}
	}
	return false;
}

/* ---- fields: false when the value cannot be one of its kind */

static void
put_name(struct scan *s, enum import_name name, struct span value)
{
	if (value.len > 0 && value.len <= RECORD_STRING_MAX)
		s->row->name[name] = value;
}

static bool
put_mac(struct mac_addr *mac, struct span value)
{
	return read_bytes(value, mac->byte, MAC_LEN) == MAC_LEN && value.len == 17;
}

/* The link-layer header: that of Ethernet has addresses, others are kept as they are.
 */
static bool
put_header(struct scan *s, struct span value)
{
	struct event *ev = &s->row->ev;
	uint8_t *header = s->row->header;
	size_t len = read_bytes(value, header, sizeof s->row->header);

	if (value.len == 0)
		return true;
	if (len == 0)
		return false;
	if (len != ETHERNET_HEADER) {
		EVENT_SET(ev, hw_header, ((struct bytes){header, (uint16_t)len}));
		return true;
	}
	memcpy(ev->dst_mac.byte, header, MAC_LEN);
	memcpy(ev->src_mac.byte, header + MAC_LEN, MAC_LEN);
	EVENT_SET(ev, dst_mac, ev->dst_mac);
	EVENT_SET(ev, src_mac, ev->src_mac);
	EVENT_SET(ev, hw_type, ARPHRD_ETHER);
	EVENT_SET(ev, ethertype,
	    (uint32_t)(header[ETHERNET_HEADER - 2] << 8 | header[ETHERNET_HEADER - 1]));
	return true;
}

static bool
put_protocol(struct scan *s, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	if (!read_protocol(value, &n))
		return false;
	EVENT_SET(ev, proto, (uint16_t)n);
	s->has_proto = true;
	switch (n) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_AH:
	case IPPROTO_ESP:
		/* Of later fragments the kernel prints nothing of the transport. */
		s->whole = EVENT_HAS(ev, frag_offset) && ev->frag_offset > 0;
		break;
	default:
		s->whole = true;
	}
	return true;
}

#define READ_INTO(column, read, most)                             \
	do {                                                      \
		if (!read(value, most, &n))                       \
			return false;                             \
		EVENT_SET(ev, column, (__typeof__(ev->column))n); \
		return true;                                      \
	} while (0)

static bool
put_transport(struct scan *s, uint64_t key, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	switch (key) {
	case KEY3('S', 'P', 'T'):
		READ_INTO(sport, read_number, UINT16_MAX);
	case KEY3('D', 'P', 'T'):
		READ_INTO(dport, read_number, UINT16_MAX);
	case KEY_URGP:
		s->whole = true;
		EVENT_SET(ev, tcp_flags, s->tcp_flags);
		return true;
	case KEY3('L', 'E', 'N'):
		s->whole = true;
		return true;
	case KEY4('T', 'Y', 'P', 'E'):
		READ_INTO(icmp_type, read_number, UINT8_MAX);
	case KEY4('C', 'O', 'D', 'E'):
		s->whole = true;
		READ_INTO(icmp_code, read_number, UINT8_MAX);
	case KEY3('S', 'P', 'I'):
		s->whole = true;
		READ_INTO(spi, read_hex, UINT32_MAX);
	case KEY3('U', 'I', 'D'):
		READ_INTO(uid, read_number, UINT32_MAX);
	case KEY3('G', 'I', 'D'):
		READ_INTO(gid, read_number, UINT32_MAX);
	case KEY4('M', 'A', 'R', 'K'):
		READ_INTO(mark, read_hex, UINT32_MAX);
	default:
		return true;
	}
}

static bool
put_arp(struct scan *s, uint64_t key, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	switch (key) {
	case KEY5('H', 'T', 'Y', 'P', 'E'):
		READ_INTO(hw_type, read_number, UINT16_MAX);
	case KEY6('O', 'P', 'C', 'O', 'D', 'E'):
		READ_INTO(arp_op, read_number, UINT16_MAX);
	case KEY5('I', 'P', 'S', 'R', 'C'):
		EVENT_SET(ev, src, ev->src);
		return read_address(value, &ev->src);
	case KEY5('I', 'P', 'D', 'S', 'T'):
		EVENT_SET(ev, dst, ev->dst);
		s->whole = true;
		return read_address(value, &ev->dst);
	case KEY4('M', 'A', 'R', 'K'):
		READ_INTO(mark, read_hex, UINT32_MAX);
	default:
		return true;
	}
}

static bool
put_network(struct scan *s, uint64_t key, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	switch (key) {
	case KEY3('S', 'R', 'C'):
		s->v6 = memchr(value.p, ':', value.len) != NULL;
		EVENT_SET(ev, src, ev->src);
		return read_address(value, &ev->src);
	case KEY3('D', 'S', 'T'):
		EVENT_SET(ev, dst, ev->dst);
		return read_address(value, &ev->dst);
	case KEY3('L', 'E', 'N'):
		READ_INTO(len, read_number, INT32_MAX);
	case KEY3('T', 'O', 'S'):
		READ_INTO(tos, read_hex, UINT8_MAX);
	case KEY4('P', 'R', 'E', 'C'):
		if (!read_hex(value, UINT8_MAX, &n))
			return false;
		s->prec = (uint16_t)n;
		return true;
	case KEY2('T', 'C'):
		READ_INTO(tos, read_number, UINT8_MAX);
	case KEY3('T', 'T', 'L'):
	case KEY8('H', 'O', 'P', 'L', 'I', 'M', 'I', 'T'):
		READ_INTO(ttl, read_number, UINT8_MAX);
	case KEY3('S', 'P', 'I'):
		READ_INTO(spi, read_hex, UINT32_MAX);
	default:
		return true;
	}
}

/* What is printed in front of the packet itself. */
static bool
put_link(struct scan *s, uint64_t key, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	switch (key) {
	case KEY2('I', 'N'):
		put_name(s, IMPORT_IN, value);
		return true;
	case KEY3('O', 'U', 'T'):
		put_name(s, IMPORT_OUT, value);
		return true;
	case KEY6('P', 'H', 'Y', 'S', 'I', 'N'):
		put_name(s, IMPORT_PHYSIN, value);
		return true;
	case KEY7('P', 'H', 'Y', 'S', 'O', 'U', 'T'):
		put_name(s, IMPORT_PHYSOUT, value);
		return true;
	case KEY3('M', 'A', 'C'):
		return put_header(s, value);
	case KEY6('M', 'A', 'C', 'S', 'R', 'C'):
		EVENT_SET(ev, src_mac, ev->src_mac);
		return put_mac(&ev->src_mac, value);
	case KEY6('M', 'A', 'C', 'D', 'S', 'T'):
		EVENT_SET(ev, dst_mac, ev->dst_mac);
		return put_mac(&ev->dst_mac, value);
	case KEY8('M', 'A', 'C', 'P', 'R', 'O', 'T', 'O'):
		READ_INTO(ethertype, read_hex, UINT16_MAX);
	case KEY3('V', 'I', 'D'):
		READ_INTO(vlan_id, read_number, VLAN_MASK);
	default:
		return s->arp ? put_arp(s, key, value) : put_network(s, key, value);
	}
}

static bool
put_inner(struct scan *s, uint64_t key, struct span value)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	switch (key) {
	case KEY3('S', 'R', 'C'):
		EVENT_SET(ev, inner_src, ev->inner_src);
		return read_address(value, &ev->inner_src);
	case KEY3('D', 'S', 'T'):
		EVENT_SET(ev, inner_dst, ev->inner_dst);
		return read_address(value, &ev->inner_dst);
	case KEY_PROTO:
		if (!read_protocol(value, &n))
			return false;
		EVENT_SET(ev, inner_proto, (uint16_t)n);
		return true;
	case KEY3('S', 'P', 'T'):
		READ_INTO(inner_sport, read_number, UINT16_MAX);
	case KEY3('D', 'P', 'T'):
		READ_INTO(inner_dport, read_number, UINT16_MAX);
	default:
		return true;
	}
}

/* ---- words without a value */

static void
put_fragment(struct scan *s, struct span word)
{
	struct event *ev = &s->row->ev;
	uint64_t n;

	if (!read_number((struct span){word.p + 5, word.len - 5}, UINT16_MAX, &n))
		return;
	if (!s->v6)
		n *= FRAGMENT_UNIT;
	EVENT_SET(ev, frag_offset, (uint32_t)n);
}

static bool
is_word(struct span word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.p, text, word.len) == 0;
}

static void
put_tcp_flag(struct scan *s, struct span word)
{
	static const char names[][4] = {
	    "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (word.len == 3 && memcmp(word.p, names[i], 3) == 0)
			s->tcp_flags |= (uint16_t)(1u << i);
}

static void
put_word(struct scan *s, struct span word)
{
	if (word.p[0] == ']')
		s->inner = false;
	else if (s->inner)
		return;
	else if (word.len > 5 && memcmp(word.p, "FRAG:", 5) == 0)
		put_fragment(s, word);
	else if (is_word(word, "MF"))
		s->more = true;
	else if (is_word(word, "INCOMPLETE") && s->has_proto)
		s->whole = true;
	else if (is_word(word, "INCOMPLETE"))
		s->more = true;
	else if (is_word(word, "ARP"))
		s->arp = true;
	else if (s->has_proto)
		put_tcp_flag(s, word);
}

/* ---- the text */

static uint64_t
key_of(const char *p, size_t len)
{
	uint64_t key = 0;

	if (len > sizeof key)
		return 0;
	for (size_t i = 0; i < len; i++)
		key |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return key;
}

static bool
put_token(struct scan *s, struct span token)
{
	const char *equals;
	struct span value;
	uint64_t key;

	if (token.len > 5 && memcmp(token.p, "[SRC=", 5) == 0) {
		s->inner = true;
		token.p++;
		token.len--;
	}
	equals = memchr(token.p, '=', token.len);
	if (equals == NULL) {
		put_word(s, token);
		return true;
	}
	key = key_of(token.p, (size_t)(equals - token.p));
	value = (struct span){equals + 1, (size_t)(token.p + token.len - equals - 1)};
	if (s->inner)
		return put_inner(s, key, value);
	if (s->has_proto)
		return put_transport(s, key, value);
	if (key == KEY_PROTO)
		return put_protocol(s, value);
	return put_link(s, key, value);
}

/*
 * The last word with no blank behind it: where lines lose the blank at their end it is
 * whole, where they are cut off it may be a piece. Taken when it is the one that ends
 * such a packet, or comes after that.
 */
static bool
is_last_whole(const struct scan *s, struct span token)
{
	const char *equals = memchr(token.p, '=', token.len);
	uint64_t key = equals != NULL ? key_of(token.p, (size_t)(equals - token.p)) : 0;
	uint16_t proto = s->row->ev.proto;

	if (s->whole)
		return true;
	if (equals == NULL || equals + 1 == token.p + token.len || s->inner)
		return false;
	if (!s->has_proto)
		return (key == KEY_PROTO && isdigit((unsigned char)equals[1])) ||
		       (s->arp && key == KEY5('I', 'P', 'D', 'S', 'T'));
	return key == KEY_URGP || key == KEY4('C', 'O', 'D', 'E') ||
	       (key == KEY3('L', 'E', 'N') && proto != IPPROTO_TCP) ||
	       key == KEY3('S', 'P', 'I');
}

static void
settle(struct scan *s)
{
	struct event *ev = &s->row->ev;

	if (EVENT_HAS(ev, tos))
		ev->tos |= s->prec;
	if (s->more && !EVENT_HAS(ev, frag_offset))
		EVENT_SET(ev, frag_offset, 0);
	if (s->arp)
		EVENT_SET(ev, family, NFPROTO_ARP);
	else
		EVENT_SET(ev, family, s->v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	if (!EVENT_HAS(ev, ethertype))
		EVENT_SET(ev, ethertype,
		    s->arp  ? ETH_P_ARP
		    : s->v6 ? ETH_P_IPV6
			    : ETH_P_IP);
}

/* Two messages the log daemon ran into one would make an event of both. */
static bool
is_second(struct span token, const char *text, const char *end)
{
	const char *next = token.p + token.len;

	return token.p != text && end - next >= 5 && memcmp(next, " OUT=", 5) == 0;
}

enum import_kind
import_log_parse(
    const char *text, size_t len, struct import_row *row, struct import_why *why)
{
	struct scan s = {.row = row};
	const char *at = text, *end = text + len;

	while (at < end) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		struct span token = {at, (size_t)((blank != NULL ? blank : end) - at)};

		at += token.len + 1;
		if (token.len == 0)
			continue;
		if (is_second(token, text, end))
			return import_reject(
			    why, "two messages in one line", token.p, token.len);
		if (blank == NULL && !is_last_whole(&s, token))
			break;
		if (!put_token(&s, token))
			return import_reject(
			    why, "a value that cannot be", token.p, token.len);
	}
	if (!EVENT_HAS(&row->ev, src) || !EVENT_HAS(&row->ev, dst))
		return import_reject(
		    why, "no addresses: cut off, or no IP packet", NULL, 0);
	settle(&s);
	return IMPORT_EVENT;
}
