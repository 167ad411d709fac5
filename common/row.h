/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event as it is printed and exported: text of each column, named as in the view
 * fwlog.event_full. One list makes the columns of the query, of JSON and of CSV.
 */
#ifndef FWLOG_COMMON_ROW_H
#define FWLOG_COMMON_ROW_H

#include <stdint.h>

/*
 * KIND, name, SQL. TIME: microseconds since 1970 in the query, RFC 3339 in print. TEXT.
 * NUMBER. FLAG: true or false. BYTES: hexadecimal. The prefix map's verdict stands
 * beside what the view has.
 */
#define ROW_COLUMNS(C)                                                     \
	C(TIME, time, "(extract(epoch FROM e.ts) * 1000000)::bigint")      \
	C(TEXT, host, "h.name")                                            \
	C(NUMBER, n, "e.n")                                                \
	C(TEXT, prefix, "p.prefix")                                        \
	C(TEXT, verdict, "fwlog.verdict(e.prefix_id, e.host_id, e.ts)")    \
	C(TEXT, family, "fwlog.family_name(e.family)")                     \
	C(TEXT, hook, "fwlog.hook_name(e.family, e.hook)")                 \
	C(TEXT, in_iface, "i.iface")                                       \
	C(TEXT, out_iface, "o.iface")                                      \
	C(TEXT, physin_iface, "pi.iface")                                  \
	C(TEXT, physout_iface, "po.iface")                                 \
	C(TEXT, src_ip, "host(e.src)")                                     \
	C(NUMBER, src_port, "e.sport")                                     \
	C(TEXT, dst_ip, "host(e.dst)")                                     \
	C(NUMBER, dst_port, "e.dport")                                     \
	C(TEXT, protocol, "fwlog.protocol_name(e.proto)")                  \
	C(NUMBER, protocol_number, "e.proto")                              \
	C(TEXT, tcp_flags, "fwlog.tcp_flags_text(e.tcp_flags)")            \
	C(NUMBER, icmp_type, "e.icmp_type")                                \
	C(NUMBER, icmp_code, "e.icmp_code")                                \
	C(NUMBER, length, "e.len")                                         \
	C(NUMBER, ttl, "e.ttl")                                            \
	C(NUMBER, tos, "e.tos")                                            \
	C(NUMBER, fragment_offset, "e.frag_offset")                        \
	C(NUMBER, spi, "e.spi")                                            \
	C(TEXT, arp_operation, "fwlog.arp_operation_name(e.arp_op)")       \
	C(TEXT, inner_src_ip, "host(e.inner_src)")                         \
	C(NUMBER, inner_src_port, "e.inner_sport")                         \
	C(TEXT, inner_dst_ip, "host(e.inner_dst)")                         \
	C(NUMBER, inner_dst_port, "e.inner_dport")                         \
	C(TEXT, inner_protocol, "fwlog.protocol_name(e.inner_proto)")      \
	C(TEXT, src_mac, "e.src_mac")                                      \
	C(TEXT, dst_mac, "e.dst_mac")                                      \
	C(NUMBER, vlan_id, "e.vlan_id")                                    \
	C(NUMBER, ethertype, "e.ethertype")                                \
	C(NUMBER, hw_type, "e.hw_type")                                    \
	C(NUMBER, mark, "e.mark")                                          \
	C(NUMBER, uid, "e.uid")                                            \
	C(NUMBER, gid, "e.gid")                                            \
	C(TEXT, conntrack_state, "fwlog.conntrack_state_name(e.ct_state)") \
	C(NUMBER, conntrack_id, "e.ct_id")                                 \
	C(TEXT, netns, "s.netns")                                          \
	C(NUMBER, nflog_group, "e.nflog_group")                            \
	C(FLAG, time_from_agent, "(e.flags & 1 <> 0)::text")               \
	C(FLAG, payload_cut, "(e.flags & 2 <> 0)::text")                   \
	C(BYTES, hw_header, "encode(e.hw_header, 'hex')")                  \
	C(BYTES, payload, "encode(e.payload, 'hex')")

enum row_kind { ROW_TIME, ROW_TEXT, ROW_NUMBER, ROW_FLAG, ROW_BYTES };

#define ROW_INDEX(kind, name, sql) ROW_I_##name,
enum row_column { ROW_COLUMNS(ROW_INDEX) ROW_COLUMN_COUNT };
#undef ROW_INDEX

/* NULL: the event does not have it. The strings belong to whoever read them. time is
 * made of ts_us by the writers. */
struct row {
	int64_t ts_us;
	const char *value[ROW_COLUMN_COUNT];
};

extern const struct row_info {
	enum row_kind kind;
	const char *name;
} row_info[ROW_COLUMN_COUNT];

/* For a SELECT … FROM … over fwlog.event e. */
extern const char row_select[], row_from[];

#endif
