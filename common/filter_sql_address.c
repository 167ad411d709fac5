/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_sql_internal.h"

/* Single addresses are found by an index, or by hash: a list of them may be longer. */
#define MANY_ADDRESSES 1000

enum shape { ONE, NETWORK, RANGE };

static enum shape
shape_of(uint8_t family, const struct filter_addr *lo, const struct filter_addr *hi)
{
	if (filter_address_compare(lo, hi) == 0)
		return ONE;
	return filter_address_prefix(family, lo, hi) >= 0 ? NETWORK : RANGE;
}

/* Range i of the set, those of IPv4 first; its family. */
static uint8_t
range_at(const struct filter_set *set, size_t i, struct filter_range6 *r)
{
	if (i >= set->v4.count) {
		*r = set->v6.at[i - set->v4.count];
		return 6;
	}
	*r = (struct filter_range6){{0, set->v4.at[i].lo}, {0, set->v4.at[i].hi}};
	return 4;
}

static size_t
count_shape(const struct filter_set *set, enum shape shape)
{
	struct filter_range6 r;
	size_t count = 0;
	uint8_t family;

	for (size_t i = 0; i < set->v4.count + set->v6.count; i++) {
		family = range_at(set, i, &r);
		count += shape_of(family, &r.lo, &r.hi) == shape;
	}
	return count;
}

/* All that are single addresses, or networks, as one piece. */
static int
put_shape(struct filter_query *q, struct filter_pieces *p, const struct filter_set *set,
    enum shape shape)
{
	const char *sign = shape == ONE ? "=" : "<<=";
	size_t count = count_shape(set, shape), done = 0;
	struct filter_range6 r;
	struct filter_bound v;
	uint8_t family;
	unsigned n;

	if (count == 0)
		return 0;
	if (filter_bound_begin(q, &v) < 0)
		return -1;
	for (size_t i = 0; i < set->v4.count + set->v6.count; i++) {
		family = range_at(set, i, &r);
		if (shape_of(family, &r.lo, &r.hi) != shape)
			continue;
		fputs(count == 1 ? "" : done++ == 0 ? "{" : ",", v.out);
		filter_address_print(family, &r.lo, &r.hi, v.out);
	}
	fputs(count == 1 ? "" : "}", v.out);
	n = filter_bound_end(q, &v);
	fprintf(filter_piece(p),
	    count == 1 ? "@ %s $%u::inet" : "@ %s ANY ($%u::inet[])", sign, n);
	return n != 0 ? 0 : -1;
}

static unsigned
bind_address(struct filter_query *q, uint8_t family, const struct filter_addr *a)
{
	struct filter_bound v;

	if (filter_bound_begin(q, &v) < 0)
		return 0;
	filter_address_print(family, a, a, v.out);
	return filter_bound_end(q, &v);
}

static int
put_ranges(
    struct filter_query *q, struct filter_pieces *p, const struct filter_set *set)
{
	struct filter_range6 r;
	uint8_t family;
	unsigned lo, hi;

	for (size_t i = 0; i < set->v4.count + set->v6.count; i++) {
		family = range_at(set, i, &r);
		if (shape_of(family, &r.lo, &r.hi) != RANGE)
			continue;
		lo = bind_address(q, family, &r.lo);
		hi = lo != 0 ? bind_address(q, family, &r.hi) : 0;
		if (hi == 0)
			return -1;
		fprintf(filter_piece(p), "@ BETWEEN $%u::inet AND $%u::inet", lo, hi);
	}
	return 0;
}

/* ---- many: sorted arrays of where ranges begin and end, in types of fixed length */

static unsigned
bind_many_v4(struct filter_query *q, const struct filter_set *set)
{
	struct filter_bound v;

	if (filter_bound_begin(q, &v) < 0)
		return 0;
	fputc('{', v.out);
	for (size_t i = 0; i < set->v4.count; i++)
		fprintf(v.out, "%s%lu,%llu", i > 0 ? "," : "",
		    (unsigned long)set->v4.at[i].lo,
		    (unsigned long long)set->v4.at[i].hi + 1);
	fputc('}', v.out);
	return filter_bound_end(q, &v);
}

static void
print_uuid(const struct filter_addr *a, FILE *out)
{
	fprintf(out, "%016llx%016llx", (unsigned long long)a->hi,
	    (unsigned long long)a->lo);
}

static unsigned
bind_many_v6(struct filter_query *q, const struct filter_set *set)
{
	struct filter_addr end;
	struct filter_bound v;

	if (filter_bound_begin(q, &v) < 0)
		return 0;
	fputc('{', v.out);
	for (size_t i = 0; i < set->v6.count; i++) {
		end = set->v6.at[i].hi;
		end.hi += ++end.lo == 0;
		fputs(i > 0 ? "," : "", v.out);
		print_uuid(&set->v6.at[i].lo, v.out);
		/* Behind the last address of all nothing ends. */
		if (end.hi != 0 || end.lo != 0) {
			fputc(',', v.out);
			print_uuid(&end, v.out);
		}
	}
	fputc('}', v.out);
	return filter_bound_end(q, &v);
}

static int
put_many(struct filter_query *q, struct filter_pieces *p, const struct filter_set *set)
{
	unsigned v4 = bind_many_v4(q, set);
	unsigned v6 = v4 != 0 ? bind_many_v6(q, set) : 0;

	fprintf(filter_piece(p),
	    "CASE family(@) WHEN 4 THEN width_bucket(@ - inet '0.0.0.0', "
	    "$%u::bigint[]) "
	    "%% 2 = 1 ELSE width_bucket(encode(substring(inet_send(@) FROM 5), "
	    "'hex')::uuid, $%u::uuid[]) %% 2 = 1 END",
	    v4, v6);
	return v6 != 0 ? 0 : -1;
}

int
filter_sql_addresses(
    struct filter_query *q, struct filter_pieces *p, const struct filter_set *set)
{
	size_t count = set->v4.count + set->v6.count;

	if (count > MANY_ADDRESSES || count - count_shape(set, ONE) > FILTER_SQL_MANY)
		return put_many(q, p, set);
	if (put_shape(q, p, set, ONE) < 0 || put_shape(q, p, set, NETWORK) < 0)
		return -1;
	return put_ranges(q, p, set);
}
