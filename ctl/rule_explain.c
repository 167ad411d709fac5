/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/filter_tree.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/rule.h"
#include "ctl/rule_events.h"

#define DAY_US INT64_C(86400000000)

/* An event, and a rule that looks at it. */
struct explain {
	struct rules rules;
	struct event ev;
	int32_t host_id;
	int64_t n;
	bool found;
};

enum answer { FALSE_, TRUE_, ABSENT, UNKNOWN };

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	const struct explain *x = arg;

	return names_verdict(x->rules.names, x->host_id, ev);
}

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct explain *x = arg;

	return names_string(x->rules.names, dict, id);
}

static bool
is_absent(const struct explain *x, const struct filter_node *node)
{
	uint64_t columns = 0;

	if (node->kind != FILTER_TERM || node->field->columns == 0)
		return false;
	for (unsigned c = 0; c < node->field->columns; c++)
		columns |= UINT64_C(1) << node->field->column[c];
	return (x->ev.has & columns) == 0;
}

/* Part of the tree as a filter of its own; its arrays are the tree's. */
static enum answer
ask(const struct explain *x, const struct filter_tree *tree, uint32_t node)
{
	struct filter_tree part = *tree;
	struct filter_source source = {
	    .host = names_string(x->rules.names, FILTER_HOST, (uint32_t)x->host_id),
	    .string = string_of,
	    .verdict = verdict_of,
	    .arg = x,
	    .generation = 1,
	};
	struct filter_error error;
	struct filter *f;
	bool yes;

	part.root = node;
	f = filter_compile(&part, &x->rules.lists,
	    FILTER_CAN_VERDICT | FILTER_CAN_ID | FILTER_CAN_LINE, &error);
	if (f == NULL)
		return UNKNOWN;
	filter_begin(f, &source);
	yes = filter_match_stored(f, &x->ev, x->host_id, x->n);
	filter_free(f);
	if (!yes && is_absent(x, &tree->node[node]))
		return ABSENT;
	return yes ? TRUE_ : FALSE_;
}

static void
print_part(const struct filter_tree *tree, uint32_t node)
{
	struct filter_tree part = *tree;
	char *text;

	part.root = node;
	text = filter_canon(&part);
	text_plain(text != NULL ? text : "(too long to print)", stdout);
	free(text);
}

static void
print_node(const struct explain *x, const struct filter_tree *tree, uint32_t node,
    unsigned depth)
{
	static const char *const answers[] = {"false", "true", "absent", "?"};
	const struct filter_node *at = &tree->node[node];

	printf("%-7s %*s", answers[ask(x, tree, node)], (int)(2 * depth), "");
	switch (at->kind) {
	case FILTER_AND:
		puts("all of");
		break;
	case FILTER_OR:
		puts("any of");
		break;
	case FILTER_NOT:
		puts("not");
		break;
	default:
		print_part(tree, node);
		putchar('\n');
		return;
	}
	for (uint32_t child = at->child; child != 0; child = tree->node[child].next)
		print_node(x, tree, child, depth + 1);
}

/* What kept the event out, in one line: a NOT is an entry of an allow-list. */
static void
print_reason(const struct explain *x, const struct filter_tree *tree)
{
	const struct filter_node *root = &tree->node[tree->root];
	bool all = root->kind == FILTER_AND;
	uint32_t child = all ? root->child : tree->root;

	for (; child != 0; child = all ? tree->node[child].next : 0) {
		bool allowed = tree->node[child].kind == FILTER_NOT;

		if (ask(x, tree, child) == TRUE_)
			continue;
		fputs(allowed ? "left out by: " : "not met: ", stdout);
		print_part(tree, allowed ? tree->node[child].child : child);
		putchar('\n');
	}
}

static bool
explain_rule(const struct explain *x, const struct rule *rule)
{
	bool selected;

	text_plain(rule->title, stdout);
	printf(" (");
	text_plain(rule->id, stdout);
	if (rule->tree->root == 0) {
		puts("): selects every event");
		return true;
	}
	selected = ask(x, rule->tree, rule->tree->root) == TRUE_;
	puts(selected ? "): selects the event" : "): does not select the event");
	print_node(x, rule->tree, rule->tree->root, 0);
	if (!selected)
		print_reason(x, rule->tree);
	return selected;
}

/* ---- the event */

static int
take(void *arg, const struct event *ev, int32_t host_id, int64_t n)
{
	struct explain *x = arg;

	x->ev = *ev;
	x->ev.payload = x->ev.hw_header = (struct bytes){0}; /* do not stay */
	x->host_id = host_id;
	x->n = n;
	x->found = true;
	return 0;
}

static int
read_event(struct explain *x, const struct args *args)
{
	int64_t now_us = (int64_t)time(NULL) * 1000000, from_us = 0, to_us;
	char condition[128];
	long host_id;
	long long n;
	char end;

	if (args->event == NULL ||
	    sscanf(args->event, "%ld-%lld%c", &host_id, &n, &end) != 2) {
		fputs("fwlogctl: --event HOST-N is expected: the id of an event, "
		      "host_id and n\n",
		    stderr);
		return QUERY_USAGE;
	}
	to_us = now_us + DAY_US;
	if ((args->from != NULL && timearg_parse(args->from, now_us, &from_us) != 0) ||
	    (args->to != NULL && timearg_parse(args->to, now_us, &to_us) != 0)) {
		fputs("fwlogctl: --from, --to: times are expected\n", stderr);
		return QUERY_USAGE;
	}
	snprintf(
	    condition, sizeof condition, "e.host_id = %ld AND e.n = %lld", host_id, n);
	if (rule_events_stored(&x->rules, from_us, to_us, condition, take, x) != 0)
		return QUERY_FAILED;
	if (!x->found)
		fprintf(stderr, "fwlogctl: there is no event %s\n", args->event);
	return x->found ? -1 : QUERY_NONE;
}

int
rule_explain(const struct args *args)
{
	struct explain x = {.host_id = 0};
	bool any = false;
	int rc = QUERY_FAILED;

	if (rules_open(&x.rules, args, args->operands, true) == 0 &&
	    rules_read_names(&x.rules) == 0)
		rc = read_event(&x, args);
	if (rc < 0) {
		rules_print_reports(x.rules.set, false, stderr);
		for (size_t i = 0; i < x.rules.set->count; i++)
			if (x.rules.set->rule[i]->tree != NULL)
				any |= explain_rule(&x, x.rules.set->rule[i]);
		rc = any ? QUERY_FOUND : QUERY_NONE;
	}
	rules_close(&x.rules);
	return rc;
}
