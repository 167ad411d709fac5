/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/pcapfile.h"

#define BYTES(text)                                       \
	(struct bytes)                                    \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static uint8_t record[PCAP_RECORD_MAX];

/* Nothing known but the time and five bytes of an IPv4 packet of sixty. */
static struct pcap_packet
bare(void)
{
	return (struct pcap_packet){
	    .ts_us = INT64_C(0x65000000) * 1000000 + 7,
	    .family = -1,
	    .hook = -1,
	    .group = -1,
	    .ethertype = -1,
	    .in = -1,
	    .out = -1,
	    .physin = -1,
	    .physout = -1,
	    .mark = -1,
	    .uid = -1,
	    .gid = -1,
	    .hw_type = -1,
	    .length = 60,
	    .payload = BYTES("\x45\x00\x00\x3c\x01"),
	};
}

START_TEST(header)
{
	uint8_t h[PCAP_HEADER_SIZE];

	pcap_put_header(h, PCAP_NFLOG);
	ck_assert_mem_eq(h,
	    "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "\x00\x00\x04\x00\xef\x00\x00\x00",
	    sizeof h);
}
END_TEST

START_TEST(raw_packet)
{
	struct pcap_packet p = bare();

	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 21);
	ck_assert_mem_eq(record,
	    "\x00\x00\x00\x65\x07\x00\x00\x00\x05\x00\x00\x00\x3c\x00\x00\x00"
	    "\x45\x00\x00\x3c\x01",
	    21);
	p.length = -1;
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 21);
	ck_assert_uint_eq(record[12], 5);
	p.payload = BYTES("\x60");
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 17);
}
END_TEST

START_TEST(none)
{
	struct pcap_packet p = bare();

	p.payload = BYTES("\x00\x01\x08\x00");
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 0);
	ck_assert_uint_ne(pcap_put_packet(record, PCAP_NFLOG, &p), 0);
	p.payload.len = 0;
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 0);
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_NFLOG, &p), 0);
}
END_TEST

START_TEST(nflog_bare)
{
	static const char wanted[] =
	    "\x00\x00\x00\x65\x07\x00\x00\x00\x2c\x00\x00\x00\x2c\x00\x00\x00"
	    "\x00\x00\x00\x00"                 /* family, version, group */
	    "\x08\x00\x01\x00\x00\x00\x00\x00" /* packet header */
	    "\x14\x00\x03\x00\x00\x00\x00\x00\x65\x00\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x07" /* time */
	    "\x09\x00\x09\x00\x45\x00\x00\x3c\x01\x00\x00\x00";
	struct pcap_packet p = bare();

	ck_assert_uint_eq(pcap_put_packet(record, PCAP_NFLOG, &p), sizeof wanted - 1);
	ck_assert_mem_eq(record, wanted, sizeof wanted - 1);
}
END_TEST

START_TEST(nflog_full)
{
	static const char wanted[] =
	    "\x0a\x00\x01\x02"                 /* IPv6, group 258 */
	    "\x08\x00\x01\x00\x86\xdd\x02\x00" /* its EtherType, forward */
	    "\x07\x00\x0a\x00\x61\x62\x00\x00" /* prefix with its NUL, padded */
	    "\x08\x00\x02\x00\xff\xff\xff\xff" /* mark */
	    "\x14\x00\x03\x00\x00\x00\x00\x00\x65\x00\x00\x00"
	    "\x00\x00\x00\x00\x00\x00\x00\x07"
	    "\x08\x00\x04\x00\x00\x00\x00\x01\x08\x00\x05\x00\x00\x00\x00\x02"
	    "\x08\x00\x06\x00\x00\x00\x00\x03\x08\x00\x07\x00\x00\x00\x00\x04"
	    "\x10\x00\x08\x00\x00\x06\x00\x00\x02\x00\x00\x00\x00\x01\x00\x00"
	    "\x08\x00\x0b\x00\x00\x00\x03\xe8\x08\x00\x0e\x00\x00\x00\x00\x00"
	    "\x06\x00\x0f\x00\x00\x01\x00\x00"
	    "\x07\x00\x10\x00\x01\x02\x03\x00\x06\x00\x11\x00\x00\x03\x00\x00"
	    "\x05\x00\x09\x00\x60\x00\x00\x00";
	struct pcap_packet p = bare();

	p.family = 10;
	p.hook = 2;
	p.group = 258;
	p.prefix = "ab";
	p.mark = UINT32_MAX;
	p.in = 1;
	p.out = 2;
	p.physin = 3;
	p.physout = 4;
	p.hw_addr = BYTES("\x02\x00\x00\x00\x00\x01");
	p.uid = 1000;
	p.gid = 0;
	p.hw_type = 1;
	p.hw_header = BYTES("\x01\x02\x03");
	p.payload = BYTES("\x60");
	ck_assert_uint_eq(
	    pcap_put_packet(record, PCAP_NFLOG, &p), 16 + sizeof wanted - 1);
	ck_assert_mem_eq(record + 16, wanted, sizeof wanted - 1);
}
END_TEST

/* An attribute's length has 16 bits; what does not fit is cut. */
START_TEST(longest)
{
	static uint8_t payload[RECORD_PAYLOAD_MAX] = {0x45};
	struct pcap_packet p = bare();
	char prefix[RECORD_STRING_MAX + 1];
	size_t len;

	memset(prefix, 'x', sizeof prefix - 1);
	prefix[sizeof prefix - 1] = '\0';
	p.prefix = prefix;
	p.hw_header = (struct bytes){payload, RECORD_HWHEADER_MAX};
	p.payload = (struct bytes){payload, sizeof payload};
	len = pcap_put_packet(record, PCAP_NFLOG, &p);
	ck_assert_uint_gt(len, 65531);
	ck_assert_mem_eq(record + len - 65532 - 4, "\xff\xff\x09\x00", 4);
	ck_assert_uint_eq(pcap_put_packet(record, PCAP_RAW, &p), 16 + 65531);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pcapfile");
	TCase *t = tcase_create("pcapfile");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, header);
	tcase_add_test(t, raw_packet);
	tcase_add_test(t, none);
	tcase_add_test(t, nflog_bare);
	tcase_add_test(t, nflog_full);
	tcase_add_test(t, longest);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
