/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_pattern.h"

#include <stdlib.h>
#include <string.h>

static bool
is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct bytes
trimmed(struct bytes s)
{
	while (s.len > 0 && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool
is_same(const struct filter_pattern *p, uint8_t a, uint8_t b)
{
	return p->cased ? a == b : lower(a) == lower(b);
}

static bool
is_literal(const struct filter_pattern *p, struct bytes s)
{
	if (s.len != p->len)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_same(p, s.p[i], (uint8_t)p->text[i]))
			return false;
	return true;
}

/* One element of a pattern that is no *; steps over it. */
static bool
takes_byte(const struct filter_pattern *p, size_t *at, uint8_t byte)
{
	const char *text = p->text;

	if (text[*at] == '?') {
		++*at;
		return true;
	}
	*at += text[*at] == '\\';
	return is_same(p, (uint8_t)text[(*at)++], byte);
}

/* On a mismatch the last * takes one byte more: earlier ones need not be tried again.
 */
static bool
is_wild_match(const struct filter_pattern *p, struct bytes s)
{
	size_t at = 0, i = 0, star = SIZE_MAX, star_i = 0;

	while (i < s.len) {
		if (at < p->len && p->text[at] == '*') {
			star = ++at;
			star_i = i;
		} else if (at < p->len && takes_byte(p, &at, s.p[i])) {
			i++;
		} else if (star != SIZE_MAX) {
			at = star;
			i = ++star_i;
		} else {
			return false;
		}
	}
	while (at < p->len && p->text[at] == '*')
		at++;
	return at == p->len;
}

static bool
is_match(struct filter_patterns *set, const struct filter_pattern *p, struct bytes raw,
    struct bytes trim)
{
	int rc;

	switch (p->kind) {
	case FILTER_LITERAL:
		return is_literal(p, trim);
	case FILTER_WILD:
		return is_wild_match(p, trim) || is_wild_match(p, raw);
	default:
		rc = filter_regex_match(p->regex, raw.p, raw.len);
		set->failures += rc < 0;
		return rc > 0;
	}
}

bool
filter_patterns_match(struct filter_patterns *set, struct bytes subject)
{
	struct bytes trim = trimmed(subject);

	for (size_t i = 0; i < set->count; i++)
		if (is_match(set, &set->at[i], subject, trim))
			return true;
	return false;
}

static int
fill(struct filter_pattern *p, const struct filter_value *v, const char *text,
    bool cased)
{
	struct bytes s = {(const uint8_t *)text, (uint16_t)v->text.len};

	*p = (struct filter_pattern){.kind = v->kind, .cased = cased};
	if (v->kind == FILTER_REGEX) {
		p->regex = filter_regex_new(text, v->text.len, v->flags);
		return p->regex != NULL ? 0 : -1;
	}
	if (v->kind == FILTER_LITERAL)
		s = trimmed(s);
	p->len = s.len;
	p->text = malloc((size_t)s.len + 1);
	if (p->text == NULL)
		return -1;
	memcpy(p->text, s.p, s.len);
	p->text[s.len] = '\0';
	return 0;
}

int
filter_patterns_add(struct filter_patterns *set, const struct filter_value *v,
    const char *text, bool cased)
{
	struct filter_pattern *grown = set->at;
	size_t size = set->size == 0 ? 4 : set->size * 2;

	if (set->count == set->size) {
		grown = realloc(set->at, size * sizeof *grown);
		if (grown == NULL)
			return -1;
		set->at = grown;
		set->size = size;
	}
	if (fill(&set->at[set->count], v, text, cased) < 0)
		return -1;
	set->count++;
	return 0;
}

void
filter_patterns_free(struct filter_patterns *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->at[i].text);
		filter_regex_free(set->at[i].regex);
	}
	free(set->at);
	*set = (struct filter_patterns){0};
}
