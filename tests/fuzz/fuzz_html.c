/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A foreign string in each place of a page where one may stand: no markup, no end of
 * the attribute, nothing a screen would obey comes out of it, and printable ASCII can
 * be read back.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "web-cgi/html.h"

static const struct {
	const char *entity;
	char is;
} entities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};

/* The entity that begins here: its length and what it stands for; 0: none. */
static size_t
entity_at(const char *s, char *is)
{
	for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
		if (strncmp(s, entities[i].entity, strlen(entities[i].entity)) == 0) {
			*is = entities[i].is;
			return strlen(entities[i].entity);
		}
	return 0;
}

static void
check_bytes(const char *s, const char *forbidden)
{
	char is;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f || strchr(forbidden, c) != NULL)
			abort();
		if (c == '&' && entity_at(s, &is) == 0)
			abort();
		/* U+0080 to U+009F and U+2028 to U+202E act on a screen. */
		if (c == 0xc2 && (unsigned char)s[1] < 0xa0)
			abort();
		if (c == 0xe2 && (unsigned char)s[1] == 0x80 &&
		    (unsigned char)s[2] >= 0xa8 && (unsigned char)s[2] <= 0xae)
			abort();
	}
}

static void
check_read_back(const char *s, const char *text)
{
	for (; *text != '\0'; text++) {
		char is = *s;
		size_t n = entity_at(s, &is);

		if (is != *text)
			abort();
		s += n > 0 ? n : 1;
	}
	if (*s != '\0')
		abort();
}

static unsigned
digit(char c)
{
	if (!isxdigit((unsigned char)c))
		abort();
	return (unsigned)(isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10);
}

/* Every byte is itself if RFC 3986 calls it unreserved (or a colon), else %XX. */
static void
check_url(const char *s, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*s++;

		if (c == '%') {
			c = (unsigned char)(digit(s[0]) << 4 | digit(s[1]));
			s += 2;
		} else if (!isalnum(c) && strchr("-._~:", c) == NULL) {
			abort();
		}
		if (c != (unsigned char)*text)
			abort();
	}
	if (*s != '\0')
		abort();
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	struct html between = {0}, attribute = {0}, url = {0};
	char *text = malloc(len + 1);
	bool plain = true;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	for (const char *c = text; *c != '\0'; c++)
		plain = plain && *c >= ' ' && *c <= '~';
	html_text(&between, text);
	html_attr(&attribute, text);
	html_url(&url, text);
	if (text[0] != '\0') {
		check_bytes(between.p, "<>");
		check_bytes(attribute.p, "<>\"");
		check_url(url.p, text);
	}
	if (plain && text[0] != '\0') {
		check_read_back(between.p, text);
		check_read_back(attribute.p, text);
	}
	html_free(&between);
	html_free(&attribute);
	html_free(&url);
	free(text);
	return 0;
}
