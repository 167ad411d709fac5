/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/rule_draft.h"

static const struct {
	const char *name;
	enum rule_type type;
} types[] = {
    {"event_count", RULE_EVENT_COUNT},
    {"value_count", RULE_VALUE_COUNT},
    {"value_sum", RULE_VALUE_SUM},
    {"value_avg", RULE_VALUE_AVG},
    {"temporal", RULE_TEMPORAL},
    {"temporal_ordered", RULE_TEMPORAL_ORDERED},
    {"ordered_temporal", RULE_TEMPORAL_ORDERED},
};

static bool
has_value(enum rule_type type)
{
	return type == RULE_VALUE_COUNT || type == RULE_VALUE_SUM ||
	       type == RULE_VALUE_AVG;
}

static int
read_type(struct rule_draft *d, const struct yaml_node *c)
{
	const struct yaml_node *n = yaml_get(c, "type");

	if (n == NULL || n->kind != YAML_SCALAR)
		return rule_refuse(d, n != NULL ? n->line : c->line,
		    "correlation: the type is missing");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcmp(n->text, types[i].name) == 0) {
			d->rule->type = types[i].type;
			return 0;
		}
	}
	if (strcmp(n->text, "value_percentile") == 0 ||
	    strcmp(n->text, "value_median") == 0)
		return rule_refuse(d, n->line,
		    "%s is not supported: it would have to keep every value", n->text);
	return rule_refuse(d, n->line, "unknown type of correlation: %.64s", n->text);
}

static int
read_references(struct rule_draft *d, const struct yaml_node *c)
{
	const struct yaml_node *n = yaml_get(c, "rules");
	struct rule_texts names = {0};
	int rc;

	if (n == NULL)
		return rule_refuse(d, c->line, "correlation: the rules are missing");
	rc = rule_read_texts(d, n, &names);
	if (rc == 0 && (names.count == 0 || names.count > RULE_REFERENCES_MAX))
		rc = rule_refuse(
		    d, n->line, "rules: 1 to %d are expected", RULE_REFERENCES_MAX);
	if (rc == 0) {
		d->rule->reference = calloc(names.count, sizeof *d->rule->reference);
		if (d->rule->reference == NULL)
			rc = rule_refuse(d, n->line, "out of memory");
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		d->rule->reference[d->rule->reference_count++].name = names.at[i];
		names.at[i] = NULL;
	}
	rule_texts_free(&names);
	return rc;
}

/* ---- aliases: name: {rule: field} */

static int
add_alias(
    struct rule_draft *d, const struct yaml_node *alias, const struct yaml_node *n)
{
	struct rule_alias *grown = realloc(d->alias, (d->aliases + 1) * sizeof *grown);

	if (n->kind != YAML_SCALAR)
		return rule_refuse(
		    d, n->line, "aliases: the name of a field is expected");
	if (grown == NULL)
		return rule_refuse(d, n->line, "out of memory");
	d->alias = grown;
	grown += d->aliases++;
	*grown =
	    (struct rule_alias){strdup(alias->key), strdup(n->key), strdup(n->text)};
	if (grown->name == NULL || grown->rule == NULL || grown->field == NULL)
		return rule_refuse(d, n->line, "out of memory");
	return 0;
}

static int
read_aliases(struct rule_draft *d, const struct yaml_node *c)
{
	const struct yaml_node *n = yaml_get(c, "aliases");

	if (n == NULL)
		return 0;
	if (n->kind != YAML_MAP)
		return rule_refuse(d, n->line, "aliases: a map is expected");
	for (const struct yaml_node *a = n->first; a != NULL; a = a->next) {
		if (a->kind != YAML_MAP)
			return rule_refuse(d, a->line,
			    "aliases: %.64s: rules and their fields are expected",
			    a->key);
		for (const struct yaml_node *f = a->first; f != NULL; f = f->next)
			if (add_alias(d, a, f) < 0)
				return -1;
	}
	return 0;
}

/* ---- conditions */

static int
add_bound(struct rule_draft *d, const struct yaml_node *n, unsigned *seen)
{
	static const char *const names[] = {"gt", "gte", "lt", "lte", "eq"};
	struct rule *r = d->rule;
	bool avg = r->type == RULE_VALUE_AVG;
	unsigned which = 0, side;
	uint64_t x;

	while (which < 5 && strcmp(n->key, names[which]) != 0)
		which++;
	if (which == 5)
		return rule_refuse(d, n->line,
		    "condition: gt, gte, lt, lte or eq is expected, not %.64s", n->key);
	if (rule_read_count(d, n, &x) < 0)
		return -1;
	side = which == 4 ? 3 : which < 2 ? 1 : 2;
	if (*seen & side)
		return rule_refuse(
		    d, n->line, "condition: one lower and one upper bound at most");
	*seen |= side;
	if (side & 1) {
		r->lower = x + (which == 0 && !avg);
		r->lower_strict = which == 0 && avg;
	}
	if ((side & 2) && which == 2 && x == 0)
		return rule_refuse(d, n->line, "condition: nothing is less than 0");
	if (side & 2) {
		r->upper = x - (which == 2 && !avg);
		r->upper_strict = which == 2 && avg;
	}
	return 0;
}

static int
check_bounds(struct rule_draft *d, const struct yaml_node *n, unsigned seen)
{
	const struct rule *r = d->rule;
	bool counts = r->type == RULE_EVENT_COUNT || r->type == RULE_VALUE_COUNT;

	if (seen == 0)
		return rule_refuse(
		    d, n->line, "condition: a bound is missing, as gte: 10");
	if (r->lower > r->upper)
		return rule_refuse(
		    d, n->line, "condition: nothing is between the bounds");
	if (counts && (r->lower > RULE_BOUND_MAX ||
			  (r->upper > RULE_BOUND_MAX && r->upper != UINT64_MAX)))
		return rule_refuse(
		    d, n->line, "condition: at most %d are counted", RULE_BOUND_MAX);
	if (!(seen & 1))
		memcpy(d->warning,
		    "without a lower bound it is looked at only when an event comes",
		    63);
	return 0;
}

static int
read_field(struct rule_draft *d, const struct yaml_node *n)
{
	if (!has_value(d->rule->type))
		return rule_refuse(d, n->line, "condition: field goes with value_*");
	if (n->kind != YAML_SCALAR)
		return rule_refuse(d, n->line, "condition: one field is expected");
	free(d->rule->value.name);
	d->rule->value.name = strdup(n->text);
	return d->rule->value.name != NULL ? 0
					   : rule_refuse(d, n->line, "out of memory");
}

static int
read_condition(struct rule_draft *d, const struct yaml_node *c)
{
	const struct yaml_node *n = yaml_get(c, "condition");
	bool temporal = d->rule->type >= RULE_TEMPORAL;
	unsigned seen = 0;

	d->rule->upper = UINT64_MAX;
	if (n == NULL && temporal)
		return 0;
	if (n == NULL)
		return rule_refuse(d, c->line, "correlation: the condition is missing");
	if (temporal)
		return rule_refuse(d, n->line,
		    "conditions of temporal correlations are not supported: all of "
		    "their rules are meant");
	if (n->kind != YAML_MAP)
		return rule_refuse(
		    d, n->line, "condition: a map is expected, as gte: 10");
	for (const struct yaml_node *b = n->first; b != NULL; b = b->next)
		if ((strcmp(b->key, "field") == 0 ? read_field(d, b)
						  : add_bound(d, b, &seen)) < 0)
			return -1;
	return check_bounds(d, n, seen);
}

/* ---- the whole */

static int
check_keys(struct rule_draft *d, const struct yaml_node *c)
{
	static const char *const known[] = {"type", "rules", "group-by", "timespan",
	    "condition", "aliases", "generate", "field"};

	for (const struct yaml_node *n = c->first; n != NULL; n = n->next) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found = found || strcmp(n->key, known[i]) == 0;
		if (strcmp(n->key, "group_by") == 0)
			return rule_refuse(d, n->key_line,
			    "correlation: write group-by, not group_by");
		if (!found)
			return rule_refuse(
			    d, n->key_line, "correlation: unknown key %.64s", n->key);
	}
	return 0;
}

int
rule_draft_correlation(struct rule_draft *d, const struct yaml_node *c)
{
	const struct yaml_node *n;

	if (c->kind != YAML_MAP)
		return rule_refuse(d, c->line, "correlation: a map is expected");
	if (check_keys(d, c) < 0 || read_type(d, c) < 0 || read_references(d, c) < 0 ||
	    read_aliases(d, c) < 0)
		return -1;
	n = yaml_get(c, "group-by");
	if (n != NULL && rule_read_keys(d, n, d->rule) < 0)
		return -1;
	n = yaml_get(c, "timespan");
	if (n == NULL)
		return rule_refuse(d, c->line, "correlation: the timespan is missing");
	if (rule_read_duration(d, n, &d->rule->timespan_us) < 0)
		return -1;
	n = yaml_get(c, "field");
	if (n != NULL && read_field(d, n) < 0)
		return -1;
	n = yaml_get(c, "generate");
	if (n != NULL && !yaml_is_bool(n, &d->generate))
		return rule_refuse(d, n->line, "generate: true or false is expected");
	if (read_condition(d, c) < 0)
		return -1;
	if (has_value(d->rule->type) && d->rule->value.name == NULL)
		return rule_refuse(d, c->line, "condition: the field is missing");
	return 0;
}
