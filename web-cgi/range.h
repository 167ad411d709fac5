/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of time and the buckets of a timeline. Times are microseconds since 1970 UTC;
 * a range holds from and excludes to. Buckets are aligned to multiples of their width
 * since 1970, so that the same bar means the same time on every page.
 */
#ifndef FWLOG_WEB_RANGE_H
#define FWLOG_WEB_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_SECOND INT64_C(1000000)
#define RANGE_HOUR (3600 * RANGE_SECOND)
#define RANGE_DAY (24 * RANGE_HOUR)
#define RANGE_SPAN_MAX (3660 * RANGE_DAY)
#define RANGE_BARS_MAX 64  /* bars of a timeline */
#define RANGE_TIME_TEXT 40 /* bytes of a time as text */

#define RANGE_EXPR_MAX 80 /* bytes of a relative range as text */

struct range {
	int64_t from, to;
	/* "1h" when it ends now and was asked for by name, else NULL */
	const char *preset;
	char expr[RANGE_EXPR_MAX + 1]; /* "-1d@d..@d" when asked for so, else "" */
};

struct buckets {
	int64_t start; /* of the first bar, at or before range.from */
	int64_t width;
	int count; /* 1 .. RANGE_BARS_MAX */
};

/* Names of the presets in the order of their lengths; NULL ends them. */
extern const char *const range_presets[];

/* The preset's range that ends now. 0, or -1: no such preset. */
int range_preset(struct range *r, const char *name, int64_t now)
    __attribute__((warn_unused_result));
/* A preset, or two times (web-cgi/when.h) with ".." between them. 0, or -1. */
int range_parse(struct range *r, const char *text, int64_t now)
    __attribute__((warn_unused_result));
/* RFC 3339: 2026-11-23T14:05:09[.fraction](Z|±hh:mm); years 1970 to 9999. 0 or -1. */
int range_parse_time(const char *text, int64_t *us) __attribute__((warn_unused_result));
/* "2026-11-23T14:05:09.123456Z", without a fraction when it is none. */
void range_time_text(int64_t us, char text[RANGE_TIME_TEXT]);

/* width 0: one that suits the range. */
struct buckets range_buckets(const struct range *r, int64_t width);
/* Index of the bar that holds the time, -1 when none does. */
int range_bucket_of(const struct buckets *b, int64_t us);

#endif
