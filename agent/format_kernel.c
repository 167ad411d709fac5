/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/format.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_RARP 0x8035

#define ICMP_HEADER 8
#define IPV4_HEADER 20
#define ARP_HEADER 8 /* with the addresses of Ethernet and IPv4 20 more */
#define ARP_ADDRESSES 20

/* A packet being printed: the logged one, or the one inside an ICMP error. */
struct body {
	struct line *line;
	const struct packet *packet;
	const uint8_t *data;
	size_t len;
	uint32_t total; /* length to print when the header leaves it open */
	bool embedded;
};

/* ---- pieces */

static void
put_field(struct line *l, const char *name, uint64_t v)
{
	line_text(l, name);
	line_uint(l, v);
	line_char(l, ' ');
}

static void
put_hex_field(struct line *l, const char *name, uint64_t v)
{
	line_text(l, name);
	line_hex(l, v, 1);
	line_char(l, ' ');
}

/* IPv6 in full, as the kernel has it: eight groups of four digits. */
static void
put_address(struct line *l, const char *name, const struct ip_addr *a)
{
	line_text(l, name);
	if (a->family == 4)
		line_address(l, a);
	for (size_t i = 0; a->family == 6 && i < sizeof a->byte; i++) {
		if (i > 0 && i % 2 == 0)
			line_char(l, ':');
		line_hex(l, a->byte[i], 2);
	}
	line_char(l, ' ');
}

static void
put_incomplete(struct line *l, size_t bytes)
{
	line_text(l, "INCOMPLETE [");
	line_uint(l, bytes);
	line_text(l, " bytes] ");
}

/* ---- transports; at: their first byte, left: at least what the table asks for */

struct part {
	const uint8_t *at;
	size_t left;
};

static void
put_tcp(struct body *b, struct part part)
{
	static const char *const names[] = {
	    "CWR ", "ECE ", "URG ", "ACK ", "PSH ", "RST ", "SYN ", "FIN "};
	const struct packet *p = b->packet;

	(void)part;
	put_field(b->line, "SPT=", p->sport);
	put_field(b->line, "DPT=", p->dport);
	put_field(b->line, "WINDOW=", p->tcp_window);
	/* The lowest reserved bit has become AccECN's AE. */
	line_text(b->line, "RES=0x");
	line_hex(b->line, (p->tcp_reserved & 0x0eu) << 2, 2);
	line_char(b->line, ' ');
	if (p->tcp_reserved & 1)
		line_text(b->line, "AE ");
	for (unsigned i = 0; i < 8; i++)
		if (p->tcp_flags & 0x80 >> i)
			line_text(b->line, names[i]);
	put_field(b->line, "URGP=", p->tcp_urgent);
}

static void
put_udp(struct body *b, struct part part)
{
	(void)part;
	put_field(b->line, "SPT=", b->packet->sport);
	put_field(b->line, "DPT=", b->packet->dport);
	put_field(b->line, "LEN=", b->packet->ulen);
}

static void
put_spi(struct body *b, struct part part)
{
	(void)part;
	put_hex_field(b->line, "SPI=0x", b->packet->spi);
}

static void put_ip(struct body *b);

/* [the packet an ICMP error is about]; one level is enough. */
static void
put_embedded(struct body *b, struct part part)
{
	struct packet inner;
	struct body within = {
	    .line = b->line,
	    .packet = &inner,
	    .data = part.at + ICMP_HEADER,
	    .len = part.left - ICMP_HEADER,
	    .embedded = true,
	};

	if (b->embedded)
		return;
	packet_decode(&inner, b->packet->ethertype, within.data, within.len);
	line_char(b->line, '[');
	put_ip(&within);
	line_text(b->line, "] ");
}

static size_t
icmp_needs(uint8_t type)
{
	switch (type) {
	case 3:
	case 4:
	case 5:
	case 11:
	case 12:
		return ICMP_HEADER + IPV4_HEADER;
	case 13:
	case 14:
		return 20;
	case 17:
	case 18:
		return 12;
	default:
		return 0;
	}
}

static void
put_icmp_error(struct body *b, struct part part)
{
	const struct packet *p = b->packet;
	struct reader r = reader_of(part.at + 4, 4);
	struct ip_addr gateway = {.family = 4};

	switch (p->icmp_type) {
	case 12:
		put_field(b->line, "PARAMETER=", get_u8(&r));
		break;
	case 5:
		memcpy(gateway.byte, r.at, 4);
		put_address(b->line, "GATEWAY=", &gateway);
		put_embedded(b, part);
		break;
	case 3:
	case 4:
	case 11:
		put_embedded(b, part);
		get_u16(&r);
		if (p->icmp_type == 3 && p->icmp_code == 4)
			put_field(b->line, "MTU=", get_u16(&r));
		break;
	default:
		break;
	}
}

static void
put_type_code(struct body *b)
{
	put_field(b->line, "TYPE=", b->packet->icmp_type);
	put_field(b->line, "CODE=", b->packet->icmp_code);
	if (b->packet->has & PACKET_ICMP_ID) {
		put_field(b->line, "ID=", b->packet->icmp_id);
		put_field(b->line, "SEQ=", b->packet->icmp_seq);
	}
}

static void
put_icmp(struct body *b, struct part part)
{
	put_type_code(b);
	if (part.left < icmp_needs(b->packet->icmp_type))
		put_incomplete(b->line, part.left);
	else
		put_icmp_error(b, part);
}

static void
put_icmpv6(struct body *b, struct part part)
{
	struct reader r = reader_of(part.at + 4, 4);
	uint32_t value = get_u32(&r);

	put_type_code(b);
	if (b->packet->icmp_type < 1 || b->packet->icmp_type > 4)
		return;
	if (b->packet->icmp_type == 4) {
		line_text(b->line, "POINTER=");
		line_hex(b->line, value, 8);
		line_char(b->line, ' ');
	}
	put_embedded(b, part);
	if (b->packet->icmp_type == 2)
		put_field(b->line, "MTU=", value);
}

static const struct transport {
	uint8_t proto;
	uint8_t version; /* of IP; 0: any */
	uint8_t needs;   /* bytes of its header */
	const char *name;
	void (*put)(struct body *b, struct part part);
} transports[] = {
    {1, 4, 8, "ICMP", put_icmp},
    {6, 0, 20, "TCP", put_tcp},
    {17, 0, 8, "UDP", put_udp},
    {50, 0, 8, "ESP", put_spi},
    {51, 4, 12, "AH", put_spi},
    {58, 6, 8, "ICMPv6", put_icmpv6},
    {136, 0, 8, "UDPLITE", put_udp},
};

static const struct transport *
transport_find(const struct packet *p)
{
	for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
		const struct transport *t = &transports[i];

		if (t->proto == p->proto &&
		    (t->version == 0 || t->version == p->version))
			return t;
	}
	return NULL;
}

static void
put_transport(struct body *b)
{
	const struct packet *p = b->packet;
	const struct transport *t = transport_find(p);
	struct part part = {b->data + p->transport_offset, 0};

	line_text(b->line, "PROTO=");
	if (t == NULL)
		line_uint(b->line, p->proto);
	else
		line_text(b->line, t->name);
	line_char(b->line, ' ');
	if (t == NULL || (p->has & PACKET_FRAGMENT && p->frag_offset != 0))
		return;
	if (p->transport_offset != 0)
		part.left = b->len - p->transport_offset;
	if (part.left < t->needs)
		put_incomplete(b->line, part.left);
	else
		t->put(b, part);
}

/* ---- layer 3 */

static void
put_ipv4(struct body *b)
{
	const struct packet *p = b->packet;

	put_field(b->line, "LEN=", p->len != 0 ? p->len : b->total);
	line_text(b->line, "TOS=0x");
	line_hex_upper(b->line, p->tos & 0x1e, 2);
	line_text(b->line, " PREC=0x");
	line_hex_upper(b->line, p->tos & 0xe0, 2);
	line_char(b->line, ' ');
	put_field(b->line, "TTL=", p->ttl);
	put_field(b->line, "ID=", p->id);
	if (p->ip_flags & 4)
		line_text(b->line, "CE ");
	if (p->ip_flags & 2)
		line_text(b->line, "DF ");
	if (p->ip_flags & 1)
		line_text(b->line, "MF ");
	if (p->frag_offset != 0)
		put_field(b->line, "FRAG:", p->frag_offset / 8);
}

static void
put_ipv6(struct body *b)
{
	const struct packet *p = b->packet;

	put_field(b->line, "LEN=", p->len != 0 ? p->len : b->total);
	put_field(b->line, "TC=", p->tos);
	put_field(b->line, "HOPLIMIT=", p->ttl);
	put_field(b->line, "FLOWLBL=", p->flow_label);
	if (!(p->has & PACKET_FRAGMENT))
		return;
	put_field(b->line, "FRAG:", p->frag_offset);
	if (p->more_fragments)
		line_text(b->line, "INCOMPLETE ");
	line_text(b->line, "ID:");
	line_hex(b->line, p->frag_id, 8);
	line_char(b->line, ' ');
}

static void
put_ip(struct body *b)
{
	const struct packet *p = b->packet;

	if (!(p->has & PACKET_ADDR)) {
		line_text(b->line, "TRUNCATED");
		return;
	}
	put_address(b->line, "SRC=", &p->src);
	put_address(b->line, "DST=", &p->dst);
	if (p->version == 4)
		put_ipv4(b);
	else
		put_ipv6(b);
	put_transport(b);
}

static void
put_arp_addresses(struct line *l, struct reader *r, const char *mac, const char *ip)
{
	struct ip_addr address = {.family = 4};

	line_text(l, mac);
	line_hex_bytes(l, get_bytes(r, 6), 6, ':');
	line_text(l, ip);
	memcpy(address.byte, get_bytes(r, 4), 4);
	line_address(l, &address);
}

static void
put_arp(struct body *b)
{
	struct line *l = b->line;
	struct reader r = reader_of(b->data, b->len);
	uint16_t hardware = get_u16(&r), proto = get_u16(&r);
	uint8_t hw_len = get_u8(&r), proto_len = get_u8(&r);
	uint16_t op = get_u16(&r);

	if (r.bad) {
		line_text(l, "TRUNCATED");
		return;
	}
	put_field(l, "ARP HTYPE=", hardware);
	line_text(l, "PTYPE=0x");
	line_hex(l, proto, 4);
	line_text(l, " OPCODE=");
	line_uint(l, op);
	if (hardware != 1 || hw_len != 6 || proto_len != 4)
		return;
	if (r.left < ARP_ADDRESSES) {
		line_text(l, " INCOMPLETE [");
		line_uint(l, b->len - ARP_HEADER);
		line_text(l, " bytes]");
		return;
	}
	put_arp_addresses(l, &r, " MACSRC=", " IPSRC=");
	put_arp_addresses(l, &r, " MACDST=", " IPDST=");
}

/* ---- the line */

static void
put_name(struct line *l, const char *key, bool set, uint32_t index,
    const struct batch_writer *strings)
{
	line_text(l, key);
	if (set)
		line_printable(l, batch_writer_string(strings, (uint16_t)index));
	line_char(l, ' ');
}

static void
put_interfaces(
    struct line *l, const struct event *ev, const struct batch_writer *strings)
{
	bool in = EVENT_HAS(ev, in_id), out = EVENT_HAS(ev, out_id);

	if (EVENT_HAS(ev, prefix_id))
		line_printable(
		    l, batch_writer_string(strings, (uint16_t)ev->prefix_id));
	put_name(l, "IN=", in, ev->in_id, strings);
	put_name(l, "OUT=", out, ev->out_id, strings);
	if (EVENT_HAS(ev, physin_id) && !(in && ev->in_id == ev->physin_id))
		put_name(l, "PHYSIN=", true, ev->physin_id, strings);
	if (EVENT_HAS(ev, physout_id) && !(out && ev->out_id == ev->physout_id))
		put_name(l, "PHYSOUT=", true, ev->physout_id, strings);
}

/* The 14 bytes of an Ethernet header, or another header as it is. */
static void
put_mac(struct line *l, const struct event *ev, const struct packet *pkt)
{
	uint16_t type = pkt->has & PACKET_VLAN ? 0x8100 : pkt->ethertype;

	line_text(l, "MAC=");
	if (EVENT_HAS(ev, hw_header)) {
		line_hex_bytes(l, ev->hw_header.p, ev->hw_header.len, ':');
	} else if (pkt->has & PACKET_MAC) {
		line_hex_bytes(l, pkt->dst_mac, 6, ':');
		line_char(l, ':');
		line_hex_bytes(l, pkt->src_mac, 6, ':');
		line_char(l, ':');
		line_hex(l, type >> 8, 2);
		line_char(l, ':');
		line_hex(l, type & 0xff, 2);
	}
	line_char(l, ' ');
}

static void
put_socket_and_mark(struct line *l, const struct event *ev)
{
	if (EVENT_HAS(ev, uid)) {
		put_field(l, "UID=", ev->uid);
		put_field(l, "GID=", ev->gid);
	}
	if (EVENT_HAS(ev, mark) && ev->mark != 0)
		put_hex_field(l, "MARK=0x", ev->mark);
}

void
format_kernel(struct line *l, const struct event *ev, const struct packet *pkt,
    const struct batch_writer *strings)
{
	struct body body = {
	    .line = l,
	    .packet = pkt,
	    .data = ev->payload.p,
	    .len = ev->payload.len,
	    .total = ev->len,
	};

	put_interfaces(l, ev, strings);
	switch (pkt->ethertype) {
	case ETHERTYPE_ARP:
	case ETHERTYPE_RARP:
		put_arp(&body);
		break;
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
		if (EVENT_HAS(ev, in_id))
			put_mac(l, ev, pkt);
		put_ip(&body);
		put_socket_and_mark(l, ev);
		break;
	default:
		put_mac(l, ev, pkt);
		break;
	}
}
