/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/text.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

size_t
text_hidden(const char *p)
{
	const unsigned char *c = (const unsigned char *)p;

	if (c[0] < 0x20 || c[0] == 0x7f)
		return c[0] != '\0';
	if (c[0] == 0xc2)
		return c[1] >= 0x80 && c[1] <= 0x9f ? 2 : 0;
	if (c[0] == 0xd8)
		return c[1] == 0x9c ? 2 : 0;
	if (c[0] == 0xe2 && c[1] == 0x80)
		return (c[2] >= 0x8b && c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xae)
			   ? 3
			   : 0;
	if (c[0] == 0xe2 && c[1] == 0x81)
		return c[2] >= 0xa0 && c[2] <= 0xaf ? 3 : 0;
	return c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf ? 3 : 0;
}

static int
put_hidden(const char *p, size_t bytes, FILE *out)
{
	for (size_t i = 0; i < bytes && out != NULL; i++)
		fprintf(out, "\\x%02x", (unsigned char)p[i]);
	return 4 * (int)bytes;
}

int
text_plain(const char *text, FILE *out)
{
	size_t hidden;
	int wide = 0;

	for (; *text != '\0'; text += hidden > 0 ? hidden : 1) {
		hidden = text_hidden(text);
		if (hidden > 0) {
			wide += put_hidden(text, hidden, out);
			continue;
		}
		if (out != NULL)
			putc(*text, out);
		wide += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return wide;
}

/* Of one to three bytes, which is all that is hidden. */
static unsigned
code_point(const char *p, size_t bytes)
{
	const unsigned char *c = (const unsigned char *)p;

	if (bytes == 1)
		return c[0];
	if (bytes == 2)
		return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
	return (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
}

void
text_json(const char *text, FILE *out)
{
	size_t hidden;

	putc('"', out);
	for (; *text != '\0'; text += hidden > 0 ? hidden : 1) {
		hidden = text_hidden(text);
		if (hidden > 0) {
			fprintf(out, "\\u%04x", code_point(text, hidden));
			continue;
		}
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

void
text_csv(const char *text, FILE *out)
{
	bool quoted = strpbrk(text, ",\"") != NULL || text[0] == ' ';
	size_t hidden;

	if (quoted)
		putc('"', out);
	if (text[0] != '\0' && strchr("=+-@", text[0]) != NULL)
		putc('\'', out);
	for (; *text != '\0'; text += hidden > 0 ? hidden : 1) {
		hidden = text_hidden(text);
		if (hidden > 0) {
			put_hidden(text, hidden, out);
			continue;
		}
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	if (quoted)
		putc('"', out);
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
text_unhex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0;
	int high, low;

	while (
	    n < size && (high = nibble(*text)) >= 0 && (low = nibble(text[1])) >= 0) {
		bytes[n++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return n;
}

void
text_time(int64_t us, char text[TEXT_TIME])
{
	time_t t = (time_t)(us / 1000000);
	char date[24];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, TEXT_TIME, "%s.%06dZ", date, (int)(us % 1000000));
}
