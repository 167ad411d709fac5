/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/silence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
compile(struct silence *to, const char *query, const struct filter_lists *lists,
    char *why, size_t whysize)
{
	struct filter_error error;
	struct filter_tree *tree = filter_parse(query, strlen(query), &error);

	if (tree != NULL)
		to->filter = filter_compile(tree, lists, 0, &error);
	filter_tree_free(tree);
	if (to->filter != NULL)
		return 0;
	snprintf(why, whysize, "silence %lld: %s", (long long)to->id, error.message);
	return -1;
}

static int
fill(struct silence *to, const struct engine_silence *from,
    const struct filter_lists *lists, char *why, size_t whysize)
{
	*to = (struct silence){
	    .id = from->id, .from_us = from->from_us, .until_us = from->until_us};
	if (from->rule_id != NULL && (to->rule_id = strdup(from->rule_id)) == NULL) {
		snprintf(why, whysize, "out of memory");
		return -1;
	}
	if (from->query == NULL || from->query[0] == '\0')
		return 0;
	return compile(to, from->query, lists, why, whysize);
}

int
silences_set(struct silences *s, const struct engine_silence *silence, size_t count,
    const struct filter_lists *lists, char *why, size_t whysize)
{
	struct silences fresh = {calloc(count + 1, sizeof *fresh.at), 0};

	if (fresh.at == NULL) {
		snprintf(why, whysize, "out of memory");
		return -1;
	}
	for (; fresh.count < count; fresh.count++)
		if (fill(&fresh.at[fresh.count], &silence[fresh.count], lists, why,
			whysize) < 0) {
			fresh.count++;
			silences_free(&fresh);
			return -1;
		}
	silences_free(s);
	*s = fresh;
	return 0;
}

void
silences_free(struct silences *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->at[i].rule_id);
		filter_free(s->at[i].filter);
	}
	free(s->at);
	*s = (struct silences){0};
}

const struct silence *
silences_find(struct silences *s, const char *rule_id, uint64_t t,
    const struct event *group, const struct filter_source *source)
{
	for (size_t i = 0; i < s->count; i++) {
		struct silence *one = &s->at[i];

		if (t < one->from_us || t >= one->until_us ||
		    (one->rule_id != NULL && strcmp(one->rule_id, rule_id) != 0))
			continue;
		if (one->filter == NULL)
			return one;
		filter_begin(one->filter, source);
		if (filter_match(one->filter, group))
			return one;
	}
	return NULL;
}
