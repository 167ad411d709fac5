/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/holdback.h"

#include <stdlib.h>

#define WIDTH_LEAST 1024 /* microseconds */
#define SIZE_LEAST 16    /* events */

int
holdback_init(struct holdback *h, size_t extra, size_t bytes, uint64_t range_us)
{
	*h = (struct holdback){.width_us = WIDTH_LEAST};
	while (range_us / h->width_us + 2 > HOLDBACK_BUCKETS)
		h->width_us *= 2;
	h->stride = (sizeof(struct held) + extra + 7) & ~(size_t)7;
	h->size = (uint32_t)(bytes / h->stride);
	if (h->size < SIZE_LEAST)
		h->size = SIZE_LEAST;
	h->pool = malloc(h->size * h->stride);
	return h->pool != NULL ? 0 : -1;
}

void
holdback_destroy(struct holdback *h)
{
	free(h->pool);
	h->pool = NULL;
}

static struct held *
at(const struct holdback *h, uint32_t index)
{
	return (struct held *)(void *)(h->pool + (size_t)(index - 1) * h->stride);
}

static bool
is_behind(const struct held *a, const struct held *b)
{
	if (a->ts_us != b->ts_us)
		return a->ts_us > b->ts_us;
	if (a->host_id != b->host_id)
		return a->host_id > b->host_id;
	return a->n > b->n;
}

bool
holdback_is_late(const struct holdback *h, uint64_t ts_us)
{
	return ts_us / h->width_us < h->horizon;
}

static uint32_t
new_index(struct holdback *h)
{
	uint32_t index = h->free;

	if (index != 0)
		h->free = at(h, index)->next;
	else if (h->fresh < h->size)
		index = ++h->fresh;
	return index;
}

struct held *
holdback_put(struct holdback *h, uint64_t ts_us, int32_t host_id, int64_t n)
{
	uint64_t number = ts_us / h->width_us;
	struct holdback_bucket *b = &h->bucket[number % HOLDBACK_BUCKETS];
	uint32_t index = new_index(h);
	struct held *e;

	if (index == 0)
		return NULL;
	e = at(h, index);
	e->ts_us = ts_us;
	e->n = n;
	e->host_id = host_id;
	e->next = 0;
	if (b->first == 0) {
		b->first = index;
		b->sorted = true;
	} else {
		b->sorted = b->sorted && is_behind(e, at(h, b->last));
		at(h, b->last)->next = index;
	}
	b->last = index;
	h->count++;
	if (number >= h->end)
		h->end = number + 1;
	return e;
}

/* ---- sorting a bucket: merging lists, equal ones become one */

static void
give_back(struct holdback *h, uint32_t index)
{
	at(h, index)->next = h->free;
	h->free = index;
	h->count--;
}

static uint32_t
merge(struct holdback *h, uint32_t a, uint32_t b)
{
	uint32_t first = 0, *link = &first, next;

	while (a != 0 && b != 0) {
		if (is_behind(at(h, a), at(h, b))) {
			*link = b;
			link = &at(h, b)->next;
			b = *link;
		} else if (is_behind(at(h, b), at(h, a))) {
			*link = a;
			link = &at(h, a)->next;
			a = *link;
		} else {
			next = at(h, b)->next;
			give_back(h, b);
			b = next;
		}
	}
	*link = a != 0 ? a : b;
	return first;
}

/* Runs of 2^i wait in lists[i] for the next of their size. */
static uint32_t
sort(struct holdback *h, uint32_t first)
{
	uint32_t lists[32] = {0}, run, next, sorted = 0;
	unsigned i;

	for (; first != 0; first = next) {
		next = at(h, first)->next;
		at(h, first)->next = 0;
		run = first;
		for (i = 0; lists[i] != 0; i++) {
			run = merge(h, lists[i], run);
			lists[i] = 0;
		}
		lists[i] = run;
	}
	for (i = 0; i < 32; i++)
		if (lists[i] != 0)
			sorted = sorted == 0 ? lists[i] : merge(h, lists[i], sorted);
	return sorted;
}

/* ---- taking out */

/* The horizon moves to the next bucket with events; false: there is none before. */
static bool
find_bucket(struct holdback *h, uint64_t before)
{
	while (h->horizon < before && h->horizon < h->end &&
	       h->bucket[h->horizon % HOLDBACK_BUCKETS].first == 0)
		h->horizon++;
	if (h->horizon >= before)
		return false;
	if (h->horizon < h->end)
		return true;
	h->horizon = before;
	return false;
}

static void
skip_empty_time(struct holdback *h)
{
	uint64_t lowest = h->end > HOLDBACK_BUCKETS ? h->end - HOLDBACK_BUCKETS : 0;

	/* Nothing is held as far back: a wheel has one turn. */
	if (h->horizon < lowest)
		h->horizon = lowest;
}

struct held *
holdback_take(struct holdback *h, uint64_t before_us)
{
	struct holdback_bucket *b;
	uint32_t index;

	skip_empty_time(h);
	if (!find_bucket(h, before_us / h->width_us))
		return NULL;
	b = &h->bucket[h->horizon % HOLDBACK_BUCKETS];
	if (!b->sorted) {
		b->first = sort(h, b->first);
		b->sorted = true;
	}
	index = b->first;
	b->first = at(h, index)->next;
	give_back(h, index);
	return at(h, index);
}

uint64_t
holdback_earliest(struct holdback *h)
{
	if (h->count == 0)
		return 0;
	skip_empty_time(h);
	(void)find_bucket(h, h->end);
	return (h->horizon + 1) * h->width_us;
}
