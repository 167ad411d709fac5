/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets in the format of libpcap (draft-ietf-opsawg-pcap), little-endian,
 * microseconds: link type 239, NFLOG (tcpdump.org/linktypes/LINKTYPE_NFLOG.html,
 * attributes as in the kernel's linux/netfilter/nfnetlink_log.h), or 101, raw IP.
 */
#ifndef FWLOG_COMMON_PCAPFILE_H
#define FWLOG_COMMON_PCAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/record.h"

#define PCAP_NFLOG 239
#define PCAP_RAW 101
#define PCAP_HEADER_SIZE 24 /* bytes of the file's header */
/* The longest record: headers, attributes, the longest payload. */
#define PCAP_RECORD_MAX (68 * 1024)

/* What is known of a packet; numbers that are negative are not. */
struct pcap_packet {
	int64_t ts_us;
	int64_t family, hook, group, ethertype;
	int64_t in, out, physin, physout; /* interfaces, by number */
	int64_t mark, uid, gid;
	int64_t hw_type;
	int64_t length;       /* of the packet, layer 3 on */
	const char *prefix;   /* NULL: none */
	struct bytes hw_addr; /* of the sender; len 0: none */
	struct bytes hw_header;
	struct bytes payload;
};

void pcap_put_header(uint8_t header[PCAP_HEADER_SIZE], uint32_t link_type);

/* Bytes of the record, 0: it cannot be one of that link type, or has no payload. */
size_t pcap_put_packet(uint8_t record[PCAP_RECORD_MAX], uint32_t link_type,
    const struct pcap_packet *packet);

#endif
