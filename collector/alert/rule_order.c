/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linking: from drafts to a set, in an order in which nothing comes before its parts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule_draft.h"

/* ---- names */

static int
compare_names(const void *a, const void *b)
{
	const struct rule_name *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : x->draft < y->draft ? -1 : x->draft > y->draft;
}

static int
index_names(struct rule_reader *r)
{
	r->name = calloc(2 * r->drafts + 1, sizeof *r->name);
	if (r->name == NULL)
		return -1;
	for (size_t i = 0; i < r->drafts; i++) {
		const struct rule_draft *d = &r->draft[i];

		if (d->filter != NULL)
			continue;
		if (d->id != NULL && d->id[0] != '\0')
			r->name[r->names++] = (struct rule_name){d->id, i};
		if (d->name != NULL && d->name[0] != '\0')
			r->name[r->names++] = (struct rule_name){d->name, i};
	}
	qsort(r->name, r->names, sizeof *r->name, compare_names);
	return 0;
}

/* The first with this name, or where it would be. */
static size_t
search(const struct rule_reader *r, const char *name)
{
	size_t lo = 0, hi = r->names, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(r->name[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Of several with the name one that is loaded. */
struct rule_draft *
rule_reader_find(const struct rule_reader *r, const char *name)
{
	struct rule_draft *first = NULL;

	for (size_t i = search(r, name);
	     i < r->names && strcmp(r->name[i].name, name) == 0; i++) {
		struct rule_draft *d = &r->draft[r->name[i].draft];

		if (d->class == RULE_LOADED)
			return d;
		if (first == NULL)
			first = d;
	}
	return first;
}

static void
refuse_twins(struct rule_reader *r)
{
	const struct rule_name *kept = NULL;

	for (size_t i = 0; i < r->names; i++) {
		const struct rule_name *n = &r->name[i];
		struct rule_draft *d = &r->draft[n->draft];
		const struct rule_draft *first;

		if (d->class != RULE_LOADED)
			continue;
		if (kept == NULL || strcmp(kept->name, n->name) != 0) {
			kept = n;
			continue;
		}
		first = &r->draft[kept->draft];
		if (first != d)
			(void)rule_refuse(d, d->rule->line,
			    "%.64s is already the name or id of the rule at %.120s:%u",
			    n->name, first->path, first->rule->line);
	}
}

/* ---- overrides */

static bool
is_rule(const struct rule_draft *d)
{
	return d->class == RULE_LOADED && d->rule != NULL;
}

static int
apply_overrides(struct rule_reader *r, char *why, size_t whysize)
{
	const struct yaml_node *root = r->overrides.doc.root;

	for (size_t i = 0; i < r->drafts; i++) {
		if (!is_rule(&r->draft[i]))
			continue;
		r->draft[i].rule->alerts = true;
		if (rule_override(r, &r->draft[i], why, whysize) < 0)
			return -1;
	}
	if (root == NULL || root->kind != YAML_MAP)
		return 0;
	for (const struct yaml_node *n = root->first; n != NULL; n = n->next) {
		if (rule_reader_find(r, n->key) != NULL)
			continue;
		snprintf(why, whysize, "%s:%u: there is no rule %.64s",
		    r->options->overrides, n->key_line, n->key);
		return -1;
	}
	return 0;
}

/* ---- linking */

static int
link_detections(struct rule_reader *r)
{
	for (size_t i = 0; i < r->drafts; i++)
		if (r->draft[i].class == RULE_LOADED && r->draft[i].filter != NULL &&
		    rule_link_filter(r, &r->draft[i]) < 0)
			return -1;
	for (size_t i = 0; i < r->drafts; i++)
		if (is_rule(&r->draft[i]) && r->draft[i].rule->type == RULE_DETECTION)
			rule_finish_detection(r, &r->draft[i]);
	return 0;
}

/* Level by level; what remains refers to itself, or to what is too deep. */
static void
link_correlations(struct rule_reader *r)
{
	bool progress = true;

	for (unsigned level = 0; progress && level <= RULE_CHAIN_MAX + 1; level++) {
		progress = false;
		for (size_t i = 0; i < r->drafts; i++)
			if (is_rule(&r->draft[i]) && !r->draft[i].linked)
				progress |= rule_link_correlation(r, &r->draft[i]);
	}
	for (size_t i = 0; i < r->drafts; i++)
		if (is_rule(&r->draft[i]) && !r->draft[i].linked)
			(void)rule_refuse(&r->draft[i], r->draft[i].rule->line,
			    "its rules refer to each other in a circle, or are too "
			    "deep");
}

/* A rule that feeds others alerts by itself only if it says so. */
static void
quiet_parts(struct rule_reader *r)
{
	for (size_t i = 0; i < r->drafts; i++) {
		const struct rule *rule = r->draft[i].rule;

		if (!is_rule(&r->draft[i]))
			continue;
		for (size_t j = 0; j < rule->reference_count; j++) {
			struct rule_draft *below =
			    rule_reader_find(r, rule->reference[j].name);

			if (below != NULL && below->rule != NULL && !below->generate)
				below->rule->alerts = false;
		}
	}
}

/* ---- the set */

static char *
copy_text(const char *text, bool *failed)
{
	char *copy = text != NULL && text[0] != '\0' ? strdup(text) : NULL;

	*failed |= copy == NULL && text != NULL && text[0] != '\0';
	return copy;
}

static int
write_reports(struct rule_set *set)
{
	struct rule_reader *r = set->reader;
	bool failed = false;

	set->report = calloc(r->drafts + 1, sizeof *set->report);
	if (set->report == NULL)
		return -1;
	for (size_t i = 0; i < r->drafts; i++) {
		const struct rule_draft *d = &r->draft[i];
		bool loaded = d->class == RULE_LOADED;

		set->report[set->report_count++] = (struct rule_report){
		    .class = d->class,
		    .path = copy_text(d->path, &failed),
		    .line = d->line,
		    .id = copy_text(d->id, &failed),
		    .title = copy_text(d->title, &failed),
		    .reason = loaded ? NULL : copy_text(d->why, &failed),
		    .warning = loaded ? copy_text(d->warning, &failed) : NULL,
		};
		set->loaded += loaded;
		set->not_applicable += d->class == RULE_NOT_APPLICABLE;
		set->refused += d->class == RULE_REFUSED;
	}
	return failed ? -1 : 0;
}

static int
take_rules(struct rule_set *set)
{
	struct rule_reader *r = set->reader;

	set->rule = calloc(r->drafts + 1, sizeof *set->rule);
	if (set->rule == NULL)
		return -1;
	for (unsigned depth = 0; depth <= RULE_CHAIN_MAX; depth++) {
		for (size_t i = 0; i < r->drafts; i++) {
			struct rule *rule = r->draft[i].rule;

			if (!is_rule(&r->draft[i]) || rule->depth != depth)
				continue;
			rule->index = set->count;
			set->rule[set->count++] = rule;
			r->draft[i].rule = NULL;
			if (rule->timespan_us > set->longest_us)
				set->longest_us = rule->timespan_us;
		}
	}
	return 0;
}

static void
end_reading(struct rule_set *set)
{
	struct rule_reader *r = set->reader;

	set->reader = NULL;
	rule_reader_free(r);
}

int
rule_set_link(struct rule_set *set, char *why, size_t whysize)
{
	struct rule_reader *r = set->reader;

	if (index_names(r) < 0) {
		snprintf(why, whysize, "out of memory");
		return -1;
	}
	refuse_twins(r);
	if (apply_overrides(r, why, whysize) < 0)
		return -1;
	if (link_detections(r) == 0) {
		link_correlations(r);
		quiet_parts(r);
		if (write_reports(set) == 0 && take_rules(set) == 0) {
			end_reading(set);
			return 0;
		}
	}
	snprintf(why, whysize, "out of memory");
	return -1;
}
