/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/packet.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Packets in hexadecimal, put together from headers. */
#define SRC4 "c0a80101" /* 192.168.1.1 */
#define DST4 "0a000002" /* 10.0.0.2 */
#define SRC6 "20010db8000000000000000000000001"
#define DST6 "20010db8000000000000000000000002"
#define IP4(ihl, len, frag, proto) ihl "b8" len "1234" frag "40" proto "0000" SRC4 DST4
#define IP6(len, next) "6b812345" len next "39" SRC6 DST6
#define TCP        \
	"d4310016" \
	"01020304" \
	"05060708" \
	"5e52"     \
	"2000"     \
	"abcd"     \
	"0007"
#define UDP        \
	"d4310035" \
	"000c"     \
	"0000"     \
	"61626364"
#define IN4(proto)                        \
	"4500003c000040003f" proto "0000" \
	"0a000002"                        \
	"c0a80163"
#define IN6(next) "60000000000c" next "40" DST6 SRC6

struct sample {
	const char *hex;
	uint16_t ethertype;
	uint32_t has; /* of the whole packet */
};

#define HAS_IP (PACKET_ADDR | PACKET_IP | PACKET_PROTO)
#define HAS_TCP (HAS_IP | PACKET_PORTS | PACKET_TCP)
#define HAS_UDP (HAS_IP | PACKET_PORTS | PACKET_LENGTHS)
#define HAS_INNER (PACKET_INNER | PACKET_INNER_PORTS)

enum sample_name {
	TCP4,
	TCP4_OPTIONS,
	TCP4_FIRST_FRAGMENT,
	TCP4_LATER_FRAGMENT,
	TCP4_TAGGED,
	UDP4,
	UDPLITE4,
	SCTP4,
	DCCP4,
	ICMP4_ECHO,
	ICMP4_UNREACHABLE,
	ICMP4_TIMESTAMP,
	IGMP4,
	AH4,
	ESP4,
	GRE4,
	GRE4_BRIDGED,
	GRE4_PPTP,
	IPIP4,
	SIX_IN_FOUR,
	OSPF4,
	TCP6,
	UDP6_EXTENSIONS,
	UDP6_FIRST_FRAGMENT,
	UDP6_LATER_FRAGMENT,
	AH6,
	MOBILITY6,
	NONE6,
	ICMP6_ECHO,
	ICMP6_TOO_BIG,
	FOUR_IN_SIX,
	ARP_REQUEST,
	ARP_OTHER,
	SAMPLES
};

static const struct sample samples[SAMPLES] = {
    [TCP4] = {IP4("45", "0028", "4000", "06") TCP, 0x0800, HAS_TCP},
    [TCP4_OPTIONS] = {IP4("47", "0030", "0000", "06") "0101010194040000" TCP, 0x0800,
	HAS_TCP},
    [TCP4_FIRST_FRAGMENT] = {IP4("45", "0028", "2000", "06") TCP, 0x0800,
	HAS_TCP | PACKET_FRAGMENT},
    [TCP4_LATER_FRAGMENT] = {IP4("45", "0028", "00b9", "06") TCP, 0x0800,
	HAS_IP | PACKET_FRAGMENT},
    [TCP4_TAGGED] = {"6005"
		     "8100"
		     "0007"
		     "0800" IP4("45", "0028", "4000", "06") TCP,
	0x88a8, HAS_TCP | PACKET_VLAN},
    [UDP4] = {IP4("45", "0020", "4000", "11") UDP, 0x0800, HAS_UDP},
    [UDPLITE4] = {IP4("45", "0020", "4000", "88") UDP, 0, HAS_UDP},
    [SCTP4] = {IP4("45", "0020", "4000", "84") "13880050"
					       "00000000"
					       "00000000",
	0x0800, HAS_IP | PACKET_PORTS},
    [DCCP4] = {IP4("45", "0020", "4000", "21") "13880050"
					       "00000000"
					       "00000000",
	0x0800, HAS_IP | PACKET_PORTS},
    [ICMP4_ECHO] = {IP4("45", "0020", "4000", "01") "0800"
						    "0000"
						    "beef"
						    "0003"
						    "00000000",
	0x0800, HAS_IP | PACKET_ICMP | PACKET_ICMP_ID},
    [ICMP4_UNREACHABLE] = {IP4("45", "0038", "0000", "01") "0303"
							   "0000"
							   "00000000" IN4(
							       "11") "0035d431000c0000",
	0x0800, HAS_IP | PACKET_ICMP | HAS_INNER},
    [ICMP4_TIMESTAMP] = {IP4("45", "0028", "0000", "01") "0d00"
							 "0000"
							 "00010002"
							 "000000000000000000000000",
	0x0800, HAS_IP | PACKET_ICMP},
    [IGMP4] = {IP4("46", "0020", "0000", "02") "94040000"
					       "1664"
					       "0000"
					       "e0000005",
	0x0800, HAS_IP | PACKET_ICMP},
    [AH4] = {IP4("45", "002c", "0000", "33") "06040000"
					     "00001001"
					     "00000001"
					     "000102030405060708090a0b",
	0x0800, HAS_IP | PACKET_SPI},
    [ESP4] = {IP4("45", "0020", "0000", "32") "deadbeef"
					      "00000001"
					      "55555555",
	0x0800, HAS_IP | PACKET_SPI},
    [GRE4] = {IP4("45", "0040", "0000", "2f") "b000"
					      "0800"
					      "00000000"
					      "00000009"
					      "00000001" IN4("06") "00161f90",
	0x0800, HAS_IP | HAS_INNER},
    [GRE4_BRIDGED] = {IP4("45", "0040", "0000",
			  "2f") "0000"
				"6558"
				"0200000000010200000000020800" IN4("06") "00161f90",
	0x0800, HAS_IP | HAS_INNER},
    [GRE4_PPTP] = {IP4("45", "0024", "0000", "2f") "3001"
						   "880b"
						   "00040001"
						   "00000001"
						   "ff030021",
	0x0800, HAS_IP},
    [IPIP4] = {IP4("45", "0030", "0000", "04") IN4("06") "00161f90"
							 "00000000",
	0x0800, HAS_IP | HAS_INNER},
    [SIX_IN_FOUR] = {IP4("45", "0048", "0000", "29") IN6("11") UDP, 0x0800,
	HAS_IP | HAS_INNER},
    [OSPF4] = {IP4("45", "0018", "0000", "59") "02010030", 0x0800, HAS_IP},
    [TCP6] = {IP6("0014", "06") TCP, 0x86dd, HAS_TCP},
    [UDP6_EXTENSIONS] = {IP6("002c", "00") "2b00050200000000"
					   "3c000401000000ff"
					   "1101050200000000"
					   "0000000000000000" UDP,
	0, HAS_UDP},
    [UDP6_FIRST_FRAGMENT] = {IP6("0014", "2c") "11000001cafef00d" UDP, 0x86dd,
	HAS_UDP | PACKET_FRAGMENT},
    [UDP6_LATER_FRAGMENT] = {IP6("0014", "2c") "110005a0cafef00d" UDP, 0x86dd,
	HAS_IP | PACKET_FRAGMENT},
    [AH6] = {IP6("0024", "33") "110200000000100100000001"
			       "01020304" UDP,
	0x86dd, HAS_UDP | PACKET_SPI},
    [MOBILITY6] = {IP6("0008", "87") "3b00010000000000", 0x86dd, HAS_IP},
    [NONE6] = {IP6("0000", "3b"), 0x86dd, HAS_IP},
    [ICMP6_ECHO] = {IP6("0008", "3a") "8100"
				      "0000"
				      "beef"
				      "0004",
	0x86dd, HAS_IP | PACKET_ICMP | PACKET_ICMP_ID},
    [ICMP6_TOO_BIG] = {IP6("0044", "3a") "0200"
					 "0000"
					 "00000500" IN6("3c") "1100010400000000"
							      "0035d431000c0000"
							      "00000000",
	0x86dd, HAS_IP | PACKET_ICMP | HAS_INNER},
    [FOUR_IN_SIX] = {IP6("001c", "04") IN4("11") "0035d431000c0000", 0x86dd,
	HAS_IP | HAS_INNER},
    [ARP_REQUEST] = {"0001"
		     "0800"
		     "06"
		     "04"
		     "0001"
		     "020000000001" SRC4 "000000000000" DST4,
	0x0806, PACKET_ARP | PACKET_ADDR},
    [ARP_OTHER] = {"0001"
		   "1234"
		   "06"
		   "02"
		   "0002"
		   "020000000001"
		   "0101"
		   "000000000000"
		   "0202",
	0x0806, PACKET_ARP},
};

static unsigned
hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static size_t
unhex(const char *hex, uint8_t *out, size_t size)
{
	size_t n = strlen(hex) / 2;

	ck_assert_uint_le(n, size);
	for (size_t i = 0; i < n; i++)
		out[i] =
		    (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
	return n;
}

/* On a heap copy of its exact size, so that the sanitizer sees an overrun. */
static void
decode_copy(struct packet *p, uint16_t ethertype, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, len);
	packet_decode(p, ethertype, copy, len);
	free(copy);
}

static struct packet
decode_sample(enum sample_name name)
{
	struct packet p;
	uint8_t data[256];

	decode_copy(&p, samples[name].ethertype, data,
	    unhex(samples[name].hex, data, sizeof data));
	return p;
}

static void
assert_addr(const struct ip_addr *a, const char *text)
{
	char buf[46];

	ck_assert_str_eq(ip_addr_text(a, buf, sizeof buf), text);
}

START_TEST(every_sample_has_what_it_should)
{
	struct packet p = decode_sample(_i);

	ck_assert_msg(p.has == samples[_i].has, "sample %d: has %#x, expected %#x", _i,
	    p.has, samples[_i].has);
}
END_TEST

/* A shorter packet never shows more than the whole one, nor other values. */
START_TEST(every_sample_cut_anywhere)
{
	struct packet whole = decode_sample(_i), p;
	uint8_t data[256];
	size_t len = unhex(samples[_i].hex, data, sizeof data);

	for (size_t n = 0; n < len; n++) {
		decode_copy(&p, samples[_i].ethertype, data, n);
		ck_assert_msg((p.has & ~whole.has) == 0, "sample %d cut to %zu", _i, n);
		if (p.has & PACKET_PORTS)
			ck_assert_uint_eq(p.dport, whole.dport);
		if (p.has & PACKET_INNER_PORTS)
			ck_assert_uint_eq(p.inner_dport, whole.inner_dport);
		if (p.has & PACKET_ADDR)
			ck_assert_mem_eq(&p.dst, &whole.dst, sizeof p.dst);
		ck_assert_uint_le(p.transport_offset, n);
		ck_assert_uint_le(p.inner_offset, n);
	}
}
END_TEST

/* Link-layer padding and what else follows the packet is not the packet. */
START_TEST(bytes_behind_the_packet_are_ignored)
{
	uint8_t data[256];
	struct packet p;
	size_t len = unhex(IP4("45", "0016", "4000", "11") "d431", data, sizeof data);

	memset(data + len, 0x11, 46 - len);
	packet_decode(&p, 0x0800, data, 46);
	ck_assert_uint_eq(p.has, HAS_IP);
	len = unhex(IP6("0002", "11") "d431", data, sizeof data);
	memset(data + len, 0x11, 46);
	packet_decode(&p, 0x86dd, data, len + 46);
	ck_assert_uint_eq(p.has, HAS_IP);
}
END_TEST

START_TEST(ipv4_fields)
{
	struct packet p = decode_sample(TCP4);

	ck_assert_uint_eq(p.ethertype, 0x0800);
	ck_assert_uint_eq(p.version, 4);
	ck_assert_uint_eq(p.tos, 0xb8);
	ck_assert_uint_eq(p.len, 40);
	ck_assert_uint_eq(p.id, 0x1234);
	ck_assert_uint_eq(p.ip_flags, 2);
	ck_assert_uint_eq(p.ttl, 64);
	ck_assert_uint_eq(p.proto, 6);
	ck_assert_uint_eq(p.transport_offset, 20);
	assert_addr(&p.src, "192.168.1.1");
	assert_addr(&p.dst, "10.0.0.2");
}
END_TEST

START_TEST(tcp_fields)
{
	static const enum sample_name names[] = {TCP4, TCP4_OPTIONS, TCP4_TAGGED, TCP6};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct packet p = decode_sample(names[i]);

		ck_assert_uint_eq(p.sport, 0xd431);
		ck_assert_uint_eq(p.dport, 22);
		ck_assert_uint_eq(p.tcp_seq, 0x01020304);
		ck_assert_uint_eq(p.tcp_ack, 0x05060708);
		ck_assert_uint_eq(p.tcp_flags, 0x52);
		ck_assert_uint_eq(p.tcp_reserved, 0xe);
		ck_assert_uint_eq(p.tcp_window, 0x2000);
		ck_assert_uint_eq(p.tcp_urgent, 7);
	}
	ck_assert_uint_eq(decode_sample(TCP4_OPTIONS).transport_offset, 28);
}
END_TEST

START_TEST(vlan_tags_in_the_payload)
{
	struct packet p = decode_sample(TCP4_TAGGED);
	uint8_t data[64] = {0};

	ck_assert_uint_eq(p.vlan_id, 5);
	ck_assert_uint_eq(p.ethertype, 0x0800);
	ck_assert_uint_eq(p.transport_offset, 28);
	for (size_t i = 0; i + 4 <= sizeof data; i += 4)
		memcpy(data + i, "\x00\x01\x81\x00", 4);
	packet_decode(&p, 0x8100, data, sizeof data);
	ck_assert_uint_eq(p.has, PACKET_VLAN);
	ck_assert_uint_eq(p.ethertype, 0);
}
END_TEST

START_TEST(fragments)
{
	struct packet p = decode_sample(TCP4_FIRST_FRAGMENT);

	ck_assert(p.more_fragments);
	ck_assert_uint_eq(p.frag_offset, 0);
	ck_assert_uint_eq(p.dport, 22);
	p = decode_sample(TCP4_LATER_FRAGMENT);
	ck_assert(!p.more_fragments);
	ck_assert_uint_eq(p.frag_offset, 0xb9 * 8);
	ck_assert_uint_eq(p.transport_offset, 0);
	p = decode_sample(UDP6_FIRST_FRAGMENT);
	ck_assert(p.more_fragments);
	ck_assert_uint_eq(p.frag_id, 0xcafef00d);
	ck_assert_uint_eq(p.dport, 53);
	p = decode_sample(UDP6_LATER_FRAGMENT);
	ck_assert_uint_eq(p.frag_offset, 1440);
	ck_assert_uint_eq(p.proto, 17);
}
END_TEST

START_TEST(ipv6_fields)
{
	struct packet p = decode_sample(UDP6_EXTENSIONS);

	ck_assert_uint_eq(p.version, 6);
	ck_assert_uint_eq(p.ethertype, 0x86dd);
	ck_assert_uint_eq(p.tos, 0xb8);
	ck_assert_uint_eq(p.flow_label, 0x12345);
	ck_assert_uint_eq(p.ttl, 0x39);
	ck_assert_uint_eq(p.len, 84);
	ck_assert_uint_eq(p.proto, 17);
	ck_assert_uint_eq(p.sport, 0xd431);
	ck_assert_uint_eq(p.ulen, 12);
	ck_assert_uint_eq(p.transport_offset, 72);
	assert_addr(&p.src, "2001:db8::1");
	assert_addr(&p.dst, "2001:db8::2");
	ck_assert_uint_eq(decode_sample(MOBILITY6).proto, 135);
	ck_assert_uint_eq(decode_sample(NONE6).proto, 59);
	ck_assert_uint_eq(decode_sample(NONE6).len, 40);
}
END_TEST

START_TEST(ipv6_cut_extension_is_the_protocol)
{
	uint8_t data[256];
	struct packet p;

	unhex(samples[UDP6_EXTENSIONS].hex, data, sizeof data);
	packet_decode(&p, 0x86dd, data, 50);
	ck_assert_uint_eq(p.has, HAS_IP);
	ck_assert_uint_eq(p.proto, 43);
}
END_TEST

START_TEST(ipv6_endless_extensions)
{
	uint8_t data[40 + 64 * 8] = {0};
	struct packet p;

	unhex(IP6("0200", "3c"), data, sizeof data);
	for (size_t at = 40; at < sizeof data; at += 8)
		data[at] = 60;
	packet_decode(&p, 0x86dd, data, sizeof data);
	ck_assert_uint_eq(p.has, HAS_IP);
	ck_assert_uint_eq(p.proto, 60);
}
END_TEST

/* Lengths the sender left to the hardware, or that need a jumbogram's option. */
START_TEST(unknown_lengths)
{
	uint8_t data[128];
	struct packet p;
	size_t len = unhex(IP4("45", "0000", "4000", "06") TCP, data, sizeof data);

	packet_decode(&p, 0, data, len);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_uint_eq(p.has, HAS_TCP);
	len = unhex(IP6("0000", "06") TCP, data, sizeof data);
	packet_decode(&p, 0, data, len);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_uint_eq(p.has, HAS_TCP);
}
END_TEST

START_TEST(icmp_fields)
{
	struct packet p = decode_sample(ICMP4_ECHO);

	ck_assert_uint_eq(p.icmp_type, 8);
	ck_assert_uint_eq(p.icmp_id, 0xbeef);
	ck_assert_uint_eq(p.icmp_seq, 3);
	p = decode_sample(ICMP6_ECHO);
	ck_assert_uint_eq(p.icmp_type, 129);
	ck_assert_uint_eq(p.icmp_seq, 4);
	p = decode_sample(IGMP4);
	ck_assert_uint_eq(p.icmp_type, 0x16);
	ck_assert_uint_eq(p.proto, 2);
}
END_TEST

START_TEST(embedded_packets)
{
	struct packet p = decode_sample(ICMP4_UNREACHABLE);

	ck_assert_uint_eq(p.icmp_type, 3);
	ck_assert_uint_eq(p.icmp_code, 3);
	ck_assert_uint_eq(p.inner_offset, 28);
	assert_addr(&p.inner_src, "10.0.0.2");
	assert_addr(&p.inner_dst, "192.168.1.99");
	ck_assert_uint_eq(p.inner_proto, 17);
	ck_assert_uint_eq(p.inner_sport, 53);
	ck_assert_uint_eq(p.inner_dport, 0xd431);
	p = decode_sample(ICMP6_TOO_BIG);
	ck_assert_uint_eq(p.inner_proto, 17);
	ck_assert_uint_eq(p.inner_sport, 53);
	assert_addr(&p.inner_src, "2001:db8::2");
	p = decode_sample(SIX_IN_FOUR);
	ck_assert_uint_eq(p.proto, 41);
	assert_addr(&p.inner_src, "2001:db8::2");
	ck_assert_uint_eq(p.inner_dport, 53);
	ck_assert_uint_eq(p.has & PACKET_PORTS, 0);
}
END_TEST

START_TEST(tunnels)
{
	static const enum sample_name names[] = {GRE4, GRE4_BRIDGED, IPIP4};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct packet p = decode_sample(names[i]);

		assert_addr(&p.src, "192.168.1.1");
		assert_addr(&p.inner_src, "10.0.0.2");
		ck_assert_uint_eq(p.inner_proto, 6);
		ck_assert_uint_eq(p.inner_sport, 22);
		ck_assert_uint_eq(p.inner_dport, 8080);
	}
}
END_TEST

/* Packets in packets: only the first is looked into, and the depth is bounded. */
START_TEST(tunnels_in_tunnels)
{
	uint8_t data[65520];
	struct packet p;

	for (size_t at = 0; at < sizeof data; at += 20) {
		unhex(IP4("45", "0000", "0000", "04"), data + at, sizeof data - at);
		data[at + 19] = (uint8_t)(at / 20);
	}
	packet_decode(&p, 0x0800, data, sizeof data);
	ck_assert_uint_eq(p.has, HAS_IP | PACKET_INNER);
	assert_addr(&p.inner_dst, "10.0.0.1");
	ck_assert_uint_eq(p.inner_proto, 4);
}
END_TEST

START_TEST(security_parameter_index)
{
	ck_assert_uint_eq(decode_sample(AH4).spi, 0x1001);
	ck_assert_uint_eq(decode_sample(AH4).proto, 51);
	ck_assert_uint_eq(decode_sample(ESP4).spi, 0xdeadbeef);
	ck_assert_uint_eq(decode_sample(AH6).spi, 0x1001);
	ck_assert_uint_eq(decode_sample(AH6).proto, 17);
}
END_TEST

START_TEST(arp_fields)
{
	struct packet p = decode_sample(ARP_REQUEST);

	ck_assert_uint_eq(p.arp_op, 1);
	assert_addr(&p.src, "192.168.1.1");
	assert_addr(&p.dst, "10.0.0.2");
	ck_assert_uint_eq(decode_sample(ARP_OTHER).arp_op, 2);
}
END_TEST

START_TEST(ethernet_header)
{
	struct packet p = {0};
	uint8_t header[32];
	size_t len = unhex("020000000002020000000001"
			   "88a8"
			   "e064"
			   "8100"
			   "0007"
			   "86dd",
	    header, sizeof header);

	ck_assert_uint_eq(packet_decode_ethernet(&p, header, len), 0x86dd);
	ck_assert_uint_eq(p.has, PACKET_MAC | PACKET_VLAN);
	ck_assert_uint_eq(p.vlan_id, 100);
	ck_assert_uint_eq(p.dst_mac[5], 2);
	ck_assert_uint_eq(p.src_mac[5], 1);
	for (size_t n = 0; n < len; n++) {
		p = (struct packet){0};
		ck_assert_uint_eq(packet_decode_ethernet(&p, header, n), 0);
		ck_assert_uint_eq((p.has & PACKET_MAC) != 0, n >= 12);
		ck_assert_uint_eq((p.has & PACKET_VLAN) != 0, n >= 16);
	}
}
END_TEST

START_TEST(other_versions_are_not_guessed)
{
	uint8_t data[64];
	struct packet p;
	size_t len = unhex(samples[TCP4].hex, data, sizeof data);

	packet_decode(&p, 0x86dd, data, len);
	ck_assert_uint_eq(p.has, 0);
	data[0] = 0x55;
	packet_decode(&p, 0, data, len);
	ck_assert_uint_eq(p.has, 0);
	ck_assert_uint_eq(p.ethertype, 0);
	data[0] = 0x44; /* a header of 16 bytes */
	packet_decode(&p, 0, data, len);
	ck_assert_uint_eq(p.has, HAS_IP);
	packet_decode(&p, 0x88cc, data, len);
	ck_assert_uint_eq(p.has, 0);
	ck_assert_uint_eq(p.ethertype, 0x88cc);
}
END_TEST

START_TEST(addresses_mapped_and_as_text)
{
	struct ip_addr a = {.family = 6, .byte = {[10] = 0xff, 0xff, 192, 0, 2, 33}};
	char buf[46];

	assert_addr(&a, "::ffff:192.0.2.33");
	ip_addr_unmap(&a);
	ck_assert_uint_eq(a.family, 4);
	assert_addr(&a, "192.0.2.33");
	ip_addr_unmap(&a);
	assert_addr(&a, "192.0.2.33");
	a = (struct ip_addr){.family = 6, .byte = {0xfe, 0x80, [15] = 1}};
	ip_addr_unmap(&a);
	assert_addr(&a, "fe80::1");
	a.family = 0;
	ck_assert_str_eq(ip_addr_text(&a, buf, sizeof buf), "");
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, every_sample_has_what_it_should, 0, SAMPLES);
	tcase_add_loop_test(tc, every_sample_cut_anywhere, 0, SAMPLES);
	tcase_add_test(tc, bytes_behind_the_packet_are_ignored);
	tcase_add_test(tc, ipv4_fields);
	tcase_add_test(tc, tcp_fields);
	tcase_add_test(tc, vlan_tags_in_the_payload);
	tcase_add_test(tc, fragments);
	tcase_add_test(tc, ipv6_fields);
	tcase_add_test(tc, ipv6_cut_extension_is_the_protocol);
	tcase_add_test(tc, ipv6_endless_extensions);
	tcase_add_test(tc, unknown_lengths);
	tcase_add_test(tc, icmp_fields);
	tcase_add_test(tc, embedded_packets);
	tcase_add_test(tc, tunnels);
	tcase_add_test(tc, tunnels_in_tunnels);
	tcase_add_test(tc, security_parameter_index);
	tcase_add_test(tc, arp_fields);
	tcase_add_test(tc, ethernet_header);
	tcase_add_test(tc, other_versions_are_not_guessed);
	tcase_add_test(tc, addresses_mapped_and_as_text);
}

int
main(void)
{
	Suite *suite = suite_create("packet");
	TCase *tc = tcase_create("packet");
	SRunner *runner;
	int failed;

	add_tests(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
