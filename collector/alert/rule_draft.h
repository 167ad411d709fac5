/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between reading and linking: what one document says, as far as it can be understood
 * without the others.
 */
#ifndef FWLOG_COLLECTOR_ALERT_RULE_DRAFT_H
#define FWLOG_COLLECTOR_ALERT_RULE_DRAFT_H

#include "collector/alert/sigma.h"

/* In the rule, name means field. */
struct rule_alias {
	char *name, *rule, *field;
};

struct rule_draft {
	enum rule_class class;
	unsigned line; /* of the fault */
	char why[SIGMA_WHY_MAX];
	char warning[SIGMA_WHY_MAX];
	char *path;
	char *id, *name, *title; /* NULL: none */
	bool linked;             /* its class is final */

	struct rule *rule; /* of a detection or correlation that is loaded so far */
	bool generate;     /* alerts also when a correlation uses it */
	struct rule_alias *alias;
	size_t aliases;

	/* A Sigma filter. */
	struct filter_tree *filter; /* NULL: it is a rule */
	struct rule_texts targets;  /* names or ids of rules */
	bool any;                   /* or all detections */
	bool filters_verdict;
};

/* Refuses the document, if nothing did before. Returns -1. */
int rule_refuse(struct rule_draft *d, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The document into *d, all zero before; it is to be freed. */
void rule_draft_read(struct rule_draft *d, const char *path,
    const struct yaml_document *doc, const struct yaml_node *vars);
/* The correlation in the document. 0 or -1. */
int rule_draft_correlation(struct rule_draft *d, const struct yaml_node *correlation);
void rule_draft_free(struct rule_draft *d);

void rule_free(struct rule *r); /* NULL-safe */

/* ---- pieces of YAML; 0 or -1 */

/* A copy of the text of map[key], where there is one. */
int rule_read_text(
    struct rule_draft *d, const struct yaml_node *map, const char *key, char **to);
/* A word, or a list of words. */
int rule_read_texts(
    struct rule_draft *d, const struct yaml_node *node, struct rule_texts *to);
/* 15m: a number and one of s m h d w, above 0. */
int rule_read_duration(
    struct rule_draft *d, const struct yaml_node *node, uint64_t *us);
int rule_read_count(struct rule_draft *d, const struct yaml_node *node, uint64_t *n);
int rule_read_level(
    struct rule_draft *d, const struct yaml_node *node, enum rule_level *level);
/* A group of these fields. */
int rule_read_keys(
    struct rule_draft *d, const struct yaml_node *node, struct rule *rule);
void rule_keys_free(struct rule *rule);
int rule_texts_add(struct rule_texts *t, const char *text);
void rule_texts_free(struct rule_texts *t);

/* ---- sets */

/* A YAML file with one map in it. */
struct rule_map {
	char *data;
	struct yaml_text *yaml;
	struct yaml_document doc;
};

struct rule_reader {
	const struct rule_options *options;
	struct rule_map vars, overrides;
	struct rule_draft *draft; /* in the order of reading */
	size_t drafts, size;
	struct rule_name *name; /* sorted, once linking begins */
	size_t names;
};

struct rule_name {
	const char *name;
	size_t draft;
};

/* What overrides.yml says about the rule of the draft. 0, or -1 and why. */
int rule_override(
    const struct rule_reader *r, struct rule_draft *d, char *why, size_t whysize);
/* Sigma filters become part of the trees of their rules. 0, or -1 without memory. */
int rule_link_filter(struct rule_reader *r, struct rule_draft *filter);
/* Of a loaded detection that is whole: text, hash; lists exist. */
void rule_finish_detection(const struct rule_reader *r, struct rule_draft *d);
/* References of the correlation. False: some of its rules are not linked themselves. */
bool rule_link_correlation(struct rule_reader *r, struct rule_draft *d);
/* What its groups and values are. */
void rule_link_keys(struct rule_draft *d);

void rule_reader_free(struct rule_reader *r); /* NULL-safe */
/* The draft of a rule with this id or name; NULL: none. */
struct rule_draft *rule_reader_find(const struct rule_reader *r, const char *name);

#endif
