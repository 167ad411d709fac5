/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML as rules need it: a text's documents one by one, each as a tree. Anchors,
 * aliases, tags, keys given twice, and trees deeper than RULE_DEPTH_MAX are refused
 * with their line. yaml.c is the only user of libyaml.
 */
#ifndef FWLOG_COLLECTOR_ALERT_YAML_H
#define FWLOG_COLLECTOR_ALERT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#define YAML_FAULT_MAX 160 /* bytes, with the NUL */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;    /* SCALAR: without quotes */
	unsigned line; /* from 1 */
	unsigned key_line;
	const char *key;   /* in a map; without a NUL in it */
	const char *text;  /* SCALAR, NUL-terminated, without a NUL in it */
	size_t len, count; /* bytes of text; children */
	struct yaml_node *first, *last; /* children */
	struct yaml_node *next;         /* sibling */
};

struct yaml_document {
	unsigned line;                /* of its first node */
	const struct yaml_node *root; /* NULL: it is empty, or refused */
	unsigned fault_line;          /* not 0: refused */
	char fault[YAML_FAULT_MAX];
};

struct yaml_text;

/* The text must live as long. NULL without memory. */
struct yaml_text *yaml_open(const char *text, size_t len);
/*
 * The next document; what the one before had is gone. 1, 0 at the end, -1 without
 * memory. Behind what is no YAML at all nothing can be read.
 */
int yaml_next(struct yaml_text *y, struct yaml_document *doc)
    __attribute__((warn_unused_result));
void yaml_close(struct yaml_text *y); /* NULL-safe */

/* The value of a key of a map, NULL: it has none. Keys are as they are written. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* null, ~ or nothing at all, without quotes. */
bool yaml_is_null(const struct yaml_node *node);
/* true or false without quotes. */
bool yaml_is_bool(const struct yaml_node *node, bool *value);

#endif
