/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of a capture as rows: link layers, and the attributes of NFLOG. */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "ctl/import_capture.h"

#define ETHERNET_HEADER 14
#define VLAN_TAG 4
#define TAGS_MOST 4
#define SLL_HEADER 16
#define NFLOG_HEADER 4
#define ATTRIBUTE_HEADER 4

enum link {
	LINK_ETHERNET = 1,
	LINK_RAW_BSD = 12,
	LINK_RAW = 101,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
};

/* As in the kernel's linux/netfilter/nfnetlink_log.h. */
enum attribute {
	PACKET_HDR = 1,
	MARK,
	TIMESTAMP,
	INDEV,
	OUTDEV,
	PHYSINDEV,
	PHYSOUTDEV,
	HWADDR,
	PAYLOAD,
	PREFIX,
	UID,
	SEQ,
	SEQ_GLOBAL,
	GID,
	HWTYPE,
	HWHEADER,
};

static struct bytes
bytes_of(const char *p, size_t len)
{
	return (struct bytes){
	    (const uint8_t *)p, (uint16_t)(len < UINT16_MAX ? len : UINT16_MAX)};
}

/* Payload from there on, and how long the packet is from there on. */
static void
put_payload(struct record *rec, const struct capture_packet *p, size_t header)
{
	uint32_t length = p->length > header ? p->length - (uint32_t)header : 0;

	RECORD_SET(rec, payload, bytes_of(p->data.p + header, p->data.len - header));
	RECORD_SET(rec, pkt_len, length);
	if (rec->payload.len < length)
		rec->flags |= RECORD_F_CUT;
}

static void
put_family(struct record *rec, uint16_t ethertype)
{
	if (ethertype != 0)
		RECORD_SET(rec, hw_proto, ethertype);
	if (ethertype == ETH_P_IP)
		RECORD_SET(rec, family, NFPROTO_IPV4);
	else if (ethertype == ETH_P_IPV6)
		RECORD_SET(rec, family, NFPROTO_IPV6);
	else if (ethertype == ETH_P_ARP)
		RECORD_SET(rec, family, NFPROTO_ARP);
}

static bool
read_ethernet(const struct capture_packet *p, struct record *rec)
{
	size_t header = ETHERNET_HEADER;
	uint16_t type;

	if (p->data.len < header)
		return false;
	for (int tags = 0;; tags++) {
		memcpy(&type, p->data.p + header - 2, sizeof type);
		type = be16toh(type);
		if ((type != ETH_P_8021Q && type != ETH_P_8021AD) ||
		    tags == TAGS_MOST || p->data.len < header + VLAN_TAG)
			break;
		header += VLAN_TAG;
	}
	RECORD_SET(rec, hw_type, ARPHRD_ETHER);
	RECORD_SET(rec, hw_header, bytes_of(p->data.p, header));
	put_family(rec, type);
	put_payload(rec, p, header);
	return true;
}

static bool
read_raw(const struct capture_packet *p, struct record *rec)
{
	if (p->data.len == 0)
		return false;
	put_family(rec, (unsigned char)p->data.p[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	put_payload(rec, p, 0);
	return true;
}

static bool
read_sll(const struct capture_packet *p, struct record *rec)
{
	struct reader r = reader_of(p->data.p, p->data.len);
	uint16_t type, len;
	const uint8_t *address;

	get_u16(&r);
	type = get_u16(&r);
	len = get_u16(&r);
	address = get_bytes(&r, 8);
	if (p->data.len < SLL_HEADER)
		return false;
	RECORD_SET(rec, hw_type, type);
	if (len > 0 && len <= 8)
		RECORD_SET(rec, hw_addr, ((struct bytes){address, len}));
	put_family(rec, get_u16(&r));
	put_payload(rec, p, SLL_HEADER);
	return true;
}

/* ---- NFLOG */

static void
put_interface(struct import_row *row, enum import_name which, uint32_t index,
    struct capture_names *names)
{
	char *text = names->text[which - IMPORT_IN];
	int len = snprintf(text, sizeof names->text[0], "if%u", index);

	row->name[which] = (struct span){text, (size_t)len};
}

static void
put_text(struct import_row *row, struct reader value)
{
	size_t len = strnlen((const char *)value.at, value.left);

	if (len > 0)
		row->name[IMPORT_PREFIX] = (struct span){(const char *)value.at, len};
}

static void
put_attribute(struct record *rec, struct import_row *row, struct capture_names *names,
    uint16_t type, struct reader value)
{
	struct bytes all = {
	    value.at, (uint16_t)(value.left < UINT16_MAX ? value.left : UINT16_MAX)};
	uint64_t seconds;
	uint16_t len;

	switch (type) {
	case PACKET_HDR:
		RECORD_SET(rec, hw_proto, get_u16(&value));
		RECORD_SET(rec, hook, get_u8(&value));
		break;
	case MARK:
		RECORD_SET(rec, mark, get_u32(&value));
		break;
	case TIMESTAMP:
		seconds = get_u64(&value);
		if (seconds > 0 && seconds <= UINT32_MAX)
			RECORD_SET(
			    rec, ts_us, seconds * 1000000 + get_u64(&value) % 1000000);
		break;
	case INDEV:
	case OUTDEV:
	case PHYSINDEV:
	case PHYSOUTDEV:
		put_interface(row, (enum import_name)(IMPORT_IN + type - INDEV),
		    get_u32(&value), names);
		break;
	case HWADDR:
		len = get_u16(&value);
		get_u16(&value);
		if (len > 0 && len <= RECORD_HWADDR_MAX && len <= value.left)
			RECORD_SET(rec, hw_addr, ((struct bytes){value.at, len}));
		break;
	case PAYLOAD:
		RECORD_SET(rec, payload, all);
		break;
	case PREFIX:
		put_text(row, value);
		break;
	case UID:
		RECORD_SET(rec, uid, get_u32(&value));
		break;
	case GID:
		RECORD_SET(rec, gid, get_u32(&value));
		break;
	case HWTYPE:
		RECORD_SET(rec, hw_type, get_u16(&value));
		break;
	case HWHEADER:
		if (all.len <= RECORD_HWHEADER_MAX)
			RECORD_SET(rec, hw_header, all);
		break;
	default:
		break;
	}
}

/* Lengths and types are in the file's byte order, values big-endian. */
static bool
read_nflog(const struct capture *c, const struct capture_packet *p, struct record *rec,
    struct import_row *row, struct capture_names *names)
{
	struct reader r = reader_of(p->data.p, p->data.len);

	RECORD_SET(rec, family, get_u8(&r));
	get_u8(&r);
	RECORD_SET(rec, group, get_u16(&r));
	if (r.bad)
		return false;
	while (r.left >= ATTRIBUTE_HEADER) {
		uint16_t len, type;
		size_t padded;

		memcpy(&len, r.at, sizeof len);
		memcpy(&type, r.at + 2, sizeof type);
		if (c->swap) {
			len = __builtin_bswap16(len);
			type = __builtin_bswap16(type);
		}
		if (len < ATTRIBUTE_HEADER || len > r.left)
			return false;
		put_attribute(rec, row, names, type & 0x7fff,
		    reader_of(r.at + ATTRIBUTE_HEADER, len - ATTRIBUTE_HEADER));
		padded = (len + 3u) & ~(size_t)3;
		get_bytes(&r, padded < r.left ? padded : r.left);
	}
	return rec->payload.len > 0;
}

/* ---- any */

static bool
read_link(const struct capture *c, const struct capture_packet *p, struct record *rec,
    struct import_row *row, struct capture_names *names)
{
	switch (p->link_type) {
	case LINK_ETHERNET:
		return read_ethernet(p, rec);
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_IPV4:
	case LINK_IPV6:
		return read_raw(p, rec);
	case LINK_SLL:
		return read_sll(p, rec);
	default:
		return read_nflog(c, p, rec, row, names);
	}
}

enum import_kind
capture_row(const struct capture *c, const struct capture_packet *p,
    struct capture_names *names, struct import_row *row, struct import_why *why)
{
	struct record rec = {0};
	struct packet packet;
	char type[16];

	switch (p->link_type) {
	case LINK_ETHERNET:
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_SLL:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_NFLOG:
		break;
	default:
		return import_reject(why, "a link type that is not known", type,
		    (size_t)snprintf(type, sizeof type, "%u", p->link_type));
	}
	memset(row->name, 0, sizeof row->name);
	RECORD_SET(&rec, ts_us, p->ts_us);
	RECORD_SET(&rec, flags, 0);
	if (!read_link(c, p, &rec, row, names))
		return import_reject(why, "cut off before the packet", NULL, 0);
	event_from_record(&row->ev, &packet, &rec);
	return IMPORT_EVENT;
}
