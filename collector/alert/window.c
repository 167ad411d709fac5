/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/window.h"

#include <string.h>

#define FIRST_ENTRIES 4

/* Words of an entry. */
static unsigned
words_of(enum rule_type type)
{
	switch (type) {
	case RULE_VALUE_COUNT:      /* values, then last times */
	case RULE_TEMPORAL_ORDERED: /* starts, then ends */
		return 2;
	case RULE_VALUE_SUM:
	case RULE_VALUE_AVG: /* numbers of slices, sums, counts */
		return 3;
	default:
		return 1;
	}
}

void
window_shape_of(struct window_shape *s, const struct rule *rule, uint64_t grace_us)
{
	*s = (struct window_shape){
	    .type = rule->type,
	    .span_us = rule->timespan_us,
	    .keep_us = rule->timespan_us + grace_us,
	    .lower = rule->lower,
	    .upper = rule->upper,
	    .lower_strict = rule->lower_strict,
	    .upper_strict = rule->upper_strict,
	    .steps = (uint32_t)rule->reference_count,
	};
	switch (rule->type) {
	case RULE_VALUE_SUM:
	case RULE_VALUE_AVG:
		s->slice_us = (s->span_us + WINDOW_SLICES - 1) / WINDOW_SLICES;
		s->slice_us += s->slice_us == 0;
		s->most = WINDOW_SLICES;
		break;
	case RULE_EVENT_COUNT:
	case RULE_VALUE_COUNT:
		s->most = (uint32_t)(rule->upper <= RULE_BOUND_MAX ? rule->upper + 1
								   : rule->lower);
		s->most += s->most == 0;
		s->most += rule->type == RULE_EVENT_COUNT;
		break;
	default:
		s->most = s->steps;
		break;
	}
}

size_t
window_bytes(const struct window *w, const struct window_shape *s)
{
	return (size_t)w->size * words_of(s->type) * sizeof(uint64_t);
}

void
window_free(struct window *w, const struct window_shape *s, struct slab *slab)
{
	if (w->at != NULL)
		slab_put(slab, w->at, window_bytes(w, s));
	*w = (struct window){0};
}

/* Entries move to the front of a larger block, each column on its own. */
static bool
grow(struct window *w, const struct window_shape *s, struct slab *slab)
{
	unsigned words = words_of(s->type);
	struct window bigger = {.fill = w->fill};
	uint32_t tail;

	bigger.size = w->size == 0 ? FIRST_ENTRIES : w->size * 2;
	if (bigger.size > s->most)
		bigger.size = s->most;
	bigger.at = slab_get(slab, window_bytes(&bigger, s));
	if (bigger.at == NULL)
		return false;
	tail = w->size - w->head < w->fill ? w->size - w->head : w->fill;
	for (unsigned i = 0; i < words && w->fill > 0; i++) {
		const uint64_t *from = w->at + (size_t)i * w->size;
		uint64_t *to = bigger.at + (size_t)i * bigger.size;

		memcpy(to, from + w->head, tail * sizeof *to);
		memcpy(to + tail, from, (w->fill - tail) * sizeof *to);
	}
	window_free(w, s, slab);
	*w = bigger;
	return true;
}

static uint64_t
before(uint64_t t, uint64_t span)
{
	return t > span ? t - span : 0;
}

static bool
within(const struct window_shape *s, uint64_t n)
{
	return n >= s->lower && n <= s->upper;
}

/* ---- event_count: a ring of times, sorted */

static uint64_t *
ring(const struct window *w, uint32_t i)
{
	uint32_t at = w->head + i;

	return &w->at[at >= w->size ? at - w->size : at];
}

/* Entries before this time. */
static uint32_t
ring_before(const struct window *w, uint64_t t)
{
	uint32_t lo = 0, hi = w->fill, mid;

	/* In a flood all of them are in the window. */
	if (hi > 0 && *ring(w, 0) >= t)
		return 0;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (*ring(w, mid) < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
ring_drop_oldest(struct window *w)
{
	w->head = w->head + 1 == w->size ? 0 : w->head + 1;
	w->fill--;
}

static void
ring_answer(const struct window *w, const struct window_shape *s, uint32_t end,
    struct window_answer *a)
{
	uint32_t first = ring_before(w, before(*ring(w, end), s->span_us));

	a->amount = end - first + 1;
	a->holds = within(s, a->amount);
	a->start_us = *ring(w, first);
}

/* Every window that the late event is in, with those after it. */
static void
ring_answer_late(const struct window *w, const struct window_shape *s, uint64_t t,
    struct window_answer *a)
{
	*a = (struct window_answer){.start_us = t};
	for (uint32_t i = ring_before(w, t); i < w->fill && !a->holds; i++) {
		if (*ring(w, i) - t > s->span_us)
			break;
		ring_answer(w, s, i, a);
	}
}

static bool
ring_make_room(
    struct window *w, const struct window_shape *s, struct slab *slab, uint64_t t)
{
	if (w->fill < w->size)
		return true;
	if (w->fill == s->most ||
	    (w->fill > 0 && *ring(w, 0) < before(t, s->keep_us))) {
		ring_drop_oldest(w);
		return true;
	}
	return grow(w, s, slab);
}

static bool
add_time(struct window *w, const struct window_shape *s, struct slab *slab, uint64_t t,
    struct window_answer *a)
{
	uint32_t i;

	*a = (struct window_answer){.start_us = t};
	if (w->fill == s->most && t < *ring(w, 0))
		return true;
	if (!ring_make_room(w, s, slab, t))
		return false;
	for (i = w->fill++; i > 0 && *ring(w, i - 1) > t; i--)
		*ring(w, i) = *ring(w, i - 1);
	*ring(w, i) = t;
	if (i + 1 == w->fill)
		ring_answer(w, s, i, a);
	else
		ring_answer_late(w, s, t, a);
	return true;
}

/* ---- value_count: values and when each was seen last, in no order */

/* The entry of the value, or one for it; size: there is none. */
static uint32_t
find_value(const struct window *w, uint64_t value)
{
	uint32_t i = 0;

	/* Eight at a time, as long as none of them is it. */
	for (; i + 8 <= w->fill; i += 8) {
		uint64_t found = 0;

		for (uint32_t k = 0; k < 8; k++)
			found |= w->at[i + k] == value;
		if (found != 0)
			break;
	}
	while (i < w->fill && w->at[i] != value)
		i++;
	return i;
}

static uint32_t
oldest_value(const struct window *w)
{
	const uint64_t *last = w->at + w->size;
	uint32_t oldest = 0;

	for (uint32_t i = 1; i < w->fill; i++)
		if (last[i] < last[oldest])
			oldest = i;
	return oldest;
}

/* And the newest time there is. */
static uint64_t
value_answer(const struct window *w, const struct window_shape *s, uint64_t t,
    struct window_answer *a)
{
	const uint64_t *last = w->at + w->size;
	uint64_t from = before(t, s->span_us), start = t, newest = t;
	uint32_t count = 0;

	for (uint32_t i = 0; i < w->fill; i++) {
		bool in = last[i] >= from && last[i] <= t;

		count += in;
		start = in && last[i] < start ? last[i] : start;
		newest = last[i] > newest ? last[i] : newest;
	}
	a->amount = count;
	a->holds = within(s, count);
	a->start_us = start;
	return newest;
}

static bool
place_value(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t value)
{
	uint32_t i = w->fill;
	uint64_t *last;

	if (i == w->size) {
		i = i > 0 ? oldest_value(w) : 0;
		last = w->at + w->size;
		if (w->size == s->most) {
			if (t < last[i])
				return true;
		} else if (w->size == 0 || last[i] >= before(t, s->keep_us)) {
			if (!grow(w, s, slab))
				return false;
			i = w->fill;
		}
	}
	w->fill += i == w->fill;
	w->at[i] = value;
	w->at[w->size + i] = t;
	return true;
}

static bool
add_value(struct window *w, const struct window_shape *s, struct slab *slab, uint64_t t,
    uint64_t value, struct window_answer *a)
{
	uint32_t i = find_value(w, value);
	uint64_t newest;

	if (i == w->fill) {
		if (!place_value(w, s, slab, t, value))
			return false;
	} else if (w->at[w->size + i] < t) {
		w->at[w->size + i] = t;
	}
	newest = value_answer(w, s, t, a);
	if (!a->holds && newest > t && newest - t <= s->span_us)
		(void)value_answer(w, s, newest, a);
	return true;
}

/* ---- value_sum, value_avg: slices, sorted */

static uint64_t
add_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* sum compared with count times the bound. */
static int
compare_average(uint64_t sum, uint64_t count, uint64_t bound)
{
	unsigned __int128 all = (unsigned __int128)count * bound;

	return sum < all ? -1 : sum > all;
}

static bool
average_within(const struct window_shape *s, uint64_t sum, uint64_t count)
{
	int low = compare_average(sum, count, s->lower);
	int high = compare_average(sum, count, s->upper);

	return low >= (s->lower_strict ? 1 : 0) && high <= (s->upper_strict ? -1 : 0);
}

static void
slice_answer(const struct window *w, const struct window_shape *s, uint64_t now,
    struct window_answer *a)
{
	const uint64_t *number = w->at, *sum = number + w->size, *count = sum + w->size;
	uint64_t from = now >= WINDOW_SLICES ? now - WINDOW_SLICES + 1 : 0;
	uint64_t sums = 0, counts = 0, first = now;

	for (uint32_t i = w->fill; i-- > 0;) {
		if (number[i] < from || number[i] > now)
			continue;
		sums = add_capped(sums, sum[i]);
		counts += count[i];
		first = number[i];
	}
	a->start_us = first * s->slice_us;
	a->amount = sums;
	a->holds = within(s, sums);
	if (s->type == RULE_VALUE_AVG) {
		a->amount = counts > 0 ? sums / counts : 0;
		a->holds = counts > 0 && average_within(s, sums, counts);
	}
}

static void
slice_shift(struct window *w, uint32_t to, uint32_t from, uint32_t n)
{
	for (unsigned i = 0; i < 3; i++)
		memmove(w->at + (size_t)i * w->size + to,
		    w->at + (size_t)i * w->size + from, n * sizeof *w->at);
}

/* Where the slice stands or is to stand. */
static uint32_t
slice_find(const struct window *w, uint64_t number)
{
	uint32_t i = w->fill;

	while (i > 0 && w->at[i - 1] >= number)
		i--;
	return i;
}

static bool
slice_open(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t number, uint32_t *at)
{
	uint32_t old = 0;

	while (old < *at && w->at[old] + WINDOW_SLICES <= number)
		old++;
	if (old == 0 && w->fill == s->most)
		old = 1;
	if (old > 0) {
		slice_shift(w, 0, old, w->fill - old);
		w->fill -= old;
		*at -= old;
	} else if (w->fill == w->size && !grow(w, s, slab)) {
		return false;
	}
	slice_shift(w, *at + 1, *at, w->fill - *at);
	w->fill++;
	w->at[*at] = number;
	w->at[w->size + *at] = w->at[2 * (size_t)w->size + *at] = 0;
	return true;
}

static bool
add_number(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t value, struct window_answer *a)
{
	uint64_t number = t / s->slice_us;
	uint32_t i = slice_find(w, number);

	*a = (struct window_answer){.start_us = t};
	if (i == w->fill || w->at[i] != number) {
		/* Nothing is older than what a full ring holds. */
		if (i == 0 && w->fill == s->most)
			return true;
		if (!slice_open(w, s, slab, number, &i))
			return false;
	}
	w->at[w->size + i] = add_capped(w->at[w->size + i], value);
	w->at[2 * (size_t)w->size + i]++;
	slice_answer(w, s, number, a);
	return true;
}

/* ---- temporal: when each reference was seen last; 0: never */

static bool
open_steps(struct window *w, const struct window_shape *s, struct slab *slab)
{
	if (w->size == s->steps)
		return true;
	w->size = s->steps;
	w->at = slab_get(slab, window_bytes(w, s));
	if (w->at == NULL) {
		w->size = 0;
		return false;
	}
	memset(w->at, 0, window_bytes(w, s));
	return true;
}

static bool
add_any_order(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t steps, struct window_answer *a)
{
	uint64_t newest = 0, oldest = UINT64_MAX;

	if (!open_steps(w, s, slab))
		return false;
	for (uint32_t i = 0; i < s->steps; i++) {
		if ((steps >> i & 1) != 0 && w->at[i] < t)
			w->at[i] = t;
		newest = w->at[i] > newest ? w->at[i] : newest;
		oldest = w->at[i] < oldest ? w->at[i] : oldest;
	}
	w->fill = 0;
	for (uint32_t i = 0; i < s->steps; i++)
		w->fill += w->at[i] != 0 && w->at[i] >= before(newest, s->span_us);
	a->amount = w->fill;
	a->holds = w->fill == s->steps;
	a->start_us = a->holds ? oldest : t;
	return true;
}

/*
 * Of all chains that went through steps 0 to i the one that began last. An event is
 * one step at a time: the last steps look first.
 */
static bool
add_in_order(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t steps, struct window_answer *a)
{
	uint64_t *start, *end;

	if (!open_steps(w, s, slab))
		return false;
	start = w->at;
	end = w->at + w->size;
	*a = (struct window_answer){.start_us = t};
	for (uint32_t i = s->steps; i-- > 0;) {
		uint64_t began = t;

		if ((steps >> i & 1) == 0)
			continue;
		if (i > 0) {
			began = start[i - 1];
			if (began == 0 || end[i - 1] > t ||
			    began < before(t, s->span_us))
				continue;
		}
		if (began > start[i] || (began == start[i] && t < end[i])) {
			start[i] = began;
			end[i] = t;
		}
		w->fill = i + 1 > w->fill ? i + 1 : w->fill;
		if (i + 1 == s->steps)
			*a = (struct window_answer){true, s->steps, began};
	}
	if (!a->holds)
		a->amount = w->fill;
	return true;
}

bool
window_add(struct window *w, const struct window_shape *s, struct slab *slab,
    uint64_t t, uint64_t value, struct window_answer *a)
{
	t += t == 0;
	switch (s->type) {
	case RULE_EVENT_COUNT:
		return add_time(w, s, slab, t, a);
	case RULE_VALUE_COUNT:
		return add_value(w, s, slab, t, value, a);
	case RULE_VALUE_SUM:
	case RULE_VALUE_AVG:
		return add_number(w, s, slab, t, value, a);
	case RULE_TEMPORAL:
		return add_any_order(w, s, slab, t, value, a);
	case RULE_TEMPORAL_ORDERED:
		return add_in_order(w, s, slab, t, value, a);
	case RULE_DETECTION:
		break;
	}
	*a = (struct window_answer){true, 1, t};
	return true;
}
