/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_field.h"

#include <string.h>
#include <strings.h>

#define BYTE_MAX 255
#define U16_MAX 65535
#define U32_MAX UINT32_MAX
#define VLAN_MAX 4095

/* Protocols by number, as fwlog.protocol_name() has them; more names behind. */
static const struct filter_symbol protocols[] = {
    {"hopopt", 1, {0}},
    {"icmp", 1, {1}},
    {"igmp", 1, {2}},
    {"ipip", 1, {4}},
    {"tcp", 1, {6}},
    {"egp", 1, {8}},
    {"udp", 1, {17}},
    {"dccp", 1, {33}},
    {"ipv6", 1, {41}},
    {"ipv6-route", 1, {43}},
    {"ipv6-frag", 1, {44}},
    {"rsvp", 1, {46}},
    {"gre", 1, {47}},
    {"esp", 1, {50}},
    {"ah", 1, {51}},
    {"ipv6-icmp", 1, {58}},
    {"ipv6-nonxt", 1, {59}},
    {"ipv6-opts", 1, {60}},
    {"eigrp", 1, {88}},
    {"ospf", 1, {89}},
    {"etherip", 1, {97}},
    {"pim", 1, {103}},
    {"ipcomp", 1, {108}},
    {"vrrp", 1, {112}},
    {"l2tp", 1, {115}},
    {"sctp", 1, {132}},
    {"mobility-header", 1, {135}},
    {"udplite", 1, {136}},
    {"mpls-in-ip", 1, {137}},
    {"icmpv6", 1, {58}},
    {"icmp6", 1, {58}},
    {NULL, 0, {0}},
};

static const struct filter_symbol families[] = {
    {"inet", 1, {1}},
    {"ipv4", 1, {2}},
    {"arp", 1, {3}},
    {"netdev", 1, {5}},
    {"bridge", 1, {7}},
    {"ipv6", 1, {10}},
    {"ip", 1, {2}},
    {"ip4", 1, {2}},
    {"ip6", 1, {10}},
    {"inet6", 1, {10}},
    {NULL, 0, {0}},
};

/* As fwlog.hook_name() has them. */
static const struct filter_symbol hooks[] = {
    {"prerouting", 1, {0}},
    {"input", 2, {1, FILTER_HOOK_ARP + 0}},
    {"forward", 2, {2, FILTER_HOOK_ARP + 2}},
    {"output", 2, {3, FILTER_HOOK_ARP + 1}},
    {"postrouting", 1, {4}},
    {"ingress", 2, {5, FILTER_HOOK_NETDEV + 0}},
    {"egress", 1, {FILTER_HOOK_NETDEV + 1}},
    {NULL, 0, {0}},
};

/* Both directions: a reply is 3 higher. */
static const struct filter_symbol conntrack_states[] = {
    {"established", 2, {0, 3}},
    {"related", 2, {1, 4}},
    {"new", 2, {2, 5}},
    {"untracked", 1, {7}},
    {NULL, 0, {0}},
};

static const struct filter_symbol arp_operations[] = {
    {"request", 1, {1}},
    {"reply", 1, {2}},
    {NULL, 0, {0}},
};

static const struct filter_symbol verdicts[] = {
    {"unknown", 1, {FILTER_UNKNOWN}},
    {"accept", 1, {FILTER_ACCEPT}},
    {"drop", 1, {FILTER_DROP}},
    {"reject", 1, {FILTER_REJECT}},
    {"allow", 1, {FILTER_ACCEPT}},
    {"pass", 1, {FILTER_ACCEPT}},
    {"deny", 1, {FILTER_DROP}},
    {"block", 1, {FILTER_DROP}},
    {NULL, 0, {0}},
};

#define COLUMN1(a) .columns = 1, .column = {EVENT_I_##a}
#define COLUMN2(a, b) .columns = 2, .column = {EVENT_I_##a, EVENT_I_##b}
#define NAMES(own, others) .name = own, .aliases = others
#define ADDRESS .type = FILTER_ADDRESS
#define NUMBER(most) .type = FILTER_NUMBER, .max = (most)
#define PORT .type = FILTER_PORT, .max = U16_MAX
#define PART(which, most)                                                  \
	.type = FILTER_NUMBER, .max = (most), .part = FILTER_PART_##which, \
	COLUMN1(ts), .sql = "EXTRACT(" #which " FROM e.ts AT TIME ZONE 'UTC')::int"
#define TEXT(which) .type = FILTER_TEXT, .dict = (which)

const struct filter_field filter_fields[] = {
    {NAMES("src", "ip.src ipv6.src arp.src.proto_ipv4 source.ip source.address src_ip "
		  "srcip saddr"),
	ADDRESS, COLUMN1(src)},
    {NAMES("dst", "ip.dst ipv6.dst arp.dst.proto_ipv4 destination.ip "
		  "destination.address dst_ip dstip daddr"),
	ADDRESS, COLUMN1(dst)},
    {NAMES("ip", "ip.addr ipv6.addr addr related.ip"), ADDRESS, COLUMN2(src, dst)},
    {NAMES("sport", "tcp.srcport udp.srcport sctp.srcport dccp.srcport source.port "
		    "src_port srcport spt"),
	PORT, COLUMN1(sport)},
    {NAMES("dport", "tcp.dstport udp.dstport sctp.dstport dccp.dstport "
		    "destination.port dst_port dstport dpt"),
	PORT, COLUMN1(dport)},
    {NAMES("port", "tcp.port udp.port sctp.port dccp.port"), PORT,
	COLUMN2(sport, dport)},
    {NAMES("proto", "protocol ip.proto ipv6.nxt network.transport "
		    "network.iana_number"),
	NUMBER(BYTE_MAX), COLUMN1(proto), .symbols = protocols},
    {NAMES("family", "network.type"), NUMBER(BYTE_MAX), COLUMN1(family),
	.symbols = families},
    {NAMES("host", "agent agent.name host.name host.hostname observer.name observer "
		   "computer"),
	TEXT(FILTER_HOST), .sql = "e.host_id"},
    {NAMES("prefix", "rule label rule.name log_prefix nflog.prefix"),
	TEXT(FILTER_PREFIX), COLUMN1(prefix_id)},
    {NAMES("verdict", "action event.action"), .type = FILTER_VERDICT,
	.symbols = verdicts, .max = FILTER_REJECT, .sql = FILTER_VERDICT_SQL},
    {NAMES("in", "iif in_iface in_interface observer.ingress.interface.name"),
	TEXT(FILTER_IFACE), COLUMN1(in_id)},
    {NAMES("out", "oif out_iface out_interface observer.egress.interface.name"),
	TEXT(FILTER_IFACE), COLUMN1(out_id)},
    {NAMES("physin", "physindev physin_iface"), TEXT(FILTER_IFACE), COLUMN1(physin_id)},
    {NAMES("physout", "physoutdev physout_iface"), TEXT(FILTER_IFACE),
	COLUMN1(physout_id)},
    {NAMES("if", "iface interface"), TEXT(FILTER_IFACE), .columns = 4,
	.column = {EVENT_I_in_id, EVENT_I_out_id, EVENT_I_physin_id,
	    EVENT_I_physout_id}},
    {NAMES("group", "nflog_group nflog.group"), NUMBER(U16_MAX), COLUMN1(nflog_group)},
    {NAMES("hook", "chain direction network.direction nflog.hook"), NUMBER(BYTE_MAX),
	COLUMN1(hook), .traits = FILTER_HOOK, .symbols = hooks,
	.sql = "(CASE e.family WHEN 3 THEN 256 WHEN 5 THEN 512 ELSE 0 END + e.hook)"},
    {NAMES("mark", "nfmark fwmark nflog.mark"), NUMBER(U32_MAX), COLUMN1(mark),
	.traits = FILTER_HEX},
    {NAMES("uid", "user.id nflog.uid"), NUMBER(U32_MAX), COLUMN1(uid)},
    {NAMES("gid", "user.group.id nflog.gid"), NUMBER(U32_MAX), COLUMN1(gid)},
    {NAMES("netns", "namespace"), TEXT(FILTER_NETNS), COLUMN1(netns_id)},
    {NAMES("flags", "tcp.flags tcp_flags"), .type = FILTER_FLAGS, .max = BYTE_MAX,
	COLUMN1(tcp_flags)},
    {NAMES("type", "icmp.type icmpv6.type igmp.type icmp_type"), NUMBER(BYTE_MAX),
	COLUMN1(icmp_type)},
    {NAMES("code", "icmp.code icmpv6.code icmp_code"), NUMBER(BYTE_MAX),
	COLUMN1(icmp_code)},
    {NAMES("len", "length ip.len ipv6.plen network.bytes"), NUMBER(INT32_MAX),
	COLUMN1(len)},
    {NAMES("ttl", "ip.ttl ipv6.hlim"), NUMBER(BYTE_MAX), COLUMN1(ttl)},
    {NAMES("mac", "eth.addr ether"), .type = FILTER_MAC, COLUMN2(src_mac, dst_mac)},
    {NAMES("alert", ""), .type = FILTER_ALERT},
    {NAMES("id", "event.id"), .type = FILTER_ID},
    {NAMES("smac", "eth.src source.mac src_mac"), .type = FILTER_MAC, COLUMN1(src_mac)},
    {NAMES("dmac", "eth.dst destination.mac dst_mac"), .type = FILTER_MAC,
	COLUMN1(dst_mac)},
    {NAMES("tos", "tclass ip.dsfield ipv6.tclass"), NUMBER(BYTE_MAX), COLUMN1(tos)},
    {NAMES("vlan", "vlan.id vlan_id network.vlan.id"), NUMBER(VLAN_MAX),
	COLUMN1(vlan_id)},
    {NAMES("ct", "ct_state ctstate"), NUMBER(BYTE_MAX), COLUMN1(ct_state),
	.symbols = conntrack_states},
    {NAMES("ctid", "ct_id"), NUMBER(U32_MAX), COLUMN1(ct_id)},
    {NAMES("spi", "esp.spi ah.spi"), NUMBER(U32_MAX), COLUMN1(spi),
	.traits = FILTER_HEX},
    {NAMES("arp", "arp.opcode arp_op"), NUMBER(U16_MAX), COLUMN1(arp_op),
	/* 16 bits without a sign in a column that has one. */
	.symbols = arp_operations, .sql = "(e.arp_op::int & 65535)"},
    {NAMES("frag", "ip.frag_offset frag_offset"), NUMBER(U16_MAX),
	COLUMN1(frag_offset)},
    {NAMES("ethertype", "eth.type"), NUMBER(U16_MAX), COLUMN1(ethertype),
	.traits = FILTER_HEX},
    {NAMES("hwtype", "hw_type"), NUMBER(U16_MAX), COLUMN1(hw_type)},
    {NAMES("inner.src", "inner_src"), ADDRESS, COLUMN1(inner_src)},
    {NAMES("inner.dst", "inner_dst"), ADDRESS, COLUMN1(inner_dst)},
    {NAMES("inner.sport", "inner_sport"), PORT, COLUMN1(inner_sport)},
    {NAMES("inner.dport", "inner_dport"), PORT, COLUMN1(inner_dport)},
    {NAMES("inner.proto", "inner_proto"), NUMBER(BYTE_MAX), COLUMN1(inner_proto),
	.symbols = protocols},
    {NAMES("payload", ""), .type = FILTER_BYTES, COLUMN1(payload)},
    {NAMES("minute", "time.minute"), PART(MINUTE, 59)},
    {NAMES("hour", "time.hour"), PART(HOUR, 23)},
    {NAMES("day", "time.day"), PART(DAY, 31)},
    {NAMES("week", "time.week"), PART(WEEK, 53)},
    {NAMES("month", "time.month"), PART(MONTH, 12)},
    {NAMES("year", "time.year"), PART(YEAR, 9999)},
    {NAMES("message", ""), .type = FILTER_LINE},
};
const size_t filter_fields_count = sizeof filter_fields / sizeof filter_fields[0];

#define DAY_S 86400u
#define ERA_DAYS 146097u /* 400 years */

/* Days since 1970 as a date (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
static void
date_of(uint64_t days, uint64_t *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468, era = z / ERA_DAYS;
	unsigned doe = (unsigned)(z % ERA_DAYS);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

/* Days from 1970 to the first of January. */
static uint64_t
year_begin(uint64_t year)
{
	uint64_t before = year - 1;

	return 365 * year + before / 4 - before / 100 + before / 400 - 719527;
}

/* The week belongs to the year that its Thursday is in. */
static uint64_t
week_of(uint64_t days)
{
	uint64_t thursday = days - (days + 3) % 7 + 3, year;
	unsigned month, day;

	date_of(thursday, &year, &month, &day);
	return (thursday - year_begin(year)) / 7 + 1;
}

uint64_t
filter_time_part(uint64_t us, enum filter_part part)
{
	uint64_t s = us / 1000000, year;
	unsigned month, day;

	if (part == FILTER_PART_MINUTE)
		return s / 60 % 60;
	if (part == FILTER_PART_HOUR)
		return s / 3600 % 24;
	if (part == FILTER_PART_WEEK)
		return week_of(s / DAY_S);
	date_of(s / DAY_S, &year, &month, &day);
	return part == FILTER_PART_YEAR    ? year
	       : part == FILTER_PART_MONTH ? month
					   : day;
}

bool
filter_word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

/* Is the word one of those in a list with a space between them? */
static bool
is_among(const char *word, size_t len, const char *list)
{
	for (size_t n; *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && strncasecmp(word, list, len) == 0)
			return true;
	}
	return false;
}

const struct filter_field *
filter_field_find(const char *name, size_t len)
{
	for (size_t i = 0; i < filter_fields_count; i++)
		if (filter_word_is(name, len, filter_fields[i].name) ||
		    is_among(name, len, filter_fields[i].aliases))
			return &filter_fields[i];
	return NULL;
}

const struct filter_field *
filter_field_named(const char *name)
{
	return filter_field_find(name, strlen(name));
}

void
filter_field_nearest(struct nearest *near)
{
	for (size_t i = 0; i < filter_fields_count; i++)
		nearest_offer(near, filter_fields[i].name);
}

const struct filter_symbol *
filter_symbol_find(const struct filter_field *field, const char *name, size_t len)
{
	for (const struct filter_symbol *s = field->symbols;
	     s != NULL && s->name != NULL; s++)
		if (filter_word_is(name, len, s->name))
			return s;
	return NULL;
}

const struct filter_symbol *
filter_symbol_of(const struct filter_field *field, uint64_t value)
{
	if (field->traits & FILTER_HOOK)
		return NULL;
	for (const struct filter_symbol *s = field->symbols;
	     s != NULL && s->name != NULL; s++)
		if (s->count == 1 && s->value[0] == value)
			return s;
	return NULL;
}

#define EVENT_NAME(kind, name, meaning) #name,
const char *
filter_column_name(uint8_t column)
{
	static const char *const names[] = {EVENT_COLUMNS(EVENT_NAME)};

	return names[column];
}
