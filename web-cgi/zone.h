/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time zone of an answer: UTC, or an Area/City of the system's tzdata (tzfile(5)).
 * One at a time, since the C library has one; zone_set comes first in each request.
 */
#ifndef FWLOG_WEB_ZONE_H
#define FWLOG_WEB_ZONE_H

#include <stdint.h>
#include <time.h>

#define ZONE_NAME_MAX 48 /* bytes */
#define ZONE_UTC "UTC"
#define ZONE_TEXT 48 /* bytes of a time as text */

/* 0, or -1: no such zone, and the zone is UTC. */
int zone_set(const char *name) __attribute__((warn_unused_result));
/* Its name. */
const char *zone_name(void);

/* Clock and calendar there. us: microseconds since 1970 UTC. */
struct tm zone_split(int64_t us);
/* The other way; fields may be out of their bounds, as for mktime. */
int64_t zone_join(struct tm tm);
/* "2026-11-23T14:05:09.5+01:00", with Z in UTC, without a fraction when it is none. */
void zone_time_text(int64_t us, char text[ZONE_TEXT]);

#endif
