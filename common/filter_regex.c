/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_regex.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A prefix has at most 255 bytes: honest patterns need a few thousand steps. */
#define MATCH_LIMIT 50000 /* steps */
#define DEPTH_LIMIT 5000  /* nested backtracking, without machine code */
#define HEAP_LIMIT 4096   /* KiB, without machine code */
#define STACK_FIRST 32768 /* bytes, with machine code */
#define STACK_MOST 262144
#define NEST_LIMIT 20      /* parentheses in parentheses */
#define COMPILED_MAX 16384 /* bytes */

struct filter_regex {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack; /* NULL where no machine code may run */
};

static pcre2_code *
compile(const char *pattern, size_t len, unsigned flags, int *fault, size_t *offset)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
			   (flags & FILTER_REGEX_CASELESS ? PCRE2_CASELESS : 0) |
			   (flags & FILTER_REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
			   (flags & FILTER_REGEX_DOTALL ? PCRE2_DOTALL : 0);
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;

	*offset = 0;
	*fault = PCRE2_ERROR_NOMEMORY;
	if (context == NULL)
		return NULL;
	pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	code = pcre2_compile((PCRE2_SPTR)pattern, len, options, fault, offset, context);
	pcre2_compile_context_free(context);
	return code;
}

/* Repeats of repeats make a short pattern huge. */
static bool
is_huge(const pcre2_code *code)
{
	size_t size = 0;

	return pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size) != 0 ||
	       size > COMPILED_MAX;
}

static int
prepare(struct filter_regex *r)
{
	r->context = pcre2_match_context_create(NULL);
	/* Whether it matched is all we ask: one pair. */
	r->data = pcre2_match_data_create(1, NULL);
	if (r->context == NULL || r->data == NULL)
		return -1;
	pcre2_set_match_limit(r->context, MATCH_LIMIT);
	pcre2_set_depth_limit(r->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(r->context, HEAP_LIMIT);
	/* Where memory may not be executable the interpreter does it. */
	if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0) {
		r->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
		pcre2_jit_stack_assign(r->context, NULL, r->stack);
	}
	return 0;
}

int
filter_regex_check(const char *pattern, size_t len, unsigned flags, char *why,
    size_t whysize, size_t *offset)
{
	int fault, rc = -1;
	pcre2_code *code = compile(pattern, len, flags, &fault, offset);

	if (code == NULL) {
		pcre2_get_error_message(fault, (PCRE2_UCHAR *)why, whysize);
	} else if (is_huge(code)) {
		*offset = 0;
		snprintf(why, whysize, "it repeats too much");
	} else {
		rc = 0;
	}
	pcre2_code_free(code);
	return rc;
}

struct filter_regex *
filter_regex_new(const char *pattern, size_t len, unsigned flags)
{
	struct filter_regex *r = calloc(1, sizeof *r);
	size_t offset;
	int fault;

	if (r == NULL)
		return NULL;
	r->code = compile(pattern, len, flags, &fault, &offset);
	if (r->code != NULL && !is_huge(r->code) && prepare(r) == 0)
		return r;
	filter_regex_free(r);
	return NULL;
}

void
filter_regex_free(struct filter_regex *r)
{
	if (r == NULL)
		return;
	pcre2_jit_stack_free(r->stack);
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->context);
	pcre2_code_free(r->code);
	free(r);
}

static _Thread_local uint64_t given_up;

uint64_t
filter_regex_given_up(void)
{
	return given_up;
}

int
filter_regex_match(struct filter_regex *r, const void *subject, size_t len)
{
	int rc = pcre2_match(
	    r->code, len > 0 ? subject : "", len, 0, 0, r->data, r->context);

	/* 0: it matched, and had more groups than the one pair holds. */
	if (rc >= 0)
		return 1;
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	given_up++;
	return -1;
}
