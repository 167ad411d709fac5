/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event: a record with its packet decoded, flat, as a row of the table fwlog.event.
 * EVENT_COLUMNS is the one list behind the struct, the order of COPY, the SQL columns
 * (a test compares them with the database) and the names of the filter language.
 * Widest alignment first, as PostgreSQL packs rows best; a field without its `has` bit
 * is NULL. The two leading columns host_id and n are given by the collector, not here.
 */
#ifndef FWLOG_COMMON_EVENT_H
#define FWLOG_COMMON_EVENT_H

#include "common/packet.h"
#include "common/record.h"

/*
 * KIND: TIME timestamptz; I8 int8; I4 int4; I2 int2; INET inet; MAC macaddr; BYTES
 * bytea; PREFIX, IFACE, NETNS: int4, key of that dictionary.
 */
#define EVENT_COLUMNS(C)                                                              \
	C(TIME, ts, "time the kernel saw the packet")                                 \
	C(I8, mark, "netfilter mark")                                                 \
	C(I8, uid, "user id of the local socket that sent it")                        \
	C(I8, gid, "group id of the local socket that sent it")                       \
	C(I8, ct_id, "conntrack entry id")                                            \
	C(I8, spi, "security parameter index of AH or ESP")                           \
	C(PREFIX, prefix_id, "prefix of the log rule")                                \
	C(IFACE, in_id, "input interface")                                            \
	C(IFACE, out_id, "output interface")                                          \
	C(IFACE, physin_id, "bridge port it came in by")                              \
	C(IFACE, physout_id, "bridge port it leaves by")                              \
	C(NETNS, netns_id, "network namespace of the firewall that logged")           \
	C(I4, nflog_group, "NFLOG group")                                             \
	C(I4, len, "length of the packet in bytes, layer 3 on")                       \
	C(I4, sport, "source port")                                                   \
	C(I4, dport, "destination port")                                              \
	C(I4, frag_offset, "offset of a fragment in bytes")                           \
	C(I4, ethertype, "EtherType")                                                 \
	C(I4, hw_type, "ARPHRD_* type of the input interface")                        \
	C(I4, inner_sport, "source port in the embedded packet")                      \
	C(I4, inner_dport, "destination port in the embedded packet")                 \
	C(I2, flags, "1: time is the agent's, 2: payload is cut")                     \
	C(I2, family,                                                                 \
	    "2 inet, 3 arp, 5 netdev, 7 bridge, 10 inet6: where it was logged")       \
	C(I2, hook,                                                                   \
	    "netfilter hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 "          \
	    "postrouting")                                                            \
	C(I2, proto, "IP protocol number")                                            \
	C(I2, tcp_flags,                                                              \
	    "TCP flags: 1 FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, 32 URG, 64 ECE, 128 CWR") \
	C(I2, icmp_type, "ICMP, ICMPv6 or IGMP type")                                 \
	C(I2, icmp_code, "ICMP or ICMPv6 code")                                       \
	C(I2, ttl, "time to live or hop limit")                                       \
	C(I2, tos, "type of service or traffic class")                                \
	C(I2, ct_state,                                                               \
	    "conntrack state: 0 established, 1 related, 2 new, +3 in reply "          \
	    "direction, 7 untracked")                                                 \
	C(I2, vlan_id, "VLAN id of the outermost tag")                                \
	C(I2, arp_op, "ARP operation: 1 request, 2 reply")                            \
	C(I2, inner_proto, "IP protocol in the embedded packet")                      \
	C(MAC, src_mac, "source hardware address")                                    \
	C(MAC, dst_mac, "destination hardware address")                               \
	C(INET, src, "source address")                                                \
	C(INET, dst, "destination address")                                           \
	C(INET, inner_src, "source address in the embedded packet")                   \
	C(INET, inner_dst, "destination address in the embedded packet")              \
	C(BYTES, hw_header, "link-layer header where it is not plain Ethernet")       \
	C(BYTES, payload, "the first bytes of the packet from layer 3 on")

#define EVENT_INDEX(kind, name, meaning) EVENT_I_##name,
enum event_column_index { EVENT_COLUMNS(EVENT_INDEX) EVENT_COLUMN_COUNT };
#undef EVENT_INDEX
_Static_assert(EVENT_COLUMN_COUNT <= 64, "the presence mask has 64 bits");

struct mac_addr {
	uint8_t byte[6];
};

#define EVENT_C_TIME uint64_t /* microseconds since 1970 UTC */
#define EVENT_C_I8 uint64_t
#define EVENT_C_I4 uint32_t
#define EVENT_C_I2 uint16_t
#define EVENT_C_INET struct ip_addr
#define EVENT_C_MAC struct mac_addr
#define EVENT_C_BYTES struct bytes
#define EVENT_C_PREFIX uint32_t /* index into the batch's strings */
#define EVENT_C_IFACE uint32_t
#define EVENT_C_NETNS uint32_t
#define EVENT_MEMBER(kind, name, meaning) EVENT_C_##kind name;
struct event {
	uint64_t has; /* bit EVENT_I_x: column x is not NULL */
	EVENT_COLUMNS(EVENT_MEMBER)
};
#undef EVENT_MEMBER

#define EVENT_HAS(ev, name) (((ev)->has & (UINT64_C(1) << EVENT_I_##name)) != 0)
#define EVENT_SET(ev, name, value) \
	((ev)->name = (value), (ev)->has |= UINT64_C(1) << EVENT_I_##name)

/*
 * Decodes the record's packet into *pkt and lays both out as an event. BYTES fields
 * point where the record's do. Every record gives an event, whatever its protocol.
 */
void event_from_record(struct event *ev, struct packet *pkt, const struct record *rec);

#endif
