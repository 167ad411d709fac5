/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "web-cgi/range.h"
#include "web-cgi/zone.h"

#define YEAR_MAX_US (INT64_C(253402300800) * RANGE_SECOND) /* 10000-01-01 */

/* ---- relative */

/* ±N of a unit; text moves behind it. */
static int
parse_distance(const char **text, int64_t *us)
{
	struct tm tm = zone_split(*us);
	int64_t fraction = *us % RANGE_SECOND, n = 0;
	int sign = **text == '-' ? -1 : 1, digits = 0;

	for ((*text)++; **text >= '0' && **text <= '9' && digits < 6; (*text)++)
		n = n * 10 + (**text - '0'), digits++;
	if (digits == 0)
		return -1;
	switch (*(*text)++) {
	case 's':
		*us += sign * n * RANGE_SECOND;
		return 0;
	case 'm':
		*us += sign * n * 60 * RANGE_SECOND;
		return 0;
	case 'h':
		*us += sign * n * RANGE_HOUR;
		return 0;
	case 'w':
		n *= 7;
		/* fall through */
	case 'd':
		tm.tm_mday += sign * (int)n;
		*us = zone_join(tm) + fraction;
		return 0;
	default:
		return -1;
	}
}

/* Back to where the unit it is in began. */
static int
parse_snap(const char **text, int64_t *us)
{
	struct tm tm = zone_split(*us);

	tm.tm_sec = 0;
	switch (*(*text)++) {
	case 's':
		*us -= *us % RANGE_SECOND;
		return 0;
	case 'm':
		break;
	case 'w':
		tm.tm_mday -= (tm.tm_wday + 6) % 7;
		/* fall through */
	case 'd':
		tm.tm_hour = 0;
		/* fall through */
	case 'h':
		tm.tm_min = 0;
		break;
	default:
		return -1;
	}
	*us = zone_join(tm);
	return 0;
}

static int
parse_relative(const char *text, int64_t now, int64_t *us)
{
	*us = now;
	if (strncmp(text, "now", 3) == 0)
		text += 3;
	if ((*text == '-' || *text == '+') && parse_distance(&text, us) < 0)
		return -1;
	if (*text == '@') {
		text++;
		if (parse_snap(&text, us) < 0)
			return -1;
	}
	return *text == '\0' ? 0 : -1;
}

/* ---- absolute, without a zone */

static bool
is_shape(const char *text, const char *shape)
{
	for (; *shape != '\0'; text++, shape++)
		if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
			return false;
	return *text == '\0';
}

/* The strict parser decides whether there is such a time; the zone says when it is. */
static int
parse_local(const char *text, int64_t *us)
{
	char full[WHEN_TEXT_MAX + 16];
	struct tm tm;
	time_t t;

	if (is_shape(text, "0000-00-00"))
		snprintf(full, sizeof full, "%sT00:00:00Z", text);
	else if (is_shape(text, "0000-00-00T00:00") ||
		 is_shape(text, "0000-00-00 00:00"))
		snprintf(full, sizeof full, "%s:00Z", text);
	else if (is_shape(text, "0000-00-00T00:00:00") ||
		 is_shape(text, "0000-00-00 00:00:00"))
		snprintf(full, sizeof full, "%sZ", text);
	else
		return -1;
	if (range_parse_time(full, us) < 0)
		return -1;
	t = (time_t)(*us / RANGE_SECOND);
	gmtime_r(&t, &tm);
	*us = zone_join(tm);
	return 0;
}

int
when_parse(const char *text, int64_t now, int64_t *us)
{
	int rc;

	if (strlen(text) > WHEN_TEXT_MAX || text[0] == '\0')
		return -1;
	if (strchr("n+-@", text[0]) != NULL)
		rc = parse_relative(text, now, us);
	else if (range_parse_time(text, us) == 0)
		rc = 0;
	else
		rc = parse_local(text, us);
	return rc == 0 && *us >= 0 && *us < YEAR_MAX_US ? 0 : -1;
}
