/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the packet decoder, packet.c and packet_transport.c, share. */
#ifndef FWLOG_COMMON_PACKET_INTERNAL_H
#define FWLOG_COMMON_PACKET_INTERNAL_H

#include "common/buf.h"
#include "common/packet.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame inside GRE */
	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
};

struct packet_cursor {
	struct packet *packet;
	const uint8_t *start; /* what the offsets count from */
	struct reader at;
	bool embedded; /* already inside another packet: look no deeper */
};

/* at: the transport's first byte. */
void packet_decode_transport(struct packet_cursor *c, uint8_t proto);
/* at: the first byte of an embedded packet; its outlines become the inner_ fields. */
void packet_decode_embedded(struct packet_cursor *c, uint16_t ethertype);

#endif
