/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/engine_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_tree.h"

struct explaining {
	struct filter_tree tree; /* with nodes of its own, everything else the rule's */
	const struct engine_names *names;
	const struct event *ev;
	int32_t host_id;
	int64_t n;
	struct filter_source source;
	const struct explain_calls *calls;
	size_t part;
	struct filter_error error;
};

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct explaining *x = arg;

	return x->names->string(x->names->arg, dict, id);
}

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	const struct explaining *x = arg;

	return x->names->verdict == NULL
		   ? FILTER_UNKNOWN
		   : x->names->verdict(x->names->arg, x->host_id, ev);
}

/* The node as a filter of its own: 1, 0, or -1 and x->error. */
static int
ask(struct explaining *x, uint32_t node)
{
	struct filter *f;
	int yes;

	x->tree.root = node;
	f = filter_compile(&x->tree, x->names->lists,
	    FILTER_CAN_VERDICT | FILTER_CAN_ID | FILTER_CAN_LINE, &x->error);
	if (f == NULL)
		return -1;
	filter_begin(f, &x->source);
	yes = filter_match_stored(f, x->ev, x->host_id, x->n);
	filter_free(f);
	return yes;
}

static char *
text_of(struct explaining *x, uint32_t node)
{
	x->tree.root = node;
	return filter_canon(&x->tree);
}

static int
out_of_memory(struct explaining *x)
{
	snprintf(x->error.message, sizeof x->error.message, "out of memory");
	return -1;
}

static bool
is_absent(const struct explaining *x, const struct filter_field *field)
{
	uint64_t columns = 0;

	if (field->type == FILTER_VERDICT)
		return verdict_of(x, x->ev) == FILTER_UNKNOWN;
	for (unsigned i = 0; i < field->columns; i++)
		columns |= UINT64_C(1) << field->column[i];
	return columns != 0 && (x->ev->has & columns) == 0;
}

/* The first of the term's values that is true on its own. 0, or -1. */
static int
find_value(struct explaining *x, uint32_t index, char **text)
{
	struct filter_node *node = &x->tree.node[index], all = *node;
	int yes = 0;

	node->values = 1;
	for (uint32_t i = 0; i < all.values && yes == 0; i++) {
		node->value = all.value + i;
		yes = ask(x, index);
	}
	if (yes > 0 && (*text = text_of(x, index)) == NULL)
		yes = out_of_memory(x);
	*node = all;
	return yes < 0 ? -1 : 0;
}

static int
explain_term(struct explaining *x, uint32_t index, bool negated)
{
	const struct filter_node *node = &x->tree.node[index];
	char *text = text_of(x, index), *value = NULL;
	int yes = text != NULL ? ask(x, index) : out_of_memory(x);

	if (yes > 0 && node->kind == FILTER_TERM && node->values > 1 &&
	    find_value(x, index, &value) < 0)
		yes = -1;
	if (yes >= 0)
		x->calls->term(x->calls->arg,
		    &(struct explain_term){
			.part = x->part,
			.text = text,
			.answer = yes                         ? EXPLAIN_TRUE
				  : is_absent(x, node->field) ? EXPLAIN_ABSENT
							      : EXPLAIN_FALSE,
			.negated = negated,
			.value = value,
		    });
	free(text);
	free(value);
	return yes < 0 ? -1 : 0;
}

/* Trees are as deep as the parser or the loader lets them be. */
static int
explain_terms(struct explaining *x, uint32_t index, bool negated)
{
	const struct filter_node *node = &x->tree.node[index];

	if (node->kind >= FILTER_HAS)
		return explain_term(x, index, negated);
	for (uint32_t i = node->child; i != 0; i = x->tree.node[i].next)
		if (explain_terms(x, i, negated != (node->kind == FILTER_NOT)) < 0)
			return -1;
	return 0;
}

static int
explain_part(struct explaining *x, uint32_t index)
{
	char *text = text_of(x, index);
	int yes = text != NULL ? ask(x, index) : out_of_memory(x);

	if (yes >= 0)
		x->calls->part(x->calls->arg,
		    &(struct explain_part){
			.index = x->part,
			.text = text,
			.holds = yes > 0,
			.swallowed = yes == 0 && x->tree.node[index].kind == FILTER_NOT,
		    });
	free(text);
	return yes < 0 || explain_terms(x, index, false) < 0 ? -1 : yes;
}

static int
explain_parts(struct explaining *x, uint32_t root)
{
	bool many = root != 0 && x->tree.node[root].kind == FILTER_AND;
	uint32_t i = many ? x->tree.node[root].child : root;
	int all = 1, yes;

	for (; i != 0; i = many ? x->tree.node[i].next : 0) {
		yes = explain_part(x, i);
		if (yes < 0)
			return -1;
		all = all && yes;
		x->part++;
	}
	return all;
}

int
engine_explain(const struct rule *rule, const struct engine_names *names,
    const struct event *ev, int32_t host_id, int64_t n,
    const struct explain_calls *calls, char *why, size_t whysize)
{
	struct explaining x = {.tree = *rule->tree,
	    .names = names,
	    .ev = ev,
	    .host_id = host_id,
	    .n = n,
	    .calls = calls};
	size_t size = rule->tree->nodes * sizeof *x.tree.node;
	int rc;

	x.source = (struct filter_source){
	    .host = names->string(names->arg, FILTER_HOST, (uint32_t)host_id),
	    .string = string_of,
	    .verdict = verdict_of,
	    .arg = &x,
	    .generation = 1,
	};
	x.tree.node = malloc(size + 1);
	if (x.tree.node == NULL) {
		snprintf(why, whysize, "out of memory");
		return -1;
	}
	if (rule->tree->node != NULL)
		memcpy(x.tree.node, rule->tree->node, size);
	rc = explain_parts(&x, rule->tree->root);
	if (rc < 0)
		snprintf(why, whysize, "rule %s: %s", rule->id, x.error.message);
	free(x.tree.node);
	return rc;
}
