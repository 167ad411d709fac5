/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/textbuf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_FIRST 1024 /* bytes */

static char empty[1];

void
text_init(struct text *t)
{
	*t = (struct text){.p = empty};
}

void
text_free(struct text *t)
{
	if (t->p != empty)
		free(t->p);
	text_init(t);
}

void
text_clear(struct text *t)
{
	t->len = 0;
	t->failed = false;
	if (t->p != empty)
		t->p[0] = '\0';
}

static bool
text_reserve(struct text *t, size_t more)
{
	size_t size = t->size == 0 ? TEXT_FIRST : t->size;
	char *p;

	if (t->failed)
		return false;
	if (t->size - t->len > more)
		return true;
	while (size - t->len <= more)
		size *= 2;
	p = realloc(t->p == empty ? NULL : t->p, size);
	if (p == NULL) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->size = size;
	return true;
}

void
text_add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 || !text_reserve(t, (size_t)n))
		return;
	va_start(args, fmt);
	vsnprintf(t->p + t->len, t->size - t->len, fmt, args);
	va_end(args);
	t->len += (size_t)n;
}

void
text_add_time_plain(struct text *t, uint64_t us)
{
	uint64_t bounded = us > INT64_MAX ? INT64_MAX : us;
	time_t seconds = (time_t)(bounded / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	text_add(t, "%04d-%02d-%02d %02d:%02d:%02d.%06u+00", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (unsigned)(bounded % 1000000));
}

void
text_add_time(struct text *t, uint64_t us)
{
	text_add(t, "'");
	text_add_time_plain(t, us);
	text_add(t, "'");
}

void
text_add_hex(struct text *t, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	if (!text_reserve(t, 2 * len))
		return;
	for (size_t i = 0; i < len; i++) {
		t->p[t->len++] = digits[p[i] >> 4];
		t->p[t->len++] = digits[p[i] & 15];
	}
	t->p[t->len] = '\0';
}

void
text_add_json(struct text *t, const char *s)
{
	text_add(t, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			text_add(t, "\\%c", *s);
		else
			text_add(t, "%c", *s < ' ' || *s > '~' ? '?' : *s);
	}
	text_add(t, "\"");
}
