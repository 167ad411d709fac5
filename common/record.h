/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record: one NFLOG packet as the kernel handed it over, before anything of the
 * packet itself is decoded. RECORD_FIELDS is the one list that makes the struct, the
 * presence mask and the codec; the order is the order on the wire (docs/protocol.md),
 * so it is only ever appended to.
 *
 * A record owns nothing: strings are indices into the string table of its batch,
 * bytes point into the batch or the datagram it came from.
 */
#ifndef FWLOG_COMMON_RECORD_H
#define FWLOG_COMMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define RECORD_PAYLOAD_MAX 65535 /* bytes; NFLOG's own limit is lower */
#define RECORD_HWADDR_MAX 8      /* bytes, struct nfulnl_msg_packet_hw */
#define RECORD_HWHEADER_MAX 255  /* bytes kept of the link-layer header */
#define RECORD_STRING_MAX 255 /* prefix: up to 127 bytes with nft, 64 with iptables */

struct bytes {
	const uint8_t *p;
	uint16_t len;
};

/* KIND, name, meaning. U8..U64: integer. STR: index of a string. BYTES: octets. */
#define RECORD_FIELDS(F)                                                             \
	F(U64, ts_us, "kernel time of the packet, microseconds since 1970 UTC")      \
	F(U8, flags, "RECORD_F_*")                                                   \
	F(U8, family, "NFPROTO_* of the hook that logged")                           \
	F(U8, hook, "NF_INET_*, NF_BR_*, NF_ARP_* or NF_NETDEV_* by family")         \
	F(U16, group, "NFLOG group")                                                 \
	F(U16, hw_proto, "EtherType of the packet")                                  \
	F(U32, kseq, "kernel sequence number in the group (NFULA_SEQ)")              \
	F(STR, prefix, "prefix of the log rule, bytes as the rule has them")         \
	F(STR, in, "input interface")                                                \
	F(STR, out, "output interface")                                              \
	F(STR, physin, "bridge port the packet came in by")                          \
	F(STR, physout, "bridge port the packet leaves by")                          \
	F(STR, netns, "network namespace, as the group's configuration names it")    \
	F(U32, mark, "netfilter mark")                                               \
	F(U32, uid, "user id of the sending socket")                                 \
	F(U32, gid, "group id of the sending socket")                                \
	F(U16, hw_type, "ARPHRD_* of the input interface")                           \
	F(BYTES, hw_addr, "hardware address of the sender (NFULA_HWADDR)")           \
	F(BYTES, hw_header, "link-layer header as received (NFULA_HWHEADER, L2HDR)") \
	F(U16, vlan_proto, "EtherType of the VLAN tag (NFULA_VLAN_PROTO)")           \
	F(U16, vlan_tci, "tag control information (NFULA_VLAN_TCI)")                 \
	F(U8, ct_state, "enum ip_conntrack_info (NFULA_CT_INFO)")                    \
	F(U32, ct_id, "conntrack entry id (CTA_ID)")                                 \
	F(U32, pkt_len, "length of the packet at layer 3 before snaplen cut it")     \
	F(BYTES, payload, "the first snaplen bytes from layer 3 on")

#define RECORD_F_TS_AGENT \
	0x01              /* the kernel gave no time: the agent's clock at receipt */
#define RECORD_F_CUT 0x02 /* payload is shorter than the packet */

#define RECORD_INDEX(kind, name, meaning) RECORD_I_##name,
enum record_field_index { RECORD_FIELDS(RECORD_INDEX) RECORD_FIELD_COUNT };
#undef RECORD_INDEX
_Static_assert(RECORD_FIELD_COUNT <= 32, "the presence mask has 32 bits");

#define RECORD_C_U8 uint8_t
#define RECORD_C_U16 uint16_t
#define RECORD_C_U32 uint32_t
#define RECORD_C_U64 uint64_t
#define RECORD_C_STR uint16_t
#define RECORD_C_BYTES struct bytes
#define RECORD_MEMBER(kind, name, meaning) RECORD_C_##kind name;
struct record {
	uint32_t has; /* bit RECORD_I_x: field x is set; the others are 0 */
	RECORD_FIELDS(RECORD_MEMBER)
};
#undef RECORD_MEMBER

#define RECORD_HAS(rec, name) (((rec)->has & (1u << RECORD_I_##name)) != 0)
#define RECORD_SET(rec, name, value) \
	((rec)->name = (value), (rec)->has |= 1u << RECORD_I_##name)

/* Longest encoding of a record without its BYTES fields' contents. */
#define RECORD_FIXED_MAX 128

/* Appends the encoding to w; w->full tells when it did not fit. */
void record_put(struct writer *w, const struct record *rec);

/*
 * Reads one record; BYTES fields point into the reader's memory. Returns 0, or -1 when
 * the bytes are no record (unknown presence bit, overrun, string index >= nstrings).
 */
int record_get(struct reader *r, struct record *rec, uint16_t nstrings)
    __attribute__((warn_unused_result));

#endif
