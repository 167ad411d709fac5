/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter.h"

static struct filter_error error;
static const char *strings[] = {"DROP input ", "accept", "eth0", "blue", "",
    "a\xff"
    "b"};
static unsigned asked; /* how often a string was */
static enum filter_verdict verdict;

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	(void)arg;
	(void)dict;
	asked++;
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

static struct filter_source source = {
    .host = {(const uint8_t *)"web1", 4},
    .string = string_of,
    .verdict = verdict_of,
    .strings = 4,
    .generation = 1,
};

static int
add_all(struct filter_list *list, const char *const *entry)
{
	int rc = 0;

	for (; *entry != NULL; entry++)
		rc |= filter_list_add(list, *entry, strlen(*entry));
	return rc;
}

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	static const char *const nets[] = {"10.0.0.0/8", "2001:db8::/32", NULL};
	static const char *const bad[] = {"10.0.0.0/8", "bogus", NULL};
	static const char *const nested[] = {"@nets", NULL};
	char text[32];

	(void)arg;
	if (strcmp(name, "nets") == 0)
		return add_all(list, nets);
	if (strcmp(name, "bad") == 0)
		return add_all(list, bad);
	if (strcmp(name, "nested") == 0)
		return add_all(list, nested);
	if (strcmp(name, "million") == 0) {
		/* Every other /31 of 10.0.0.0/8 and more. */
		for (uint32_t i = 0; i < 1000000; i++) {
			uint32_t a = (UINT32_C(10) << 24) + 4 * i;

			snprintf(text, sizeof text, "%u.%u.%u.%u/31", a >> 24,
			    a >> 16 & 255, a >> 8 & 255, a & 255);
			if (filter_list_add(list, text, strlen(text)) < 0)
				return -1;
		}
		return 0;
	}
	snprintf(why, whysize, "there is no list %s", name);
	return -1;
}

static const struct filter_lists lists = {read_list, NULL};

static struct filter *
compile(const char *text)
{
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	struct filter *f;

	ck_assert_msg(tree != NULL, "%s: %s", text, error.message);
	f = filter_compile(
	    tree, &lists, FILTER_CAN_VERDICT | FILTER_CAN_ID | FILTER_CAN_LINE, &error);
	filter_tree_free(tree);
	return f;
}

static bool
selects(const char *text, const struct event *ev)
{
	struct filter *f = compile(text);
	bool yes;

	ck_assert_msg(f != NULL, "%s: %s", text, error.message);
	filter_begin(f, &source);
	yes = filter_match_stored(f, ev, 3, 77);
	filter_free(f);
	return yes;
}

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

	EVENT_SET(ev, src, ip("10.1.2.3"));
	EVENT_SET(ev, dst, ip("203.0.113.9"));
	EVENT_SET(ev, sport, 40000);
	EVENT_SET(ev, dport, 22);
	EVENT_SET(ev, proto, 6);
	EVENT_SET(ev, tcp_flags, 0x02);
	EVENT_SET(ev, family, 2);
	EVENT_SET(ev, hook, 1);
	EVENT_SET(ev, mark, 0x1234);
	EVENT_SET(ev, len, 60);
	EVENT_SET(ev, prefix_id, 0);
	EVENT_SET(ev, in_id, 2);
	EVENT_SET(ev, netns_id, 3);
	memcpy(e.src_mac.byte, "\x00\x16\x3e\x01\x02\x03", 6);
	e.has |= UINT64_C(1) << EVENT_I_src_mac;
	return e;
}

static const struct {
	const char *text;
	bool yes;
} cases[] = {
    {"", true},
    {"src:10.0.0.0/8", true},
    {"src:10.1.2.2", false},
    {"src:10.1.2.2-10.1.2.4", true},
    {"src:0.0.0.0/0", true},
    {"src:::/0", false},
    {"src:private", true},
    {"dst:private", false},
    {"dst:public", true},
    {"ip:203.0.113.0/24", true},
    {"-ip:203.0.113.0/24", false},
    {"src:@nets", true},
    {"dst:@nets", false},
    {"dport:22", true},
    {"dport:ssh,80", true},
    {"dport:1-21,23-100", false},
    {"dport:1,3,5,7,9,11,13,15,17,19,21,22", true},
    {"dport:1,3,5,7,9,11,13,15,17,19,21,23", false},
    {"sport:1-3,5-7,9-11,13-15,17-19,39999-40001", true},
    {"port:40000", true},
    {"port:41", false},
    {"-port:41", true},
    {"dport:>21 dport:>=22 dport:<23 dport:<=22", true},
    {"dport:>22", false},
    {"dport:<22", false},
    {"dport:>65535", false},
    {"-dport:>65535", true},
    {"dport:<0", false},
    {"proto:tcp", true},
    {"proto:udp,icmp", false},
    {"host:web1", true},
    {"host:WEB*", true},
    {"-host:web1", false},
    {"host:web", false},
    {"prefix:\"drop input\"", true},
    {"prefix:drop", false},
    {"prefix:*input", true},
    {"prefix:*input\\ ", true},
    {"prefix:dr?p*", true},
    {"prefix:/DROP/", true},
    {"prefix:/drop/", false},
    {"prefix:/drop/i", true},
    {"prefix:/ $/", true},
    {"drop", true},
    {"in:eth0", true},
    {"if:eth*", true},
    {"out:eth0", false},
    {"-out:eth0", true},
    {"netns:blue", true},
    {"flags:S", true},
    {"flags:S-A", true},
    {"flags:SA", false},
    {"flags:-A", true},
    {"flags:2", true},
    {"flags:3", false},
    {"mark:0x1234", true},
    {"mark:0x34/0xff", true},
    {"mark:0x35/0xff", false},
    {"mark:0x1000-0x2000", true},
    {"mac:00:16:3e:*", true},
    {"mac:00:16:3e:01:02:03", true},
    {"dmac:00:16:3e:*", false},
    {"hook:input", true},
    {"hook:1", true},
    {"hook:forward", false},
    {"hook:>0", true},
    {"verdict:drop", true},
    {"verdict:accept,reject", false},
    {"verdict:unknown", false},
    {"has:verdict", true},
    {"id:3-77", true},
    {"id:3-78,4-77", false},
    {"has:src", true},
    {"has:uid", false},
    {"has:if", true},
    {"has:host has:id", true},
    {"has:payload", false},
    /* What is absent: no term about it holds, each negation does. */
    {"uid:0", false},
    {"-uid:0", true},
    {"uid!=0", true},
    {"ttl:>=0", false},
    {"-ttl:>=0", true},
    {"type:8 OR -type:8", true},
    {"-(type:8 -type:8)", true},
    {"inner.src:0.0.0.0/0", false},
    {"physin:*", false},
    {"-physin:*", true},
    {"-(uid:0 OR dport:23) (tcp OR udp) -(src:10.0.0.0/8 dport:23)", true},
};

START_TEST(matching)
{
	struct event ev = sample();

	verdict = FILTER_DROP;
	ck_assert_msg(
	    selects(cases[_i].text, &ev) == cases[_i].yes, "%s", cases[_i].text);
}
END_TEST

/* 2026-01-01 is a Thursday, 2027-01-01 a Friday: of the last week of 2026. */
START_TEST(parts_of_time)
{
	static const struct {
		uint64_t s;
		const char *text;
	} times[] = {
	    {0, "year:1970 month:1 day:1 hour:0 minute:0 week:1"},
	    {1767225599, "year:2025 month:12 day:31 hour:23 minute:59 week:1"},
	    {1767225600, "year:2026 month:1 day:1 hour:0 minute:0 week:1"},
	    {1798761600, "year:2027 month:1 day:1 week:53"},
	    {1799020800, "year:2027 month:1 day:4 week:1"},
	    {1709208000, "year:2024 month:2 day:29 hour:12 week:9"},
	    {951782400, "year:2000 month:2 day:29"},
	};
	struct event ev = {0};

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		EVENT_SET(&ev, ts, times[i].s * 1000000);
		ck_assert_msg(selects(times[i].text, &ev), "%s", times[i].text);
	}
}
END_TEST

START_TEST(other_fields)
{
	struct event ev = sample();

	ck_assert(!selects("src:$dst", &ev));
	ck_assert(selects("-src:$dst", &ev));
	ck_assert(selects("ip:$src", &ev));
	ck_assert(selects("port:$sport", &ev));
	ck_assert(!selects("sport:$inner.sport", &ev));
	ev.dst = ev.src;
	ck_assert(selects("src:$dst", &ev));
	ev.dst.family = 6;
	ck_assert(!selects("src:$dst", &ev));
}
END_TEST

START_TEST(case_and_lines)
{
	struct event ev = sample();

	ck_assert(selects("prefix:=\"DROP input\"", &ev));
	ck_assert(!selects("prefix:=\"drop input\"", &ev));
	ck_assert(selects("prefix:=DROP*", &ev));
	ck_assert(!selects("prefix:=Drop*", &ev));
	ck_assert(selects("message:*src=10.1.2.3*", &ev));
	ck_assert(!selects("message:=*src=10.1.2.3*", &ev));
	ck_assert(selects("message:\"*\" OR message:/^web1 DROP input/", &ev));
	ck_assert(selects("message:/ PROTO=TCP SPT=40000 DPT=22 SYN/", &ev));
}
END_TEST

START_TEST(ipv6)
{
	struct event ev = sample();

	ev.src = ip("2001:db8::5");
	ck_assert(selects("src:2001:db8::/32", &ev));
	ck_assert(selects("src:2001:db8::1-2001:db8::9", &ev));
	ck_assert(selects("src:@nets", &ev));
	ck_assert(selects("src:public", &ev));
	ck_assert(!selects("src:0.0.0.0/0", &ev));
	ck_assert(!selects("src:2001:db8::/126", &ev));
	ev.src = ip("fe80::1");
	ck_assert(selects("src:private", &ev));
	ev.src = ip("ff02::1");
	ck_assert(!selects("src:private,public", &ev));
}
END_TEST

START_TEST(hooks_by_family)
{
	struct event ev = sample();

	ev.family = 3; /* arp */
	ev.hook = 0;
	ck_assert(selects("hook:input hook:0 -hook:prerouting", &ev));
	ev.family = 5; /* netdev */
	ck_assert(selects("hook:ingress hook:0 -hook:input", &ev));
	ev.has &= ~(UINT64_C(1) << EVENT_I_family);
	ck_assert(selects("hook:prerouting", &ev));
}
END_TEST

START_TEST(strings_are_asked_once)
{
	struct filter *f = compile("prefix:/DROP/ OR prefix:/x/");
	struct event ev = sample();

	ck_assert_ptr_nonnull(f);
	filter_begin(f, &source);
	asked = 0;
	for (unsigned i = 0; i < 1000; i++)
		ck_assert(filter_match(f, &ev));
	ck_assert_uint_eq(asked, 1);
	ev.prefix_id = 1;
	for (unsigned i = 0; i < 1000; i++)
		ck_assert(!filter_match(f, &ev));
	ck_assert_uint_eq(asked, 3);
	/* Ids beyond the table are asked about each time. */
	ev.prefix_id = 5;
	ck_assert(!filter_match(f, &ev));
	ck_assert(!filter_match(f, &ev));
	ck_assert_uint_eq(asked, 7);
	filter_free(f);
}
END_TEST

START_TEST(a_new_generation_forgets)
{
	struct filter *f = compile("prefix:accept");
	struct event ev = sample();

	ck_assert_ptr_nonnull(f);
	filter_begin(f, &source);
	ck_assert(!filter_match(f, &ev));
	strings[0] = "accept";
	filter_begin(f, &source);
	ck_assert(!filter_match(f, &ev));
	source.generation++;
	filter_begin(f, &source);
	ck_assert(filter_match(f, &ev));
	filter_free(f);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	struct event ev = sample();

	ev.prefix_id = 5;
	ck_assert(selects("prefix:\"a\\xffb\"", &ev));
	ck_assert(selects("prefix:/\\xff/", &ev));
	ck_assert(selects("prefix:a?b", &ev));
	ev.prefix_id = 4;
	ck_assert(selects("prefix:\"\"", &ev));
	ck_assert(selects("prefix:/^$/", &ev));
	ck_assert(selects("has:prefix", &ev));
}
END_TEST

START_TEST(regex_gives_up)
{
	static char hard[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
	struct filter *f = compile("prefix:/^(a+)+$/");
	struct event ev = sample();

	ck_assert_ptr_nonnull(f);
	strings[0] = hard;
	filter_begin(f, &source);
	ck_assert_uint_eq(filter_regex_failures(f), 0);
	ck_assert(!filter_match(f, &ev));
	ck_assert_uint_eq(filter_regex_failures(f), 1);
	filter_free(f);
}
END_TEST

START_TEST(a_million_networks)
{
	struct filter *f = compile("src:@million");
	struct event ev = sample();

	ck_assert_msg(f != NULL, "%s", error.message);
	filter_begin(f, &source);
	ev.src = ip("10.1.2.1");
	ck_assert(filter_match(f, &ev));
	ev.src = ip("10.1.2.2");
	ck_assert(!filter_match(f, &ev));
	ev.src = ip("10.61.9.0"); /* the last one is 10.61.8.252/31 */
	ck_assert(!filter_match(f, &ev));
	ev.src = ip("10.61.8.253");
	ck_assert(filter_match(f, &ev));
	filter_free(f);
}
END_TEST

static void
refuses(const char *text, unsigned can, const struct filter_lists *from, size_t column,
    const char *says)
{
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	struct filter *f;

	ck_assert_msg(tree != NULL, "%s: %s", text, error.message);
	f = filter_compile(tree, from, can, &error);
	ck_assert_msg(f == NULL, "%s compiles", text);
	ck_assert_msg(strstr(error.message, says) != NULL && error.column == column,
	    "%s: column %zu: %s", text, error.column, error.message);
	filter_tree_free(tree);
}

START_TEST(what_does_not_compile)
{
	refuses("tcp src:@none", 0, &lists, 9, "there is no list none");
	refuses("src:@bad", 0, &lists, 5, "\"bogus\" is no value of src");
	refuses("src:@nested", 0, &lists, 5, "one word");
	refuses("dport:@nets", 0, &lists, 7, "no value of dport");
	refuses("src:@nets", 0, NULL, 5, "no lists here");
	refuses("tcp verdict:drop", FILTER_CAN_ID, NULL, 5, "not available");
	refuses("message:x", FILTER_CAN_ID, NULL, 1, "not available");
	refuses("tcp -has:verdict", FILTER_CAN_ID, NULL, 6, "not available");
	refuses("tcp OR id:1-1", FILTER_CAN_VERDICT, NULL, 8, "not available");
	refuses(
	    "alert:x", FILTER_CAN_ID | FILTER_CAN_VERDICT, NULL, 1, "not available");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("filter_match");
	TCase *t = tcase_create("filter_match");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, matching, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(t, parts_of_time);
	tcase_add_test(t, other_fields);
	tcase_add_test(t, case_and_lines);
	tcase_add_test(t, ipv6);
	tcase_add_test(t, hooks_by_family);
	tcase_add_test(t, strings_are_asked_once);
	tcase_add_test(t, a_new_generation_forgets);
	tcase_add_test(t, bytes_that_are_no_text);
	tcase_add_test(t, regex_gives_up);
	tcase_add_test(t, a_million_networks);
	tcase_add_test(t, what_does_not_compile);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
