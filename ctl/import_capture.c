/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_capture.h"

#include <byteswap.h>
#include <stdio.h>
#include <string.h>

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define MAGIC_ORDER 0x1a2b3c4du /* of pcapng's section header */
#define FILE_HEADER 24
#define RECORD_HEADER 16
#define BLOCK_HEADER 8
#define BLOCK_LEAST 12
#define OPTION_TSRESOL 9
#define MICROSECONDS 1000000u
#define NANOSECONDS 1000000000u

enum block {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

static uint32_t
get32(const struct capture *c, const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof n);
	return c->swap ? bswap_32(n) : n;
}

static uint16_t
get16(const struct capture *c, const char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof n);
	return c->swap ? bswap_16(n) : n;
}

/* ---- pcap */

static int
start_pcap(struct capture *c, const char *header, const char *name)
{
	uint32_t magic;

	memcpy(&magic, header, sizeof magic);
	c->swap = magic != MAGIC_US && magic != MAGIC_NS;
	magic = get32(c, header);
	if (magic != MAGIC_US && magic != MAGIC_NS) {
		fprintf(stderr, "fwlogctl: %s: is no capture\n", name);
		return -1;
	}
	c->interface[0] = (struct capture_interface){
	    .link_type = get32(c, header + 20) & 0xffff,
	    .per_second = magic == MAGIC_US ? MICROSECONDS : NANOSECONDS,
	};
	c->interfaces = 1;
	return 0;
}

static int
next_pcap(struct capture *c, struct capture_packet *p)
{
	struct span header;
	uint32_t seconds, fraction, captured;
	int rc = import_input_bytes(c->in, RECORD_HEADER, &header);

	if (rc <= 0)
		return rc;
	seconds = get32(c, header.p);
	fraction = get32(c, header.p + 4);
	captured = get32(c, header.p + 8);
	p->length = get32(c, header.p + 12);
	p->link_type = c->interface[0].link_type;
	p->ts_us = (uint64_t)seconds * MICROSECONDS +
		   fraction * (uint64_t)MICROSECONDS / c->interface[0].per_second;
	return import_input_bytes(c->in, captured, &p->data);
}

/* ---- pcapng */

static uint64_t
resolution(const struct capture *c, const char *option, const char *end)
{
	uint64_t n = 1;

	while (end - option >= 4) {
		uint16_t code = get16(c, option), len = get16(c, option + 2);

		if (code == 0 || len > end - option - 4)
			break;
		if (code == OPTION_TSRESOL && len >= 1) {
			unsigned exponent = (unsigned char)option[4];

			if (exponent & 0x80)
				return UINT64_C(1) << (exponent & 0x3f);
			for (; exponent > 0 && n < UINT64_C(1000000000000); exponent--)
				n *= 10;
			return n;
		}
		option += 4 + ((len + 3u) & ~3u);
	}
	return MICROSECONDS;
}

static void
put_interface(struct capture *c, struct span body)
{
	struct capture_interface *i;

	if (c->interfaces == CAPTURE_INTERFACES || body.len < 8)
		return;
	i = &c->interface[c->interfaces++];
	i->link_type = get16(c, body.p);
	i->per_second = resolution(c, body.p + 8, body.p + body.len);
}

static bool
put_packet(const struct capture *c, struct span body, struct capture_packet *p)
{
	const struct capture_interface *i;
	uint64_t time;
	uint32_t captured;

	if (body.len < 20 || get32(c, body.p) >= c->interfaces)
		return false;
	i = &c->interface[get32(c, body.p)];
	time = (uint64_t)get32(c, body.p + 4) << 32 | get32(c, body.p + 8);
	captured = get32(c, body.p + 12);
	if (captured > body.len - 20)
		return false;
	p->ts_us = time / i->per_second * MICROSECONDS +
		   (uint64_t)((double)(time % i->per_second) * MICROSECONDS /
			      (double)i->per_second);
	p->link_type = i->link_type;
	p->length = get32(c, body.p + 16);
	p->data = (struct span){body.p + 20, captured};
	return true;
}

static void
start_section(struct capture *c)
{
	struct span start = import_input_peek(c->in, BLOCK_LEAST);
	uint32_t order = 0;

	if (start.len == BLOCK_LEAST)
		memcpy(&order, start.p + BLOCK_HEADER, sizeof order);
	c->swap = order != MAGIC_ORDER;
	c->interfaces = 0;
}

static int
next_ng(struct capture *c, struct capture_packet *p)
{
	struct span start, body;
	uint32_t type, len;
	int rc;

	for (;;) {
		start = import_input_peek(c->in, BLOCK_HEADER);
		if (start.len < BLOCK_HEADER)
			return 0;
		memcpy(&type, start.p, sizeof type); /* a section's reads both ways */
		if (type == BLOCK_SECTION)
			start_section(c);
		start = import_input_peek(c->in, BLOCK_HEADER);
		type = get32(c, start.p);
		len = get32(c, start.p + 4);
		if (len < BLOCK_LEAST || len % 4 != 0)
			return 0;
		rc = import_input_bytes(c->in, len, &body);
		if (rc <= 0)
			return rc;
		body.p += BLOCK_HEADER;
		body.len -= BLOCK_LEAST;
		if (type == BLOCK_INTERFACE)
			put_interface(c, body);
		else if (type == BLOCK_PACKET && put_packet(c, body, p))
			return 1;
	}
}

int
capture_start(struct capture *c, struct import_input *in, const char *name)
{
	struct span first = import_input_peek(in, 4);
	uint32_t type = 0;
	int rc;

	*c = (struct capture){.in = in};
	if (first.len == 4)
		memcpy(&type, first.p, sizeof type);
	c->ng = type == BLOCK_SECTION;
	if (c->ng)
		return 0;
	rc = import_input_bytes(in, FILE_HEADER, &first);
	if (rc > 0)
		return start_pcap(c, first.p, name);
	if (rc == 0)
		fprintf(stderr, "fwlogctl: %s: is no capture\n", name);
	return -1;
}

int
capture_next(struct capture *c, struct capture_packet *p)
{
	return c->ng ? next_ng(c, p) : next_pcap(c, p);
}
