/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/alert/render.h"

#include <stdlib.h>
#include <string.h>

#include "common/textbuf.h"

static const uint8_t *
value_at(const uint8_t *key, size_t i)
{
	return key + i * VALUE_SIZE;
}

static uint64_t
number_in(const uint8_t *value)
{
	uint64_t n;

	memcpy(&n, value + 1, sizeof n);
	return n;
}

static struct filter_addr
address_in(const uint8_t *value)
{
	struct ip_addr ip = {.family = value[0]};

	memcpy(ip.byte, value + 1, sizeof ip.byte);
	return filter_address_of(&ip);
}

const struct filter_field *
render_field(const struct rule *rule, size_t key)
{
	const struct rule_source *s = &rule->key[key].source[0];

	while (s->field == NULL && rule->reference_count > 0) {
		rule = rule->reference[0].rule;
		s = &rule->key[s->key].source[0];
	}
	return s->field;
}

/* ---- values as text */

/* Bytes of a valid UTF-8 sequence that is no control character; 0: it is none. */
static size_t
character(const uint8_t *p, size_t left)
{
	static const uint8_t lead[] = {0xc2, 0xe0, 0xf0};
	static const uint8_t last[] = {0xdf, 0xef, 0xf4};

	if (*p < 0x80)
		return *p >= ' ' && *p != 0x7f;
	for (size_t n = 2; n <= 4; n++) {
		if (*p < lead[n - 2] || *p > last[n - 2] || left < n)
			continue;
		for (size_t i = 1; i < n; i++)
			if ((p[i] & 0xc0) != 0x80)
				return 0;
		if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90) ||
		    (*p == 0xed && p[1] > 0x9f) || (*p == 0xf4 && p[1] > 0x8f) ||
		    (*p == 0xc2 && p[1] < 0xa0))
			return 0;
		return n;
	}
	return 0;
}

/* What is no text becomes \xNN, as in the dictionaries; what does not fit is cut. */
static void
print_bytes(struct bytes raw, char *to, size_t size)
{
	size_t at = 0, n;

	for (size_t i = 0; i < raw.len; i += n + (n == 0)) {
		n = character(raw.p + i, raw.len - i);
		if (at + 5 > size)
			break;
		if (n == 0)
			snprintf(to + at, 5, "\\x%02x", raw.p[i]);
		else
			memcpy(to + at, raw.p + i, n);
		at += n == 0 ? 4 : n;
	}
	to[at] = '\0';
}

/* The group may hold a network: addresses are cut to the rule's mask. */
static void
print_address(const struct rule *rule, const uint8_t *value, FILE *out)
{
	struct filter_addr lo = address_in(value), hi = lo;
	unsigned size = value[0] == VALUE_V4 ? 32 : 128;
	unsigned mask = value[0] == VALUE_V4 ? rule->mask4 : rule->mask6;
	unsigned rest = mask == 0 || mask > size ? 0 : size - mask;

	if (rest >= 64) {
		hi.hi |= rest == 128 ? UINT64_MAX : (UINT64_C(1) << (rest - 64)) - 1;
		hi.lo = UINT64_MAX;
	} else {
		hi.lo |= (UINT64_C(1) << rest) - 1;
	}
	filter_address_print(value[0] == VALUE_V4 ? 4 : 6, &lo, &hi, out);
}

static void
print_number(const struct filter_field *field, uint64_t n, FILE *out)
{
	const struct filter_symbol *symbol =
	    field->type == FILTER_PORT ? NULL : filter_symbol_of(field, n);

	if (field->type == FILTER_MAC)
		filter_mac_print(n, out);
	else if (symbol != NULL)
		fputs(symbol->name, out);
	else
		fprintf(out, "%llu", (unsigned long long)n);
}

static void
print_string(const struct filter_field *field, const uint8_t *value,
    const struct engine_names *names, char *to)
{
	uint32_t id = (uint32_t)number_in(value);
	struct bytes s = names->string(names->arg, field->dict, id);

	if (s.len > 0)
		print_bytes(s, to, RENDER_VALUE_MAX);
	else
		snprintf(to, RENDER_VALUE_MAX, "#%u", id);
}

static void
print_value(const struct rule *rule, const struct filter_field *field,
    const uint8_t *value, const struct engine_names *names, char *to)
{
	FILE *out;

	to[0] = '\0';
	if (value[0] == VALUE_ABSENT)
		return;
	if (field->type == FILTER_TEXT) {
		print_string(field, value, names, to);
		return;
	}
	out = fmemopen(to, RENDER_VALUE_MAX, "w");
	if (out == NULL)
		return;
	if (value[0] == VALUE_NUMBER)
		print_number(field, number_in(value), out);
	else
		print_address(rule, value, out);
	fclose(out);
}

void
render_values(struct render *r, const struct rule *rule, const uint8_t *key,
    const struct engine_names *names)
{
	r->values = rule->key_count;
	for (size_t i = 0; i < rule->key_count; i++) {
		const struct filter_field *field = render_field(rule, i);
		char *to = r->text[i];

		if (field == NULL)
			print_bytes((struct bytes){key + 1,
					(uint16_t)strnlen(
					    (const char *)key + 1, TEXT_KEY_LEN - 1)},
			    to, RENDER_VALUE_MAX);
		else
			print_value(rule, field, value_at(key, i), names, to);
		r->value[i].name = rule->key[i].name;
		r->value[i].text = to;
		r->value[i].number =
		    to[0] != '\0' && strspn(to, "0123456789") == strlen(to);
	}
}

void
render_line(const struct render *r, char *line, size_t size)
{
	size_t at = 0;

	line[0] = '\0';
	for (size_t i = 0; i < r->values && at < size; i++)
		at += (size_t)snprintf(line + at, size - at, "%s%s=%s",
		    i > 0 ? " " : "", r->value[i].name, r->value[i].text);
	/* No character is cut in two. */
	at = strlen(line);
	if (at + 1 == size)
		while (at > 0 && (line[at] & 0x80) != 0)
			line[at--] = '\0';
}

/* ---- filters */

struct group_view {
	const struct rule *top; /* whose group it is */
	const uint8_t *key;
	const struct render *r;
};

/* One of the fields has the group's value. */
static void
add_term(struct text *t, const struct group_view *g, const struct filter_field *field,
    size_t i)
{
	const char *text = g->r->text[i];

	if (value_at(g->key, i)[0] == VALUE_ABSENT) {
		text_add(t, " -has:%s", field->name);
		return;
	}
	if (field->type != FILTER_TEXT) {
		text_add(t, " %s:%s", field->name, text);
		return;
	}
	text_add(t, " %s:\"", field->name);
	for (; *text != '\0'; text++)
		text_add(t,
		    *text == '"' || (*text == '\\' && text[1] != 'x') ? "\\%c" : "%c",
		    *text);
	text_add(t, "\"");
}

/* map: for each key of this rule the one of the group; -1: any value. */
static void add_rule(struct text *t, const struct group_view *g,
    const struct rule *rule, const int *map);

static void
add_reference(struct text *t, const struct group_view *g, const struct rule *rule,
    size_t ref, const int *map)
{
	const struct rule *below = rule->reference[ref].rule;
	int mapped[RULE_KEYS_MAX];

	for (size_t i = 0; i < RULE_KEYS_MAX; i++)
		mapped[i] = -1;
	for (size_t i = 0; i < rule->key_count; i++)
		if (rule->key[i].source[ref].field == NULL && map[i] >= 0)
			mapped[rule->key[i].source[ref].key] = map[i];
	text_add(t, ref > 0 ? " OR (" : "(");
	add_rule(t, g, below, mapped);
	for (size_t i = 0; i < rule->key_count; i++)
		if (rule->key[i].source[ref].field != NULL && map[i] >= 0)
			add_term(t, g, rule->key[i].source[ref].field, (size_t)map[i]);
	text_add(t, ")");
}

static void
add_rule(
    struct text *t, const struct group_view *g, const struct rule *rule, const int *map)
{
	text_add(t, " (");
	for (size_t i = 0; i < rule->reference_count; i++)
		add_reference(t, g, rule, i, map);
	if (rule->reference_count == 0) {
		if (rule->text == NULL)
			t->failed = true;
		else
			text_add(t, "%s", rule->text);
		for (size_t i = 0; i < rule->key_count && rule == g->top; i++)
			add_term(t, g, rule->key[i].source[0].field, i);
	}
	text_add(t, ")");
}

static bool
to_canon(const struct text *t, char *to)
{
	struct filter_error error;
	struct filter_tree *tree = NULL;
	char *canon = NULL;

	if (!t->failed && t->len <= FILTER_TEXT_MAX)
		tree = filter_parse(t->p, t->len, &error);
	if (tree != NULL)
		canon = filter_canon(tree);
	filter_tree_free(tree);
	if (canon != NULL)
		snprintf(to, FILTER_TEXT_MAX + 1, "%s", canon);
	free(canon);
	return canon != NULL;
}

static bool
is_of_fields(const struct rule *rule)
{
	for (size_t i = 0; i < rule->key_count; i++)
		if (render_field(rule, i) == NULL)
			return false;
	return true;
}

void
render_filter(struct render *r, const struct rule *rule, const uint8_t *key)
{
	struct group_view g = {rule, key, r};
	int map[RULE_KEYS_MAX];
	struct text t;

	r->filter[0] = '\0';
	if (!is_of_fields(rule))
		return;
	for (int i = 0; i < RULE_KEYS_MAX; i++)
		map[i] = i;
	text_init(&t);
	add_rule(&t, &g, rule, map);
	if (!to_canon(&t, r->filter)) {
		text_free(&t);
		text_init(&t);
		for (size_t i = 0; i < rule->key_count; i++)
			add_term(&t, &g, render_field(rule, i), i);
		(void)to_canon(&t, r->filter);
	}
	text_free(&t);
}

/* ---- groups as events */

static void
put_number(struct event *ev, const struct filter_column *c, uint64_t n)
{
	uint8_t *to = (uint8_t *)ev + c->offset;
	uint16_t n16 = (uint16_t)n;
	uint32_t n32 = (uint32_t)n;

	if (c->width == sizeof n16)
		memcpy(to, &n16, sizeof n16);
	else if (c->width == sizeof n32)
		memcpy(to, &n32, sizeof n32);
	else if (c->width == sizeof n)
		memcpy(to, &n, sizeof n);
	else
		for (unsigned i = 0; i < sizeof(struct mac_addr); i++)
			to[i] = (uint8_t)(n >> 8 * (sizeof(struct mac_addr) - 1 - i));
}

static void
put_value(struct event *ev, const struct filter_field *field, const uint8_t *value)
{
	struct filter_column c = filter_column_of(field->column[0]);
	struct ip_addr ip = {.family = value[0]};

	if (value[0] == VALUE_NUMBER) {
		put_number(ev, &c, number_in(value));
	} else {
		memcpy(ip.byte, value + 1, sizeof ip.byte);
		memcpy((uint8_t *)ev + c.offset, &ip, sizeof ip);
	}
	ev->has |= c.bit;
}

void
render_event(
    const struct rule *rule, const uint8_t *key, struct event *ev, int32_t *host_id)
{
	*ev = (struct event){0};
	*host_id = 0;
	for (size_t i = 0; i < rule->key_count; i++) {
		const struct filter_field *field = render_field(rule, i);
		const uint8_t *value = value_at(key, i);

		if (field == NULL || value[0] == VALUE_ABSENT)
			continue;
		if (field->type == FILTER_TEXT && field->dict == FILTER_HOST)
			*host_id = (int32_t)number_in(value);
		else if (field->columns > 0 && field->part == 0)
			put_value(ev, field, value);
	}
}
