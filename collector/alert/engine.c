/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/engine_internal.h"

#define SECOND_US UINT64_C(1000000)
#define MIB ((size_t)1 << 20)
#define STRINGS_FIRST 1024u
#define STRINGS_MOST (1u << 20)
#define SWEEP_GROUPS 64 /* of a rule, each second */

/* ---- what filters ask */

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct engine *e = arg;

	return e->names.string(e->names.arg, dict, id);
}

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	const struct engine *e = arg;

	return e->names.verdict == NULL
		   ? FILTER_UNKNOWN
		   : e->names.verdict(e->names.arg, e->host_id, ev);
}

/* ---- beginning and end */

static void
set_limits(struct engine_limits *l, const struct engine_limits *from)
{
	*l = *from;
	if (l->hold_us == 0)
		l->hold_us = 2 * SECOND_US;
	if (l->grace_us == 0)
		l->grace_us = 30 * SECOND_US;
	if (l->groups == 0)
		l->groups = 200000;
	if (l->group_bytes == 0)
		l->group_bytes = 128 * MIB;
	if (l->hold_bytes == 0)
		l->hold_bytes = 64 * MIB;
	if (l->storm_rule == 0)
		l->storm_rule = 30;
	if (l->storm_all == 0)
		l->storm_all = 200;
	if (l->resolve_us == 0)
		l->resolve_us = 600 * SECOND_US;
	if (l->update_us == 0)
		l->update_us = 10 * SECOND_US;
}

static void
group_gone(void *arg, struct group *g)
{
	struct engine *e = arg;

	engine_resolve(e, g, e->time_us);
}

static int
make_pools(struct engine *e)
{
	struct engine_limits *l = &e->limits;
	size_t extra = (1 + e->words) * sizeof(uint64_t) + e->slot_bytes;

	e->hold = calloc(1, sizeof *e->hold);
	e->late = calloc(1, sizeof *e->late + extra);
	if (e->hold == NULL || e->late == NULL ||
	    holdback_init(e->hold, extra, l->hold_bytes,
		l->hold_us + l->grace_us + SECOND_US) < 0 ||
	    storm_init(&e->storm, e->rules, l->storm_rule, l->storm_all) < 0 ||
	    group_table_init(
		&e->groups, e->group_rule, e->rules, l->groups, l->group_bytes) < 0)
		return -1;
	memcpy(e->groups.seed, l->seed, sizeof e->groups.seed);
	e->groups.gone = group_gone;
	e->groups.arg = e;
	return 0;
}

struct engine *
engine_new(const struct rule_set *set, const struct engine_limits *limits,
    const struct engine_names *names, const struct engine_calls *calls, char *why,
    size_t whysize)
{
	struct engine *e = calloc(1, sizeof *e);

	if (e == NULL) {
		snprintf(why, whysize, "out of memory");
		return NULL;
	}
	e->set = set;
	e->names = *names;
	e->calls = *calls;
	e->due_us = UINT64_MAX;
	set_limits(&e->limits, limits);
	e->source = (struct filter_source){
	    .host = {(const uint8_t *)"", 0},
	    .string = string_of,
	    .verdict = verdict_of,
	    .arg = e,
	    .strings = STRINGS_FIRST,
	    .generation = 1,
	};
	if (engine_plan(e, why, whysize) < 0) {
		engine_free(e);
		return NULL;
	}
	if (make_pools(e) < 0) {
		snprintf(why, whysize, "out of memory");
		engine_free(e);
		return NULL;
	}
	return e;
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	group_table_destroy(&e->groups);
	if (e->hold != NULL)
		holdback_destroy(e->hold);
	free(e->hold);
	free(e->late);
	storm_free(&e->storm);
	silences_free(&e->silences);
	engine_plan_free(e);
	free(e);
}

void
engine_set_mode(struct engine *e, enum engine_mode mode)
{
	e->mode = mode;
}

/* ---- matching */

static void
grow_strings(struct engine *e, uint32_t id)
{
	while (e->source.strings <= id && e->source.strings < STRINGS_MOST)
		e->source.strings *= 2;
	for (size_t i = 0; i < e->set->count; i++)
		if (e->rule[i].filter != NULL) {
			filter_begin(e->rule[i].filter, &e->source);
			e->rule[i].host_id = e->host_id;
		}
}

static void
see_strings(struct engine *e, const struct event *ev)
{
	uint32_t most = EVENT_HAS(ev, prefix_id) ? ev->prefix_id : 0;

	if (EVENT_HAS(ev, in_id) && ev->in_id > most)
		most = ev->in_id;
	if (EVENT_HAS(ev, out_id) && ev->out_id > most)
		most = ev->out_id;
	if (most >= e->source.strings && e->source.strings < STRINGS_MOST)
		grow_strings(e, most);
}

static void
see_host(struct engine *e, int32_t host_id)
{
	if (host_id == e->host_id)
		return;
	e->host_id = host_id;
	e->source.host = string_of(e, FILTER_HOST, (uint32_t)host_id);
}

/* False: no detection selects it. */
static bool
match(struct engine *e, const struct event *ev, int32_t host_id, int64_t n)
{
	uint64_t any = 0;

	see_strings(e, ev);
	see_host(e, host_id);
	match_candidates(&e->match, ev, e->matched);
	for (unsigned w = 0; w < e->words; w++) {
		for (uint64_t left = e->matched[w]; left != 0; left &= left - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(left);
			struct engine_rule *r = &e->rule[w * 64 + bit];

			if (r->host_matters && r->host_id != host_id) {
				filter_begin(r->filter, &e->source);
				r->host_id = host_id;
			}
			if (!filter_match_stored(r->filter, ev, host_id, n))
				e->matched[w] &= ~(UINT64_C(1) << bit);
		}
		any |= e->matched[w];
	}
	return any != 0;
}

/* ---- holding back */

static uint64_t
read_column(const struct event *ev, const struct filter_column *c)
{
	const uint8_t *p = (const uint8_t *)ev + c->offset;
	uint16_t n16;
	uint32_t n32;
	uint64_t n64 = 0;

	switch (c->width) {
	case sizeof n16:
		memcpy(&n16, p, sizeof n16);
		return n16;
	case sizeof n32:
		memcpy(&n32, p, sizeof n32);
		return n32;
	case sizeof n64:
		memcpy(&n64, p, sizeof n64);
		return n64;
	default:
		for (unsigned i = 0; i < sizeof(struct mac_addr); i++)
			n64 = n64 << 8 | p[i];
		return n64;
	}
}

static void
put_slot(struct engine *e, struct held *h, unsigned i, const struct event *ev)
{
	const struct slot *s = &e->slot[i];
	uint8_t *to = held_values(h, e) + s->offset;
	uint64_t n;

	if (s->verdict) {
		n = verdict_of(e, ev);
	} else if ((ev->has & s->column.bit) == 0) {
		return;
	} else if (s->column.width == 0) {
		const struct ip_addr *ip =
		    (const void *)((const uint8_t *)ev + s->column.offset);

		to[0] = ip->family;
		memset(to + 1, 0, sizeof ip->byte);
		memcpy(to + 1, ip->byte, ip->family == 4 ? 4 : 16);
		*held_has(h) |= UINT64_C(1) << i;
		return;
	} else {
		n = read_column(ev, &s->column);
		if (s->part != 0)
			n = filter_time_part(n, s->part);
	}
	memcpy(to, &n, sizeof n);
	*held_has(h) |= UINT64_C(1) << i;
}

static void
fill_held(struct engine *e, struct held *h, const struct event *ev)
{
	*held_has(h) = 0;
	memcpy(held_matched(h), e->matched, e->words * sizeof *e->matched);
	for (unsigned i = 0; i < e->slots; i++)
		put_slot(e, h, i, ev);
}

/* What no one needs any more goes, a little each second. */
static void
sweep(struct engine *e)
{
	for (size_t i = 0; i < e->rules; i++)
		group_sweep(&e->groups, (unsigned)i, e->time_us, SWEEP_GROUPS);
}

static void
release(struct engine *e, uint64_t before_us)
{
	uint64_t second = e->time_us / SECOND_US;
	struct held *h[LOOK_AHEAD];
	unsigned n;

	/* What was taken stays as it is until something is put. */
	do {
		n = 0;
		while (n < LOOK_AHEAD &&
		       (h[n] = holdback_take(e->hold, before_us)) != NULL)
			n++;
		engine_look_ahead(e, h, n);
		for (unsigned i = 0; i < n; i++) {
			engine_run_timers(e, h[i]->ts_us);
			engine_count(e, h[i]);
		}
	} while (n == LOOK_AHEAD);
	engine_run_timers(e, e->hold->horizon * e->hold->width_us);
	if (e->time_us / SECOND_US != second)
		sweep(e);
}

static void
count_late(struct engine *e, uint64_t ts_us, int32_t host_id, int64_t n,
    const struct event *ev)
{
	*e->late = (struct held){.ts_us = ts_us, .n = n, .host_id = host_id};
	fill_held(e, e->late, ev);
	engine_count(e, e->late);
}

static struct held *
hold_hurriedly(struct engine *e, uint64_t ts_us, int32_t host_id, int64_t n)
{
	e->stats.hurried++;
	release(e, holdback_earliest(e->hold));
	return holdback_is_late(e->hold, ts_us)
		   ? NULL
		   : holdback_put(e->hold, ts_us, host_id, n);
}

void
engine_advance(struct engine *e, uint64_t now_us)
{
	if (now_us > e->now_us)
		e->now_us = now_us;
	if (e->now_us / e->hold->width_us <=
	    e->hold->horizon + e->limits.hold_us / e->hold->width_us)
		return;
	if (e->now_us > e->limits.hold_us)
		release(e, e->now_us - e->limits.hold_us);
}

void
engine_feed(struct engine *e, uint64_t now_us, const struct event *ev, int32_t host_id,
    int64_t n)
{
	uint64_t ts = EVENT_HAS(ev, ts) ? ev->ts : now_us;
	struct held *h;

	engine_advance(e, now_us);
	e->stats.events++;
	if (ts + e->limits.hold_us + e->limits.grace_us < e->now_us) {
		e->stats.too_late++;
		engine_span_add(e, ts, host_id, ENGINE_LATE);
		return;
	}
	if (ts > e->now_us + e->limits.grace_us) {
		e->stats.ahead++;
		engine_span_add(e, ts, host_id, ENGINE_AHEAD);
		return;
	}
	if (!match(e, ev, host_id, n))
		return;
	e->stats.matched++;
	h = NULL;
	if (!holdback_is_late(e->hold, ts)) {
		h = holdback_put(e->hold, ts, host_id, n);
		if (h == NULL)
			h = hold_hurriedly(e, ts, host_id, n);
	}
	if (h != NULL) {
		fill_held(e, h, ev);
		return;
	}
	e->stats.late++;
	count_late(e, ts, host_id, n, ev);
}

void
engine_drain(struct engine *e)
{
	release(e, e->hold->end * e->hold->width_us);
}

/* ---- spans */

#define SPAN_GAP_US (60 * SECOND_US) /* nearer ones are one */

static bool
touches(const struct engine_span *s, uint64_t ts_us, enum engine_why why)
{
	return s->why == why && ts_us + SPAN_GAP_US >= s->from_us &&
	       ts_us <= s->to_us + SPAN_GAP_US;
}

void
engine_span_add(struct engine *e, uint64_t ts_us, int32_t host_id, enum engine_why why)
{
	struct engine_span *s = NULL;

	for (unsigned i = 0; i < e->spans && s == NULL; i++)
		if (e->span[i].host_id == host_id && touches(&e->span[i], ts_us, why))
			s = &e->span[i];
	if (s == NULL && e->spans < ENGINE_SPANS) {
		s = &e->span[e->spans++];
		*s = (struct engine_span){ts_us, ts_us, host_id, why, 0};
	}
	/* Too many to tell apart: the last one takes all. */
	if (s == NULL) {
		s = &e->span[ENGINE_SPANS - 1];
		s->host_id = s->host_id == host_id ? host_id : 0;
	}
	s->from_us = ts_us < s->from_us ? ts_us : s->from_us;
	s->to_us = ts_us > s->to_us ? ts_us : s->to_us;
	s->events++;
}

bool
engine_take_span(struct engine *e, struct engine_span *span)
{
	if (e->spans == 0)
		return false;
	*span = e->span[0];
	memmove(e->span, e->span + 1, --e->spans * sizeof *e->span);
	return true;
}

/* ---- others */

static struct engine_rule *
find_rule(struct engine *e, const char *id, const char *hash)
{
	for (size_t i = 0; i < e->rules; i++)
		if (strcmp(e->rule[i].rule->id, id) == 0 &&
		    strcmp(e->rule[i].rule->hash, hash) == 0)
			return &e->rule[i];
	return NULL;
}

bool
engine_restore(
    struct engine *e, const char *rule_id, const char *hash, const struct alert *a)
{
	struct engine_rule *r = find_rule(e, rule_id, hash);
	struct firing f = {
	    .ts_us = a->last_us, .answer = {true, a->amount, a->window_start_us}};
	size_t index = r != NULL ? (size_t)(r - e->rule) : 0;
	struct group_alert *to;
	struct group *g;

	if (r == NULL || a->key_len != e->group_rule[index].key_len)
		return false;
	g = group_get(&e->groups, (unsigned)index, a->key, a->last_us);
	if (g == NULL || g->alert != NULL)
		return g != NULL;
	to = engine_activate(e, g, &f);
	if (to == NULL)
		return false;
	to->first_us = a->first_us;
	to->events = a->events;
	to->delivery = (uint8_t)a->delivery;
	to->silence_id = a->silence_id;
	to->backfill = a->backfill;
	g->notified_us = a->first_us;
	return true;
}

int
engine_set_silences(struct engine *e, const struct engine_silence *silence,
    size_t count, char *why, size_t whysize)
{
	return silences_set(&e->silences, silence, count, e->names.lists, why, whysize);
}

void
engine_get_stats(const struct engine *e, struct engine_stats *stats)
{
	*stats = e->stats;
	stats->evicted = e->groups.evicted;
	stats->refused = e->groups.refused;
	stats->groups = e->groups.groups;
	stats->group_bytes = e->groups.slab.bytes;
	stats->held = e->hold->count;
	for (size_t i = 0; i < e->set->count; i++)
		if (e->rule[i].filter != NULL)
			stats->regex_failures +=
			    filter_regex_failures(e->rule[i].filter);
}

void
engine_get_rule_stats(
    const struct engine *e, size_t rule_index, struct engine_rule_stats *stats)
{
	const struct engine_rule *r = &e->rule[rule_index];
	const struct group_rule *g = &e->group_rule[rule_index];

	*stats = (struct engine_rule_stats){
	    .matched = r->matched,
	    .fired = r->fired,
	    .evicted = g->evicted,
	    .groups = g->groups,
	    .active = r->active,
	};
}
