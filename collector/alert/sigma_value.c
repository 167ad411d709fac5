/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of Sigma as values of the filter language. Text becomes a pattern. What has no
 * text of its own, a port or the flags, is compared with a pattern by trying it on all
 * the values there are; addresses know networks and beginnings.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/alert/sigma.h"
#include "common/filter_address.h"
#include "common/filter_flags.h"
#include "common/filter_pattern.h"
#include "common/filter_value.h"

#define SEARCHED_MAX 65535 /* largest number all values up to which are tried */
#define SHOWN 64

/* A value's text as a pattern. */
struct pattern {
	bool wild; /* with * or ? */
	size_t len;
	char
	    text[2 * SIGMA_VALUE_MAX + 3]; /* wild: as FILTER_WILD has it, else plain */
};

static int
refuse(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v,
    const char *wanted)
{
	sigma_fail(s, v->line, "\"%.*s\" is no value of %s: %s",
	    (int)(v->len < SHOWN ? v->len : SHOWN), v->text, how->field->name, wanted);
	return -1;
}

static int
put(struct sigma *s, const struct filter_value *value, unsigned line)
{
	if (s->tree->values >= SIGMA_VALUES_MAX ||
	    filter_tree_add_value(s->tree, value) == 0) {
		sigma_fail(s, line,
		    s->tree->values >= SIGMA_VALUES_MAX ? "the rule has too many values"
							: "out of memory");
		return -1;
	}
	return 0;
}

static int
put_text(struct sigma *s, enum filter_value_kind kind, unsigned flags, const char *text,
    size_t len, unsigned line)
{
	struct filter_value v = {.kind = (uint8_t)kind, .flags = (uint8_t)flags};

	v.text.len = (uint32_t)len;
	v.text.at = filter_tree_add_text(s->tree, text, len);
	if (v.text.at == 0) {
		sigma_fail(s, line, "out of memory");
		return -1;
	}
	return put(s, &v, line);
}

static int
put_range(struct sigma *s, uint64_t lo, uint64_t hi, unsigned line)
{
	struct filter_value v = {.kind = FILTER_RANGE, .num = {lo, hi}};

	return put(s, &v, line);
}

/* ---- patterns */

static void
add_star(struct pattern *p)
{
	if (p->len > 0 && p->text[p->len - 1] == '*' &&
	    (p->len == 1 || p->text[p->len - 2] != '\\'))
		return;
	p->text[p->len++] = '*';
}

/* Sigma: \* and \? are the signs, \\ a backslash, any other backslash stays one. */
static void
read_pattern(
    struct pattern *p, const struct sigma_how *how, const struct sigma_value *v)
{
	bool plain;

	p->len = 0;
	p->wild = how->match != SIGMA_EQUAL;
	for (size_t i = 0; i < v->len && !p->wild; i++) {
		p->wild = v->text[i] == '*' || v->text[i] == '?';
		i += v->text[i] == '\\' && i + 1 < v->len &&
		     strchr("*?\\", v->text[i + 1]) != NULL;
	}
	if (how->match == SIGMA_CONTAINS || how->match == SIGMA_ENDSWITH)
		add_star(p);
	for (size_t i = 0; i < v->len; i++) {
		plain = v->text[i] == '\\' && i + 1 < v->len &&
			strchr("*?\\", v->text[i + 1]) != NULL;
		i += plain;
		if (p->wild && !plain && v->text[i] == '*') {
			add_star(p);
			continue;
		}
		if (p->wild &&
		    (v->text[i] == '\\' || (plain && strchr("*?", v->text[i]) != NULL)))
			p->text[p->len++] = '\\';
		p->text[p->len++] = v->text[i];
	}
	if (how->match == SIGMA_CONTAINS || how->match == SIGMA_STARTSWITH)
		add_star(p);
	p->text[p->len] = '\0';
}

bool
sigma_is_star(const struct sigma_how *how, const struct sigma_value *v)
{
	size_t n = strspn(v->text, "*");

	return !v->list && how->match <= SIGMA_ENDSWITH && n == v->len &&
	       (n > 0 || how->match != SIGMA_EQUAL);
}

/* A slash ends regular expressions in the filter language. */
static int
read_regex(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v,
    struct pattern *p)
{
	char why[128];
	size_t offset;

	p->len = 0;
	for (size_t i = 0; i < v->len; i++) {
		if ((unsigned char)v->text[i] < 0x20)
			return refuse(s, how, v,
			    "control characters are written \\n, \\t, \\x00");
		if (v->text[i] == '/')
			p->text[p->len++] = '\\';
		p->text[p->len++] = v->text[i];
		if (v->text[i] == '\\' && i + 1 < v->len)
			p->text[p->len++] = v->text[++i];
	}
	p->text[p->len] = '\0';
	if (filter_regex_check(p->text, p->len, how->regex, why, sizeof why, &offset) ==
	    0)
		return 0;
	sigma_fail(s, v->line, "the regular expression is wrong behind %zu bytes: %s",
	    offset, why);
	return -1;
}

static int
put_pattern(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	struct pattern p;

	if (how->match == SIGMA_CIDR)
		return refuse(s, how, v, "cidr goes with addresses");
	if (how->match == SIGMA_RE)
		return read_regex(s, how, v, &p) < 0
			   ? -1
			   : put_text(
				 s, FILTER_REGEX, how->regex, p.text, p.len, v->line);
	read_pattern(&p, how, v);
	return put_text(
	    s, p.wild ? FILTER_WILD : FILTER_LITERAL, 0, p.text, p.len, v->line);
}

/* ---- patterns tried on all values */

static int
open_search(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v,
    struct filter_patterns *set)
{
	struct filter_value value = {
	    .kind = FILTER_REGEX, .flags = (uint8_t)how->regex};
	struct pattern p;

	*set = (struct filter_patterns){0};
	if (++s->searches > SIGMA_SEARCHES_MAX) {
		sigma_fail(s, v->line, "too many patterns on numbers in one rule");
		return -1;
	}
	if (how->match == SIGMA_RE) {
		if (read_regex(s, how, v, &p) < 0)
			return -1;
	} else {
		read_pattern(&p, how, v);
		value.kind = p.wild ? FILTER_WILD : FILTER_LITERAL;
	}
	value.text.len = (uint32_t)p.len;
	if (filter_patterns_add(set, &value, p.text, how->cased) == 0)
		return 0;
	filter_patterns_free(set);
	sigma_fail(s, v->line, "out of memory");
	return -1;
}

static bool
is_found(struct filter_patterns *set, const char *text)
{
	return filter_patterns_match(
	    set, (struct bytes){(const uint8_t *)text, (uint16_t)strlen(text)});
}

static int
put_symbols(struct sigma *s, const struct filter_field *field,
    struct filter_patterns *set, unsigned line, unsigned *found)
{
	for (const struct filter_symbol *y = field->symbols;
	     y != NULL && y->name != NULL; y++) {
		struct filter_value v = {.kind = FILTER_SYMBOL};

		if (!is_found(set, y->name))
			continue;
		++*found;
		if (y->count == 1 && !(field->traits & FILTER_HOOK)) {
			if (put_range(s, y->value[0], y->value[0], line) < 0)
				return -1;
			continue;
		}
		v.num.lo = v.num.hi = (uint64_t)(y - field->symbols);
		if (put(s, &v, line) < 0)
			return -1;
	}
	return 0;
}

static int
put_found_numbers(struct sigma *s, const struct filter_field *field,
    struct filter_patterns *set, unsigned line, unsigned *found)
{
	uint64_t from = UINT64_MAX;
	char text[24];

	for (uint64_t n = 0; n <= field->max + 1; n++) {
		bool yes = false;

		if (n <= field->max) {
			snprintf(text, sizeof text, "%llu", (unsigned long long)n);
			yes = is_found(set, text);
		}
		if (yes && from == UINT64_MAX)
			from = n;
		if (yes || from == UINT64_MAX)
			continue;
		if (put_range(s, from, n - 1, line) < 0)
			return -1;
		++*found;
		from = UINT64_MAX;
	}
	return 0;
}

/* A pattern that no value has is a mistake. */
static int
search_numbers(
    struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	const struct filter_field *field = how->field;
	struct filter_patterns set;
	unsigned found = 0;
	int rc;

	if (field->max > SEARCHED_MAX)
		return refuse(s, how, v, "it is a number; compare it with gte and lte");
	if (open_search(s, how, v, &set) < 0)
		return -1;
	rc = put_symbols(s, field, &set, v->line, &found);
	if (rc == 0 && !(field->traits & FILTER_HOOK))
		rc = put_found_numbers(s, field, &set, v->line, &found);
	filter_patterns_free(&set);
	if (rc == 0 && found == 0)
		return refuse(s, how, v, "nothing it can be fits");
	return rc;
}

/* ---- numbers */

static bool
is_searched(const struct sigma_how *how, const struct sigma_value *v)
{
	return how->match != SIGMA_EQUAL || strpbrk(v->text, "*?") != NULL;
}

static int
read_value(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v,
    struct filter_value *value)
{
	struct filter_token *token = calloc(1, sizeof *token);
	struct filter_why why;
	int rc;

	if (token == NULL) {
		sigma_fail(s, v->line, "out of memory");
		return -1;
	}
	token->kind = FILTER_TOKEN_WORD;
	token->len = v->len;
	memcpy(token->text, v->text, v->len + 1);
	rc = filter_value_read(how->field, token, value, &why);
	if (rc < 0)
		sigma_fail(s, v->line, "%s", why.message);
	free(token);
	return rc;
}

static int
put_number(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	struct filter_value value;

	if (how->match == SIGMA_CIDR)
		return refuse(s, how, v, "cidr goes with addresses");
	if (is_searched(how, v))
		return search_numbers(s, how, v);
	if (read_value(s, how, v, &value) < 0)
		return -1;
	if (value.kind == FILTER_RANGE && value.num.lo != value.num.hi)
		return refuse(
		    s, how, v, "one number; a range is written with gte and lte");
	if (how->compared && value.kind != FILTER_RANGE)
		return refuse(s, how, v, "a comparison takes one number");
	return put(s, &value, v->line);
}

/* ---- flags, rendered SYN,ACK */

static const char *const flag_names[] = {
    "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
#define FLAG_SIGNS ",+| "

/* Names or letters with signs between them. */
static bool
read_flag_names(const char *text, uint64_t *flags)
{
	uint64_t set, mask;
	char part[16];

	*flags = 0;
	for (text += strspn(text, FLAG_SIGNS); *text != '\0';
	     text += strspn(text, FLAG_SIGNS)) {
		size_t n = strcspn(text, FLAG_SIGNS);

		if (n >= sizeof part)
			return false;
		memcpy(part, text, n);
		part[n] = '\0';
		if (!filter_flags_read(part, &set, &mask) || set != mask)
			return false;
		*flags |= set;
		text += n;
	}
	return true;
}

static void
render_flags(unsigned flags, char text[64])
{
	char *p = text;

	*p = '\0';
	for (unsigned i = 0; i < 8; i++)
		if (flags >> i & 1)
			p += sprintf(p, "%s%s", p > text ? "," : "", flag_names[i]);
}

static int
search_flags(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	struct filter_patterns set;
	char text[64];
	int rc = 0;

	if (open_search(s, how, v, &set) < 0)
		return -1;
	for (unsigned flags = 0; flags <= FILTER_FLAGS_ALL && rc == 0; flags++) {
		struct filter_value value = {
		    .kind = FILTER_MASK, .num = {flags, FILTER_FLAGS_ALL}};

		render_flags(flags, text);
		if (is_found(&set, text))
			rc = put(s, &value, v->line);
	}
	filter_patterns_free(&set);
	return rc;
}

static int
put_flags(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	struct filter_value value = {.kind = FILTER_MASK};
	bool digits = v->len > 0 && isdigit((unsigned char)v->text[0]);

	if (how->match == SIGMA_CIDR)
		return refuse(s, how, v, "cidr goes with addresses");
	if (how->match == SIGMA_EQUAL && digits)
		return read_value(s, how, v, &value) < 0 ? -1 : put(s, &value, v->line);
	if (how->match == SIGMA_RE || strpbrk(v->text, "*?") != NULL)
		return search_flags(s, how, v);
	if (!read_flag_names(v->text, &value.num.lo))
		return refuse(s, how, v, "names of flags as SYN,ACK are expected");
	if (how->match == SIGMA_STARTSWITH || how->match == SIGMA_ENDSWITH)
		return search_flags(s, how, v);
	value.num.hi =
	    how->match == SIGMA_CONTAINS ? value.num.lo : (uint64_t)FILTER_FLAGS_ALL;
	return put(s, &value, v->line);
}

/* ---- addresses */

/* All IPv4 addresses whose text begins so: whole numbers, and the digits of one more.
 */
static int
put_beginning4(struct sigma *s, const char *text, unsigned line, unsigned *found)
{
	char beginning[40], number[8];
	const char *digits = strrchr(text, '.');
	size_t whole = digits != NULL ? (size_t)(digits - text) + 1 : 0;
	struct filter_value v;

	if (whole + 6 >= sizeof beginning)
		return 0;
	digits = text + whole;
	for (unsigned n = 0; n < 256; n++) {
		snprintf(number, sizeof number, "%u", n);
		if (strncmp(number, digits, strlen(digits)) != 0)
			continue;
		snprintf(beginning, sizeof beginning, "%.*s%u.*", (int)whole, text, n);
		if (!filter_address_read(beginning, &v)) {
			/* It was the fourth number. */
			beginning[strlen(beginning) - 2] = '\0';
			if (!filter_address_read(beginning, &v))
				return 0;
		}
		if (put(s, &v, line) < 0)
			return -1;
		++*found;
	}
	return 0;
}

static int
put_beginning(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v,
    const char *text)
{
	char star[SIGMA_VALUE_MAX + 3];
	struct filter_value value;
	size_t len = strlen(text);
	unsigned found = 0;

	if (len > 0 && (text[len - 1] == '.' || text[len - 1] == ':')) {
		snprintf(star, sizeof star, "%s*", text);
		if (filter_address_read(star, &value))
			return put(s, &value, v->line);
	}
	if (strspn(text, "0123456789.") == len &&
	    put_beginning4(s, text, v->line, &found) < 0)
		return -1;
	if (found > 0)
		return 0;
	return refuse(s, how, v,
	    "no address begins so that it is known; write a network, "
	    "with cidr");
}

static int
put_address(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	size_t star = strcspn(v->text, "*?");
	struct filter_value value;
	char text[SIGMA_VALUE_MAX + 1];

	if (how->match == SIGMA_CONTAINS || how->match == SIGMA_ENDSWITH ||
	    how->match == SIGMA_RE)
		return refuse(s, how, v,
		    "addresses have no text to search in; write a "
		    "network, with cidr");
	if (how->match == SIGMA_STARTSWITH)
		return put_beginning(s, how, v, v->text);
	if (star < v->len && how->match == SIGMA_EQUAL) {
		if (v->text[star] != '*' || star + 1 != v->len)
			return refuse(s, how, v, "in an address only the end can be *");
		memcpy(text, v->text, star);
		text[star] = '\0';
		return put_beginning(s, how, v, text);
	}
	if (!filter_address_read(v->text, &value))
		return refuse(s, how, v,
		    how->match == SIGMA_CIDR
			? "a network such as 10.0.0.0/8 is expected"
			: "an address is expected");
	if (how->match == SIGMA_EQUAL && strchr(v->text, '/') != NULL)
		return refuse(s, how, v, "a network goes with the modifier cidr");
	if (strchr(v->text, '-') != NULL)
		return refuse(s, how, v, "a network such as 10.0.0.0/8 is expected");
	return put(s, &value, v->line);
}

static int
put_mac(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	char text[32];
	struct filter_value value = {.kind = FILTER_RANGE};
	bool begins = how->match == SIGMA_STARTSWITH;

	if (v->len + 3 > sizeof text || (how->match != SIGMA_EQUAL && !begins))
		return refuse(
		    s, how, v, "a hardware address, or its beginning, is expected");
	snprintf(text, sizeof text, "%s%s", v->text,
	    !begins                                    ? ""
	    : v->len > 0 && v->text[v->len - 1] == ':' ? "*"
						       : ":*");
	if (!filter_mac_read(text, &value.num.lo, &value.num.hi))
		return refuse(s, how, v,
		    "a hardware address such as 00:16:3e:01:02:03 is "
		    "expected");
	return put(s, &value, v->line);
}

/* ---- verdicts */

static const struct {
	const char *name;
	uint8_t lo, hi;
} actions[] = {
    {"accept", FILTER_ACCEPT, FILTER_ACCEPT},
    {"accepted", FILTER_ACCEPT, FILTER_ACCEPT},
    {"allow", FILTER_ACCEPT, FILTER_ACCEPT},
    {"allowed", FILTER_ACCEPT, FILTER_ACCEPT},
    {"pass", FILTER_ACCEPT, FILTER_ACCEPT},
    {"passed", FILTER_ACCEPT, FILTER_ACCEPT},
    {"permit", FILTER_ACCEPT, FILTER_ACCEPT},
    {"permitted", FILTER_ACCEPT, FILTER_ACCEPT},
    {"forward", FILTER_ACCEPT, FILTER_ACCEPT},
    {"forwarded", FILTER_ACCEPT, FILTER_ACCEPT},
    {"block", FILTER_DROP, FILTER_REJECT},
    {"blocked", FILTER_DROP, FILTER_REJECT},
    {"deny", FILTER_DROP, FILTER_REJECT},
    {"denied", FILTER_DROP, FILTER_REJECT},
    {"drop", FILTER_DROP, FILTER_DROP},
    {"dropped", FILTER_DROP, FILTER_DROP},
    {"reject", FILTER_REJECT, FILTER_REJECT},
    {"rejected", FILTER_REJECT, FILTER_REJECT},
    {"unknown", FILTER_UNKNOWN, FILTER_UNKNOWN},
};

/* Other firewalls' words are never what this one did. */
static int
put_action(struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	bool seen[FILTER_REJECT + 1] = {false};
	struct filter_patterns set;
	int rc = 0;

	if (how->match == SIGMA_CIDR)
		return refuse(s, how, v, "cidr goes with addresses");
	if (open_search(s, how, v, &set) < 0)
		return -1;
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		for (uint8_t n = actions[i].lo;
		     n <= actions[i].hi && is_found(&set, actions[i].name); n++)
			seen[n] = true;
	filter_patterns_free(&set);
	for (uint8_t n = 0; n <= FILTER_REJECT && rc == 0; n++)
		rc = seen[n] ? put_range(s, n, n, v->line) : 0;
	return rc;
}

/* ---- all of them */

int
sigma_put_value(
    struct sigma *s, const struct sigma_how *how, const struct sigma_value *v)
{
	if (v->list) {
		s->uses_lists = true;
		return put_text(s, FILTER_LIST, 0, v->text, v->len, v->line);
	}
	if (v->len > SIGMA_VALUE_MAX)
		return refuse(s, how, v, "it is too long");
	switch (how->field->type) {
	case FILTER_ADDRESS:
		return put_address(s, how, v);
	case FILTER_NUMBER:
	case FILTER_PORT:
		return put_number(s, how, v);
	case FILTER_FLAGS:
		return put_flags(s, how, v);
	case FILTER_MAC:
		return put_mac(s, how, v);
	case FILTER_TEXT:
	case FILTER_LINE:
		return put_pattern(s, how, v);
	case FILTER_VERDICT:
		return put_action(s, how, v);
	default:
		return refuse(s, how, v, "only exists can be asked");
	}
}
