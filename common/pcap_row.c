/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pcap_row.h"

#include <stdlib.h>

#include "common/text.h"

#define ETHERNET_HEADER 14
#define ETHERNET_TYPE 1 /* ARPHRD_ETHER */

const char pcap_row_select[] =
    "(extract(epoch FROM e.ts) * 1000000)::bigint AS time, e.host_id, e.n, e.family, "
    "e.hook, e.nflog_group, e.ethertype, e.in_id, e.out_id, e.physin_id, e.physout_id, "
    "e.mark, e.uid, e.gid, e.hw_type, e.len, encode(p.raw, 'hex') AS prefix, "
    "translate(e.src_mac::text, ':', '') AS src_mac, "
    "translate(e.dst_mac::text, ':', '') AS dst_mac, "
    "encode(e.hw_header, 'hex') AS hw_header, encode(e.payload, 'hex') AS payload";
const char pcap_row_from[] =
    "fwlog.event e LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = e.prefix_id";

static int64_t
number(const char *value)
{
	return value != NULL ? strtoll(value, NULL, 10) : -1;
}

static struct bytes
octets(const char *value, uint8_t *to, size_t size)
{
	size_t len = value != NULL ? text_unhex(value, to, size) : 0;

	return (struct bytes){to, (uint16_t)len};
}

/* That of plain Ethernet is not stored: the addresses and the type are all of it. */
static struct bytes
link_header(struct pcap_row *row, const char *const value[PCAP_COLUMNS])
{
	struct writer w = writer_of(row->hw_header, sizeof row->hw_header);
	uint8_t mac[sizeof row->src_mac];
	int64_t type = number(value[PCAP_ETHERTYPE]);

	if (value[PCAP_HW_HEADER] != NULL)
		return octets(
		    value[PCAP_HW_HEADER], row->hw_header, sizeof row->hw_header);
	if (number(value[PCAP_HW_TYPE]) != ETHERNET_TYPE || type < 0 ||
	    octets(value[PCAP_DST_MAC], mac, sizeof mac).len < sizeof mac ||
	    value[PCAP_SRC_MAC] == NULL)
		return (struct bytes){NULL, 0};
	put_bytes(&w, mac, sizeof mac);
	put_bytes(&w, row->src_mac, sizeof row->src_mac);
	put_u16(&w, (uint16_t)type);
	return (struct bytes){row->hw_header, ETHERNET_HEADER};
}

static const char *
prefix_of(struct pcap_row *row, const char *value)
{
	struct bytes raw;

	if (value == NULL)
		return NULL;
	raw = octets(value, (uint8_t *)row->prefix, sizeof row->prefix - 1);
	row->prefix[raw.len] = '\0';
	return row->prefix;
}

struct pcap_packet
pcap_row_packet(struct pcap_row *row, const char *const value[PCAP_COLUMNS])
{
	struct pcap_packet packet = {
	    .ts_us = number(value[PCAP_TIME]),
	    .family = number(value[PCAP_FAMILY]),
	    .hook = number(value[PCAP_HOOK]),
	    .group = number(value[PCAP_GROUP]),
	    .ethertype = number(value[PCAP_ETHERTYPE]),
	    .in = number(value[PCAP_IN]),
	    .out = number(value[PCAP_OUT]),
	    .physin = number(value[PCAP_PHYSIN]),
	    .physout = number(value[PCAP_PHYSOUT]),
	    .mark = number(value[PCAP_MARK]),
	    .uid = number(value[PCAP_UID]),
	    .gid = number(value[PCAP_GID]),
	    .hw_type = number(value[PCAP_HW_TYPE]),
	    .length = number(value[PCAP_LENGTH]),
	    .prefix = prefix_of(row, value[PCAP_PREFIX]),
	};

	packet.hw_addr = octets(value[PCAP_SRC_MAC], row->src_mac, sizeof row->src_mac);
	packet.hw_header = link_header(row, value);
	packet.payload = octets(value[PCAP_PAYLOAD], row->payload, sizeof row->payload);
	return packet;
}
