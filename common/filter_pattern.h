/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a term about text looks for: words, patterns with * and ?, regular expressions.
 * Words and patterns ignore blanks around the subject and, unless cased, the case of
 * ASCII letters;
 * regular expressions see it as it is.
 */
#ifndef FWLOG_COMMON_FILTER_PATTERN_H
#define FWLOG_COMMON_FILTER_PATTERN_H

#include "common/filter_regex.h"
#include "common/filter_tree.h"

struct filter_pattern {
	uint8_t kind; /* FILTER_LITERAL, FILTER_WILD, FILTER_REGEX */
	bool cased;   /* case counts */
	uint32_t len;
	char *text;
	struct filter_regex *regex;
};

struct filter_patterns {
	struct filter_pattern *at;
	size_t count, size;
	uint64_t failures; /* regular expressions that gave up */
};

/* A value with text. 0 or -1 without memory. */
int filter_patterns_add(struct filter_patterns *set, const struct filter_value *v,
    const char *text, bool cased) __attribute__((warn_unused_result));
/* Does any of them match? */
bool filter_patterns_match(struct filter_patterns *set, struct bytes subject);
void filter_patterns_free(struct filter_patterns *set);

#endif
