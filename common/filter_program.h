/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filter_compile makes of a tree: tests in an array, each of which names the next
 * one for yes and for no, so that AND, OR and NOT cost nothing. Shared by the compiler
 * (filter_compile.c) and what runs it (filter_match.c).
 */
#ifndef FWLOG_COMMON_FILTER_PROGRAM_H
#define FWLOG_COMMON_FILTER_PROGRAM_H

#include "common/filter_set.h"

enum filter_test_kind {
	FILTER_TEST_HAS,     /* one of the bits of `has` */
	FILTER_TEST_RANGE,   /* one range */
	FILTER_TEST_BITS,    /* set of numbers below FILTER_BITS */
	FILTER_TEST_NUMBERS, /* ranges and masks */
	FILTER_TEST_ADDRESS,
	FILTER_TEST_TEXT,
	FILTER_TEST_HOST, /* the same for all events of a source */
	FILTER_TEST_VERDICT,
	FILTER_TEST_ID,
	FILTER_TEST_FIELD, /* the same as another field */
	FILTER_TEST_LINE,
	FILTER_TEST_ALWAYS,
};

/* Indices in place of a test: the answer. */
#define FILTER_YES UINT16_MAX
#define FILTER_NO (UINT16_MAX - 1)
#define FILTER_TESTS_MAX (UINT16_MAX - 2)
#define FILTER_BITS 65536

/* How a column lies in struct event. */
struct filter_column {
	uint64_t bit;
	uint16_t offset;
	uint8_t width; /* 2, 4, 8: a number; 6: a hardware address; else 0 */
	uint8_t index; /* EVENT_I_* */
};

struct filter_test {
	uint8_t kind; /* enum filter_test_kind */
	uint8_t columns;
	bool hook;
	uint8_t part; /* enum filter_part */
	uint8_t others;
	uint16_t yes, no;
	struct filter_column column[FILTER_COLUMNS_MAX];
	uint64_t lo, span; /* RANGE; also of all numbers in the set */
	uint64_t *bits;    /* BITS */
	struct filter_set set;
	enum filter_dict dict; /* TEXT */
	uint8_t *answer;       /* TEXT: by id; 0 not asked yet, else 1 + the answer */
	size_t answers;        /* in answer */
	bool host_is;          /* HOST */
	struct filter_column other[FILTER_COLUMNS_MAX]; /* FIELD */
};

struct filter {
	struct filter_test *test; /* filled from the end */
	uint16_t first;           /* test, or FILTER_YES or FILTER_NO */
	uint16_t tests;
	const struct filter_source *source;
	uint64_t generation;
};

struct filter_column filter_column_of(uint8_t column);

/* One test of a filter that was begun. */
bool filter_test_holds(struct filter *f, struct filter_test *test,
    const struct event *ev, int32_t host_id, int64_t n);
/*
 * May the filter match an event of which only these columns are known (bits of `has`;
 * a known one that is not set is absent)? False: certainly not.
 */
bool filter_may_match(struct filter *f, const struct event *ev, uint64_t known);

#endif
