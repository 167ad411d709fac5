/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/copyrow.h"

#include <limits.h>

/* 2000-01-01, where PostgreSQL's time begins, in microseconds since 1970. */
#define POSTGRES_EPOCH_US INT64_C(946684800000000)
/* Families of inet on the wire (PostgreSQL src/include/utils/inet.h). */
#define INET_V4 2
#define INET_V6 3
#define ROW_COLUMNS (2 + EVENT_COLUMN_COUNT)
#define ROW_N_AT (2 + 4 + 4 + 4) /* column count, host_id, length of n */

#define COLUMN_NAME(kind, name, meaning) ", " #name
const char copyrow_sql[] = "COPY fwlog.event (host_id, n" EVENT_COLUMNS(
    COLUMN_NAME) ") FROM STDIN (FORMAT binary)";
#undef COLUMN_NAME

const uint8_t copyrow_header[COPYROW_HEADER_LEN] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
const uint8_t copyrow_trailer[COPYROW_TRAILER_LEN] = {0xff, 0xff};

size_t
copyrow_bound(const struct event *ev)
{
	return COPYROW_FIXED_MAX + ev->hw_header.len + ev->payload.len;
}

static inline uint8_t *
row_u16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *
row_u32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *
row_u64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *
row_bytes(uint8_t *p, const void *data, size_t len)
{
	p = row_u32(p, (uint32_t)len);
	if (len > 0)
		memcpy(p, data, len);
	return p + len;
}

static inline uint8_t *
row_null(uint8_t *p)
{
	return row_u32(p, UINT32_MAX);
}

static inline uint8_t *
row_I2(uint8_t *p, uint16_t v)
{
	return row_u16(row_u32(p, 2), v > INT16_MAX ? INT16_MAX : v);
}

static inline uint8_t *
row_I4(uint8_t *p, uint32_t v)
{
	return row_u32(row_u32(p, 4), v > INT32_MAX ? INT32_MAX : v);
}

static inline uint8_t *
row_I8(uint8_t *p, uint64_t v)
{
	return row_u64(row_u32(p, 8), v > INT64_MAX ? INT64_MAX : v);
}

/* INT64_MAX microseconds after 1970 is still within timestamptz (year 294246). */
static inline uint8_t *
row_TIME(uint8_t *p, uint64_t us)
{
	int64_t since_1970 = us > INT64_MAX ? INT64_MAX : (int64_t)us;

	return row_u64(row_u32(p, 8), (uint64_t)(since_1970 - POSTGRES_EPOCH_US));
}

static inline uint8_t *
row_id(uint8_t *p, uint32_t id)
{
	return row_u32(row_u32(p, 4), id);
}
#define row_PREFIX row_id
#define row_IFACE row_id
#define row_NETNS row_id

static inline uint8_t *
row_INET(uint8_t *p, struct ip_addr a)
{
	uint8_t size = a.family == 4 ? 4 : 16;

	if (a.family != 4 && a.family != 6)
		return row_null(p);
	p = row_u32(p, 4u + size);
	*p++ = a.family == 4 ? INET_V4 : INET_V6;
	*p++ = (uint8_t)(size * CHAR_BIT); /* netmask: the whole address */
	*p++ = 0;                          /* not cidr */
	*p++ = size;
	memcpy(p, a.byte, size);
	return p + size;
}

static inline uint8_t *
row_MAC(uint8_t *p, struct mac_addr mac)
{
	return row_bytes(p, mac.byte, sizeof mac.byte);
}

static inline uint8_t *
row_BYTES(uint8_t *p, struct bytes b)
{
	return row_bytes(p, b.p, b.len);
}

size_t
copyrow_put(uint8_t *to, int32_t host_id, const struct event *ev)
{
	uint8_t *p = row_u16(to, ROW_COLUMNS);

	p = row_u32(row_u32(p, 4), (uint32_t)host_id);
	p = row_u64(row_u32(p, 8), 0);
#define COLUMN_PUT(kind, name, meaning) \
	p = EVENT_HAS(ev, name) ? row_##kind(p, ev->name) : row_null(p);
	EVENT_COLUMNS(COLUMN_PUT)
#undef COLUMN_PUT
	return (size_t)(p - to);
}

void
copyrow_set_n(uint8_t *row, int64_t n)
{
	row_u64(row + ROW_N_AT, (uint64_t)n);
}

/* Dictionary columns by kind; the others are passed over. */
enum {
	IS_TIME,
	IS_I8,
	IS_I4,
	IS_I2,
	IS_INET,
	IS_MAC,
	IS_BYTES,
	IS_PREFIX,
	IS_IFACE,
	IS_NETNS
};
#define COLUMN_IS_ID(kind, name, meaning) IS_##kind >= IS_PREFIX,
static const bool column_is_id[] = {EVENT_COLUMNS(COLUMN_IS_ID)};
#undef COLUMN_IS_ID

void
copyrow_set_ids(uint8_t *row, const int32_t *answer)
{
	uint8_t *p = row + ROW_N_AT + 8;

	for (int column = 0; column < EVENT_COLUMN_COUNT; column++) {
		uint32_t len, id;

		memcpy(&len, p, sizeof len);
		len = be32toh(len);
		p += sizeof len;
		if (len == UINT32_MAX)
			continue;
		if (column_is_id[column]) {
			memcpy(&id, p, sizeof id);
			id = be32toh(id);
			if ((int32_t)id < 0)
				row_u32(p, (uint32_t)answer[~id]);
		}
		p += len;
	}
}
