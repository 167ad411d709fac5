/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pcapfile.h"

#include <endian.h>
#include <string.h>

#define MAGIC 0xa1b2c3d4 /* times in microseconds */
#define VERSION_MAJOR 2
#define VERSION_MINOR 4
#define SNAPLEN 262144

#define RECORD_HEADER 16
#define ATTRIBUTE_HEADER 4
#define ATTRIBUTE_MAX 65535                             /* its length has 16 bits */
#define PAYLOAD_MOST (ATTRIBUTE_MAX - ATTRIBUTE_HEADER) /* bytes */

enum attribute {
	PACKET_HDR = 1,
	MARK = 2,
	TIMESTAMP = 3,
	IFINDEX_INDEV = 4,
	IFINDEX_OUTDEV = 5,
	IFINDEX_PHYSINDEV = 6,
	IFINDEX_PHYSOUTDEV = 7,
	HWADDR = 8,
	PAYLOAD = 9,
	PREFIX = 10,
	UID = 11,
	GID = 14,
	HWTYPE = 15,
	HWHEADER = 16,
	HWLEN = 17,
};

enum { FAMILY_IPV4 = 2, FAMILY_ARP = 3, FAMILY_IPV6 = 10 };

/* The file is little-endian on every machine. */
static void
put_le16(struct writer *w, uint16_t n)
{
	n = htole16(n);
	put_bytes(w, &n, sizeof n);
}

static void
put_le32(struct writer *w, uint32_t n)
{
	n = htole32(n);
	put_bytes(w, &n, sizeof n);
}

void
pcap_put_header(uint8_t header[PCAP_HEADER_SIZE], uint32_t link_type)
{
	struct writer w = writer_of(header, PCAP_HEADER_SIZE);

	put_le32(&w, MAGIC);
	put_le16(&w, VERSION_MAJOR);
	put_le16(&w, VERSION_MINOR);
	put_le32(&w, 0); /* time zone */
	put_le32(&w, 0); /* accuracy */
	put_le32(&w, SNAPLEN);
	put_le32(&w, link_type);
}

/* ---- NFLOG: lengths and types in the order of the file, values big-endian */

static void
put_attribute(struct writer *w, enum attribute type, const void *value, size_t len)
{
	static const uint8_t zero[3];

	put_le16(w, (uint16_t)(ATTRIBUTE_HEADER + len));
	put_le16(w, (uint16_t)type);
	put_bytes(w, value, len);
	put_bytes(w, zero, -len & 3);
}

static void
put_number(struct writer *w, enum attribute type, int64_t n)
{
	uint32_t value = htobe32((uint32_t)n);

	if (n >= 0)
		put_attribute(w, type, &value, sizeof value);
}

static void
put_short(struct writer *w, enum attribute type, int64_t n)
{
	uint16_t value = htobe16((uint16_t)n);

	if (n >= 0)
		put_attribute(w, type, &value, sizeof value);
}

/* struct nfulnl_msg_packet_hdr */
static void
put_packet_hdr(struct writer *w, const struct pcap_packet *p)
{
	uint8_t value[4];
	struct writer v = writer_of(value, sizeof value);
	int64_t ethertype = p->ethertype;

	if (ethertype < 0)
		ethertype = p->family == FAMILY_IPV4   ? 0x0800
			    : p->family == FAMILY_ARP  ? 0x0806
			    : p->family == FAMILY_IPV6 ? 0x86dd
						       : 0;
	put_u16(&v, (uint16_t)ethertype);
	put_u8(&v, p->hook >= 0 ? (uint8_t)p->hook : 0);
	put_u8(&v, 0);
	put_attribute(w, PACKET_HDR, value, sizeof value);
}

/* struct nfulnl_msg_packet_timestamp */
static void
put_timestamp(struct writer *w, int64_t us)
{
	uint8_t value[16];
	struct writer v = writer_of(value, sizeof value);

	put_u64(&v, (uint64_t)us / 1000000);
	put_u64(&v, (uint64_t)us % 1000000);
	put_attribute(w, TIMESTAMP, value, sizeof value);
}

/* struct nfulnl_msg_packet_hw */
static void
put_hw_addr(struct writer *w, const struct bytes *address)
{
	uint8_t value[4 + RECORD_HWADDR_MAX] = {0};
	struct writer v = writer_of(value, sizeof value);

	if (address->len == 0 || address->len > RECORD_HWADDR_MAX)
		return;
	put_u16(&v, address->len);
	put_u16(&v, 0);
	put_bytes(&v, address->p, address->len);
	put_attribute(w, HWADDR, value, sizeof value);
}

static void
put_nflog(struct writer *w, const struct pcap_packet *p, size_t payload)
{
	put_u8(w, p->family >= 0 ? (uint8_t)p->family : 0);
	put_u8(w, 0); /* version */
	put_u16(w, p->group >= 0 ? (uint16_t)p->group : 0);
	put_packet_hdr(w, p);
	if (p->prefix != NULL)
		put_attribute(w, PREFIX, p->prefix, strlen(p->prefix) + 1);
	put_number(w, MARK, p->mark);
	put_timestamp(w, p->ts_us);
	put_number(w, IFINDEX_INDEV, p->in);
	put_number(w, IFINDEX_OUTDEV, p->out);
	put_number(w, IFINDEX_PHYSINDEV, p->physin);
	put_number(w, IFINDEX_PHYSOUTDEV, p->physout);
	put_hw_addr(w, &p->hw_addr);
	put_number(w, UID, p->uid);
	put_number(w, GID, p->gid);
	put_short(w, HWTYPE, p->hw_type);
	if (p->hw_header.len > 0) {
		put_attribute(w, HWHEADER, p->hw_header.p, p->hw_header.len);
		put_short(w, HWLEN, p->hw_header.len);
	}
	put_attribute(w, PAYLOAD, p->payload.p, payload);
}

/* ---- a record */

static bool
is_ip(const struct bytes *payload)
{
	return payload->p[0] >> 4 == 4 || payload->p[0] >> 4 == 6;
}

/*
 * How long the packet was. An NFLOG message is whole, though the kernel may have put
 * only a part of the packet into it; readers would take it for damaged otherwise.
 */
static size_t
original(uint32_t link_type, const struct pcap_packet *p, size_t captured)
{
	if (link_type != PCAP_RAW || p->length < (int64_t)captured)
		return captured;
	return (size_t)p->length;
}

size_t
pcap_put_packet(
    uint8_t record[PCAP_RECORD_MAX], uint32_t link_type, const struct pcap_packet *p)
{
	size_t payload = p->payload.len < PAYLOAD_MOST ? p->payload.len : PAYLOAD_MOST;
	struct writer body =
	    writer_of(record + RECORD_HEADER, PCAP_RECORD_MAX - RECORD_HEADER);
	struct writer head = writer_of(record, RECORD_HEADER);
	size_t captured;

	if (payload == 0 || (link_type == PCAP_RAW && !is_ip(&p->payload)))
		return 0;
	if (link_type == PCAP_RAW)
		put_bytes(&body, p->payload.p, payload);
	else
		put_nflog(&body, p, payload);
	if (body.full)
		return 0;
	captured = (size_t)(body.at - (record + RECORD_HEADER));
	put_le32(&head, (uint32_t)(p->ts_us / 1000000));
	put_le32(&head, (uint32_t)(p->ts_us % 1000000));
	put_le32(&head, (uint32_t)captured);
	put_le32(&head, (uint32_t)original(link_type, p, captured));
	return RECORD_HEADER + captured;
}
