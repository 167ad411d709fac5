/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query  = [ expr ]
 * expr   = and { ("OR" | "||") and }
 * and    = not { [ "AND" | "&&" ] not }
 * not    = { "-" | "NOT" | "!" } atom
 * atom   = "(" expr ")" | "has:" field | field op values | bare
 * values = value { "," value } | "[" value { "," value } "]"
 */
#include <stdlib.h>
#include <string.h>

#include "common/filter_address.h"
#include "common/filter_value.h"

struct parser {
	struct filter_scan scan;
	struct filter_tree *tree;
	unsigned terms, depth;
	struct filter_token token;
};

/* All that parse return the index of a node, or 0 and the error is set. */
static uint32_t parse_expression(struct parser *p);

static int
out_of_memory(struct parser *p)
{
	return filter_scan_fail(&p->scan, p->scan.at, "out of memory");
}

static uint32_t
no_memory(struct parser *p)
{
	out_of_memory(p);
	return 0;
}

static uint32_t
add_node(struct parser *p, const struct filter_node *node)
{
	uint32_t index = filter_tree_add_node(p->tree, node);

	return index != 0 ? index : no_memory(p);
}

/* ---- terms */

static int
count_term(struct parser *p)
{
	if (++p->terms > FILTER_TERMS_MAX)
		return filter_scan_fail(&p->scan, p->scan.at,
		    "too many terms: %d are allowed; a list as dport:22,23 is one",
		    FILTER_TERMS_MAX);
	return 0;
}

static int
add_value(struct parser *p, const struct filter_field *field, struct filter_node *term)
{
	struct filter_value v;
	struct filter_why why;
	uint32_t index;

	if (filter_value_read(field, &p->token, &v, &why) < 0)
		return filter_scan_fail(
		    &p->scan, p->token.at + why.offset, "%s", why.message);
	v.column = filter_scan_column(&p->scan, p->token.at);
	if (filter_value_has_text(&v)) {
		v.text.at = filter_tree_add_text(p->tree, p->token.text, p->token.len);
		if (v.text.at == 0)
			return out_of_memory(p);
	}
	index = filter_tree_add_value(p->tree, &v);
	if (index == 0)
		return out_of_memory(p);
	if (term->values++ == 0)
		term->value = index;
	return 0;
}

/* The values are next to each other: nothing else is added between them. */
static int
parse_values(
    struct parser *p, const struct filter_field *field, struct filter_node *term)
{
	struct filter_scan *s = &p->scan;
	bool bracket, more;

	filter_scan_blanks(s);
	bracket = filter_scan_sign(s, "[");
	do {
		filter_scan_blanks(s);
		if (filter_scan_token(s, &p->token) < 0 ||
		    add_value(p, field, term) < 0)
			return -1;
		if (bracket)
			filter_scan_blanks(s);
		more = filter_scan_sign(s, ",");
	} while (more);
	if (bracket && !filter_scan_sign(s, "]"))
		return filter_scan_fail(
		    s, s->at, "the list needs a comma or its end: ]");
	return 0;
}

static bool
is_text(const struct filter_field *field)
{
	return field->type == FILTER_TEXT || field->type == FILTER_LINE ||
	       field->type == FILTER_ALERT;
}

static int
check_order(struct parser *p, const struct filter_field *field,
    const struct filter_node *term, size_t at)
{
	const struct filter_value *v = &p->tree->value[term->value];
	bool ordered = field->type == FILTER_NUMBER || field->type == FILTER_PORT;

	for (uint32_t i = 0; i < term->values && term->values > 1; i++)
		if (v[i].kind == FILTER_FIELD)
			return filter_scan_fail(&p->scan, at,
			    "another field stands alone: %s:$name", field->name);
	if (term->op == FILTER_IS)
		return 0;
	if (term->op == FILTER_CASED && (is_text(field) && v->kind != FILTER_FIELD))
		return 0;
	if (term->op == FILTER_CASED)
		return filter_scan_fail(&p->scan, at,
		    "case counts only in text: write %s: without =", field->name);
	if (!ordered)
		return filter_scan_fail(&p->scan, at,
		    "%s has no order: only : and != go with it", field->name);
	if (term->values != 1 || v->kind != FILTER_RANGE || v->num.lo != v->num.hi)
		return filter_scan_fail(&p->scan, at, "a comparison takes one number");
	return 0;
}

/* field:* asks whether the event has the field. */
static bool
is_star(const struct parser *p, const struct filter_node *term)
{
	const struct filter_scan *s = &p->scan;

	return term->op == FILTER_IS && s->at < s->len && s->text[s->at] == '*' &&
	       filter_scan_word_length(s) == 1 &&
	       (s->len - s->at == 1 || s->text[s->at + 1] != ',');
}

/* The pattern * alone comes to the same. */
static bool
is_any(const struct parser *p, const struct filter_node *term)
{
	const struct filter_value *v = &p->tree->value[term->value];

	return term->values == 1 && v->kind == FILTER_WILD && v->text.len == 1 &&
	       *filter_value_text(p->tree, v) == '*';
}

static uint32_t
parse_term(
    struct parser *p, const struct filter_field *field, enum filter_op op, size_t at)
{
	struct filter_node term = {
	    .kind = FILTER_TERM,
	    .op = (uint8_t)op,
	    .column = filter_scan_column(&p->scan, at),
	    .field = field,
	};

	filter_scan_blanks(&p->scan);
	if (is_star(p, &term)) {
		p->scan.at++;
		term.kind = FILTER_HAS;
	} else if (parse_values(p, field, &term) < 0 ||
		   check_order(p, field, &term, at) < 0) {
		return 0;
	} else if (is_any(p, &term)) {
		term.kind = FILTER_HAS;
		term.values = 0;
	}
	return add_node(p, &term);
}

static const struct filter_field *
find_field(struct parser *p, size_t at, size_t len)
{
	const struct filter_field *field = filter_field_find(p->scan.text + at, len);
	char name[NEAREST_LEN_MAX + 1] = "";
	struct nearest near;

	if (field != NULL)
		return field;
	for (size_t i = 0; len < sizeof name && i < len; i++)
		name[i] = (char)(p->scan.text[at + i] | 0x20);
	nearest_begin(&near, name);
	filter_field_nearest(&near);
	filter_scan_fail(&p->scan, at, "unknown field %.*s; %s%s%s",
	    (int)(len < 64 ? len : 64), p->scan.text + at,
	    near.best != NULL ? "did you mean " : "fwlog-filter(7) lists them",
	    near.best != NULL ? near.best : "", near.best != NULL ? "?" : "");
	return NULL;
}

static uint32_t
parse_has(struct parser *p, enum filter_op op, size_t at)
{
	struct filter_node has = {
	    .kind = FILTER_HAS, .column = filter_scan_column(&p->scan, at)};
	size_t len;

	filter_scan_blanks(&p->scan);
	at = p->scan.at;
	len = filter_scan_word_length(&p->scan);
	if (op != FILTER_IS || len == 0) {
		filter_scan_fail(
		    &p->scan, at, "the name of a field is missing: has:src");
		return 0;
	}
	has.field = find_field(p, at, len);
	if (has.field == NULL)
		return 0;
	p->scan.at += len;
	return add_node(p, &has);
}

/* ---- bare words */

/* Words that mean a protocol or family when they stand alone. */
static const struct {
	const char *word, *field, *value;
} protocol_words[] = {
    {"tcp", "proto", "tcp"},
    {"udp", "proto", "udp"},
    {"icmp", "proto", "icmp"},
    {"icmpv6", "proto", "ipv6-icmp"},
    {"ipv4", "family", "ipv4"},
    {"ipv6", "family", "ipv6"},
};

static uint32_t
add_bare(struct parser *p, const char *field_name)
{
	const struct filter_field *field = filter_field_named(field_name);
	struct filter_node term = {
	    .kind = FILTER_TERM,
	    .column = filter_scan_column(&p->scan, p->token.at),
	    .field = field,
	};

	return add_value(p, field, &term) < 0 ? 0 : add_node(p, &term);
}

/* A word anywhere in the prefix: *word*, what is not wild in it escaped. */
static int
surround(struct parser *p)
{
	const struct filter_token word = p->token;
	struct filter_token *t = &p->token;
	char last = '\0';

	t->len = 0;
	if (!word.wild || word.text[0] != '*')
		t->text[t->len++] = '*';
	for (size_t i = 0; i < word.len; i++) {
		if (!word.wild && memchr("*?\\", word.text[i], 3) != NULL)
			t->text[t->len++] = '\\';
		if (t->len + 3 > FILTER_TEXT_MAX)
			return filter_scan_fail(
			    &p->scan, word.at, "the word is too long");
		last = t->text[t->len++] = word.text[i];
	}
	if (!word.wild || last != '*' || word.text[word.len - 2] == '\\')
		t->text[t->len++] = '*';
	t->text[t->len] = '\0';
	t->kind = FILTER_TOKEN_WORD;
	t->wild = true;
	return 0;
}

static uint32_t
parse_bare(struct parser *p)
{
	struct filter_token *t = &p->token;
	struct filter_value address;
	size_t at = p->scan.at;

	if (filter_scan_token(&p->scan, t) < 0)
		return 0;
	if (t->kind == FILTER_TOKEN_LIST) {
		filter_scan_fail(&p->scan, at, "a list needs a field: ip:@%s", t->text);
		return 0;
	}
	if (t->kind == FILTER_TOKEN_FIELD) {
		filter_scan_fail(
		    &p->scan, at, "a field to compare with: src:$%s", t->text);
		return 0;
	}
	if (t->len == 0) {
		filter_scan_fail(&p->scan, at, "a word is missing here");
		return 0;
	}
	if (t->wild && strcmp(t->text, "*") == 0) {
		filter_scan_fail(&p->scan, at,
		    "* alone selects everything: leave it out, or write has:prefix");
		return 0;
	}
	if (t->kind == FILTER_TOKEN_WORD && filter_address_read(t->text, &address))
		return add_bare(p, "ip");
	for (size_t i = 0; i < sizeof protocol_words / sizeof protocol_words[0]; i++) {
		if (t->kind == FILTER_TOKEN_WORD &&
		    filter_word_is(t->text, t->len, protocol_words[i].word)) {
			t->len = strlen(protocol_words[i].value);
			memcpy(t->text, protocol_words[i].value, t->len + 1);
			return add_bare(p, protocol_words[i].field);
		}
	}
	if (t->kind != FILTER_TOKEN_REGEX && surround(p) < 0)
		return 0;
	return add_bare(p, "prefix");
}

/* ---- expressions */

/* An address may look like a field and its value: 2001:db8::1. */
static bool
is_address_next(const struct parser *p)
{
	size_t len = filter_scan_word_length(&p->scan);
	char copy[128];
	struct filter_value v;

	if (len == 0 || len >= sizeof copy)
		return false;
	memcpy(copy, p->scan.text + p->scan.at, len);
	copy[len] = '\0';
	return filter_address_read(copy, &v);
}

static uint32_t
parse_group(struct parser *p, size_t at)
{
	uint32_t node;

	if (++p->depth > FILTER_DEPTH_MAX) {
		filter_scan_fail(&p->scan, at,
		    "too many parentheses in each other: %d are allowed",
		    FILTER_DEPTH_MAX);
		return 0;
	}
	node = parse_expression(p);
	if (node == 0)
		return 0;
	filter_scan_blanks(&p->scan);
	if (!filter_scan_sign(&p->scan, ")")) {
		filter_scan_fail(
		    &p->scan, p->scan.at, "expected ) for the ( further left, or OR");
		return 0;
	}
	p->depth--;
	return node;
}

static uint32_t
parse_field_term(
    struct parser *p, size_t at, size_t len, enum filter_op op, bool negated)
{
	const struct filter_field *field;
	uint32_t node;

	if (filter_word_is(p->scan.text + at, len, "has")) {
		node = parse_has(p, op, at);
	} else {
		field = find_field(p, at, len);
		node = field != NULL ? parse_term(p, field, op, at) : 0;
	}
	if (node == 0 || !negated)
		return node;
	node = filter_tree_negate(p->tree, node);
	return node != 0 ? node : no_memory(p);
}

/* Is here, where a term should be, what can only stand behind one? */
static bool
is_misplaced(const struct parser *p)
{
	static const char *const signs[] = {")", "||", "&&"};
	struct filter_scan ahead = p->scan;

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (filter_scan_sign(&ahead, signs[i]))
			return true;
	return filter_scan_ended(&ahead) || filter_scan_keyword(&ahead, "and") ||
	       filter_scan_keyword(&ahead, "or");
}

static uint32_t
parse_atom(struct parser *p)
{
	size_t at = p->scan.at, len;
	enum filter_op op;
	bool negated;

	if (is_misplaced(p)) {
		filter_scan_fail(&p->scan, at, "a term is missing here");
		return 0;
	}
	if (filter_scan_sign(&p->scan, "("))
		return parse_group(p, at);
	if (count_term(p) < 0)
		return 0;
	if (is_address_next(p))
		return parse_bare(p);
	len = filter_scan_field(&p->scan, &op, &negated);
	return len > 0 ? parse_field_term(p, at, len, op, negated) : parse_bare(p);
}

static uint32_t
parse_not(struct parser *p)
{
	bool negated = false;
	uint32_t node;

	for (;;) {
		filter_scan_blanks(&p->scan);
		if (!filter_scan_sign(&p->scan, "-") &&
		    !filter_scan_sign(&p->scan, "!") &&
		    !filter_scan_keyword(&p->scan, "not"))
			break;
		negated = !negated;
	}
	node = parse_atom(p);
	if (node == 0 || !negated)
		return node;
	node = filter_tree_negate(p->tree, node);
	return node != 0 ? node : no_memory(p);
}

/* Does the expression end here? */
static bool
is_end(struct parser *p)
{
	struct filter_scan ahead;

	filter_scan_blanks(&p->scan);
	ahead = p->scan;
	return filter_scan_ended(&ahead) || filter_scan_sign(&ahead, ")") ||
	       filter_scan_sign(&ahead, "||") || filter_scan_keyword(&ahead, "or");
}

static uint32_t
join(struct parser *p, enum filter_kind kind, uint32_t left, uint32_t right)
{
	uint32_t node;

	if (left == 0 || right == 0)
		return 0;
	node = filter_tree_join(p->tree, kind, left, right);
	return node != 0 ? node : no_memory(p);
}

static uint32_t
parse_and(struct parser *p)
{
	uint32_t node = parse_not(p);

	while (node != 0 && !is_end(p)) {
		if (!filter_scan_sign(&p->scan, "&&"))
			(void)filter_scan_keyword(&p->scan, "and");
		node = join(p, FILTER_AND, node, parse_not(p));
	}
	return node;
}

static uint32_t
parse_expression(struct parser *p)
{
	uint32_t node = parse_and(p);

	while (node != 0) {
		filter_scan_blanks(&p->scan);
		if (!filter_scan_sign(&p->scan, "||") &&
		    !filter_scan_keyword(&p->scan, "or"))
			break;
		node = join(p, FILTER_OR, node, parse_and(p));
	}
	return node;
}

static int
parse_all(struct parser *p)
{
	filter_scan_blanks(&p->scan);
	if (filter_scan_ended(&p->scan))
		return 0;
	p->tree->root = parse_expression(p);
	if (p->tree->root == 0)
		return -1;
	if (!filter_scan_ended(&p->scan))
		return filter_scan_fail(
		    &p->scan, p->scan.at, "there is no ( to this )");
	return 0;
}

/* Whoever keeps the canonical form must be able to read it again. */
static int
check_canonical(struct parser *p)
{
	char *canon = filter_canon(p->tree);
	size_t len = canon != NULL ? strlen(canon) : 0;

	if (canon == NULL)
		return out_of_memory(p);
	free(canon);
	if (len > FILTER_TEXT_MAX)
		return filter_scan_fail(&p->scan, 0,
		    "the filter is too long: %zu bytes when written out, %d are "
		    "allowed",
		    len, FILTER_TEXT_MAX);
	return 0;
}

struct filter_tree *
filter_parse(const char *text, size_t len, struct filter_error *error)
{
	struct parser p = {.tree = NULL};

	*error = (struct filter_error){0};
	if (filter_scan_begin(&p.scan, text, len, error) < 0)
		return NULL;
	p.tree = filter_tree_new();
	if (p.tree == NULL) {
		no_memory(&p);
		return NULL;
	}
	if (parse_all(&p) == 0 && check_canonical(&p) == 0)
		return p.tree;
	filter_tree_free(p.tree);
	return NULL;
}
