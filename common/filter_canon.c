/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_canon.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_address.h"
#include "common/filter_flags.h"
#include "common/filter_lex.h"
#include "common/filter_regex.h"

/* ---- text */

/* Bytes that need no quotes and no backslash in a word. */
static bool
is_plain(const char *p, bool first)
{
	if ((unsigned char)*p >= 0x80 || isalnum((unsigned char)*p))
		return true;
	return strchr(first ? "_.-+:%#" : "_.-+:%#/@='~^{};$!", *p) != NULL;
}

static void
print_hex(char byte, FILE *out)
{
	fprintf(out, "\\x%02x", (unsigned char)byte);
}

/* A word that is read as it stands: not empty, no address where one means something
 * else. */
static bool
is_word(const struct filter_field *field, const char *text, size_t len)
{
	struct filter_value address;

	for (size_t at = 0, n; at < len; at += n) {
		n = filter_utf8_length(text + at, len - at);
		if (n == 0 || !is_plain(text + at, at == 0))
			return false;
	}
	return len > 0 && (field->dict != FILTER_HOST || field->type != FILTER_TEXT ||
			      !filter_address_read(text, &address));
}

static void
print_literal(const struct filter_field *field, const char *text, size_t len, FILE *out)
{
	if (is_word(field, text, len)) {
		fwrite(text, 1, len, out);
		return;
	}
	fputc('"', out);
	for (size_t at = 0, n; at < len; at += n) {
		n = filter_utf8_length(text + at, len - at);
		if (n == 0)
			print_hex(text[at], out);
		else if (text[at] == '"' || text[at] == '\\')
			fprintf(out, "\\%c", text[at]);
		else
			fwrite(text + at, 1, n, out);
		n += n == 0;
	}
	fputc('"', out);
}

static void
print_wild(const char *text, size_t len, FILE *out)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = filter_utf8_length(text + at, len - at);
		if (n == 0) {
			print_hex(text[at], out);
			n = 1;
		} else if (text[at] == '\\') {
			fwrite(text + at, 1, n = 2, out);
		} else if (strchr("*?", text[at]) != NULL ||
			   is_plain(text + at, at == 0)) {
			fwrite(text + at, 1, n, out);
		} else {
			fprintf(out, "\\%c", text[at]);
		}
	}
}

/* ---- values */

static void
print_digits(const struct filter_field *field, uint64_t n, FILE *out)
{
	fprintf(
	    out, field->traits & FILTER_HEX ? "0x%llx" : "%llu", (unsigned long long)n);
}

static void
print_number(const struct filter_field *field, uint64_t n, FILE *out)
{
	const struct filter_symbol *s = filter_symbol_of(field, n);

	if (s != NULL)
		fputs(s->name, out);
	else
		print_digits(field, n, out);
}

static void
print_range(const struct filter_field *field, const struct filter_value *v, FILE *out)
{
	if (field->type == FILTER_MAC) {
		filter_mac_range_print(v->num.lo, v->num.hi, out);
	} else if (v->num.lo == v->num.hi) {
		print_number(field, v->num.lo, out);
	} else {
		print_digits(field, v->num.lo, out);
		fputc('-', out);
		print_digits(field, v->num.hi, out);
	}
}

static void
print_mask(const struct filter_field *field, const struct filter_value *v, FILE *out)
{
	if (field->type == FILTER_FLAGS)
		filter_flags_print(v->num.lo, v->num.hi, out);
	else
		fprintf(out, "0x%llx/0x%llx", (unsigned long long)v->num.lo,
		    (unsigned long long)v->num.hi);
}

static void
print_regex(const char *text, unsigned flags, FILE *out)
{
	static const char letters[] = FILTER_REGEX_LETTERS;

	fprintf(out, "/%s/", text);
	for (unsigned i = 0; letters[i] != '\0'; i++)
		if (flags >> i & 1)
			fputc(letters[i], out);
}

static void
print_text(const struct filter_tree *t, const struct filter_field *field,
    const struct filter_value *v, FILE *out)
{
	const char *text = filter_value_text(t, v);

	if (v->kind == FILTER_LITERAL)
		print_literal(field, text, v->text.len, out);
	else if (v->kind == FILTER_WILD)
		print_wild(text, v->text.len, out);
	else if (v->kind == FILTER_REGEX)
		print_regex(text, v->flags, out);
	else
		fprintf(out, "@%s", text);
}

static void
print_value(const struct filter_tree *t, const struct filter_field *field,
    const struct filter_value *v, FILE *out)
{
	switch (v->kind) {
	case FILTER_RANGE:
		print_range(field, v, out);
		break;
	case FILTER_MASK:
		print_mask(field, v, out);
		break;
	case FILTER_SYMBOL:
		fputs(field->symbols[v->num.lo].name, out);
		break;
	case FILTER_ADDRS:
		filter_address_print(v->family, &v->addr.lo, &v->addr.hi, out);
		break;
	case FILTER_PRIVATE:
		fputs("private", out);
		break;
	case FILTER_PUBLIC:
		fputs("public", out);
		break;
	case FILTER_FIELD:
		fprintf(out, "$%s", filter_fields[v->num.lo].name);
		break;
	case FILTER_EVENT_ID:
		fprintf(out, "%llu-%llu", (unsigned long long)v->num.lo,
		    (unsigned long long)v->num.hi);
		break;
	default:
		print_text(t, field, v, out);
		break;
	}
}

void
filter_canon_values(
    const struct filter_tree *t, const struct filter_node *term, FILE *out)
{
	for (uint32_t i = 0; i < term->values; i++) {
		if (i > 0)
			fputc(',', out);
		print_value(t, term->field, &t->value[term->value + i], out);
	}
}

/* ---- nodes */

static void print_node(
    const struct filter_tree *t, uint32_t index, enum filter_kind parent, FILE *out);

static void
print_children(const struct filter_tree *t, const struct filter_node *node, FILE *out)
{
	for (uint32_t i = node->child; i != 0; i = t->node[i].next) {
		if (i != node->child)
			fputs(node->kind == FILTER_OR ? " OR " : " ", out);
		print_node(t, i, node->kind, out);
	}
}

/* Parentheses are needed where something binds more loosely than what is around it. */
static void
print_node(
    const struct filter_tree *t, uint32_t index, enum filter_kind parent, FILE *out)
{
	static const char *const operators[] = {
	    [FILTER_IS] = ":",
	    [FILTER_CASED] = ":=",
	    [FILTER_GT] = ":>",
	    [FILTER_GE] = ":>=",
	    [FILTER_LT] = ":<",
	    [FILTER_LE] = ":<=",
	};
	const struct filter_node *node = &t->node[index];
	bool group = node->kind < FILTER_NOT && node->kind < parent;

	if (node->kind == FILTER_HAS) {
		fprintf(out, "has:%s", node->field->name);
	} else if (node->kind == FILTER_TERM) {
		fprintf(out, "%s%s", node->field->name, operators[node->op]);
		filter_canon_values(t, node, out);
	} else {
		fputs(node->kind == FILTER_NOT ? "-" : group ? "(" : "", out);
		print_children(t, node, out);
		fputs(group ? ")" : "", out);
	}
}

static char *
canon_of(const struct filter_tree *t, uint32_t node, enum filter_kind parent)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool bad;

	if (out == NULL)
		return NULL;
	if (node != 0)
		print_node(t, node, parent, out);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}

char *
filter_canon(const struct filter_tree *t)
{
	return canon_of(t, t->root, FILTER_OR);
}

/* The i-th part, 0: there are not so many. */
static uint32_t
part_at(const struct filter_tree *t, size_t i)
{
	uint32_t node = t->root;

	if (node != 0 && t->node[node].kind == FILTER_AND)
		node = t->node[node].child;
	else if (i > 0)
		return 0;
	while (i-- > 0 && node != 0)
		node = t->node[node].next;
	return node;
}

size_t
filter_canon_parts(const struct filter_tree *t)
{
	size_t n = 0;

	while (part_at(t, n) != 0)
		n++;
	return n;
}

char *
filter_canon_part(const struct filter_tree *t, size_t i)
{
	return canon_of(t, part_at(t, i), FILTER_AND);
}
