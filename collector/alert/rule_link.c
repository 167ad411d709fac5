/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/rule_draft.h"

/* ---- filters */

/* A copy of a node of another tree, with all below it. 0 without memory. */
static uint32_t
copy_node(struct filter_tree *to, const struct filter_tree *from, uint32_t index)
{
	struct filter_node node = from->node[index];
	uint32_t made = 0, child;

	if (node.kind == FILTER_AND || node.kind == FILTER_OR) {
		for (uint32_t i = node.child; i != 0; i = from->node[i].next) {
			child = copy_node(to, from, i);
			if (child == 0)
				return 0;
			made = made == 0 ? child
					 : filter_tree_join(to, node.kind, made, child);
			if (made == 0)
				return 0;
		}
		return made;
	}
	if (node.kind == FILTER_NOT) {
		child = copy_node(to, from, node.child);
		return child != 0 ? filter_tree_negate(to, child) : 0;
	}
	node.next = 0;
	node.value = to->values;
	for (uint32_t i = 0; node.kind == FILTER_TERM && i < node.values; i++) {
		struct filter_value v = from->value[from->node[index].value + i];

		if (v.kind == FILTER_LITERAL || v.kind == FILTER_WILD ||
		    v.kind == FILTER_REGEX || v.kind == FILTER_LIST) {
			v.text.at = filter_tree_add_text(
			    to, filter_value_text(from, &v), v.text.len);
			if (v.text.at == 0)
				return 0;
		}
		if (filter_tree_add_value(to, &v) == 0)
			return 0;
	}
	return filter_tree_add_node(to, &node);
}

static int
filter_rule(struct rule_draft *d, const struct rule_draft *filter)
{
	struct filter_tree *t = d->rule->tree;
	uint32_t copy;

	if (t->nodes + filter->filter->nodes > SIGMA_NODES_MAX ||
	    t->values + filter->filter->values > SIGMA_VALUES_MAX) {
		(void)rule_refuse(
		    d, d->rule->line, "the rule is too large with its filters");
		return 0;
	}
	copy = copy_node(t, filter->filter, filter->filter->root);
	if (copy == 0)
		return -1;
	t->root = filter_tree_join(t, FILTER_AND, t->root, copy);
	d->rule->needs_verdict |= filter->filters_verdict;
	return t->root != 0 ? 0 : -1;
}

static bool
is_detection(const struct rule_draft *d)
{
	return d->class == RULE_LOADED && d->rule != NULL && d->rule->tree != NULL;
}

int
rule_link_filter(struct rule_reader *r, struct rule_draft *filter)
{
	size_t applied = 0;

	for (size_t i = 0; i < r->drafts && filter->any; i++) {
		if (is_detection(&r->draft[i]) && filter_rule(&r->draft[i], filter) < 0)
			return -1;
		applied++;
	}
	for (size_t i = 0; i < filter->targets.count && !filter->any; i++) {
		struct rule_draft *d = rule_reader_find(r, filter->targets.at[i]);

		if (d == NULL || (d->class == RULE_LOADED && !is_detection(d))) {
			(void)rule_refuse(filter, filter->line,
			    d == NULL
				? "filter: there is no rule %.64s"
				: "filter: %.64s is a correlation; filter its rules",
			    filter->targets.at[i]);
			return 0;
		}
		if (!is_detection(d))
			continue;
		if (filter_rule(d, filter) < 0)
			return -1;
		applied++;
	}
	if (applied == 0) {
		filter->class = RULE_NOT_APPLICABLE;
		snprintf(
		    filter->why, sizeof filter->why, "none of its rules is loaded");
	}
	return 0;
}

/* ---- hashes: FNV-1a */

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	/* With the NUL, which keeps texts apart. */
	do
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	while (*text++ != '\0');
	return hash;
}

static uint64_t
hash_number(uint64_t hash, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return hash_text(hash, text);
}

static uint64_t
hash_key(uint64_t hash, const struct rule_key *key, size_t sources)
{
	hash = hash_text(hash, key->name);
	for (size_t i = 0; i < sources; i++)
		hash = key->source[i].field != NULL
			   ? hash_text(hash, key->source[i].field->name)
			   : hash_number(hash, key->source[i].key);
	return hash;
}

static void
hash_rule(struct rule *r, const char *canon)
{
	size_t sources = r->type == RULE_DETECTION ? 1 : r->reference_count;
	uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), canon);

	hash = hash_number(hash, r->type);
	for (size_t i = 0; i < r->reference_count; i++)
		hash = hash_text(hash, r->reference[i].rule->hash);
	for (size_t i = 0; i < r->key_count; i++)
		hash = hash_key(hash, &r->key[i], sources);
	if (r->value.name != NULL)
		hash = hash_key(hash, &r->value, sources);
	hash = hash_number(hash, r->timespan_us);
	hash = hash_number(hash, r->lower);
	hash = hash_number(hash, r->upper);
	hash = hash_number(hash, r->lower_strict + 2u * r->upper_strict);
	hash = hash_number(hash, r->mask4 * 256u + r->mask6);
	snprintf(r->hash, sizeof r->hash, "%016llx", (unsigned long long)hash);
}

/* ---- groups */

/* Has the field one value in an event, which groups can be made of? */
static bool
can_group(const struct sigma_field *f)
{
	if (f->kind != SIGMA_FIELD || f->field->part != FILTER_PART_NONE)
		return false;
	if (f->field->columns == 0)
		return f->field->type == FILTER_VERDICT ||
		       f->field->type == FILTER_TEXT;
	return f->field->columns == 1 && f->field->type != FILTER_BYTES;
}

static bool
is_number(const struct filter_field *f)
{
	return f->type == FILTER_NUMBER || f->type == FILTER_PORT;
}

/* The field's name in the rule referred to; NULL: the alias leaves that rule out. */
static const char *
name_in(const struct rule_draft *d, const char *name, const struct rule_reference *ref)
{
	bool is_alias = false;

	for (size_t i = 0; i < d->aliases; i++) {
		const struct rule_alias *a = &d->alias[i];

		if (strcmp(a->name, name) != 0)
			continue;
		is_alias = true;
		if (strcmp(a->rule, ref->name) == 0 ||
		    strcmp(a->rule, ref->rule->id) == 0 ||
		    (ref->rule->name != NULL && strcmp(a->rule, ref->rule->name) == 0))
			return a->field;
	}
	return is_alias ? NULL : name;
}

static bool
same_field(const char *a, const char *b)
{
	struct sigma_field x, y;

	return strcasecmp(a, b) == 0 ||
	       (sigma_field_find(a, strlen(a), &x) &&
		   sigma_field_find(b, strlen(b), &y) && x.kind == SIGMA_FIELD &&
		   y.kind == SIGMA_FIELD && x.field == y.field);
}

static int
find_key(struct rule_draft *d, const char *name, const struct rule *below,
    struct rule_source *source)
{
	for (unsigned i = 0; i < below->key_count; i++) {
		if (same_field(below->key[i].name, name)) {
			*source = (struct rule_source){.key = i};
			return 0;
		}
	}
	return rule_refuse(d, d->rule->line,
	    "%.64s is no field of the group of %.64s, which is a correlation", name,
	    below->id);
}

static int
find_source(struct rule_draft *d, const char *name, const struct rule *below,
    struct rule_source *source)
{
	struct sigma_field f;

	if (below != NULL && below->type != RULE_DETECTION)
		return find_key(d, name, below, source);
	if (!sigma_field_find(name, strlen(name), &f)) {
		const char *near = sigma_field_nearest(name, strlen(name));

		return rule_refuse(d, d->rule->line, "unknown field %.64s%s%s%s", name,
		    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "?" : "");
	}
	if (!can_group(&f))
		return rule_refuse(d, d->rule->line,
		    "%.64s has not one value in an event: it makes no groups", name);
	*source = (struct rule_source){.field = f.field};
	return 0;
}

static int
link_key(struct rule_draft *d, struct rule_key *key)
{
	const struct rule *r = d->rule;
	size_t n = r->type == RULE_DETECTION ? 1 : r->reference_count;

	free(key->source);
	key->source = calloc(n, sizeof *key->source);
	if (key->source == NULL)
		return rule_refuse(d, r->line, "out of memory");
	if (r->type == RULE_DETECTION)
		return find_source(d, key->name, NULL, key->source);
	for (size_t i = 0; i < n; i++) {
		const char *name = name_in(d, key->name, &r->reference[i]);

		if (name == NULL)
			return rule_refuse(d, r->line,
			    "aliases: %.64s has no field of %.64s", key->name,
			    r->reference[i].name);
		if (find_source(d, name, r->reference[i].rule, &key->source[i]) < 0)
			return -1;
	}
	return 0;
}

/* Of a detection that no override gives a group. */
static int
add_default_keys(struct rule_draft *d)
{
	static const char *const names[] = {"host", "src_ip"};
	struct rule *r = d->rule;

	if (r->type != RULE_DETECTION || r->key_count > 0)
		return 0;
	r->key = calloc(2, sizeof *r->key);
	for (unsigned i = 0; i < 2 && r->key != NULL; i++) {
		r->key[i].name = strdup(names[i]);
		r->key_count += r->key[i].name != NULL;
	}
	return r->key_count == 2 ? 0 : rule_refuse(d, r->line, "out of memory");
}

void
rule_link_keys(struct rule_draft *d)
{
	struct rule *r = d->rule;

	if (add_default_keys(d) < 0)
		return;
	for (size_t i = 0; i < r->key_count; i++)
		if (link_key(d, &r->key[i]) < 0)
			return;
	if (r->value.name == NULL || link_key(d, &r->value) < 0 ||
	    r->type == RULE_VALUE_COUNT)
		return;
	for (size_t i = 0; i < r->reference_count; i++)
		if (r->value.source[i].field == NULL ||
		    !is_number(r->value.source[i].field))
			(void)rule_refuse(d, r->line,
			    "%.64s is no number: it has no sum and no average",
			    r->value.name);
}

/* ---- detections */

/* Text that the language reads again. */
static bool
is_readable(const char *canon)
{
	struct filter_error error;
	size_t len = strlen(canon);
	struct filter_tree *tree =
	    len <= FILTER_TEXT_MAX ? filter_parse(canon, len, &error) : NULL;

	filter_tree_free(tree);
	return tree != NULL;
}

static void
check_compiles(const struct rule_reader *r, struct rule_draft *d)
{
	const struct filter_lists *lists = &r->options->lists;
	struct filter_error error;
	struct filter *f;

	if (lists->read == NULL && filter_list_name(d->rule->tree, 0) != NULL) {
		snprintf(d->warning, sizeof d->warning,
		    "whether there is a list @%.64s was not checked",
		    filter_list_name(d->rule->tree, 0));
		return;
	}
	f = filter_compile(d->rule->tree, lists,
	    FILTER_CAN_VERDICT | FILTER_CAN_LINE | FILTER_CAN_ID, &error);
	if (f == NULL)
		(void)rule_refuse(d, d->rule->line, "%s", error.message);
	filter_free(f);
}

void
rule_finish_detection(const struct rule_reader *r, struct rule_draft *d)
{
	char *canon = filter_canon(d->rule->tree);

	if (canon == NULL) {
		(void)rule_refuse(d, d->rule->line, "out of memory");
		return;
	}
	rule_link_keys(d);
	if (d->class == RULE_LOADED) {
		hash_rule(d->rule, canon);
		check_compiles(r, d);
	}
	if (d->class == RULE_LOADED && d->rule->needs_verdict &&
	    !r->options->has_prefix_map)
		snprintf(d->warning, sizeof d->warning,
		    "it asks for what the firewall did, which nobody knows without a "
		    "prefix map: \"fwlogctl prefix\"");
	if (is_readable(canon))
		d->rule->text = canon;
	else
		free(canon);
	d->linked = true;
}

/* ---- correlations */

/* 1: all are linked, 0: not yet, -1: refused or not applicable. */
static int
find_references(struct rule_reader *r, struct rule_draft *d)
{
	struct rule *rule = d->rule;
	int rc = 1;

	for (size_t i = 0; i < rule->reference_count; i++) {
		const char *name = rule->reference[i].name;
		const struct rule_draft *below = rule_reader_find(r, name);

		if (below == NULL)
			return rule_refuse(
			    d, rule->line, "there is no rule %.64s", name);
		if (below->class == RULE_REFUSED)
			return rule_refuse(
			    d, rule->line, "its rule %.64s is refused", name);
		if (below->class == RULE_NOT_APPLICABLE) {
			d->class = RULE_NOT_APPLICABLE;
			snprintf(d->why, sizeof d->why,
			    "its rule %.64s is not applicable", name);
			return -1;
		}
		if (!below->linked) {
			rc = 0;
			continue;
		}
		rule->reference[i].rule = below->rule;
		if (below->rule->depth >= rule->depth)
			rule->depth = below->rule->depth + 1;
	}
	return rc;
}

bool
rule_link_correlation(struct rule_reader *r, struct rule_draft *d)
{
	int found = find_references(r, d);

	if (found == 0)
		return false;
	if (found > 0 && d->rule->depth > RULE_CHAIN_MAX)
		(void)rule_refuse(d, d->rule->line,
		    "correlations of correlations: %d levels are allowed",
		    RULE_CHAIN_MAX);
	else if (found > 0)
		rule_link_keys(d);
	if (d->class == RULE_LOADED)
		hash_rule(d->rule, "");
	d->linked = true;
	return true;
}
