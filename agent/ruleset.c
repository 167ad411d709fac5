/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ruleset.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A named counter of some table, and who uses it. */
struct named {
	const char *family, *table, *name;
	uint64_t key;
	uint64_t packets;
	struct ruleset_group *group; /* whose packets it counts; NULL: of none yet */
	const json_t *last_rule;     /* that uses it */
	bool mixed;                  /* it counts other packets too */
};

/* A rule whose log is counted by a named counter, if that is not mixed. */
struct use {
	struct ruleset_group *group;
	struct named *named;
	const json_t *rule;
};

struct ruleset {
	const json_t *objects;
	struct ruleset_group *group;
	size_t groups;
	struct named *named;
	size_t named_count;
	struct use *use;
	size_t uses;
	bool no_memory;
};

/* ---- small things */

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static uint64_t
number_of(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

/* FNV-1a over the numbers' bytes. */
static uint64_t
key_of(uint64_t table, uint64_t handle, uint64_t place)
{
	const uint64_t part[] = {table, handle, place};
	const unsigned char *p = (const unsigned char *)part;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof part; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct ruleset_group *
group_find(const struct ruleset *r, json_int_t number)
{
	for (size_t i = 0; i < r->groups; i++)
		if (r->group[i].group == number)
			return &r->group[i];
	return NULL;
}

static uint64_t
table_handle(const struct ruleset *r, const char *family, const char *name)
{
	const json_t *object, *table;
	size_t i;

	json_array_foreach(r->objects, i, object)
	{
		table = json_object_get(object, "table");
		if (table != NULL && strcmp(text_of(table, "family"), family) == 0 &&
		    strcmp(text_of(table, "name"), name) == 0)
			return number_of(table, "handle");
	}
	return 0;
}

/* Names come from whoever made the rule: only printable ASCII goes on. */
static void
leave_out(struct ruleset_group *g, const json_t *rule, const char *what)
{
	g->rules++;
	if (g->unknown++ > 0)
		return;
	snprintf(g->why, sizeof g->why, "rule handle %llu in %.8s %.40s %.40s %s",
	    (unsigned long long)number_of(rule, "handle"), text_of(rule, "family"),
	    text_of(rule, "table"), text_of(rule, "chain"), what);
	for (char *p = g->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

static void
count(
    struct ruleset_group *g, const json_t *rule, const struct ruleset_counter *counter)
{
	if (g->counters == RULESET_COUNTERS_MAX) {
		leave_out(g, rule, "is beyond the number of rules that are compared");
		return;
	}
	g->rules++;
	g->counter[g->counters++] = *counter;
}

/* ---- named counters */

static int
named_collect(struct ruleset *r)
{
	const json_t *object, *counter;
	size_t i;

	r->named = calloc(json_array_size(r->objects) + 1, sizeof *r->named);
	if (r->named == NULL)
		return -1;
	json_array_foreach(r->objects, i, object)
	{
		struct named *n = &r->named[r->named_count];

		counter = json_object_get(object, "counter");
		if (counter == NULL)
			continue;
		n->family = text_of(counter, "family");
		n->table = text_of(counter, "table");
		n->name = text_of(counter, "name");
		n->key = key_of(table_handle(r, n->family, n->table),
		    number_of(counter, "handle"), UINT64_MAX);
		n->packets = number_of(counter, "packets");
		r->named_count++;
	}
	return 0;
}

static struct named *
named_find(const struct ruleset *r, const json_t *rule, const char *name)
{
	for (size_t i = 0; i < r->named_count; i++) {
		struct named *n = &r->named[i];

		if (strcmp(n->name, name) == 0 &&
		    strcmp(n->table, text_of(rule, "table")) == 0 &&
		    strcmp(n->family, text_of(rule, "family")) == 0)
			return n;
	}
	return NULL;
}

/* A rule hits the counter; group: it does so for what it logs there. */
static void
named_use(struct named *n, struct ruleset_group *group, const json_t *rule)
{
	if (group == NULL || n->last_rule == rule ||
	    (n->group != NULL && n->group != group))
		n->mixed = true;
	n->group = group;
	n->last_rule = rule;
}

/* A map chooses the counter: it may be any of the table's. */
static void
named_map(struct ruleset *r, const json_t *rule)
{
	for (size_t i = 0; i < r->named_count; i++)
		if (strcmp(r->named[i].table, text_of(rule, "table")) == 0 &&
		    strcmp(r->named[i].family, text_of(rule, "family")) == 0)
			r->named[i].mixed = true;
}

/* ---- rules */

/* Statements that let every packet through to the next one. */
static bool
passes_all(const json_t *statement)
{
	return json_object_get(statement, "counter") != NULL ||
	       json_object_get(statement, "log") != NULL;
}

/* The nearest counter on one side of the log, NULL none. step: 1 or -1. */
static const json_t *
counter_beside(const json_t *expr, size_t log, int step, size_t *place)
{
	for (size_t i = log + (size_t)step; i < json_array_size(expr);
	     i += (size_t)step) {
		const json_t *statement = json_array_get(expr, i);
		const json_t *counter = json_object_get(statement, "counter");

		if (!passes_all(statement))
			return NULL;
		if (json_is_string(counter) ||
		    json_object_get(counter, "packets") != NULL) {
			*place = i;
			return counter;
		}
	}
	return NULL;
}

static bool
has_counter(const json_t *expr)
{
	const json_t *statement;
	size_t i;

	json_array_foreach(expr, i, statement)
	{
		if (json_object_get(statement, "counter") != NULL)
			return true;
	}
	return false;
}

static void
use_add(struct ruleset *r, const struct use *use)
{
	struct use *more = reallocarray(r->use, r->uses + 1, sizeof *more);

	if (more == NULL) {
		r->no_memory = true;
		return;
	}
	r->use = more;
	r->use[r->uses++] = *use;
}

/* Statement number i of the rule logs to g. Returns the named counter beside it. */
static const json_t *
read_log(struct ruleset *r, struct ruleset_group *g, const json_t *rule, size_t i)
{
	const json_t *expr = json_object_get(rule, "expr"), *counter;
	struct named *named;
	size_t place;

	counter = counter_beside(expr, i, -1, &place);
	if (counter == NULL)
		counter = counter_beside(expr, i, 1, &place);
	if (counter == NULL) {
		leave_out(g, rule,
		    has_counter(expr) ? "has a match or limit between counter and log: "
					"put counter right before log"
				      : "has no counter: put counter before log");
	} else if (!json_is_string(counter)) {
		const struct ruleset_counter c = {
		    key_of(table_handle(
			       r, text_of(rule, "family"), text_of(rule, "table")),
			number_of(rule, "handle"), place),
		    number_of(counter, "packets")};

		count(g, rule, &c);
	} else {
		named = named_find(r, rule, json_string_value(counter));
		if (named != NULL) {
			named_use(named, g, rule);
			use_add(r, &(struct use){g, named, rule});
			return counter;
		}
		leave_out(g, rule, "names a counter that is not there");
	}
	return NULL;
}

/* What libnftables has no JSON for is a string in nft's own language. */
static void
read_foreign(struct ruleset *r, const json_t *rule, const char *text)
{
	while ((text = strstr(text, "group ")) != NULL) {
		struct ruleset_group *g;

		text += strlen("group ");
		g = group_find(r, strtol(text, NULL, 10));
		if (g != NULL && *text >= '0' && *text <= '9')
			leave_out(g, rule, "logs inside an unnamed chain: name it");
	}
}

/* Counters that the rule hits for something else than the logs found in it. */
static void
read_other_counters(
    struct ruleset *r, const json_t *rule, const json_t *const *used, size_t n)
{
	const json_t *statement, *counter;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		struct named *named;
		bool done = false;

		counter = json_object_get(statement, "counter");
		for (size_t j = 0; j < n; j++)
			done = done || used[j] == counter;
		if (counter == NULL || done)
			continue;
		if (json_is_string(counter)) {
			named = named_find(r, rule, json_string_value(counter));
			if (named != NULL)
				named_use(named, NULL, rule);
		} else if (json_object_get(counter, "packets") == NULL) {
			named_map(r, rule);
		}
	}
}

static void
read_rule(struct ruleset *r, const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement, *number;
	const json_t *used[8];
	size_t i, n = 0;

	json_array_foreach(expr, i, statement)
	{
		struct ruleset_group *g = NULL;

		number = json_object_get(json_object_get(statement, "log"), "group");
		if (json_is_integer(number))
			g = group_find(r, json_integer_value(number));
		if (json_is_string(statement))
			read_foreign(r, rule, json_string_value(statement));
		if (g == NULL)
			continue;
		if (n == sizeof used / sizeof used[0]) {
			leave_out(g, rule, "logs too often: split it");
			continue;
		}
		used[n] = read_log(r, g, rule, i);
		if (used[n] != NULL)
			n++;
	}
	read_other_counters(r, rule, used, n);
}

/* After all rules: which named counters are good, each once. */
static void
settle_uses(struct ruleset *r)
{
	for (size_t i = 0; i < r->uses; i++) {
		const struct use *u = &r->use[i];
		bool again = false;

		if (u->named->mixed) {
			leave_out(u->group, u->rule,
			    "shares its counter with packets not logged there: give "
			    "it one of its own");
			continue;
		}
		for (size_t j = 0; j < i && !again; j++)
			again = r->use[j].named == u->named;
		if (again)
			u->group->rules++;
		else
			count(u->group, u->rule,
			    &(struct ruleset_counter){
				u->named->key, u->named->packets});
	}
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = ((const struct ruleset_counter *)a)->key;
	uint64_t y = ((const struct ruleset_counter *)b)->key;

	return x < y ? -1 : x > y;
}

static int
read_objects(struct ruleset *r)
{
	const json_t *object, *rule;
	size_t i;

	if (named_collect(r) < 0)
		return -1;
	json_array_foreach(r->objects, i, object)
	{
		rule = json_object_get(object, "rule");
		if (rule != NULL)
			read_rule(r, rule);
	}
	settle_uses(r);
	for (i = 0; i < r->groups; i++)
		qsort(r->group[i].counter, r->group[i].counters,
		    sizeof r->group[i].counter[0], compare);
	return r->no_memory ? -1 : 0;
}

int
ruleset_read(const char *json, struct ruleset_group *group, size_t groups, char *why,
    size_t whysize)
{
	struct ruleset r = {.group = group, .groups = groups};
	json_error_t error;
	json_t *root = json_loads(json, 0, &error);
	int rc = -1;

	for (size_t i = 0; i < groups; i++)
		group[i] = (struct ruleset_group){.group = group[i].group};
	r.objects = json_object_get(root, "nftables");
	if (root == NULL)
		snprintf(why, whysize, "JSON: %s", error.text);
	else if (!json_is_array(r.objects))
		snprintf(why, whysize, "JSON: no array \"nftables\"");
	else if ((rc = read_objects(&r)) < 0)
		snprintf(why, whysize, "out of memory");
	json_decref(root);
	free(r.named);
	free(r.use);
	return rc;
}
