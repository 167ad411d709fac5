/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/filter_program.h"

/* So few ranges are searched faster than bits are fetched. */
#define FEW_RANGES 4

struct compiler {
	const struct filter_tree *tree;
	const struct filter_lists *lists;
	unsigned can;
	struct filter *filter;
	uint16_t at; /* the test made last: they are made from the last to the first */
	struct filter_error *error;
};

#define WIDTH_TIME 8
#define WIDTH_I8 8
#define WIDTH_I4 4
#define WIDTH_I2 2
#define WIDTH_MAC 6
#define WIDTH_INET 0
#define WIDTH_BYTES 0
#define WIDTH_PREFIX 4
#define WIDTH_IFACE 4
#define WIDTH_NETNS 4
#define COLUMN(kind, name, meaning)                                                 \
	{UINT64_C(1) << EVENT_I_##name, offsetof(struct event, name), WIDTH_##kind, \
	    EVENT_I_##name},

struct filter_column
filter_column_of(uint8_t column)
{
	static const struct filter_column columns[] = {EVENT_COLUMNS(COLUMN)};

	return columns[column];
}

static int
fail(struct compiler *c, const struct filter_node *node, const char *message)
{
	c->error->column = node->column;
	snprintf(c->error->message, sizeof c->error->message, "%s%s", node->field->name,
	    message);
	return -1;
}

static int
check_available(struct compiler *c, const struct filter_node *node)
{
	enum filter_type type = node->field->type;

	if (type == FILTER_ALERT ||
	    (type == FILTER_VERDICT && !(c->can & FILTER_CAN_VERDICT)) ||
	    (type == FILTER_ID && !(c->can & FILTER_CAN_ID)) ||
	    (type == FILTER_LINE && !(c->can & FILTER_CAN_LINE)))
		return fail(c, node, " is not available here");
	return 0;
}

/* ---- numbers */

static int
fill_bits(struct filter_test *test)
{
	const struct filter_set *set = &test->set;

	test->bits = calloc(FILTER_BITS / 64, sizeof *test->bits);
	if (test->bits == NULL)
		return -1;
	for (size_t i = 0; i < set->numbers.count; i++)
		for (uint64_t n = set->numbers.at[i].lo; n <= set->numbers.at[i].hi;
		     n++)
			test->bits[n / 64] |= UINT64_C(1) << n % 64;
	return 0;
}

static int
prepare_numbers(struct filter_test *test)
{
	const struct filter_set *set = &test->set;
	size_t n = set->numbers.count;

	test->kind = FILTER_TEST_NUMBERS;
	if (set->masks.count > 0 || n == 0)
		return 0;
	test->lo = set->numbers.at[0].lo;
	test->span = set->numbers.at[n - 1].hi - test->lo;
	if (n == 1)
		test->kind = FILTER_TEST_RANGE;
	if (n <= FEW_RANGES || set->numbers.at[n - 1].hi >= FILTER_BITS)
		return 0;
	test->kind = FILTER_TEST_BITS;
	return fill_bits(test);
}

/* ---- terms */

static int
prepare_term(struct filter_test *test, const struct filter_field *field)
{
	switch (field->type) {
	case FILTER_ADDRESS:
		test->kind = FILTER_TEST_ADDRESS;
		return 0;
	case FILTER_TEXT:
		test->kind =
		    field->dict == FILTER_HOST ? FILTER_TEST_HOST : FILTER_TEST_TEXT;
		test->dict = field->dict;
		return 0;
	case FILTER_VERDICT:
		if (prepare_numbers(test) < 0)
			return -1;
		test->kind = FILTER_TEST_VERDICT;
		return 0;
	case FILTER_ID:
		test->kind = FILTER_TEST_ID;
		return 0;
	case FILTER_LINE:
		test->kind = FILTER_TEST_LINE;
		return 0;
	default:
		return prepare_numbers(test);
	}
}

/* A verdict is always there, but one that is known is not; so are host and id. */
static int
prepare_has(struct filter_test *test, const struct filter_field *field)
{
	static const struct filter_range known = {FILTER_ACCEPT, FILTER_REJECT};
	struct filter_range *copy;

	test->kind = field->columns > 0 ? FILTER_TEST_HAS : FILTER_TEST_ALWAYS;
	if (field->type != FILTER_VERDICT)
		return 0;
	test->kind = FILTER_TEST_VERDICT;
	copy = malloc(sizeof *copy);
	if (copy == NULL)
		return -1;
	*copy = known;
	test->set.numbers.at = copy;
	test->set.numbers.count = 1;
	return 0;
}

static void
prepare_field(struct filter_test *test, const struct filter_value *v)
{
	const struct filter_field *other = &filter_fields[v->num.lo];

	test->kind = FILTER_TEST_FIELD;
	test->others = other->columns;
	for (unsigned i = 0; i < other->columns; i++)
		test->other[i] = filter_column_of(other->column[i]);
}

static int
compile_term(
    struct compiler *c, const struct filter_node *node, uint16_t yes, uint16_t no)
{
	const struct filter_field *field = node->field;
	struct filter_test *test = &c->filter->test[--c->at];
	int rc;

	test->yes = yes;
	test->no = no;
	test->hook = (field->traits & FILTER_HOOK) != 0;
	test->part = field->part;
	test->columns = field->columns;
	for (unsigned i = 0; i < field->columns; i++)
		test->column[i] = filter_column_of(field->column[i]);
	if (check_available(c, node) < 0)
		return -1;
	if (node->kind == FILTER_HAS) {
		rc = prepare_has(test, field);
	} else if (c->tree->value[node->value].kind == FILTER_FIELD) {
		prepare_field(test, &c->tree->value[node->value]);
		rc = 0;
	} else {
		if (filter_set_build(&test->set, c->tree, node, c->lists, c->error) < 0)
			return -1;
		rc = prepare_term(test, field);
	}
	return rc < 0 ? fail(c, node, ": out of memory") : 0;
}

/* ---- nodes: *entry becomes the test to begin with */

static int compile_node(
    struct compiler *c, uint32_t index, uint16_t yes, uint16_t no, uint16_t *entry);

/* The children from here on: the last is made first, so that the others can name it. */
static int
compile_children(struct compiler *c, enum filter_kind kind, uint32_t index,
    uint16_t yes, uint16_t no, uint16_t *entry)
{
	uint32_t next = c->tree->node[index].next;
	uint16_t rest;

	if (next == 0)
		return compile_node(c, index, yes, no, entry);
	if (compile_children(c, kind, next, yes, no, &rest) < 0)
		return -1;
	return kind == FILTER_AND ? compile_node(c, index, rest, no, entry)
				  : compile_node(c, index, yes, rest, entry);
}

static int
compile_node(
    struct compiler *c, uint32_t index, uint16_t yes, uint16_t no, uint16_t *entry)
{
	const struct filter_node *node = &c->tree->node[index];
	int rc;

	switch (node->kind) {
	case FILTER_NOT:
		return compile_node(c, node->child, no, yes, entry);
	case FILTER_AND:
	case FILTER_OR:
		return compile_children(c, node->kind, node->child, yes, no, entry);
	default:
		rc = compile_term(c, node, yes, no);
		*entry = c->at;
		return rc;
	}
}

static struct filter *
no_memory(struct filter *f, struct filter_error *error)
{
	error->column = 0;
	snprintf(error->message, sizeof error->message, "out of memory");
	filter_free(f);
	return NULL;
}

struct filter *
filter_compile(const struct filter_tree *tree, const struct filter_lists *lists,
    unsigned can, struct filter_error *error)
{
	struct filter *f = calloc(1, sizeof *f);
	struct compiler c = {tree, lists, can, f, 0, error};
	uint32_t terms = 0;

	*error = (struct filter_error){0};
	if (f == NULL)
		return no_memory(f, error);
	f->first = FILTER_YES;
	if (tree->root == 0)
		return f;
	for (uint32_t i = 1; i < tree->nodes; i++)
		terms += tree->node[i].kind >= FILTER_HAS;
	if (terms <= FILTER_TESTS_MAX)
		f->test = calloc(terms, sizeof *f->test);
	if (f->test == NULL)
		return no_memory(f, error);
	f->tests = c.at = (uint16_t)terms;
	if (compile_node(&c, tree->root, FILTER_YES, FILTER_NO, &f->first) < 0) {
		filter_free(f);
		return NULL;
	}
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; f->test != NULL && i < f->tests; i++) {
		filter_set_free(&f->test[i].set);
		free(f->test[i].bits);
		free(f->test[i].answer);
	}
	free(f->test);
	free(f);
}
