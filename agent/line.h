/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for the local log, put together in memory that the caller owns: bounded, without
 * printf or allocation, since it runs for every record. What does not fit is left out
 * and marked by `full`.
 */
#ifndef FWLOG_AGENT_LINE_H
#define FWLOG_AGENT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/packet.h"
#include "common/record.h"

struct line {
	char *at;
	size_t left;
	bool full;
};

/* A second as text, kept because most records share it with the one before. */
struct line_clock {
	bool utc; /* else the machine's own time zone */
	int64_t second;
	char date[24]; /* "2024-05-01T12:00:00.", empty at first */
	char zone[8];  /* "Z", "+02:00" */
};

void line_char(struct line *l, char c);
void line_text(struct line *l, const char *text);
void line_uint(struct line *l, uint64_t v);
/* At least width digits (up to 16), zeros in front. */
void line_hex(struct line *l, uint64_t v, unsigned width);
void line_hex_upper(struct line *l, uint64_t v, unsigned width);
/* Two digits a byte, between them the separator unless it is 0. */
void line_hex_bytes(struct line *l, const uint8_t *p, size_t len, char separator);
/* As ip_addr_text has it. */
void line_address(struct line *l, const struct ip_addr *a);
/* RFC 3339 with microseconds. */
void line_time(struct line *l, struct line_clock *clock, uint64_t ts_us);
/* Valid UTF-8 without control characters as it is, each other byte as \xNN. */
void line_printable(struct line *l, struct bytes s);
/* A JSON string; what is no UTF-8 becomes U+FFFD. Returns whether that happened. */
bool line_json_string(struct line *l, struct bytes s);

#endif
