/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/filter_canon.h"
#include "common/filter_sql_internal.h"

const char *const filter_dictionary_sql[] = {
    [FILTER_HOST] =
	"SELECT host_id, encode(convert_to(name, 'UTF8'), 'hex') FROM fwlog.host",
    [FILTER_PREFIX] = "SELECT prefix_id, encode(raw, 'hex') FROM fwlog.dict_prefix",
    [FILTER_IFACE] = "SELECT iface_id, encode(raw, 'hex') FROM fwlog.dict_iface",
    [FILTER_NETNS] = "SELECT netns_id, encode(raw, 'hex') FROM fwlog.dict_netns",
};

/* ---- values */

int
filter_query_no_memory(struct filter_query *q)
{
	q->error->column = 0;
	snprintf(q->error->message, sizeof q->error->message, "out of memory");
	return -1;
}

int
filter_bound_begin(struct filter_query *q, struct filter_bound *v)
{
	*v = (struct filter_bound){.text = NULL};
	v->out = open_memstream(&v->text, &v->len);
	return v->out != NULL ? 0 : filter_query_no_memory(q);
}

unsigned
filter_bound_end(struct filter_query *q, struct filter_bound *v)
{
	struct filter_sql *to = q->to;
	size_t size = q->size == 0 ? 8 : q->size * 2;
	bool bad = ferror(v->out) != 0;
	char **grown = to->value;

	bad |= fclose(v->out) != 0;
	if (!bad && to->count == q->size) {
		grown = realloc(to->value, size * sizeof *grown);
		if (grown != NULL) {
			to->value = grown;
			q->size = size;
		}
	}
	if (bad || grown == NULL) {
		free(v->text);
		filter_query_no_memory(q);
		return 0;
	}
	to->value[to->count++] = v->text;
	return q->source->first + (unsigned)to->count - 1;
}

/* ---- terms */

FILE *
filter_piece(struct filter_pieces *p)
{
	if (p->count++ > 0)
		fputs(" OR ", p->out);
	return p->out;
}

static void
put_expression(const struct filter_field *field, unsigned column, FILE *out)
{
	if (field->sql != NULL)
		fputs(field->sql, out);
	else
		fprintf(out, "e.%s", filter_column_name(field->column[column]));
}

/* The pieces for each column; closed: there are parentheses around already. */
static void
put_pieces(struct filter_query *q, const struct filter_field *field,
    const struct filter_pieces *p, bool closed)
{
	unsigned columns =
	    field->sql != NULL || field->columns == 0 ? 1 : field->columns;
	bool group = p->count * columns > 1 && !closed;

	fputs(group ? "(" : "", q->text);
	for (unsigned i = 0; i < columns; i++) {
		fputs(i > 0 ? " OR " : "", q->text);
		for (const char *at = p->text; *at != '\0'; at++) {
			if (*at == '@')
				put_expression(field, i, q->text);
			else
				fputc(*at, q->text);
		}
	}
	fputs(group ? ")" : "", q->text);
}

/* Where there is no database: words in the place of the values. */
static int
put_words(struct filter_query *q, struct filter_pieces *p,
    const struct filter_node *term, const char *words, const char *form,
    const char *type)
{
	struct filter_bound v;
	unsigned n;

	if (filter_bound_begin(q, &v) < 0)
		return -1;
	fprintf(v.out, "<%s", words);
	filter_canon_values(q->tree, term, v.out);
	fputc('>', v.out);
	n = filter_bound_end(q, &v);
	fprintf(filter_piece(p), "@ %s ANY ($%u::%s[])", form, n, type);
	return n != 0 ? 0 : -1;
}

/* ---- text: the ids of all entries of the dictionary that match */

struct ids {
	struct filter_patterns *patterns;
	FILE *out;
	unsigned count;
};

static void
add_id(void *to, int32_t id, struct bytes raw)
{
	struct ids *ids = to;

	if (filter_patterns_match(ids->patterns, raw))
		fprintf(ids->out, "%s%ld", ids->count++ > 0 ? "," : "", (long)id);
}

static int
read_dictionary(struct filter_query *q, const struct filter_node *term, struct ids *ids)
{
	char why[FILTER_MESSAGE_MAX] = "";

	fputc('{', ids->out);
	if (q->source->dictionary(
		q->source->arg, term->field->dict, add_id, ids, why, sizeof why) < 0) {
		q->error->column = term->column;
		memcpy(q->error->message, why, sizeof why);
		return -1;
	}
	fputc('}', ids->out);
	return 0;
}

static int
put_text(struct filter_query *q, struct filter_pieces *p,
    const struct filter_node *term, struct filter_set *set)
{
	struct filter_bound v;
	struct ids ids = {.patterns = &set->patterns};
	unsigned n;
	int rc;

	if (filter_bound_begin(q, &v) < 0)
		return -1;
	ids.out = v.out;
	rc = read_dictionary(q, term, &ids);
	n = filter_bound_end(q, &v);
	fprintf(filter_piece(p), "@ = ANY ($%u::int[])", n);
	return rc == 0 && n != 0 ? 0 : -1;
}

/* ---- ids */

static int
put_id(struct filter_query *q, struct filter_pieces *p, const struct filter_range *id)
{
	uint64_t part[] = {id->lo, id->hi};
	unsigned n[2];

	for (unsigned i = 0; i < 2; i++) {
		struct filter_bound v;

		if (filter_bound_begin(q, &v) < 0)
			return -1;
		fprintf(v.out, "%llu", (unsigned long long)part[i]);
		n[i] = filter_bound_end(q, &v);
		if (n[i] == 0)
			return -1;
	}
	fprintf(filter_piece(p), "(e.host_id = $%u::int AND e.n = $%u::bigint)", n[0],
	    n[1]);
	return 0;
}

static int
put_ids(struct filter_query *q, struct filter_pieces *p, const struct filter_set *set)
{
	for (size_t i = 0; i < set->ids.count; i++)
		if (put_id(q, p, &set->ids.at[i]) < 0)
			return -1;
	return 0;
}

/* ---- nodes */

static bool
has_list(const struct filter_tree *t, const struct filter_node *term)
{
	for (uint32_t i = 0; i < term->values; i++)
		if (t->value[term->value + i].kind == FILTER_LIST)
			return true;
	return false;
}

static int
put_values(struct filter_query *q, struct filter_pieces *p,
    const struct filter_node *term, struct filter_set *set)
{
	const struct filter_field *field = term->field;

	switch (field->type) {
	case FILTER_ADDRESS:
		return filter_sql_addresses(q, p, set);
	case FILTER_TEXT:
		return put_text(q, p, term, set);
	case FILTER_ID:
		return put_ids(q, p, set);
	default:
		return filter_sql_numbers(q, p, field, set);
	}
}

static const char *
dictionary_words(enum filter_dict dict)
{
	static const char *const words[] = {
	    [FILTER_HOST] = "host ids matching ",
	    [FILTER_PREFIX] = "prefix ids matching ",
	    [FILTER_IFACE] = "interface ids matching ",
	    [FILTER_NETNS] = "netns ids matching ",
	};

	return words[dict];
}

/* Equal to any column of another field. */
static void
put_other(struct filter_pieces *p, const struct filter_field *other)
{
	for (unsigned i = 0; i < (other->sql != NULL ? 1u : other->columns); i++) {
		fputs("@ = ", filter_piece(p));
		put_expression(other, i, p->out);
	}
}

static int
put_conditions(
    struct filter_query *q, struct filter_pieces *p, const struct filter_node *term)
{
	const struct filter_field *field = term->field;
	bool offline = q->source->dictionary == NULL;
	struct filter_set set;
	int rc;

	if (q->tree->value[term->value].kind == FILTER_FIELD) {
		put_other(p, &filter_fields[q->tree->value[term->value].num.lo]);
		return 0;
	}
	if (offline && field->type == FILTER_TEXT)
		return put_words(q, p, term, dictionary_words(field->dict), "=", "int");
	if (offline && q->source->lists.read == NULL && has_list(q->tree, term))
		return put_words(q, p, term, "",
		    field->type == FILTER_ADDRESS ? "<<=" : "=",
		    filter_sql_type(field));
	rc = filter_set_build(&set, q->tree, term, &q->source->lists, q->error);
	if (rc == 0)
		rc = put_values(q, p, term, &set);
	filter_set_free(&set);
	return rc;
}

static int
put_term(
    struct filter_query *q, const struct filter_node *term, bool negated, bool closed)
{
	const struct filter_field *field = term->field;
	struct filter_pieces p = {.count = 0};
	int rc = 0;

	if (field->type == FILTER_ALERT || field->type == FILTER_LINE) {
		if (q->source->widen) {
			fputs(negated ? "FALSE" : "TRUE", q->text);
			return 0;
		}
		q->error->column = term->column;
		snprintf(q->error->message, sizeof q->error->message,
		    "%s is not available here", field->name);
		return -1;
	}
	p.out = open_memstream(&p.text, &p.len);
	if (p.out == NULL)
		return filter_query_no_memory(q);
	if (term->kind == FILTER_TERM)
		rc = put_conditions(q, &p, term);
	else if (field->type == FILTER_VERDICT)
		fputs("@ <> 'unknown'", filter_piece(&p));
	else if (field->columns > 0)
		fputs("@ IS NOT NULL", filter_piece(&p));
	else
		fputs("TRUE", filter_piece(&p));
	/* Nothing to look for, as in dport:>65535. */
	if (rc == 0 && p.count == 0)
		fputs("FALSE", filter_piece(&p));
	if (fclose(p.out) != 0)
		rc = filter_query_no_memory(q);
	if (rc == 0)
		put_pieces(q, field, &p, closed);
	free(p.text);
	return rc;
}

/* negated: inside an odd number of NOTs. */
static int put_node(struct filter_query *q, uint32_t index, bool negated, bool closed);

static int
put_children(
    struct filter_query *q, const struct filter_node *node, bool negated, bool closed)
{
	bool group = node->kind == FILTER_OR && !closed;

	fputs(group ? "(" : "", q->text);
	for (uint32_t i = node->child; i != 0; i = q->tree->node[i].next) {
		if (i != node->child)
			fputs(node->kind == FILTER_OR ? " OR " : " AND ", q->text);
		if (put_node(q, i, negated, false) < 0)
			return -1;
	}
	fputs(group ? ")" : "", q->text);
	return 0;
}

static int
put_node(struct filter_query *q, uint32_t index, bool negated, bool closed)
{
	const struct filter_node *node = &q->tree->node[index];

	if (node->kind == FILTER_OR || node->kind == FILTER_AND)
		return put_children(q, node, negated, closed);
	if (node->kind != FILTER_NOT)
		return put_term(q, node, negated, closed);
	/* The exact complement: what is null is not true either. */
	fputc('(', q->text);
	if (put_node(q, node->child, !negated, true) < 0)
		return -1;
	fputs(") IS NOT TRUE", q->text);
	return 0;
}

int
filter_sql(const struct filter_tree *tree, const struct filter_sql_source *source,
    struct filter_sql *sql, struct filter_error *error)
{
	struct filter_query q = {tree, source, sql, error, NULL, 0};
	size_t len;
	int rc = 0;

	*sql = (struct filter_sql){0};
	*error = (struct filter_error){0};
	q.text = open_memstream(&sql->text, &len);
	if (q.text == NULL)
		return filter_query_no_memory(&q);
	if (tree->root == 0)
		fputs("TRUE", q.text);
	else
		rc = put_node(&q, tree->root, false, false);
	if (fclose(q.text) != 0)
		rc = filter_query_no_memory(&q);
	if (rc < 0)
		filter_sql_free(sql);
	return rc;
}

void
filter_sql_free(struct filter_sql *sql)
{
	for (size_t i = 0; i < sql->count; i++)
		free(sql->value[i]);
	free(sql->value);
	free(sql->text);
	*sql = (struct filter_sql){0};
}
