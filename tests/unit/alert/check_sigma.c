/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a detection selects: every modifier, every form of a value, every condition. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule.h"

/* 2026-11-23T14:05:09Z, a Monday. */
#define TIME_US UINT64_C(1795442709000000)

static const char *const strings[] = {
    "IN drop ", "eth0", "eth1", "blue", "100% a*b\\c"};
static enum filter_verdict verdict = FILTER_DROP;
static char why[400];

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	(void)arg;
	(void)dict;
	return (struct bytes){
	    (const uint8_t *)strings[id], (uint16_t)strlen(strings[id])};
}

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	(void)arg;
	(void)ev;
	return verdict;
}

static const struct filter_source source = {
    .host = {(const uint8_t *)"web1", 4},
    .string = string_of,
    .verdict = verdict_of,
    .strings = 5,
    .generation = 1,
};

static int
read_list(void *arg, const char *name, struct filter_list *list, char *to, size_t size)
{
	(void)arg;
	if (strcmp(name, "scanners") == 0)
		return filter_list_add(list, "192.0.2.0/24", 12);
	snprintf(to, size, "there is no list %s", name);
	return -1;
}

static const struct rule_options options = {
    .lists = {.read = read_list},
    .has_prefix_map = true,
};

static struct ip_addr
ip(const char *text)
{
	struct ip_addr a = {.family = strchr(text, ':') != NULL ? 6 : 4};

	ck_assert_int_eq(
	    inet_pton(a.family == 4 ? AF_INET : AF_INET6, text, a.byte), 1);
	return a;
}

static struct event
sample(void)
{
	struct event e = {0}, *ev = &e;

	EVENT_SET(ev, ts, TIME_US);
	EVENT_SET(ev, prefix_id, 0);
	EVENT_SET(ev, in_id, 1);
	EVENT_SET(ev, src, ip("192.0.2.7"));
	EVENT_SET(ev, dst, ip("198.51.100.1"));
	EVENT_SET(ev, family, 2);
	EVENT_SET(ev, hook, 1);
	EVENT_SET(ev, proto, 6);
	EVENT_SET(ev, sport, 44123);
	EVENT_SET(ev, dport, 22);
	EVENT_SET(ev, tcp_flags, 0x12);
	EVENT_SET(ev, len, 60);
	EVENT_SET(ev, ttl, 52);
	EVENT_SET(ev, mark, 0x10);
	EVENT_SET(ev, uid, 0);
	EVENT_SET(ev, src_mac, ((struct mac_addr){{0, 0x16, 0x3e, 1, 2, 3}}));
	return e;
}

/* A set with one rule of this detection. */
static struct rule_set *
load(const char *detection, const struct rule_options *with)
{
	struct rule_set *set = rule_set_new(with, why, sizeof why);
	char text[8192];

	ck_assert_msg(set != NULL, "%s", why);
	ck_assert_uint_lt((size_t)snprintf(text, sizeof text,
			      "title: T\nid: one\nlogsource: {category: firewall}\n"
			      "detection:\n%s",
			      detection),
	    sizeof text);
	ck_assert_int_eq(
	    rule_set_add_text(set, "t.yml", text, strlen(text), why, sizeof why), 0);
	ck_assert_int_eq(rule_set_link(set, why, sizeof why), 0);
	ck_assert_uint_eq(set->report_count, 1);
	return set;
}

static bool
matches(const struct rule *r, const struct event *ev)
{
	struct filter_error error;
	struct filter *f = filter_compile(
	    r->tree, &options.lists, FILTER_CAN_VERDICT | FILTER_CAN_LINE, &error);
	bool yes;

	ck_assert_msg(f != NULL, "%s", error.message);
	filter_begin(f, &source);
	yes = filter_match(f, ev);
	filter_free(f);
	return yes;
}

static void
check_match(const char *detection, const struct event *ev, bool wanted)
{
	struct rule_set *set = load(detection, &options);

	ck_assert_msg(set->loaded == 1, "%s: %s", detection, set->report[0].reason);
	ck_assert_msg(matches(set->rule[0], ev) == wanted, "%s is %s: %s", detection,
	    wanted ? "false" : "true", set->rule[0]->text);
	rule_set_free(set);
}

/* ---- items of a selection: key and value, and whether the sample has it */

static const struct {
	const char *item;
	bool yes;
} items[] = {
    /* addresses and their names */
    {"src_ip: 192.0.2.7", true},
    {"src_ip: 192.0.2.8", false},
    {"SourceIp: 192.0.2.7", true},
    {"source.ip: ::ffff:192.0.2.7", true},
    {"id.orig_h: 192.0.2.7", true},
    {"DestinationIp: 198.51.100.1", true},
    {"id.resp_h: 198.51.100.2", false},
    {"src_ip: '192.0.2.*'", true},
    {"src_ip|startswith: '192.0.'", true},
    {"src_ip|startswith: '192.0.2'", true},
    {"src_ip|startswith: '19'", true},
    {"src_ip|startswith: '192.1'", false},
    {"src_ip|startswith: '192.0.2.7'", true},
    {"src_ip|startswith: '192.0.2.70'", false},
    {"src_ip|cidr: 192.0.2.0/24", true},
    {"src_ip|cidr: [10.0.0.0/8, '2001:db8::/32']", false},
    {"src_ip|cidr: [10.0.0.0/8, 192.0.0.0/16]", true},
    {"src_ip: [10.0.0.1, 192.0.2.7]", true},
    {"dst_ip: null", false},
    {"icmp_type: null", true},
    {"icmp_type: 0", false},
    {"src_ip: '*'", true},
    {"icmp_type: '*'", false},
    /* ports and numbers */
    {"dst_port: 22", true},
    {"dst_port: '22'", true},
    {"dst_port: 0x16", true},
    {"DestinationPort: [21, 23]", false},
    {"DestinationPort: [21, 22]", true},
    {"id.resp_p: 22", true},
    {"src_port|gt: 44122", true},
    {"src_port|gt: 44123", false},
    {"src_port|gte: 44123", true},
    {"src_port|lt: 44123", false},
    {"src_port|lt: 44124", true},
    {"src_port|lte: 44123", true},
    {"src_port|lte: 44122", false},
    {"src_port|gte: '44123'", true},
    {"src_port|startswith: '44'", true},
    {"src_port|startswith: '4'", true},
    {"src_port|startswith: '5'", false},
    {"src_port|endswith: '123'", true},
    {"src_port|endswith: '12'", false},
    {"src_port|contains: '412'", true},
    {"src_port: '44?23'", true},
    {"src_port: '44*'", true},
    {"src_port: '44?2'", false},
    {"src_port|re: '^44\\d+3$'", true},
    {"src_port|re: '^44$'", false},
    {"proto: tcp", true},
    {"Protocol: TCP", true},
    {"protocol: 6", true},
    {"proto|startswith: 'tc'", true},
    {"network.transport: udp", false},
    {"proto: [udp, icmp]", false},
    {"length: 60", true},
    {"length|gte: 61", false},
    {"ttl|lt: 64", true},
    {"mark: 16", true},
    {"mark: '0x10/0xf0'", true},
    {"uid: 0", true},
    {"direction: input", true},
    {"chain|startswith: 'in'", true},
    {"chain: [output, forward]", false},
    {"Initiated: true", false},
    {"Initiated: 'false'", true},
    /* flags */
    {"flags: 'SYN,ACK'", true},
    {"flags: 'ACK,SYN'", true},
    {"tcp_flags: syn+ack", true},
    {"flags: SYN", false},
    {"flags: 18", true},
    {"flags: 2", false},
    {"flags|contains: SYN", true},
    {"flags|contains: RST", false},
    {"flags|contains: [RST, ACK]", true},
    {"flags|contains|all: [SYN, ACK]", true},
    {"flags|contains|all: [SYN, FIN]", false},
    {"flags|startswith: 'SYN'", true},
    {"flags: 'SYN*'", true},
    {"flags: '*SYN'", false},
    {"flags|re: '^SYN,(ACK|RST)$'", true},
    {"flags: ''", false},
    /* hardware addresses */
    {"src_mac: 00:16:3e:01:02:03", true},
    {"src_mac: 00-16-3E-01-02-03", true},
    {"src_mac: 00:16:3e:01:02:04", false},
    {"src_mac|startswith: '00:16:3e'", true},
    {"src_mac|startswith: '00:16:3f:'", false},
    /* text */
    {"prefix: 'in DROP'", true},
    {"log_prefix: 'drop'", false},
    {"prefix|contains: DROP", true},
    {"prefix|contains: 'n d'", true},
    {"prefix|contains: accept", false},
    {"prefix|contains: [accept, drop]", true},
    {"prefix|contains|all: [in, drop]", true},
    {"prefix|contains|all: [in, accept]", false},
    {"prefix|all|contains: [in, accept]", false},
    {"prefix|startswith: in", true},
    {"prefix|startswith: drop", false},
    {"prefix|endswith: DROP", true},
    {"prefix|endswith: in", false},
    {"prefix: 'in*'", true},
    {"prefix: 'i? drop'", true},
    {"prefix: '?? d??p'", true},
    {"prefix: '*'", true},
    {"prefix|cased: 'IN drop'", true},
    {"prefix|cased: 'in drop'", false},
    {"prefix|contains|cased: 'IN'", true},
    {"prefix|contains|cased: 'in'", false},
    {"prefix|startswith|cased: ['x', 'IN']", true},
    {"prefix|re: '^IN\\s'", true},
    {"prefix|re: '^in\\s'", false},
    {"prefix|re|i: '^in\\s'", true},
    {"prefix|re|i|m|s: '^in.'", true},
    {"prefix|re: 'a/b|drop'", true},
    {"prefix|neq: accept", true},
    {"prefix|neq: 'IN drop'", false},
    {"prefix|contains|neq: drop", false},
    {"dst_port|neq: [22, 23]", false},
    {"dst_port|neq: [21, 23]", true},
    {"dst_port|neq: null", true},
    {"in_interface: eth0", true},
    {"iif: ETH0", true},
    {"oif: eth0", false},
    {"physin: null", true},
    {"host: web1", true},
    {"Computer|startswith: web", true},
    {"Computer: web2", false},
    /* exists, fieldref */
    {"dst_port|exists: true", true},
    {"dst_port|exists: false", false},
    {"icmp_type|exists: false", true},
    {"icmp_type|exists: true", false},
    {"src_ip|fieldref: dst_ip", false},
    {"src_ip|fieldref|neq: dst_ip", true},
    {"src_ip|fieldref: [dst_ip, SourceIp]", true},
    {"in_interface|fieldref: iif", true},
    {"in_interface|fieldref: oif", false},
    /* time */
    {"timestamp|hour: 14", true},
    {"'@timestamp|hour': [13, 15]", false},
    {"ts|minute: 5", true},
    {"ts|minute|gte: 6", false},
    {"ts|hour|gte: 14", true},
    {"UtcTime|hour|lt: 14", false},
    {"ts|day: 23", true},
    {"ts|week: 48", true},
    {"ts|month: 11", true},
    {"ts|year: 2026", true},
    {"ts|year|neq: 2026", false},
    /* verdicts */
    {"action: drop", true},
    {"action: blocked", true},
    {"action: [denied, DROPPED]", true},
    {"action: allow", false},
    {"action: [forward, 2, drop]", true},
    {"action: [forward, 2]", false},
    {"action|contains: block", true},
    {"action|startswith: accept", false},
    {"blocked: true", true},
    {"blocked: false", false},
    /* the line */
    {"message|contains: 'DPT=22'", true},
    {"message|contains: 'DPT=23'", false},
    {"message|re: 'PROTO=TCP SPT=\\d+ DPT=22'", true},
    {"'|contains': 'src=192.0.2.7'", true},
    {"'|all': ['web1', 'syn']", true},
    {"'|all': ['web1', 'rst']", false},
    {"'|re': '^web1 '", true},
    /* placeholders */
    {"src_ip|expand: '%scanners%'", true},
    {"dst_ip|expand: '%scanners%'", false},
};

START_TEST(item)
{
	char text[512];
	struct event ev = sample();

	verdict = FILTER_DROP;
	snprintf(text, sizeof text, "  selection:\n    %s\n  condition: selection\n",
	    items[_i].item);
	check_match(text, &ev, items[_i].yes);
	snprintf(text, sizeof text,
	    "  selection:\n    %s\n  condition: not selection\n", items[_i].item);
	check_match(text, &ev, !items[_i].yes);
}
END_TEST

/* Backslashes, percent signs and stars that are meant. */
static const struct {
	const char *value;
	bool yes;
} escapes[] = {
    {"'100% a\\*b\\c'", true},
    {"'100% a\\*b\\\\c'", true},
    {"'100% a*c'", true},
    {"'100% a\\?b\\c'", false},
    {"'100% a?b\\\\c'", true},
    {"'100% a\\*b\\\\*'", true},
    {"'100% a\\*b\\\\\\*'", false},
};

START_TEST(escape)
{
	char text[512];
	struct event ev = sample();

	ev.prefix_id = 4;
	snprintf(text, sizeof text, "  s:\n    prefix: %s\n  condition: s\n",
	    escapes[_i].value);
	check_match(text, &ev, escapes[_i].yes);
}
END_TEST

/* ---- selections and conditions over a (true), b (false), c (true), _d (false) */

#define SELECTIONS                                                              \
	"  sel_a: {dst_port: 22}\n  sel_b: {dst_port: 23}\n  c: {proto: tcp}\n" \
	"  _d: {dst_port: 24}\n"

static const struct {
	const char *condition;
	bool yes;
} conditions[] = {
    {"sel_a", true},
    {"sel_b", false},
    {"sel_a and sel_b", false},
    {"sel_a and c", true},
    {"sel_a or sel_b", true},
    {"sel_b or _d", false},
    {"not sel_b", true},
    {"not not sel_b", false},
    {"sel_a and not sel_b", true},
    {"sel_b or sel_a and c", true},
    {"sel_a or sel_b and _d", true},
    {"(sel_a or sel_b) and _d", false},
    {"not (sel_a and sel_b)", true},
    {"NOT sel_b AND (c OR _d)", true},
    {"1 of sel_*", true},
    {"any of sel_*", true},
    {"all of sel_*", false},
    {"1 of them", true},
    {"any of them", true},
    {"all of them", false},
    {"not all of them", true},
    {"1 of sel_b*", false},
    {"all of c", true},
    {"all of *c", true},
    {"1 of _*", false},
    {"1 of sel_* and c", true},
    {"not 1 of sel_*", false},
    {"[sel_b, c]", true},
    {"[sel_b, _d]", false},
};

START_TEST(condition)
{
	char text[512];
	struct event ev = sample();

	snprintf(text, sizeof text, SELECTIONS "  condition: %s\n",
	    conditions[_i].condition);
	check_match(text, &ev, conditions[_i].yes);
}
END_TEST

static const struct {
	const char *selection;
	bool yes;
} selections[] = {
    {"{dst_port: 22, proto: tcp}", true},
    {"{dst_port: 22, proto: udp}", false},
    {"[{dst_port: 23}, {proto: tcp}]", true},
    {"[{dst_port: 23}, {proto: udp}]", false},
    {"[{dst_port: 22, proto: udp}, {dst_port: 22, proto: tcp}]", true},
    {"drop", true},
    {"[accept, 'SYN ACK']", true},
    {"[accept, reject]", false},
    {"['dpt=2?', x]", true},
    {"{dst_port: [null, 80]}", false},
    {"{icmp_type: [null, 8]}", true},
    {"{prefix: [null, 'in drop']}", true},
};

START_TEST(selection)
{
	char text[512];
	struct event ev = sample();

	snprintf(
	    text, sizeof text, "  s: %s\n  condition: s\n", selections[_i].selection);
	check_match(text, &ev, selections[_i].yes);
}
END_TEST

/* Without the field a term is false, and its negation is true. */
START_TEST(absent)
{
	struct event none = {0};

	EVENT_SET(&none, ts, TIME_US);
	check_match("  s: {dst_port: 22}\n  condition: s\n", &none, false);
	check_match("  s: {dst_port: 22}\n  condition: not s\n", &none, true);
	check_match("  s: {dst_port|neq: 22}\n  condition: s\n", &none, true);
	check_match("  s: {flags|contains: SYN}\n  condition: s\n", &none, false);
	check_match("  s: {prefix: '*'}\n  condition: s\n", &none, false);
	check_match("  s: {src_ip|fieldref: dst_ip}\n  condition: s\n", &none, false);
	check_match("  s: {flags: ''}\n  condition: s\n", &none, false);
	EVENT_SET(&none, tcp_flags, 0);
	check_match("  s: {flags: ''}\n  condition: s\n", &none, true);
}
END_TEST

START_TEST(verdicts)
{
	struct event ev = sample();
	static const struct {
		enum filter_verdict is;
		bool blocked, accepted, denied;
	} cases[] = {
	    {FILTER_UNKNOWN, false, false, false},
	    {FILTER_ACCEPT, false, true, false},
	    {FILTER_DROP, true, false, true},
	    {FILTER_REJECT, true, false, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		verdict = cases[i].is;
		check_match(
		    "  s: {blocked: true}\n  condition: s\n", &ev, cases[i].blocked);
		check_match(
		    "  s: {blocked: false}\n  condition: s\n", &ev, cases[i].accepted);
		check_match(
		    "  s: {action: denied}\n  condition: s\n", &ev, cases[i].denied);
		check_match("  s: {action: drop}\n  condition: s\n", &ev,
		    cases[i].is == FILTER_DROP);
	}
	verdict = FILTER_DROP;
}
END_TEST

/* ---- what refuses the whole rule, and what it says */

static const struct {
	const char *detection, *says;
	unsigned line; /* of the file; detection begins in line 5 */
} refused[] = {
    {"  s: {dst_prt: 1}\n  condition: s\n",
	"unknown field dst_prt; did you mean dst_port", 5},
    {"  s:\n    dst_port: 1\n    Image: x\n  condition: s\n", "unknown field Image", 7},
    {"  s: {prefix|windash: a}\n  condition: s\n", "windash is not supported", 5},
    {"  s: {prefix|base64: a}\n  condition: s\n", "base64 is not supported", 5},
    {"  s: {prefix|base64offset|contains: a}\n  condition: s\n", "base64offset is not",
	5},
    {"  s: {prefix|wide: a}\n  condition: s\n", "wide is not supported", 5},
    {"  s: {prefix|utf16le: a}\n  condition: s\n", "utf16le is not supported", 5},
    {"  s: {prefix|contains|startswith: a}\n  condition: s\n", "does not go with", 5},
    {"  s: {prefix|i: a}\n  condition: s\n", "does not go with", 5},
    {"  s: {prefix|gt: 1}\n  condition: s\n", "prefix has no order", 5},
    {"  s: {src_ip|gt: 1}\n  condition: s\n", "src has no order", 5},
    {"  s: {src_ip|contains: '1'}\n  condition: s\n", "with cidr", 5},
    {"  s: {src_ip|re: '1'}\n  condition: s\n", "with cidr", 5},
    {"  s: {src_ip: 10.0.0.0/8}\n  condition: s\n", "modifier cidr", 5},
    {"  s: {src_ip|cidr: bogus}\n  condition: s\n", "a network such as", 5},
    {"  s: {src_ip: '10.*.1'}\n  condition: s\n", "only the end", 5},
    {"  s: {dst_port|cidr: 10.0.0.0/8}\n  condition: s\n", "goes with addresses", 5},
    {"  s: {dst_port: 65536}\n  condition: s\n", "too large", 5},
    {"  s: {dst_port: 1-2}\n  condition: s\n", "gte and lte", 5},
    {"  s: {dst_port: xyz}\n  condition: s\n", "no value of dport", 5},
    {"  s: {dst_port|startswith: 'x'}\n  condition: s\n", "nothing it can be", 5},
    {"  s: {mark|contains: '1'}\n  condition: s\n", "gte and lte", 5},
    {"  s: {flags: SYM}\n  condition: s\n", "names of flags", 5},
    {"  s: {src_mac: xx}\n  condition: s\n", "hardware address", 5},
    {"  s: {action|all: [drop, explode]}\n  condition: s\n", "never there", 5},
    {"  s: {action: explode}\n  condition: s\n", "accept, drop", 5},
    {"  s: {blocked: maybe}\n  condition: s\n", "true or false", 5},
    {"  s: {prefix|re: '('}\n  condition: s\n", "regular expression", 5},
    {"  s: {prefix|re: '(ab|cd){1500}'}\n  condition: s\n", "repeats too much", 5},
    {"  s: {prefix|exists: 1}\n  condition: s\n", "true or false", 5},
    {"  s: {prefix|exists|contains: true}\n  condition: s\n", "does not go with", 5},
    {"  s: {src_ip|fieldref: nothing}\n  condition: s\n", "unknown field nothing", 5},
    {"  s: {src_ip|fieldref: dst_port}\n  condition: s\n", "cannot be compared", 5},
    {"  s: {ts: 1}\n  condition: s\n", "needs one of minute", 5},
    {"  s: {dst_port|hour: 1}\n  condition: s\n", "go with a time", 5},
    {"  s: {ts|hour: 24}\n  condition: s\n", "too large", 5},
    {"  s: {prefix|expand: plain}\n  condition: s\n", "wants a placeholder", 5},
    {"  s: {prefix|expand: 'x%none%'}\n  condition: s\n", "has no values", 5},
    {"  s: {src_ip|expand: '%none%'}\n  condition: s\n", "there is no list none", 1},
    {"  s: {}\n  condition: s\n", "empty", 5},
    {"  s: []\n  condition: s\n", "empty", 5},
    {"  s: {dst_port: []}\n  condition: s\n", "list is empty", 5},
    {"  s: {dst_port: {a: b}}\n  condition: s\n", "a word or number", 5},
    {"  s: [{dst_port: 1}, x]\n  condition: s\n", "not both", 5},
    {"  s: ['']\n  condition: s\n", "in every line", 5},
    {"  s: {payload: x}\n  condition: s\n", "only exists", 5},
    {"  s: {id: 1-1}\n  condition: s\n", "unknown field id", 5},
    {"  s: {alert: x}\n  condition: s\n", "unknown field alert", 5},
    {"  s: {dst_port: 1}\n", "condition is missing", 5},
    {"  s: {dst_port: 1}\n  condition: t\n", "there is no selection t", 6},
    {"  s: {dst_port: 1}\n  condition: s and\n", "a selection is missing", 6},
    {"  s: {dst_port: 1}\n  condition: (s\n", "a ) is missing", 6},
    {"  s: {dst_port: 1}\n  condition: s s\n", "is expected", 6},
    {"  s: {dst_port: 1}\n  condition: 2 of s*\n", "only 1, any and all", 6},
    {"  s: {dst_port: 1}\n  condition: 1 of t*\n", "no selection is called like t*", 6},
    {"  s: {dst_port: 1}\n  condition: 1 of\n", "wants them", 6},
    {"  s: {dst_port: 1}\n  condition: s | count() by src_ip > 5\n", "rule convert", 6},
    {"  s: {dst_port: 1}\n  timeframe: 5m\n  condition: s\n", "rule convert", 6},
    {"  s: {dst_port: 1}\n  condition: []\n", "condition is empty", 6},
    {"  s: {dst_port: &x 1}\n  condition: s\n", "anchors", 5},
    {"  s: {dst_port: 1, dst_port: 2}\n  condition: s\n", "twice", 5},
    {"  s: {dst_port: !!str 1}\n  condition: s\n", "tags", 5},
    {"  s: {dst_port: 1\n  condition: s\n", "no YAML", 0},
    {"  s: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n  condition: s\n", "too deep", 5},
};

START_TEST(refusal)
{
	struct rule_set *set = load(refused[_i].detection, &options);
	const struct rule_report *r = &set->report[0];

	ck_assert_msg(r->class == RULE_REFUSED && set->refused == 1 && set->count == 0,
	    "%s is %s", refused[_i].detection, rule_class_name(r->class));
	ck_assert_msg(strstr(r->reason, refused[_i].says) != NULL, "%s: %s",
	    refused[_i].detection, r->reason);
	ck_assert_msg(refused[_i].line == 0 || r->line == refused[_i].line,
	    "%s: line %u", refused[_i].detection, r->line);
	ck_assert_str_eq(r->path, "t.yml");
	rule_set_free(set);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sigma");
	TCase *t = tcase_create("sigma");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, item, 0, sizeof items / sizeof items[0]);
	tcase_add_loop_test(t, escape, 0, sizeof escapes / sizeof escapes[0]);
	tcase_add_loop_test(t, condition, 0, sizeof conditions / sizeof conditions[0]);
	tcase_add_loop_test(t, selection, 0, sizeof selections / sizeof selections[0]);
	tcase_add_test(t, absent);
	tcase_add_test(t, verdicts);
	tcase_add_loop_test(t, refusal, 0, sizeof refused / sizeof refused[0]);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
