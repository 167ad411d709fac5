/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/group.h"

#include <stdlib.h>
#include <string.h>

#define STALE 16       /* of so many oldest the emptiest goes */
#define EVICT_TRIES 32 /* for one block */

int
group_table_init(struct group_table *t, struct group_rule *rule, size_t rules,
    uint32_t most, size_t bytes)
{
	uint32_t slots = 1024;

	*t = (struct group_table){.rule = rule, .rules = rules, .most = most};
	/* At most half of them are taken. */
	while (slots / 2 < most && slots < UINT32_C(1) << 24)
		slots *= 2;
	if (t->most > slots / 2)
		t->most = slots / 2;
	t->mask = slots - 1;
	t->slot = calloc(slots, sizeof *t->slot);
	if (t->slot == NULL || slab_init(&t->slab, bytes) < 0) {
		free(t->slot);
		t->slot = NULL;
		return -1;
	}
	return 0;
}

/* Windows above the slab's sizes are malloc's. */
void
group_table_destroy(struct group_table *t)
{
	if (t->slot == NULL)
		return;
	for (size_t i = 0; i < t->rules; i++) {
		const struct group_rule *r = &t->rule[i];

		for (struct group *g = r->oldest; g != NULL; g = g->newer)
			if (r->shape != NULL &&
			    window_bytes(&g->window, r->shape) > SLAB_BLOCK_MAX)
				window_free(&g->window, r->shape, &t->slab);
	}
	free(t->slot);
	slab_destroy(&t->slab);
	t->slot = NULL;
}

uint32_t
group_hash(const struct group_table *t, unsigned rule, const uint8_t *key)
{
	uint64_t hash = siphash(t->seed, key, t->rule[rule].key_len);

	hash ^= (rule + 1) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(hash ^ hash >> 32);
}

static struct group *
at_slot(const struct group_table *t, uint32_t i)
{
	return (struct group *)(void *)(t->slab.arena +
					(size_t)(t->slot[i].at - 1) * SLAB_ALIGN);
}

static struct group *
find(struct group_table *t, unsigned rule, const uint8_t *key, uint32_t hash)
{
	struct group *g;

	for (uint32_t i = hash & t->mask; t->slot[i].at != 0; i = (i + 1) & t->mask) {
		if (t->slot[i].hash != hash)
			continue;
		g = at_slot(t, i);
		if (g->rule == rule && memcmp(g->key, key, t->rule[rule].key_len) == 0)
			return g;
	}
	return NULL;
}

static void
slot_take(struct group_table *t, const struct group *g)
{
	uint32_t i = g->hash & t->mask;

	while (t->slot[i].at != 0)
		i = (i + 1) & t->mask;
	t->slot[i].hash = g->hash;
	t->slot[i].at =
	    (uint32_t)((size_t)((const uint8_t *)g - t->slab.arena) / SLAB_ALIGN + 1);
}

/* Those behind it that may stand there move up, so that no search ends too early. */
static void
slot_give(struct group_table *t, const struct group *g)
{
	uint32_t hole = g->hash & t->mask, i;

	while (at_slot(t, hole) != g)
		hole = (hole + 1) & t->mask;
	for (i = (hole + 1) & t->mask; t->slot[i].at != 0; i = (i + 1) & t->mask) {
		uint32_t home = t->slot[i].hash & t->mask;

		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->slot[hole] = t->slot[i];
		hole = i;
	}
	t->slot[hole].at = 0;
}

struct group *
group_find(struct group_table *t, unsigned rule, const uint8_t *key)
{
	return find(t, rule, key, group_hash(t, rule, key));
}

void
group_fetch_slot(const struct group_table *t, uint32_t hash)
{
	__builtin_prefetch(&t->slot[hash & t->mask]);
}

/* As good as certainly the group: the first with its hash. */
static struct group *
likely(const struct group_table *t, uint32_t hash)
{
	for (uint32_t i = hash & t->mask; t->slot[i].at != 0; i = (i + 1) & t->mask)
		if (t->slot[i].hash == hash)
			return at_slot(t, i);
	return NULL;
}

void
group_fetch(const struct group_table *t, uint32_t hash)
{
	const uint8_t *g = (const uint8_t *)likely(t, hash);

	if (g == NULL)
		return;
	__builtin_prefetch(g);
	__builtin_prefetch(g + 64);
	__builtin_prefetch(g + 128, 1);
}

void
group_fetch_window(const struct group_table *t, uint32_t hash)
{
	const struct group *g = likely(t, hash);

	if (g == NULL || g->window.at == NULL)
		return;
	__builtin_prefetch(g->window.at + g->window.head);
	__builtin_prefetch(g->window.at + g->window.size);
	if (g->alert != NULL)
		__builtin_prefetch(g->alert);
}

/* ---- age: a list from the oldest to the newest */

static void
age_remove(struct group_rule *r, struct group *g)
{
	*(g->older != NULL ? &g->older->newer : &r->oldest) = g->newer;
	*(g->newer != NULL ? &g->newer->older : &r->newest) = g->older;
}

static void
age_append(struct group_rule *r, struct group *g)
{
	g->newer = NULL;
	g->older = r->newest;
	*(r->newest != NULL ? &r->newest->newer : &r->oldest) = g;
	r->newest = g;
}

/* Moved only now and then: those around it in the list are far away in memory. */
void
group_touch(struct group_table *t, struct group *g, uint64_t now_us)
{
	struct group_rule *r = &t->rule[g->rule];

	if (now_us > g->last_us)
		g->last_us = now_us;
	if (now_us <= g->moved_us || now_us - g->moved_us < r->keep_us / 8)
		return;
	g->moved_us = now_us;
	age_remove(r, g);
	age_append(r, g);
}

/* ---- leaving */

static size_t
recent_at(const struct group_rule *r)
{
	return ((size_t)r->key_len + 7) & ~(size_t)7;
}

static size_t
group_size(const struct group_rule *r)
{
	return sizeof(struct group) + recent_at(r) +
	       GROUP_RECENT * sizeof(struct group_sample);
}

struct group_sample *
group_recent(const struct group_table *t, const struct group *g)
{
	const uint8_t *p = g->key + recent_at(&t->rule[g->rule]);

	return (struct group_sample *)(uintptr_t)p;
}

static void
drop(struct group_table *t, struct group *g)
{
	struct group_rule *r = &t->rule[g->rule];

	slot_give(t, g);
	age_remove(r, g);
	if (g->alert != NULL)
		t->gone(t->arg, g);
	if (r->shape != NULL) {
		r->bytes -= g->window.size > 0
				? slab_size(window_bytes(&g->window, r->shape))
				: 0;
		window_free(&g->window, r->shape, &t->slab);
	}
	r->bytes -= slab_size(group_size(r));
	slab_put(&t->slab, g, group_size(r));
	r->groups--;
	t->groups--;
}

static bool
is_expired(const struct group_rule *r, const struct group *g, uint64_t now_us)
{
	uint64_t last = g->last_us > g->notified_us ? g->last_us : g->notified_us;

	return g->alert == NULL && now_us > last && now_us - last > r->keep_us;
}

void
group_sweep(struct group_table *t, unsigned rule, uint64_t now_us, unsigned at_most)
{
	struct group_rule *r = &t->rule[rule];
	struct group *g;

	while (at_most-- > 0 && (g = r->oldest) != NULL) {
		if (now_us <= g->moved_us || now_us - g->moved_us <= r->keep_us)
			break;
		if (is_expired(r, g, now_us)) {
			drop(t, g);
			continue;
		}
		g->moved_us = g->last_us > g->moved_us ? g->last_us : now_us;
		age_remove(r, g);
		age_append(r, g);
	}
}

/* Of two stale groups, which one tells less? */
static bool
is_emptier(const struct group *a, const struct group *b)
{
	if ((a->alert != NULL) != (b->alert != NULL))
		return b->alert != NULL;
	return a->window.fill < b->window.fill;
}

static bool
evict(struct group_table *t, struct group_rule *r, const struct group *spare)
{
	struct group *victim = NULL, *g = r->oldest;

	for (unsigned i = 0; i < STALE && g != NULL; i++, g = g->newer)
		if (g != spare && (victim == NULL || is_emptier(g, victim)))
			victim = g;
	if (victim == NULL)
		return false;
	drop(t, victim);
	r->evicted++;
	t->evicted++;
	return true;
}

static struct group_rule *
largest_rule(struct group_table *t)
{
	struct group_rule *largest = t->rule;

	for (size_t i = 1; i < t->rules; i++)
		if (t->rule[i].bytes > largest->bytes)
			largest = &t->rule[i];
	return largest;
}

/* The rule itself pays when it has more than half, else the one that has most. */
static void *
get_block(
    struct group_table *t, struct group_rule *r, size_t size, const struct group *spare)
{
	void *block;

	for (unsigned i = 0; i < EVICT_TRIES; i++) {
		bool greedy = r->bytes + slab_size(size) > t->slab.limit / 2;

		if (!greedy && (block = slab_get(&t->slab, size)) != NULL) {
			r->bytes += slab_size(size);
			return block;
		}
		if (!evict(t, greedy ? r : largest_rule(t), spare))
			break;
	}
	t->refused++;
	return NULL;
}

static struct group *
insert(struct group_table *t, unsigned rule, const uint8_t *key, uint32_t hash,
    uint64_t now_us)
{
	struct group_rule *r = &t->rule[rule];
	struct group *g;

	group_sweep(t, rule, now_us, 2);
	if (r->groups >= t->most / 2)
		(void)evict(t, r, NULL);
	else if (t->groups >= t->most)
		(void)evict(t, largest_rule(t), NULL);
	g = get_block(t, r, group_size(r), NULL);
	if (g == NULL)
		return NULL;
	*g = (struct group){.hash = hash,
	    .rule = (uint16_t)rule,
	    .last_us = now_us,
	    .moved_us = now_us};
	memcpy(g->key, key, r->key_len);
	slot_take(t, g);
	age_append(r, g);
	r->groups++;
	t->groups++;
	return g;
}

struct group *
group_get(struct group_table *t, unsigned rule, const uint8_t *key, uint64_t now_us)
{
	uint32_t hash = group_hash(t, rule, key);
	struct group *g = find(t, rule, key, hash);

	return g != NULL ? g : insert(t, rule, key, hash, now_us);
}

bool
group_add(struct group_table *t, struct group *g, uint64_t ts_us, uint64_t value,
    struct window_answer *a)
{
	struct group_rule *r = &t->rule[g->rule];
	size_t before = window_bytes(&g->window, r->shape), after;

	for (unsigned i = 0; i < EVICT_TRIES; i++) {
		if (r->bytes <= t->slab.limit / 2 &&
		    window_add(&g->window, r->shape, &t->slab, ts_us, value, a)) {
			after = window_bytes(&g->window, r->shape);
			if (after != before)
				r->bytes += slab_size(after) -
					    (before > 0 ? slab_size(before) : 0);
			return true;
		}
		if (!evict(t, r->bytes > t->slab.limit / 2 ? r : largest_rule(t), g))
			break;
	}
	t->refused++;
	return false;
}

struct group_alert *
group_alert_new(struct group_table *t, struct group *g)
{
	g->alert = get_block(t, &t->rule[g->rule], sizeof *g->alert, g);
	return g->alert;
}

void
group_alert_free(struct group_table *t, struct group *g)
{
	t->rule[g->rule].bytes -= slab_size(sizeof *g->alert);
	slab_put(&t->slab, g->alert, sizeof *g->alert);
	g->alert = NULL;
}
