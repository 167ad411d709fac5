/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as people type them: RFC 3339 (2026-11-23T14:05:09.5+01:00, or with a blank
 * for the T), a day (2026-11-23, UTC), now, now-2h, -90m. Units: s, m, h, d, w.
 */
#ifndef FWLOG_CTL_TIMEARG_H
#define FWLOG_CTL_TIMEARG_H

#include <stdint.h>

#include "common/text.h"

#define TIMEARG_TEXT TEXT_TIME /* bytes of a time as text */
#define TIMEARG_FORMS "2026-11-23T14:05:00Z, 2026-11-23, -1h or now-2h"

/* Microseconds since 1970 UTC, years 1970 to 9999. 0, or -1: text is none of these. */
int timearg_parse(const char *text, int64_t now_us, int64_t *us)
    __attribute__((warn_unused_result));
/* "2026-11-23T14:05:09.123456Z" */
void timearg_text(int64_t us, char text[TIMEARG_TEXT]);

#endif
