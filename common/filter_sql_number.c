/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/filter_sql_internal.h"

/* How the numbers of a field are written and typed. */
struct number_form {
	const char *type;
	void (*print)(uint64_t n, FILE *out);
	uint64_t max;
};

static void
print_decimal(uint64_t n, FILE *out)
{
	fprintf(out, "%llu", (unsigned long long)n);
}

static void
print_verdict(uint64_t n, FILE *out)
{
	static const char *const names[] = {
	    [FILTER_UNKNOWN] = "unknown",
	    [FILTER_ACCEPT] = "accept",
	    [FILTER_DROP] = "drop",
	    [FILTER_REJECT] = "reject",
	};

	fputs(names[n], out);
}

static struct number_form
form_of(const struct filter_field *field)
{
	if (field->type == FILTER_MAC)
		return (struct number_form){"macaddr", filter_mac_print, UINT64_MAX};
	if (field->type == FILTER_VERDICT)
		return (struct number_form){"text", print_verdict, UINT64_MAX};
	if (field->traits & FILTER_HOOK)
		return (struct number_form){"int", print_decimal, UINT64_MAX};
	return (struct number_form){
	    field->max > INT32_MAX ? "bigint" : "int", print_decimal, field->max};
}

static unsigned
bind_number(struct filter_query *q, const struct number_form *form, uint64_t n)
{
	struct filter_bound v;

	if (filter_bound_begin(q, &v) < 0)
		return 0;
	form->print(n, v.out);
	return filter_bound_end(q, &v);
}

/* A single value; verdicts are words, which have no ranges. */
static bool
is_single(const struct filter_field *field, const struct filter_range *r)
{
	return r->lo == r->hi || field->type == FILTER_VERDICT;
}

static size_t
count_singles(const struct filter_field *field, const struct filter_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->numbers.count; i++)
		if (is_single(field, &set->numbers.at[i]))
			count += set->numbers.at[i].hi - set->numbers.at[i].lo + 1;
	return count;
}

/* All single values as one piece. */
static int
put_singles(struct filter_query *q, struct filter_pieces *p,
    const struct filter_field *field, const struct filter_set *set)
{
	struct number_form form = form_of(field);
	const struct filter_range *r = set->numbers.at;
	char before = '{';
	struct filter_bound v;
	unsigned n;

	if (filter_bound_begin(q, &v) < 0)
		return -1;
	for (size_t i = 0; i < set->numbers.count; i++) {
		for (uint64_t at = r[i].lo; is_single(field, &r[i]) && at <= r[i].hi;
		     at++) {
			fputc(before, v.out);
			form.print(at, v.out);
			before = ',';
		}
	}
	fputc('}', v.out);
	n = filter_bound_end(q, &v);
	fprintf(filter_piece(p), "@ = ANY ($%u::%s[])", n, form.type);
	return n != 0 ? 0 : -1;
}

static int
put_range(struct filter_query *q, struct filter_pieces *p,
    const struct filter_field *field, const struct filter_range *r)
{
	struct number_form form = form_of(field);
	const char *sign = r->lo == r->hi ? "=" : r->lo == 0 ? "<=" : ">=";
	unsigned n, last;

	if (r->lo == 0 && r->hi == form.max) {
		fputs("@ IS NOT NULL", filter_piece(p));
		return 0;
	}
	n = bind_number(q, &form, *sign == '<' ? r->hi : r->lo);
	if (n == 0)
		return -1;
	if (*sign != '>' || r->hi == form.max) {
		fprintf(filter_piece(p), "@ %s $%u::%s", sign, n, form.type);
		return 0;
	}
	last = bind_number(q, &form, r->hi);
	fprintf(filter_piece(p), "@ BETWEEN $%u::%s AND $%u::%s", n, form.type, last,
	    form.type);
	return last != 0 ? 0 : -1;
}

/* Where ranges begin and end, sorted: behind an odd number of them one is inside. */
static int
put_many(struct filter_query *q, struct filter_pieces *p, const struct filter_set *set)
{
	struct filter_bound v;
	unsigned n;

	if (filter_bound_begin(q, &v) < 0)
		return -1;
	for (size_t i = 0; i < set->numbers.count; i++)
		fprintf(v.out, "%c%llu,%llu", i == 0 ? '{' : ',',
		    (unsigned long long)set->numbers.at[i].lo,
		    (unsigned long long)set->numbers.at[i].hi + 1);
	fputc('}', v.out);
	n = filter_bound_end(q, &v);
	fprintf(filter_piece(p), "width_bucket(@::bigint, $%u::bigint[]) %% 2 = 1", n);
	return n != 0 ? 0 : -1;
}

static int
put_masks(struct filter_query *q, struct filter_pieces *p,
    const struct filter_field *field, const struct filter_set *set)
{
	struct number_form form = form_of(field);
	unsigned mask, want;

	for (size_t i = 0; i < set->masks.count; i++) {
		mask = bind_number(q, &form, set->masks.at[i].hi);
		want = mask != 0 ? bind_number(q, &form, set->masks.at[i].lo) : 0;
		if (want == 0)
			return -1;
		fprintf(filter_piece(p), "@ & $%u::%s = $%u::%s", mask, form.type, want,
		    form.type);
	}
	return 0;
}

int
filter_sql_numbers(struct filter_query *q, struct filter_pieces *p,
    const struct filter_field *field, const struct filter_set *set)
{
	size_t singles = count_singles(field, set);
	const struct filter_range *r = set->numbers.at;

	if (put_masks(q, p, field, set) < 0)
		return -1;
	if (set->numbers.count > singles + FILTER_SQL_MANY && field->type != FILTER_MAC)
		return put_many(q, p, set);
	if (singles > 1 && put_singles(q, p, field, set) < 0)
		return -1;
	for (size_t i = 0; i < set->numbers.count; i++)
		if ((singles == 1 || !is_single(field, &r[i])) &&
		    put_range(q, p, field, &r[i]) < 0)
			return -1;
	return 0;
}

const char *
filter_sql_type(const struct filter_field *field)
{
	return field->type == FILTER_ADDRESS ? "inet" : form_of(field).type;
}
