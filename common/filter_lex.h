/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The letters of the filter language: blanks, words, quoted strings, regular
 * expressions, operators; and where in the text an error is. Works on the text as it
 * is, which need not end in NUL, and never looks beyond its length.
 */
#ifndef FWLOG_COMMON_FILTER_LEX_H
#define FWLOG_COMMON_FILTER_LEX_H

#include "common/filter_tree.h"

struct filter_scan {
	const char *text;
	size_t len;
	size_t at; /* of the next byte */
	struct filter_error *error;
};

enum filter_token_kind {
	FILTER_TOKEN_WORD,
	FILTER_TOKEN_QUOTED,
	FILTER_TOKEN_REGEX,
	FILTER_TOKEN_LIST,  /* @name */
	FILTER_TOKEN_FIELD, /* $name */
};

struct filter_token {
	enum filter_token_kind kind;
	bool wild;     /* a WORD with * or ?: text is a pattern as in FILTER_WILD */
	uint8_t flags; /* of a REGEX: FILTER_REGEX_* */
	size_t at;     /* offset of its first byte */
	size_t len;
	char text[FILTER_TEXT_MAX + 1]; /* without quotes and escapes, with a NUL */
};

/* Begins a scan; -1 when the text is too long, not UTF-8 or has control characters. */
int filter_scan_begin(struct filter_scan *s, const char *text, size_t len,
    struct filter_error *error) __attribute__((warn_unused_result));
/* Column of the character at this offset, from 1. */
uint32_t filter_scan_column(const struct filter_scan *s, size_t at);
/* Fills in the error: the character at this offset, and why. Returns -1. */
int filter_scan_fail(struct filter_scan *s, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void filter_scan_blanks(struct filter_scan *s);
bool filter_scan_ended(const struct filter_scan *s);
/* Steps over the sign and returns true, if it comes next. */
bool filter_scan_sign(struct filter_scan *s, const char *sign);
/* The same with a keyword: a word of its own, any case, no field. */
bool filter_scan_keyword(struct filter_scan *s, const char *keyword);

/*
 * A field's name with an operator behind it, both stepped over; the name's length, 0
 * when there is none here. *negated: the operator was !=.
 */
size_t filter_scan_field(struct filter_scan *s, enum filter_op *op, bool *negated);
/* Bytes of the word that begins here, as it lies. */
size_t filter_scan_word_length(const struct filter_scan *s);
/* A word, string, regular expression or list name. 0 or -1. */
int filter_scan_token(struct filter_scan *s, struct filter_token *token)
    __attribute__((warn_unused_result));

/* Length of the UTF-8 sequence at p, which is of a character that is not a control; 0:
 * none. */
size_t filter_utf8_length(const char *p, size_t len);

#endif
