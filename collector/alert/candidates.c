/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MOST (16u << 20) /* bytes; rather all events than a longer statement */

/* As standard_conforming_strings has it, which is set where this is used. */
static void
put_literal(const char *value, FILE *out)
{
	fputc('\'', out);
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			fputc('\'', out);
		fputc(*value, out);
	}
	fputc('\'', out);
}

/* The condition with its parameters, numbered from 1, replaced. */
static void
put_condition(const struct filter_sql *sql, FILE *out)
{
	const char *p = sql->text;
	bool quoted = false;

	while (*p != '\0') {
		char *end;
		unsigned long n;

		quoted ^= *p == '\'';
		if (quoted || *p != '$' || p[1] < '1' || p[1] > '9') {
			fputc(*p++, out);
			continue;
		}
		n = strtoul(p + 1, &end, 10);
		if (n > sql->count || sql->value[n - 1] == NULL)
			fputs("NULL", out);
		else
			put_literal(sql->value[n - 1], out);
		p = end;
	}
}

/* False: the rule cannot be said in SQL. */
static bool
put_rule(const struct rule *rule, const struct filter_sql_source *source, FILE *out)
{
	struct filter_sql sql;
	struct filter_error error;

	if (filter_sql(rule->tree, source, &sql, &error) != 0)
		return false;
	fputc('(', out);
	put_condition(&sql, out);
	fputc(')', out);
	filter_sql_free(&sql);
	return true;
}

char *
candidates_sql(const struct rule_set *set, const struct filter_sql_source *source)
{
	struct filter_sql_source wide = *source;
	bool any = false, all = true;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	wide.first = 1;
	wide.widen = true;
	for (size_t i = 0; i < set->count && all; i++) {
		if (set->rule[i]->type != RULE_DETECTION)
			continue;
		if (any)
			fputs(" OR ", out);
		any = true;
		all =
		    put_rule(set->rule[i], &wide, out) && ftell(out) < (long)TEXT_MOST;
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	if (all && any)
		return text;
	free(text);
	return strdup(any ? "true" : "false");
}
