/* SPDX-License-Identifier: GPL-2.0-or-later */
/* overrides.yml: what a site changes about rules that it leaves as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule_draft.h"

static int
read_enabled(struct rule_draft *d, const struct yaml_node *n)
{
	if (!yaml_is_bool(n, &d->rule->alerts))
		return rule_refuse(d, n->line, "enabled: true or false is expected");
	return 0;
}

static int
read_level(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_level(d, n, &d->rule->level);
}

/* The lower bound. */
static int
read_threshold(struct rule_draft *d, const struct yaml_node *n)
{
	struct rule *r = d->rule;
	uint64_t lower;

	if (r->type == RULE_DETECTION || r->type >= RULE_TEMPORAL)
		return rule_refuse(
		    d, n->line, "threshold: %.64s counts nothing", r->id);
	if (rule_read_count(d, n, &lower) < 0)
		return -1;
	if (lower > r->upper || (r->type < RULE_VALUE_SUM && lower > RULE_BOUND_MAX))
		return rule_refuse(d, n->line, "threshold: it is too high");
	r->lower = lower;
	r->lower_strict = false;
	return 0;
}

static int
read_timespan(struct rule_draft *d, const struct yaml_node *n)
{
	if (d->rule->type == RULE_DETECTION)
		return rule_refuse(
		    d, n->line, "timespan: %.64s is no correlation", d->rule->id);
	return rule_read_duration(d, n, &d->rule->timespan_us);
}

static int
read_keys(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_keys(d, n, d->rule);
}

static int
read_bits(struct rule_draft *d, const struct yaml_node *map, const char *key,
    uint64_t most, uint8_t *bits)
{
	const struct yaml_node *n = yaml_get(map, key);
	uint64_t x;

	if (n == NULL)
		return 0;
	if (rule_read_count(d, n, &x) < 0)
		return -1;
	if (x > most)
		return rule_refuse(
		    d, n->line, "group-mask: at most %u bits", (unsigned)most);
	*bits = (uint8_t)x;
	return 0;
}

static int
read_mask(struct rule_draft *d, const struct yaml_node *n)
{
	size_t known = (yaml_get(n, "ipv4") != NULL) + (yaml_get(n, "ipv6") != NULL);

	if (n->kind != YAML_MAP || known != n->count)
		return rule_refuse(
		    d, n->line, "group-mask: ipv4 and ipv6 are expected, as ipv6: 64");
	return read_bits(d, n, "ipv4", 32, &d->rule->mask4) < 0
		   ? -1
		   : read_bits(d, n, "ipv6", 128, &d->rule->mask6);
}

static int
read_suppress(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_duration(d, n, &d->rule->suppress_us);
}

static int
read_repeat(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_duration(d, n, &d->rule->repeat_us);
}

static int
read_resolve(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_duration(d, n, &d->rule->resolve_us);
}

static int
read_actions(struct rule_draft *d, const struct yaml_node *n)
{
	return rule_read_texts(d, n, &d->rule->actions);
}

static const struct {
	const char *key;
	int (*read)(struct rule_draft *d, const struct yaml_node *n);
} readers[] = {
    {"enabled", read_enabled},
    {"level", read_level},
    {"threshold", read_threshold},
    {"timespan", read_timespan},
    {"group-by", read_keys},
    {"group-mask", read_mask},
    {"suppress", read_suppress},
    {"repeat", read_repeat},
    {"resolve", read_resolve},
    {"actions", read_actions},
};

static int
read_one(struct rule_draft *d, const struct yaml_node *n)
{
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		if (strcmp(n->key, readers[i].key) == 0)
			return readers[i].read(d, n);
	return rule_refuse(d, n->key_line, "unknown key %.64s", n->key);
}

int
rule_override(
    const struct rule_reader *r, struct rule_draft *d, char *why, size_t whysize)
{
	const struct yaml_node *own = yaml_get(r->overrides.doc.root, d->rule->id);
	int rc = 0;

	if (own == NULL)
		return 0;
	if (own->kind != YAML_MAP)
		rc = rule_refuse(d, own->line, "a map is expected");
	for (const struct yaml_node *n = rc == 0 ? own->first : NULL;
	     n != NULL && rc == 0; n = n->next)
		rc = read_one(d, n);
	if (rc < 0)
		snprintf(
		    why, whysize, "%s:%u: %s", r->options->overrides, d->line, d->why);
	return rc;
}
