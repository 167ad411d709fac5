/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters_local.h"

#include <stdlib.h>

#include "agent/rate.h"
#include "common/log.h"

struct queries {
	struct filter **at;
	size_t count;
};

struct filters_chain {
	uint16_t group;
	const char *netns; /* of the options */
	struct queries only, drop;
	struct rate **rate;
	size_t rates;
};

struct filters_local {
	struct filters_chain chain[OPTIONS_GROUPS_MAX];
	size_t count;
};

/* ---- from the options */

/* The next line of text, which is cut from *rest; NULL behind the last. */
static char *
next_line(char **rest)
{
	return *rest != NULL ? strsep(rest, "\n") : NULL;
}

static size_t
count_lines(const char *text)
{
	size_t n = text != NULL;

	for (; text != NULL && *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static struct filter *
compile(const char *text, const char *option)
{
	struct filter_error error;
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	struct filter *f = NULL;

	if (tree != NULL)
		f = filter_compile(tree, NULL, 0, &error);
	filter_tree_free(tree);
	if (f == NULL)
		log_error("%s = %s: column %zu: %s", option, text, error.column,
		    error.message);
	return f;
}

static int
add_queries(struct queries *q, const char *lines, const char *option)
{
	char *copy = lines != NULL ? strdup(lines) : NULL, *rest = copy, *line;
	int rc = lines == NULL || copy != NULL ? 0 : -1;

	q->at = calloc(count_lines(lines) + 1, sizeof *q->at);
	if (q->at == NULL)
		rc = -1;
	while (rc == 0 && (line = next_line(&rest)) != NULL) {
		q->at[q->count] = compile(line, option);
		if (q->at[q->count] == NULL)
			rc = -1;
		else
			q->count++;
	}
	free(copy);
	return rc;
}

static int
add_rates(struct filters_chain *c, const char *lines)
{
	char *copy = lines != NULL ? strdup(lines) : NULL, *rest = copy, *line;
	char why[200] = "out of memory";
	int rc = lines == NULL || copy != NULL ? 0 : -1;

	c->rate = calloc(count_lines(lines) + 1, sizeof(struct rate *));
	if (c->rate == NULL)
		rc = -1;
	while (rc == 0 && (line = next_line(&rest)) != NULL) {
		c->rate[c->rates] = rate_new(line, why, sizeof why);
		if (c->rate[c->rates] == NULL) {
			log_error("rate = %s: %s", line, why);
			rc = -1;
		} else {
			c->rates++;
		}
	}
	free(copy);
	return rc;
}

struct filters_local *
filters_local_new(const struct options *o)
{
	struct filters_local *l = calloc(1, sizeof *l);

	if (l == NULL) {
		log_error("filters: out of memory");
		return NULL;
	}
	for (size_t i = 0; i < o->groups; i++) {
		struct filters_chain *c = &l->chain[l->count++];
		struct filter_options f = options_filters(o, i);

		c->group = o->group[i].number;
		c->netns = options_netns(o, i);
		if (add_queries(&c->only, f.only, "only") < 0 ||
		    add_queries(&c->drop, f.drop, "drop") < 0 ||
		    add_rates(c, f.rate) < 0) {
			filters_local_free(l);
			return NULL;
		}
	}
	return l;
}

static void
queries_free(struct queries *q)
{
	for (size_t i = 0; i < q->count; i++)
		filter_free(q->at[i]);
	free(q->at);
}

void
filters_local_free(struct filters_local *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->count; i++) {
		struct filters_chain *c = &l->chain[i];

		queries_free(&c->only);
		queries_free(&c->drop);
		for (size_t k = 0; k < c->rates; k++)
			rate_free(c->rate[k]);
		free(c->rate);
	}
	free(l);
}

struct filters_chain *
filters_local_find(struct filters_local *l, uint16_t group, const char *netns)
{
	for (size_t i = 0; i < l->count; i++) {
		struct filters_chain *c = &l->chain[i];

		if (c->group == group && strcmp(c->netns, netns) == 0)
			return c->only.count + c->drop.count + c->rates > 0 ? c : NULL;
	}
	return NULL;
}

/* ---- on records */

static void
queries_begin(struct queries *q, const struct filter_source *source)
{
	for (size_t i = 0; i < q->count; i++)
		filter_begin(q->at[i], source);
}

void
filters_chain_begin(struct filters_chain *c, const struct filter_source *source)
{
	queries_begin(&c->only, source);
	queries_begin(&c->drop, source);
}

static bool
any(struct queries *q, const struct event *ev)
{
	for (size_t i = 0; i < q->count; i++)
		if (filter_match(q->at[i], ev))
			return true;
	return false;
}

bool
filters_chain_keeps(struct filters_chain *c, const struct event *ev,
    const struct filter_source *source, int32_t *by)
{
	*by = FILTERED_BY_LOCAL;
	if ((c->only.count > 0 && !any(&c->only, ev)) || any(&c->drop, ev))
		return false;
	*by = FILTERED_BY_RATE;
	for (size_t i = 0; i < c->rates; i++)
		if (!rate_take(c->rate[i], ev, source))
			return false;
	return true;
}
