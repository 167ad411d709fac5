/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_canon.h"
#include "common/record.h"
#include "common/text.h"

/* ---- text */

static int
take(char *canon, char text[SEARCH_TEXT])
{
	if (canon == NULL)
		return -1;
	snprintf(text, SEARCH_TEXT, "%s", canon);
	free(canon);
	return 0;
}

int
search_parse(struct search *s, const char *text, struct filter_error *error)
{
	*s = (struct search){0};
	*error = (struct filter_error){0};
	s->tree = filter_parse(text, strlen(text), error);
	if (s->tree == NULL)
		return -1;
	s->parts = filter_canon_parts(s->tree);
	if (take(filter_canon(s->tree), s->canon) == 0)
		return 0;
	snprintf(error->message, sizeof error->message, "out of memory");
	return -1;
}

void
search_free(struct search *s)
{
	filter_tree_free(s->tree);
	s->tree = NULL;
}

int
search_part(const struct search *s, size_t i, char text[SEARCH_TEXT])
{
	return take(filter_canon_part(s->tree, i), text);
}

int
search_without(const struct search *s, size_t i, char text[SEARCH_TEXT])
{
	char part[SEARCH_TEXT];
	size_t len = 0;

	text[0] = '\0';
	for (size_t k = 0; k < s->parts; k++) {
		if (k == i)
			continue;
		if (search_part(s, k, part) < 0)
			return -1;
		len += (size_t)snprintf(
		    text + len, SEARCH_TEXT - len, "%s%s", len > 0 ? " " : "", part);
		if (len >= SEARCH_TEXT)
			return -1;
	}
	return 0;
}

/* A part that is alone may be an OR, which stands in parentheses beside others. */
int
search_with(
    const struct search *s, const char *term, bool negated, char text[SEARCH_TEXT])
{
	char all[SEARCH_TEXT] = "";
	int n;

	if (s->parts == 1 && search_part(s, 0, all) < 0)
		return -1;
	/* A negated negation is none. */
	if (negated && term[0] == '-')
		term++, negated = false;
	n = snprintf(text, SEARCH_TEXT, "%s%s%s%s", s->parts == 1 ? all : s->canon,
	    s->parts > 0 ? " " : "", negated ? "-" : "", term);
	return n < SEARCH_TEXT ? 0 : -1;
}

/* ---- terms */

/* \xNN stands for a byte in the database's text and in a filter alike. */
static bool
is_byte(const char *p)
{
	static const char hex[] = "0123456789abcdef";

	return p[0] == '\\' && p[1] == 'x' && p[2] != '\0' && p[3] != '\0' &&
	       strchr(hex, p[2]) != NULL && strchr(hex, p[3]) != NULL;
}

static void
put_quoted(FILE *out, const char *value)
{
	fputc('"', out);
	for (; *value != '\0'; value++) {
		if (*value == '"' || (*value == '\\' && !is_byte(value)))
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

/* "SYN,ACK" as a number, which means exactly these. */
static unsigned
flags_of(const char *value)
{
	static const char *const names[] = {
	    "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	unsigned flags = 0;

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strstr(value, names[i]) != NULL)
			flags |= 1u << i;
	return flags;
}

static bool
is_plain(const char *value)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789.:/-";

	return value[strspn(value, plain)] == '\0';
}

static int
put_term(FILE *out, const struct filter_field *field, const char *value)
{
	fprintf(out, "%s:", field->name);
	if (field->type == FILTER_TEXT)
		put_quoted(out, value);
	else if (field->type == FILTER_FLAGS)
		fprintf(out, "%u", flags_of(value));
	else if (is_plain(value))
		fputs(value, out);
	else
		return -1;
	return 0;
}

int
search_term(const char *name, const char *value, char text[SEARCH_TEXT])
{
	const struct filter_field *field = filter_field_find(name, strlen(name));
	struct filter_error error;
	struct search s;
	char typed[2 * SEARCH_TEXT];
	FILE *out;
	int rc = 0;

	if (field == NULL)
		return -1;
	if (value[0] == '\0' && field->type != FILTER_FLAGS) {
		snprintf(text, SEARCH_TEXT, "-has:%s", field->name);
		return 0;
	}
	out = fmemopen(typed, sizeof typed, "w");
	if (out == NULL)
		return -1;
	rc = put_term(out, field, value);
	if (fclose(out) != 0 || rc < 0)
		return -1;
	rc = search_parse(&s, typed, &error);
	if (rc == 0)
		memcpy(text, s.canon, sizeof s.canon);
	search_free(&s);
	return rc;
}

/* ---- the condition */

#define DICTIONARIES 4

struct lookup {
	struct store *store;
	enum store_status *status;
	bool has[DICTIONARIES]; /* results that were read already */
	int result[DICTIONARIES];
};

static int
look_up(struct lookup *l, const char *sql, const char *value, int *result)
{
	const char *const params[] = {value};

	*result = store_add(l->store, sql, value != NULL ? 1 : 0, params);
	*l->status = store_run(l->store);
	return *l->status == STORE_OK ? 0 : -1;
}

static int
read_dictionary(void *arg, enum filter_dict dict, filter_dict_add *add, void *to,
    char *why, size_t whysize)
{
	struct lookup *l = arg;
	uint8_t raw[RECORD_STRING_MAX];
	size_t len;
	int r;

	if (!l->has[dict] &&
	    look_up(l, filter_dictionary_sql[dict], NULL, &l->result[dict]) < 0) {
		snprintf(why, whysize, "the database does not answer");
		return -1;
	}
	l->has[dict] = true;
	r = l->result[dict];
	for (int i = 0; i < store_rows(l->store, r); i++) {
		len = text_unhex(store_text(l->store, r, i, 1), raw, sizeof raw);
		add(to, (int32_t)store_number(l->store, r, i, 0),
		    (struct bytes){raw, (uint16_t)len});
	}
	return 0;
}

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	struct lookup *l = arg;
	const char *entry;
	int rc = 0, r;

	if (look_up(l, "SELECT count(*) FROM fwlog.list_full WHERE name = $1", name,
		&r) < 0) {
		snprintf(why, whysize, "the database does not answer");
		return -1;
	}
	if (store_count(l->store, r, 0, 0) == 0) {
		snprintf(why, whysize, "there is none of that name");
		return -1;
	}
	if (look_up(l, "SELECT * FROM fwlog.list_values($1)", name, &r) < 0) {
		snprintf(why, whysize, "the database does not answer");
		return -1;
	}
	for (int i = 0; rc == 0 && i < store_rows(l->store, r); i++) {
		entry = store_text(l->store, r, i, 0);
		rc = filter_list_add(list, entry, strlen(entry));
	}
	return 0;
}

int
search_sql(const struct search *search, struct store *s, unsigned first,
    struct filter_sql *sql, struct filter_error *error, enum store_status *status)
{
	struct lookup l = {.store = s, .status = status};
	struct filter_sql_source source = {
	    .lists = {read_list, &l},
	    .dictionary = read_dictionary,
	    .arg = &l,
	    .first = first,
	};

	*status = STORE_OK;
	return filter_sql(search->tree, &source, sql, error);
}
