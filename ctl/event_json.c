/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/event_json.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/timearg.h"

#define DEPTH_MAX 16
#define STRING_MAX 4096
#define NAMES_MOST                                                        \
	65536 /* of one dictionary; what comes then is looked for in vain \
	       */

/* A string or a scalar as it stands. */
struct token {
	char text[STRING_MAX];
	size_t len;
	bool null;
};

struct event_json {
	struct names *names;
	uint32_t count[NAMES_DICTS];
	struct {
		char verdict[16];
	} * prefix; /* by id */
	int64_t lines;
	struct token name, value;
	/* Of the line being read: known when all of it is. */
	char prefix_text[STRING_MAX], verdict[16], host[STRING_MAX], hook[32];
	size_t prefix_len, host_len;
	bool has_prefix;
};

struct event_json *
event_json_new(struct names *names)
{
	struct event_json *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->names = names;
	j->prefix = calloc(NAMES_MOST + 1, sizeof *j->prefix);
	if (j->prefix != NULL)
		return j;
	free(j);
	return NULL;
}

void
event_json_free(struct event_json *j)
{
	if (j == NULL)
		return;
	free(j->prefix);
	free(j);
}

/* ---- JSON */

static void
skip_blanks(struct reader *r)
{
	while (r->left > 0 && strchr(" \t\r\n", *r->at) != NULL && *r->at != '\0')
		get_u8(r);
}

static bool
take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->left == 0 || *r->at != (uint8_t)c)
		return false;
	get_u8(r);
	return true;
}

static void
put(struct token *t, unsigned c)
{
	if (t->len < STRING_MAX - 1)
		t->text[t->len++] = (char)c;
}

static void
put_code(struct token *t, uint32_t c)
{
	if (c < 0x80) {
		put(t, c);
	} else if (c < 0x800) {
		put(t, 0xc0 | c >> 6);
		put(t, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		put(t, 0xe0 | c >> 12);
		put(t, 0x80 | (c >> 6 & 0x3f));
		put(t, 0x80 | (c & 0x3f));
	} else {
		put(t, 0xf0 | c >> 18);
		put(t, 0x80 | (c >> 12 & 0x3f));
		put(t, 0x80 | (c >> 6 & 0x3f));
		put(t, 0x80 | (c & 0x3f));
	}
}

static uint32_t
hex4(struct reader *r)
{
	const uint8_t *p = get_bytes(r, 4);
	char text[5] = "", *end;
	unsigned long v;

	if (p == NULL)
		return 0;
	memcpy(text, p, 4);
	v = strtoul(text, &end, 16);
	if (*end != '\0')
		r->bad = true;
	return (uint32_t)v;
}

static void
take_escape(struct reader *r, struct token *t)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t c = get_u8(r);
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	uint32_t code, low;

	if (c != 'u') {
		put(t, known != NULL ? (unsigned char)to[known - from] : c);
		return;
	}
	code = hex4(r);
	if (code >= 0xd800 && code < 0xdc00 && r->left >= 6 && r->at[0] == '\\' &&
	    r->at[1] == 'u') {
		get_bytes(r, 2);
		low = hex4(r);
		code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
	}
	put_code(t, code);
}

static bool
take_string(struct reader *r, struct token *t)
{
	uint8_t c = 0;

	t->len = 0;
	t->null = false;
	if (!take(r, '"'))
		return false;
	while (!r->bad && (c = get_u8(r)) != '"' && !r->bad) {
		if (c == '\\')
			take_escape(r, t);
		else
			put(t, c);
	}
	t->text[t->len] = '\0';
	return !r->bad;
}

/* A value in values is passed over. */
static bool
take_value(struct reader *r, struct token *t, unsigned depth)
{
	char end;

	skip_blanks(r);
	if (r->left == 0 || depth > DEPTH_MAX)
		return false;
	if (*r->at == '"')
		return take_string(r, t);
	t->len = 0;
	t->null = true;
	if (*r->at == '{' || *r->at == '[') {
		end = *r->at == '{' ? '}' : ']';
		get_u8(r);
		if (take(r, end))
			return true;
		do {
			if (end == '}' && !(take_string(r, t) && take(r, ':')))
				return false;
			if (!take_value(r, t, depth + 1))
				return false;
		} while (take(r, ','));
		t->null = true;
		return take(r, end);
	}
	while (r->left > 0 && strchr(",}] \t\r\n", *r->at) == NULL)
		put(t, get_u8(r));
	t->text[t->len] = '\0';
	t->null = strcmp(t->text, "null") == 0;
	return t->len > 0;
}

/* ---- what members mean */

static bool
number_of(const struct token *t, uint64_t *n)
{
	char *end;

	*n = strtoull(t->text, &end, 10);
	return t->text[0] >= '0' && t->text[0] <= '9' && *end == '\0';
}

static bool
address_of(const struct token *t, struct ip_addr *a)
{
	a->family = strchr(t->text, ':') != NULL ? 6 : 4;
	return inet_pton(a->family == 6 ? AF_INET6 : AF_INET, t->text, a->byte) == 1;
}

static bool
mac_of(const struct token *t, struct mac_addr *mac)
{
	return sscanf(t->text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac->byte[0],
		   &mac->byte[1], &mac->byte[2], &mac->byte[3], &mac->byte[4],
		   &mac->byte[5]) == 6;
}

/* The number of a name of the filter language, or a number. */
static bool
symbol_of(const char *field, const struct token *t, uint64_t *n)
{
	const struct filter_field *f = filter_field_named(field);
	const struct filter_symbol *s = f != NULL && f->symbols != NULL
					    ? filter_symbol_find(f, t->text, t->len)
					    : NULL;

	if (s == NULL)
		return number_of(t, n);
	*n = s->value[0];
	return true;
}

static bool
flags_of(const struct token *t, uint64_t *n)
{
	static const char *const names[] = {
	    "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	char text[64], *rest = text, *word;

	snprintf(text, sizeof text, "%s", t->text);
	*n = 0;
	while ((word = strsep(&rest, ",")) != NULL)
		for (unsigned i = 0; i < 8; i++)
			if (strcasecmp(word, names[i]) == 0)
				*n |= 1u << i;
	return true;
}

/* ---- names */

/* Its number, 0 without memory. */
static uint32_t
id_of(struct event_json *j, enum filter_dict dict, const char *text, size_t len,
    const char *verdict)
{
	struct bytes raw = {(const uint8_t *)text,
	    (uint16_t)(len > RECORD_STRING_MAX ? RECORD_STRING_MAX : len)};
	uint32_t id;

	for (id = 1; id <= j->count[dict]; id++) {
		struct bytes there = names_string(j->names, dict, id);

		if (there.len == raw.len && memcmp(there.p, raw.p, raw.len) == 0 &&
		    (verdict == NULL || strcmp(j->prefix[id].verdict, verdict) == 0))
			return id;
	}
	if (id > NAMES_MOST)
		return NAMES_MOST;
	if (names_add(j->names, dict, id, raw) != 0)
		return 0;
	j->count[dict] = id;
	if (verdict == NULL)
		return id;
	snprintf(j->prefix[id].verdict, sizeof j->prefix[id].verdict, "%s", verdict);
	return names_add_verdicts(
		   j->names, id, 0, "-", verdict[0] != '\0' ? verdict : "-") == 0
		   ? id
		   : 0;
}

/* ---- members */

#define IS(word) (strcmp(j->name.text, word) == 0)

static bool
put_numbers(struct event_json *j, struct event *ev)
{
	uint64_t n;

#define NUMBER(member, column)                                    \
	if (IS(member)) {                                         \
		if (!number_of(&j->value, &n))                    \
			return false;                             \
		EVENT_SET(ev, column, (__typeof__(ev->column))n); \
		return true;                                      \
	}
	NUMBER("src_port", sport)
	NUMBER("dst_port", dport)
	NUMBER("protocol_number", proto)
	NUMBER("icmp_type", icmp_type)
	NUMBER("icmp_code", icmp_code)
	NUMBER("length", len)
	NUMBER("ttl", ttl)
	NUMBER("tos", tos)
	NUMBER("fragment_offset", frag_offset)
	NUMBER("spi", spi)
	NUMBER("inner_src_port", inner_sport)
	NUMBER("inner_dst_port", inner_dport)
	NUMBER("vlan_id", vlan_id)
	NUMBER("ethertype", ethertype)
	NUMBER("hw_type", hw_type)
	NUMBER("mark", mark)
	NUMBER("uid", uid)
	NUMBER("gid", gid)
	NUMBER("conntrack_id", ct_id)
	NUMBER("nflog_group", nflog_group)
#undef NUMBER
	return true;
}

static bool
put_addresses(struct event_json *j, struct event *ev)
{
	struct ip_addr a = {0};
	struct mac_addr mac;

#define ADDRESS(member, column, read, to)  \
	if (IS(member)) {                  \
		if (!read(&j->value, &to)) \
			return false;      \
		EVENT_SET(ev, column, to); \
		return true;               \
	}
	ADDRESS("src_ip", src, address_of, a)
	ADDRESS("dst_ip", dst, address_of, a)
	ADDRESS("inner_src_ip", inner_src, address_of, a)
	ADDRESS("inner_dst_ip", inner_dst, address_of, a)
	ADDRESS("src_mac", src_mac, mac_of, mac)
	ADDRESS("dst_mac", dst_mac, mac_of, mac)
#undef ADDRESS
	return put_numbers(j, ev);
}

static bool
put_words(struct event_json *j, struct event *ev)
{
	uint64_t n;

#define WORD(member, column, read)                                \
	if (IS(member)) {                                         \
		if (!(read))                                      \
			return false;                             \
		EVENT_SET(ev, column, (__typeof__(ev->column))n); \
		return true;                                      \
	}
	WORD("family", family, symbol_of("family", &j->value, &n))
	WORD("protocol", proto, symbol_of("proto", &j->value, &n))
	WORD("inner_protocol", inner_proto, symbol_of("inner.proto", &j->value, &n))
	WORD("tcp_flags", tcp_flags, flags_of(&j->value, &n))
	WORD("arp_operation", arp_op, symbol_of("arp", &j->value, &n))
	WORD("conntrack_state", ct_state, symbol_of("ct", &j->value, &n))
#undef WORD
	return put_addresses(j, ev);
}

static bool
put_name(struct event_json *j, struct event *ev)
{
	uint32_t id;

#define NAME(member, column, dict)                                      \
	if (IS(member)) {                                               \
		id = id_of(j, dict, j->value.text, j->value.len, NULL); \
		EVENT_SET(ev, column, id);                              \
		return id != 0;                                         \
	}
	NAME("in_iface", in_id, FILTER_IFACE)
	NAME("out_iface", out_id, FILTER_IFACE)
	NAME("physin_iface", physin_id, FILTER_IFACE)
	NAME("physout_iface", physout_id, FILTER_IFACE)
	NAME("netns", netns_id, FILTER_NETNS)
#undef NAME
	return put_words(j, ev);
}

static bool
put_member(struct event_json *j, struct event *ev, int64_t *n)
{
	uint64_t number;
	int64_t us;

	if (j->value.null)
		return true;
	if (IS("time")) {
		if (timearg_parse(j->value.text, 0, &us) != 0)
			return false;
		EVENT_SET(ev, ts, (uint64_t)us);
	} else if (IS("n")) {
		if (!number_of(&j->value, &number))
			return false;
		*n = (int64_t)number;
	} else if (IS("host")) {
		j->host_len = j->value.len;
		memcpy(j->host, j->value.text, j->value.len + 1);
	} else if (IS("prefix")) {
		j->has_prefix = true;
		j->prefix_len = j->value.len;
		memcpy(j->prefix_text, j->value.text, j->value.len + 1);
	} else if (IS("verdict")) {
		snprintf(j->verdict, sizeof j->verdict, "%.15s", j->value.text);
	} else if (IS("hook")) {
		snprintf(j->hook, sizeof j->hook, "%.31s", j->value.text);
	} else {
		return put_name(j, ev);
	}
	return true;
}

/* Hooks are numbered by family, which may stand behind them. */
static bool
put_hook(struct event_json *j, struct event *ev)
{
	static const char *const names[] = {
	    "prerouting", "input", "forward", "output", "postrouting", "ingress"};
	uint16_t family = EVENT_HAS(ev, family) ? ev->family : 2;

	if (j->hook[0] == '\0')
		return true;
	for (uint16_t i = 0; i < 6; i++)
		if (strcasecmp(j->hook, names[i]) == 0) {
			if (family == 3) /* arp: input, output, forward from 0 */
				i = i == 1 ? 0 : i == 3 ? 1 : 2;
			EVENT_SET(ev, hook, i == 5 ? 0 : i);
			return true;
		}
	EVENT_SET(ev, hook, (uint16_t)strtoul(j->hook, NULL, 10));
	return true;
}

static bool
finish(struct event_json *j, struct event *ev, int32_t *host_id)
{
	uint32_t id;

	*host_id = 0;
	if (j->host_len > 0) {
		id = id_of(j, FILTER_HOST, j->host, j->host_len, NULL);
		*host_id = (int32_t)id;
		if (id == 0)
			return false;
	}
	if (j->has_prefix) {
		id = id_of(j, FILTER_PREFIX, j->prefix_text, j->prefix_len, j->verdict);
		EVENT_SET(ev, prefix_id, id);
		if (id == 0)
			return false;
	}
	return put_hook(j, ev);
}

int
event_json_read(struct event_json *j, const char *line, size_t len, struct event *ev,
    int32_t *host_id, int64_t *n, const char **why)
{
	struct reader r = reader_of(line, len);

	*ev = (struct event){0};
	*n = ++j->lines;
	j->host_len = 0;
	j->has_prefix = false;
	j->verdict[0] = j->hook[0] = '\0';
	*why = "no JSON object";
	if (!take(&r, '{'))
		return -1;
	do {
		if (!take_string(&r, &j->name) || !take(&r, ':') ||
		    !take_value(&r, &j->value, 0))
			return -1;
		*why = "a value does not fit its name";
		if (!put_member(j, ev, n))
			return -1;
		*why = "no JSON object";
	} while (take(&r, ','));
	if (!take(&r, '}'))
		return -1;
	*why = "the event has no time";
	if (!EVENT_HAS(ev, ts))
		return -1;
	*why = "no memory";
	return finish(j, ev, host_id) ? 0 : -1;
}
