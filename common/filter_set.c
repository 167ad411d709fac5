/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_set.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_value.h"

/* A list being read into the set of a term. */
struct filter_list {
	struct filter_set *set;
	const struct filter_field *field;
	bool cased;
	struct filter_token token;
	char why[FILTER_MESSAGE_MAX]; /* "" as long as all went well */
};

static int
grow(void *array, size_t *size, size_t count, size_t element)
{
	size_t want = *size == 0 ? 4 : *size * 2;
	void *old, *grown;

	if (count < *size)
		return 0;
	memcpy(&old, array, sizeof old);
	grown = realloc(old, want * element);
	if (grown == NULL)
		return -1;
	memcpy(array, &grown, sizeof grown);
	*size = want;
	return 0;
}

#define PUT(array, ...)                                                           \
	(grow(&(array).at, &(array).size, (array).count, sizeof *(array).at) == 0 \
		? ((array).at[(array).count++] = (__VA_ARGS__), 0)                \
		: -1)

/* ---- numbers */

/* Where a hook's number may be moved to. */
static const uint64_t hook_moves[] = {0, FILTER_HOOK_ARP, FILTER_HOOK_NETDEV};

static int
put_numbers(
    struct filter_set *set, const struct filter_field *field, uint64_t lo, uint64_t hi)
{
	size_t moves = field->traits & FILTER_HOOK ? 3 : 1;

	for (size_t i = 0; i < moves; i++)
		if (PUT(set->numbers, (struct filter_range){
					  lo + hook_moves[i], hi + hook_moves[i]}) < 0)
			return -1;
	return 0;
}

static int
put_symbol(struct filter_set *set, const struct filter_field *field,
    const struct filter_value *v)
{
	const struct filter_symbol *s = &field->symbols[v->num.lo];

	for (unsigned i = 0; i < s->count; i++)
		if (PUT(set->numbers, (struct filter_range){s->value[i], s->value[i]}) <
		    0)
			return -1;
	return 0;
}

static int
put_compared(struct filter_set *set, const struct filter_node *term, uint64_t n)
{
	const struct filter_field *field = term->field;

	switch (term->op) {
	case FILTER_GT:
		return n == field->max ? 0 : put_numbers(set, field, n + 1, field->max);
	case FILTER_GE:
		return put_numbers(set, field, n, field->max);
	case FILTER_LT:
		return n == 0 ? 0 : put_numbers(set, field, 0, n - 1);
	default:
		return put_numbers(set, field, 0, n);
	}
}

/* ---- addresses */

static int
put_addresses(struct filter_set *set, uint8_t family, struct filter_addr lo,
    struct filter_addr hi)
{
	if (family == 4)
		return PUT(
		    set->v4, (struct filter_range4){(uint32_t)lo.lo, (uint32_t)hi.lo});
	return PUT(set->v6, (struct filter_range6){lo, hi});
}

/* Addresses that are nobody's in particular: RFC 1918, 6598, 3927, 4193, loopback, link
 * local. */
static const char *const private_networks[] = {"10.0.0.0/8", "100.64.0.0/10",
    "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1",
    "fc00::/7", "fe80::/10"};

/* All other unicast addresses: without 0.0.0.0/8, 224.0.0.0/4, 240.0.0.0/4, ::,
 * ff00::/8.
 */
static const char *const public_ranges[] = {"1.0.0.0-9.255.255.255",
    "11.0.0.0-100.63.255.255", "100.128.0.0-126.255.255.255",
    "128.0.0.0-169.253.255.255", "169.255.0.0-172.15.255.255",
    "172.32.0.0-192.167.255.255", "192.169.0.0-223.255.255.255",
    "::2-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe00::-fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fec0::-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

static int
put_named(struct filter_set *set, const char *const *ranges, size_t count)
{
	struct filter_value v;

	for (size_t i = 0; i < count; i++)
		if (!filter_address_read(ranges[i], &v) ||
		    put_addresses(set, v.family, v.addr.lo, v.addr.hi) < 0)
			return -1;
	return 0;
}
#define PUT_NAMED(set, ranges) put_named(set, ranges, sizeof ranges / sizeof ranges[0])

/* ---- all values */

static int
put_value(struct filter_set *set, const struct filter_field *field,
    const struct filter_value *v, const char *text, bool cased)
{
	switch (v->kind) {
	case FILTER_RANGE:
		return put_numbers(set, field, v->num.lo, v->num.hi);
	case FILTER_MASK:
		return PUT(set->masks, (struct filter_range){v->num.lo, v->num.hi});
	case FILTER_SYMBOL:
		return put_symbol(set, field, v);
	case FILTER_ADDRS:
		return put_addresses(set, v->family, v->addr.lo, v->addr.hi);
	case FILTER_PRIVATE:
		return PUT_NAMED(set, private_networks);
	case FILTER_PUBLIC:
		return PUT_NAMED(set, public_ranges);
	case FILTER_EVENT_ID:
		return PUT(set->ids, (struct filter_range){v->num.lo, v->num.hi});
	case FILTER_FIELD:
		return 0;
	default:
		return filter_patterns_add(&set->patterns, v, text, cased);
	}
}

/* ---- lists */

static int refuse(struct filter_error *error, uint32_t column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(struct filter_error *error, uint32_t column, const char *fmt, ...)
{
	va_list ap;

	error->column = column;
	va_start(ap, fmt);
	vsnprintf(error->message, sizeof error->message, fmt, ap);
	va_end(ap);
	return -1;
}

int
filter_list_add(struct filter_list *list, const char *text, size_t len)
{
	struct filter_scan scan;
	struct filter_error error;
	struct filter_value v;
	struct filter_why why = {.message = "one word is expected"};

	if (list->why[0] != '\0')
		return -1;
	if (filter_scan_begin(&scan, text, len, &error) < 0 ||
	    filter_scan_token(&scan, &list->token) < 0) {
		snprintf(list->why, sizeof list->why, "%s", error.message);
	} else if (!filter_scan_ended(&scan) || list->token.kind >= FILTER_TOKEN_LIST ||
		   filter_value_read(list->field, &list->token, &v, &why) < 0) {
		snprintf(list->why, sizeof list->why, "%s", why.message);
	} else if (put_value(
		       list->set, list->field, &v, list->token.text, list->cased) < 0) {
		snprintf(list->why, sizeof list->why, "out of memory");
	}
	return list->why[0] != '\0' ? -1 : 0;
}

static int
read_list(struct filter_set *set, const struct filter_node *term, const char *name,
    const struct filter_value *v, const struct filter_lists *lists,
    struct filter_error *error)
{
	struct filter_list *list;
	char why[FILTER_MESSAGE_MAX - 80] = "";
	int rc;

	if (lists == NULL || lists->read == NULL)
		return refuse(
		    error, v->column, "@%.64s: there are no lists here", name);
	list = calloc(1, sizeof *list);
	if (list == NULL)
		return refuse(error, v->column, "out of memory");
	list->set = set;
	list->field = term->field;
	list->cased = term->op == FILTER_CASED;
	rc = lists->read(lists->arg, name, list, why, sizeof why);
	if (list->why[0] != '\0')
		rc = refuse(error, v->column, "an entry of list @%.48s: %.180s", name,
		    list->why);
	else if (rc < 0)
		refuse(error, v->column, "list @%.64s: %s", name, why);
	free(list);
	return rc;
}

/* ---- sorted, and nothing twice */

#define DEFINE_COMPARE(name, type)                         \
	static int name(const void *a, const void *b)      \
	{                                                  \
		const type *x = a, *y = b;                 \
		return x->lo < y->lo ? -1 : x->lo > y->lo; \
	}
DEFINE_COMPARE(compare_numbers, struct filter_range)
DEFINE_COMPARE(compare_v4, struct filter_range4)

static int
compare_v6(const void *a, const void *b)
{
	const struct filter_range6 *x = a, *y = b;

	return filter_address_compare(&x->lo, &y->lo);
}

/* Ranges that touch or overlap become one; they are sorted by their beginnings. */
#define DEFINE_MERGE(name, type, max)                                                 \
	static size_t name(type *at, size_t count)                                    \
	{                                                                             \
		size_t n = 0;                                                         \
		for (size_t i = 1; i < count; i++) {                                  \
			if (at[n].hi == (max) || at[i].lo <= at[n].hi + 1)            \
				at[n].hi = at[i].hi > at[n].hi ? at[i].hi : at[n].hi; \
			else                                                          \
				at[++n] = at[i];                                      \
		}                                                                     \
		return count > 0 ? n + 1 : 0;                                         \
	}
DEFINE_MERGE(merge_numbers, struct filter_range, UINT64_MAX)
DEFINE_MERGE(merge_v4, struct filter_range4, UINT32_MAX)

static bool
touches(const struct filter_addr *end, const struct filter_addr *begin)
{
	struct filter_addr next = {
	    .hi = end->hi + (end->lo == UINT64_MAX), .lo = end->lo + 1};

	return filter_address_compare(begin, end) <= 0 ||
	       filter_address_compare(begin, &next) == 0;
}

static size_t
merge_v6(struct filter_range6 *at, size_t count)
{
	size_t n = 0;

	for (size_t i = 1; i < count; i++) {
		if (!touches(&at[n].hi, &at[i].lo))
			at[++n] = at[i];
		else if (filter_address_compare(&at[i].hi, &at[n].hi) > 0)
			at[n].hi = at[i].hi;
	}
	return count > 0 ? n + 1 : 0;
}

#define FINISH(array, compare, merge)                                                  \
	do {                                                                           \
		if ((array).count > 1)                                                 \
			qsort((array).at, (array).count, sizeof *(array).at, compare); \
		(array).count = merge((array).at, (array).count);                      \
	} while (0)

int
filter_set_build(struct filter_set *set, const struct filter_tree *t,
    const struct filter_node *term, const struct filter_lists *lists,
    struct filter_error *error)
{
	const struct filter_value *v = &t->value[term->value];
	int rc = 0;

	*set = (struct filter_set){0};
	for (uint32_t i = 0; i < term->values && rc == 0; i++, v++) {
		if (v->kind == FILTER_LIST)
			rc = read_list(
			    set, term, filter_value_text(t, v), v, lists, error);
		else if ((term->op <= FILTER_CASED
				 ? put_value(set, term->field, v,
				       filter_value_has_text(v)
					   ? filter_value_text(t, v)
					   : NULL,
				       term->op == FILTER_CASED)
				 : put_compared(set, term, v->num.lo)) < 0)
			rc = refuse(error, v->column, "out of memory");
	}
	FINISH(set->numbers, compare_numbers, merge_numbers);
	FINISH(set->v4, compare_v4, merge_v4);
	FINISH(set->v6, compare_v6, merge_v6);
	return rc;
}

void
filter_set_free(struct filter_set *set)
{
	free(set->numbers.at);
	free(set->masks.at);
	free(set->ids.at);
	free(set->v4.at);
	free(set->v6.at);
	filter_patterns_free(&set->patterns);
	*set = (struct filter_set){0};
}
