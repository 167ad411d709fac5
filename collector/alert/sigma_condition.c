/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * or    = and { "or" and }
 * and   = not { "and" not }
 * not   = { "not" } atom
 * atom  = "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | selection
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/sigma.h"

#define DEPTH_MAX 32
#define NAMES_SHOWN 64

struct condition {
	struct sigma *s;
	const char *at;
	size_t len; /* of the word at `at`; 0: the end */
	unsigned line, depth;
};

static uint32_t parse_or(struct condition *c);

static bool
is_word_end(char c)
{
	return c == '\0' || isspace((unsigned char)c) || c == '(' || c == ')' ||
	       c == '|';
}

static void
step(struct condition *c)
{
	c->at += c->len;
	while (isspace((unsigned char)*c->at))
		c->at++;
	c->len = 0;
	if (*c->at == '\0')
		return;
	do
		c->len++;
	while (!is_word_end(c->at[0]) && !is_word_end(c->at[c->len]));
}

static bool
is_next(const struct condition *c, const char *word)
{
	return c->len == strlen(word) && strncasecmp(c->at, word, c->len) == 0;
}

static bool
take(struct condition *c, const char *word)
{
	if (!is_next(c, word))
		return false;
	step(c);
	return true;
}

#define SHOWN(c) (int)((c)->len < NAMES_SHOWN ? (c)->len : NAMES_SHOWN), (c)->at

/* ---- atoms */

static bool
is_selection(const struct yaml_node *n)
{
	return strcmp(n->key, "condition") != 0 && strcmp(n->key, "timeframe") != 0;
}

bool
sigma_glob(const char *pattern, size_t len, const char *name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, from = 0;

	while (name[n] != '\0') {
		if (p < len && pattern[p] == '*') {
			star = ++p;
			from = n;
		} else if (p < len && pattern[p] == name[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < len && pattern[p] == '*')
		p++;
	return p == len;
}

/* Selections that a pattern, or them, means. */
static uint32_t
several(struct condition *c, enum filter_kind kind)
{
	bool them = is_next(c, "them");
	uint32_t node = 0, part;

	if (c->len == 0 || *c->at == '(' || *c->at == ')')
		return sigma_fail(c->s, c->line,
		    "condition: \"of\" wants them or a pattern such as selection_*");
	for (const struct yaml_node *n = c->s->detection->first; n != NULL;
	     n = n->next) {
		if (!is_selection(n) ||
		    (n->key[0] == '_' && (them || c->at[0] != '_')) ||
		    (!them && !sigma_glob(c->at, c->len, n->key)))
			continue;
		part = sigma_selection(c->s, n);
		if (part == 0)
			return 0;
		node = sigma_join(c->s, kind, node, part, c->line);
		if (node == 0)
			return 0;
	}
	if (node == 0)
		return sigma_fail(c->s, c->line,
		    "condition: no selection is called like %.*s", SHOWN(c));
	step(c);
	return node;
}

static uint32_t
one(struct condition *c)
{
	for (const struct yaml_node *n = c->s->detection->first; n != NULL;
	     n = n->next) {
		if (!is_selection(n) || strlen(n->key) != c->len ||
		    strncmp(n->key, c->at, c->len) != 0)
			continue;
		step(c);
		return sigma_selection(c->s, n);
	}
	return sigma_fail(
	    c->s, c->line, "condition: there is no selection %.*s", SHOWN(c));
}

static bool
is_of_next(const struct condition *c)
{
	struct condition ahead = *c;

	step(&ahead);
	return is_next(&ahead, "of");
}

static uint32_t
parse_atom(struct condition *c)
{
	enum filter_kind kind;
	uint32_t node;

	if (c->len == 0)
		return sigma_fail(c->s, c->line, "condition: a selection is missing");
	if (take(c, "(")) {
		if (++c->depth > DEPTH_MAX)
			return sigma_fail(c->s, c->line, "condition: too many (");
		node = parse_or(c);
		c->depth--;
		if (node != 0 && !take(c, ")"))
			return sigma_fail(c->s, c->line, "condition: a ) is missing");
		return node;
	}
	if (!is_of_next(c))
		return one(c);
	if (!is_next(c, "1") && !is_next(c, "any") && !is_next(c, "all"))
		return sigma_fail(c->s, c->line,
		    "condition: %.*s of: only 1, any and all are known", SHOWN(c));
	kind = is_next(c, "all") ? FILTER_AND : FILTER_OR;
	step(c);
	step(c);
	return several(c, kind);
}

static uint32_t
parse_not(struct condition *c)
{
	bool negated = false;
	uint32_t node;

	while (take(c, "not"))
		negated = !negated;
	node = parse_atom(c);
	return node != 0 && negated ? sigma_negate(c->s, node, c->line) : node;
}

static uint32_t
parse_and(struct condition *c)
{
	uint32_t node = parse_not(c), right;

	while (node != 0 && take(c, "and")) {
		right = parse_not(c);
		node =
		    right != 0 ? sigma_join(c->s, FILTER_AND, node, right, c->line) : 0;
	}
	return node;
}

static uint32_t
parse_or(struct condition *c)
{
	uint32_t node = parse_and(c), right;

	while (node != 0 && take(c, "or")) {
		right = parse_and(c);
		node =
		    right != 0 ? sigma_join(c->s, FILTER_OR, node, right, c->line) : 0;
	}
	return node;
}

/* ---- the whole */

static uint32_t
parse(struct sigma *s, const struct yaml_node *text)
{
	struct condition c = {.s = s, .line = text->line};
	uint32_t node;

	if (text->kind != YAML_SCALAR)
		return sigma_fail(s, text->line, "condition: text is expected");
	c.at = text->text;
	step(&c);
	if (strchr(text->text, '|') != NULL)
		return sigma_fail(s, text->line,
		    "condition: | is the old aggregation; \"fwlogctl rule convert\" "
		    "makes "
		    "a correlation of it");
	node = parse_or(&c);
	if (node != 0 && c.len > 0)
		return sigma_fail(s, text->line,
		    "condition: %.*s: and, or or the end is "
		    "expected",
		    SHOWN(&c));
	return node;
}

int
sigma_build(struct sigma *s, const struct yaml_node *detection)
{
	const struct yaml_node *condition = yaml_get(detection, "condition");
	const struct yaml_node *frame = yaml_get(detection, "timeframe");
	uint32_t part;

	s->detection = detection;
	s->tree->root = 0;
	if (condition == NULL) {
		sigma_fail(s, detection->line, "the condition is missing");
		return -1;
	}
	if (condition->kind != YAML_LIST) {
		s->tree->root = parse(s, condition);
	} else {
		for (const struct yaml_node *n = condition->first; n != NULL;
		     n = n->next) {
			part = parse(s, n);
			if (part == 0)
				return -1;
			s->tree->root =
			    sigma_join(s, FILTER_OR, s->tree->root, part, n->line);
		}
		if (condition->count == 0)
			sigma_fail(s, condition->line, "the condition is empty");
	}
	if (s->line == 0 && frame != NULL)
		sigma_fail(s, frame->line,
		    "timeframe belongs to the old aggregations; \"fwlogctl rule "
		    "convert\" "
		    "makes a correlation of them");
	return s->line == 0 && s->tree->root != 0 ? 0 : -1;
}
