/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IFACE(column) \
	"e." column, "i.iface", " LEFT JOIN fwlog.dict_iface i ON i.iface_id = t.key"

const struct top_field top_fields[] = {
    {"src", "Sources", "e.src", "host(t.key)", ""},
    {"dst", "Destinations", "e.dst", "host(t.key)", ""},
    {"dport", "Destination ports", "e.dport", "t.key::text", ""},
    {"sport", "Source ports", "e.sport", "t.key::text", ""},
    {"proto", "Protocols", "e.proto", "fwlog.protocol_name(t.key)", ""},
    {"prefix", "Prefixes", "e.prefix_id", "p.prefix",
	" LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = t.key"},
    {"host", "Hosts", "e.host_id", "h.name",
	" LEFT JOIN fwlog.host h ON h.host_id = t.key"},
    {"in", "Interfaces in", IFACE("in_id")},
    {"out", "Interfaces out", IFACE("out_id")},
    {"family", "Families", "e.family", "fwlog.family_name(t.key)", ""},
    {"flags", "TCP flags", "e.tcp_flags", "fwlog.tcp_flags_text(t.key)", ""},
    {"group", "Groups", "e.nflog_group", "t.key::text", ""},
    {"smac", "Source MACs", "e.src_mac", "t.key::text", ""},
    {"uid", "Users", "e.uid", "t.key::text", ""},
    {"len", "Lengths", "e.len", "t.key::text", ""},
    {"ttl", "TTLs", "e.ttl", "t.key::text", ""},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct top_field *
top_field_find(const char *name)
{
	for (const struct top_field *f = top_fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static char *
top_sql(const struct top_field *field, const struct filter_sql *condition, int limit)
{
	char *text;

	if (asprintf(&text,
		"SELECT coalesce(%s, ''), t.n, t.distinct_values, " STORE_MICROSECONDS(
		    "t.first") ", " STORE_MICROSECONDS("t.last") " FROM (SELECT %s AS "
								 "key, count(*) AS n, "
								 "count(*) OVER () AS "
								 "distinct_values, "
								 "min(e.ts) AS first, "
								 "max(e.ts) AS last "
								 "FROM fwlog.event e "
								 "WHERE"
								 " " BINDINGS_IN_RANGE
								 " AND (%s) "
								 "GROUP BY 1 ORDER BY "
								 "2 DESC, 1 LIMIT %d) "
								 "t%s ORDER BY t.n "
								 "DESC, t.key",
		field->value, field->key, bindings_condition(condition), limit,
		field->join) < 0)
		return NULL;
	return text;
}

void
top_add(struct top *t, struct store *s, const struct top_field *field, int64_t from,
    int64_t to, const struct filter_sql *condition, int limit)
{
	char *sql = NULL;
	struct bindings b;

	if (bindings_begin(&b, from, to, condition) == 0)
		sql = top_sql(field, condition, limit);
	*t =
	    (struct top){.field = field, .result = store_add(s, sql, b.count, b.value)};
	free(sql);
	bindings_free(&b);
}

void
top_read(struct top *t, const struct store *s)
{
	t->count = store_rows(s, t->result);
	t->distinct = t->count > 0 ? store_count(s, t->result, 0, 2) : 0;
}

const char *
top_value(const struct top *t, const struct store *s, int i)
{
	return store_text(s, t->result, i, 0);
}

uint64_t
top_count(const struct top *t, const struct store *s, int i)
{
	return store_count(s, t->result, i, 1);
}

int64_t
top_first(const struct top *t, const struct store *s, int i)
{
	return store_number(s, t->result, i, 3);
}

int64_t
top_last(const struct top *t, const struct store *s, int i)
{
	return store_number(s, t->result, i, 4);
}
