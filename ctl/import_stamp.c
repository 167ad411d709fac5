/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_stamp.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define DAY 86400
#define SECOND_US 1000000
#define YEAR_FIRST 1970
#define YEAR_LAST 9999

/* A cursor over the head; it stays where it is when what is asked for is not there. */
struct head {
	const char *at, *end;
};

void
import_clock_start(struct import_clock *c, int year, int64_t newest, int64_t boot_us)
{
	*c = (struct import_clock){
	    .year = year,
	    .newest = newest,
	    .boot_us = boot_us,
	    .month = -1,
	    .hour_key = -1,
	};
}

/* ---- small pieces */

static size_t
left(const struct head *h)
{
	return (size_t)(h->end - h->at);
}

static bool
take(struct head *h, char c)
{
	if (h->at == h->end || *h->at != c)
		return false;
	h->at++;
	return true;
}

/* Exactly so many digits. */
static bool
take_digits(struct head *h, int digits, int *value)
{
	int n = 0;

	if (left(h) < (size_t)digits)
		return false;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)h->at[i]))
			return false;
		n = n * 10 + (h->at[i] - '0');
	}
	h->at += digits;
	*value = n;
	return true;
}

/* Up to eighteen digits. */
static bool
take_long(struct head *h, int64_t *value)
{
	const char *from = h->at;
	int64_t n = 0;

	while (h->at < h->end && h->at - from < 18 && isdigit((unsigned char)*h->at))
		n = n * 10 + (*h->at++ - '0');
	*value = n;
	return h->at > from;
}

/* A fraction, if there is one, in microseconds; what is finer is left out. */
static int
take_fraction(struct head *h)
{
	int us = 0, unit = SECOND_US / 10;

	if (left(h) < 2 || (h->at[0] != '.' && h->at[0] != ',') ||
	    !isdigit((unsigned char)h->at[1]))
		return 0;
	for (h->at++; h->at < h->end && isdigit((unsigned char)*h->at); h->at++) {
		us += (*h->at - '0') * unit;
		unit /= 10;
	}
	return us;
}

/* hh:mm:ss with a fraction */
static bool
take_clock(struct head *h, struct tm *tm, int *us)
{
	if (!take_digits(h, 2, &tm->tm_hour) || !take(h, ':') ||
	    !take_digits(h, 2, &tm->tm_min) || !take(h, ':') ||
	    !take_digits(h, 2, &tm->tm_sec))
		return false;
	*us = take_fraction(h);
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool
take_month(struct head *h, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (left(h) < 4 || h->at[3] != ' ')
		return false;
	for (int i = 0; i < 12; i++) {
		if (memcmp(h->at, names + (ptrdiff_t)3 * i, 3) == 0) {
			h->at += 4;
			*month = i;
			return true;
		}
	}
	return false;
}

static bool
take_weekday(struct head *h)
{
	static const char names[] = "MonTueWedThuFriSatSun";

	if (left(h) < 4 || h->at[3] != ' ')
		return false;
	for (int i = 0; i < 7; i++) {
		if (memcmp(h->at, names + (ptrdiff_t)3 * i, 3) == 0) {
			h->at += 4;
			return true;
		}
	}
	return false;
}

static struct span
take_token(struct head *h)
{
	const char *from = h->at;
	const char *blank = memchr(from, ' ', left(h));

	h->at = blank != NULL ? blank + 1 : h->end;
	return (struct span){from, (size_t)((blank != NULL ? blank : h->end) - from)};
}

/* ---- times */

/* mktime is slow: asked once for each hour of the log. */
static int64_t
local_seconds(struct import_clock *c, const struct tm *tm)
{
	int key =
	    ((tm->tm_year * 12 + tm->tm_mon) * 32 + tm->tm_mday) * 24 + tm->tm_hour;
	struct tm hour = {.tm_year = tm->tm_year,
	    .tm_mon = tm->tm_mon,
	    .tm_mday = tm->tm_mday,
	    .tm_hour = tm->tm_hour,
	    .tm_isdst = -1};

	if (key != c->hour_key) {
		c->base = mktime(&hour);
		c->hour_key = key;
	}
	return c->base + tm->tm_min * 60 + tm->tm_sec;
}

/* The year of a stamp that has none. */
static int64_t
guess_year(struct import_clock *c, struct tm *tm)
{
	time_t newest = (time_t)c->newest;
	struct tm then;
	int64_t seconds;

	if (c->year != 0) {
		if (c->month >= 0 && tm->tm_mon < c->month - 6)
			c->year++;
		else if (c->month >= 0 && tm->tm_mon > c->month + 6)
			c->year--;
		c->month = tm->tm_mon;
		tm->tm_year = c->year - 1900;
		return local_seconds(c, tm);
	}
	localtime_r(&newest, &then);
	tm->tm_year = then.tm_year;
	/* On New Year's Eve a line may be of the year to come. */
	if (then.tm_mon == 11 && tm->tm_mon == 0)
		tm->tm_year++;
	seconds = local_seconds(c, tm);
	if (seconds <= c->newest + DAY)
		return seconds;
	tm->tm_year--;
	return local_seconds(c, tm);
}

static int64_t
days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t century = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return century * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	       719468;
}

/* Z, +01:00, +0100, +01, or nothing: false. */
static bool
take_zone(struct head *h, int *seconds)
{
	int hours, minutes = 0, sign;

	*seconds = 0;
	if (take(h, 'Z'))
		return true;
	if (left(h) < 3 || (*h->at != '+' && *h->at != '-'))
		return false;
	sign = *h->at++ == '-' ? -1 : 1;
	if (!take_digits(h, 2, &hours)) {
		h->at--;
		return false;
	}
	take(h, ':');
	if (!take_digits(h, 2, &minutes))
		minutes = 0;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* zone: whether the time says it. */
static bool
take_iso(struct import_clock *c, struct head *h, uint64_t *ts_us, bool *zone)
{
	struct tm tm = {0};
	int us, offset;
	int64_t seconds;

	if (!take_digits(h, 4, &tm.tm_year) || !take(h, '-') ||
	    !take_digits(h, 2, &tm.tm_mon) || !take(h, '-') ||
	    !take_digits(h, 2, &tm.tm_mday) || (!take(h, 'T') && !take(h, ' ')) ||
	    !take_clock(h, &tm, &us))
		return false;
	if (tm.tm_year < YEAR_FIRST || tm.tm_mon < 1 || tm.tm_mon > 12 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	*zone = take_zone(h, &offset);
	if (*zone || (left(h) > 4 && memcmp(h->at, " UTC ", 5) == 0)) {
		seconds = days_from_civil(tm.tm_year, tm.tm_mon, tm.tm_mday) * DAY +
			  tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - offset;
	} else {
		tm.tm_year -= 1900;
		tm.tm_mon--;
		seconds = local_seconds(c, &tm);
	}
	*ts_us = (uint64_t)seconds * SECOND_US + (uint64_t)us;
	return seconds >= 0;
}

/* Nov 23 14:05:09, with a year behind it in brackets of dmesg -T. */
static bool
take_bsd(struct import_clock *c, struct head *h, uint64_t *ts_us, bool with_year)
{
	struct tm tm = {0};
	int us;
	int64_t seconds;

	if (!take_month(h, &tm.tm_mon))
		return false;
	if (!(take(h, ' ') ? take_digits(h, 1, &tm.tm_mday)
			   : take_digits(h, 2, &tm.tm_mday)) ||
	    !take(h, ' ') || !take_clock(h, &tm, &us) || tm.tm_mday < 1 ||
	    tm.tm_mday > 31)
		return false;
	if (with_year) {
		if (!take(h, ' ') || !take_digits(h, 4, &tm.tm_year) ||
		    tm.tm_year < YEAR_FIRST)
			return false;
		tm.tm_year -= 1900;
		seconds = local_seconds(c, &tm);
	} else {
		seconds = guess_year(c, &tm);
	}
	*ts_us = (uint64_t)seconds * SECOND_US + (uint64_t)us;
	return seconds >= 0;
}

/* ---- what follows the time */

/* "kernel: ", "ulogd[12]: " */
static void
skip_tag(struct head *h)
{
	struct head try = *h;
	struct span tag = take_token(&try);

	if (tag.len > 1 && tag.p[tag.len - 1] == ':')
		*h = try;
}

struct span
import_stamp_message(struct span m)
{
	struct head h = {m.p, m.p + m.len};
	int64_t seconds, fraction;

	if (!take(&h, '['))
		return m;
	while (take(&h, ' '))
		;
	if (!take_long(&h, &seconds) || !take(&h, '.') || !take_long(&h, &fraction) ||
	    !take(&h, ']'))
		return m;
	take(&h, ' ');
	return (struct span){h.at, left(&h)};
}

static enum import_kind
finish(struct head *h, struct import_stamp *stamp)
{
	stamp->message = import_stamp_message((struct span){h->at, left(h)});
	return IMPORT_EVENT;
}

static enum import_kind
finish_host(struct head *h, struct import_stamp *stamp)
{
	take(h, ' ');
	stamp->host = take_token(h);
	skip_tag(h);
	return finish(h, stamp);
}

/* RFC 5424: APP-NAME PROCID MSGID STRUCTURED-DATA */
static enum import_kind
finish_5424(struct head *h, struct import_stamp *stamp)
{
	bool quoted = false;

	take(h, ' ');
	stamp->host = take_token(h);
	for (int i = 0; i < 3; i++)
		take_token(h);
	if (take(h, '-')) {
		take(h, ' ');
	} else {
		while (take(h, '[')) {
			for (; h->at < h->end && (quoted || *h->at != ']'); h->at++) {
				if (*h->at == '\\' && left(h) > 1)
					h->at++;
				else if (*h->at == '"')
					quoted = !quoted;
			}
			take(h, ']');
		}
		take(h, ' ');
	}
	if (left(h) >= 3 && memcmp(h->at, "\xef\xbb\xbf", 3) == 0)
		h->at += 3;
	return finish(h, stamp);
}

/* [12345.678901] or [Mon Nov 23 14:05:09 2026], of dmesg or journalctl. */
static enum import_kind
read_brackets(struct import_clock *c, struct head *h, struct import_stamp *stamp,
    struct import_why *why)
{
	const char *line = h->at - 1;
	struct head rest;
	int64_t seconds;
	struct span host;

	if (take_weekday(h)) {
		if (!take_bsd(c, h, &stamp->ts_us, true) || !take(h, ']'))
			return import_reject(
			    why, "a time that cannot be read", line, 26);
		take(h, ' ');
		return finish(h, stamp);
	}
	while (take(h, ' '))
		;
	if (!take_long(h, &seconds))
		return import_reject(why, "no time in front", line, left(h));
	stamp->ts_us = (uint64_t)c->boot_us + (uint64_t)seconds * SECOND_US +
		       (uint64_t)take_fraction(h);
	if (!take(h, ']') || seconds > INT32_MAX)
		return import_reject(why, "no time in front", line, left(h));
	if (c->boot_us == 0)
		return import_reject(why,
		    "its time is counted from the start of the machine; --boot TIME "
		    "says when that was",
		    NULL, 0);
	take(h, ' ');
	rest = *h;
	host = take_token(&rest);
	if (left(&rest) >= 8 && memcmp(rest.at, "kernel: ", 8) == 0) {
		stamp->host = host;
		rest.at += 8;
		*h = rest;
	}
	return finish(h, stamp);
}

static void
skip_priority(struct head *h)
{
	struct head try = *h;
	int64_t n;

	if (take(&try, '<') && take_long(&try, &n) && take(&try, '>'))
		*h = try;
}

/* 1790000000.123456, of journalctl -o short-unix */
static bool
take_unix(struct head *h, uint64_t *ts_us)
{
	struct head try = *h;
	int64_t seconds;

	if (!take_long(&try, &seconds) || seconds > UINT32_MAX || try.at == try.end ||
	    *try.at != '.')
		return false;
	*ts_us = (uint64_t)seconds * SECOND_US + (uint64_t)take_fraction(&try);
	if (!take(&try, ' '))
		return false;
	*h = try;
	return true;
}

enum import_kind
import_stamp_read(struct import_clock *c, const char *line, size_t len,
    struct import_stamp *stamp, struct import_why *why)
{
	struct head h = {line, line + len}, try;
	bool comma, zone;

	*stamp = (struct import_stamp){0};
	skip_priority(&h);
	if (take(&h, '['))
		return read_brackets(c, &h, stamp, why);
	try = h;
	if (take_bsd(c, &try, &stamp->ts_us, false))
		return finish_host(&try, stamp);
	try = h;
	if (left(&try) > 2 && try.at[0] == '1' && try.at[1] == ' ') {
		try.at += 2;
		if (take_iso(c, &try, &stamp->ts_us, &zone))
			return finish_5424(&try, stamp);
	}
	try = h;
	if (take_unix(&try, &stamp->ts_us))
		return finish_host(&try, stamp);
	try = h;
	if (take_weekday(&try) && take_iso(c, &try, &stamp->ts_us, &zone)) {
		take(&try, ' ');
		if (!zone)
			take_token(&try); /* the name of the zone */
		return finish_host(&try, stamp);
	}
	try = h;
	if (take_iso(c, &try, &stamp->ts_us, &zone)) {
		/* Only dmesg has a comma there, and no host behind it. */
		comma = memchr(h.at, ',', (size_t)(try.at - h.at)) != NULL;
		take(&try, ' ');
		return comma ? finish(&try, stamp) : finish_host(&try, stamp);
	}
	return import_reject(why, "no time in front", line, len);
}
