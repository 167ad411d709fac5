/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/locallog.h"

#include <check.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/format.h"
#include "common/log.h"

#define IP4(len, frag, proto)                            \
	"4540" len "1234" frag "40" proto "0000c0a80101" \
	"0a000002"
#define IP6(len, next) "6b812345" len next "39" SRC6 "20010db8000000000000000000000002"
#define SRC6 "20010db8000000000000000000000001"
#define IN4(proto)     \
	"4500003c0007" \
	"40003f" proto "00000a000002c0a80163"
#define ETHERNET                   \
	"020000000002020000000001" \
	"0800"

static struct batch_writer *strings;
static struct record rec;
static uint8_t payload[512], header[64];
static char text[16384];
static char folder[64], path[96];

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	while (sscanf(hex + 2 * n, "%2x", &byte) == 1)
		out[n++] = (uint8_t)byte;
	return n;
}

static uint16_t
intern(const char *s)
{
	int i = batch_intern(strings, s, strlen(s));

	ck_assert_int_ge(i, 0);
	return (uint16_t)i;
}

static void
setup(void)
{
	setenv("TZ", "<+0530>-05:30", 1);
	strings = batch_writer_new(0);
	ck_assert_ptr_nonnull(strings);
	batch_begin(strings);
	rec = (struct record){0};
	strcpy(folder, "/tmp/check_locallog.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/log", folder);
	log_init("check_locallog", LOG_LEVEL_ERROR, false);
}

static void
teardown(void)
{
	char old[128];

	batch_writer_free(strings);
	snprintf(old, sizeof old, "%s.1", path);
	unlink(old);
	unlink(path);
	rmdir(folder);
}

static void
set_payload(uint16_t family, uint16_t ethertype, const char *hex)
{
	size_t len = unhex(hex, payload);

	RECORD_SET(&rec, ts_us, UINT64_C(1700000000000042));
	RECORD_SET(&rec, family, (uint8_t)family);
	RECORD_SET(&rec, hw_proto, ethertype);
	RECORD_SET(&rec, payload, ((struct bytes){.p = payload, .len = (uint16_t)len}));
	RECORD_SET(&rec, pkt_len, (uint32_t)len);
}

static void
set_input(void)
{
	RECORD_SET(&rec, prefix, intern("DROP "));
	RECORD_SET(&rec, in, intern("eth0"));
	RECORD_SET(&rec, hw_type, 1);
	RECORD_SET(&rec, hw_header,
	    ((struct bytes){.p = header, .len = (uint16_t)unhex(ETHERNET, header)}));
}

static const char *
as_kernel(void)
{
	struct line line = {.at = text, .left = sizeof text - 1};
	struct event ev;
	struct packet pkt;

	event_from_record(&ev, &pkt, &rec);
	format_kernel(&line, &ev, &pkt, strings);
	ck_assert(!line.full);
	*line.at = '\0';
	return text;
}

static const char *
as_json(void)
{
	struct line line = {.at = text, .left = sizeof text - 1};
	struct line_clock clock = {.utc = true};
	struct event ev;
	struct packet pkt;

	event_from_record(&ev, &pkt, &rec);
	format_json(&line, &ev, &clock, strings);
	ck_assert(!line.full);
	*line.at = '\0';
	return text;
}

#define MAC "MAC=02:00:00:00:00:02:02:00:00:00:00:01:08:00 "
#define ENDS4 "SRC=192.168.1.1 DST=10.0.0.2 "
#define ENDS6                                          \
	"SRC=2001:0db8:0000:0000:0000:0000:0000:0001 " \
	"DST=2001:0db8:0000:0000:0000:0000:0000:0002 "

START_TEST(kernel_tcp_with_everything)
{
	set_payload(NFPROTO_IPV4, 0x0800,
	    IP4("0028", "4000", "06") "d43100160102030400000000"
				      "50022000"
				      "abcd0000");
	set_input();
	RECORD_SET(&rec, out, intern("eth1"));
	RECORD_SET(&rec, physin, intern("tap0"));
	RECORD_SET(&rec, physout, intern("tap1"));
	RECORD_SET(&rec, uid, 1000);
	RECORD_SET(&rec, gid, 100);
	RECORD_SET(&rec, mark, 0x2a);
	ck_assert_str_eq(as_kernel(),
	    "DROP IN=eth0 OUT=eth1 PHYSIN=tap0 PHYSOUT=tap1 " MAC ENDS4
	    "LEN=40 TOS=0x00 PREC=0x40 TTL=64 ID=4660 DF PROTO=TCP SPT=54321 DPT=22 "
	    "WINDOW=8192 RES=0x00 SYN URGP=0 UID=1000 GID=100 MARK=0x2a ");
}
END_TEST

START_TEST(kernel_tcp_flags)
{
	set_payload(NFPROTO_IPV4, 0x0800,
	    IP4("0028", "0000", "06") "d4310016"
				      "0102030400000000"
				      "5fff2000"
				      "abcd0007");
	ck_assert_str_eq(as_kernel(),
	    "IN= OUT= " ENDS4
	    "LEN=40 TOS=0x00 PREC=0x40 TTL=64 ID=4660 PROTO=TCP SPT=54321 DPT=22 "
	    "WINDOW=8192 RES=0x38 AE CWR ECE URG ACK PSH RST SYN FIN URGP=7 ");
}
END_TEST

/* The port's name is not repeated when the bridge port itself is the interface. */
START_TEST(kernel_same_physical_interface)
{
	set_payload(NFPROTO_BRIDGE, 0x0800,
	    IP4("0020", "4000", "11") "d4310035000c000061626364");
	set_input();
	RECORD_SET(&rec, physin, intern("eth0"));
	ck_assert_str_eq(as_kernel(),
	    "DROP IN=eth0 OUT= " MAC ENDS4
	    "LEN=32 TOS=0x00 PREC=0x40 TTL=64 ID=4660 DF PROTO=UDP SPT=54321 DPT=53 "
	    "LEN=12 ");
}
END_TEST

START_TEST(kernel_icmp_error)
{
	set_payload(NFPROTO_IPV4, 0x0800,
	    IP4("0038", "0000", "01") "03040000000005dc" IN4("11") "0035d431000c0000");
	ck_assert_str_eq(as_kernel(),
	    "IN= OUT= " ENDS4 "LEN=56 TOS=0x00 PREC=0x40 TTL=64 ID=4660 PROTO=ICMP "
	    "TYPE=3 CODE=4 [SRC=10.0.0.2 DST=192.168.1.99 LEN=60 TOS=0x00 PREC=0x00 "
	    "TTL=63 ID=7 DF PROTO=UDP SPT=53 DPT=54321 LEN=12 ] MTU=1500 ");
	payload[20] = 5;
	payload[21] = 1;
	payload[37] = 6; /* TCP, of which eight bytes are not enough */
	ck_assert_str_eq(as_kernel(),
	    "IN= OUT= " ENDS4 "LEN=56 TOS=0x00 PREC=0x40 TTL=64 ID=4660 PROTO=ICMP "
	    "TYPE=5 CODE=1 GATEWAY=0.0.5.220 [SRC=10.0.0.2 DST=192.168.1.99 LEN=60 "
	    "TOS=0x00 PREC=0x00 TTL=63 ID=7 DF PROTO=TCP INCOMPLETE [8 bytes] ] ");
	rec.payload.len = 40;
	ck_assert_str_eq(as_kernel(),
	    "IN= OUT= " ENDS4 "LEN=56 TOS=0x00 PREC=0x40 TTL=64 ID=4660 PROTO=ICMP "
	    "TYPE=5 CODE=1 INCOMPLETE [20 bytes] ");
}
END_TEST

START_TEST(kernel_small_icmp)
{
	set_payload(NFPROTO_IPV4, 0x0800, IP4("001c", "0000", "01") "0800000000010002");
	ck_assert_ptr_nonnull(
	    strstr(as_kernel(), "PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=2 "));
	set_payload(NFPROTO_IPV6, 0x86dd,
	    IP6("0008", "3a") "8000"
			      "0000"
			      "00010002");
	ck_assert_str_eq(as_kernel(),
	    "IN= OUT= " ENDS6 "LEN=48 TC=184 HOPLIMIT=57 FLOWLBL=74565 PROTO=ICMPv6 "
	    "TYPE=128 CODE=0 ID=1 SEQ=2 ");
	set_payload(NFPROTO_IPV6, 0x86dd,
	    IP6("0038", "3a") "040100000000002a"
			      "60000000000811"
			      "40" SRC6 SRC6 "0035d431000c0000");
	ck_assert_ptr_nonnull(
	    strstr(as_kernel(), "TYPE=4 CODE=1 POINTER=0000002a [SRC="));
	ck_assert_ptr_nonnull(
	    strstr(as_kernel(), "PROTO=UDP SPT=53 DPT=54321 LEN=12 ] "));
}
END_TEST

START_TEST(kernel_fragments)
{
	set_payload(NFPROTO_IPV4, 0x0800, IP4("0020", "20b9", "11") "d4310035000c0000");
	ck_assert_ptr_nonnull(strstr(as_kernel(), "ID=4660 MF FRAG:185 PROTO=UDP "));
	ck_assert_ptr_null(strstr(as_kernel(), "SPT="));
	set_payload(NFPROTO_IPV6, 0x86dd,
	    IP6("0010", "2c") "11000001"
			      "cafef00d"
			      "d4310035000c0000");
	ck_assert_ptr_nonnull(strstr(as_kernel(),
	    "FRAG:0 INCOMPLETE ID:cafef00d PROTO=UDP SPT=54321 DPT=53 LEN=12 "));
}
END_TEST

START_TEST(kernel_other_protocols)
{
	static const char *const cases[][2] = {
	    {IP4("0020", "0000", "32") "deadbeef00000001", "PROTO=ESP SPI=0xdeadbeef "},
	    {IP4("0020", "0000", "33") "06040000000010010000000a",
		"PROTO=AH SPI=0x1001 "},
	    {IP4("0020", "0000", "88") "d4310035000c0000",
		"PROTO=UDPLITE SPT=54321 DPT=53 LEN=12 "},
	    {IP4("0018", "0000", "59") "02010030", "PROTO=89 "},
	    {IP4("0020", "0000", "11") "d431", "PROTO=UDP INCOMPLETE [2 bytes] "},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *found;

		set_payload(NFPROTO_IPV4, 0x0800, cases[i][0]);
		found = strstr(as_kernel(), "PROTO=");
		ck_assert_ptr_nonnull(found);
		ck_assert_str_eq(found, cases[i][1]);
	}
}
END_TEST

START_TEST(kernel_arp_and_unknown)
{
	set_payload(NFPROTO_ARP, 0x0806,
	    "0001080006040001"
	    "020000000001c0a80101"
	    "0000000000000a000002");
	set_input();
	ck_assert_str_eq(as_kernel(),
	    "DROP IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 "
	    "MACSRC=02:00:00:00:00:01 IPSRC=192.168.1.1 MACDST=00:00:00:00:00:00 "
	    "IPDST=10.0.0.2");
	rec.payload.len = 20;
	ck_assert_str_eq(as_kernel(), "DROP IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 "
				      "OPCODE=1 INCOMPLETE [12 bytes]");
	rec.payload.len = 7;
	ck_assert_str_eq(as_kernel(), "DROP IN=eth0 OUT= TRUNCATED");
	rec.hw_proto = 0x88cc;
	ck_assert_str_eq(as_kernel(),
	    "DROP IN=eth0 OUT= MAC=02:00:00:00:00:02:02:00:00:00:00:01:88:cc ");
}
END_TEST

/* No length of the captured bytes makes it read beyond them. */
START_TEST(kernel_cut_anywhere)
{
	static const char *const packets[] = {
	    IP4("0038", "0000", "01") "03030000000005dc" IN4("11") "0035d431000c0000",
	    IP4("0028", "4000", "06") "d4310016010203040000000050022000abcd0000",
	    IP4("0028", "0000", "33") "060400000000100100000001",
	    IP6("0044", "3a") "0200000000000500"
			      "60000000000811"
			      "40" SRC6 SRC6 "0035d431000c0000",
	};

	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
		set_payload(NFPROTO_BRIDGE, 0, packets[i]);
		for (uint16_t len = rec.payload.len; len-- > 0;) {
			uint8_t *copy = malloc(len + 1u);

			memcpy(copy, payload, len);
			rec.payload = (struct bytes){copy, len};
			as_kernel();
			as_json();
			free(copy);
		}
	}
}
END_TEST

START_TEST(kernel_strings_are_printable)
{
	set_payload(NFPROTO_IPV4, 0x0800, "45");
	RECORD_SET(&rec, prefix,
	    intern("caf\xc3\xa9\x1b[31m\n\\ \xff\xc0\x80\xed\xa0\x80\xc2\x9b\x7f"));
	ck_assert_str_eq(as_kernel(),
	    "caf\xc3\xa9\\x1b[31m\\x0a\\ \\xff\\xc0\\x80\\xed\\xa0\\x80\\xc2\\x9b\\x7f"
	    "IN= OUT= TRUNCATED");
}
END_TEST

START_TEST(json_object)
{
	set_payload(
	    NFPROTO_IPV4, 0x0800, IP4("0020", "0000", "11") "d4310035000c000061626364");
	set_input();
	RECORD_SET(&rec, mark, UINT32_MAX);
	ck_assert_str_eq(as_json(),
	    "{\"ts\":\"2023-11-14T22:13:20.000042Z\",\"mark\":4294967295,"
	    "\"prefix\":\"DROP \",\"in\":\"eth0\",\"len\":32,\"sport\":54321,"
	    "\"dport\":53,\"ethertype\":2048,\"hw_type\":1,\"flags\":0,\"family\":2,"
	    "\"proto\":17,\"ttl\":64,\"tos\":64,\"src_mac\":\"02:00:00:00:00:01\","
	    "\"dst_mac\":\"02:00:00:00:00:02\",\"src\":\"192.168.1.1\","
	    "\"dst\":\"10.0.0.2\",\"payload\":\"45400020123400004011"
	    "0000c0a801010a"
	    "000002d4310035000c000061626364\"}");
}
END_TEST

START_TEST(json_strings)
{
	rec.ts_us = 0;
	RECORD_SET(&rec, prefix, intern("a\"b\\\n\x1f\x7f\xc2\x9b\xc3\xa9"));
	ck_assert_str_eq(as_json(),
	    "{\"ts\":\"1970-01-01T00:00:00.000000Z\","
	    "\"prefix\":\"a\\\"b\\\\\\u000a\\u001f\\u007f\\u009b\xc3\xa9\",\"flags\":"
	    "0}");
	RECORD_SET(&rec, prefix, intern("x\xff\xf5y\xe2\x82"));
	ck_assert_str_eq(as_json(), "{\"ts\":\"1970-01-01T00:00:00.000000Z\","
				    "\"prefix\":\"x\\ufffd\\ufffdy\\ufffd\\ufffd\","
				    "\"prefix_hex\":\"78fff579e282\","
				    "\"flags\":0}");
}
END_TEST

/* ---- the file */

static struct locallog *
open_log(enum locallog_format format)
{
	char why[256] = "";
	struct locallog *l = locallog_open(path, format, why, sizeof why);

	ck_assert_msg(l != NULL, "%s", why);
	return l;
}

static void
write_record(struct locallog *l)
{
	struct event ev;
	struct packet pkt;

	event_from_record(&ev, &pkt, &rec);
	locallog_write(l, &ev, &pkt, strings);
}

/* Whole lines of the file; -1 when its last line is torn. */
static int
count_lines(const char *file)
{
	FILE *f = fopen(file, "r");
	int lines = 0, c, last = '\n';

	ck_assert_ptr_nonnull(f);
	while ((c = getc(f)) != EOF) {
		lines += c == '\n';
		last = c;
	}
	fclose(f);
	return last == '\n' ? lines : -1;
}

START_TEST(file_has_the_head_of_syslog)
{
	struct locallog *l = open_log(LOCALLOG_KERNEL);
	char line[256], host[65] = "", expected[256];
	struct stat st;
	FILE *f;

	set_payload(NFPROTO_IPV4, 0x0800, "45");
	write_record(l);
	ck_assert_int_eq(count_lines(path), 0);
	locallog_flush(l);
	locallog_close(l);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07137, 0);
	gethostname(host, sizeof host - 1);
	host[strcspn(host, ".")] = '\0';
	snprintf(expected, sizeof expected,
	    "2023-11-15T03:43:20.000042+05:30 %s kernel: IN= OUT= TRUNCATED\n", host);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	fclose(f);
	ck_assert_str_eq(line, expected);
}
END_TEST

START_TEST(file_is_appended_to_and_reopened)
{
	struct locallog *l = open_log(LOCALLOG_JSON);
	char old[128];

	write_record(l);
	locallog_close(l);
	l = open_log(LOCALLOG_JSON);
	write_record(l);
	snprintf(old, sizeof old, "%s.1", path);
	ck_assert_int_eq(rename(path, old), 0);
	locallog_reopen(l);
	write_record(l);
	locallog_flush(l);
	ck_assert_int_eq(count_lines(old), 2);
	ck_assert_int_eq(count_lines(path), 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	locallog_reopen(l); /* cannot: the old file is kept */
	write_record(l);
	locallog_close(l);
	rmdir(path);
}
END_TEST

START_TEST(file_that_cannot_be_opened)
{
	char why[256] = "";

	ck_assert_ptr_null(
	    locallog_open("/nonexistent/log", LOCALLOG_KERNEL, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "/nonexistent/log"));
}
END_TEST

/* A file that may not grow is like a full disk: short writes, then none. */
static void
limit_files(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	setrlimit(RLIMIT_FSIZE, &limit);
}

START_TEST(full_disk_tears_no_line)
{
	struct locallog *l = open_log(LOCALLOG_JSON);
	int written = 0;

	signal(SIGXFSZ, SIG_IGN);
	set_payload(NFPROTO_IPV4, 0x0800, IP4("0020", "0000", "11") "d4310035000c0000");
	for (; written < 500; written++) {
		limit_files(10000); /* lifted again, for check writes a file too */
		write_record(l);
		locallog_flush(l);
		limit_files(RLIM_INFINITY);
		ck_assert_int_ne(count_lines(path), -1);
	}
	ck_assert_int_lt(count_lines(path), 500);
	ck_assert_uint_eq(locallog_lost(l), 0);
	limit_files(10000);
	for (; locallog_lost(l) < 5; written++)
		write_record(l);
	limit_files(RLIM_INFINITY);
	locallog_flush(l);
	ck_assert_int_eq(count_lines(path), written - 5);
	write_record(l);
	locallog_close(l);
	ck_assert_int_eq(count_lines(path), written - 4);
}
END_TEST

START_TEST(full_pipe_does_not_block)
{
	struct locallog *l;
	char *data = malloc(1 << 20);
	int reader, lines = 0, written;
	ssize_t n;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	l = open_log(LOCALLOG_JSON);
	set_payload(NFPROTO_IPV4, 0x0800, IP4("0020", "0000", "11") "d4310035000c0000");
	for (written = 0; locallog_lost(l) < 3; written++)
		write_record(l);
	while ((n = read(reader, data, 1 << 20)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += data[i] == '\n';
		locallog_flush(l);
	}
	ck_assert_int_eq(lines, written - 3);
	locallog_close(l);
	close(reader);
	free(data);
}
END_TEST

static void
add_format_tests(TCase *tc)
{
	tcase_add_test(tc, kernel_tcp_with_everything);
	tcase_add_test(tc, kernel_tcp_flags);
	tcase_add_test(tc, kernel_same_physical_interface);
	tcase_add_test(tc, kernel_icmp_error);
	tcase_add_test(tc, kernel_small_icmp);
	tcase_add_test(tc, kernel_fragments);
	tcase_add_test(tc, kernel_other_protocols);
	tcase_add_test(tc, kernel_arp_and_unknown);
	tcase_add_test(tc, kernel_cut_anywhere);
	tcase_add_test(tc, kernel_strings_are_printable);
	tcase_add_test(tc, json_object);
	tcase_add_test(tc, json_strings);
}

static void
add_file_tests(TCase *tc)
{
	tcase_add_test(tc, file_has_the_head_of_syslog);
	tcase_add_test(tc, file_is_appended_to_and_reopened);
	tcase_add_test(tc, file_that_cannot_be_opened);
	tcase_add_test(tc, full_disk_tears_no_line);
	tcase_add_test(tc, full_pipe_does_not_block);
}

int
main(void)
{
	Suite *suite = suite_create("locallog");
	TCase *tc = tcase_create("locallog");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	add_format_tests(tc);
	add_file_tests(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
