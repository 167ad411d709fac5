/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of rules: classes of documents, correlations, filters, overrides, order. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/alert/rule.h"

static char why[400];
static char folder[] = "/tmp/check_sigma_XXXXXX";

static const struct rule_options plain = {.has_prefix_map = true};

static struct rule_set *
load_with(const char *text, const struct rule_options *options)
{
	struct rule_set *set = rule_set_new(options, why, sizeof why);

	ck_assert_msg(set != NULL, "%s", why);
	ck_assert_int_eq(
	    rule_set_add_text(set, "t.yml", text, strlen(text), why, sizeof why), 0);
	if (rule_set_link(set, why, sizeof why) == 0) {
		ck_assert_uint_eq(set->loaded + set->not_applicable + set->refused,
		    set->report_count);
		return set;
	}
	rule_set_free(set);
	return NULL;
}

static struct rule_set *
load(const char *text)
{
	struct rule_set *set = load_with(text, &plain);

	ck_assert_msg(set != NULL, "%s", why);
	return set;
}

#define RULE(id, selection)                                              \
	"title: T " id "\nid: " id "\nlogsource: {category: firewall}\n" \
	"detection:\n  s: " selection "\n  condition: s\n"
#define NEXT "---\n"
#define CORRELATION(id, body) "title: C " id "\nid: " id "\ncorrelation: {" body "}\n"

/* ---- classes */

START_TEST(classes)
{
	struct rule_set *set = load(RULE("a", "{dst_port: 22}") NEXT
	    "title: W\nid: w\nlogsource: {product: windows, category: "
	    "process_creation}\ndetection: {s: {Image: x}, condition: s}\n" NEXT NEXT
		RULE("b", "{nothing: 1}") NEXT
	    "title: X\nid: x\n" NEXT "just text\n" NEXT RULE("c", "{dst_port: &a 1}")
		NEXT RULE("d", "{dst_port: 25}"));
	static const enum rule_class wanted[] = {RULE_LOADED, RULE_NOT_APPLICABLE,
	    RULE_REFUSED, RULE_REFUSED, RULE_REFUSED, RULE_REFUSED, RULE_LOADED};
	static const unsigned lines[] = {1, 10, 18, 21, 24, 30, 33};

	ck_assert_uint_eq(set->report_count, 7);
	for (size_t i = 0; i < 7; i++) {
		const struct rule_report *r = &set->report[i];

		ck_assert_msg(r->class == wanted[i], "%zu: %s: %s", i,
		    rule_class_name(r->class), r->reason);
		ck_assert_msg(r->line == lines[i], "%zu: line %u", i, r->line);
		ck_assert((r->reason == NULL) == (r->class == RULE_LOADED));
	}
	ck_assert_str_eq(set->report[1].reason,
	    "logsource: product windows category process_creation");
	ck_assert_str_eq(set->report[1].title, "W");
	ck_assert_uint_eq(set->count, 2);
	ck_assert_str_eq(set->rule[1]->id, "d");
	ck_assert_ptr_eq(rule_set_find(set, "d"), set->rule[1]);
	ck_assert_ptr_null(rule_set_find(set, "b"));
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *source;
	bool applies;
} sources[] = {
    {"{category: firewall}", true},
    {"{category: Firewall, product: linux}", true},
    {"{product: fwlog}", true},
    {"{product: nftables, category: firewall}", true},
    {"{product: linux, service: iptables}", true},
    {"{product: linux, service: ufw}", true},
    {"{category: firewall, product: windows}", false},
    {"{category: firewall, product: cisco, service: asa}", false},
    {"{product: linux}", false},
    {"{product: linux, service: sshd}", false},
    {"{product: linux, category: process_creation}", false},
    {"{category: network_connection}", false},
    {"{category: webserver}", false},
    {"{product: zeek, service: conn}", false},
    {"{}", false},
};

START_TEST(logsource)
{
	char text[512];
	struct rule_set *set;

	snprintf(text, sizeof text,
	    "title: T\nid: x\nlogsource: %s\ndetection: {s: {dst_port: 1}, condition: "
	    "s}\n",
	    sources[_i].source);
	set = load(text);
	ck_assert_msg(set->report[0].class ==
			  (sources[_i].applies ? RULE_LOADED : RULE_NOT_APPLICABLE),
	    "%s", text);
	rule_set_free(set);
}
END_TEST

/* What stands in a rule beside its logic. */
START_TEST(about)
{
	struct rule_set *set = load(
	    "title: A title\nid: 1234\nname: short\nstatus: test\nauthor: N. N.\n"
	    "description: d\nreferences: [https://example.org/1, r2]\ntags:\n  - "
	    "attack.t1046\nfalsepositives: scanners\nlevel: high\ndate: 2026-01-02\n"
	    "license: DRL-1.1\nfields: [src_ip]\ncustom: {a: 1}\nlogsource: {category: "
	    "firewall}\ndetection: {s: {dst_port: 22}, condition: s}\n");
	const struct rule *r = set->rule[0];

	ck_assert_uint_eq(set->loaded, 1);
	ck_assert_str_eq(r->id, "1234");
	ck_assert_str_eq(r->name, "short");
	ck_assert_str_eq(r->title, "A title");
	ck_assert_str_eq(r->status, "test");
	ck_assert_str_eq(r->author, "N. N.");
	ck_assert_str_eq(r->license, "DRL-1.1");
	ck_assert_uint_eq(r->references.count, 2);
	ck_assert_str_eq(r->references.at[1], "r2");
	ck_assert_str_eq(r->tags.at[0], "attack.t1046");
	ck_assert_str_eq(r->falsepositives.at[0], "scanners");
	ck_assert_uint_eq(r->fields.count, 1);
	ck_assert_int_eq(r->level, RULE_HIGH);
	ck_assert_str_eq(r->text, "dport:22");
	ck_assert_uint_eq(strlen(r->hash), RULE_HASH_LEN);
	ck_assert(r->alerts);
	/* Of every host and source its own alert. */
	ck_assert_uint_eq(r->key_count, 2);
	ck_assert_str_eq(r->key[0].source[0].field->name, "host");
	ck_assert_str_eq(r->key[1].source[0].field->name, "src");
	ck_assert_uint_eq(r->mask4, 32);
	ck_assert_uint_eq(r->mask6, 128);
	ck_assert_ptr_eq(rule_set_find(set, "short"), r);
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *text, *says;
} documents[] = {
    {"id: x\nlogsource: {category: firewall}\ndetection: {s: {dst_port: 1}, condition: "
     "s}\n",
	"title is missing"},
    {"title: x\nlogsource: {category: firewall}\ndetection: {s: {dst_port: 1}, "
     "condition: s}\n",
	"id is missing"},
    {"title: x\nid: x\ndetection: {s: {dst_port: 1}, condition: s}\n",
	"logsource is missing"},
    {"title: x\nid: x\nlogsource: {category: firewall}\n", "no rule"},
    {"title: x\nid: x\nlogsource: {category: firewall}\ndetection: s\n",
	"a map is expected"},
    {"title: x\nid: x\nlevel: huge\nlogsource: {category: firewall}\ndetection: {s: "
     "{dst_port: 1}, condition: s}\n",
	"level:"},
    {"title: x\nid: x\naction: global\n", "action"},
    {"title: [x]\n", "title: text"},
    {"title: x\nid: x\ncorrelation: {}\ndetection: {}\n", "not both"},
    {"- a\n- b\n", "a map is expected"},
    {"title: \"a\\0b\"\n", "NUL"},
    {"? [a]\n: b\n", "cannot be a key"},
    {"a: *x\n", "anchors"},
    {"a: b: c\n", "no YAML"},
    {"\xff\xfe\n", "no YAML"},
    {"title: x\nid: x\nfilter: y\n", "filter: a map"},
};

START_TEST(document)
{
	struct rule_set *set = load(documents[_i].text);

	ck_assert_uint_eq(set->report_count, 1);
	ck_assert_int_eq(set->report[0].class, RULE_REFUSED);
	ck_assert_msg(strstr(set->report[0].reason, documents[_i].says) != NULL,
	    "%s: %s", documents[_i].text, set->report[0].reason);
	rule_set_free(set);
}
END_TEST

START_TEST(twins)
{
	struct rule_set *set = load(RULE("a", "{dst_port: 22}") NEXT RULE(
	    "a", "{dst_port: 23}") NEXT "name: a\n" RULE("b", "{dst_port: 24}"));

	ck_assert_uint_eq(set->loaded, 1);
	ck_assert_uint_eq(set->refused, 2);
	ck_assert_ptr_nonnull(strstr(set->report[1].reason, "at t.yml:1"));
	rule_set_free(set);
}
END_TEST

START_TEST(too_large)
{
	size_t len = RULE_FILE_MAX + 1;
	char *text = malloc(len);
	struct rule_set *set = rule_set_new(&plain, why, sizeof why);

	ck_assert_ptr_nonnull(text);
	memset(text, '#', len);
	ck_assert_int_eq(
	    rule_set_add_text(set, "big.yml", text, len, why, sizeof why), 0);
	ck_assert_int_eq(rule_set_link(set, why, sizeof why), 0);
	ck_assert_uint_eq(set->refused, 1);
	ck_assert_ptr_nonnull(strstr(set->report[0].reason, "1 MiB"));
	rule_set_free(set);
	free(text);
}
END_TEST

/* ---- correlations */

#define BASE RULE("r1", "{dst_port: 22}") NEXT RULE("r2", "{dst_port: 23}") NEXT
#define GROUP "group-by: [src_ip], timespan: 5m"

START_TEST(correlation)
{
	struct rule_set *set = load(
	    CORRELATION("c", "type: value_count, rules: [r1, r2], group-by: [src_ip, "
			     "Computer], timespan: "
			     "15m, condition: {field: dst_port, gte: 25}") NEXT BASE);
	const struct rule *c = rule_set_find(set, "c");

	ck_assert_msg(set->loaded == 3, "%s", set->report[0].reason);
	/* Behind those it refers to. */
	ck_assert_uint_eq(c->index, 2);
	ck_assert_int_eq(c->type, RULE_VALUE_COUNT);
	ck_assert_uint_eq(c->reference_count, 2);
	ck_assert_ptr_eq(c->reference[0].rule, rule_set_find(set, "r1"));
	ck_assert_uint_eq(c->timespan_us, UINT64_C(900000000));
	ck_assert_uint_eq(set->longest_us, c->timespan_us);
	ck_assert_uint_eq(c->lower, 25);
	ck_assert_uint_eq(c->upper, UINT64_MAX);
	ck_assert_uint_eq(c->depth, 1);
	ck_assert_uint_eq(c->key_count, 2);
	ck_assert_str_eq(c->key[0].source[1].field->name, "src");
	ck_assert_str_eq(c->key[1].source[0].field->name, "host");
	ck_assert_str_eq(c->value.source[0].field->name, "dport");
	ck_assert(c->alerts);
	ck_assert(!c->reference[0].rule->alerts);
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *type, *condition;
	uint64_t lower, upper;
	bool lower_strict, upper_strict;
} bounds[] = {
    {"event_count", "{gte: 10}", 10, UINT64_MAX, false, false},
    {"event_count", "{gt: 10}", 11, UINT64_MAX, false, false},
    {"event_count", "{lte: 10}", 0, 10, false, false},
    {"event_count", "{lt: 10}", 0, 9, false, false},
    {"event_count", "{eq: 10}", 10, 10, false, false},
    {"event_count", "{gte: 10, lt: 20}", 10, 19, false, false},
    {"value_sum", "{field: length, gt: 1000000000}", 1000000001, UINT64_MAX, false,
	false},
    {"value_avg", "{field: length, gt: 5}", 5, UINT64_MAX, true, false},
    {"value_avg", "{field: length, gte: 5, lt: 9}", 5, 9, false, true},
};

START_TEST(bound)
{
	char text[1024];
	struct rule_set *set;
	const struct rule *c;

	snprintf(text, sizeof text,
	    BASE CORRELATION("c", "type: %s, rules: r1, " GROUP ", condition: %s"),
	    bounds[_i].type, bounds[_i].condition);
	set = load(text);
	c = rule_set_find(set, "c");
	ck_assert_msg(c != NULL, "%s", set->report[2].reason);
	ck_assert_uint_eq(c->lower, bounds[_i].lower);
	ck_assert_uint_eq(c->upper, bounds[_i].upper);
	ck_assert_int_eq(c->lower_strict, bounds[_i].lower_strict);
	ck_assert_int_eq(c->upper_strict, bounds[_i].upper_strict);
	ck_assert((set->report[2].warning != NULL) == (c->lower == 0));
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *text;
	uint64_t s;
} spans[] = {{"30s", 30}, {"5m", 300}, {"1h", 3600}, {"2d", 172800}, {"1w", 604800}};

START_TEST(timespan)
{
	char text[1024];
	struct rule_set *set;

	snprintf(text, sizeof text,
	    BASE CORRELATION("c", "type: temporal, rules: [r1, r2], timespan: %s"),
	    spans[_i].text);
	set = load(text);
	ck_assert_uint_eq(rule_set_find(set, "c")->timespan_us, spans[_i].s * 1000000);
	ck_assert_uint_eq(rule_set_find(set, "c")->key_count, 0);
	rule_set_free(set);
}
END_TEST

/* Levels, the names of fields below, aliases, rules that alert themselves. */
START_TEST(chain)
{
	struct rule_set *set = load(
	    BASE CORRELATION("c1", "type: event_count, rules: [r1], group-by: [src_ip, "
				   "dst_port], timespan: 5m, condition: {gte: 3}, "
				   "generate: true") NEXT CORRELATION("c2",
		"type: event_count, rules: [r2], group-by: [dst_ip], "
		"timespan: 5m, condition: {gte: 3}") NEXT CORRELATION("c3",
		"type: temporal_ordered, rules: [c1, c2, r1], aliases: {who: {c1: "
		"SourceIp, c2: dst_ip, r1: src_ip}}, group-by: [who], timespan: 1h"));
	const struct rule *c3 = rule_set_find(set, "c3");

	ck_assert_msg(c3 != NULL, "%s", set->report[4].reason);
	ck_assert_uint_eq(c3->depth, 2);
	ck_assert_int_eq(c3->type, RULE_TEMPORAL_ORDERED);
	ck_assert_ptr_null(c3->key[0].source[0].field);
	ck_assert_uint_eq(c3->key[0].source[0].key, 0);
	ck_assert_uint_eq(c3->key[0].source[1].key, 0);
	ck_assert_str_eq(c3->key[0].source[2].field->name, "src");
	ck_assert(rule_set_find(set, "c1")->alerts);
	ck_assert(!rule_set_find(set, "c2")->alerts);
	ck_assert_uint_eq(c3->index, 4);
	rule_set_free(set);
}
END_TEST

START_TEST(too_long_a_chain)
{
	char text[4096] = BASE;
	size_t n = strlen(text);
	struct rule_set *set;

	for (unsigned i = 1; i <= RULE_CHAIN_MAX + 1; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    CORRELATION("c%u",
			"type: event_count, rules: [%s%u], timespan: 5m, "
			"condition: {gte: 2}") NEXT,
		    i, i, i == 1 ? "r" : "c", i == 1 ? 1 : i - 1);
	set = load(text);
	ck_assert_ptr_nonnull(rule_set_find(set, "c4"));
	ck_assert_ptr_null(rule_set_find(set, "c5"));
	ck_assert_ptr_nonnull(strstr(set->report[6].reason, "4 levels"));
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *body, *says;
} wrong[] = {
    {"type: event_count, rules: [none], " GROUP ", condition: {gte: 2}",
	"no rule none"},
    {"type: event_count, rules: [c], " GROUP ", condition: {gte: 2}", "circle"},
    {"type: value_percentile, rules: [r1], " GROUP ", condition: {gte: 2}",
	"value_percentile is not supported"},
    {"type: value_median, rules: [r1], " GROUP ", condition: {gte: 2}",
	"value_median is not supported"},
    {"type: magic, rules: [r1], " GROUP ", condition: {gte: 2}", "unknown type"},
    {"type: temporal, rules: [r1, r2], " GROUP ", condition: r1 and not r2",
	"conditions of temporal"},
    {"type: event_count, rules: [r1], group_by: [src_ip], timespan: 5m, condition: "
     "{gte: 2}",
	"write group-by"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {gte: 2}, extra: 1",
	"unknown key extra"},
    {"type: event_count, rules: [r1], group-by: [nothing], timespan: 5m, condition: "
     "{gte: 2}",
	"unknown field nothing"},
    {"type: event_count, rules: [r1], group-by: [ip], timespan: 5m, condition: {gte: "
     "2}",
	"makes no groups"},
    {"type: event_count, rules: [r1], group-by: [message], timespan: 5m, condition: "
     "{gte: 2}",
	"makes no groups"},
    {"type: event_count, rules: [r1], group-by: [src_ip, SRC_IP], timespan: 5m, "
     "condition: {gte: 2}",
	"there twice"},
    {"type: event_count, rules: [r1], group-by: [src_ip], timespan: 5, condition: "
     "{gte: "
     "2}",
	"as 15m"},
    {"type: event_count, rules: [r1], group-by: [src_ip], timespan: 0s, condition: "
     "{gte: 2}",
	"as 15m"},
    {"type: event_count, rules: [r1], group-by: [src_ip], timespan: 5y, condition: "
     "{gte: 2}",
	"as 15m"},
    {"type: event_count, rules: [r1], group-by: [src_ip], condition: {gte: 2}",
	"timespan is missing"},
    {"type: event_count, rules: [r1], " GROUP, "condition is missing"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {}", "bound is missing"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {neq: 2}", "not neq"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {gte: 2, gt: 1}",
	"one lower and one upper"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {gte: 5, lte: 2}",
	"between the bounds"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {lt: 0}", "less than 0"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {gte: -1}", "a number"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {gte: 9999999}",
	"are counted"},
    {"type: event_count, rules: [r1], " GROUP ", condition: {field: dst_port, gte: 2}",
	"goes with value_"},
    {"type: value_count, rules: [r1], " GROUP ", condition: {gte: 2}",
	"field is missing"},
    {"type: value_sum, rules: [r1], " GROUP ", condition: {field: src_ip, gte: 2}",
	"is no number"},
    {"type: event_count, rules: [], " GROUP ", condition: {gte: 2}", "1 to 32"},
    {"type: event_count, " GROUP ", condition: {gte: 2}", "rules are missing"},
    {"type: temporal, rules: [r1, r2], aliases: {a: {r1: src_ip}}, group-by: [a], "
     "timespan: 5m",
	"has no field of r2"},
    {"rules: [r1], " GROUP, "type is missing"},
};

START_TEST(wrong_correlation)
{
	char text[2048];
	struct rule_set *set;

	snprintf(text, sizeof text, BASE CORRELATION("c", "%s"), wrong[_i].body);
	set = load(text);
	ck_assert_uint_eq(set->loaded, 2);
	ck_assert_int_eq(set->report[2].class, RULE_REFUSED);
	ck_assert_msg(strstr(set->report[2].reason, wrong[_i].says) != NULL, "%s: %s",
	    wrong[_i].body, set->report[2].reason);
	ck_assert(rule_set_find(set, "r1")->alerts);
	rule_set_free(set);
}
END_TEST

/* A correlation has the class of the worst of its rules. */
START_TEST(inherited_class)
{
	struct rule_set *set = load(
	    "title: W\nid: w\nlogsource: {product: windows}\ndetection: {s: {Image: "
	    "x}, "
	    "condition: s}\n" NEXT RULE("b", "{nothing: 1}") NEXT CORRELATION("cw",
		"type: event_count, rules: [w], timespan: 5m, condition: {gte: 2}")
		NEXT CORRELATION("cb",
		    "type: event_count, rules: [b], timespan: 5m, condition: {gte: 2}")
		    NEXT CORRELATION("cc", "type: event_count, rules: [cb], timespan: "
					   "5m, condition: {gte: 2}"));

	ck_assert_int_eq(set->report[2].class, RULE_NOT_APPLICABLE);
	ck_assert_int_eq(set->report[3].class, RULE_REFUSED);
	ck_assert_str_eq(set->report[4].reason, "its rule cb is refused");
	rule_set_free(set);
}
END_TEST

/* ---- filters */

#define FILTER(rules, condition)                                                      \
	NEXT "title: F\nid: f\nlogsource: {category: firewall}\nfilter:\n  "          \
	     "rules: " rules "\n  known: {src_ip: 10.0.0.1}\n  condition: " condition \
	     "\n"

START_TEST(filters)
{
	struct rule_set *set = load(BASE FILTER("[r1]", "not known"));

	ck_assert_uint_eq(set->loaded, 3);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_ptr_null(set->report[2].warning);
	ck_assert_str_eq(rule_set_find(set, "r1")->text, "dport:22 -src:10.0.0.1");
	ck_assert_str_eq(rule_set_find(set, "r2")->text, "dport:23");
	rule_set_free(set);
	set = load(BASE FILTER("any", "not known"));
	ck_assert_str_eq(rule_set_find(set, "r2")->text, "dport:23 -src:10.0.0.1");
	rule_set_free(set);
	/* As it is written, but said. */
	set = load(BASE FILTER("[r1]", "known"));
	ck_assert_str_eq(rule_set_find(set, "r1")->text, "dport:22 src:10.0.0.1");
	ck_assert_ptr_nonnull(strstr(set->report[2].warning, "no \"not\""));
	rule_set_free(set);
	set = load(BASE FILTER("[none]", "not known"));
	ck_assert_int_eq(set->report[2].class, RULE_REFUSED);
	rule_set_free(set);
	set = load(BASE FILTER("[r1]", "not unknown"));
	ck_assert_int_eq(set->report[2].class, RULE_REFUSED);
	ck_assert_str_eq(rule_set_find(set, "r1")->text, "dport:22");
	rule_set_free(set);
}
END_TEST

/* ---- hashes: they change with the logic, and only with it */

static void
hash_of(const char *text, char hash[RULE_HASH_LEN + 1])
{
	struct rule_set *set = load(text);

	ck_assert_uint_gt(set->count, 0);
	memcpy(hash, set->rule[set->count - 1]->hash, RULE_HASH_LEN + 1);
	rule_set_free(set);
}

START_TEST(hashes)
{
	char first[RULE_HASH_LEN + 1], other[RULE_HASH_LEN + 1];

	hash_of(RULE("a", "{dst_port: 22}"), first);
	hash_of("author: me\nlevel: low\n" RULE("b", "{DestinationPort: '22'}"), other);
	ck_assert_str_eq(first, other);
	hash_of(RULE("a", "{dst_port: 23}"), other);
	ck_assert_str_ne(first, other);
	hash_of(BASE CORRELATION("c",
		    "type: event_count, rules: [r1], " GROUP ", condition: {gte: 2}"),
	    first);
	hash_of(BASE CORRELATION("c",
		    "type: event_count, rules: [r1], " GROUP ", condition: {gte: 3}"),
	    other);
	ck_assert_str_ne(first, other);
	hash_of(RULE("r1", "{dst_port: 24}") NEXT CORRELATION("c",
		    "type: event_count, rules: [r1], " GROUP ", condition: {gte: 2}"),
	    other);
	ck_assert_str_ne(first, other);
}
END_TEST

/* ---- files */

static void
write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static char *
path_of(const char *name)
{
	static char path[2][256];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
	return path[turn];
}

START_TEST(folders)
{
	const char *paths[] = {folder};
	struct rule_set *set;

	mkdir(path_of("sub"), 0700);
	write_file("b.yml", RULE("b", "{dst_port: 2}"));
	write_file("a.yaml", RULE("a", "{dst_port: 1}"));
	write_file("sub/c.yml", RULE("c", "{dst_port: 3}"));
	write_file("sub/readme.txt", "no rule");
	write_file(".hidden.yml", "no rule");
	set = rule_set_load(paths, 1, &plain, why, sizeof why);
	ck_assert_msg(set != NULL, "%s", why);
	ck_assert_uint_eq(set->report_count, 3);
	ck_assert_uint_eq(set->loaded, 3);
	ck_assert_str_eq(set->rule[0]->id, "a");
	ck_assert_str_eq(set->rule[2]->id, "c");
	ck_assert_ptr_nonnull(strstr(set->rule[2]->path, "/sub/c.yml"));
	rule_set_free(set);
	paths[0] = "/nowhere/at/all";
	ck_assert_ptr_null(rule_set_load(paths, 1, &plain, why, sizeof why));
	ck_assert_str_eq(why, "/nowhere/at/all: No such file or directory");
}
END_TEST

START_TEST(variables)
{
	struct rule_options options = {.vars = path_of("vars")};
	struct rule_set *set;

	write_file("vars", "ports: [22, 23]\nname: drop\n");
	set = load_with(RULE("a", "{dst_port|expand: ['%ports%', 80], "
				  "prefix|contains|expand: '%name%-%ports%'}"),
	    &options);
	ck_assert_ptr_nonnull(set);
	ck_assert_uint_eq(set->refused, 1);
	rule_set_free(set);
	set = load_with(RULE("a", "{dst_port|expand: '%ports%', "
				  "prefix|contains|expand: '%name%-%ports%'}"),
	    &options);
	ck_assert_msg(set->loaded == 1, "%s", set->report[0].reason);
	ck_assert_str_eq(set->rule[0]->text, "dport:22,23 prefix:*drop-22*,*drop-23*");
	rule_set_free(set);
	/* Without anybody to ask the list is taken as it is. */
	set = load_with(RULE("a", "{src_ip|expand: '%scanners%'}"), &options);
	ck_assert_str_eq(set->rule[0]->text, "src:@scanners");
	ck_assert_ptr_nonnull(strstr(set->report[0].warning, "@scanners"));
	rule_set_free(set);
	write_file("vars", "ports: [22\n");
	ck_assert_ptr_null(rule_set_new(&options, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "/vars:"));
}
END_TEST

START_TEST(overrides)
{
	struct rule_options options = {.overrides = path_of("overrides")};
	struct rule_set *set;
	const struct rule *c;

	write_file("overrides",
	    "c:\n  level: critical\n  threshold: 50\n  timespan: 1h\n  group-by: "
	    "[dst_ip]\n"
	    "  group-mask: {ipv6: 64}\n  suppress: 2h\n  repeat: 1d\n  resolve: 10m\n"
	    "  actions: [siem, mail]\nr2:\n  enabled: false\n  group-by: [dst_port]\n");
	set = load_with(BASE CORRELATION("c", "type: event_count, rules: [r1], " GROUP
					      ", condition: {gt: 5}"),
	    &options);
	ck_assert_msg(set != NULL, "%s", why);
	c = rule_set_find(set, "c");
	ck_assert_int_eq(c->level, RULE_CRITICAL);
	ck_assert_uint_eq(c->lower, 50);
	ck_assert_uint_eq(c->timespan_us, UINT64_C(3600000000));
	ck_assert_uint_eq(set->longest_us, UINT64_C(3600000000));
	ck_assert_str_eq(c->key[0].source[0].field->name, "dst");
	ck_assert_uint_eq(c->mask6, 64);
	ck_assert_uint_eq(c->mask4, 32);
	ck_assert_uint_eq(c->suppress_us, UINT64_C(7200000000));
	ck_assert_uint_eq(c->repeat_us, UINT64_C(86400000000));
	ck_assert_uint_eq(c->resolve_us, UINT64_C(600000000));
	ck_assert_uint_eq(c->actions.count, 2);
	ck_assert_str_eq(c->actions.at[1], "mail");
	ck_assert(!rule_set_find(set, "r2")->alerts);
	ck_assert_uint_eq(rule_set_find(set, "r2")->key_count, 1);
	rule_set_free(set);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_overrides[] = {
    {"nobody:\n  level: low\n", "overrides:1: there is no rule nobody"},
    {"r1:\n  levle: low\n", "overrides:2: unknown key levle"},
    {"r1:\n  level: loud\n", "overrides:2: level:"},
    {"r1:\n  threshold: 5\n", "counts nothing"},
    {"r1:\n  timespan: 5m\n", "is no correlation"},
    {"r1: 5\n", "overrides:1: a map"},
    {"r1:\n  suppress: 5\n", "overrides:2: suppress:"},
    {"r1:\n  group-mask: {ipv4: 33}\n", "at most 32 bits"},
    {"r1:\n  group-mask: {ipx: 3}\n", "ipv4 and ipv6"},
    {"r1:\n  enabled: perhaps\n", "true or false"},
    {"- r1\n", "a map is expected"},
    {"r1: {\n", "no YAML"},
};

START_TEST(bad_override)
{
	struct rule_options options = {.overrides = path_of("overrides")};
	struct rule_set *set;

	write_file("overrides", bad_overrides[_i].text);
	set = rule_set_new(&options, why, sizeof why);
	if (set != NULL) {
		rule_set_free(set);
		ck_assert_ptr_null(load_with(BASE, &options));
	}
	ck_assert_msg(strstr(why, bad_overrides[_i].says) != NULL, "%s: %s",
	    bad_overrides[_i].text, why);
}
END_TEST

/* Nobody knows what the firewall did without a prefix map. */
START_TEST(no_prefix_map)
{
	struct rule_options options = {.has_prefix_map = false};
	struct rule_set *set = load_with(
	    RULE("a", "{blocked: true}") NEXT RULE("b", "{dst_port: 1}"), &options);

	ck_assert_uint_eq(set->loaded, 2);
	ck_assert(set->rule[0]->needs_verdict);
	ck_assert_ptr_nonnull(strstr(set->report[0].warning, "prefix map"));
	ck_assert(!set->rule[1]->needs_verdict);
	ck_assert_ptr_null(set->report[1].warning);
	rule_set_free(set);
}
END_TEST

static void
remove_folder(void)
{
	static const char *const names[] = {"b.yml", "a.yaml", "sub/c.yml",
	    "sub/readme.txt", ".hidden.yml", "vars", "overrides", "sub"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)remove(path_of(names[i]));
	(void)rmdir(folder);
}

int
main(void)
{
	Suite *s = suite_create("sigma_set");
	TCase *t = tcase_create("sigma_set");
	SRunner *runner = srunner_create(s);
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, classes);
	tcase_add_loop_test(t, logsource, 0, sizeof sources / sizeof sources[0]);
	tcase_add_test(t, about);
	tcase_add_loop_test(t, document, 0, sizeof documents / sizeof documents[0]);
	tcase_add_test(t, twins);
	tcase_add_test(t, too_large);
	tcase_add_test(t, correlation);
	tcase_add_loop_test(t, bound, 0, sizeof bounds / sizeof bounds[0]);
	tcase_add_loop_test(t, timespan, 0, sizeof spans / sizeof spans[0]);
	tcase_add_test(t, chain);
	tcase_add_test(t, too_long_a_chain);
	tcase_add_loop_test(t, wrong_correlation, 0, sizeof wrong / sizeof wrong[0]);
	tcase_add_test(t, inherited_class);
	tcase_add_test(t, filters);
	tcase_add_test(t, hashes);
	tcase_add_test(t, folders);
	tcase_add_test(t, variables);
	tcase_add_test(t, overrides);
	tcase_add_loop_test(
	    t, bad_override, 0, sizeof bad_overrides / sizeof bad_overrides[0]);
	tcase_add_test(t, no_prefix_map);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_folder();
	return failed != 0;
}
