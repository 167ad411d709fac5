/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/rule_draft.h"

#define TEXTS_MAX 256
#define DURATION_MAX_S (366ull * 86400)

int
rule_refuse(struct rule_draft *d, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (d->class == RULE_REFUSED)
		return -1;
	d->class = RULE_REFUSED;
	d->line = line;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof d->why, fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- texts */

int
rule_texts_add(struct rule_texts *t, const char *text)
{
	char **grown = realloc(t->at, (t->count + 1) * sizeof *grown);

	if (grown == NULL)
		return -1;
	t->at = grown;
	t->at[t->count] = strdup(text);
	return t->at[t->count] != NULL ? (t->count++, 0) : -1;
}

void
rule_texts_free(struct rule_texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->at[i]);
	free(t->at);
	*t = (struct rule_texts){0};
}

int
rule_read_text(
    struct rule_draft *d, const struct yaml_node *map, const char *key, char **to)
{
	const struct yaml_node *n = yaml_get(map, key);

	if (n == NULL || yaml_is_null(n))
		return 0;
	if (n->kind != YAML_SCALAR)
		return rule_refuse(d, n->line, "%s: text is expected", key);
	free(*to);
	*to = strdup(n->text);
	return *to != NULL ? 0 : rule_refuse(d, n->line, "out of memory");
}

int
rule_read_texts(
    struct rule_draft *d, const struct yaml_node *node, struct rule_texts *to)
{
	bool list = node->kind == YAML_LIST;

	if (yaml_is_null(node))
		return 0;
	if (node->kind == YAML_MAP || (list && node->count > TEXTS_MAX))
		return rule_refuse(d, node->line,
		    "%s: a list of at most %d words is expected",
		    node->key != NULL ? node->key : "rules", TEXTS_MAX);
	for (const struct yaml_node *n = list ? node->first : node; n != NULL;
	     n = list ? n->next : NULL) {
		if (n->kind != YAML_SCALAR)
			return rule_refuse(d, n->line, "a word is expected");
		if (rule_texts_add(to, n->text) < 0)
			return rule_refuse(d, n->line, "out of memory");
	}
	return 0;
}

/* ---- numbers */

static bool
read_digits(const char *text, uint64_t *n, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &stop, 10);
	*end = stop;
	return errno == 0;
}

int
rule_read_duration(struct rule_draft *d, const struct yaml_node *node, uint64_t *us)
{
	static const struct {
		char unit;
		uint64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
	const char *end = "";
	uint64_t n = 0;

	if (node->kind != YAML_SCALAR || !read_digits(node->text, &n, &end))
		end = "";
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (end[0] != units[i].unit || end[1] != '\0')
			continue;
		if (n == 0 || n > DURATION_MAX_S / units[i].s)
			break;
		*us = n * units[i].s * 1000000;
		return 0;
	}
	return rule_refuse(d, node->line,
	    "%s: a number and s, m, h, d or w is expected, as 15m; at most 366d",
	    node->key != NULL ? node->key : "duration");
}

int
rule_read_count(struct rule_draft *d, const struct yaml_node *node, uint64_t *n)
{
	const char *end = "x";

	if (node->kind == YAML_SCALAR && read_digits(node->text, n, &end) &&
	    *end == '\0' && *n <= INT64_MAX)
		return 0;
	return rule_refuse(d, node->line, "%s: a number is expected",
	    node->key != NULL ? node->key : "count");
}

int
rule_read_level(
    struct rule_draft *d, const struct yaml_node *node, enum rule_level *level)
{
	for (enum rule_level l = RULE_INFORMATIONAL; l <= RULE_CRITICAL; l++) {
		if (node->kind == YAML_SCALAR &&
		    strcasecmp(node->text, rule_level_name(l)) == 0) {
			*level = l;
			return 0;
		}
	}
	return rule_refuse(d, node->line,
	    "level: informational, low, medium, high or critical is expected");
}

/* ---- groups */

void
rule_keys_free(struct rule *rule)
{
	for (size_t i = 0; i < rule->key_count; i++) {
		free(rule->key[i].name);
		free(rule->key[i].source);
	}
	free(rule->key);
	rule->key = NULL;
	rule->key_count = 0;
}

int
rule_read_keys(struct rule_draft *d, const struct yaml_node *node, struct rule *rule)
{
	struct rule_texts names = {0};
	int rc = rule_read_texts(d, node, &names);

	rule_keys_free(rule);
	if (rc == 0 && names.count > RULE_KEYS_MAX)
		rc = rule_refuse(
		    d, node->line, "group-by: at most %d fields", RULE_KEYS_MAX);
	if (rc == 0 && names.count > 0) {
		rule->key = calloc(names.count, sizeof *rule->key);
		if (rule->key == NULL)
			rc = rule_refuse(d, node->line, "out of memory");
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		for (size_t j = 0; j < i; j++)
			if (strcasecmp(names.at[i], rule->key[j].name) == 0)
				rc = rule_refuse(d, node->line,
				    "group-by: %.64s is there twice", names.at[i]);
		rule->key[rule->key_count++].name = names.at[i];
		names.at[i] = NULL;
	}
	rule_texts_free(&names);
	return rc;
}
