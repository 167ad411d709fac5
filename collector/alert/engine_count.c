/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event whose turn has come: into the windows of all that it concerns. */
#include <string.h>

#include "collector/alert/engine_internal.h"

/* A reference of a correlation that the event concerns, with its group. */
struct instance {
	unsigned reference;
	bool done; /* counted with an earlier one of the same group */
	bool has_value;
	uint64_t value;
	uint8_t key[ENGINE_KEY_MAX];
};
#define INSTANCES_MAX RULE_REFERENCES_MAX

struct counting {
	struct engine *e;
	struct held *h;
	struct group_sample sample;
	bool late;
	unsigned instances;
	struct instance instance[INSTANCES_MAX];
};

/* ---- values */

static void
put_number(uint8_t *to, uint64_t n)
{
	to[0] = VALUE_NUMBER;
	memcpy(to + 1, &n, sizeof n);
	memset(to + 1 + sizeof n, 0, VALUE_SIZE - 1 - sizeof n);
}

/* False: the event does not have it. */
static bool
read_slot(const struct counting *c, unsigned index, uint8_t *to)
{
	const struct slot *s = &c->e->slot[index];
	const uint8_t *from = held_values(c->h, c->e) + s->offset;
	uint64_t n;

	if ((*held_has(c->h) >> index & 1) == 0)
		return false;
	if (s->column.width == 0 && !s->verdict) {
		memcpy(to, from, VALUE_SIZE);
	} else {
		memcpy(&n, from, sizeof n);
		put_number(to, n);
	}
	return true;
}

/* below: key of the correlation that is referred to; NULL: it is a detection. */
static bool
read_source(
    const struct counting *c, const struct source *s, const uint8_t *below, uint8_t *to)
{
	switch (s->from) {
	case FROM_HOST:
		put_number(to, (uint32_t)c->h->host_id);
		return true;
	case FROM_KEY:
		if (below == NULL)
			return false;
		memcpy(to, below + (size_t)s->index * VALUE_SIZE, VALUE_SIZE);
		return to[0] != VALUE_ABSENT;
	case FROM_SLOT:
		break;
	}
	return read_slot(c, s->index, to);
}

static void
cut_address(uint8_t *value, unsigned mask)
{
	unsigned size = value[0] == VALUE_V4 ? 4 : 16;

	if (mask == 0 || mask >= size * 8)
		return;
	for (unsigned i = mask / 8; i < size; i++)
		value[1 + i] &= i > mask / 8 ? 0 : (uint8_t)(0xff00u >> mask % 8);
}

/* An event without a field of the group belongs to no group of a correlation. */
static bool
read_key(const struct counting *c, const struct engine_rule *r, unsigned reference,
    const uint8_t *below, uint8_t *key)
{
	const struct rule *rule = r->rule;
	const struct source *s = r->key + reference * rule->key_count;

	for (size_t i = 0; i < rule->key_count; i++, key += VALUE_SIZE) {
		if (!read_source(c, &s[i], below, key)) {
			if (rule->type != RULE_DETECTION)
				return false;
			memset(key, 0, VALUE_SIZE);
		}
		if (key[0] == VALUE_V4)
			cut_address(key, rule->mask4);
		else if (key[0] == VALUE_V6)
			cut_address(key, rule->mask6);
	}
	return true;
}

/* What 64 bits cannot hold becomes a hash that nobody can aim. */
static void
read_value(struct counting *c, const struct engine_rule *r, unsigned reference,
    const uint8_t *below, struct instance *to)
{
	uint8_t value[VALUE_SIZE];

	if (r->value == NULL)
		return;
	to->has_value = read_source(c, &r->value[reference], below, value);
	if (!to->has_value)
		return;
	if (value[0] == VALUE_V6)
		to->value = siphash(c->e->groups.seed, value, sizeof value);
	else if (value[0] == VALUE_V4)
		to->value = (uint64_t)value[1] << 24 | (uint64_t)value[2] << 16 |
			    (uint64_t)value[3] << 8 | value[4];
	else
		memcpy(&to->value, value + 1, sizeof to->value);
}

/* ---- instances */

static void
add_instance(struct counting *c, const struct engine_rule *r, unsigned reference,
    const uint8_t *below)
{
	struct instance *to = &c->instance[c->instances];

	if (c->instances == INSTANCES_MAX) {
		c->e->groups.refused++;
		return;
	}
	to->reference = reference;
	to->done = to->has_value = false;
	if (!read_key(c, r, reference, below, to->key)) {
		c->e->stats.ungrouped++;
		return;
	}
	read_value(c, r, reference, below, to);
	c->instances++;
}

static void
add_hits(struct counting *c, const struct engine_rule *r, unsigned reference)
{
	struct engine *e = c->e;
	size_t below = r->rule->reference[reference].rule->index;
	bool level =
	    r->rule->type == RULE_TEMPORAL || r->rule->type == RULE_TEMPORAL_ORDERED;

	for (unsigned i = 0; i < e->hits; i++)
		if (e->hit[i].rule == below && (level || e->hit[i].edge))
			add_instance(c, r, reference, e->hit[i].key);
}

static void
find_instances(struct counting *c, const struct engine_rule *r)
{
	const uint64_t *matched = held_matched(c->h);

	c->instances = 0;
	for (unsigned i = 0; i < r->rule->reference_count; i++) {
		const struct rule *below = r->rule->reference[i].rule;

		if (below->type != RULE_DETECTION)
			add_hits(c, r, i);
		else if ((matched[below->index / 64] >> below->index % 64 & 1) != 0)
			add_instance(c, r, i, NULL);
	}
}

/* ---- groups */

static void
remember(struct engine *e, struct group *g, const struct group_sample *s)
{
	group_recent(&e->groups, g)[g->recents % GROUP_RECENT] = *s;
	/* Goes on behind 255 where the next entry is the same. */
	g->recents =
	    g->recents == UINT8_MAX ? UINT8_MAX - GROUP_RECENT + 1 : g->recents + 1;
}

static bool
add_to_window(
    struct counting *c, struct group *g, uint64_t value, struct window_answer *answer)
{
	return group_add(&c->e->groups, g, c->h->ts_us, value, answer);
}

/* All of the group at once: an event is one event, whatever it matches. */
static bool
add_instances(struct counting *c, const struct engine_rule *r, struct group *g,
    unsigned first, struct window_answer *answer)
{
	uint16_t len = c->e->group_rule[g->rule].key_len;
	enum rule_type type = r->rule->type;
	uint64_t steps = 0;
	bool added = false;

	for (unsigned i = first; i < c->instances; i++) {
		struct instance *in = &c->instance[i];

		if (in->done || memcmp(in->key, c->instance[first].key, len) != 0)
			continue;
		in->done = true;
		steps |= UINT64_C(1) << in->reference;
		if (in->has_value && (type == RULE_VALUE_COUNT || !added))
			added = add_to_window(c, g, in->value, answer) || added;
	}
	if (r->value == NULL)
		added = add_to_window(c, g, steps, answer);
	return added;
}

static void
hit(struct engine *e, const struct group *g, bool edge)
{
	struct engine_rule *r = &e->rule[g->rule];
	struct hit *h;

	r->matched += edge;
	for (unsigned i = 0; i < e->words; i++)
		e->todo[i] |= r->parents[i];
	if (e->hits == e->hits_max || !engine_is_heard(e, g->rule))
		return;
	h = &e->hit[e->hits++];
	h->rule = g->rule;
	h->edge = edge;
	memcpy(h->key, g->key, e->group_rule[g->rule].key_len);
}

/* With nothing left in its window the condition cannot have held until now. */
static bool
has_lapsed(const struct engine_rule *r, const struct group *g, uint64_t ts_us)
{
	return ts_us > g->last_us + r->shape.span_us + r->shape.slice_us;
}

static void
count_group(
    struct counting *c, const struct engine_rule *r, size_t index, unsigned first)
{
	struct engine *e = c->e;
	struct firing f = {.ts_us = c->h->ts_us, .sample = c->sample};
	struct group *g =
	    group_get(&e->groups, (unsigned)index, c->instance[first].key, c->h->ts_us);
	bool newest;

	if (g == NULL)
		return;
	newest = c->h->ts_us >= g->last_us;
	if (has_lapsed(r, g, c->h->ts_us))
		g->held = 0;
	group_touch(&e->groups, g, c->h->ts_us);
	if (!add_instances(c, r, g, first, &f.answer))
		return;
	remember(e, g, &c->sample);
	if (f.answer.holds) {
		hit(e, g, g->held == 0);
		g->held = 1;
		if (r->rule->alerts)
			engine_fire(e, g, &f);
	} else {
		g->held = newest ? 0 : g->held;
		if (g->alert != NULL)
			engine_count_active(e, g, &f);
	}
}

static void
count_correlation(struct counting *c, size_t index)
{
	const struct engine_rule *r = &c->e->rule[index];

	find_instances(c, r);
	for (unsigned i = 0; i < c->instances; i++)
		if (!c->instance[i].done &&
		    (r->value == NULL || c->instance[i].has_value))
			count_group(c, r, index, i);
}

static void
count_detection(struct counting *c, size_t index)
{
	struct engine *e = c->e;
	struct engine_rule *r = &e->rule[index];
	struct firing f = {.ts_us = c->h->ts_us, .sample = c->sample};
	uint8_t key[ENGINE_KEY_MAX];
	struct group *g;

	r->matched++;
	for (unsigned i = 0; i < e->words; i++)
		e->todo[i] |= r->parents[i];
	if (!r->rule->alerts || !read_key(c, r, 0, NULL, key))
		return;
	g = group_get(&e->groups, (unsigned)index, key, c->h->ts_us);
	if (g == NULL)
		return;
	group_touch(&e->groups, g, c->h->ts_us);
	remember(e, g, &c->sample);
	f.answer = (struct window_answer){true, 1, c->h->ts_us};
	engine_fire(e, g, &f);
}

/* ---- what is going to be looked at */

#define AHEAD_MAX 256

struct ahead {
	unsigned count;
	uint32_t hash[AHEAD_MAX];
};

static void
look_at_parent(struct counting *c, struct ahead *a, size_t parent, size_t detection)
{
	const struct engine_rule *r = &c->e->rule[parent];
	uint8_t key[ENGINE_KEY_MAX];

	for (unsigned i = 0; i < r->rule->reference_count; i++) {
		if (r->rule->reference[i].rule->index != detection ||
		    a->count == AHEAD_MAX || !read_key(c, r, i, NULL, key))
			continue;
		a->hash[a->count] = group_hash(&c->e->groups, (unsigned)parent, key);
		group_fetch_slot(&c->e->groups, a->hash[a->count++]);
	}
}

static void
look_at_parents(struct counting *c, struct ahead *a, size_t detection)
{
	const uint64_t *parents = c->e->rule[detection].parents;

	for (unsigned w = 0; w < c->e->words; w++)
		for (uint64_t left = parents[w]; left != 0; left &= left - 1)
			look_at_parent(
			    c, a, w * 64 + (size_t)__builtin_ctzll(left), detection);
}

void
engine_look_ahead(struct engine *e, struct held *const *h, unsigned count)
{
	struct counting c;
	struct ahead a;

	c.e = e;
	a.count = 0;
	for (unsigned i = 0; i < count; i++) {
		const uint64_t *matched = held_matched(h[i]);

		c.h = h[i];
		for (unsigned w = 0; w < e->words; w++)
			for (uint64_t left = matched[w]; left != 0; left &= left - 1)
				look_at_parents(
				    &c, &a, w * 64 + (size_t)__builtin_ctzll(left));
	}
	for (unsigned i = 0; i < a.count; i++)
		group_fetch(&e->groups, a.hash[i]);
	for (unsigned i = 0; i < a.count; i++)
		group_fetch_window(&e->groups, a.hash[i]);
}

/* Every rule stands behind those it refers to, so one pass sees all. */
void
engine_count(struct engine *e, struct held *h)
{
	struct counting c;
	unsigned word = 0;

	c.e = e;
	c.h = h;
	c.sample = (struct group_sample){h->ts_us, h->n, h->host_id};
	memcpy(e->todo, held_matched(h), e->words * sizeof *e->todo);
	e->hits = 0;
	while (word < e->words) {
		size_t index;

		if (e->todo[word] == 0) {
			word++;
			continue;
		}
		index = word * 64 + (size_t)__builtin_ctzll(e->todo[word]);
		e->todo[word] &= e->todo[word] - 1;
		if (e->rule[index].rule->type == RULE_DETECTION)
			count_detection(&c, index);
		else
			count_correlation(&c, index);
	}
}
