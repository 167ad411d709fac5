/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet decoder: from layer-3 bytes (as NFLOG delivers them, possibly cut short)
 * to header fields. It decodes as far as the bytes go and says with `has` what it
 * found; it never fails, never allocates and never reads past len. Knows Ethernet and
 * VLAN (from the hardware header), ARP, IPv4 (options, fragments), IPv6 (extension
 * headers), TCP, UDP, UDP-Lite, SCTP, DCCP, ICMP, ICMPv6, AH, ESP, GRE, IGMP, IPIP and
 * 6in4; for ICMP errors and tunnels the embedded packet's addresses, protocol and
 * ports.
 */
#ifndef FWLOG_COMMON_PACKET_H
#define FWLOG_COMMON_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip_addr {
	uint8_t family;   /* 4 or 6; 0: none */
	uint8_t byte[16]; /* network order; the first 4 for IPv4 */
};

enum packet_has {
	PACKET_ADDR = 1 << 0, /* src, dst */
	PACKET_IP = 1 << 1,   /* version, ttl, tos, len; IPv4: id, IPv6: flow_label */
	/* proto: the transport, extension headers passed over; where they are cut short
	 * the first one that could not be passed */
	PACKET_PROTO = 1 << 2,
	PACKET_FRAGMENT = 1 << 3, /* frag_offset, more_fragments; IPv6: frag_id */
	PACKET_PORTS = 1 << 4,    /* sport, dport */
	PACKET_TCP = 1 << 5,  /* tcp_flags, tcp_seq, tcp_ack, tcp_window, tcp_urgent */
	PACKET_ICMP = 1 << 6, /* icmp_type, icmp_code (ICMP, ICMPv6, IGMP type) */
	PACKET_ICMP_ID = 1 << 7, /* icmp_id, icmp_seq of echo */
	PACKET_SPI = 1 << 8,     /* spi of AH or ESP */
	PACKET_INNER = 1 << 9,   /* inner_src, inner_dst, inner_proto */
	PACKET_INNER_PORTS = 1 << 10,
	PACKET_ARP = 1 << 11,     /* arp_op; src and dst are the protocol addresses */
	PACKET_MAC = 1 << 12,     /* src_mac, dst_mac */
	PACKET_VLAN = 1 << 13,    /* vlan_id (outermost tag) */
	PACKET_LENGTHS = 1 << 14, /* ulen: length field of UDP, UDP-Lite */
};

struct packet {
	uint32_t has;       /* enum packet_has */
	uint16_t ethertype; /* of the layer-3 header, 0 when unknown */
	uint8_t version;    /* 4 or 6 */
	uint8_t proto;      /* IANA number */
	uint8_t ttl;        /* or hop limit */
	uint8_t tos;        /* or traffic class */
	uint32_t len;       /* bytes of the whole packet by its own header */
	uint16_t id;
	uint32_t flow_label;
	uint8_t ip_flags;     /* IPv4: 4 reserved, 2 DF, 1 MF, as in the header */
	uint16_t frag_offset; /* bytes */
	bool more_fragments;
	uint32_t frag_id;
	struct ip_addr src, dst;
	uint16_t sport, dport, ulen;
	uint8_t tcp_flags; /* CWR ECE URG ACK PSH RST SYN FIN, FIN lowest */
	uint8_t tcp_reserved;
	uint32_t tcp_seq, tcp_ack;
	uint16_t tcp_window, tcp_urgent;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq;
	uint32_t spi;
	struct ip_addr inner_src, inner_dst;
	uint8_t inner_proto;
	uint16_t inner_sport, inner_dport;
	uint16_t arp_op;
	uint8_t src_mac[6], dst_mac[6];
	uint16_t vlan_id;
	/* Where in data they begin, 0 when not reached: transport, embedded packet. */
	uint32_t transport_offset, inner_offset;
};

/*
 * ethertype: of the first byte in data, 0 to guess from the IP version nibble. Clears
 * *p.
 */
void packet_decode(
    struct packet *p, uint16_t ethertype, const uint8_t *data, size_t len);

/*
 * Adds the MAC addresses and a VLAN tag of an Ethernet header (hw_type ARPHRD_ETHER or
 * loopback); returns the EtherType behind all tags, 0 when it is cut off.
 */
uint16_t packet_decode_ethernet(struct packet *p, const uint8_t *header, size_t len);

/* IPv4-mapped IPv6 (RFC 4291, 2.5.5.2) becomes IPv4. */
void ip_addr_unmap(struct ip_addr *a);
/* Text form into buf (at least 46 bytes), returns buf; "" for none. */
const char *ip_addr_text(const struct ip_addr *a, char *buf, size_t size);

#endif
