/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration: one table of options per program feeds the file parser, -o on the
 * command line, defaults, --check, and the tests that hold manual and sample to it.
 * inih does the lexing (this file's .c is its only user). Every error names file, line,
 * option, what was found, what is allowed, and for an unknown name the nearest known
 * one.
 *
 * A comment stands on a line of its own; indentation means nothing; an option given
 * twice is an error unless it is of type LINES; an empty value unsets what is unset by
 * default. Lines are at most as long as inih was built for (197 characters on Debian).
 * Out of memory ends the program.
 */
#ifndef FWLOG_COMMON_CONF_H
#define FWLOG_COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
	CONF_STRING, /* char *, owned by the target */
	CONF_LINES,  /* the same; may be given more than once, each makes a line */
	CONF_BOOL,   /* bool: yes/no, true/false, on/off, 1/0 */
	CONF_UINT,   /* uint64_t, min..max */
	CONF_SIZE,   /* uint64_t bytes: 4096, 64K, 8M, 2G (powers of 1024), min..max */
	CONF_DURATION, /* uint64_t milliseconds: 200ms, 10s, 5m, 2h, 7d, min..max */
	CONF_ENUM,     /* int: index into choices */
};

struct conf_option {
	const char
	    *section; /* "" global, else the kind of a repeated section: "group" */
	const char *name;
	enum conf_type type;
	size_t offset;   /* in the target (global) or in what section_new returned */
	const char *def; /* as it would stand in the file; NULL: unset, a string is
			  * NULL, a number 0 (not for BOOL and ENUM) */
	/* UINT, SIZE, DURATION; for strings the allowed length. max 0: no upper limit
	 */
	uint64_t min, max;
	const char *const *choices; /* ENUM: NULL-terminated */
	const char *help; /* one line, for --check, the sample and the manual */
	/* STRING, LINES: what else holds; 0, or -1 and what is wrong with the text, to
	 * be put behind it. NULL: nothing. */
	int (*check)(const char *text, char *why, size_t whysize);
};

struct conf_spec {
	const struct conf_option *options;
	size_t count;
	/*
	 * A section [kind argument] begins (again: the same base may be returned).
	 * Returns the base its options are stored in, already filled with the defaults
	 * by the caller's own allocation + conf_defaults, or NULL with a reason in
	 * why[whysize]. kind stays valid, argument has to be copied. NULL when the
	 * program has no sections.
	 */
	void *(*section_new)(void *target, const char *kind, const char *argument,
	    char *why, size_t whysize);
	/* Calls dump for every section that exists; may be NULL. */
	void (*section_each)(const void *target,
	    void (*dump)(
		void *arg, const char *kind, const char *argument, const void *base),
	    void *arg);
	/* Checks that concern several options; NULL when fine, else the reason
	 * (static). */
	const char *(*validate)(const void *target);
};

/* Gathers messages; each is also counted, so that all errors of a file are shown at
 * once. */
struct conf_errors {
	unsigned count;
	FILE *out; /* where they are printed, one line each */
};

/* Defaults of one section kind ("" global) into base. Frees nothing. */
void conf_defaults(const struct conf_spec *spec, const char *kind, void *base);
/* 0, or -1 after printing every error of the file. A missing file is an error. */
int conf_load(const struct conf_spec *spec, const char *path, void *target,
    struct conf_errors *errors) __attribute__((warn_unused_result));
/* One "name=value" from -o (global options, or "group 5/name=value"). 0 or -1. */
int conf_set(const struct conf_spec *spec, const char *assignment, void *target,
    struct conf_errors *errors) __attribute__((warn_unused_result));
/* 0, or -1 after printing the reason. Call once after all files and assignments. */
int conf_validate(const struct conf_spec *spec, const void *target,
    struct conf_errors *errors) __attribute__((warn_unused_result));
/* The effective settings in the file's own syntax. */
void conf_dump(const struct conf_spec *spec, const void *target, FILE *out);
/* The table itself, one option a line, tab-separated (section name type default range
 * help): what the drift tests read; hidden option --print-options of every daemon. */
void conf_print_options(const struct conf_spec *spec, FILE *out);
void conf_free_strings(const struct conf_spec *spec, const char *kind, void *base);

#endif
