/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a value is told; %s is its expression. Those not here are told as they are. */
static const struct {
	const char *field, *form;
} forms[] = {
    {"proto", "fwlog.protocol_name((%s)::smallint)"},
    {"inner.proto", "fwlog.protocol_name((%s)::smallint)"},
    {"family", "fwlog.family_name((%s)::smallint)"},
    {"ct", "fwlog.conntrack_state_name((%s)::smallint)"},
    {"flags", "fwlog.tcp_flags_text((%s)::smallint)"},
    {"arp", "fwlog.arp_operation_name((%s)::smallint)"},
    {"mark", "'0x' || to_hex(%s)"},
    {"spi", "'0x' || to_hex(%s)"},
    {"ethertype", "'0x' || to_hex(%s)"},
};

/* Values in words already when they are grouped. */
#define HOOK_SQL "fwlog.hook_name(e.family, e.hook)"

static bool
can_group(const struct filter_field *f)
{
	return f->type != FILTER_ID && f->type != FILTER_ALERT &&
	       f->type != FILTER_BYTES && f->type != FILTER_LINE;
}

static void
list_fields(FILE *out)
{
	const char *before = "the fields are ";

	for (size_t i = 0; i < filter_fields_count; i++) {
		if (!can_group(&filter_fields[i]))
			continue;
		fprintf(out, "%s%s", before, filter_fields[i].name);
		before = ", ";
	}
	fputc('\n', out);
}

int
group_named(const char *name, struct group *group)
{
	const struct filter_field *f = filter_field_named(name);
	struct nearest near;

	if (f != NULL && can_group(f)) {
		*group = (struct group){f, f->columns > 1};
		return 0;
	}
	nearest_begin(&near, name);
	filter_field_nearest(&near);
	fprintf(stderr, "fwlogctl: %s: %s; ", name,
	    f != NULL ? "events cannot be counted by it" : "unknown field");
	if (f == NULL && near.best != NULL)
		fprintf(stderr, "did you mean %s? ", near.best);
	list_fields(stderr);
	return -1;
}

/* ---- the statement */

/* Table, key and text of a dictionary. */
static const struct {
	const char *table, *key, *text;
} dictionaries[] = {
    [FILTER_HOST] = {"fwlog.host", "host_id", "name"},
    [FILTER_PREFIX] = {"fwlog.dict_prefix", "prefix_id", "prefix"},
    [FILTER_IFACE] = {"fwlog.dict_iface", "iface_id", "iface"},
    [FILTER_NETNS] = {"fwlog.dict_netns", "netns_id", "netns"},
};

/* What is grouped by: a column, or each distinct one of several. */
static void
put_source(const struct group *g, const char *where, FILE *out)
{
	const struct filter_field *f = g->field;

	if (g->several) {
		fputs("SELECT v, count(*) AS c FROM fwlog.event e CROSS JOIN LATERAL "
		      "(SELECT DISTINCT v FROM (VALUES ",
		    out);
		for (unsigned i = 0; i < f->columns; i++)
			fprintf(out, "%s(e.%s)", i > 0 ? ", " : "",
			    filter_column_name(f->column[i]));
		fprintf(
		    out, ") x (v) WHERE v IS NOT NULL) y WHERE %s GROUP BY v", where);
		return;
	}
	fputs("SELECT ", out);
	if (strcmp(f->name, "hook") == 0)
		fputs(HOOK_SQL, out);
	else if (f->sql != NULL)
		fputs(f->sql, out);
	else
		fprintf(out, "e.%s",
		    f->columns > 0 ? filter_column_name(f->column[0]) : "host_id");
	fprintf(
	    out, " AS v, count(*) AS c FROM fwlog.event e WHERE %s GROUP BY 1", where);
}

static void
put_value(const struct filter_field *f, FILE *out)
{
	if (f->type == FILTER_TEXT) {
		fprintf(out, "d.%s", dictionaries[f->dict].text);
		return;
	}
	if (f->type == FILTER_ADDRESS) {
		fputs("host(v)", out);
		return;
	}
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		const char *hole = strstr(forms[i].form, "%s");

		if (strcmp(forms[i].field, f->name) != 0)
			continue;
		fprintf(out, "%.*sv%s", (int)(hole - forms[i].form), forms[i].form,
		    hole + 2);
		return;
	}
	fputs("v::text", out);
}

char *
group_statement(const struct group *g, const char *where, unsigned long limit)
{
	const struct filter_field *f = g->field;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fputs("WITH g AS MATERIALIZED (", out);
	put_source(g, where, out);
	fputs(") SELECT ", out);
	put_value(f, out);
	fputs(" AS value, c, (SELECT count(*) FROM g), ", out);
	if (g->several)
		fprintf(out, "(SELECT count(*) FROM fwlog.event e WHERE %s)", where);
	else
		fputs("(SELECT sum(c)::bigint FROM g)", out);
	fputs(" FROM g", out);
	if (f->type == FILTER_TEXT)
		fprintf(out, " LEFT JOIN %s d ON d.%s = v", dictionaries[f->dict].table,
		    dictionaries[f->dict].key);
	fputs(" ORDER BY c DESC, value", out);
	if (limit > 0)
		fprintf(out, " LIMIT %lu", limit);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
