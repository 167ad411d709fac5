/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules made by hand, and events for them. */
#ifndef FWLOG_TESTS_ENGINE_RIG_H
#define FWLOG_TESTS_ENGINE_RIG_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/engine.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define START (UINT64_C(1800000000) * SECOND)
#define RIG_RULES 128

/* ---- rules */

static struct rule *rig_rules[RIG_RULES];
static struct rule_set rig_set = {.rule = rig_rules};

static inline char *
rig_text(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return strdup(text);
}

static inline struct rule *
rig_rule(const char *id, enum rule_type type)
{
	struct rule *r = calloc(1, sizeof *r);

	r->id = strdup(id);
	r->title = strdup(id);
	r->path = strdup("rig");
	r->type = type;
	r->level = RULE_MEDIUM;
	r->upper = UINT64_MAX;
	r->index = rig_set.count;
	r->alerts = true;
	snprintf(r->hash, sizeof r->hash, "%016zx", rig_set.count);
	r->key = calloc(RULE_KEYS_MAX, sizeof *r->key);
	ck_assert_uint_lt(rig_set.count, RIG_RULES);
	rig_rules[rig_set.count++] = r;
	return r;
}

/* Grouped by host and src, as the loader does it. */
static inline struct rule *
rig_detection(const char *id, const char *filter, const char *key1, const char *key2)
{
	struct rule *r = rig_rule(id, RULE_DETECTION);
	const char *keys[] = {key1, key2};
	struct filter_error error;

	r->tree = filter_parse(filter, strlen(filter), &error);
	ck_assert_msg(r->tree != NULL, "%s: %s", filter, error.message);
	r->text = filter_canon(r->tree);
	for (unsigned i = 0; i < 2 && keys[i] != NULL; i++) {
		struct rule_key *k = &r->key[r->key_count++];

		k->name = strdup(keys[i]);
		k->source = calloc(1, sizeof *k->source);
		k->source->field = filter_field_named(keys[i]);
	}
	return r;
}

static inline void
rig_refer(struct rule *r, const struct rule *below)
{
	r->reference =
	    realloc(r->reference, (r->reference_count + 1) * sizeof *r->reference);
	r->reference[r->reference_count++] =
	    (struct rule_reference){strdup(below->id), below};
	if (r->depth <= below->depth)
		r->depth = below->depth + 1;
}

static inline void
rig_source(const struct rule *r, struct rule_key *k, const char *name)
{
	k->name = strdup(name);
	k->source = calloc(r->reference_count, sizeof *k->source);
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct rule *below = r->reference[i].rule;

		k->source[i].field = filter_field_named(name);
		for (size_t j = 0; below->depth > 0 && j < below->key_count; j++)
			if (strcmp(below->key[j].name, name) == 0)
				k->source[i] = (struct rule_source){NULL, (unsigned)j};
	}
}

/* After rig_refer. */
static inline void
rig_by(struct rule *r, const char *name)
{
	rig_source(r, &r->key[r->key_count++], name);
}

static inline struct rule *
rig_correlation(const char *id, enum rule_type type, uint64_t lower, uint64_t span_us)
{
	struct rule *r = rig_rule(id, type);

	r->lower = lower;
	r->timespan_us = span_us;
	if (rig_set.longest_us < span_us)
		rig_set.longest_us = span_us;
	return r;
}

static inline void
rig_free_key(struct rule_key *k)
{
	free(k->name);
	free(k->source);
}

static inline void
rig_clear(void)
{
	for (size_t i = 0; i < rig_set.count; i++) {
		struct rule *r = rig_rules[i];

		for (size_t k = 0; k < r->key_count; k++)
			rig_free_key(&r->key[k]);
		if (r->value.name != NULL)
			rig_free_key(&r->value);
		for (size_t k = 0; k < r->reference_count; k++)
			free(r->reference[k].name);
		free(r->reference);
		free(r->key);
		filter_tree_free(r->tree);
		free(r->text);
		free(r->id);
		free(r->title);
		free(r->path);
		free(r);
	}
	rig_set.count = 0;
}

/* ---- events */

static inline struct event
rig_event(uint64_t ts, uint32_t src, uint32_t dport)
{
	struct event ev = {0};
	struct ip_addr a = {4, {(uint8_t)(src >> 24), (uint8_t)(src >> 16),
				   (uint8_t)(src >> 8), (uint8_t)src}};
	struct ip_addr b = {4, {192, 0, 2, 1}};

	EVENT_SET(&ev, ts, ts);
	EVENT_SET(&ev, src, a);
	EVENT_SET(&ev, dst, b);
	EVENT_SET(&ev, proto, 6);
	EVENT_SET(&ev, dport, dport);
	EVENT_SET(&ev, sport, 40000);
	EVENT_SET(&ev, tcp_flags, 2);
	EVENT_SET(&ev, len, 60);
	EVENT_SET(&ev, family, 2);
	EVENT_SET(&ev, hook, 1);
	EVENT_SET(&ev, prefix_id, 1);
	return ev;
}

static inline struct bytes
rig_string(const void *arg, enum filter_dict dict, uint32_t id)
{
	static char text[4][32];
	static unsigned next;
	char *to = text[next++ % 4];

	(void)arg;
	snprintf(
	    to, sizeof text[0], "%s%u", dict == FILTER_HOST ? "host" : "drop-", id);
	return (struct bytes){(const uint8_t *)to, (uint16_t)strlen(to)};
}

static const struct engine_names rig_names = {.string = rig_string};

static inline struct engine *
rig_engine(const struct engine_limits *limits, const struct engine_calls *calls)
{
	char why[256];
	struct engine *e =
	    engine_new(&rig_set, limits, &rig_names, calls, why, sizeof why);

	ck_assert_msg(e != NULL, "%s", why);
	return e;
}

/* xorshift64* (Vigna 2016). */
static uint64_t rig_random = 7514;

static inline unsigned
rig_below(unsigned n)
{
	rig_random ^= rig_random >> 12;
	rig_random ^= rig_random << 25;
	rig_random ^= rig_random >> 27;
	return (unsigned)((rig_random * UINT64_C(2685821657736338717) >> 11) % n);
}

#endif
