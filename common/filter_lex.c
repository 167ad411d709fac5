/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/filter_regex.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t
filter_utf8_length(const char *p, size_t len)
{
	unsigned char c = (unsigned char)p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t rune;

	if (n == 1)
		return c < 0x20 || c == 0x7f ? 0 : 1;
	if (n == 0 || c > 0xf4 || n > len)
		return 0;
	rune = c & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(p[i]))
			return 0;
		rune = rune << 6 | ((unsigned char)p[i] & 0x3f);
	}
	/* Neither overlong, nor a surrogate, nor a C1 control. */
	if ((n == 2 && rune < 0xa0) || (n == 3 && rune < 0x800) ||
	    (rune >= 0xd800 && rune < 0xe000) ||
	    (n == 4 && (rune < 0x10000 || rune > 0x10ffff)))
		return 0;
	return n;
}

uint32_t
filter_scan_column(const struct filter_scan *s, size_t at)
{
	uint32_t column = 1;

	for (size_t i = 0; i < at && i < s->len; i++)
		column += !is_continuation(s->text[i]);
	return column;
}

int
filter_scan_fail(struct filter_scan *s, size_t at, const char *fmt, ...)
{
	va_list ap;

	s->error->column = filter_scan_column(s, at);
	va_start(ap, fmt);
	vsnprintf(s->error->message, sizeof s->error->message, fmt, ap);
	va_end(ap);
	return -1;
}

int
filter_scan_begin(
    struct filter_scan *s, const char *text, size_t len, struct filter_error *error)
{
	*s = (struct filter_scan){.text = text, .len = len, .error = error};
	if (len > FILTER_TEXT_MAX)
		return filter_scan_fail(s, FILTER_TEXT_MAX,
		    "the filter is too long: %zu bytes, %d are allowed", len,
		    FILTER_TEXT_MAX);
	for (size_t at = 0, n; at < len; at += n) {
		n = is_blank(text[at]) ? 1 : filter_utf8_length(text + at, len - at);
		if (n == 0)
			return filter_scan_fail(s, at,
			    "a byte that is no text: 0x%02x; in a string write \\x%02x",
			    (unsigned char)text[at], (unsigned char)text[at]);
	}
	return 0;
}

void
filter_scan_blanks(struct filter_scan *s)
{
	while (s->at < s->len && is_blank(s->text[s->at]))
		s->at++;
}

bool
filter_scan_ended(const struct filter_scan *s)
{
	return s->at == s->len;
}

static bool
is_next(const struct filter_scan *s, size_t at, const char *sign)
{
	size_t n = strlen(sign);

	return s->len - at >= n && memcmp(s->text + at, sign, n) == 0;
}

bool
filter_scan_sign(struct filter_scan *s, const char *sign)
{
	if (!is_next(s, s->at, sign))
		return false;
	s->at += strlen(sign);
	return true;
}

/* Does a word end before this byte? */
static bool
ends_word(const struct filter_scan *s, size_t at)
{
	return at >= s->len || is_blank(s->text[at]) ||
	       memchr(",()[]\"", s->text[at], 6) != NULL || is_next(s, at, "||") ||
	       is_next(s, at, "&&");
}

size_t
filter_scan_word_length(const struct filter_scan *s)
{
	size_t at = s->at;

	while (!ends_word(s, at))
		at += s->text[at] == '\\' && at + 1 < s->len ? 2 : 1;
	return at - s->at;
}

bool
filter_scan_keyword(struct filter_scan *s, const char *keyword)
{
	struct filter_scan field = *s;
	enum filter_op op;
	bool negated;

	if (!filter_word_is(s->text + s->at, filter_scan_word_length(s), keyword) ||
	    filter_scan_field(&field, &op, &negated) > 0)
		return false;
	s->at += strlen(keyword);
	return true;
}

/* ---- operators */

static const struct {
	const char *sign;
	enum filter_op op;
	bool negated;
} operators[] = {
    /* The longer one first where one begins another. */
    {":>=", FILTER_GE, false},
    {":>", FILTER_GT, false},
    {":<=", FILTER_LE, false},
    {":<", FILTER_LT, false},
    {":=", FILTER_CASED, false},
    {":", FILTER_IS, false},
    {"==", FILTER_IS, false},
    {"=", FILTER_IS, false},
    {"!=", FILTER_IS, true},
    {">=", FILTER_GE, false},
    {">", FILTER_GT, false},
    {"<=", FILTER_LE, false},
    {"<", FILTER_LT, false},
};

static bool
scan_operator(struct filter_scan *s, enum filter_op *op, bool *negated)
{
	size_t from = s->at;

	filter_scan_blanks(s);
	/* "tcp ::1" is two terms. */
	if (s->at > from && is_next(s, s->at, "::"))
		return false;
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		if (filter_scan_sign(s, operators[i].sign)) {
			*op = operators[i].op;
			*negated = operators[i].negated;
			return true;
		}
	}
	return false;
}

static bool
in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

size_t
filter_scan_field(struct filter_scan *s, enum filter_op *op, bool *negated)
{
	size_t from = s->at, n = 0;

	while (from + n < s->len && in_name(s->text[from + n]))
		n++;
	s->at = from + n;
	if (n > 0 && scan_operator(s, op, negated))
		return n;
	s->at = from;
	return 0;
}

/* ---- tokens */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a word or string, escapes undone. *plain: it was escaped. 0 or -1. */
static int
scan_byte(struct filter_scan *s, size_t end, char *byte, bool *plain)
{
	int high, low;

	*plain = s->text[s->at] == '\\';
	*byte = s->text[s->at++];
	if (!*plain)
		return 0;
	if (s->at >= end)
		return filter_scan_fail(
		    s, s->at - 1, "\\ at the end: write \\\\ for the sign itself");
	*byte = s->text[s->at++];
	if (*byte != 'x')
		return 0;
	high = s->at < end ? hex_digit(s->text[s->at]) : -1;
	low = s->at + 1 < end ? hex_digit(s->text[s->at + 1]) : -1;
	if (high < 0 || low < 0)
		return filter_scan_fail(
		    s, s->at - 2, "\\x wants two hexadecimal digits");
	*byte = (char)(high << 4 | low);
	s->at += 2;
	return 0;
}

/* Has the word an unescaped * or ?, which makes it a pattern? */
static bool
is_wild(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i += word[i] == '\\' ? 2 : 1)
		if (word[i] == '*' || word[i] == '?')
			return true;
	return false;
}

/* Puts one byte of a word into the token's text, which is never longer than the word.
 */
static void
put_byte(struct filter_token *t, char byte, bool plain)
{
	bool star = t->wild && !plain && byte == '*';

	if (star && t->len > 0 && t->text[t->len - 1] == '*' &&
	    (t->len == 1 || t->text[t->len - 2] != '\\'))
		return;
	if (t->wild && plain && memchr("*?\\", byte, 3) != NULL)
		t->text[t->len++] = '\\';
	t->text[t->len++] = byte;
}

static int
scan_word(struct filter_scan *s, struct filter_token *t)
{
	size_t n = filter_scan_word_length(s), end = s->at + n;
	bool plain;
	char byte;

	t->wild = is_wild(s->text + s->at, n);
	while (s->at < end) {
		if (scan_byte(s, end, &byte, &plain) < 0)
			return -1;
		put_byte(t, byte, plain);
	}
	return 0;
}

static int
scan_quoted(struct filter_scan *s, struct filter_token *t)
{
	bool plain;

	s->at++;
	for (;;) {
		if (s->at >= s->len)
			return filter_scan_fail(s, t->at, "the string has no end: \"");
		if (filter_scan_sign(s, "\""))
			break;
		if (scan_byte(s, s->len, &t->text[t->len++], &plain) < 0)
			return -1;
	}
	if (!ends_word(s, s->at))
		return filter_scan_fail(
		    s, s->at, "a blank is missing behind the string");
	return 0;
}

static void
scan_flags(struct filter_scan *s, struct filter_token *t)
{
	const char *letter;

	while (s->at < s->len && s->text[s->at] != '\0' &&
	       (letter = strchr(FILTER_REGEX_LETTERS, s->text[s->at])) != NULL) {
		t->flags |= (uint8_t)(1u << (letter - FILTER_REGEX_LETTERS));
		s->at++;
	}
}

static int
scan_regex(struct filter_scan *s, struct filter_token *t)
{
	size_t from = ++s->at;

	while (s->at < s->len && s->text[s->at] != '/')
		s->at += s->text[s->at] == '\\' ? 2 : 1;
	if (s->at >= s->len)
		return filter_scan_fail(s, t->at,
		    "the regular expression has no end: / (inside, write \\/)");
	t->len = s->at - from;
	if (t->len > FILTER_REGEX_MAX)
		return filter_scan_fail(s, t->at,
		    "the regular expression is too long: %zu bytes, %d are allowed",
		    t->len, FILTER_REGEX_MAX);
	memcpy(t->text, s->text + from, t->len);
	s->at++;
	scan_flags(s, t);
	if (!ends_word(s, s->at))
		return filter_scan_fail(s, s->at,
		    "behind a regular expression comes i, for any case, or m or s, "
		    "for lines, or a blank");
	return 0;
}

static int
scan_name(struct filter_scan *s, struct filter_token *t)
{
	size_t from = ++s->at;

	while (s->at < s->len && in_name(s->text[s->at]))
		s->at++;
	t->len = s->at - from;
	memcpy(t->text, s->text + from, t->len);
	if (t->len == 0 || !ends_word(s, s->at))
		return filter_scan_fail(s, t->at,
		    "the name of a %s is %c and letters, digits, _ . -",
		    t->kind == FILTER_TOKEN_LIST ? "list" : "field", s->text[t->at]);
	return 0;
}

int
filter_scan_token(struct filter_scan *s, struct filter_token *t)
{
	static const struct {
		char first;
		enum filter_token_kind kind;
		int (*scan)(struct filter_scan *, struct filter_token *);
	} kinds[] = {
	    {'"', FILTER_TOKEN_QUOTED, scan_quoted},
	    {'/', FILTER_TOKEN_REGEX, scan_regex},
	    {'@', FILTER_TOKEN_LIST, scan_name},
	    {'$', FILTER_TOKEN_FIELD, scan_name},
	};
	int (*scan)(struct filter_scan *, struct filter_token *) = scan_word;

	t->kind = FILTER_TOKEN_WORD;
	t->wild = false;
	t->flags = 0;
	t->at = s->at;
	t->len = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (s->at < s->len && s->text[s->at] == kinds[i].first) {
			t->kind = kinds[i].kind;
			scan = kinds[i].scan;
		}
	}
	if (scan(s, t) < 0)
		return -1;
	t->text[t->len] = '\0';
	return 0;
}
