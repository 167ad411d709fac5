/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/event.h"

#include <check.h>
#include <linux/netfilter.h>

#define ETHERNET 1
#define NO_HEADER_TYPE 65534 /* ARPHRD_NONE */

static const uint8_t udp4[] = {0x45, 0, 0, 32, 0, 1, 0x40, 0, 63, 17, 0, 0, 192, 0, 2,
    1, 198, 51, 100, 2, 0xd4, 0x31, 0, 53, 0, 12, 0, 0, 'a', 'b', 'c', 'd'};
static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00};
static const uint8_t tagged[] = {
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0x00, 0x60, 7, 0x08, 0x00};
static const uint8_t qinq[] = {
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xa8, 0, 9, 0x81, 0x00, 0, 7, 0x08, 0x00};

static struct event event;
static struct packet packet;

static struct bytes
bytes_of(const uint8_t *p, size_t len)
{
	return (struct bytes){.p = p, .len = (uint16_t)len};
}

#define BYTES(array) bytes_of(array, sizeof(array))

static struct record
udp_record(void)
{
	struct record rec = {0};

	RECORD_SET(&rec, ts_us, UINT64_C(1700000000123456));
	RECORD_SET(&rec, flags, 0);
	RECORD_SET(&rec, family, NFPROTO_IPV4);
	RECORD_SET(&rec, hook, 1);
	RECORD_SET(&rec, group, 5);
	RECORD_SET(&rec, hw_proto, 0x0800);
	RECORD_SET(&rec, pkt_len, sizeof udp4);
	RECORD_SET(&rec, payload, BYTES(udp4));
	return rec;
}

static struct record
ethernet_record(struct bytes header)
{
	struct record rec = udp_record();

	RECORD_SET(&rec, hw_type, ETHERNET);
	RECORD_SET(&rec, hw_header, header);
	return rec;
}

START_TEST(every_record_field_arrives)
{
	struct record rec = udp_record();

	RECORD_SET(&rec, prefix, 0);
	RECORD_SET(&rec, in, 1);
	RECORD_SET(&rec, out, 2);
	RECORD_SET(&rec, physin, 3);
	RECORD_SET(&rec, physout, 4);
	RECORD_SET(&rec, netns, 5);
	RECORD_SET(&rec, mark, UINT32_MAX);
	RECORD_SET(&rec, uid, UINT32_MAX - 1);
	RECORD_SET(&rec, gid, 1000);
	RECORD_SET(&rec, ct_state, 3);
	RECORD_SET(&rec, ct_id, 77);
	rec.flags = RECORD_F_CUT;
	event_from_record(&event, &packet, &rec);
	ck_assert(EVENT_HAS(&event, prefix_id));
	ck_assert_uint_eq(event.ts, UINT64_C(1700000000123456));
	ck_assert_uint_eq(event.prefix_id, 0);
	ck_assert_uint_eq(event.in_id, 1);
	ck_assert_uint_eq(event.out_id, 2);
	ck_assert_uint_eq(event.physin_id, 3);
	ck_assert_uint_eq(event.physout_id, 4);
	ck_assert_uint_eq(event.netns_id, 5);
	ck_assert_uint_eq(event.mark, UINT32_MAX);
	ck_assert_uint_eq(event.uid, UINT32_MAX - 1);
	ck_assert_uint_eq(event.gid, 1000);
	ck_assert_uint_eq(event.ct_state, 3);
	ck_assert_uint_eq(event.ct_id, 77);
	ck_assert_uint_eq(event.flags, RECORD_F_CUT);
	ck_assert_uint_eq(event.family, NFPROTO_IPV4);
	ck_assert_uint_eq(event.hook, 1);
	ck_assert_uint_eq(event.nflog_group, 5);
}
END_TEST

START_TEST(packet_fields_arrive)
{
	struct record rec = udp_record();

	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.ethertype, 0x0800);
	ck_assert_uint_eq(event.proto, 17);
	ck_assert_uint_eq(event.sport, 0xd431);
	ck_assert_uint_eq(event.dport, 53);
	ck_assert_uint_eq(event.len, 32);
	ck_assert_uint_eq(event.ttl, 63);
	ck_assert(EVENT_HAS(&event, tos));
	ck_assert_uint_eq(event.src.family, 4);
	ck_assert_uint_eq(event.dst.byte[3], 2);
	ck_assert_ptr_eq(event.payload.p, udp4);
	ck_assert_uint_eq(event.payload.len, sizeof udp4);
	ck_assert(!EVENT_HAS(&event, frag_offset));
	ck_assert(!EVENT_HAS(&event, tcp_flags));
	ck_assert(!EVENT_HAS(&event, prefix_id));
	ck_assert(!EVENT_HAS(&event, src_mac));
	ck_assert(!EVENT_HAS(&event, vlan_id));
}
END_TEST

START_TEST(an_empty_record_is_an_event)
{
	struct record rec = {0};

	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(
	    event.has, UINT64_C(1) << EVENT_I_ts | UINT64_C(1) << EVENT_I_flags);
}
END_TEST

START_TEST(ethernet_headers)
{
	struct record rec = ethernet_record(BYTES(ethernet));

	event_from_record(&event, &packet, &rec);
	ck_assert_mem_eq(event.dst_mac.byte, ethernet, 6);
	ck_assert_mem_eq(event.src_mac.byte, ethernet + 6, 6);
	ck_assert(!EVENT_HAS(&event, hw_header));
	ck_assert(!EVENT_HAS(&event, vlan_id));
	rec = ethernet_record(BYTES(tagged));
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.vlan_id, 7);
	ck_assert(!EVENT_HAS(&event, hw_header));
	rec = ethernet_record(BYTES(qinq));
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.vlan_id, 9);
	ck_assert(EVENT_HAS(&event, hw_header));
	rec = ethernet_record(bytes_of(ethernet, 9));
	event_from_record(&event, &packet, &rec);
	ck_assert(!EVENT_HAS(&event, src_mac));
	ck_assert(EVENT_HAS(&event, hw_header));
}
END_TEST

START_TEST(vlan_attribute_wins)
{
	struct record rec = ethernet_record(BYTES(tagged));

	RECORD_SET(&rec, vlan_tci, 0xe00b);
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.vlan_id, 11);
	rec.hw_header = BYTES(ethernet);
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.vlan_id, 11);
}
END_TEST

START_TEST(other_link_layers)
{
	struct record rec = ethernet_record(BYTES(ethernet));

	rec.hw_type = NO_HEADER_TYPE;
	RECORD_SET(&rec, hw_addr, bytes_of(ethernet, 6));
	event_from_record(&event, &packet, &rec);
	ck_assert(EVENT_HAS(&event, hw_header));
	ck_assert_mem_eq(event.src_mac.byte, ethernet, 6);
	ck_assert(!EVENT_HAS(&event, dst_mac));
	rec.hw_addr.len = 8;
	event_from_record(&event, &packet, &rec);
	ck_assert(!EVENT_HAS(&event, src_mac));
}
END_TEST

START_TEST(ethertype_by_every_way)
{
	struct record rec = ethernet_record(BYTES(tagged));

	rec.hw_proto = 0;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.ethertype, 0x0800);
	rec.family = NFPROTO_BRIDGE;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.ethertype, 0x0800);
	rec.hw_header.len = 14;
	event_from_record(
	    &event, &packet, &rec); /* tag cut off: by the packet itself */
	ck_assert_uint_eq(event.ethertype, 0x0800);
	ck_assert_uint_eq(event.dport, 53);
	rec.hw_proto = 0x88cc;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.ethertype, 0x88cc);
	ck_assert(!EVENT_HAS(&event, src));
	ck_assert_uint_eq(event.len, sizeof udp4);
}
END_TEST

/* The kernel hands over the whole frame when a device's egress logs. */
START_TEST(egress_frame)
{
	uint8_t frame[sizeof ethernet + sizeof udp4];
	struct record rec = udp_record();

	memcpy(frame, ethernet, sizeof ethernet);
	memcpy(frame + sizeof ethernet, udp4, sizeof udp4);
	rec.family = NFPROTO_NETDEV;
	RECORD_SET(&rec, hw_header, BYTES(ethernet));
	RECORD_SET(&rec, payload, BYTES(frame));
	RECORD_SET(&rec, pkt_len, sizeof frame);
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.dport, 53);
	ck_assert_uint_eq(event.payload.len, sizeof udp4);
	ck_assert_mem_eq(event.src_mac.byte, ethernet + 6, 6);
	rec.hw_proto = 0x88cc;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.len, sizeof udp4);
	rec = udp_record();
	rec.family = NFPROTO_NETDEV;
	rec.hook = 0;
	RECORD_SET(&rec, hw_header, BYTES(ethernet));
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.payload.len, sizeof udp4);
	ck_assert_uint_eq(event.dport, 53);
}
END_TEST

START_TEST(fragments_and_their_offset)
{
	uint8_t data[sizeof udp4];
	struct record rec = udp_record();

	memcpy(data, udp4, sizeof data);
	rec.payload = BYTES(data);
	data[6] = 0x20;
	event_from_record(&event, &packet, &rec);
	ck_assert(EVENT_HAS(&event, frag_offset));
	ck_assert_uint_eq(event.frag_offset, 0);
	ck_assert_uint_eq(event.dport, 53);
	data[7] = 1;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.frag_offset, 8);
	ck_assert(!EVENT_HAS(&event, dport));
}
END_TEST

START_TEST(mapped_addresses_are_ipv4)
{
	uint8_t data[40] = {0x60, [6] = 59, [18] = 0xff, 0xff, 192, 0, 2, 1, 0x20, 1};
	struct record rec = udp_record();

	rec.family = NFPROTO_IPV6;
	rec.hw_proto = 0;
	rec.payload = BYTES(data);
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.ethertype, 0x86dd);
	ck_assert_uint_eq(event.src.family, 4);
	ck_assert_uint_eq(event.src.byte[3], 1);
	ck_assert_uint_eq(event.dst.family, 6);
	ck_assert_uint_eq(event.len, 40);
}
END_TEST

START_TEST(lengths_fit_the_column)
{
	struct record rec = udp_record();

	rec.payload.len = 0;
	rec.pkt_len = UINT32_MAX;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.len, INT32_MAX);
	ck_assert(!EVENT_HAS(&event, payload));
}
END_TEST

START_TEST(igmp_has_no_code)
{
	uint8_t data[28] = {0x45, [3] = 28, [8] = 1, [9] = 2, [20] = 0x11, 100};
	struct record rec = udp_record();

	rec.payload = BYTES(data);
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.icmp_type, 0x11);
	ck_assert(!EVENT_HAS(&event, icmp_code));
	data[9] = 1;
	event_from_record(&event, &packet, &rec);
	ck_assert_uint_eq(event.icmp_code, 100);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("event");
	TCase *tc = tcase_create("event");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, every_record_field_arrives);
	tcase_add_test(tc, packet_fields_arrive);
	tcase_add_test(tc, an_empty_record_is_an_event);
	tcase_add_test(tc, ethernet_headers);
	tcase_add_test(tc, vlan_attribute_wins);
	tcase_add_test(tc, other_link_layers);
	tcase_add_test(tc, ethertype_by_every_way);
	tcase_add_test(tc, egress_frame);
	tcase_add_test(tc, fragments_and_their_offset);
	tcase_add_test(tc, mapped_addresses_are_ipv4);
	tcase_add_test(tc, lengths_fit_the_column);
	tcase_add_test(tc, igmp_has_no_code);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
