/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/losses.h"

#include <inttypes.h>
#include <stdlib.h>

#define HOUR_US UINT64_C(3600000000)
#define PAST_HOURS (31 * 24) /* an agent may have been away for so long */
#define ROWS_FIRST 16

void
losses_init(struct losses *l)
{
	*l = (struct losses){.count = 0};
}

void
losses_free(struct losses *l)
{
	free(l->row);
	losses_init(l);
}

void
losses_begin(struct losses *l)
{
	l->count = 0;
}

/* A loss belongs to the hour in which it ended. */
static uint64_t
hour_of(uint64_t to_us, uint64_t now_us)
{
	uint64_t now = now_us / HOUR_US, hour = to_us / HOUR_US;

	return hour > now || hour + PAST_HOURS < now ? now : hour;
}

static bool
is_unknown(const struct losses_row *r)
{
	return r->records == LOSS_RECORDS_UNKNOWN;
}

static struct losses_row *
find(struct losses *l, const struct losses_row *key)
{
	for (size_t i = l->count; i-- > 0;) {
		struct losses_row *r = &l->row[i];

		if (r->host_id == key->host_id && r->epoch == key->epoch &&
		    r->hour == key->hour && r->cause == key->cause &&
		    is_unknown(r) == is_unknown(key))
			return r;
	}
	return NULL;
}

static int
append(struct losses *l, const struct losses_row *row)
{
	struct losses_row *grown;
	size_t size = l->size == 0 ? ROWS_FIRST : 2 * l->size;

	if (l->count == l->size) {
		grown = reallocarray(l->row, size, sizeof *grown);
		if (grown == NULL)
			return -1;
		l->row = grown;
		l->size = size;
	}
	l->row[l->count++] = *row;
	return 0;
}

/* What an agent claims is only ever clamped. */
static uint64_t
sum(uint64_t a, uint64_t b)
{
	return b > INT64_MAX - a ? INT64_MAX : a + b;
}

int
losses_add(struct losses *l, int32_t host_id, uint64_t epoch, const struct loss *loss,
    uint64_t now_us)
{
	const struct losses_row row = {
	    .host_id = host_id,
	    .epoch = epoch,
	    .hour = hour_of(loss->to_us, now_us),
	    .cause = loss->cause,
	    .records = loss->records,
	    .from_us = loss->from_us,
	    .to_us = loss->to_us,
	};
	struct losses_row *same = find(l, &row);

	if (same == NULL)
		return append(l, &row);
	if (!is_unknown(&row))
		same->records = sum(same->records, row.records);
	if (row.from_us < same->from_us)
		same->from_us = row.from_us;
	if (row.to_us > same->to_us)
		same->to_us = row.to_us;
	return 0;
}

void
losses_sql(const struct losses *l, struct text *sql)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct losses_row *r = &l->row[i];

		text_add(sql,
		    "SELECT fwlog.loss_merge(%" PRId32 ",%" PRIu64 ",%" PRIu64 ",",
		    r->host_id, r->epoch, 2 * r->hour + is_unknown(r));
		text_add_time(sql, r->from_us);
		text_add(sql, ",");
		text_add_time(sql, r->to_us);
		text_add(sql, ",'%s',", loss_cause_name(r->cause));
		if (is_unknown(r))
			text_add(sql, "NULL);");
		else
			text_add(sql, "%" PRIu64 ");", r->records);
	}
}
