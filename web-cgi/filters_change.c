/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_tree.h"
#include "common/message.h"
#include "web-cgi/change.h"
#include "web-cgi/when.h"

#define WHY_MAX 400
#define HOSTS_MAX 2048

const char *
filters_unknown_field(const struct search *s)
{
	for (uint32_t i = 1; i < s->tree->nodes; i++) {
		const struct filter_node *n = &s->tree->node[i];

		if (n->kind != FILTER_HAS && n->kind != FILTER_TERM)
			continue;
		if (n->field->type == FILTER_VERDICT || n->field->type == FILTER_ID ||
		    n->field->type == FILTER_ALERT)
			return n->field->name;
	}
	return NULL;
}

/* ---- what was typed */

/* An addition, as the database takes it. */
struct addition {
	char name[FILTERS_NAME_MAX + 2], why[WHY_MAX], hosts[HOSTS_MAX + 2];
	char sample[16], expires[RANGE_TIME_TEXT], lists[SEARCH_TEXT + 2];
};

static int
read_name(struct visit *v, char name[FILTERS_NAME_MAX + 2])
{
	change_field(v, "name", name, FILTERS_NAME_MAX + 2);
	return agent_name_ok(name)
		   ? 200
		   : visit_refuse(v, 400,
			 "A filter's name has 1 to 64 letters, digits, dots, dashes "
			 "and underscores.");
}

static int
read_why(struct visit *v, char why[WHY_MAX])
{
	change_field(v, "why", why, WHY_MAX);
	return why[0] != '\0' ? 200
			      : visit_refuse(v, 400,
				    "The reason is missing: for those who ask later.");
}

/* "web1, web2" as an array; "": all hosts. Names need no quoting. */
static int
read_hosts(struct visit *v, char hosts[HOSTS_MAX + 2])
{
	char text[HOSTS_MAX], *word, *rest = text;
	size_t len = 0;

	change_field(v, "hosts", text, sizeof text);
	hosts[0] = '\0';
	while ((word = strsep(&rest, ", ")) != NULL) {
		if (word[0] == '\0')
			continue;
		if (!agent_name_ok(word))
			return visit_refuse(v, 400,
			    "“hosts” are names of hosts with commas between them.");
		len += (size_t)snprintf(hosts + len, HOSTS_MAX + 2 - len, "%c%s",
		    len == 0 ? '{' : ',', word);
	}
	if (len > 0)
		snprintf(hosts + len, HOSTS_MAX + 2 - len, "}");
	return 200;
}

static int
read_sample(struct visit *v, char sample[16])
{
	change_field(v, "sample", sample, 16);
	if (sample[0] == '\0')
		strcpy(sample, "0");
	if (strspn(sample, "0123456789") != strlen(sample) || strlen(sample) > 9 ||
	    strcmp(sample, "1") == 0)
		return visit_refuse(v, 400,
		    "“sample” is N of “one of N is kept”: 100; 0 or nothing for none.");
	return 200;
}

/* +7d, or a time; "": never. */
static int
read_expires(struct visit *v, char expires[RANGE_TIME_TEXT])
{
	char text[WHEN_TEXT_MAX + 8], past[sizeof text];
	int64_t us;

	change_field(v, "expires", text, sizeof text);
	expires[0] = '\0';
	if (text[0] == '\0')
		return 200;
	if (text[0] == '+') {
		snprintf(past, sizeof past, "-%s", text + 1);
		if (when_parse(past, v->now, &us) < 0)
			us = 2 * v->now;
		us = 2 * v->now - us;
	} else if (when_parse(text, v->now, &us) < 0) {
		us = 0;
	}
	if (us <= v->now)
		return visit_refuse(v, 400,
		    "“expires” is a time to come, like +7d or 2027-01-31T14:00:00Z.");
	range_time_text(us, expires);
	return 200;
}

static int
read_query(struct visit *v, struct addition *a)
{
	const char *field = filters_unknown_field(&v->search), *name;
	size_t len = 1;
	char sure[4];

	if (v->search.parts == 0)
		return visit_refuse(v, 400,
		    "The filter is empty: it would leave out "
		    "everything.");
	if (field != NULL) {
		snprintf(v->why, sizeof v->why,
		    "Agents do not know “%s”; prefix: they know.", field);
		return 400;
	}
	strcpy(a->lists, "{");
	for (size_t i = 0; (name = filter_list_name(v->search.tree, i)) != NULL; i++)
		len += (size_t)snprintf(a->lists + len, sizeof a->lists - len, "%s%s",
		    i > 0 ? "," : "", name);
	snprintf(a->lists + len, sizeof a->lists - len, "}");
	change_field(v, "sure", sure, sizeof sure);
	return sure[0] == '1'
		   ? 200
		   : visit_refuse(v, 400,
			 "Look at the preview and say that you know what the "
			 "filter leaves out.");
}

/* ---- what is done */

static int
add(struct visit *v)
{
	struct addition a;
	const char *params[] = {
	    a.name, v->search.canon, NULL, a.lists, a.sample, NULL, a.why};
	int status = read_name(v, a.name);

	if (status == 200)
		status = read_query(v, &a);
	if (status == 200)
		status = read_hosts(v, a.hosts);
	if (status == 200)
		status = read_sample(v, a.sample);
	if (status == 200)
		status = read_expires(v, a.expires);
	if (status == 200)
		status = read_why(v, a.why);
	if (status != 200)
		return status;
	params[2] = a.hosts[0] != '\0' ? a.hosts : NULL;
	params[5] = a.expires[0] != '\0' ? a.expires : NULL;
	return change_run(v,
	    "SELECT fwlog.filter_add($1, $2, (SELECT array_agg(DISTINCT h) FROM "
	    "unnest($3::text[]) h), $4, $5, $6, $7)",
	    7, params, NULL);
}

static int
take_away(struct visit *v)
{
	char name[FILTERS_NAME_MAX + 2], why[WHY_MAX];
	const char *const params[] = {name, why};
	int status = read_name(v, name);

	if (status == 200)
		status = read_why(v, why);
	return status == 200 ? change_run(v, "SELECT fwlog.filter_remove($1, $2)", 2,
				   params, NULL)
			     : status;
}

static int
roll_back(struct visit *v)
{
	char version[16], why[WHY_MAX];
	const char *const params[] = {version, why};
	int status;

	change_field(v, "version", version, sizeof version);
	if (version[0] == '\0' || strlen(version) > 9 ||
	    strspn(version, "0123456789") != strlen(version))
		return visit_refuse(v, 400, "“version” is the number of a version.");
	status = read_why(v, why);
	return status == 200
		   ? change_run(v,
			 "SELECT version FROM fwlog.filter_rollback($1::integer, $2)",
			 2, params, NULL)
		   : status;
}

int
filters_change(struct visit *v)
{
	char what[16];
	int status = change_check(v);

	if (status == 200 && !change_operator(v))
		status = visit_refuse(v, 403,
		    "You may look at filters, not change them: “operators” in "
		    "fwlog.cgi.conf names those who may.");
	if (status != 200)
		return status;
	change_field(v, "do", what, sizeof what);
	if (strcmp(what, "add") == 0)
		status = add(v);
	else if (strcmp(what, "remove") == 0)
		status = take_away(v);
	else if (strcmp(what, "rollback") == 0)
		status = roll_back(v);
	else
		return visit_refuse(v, 400, "The form does not say what to do.");
	return status == 200 ? change_done(v, FILTERS_PATH) : status;
}
