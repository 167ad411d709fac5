/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "common/event_line.h"
#include "common/filter_program.h"

#define ANSWER_NO 1
#define ANSWER_YES 2

/* ---- sets */

static bool
in_ranges(const struct filter_range *at, size_t count, uint64_t n)
{
	size_t lo = 0, hi = count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (n < at[mid].lo)
			hi = mid;
		else if (n > at[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
in_v4(const struct filter_range4 *at, size_t count, uint32_t a)
{
	size_t lo = 0, hi = count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (a < at[mid].lo)
			hi = mid;
		else if (a > at[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
in_v6(const struct filter_range6 *at, size_t count, const struct filter_addr *a)
{
	size_t lo = 0, hi = count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (filter_address_compare(a, &at[mid].lo) < 0)
			hi = mid;
		else if (filter_address_compare(a, &at[mid].hi) > 0)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
in_numbers(const struct filter_set *set, uint64_t n)
{
	for (size_t i = 0; i < set->masks.count; i++)
		if ((n & set->masks.at[i].hi) == set->masks.at[i].lo)
			return true;
	return in_ranges(set->numbers.at, set->numbers.count, n);
}

static bool
in_addresses(const struct filter_set *set, const struct ip_addr *ip)
{
	struct filter_addr a = filter_address_of(ip);

	return ip->family == 4 ? in_v4(set->v4.at, set->v4.count, (uint32_t)a.lo)
			       : in_v6(set->v6.at, set->v6.count, &a);
}

/* ---- columns */

static const void *
at_column(const struct event *ev, const struct filter_column *c)
{
	return (const uint8_t *)ev + c->offset;
}

static uint64_t
read_mac(const uint8_t *byte)
{
	uint64_t mac = 0;

	for (unsigned i = 0; i < sizeof(struct mac_addr); i++)
		mac = mac << 8 | byte[i];
	return mac;
}

static uint64_t
read_number(const struct event *ev, const struct filter_column *c)
{
	const void *p = at_column(ev, c);
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	switch (c->width) {
	case sizeof n16:
		memcpy(&n16, p, sizeof n16);
		return n16;
	case sizeof n32:
		memcpy(&n32, p, sizeof n32);
		return n32;
	case sizeof n64:
		memcpy(&n64, p, sizeof n64);
		return n64;
	default:
		return read_mac(p);
	}
}

/* The hook's number, moved by what its family means by it. */
static uint64_t
move_hook(const struct event *ev, uint64_t hook)
{
	if (!EVENT_HAS(ev, family))
		return hook;
	return hook + (ev->family == NFPROTO_ARP         ? FILTER_HOOK_ARP
			  : ev->family == NFPROTO_NETDEV ? FILTER_HOOK_NETDEV
							 : 0);
}

static bool
is_same_address(const struct ip_addr *a, const struct ip_addr *b)
{
	struct filter_addr x = filter_address_of(a), y = filter_address_of(b);

	return a->family == b->family && filter_address_compare(&x, &y) == 0;
}

/* ---- text */

static bool
test_line(const struct filter *f, struct filter_test *test, const struct event *ev)
{
	char line[EVENT_LINE_MAX];
	struct bytes text = {(const uint8_t *)line, 0};

	text.len = (uint16_t)event_line(ev, f->source, line);
	return filter_patterns_match(&test->set.patterns, text);
}

static bool
ask_text(struct filter *f, struct filter_test *test, uint32_t id)
{
	const struct filter_source *s = f->source;

	return filter_patterns_match(
	    &test->set.patterns, s->string(s->arg, test->dict, id));
}

static bool
test_text(struct filter *f, struct filter_test *test, uint32_t id)
{
	if (id >= test->answers)
		return ask_text(f, test, id);
	if (test->answer[id] == 0)
		test->answer[id] = ask_text(f, test, id) ? ANSWER_YES : ANSWER_NO;
	return test->answer[id] == ANSWER_YES;
}

/* ---- tests */

static bool
test_number(const struct filter_test *test, uint64_t n)
{
	switch (test->kind) {
	case FILTER_TEST_RANGE:
		return n - test->lo <= test->span;
	case FILTER_TEST_BITS:
		return n < FILTER_BITS && (test->bits[n / 64] >> n % 64 & 1) != 0;
	default:
		return in_numbers(&test->set, n);
	}
}

/* Has another field, in any of its columns, what this column has? */
static bool
test_field(const struct filter_test *test, const struct event *ev,
    const struct filter_column *column)
{
	for (unsigned i = 0; i < test->others; i++) {
		const struct filter_column *other = &test->other[i];

		if ((ev->has & other->bit) == 0)
			continue;
		if (column->width == 0
			? is_same_address(at_column(ev, column), at_column(ev, other))
			: read_number(ev, column) == read_number(ev, other))
			return true;
	}
	return false;
}

static bool
test_column(struct filter *f, struct filter_test *test, const struct event *ev,
    const struct filter_column *column)
{
	uint64_t n;

	switch (test->kind) {
	case FILTER_TEST_HAS:
		return true;
	case FILTER_TEST_ADDRESS:
		return in_addresses(&test->set, at_column(ev, column));
	case FILTER_TEST_TEXT:
		return test_text(f, test, (uint32_t)read_number(ev, column));
	case FILTER_TEST_FIELD:
		return test_field(test, ev, column);
	default:
		n = read_number(ev, column);
		if (test->part != FILTER_PART_NONE)
			n = filter_time_part(n, test->part);
		return test_number(test, test->hook ? move_hook(ev, n) : n);
	}
}

static bool
has_id(const struct filter_set *set, int32_t host_id, int64_t n)
{
	for (size_t i = 0; i < set->ids.count; i++)
		if (set->ids.at[i].lo == (uint64_t)host_id &&
		    set->ids.at[i].hi == (uint64_t)n)
			return true;
	return false;
}

/* What is not about a column. */
static bool
test_other(struct filter *f, struct filter_test *test, const struct event *ev,
    int32_t host_id, int64_t n)
{
	switch (test->kind) {
	case FILTER_TEST_HOST:
		return test->host_is;
	case FILTER_TEST_VERDICT:
		return in_numbers(&test->set, f->source->verdict(f->source->arg, ev));
	case FILTER_TEST_LINE:
		return test_line(f, test, ev);
	case FILTER_TEST_ID:
		return has_id(&test->set, host_id, n);
	default:
		return true;
	}
}

bool
filter_test_holds(struct filter *f, struct filter_test *test, const struct event *ev,
    int32_t host_id, int64_t n)
{
	bool yes = test->columns == 0 && test_other(f, test, ev, host_id, n);

	for (unsigned i = 0; i < test->columns && !yes; i++)
		yes = (ev->has & test->column[i].bit) != 0 &&
		      test_column(f, test, ev, &test->column[i]);
	return yes;
}

bool
filter_match_stored(
    struct filter *f, const struct event *ev, int32_t host_id, int64_t n)
{
	uint16_t at = f->first;
	struct filter_test *test;

	while (at < FILTER_NO) {
		test = &f->test[at];
		at = filter_test_holds(f, test, ev, host_id, n) ? test->yes : test->no;
	}
	return at == FILTER_YES;
}

bool
filter_match(struct filter *f, const struct event *ev)
{
	return filter_match_stored(f, ev, 0, 0);
}

/* ---- sources */

static void
begin_text(struct filter_test *test, uint32_t strings, bool anew)
{
	uint8_t *grown;

	if (anew && test->answers > 0)
		memset(test->answer, 0, test->answers);
	if (strings <= test->answers)
		return;
	/* Without memory the strings beyond are asked about each time. */
	grown = realloc(test->answer, strings);
	if (grown == NULL)
		return;
	memset(grown + test->answers, 0, strings - test->answers);
	test->answer = grown;
	test->answers = strings;
}

void
filter_begin(struct filter *f, const struct filter_source *source)
{
	bool anew = f->generation != source->generation;

	f->source = source;
	f->generation = source->generation;
	for (unsigned i = 0; i < f->tests; i++) {
		struct filter_test *test = &f->test[i];

		if (test->kind == FILTER_TEST_TEXT)
			begin_text(test, source->strings, anew);
		else if (test->kind == FILTER_TEST_HOST)
			test->host_is =
			    filter_patterns_match(&test->set.patterns, source->host);
	}
}

uint64_t
filter_regex_failures(const struct filter *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < f->tests; i++)
		n += f->test[i].set.patterns.failures;
	return n;
}
