/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/filtered.h"

#include <inttypes.h>
#include <stdlib.h>

void
filtered_init(struct filtered_rows *f)
{
	*f = (struct filtered_rows){.count = 0};
}

void
filtered_free(struct filtered_rows *f)
{
	free(f->row);
	free(f->sum);
	filtered_init(f);
}

int
filtered_reserve(struct filtered_rows *f, size_t more)
{
	size_t size = f->size == 0 ? FILTERED_MAX : f->size;
	struct filtered_row *row, *sum;

	if (f->size - f->count >= more)
		return 0;
	while (size - f->count < more)
		size *= 2;
	row = reallocarray(f->row, size, sizeof *row);
	if (row == NULL)
		return -1;
	f->row = row;
	sum = reallocarray(f->sum, size, sizeof *sum);
	if (sum == NULL)
		return -1;
	f->sum = sum;
	f->size = size;
	return 0;
}

void
filtered_add(struct filtered_rows *f, int32_t host_id,
    const struct filtered_entry *entry, int32_t prefix_id)
{
	f->row[f->count++] = (struct filtered_row){
	    .host_id = host_id,
	    .filter_id = entry->filter_id,
	    .prefix_id = prefix_id,
	    .minute_us = entry->minute_us,
	    .records = entry->records,
	};
}

void
filtered_resolve(struct filtered_rows *f, const int32_t *answer)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->row[i].prefix_id < 0)
			f->row[i].prefix_id = answer[~f->row[i].prefix_id];
}

/* ---- one transaction */

void
filtered_begin(struct filtered_rows *f)
{
	f->sums = 0;
}

void
filtered_take(struct filtered_rows *f, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		f->sum[f->sums++] = f->row[i];
}

static int
compare(const void *one, const void *other)
{
	const struct filtered_row *a = one, *b = other;

	if (a->host_id != b->host_id)
		return a->host_id < b->host_id ? -1 : 1;
	if (a->minute_us != b->minute_us)
		return a->minute_us < b->minute_us ? -1 : 1;
	if (a->filter_id != b->filter_id)
		return a->filter_id < b->filter_id ? -1 : 1;
	return (a->prefix_id > b->prefix_id) - (a->prefix_id < b->prefix_id);
}

/* What an agent claims is only ever clamped. */
static uint64_t
add(uint64_t a, uint64_t b)
{
	return b > INT64_MAX - a ? INT64_MAX : a + b;
}

/* A row cannot be written twice by one statement. */
static void
add_up(struct filtered_rows *f)
{
	size_t n = 0;

	qsort(f->sum, f->sums, sizeof *f->sum, compare);
	for (size_t i = 0; i < f->sums; i++) {
		if (n > 0 && compare(&f->sum[n - 1], &f->sum[i]) == 0)
			f->sum[n - 1].records =
			    add(f->sum[n - 1].records, f->sum[i].records);
		else
			f->sum[n++] = f->sum[i];
	}
	f->sums = n;
}

void
filtered_sql(struct filtered_rows *f, struct text *sql)
{
	if (f->sums == 0)
		return;
	add_up(f);
	text_add(sql, "INSERT INTO fwlog.filtered_minute AS f (host_id, minute, "
		      "filter_id, prefix_id, records) VALUES ");
	for (size_t i = 0; i < f->sums; i++) {
		const struct filtered_row *row = &f->sum[i];

		text_add(sql, "%s(%" PRId32 ",", i == 0 ? "" : ",", row->host_id);
		text_add_time(sql, row->minute_us);
		text_add(sql, ",%" PRId32 ",%" PRId32 ",%" PRIu64 ")", row->filter_id,
		    row->prefix_id, row->records);
	}
	text_add(sql, " ON CONFLICT (host_id, minute, filter_id, prefix_id) DO UPDATE "
		      "SET records = least(f.records::numeric + EXCLUDED.records, "
		      "9223372036854775807)::bigint;");
}

uint64_t
filtered_records(const struct filtered_rows *f, size_t first, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = first; i < first + count; i++)
		sum = add(sum, f->row[i].records);
	return sum;
}
