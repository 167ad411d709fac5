/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/event.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

#define MAC_LEN 6
#define ETHERNET_HEADER 14
#define VLAN_TAG 4
#define NETDEV_EGRESS 1 /* hook; not in the headers of kernels before 5.16 */

static bool
is_ethernet(const struct record *rec)
{
	if (!RECORD_HAS(rec, hw_header))
		return false;
	/* What a bridge or a device sends out has a header but no type of it. */
	if (!RECORD_HAS(rec, hw_type))
		return rec->family == NFPROTO_BRIDGE || rec->family == NFPROTO_NETDEV;
	return rec->hw_type == ARPHRD_ETHER || rec->hw_type == ARPHRD_LOOPBACK;
}

static uint16_t
record_ethertype(const struct record *rec)
{
	struct packet link = {0};

	if (rec->hw_proto != 0)
		return rec->hw_proto;
	switch (rec->family) {
	case NFPROTO_IPV4:
		return ETH_P_IP;
	case NFPROTO_IPV6:
		return ETH_P_IPV6;
	case NFPROTO_ARP:
		return ETH_P_ARP;
	default:
		break;
	}
	if (is_ethernet(rec))
		return packet_decode_ethernet(
		    &link, rec->hw_header.p, rec->hw_header.len);
	return 0;
}

/* Whether the columns for MAC addresses, VLAN and EtherType tell all of the header. */
static bool
is_plain_header(const struct record *rec, const struct packet *pkt)
{
	uint16_t plain = ETHERNET_HEADER + (pkt->has & PACKET_VLAN ? VLAN_TAG : 0);

	return is_ethernet(rec) &&
	       (rec->hw_header.len == plain || rec->hw_header.len == ETHERNET_HEADER);
}

#define COPY_FIELD(ev, column, rec, field)                   \
	do {                                                 \
		if (RECORD_HAS(rec, field))                  \
			EVENT_SET(ev, column, (rec)->field); \
	} while (0)

static void
copy_meta(struct event *ev, const struct record *rec)
{
	EVENT_SET(ev, ts, rec->ts_us);
	EVENT_SET(ev, flags, rec->flags);
	COPY_FIELD(ev, family, rec, family);
	COPY_FIELD(ev, hook, rec, hook);
	COPY_FIELD(ev, nflog_group, rec, group);
	COPY_FIELD(ev, prefix_id, rec, prefix);
	COPY_FIELD(ev, in_id, rec, in);
	COPY_FIELD(ev, out_id, rec, out);
	COPY_FIELD(ev, physin_id, rec, physin);
	COPY_FIELD(ev, physout_id, rec, physout);
	COPY_FIELD(ev, netns_id, rec, netns);
	COPY_FIELD(ev, mark, rec, mark);
	COPY_FIELD(ev, uid, rec, uid);
	COPY_FIELD(ev, gid, rec, gid);
	COPY_FIELD(ev, hw_type, rec, hw_type);
	COPY_FIELD(ev, ct_state, rec, ct_state);
	COPY_FIELD(ev, ct_id, rec, ct_id);
}

static struct mac_addr
mac_of(const uint8_t *byte)
{
	struct mac_addr mac;

	memcpy(mac.byte, byte, MAC_LEN);
	return mac;
}

static void
copy_link(struct event *ev, const struct record *rec, const struct packet *pkt)
{
	if (pkt->has & PACKET_MAC) {
		EVENT_SET(ev, src_mac, mac_of(pkt->src_mac));
		EVENT_SET(ev, dst_mac, mac_of(pkt->dst_mac));
	} else if (rec->hw_addr.len == MAC_LEN) {
		EVENT_SET(ev, src_mac, mac_of(rec->hw_addr.p));
	}
	if (rec->hw_header.len > 0 && !is_plain_header(rec, pkt))
		EVENT_SET(ev, hw_header, rec->hw_header);
	if (RECORD_HAS(rec, vlan_tci))
		EVENT_SET(ev, vlan_id, rec->vlan_tci & 0x0fff);
	else if (pkt->has & PACKET_VLAN)
		EVENT_SET(ev, vlan_id, pkt->vlan_id);
	if (pkt->ethertype != 0)
		EVENT_SET(ev, ethertype, pkt->ethertype);
}

static void
copy_network(struct event *ev, const struct packet *pkt, uint32_t captured_len)
{
	uint32_t len = pkt->len != 0 ? pkt->len : captured_len;

	if (len != 0)
		EVENT_SET(ev, len, len <= INT32_MAX ? len : INT32_MAX);
	if (pkt->has & PACKET_ADDR) {
		EVENT_SET(ev, src, pkt->src);
		EVENT_SET(ev, dst, pkt->dst);
		ip_addr_unmap(&ev->src);
		ip_addr_unmap(&ev->dst);
	}
	if (pkt->has & PACKET_IP) {
		EVENT_SET(ev, ttl, pkt->ttl);
		EVENT_SET(ev, tos, pkt->tos);
	}
	if (pkt->has & PACKET_PROTO)
		EVENT_SET(ev, proto, pkt->proto);
	/* A lone fragment header of IPv6 (RFC 6946) makes no fragment. */
	if (pkt->has & PACKET_FRAGMENT &&
	    (pkt->frag_offset != 0 || pkt->more_fragments))
		EVENT_SET(ev, frag_offset, pkt->frag_offset);
	if (pkt->has & PACKET_ARP)
		EVENT_SET(ev, arp_op, pkt->arp_op);
}

static void
copy_transport(struct event *ev, const struct packet *pkt)
{
	if (pkt->has & PACKET_PORTS) {
		EVENT_SET(ev, sport, pkt->sport);
		EVENT_SET(ev, dport, pkt->dport);
	}
	if (pkt->has & PACKET_TCP)
		EVENT_SET(ev, tcp_flags, pkt->tcp_flags);
	if (pkt->has & PACKET_ICMP) {
		EVENT_SET(ev, icmp_type, pkt->icmp_type);
		if (pkt->proto != IPPROTO_IGMP)
			EVENT_SET(ev, icmp_code, pkt->icmp_code);
	}
	if (pkt->has & PACKET_SPI)
		EVENT_SET(ev, spi, pkt->spi);
}

static void
copy_inner(struct event *ev, const struct packet *pkt)
{
	if (pkt->has & PACKET_INNER) {
		EVENT_SET(ev, inner_src, pkt->inner_src);
		EVENT_SET(ev, inner_dst, pkt->inner_dst);
		EVENT_SET(ev, inner_proto, pkt->inner_proto);
		ip_addr_unmap(&ev->inner_src);
		ip_addr_unmap(&ev->inner_dst);
	}
	if (pkt->has & PACKET_INNER_PORTS) {
		EVENT_SET(ev, inner_sport, pkt->inner_sport);
		EVENT_SET(ev, inner_dport, pkt->inner_dport);
	}
}

/* From layer 3 on: at the egress of a device the kernel delivers the frame whole. */
static struct bytes
layer3_bytes(const struct record *rec)
{
	const struct bytes *header = &rec->hw_header;
	struct bytes layer3 = rec->payload;

	if (rec->family != NFPROTO_NETDEV || rec->hook != NETDEV_EGRESS ||
	    header->len == 0 || header->len > layer3.len ||
	    memcmp(layer3.p, header->p, header->len) != 0)
		return layer3;
	layer3.p += header->len;
	layer3.len = (uint16_t)(layer3.len - header->len);
	return layer3;
}

void
event_from_record(struct event *ev, struct packet *pkt, const struct record *rec)
{
	struct bytes layer3 = layer3_bytes(rec);
	uint32_t link = (uint32_t)(rec->payload.len - layer3.len);

	*ev = (struct event){0};
	packet_decode(pkt, record_ethertype(rec), layer3.p, layer3.len);
	if (is_ethernet(rec))
		packet_decode_ethernet(pkt, rec->hw_header.p, rec->hw_header.len);
	if (layer3.len > 0)
		EVENT_SET(ev, payload, layer3);
	copy_meta(ev, rec);
	copy_link(ev, rec, pkt);
	copy_network(ev, pkt, rec->pkt_len > link ? rec->pkt_len - link : 0);
	copy_transport(ev, pkt);
	copy_inner(ev, pkt);
}
