/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/rule.h"

#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule_draft.h"

const char *
rule_level_name(enum rule_level level)
{
	static const char *const names[] = {
	    [RULE_INFORMATIONAL] = "informational",
	    [RULE_LOW] = "low",
	    [RULE_MEDIUM] = "medium",
	    [RULE_HIGH] = "high",
	    [RULE_CRITICAL] = "critical",
	};

	return names[level];
}

const char *
rule_type_name(enum rule_type type)
{
	static const char *const names[] = {
	    [RULE_DETECTION] = "detection",
	    [RULE_EVENT_COUNT] = "event_count",
	    [RULE_VALUE_COUNT] = "value_count",
	    [RULE_VALUE_SUM] = "value_sum",
	    [RULE_VALUE_AVG] = "value_avg",
	    [RULE_TEMPORAL] = "temporal",
	    [RULE_TEMPORAL_ORDERED] = "temporal_ordered",
	};

	return names[type];
}

const char *rule_class_name(enum rule_class class)
{
	static const char *const names[] = {
	    [RULE_LOADED] = "loaded",
	    [RULE_NOT_APPLICABLE] = "not applicable",
	    [RULE_REFUSED] = "refused",
	};

	return names[class];
}

void
rule_free(struct rule *r)
{
	if (r == NULL)
		return;
	free(r->id);
	free(r->name);
	free(r->title);
	free(r->status);
	free(r->author);
	free(r->description);
	free(r->license);
	free(r->date);
	rule_texts_free(&r->references);
	rule_texts_free(&r->tags);
	rule_texts_free(&r->falsepositives);
	rule_texts_free(&r->fields);
	rule_texts_free(&r->actions);
	free(r->path);
	filter_tree_free(r->tree);
	free(r->text);
	for (size_t i = 0; i < r->reference_count; i++)
		free(r->reference[i].name);
	free(r->reference);
	free(r->value.name);
	free(r->value.source);
	rule_keys_free(r);
	free(r);
}

const struct rule *
rule_set_find(const struct rule_set *set, const char *id)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->rule[i]->id, id) == 0)
			return set->rule[i];
	for (size_t i = 0; i < set->count; i++)
		if (set->rule[i]->name != NULL && strcmp(set->rule[i]->name, id) == 0)
			return set->rule[i];
	return NULL;
}
