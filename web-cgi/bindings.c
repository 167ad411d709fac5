/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/bindings.h"

#include <stdlib.h>

#define OWN_MAX 8

int
bindings_begin(
    struct bindings *b, int64_t from, int64_t to, const struct filter_sql *condition)
{
	size_t n = condition != NULL ? condition->count : 0;

	*b = (struct bindings){.count = 0};
	b->value = calloc(2 + n + OWN_MAX, sizeof *b->value);
	if (b->value == NULL)
		return -1;
	bindings_range(b, from, to);
	b->value[0] = b->from;
	b->value[1] = b->to;
	b->count = 2;
	for (size_t i = 0; i < n; i++)
		b->value[b->count++] = condition->value[i];
	return 0;
}

void
bindings_range(struct bindings *b, int64_t from, int64_t to)
{
	range_time_text(from, b->from);
	range_time_text(to, b->to);
}

int
bindings_add(struct bindings *b, const char *value)
{
	b->value[b->count++] = value;
	return b->count;
}

void
bindings_free(struct bindings *b)
{
	free(b->value);
	b->value = NULL;
}

const char *
bindings_condition(const struct filter_sql *condition)
{
	return condition != NULL ? condition->text : "TRUE";
}
