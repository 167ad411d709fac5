/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "common/copyrow.h"

#define POSTGRES_EPOCH_US INT64_C(946684800000000) /* see copyrow.c */
#define INET_V4 2
#define INET_V6 3
#define INET_HEAD 4 /* family, bits, is cidr, size */
#define ROW_COLUMNS (2 + EVENT_COLUMN_COUNT)
#define IS_NULL UINT32_MAX

#define COLUMN_NAME(kind, name, meaning) ", e." #name
const char copyrow_columns[] = "e.host_id, e.n" EVENT_COLUMNS(COLUMN_NAME);
#undef COLUMN_NAME

/* Each takes a value of len bytes; one of another length is none. */

static uint64_t
get_number(struct reader *r, uint32_t len, uint32_t want)
{
	if (len != want) {
		r->bad = true;
		return 0;
	}
	return len == 8 ? get_u64(r) : len == 4 ? get_u32(r) : get_u16(r);
}

static uint64_t
get_I8(struct reader *r, uint32_t len)
{
	return get_number(r, len, 8);
}

static uint32_t
get_I4(struct reader *r, uint32_t len)
{
	return (uint32_t)get_number(r, len, 4);
}
#define get_PREFIX get_I4
#define get_IFACE get_I4
#define get_NETNS get_I4

static uint16_t
get_I2(struct reader *r, uint32_t len)
{
	return (uint16_t)get_number(r, len, 2);
}

/* Times before 1970 become 1970. */
static uint64_t
get_TIME(struct reader *r, uint32_t len)
{
	int64_t since_2000 = (int64_t)get_number(r, len, 8);

	if (since_2000 <= -POSTGRES_EPOCH_US)
		return 0;
	if (since_2000 > INT64_MAX - POSTGRES_EPOCH_US)
		return INT64_MAX;
	return (uint64_t)(since_2000 + POSTGRES_EPOCH_US);
}

static struct ip_addr
get_INET(struct reader *r, uint32_t len)
{
	struct ip_addr a = {0};
	uint8_t family = get_u8(r), size;
	const uint8_t *bytes;

	get_u16(r); /* bits, is cidr: events hold whole addresses */
	size = get_u8(r);
	if ((family != INET_V4 || size != 4) && (family != INET_V6 || size != 16))
		r->bad = true;
	if (len != INET_HEAD + (uint32_t)size)
		r->bad = true;
	bytes = get_bytes(r, size);
	if (bytes == NULL)
		return a;
	a.family = family == INET_V4 ? 4 : 6;
	memcpy(a.byte, bytes, size);
	return a;
}

static struct mac_addr
get_MAC(struct reader *r, uint32_t len)
{
	struct mac_addr mac = {{0}};
	const uint8_t *bytes = get_bytes(r, len);

	if (bytes == NULL || len != sizeof mac.byte)
		r->bad = true;
	else
		memcpy(mac.byte, bytes, sizeof mac.byte);
	return mac;
}

static struct bytes
get_BYTES(struct reader *r, uint32_t len)
{
	const uint8_t *bytes = get_bytes(r, len);

	if (len > UINT16_MAX)
		len = UINT16_MAX;
	return (struct bytes){bytes, (uint16_t)(bytes != NULL ? len : 0)};
}

int
copyrow_get(struct reader *r, int32_t *host_id, int64_t *n, struct event *ev)
{
	uint16_t columns;
	uint32_t len;

	if (r->left == 0)
		return 0;
	columns = get_u16(r);
	if (columns == UINT16_MAX)
		return 0;
	if (columns != ROW_COLUMNS)
		return -1;
	ev->has = 0;
	*host_id = (int32_t)get_I4(r, get_u32(r));
	*n = (int64_t)get_I8(r, get_u32(r));
#define COLUMN_GET(kind, name, meaning) \
	len = get_u32(r);               \
	if (len != IS_NULL)             \
		EVENT_SET(ev, name, get_##kind(r, len));
	EVENT_COLUMNS(COLUMN_GET)
#undef COLUMN_GET
	return r->bad ? -1 : 1;
}

int
copyrow_each(const void *data, size_t len, bool first, copyrow_take *take, void *arg)
{
	struct reader in = reader_of(data, len);
	struct event ev;
	int32_t host_id;
	int64_t n;
	int rc;

	if (first && get_bytes(&in, COPYROW_HEADER_LEN) == NULL)
		return -1;
	while ((rc = copyrow_get(&in, &host_id, &n, &ev)) == 1)
		if (take(arg, &ev, host_id, n) != 0)
			return -1;
	return rc;
}
