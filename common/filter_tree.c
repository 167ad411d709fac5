/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_tree.h"

#include <stdlib.h>
#include <string.h>

/* Room for n elements more; the arrays begin with an element that means none. */
static int
grow(void **array, uint32_t *size, uint32_t used, size_t n, size_t element)
{
	size_t want = *size == 0 ? 16 : *size;
	void *grown;

	if (*size >= used && *size - used >= n)
		return 0;
	while (want - used < n)
		want *= 2;
	if (want > UINT32_MAX)
		return -1;
	grown = realloc(*array, want * element);
	if (grown == NULL)
		return -1;
	*array = grown;
	*size = (uint32_t)want;
	return 0;
}

struct filter_tree *
filter_tree_new(void)
{
	struct filter_tree *t = calloc(1, sizeof *t);

	if (t != NULL)
		t->nodes = t->values = t->texts = 1;
	return t;
}

void
filter_tree_free(struct filter_tree *t)
{
	if (t == NULL)
		return;
	free(t->node);
	free(t->value);
	free(t->text);
	free(t);
}

uint32_t
filter_tree_add_node(struct filter_tree *t, const struct filter_node *node)
{
	void *array = t->node;

	if (grow(&array, &t->nodes_size, t->nodes, 1, sizeof *node) < 0)
		return 0;
	t->node = array;
	t->node[t->nodes] = *node;
	return t->nodes++;
}

uint32_t
filter_tree_add_value(struct filter_tree *t, const struct filter_value *v)
{
	void *array = t->value;

	if (grow(&array, &t->values_size, t->values, 1, sizeof *v) < 0)
		return 0;
	t->value = array;
	t->value[t->values] = *v;
	return t->values++;
}

uint32_t
filter_tree_add_text(struct filter_tree *t, const char *text, size_t len)
{
	uint32_t at = t->texts;
	void *array = t->text;

	if (grow(&array, &t->texts_size, t->texts, len + 1, 1) < 0)
		return 0;
	t->text = array;
	memcpy(t->text + at, text, len);
	t->text[at + len] = '\0';
	t->texts += (uint32_t)len + 1;
	return at;
}

/* Puts node, or the children of one of the same kind, behind the children of parent. */
static void
append(struct filter_tree *t, uint32_t parent, uint32_t node)
{
	struct filter_node *p = &t->node[parent], *n = &t->node[node];
	bool splice = n->kind == p->kind;
	uint32_t first = splice ? n->child : node;

	if (p->last != 0)
		t->node[p->last].next = first;
	else
		p->child = first;
	p->last = splice ? n->last : node;
}

uint32_t
filter_tree_join(
    struct filter_tree *t, enum filter_kind kind, uint32_t left, uint32_t right)
{
	struct filter_node joined = {.kind = (uint8_t)kind};
	uint32_t parent = left;

	if (t->node[left].kind != kind) {
		joined.column = t->node[left].column;
		parent = filter_tree_add_node(t, &joined);
		if (parent == 0)
			return 0;
		append(t, parent, left);
	}
	append(t, parent, right);
	return parent;
}

uint32_t
filter_tree_negate(struct filter_tree *t, uint32_t node)
{
	struct filter_node negation = {.kind = FILTER_NOT, .child = node, .last = node};

	if (t->node[node].kind == FILTER_NOT)
		return t->node[node].child;
	negation.column = t->node[node].column;
	return filter_tree_add_node(t, &negation);
}

const char *
filter_list_name(const struct filter_tree *t, size_t index)
{
	for (uint32_t i = 1; i < t->values; i++)
		if (t->value[i].kind == FILTER_LIST && index-- == 0)
			return filter_value_text(t, &t->value[i]);
	return NULL;
}
