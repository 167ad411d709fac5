/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/range.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "web-cgi/when.h"

const char *const range_presets[] = {"15m", "1h", "4h", "24h", "7d", "30d", NULL};
static const int64_t preset_spans[] = {RANGE_HOUR / 4, RANGE_HOUR, 4 * RANGE_HOUR,
    RANGE_DAY, 7 * RANGE_DAY, 30 * RANGE_DAY};

/* Widths people count in, seconds. */
static const int32_t widths[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400,
    30 * 86400, 91 * 86400};
/* From here on bars are whole hours, which roll-ups of hours count. */
#define HOURLY_SPAN (20 * RANGE_HOUR)

int
range_preset(struct range *r, const char *name, int64_t now)
{
	for (size_t i = 0; range_presets[i] != NULL; i++) {
		if (strcmp(range_presets[i], name) == 0) {
			*r = (struct range){.from = now - preset_spans[i],
			    .to = now,
			    .preset = range_presets[i]};
			return 0;
		}
	}
	return -1;
}

int
range_parse(struct range *r, const char *text, int64_t now)
{
	const char *dots = strstr(text, "..");
	char from[RANGE_EXPR_MAX + 1];

	if (dots == NULL)
		return range_preset(r, text, now);
	*r = (struct range){0};
	if (strlen(text) > RANGE_EXPR_MAX)
		return -1;
	snprintf(from, sizeof from, "%.*s", (int)(dots - text), text);
	snprintf(r->expr, sizeof r->expr, "%s", text);
	if (when_parse(from, now, &r->from) < 0 ||
	    when_parse(dots + 2, now, &r->to) < 0)
		return -1;
	return 0;
}

/* n digits at *text, which moves on; -1 when they are none. */
static int
digits(const char **text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

static bool
literal(const char **text, const char *any)
{
	if (**text == '\0' || strchr(any, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static int
days_in_month(const struct tm *tm)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[tm->tm_mon] + (leap && tm->tm_mon == 1);
}

static int
parse_clock(const char **text, struct tm *tm)
{
	tm->tm_year = digits(text, 4) - 1900;
	if (tm->tm_year < 70 || !literal(text, "-"))
		return -1;
	tm->tm_mon = digits(text, 2) - 1;
	if (tm->tm_mon < 0 || tm->tm_mon > 11 || !literal(text, "-"))
		return -1;
	tm->tm_mday = digits(text, 2);
	if (tm->tm_mday < 1 || tm->tm_mday > days_in_month(tm) || !literal(text, "Tt "))
		return -1;
	tm->tm_hour = digits(text, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !literal(text, ":"))
		return -1;
	tm->tm_min = digits(text, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59 || !literal(text, ":"))
		return -1;
	tm->tm_sec = digits(text, 2);
	return tm->tm_sec < 0 || tm->tm_sec > 60 ? -1 : 0;
}

/* Microseconds behind the point; further digits are cut. */
static int
parse_fraction(const char **text, int64_t *us)
{
	int64_t unit = RANGE_SECOND / 10;

	*us = 0;
	if (!literal(text, "."))
		return 0;
	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		*us += (**text - '0') * unit;
	return 0;
}

static int
parse_zone(const char **text, int64_t *offset)
{
	int sign, hours, minutes;

	*offset = 0;
	if (literal(text, "Zz"))
		return 0;
	sign = **text == '-' ? -1 : 1;
	/* A plus sign that nobody encoded arrives as a space. */
	if (!literal(text, "+- "))
		return -1;
	hours = digits(text, 2);
	if (hours < 0 || hours > 23 || !literal(text, ":"))
		return -1;
	minutes = digits(text, 2);
	if (minutes < 0 || minutes > 59)
		return -1;
	*offset = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int
range_parse_time(const char *text, int64_t *us)
{
	struct tm tm = {0};
	int64_t fraction, offset;

	if (parse_clock(&text, &tm) < 0 || parse_fraction(&text, &fraction) < 0 ||
	    parse_zone(&text, &offset) < 0 || *text != '\0')
		return -1;
	*us = ((int64_t)timegm(&tm) - offset) * RANGE_SECOND + fraction;
	return *us < 0 ? -1 : 0;
}

void
range_time_text(int64_t us, char text[RANGE_TIME_TEXT])
{
	time_t s = (time_t)(us / RANGE_SECOND);
	int fraction = (int)(us % RANGE_SECOND);
	struct tm tm;
	size_t n;

	if (gmtime_r(&s, &tm) == NULL || us < 0)
		tm = (struct tm){.tm_year = 70, .tm_mday = 1};
	n = strftime(text, RANGE_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(
	    text + n, RANGE_TIME_TEXT - n, fraction > 0 ? ".%06dZ" : "Z", fraction);
}

static struct buckets
buckets_of(const struct range *r, int64_t width)
{
	struct buckets b = {.width = width, .start = r->from / width * width};

	b.count = (int)((r->to - 1 - b.start) / width + 1);
	return b;
}

struct buckets
range_buckets(const struct range *r, int64_t width)
{
	int64_t least = r->to - r->from >= HOURLY_SPAN ? RANGE_HOUR : 0;
	struct buckets b = {0};

	if (width > 0)
		b = buckets_of(r, width);
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		if (b.count > 0 && b.count <= RANGE_BARS_MAX)
			break;
		if (widths[i] * RANGE_SECOND >= least)
			b = buckets_of(r, widths[i] * RANGE_SECOND);
	}
	return b;
}

int
range_bucket_of(const struct buckets *b, int64_t us)
{
	int64_t i;

	if (us < b->start)
		return -1;
	i = (us - b->start) / b->width;
	return i < b->count ? (int)i : -1;
}
