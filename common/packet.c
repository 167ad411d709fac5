/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link layer, ARP, IPv4 and IPv6 (RFC 791, RFC 826, RFC 8200). */
#include "common/packet.h"

#include <arpa/inet.h>

#include "common/packet_internal.h"

#define VLAN_TAGS_MAX 4
#define EXTENSIONS_MAX 16 /* more than any honest packet has */

#define IPV4_HEADER 20 /* bytes without options */
#define IPV6_HEADER 40

enum {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_AH = 51,
	EXT_NONE = 59,
	EXT_DESTINATION = 60,
	EXT_MOBILITY = 135,
	EXT_HIP = 139,
	EXT_SHIM6 = 140,
};

/* Extension headers: 8 bytes, and so many more for each count in their length byte. */
static const struct extension {
	uint8_t number;
	uint8_t unit;
	bool final; /* usually nothing follows, and then it is the protocol itself */
} EXTENSIONS[] = {
    {EXT_HOP_BY_HOP, 8, false},
    {EXT_ROUTING, 8, false},
    {EXT_FRAGMENT, 0, false},
    {EXT_AH, 4, false},
    {EXT_DESTINATION, 8, false},
    {EXT_MOBILITY, 8, true},
    {EXT_HIP, 8, true},
    {EXT_SHIM6, 8, true},
};

static bool
is_vlan(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	       ethertype == ETHERTYPE_QINQ_OLD;
}

/* The EtherType behind the tags at r, 0 when they are cut off or too many. */
static uint16_t
pass_vlan_tags(struct packet *p, struct reader *r, uint16_t ethertype)
{
	for (int n = 0; is_vlan(ethertype); n++) {
		uint16_t tci = get_u16(r);

		if (r->bad || n == VLAN_TAGS_MAX)
			return 0;
		if (n == 0) {
			p->vlan_id = tci & 0x0fff;
			p->has |= PACKET_VLAN;
		}
		ethertype = get_u16(r);
	}
	return ethertype;
}

/* Leaves at most keep bytes: what follows the packet in its frame is padding. */
static void
clip(struct reader *r, size_t keep)
{
	if (keep < r->left)
		r->left = keep;
}

static void
get_addr(struct reader *r, struct ip_addr *a, uint8_t family)
{
	size_t len = family == 4 ? 4 : 16;
	const uint8_t *byte = get_bytes(r, len);

	if (byte == NULL)
		return;
	a->family = family;
	memcpy(a->byte, byte, len);
}

static void
get_addr_pair(struct packet_cursor *c, uint8_t family)
{
	struct packet *p = c->packet;
	struct ip_addr src = {0}, dst = {0};

	get_addr(&c->at, &src, family);
	get_addr(&c->at, &dst, family);
	if (c->at.bad)
		return;
	p->src = src;
	p->dst = dst;
	p->has |= PACKET_ADDR;
}

static void
decode_arp(struct packet_cursor *c)
{
	struct reader *r = &c->at;
	uint8_t hw_len, proto_len;
	uint16_t proto, op;

	get_u16(r);
	proto = get_u16(r);
	hw_len = get_u8(r);
	proto_len = get_u8(r);
	op = get_u16(r);
	if (r->bad)
		return;
	c->packet->arp_op = op;
	c->packet->has |= PACKET_ARP;
	if (proto != ETHERTYPE_IPV4 || proto_len != 4 || r->left < 2u * (hw_len + 4u))
		return;
	get_bytes(r, hw_len);
	get_addr(r, &c->packet->src, 4);
	get_bytes(r, hw_len);
	get_addr(r, &c->packet->dst, 4);
	c->packet->has |= PACKET_ADDR;
}

static void
transport_reached(struct packet_cursor *c, uint8_t proto)
{
	c->packet->proto = proto;
	c->packet->transport_offset = (uint32_t)(c->at.at - c->start);
	packet_decode_transport(c, proto);
}

/* The first ten bytes. Returns the header's length, 0 when it is no IPv4 header. */
static size_t
get_ipv4_fixed(struct packet *p, struct reader *r)
{
	uint8_t version = get_u8(r), tos = get_u8(r), ttl, proto;
	uint16_t len = get_u16(r), id = get_u16(r), frag = get_u16(r);

	ttl = get_u8(r);
	proto = get_u8(r);
	if (r->bad || version >> 4 != 4)
		return 0;
	p->version = 4;
	p->tos = tos;
	p->len = len;
	p->id = id;
	p->ip_flags = (uint8_t)(frag >> 13);
	p->ttl = ttl;
	p->proto = proto;
	p->has |= PACKET_IP | PACKET_PROTO;
	p->frag_offset = (uint16_t)((frag & 0x1fff) * 8);
	p->more_fragments = (p->ip_flags & 1) != 0;
	if (p->frag_offset != 0 || p->more_fragments)
		p->has |= PACKET_FRAGMENT;
	return (version & 15u) * 4u;
}

static void
decode_ipv4(struct packet_cursor *c)
{
	struct packet *p = c->packet;
	size_t header = get_ipv4_fixed(p, &c->at);

	if (header == 0)
		return;
	get_u16(&c->at);
	get_addr_pair(c, 4);
	if (c->at.bad || header < IPV4_HEADER)
		return;
	/* Segmentation offload may leave the length to the network card: 0. */
	if (p->len != 0)
		clip(&c->at, p->len > IPV4_HEADER ? p->len - IPV4_HEADER : 0);
	get_bytes(&c->at, header - IPV4_HEADER);
	if (!c->at.bad && p->frag_offset == 0)
		transport_reached(c, p->proto);
}

static const struct extension *
extension_find(uint8_t number)
{
	for (size_t i = 0; i < sizeof EXTENSIONS / sizeof EXTENSIONS[0]; i++)
		if (EXTENSIONS[i].number == number)
			return &EXTENSIONS[i];
	return NULL;
}

/* body: at least the six bytes behind next header and length. */
static void
note_extension(struct packet *p, uint8_t number, const uint8_t *body)
{
	struct reader r = reader_of(body, 6);
	uint16_t first = get_u16(&r);
	uint32_t second = get_u32(&r);

	if (number == EXT_AH) {
		p->spi = second;
		p->has |= PACKET_SPI;
	} else if (number == EXT_FRAGMENT) {
		p->frag_offset = first & 0xfff8;
		p->more_fragments = (first & 1) != 0;
		p->frag_id = second;
		p->has |= PACKET_FRAGMENT;
	}
}

static void
decode_extensions(struct packet_cursor *c, uint8_t next)
{
	struct packet *p = c->packet;

	for (int n = 0; n < EXTENSIONS_MAX; n++) {
		const struct extension *e = extension_find(next);
		uint8_t behind, count;
		const uint8_t *body;

		p->proto = next;
		if (e == NULL) {
			transport_reached(c, next);
			return;
		}
		behind = get_u8(&c->at);
		count = get_u8(&c->at);
		body = get_bytes(&c->at, 6u + (size_t)count * e->unit);
		if (body == NULL || (e->final && behind == EXT_NONE))
			return;
		note_extension(p, next, body);
		next = behind;
		if (e->number == EXT_FRAGMENT && p->frag_offset != 0)
			break;
	}
	p->proto = next;
}

static void
decode_ipv6(struct packet_cursor *c)
{
	struct packet *p = c->packet;
	uint32_t first = get_u32(&c->at);
	uint16_t len = get_u16(&c->at);
	uint8_t next = get_u8(&c->at), hop_limit = get_u8(&c->at);

	if (c->at.bad || first >> 28 != 6)
		return;
	p->version = 6;
	p->tos = (uint8_t)(first >> 20);
	p->flow_label = first & 0xfffff;
	p->ttl = hop_limit;
	p->proto = next;
	p->has |= PACKET_IP | PACKET_PROTO;
	/* A jumbogram keeps its length in a hop-by-hop option, segmentation offload
	 * nowhere. */
	if (len != 0 || next == EXT_NONE)
		p->len = IPV6_HEADER + (uint32_t)len;
	get_addr_pair(c, 6);
	if (c->at.bad)
		return;
	if (p->len != 0)
		clip(&c->at, len);
	decode_extensions(c, next);
}

static uint16_t
guess_ethertype(const struct reader *r)
{
	switch (r->left > 0 ? r->at[0] >> 4 : 0) {
	case 4:
		return ETHERTYPE_IPV4;
	case 6:
		return ETHERTYPE_IPV6;
	default:
		return 0;
	}
}

static void
decode_layer3(struct packet_cursor *c, uint16_t ethertype)
{
	if (ethertype == 0)
		ethertype = guess_ethertype(&c->at);
	ethertype = pass_vlan_tags(c->packet, &c->at, ethertype);
	c->packet->ethertype = ethertype;
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		decode_ipv4(c);
		break;
	case ETHERTYPE_IPV6:
		decode_ipv6(c);
		break;
	case ETHERTYPE_ARP:
	case ETHERTYPE_RARP:
		decode_arp(c);
		break;
	default:
		break;
	}
}

void
packet_decode_embedded(struct packet_cursor *c, uint16_t ethertype)
{
	struct packet *p = c->packet, inner = {0};
	struct packet_cursor within = *c;

	if (c->embedded || c->at.bad)
		return;
	within.packet = &inner;
	within.embedded = true;
	decode_layer3(&within, ethertype);
	if (inner.has & PACKET_IP)
		p->inner_offset = (uint32_t)(c->at.at - c->start);
	if ((inner.has & (PACKET_ADDR | PACKET_PROTO)) ==
	    (PACKET_ADDR | PACKET_PROTO)) {
		p->inner_src = inner.src;
		p->inner_dst = inner.dst;
		p->inner_proto = inner.proto;
		p->has |= PACKET_INNER;
	}
	if (inner.has & PACKET_PORTS) {
		p->inner_sport = inner.sport;
		p->inner_dport = inner.dport;
		p->has |= PACKET_INNER_PORTS;
	}
}

void
packet_decode(struct packet *p, uint16_t ethertype, const uint8_t *data, size_t len)
{
	struct packet_cursor c = {
	    .packet = p, .start = data, .at = reader_of(data, len)};

	*p = (struct packet){0};
	decode_layer3(&c, ethertype);
}

uint16_t
packet_decode_ethernet(struct packet *p, const uint8_t *header, size_t len)
{
	struct reader r = reader_of(header, len);
	const uint8_t *dst = get_bytes(&r, 6), *src = get_bytes(&r, 6);

	if (dst == NULL || src == NULL)
		return 0;
	memcpy(p->dst_mac, dst, 6);
	memcpy(p->src_mac, src, 6);
	p->has |= PACKET_MAC;
	return pass_vlan_tags(p, &r, get_u16(&r));
}

void
ip_addr_unmap(struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->family != 6 || memcmp(a->byte, mapped, sizeof mapped) != 0)
		return;
	a->family = 4;
	memmove(a->byte, a->byte + sizeof mapped, 4);
	memset(a->byte + 4, 0, sizeof a->byte - 4);
}

const char *
ip_addr_text(const struct ip_addr *a, char *buf, size_t size)
{
	int family = a->family == 4 ? AF_INET : AF_INET6;

	if (a->family == 0 || inet_ntop(family, a->byte, buf, (socklen_t)size) == NULL)
		buf[0] = '\0';
	return buf;
}
