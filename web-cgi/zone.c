/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define SECOND INT64_C(1000000)

static char current[ZONE_NAME_MAX + 1] = ZONE_UTC;

/* Letters, digits and what else is in names; no way out of the folder. */
static bool
is_name(const char *name)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_+-/";
	size_t len = strlen(name);

	return len > 0 && len <= ZONE_NAME_MAX && strspn(name, plain) == len &&
	       name[0] >= 'A' && name[0] <= 'Z' && strstr(name, "//") == NULL &&
	       name[len - 1] != '/';
}

static bool
is_there(const char *name)
{
	char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX];
	struct stat st;

	snprintf(path, sizeof path, ZONE_FOLDER "%s", name);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void
use(const char *name)
{
	char value[ZONE_NAME_MAX + 2];

	snprintf(value, sizeof value, ":%s", name);
	setenv("TZ", strcmp(name, ZONE_UTC) == 0 ? "UTC0" : value, 1);
	tzset();
	snprintf(current, sizeof current, "%s", name);
}

int
zone_set(const char *name)
{
	if (strcmp(name, ZONE_UTC) != 0 && (!is_name(name) || !is_there(name))) {
		use(ZONE_UTC);
		return -1;
	}
	use(name);
	return 0;
}

const char *
zone_name(void)
{
	return current;
}

struct tm
zone_split(int64_t us)
{
	time_t t = (time_t)(us / SECOND - (us % SECOND < 0));
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		tm = (struct tm){.tm_year = 70, .tm_mday = 1};
	return tm;
}

int64_t
zone_join(struct tm tm)
{
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * SECOND;
}

void
zone_time_text(int64_t us, char text[ZONE_TEXT])
{
	struct tm tm = zone_split(us);
	int fraction = (int)(us % SECOND);
	long off = tm.tm_gmtoff;
	size_t n = strftime(text, ZONE_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);

	if (fraction > 0)
		n += (size_t)snprintf(text + n, ZONE_TEXT - n, ".%06d", fraction);
	if (strcmp(current, ZONE_UTC) == 0)
		snprintf(text + n, ZONE_TEXT - n, "Z");
	else
		snprintf(text + n, ZONE_TEXT - n, "%c%02ld:%02ld", off < 0 ? '-' : '+',
		    labs(off) / 3600, labs(off) / 60 % 60);
}
