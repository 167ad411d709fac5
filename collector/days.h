/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Days (UTC, counted from 1970) whose partition this collector has asked for. Forgotten
 * every hour, because partitions are dropped and because a day too far ahead comes
 * nearer.
 */
#ifndef FWLOG_COLLECTOR_DAYS_H
#define FWLOG_COLLECTOR_DAYS_H

#include <stdbool.h>
#include <stdint.h>

#define DAYS_MAX 65536 /* up to 2149; what lies beyond counts as known */
#define DAY_US UINT64_C(86400000000)
#define DAYS_FORGET_MS (3600 * 1000)

struct days {
	uint64_t bits[DAYS_MAX / 64];
	uint64_t since_ms;
};

static inline bool
days_known(const struct days *d, uint64_t day)
{
	return day >= DAYS_MAX || (d->bits[day / 64] >> (day % 64) & 1) != 0;
}

static inline void
days_learn(struct days *d, uint64_t day)
{
	if (day < DAYS_MAX)
		d->bits[day / 64] |= UINT64_C(1) << (day % 64);
}

static inline void
days_forget(struct days *d, uint64_t now_ms)
{
	if (now_ms - d->since_ms >= DAYS_FORGET_MS)
		*d = (struct days){.since_ms = now_ms};
}

#endif
