/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_value.h"

#include <ctype.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/filter_address.h"
#include "common/filter_flags.h"
#include "common/filter_regex.h"

#define HOST_ID_MAX INT32_MAX
#define EVENT_N_MAX INT64_MAX

static int refuse(struct filter_why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct filter_why *why, const char *fmt, ...)
{
	va_list ap;

	why->offset = 0;
	va_start(ap, fmt);
	vsnprintf(why->message, sizeof why->message, fmt, ap);
	va_end(ap);
	return -1;
}

/* Messages repeat no more of what was typed than this. */
#define SHOWN(token) (int)((token)->len < 64 ? (token)->len : 64), (token)->text

/* ---- numbers */

/* Digits, decimal or 0x, all of text up to its length. */
static bool
read_number(const char *text, size_t len, uint64_t *n)
{
	unsigned base = len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;

	*n = 0;
	for (size_t i = base == 16 ? 2 : 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned digit =
		    isdigit(c) ? (unsigned)(c - '0') : (c | 0x20u) - 'a' + 10u;

		if (!isxdigit(c) || digit >= base || *n > (UINT64_MAX - digit) / base)
			return false;
		*n = *n * base + digit;
	}
	return len > 0;
}

/* A and B of "A-B" or "A..B". */
static bool
read_range(const char *text, size_t len, uint64_t *lo, uint64_t *hi)
{
	size_t n = strcspn(text, "-.");
	size_t skip = text[n] == '-' ? 1 : text[n] == '.' && text[n + 1] == '.' ? 2 : 0;

	return skip > 0 && read_number(text, n, lo) &&
	       read_number(text + n + skip, len - n - skip, hi);
}

static bool
read_service(const char *name, uint64_t *port)
{
	char lower[64], buffer[1024];
	struct servent entry, *s;
	size_t n = strlen(name);

	if (n >= sizeof lower || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	if (getservbyname_r(lower, NULL, &entry, buffer, sizeof buffer, &s) != 0 ||
	    s == NULL)
		return false;
	*port = be16toh((uint16_t)s->s_port);
	return true;
}

static int
no_number(const struct filter_field *field, const struct filter_token *token,
    struct filter_why *why)
{
	const char *services = field->type == FILTER_PORT ? " or a service" : "";
	const char *names = field->symbols != NULL ? " or a name such as " : "";
	struct nearest near;

	nearest_begin(&near, token->text);
	for (const struct filter_symbol *s = field->symbols;
	     s != NULL && s->name != NULL; s++)
		nearest_offer(&near, s->name);
	if (near.best != NULL)
		return refuse(why, "\"%.*s\" is no value of %s; did you mean %s?",
		    SHOWN(token), field->name, near.best);
	return refuse(why,
	    "\"%.*s\" is no value of %s: a number from 0 to %llu, a range%s%s%s",
	    SHOWN(token), field->name, (unsigned long long)field->max, services, names,
	    field->symbols != NULL ? field->symbols[1].name : "");
}

static void
take_symbol(const struct filter_field *field, const struct filter_symbol *s,
    struct filter_value *v)
{
	v->kind = FILTER_RANGE;
	v->num.lo = v->num.hi = s->value[0];
	if (s->count > 1 || (field->traits & FILTER_HOOK)) {
		v->kind = FILTER_SYMBOL;
		v->num.lo = v->num.hi = (uint64_t)(s - field->symbols);
	}
}

static bool
read_mask(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v)
{
	const char *slash = strchr(token->text, '/');
	size_t n = slash != NULL ? (size_t)(slash - token->text) : 0;

	if (!(field->traits & FILTER_HEX) || slash == NULL ||
	    !read_number(token->text, n, &v->num.lo) ||
	    !read_number(slash + 1, token->len - n - 1, &v->num.hi))
		return false;
	v->kind = v->num.hi == field->max ? FILTER_RANGE : FILTER_MASK;
	if (v->kind == FILTER_RANGE)
		v->num.hi = v->num.lo;
	return true;
}

static int
read_numeric(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	const struct filter_symbol *s =
	    filter_symbol_find(field, token->text, token->len);
	uint64_t lo, hi;

	if (s != NULL) {
		take_symbol(field, s, v);
		return 0;
	}
	if (!read_mask(field, token, v)) {
		if (read_range(token->text, token->len, &lo, &hi))
			v->num.hi = hi;
		else if (read_number(token->text, token->len, &lo) ||
			 (field->type == FILTER_PORT && read_service(token->text, &lo)))
			v->num.hi = lo;
		else
			return no_number(field, token, why);
		v->kind = FILTER_RANGE;
		v->num.lo = lo;
	}
	if (v->num.lo > field->max || v->num.hi > field->max)
		return refuse(why, "%.*s is too large: %s goes from 0 to %llu",
		    SHOWN(token), field->name, (unsigned long long)field->max);
	if (v->kind == FILTER_RANGE && v->num.lo > v->num.hi)
		return refuse(why, "the range %.*s runs backwards", SHOWN(token));
	return 0;
}

static int
read_flags(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	uint64_t n;

	v->kind = FILTER_MASK;
	if (read_number(token->text, token->len, &n) && n <= field->max) {
		v->num.lo = n;
		v->num.hi = field->max;
		return 0;
	}
	if (filter_flags_read(token->text, &v->num.lo, &v->num.hi))
		return 0;
	return refuse(why,
	    "\"%.*s\" is no value of flags: letters of F S R P A U E C, as SA; behind "
	    "a "
	    "minus those that must not be set, as S-A; or a number",
	    SHOWN(token));
}

static int
read_verdict(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	const struct filter_symbol *s =
	    filter_symbol_find(field, token->text, token->len);

	if (s == NULL)
		return refuse(why,
		    "\"%.*s\" is no verdict: accept, drop, reject or unknown",
		    SHOWN(token));
	take_symbol(field, s, v);
	return 0;
}

static int
read_id(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	(void)field;
	v->kind = FILTER_EVENT_ID;
	if (!read_range(token->text, token->len, &v->num.lo, &v->num.hi) ||
	    v->num.lo > HOST_ID_MAX || v->num.hi > EVENT_N_MAX)
		return refuse(why,
		    "\"%.*s\" is no id: the number of the host, a minus, the number of "
		    "the event, as 3-12345",
		    SHOWN(token));
	return 0;
}

static int
read_mac(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	(void)field;
	v->kind = FILTER_RANGE;
	if (filter_mac_read(token->text, &v->num.lo, &v->num.hi))
		return 0;
	return refuse(why,
	    "\"%.*s\" is no hardware address, as 00:16:3e:01:02:03, or 00:16:3e:*",
	    SHOWN(token));
}

/* ---- text */

static int
read_regex(
    const struct filter_token *token, struct filter_value *v, struct filter_why *why)
{
	char reason[FILTER_MESSAGE_MAX - 64];
	size_t offset;

	if (filter_regex_check(token->text, token->len, token->flags, reason,
		sizeof reason, &offset) < 0) {
		refuse(why, "the regular expression is wrong here: %s", reason);
		why->offset = 1 + offset;
		return -1;
	}
	v->kind = FILTER_REGEX;
	v->flags = token->flags;
	return 0;
}

static int
read_text(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	struct filter_value address;

	v->text.len = (uint32_t)token->len;
	if (token->kind == FILTER_TOKEN_REGEX)
		return read_regex(token, v, why);
	v->kind = token->wild ? FILTER_WILD : FILTER_LITERAL;
	if (field->type == FILTER_TEXT && field->dict == FILTER_HOST &&
	    token->kind == FILTER_TOKEN_WORD &&
	    filter_address_read(token->text, &address))
		return refuse(why,
		    "host is the machine that logged; for an address in the packet "
		    "write ip:%.*s (for a host of this name host:\"%.*s\")",
		    SHOWN(token), SHOWN(token));
	return 0;
}

/* ---- all of them */

static int
read_address(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	if (filter_word_is(token->text, token->len, "private"))
		v->kind = FILTER_PRIVATE;
	else if (filter_word_is(token->text, token->len, "public"))
		v->kind = FILTER_PUBLIC;
	else if (!filter_address_read(token->text, v))
		return refuse(why,
		    "\"%.*s\" is no value of %s: an address, a network as 10.0.0.0/8, "
		    "a "
		    "range, private or public",
		    SHOWN(token), field->name);
	return 0;
}

static int
read_nothing(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	(void)token;
	(void)v;
	return refuse(why, "%s has no values to look for: write has:%s", field->name,
	    field->name);
}

static int (*const readers[])(const struct filter_field *, const struct filter_token *,
    struct filter_value *, struct filter_why *) = {
    [FILTER_ADDRESS] = read_address,
    [FILTER_NUMBER] = read_numeric,
    [FILTER_PORT] = read_numeric,
    [FILTER_FLAGS] = read_flags,
    [FILTER_MAC] = read_mac,
    [FILTER_TEXT] = read_text,
    [FILTER_VERDICT] = read_verdict,
    [FILTER_ID] = read_id,
    [FILTER_ALERT] = read_text,
    [FILTER_LINE] = read_text,
    [FILTER_BYTES] = read_nothing,
};

/* What an event has in both fields can be compared. */
static bool
is_comparable(const struct filter_field *a, const struct filter_field *b)
{
	bool numbers[2] = {a->max > 0, b->max > 0};

	if (a->columns == 0 || b->columns == 0 || a->part != 0 || b->part != 0 ||
	    ((a->traits | b->traits) & FILTER_HOOK) != 0)
		return false;
	if (numbers[0] || numbers[1])
		return numbers[0] && numbers[1];
	return a->type == b->type && a->type != FILTER_BYTES &&
	       (a->type != FILTER_TEXT || a->dict == b->dict);
}

static int
read_field(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	const struct filter_field *other = filter_field_find(token->text, token->len);

	if (other == NULL)
		return refuse(
		    why, "$%.*s is no field; fwlog-filter(7) lists them", SHOWN(token));
	if (!is_comparable(field, other))
		return refuse(
		    why, "%s and %s cannot be compared", field->name, other->name);
	v->kind = FILTER_FIELD;
	v->num.lo = v->num.hi = (uint64_t)(other - filter_fields);
	return 0;
}

static bool
takes_lists(const struct filter_field *field)
{
	return field->type == FILTER_ADDRESS || field->type == FILTER_NUMBER ||
	       field->type == FILTER_PORT || field->type == FILTER_TEXT ||
	       field->type == FILTER_LINE;
}

static bool
takes_text(const struct filter_field *field)
{
	return field->type == FILTER_TEXT || field->type == FILTER_LINE ||
	       field->type == FILTER_ALERT;
}

int
filter_value_read(const struct filter_field *field, const struct filter_token *token,
    struct filter_value *v, struct filter_why *why)
{
	*v = (struct filter_value){.kind = FILTER_LIST};
	why->offset = 0;
	if (token->kind == FILTER_TOKEN_LIST && takes_lists(field)) {
		v->text.len = (uint32_t)token->len;
		return 0;
	}
	if (token->kind == FILTER_TOKEN_FIELD)
		return read_field(field, token, v, why);
	if (token->kind == FILTER_TOKEN_LIST)
		return refuse(why, "%s takes no lists", field->name);
	if (token->kind == FILTER_TOKEN_REGEX && !takes_text(field))
		return refuse(why, "%s takes no regular expressions", field->name);
	if (token->len == 0 && token->kind == FILTER_TOKEN_WORD)
		return refuse(why, "a value for %s is missing", field->name);
	/* The readers go by the NUL. */
	if (!takes_text(field) && strlen(token->text) != token->len)
		return refuse(why, "a NUL is no part of any value of %s", field->name);
	return readers[field->type](field, token, v, why);
}

bool
filter_value_has_text(const struct filter_value *v)
{
	return v->kind == FILTER_LITERAL || v->kind == FILTER_WILD ||
	       v->kind == FILTER_REGEX || v->kind == FILTER_LIST;
}
