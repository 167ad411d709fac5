/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Days (UTC, counted from 1970) whose partition this collector has asked for, and which
 * it asks for at all: agents name days, and every partition is a table. Records of days
 * that are not asked for go where they find room, into their partition if it is there,
 * else into event_default. Forgotten every hour, because partitions are dropped and
 * because a day too far ahead comes nearer.
 */
#ifndef FWLOG_COLLECTOR_DAYS_H
#define FWLOG_COLLECTOR_DAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"

#define DAYS_MAX 65536 /* up to 2149; what lies beyond counts as known */
#define DAY_US UINT64_C(86400000000)
#define DAYS_FORGET_MS (3600 * 1000)
/* Others than yesterday to the day after tomorrow that are asked for within the hour.
 */
#define DAYS_OTHER_MAX 48

struct days {
	uint64_t bits[DAYS_MAX / 64];
	uint64_t since_ms;
	uint64_t max_age; /* days */
	unsigned others;  /* asked for since then */
	struct log_limit limit;
};

bool days_known(const struct days *d, uint64_t day);
void days_learn(struct days *d, uint64_t day);
/* Yesterday to the day after tomorrow. */
bool days_near(uint64_t day, uint64_t now_us);
/*
 * Whether the partition of a day not known is to be asked for; if not, it is learnt.
 * now_us: wall clock.
 */
bool days_wanted(struct days *d, uint64_t day, uint64_t now_us);
void days_forget(struct days *d, uint64_t now_ms);

#endif
