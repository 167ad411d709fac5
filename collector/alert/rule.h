/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alert rules in the Sigma format (docs/alerts.md, fwlog-rules(5)): detections, whose
 * selections become filter trees, and correlations over them. A set is read from files
 * and folders, linked, and then never changes. Every document ends in exactly one
 * class, with file, line and reason.
 *
 * Objects belong to the caller; a linked set may be read by several threads. Times are
 * microseconds.
 */
#ifndef FWLOG_COLLECTOR_ALERT_RULE_H
#define FWLOG_COLLECTOR_ALERT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/filter.h"
#include "common/filter_field.h"

#define RULE_FILE_MAX (1024 * 1024) /* bytes of a file */
#define RULE_DEPTH_MAX 16           /* YAML in YAML */
#define RULE_CHAIN_MAX 4            /* correlations of correlations */
#define RULE_KEYS_MAX 8             /* fields of a group */
#define RULE_REFERENCES_MAX 32      /* rules of a correlation */
#define RULE_BOUND_MAX 1000000      /* of a count in a condition */
#define RULE_HASH_LEN 16            /* hexadecimal digits */

enum rule_level {
	RULE_INFORMATIONAL,
	RULE_LOW,
	RULE_MEDIUM, /* when a rule has none */
	RULE_HIGH,
	RULE_CRITICAL,
};

enum rule_type {
	RULE_DETECTION,
	RULE_EVENT_COUNT,
	RULE_VALUE_COUNT,
	RULE_VALUE_SUM,
	RULE_VALUE_AVG,
	RULE_TEMPORAL,
	RULE_TEMPORAL_ORDERED,
};

struct rule;

/* Strings, each NUL-terminated. */
struct rule_texts {
	char **at;
	size_t count;
};

/* A field as a correlation sees it in one of its rules: of the event when that is a
 * detection, else an index into the group of the correlation below. */
struct rule_source {
	const struct filter_field *field; /* has one column, or is host or verdict */
	unsigned key;                     /* where field is NULL */
};

/* A field of a group, or the one a value_* is about. */
struct rule_key {
	char *name; /* as the rule has it */
	/* One for each reference; a detection has one. Never NULL once linked. */
	struct rule_source *source;
};

struct rule_reference {
	char *name; /* as the rule has it: a name or an id */
	const struct rule *rule;
};

/*
 * Zero or RULE_* above where the rule does not say; _us are durations, 0: the engine's
 * own choice.
 */
struct rule {
	char *id;   /* or its name, where it has no id */
	char *name; /* NULL: none */
	char *title;
	char *status, *author, *description, *license, *date; /* NULL: none */
	struct rule_texts references, tags, falsepositives, fields;
	enum rule_level level;
	enum rule_type type;
	char *path;
	unsigned line; /* of the document's first key, from 1 */
	size_t index;  /* in the set */
	/* FNV-1a of all that decides what the rule selects, as hexadecimal digits. */
	char hash[RULE_HASH_LEN + 1];

	/* Detections: never NULL, Sigma filters included. */
	struct filter_tree *tree;
	char *text; /* its canonical form; NULL: longer than FILTER_TEXT_MAX */
	bool needs_verdict;

	/* Correlations. */
	struct rule_reference *reference;
	size_t reference_count;
	struct rule_key value; /* VALUE_*; else name is NULL */
	uint64_t timespan_us;
	/* The condition: lower <= x <= upper; strict, which only an average may be:
	 * lower < x, x < upper. Without a lower bound lower is 0, without an upper one
	 * upper is UINT64_MAX. Of TEMPORAL*: all references, bounds unused. */
	uint64_t lower, upper;
	bool lower_strict, upper_strict;
	unsigned depth; /* 0 of a detection, else 1 to RULE_CHAIN_MAX */

	/* What alerts are grouped by. A correlation's group-by; of a detection host and
	 * src, or what overrides say. */
	struct rule_key *key;
	size_t key_count;
	uint8_t mask4, mask6; /* addresses in groups are cut to so many bits */

	/* False: it only feeds correlations, or overrides have switched it off and
	 * nothing needs it. */
	bool alerts;
	uint64_t suppress_us; /* no second notification of the same group within it */
	uint64_t repeat_us;   /* notified again while active; 0: not */
	uint64_t resolve_us;  /* without the condition for so long: resolved */
	struct rule_texts actions; /* count 0: those of the collector */
};

enum rule_class { RULE_LOADED, RULE_NOT_APPLICABLE, RULE_REFUSED };

/* What became of a document. */
struct rule_report {
	enum rule_class class;
	char *path;
	unsigned line;
	char *id, *title; /* NULL: unknown */
	char *reason;     /* why it was not loaded; NULL when it was */
	char *warning;    /* of a loaded one; NULL: none */
};

struct rule_set {
	/* In an order in which every rule comes behind those it refers to. */
	struct rule **rule;
	size_t count;
	struct rule_report *report; /* in the order of reading */
	size_t report_count;
	size_t loaded, not_applicable, refused; /* sum: report_count */
	uint64_t longest_us;                    /* timespan */
	struct rule_reader *reader;             /* until linked */
};

struct rule_options {
	/* Named lists, which %placeholders% may be; also asked whether they exist. */
	struct filter_lists lists;
	const char *vars;      /* YAML file with values of placeholders; NULL: none */
	const char *overrides; /* YAML file; NULL: none */
	bool has_prefix_map;   /* false: rules about verdicts are warned about */
};

/*
 * Files, and folders with all *.yml and *.yaml in and below them, in the order of their
 * names. NULL and why[whysize]: a path cannot be read, overrides or vars are wrong, no
 * memory. Refused documents are no failure here: see report.
 */
struct rule_set *rule_set_load(const char *const *paths, size_t count,
    const struct rule_options *options, char *why, size_t whysize)
    __attribute__((warn_unused_result));
void rule_set_free(struct rule_set *set); /* NULL-safe */

/* The same in steps: name stands for the path in reports. The options and what they
 * point to must live until linked. 0, or -1 and why. */
struct rule_set *rule_set_new(
    const struct rule_options *options, char *why, size_t whysize);
int rule_set_add_text(struct rule_set *set, const char *name, const char *text,
    size_t len, char *why, size_t whysize) __attribute__((warn_unused_result));
int rule_set_add_path(struct rule_set *set, const char *path, char *why, size_t whysize)
    __attribute__((warn_unused_result));
int rule_set_link(struct rule_set *set, char *why, size_t whysize)
    __attribute__((warn_unused_result));

/* By id or name; NULL: none. */
const struct rule *rule_set_find(const struct rule_set *set, const char *id);

const char *rule_level_name(enum rule_level level);
const char *rule_type_name(enum rule_type type);
const char *rule_class_name(enum rule_class class);

/*
 * A file in which conditions still have the old aggregations, "selection | count(x) by
 * y > n" with timeframe, as text in which these are correlations; to be freed. NULL and
 * why. What has none comes back as it is.
 */
char *rule_convert(const char *text, size_t len, char *why, size_t whysize)
    __attribute__((warn_unused_result));

#endif
