/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a filter. It is in canonical shape from the start: no AND in an AND, no
 * OR in an OR, no NOT in a NOT. Nodes, values and text are kept in three arrays and
 * name each other by index; index 0 is none.
 */
#ifndef FWLOG_COMMON_FILTER_TREE_H
#define FWLOG_COMMON_FILTER_TREE_H

#include "common/filter.h"
#include "common/filter_field.h"

/* An address as a number; IPv4 in the lower 32 bits of lo. */
struct filter_addr {
	uint64_t hi, lo;
};

enum filter_value_kind {
	FILTER_RANGE,  /* num.lo to num.hi */
	FILTER_MASK,   /* value & num.hi == num.lo */
	FILTER_SYMBOL, /* num.lo: index in the field's symbols */
	FILTER_ADDRS,  /* addr.lo to addr.hi of the family */
	FILTER_PRIVATE,
	FILTER_PUBLIC,
	FILTER_LITERAL, /* text: these bytes, blanks around it ignored */
	FILTER_WILD,    /* text: * and ? are wild, \ makes \, * and ? plain */
	FILTER_REGEX,
	FILTER_LIST,     /* text: name of the list */
	FILTER_EVENT_ID, /* num.lo, num.hi: the two numbers of an id */
	FILTER_FIELD     /* num.lo: index of another field; alone in its term */
};

struct filter_value {
	uint8_t kind;
	uint8_t family;  /* ADDRS: 4 or 6 */
	uint8_t flags;   /* REGEX: FILTER_REGEX_* */
	uint32_t column; /* in the text it was read from; no part of its meaning */
	union {
		struct {
			uint64_t lo, hi;
		} num;
		struct {
			struct filter_addr lo, hi;
		} addr;
		struct {
			uint32_t at, len; /* in tree->text */
		} text;
	};
};

/* The loosest first. */
enum filter_kind { FILTER_OR, FILTER_AND, FILTER_NOT, FILTER_HAS, FILTER_TERM };
enum filter_op {
	FILTER_IS,
	FILTER_CASED, /* text whose case counts */
	FILTER_GT,
	FILTER_GE,
	FILTER_LT,
	FILTER_LE,
};

struct filter_node {
	uint8_t kind;
	uint8_t op;                       /* TERM; GT to LE: one RANGE of one value */
	uint32_t column;                  /* as in struct filter_value */
	uint32_t next;                    /* sibling */
	uint32_t child, last;             /* AND, OR: two or more; NOT: one */
	const struct filter_field *field; /* HAS, TERM */
	uint32_t value, values;           /* TERM: first, how many */
};

struct filter_tree {
	uint32_t root; /* 0: selects everything */
	struct filter_node *node;
	struct filter_value *value;
	char *text;
	uint32_t nodes, nodes_size, values, values_size, texts, texts_size;
};

/* All that add return the index, or 0 without memory. */
struct filter_tree *filter_tree_new(void);
uint32_t filter_tree_add_node(struct filter_tree *t, const struct filter_node *node);
uint32_t filter_tree_add_value(struct filter_tree *t, const struct filter_value *v);
/* A copy of the bytes, a NUL behind them; may be added to until the next one begins. */
uint32_t filter_tree_add_text(struct filter_tree *t, const char *text, size_t len);
/* AND or OR of two nodes that belong to no other yet. */
uint32_t filter_tree_join(
    struct filter_tree *t, enum filter_kind kind, uint32_t left, uint32_t right);
uint32_t filter_tree_negate(struct filter_tree *t, uint32_t node);

static inline const char *
filter_value_text(const struct filter_tree *t, const struct filter_value *v)
{
	return t->text + v->text.at;
}

#endif
