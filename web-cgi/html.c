/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/range.h"
#include "web-cgi/zone.h"

static void
append(struct html *h, const char *data, size_t len)
{
	size_t cap = h->cap > 0 ? h->cap : 16384;
	char *p;

	if (h->failed || len >= HTML_MAX - h->len) {
		h->failed = true;
		return;
	}
	while (cap <= h->len + len)
		cap *= 2;
	if (cap > h->cap) {
		p = realloc(h->p, cap);
		if (p == NULL) {
			h->failed = true;
			return;
		}
		h->p = p;
		h->cap = cap;
	}
	memcpy(h->p + h->len, data, len);
	h->len += len;
	h->p[h->len] = '\0';
}

void
html_free(struct html *h)
{
	free(h->p);
	*h = (struct html){0};
}

void
html_raw(struct html *h, const char *markup)
{
	append(h, markup, strlen(markup));
}

void
html_f(struct html *h, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		h->failed = true;
	else
		append(h, text, (size_t)n);
}

/* Bytes of the UTF-8 character at s and its code point; 0 when there is none (RFC
 * 3629). */
static size_t
utf8_at(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	*code = n == 1 ? s[0] : n > 1 ? s[0] & (0x7fu >> n) : 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (n > 1 && (*code < least[n] || *code > 0x10ffff ||
			 (*code >= 0xd800 && *code < 0xe000)))
		return 0;
	return n;
}

/* Characters that would act on the screen instead of standing on it. */
static bool
is_active(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x00ad || c == 0x061c ||
	       c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

static void
append_hex(struct html *h, const unsigned char *s, size_t n)
{
	char hex[5];

	for (size_t i = 0; i < n; i++) {
		snprintf(hex, sizeof hex, "\\x%02x", s[i]);
		append(h, hex, 4);
	}
}

static void
append_escaped(struct html *h, const char *text, const char *(*entity)(uint32_t))
{
	const unsigned char *s = (const unsigned char *)text;
	const char *name;
	uint32_t code;
	size_t n;

	while (*s != '\0') {
		n = utf8_at(s, &code);
		name = n == 1 ? entity(code) : NULL;
		if (n == 0 || is_active(code))
			append_hex(h, s, n > 0 ? n : 1);
		else if (name != NULL)
			append(h, name, strlen(name));
		else
			append(h, (const char *)s, n);
		s += n > 0 ? n : 1;
	}
}

static const char *
text_entity(uint32_t c)
{
	return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

static const char *
attr_entity(uint32_t c)
{
	return c == '"' ? "&quot;" : c == '\'' ? "&#39;" : text_entity(c);
}

void
html_text(struct html *h, const char *text)
{
	append_escaped(h, text, text_entity);
}

void
html_attr(struct html *h, const char *text)
{
	append_escaped(h, text, attr_entity);
}

void
html_url(struct html *h, const char *value)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~:";
	char hex[4];

	for (; *value != '\0'; value++) {
		if (strchr(plain, *value) != NULL) {
			append(h, value, 1);
			continue;
		}
		snprintf(hex, sizeof hex, "%%%02X", (unsigned char)*value);
		append(h, hex, 3);
	}
}

void
html_count(struct html *h, uint64_t n)
{
	char digits[24], text[32];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	append(h, text, (size_t)at);
}

void
html_span(struct html *h, int64_t us)
{
	int64_t s = us > 0 ? us / RANGE_SECOND : 0;

	if (s < 90)
		html_f(h, "%" PRId64 " s", s);
	else if (s < 90 * 60)
		html_f(h, "%" PRId64 " min", s / 60);
	else if (s < 48 * 3600)
		html_f(h, "%" PRId64 " h", s / 3600);
	else
		html_f(h, "%" PRId64 " d", s / 86400);
}

static void
put_time(struct html *h, int64_t us, bool fine)
{
	char text[ZONE_TEXT];
	struct tm tm = zone_split(us);

	zone_time_text(us, text);
	html_raw(h, "<time datetime=\"");
	html_attr(h, text);
	html_raw(h, "\">");
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	html_text(h, text);
	if (fine)
		html_f(h, ".%03d", (int)(us % RANGE_SECOND / 1000));
	html_raw(h, "</time>");
}

void
html_time(struct html *h, int64_t us)
{
	put_time(h, us, false);
}

void
html_time_fine(struct html *h, int64_t us)
{
	put_time(h, us, true);
}
