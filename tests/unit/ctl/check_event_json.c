/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as fwlogctl search --json prints them, read back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/event_json.h"

static struct names *names;
static struct event_json *reader;
static struct event ev;
static int32_t host_id;
static int64_t n;
static const char *why;

static void
setup(void)
{
	names = names_new();
	ck_assert_ptr_nonnull(names);
	reader = event_json_new(names);
	ck_assert_ptr_nonnull(reader);
}

static void
teardown(void)
{
	event_json_free(reader);
	names_free(names);
}

/* In memory of its exact size. */
static int
read_line(const char *line)
{
	size_t len = strlen(line);
	char *copy = malloc(len > 0 ? len : 1);
	int rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, line, len);
	why = NULL;
	rc = event_json_read(reader, copy, len, &ev, &host_id, &n, &why);
	free(copy);
	return rc;
}

static void
take(const char *line)
{
	ck_assert_msg(
	    read_line(line) == 0, "%s: %s", line, why != NULL ? why : "no reason");
}

static void
refuse(const char *line, const char *reason)
{
	ck_assert_msg(read_line(line) == -1, "%s", line);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, reason) != NULL, "%s: %s", line, why);
}

static void
check_name(enum filter_dict dict, uint32_t id, const char *text)
{
	struct bytes b = names_string(names, dict, id);

	ck_assert_msg(b.len == strlen(text) && memcmp(b.p, text, b.len) == 0,
	    "%.*s, not %s", (int)b.len, (const char *)b.p, text);
}

static void
check_address(const struct ip_addr *a, const char *text)
{
	char buf[64];

	ck_assert_str_eq(ip_addr_text(a, buf, sizeof buf), text);
}

#define TIME "\"time\": \"2026-11-23T12:00:00.000001Z\""

START_TEST(a_whole_event)
{
	take(
	    "{" TIME
	    ", \"host\": \"fw1\", \"n\": 42, \"prefix\": \"drop \", \"verdict\": "
	    "\"drop\", \"in_iface\": \"eth0\", \"out_iface\": null, \"src_ip\": "
	    "\"192.0.2.1\", \"dst_ip\": \"2001:db8::1\", \"src_port\": 65535, "
	    "\"dst_port\": 22, \"protocol\": \"tcp\", \"tcp_flags\": \"SYN,ACK\", "
	    "\"length\": 60, \"family\": \"ipv4\", \"hook\": \"forward\", \"src_mac\": "
	    "\"00:16:3e:0a:0b:0c\", \"netns\": \"blue\", \"mark\": 4294967295}");
	ck_assert_uint_eq(ev.ts, UINT64_C(1795435200000001));
	ck_assert_int_eq(n, 42);
	check_name(FILTER_HOST, (uint32_t)host_id, "fw1");
	check_name(FILTER_PREFIX, ev.prefix_id, "drop ");
	check_name(FILTER_IFACE, ev.in_id, "eth0");
	check_name(FILTER_NETNS, ev.netns_id, "blue");
	ck_assert(!EVENT_HAS(&ev, out_id));
	check_address(&ev.src, "192.0.2.1");
	check_address(&ev.dst, "2001:db8::1");
	ck_assert_uint_eq(ev.sport, 65535);
	ck_assert_uint_eq(ev.dport, 22);
	ck_assert_uint_eq(ev.proto, 6);
	ck_assert_uint_eq(ev.tcp_flags, 0x12);
	ck_assert_uint_eq(ev.len, 60);
	ck_assert_uint_eq(ev.family, 2);
	ck_assert_uint_eq(ev.hook, 2);
	ck_assert_uint_eq(ev.mark, UINT32_MAX);
	ck_assert_mem_eq(ev.src_mac.byte, "\0\x16\x3e\x0a\x0b\x0c", 6);
	ck_assert_int_eq(names_verdict(names, host_id, &ev), FILTER_DROP);
}
END_TEST

/* Prefixes of one text and two verdicts are two, other names are one. */
START_TEST(names_have_numbers)
{
	uint32_t drop, accept;
	int32_t host;

	take("{" TIME ", \"host\": \"a\", \"prefix\": \"p\", \"verdict\": \"drop\"}");
	drop = ev.prefix_id;
	host = host_id;
	take("{" TIME ", \"prefix\": \"p\", \"verdict\": \"accept\", \"host\": \"a\"}");
	accept = ev.prefix_id;
	ck_assert_uint_ne(drop, accept);
	ck_assert_int_eq(host, host_id);
	ck_assert_int_eq(names_verdict(names, host_id, &ev), FILTER_ACCEPT);
	take("{" TIME ", \"prefix\": \"p\", \"verdict\": \"drop\", \"host\": \"b\"}");
	ck_assert_uint_eq(ev.prefix_id, drop);
	ck_assert_int_ne(host, host_id);
	take("{" TIME ", \"prefix\": \"p\"}");
	ck_assert_int_eq(names_verdict(names, host_id, &ev), FILTER_UNKNOWN);
	ck_assert_int_eq(host_id, 0);
	check_name(FILTER_PREFIX, ev.prefix_id, "p");
}
END_TEST

START_TEST(strings_have_escapes)
{
	take("{" TIME ", \"prefix\": "
	     "\"a\\\"b\\\\c\\/d\\tq\\u00e9\\u20ac\\ud83d\\ude00\"}");
	check_name(FILTER_PREFIX, ev.prefix_id,
	    "a\"b\\c/d\tq\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	take("{" TIME ", \"\\u0068ost\": \"x\"}");
	check_name(FILTER_HOST, (uint32_t)host_id, "x");
}
END_TEST

START_TEST(hooks_go_by_the_family)
{
	take("{" TIME ", \"hook\": \"input\"}");
	ck_assert_uint_eq(ev.hook, 1);
	take("{" TIME ", \"hook\": \"input\", \"family\": \"arp\"}");
	ck_assert_uint_eq(ev.hook, 0);
	take("{" TIME ", \"family\": \"arp\", \"hook\": \"output\"}");
	ck_assert_uint_eq(ev.hook, 1);
	take("{" TIME ", \"hook\": \"ingress\", \"family\": \"netdev\"}");
	ck_assert_uint_eq(ev.hook, 0);
	take("{" TIME ", \"hook\": null}");
	ck_assert(!EVENT_HAS(&ev, hook));
}
END_TEST

START_TEST(what_is_not_known_is_passed_over)
{
	take(" {\"new\": {\"a\": [1, {\"b\": null}], \"c\": \"}\"}, " TIME
	     ", \"x\": true, \"y\": [], \"z\": {}, \"w\": -1.5e3} ");
	ck_assert_uint_eq(ev.has, UINT64_C(1) << EVENT_I_ts);
	take("{" TIME "}");
	ck_assert_int_eq(n, 2); /* the line's number */
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	static const char *const cut[] = {"", " ", "x", "[]", "{", "{}", "{\"time\"",
	    "{\"time\":", "{" TIME, "{" TIME ",", "{" TIME ",}",
	    "{" TIME ", \"a\": [1}", "{" TIME ", \"a\": \"x}", "{" TIME ", \"a\": \"\\",
	    "{" TIME ", \"a\": \"\\u12", "{" TIME ", \"a\" 1}", "{" TIME ", \"a\": }"};

	for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++)
		refuse(cut[i], "no JSON object");
	refuse("{\"host\": \"x\"}", "no time");
	refuse("{\"time\": null}", "no time");
	refuse("{\"time\": \"yesterday, or so\"}", "does not fit");
	refuse("{" TIME ", \"src_ip\": \"10.0.0.256\"}", "does not fit");
	refuse("{" TIME ", \"dst_ip\": 7}", "does not fit");
	refuse("{" TIME ", \"dst_port\": \"ssh\"}", "does not fit");
	refuse("{" TIME ", \"dst_port\": -1}", "does not fit");
	refuse("{" TIME ", \"src_mac\": \"00:11\"}", "does not fit");
	refuse("{" TIME ", \"protocol\": \"nosuch\"}", "does not fit");
}
END_TEST

/* A text of any length and any depth ends. */
START_TEST(much_is_bounded)
{
	size_t room = 100000;
	char *line = malloc(room + 200);
	int len;

	ck_assert_ptr_nonnull(line);
	len = sprintf(line, "{" TIME ", \"host\": \"");
	memset(line + len, 'h', room);
	strcpy(line + len + room, "\"}");
	take(line);
	ck_assert_uint_le(
	    names_string(names, FILTER_HOST, (uint32_t)host_id).len, RECORD_STRING_MAX);
	len = sprintf(line, "{" TIME ", \"x\": ");
	memset(line + len, '[', room);
	line[(size_t)len + room] = '\0';
	refuse(line, "no JSON object");
	free(line);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("event_json");
	TCase *t = tcase_create("event_json");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_whole_event);
	tcase_add_test(t, names_have_numbers);
	tcase_add_test(t, strings_have_escapes);
	tcase_add_test(t, hooks_go_by_the_family);
	tcase_add_test(t, what_is_not_known_is_passed_over);
	tcase_add_test(t, what_is_no_event_is_refused);
	tcase_add_test(t, much_is_bounded);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
