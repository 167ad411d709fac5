/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers of import: kernel text, stamps in front of it, the journal, keys. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/import_journal.h"
#include "ctl/import_log.h"
#include "ctl/import_seen.h"
#include "ctl/import_stamp.h"

#define IP "SRC=192.0.2.9 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=53 ID=1 "
#define TCP "PROTO=TCP SPT=40000 DPT=22 WINDOW=1 RES=0x00 SYN URGP=0"

static struct import_row row;
static struct import_why why;

static enum import_kind
parse(const char *text)
{
	row = (struct import_row){0};
	why.text[0] = '\0';
	return import_log_parse(text, strlen(text), &row, &why);
}

static void
check_event(const char *text)
{
	ck_assert_msg(parse(text) == IMPORT_EVENT, "%s: %s", text, why.text);
}

static void
check_reject(const char *text, const char *reason)
{
	ck_assert_msg(parse(text) == IMPORT_REJECT, "%s", text);
	ck_assert_msg(strstr(why.text, reason) != NULL, "%s: %s", text, why.text);
}

static const char *
address(const struct ip_addr *a)
{
	static char text[64];

	return ip_addr_text(a, text, sizeof text);
}

static void
check_span(struct span s, const char *text)
{
	ck_assert_msg(s.len == strlen(text) && memcmp(s.p, text, s.len) == 0,
	    "\"%.*s\" is not \"%s\"", (int)s.len, s.p != NULL ? s.p : "", text);
}

START_TEST(finds_the_kernels_text)
{
	const char *line = "x IN=eth0 and OUT= later IN=eth1 OUT=eth2 SRC=";

	ck_assert_str_eq(import_log_find(line, strlen(line)), "IN=eth1 OUT=eth2 SRC=");
	ck_assert_ptr_null(import_log_find("IN=eth0", 7));
	ck_assert_ptr_null(import_log_find("LOGIN=root from x", 17));
	ck_assert_ptr_null(import_log_find("", 0));
	line = "PREFIXIN= OUT=eth2 ";
	ck_assert_str_eq(import_log_find(line, strlen(line)), "IN= OUT=eth2 ");
}
END_TEST

START_TEST(all_of_a_tcp_packet)
{
	struct event *ev = &row.ev;

	check_event(
	    "IN=eth0 OUT=eth1 PHYSIN=p0 PHYSOUT=p1 "
	    "MAC=02:00:00:00:00:02:02:00:00:00:00:01:08:00 SRC=192.0.2.9 "
	    "DST=198.51.100.1 LEN=60 TOS=0x08 PREC=0x20 TTL=53 ID=4711 DF "
	    "PROTO=TCP SPT=0 DPT=65535 SEQ=1 ACK=2 WINDOW=64240 RES=0x00 CWR ECE "
	    "URG ACK PSH RST SYN FIN URGP=0 OPT (020405B4) UID=1000 GID=100 "
	    "MARK=0xffffffff ");
	check_span(row.name[IMPORT_IN], "eth0");
	check_span(row.name[IMPORT_OUT], "eth1");
	check_span(row.name[IMPORT_PHYSIN], "p0");
	check_span(row.name[IMPORT_PHYSOUT], "p1");
	ck_assert_str_eq(address(&ev->src), "192.0.2.9");
	ck_assert_str_eq(address(&ev->dst), "198.51.100.1");
	ck_assert(EVENT_HAS(ev, sport) && ev->sport == 0);
	ck_assert_uint_eq(ev->dport, 65535);
	ck_assert_uint_eq(ev->tcp_flags, 255);
	ck_assert_uint_eq(ev->tos, 0x28);
	ck_assert_uint_eq(ev->ttl, 53);
	ck_assert_uint_eq(ev->len, 60);
	ck_assert_uint_eq(ev->uid, 1000);
	ck_assert_uint_eq(ev->gid, 100);
	ck_assert_uint_eq(ev->mark, UINT32_MAX);
	ck_assert_uint_eq(ev->family, 2);
	ck_assert_uint_eq(ev->ethertype, 0x800);
	ck_assert_uint_eq(ev->src_mac.byte[5], 1);
	ck_assert_uint_eq(ev->dst_mac.byte[5], 2);
	ck_assert(!EVENT_HAS(ev, frag_offset) && !EVENT_HAS(ev, hw_header));
}
END_TEST

START_TEST(other_protocols)
{
	struct event *ev = &row.ev;

	check_event("IN=eth0 OUT= " IP "PROTO=ICMP TYPE=3 CODE=4 [SRC=10.0.0.1 "
		    "DST=10.0.0.2 LEN=40 PROTO=TCP INCOMPLETE [8 bytes] ] MTU=1400 ");
	ck_assert_uint_eq(ev->icmp_type, 3);
	ck_assert_str_eq(address(&ev->inner_dst), "10.0.0.2");
	ck_assert_uint_eq(ev->inner_proto, 6);
	ck_assert_str_eq(address(&ev->src), "192.0.2.9");
	check_event("IN=eth0 OUT= " IP "FRAG:185 PROTO=UDP ");
	ck_assert_uint_eq(ev->frag_offset, 1480);
	ck_assert(!EVENT_HAS(ev, sport));
	check_event("IN=eth0 OUT= " IP "MF PROTO=UDP SPT=1 DPT=2 LEN=8 ");
	ck_assert(EVENT_HAS(ev, frag_offset) && ev->frag_offset == 0);
	check_event(
	    "IN=eth0 OUT= SRC=2001:db8::1 DST=2001:db8::2 LEN=72 TC=8 HOPLIMIT=9 "
	    "FLOWLBL=1 FRAG:1480 INCOMPLETE ID:0000000a PROTO=ICMPv6 ");
	ck_assert_uint_eq(ev->frag_offset, 1480);
	ck_assert_uint_eq(ev->proto, 58);
	ck_assert_uint_eq(ev->family, 10);
	ck_assert_uint_eq(ev->tos, 8);
	check_event("IN=eth0 OUT= " IP "PROTO=AH SPI=0xdeadbeef ");
	ck_assert_uint_eq(ev->spi, 0xdeadbeef);
	check_event("IN=tun0 OUT= MAC=45:00:00:54 " IP "PROTO=47 ");
	ck_assert_uint_eq(ev->proto, 47);
	ck_assert_uint_eq(ev->hw_header.len, 4);
	check_event("IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=2 "
		    "MACSRC=02:00:00:00:00:01 IPSRC=10.0.0.1 "
		    "MACDST=02:00:00:00:00:02 IPDST=10.0.0.2");
	ck_assert_uint_eq(ev->arp_op, 2);
	ck_assert_uint_eq(ev->family, 3);
}
END_TEST

/* Every cut of a line: never more than the line says, and no half of a number. */
START_TEST(lines_cut_anywhere)
{
	static const char line[] = "IN=eth0 OUT= " IP TCP " MARK=0x1f ";
	int events = 0;

	for (size_t len = 0; len < sizeof line - 1; len++) {
		row = (struct import_row){0};
		if (import_log_parse(line, len, &row, &why) != IMPORT_EVENT)
			continue;
		events++;
		ck_assert_str_eq(address(&row.ev.src), "192.0.2.9");
		ck_assert_str_eq(address(&row.ev.dst), "198.51.100.1");
		ck_assert(!EVENT_HAS(&row.ev, dport) || row.ev.dport == 22);
		ck_assert(!EVENT_HAS(&row.ev, sport) || row.ev.sport == 40000);
		ck_assert(!EVENT_HAS(&row.ev, len) || row.ev.len == 60);
		ck_assert(!EVENT_HAS(&row.ev, tcp_flags) || row.ev.tcp_flags == 2);
	}
	ck_assert_int_gt(events, 50);
}
END_TEST

START_TEST(what_cannot_be_is_rejected)
{
	check_reject("IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100", "no addresses");
	check_reject("IN=eth0 OUT= ", "no addresses");
	check_reject(
	    "IN=eth0 OUT= SRC=192.0.2.256 DST=198.51.100.1 ", "SRC=192.0.2.256");
	check_reject("IN=eth0 OUT= " IP "PROTO=TCP SPT=65536 DPT=1 ", "SPT=65536");
	check_reject("IN=eth0 OUT= " IP "PROTO=TCPX SPT=1 DPT=1 ", "PROTO=TCPX");
	check_reject("IN=eth0 OUT= MAC=0g:00 " IP TCP, "MAC=0g:00");
	check_reject(
	    "IN=eth0 OUT= SRC=192.0.2.9 drop:IN=eth1 OUT= " IP TCP, "two messages");
	check_reject("IN=eth0 OUT= SRC= DST= ", "SRC=");
}
END_TEST

/* ---- stamps */

static uint64_t
stamp_of(int year, const char *line, struct import_stamp *stamp)
{
	struct import_clock clock;

	/* 2026-11-21 00:00 UTC */
	import_clock_start(&clock, year, 1795219200, 1000000);
	if (import_stamp_read(&clock, line, strlen(line), stamp, &why) != IMPORT_EVENT)
		return 0;
	return stamp->ts_us;
}

START_TEST(stamps_of_all_kinds)
{
	static const struct {
		const char *line;
		uint64_t ts_us;
		const char *host, *message;
	} cases[] = {
	    {"Nov 20 14:05:01 fw kernel: [1.5] x", 1795183501000000, "fw", "x"},
	    {"Nov  2 14:05:01.25 fw kernel: x", 1793628301250000, "fw", "x"},
	    {"<4>Nov 20 14:05:01 fw ulogd[7]: a b", 1795183501000000, "fw", "a b"},
	    {"Dec 31 23:59:59 fw kernel: x", 1767225599000000, "fw", "x"},
	    {"2026-11-20T15:05:01.5+01:00 fw kernel: x", 1795183501500000, "fw", "x"},
	    {"2026-11-20T14:05:01+0000 fw kernel: x", 1795183501000000, "fw", "x"},
	    {"Fri 2026-11-20 14:05:01 UTC fw kernel: x", 1795183501000000, "fw", "x"},
	    {"1795183501.000001 fw kernel: x", 1795183501000001, "fw", "x"},
	    {"<4>1 2026-11-20T14:05:01Z fw kernel - - - \xef\xbb\xbf[9.9] x",
		1795183501000000, "fw", "x"},
	    {"<4>1 2026-11-20T14:05:01Z fw k 1 2 [a b=\"\\\"]\"][c] x",
		1795183501000000, "fw", "x"},
	    {"[Fri Nov 20 14:05:01 2026] x", 1795183501000000, "", "x"},
	    {"2026-11-20T14:05:01,000002+00:00 x", 1795183501000002, "", "x"},
	    {"[   12.500000] x", 13500000, "", "x"},
	    {"[   12.500000] fw kernel: x", 13500000, "fw", "x"},
	};
	struct import_stamp stamp;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t ts_us = stamp_of(0, cases[i].line, &stamp);

		ck_assert_msg(ts_us == cases[i].ts_us, "%s: %llu", cases[i].line,
		    (unsigned long long)ts_us);
		check_span(stamp.message, cases[i].message);
		if (cases[i].host[0] != '\0')
			check_span(stamp.host, cases[i].host);
		else
			ck_assert_ptr_null(stamp.host.p);
	}
}
END_TEST

START_TEST(heads_that_are_none)
{
	static const char *const lines[] = {"", "x", "Nov",
	    "Nov 20 25:00:00 fw kernel: x", "Nov 32 10:00:00 fw kernel: x",
	    "2026-13-01T00:00:00Z fw kernel: x", "[", "[x] y", "<4>", "2026-11-20"};
	struct import_stamp stamp;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		ck_assert_msg(stamp_of(0, lines[i], &stamp) == 0, "%s", lines[i]);
}
END_TEST

START_TEST(a_year_that_is_given_turns)
{
	struct import_clock clock;
	struct import_stamp stamp;
	const char *lines[] = {"Dec 31 23:59:59 fw kernel: x",
	    "Jan  1 00:00:00 fw kernel: x", "Dec 31 23:59:58 fw kernel: x"};
	uint64_t ts_us[3];

	import_clock_start(&clock, 2024, 1795219200, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    import_stamp_read(&clock, lines[i], strlen(lines[i]), &stamp, &why),
		    IMPORT_EVENT);
		ts_us[i] = stamp.ts_us;
	}
	ck_assert_uint_eq(ts_us[0], UINT64_C(1735689599000000));
	ck_assert_uint_eq(ts_us[1], UINT64_C(1735689600000000));
	ck_assert_uint_eq(ts_us[2], UINT64_C(1735689598000000));
}
END_TEST

/* ---- the journal */

static struct journal_entry entry;

START_TEST(entries_of_the_journal)
{
	const char *line =
	    "{ \"__CURSOR\" : \"s=1\", \"X\":[1,{\"a\":\"]}\"}], \"N\":null,"
	    "\"_HOSTNAME\":\"fw\",\"__REALTIME_TIMESTAMP\":\"5\","
	    "\"_SOURCE_REALTIME_TIMESTAMP\":\"4\","
	    "\"MESSAGE\":\"a \\\"b\\\" \\u00e9\\ud83d\\ude00\\n\"}";

	ck_assert(journal_read_json(line, strlen(line), &entry));
	check_span(entry.host, "fw");
	check_span(entry.cursor, "s=1");
	check_span(entry.message, "a \"b\" \xc3\xa9\xf0\x9f\x98\x80\n");
	ck_assert_uint_eq(entry.ts_us, 4);
	line = "{\"MESSAGE\":[73, 78,61]}";
	ck_assert(journal_read_json(line, strlen(line), &entry));
	check_span(entry.message, "IN=");
	ck_assert(!journal_read_json("{\"MESSAGE\":\"x", 13, &entry));
	ck_assert(!journal_read_json("{\"MESSAGE\":\"\\u12\"}", 18, &entry));
	ck_assert(!journal_read_json("[]", 2, &entry));
}
END_TEST

/* ---- keys */

START_TEST(keys_are_counted)
{
	struct import_seen seen = {0};

	for (uint64_t i = 0; i < 20000; i++)
		ck_assert_uint_eq(import_seen_add(&seen,
				      i * UINT64_C(0x9e3779b97f4a7c15), (uint32_t)i),
		    1);
	ck_assert_uint_eq(import_seen_add(&seen, 0, 0), 2);
	ck_assert_uint_eq(import_seen_count(&seen, UINT64_C(0x9e3779b97f4a7c15)), 1);
	ck_assert_uint_eq(import_seen_count(&seen, 12345), 0);
	import_seen_forget(&seen, 10000);
	ck_assert_uint_eq(import_seen_count(&seen, 0), 0);
	ck_assert_uint_eq(
	    import_seen_count(&seen, 10000 * UINT64_C(0x9e3779b97f4a7c15)), 1);
	ck_assert_uint_eq(seen.used, 10000);
	import_seen_clear(&seen);
	ck_assert_uint_eq(seen.used, 0);
	import_seen_free(&seen);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("import");
	TCase *log = tcase_create("log"), *stamp = tcase_create("stamp");
	SRunner *runner;
	int failed;

	setenv("TZ", "UTC", 1);
	tzset();
	tcase_add_test(log, finds_the_kernels_text);
	tcase_add_test(log, all_of_a_tcp_packet);
	tcase_add_test(log, other_protocols);
	tcase_add_test(log, lines_cut_anywhere);
	tcase_add_test(log, what_cannot_be_is_rejected);
	tcase_add_test(stamp, stamps_of_all_kinds);
	tcase_add_test(stamp, heads_that_are_none);
	tcase_add_test(stamp, a_year_that_is_given_turns);
	tcase_add_test(stamp, entries_of_the_journal);
	tcase_add_test(stamp, keys_are_counted);
	suite_add_tcase(suite, log);
	suite_add_tcase(suite, stamp);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
