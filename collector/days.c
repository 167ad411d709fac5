/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/days.h"

#include <inttypes.h>
#include <string.h>

bool
days_known(const struct days *d, uint64_t day)
{
	return day >= DAYS_MAX || (d->bits[day / 64] >> (day % 64) & 1) != 0;
}

void
days_learn(struct days *d, uint64_t day)
{
	if (day < DAYS_MAX)
		d->bits[day / 64] |= UINT64_C(1) << (day % 64);
}

bool
days_near(uint64_t day, uint64_t now_us)
{
	uint64_t today = now_us / DAY_US;

	return day + 1 >= today && day <= today + 2;
}

/* NULL, or why not. */
static const char *
days_refuse(struct days *d, uint64_t day, uint64_t now_us)
{
	if (day + d->max_age < now_us / DAY_US)
		return "older than max_age";
	if (days_near(day, now_us))
		return NULL;
	if (d->others >= DAYS_OTHER_MAX)
		return "too many old days within an hour";
	d->others++;
	return NULL;
}

bool
days_wanted(struct days *d, uint64_t day, uint64_t now_us)
{
	uint64_t today = now_us / DAY_US;
	const char *why = days_refuse(d, day, now_us);

	if (why == NULL)
		return true;
	days_learn(d, day);
	log_limited(&d->limit, LOG_LEVEL_WARN,
	    "records of %" PRIu64
	    " days ago get no partition of their own: %s: they are in event_default "
	    "where none is there",
	    day < today ? today - day : 0, why);
	return false;
}

void
days_forget(struct days *d, uint64_t now_ms)
{
	if (now_ms - d->since_ms < DAYS_FORGET_MS)
		return;
	memset(d->bits, 0, sizeof d->bits);
	d->others = 0;
	d->since_ms = now_ms;
}
