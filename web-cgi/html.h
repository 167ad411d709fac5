/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page being written: one growing buffer with a limit, and one function for each
 * context a foreign string can stand in. What no screen should obey (control
 * characters, direction overrides, invisible characters, bytes that are no UTF-8) comes
 * out as \xNN. A write that fails is remembered; the status line is only sent when all
 * was written.
 */
#ifndef FWLOG_WEB_HTML_H
#define FWLOG_WEB_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTML_MAX (4u << 20) /* bytes of a page */

struct html {
	char *p; /* NUL-terminated when not NULL */
	size_t len, cap;
	bool failed; /* no memory, or longer than HTML_MAX */
};

void html_free(struct html *h);

/* Markup of our own, as it is. */
void html_raw(struct html *h, const char *markup);
/* Markup of our own with numbers in it; never a foreign string. */
void html_f(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Between tags. */
void html_text(struct html *h, const char *text);
/* Inside a double-quoted attribute. */
void html_attr(struct html *h, const char *text);
/* A value in the query of a URL inside a double-quoted attribute (RFC 3986). */
void html_url(struct html *h, const char *value);

/* 1,234,567 */
void html_count(struct html *h, uint64_t n);
/* A span of time in one unit: "3 s", "14 min", "5 h", "12 d". */
void html_span(struct html *h, int64_t us);
/* "2026-11-23 14:05:09" in the zone of the answer, in <time>; fine: with milliseconds.
 */
void html_time(struct html *h, int64_t us);
void html_time_fine(struct html *h, int64_t us);

#endif
