/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/sigma.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

uint32_t
sigma_fail(struct sigma *s, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (s->line != 0)
		return 0;
	s->line = line;
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, ap);
	va_end(ap);
	return 0;
}

/* ---- nodes */

static uint32_t
checked(struct sigma *s, uint32_t node, unsigned line)
{
	if (node == 0)
		return sigma_fail(s, line, "out of memory");
	if (s->tree->nodes > SIGMA_NODES_MAX || s->tree->values > SIGMA_VALUES_MAX)
		return sigma_fail(s, line, "the rule is too large");
	return node;
}

uint32_t
sigma_add(struct sigma *s, const struct filter_node *node, unsigned line)
{
	return checked(s, filter_tree_add_node(s->tree, node), line);
}

uint32_t
sigma_join(
    struct sigma *s, enum filter_kind kind, uint32_t a, uint32_t b, unsigned line)
{
	if (a == 0 || b == 0)
		return a != 0 ? a : b;
	return checked(s, filter_tree_join(s->tree, kind, a, b), line);
}

uint32_t
sigma_negate(struct sigma *s, uint32_t node, unsigned line)
{
	return checked(s, filter_tree_negate(s->tree, node), line);
}

/* ---- selections */

/* All items of a map. */
static uint32_t
map_node(struct sigma *s, const struct yaml_node *map)
{
	uint32_t node = 0;

	if (map->count == 0)
		return sigma_fail(s, map->line, "the selection is empty");
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next) {
		uint32_t item = sigma_item(s, n->key, n);

		if (item == 0)
			return 0;
		node = sigma_join(s, FILTER_AND, node, item, n->line);
		if (node == 0)
			return 0;
	}
	return node;
}

uint32_t
sigma_selection(struct sigma *s, const struct yaml_node *selection)
{
	uint32_t node = 0, part;

	if (selection->kind == YAML_MAP)
		return map_node(s, selection);
	if (selection->kind == YAML_SCALAR)
		return sigma_item(s, NULL, selection);
	if (selection->count == 0)
		return sigma_fail(s, selection->line, "the selection is empty");
	if (selection->first->kind == YAML_SCALAR)
		return sigma_item(s, NULL, selection);
	for (const struct yaml_node *n = selection->first; n != NULL; n = n->next) {
		if (n->kind != YAML_MAP)
			return sigma_fail(s, n->line,
			    "a list has either maps or words in it, not both");
		part = map_node(s, n);
		if (part == 0)
			return 0;
		node = sigma_join(s, FILTER_OR, node, part, n->line);
		if (node == 0)
			return 0;
	}
	return node;
}
