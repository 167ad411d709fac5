/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/sigma.h"
#include "common/filter_regex.h"
#include "common/filter_value.h"

/* An item: its field and what its modifiers come to. */
struct item {
	struct sigma *s;
	struct sigma_field field;
	struct sigma_how how;
	enum filter_op op; /* GT to LE: a comparison */
	enum filter_part part;
	bool all, neq, exists, fieldref, expand, keyword;
	unsigned modifiers;
	unsigned line;
	/* The values of the term being made. */
	struct filter_node term;
	uint32_t node; /* what was made so far */
};

/* ---- modifiers */

enum meaning {
	MATCH,
	REGEX_FLAG,
	COMPARE,
	PART,
	ALL,
	NEQ,
	EXISTS,
	FIELDREF,
	EXPAND,
	CASED,
};

static const struct {
	const char *name;
	enum meaning meaning;
	unsigned value;
} modifiers[] = {
    {"contains", MATCH, SIGMA_CONTAINS},
    {"startswith", MATCH, SIGMA_STARTSWITH},
    {"endswith", MATCH, SIGMA_ENDSWITH},
    {"re", MATCH, SIGMA_RE},
    {"cidr", MATCH, SIGMA_CIDR},
    {"i", REGEX_FLAG, FILTER_REGEX_CASELESS},
    {"ignorecase", REGEX_FLAG, FILTER_REGEX_CASELESS},
    {"m", REGEX_FLAG, FILTER_REGEX_MULTILINE},
    {"multiline", REGEX_FLAG, FILTER_REGEX_MULTILINE},
    {"s", REGEX_FLAG, FILTER_REGEX_DOTALL},
    {"dotall", REGEX_FLAG, FILTER_REGEX_DOTALL},
    {"gt", COMPARE, FILTER_GT},
    {"gte", COMPARE, FILTER_GE},
    {"lt", COMPARE, FILTER_LT},
    {"lte", COMPARE, FILTER_LE},
    {"minute", PART, FILTER_PART_MINUTE},
    {"hour", PART, FILTER_PART_HOUR},
    {"day", PART, FILTER_PART_DAY},
    {"week", PART, FILTER_PART_WEEK},
    {"month", PART, FILTER_PART_MONTH},
    {"year", PART, FILTER_PART_YEAR},
    {"all", ALL, 0},
    {"neq", NEQ, 0},
    {"exists", EXISTS, 0},
    {"fieldref", FIELDREF, 0},
    {"expand", EXPAND, 0},
    {"cased", CASED, 0},
};
#define MODIFIERS (sizeof modifiers / sizeof modifiers[0])

static bool
conflict(struct item *i, const char *what)
{
	sigma_fail(
	    i->s, i->line, "the modifier %s does not go with those before it", what);
	return false;
}

static bool
take_meaning(struct item *i, enum meaning meaning, unsigned value, const char *name)
{
	switch (meaning) {
	case MATCH:
		if (i->how.match != SIGMA_EQUAL)
			return conflict(i, name);
		i->how.match = (enum sigma_match)value;
		return true;
	case REGEX_FLAG:
		if (i->how.match != SIGMA_RE)
			return conflict(i, name);
		i->how.regex |= value;
		return true;
	case COMPARE:
		if (i->how.compared)
			return conflict(i, name);
		i->how.compared = true;
		i->op = (enum filter_op)value;
		return true;
	case PART:
		if (i->part != FILTER_PART_NONE)
			return conflict(i, name);
		i->part = (enum filter_part)value;
		return true;
	case ALL:
		i->all = true;
		return true;
	case NEQ:
		i->neq = true;
		return true;
	case EXISTS:
		i->exists = true;
		return true;
	case FIELDREF:
		i->fieldref = true;
		return true;
	case EXPAND:
		i->expand = true;
		return true;
	default:
		i->how.cased = true;
		return true;
	}
}

static bool
take_modifier(struct item *i, const char *name, size_t len)
{
	for (size_t m = 0; m < MODIFIERS; m++) {
		if (filter_word_is(name, len, modifiers[m].name)) {
			i->modifiers++;
			return take_meaning(i, modifiers[m].meaning, modifiers[m].value,
			    modifiers[m].name);
		}
	}
	sigma_fail(i->s, i->line, "the modifier %.*s is not supported",
	    (int)(len < 64 ? len : 64), name);
	return false;
}

/* Those that make no sense together. */
static bool
check_modifiers(struct item *i)
{
	bool matches = i->how.match != SIGMA_EQUAL;

	if (i->exists && i->modifiers > 1)
		return conflict(i, "exists");
	if (i->fieldref && i->modifiers > 1U + i->neq + i->all)
		return conflict(i, "fieldref");
	if (i->how.compared && (matches || i->how.cased))
		return conflict(i, "gt, gte, lt or lte");
	if (i->part != FILTER_PART_NONE && (matches || i->how.cased))
		return conflict(i, "minute to year");
	if (i->how.match == SIGMA_CIDR && i->how.cased)
		return conflict(i, "cased");
	return true;
}

/* ---- the field */

static bool
fail_field(struct item *i, const char *name, size_t len)
{
	const char *near = sigma_field_nearest(name, len);
	int shown = (int)(len < 64 ? len : 64);

	if (near != NULL)
		sigma_fail(i->s, i->line, "unknown field %.*s; did you mean %s?", shown,
		    name, near);
	else
		sigma_fail(i->s, i->line,
		    "unknown field %.*s; fwlog-rules(5) lists them", shown, name);
	return false;
}

/* Fields of the filter language for the parts of a time. */
static const struct filter_field *
part_field(enum filter_part part)
{
	static const char *const names[] = {
	    [FILTER_PART_MINUTE] = "minute",
	    [FILTER_PART_HOUR] = "hour",
	    [FILTER_PART_DAY] = "day",
	    [FILTER_PART_WEEK] = "week",
	    [FILTER_PART_MONTH] = "month",
	    [FILTER_PART_YEAR] = "year",
	};

	return filter_field_named(names[part]);
}

static bool
find_field(struct item *i, const char *name, size_t len)
{
	if (i->keyword) {
		i->field.field = filter_field_named("message");
	} else if (!sigma_field_find(name, len, &i->field)) {
		return fail_field(i, name, len);
	}
	i->how.field = i->field.field;
	if ((i->field.kind == SIGMA_TIME) != (i->part != FILTER_PART_NONE)) {
		sigma_fail(i->s, i->line,
		    i->field.kind == SIGMA_TIME
			? "a time needs one of minute, hour, day, week, month, year"
			: "minute to year go with a time: timestamp|hour");
		return false;
	}
	if (i->field.kind == SIGMA_TIME)
		i->how.field = part_field(i->part);
	if (i->how.field->type == FILTER_VERDICT)
		i->s->uses_verdict = true;
	return true;
}

/* Does the comparison or the case go with the field? */
static bool
check_field(struct item *i)
{
	enum filter_type type = i->how.field->type;
	bool ordered = type == FILTER_NUMBER || type == FILTER_PORT;
	bool text = type == FILTER_TEXT || type == FILTER_LINE;

	if (i->how.compared && !ordered) {
		sigma_fail(i->s, i->line,
		    "%s has no order: gt, gte, lt and lte go with "
		    "numbers",
		    i->how.field->name);
		return false;
	}
	if (text && i->how.cased && i->how.match != SIGMA_RE)
		i->op = FILTER_CASED;
	return true;
}

static bool
read_key(struct item *i, const char *key)
{
	size_t len = key != NULL ? strcspn(key, "|") : 0;

	i->keyword = len == 0;
	for (const char *m = key != NULL ? key + len : ""; *m == '|';) {
		size_t n = strcspn(++m, "|");

		if (!take_modifier(i, m, n))
			return false;
		m += n;
	}
	if (i->keyword && i->how.match == SIGMA_EQUAL)
		i->how.match = SIGMA_CONTAINS;
	return check_modifiers(i) && find_field(i, key, len) && check_field(i);
}

/* ---- nodes */

static int
join(struct item *i, enum filter_kind kind, uint32_t node)
{
	if (node == 0)
		return -1;
	i->node = sigma_join(i->s, kind, i->node, node, i->line);
	return i->node != 0 ? 0 : -1;
}

static enum filter_kind
kind_of(const struct item *i)
{
	return i->all ? FILTER_AND : FILTER_OR;
}

/* The values put since the term was begun. */
static int
end_term(struct item *i)
{
	i->term.values = i->s->tree->values - i->term.value;
	if (i->term.values == 0 && !i->all)
		return 0;
	if (i->term.values == 0) {
		sigma_fail(i->s, i->line, "one of the values is never there");
		return -1;
	}
	return join(i, kind_of(i), sigma_add(i->s, &i->term, i->line));
}

static void
begin_term(struct item *i)
{
	i->term = (struct filter_node){
	    .kind = FILTER_TERM,
	    .op = (uint8_t)i->op,
	    .field = i->how.field,
	    .value = i->s->tree->values,
	};
}

static uint32_t
has_node(struct item *i, bool there)
{
	struct filter_node has = {.kind = FILTER_HAS, .field = i->how.field};
	uint32_t node = sigma_add(i->s, &has, i->line);

	return node != 0 && !there ? sigma_negate(i->s, node, i->line) : node;
}

/* ---- values */

/* Each is a term of its own with all, or when it is compared. */
static int
take_value(void *to, const struct sigma_value *v)
{
	struct item *i = to;
	bool alone = i->all || i->op > FILTER_CASED;

	if (!i->how.compared && sigma_is_star(&i->how, v))
		return join(i, kind_of(i), has_node(i, true));
	if (v->list && (i->how.match == SIGMA_RE || i->how.compared || i->all)) {
		sigma_fail(i->s, v->line, "a named list is compared as a whole");
		return -1;
	}
	if (alone)
		begin_term(i);
	if (sigma_put_value(i->s, &i->how, v) < 0)
		return -1;
	return alone ? end_term(i) : 0;
}

static int
take_field(struct item *i, const struct yaml_node *n)
{
	struct filter_token *token = calloc(1, sizeof *token);
	struct filter_value v;
	struct filter_why why;
	struct sigma_field other;
	int rc = -1;

	if (token == NULL || !sigma_field_find(n->text, n->len, &other) ||
	    other.kind != SIGMA_FIELD) {
		sigma_fail(i->s, n->line, "fieldref: unknown field %.64s", n->text);
		free(token);
		return -1;
	}
	token->kind = FILTER_TOKEN_FIELD;
	token->len = strlen(other.field->name);
	memcpy(token->text, other.field->name, token->len + 1);
	begin_term(i);
	if (filter_value_read(i->how.field, token, &v, &why) < 0)
		sigma_fail(i->s, n->line, "fieldref: %s", why.message);
	else if (filter_tree_add_value(i->s->tree, &v) == 0)
		sigma_fail(i->s, n->line, "out of memory");
	else
		rc = end_term(i);
	free(token);
	return rc;
}

static int
take_exists(struct item *i, const struct yaml_node *n)
{
	bool there;

	if (!yaml_is_bool(n, &there)) {
		sigma_fail(i->s, n->line, "exists wants true or false");
		return -1;
	}
	return join(i, kind_of(i), has_node(i, there));
}

/* blocked: true, Initiated: true. */
static int
take_bool(struct item *i, const struct yaml_node *n)
{
	bool yes = strcasecmp(n->text, "true") == 0,
	     blocked = i->field.kind == SIGMA_BLOCKED;
	struct sigma_value v = {
	    blocked ? yes ? "blocked" : "accept" : "output", 0, false, n->line};
	uint32_t node;

	if (!yes && strcasecmp(n->text, "false") != 0) {
		sigma_fail(i->s, n->line, "%s is true or false",
		    blocked ? "blocked" : "Initiated");
		return -1;
	}
	v.len = strlen(v.text);
	begin_term(i);
	if (sigma_put_value(i->s, &i->how, &v) < 0)
		return -1;
	i->term.values = i->s->tree->values - i->term.value;
	node = sigma_add(i->s, &i->term, i->line);
	if (node != 0 && !yes && !blocked)
		node = sigma_negate(i->s, node, i->line);
	return join(i, kind_of(i), node);
}

static int
take_scalar(struct item *i, const struct yaml_node *n)
{
	struct sigma_value v = {n->text, n->len, false, n->line};

	if (n->kind != YAML_SCALAR) {
		sigma_fail(
		    i->s, n->line, "a word or number is expected, or a list of them");
		return -1;
	}
	if (i->exists)
		return take_exists(i, n);
	if (yaml_is_null(n) && i->modifiers == 0U + i->neq + i->all && !i->keyword)
		return join(i, kind_of(i), has_node(i, false));
	if (i->fieldref)
		return take_field(i, n);
	if (i->keyword && n->len == 0) {
		sigma_fail(i->s, n->line, "an empty word is in every line");
		return -1;
	}
	if (i->field.kind == SIGMA_BLOCKED || i->field.kind == SIGMA_INITIATED)
		return take_bool(i, n);
	return i->expand ? sigma_expand(i->s, &v, take_value, i) : take_value(i, &v);
}

static int
take_all(struct item *i, const struct yaml_node *values)
{
	if (values->kind != YAML_LIST)
		return take_scalar(i, values);
	if (values->count == 0) {
		sigma_fail(i->s, values->line, "the list is empty");
		return -1;
	}
	for (const struct yaml_node *n = values->first; n != NULL; n = n->next)
		if (take_scalar(i, n) < 0)
			return -1;
	return 0;
}

uint32_t
sigma_item(struct sigma *s, const char *key, const struct yaml_node *values)
{
	struct item i = {.s = s, .op = FILTER_IS};
	bool alone;

	i.line = key != NULL ? values->key_line : values->line;
	if (!read_key(&i, key))
		return 0;
	alone = i.all || i.op > FILTER_CASED || i.fieldref || i.exists ||
		i.field.kind == SIGMA_BLOCKED || i.field.kind == SIGMA_INITIATED;
	begin_term(&i);
	if (take_all(&i, values) < 0 || (!alone && end_term(&i) < 0))
		return 0;
	if (i.node == 0)
		return sigma_fail(s, values->line,
		    i.how.field->type == FILTER_VERDICT
			? "accept, drop, reject, allowed, blocked or denied is expected"
			: "there is nothing to look for");
	return i.neq ? sigma_negate(s, i.node, i.line) : i.node;
}
