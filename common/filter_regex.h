/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions over bytes (PCRE2, pattern syntax: pcre2pattern(3)); its .c is
 * the only user of libpcre2. No UTF mode: any bytes are a subject, "any case" means
 * ASCII letters. Compiled to machine code where the system lets it; a search that takes
 * too long gives up.
 */
#ifndef FWLOG_COMMON_FILTER_REGEX_H
#define FWLOG_COMMON_FILTER_REGEX_H

#include <stddef.h>
#include <stdint.h>

struct filter_regex;

enum filter_regex_flag {
	FILTER_REGEX_CASELESS = 1,  /* i */
	FILTER_REGEX_MULTILINE = 2, /* m: ^ and $ at every line */
	FILTER_REGEX_DOTALL = 4,    /* s: a dot takes the end of a line, too */
};
#define FILTER_REGEX_LETTERS "ims" /* of the flags, the lowest first */

/* Is it one? 0, or -1, why[whysize] and *offset of the fault in the pattern. */
int filter_regex_check(const char *pattern, size_t len, unsigned flags, char *why,
    size_t whysize, size_t *offset) __attribute__((warn_unused_result));

/* Of a pattern that passes the check; NULL: it does not, or no memory. */
struct filter_regex *filter_regex_new(const char *pattern, size_t len, unsigned flags);
void filter_regex_free(struct filter_regex *r); /* NULL-safe */
/* 1: found, 0: not, -1: gave up. Allocates nothing where machine code runs. */
int filter_regex_match(struct filter_regex *r, const void *subject, size_t len);
/* How often any of them gave up in this thread. */
uint64_t filter_regex_given_up(void);

#endif
