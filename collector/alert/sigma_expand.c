/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placeholders: %name% stands for each value of that name in the file of variables; a
 * value that is nothing but a placeholder without one is the named list. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/sigma.h"

#define DEPTH_MAX 4 /* placeholders in one value */
#define NAME_MAX_LEN 64

struct expansion {
	struct sigma *s;
	int (*take)(void *to, const struct sigma_value *value);
	void *to;
	unsigned line;
};

/* The first %name% at or behind from; its length with the signs, 0: none. */
static size_t
find_placeholder(const char *text, size_t *at)
{
	for (const char *p = strchr(text, '%'); p != NULL; p = strchr(p + 1, '%')) {
		size_t n = 1;

		while (isalnum((unsigned char)p[n]) ||
		       (p[n] != '\0' && strchr("_.-", p[n]) != NULL))
			n++;
		if (n > 1 && n <= NAME_MAX_LEN && p[n] == '%') {
			*at = (size_t)(p - text);
			return n + 1;
		}
	}
	return 0;
}

static int expand(struct expansion *x, const char *text, unsigned depth);

/* With one value in the place of the placeholder. */
static int
replace(struct expansion *x, const char *text, size_t at, size_t len,
    const struct yaml_node *value, unsigned depth)
{
	size_t all = strlen(text), rest = all - at - len;
	char *made;
	int rc;

	if (value->kind != YAML_SCALAR) {
		sigma_fail(
		    x->s, x->line, "a placeholder's values are words or numbers");
		return -1;
	}
	if (at + value->len + rest > SIGMA_VALUE_MAX) {
		sigma_fail(x->s, x->line, "a value is too long with its placeholder");
		return -1;
	}
	made = malloc(at + value->len + rest + 1);
	if (made == NULL) {
		sigma_fail(x->s, x->line, "out of memory");
		return -1;
	}
	memcpy(made, text, at);
	memcpy(made + at, value->text, value->len);
	memcpy(made + at + value->len, text + at + len, rest + 1);
	rc = expand(x, made, depth + 1);
	free(made);
	return rc;
}

/* The named list in place of the whole value. */
static int
take_list(struct expansion *x, const char *name, size_t len)
{
	char copy[NAME_MAX_LEN + 1];
	struct sigma_value list = {copy, len, true, x->line};

	memcpy(copy, name, len);
	copy[len] = '\0';
	return x->take(x->to, &list);
}

static int
expand(struct expansion *x, const char *text, unsigned depth)
{
	struct sigma_value value = {text, strlen(text), false, x->line};
	const struct yaml_node *values = NULL;
	size_t at, len = find_placeholder(text, &at);
	char name[NAME_MAX_LEN + 1];

	if (len == 0 && depth > 0)
		return x->take(x->to, &value);
	if (len == 0 || depth == DEPTH_MAX) {
		sigma_fail(x->s, x->line,
		    len == 0 ? "expand wants a placeholder such as %%name%% in: %.64s"
			     : "too many placeholders in one value: %.64s",
		    text);
		return -1;
	}
	memcpy(name, text + at + 1, len - 2);
	name[len - 2] = '\0';
	values = yaml_get(x->s->vars, name);
	if (values == NULL && at == 0 && text[len] == '\0')
		return take_list(x, name, len - 2);
	if (values == NULL) {
		sigma_fail(x->s, x->line,
		    "the placeholder %%%s%% has no values in the file of variables",
		    name);
		return -1;
	}
	if (values->kind == YAML_SCALAR)
		return replace(x, text, at, len, values, depth);
	for (const struct yaml_node *n = values->first; n != NULL; n = n->next)
		if (replace(x, text, at, len, n, depth) < 0)
			return -1;
	return 0;
}

int
sigma_expand(struct sigma *s, const struct sigma_value *value,
    int (*take)(void *to, const struct sigma_value *value), void *to)
{
	struct expansion x = {s, take, to, value->line};

	return expand(&x, value->text, 0);
}
