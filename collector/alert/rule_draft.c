/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/rule_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- is it for us? */

static bool
is_one_of(const struct yaml_node *n, const char *const *words)
{
	for (; *words != NULL; words++)
		if (n != NULL && n->kind == YAML_SCALAR &&
		    strcasecmp(n->text, *words) == 0)
			return true;
	return false;
}

/* A firewall's log, of no product or of what logs through netfilter. */
static bool
is_applicable(const struct yaml_node *source)
{
	static const char *const own[] = {
	    "fwlog", "netfilter", "nftables", "iptables", "nflog", "ulogd", NULL};
	static const char *const services[] = {"fwlog", "netfilter", "nftables",
	    "iptables", "nflog", "ulogd", "ufw", "firewalld", NULL};
	static const char *const linux_[] = {"linux", NULL};
	static const char *const firewall[] = {"firewall", NULL};
	const struct yaml_node *product = yaml_get(source, "product");
	const struct yaml_node *category = yaml_get(source, "category");
	const struct yaml_node *service = yaml_get(source, "service");

	if (category != NULL && !is_one_of(category, firewall))
		return false;
	if (is_one_of(product, own))
		return true;
	if (product != NULL && !is_one_of(product, linux_))
		return false;
	if (service != NULL)
		return is_one_of(service, services);
	return category != NULL;
}

static int
check_source(struct rule_draft *d, const struct yaml_node *root)
{
	const struct yaml_node *source = yaml_get(root, "logsource"), *n;
	size_t at = 0;

	if (source == NULL || source->kind != YAML_MAP)
		return rule_refuse(d, source != NULL ? source->line : root->line,
		    "the logsource is missing");
	if (is_applicable(source))
		return 0;
	d->class = RULE_NOT_APPLICABLE;
	d->line = source->line;
	at = (size_t)snprintf(d->why, sizeof d->why, "logsource:");
	for (n = source->first; n != NULL && at < sizeof d->why; n = n->next)
		if (n->kind == YAML_SCALAR)
			at += (size_t)snprintf(d->why + at, sizeof d->why - at,
			    " %.32s %.48s", n->key, n->text);
	return -1;
}

/* ---- what is said about the rule */

static int
read_texts_of(struct rule_draft *d, const struct yaml_node *root, const char *key,
    struct rule_texts *to)
{
	const struct yaml_node *n = yaml_get(root, key);

	return n != NULL ? rule_read_texts(d, n, to) : 0;
}

static int
read_about(struct rule_draft *d, const struct yaml_node *root)
{
	struct rule *r = d->rule;
	const struct yaml_node *level = yaml_get(root, "level");

	r->level = RULE_MEDIUM;
	r->mask4 = 32;
	r->mask6 = 128;
	if (rule_read_text(d, root, "name", &r->name) < 0 ||
	    rule_read_text(d, root, "status", &r->status) < 0 ||
	    rule_read_text(d, root, "author", &r->author) < 0 ||
	    rule_read_text(d, root, "description", &r->description) < 0 ||
	    rule_read_text(d, root, "license", &r->license) < 0 ||
	    rule_read_text(d, root, "date", &r->date) < 0 ||
	    read_texts_of(d, root, "references", &r->references) < 0 ||
	    read_texts_of(d, root, "tags", &r->tags) < 0 ||
	    read_texts_of(d, root, "falsepositives", &r->falsepositives) < 0 ||
	    read_texts_of(d, root, "fields", &r->fields) < 0 ||
	    (level != NULL && rule_read_level(d, level, &r->level) < 0))
		return -1;
	if (d->title == NULL || d->title[0] == '\0')
		return rule_refuse(d, root->line, "the title is missing");
	if ((d->id == NULL || d->id[0] == '\0') &&
	    (r->name == NULL || r->name[0] == '\0'))
		return rule_refuse(
		    d, root->line, "the id is missing: alerts are kept by it");
	r->id = strdup(d->id != NULL && d->id[0] != '\0' ? d->id : r->name);
	r->title = strdup(d->title);
	if (r->id == NULL || r->title == NULL)
		return rule_refuse(d, root->line, "out of memory");
	return 0;
}

/* ---- selections */

static struct filter_tree *
build_tree(struct rule_draft *d, const struct yaml_node *detection,
    const struct yaml_node *vars, bool *needs_verdict)
{
	struct sigma *s = calloc(1, sizeof *s);
	struct filter_tree *tree = filter_tree_new();

	if (s == NULL || tree == NULL)
		rule_refuse(d, detection->line, "out of memory");
	if (d->class != RULE_REFUSED) {
		s->tree = tree;
		s->vars = vars;
		if (sigma_build(s, detection) < 0)
			rule_refuse(d, s->line, "%s", s->why);
		*needs_verdict = s->uses_verdict;
	}
	free(s);
	if (d->class != RULE_REFUSED)
		return tree;
	filter_tree_free(tree);
	return NULL;
}

static int
read_detection(struct rule_draft *d, const struct yaml_node *root,
    const struct yaml_node *detection, const struct yaml_node *vars)
{
	const struct yaml_node *generate = yaml_get(root, "generate");

	if (detection->kind != YAML_MAP)
		return rule_refuse(d, detection->line, "detection: a map is expected");
	if (generate != NULL && !yaml_is_bool(generate, &d->generate))
		return rule_refuse(
		    d, generate->line, "generate: true or false is expected");
	d->rule->tree = build_tree(d, detection, vars, &d->rule->needs_verdict);
	return d->rule->tree != NULL ? 0 : -1;
}

static bool
mentions_not(const struct yaml_node *condition)
{
	const char *at = condition->kind == YAML_SCALAR ? condition->text : "";

	for (; *at != '\0'; at += strcspn(at, " (") + (at[strcspn(at, " (")] != '\0'))
		if (strncasecmp(at, "not", 3) == 0 && (at[3] == ' ' || at[3] == '('))
			return true;
	return false;
}

static int
read_filter(struct rule_draft *d, const struct yaml_node *root,
    const struct yaml_node *filter, const struct yaml_node *vars)
{
	const struct yaml_node *rules = yaml_get(filter, "rules");
	const struct yaml_node *condition = yaml_get(filter, "condition");
	struct yaml_node selections = *filter;
	struct yaml_node *copies;
	if (check_source(d, root) < 0)
		return -1;
	if (rules == NULL || rule_read_texts(d, rules, &d->targets) < 0)
		return rule_refuse(d, filter->line, "filter: the rules are missing");
	d->any = d->targets.count == 1 && strcasecmp(d->targets.at[0], "any") == 0;
	/* Without the rules it is a detection. */
	copies = calloc(filter->count, sizeof *copies);
	if (copies == NULL)
		return rule_refuse(d, filter->line, "out of memory");
	selections.first = NULL;
	selections.count = 0;
	for (const struct yaml_node *n = filter->first; n != NULL; n = n->next) {
		struct yaml_node *copy = &copies[selections.count];

		if (n == rules)
			continue;
		*copy = *n;
		copy->next = NULL;
		if (selections.count++ > 0)
			copy[-1].next = copy;
	}
	selections.first = selections.count > 0 ? copies : NULL;
	d->filter = build_tree(d, &selections, vars, &d->filters_verdict);
	free(copies);
	if (d->filter != NULL && condition != NULL && !mentions_not(condition))
		snprintf(d->warning, sizeof d->warning,
		    "the filter has no \"not\": its rules select only what it selects");
	return d->filter != NULL ? 0 : -1;
}

/* ---- documents */

static int
read_rule(struct rule_draft *d, const char *path, const struct yaml_node *root,
    const struct yaml_node *vars)
{
	const struct yaml_node *correlation = yaml_get(root, "correlation");
	const struct yaml_node *detection = yaml_get(root, "detection");

	if (correlation == NULL && detection == NULL)
		return rule_refuse(d, root->line,
		    "no rule: it has neither detection, correlation nor filter");
	if (correlation != NULL && detection != NULL)
		return rule_refuse(
		    d, correlation->line, "either detection or correlation, not both");
	if (detection != NULL && check_source(d, root) < 0)
		return -1;
	d->rule = calloc(1, sizeof *d->rule);
	if (d->rule == NULL || (d->rule->path = strdup(path)) == NULL)
		return rule_refuse(d, root->line, "out of memory");
	d->rule->line = root->line;
	if (read_about(d, root) < 0)
		return -1;
	return correlation != NULL ? rule_draft_correlation(d, correlation)
				   : read_detection(d, root, detection, vars);
}

void
rule_draft_read(struct rule_draft *d, const char *path, const struct yaml_document *doc,
    const struct yaml_node *vars)
{
	const struct yaml_node *root = doc->root, *filter;

	d->class = RULE_LOADED;
	d->line = doc->line;
	if (doc->fault_line != 0) {
		rule_refuse(d, doc->fault_line, "%s", doc->fault);
		return;
	}
	if (root->kind != YAML_MAP) {
		rule_refuse(d, root->line, "no rule: a map is expected");
		return;
	}
	if (rule_read_text(d, root, "id", &d->id) < 0 ||
	    rule_read_text(d, root, "name", &d->name) < 0 ||
	    rule_read_text(d, root, "title", &d->title) < 0)
		return;
	if (yaml_get(root, "action") != NULL) {
		rule_refuse(d, yaml_get(root, "action")->line,
		    "collections with action: are of an older Sigma; write whole "
		    "rules");
		return;
	}
	filter = yaml_get(root, "filter");
	if (filter != NULL && filter->kind != YAML_MAP)
		rule_refuse(d, filter->line, "filter: a map is expected");
	else if (filter != NULL)
		(void)read_filter(d, root, filter, vars);
	else
		(void)read_rule(d, path, root, vars);
}

void
rule_draft_free(struct rule_draft *d)
{
	for (size_t i = 0; i < d->aliases; i++) {
		free(d->alias[i].name);
		free(d->alias[i].rule);
		free(d->alias[i].field);
	}
	free(d->alias);
	rule_texts_free(&d->targets);
	filter_tree_free(d->filter);
	rule_free(d->rule);
	free(d->path);
	free(d->id);
	free(d->name);
	free(d->title);
	*d = (struct rule_draft){0};
}
