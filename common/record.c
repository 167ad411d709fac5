/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/record.h"

#define RECORD_HAS_ALL ((uint32_t)((UINT64_C(1) << RECORD_FIELD_COUNT) - 1))

static void
put_BYTES(struct writer *w, struct bytes b)
{
	put_u16(w, b.len);
	put_bytes(w, b.p, b.len);
}

static struct bytes
get_BYTES(struct reader *r)
{
	struct bytes b = {.len = get_u16(r)};

	b.p = get_bytes(r, b.len);
	return b;
}

#define put_U8 put_u8
#define put_U16 put_u16
#define put_U32 put_u32
#define put_U64 put_u64
#define put_STR put_u16

static uint16_t
get_STR(struct reader *r, uint16_t nstrings)
{
	uint16_t index = get_u16(r);

	if (index >= nstrings)
		r->bad = true;
	return index;
}

void
record_put(struct writer *w, const struct record *rec)
{
	put_u32(w, rec->has);
#define PUT(kind, name, meaning)   \
	if (RECORD_HAS(rec, name)) \
		put_##kind(w, rec->name);
	RECORD_FIELDS(PUT)
#undef PUT
}

#define READ_U8(r, n) get_u8(r)
#define READ_U16(r, n) get_u16(r)
#define READ_U32(r, n) get_u32(r)
#define READ_U64(r, n) get_u64(r)
#define READ_STR(r, n) get_STR(r, n)
#define READ_BYTES(r, n) get_BYTES(r)

int
record_get(struct reader *r, struct record *rec, uint16_t nstrings)
{
	memset(rec, 0, sizeof *rec);
	rec->has = get_u32(r);
	if (rec->has & ~RECORD_HAS_ALL)
		return -1;
#define GET(kind, name, meaning)   \
	if (RECORD_HAS(rec, name)) \
		rec->name = READ_##kind(r, nstrings);
	RECORD_FIELDS(GET)
#undef GET
	return r->bad ? -1 : 0;
}
