/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in front of a kernel message in a log: time, host, tag. Understands
 * syslog files (RFC 3164 with or without a fraction, ISO 8601, RFC 5424), what
 * journalctl prints (short, short-precise, short-iso, short-full, short-unix,
 * short-monotonic) and dmesg (seconds since boot, -T, --time-format iso). Times without
 * a zone are of the process's zone (tzset).
 */
#ifndef FWLOG_CTL_IMPORT_STAMP_H
#define FWLOG_CTL_IMPORT_STAMP_H

#include "ctl/import_row.h"

/* How times that do not say all of themselves are read; one for each file. */
struct import_clock {
	int year;        /* of the first line; 0: the last year that fits */
	int64_t newest;  /* seconds since 1970; no line is a day later than that */
	int64_t boot_us; /* when the machine started; 0: not known */
	int month;       /* of the line before; -1 at first */
	int hour_key;    /* the hour base is of; -1: none */
	int64_t base;    /* its start, seconds since 1970 */
};

struct import_stamp {
	uint64_t ts_us;
	struct span host;    /* p NULL: the line has none */
	struct span message; /* up to the end that was given */
};

void import_clock_start(
    struct import_clock *c, int year, int64_t newest, int64_t boot_us);

/* IMPORT_EVENT, or IMPORT_REJECT: the head cannot be read. */
enum import_kind import_stamp_read(struct import_clock *c, const char *line, size_t len,
    struct import_stamp *stamp, struct import_why *why);

/* Takes "[12345.678901] " off a message's front. */
struct span import_stamp_message(struct span message);

#endif
