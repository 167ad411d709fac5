/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The detection part of a Sigma rule as a filter tree: selections, their modifiers and
 * values, conditions. What it does not understand refuses the whole rule.
 */
#ifndef FWLOG_COLLECTOR_ALERT_SIGMA_H
#define FWLOG_COLLECTOR_ALERT_SIGMA_H

#include "collector/alert/rule.h"
#include "collector/alert/yaml.h"
#include "common/filter_tree.h"

#define SIGMA_WHY_MAX 320    /* bytes, with the NUL */
#define SIGMA_VALUE_MAX 1024 /* bytes of a value */
#define SIGMA_NODES_MAX 4096 /* of a rule's tree */
#define SIGMA_VALUES_MAX 65536
#define SIGMA_SEARCHES_MAX 64 /* patterns over all values of a number, of a rule */

/* A rule being built. */
struct sigma {
	struct filter_tree *tree;
	const struct yaml_node *detection;
	const struct yaml_node *vars; /* values of placeholders; NULL: none */
	bool uses_verdict, uses_lists;
	unsigned searches;
	unsigned line; /* of the first fault; 0: none */
	char why[SIGMA_WHY_MAX];
};

/* The first fault counts. Returns 0, the index of no node. */
uint32_t sigma_fail(struct sigma *s, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- nodes: index, or 0 and why */

uint32_t sigma_add(struct sigma *s, const struct filter_node *node, unsigned line);
/* either may be 0: the other one. */
uint32_t sigma_join(
    struct sigma *s, enum filter_kind kind, uint32_t a, uint32_t b, unsigned line);
uint32_t sigma_negate(struct sigma *s, uint32_t node, unsigned line);

/* ---- fields */

enum sigma_kind {
	SIGMA_FIELD,     /* of the filter language */
	SIGMA_BLOCKED,   /* true or false, by the verdict */
	SIGMA_INITIATED, /* true: hook output */
	SIGMA_TIME,      /* goes with minute to year */
};

struct sigma_field {
	enum sigma_kind kind;
	const struct filter_field *field; /* FIELD; BLOCKED, INITIATED: behind it */
};

/* By any of its names, any case; false: there is none. */
bool sigma_field_find(const char *name, size_t len, struct sigma_field *field);
/* The nearest name, for messages; NULL: none is near. */
const char *sigma_field_nearest(const char *name, size_t len);

/* ---- items: field|modifier…: value or values; key NULL: keywords */

uint32_t sigma_item(struct sigma *s, const char *key, const struct yaml_node *values);

/* ---- values, put behind the others of the tree; 0, or -1 and why */

enum sigma_match {
	SIGMA_EQUAL,
	SIGMA_CONTAINS,
	SIGMA_STARTSWITH,
	SIGMA_ENDSWITH,
	SIGMA_RE,
	SIGMA_CIDR,
};

struct sigma_value {
	const char *text; /* NUL-terminated */
	size_t len;
	bool list; /* text is the name of a named list */
	unsigned line;
};

struct sigma_how {
	const struct filter_field *field;
	enum sigma_match match;
	unsigned regex; /* FILTER_REGEX_* */
	bool cased, compared;
};

int sigma_put_value(
    struct sigma *s, const struct sigma_how *how, const struct sigma_value *value);
/* Does the value stand for any text at all? */
bool sigma_is_star(const struct sigma_how *how, const struct sigma_value *value);

/* Calls take with each text that the value and its placeholders come to. */
int sigma_expand(struct sigma *s, const struct sigma_value *value,
    int (*take)(void *to, const struct sigma_value *value), void *to);

/* ---- conditions */

/* The tree of the detection: 0 with s->tree->root set, or -1 and why. */
int sigma_build(struct sigma *s, const struct yaml_node *detection);
/* A selection as it stands. */
uint32_t sigma_selection(struct sigma *s, const struct yaml_node *selection);
/* name matches pattern, in which * is wild. */
bool sigma_glob(const char *pattern, size_t pattern_len, const char *name);

#endif
