/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/event_line.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/filter_field.h"

struct line {
	char *at;
	size_t left;
};

static void
put(struct line *l, const void *p, size_t len)
{
	if (len > l->left)
		len = l->left;
	if (len > 0)
		memcpy(l->at, p, len);
	l->at += len;
	l->left -= len;
}

static void
put_text(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void
put_bytes_of(struct line *l, struct bytes s)
{
	put(l, s.p, s.len);
}

static void
put_number(struct line *l, const char *name, uint64_t n)
{
	char digits[24];
	char *p = digits + sizeof digits;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put_text(l, name);
	put(l, p, (size_t)(digits + sizeof digits - p));
}

static void
put_address(struct line *l, const char *name, const struct ip_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	put_text(l, name);
	put_text(l, ip_addr_text(a, text, sizeof text));
}

static void
put_mac(struct line *l, const char *name, const struct mac_addr *mac)
{
	static const char digits[] = "0123456789abcdef";

	put_text(l, name);
	for (unsigned i = 0; i < sizeof mac->byte; i++) {
		char pair[] = {
		    ':', digits[mac->byte[i] >> 4], digits[mac->byte[i] & 15]};

		put(l, pair + (i == 0), sizeof pair - (i == 0));
	}
}

/* By its name where it has one. */
static void
put_proto(struct line *l, unsigned proto)
{
	const struct filter_symbol *s =
	    filter_symbol_of(filter_field_named("proto"), proto);

	if (s == NULL) {
		put_number(l, " PROTO=", proto);
		return;
	}
	put_text(l, " PROTO=");
	for (const char *p = s->name; *p != '\0'; p++) {
		char c = *p >= 'a' && *p <= 'z' ? (char)(*p & ~0x20) : *p;

		put(l, &c, 1);
	}
}

static void
put_flags(struct line *l, unsigned flags)
{
	static const char *const names[] = {
	    " FIN", " SYN", " RST", " PSH", " ACK", " URG", " ECE", " CWR"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (flags >> i & 1)
			put_text(l, names[i]);
}

static void
put_strings(struct line *l, const struct event *ev, const struct filter_source *s)
{
	const struct {
		uint8_t column;
		const char *name;
		enum filter_dict dict;
		uint32_t id;
	} strings[] = {
	    {EVENT_I_prefix_id, " ", FILTER_PREFIX, ev->prefix_id},
	    {EVENT_I_in_id, " IN=", FILTER_IFACE, ev->in_id},
	    {EVENT_I_out_id, " OUT=", FILTER_IFACE, ev->out_id},
	    {EVENT_I_physin_id, " PHYSIN=", FILTER_IFACE, ev->physin_id},
	    {EVENT_I_physout_id, " PHYSOUT=", FILTER_IFACE, ev->physout_id},
	    {EVENT_I_netns_id, " NETNS=", FILTER_NETNS, ev->netns_id},
	};

	put_bytes_of(l, s->host);
	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
		if ((ev->has >> strings[i].column & 1) == 0)
			continue;
		put_text(l, strings[i].name);
		put_bytes_of(l, s->string(s->arg, strings[i].dict, strings[i].id));
	}
}

#define NUMBER(name, label)                              \
	do {                                             \
		if (EVENT_HAS(ev, name))                 \
			put_number(&l, label, ev->name); \
	} while (0)

size_t
event_line(const struct event *ev, const struct filter_source *source,
    char line[EVENT_LINE_MAX])
{
	struct line l = {line, EVENT_LINE_MAX};

	put_strings(&l, ev, source);
	if (EVENT_HAS(ev, src_mac))
		put_mac(&l, " MACSRC=", &ev->src_mac);
	if (EVENT_HAS(ev, dst_mac))
		put_mac(&l, " MACDST=", &ev->dst_mac);
	if (EVENT_HAS(ev, src))
		put_address(&l, " SRC=", &ev->src);
	if (EVENT_HAS(ev, dst))
		put_address(&l, " DST=", &ev->dst);
	NUMBER(len, " LEN=");
	NUMBER(tos, " TOS=");
	NUMBER(ttl, " TTL=");
	if (EVENT_HAS(ev, proto))
		put_proto(&l, ev->proto);
	NUMBER(sport, " SPT=");
	NUMBER(dport, " DPT=");
	if (EVENT_HAS(ev, tcp_flags))
		put_flags(&l, ev->tcp_flags);
	NUMBER(icmp_type, " TYPE=");
	NUMBER(icmp_code, " CODE=");
	NUMBER(spi, " SPI=");
	NUMBER(arp_op, " ARPOP=");
	NUMBER(uid, " UID=");
	NUMBER(gid, " GID=");
	NUMBER(mark, " MARK=");
	return EVENT_LINE_MAX - l.left;
}
