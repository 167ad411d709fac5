/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet from the network, as far as it was captured, from the decoder to the lines
 * of the local log: no overrun, whatever the bytes and the metadata say. The input is
 * five bytes of metadata, the link-layer header and the packet; both are copied into
 * memory of their exact size.
 */
#include <stdlib.h>

#include "agent/format.h"
#include "tests/fuzz/fuzz.h"

#define METADATA 5 /* family, hook, EtherType (2), length of the header */
#define TEXT_SIZE 65536

static struct batch_writer *strings;
static char text[TEXT_SIZE];

static struct bytes
copy_of(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, p, len);
	return (struct bytes){.p = copy, .len = (uint16_t)len};
}

static void
check_offsets(const struct packet *p, size_t len)
{
	if (p->transport_offset > len || p->inner_offset > len)
		abort();
	if (p->has & PACKET_INNER_PORTS && !(p->has & PACKET_INNER))
		abort();
}

static void
run(const struct record *rec)
{
	struct event ev;
	struct packet pkt;
	struct line_clock clock = {.utc = true};
	struct line line = {.at = text, .left = sizeof text};

	event_from_record(&ev, &pkt, rec);
	check_offsets(&pkt, ev.payload.len);
	format_kernel(&line, &ev, &pkt, strings);
	line = (struct line){.at = text, .left = sizeof text};
	format_json(&line, &ev, &clock, strings);
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct record rec = {0};
	size_t header;

	if (len < METADATA || len > RECORD_PAYLOAD_MAX)
		return 0;
	if (strings == NULL && (strings = batch_writer_new(0)) == NULL)
		return 0;
	header = data[4] % 64;
	if (header > len - METADATA)
		return 0;
	RECORD_SET(&rec, family, data[0]);
	RECORD_SET(&rec, hook, data[1]);
	RECORD_SET(&rec, hw_proto, (uint16_t)(data[2] << 8 | data[3]));
	RECORD_SET(&rec, hw_header, copy_of(data + METADATA, header));
	if (data[4] & 64)
		RECORD_SET(&rec, hw_type, data[4] & 128 ? 65534 : 1);
	RECORD_SET(
	    &rec, payload, copy_of(data + METADATA + header, len - METADATA - header));
	run(&rec);
	free((void *)(uintptr_t)rec.hw_header.p);
	free((void *)(uintptr_t)rec.payload.p);
	return 0;
}
