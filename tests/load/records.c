/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as a firewall at the edge of a network sees them, in batches ready to send.
 */
#include <string.h>

#include "common/batch.h"
#include "tests/load/load.h"

static const char *const prefixes[] = {
    "DROP-IN ", "DROP-FWD ", "BRUTE-SSH ", "DNS ", "SCAN "};
static const char *const ifaces[] = {"eth0", "eth1", "br0", "wg0"};
static const uint16_t services[] = {
    22, 23, 53, 80, 123, 443, 445, 1433, 3389, 5060, 8080};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Payload of a record: a 40-byte TCP SYN, a UDP datagram or an ICMP echo over IPv4,
 * each tenth one a TCP SYN over IPv6. Returns its length. */
static uint16_t
make_packet(uint8_t *p, size_t size, uint64_t i)
{
	struct writer w = writer_of(p, size);
	bool v6 = i % 10 == 9;
	uint8_t proto = v6 || i % 10 < 6 ? 6 : i % 10 == 8 ? 1 : 17;

	if (v6) {
		put_u64(&w, 0x6000000000140640);
		put_u64(&w, 0x20010db800000000);
		put_u64(&w, 1 + i % 1009);
		put_u64(&w, 0x20010db800010000);
		put_u64(&w, 2);
	} else {
		put_u32(&w, 0x45000028);
		put_u32(&w, (uint32_t)(i << 16) | 0x4000);
		put_u32(&w, 0x33000000 | (uint32_t)proto << 16);
		put_u32(&w, 0xc6336400 + (uint32_t)(i * 7919 % 5003));
		put_u32(&w, 0x0a000002 + (uint32_t)(i % 4));
	}
	if (proto == 1) {
		put_u32(&w, 0x08000000);
		put_u32(&w, (uint32_t)i);
		return (uint16_t)(size - w.left);
	}
	put_u16(&w, (uint16_t)(1024 + i * 31 % 60000));
	put_u16(&w, services[i % COUNT(services)]);
	put_u64(&w, proto == 6 ? i << 32 : (uint64_t)20 << 48);
	put_u64(&w, proto == 6 ? 0x5002faf000000000 : i);
	return (uint16_t)(size - w.left);
}

static int
add_record(struct batch_writer *w, uint64_t i, uint64_t ts_us)
{
	uint8_t packet[64], header[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	uint16_t len = make_packet(packet, sizeof packet, i);
	bool v6 = packet[0] >> 4 == 6;
	const char *prefix = prefixes[i % COUNT(prefixes)];
	const char *iface = ifaces[i % COUNT(ifaces)];
	struct record rec = {0};

	RECORD_SET(&rec, ts_us, ts_us);
	RECORD_SET(&rec, family, v6 ? 10 : 2);
	RECORD_SET(&rec, hook, 1);
	RECORD_SET(&rec, group, 5);
	RECORD_SET(&rec, hw_proto, v6 ? 0x86dd : 0x0800);
	RECORD_SET(&rec, kseq, (uint32_t)i);
	RECORD_SET(&rec, prefix, (uint16_t)batch_intern(w, prefix, strlen(prefix)));
	RECORD_SET(&rec, in, (uint16_t)batch_intern(w, iface, strlen(iface)));
	RECORD_SET(&rec, hw_type, 1);
	RECORD_SET(&rec, hw_header, ((struct bytes){header, sizeof header}));
	RECORD_SET(&rec, pkt_len, len);
	RECORD_SET(&rec, payload, ((struct bytes){packet, len}));
	return batch_add(w, &rec);
}

static void
make_template(
    struct template *t, struct batch_writer *w, uint64_t from, uint64_t records)
{
	struct batch_head head = {
	    .epoch = 1, .first_seq = 1, .source = {.bind_id = 1, .group = 5}};
	uint64_t start = wall_us();
	struct bytes_view v;

	batch_begin(w);
	for (uint64_t i = 0; i < records; i++)
		if (add_record(w, from + i, start + i) < 0)
			fail("a batch holds %u of these records at most: --batch",
			    batch_count(w));
	v = batch_finish(w, &head);
	t->frame = take(1, v.len);
	memcpy(t->frame, v.p, v.len);
	t->len = v.len;
	t->records = (uint32_t)records;
}

void
records_make_templates(struct load *l)
{
	struct batch_writer *w = batch_writer_new((int)l->level);
	uint64_t batch = l->batch, rest = l->records % batch;

	if (w == NULL)
		fail("no memory for a batch");
	for (uint64_t i = 0; i < TEMPLATES; i++)
		make_template(&l->template[i], w, i * batch, batch);
	make_template(&l->template[TEMPLATES], w, 0, rest != 0 ? rest : batch);
	for (size_t i = 0; i <= TEMPLATES; i++)
		if (l->template[i].len > l->out_size)
			l->out_size = l->template[i].len;
	l->out_size += IN_MAX;
	l->batches = (l->records + l->batch - 1) / l->batch;
	batch_writer_free(w);
}
