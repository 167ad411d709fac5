/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/engine_match.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN UINT16_MAX
#define EVERY 0
#define NUMBERS_MAX 65536 /* values told apart */
#define EDGES_MAX 8192    /* of an address space; with more all filters are run */

#define BIT(name) (UINT64_C(1) << EVENT_I_##name)

static const uint64_t number_columns[MATCH_NUMBERS] = {
    [MATCH_PROTO] = BIT(proto),
    [MATCH_FLAGS] = BIT(tcp_flags),
    [MATCH_DPORT] = BIT(dport),
    [MATCH_SPORT] = BIT(sport),
    [MATCH_ICMP] = BIT(icmp_type),
    [MATCH_HOOK] = BIT(hook) | BIT(family),
    [MATCH_PREFIX] = BIT(prefix_id),
    [MATCH_IN] = BIT(in_id),
    [MATCH_OUT] = BIT(out_id),
};
static const uint64_t address_column[MATCH_ADDRESSES] = {
    [MATCH_SRC] = BIT(src),
    [MATCH_DST] = BIT(dst),
};

/* ---- sets, each kept once */

static uint16_t
intern(struct match *m, const uint64_t *bits)
{
	size_t size = m->words * sizeof *bits;
	uint64_t *grown;

	for (uint16_t i = 0; i < m->sets; i++)
		if (memcmp(m->set + (size_t)i * m->words, bits, size) == 0)
			return i;
	if (m->sets == UNKNOWN - 1)
		return EVERY;
	if (m->sets == m->sets_size) {
		uint16_t more =
		    m->sets_size > UNKNOWN / 2 ? UNKNOWN - 1 : m->sets_size * 2;

		grown = realloc(m->set, more * size);
		if (grown == NULL)
			return EVERY;
		m->set = grown;
		m->sets_size = more;
	}
	memcpy(m->set + (size_t)m->sets * m->words, bits, size);
	return m->sets++;
}

/* The filters that an event with these columns may match. */
static uint16_t
find_out(struct match *m, const struct event *ev, uint64_t known)
{
	uint64_t bits[64] = {0};

	if (m->words > 64)
		return EVERY;
	for (size_t i = 0; i < m->filters; i++)
		if (m->filter[i] != NULL && filter_may_match(m->filter[i], ev, known))
			bits[i / 64] |= UINT64_C(1) << i % 64;
	return intern(m, bits);
}

/* ---- numbers */

/* Of the column's value, plus one; 0: absent, NUMBERS_MAX + 1: not told apart. */
static uint32_t
number_of(const struct event *ev, enum match_number which)
{
	uint64_t n = 0;

	if ((ev->has & number_columns[which]) != number_columns[which])
		return which == MATCH_HOOK && (ev->has & BIT(hook)) != 0
			   ? NUMBERS_MAX + 1
			   : 0;
	switch (which) {
	case MATCH_PROTO:
		n = ev->proto;
		break;
	case MATCH_FLAGS:
		n = ev->tcp_flags;
		break;
	case MATCH_DPORT:
		n = ev->dport;
		break;
	case MATCH_SPORT:
		n = ev->sport;
		break;
	case MATCH_ICMP:
		n = ev->icmp_type;
		break;
	case MATCH_HOOK:
		n = (uint64_t)ev->family << 8 | (ev->hook & 0xff);
		break;
	case MATCH_PREFIX:
		n = ev->prefix_id;
		break;
	case MATCH_IN:
		n = ev->in_id;
		break;
	default:
		n = ev->out_id;
		break;
	}
	return n < NUMBERS_MAX ? (uint32_t)n + 1 : NUMBERS_MAX + 1;
}

static uint16_t
number_set(struct match *m, const struct event *ev, enum match_number which)
{
	uint32_t n = number_of(ev, which);
	uint16_t *set = &m->number[which][n];
	struct event only = *ev;

	if (n == NUMBERS_MAX + 1)
		return EVERY;
	if (*set == UNKNOWN) {
		/* Without its hook an event's family says nothing here. */
		only.has &= n == 0 ? 0 : number_columns[which];
		*set = find_out(m, &only,
		    n == 0 && which == MATCH_HOOK ? BIT(hook) : number_columns[which]);
	}
	return *set;
}

static int
init_numbers(struct match *m, enum match_number which)
{
	bool used = false;

	for (size_t i = 0; i < m->filters; i++)
		for (unsigned j = 0; m->filter[i] != NULL && j < m->filter[i]->tests;
		     j++) {
			const struct filter_test *t = &m->filter[i]->test[j];

			for (unsigned k = 0; k < t->columns; k++)
				used = used ||
				       (t->column[k].bit & number_columns[which]) != 0;
		}
	if (!used)
		return 0;
	m->number[which] = malloc((NUMBERS_MAX + 2) * sizeof(uint16_t));
	if (m->number[which] == NULL)
		return -1;
	memset(m->number[which], 0xff, (NUMBERS_MAX + 2) * sizeof(uint16_t));
	return 0;
}

/* ---- addresses */

static int
compare_v4(const void *a, const void *b)
{
	const struct match_v4 *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static int
compare_v6(const void *a, const void *b)
{
	const struct match_v6 *x = a, *y = b;

	return filter_address_compare(&x->from, &y->from);
}

static struct filter_addr
address_after(struct filter_addr a)
{
	a.lo++;
	a.hi += a.lo == 0;
	return a;
}

/* Where the answer of a test about the address may change. */
static void
add_edges(struct match_space *s, const struct filter_set *set)
{
	for (size_t i = 0; i < set->v4.count; i++) {
		s->v4[s->v4s++].from = set->v4.at[i].lo;
		if (set->v4.at[i].hi < UINT32_MAX)
			s->v4[s->v4s++].from = set->v4.at[i].hi + 1;
	}
	for (size_t i = 0; i < set->v6.count; i++) {
		struct filter_addr after = address_after(set->v6.at[i].hi);

		s->v6[s->v6s++].from = set->v6.at[i].lo;
		if (after.hi != 0 || after.lo != 0)
			s->v6[s->v6s++].from = after;
	}
}

static bool
is_about(const struct filter_test *t, uint64_t column)
{
	return t->kind == FILTER_TEST_ADDRESS && t->columns == 1 &&
	       t->column[0].bit == column;
}

/* Calls for each test about the address, first to count, then to fill. */
static void
each_test(struct match *m, enum match_address which, size_t *v4, size_t *v6, bool fill)
{
	for (size_t i = 0; i < m->filters; i++)
		for (unsigned j = 0; m->filter[i] != NULL && j < m->filter[i]->tests;
		     j++) {
			const struct filter_test *t = &m->filter[i]->test[j];

			if (!is_about(t, address_column[which]))
				continue;
			*v4 += 2 * t->set.v4.count;
			*v6 += 2 * t->set.v6.count;
			if (fill)
				add_edges(&m->space[which], &t->set);
		}
}

static void
set_address(struct event *ev, enum match_address which, const struct ip_addr *a)
{
	ev->has = address_column[which];
	*(which == MATCH_SRC ? &ev->src : &ev->dst) = *a;
}

static struct ip_addr
address_from(uint8_t family, struct filter_addr a)
{
	struct ip_addr ip = {.family = family};
	unsigned size = family == 4 ? 4 : 16;

	for (unsigned i = 0; i < size; i++) {
		uint64_t half = size == 16 && i < 8 ? a.hi : a.lo;

		ip.byte[i] = (uint8_t)(half >> 8 * ((size - 1 - i) % 8));
	}
	return ip;
}

static size_t
unique(
    void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	uint8_t *p = base;
	size_t n = 0;

	qsort(base, count, size, compare);
	for (size_t i = 0; i < count; i++)
		if (n == 0 || compare(p + (n - 1) * size, p + i * size) != 0)
			memmove(p + n++ * size, p + i * size, size);
	return n;
}

static void
fill_space(struct match *m, enum match_address which)
{
	struct match_space *s = &m->space[which];
	struct event ev = {0};
	struct ip_addr ip;

	s->v4s = unique(s->v4, s->v4s, sizeof *s->v4, compare_v4);
	s->v6s = unique(s->v6, s->v6s, sizeof *s->v6, compare_v6);
	for (size_t i = 0; i < s->v4s; i++) {
		ip = address_from(4, (struct filter_addr){0, s->v4[i].from});
		set_address(&ev, which, &ip);
		s->v4[i].set = find_out(m, &ev, address_column[which]);
	}
	for (size_t i = 0; i < s->v6s; i++) {
		ip = address_from(6, s->v6[i].from);
		set_address(&ev, which, &ip);
		s->v6[i].set = find_out(m, &ev, address_column[which]);
	}
	ev.has = 0;
	s->absent = find_out(m, &ev, address_column[which]);
}

static int
init_space(struct match *m, enum match_address which)
{
	struct match_space *s = &m->space[which];
	size_t v4 = 0, v6 = 0;

	each_test(m, which, &v4, &v6, false);
	if (v4 + v6 == 0 || v4 + v6 > EDGES_MAX)
		return 0;
	s->v4 = calloc(v4 + 1, sizeof *s->v4);
	s->v6 = calloc(v6 + 1, sizeof *s->v6);
	if (s->v4 == NULL || s->v6 == NULL)
		return -1;
	/* Both begin at zero. */
	s->v4s = s->v6s = 1;
	each_test(m, which, &v4, &v6, true);
	fill_space(m, which);
	s->used = true;
	return 0;
}

static uint16_t
find_v4(const struct match_space *s, uint32_t a)
{
	size_t lo = 0, n = s->v4s;

	while (n > 1) {
		size_t half = n / 2;

		lo = s->v4[lo + half].from <= a ? lo + half : lo;
		n -= half;
	}
	return s->v4[lo].set;
}

static uint16_t
find_v6(const struct match_space *s, const struct filter_addr *a)
{
	size_t lo = 0, n = s->v6s;

	while (n > 1) {
		size_t half = n / 2;

		if (filter_address_compare(&s->v6[lo + half].from, a) <= 0)
			lo += half;
		n -= half;
	}
	return s->v6[lo].set;
}

static uint16_t
address_set(const struct match *m, const struct event *ev, enum match_address which)
{
	const struct match_space *s = &m->space[which];
	const struct ip_addr *ip = which == MATCH_SRC ? &ev->src : &ev->dst;
	struct filter_addr a;

	if ((ev->has & address_column[which]) == 0)
		return s->absent;
	a = filter_address_of(ip);
	return ip->family == 4 ? find_v4(s, (uint32_t)a.lo) : find_v6(s, &a);
}

/* ---- all together */

int
match_init(struct match *m, struct filter **filter, size_t filters)
{
	*m = (struct match){.filter = filter, .filters = filters, .sets_size = 64};
	m->words = (unsigned)((filters + 63) / 64);
	m->words += m->words == 0;
	m->set = calloc((size_t)m->sets_size * m->words, sizeof *m->set);
	if (m->set == NULL)
		return -1;
	for (size_t i = 0; i < filters; i++)
		if (filter[i] != NULL)
			m->set[i / 64] |= UINT64_C(1) << i % 64;
	m->sets = 1;
	for (int i = 0; i < MATCH_NUMBERS; i++)
		if (init_numbers(m, (enum match_number)i) < 0)
			return -1;
	for (int i = 0; i < MATCH_ADDRESSES; i++)
		if (init_space(m, (enum match_address)i) < 0)
			return -1;
	return 0;
}

void
match_free(struct match *m)
{
	for (int i = 0; i < MATCH_NUMBERS; i++)
		free(m->number[i]);
	for (int i = 0; i < MATCH_ADDRESSES; i++) {
		free(m->space[i].v4);
		free(m->space[i].v6);
	}
	free(m->set);
	*m = (struct match){0};
}

static void
and_set(const struct match *m, uint16_t set, uint64_t *bits)
{
	const uint64_t *other = m->set + (size_t)set * m->words;

	for (unsigned i = 0; i < m->words; i++)
		bits[i] &= other[i];
}

void
match_candidates(struct match *m, const struct event *ev, uint64_t *bits)
{
	memcpy(bits, m->set, m->words * sizeof *bits);
	for (int i = 0; i < MATCH_ADDRESSES; i++)
		if (m->space[i].used)
			and_set(m, address_set(m, ev, (enum match_address)i), bits);
	for (int i = 0; i < MATCH_NUMBERS; i++)
		if (m->number[i] != NULL)
			and_set(m, number_set(m, ev, (enum match_number)i), bits);
}
