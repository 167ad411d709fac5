/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/timearg.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

#define SECOND INT64_C(1000000)
#define YEAR_MAX_US (INT64_C(253402300800) * SECOND) /* 10000-01-01 */

/* Exactly n digits at *p, which moves behind them. -1 when they are not there. */
static int
digits(const char **p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool
skip(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
parse_date(const char **p, struct tm *tm)
{
	int year = digits(p, 4), month, day;

	if (year < 1970 || !skip(p, '-') || (month = digits(p, 2)) < 1 || month > 12 ||
	    !skip(p, '-') || (day = digits(p, 2)) < 1 ||
	    day > days_of_month(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* HH:MM:SS[.fraction] */
static bool
parse_clock(const char **p, struct tm *tm, int64_t *fraction)
{
	int64_t unit = SECOND / 10;

	if ((tm->tm_hour = digits(p, 2)) < 0 || tm->tm_hour > 23 || !skip(p, ':') ||
	    (tm->tm_min = digits(p, 2)) < 0 || tm->tm_min > 59 || !skip(p, ':') ||
	    (tm->tm_sec = digits(p, 2)) < 0 || tm->tm_sec > 60)
		return false;
	if (!skip(p, '.'))
		return true;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*fraction += unit * (**p - '0');
	return true;
}

/* Z or ±HH:MM, in seconds east. */
static bool
parse_zone(const char **p, int64_t *offset)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*offset = 0;
	if (skip(p, 'Z') || skip(p, 'z'))
		return true;
	if (!skip(p, '+') && !skip(p, '-'))
		return false;
	if ((hours = digits(p, 2)) < 0 || hours > 23 || !skip(p, ':') ||
	    (minutes = digits(p, 2)) < 0 || minutes > 59)
		return false;
	*offset = sign * (hours * 60 + minutes) * 60;
	return true;
}

static int
parse_absolute(const char *text, int64_t *us)
{
	struct tm tm = {0};
	int64_t fraction = 0, offset = 0;

	if (!parse_date(&text, &tm))
		return -1;
	if (*text != '\0') {
		if (!skip(&text, 'T') && !skip(&text, 't') && !skip(&text, ' '))
			return -1;
		if (!parse_clock(&text, &tm, &fraction) || !parse_zone(&text, &offset))
			return -1;
	}
	*us = ((int64_t)timegm(&tm) - offset) * SECOND + fraction;
	return *text == '\0' ? 0 : -1;
}

/* ±NUNIT */
static int
parse_distance(const char *text, int64_t *us)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
	int64_t value = 0;
	int sign = *text == '-' ? -1 : 1, n = 0;
	const char *unit;

	for (text++; *text >= '0' && *text <= '9' && n < 9; text++, n++)
		value = value * 10 + (*text - '0');
	unit = *text != '\0' ? strchr(units, *text) : NULL;
	if (n == 0 || unit == NULL || text[1] != '\0')
		return -1;
	*us = sign * value * seconds[unit - units] * SECOND;
	return 0;
}

int
timearg_parse(const char *text, int64_t now_us, int64_t *us)
{
	int64_t distance = 0;
	bool relative = strncmp(text, "now", 3) == 0;

	if (relative)
		text += 3;
	if (*text == '-' || *text == '+') {
		if (parse_distance(text, &distance) < 0)
			return -1;
		relative = true;
	} else if (relative && *text != '\0') {
		return -1;
	}
	if (relative)
		*us = now_us + distance;
	else if (parse_absolute(text, us) < 0)
		return -1;
	return *us >= 0 && *us < YEAR_MAX_US ? 0 : -1;
}

void
timearg_text(int64_t us, char text[TIMEARG_TEXT])
{
	text_time(us, text);
}
