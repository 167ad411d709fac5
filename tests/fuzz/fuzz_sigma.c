/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of strangers. Input: a file of rules, and behind a zero byte an event's bytes.
 * Any bytes load, are not applicable or are refused with a place; what is loaded
 * compiles, its text selects what the rule does, and comes before what refers to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/rule.h"
#include "common/buf.h"
#include "common/filter_tree.h"
#include "tests/fuzz/fuzz.h"

#define EVENTS 4

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	(void)arg;
	snprintf(why, whysize, "no list");
	return name[0] == 'n' ? -1 : filter_list_add(list, "10.0.0.0/8", 10);
}

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	const struct bytes *all = arg;
	struct bytes s = *all;

	(void)dict;
	s.len = s.len > 0 ? (uint16_t)(id % s.len) : 0;
	return s;
}

static enum filter_verdict
verdict_of(const void *arg, const struct event *ev)
{
	(void)arg;
	return (enum filter_verdict)(ev->ts % 4);
}

static void
fill_event(struct event *ev, struct reader *r)
{
	*ev = (struct event){.has = get_u64(r)};
	ev->ts = get_u64(r) % UINT64_C(100000000000000000);
	ev->src.family = get_u8(r) & 1 ? 4 : 6;
	ev->src.byte[0] = get_u8(r);
	ev->dst = ev->src;
	ev->dst.byte[3] = get_u8(r);
	ev->dport = get_u16(r);
	ev->sport = get_u16(r);
	ev->proto = get_u8(r);
	ev->tcp_flags = get_u8(r);
	ev->prefix_id = get_u8(r);
	ev->hook = get_u8(r) & 7;
}

static bool
matches(const struct filter_tree *tree, const struct filter_source *source,
    const struct filter_lists *lists, const struct event *ev)
{
	struct filter_error error;
	struct filter *f =
	    filter_compile(tree, lists, FILTER_CAN_VERDICT | FILTER_CAN_LINE, &error);
	bool yes;

	check(f != NULL);
	filter_begin(f, source);
	yes = filter_match(f, ev);
	filter_free(f);
	return yes;
}

/* The text of a rule is the rule. */
static void
check_detection(
    const struct rule *r, const struct filter_lists *lists, struct bytes tail)
{
	const struct filter_source source = {
	    .host = tail,
	    .string = string_of,
	    .verdict = verdict_of,
	    .arg = &tail,
	    .strings = 8,
	    .generation = 1,
	};
	struct reader reader = reader_of(tail.p, tail.len);
	struct filter_error error;
	struct filter_tree *again;
	struct event ev;

	check(r->tree != NULL && r->tree->root != 0);
	if (r->text == NULL)
		return;
	again = filter_parse(r->text, strlen(r->text), &error);
	check(again != NULL);
	for (unsigned i = 0; i < EVENTS; i++) {
		fill_event(&ev, &reader);
		check(matches(r->tree, &source, lists, &ev) ==
		      matches(again, &source, lists, &ev));
	}
	filter_tree_free(again);
}

static void
check_correlation(const struct rule *r)
{
	check(r->depth >= 1 && r->depth <= RULE_CHAIN_MAX && r->timespan_us > 0);
	check(r->lower <= r->upper && r->reference_count > 0);
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct rule *below = r->reference[i].rule;

		check(below != NULL && below->index < r->index);
		for (size_t k = 0; k < r->key_count; k++)
			check(r->key[k].source[i].field != NULL ||
			      r->key[k].source[i].key < below->key_count);
	}
}

static void
check_reports(const struct rule_set *set)
{
	check(set->loaded + set->not_applicable + set->refused == set->report_count);
	for (size_t i = 0; i < set->report_count; i++) {
		check(set->report[i].line > 0);
		check((set->report[i].class == RULE_LOADED) ==
		      (set->report[i].reason == NULL));
	}
}

static void
try_convert(const char *text, size_t len)
{
	char why[256], *made = rule_convert(text, len, why, sizeof why);

	check(made != NULL || why[0] != '\0');
	free(made);
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	const struct rule_options options = {.lists = {.read = read_list}};
	const uint8_t *zero = memchr(data, 0, len);
	size_t n = zero != NULL ? (size_t)(zero - data) : len,
	       rest = len - n - (zero != NULL);
	struct bytes tail = {
	    zero != NULL ? zero + 1 : data, (uint16_t)(rest < 255 ? rest : 255)};
	char why[256], *text = malloc(n + 1);
	struct rule_set *set = rule_set_new(&options, why, sizeof why);

	check(set != NULL && text != NULL);
	memcpy(text, data, n);
	check(rule_set_add_text(set, "f", text, n, why, sizeof why) == 0);
	check(rule_set_link(set, why, sizeof why) == 0);
	check_reports(set);
	for (size_t i = 0; i < set->count; i++) {
		check(set->rule[i]->index == i);
		if (set->rule[i]->type == RULE_DETECTION)
			check_detection(set->rule[i], &options.lists, tail);
		else
			check_correlation(set->rule[i]);
	}
	rule_set_free(set);
	try_convert(text, n);
	free(text);
	return 0;
}
