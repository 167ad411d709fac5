/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/yaml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "collector/alert/rule.h"

#define CHUNK 16384
#define MAP_MOST 1024 /* keys, which are compared with each other */

/* Memory of one document. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

struct yaml_text {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event, ended;
	struct chunk *chunk;
	struct yaml_document *doc;
	struct yaml_node *open[RULE_DEPTH_MAX]; /* maps and lists around */
	unsigned depth;
	const char *key; /* read, and its value not yet */
	unsigned key_line;
	bool no_memory;
};

/* ---- memory */

static void *
take(struct yaml_text *y, size_t n)
{
	size_t size = n > CHUNK ? n : CHUNK;
	struct chunk *c = y->chunk;
	void *p;

	n = (n + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) *
	    _Alignof(max_align_t);
	if (c == NULL || c->size - c->used < n) {
		c = malloc(sizeof *c + size + _Alignof(max_align_t));
		if (c == NULL) {
			y->no_memory = true;
			return NULL;
		}
		c->used = 0;
		c->size = size + _Alignof(max_align_t);
		c->next = y->chunk;
		y->chunk = c;
	}
	p = c->data + c->used;
	c->used += n;
	return p;
}

static void
forget(struct yaml_text *y)
{
	while (y->chunk != NULL) {
		struct chunk *next = y->chunk->next;

		free(y->chunk);
		y->chunk = next;
	}
}

/* ---- faults: the first one of a document counts */

static void
refuse(struct yaml_text *y, size_t line, const char *what, const char *which)
{
	if (y->doc->fault_line != 0)
		return;
	y->doc->fault_line = (unsigned)line + 1;
	snprintf(y->doc->fault, sizeof y->doc->fault, "%s%.80s", what, which);
}

static void
refuse_syntax(struct yaml_text *y)
{
	const yaml_parser_t *p = &y->parser;
	size_t line = p->problem_mark.line;

	if (p->error == YAML_MEMORY_ERROR)
		y->no_memory = true;
	if (p->error == YAML_READER_ERROR)
		refuse(y, line, "no YAML: bytes that are no text: ",
		    p->problem != NULL ? p->problem : "");
	else
		refuse(y, line, "no YAML: ", p->problem != NULL ? p->problem : "");
}

/* ---- nodes */

static struct yaml_node *
new_node(struct yaml_text *y, enum yaml_kind kind, size_t line)
{
	struct yaml_node *node = take(y, sizeof *node);

	if (node != NULL)
		*node = (struct yaml_node){.kind = kind, .line = (unsigned)line + 1};
	return node;
}

/* Puts the node where it belongs. */
static void
attach(struct yaml_text *y, struct yaml_node *node)
{
	struct yaml_node *parent;

	if (y->depth == 0) {
		y->doc->root = node;
		y->doc->line = node->line;
		return;
	}
	parent = y->open[y->depth - 1];
	node->key = y->key;
	node->key_line = y->key_line;
	y->key = NULL;
	if (parent->last != NULL)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->count++;
}

static void
take_key(struct yaml_text *y, const struct yaml_node *scalar)
{
	const struct yaml_node *map = y->open[y->depth - 1];

	if (yaml_get(map, scalar->text) != NULL)
		refuse(y, scalar->line - 1, "the key is there twice: ", scalar->text);
	else if (map->count >= MAP_MOST)
		refuse(y, scalar->line - 1, "too many keys in one map: ", "");
	y->key = scalar->text;
	y->key_line = scalar->line;
}

static void
take_scalar(struct yaml_text *y, const yaml_event_t *e)
{
	size_t len = e->data.scalar.length;
	struct yaml_node *node = new_node(y, YAML_SCALAR, e->start_mark.line);
	char *text = take(y, len + 1);

	if (node == NULL || text == NULL)
		return;
	memcpy(text, e->data.scalar.value, len);
	text[len] = '\0';
	if (strlen(text) != len)
		refuse(y, e->start_mark.line, "a NUL has no place in a rule", "");
	node->text = text;
	node->len = len;
	node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (y->depth > 0 && y->open[y->depth - 1]->kind == YAML_MAP && y->key == NULL)
		take_key(y, node);
	else
		attach(y, node);
}

static void
open_node(struct yaml_text *y, enum yaml_kind kind, size_t line)
{
	struct yaml_node *node = new_node(y, kind, line);

	if (node == NULL)
		return;
	if (y->depth > 0 && y->open[y->depth - 1]->kind == YAML_MAP && y->key == NULL) {
		refuse(y, line, "a map or list cannot be a key", "");
		return;
	}
	if (y->depth == RULE_DEPTH_MAX) {
		refuse(y, line, "too deep: 16 levels are allowed", "");
		return;
	}
	attach(y, node);
	y->open[y->depth++] = node;
}

static bool
is_tagged(const yaml_event_t *e)
{
	return (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag != NULL) ||
	       (e->type == YAML_SEQUENCE_START_EVENT &&
		   e->data.sequence_start.tag != NULL) ||
	       (e->type == YAML_MAPPING_START_EVENT &&
		   e->data.mapping_start.tag != NULL);
}

static bool
is_anchored(const yaml_event_t *e)
{
	return e->type == YAML_ALIAS_EVENT ||
	       (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor != NULL) ||
	       (e->type == YAML_SEQUENCE_START_EVENT &&
		   e->data.sequence_start.anchor != NULL) ||
	       (e->type == YAML_MAPPING_START_EVENT &&
		   e->data.mapping_start.anchor != NULL);
}

/* Of a document that is refused the rest is only stepped over. */
static void
take_event(struct yaml_text *y, const yaml_event_t *e)
{
	size_t line = e->start_mark.line;

	if (is_anchored(e))
		refuse(y, line, "anchors and aliases (& and *) are not taken", "");
	if (is_tagged(e))
		refuse(y, line, "tags (!) are not taken", "");
	if (y->doc->fault_line != 0)
		return;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		take_scalar(y, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_node(y, YAML_LIST, line);
		break;
	case YAML_MAPPING_START_EVENT:
		open_node(y, YAML_MAP, line);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		y->depth--;
		break;
	default:
		break;
	}
}

/* ---- documents */

static bool
next_event(struct yaml_text *y)
{
	if (y->has_event)
		yaml_event_delete(&y->event);
	y->has_event = yaml_parser_parse(&y->parser, &y->event) != 0;
	return y->has_event;
}

struct yaml_text *
yaml_open(const char *text, size_t len)
{
	struct yaml_text *y = calloc(1, sizeof *y);

	if (y == NULL)
		return NULL;
	if (yaml_parser_initialize(&y->parser) == 0) {
		free(y);
		return NULL;
	}
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, (const unsigned char *)text, len);
	return y;
}

/* To the start of a document: false at the end, or with a fault. */
static bool
find_document(struct yaml_text *y)
{
	while (next_event(y)) {
		if (y->event.type == YAML_DOCUMENT_START_EVENT)
			return true;
		if (y->event.type == YAML_STREAM_END_EVENT)
			return false;
	}
	refuse_syntax(y);
	return false;
}

int
yaml_next(struct yaml_text *y, struct yaml_document *doc)
{
	*doc = (struct yaml_document){.line = 1};
	forget(y);
	if (y->ended)
		return 0;
	y->doc = doc;
	y->depth = 0;
	y->key = NULL;
	if (find_document(y)) {
		doc->line = (unsigned)y->event.start_mark.line + 1;
		while (next_event(y) && y->event.type != YAML_DOCUMENT_END_EVENT &&
		       !y->no_memory)
			take_event(y, &y->event);
		if (!y->has_event)
			refuse_syntax(y);
	} else {
		y->ended = true;
	}
	if (!y->has_event)
		y->ended = true;
	if (doc->fault_line != 0)
		doc->root = NULL;
	return y->no_memory ? -1 : !y->ended || doc->fault_line != 0;
}

void
yaml_close(struct yaml_text *y)
{
	if (y == NULL)
		return;
	if (y->has_event)
		yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
	forget(y);
	free(y);
}

/* ---- asking */

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *n = map->first; n != NULL; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

bool
yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (node->len == 0 || strcmp(node->text, "~") == 0 ||
		   strcasecmp(node->text, "null") == 0);
}

bool
yaml_is_bool(const struct yaml_node *node, bool *value)
{
	if (node->kind != YAML_SCALAR || !node->plain)
		return false;
	*value = strcasecmp(node->text, "true") == 0;
	return *value || strcasecmp(node->text, "false") == 0;
}
