/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transports, ICMP and tunnels: what follows the IP header. */
#include "common/packet_internal.h"

enum {
	IP_ICMP = 1,
	IP_IGMP = 2,
	IP_IPIP = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP_6IN4 = 41,
	IP_GRE = 47,
	IP_ESP = 50,
	IP_AH = 51,
	IP_ICMPV6 = 58,
	IP_SCTP = 132,
	IP_UDPLITE = 136,
};

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007

/* TCP, UDP, UDP-Lite, SCTP and DCCP all begin with them. */
static void
decode_ports(struct packet_cursor *c)
{
	uint16_t sport = get_u16(&c->at), dport = get_u16(&c->at);

	if (c->at.bad)
		return;
	c->packet->sport = sport;
	c->packet->dport = dport;
	c->packet->has |= PACKET_PORTS;
}

/* RFC 9293 */
static void
decode_tcp(struct packet_cursor *c)
{
	struct packet *p = c->packet;
	struct reader *r = &c->at;
	uint32_t seq, ack;
	uint16_t bits, window, urgent;

	decode_ports(c);
	seq = get_u32(r);
	ack = get_u32(r);
	bits = get_u16(r);
	window = get_u16(r);
	get_u16(r);
	urgent = get_u16(r);
	if (r->bad)
		return;
	p->tcp_seq = seq;
	p->tcp_ack = ack;
	p->tcp_flags = (uint8_t)bits;
	p->tcp_reserved = bits >> 8 & 15;
	p->tcp_window = window;
	p->tcp_urgent = urgent;
	p->has |= PACKET_TCP;
}

static void
decode_udp(struct packet_cursor *c)
{
	uint16_t len;

	decode_ports(c);
	len = get_u16(&c->at);
	get_u16(&c->at);
	if (c->at.bad)
		return;
	c->packet->ulen = len;
	c->packet->has |= PACKET_LENGTHS;
}

static void
decode_type_code(struct packet_cursor *c)
{
	uint8_t type = get_u8(&c->at), code = get_u8(&c->at);

	if (c->at.bad)
		return;
	c->packet->icmp_type = type;
	c->packet->icmp_code = code;
	c->packet->has |= PACKET_ICMP;
}

static bool
is_icmp_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool
is_icmpv6_error(uint8_t type)
{
	return type >= 1 && type <= 4;
}

static void
decode_icmp_any(
    struct packet_cursor *c, uint8_t echo, uint8_t reply, bool (*is_error)(uint8_t))
{
	struct packet *p = c->packet;
	uint16_t id, seq;

	decode_type_code(c);
	get_u16(&c->at);
	id = get_u16(&c->at);
	seq = get_u16(&c->at);
	if (c->at.bad)
		return;
	if (p->icmp_type == echo || p->icmp_type == reply) {
		p->icmp_id = id;
		p->icmp_seq = seq;
		p->has |= PACKET_ICMP_ID;
	} else if (is_error(p->icmp_type)) {
		packet_decode_embedded(c, 0);
	}
}

static void
decode_icmp(struct packet_cursor *c)
{
	decode_icmp_any(c, 8, 0, is_icmp_error);
}

static void
decode_icmpv6(struct packet_cursor *c)
{
	decode_icmp_any(c, 128, 129, is_icmpv6_error);
}

static void
decode_spi(struct packet_cursor *c)
{
	uint32_t spi = get_u32(&c->at);

	if (c->at.bad)
		return;
	c->packet->spi = spi;
	c->packet->has |= PACKET_SPI;
}

/* RFC 4302; in IPv6 it is passed over as an extension header and does not come here. */
static void
decode_ah(struct packet_cursor *c)
{
	get_u32(&c->at);
	decode_spi(c);
}

/* RFC 2784 and 2890. PPTP's version 1 carries PPP, in which there is nothing to read.
 */
static void
decode_gre(struct packet_cursor *c)
{
	uint16_t flags = get_u16(&c->at), ethertype = get_u16(&c->at);

	if (flags & (GRE_ROUTING | GRE_VERSION))
		return;
	for (uint16_t bit = GRE_CHECKSUM; bit >= GRE_SEQUENCE; bit >>= 1)
		if (flags & bit)
			get_u32(&c->at);
	if (ethertype == ETHERTYPE_BRIDGED) {
		get_bytes(&c->at, 12);
		ethertype = get_u16(&c->at);
	}
	if (!c->at.bad && ethertype != 0)
		packet_decode_embedded(c, ethertype);
}

static void
decode_ipip(struct packet_cursor *c)
{
	packet_decode_embedded(c, ETHERTYPE_IPV4);
}

static void
decode_6in4(struct packet_cursor *c)
{
	packet_decode_embedded(c, ETHERTYPE_IPV6);
}

static void (*const TRANSPORTS[256])(struct packet_cursor *c) = {
    [IP_ICMP] = decode_icmp,
    [IP_IGMP] = decode_type_code,
    [IP_IPIP] = decode_ipip,
    [IP_TCP] = decode_tcp,
    [IP_UDP] = decode_udp,
    [IP_DCCP] = decode_ports,
    [IP_6IN4] = decode_6in4,
    [IP_GRE] = decode_gre,
    [IP_ESP] = decode_spi,
    [IP_AH] = decode_ah,
    [IP_ICMPV6] = decode_icmpv6,
    [IP_SCTP] = decode_ports,
    [IP_UDPLITE] = decode_udp,
};

void
packet_decode_transport(struct packet_cursor *c, uint8_t proto)
{
	if (TRANSPORTS[proto] != NULL)
		TRANSPORTS[proto](c);
}
