/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing text: statements made of numbers, JSON. Always terminated. */
#ifndef FWLOG_COMMON_TEXTBUF_H
#define FWLOG_COMMON_TEXTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *p; /* "" at first */
	size_t len, size;
	bool failed; /* no memory: what was added since is missing */
};

void text_init(struct text *t);
void text_free(struct text *t);
void text_clear(struct text *t);
void text_add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A timestamptz in UTC; times beyond PostgreSQL's range become its end. */
void text_add_time_plain(struct text *t, uint64_t us_since_1970);
/* The same with quotes. */
void text_add_time(struct text *t, uint64_t us_since_1970);
/* A JSON string with its quotes; what is not printable ASCII becomes '?'. */
/* Bytes as two hexadecimal digits each. */
void text_add_hex(struct text *t, const uint8_t *p, size_t len);
void text_add_json(struct text *t, const char *s);

#endif
