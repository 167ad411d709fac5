/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/format.h"

#include <string.h>

enum kind {
	KIND_TIME,
	KIND_I8,
	KIND_I4,
	KIND_I2,
	KIND_INET,
	KIND_MAC,
	KIND_BYTES,
	KIND_PREFIX,
	KIND_IFACE,
	KIND_NETNS,
};

#define COLUMN(kind, name, meaning) {#name, offsetof(struct event, name), KIND_##kind},
static const struct column {
	const char *name;
	size_t offset;
	enum kind kind;
} columns[] = {EVENT_COLUMNS(COLUMN)};
#undef COLUMN

static void
put_key(struct line *l, const char *name, size_t len, const char *suffix)
{
	line_char(l, '"');
	for (size_t i = 0; i < len; i++)
		line_char(l, name[i]);
	line_text(l, suffix);
	line_text(l, "\":");
}

static void
put_string(struct line *l, const char *name, uint32_t index,
    const struct batch_writer *strings)
{
	struct bytes s = batch_writer_string(strings, (uint16_t)index);
	size_t len = strlen(name) - strlen("_id");

	put_key(l, name, len, "");
	if (!line_json_string(l, s))
		return;
	line_char(l, ',');
	put_key(l, name, len, "_hex");
	line_char(l, '"');
	line_hex_bytes(l, s.p, s.len, '\0');
	line_char(l, '"');
}

static void
put_number(struct line *l, enum kind kind, const void *value)
{
	switch (kind) {
	case KIND_I8:
		line_uint(l, *(const EVENT_C_I8 *)value);
		break;
	case KIND_I4:
		line_uint(l, *(const EVENT_C_I4 *)value);
		break;
	default:
		line_uint(l, *(const EVENT_C_I2 *)value);
		break;
	}
}

/* What stands in quotation marks. */
static void
put_text(struct line *l, enum kind kind, const void *value, struct line_clock *clock)
{
	const struct bytes *bytes = value;
	const struct mac_addr *mac = value;

	line_char(l, '"');
	switch (kind) {
	case KIND_TIME:
		line_time(l, clock, *(const EVENT_C_TIME *)value);
		break;
	case KIND_INET:
		line_address(l, value);
		break;
	case KIND_MAC:
		line_hex_bytes(l, mac->byte, sizeof mac->byte, ':');
		break;
	default:
		line_hex_bytes(l, bytes->p, bytes->len, '\0');
		break;
	}
	line_char(l, '"');
}

static void
put_column(struct line *l, const struct column *c, const void *value,
    struct line_clock *clock, const struct batch_writer *strings)
{
	switch (c->kind) {
	case KIND_PREFIX:
	case KIND_IFACE:
	case KIND_NETNS:
		put_string(l, c->name, *(const EVENT_C_PREFIX *)value, strings);
		break;
	case KIND_I8:
	case KIND_I4:
	case KIND_I2:
		put_key(l, c->name, strlen(c->name), "");
		put_number(l, c->kind, value);
		break;
	default:
		put_key(l, c->name, strlen(c->name), "");
		put_text(l, c->kind, value, clock);
		break;
	}
}

void
format_json(struct line *l, const struct event *ev, struct line_clock *clock,
    const struct batch_writer *strings)
{
	const char *base = (const char *)ev;
	char before = '{';

	for (size_t i = 0; i < EVENT_COLUMN_COUNT; i++) {
		if (!(ev->has & UINT64_C(1) << i))
			continue;
		line_char(l, before);
		put_column(l, &columns[i], base + columns[i].offset, clock, strings);
		before = ',';
	}
	line_char(l, '}');
}
