/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as people write them, in the zone of the answer (web-cgi/zone.h):
 * 2026-11-23T14:05:09.5+01:00 (RFC 3339), 2026-11-23T14:05, 2026-11-23, and relative
 * ones, now, now-2h, -90m, -1d@d, @d: a distance from now, then back to the start of
 * its minute, hour, day or week (Monday). Units: s, m, h, d, w; days are calendar days.
 */
#ifndef FWLOG_WEB_WHEN_H
#define FWLOG_WEB_WHEN_H

#include <stdint.h>

#define WHEN_TEXT_MAX 40 /* bytes of one */

/* Microseconds since 1970 UTC, years 1970 to 9999. 0, or -1. */
int when_parse(const char *text, int64_t now, int64_t *us)
    __attribute__((warn_unused_result));

#endif
