/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/line.h"

#include <string.h>
#include <time.h>

static const char lower[] = "0123456789abcdef";

static void
put(struct line *l, const void *data, size_t len)
{
	if (l->full || len > l->left) {
		l->full = true;
		return;
	}
	memcpy(l->at, data, len);
	l->at += len;
	l->left -= len;
}

void
line_char(struct line *l, char c)
{
	put(l, &c, 1);
}

void
line_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* At least width digits, zeros in front. */
static void
put_decimal(struct line *l, uint64_t v, unsigned width)
{
	char text[20];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0 || sizeof text - at < width);
	put(l, text + at, sizeof text - at);
}

static void
put_hex(struct line *l, uint64_t v, unsigned width, const char *digits)
{
	char text[16];
	size_t at = sizeof text;

	do {
		text[--at] = digits[v & 15];
		v >>= 4;
	} while (v > 0 || sizeof text - at < width);
	put(l, text + at, sizeof text - at);
}

void
line_uint(struct line *l, uint64_t v)
{
	put_decimal(l, v, 1);
}

void
line_hex(struct line *l, uint64_t v, unsigned width)
{
	put_hex(l, v, width, lower);
}

void
line_hex_upper(struct line *l, uint64_t v, unsigned width)
{
	put_hex(l, v, width, "0123456789ABCDEF");
}

void
line_hex_bytes(struct line *l, const uint8_t *p, size_t len, char separator)
{
	size_t size = separator != '\0' ? 3 : 2;

	for (size_t i = 0; i < len; i++) {
		char text[3] = {lower[p[i] >> 4], lower[p[i] & 15], separator};

		put(l, text, i + 1 < len ? size : 2);
	}
}

void
line_address(struct line *l, const struct ip_addr *a)
{
	char text[46];

	if (a->family != 4) {
		line_text(l, ip_addr_text(a, text, sizeof text));
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			line_char(l, '.');
		put_decimal(l, a->byte[i], 1);
	}
}

/* ---- time */

static void
set_clock(struct line_clock *clock, int64_t second)
{
	struct tm tm = {.tm_mday = 1, .tm_year = 70};
	time_t t = (time_t)second;
	char zone[8];

	if (clock->utc)
		gmtime_r(&t, &tm);
	else
		localtime_r(&t, &tm);
	clock->second = second;
	if (strftime(clock->date, sizeof clock->date, "%Y-%m-%dT%H:%M:%S.", &tm) == 0)
		strcpy(clock->date, "1970-01-01T00:00:00.");
	if (clock->utc || strftime(zone, sizeof zone, "%z", &tm) != 5)
		strcpy(clock->zone, "Z");
	else
		memcpy(clock->zone,
		    (char[8]){zone[0], zone[1], zone[2], ':', zone[3], zone[4]}, 8);
}

void
line_time(struct line *l, struct line_clock *clock, uint64_t ts_us)
{
	int64_t second = (int64_t)(ts_us / 1000000);

	if (clock->date[0] == '\0' || clock->second != second)
		set_clock(clock, second);
	line_text(l, clock->date);
	put_decimal(l, ts_us % 1000000, 6);
	line_text(l, clock->zone);
}

/* ---- strings */

/* Length of the UTF-8 sequence (RFC 3629) that begins s, 0 when it is none. */
static size_t
utf8_length(const uint8_t *s, size_t left)
{
	/* First byte, and the range that the second is bound to. */
	static const struct {
		uint8_t from, to, second_from, second_to, len;
	} forms[] = {
	    {0x00, 0x7f, 0, 0, 1},
	    {0xc2, 0xdf, 0x80, 0xbf, 2},
	    {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3},
	    {0xed, 0xed, 0x80, 0x9f, 3},
	    {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4},
	    {0xf1, 0xf3, 0x80, 0xbf, 4},
	    {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i = 0;

	while (i < sizeof forms / sizeof forms[0] && s[0] > forms[i].to)
		i++;
	if (i == sizeof forms / sizeof forms[0] || s[0] < forms[i].from ||
	    forms[i].len > left)
		return 0;
	if (forms[i].len > 1 &&
	    (s[1] < forms[i].second_from || s[1] > forms[i].second_to))
		return 0;
	for (size_t n = 2; n < forms[i].len; n++)
		if ((s[n] & 0xc0) != 0x80)
			return 0;
	return forms[i].len;
}

/* C0, DEL and C1, all of which a terminal may act on. s is a valid sequence. */
static bool
is_control(const uint8_t *s, size_t len)
{
	if (len == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

void
line_printable(struct line *l, struct bytes s)
{
	size_t step;

	for (size_t i = 0; i < s.len; i += step) {
		step = utf8_length(s.p + i, s.len - i);
		if (step > 0 && !is_control(s.p + i, step)) {
			put(l, s.p + i, step);
			continue;
		}
		step = 1;
		line_text(l, "\\x");
		line_hex(l, s.p[i], 2);
	}
}

bool
line_json_string(struct line *l, struct bytes s)
{
	bool lossy = false;
	size_t step;

	line_char(l, '"');
	for (size_t i = 0; i < s.len; i += step) {
		step = utf8_length(s.p + i, s.len - i);
		if (step == 0) {
			step = 1;
			lossy = true;
			line_text(l, "\\ufffd");
		} else if (is_control(s.p + i, step)) {
			line_text(l, "\\u");
			line_hex(l, s.p[i + step - 1], 4);
		} else {
			if (s.p[i] == '"' || s.p[i] == '\\')
				line_char(l, '\\');
			put(l, s.p + i, step);
		}
	}
	line_char(l, '"');
	return lossy;
}
