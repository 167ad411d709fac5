/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters_central.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/filter_bundle.h"
#include "common/filter_regex.h"
#include "common/log.h"

struct central_filter {
	int32_t id;
	struct filter *filter;
	uint32_t sample;
	uint32_t selected; /* since the last that was kept as a sample */
	uint64_t expires_us;
	bool active; /* as of this batch */
};

struct filters_central {
	struct central_filter *at;
	size_t count;
	uint64_t second;   /* of the batch */
	uint64_t give_ups; /* of regular expressions, before this second */
	struct log_limit said;
};

/* Names come from elsewhere: what is shown of one is printable. */
static void
say(char *why, size_t whysize, struct bytes name, const struct filter_error *error)
{
	char shown[BUNDLE_NAME_MAX + 1];

	for (uint16_t i = 0; i < name.len; i++)
		shown[i] =
		    (char)(name.p[i] < 0x20 || name.p[i] >= 0x7f ? '?' : name.p[i]);
	shown[name.len] = '\0';
	if (error->column > 0)
		snprintf(why, whysize, "filter %s: column %zu: %s", shown,
		    error->column, error->message);
	else
		snprintf(why, whysize, "filter %s: %s", shown, error->message);
}

/* What the filters of a set read their lists from. */
struct lists {
	struct bundle b;
	uint64_t entries; /* read by now */
};

/* A small document may name its one long list in each of a thousand filters. */
static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	struct lists *l = arg;

	l->entries += bundle_list_entries(&l->b, name);
	if (l->entries <= CENTRAL_ENTRIES_MAX)
		return bundle_read_list(&l->b, name, list, why, whysize);
	snprintf(why, whysize, "with it, filters have more than %d entries of lists",
	    CENTRAL_ENTRIES_MAX);
	return -1;
}

static struct filter *
compile(struct lists *l, const struct bundle_filter *from, struct filter_error *error)
{
	const struct filter_lists lists = {read_list, l};
	struct filter_tree *tree =
	    filter_parse((const char *)from->query.p, from->query.len, error);
	struct filter *f = NULL;

	if (tree != NULL)
		f = filter_compile(tree, &lists, 0, error);
	filter_tree_free(tree);
	return f;
}

static int
compile_all(struct filters_central *c, struct lists *l, const atomic_bool *stop,
    char *why, size_t whysize)
{
	const struct bundle *b = &l->b;
	struct filter_error error = {0};

	c->at = calloc((size_t)b->filters + 1, sizeof *c->at);
	if (c->at == NULL) {
		snprintf(why, whysize, "out of memory");
		return -1;
	}
	for (uint16_t i = 0; i < b->filters; i++) {
		const struct bundle_filter *from = &b->filter[i];

		c->at[i] = (struct central_filter){.id = from->id,
		    .filter = stop == NULL || !atomic_load(stop)
				  ? compile(l, from, &error)
				  : NULL,
		    .sample = from->sample,
		    .expires_us = from->expires_us};
		if (c->at[i].filter == NULL) {
			say(why, whysize, from->name, &error);
			return -1;
		}
		c->count++;
	}
	return 0;
}

struct filters_central *
filters_central_new(const uint8_t *document, size_t len, const atomic_bool *stop,
    char *why, size_t whysize)
{
	struct filters_central *c = calloc(1, sizeof *c);
	struct lists l = {.entries = 0};
	const char *reason = "out of memory";
	int rc = -1;

	if (c == NULL || bundle_read(&l.b, document, len, &reason) < 0)
		snprintf(why, whysize, "%s", reason);
	else
		rc = compile_all(c, &l, stop, why, whysize);
	bundle_free(&l.b);
	if (rc == 0) {
		c->second = UINT64_MAX;
		return c;
	}
	filters_central_free(c);
	return NULL;
}

void
filters_central_free(struct filters_central *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		filter_free(c->at[i].filter);
	free(c->at);
	free(c);
}

bool
filters_central_any(const struct filters_central *c)
{
	return c->count > 0;
}

void
filters_central_begin(
    struct filters_central *c, const struct filter_source *source, uint64_t now_us)
{
	if (now_us / 1000000 != c->second) {
		c->second = now_us / 1000000;
		c->give_ups = filter_regex_given_up();
	}
	for (size_t i = 0; i < c->count; i++) {
		struct central_filter *f = &c->at[i];

		f->active = f->expires_us == 0 || now_us < f->expires_us;
		if (f->active)
			filter_begin(f->filter, source);
	}
}

/* Whether it is the first of each `sample` that are selected. */
static bool
is_sample(struct central_filter *f)
{
	bool first = f->selected == 0;

	if (f->sample == 0)
		return false;
	f->selected = (f->selected + 1) % f->sample;
	return first;
}

/* Regular expressions have had their time. */
static bool
is_tired(struct filters_central *c)
{
	if (filter_regex_given_up() - c->give_ups < CENTRAL_GIVE_UPS)
		return false;
	log_limited(&c->said, LOG_LEVEL_WARN,
	    "central filters: regular expressions take too long and are given up: "
	    "records are kept until the second is over; simplify them");
	return true;
}

bool
filters_central_keeps(struct filters_central *c, const struct event *ev, int32_t *by)
{
	for (size_t i = 0; i < c->count && !is_tired(c); i++) {
		struct central_filter *f = &c->at[i];

		if (f->active && filter_match(f->filter, ev) && !is_sample(f)) {
			*by = f->id;
			return false;
		}
	}
	return true;
}

uint64_t
filters_central_failures(const struct filters_central *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += filter_regex_failures(c->at[i].filter);
	return n;
}
