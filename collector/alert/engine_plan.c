/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/engine_internal.h"

static int
no_memory(char *why, size_t whysize)
{
	snprintf(why, whysize, "out of memory");
	return -1;
}

/* ---- slots */

/* One for each column and one for the verdict, at most. */
_Static_assert(EVENT_COLUMN_COUNT < 64, "held_has has a bit for every slot");

static bool
is_host(const struct filter_field *field)
{
	return field->type == FILTER_TEXT && field->dict == FILTER_HOST;
}

static bool
is_same_slot(const struct slot *s, const struct filter_field *field)
{
	if (s->verdict || field->type == FILTER_VERDICT)
		return s->verdict && field->type == FILTER_VERDICT;
	return s->column.index == field->column[0] && s->part == field->part;
}

/* Index, or -1 without memory. */
static int
slot_for(struct engine *e, const struct filter_field *field)
{
	struct slot *grown, *s;

	for (unsigned i = 0; i < e->slots; i++)
		if (is_same_slot(&e->slot[i], field))
			return (int)i;
	grown = realloc(e->slot, (e->slots + 1) * sizeof *grown);
	if (grown == NULL)
		return -1;
	e->slot = grown;
	s = &e->slot[e->slots];
	*s = (struct slot){.verdict = field->type == FILTER_VERDICT,
	    .part = field->part,
	    .offset = e->slot_bytes};
	if (!s->verdict)
		s->column = filter_column_of(field->column[0]);
	e->slot_bytes += field->type == FILTER_ADDRESS ? VALUE_SIZE : sizeof(uint64_t);
	return (int)e->slots++;
}

static int
plan_source(struct engine *e, struct source *to, const struct rule_source *from)
{
	int slot;

	if (from->field == NULL) {
		*to = (struct source){FROM_KEY, from->key};
		return 0;
	}
	if (is_host(from->field)) {
		*to = (struct source){FROM_HOST, 0};
		return 0;
	}
	slot = slot_for(e, from->field);
	if (slot < 0)
		return -1;
	*to = (struct source){FROM_SLOT, (unsigned)slot};
	return 0;
}

static int
plan_sources(struct engine *e, struct engine_rule *r)
{
	const struct rule *rule = r->rule;
	size_t refs = rule->reference_count > 0 ? rule->reference_count : 1;

	r->key = calloc(refs * rule->key_count + 1, sizeof *r->key);
	if (r->key == NULL)
		return -1;
	for (size_t i = 0; i < refs; i++)
		for (size_t k = 0; k < rule->key_count; k++)
			if (plan_source(e, &r->key[i * rule->key_count + k],
				&rule->key[k].source[i]) < 0)
				return -1;
	if (rule->value.name == NULL)
		return 0;
	r->value = calloc(refs, sizeof *r->value);
	if (r->value == NULL)
		return -1;
	for (size_t i = 0; i < refs; i++)
		if (plan_source(e, &r->value[i], &rule->value.source[i]) < 0)
			return -1;
	return 0;
}

/* ---- rules */

static int
plan_filter(struct engine *e, struct engine_rule *r, char *why, size_t whysize)
{
	struct filter_error error;

	r->filter = filter_compile(r->rule->tree, e->names.lists,
	    FILTER_CAN_VERDICT | FILTER_CAN_LINE | FILTER_CAN_ID, &error);
	if (r->filter == NULL) {
		snprintf(why, whysize, "%s:%u: rule %s: %s", r->rule->path,
		    r->rule->line, r->rule->id, error.message);
		return -1;
	}
	for (unsigned i = 0; i < r->filter->tests; i++)
		r->host_matters =
		    r->host_matters || r->filter->test[i].kind == FILTER_TEST_HOST;
	filter_begin(r->filter, &e->source);
	return 0;
}

static int
plan_parents(struct engine *e)
{
	for (size_t i = 0; i < e->rules; i++) {
		e->rule[i].parents = calloc(e->words, sizeof(uint64_t));
		if (e->rule[i].parents == NULL)
			return -1;
	}
	for (size_t i = 0; i < e->set->count; i++) {
		const struct rule *rule = e->set->rule[i];

		for (size_t k = 0; k < rule->reference_count; k++)
			e->rule[rule->reference[k].rule->index].parents[i / 64] |=
			    UINT64_C(1) << i % 64;
	}
	return 0;
}

/* Room for every group that an event can make true in a correlation others refer to. */
static int
plan_hits(struct engine *e)
{
	unsigned *most = calloc(e->rules, sizeof *most);

	if (most == NULL)
		return -1;
	e->hits_max = 1;
	for (size_t i = 0; i < e->set->count; i++) {
		const struct rule *rule = e->set->rule[i];

		most[i] = rule->reference_count == 0;
		for (size_t k = 0; k < rule->reference_count; k++)
			most[i] += most[rule->reference[k].rule->index];
		if (most[i] > RULE_REFERENCES_MAX)
			most[i] = RULE_REFERENCES_MAX;
		if (rule->type != RULE_DETECTION && engine_is_heard(e, i))
			e->hits_max += most[i];
	}
	free(most);
	e->hit = calloc(e->hits_max, sizeof *e->hit);
	return e->hit != NULL ? 0 : -1;
}

static bool
is_needed(const struct engine *e, const struct engine_rule *r)
{
	return r->rule->alerts || engine_is_heard(e, (size_t)(r - e->rule));
}

static int
plan_rule(struct engine *e, size_t i, char *why, size_t whysize)
{
	struct engine_rule *r = &e->rule[i];
	struct group_rule *g = &e->group_rule[i];
	bool correlation = r->rule->type != RULE_DETECTION;

	r->resolve_us =
	    r->rule->resolve_us > 0 ? r->rule->resolve_us : e->limits.resolve_us;
	r->repeat_at_us = UINT64_MAX;
	if (plan_sources(e, r) < 0)
		return no_memory(why, whysize);
	g->key_len = (uint16_t)(r->rule->key_count * VALUE_SIZE);
	g->keep_us = e->limits.grace_us;
	if (g->keep_us < r->rule->suppress_us)
		g->keep_us = r->rule->suppress_us;
	if (correlation) {
		window_shape_of(&r->shape, r->rule, e->limits.grace_us);
		g->shape = &r->shape;
		if (g->keep_us < r->shape.keep_us)
			g->keep_us = r->shape.keep_us;
	}
	if (i >= e->set->count) {
		for (size_t k = 0; k < r->rule->key_count; k++)
			if (r->rule->key[k].source[0].field == NULL)
				g->key_len = TEXT_KEY_LEN;
		return 0;
	}
	return correlation || !is_needed(e, r) ? 0 : plan_filter(e, r, why, whysize);
}

static int
plan_match(struct engine *e)
{
	struct filter **filter = calloc(e->rules, sizeof(struct filter *));

	if (filter == NULL)
		return -1;
	for (size_t i = 0; i < e->rules; i++)
		filter[i] = e->rule[i].filter;
	return match_init(&e->match, filter, e->rules);
}

int
engine_plan(struct engine *e, char *why, size_t whysize)
{
	e->rules = e->set->count + ENGINE_BUILTINS;
	e->words = (unsigned)((e->rules + 63) / 64);
	e->rule = calloc(e->rules, sizeof *e->rule);
	e->group_rule = calloc(e->rules, sizeof *e->group_rule);
	e->matched = calloc(e->words, sizeof *e->matched);
	e->todo = calloc(e->words, sizeof *e->todo);
	if (e->rule == NULL || e->group_rule == NULL || e->matched == NULL ||
	    e->todo == NULL)
		return no_memory(why, whysize);
	for (size_t i = 0; i < e->rules; i++)
		e->rule[i].rule =
		    i < e->set->count
			? e->set->rule[i]
			: engine_builtin_rule((enum engine_builtin)(i - e->set->count));
	if (plan_parents(e) < 0 || plan_hits(e) < 0)
		return no_memory(why, whysize);
	for (size_t i = 0; i < e->rules; i++)
		if (plan_rule(e, i, why, whysize) < 0)
			return -1;
	return plan_match(e) < 0 ? no_memory(why, whysize) : 0;
}

void
engine_plan_free(struct engine *e)
{
	for (size_t i = 0; e->rule != NULL && i < e->rules; i++) {
		filter_free(e->rule[i].filter);
		free(e->rule[i].key);
		free(e->rule[i].value);
		free(e->rule[i].parents);
	}
	free(e->match.filter);
	match_free(&e->match);
	free(e->rule);
	free(e->group_rule);
	free(e->matched);
	free(e->todo);
	free(e->hit);
	free(e->slot);
}
