/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/rolled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filter_tree.h"

#define MINUTE (60 * RANGE_SECOND)
#define CUBE (ROLLED_HOST | ROLLED_PREFIX | ROLLED_PROTO | ROLLED_VERDICT)

static const struct {
	const char *name;
	unsigned field;
} names[] = {
    {"host", ROLLED_HOST},
    {"prefix", ROLLED_PREFIX},
    {"proto", ROLLED_PROTO},
    {"dport", ROLLED_DPORT},
    {"verdict", ROLLED_VERDICT},
    {"src", ROLLED_SRC},
    {"dst", ROLLED_DST},
};

static const struct rolled_source single = {
    ~0u, 0, "fwlog.event e", "count(*)", "false"};

/* Each knows more than those before it, or is finer. */
#define SUM "sum(e.events)", "e.is_rest"
#define SUMMED "\"time\" AS ts, events"
#define NAMED SUMMED ", host_id"
#define OF_PORT "protocol_number AS proto, dst_port AS dport, is_rest"
static const struct rolled_source sources[] = {
    {ROLLED_HOST | ROLLED_PREFIX | ROLLED_PROTO, RANGE_DAY,
	"(SELECT " NAMED ", nullif(prefix_id, 0) AS prefix_id, protocol_number AS "
	"proto, false AS is_rest FROM fwlog.rollup_day_full) e",
	SUM},
    {ROLLED_PROTO | ROLLED_DPORT, RANGE_DAY,
	"(SELECT " SUMMED ", " OF_PORT " FROM fwlog.rollup_day_port_full) e", SUM},
    {ROLLED_SRC, RANGE_DAY,
	"(SELECT " SUMMED ", src_ip AS src, is_rest FROM fwlog.rollup_day_src_full) e",
	SUM},
    {ROLLED_DST, RANGE_DAY,
	"(SELECT " SUMMED ", dst_ip AS dst, is_rest FROM fwlog.rollup_day_dst_full) e",
	SUM},
    {CUBE, RANGE_HOUR,
	"(SELECT " NAMED ", nullif(prefix_id, 0) AS prefix_id, protocol_number AS "
	"proto, verdict, false AS is_rest FROM fwlog.rollup_hour_full) e",
	SUM},
    {ROLLED_PROTO | ROLLED_DPORT, RANGE_HOUR,
	"(SELECT " SUMMED ", " OF_PORT " FROM fwlog.rollup_all_port_full) e", SUM,
	true},
    {ROLLED_SRC, RANGE_HOUR,
	"(SELECT " SUMMED ", src_ip AS src, is_rest FROM fwlog.rollup_all_src_full) e",
	SUM, true},
    {ROLLED_DST, RANGE_HOUR,
	"(SELECT " SUMMED ", dst_ip AS dst, is_rest FROM fwlog.rollup_all_dst_full) e",
	SUM, true},
    {ROLLED_HOST | ROLLED_PROTO | ROLLED_DPORT, RANGE_HOUR,
	"(SELECT " NAMED ", " OF_PORT " FROM fwlog.rollup_hour_port_full) e", SUM},
    {ROLLED_HOST | ROLLED_SRC, RANGE_HOUR,
	"(SELECT " NAMED ", src_ip AS src, is_rest FROM fwlog.rollup_hour_src_full) e",
	SUM},
    {ROLLED_HOST | ROLLED_DST, RANGE_HOUR,
	"(SELECT " NAMED ", dst_ip AS dst, is_rest FROM fwlog.rollup_hour_dst_full) e",
	SUM},
    {CUBE | ROLLED_DPORT, MINUTE,
	"(SELECT " NAMED ", nullif(prefix_id, 0) AS prefix_id, protocol_number AS "
	"proto, dst_port AS dport, verdict, is_rest FROM fwlog.rollup_minute_full) e",
	SUM},
};

unsigned
rolled_field(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].field;
	return ROLLED_NEVER;
}

unsigned
rolled_fields(const struct search *s)
{
	unsigned fields = 0;

	for (uint32_t i = 1; i < s->tree->nodes; i++) {
		const struct filter_node *n = &s->tree->node[i];

		if (n->kind == FILTER_HAS || n->kind == FILTER_TERM)
			fields |= rolled_field(n->field->name);
	}
	return fields;
}

enum store_status
rolled_ask(const struct search *search, struct store *s, int64_t from, int64_t to,
    unsigned *fields)
{
	char since[RANGE_TIME_TEXT], until[RANGE_TIME_TEXT];
	const char *const params[] = {since, until};
	enum store_status status;
	int r;

	*fields = rolled_fields(search);
	/* Rare addresses are folded as a rule. */
	if ((*fields & (ROLLED_SRC | ROLLED_DST)) != 0)
		*fields |= ROLLED_NEVER;
	if ((*fields & (ROLLED_DPORT | ROLLED_NEVER)) != ROLLED_DPORT)
		return STORE_OK;
	range_time_text(from, since);
	range_time_text(to, until);
	r = store_add(s,
	    "SELECT EXISTS (SELECT 1 FROM fwlog.rollup_minute_full WHERE is_rest AND "
	    "time > $1::timestamptz - interval '1 min' AND time < $2::timestamptz)",
	    2, params);
	status = store_run(s);
	if (status == STORE_OK && store_text(s, r, 0, 0)[0] == 't')
		*fields |= ROLLED_NEVER;
	return status;
}

/* ---- pieces */

static const struct rolled_source *
source_of(unsigned fields, int64_t step, bool summed)
{
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
		if (sources[i].step == step && (fields & ~sources[i].fields) == 0 &&
		    (summed || !sources[i].summed))
			return &sources[i];
	return NULL;
}

static void
add_piece(
    struct pieces *p, const struct rolled_source *source, int64_t from, int64_t to)
{
	if (from >= to)
		return;
	p->at[p->count++] = (struct piece){source, from, to};
	if (source->step == 0)
		p->by_events += to - from;
}

/* Whole steps of the source, the ends by others. */
static void
cut(struct pieces *p, unsigned fields, int64_t step, int64_t from, int64_t to)
{
	const struct rolled_source *source = source_of(fields, step, p->summed);
	int64_t finer = step > RANGE_HOUR ? RANGE_HOUR : step > MINUTE ? MINUTE : 0;
	int64_t first, last;

	if (step == 0) {
		add_piece(p, &single, from, to);
		return;
	}
	first = (from + step - 1) / step * step;
	last = to / step * step;
	if (source == NULL || first >= last) {
		cut(p, fields, finer, from, to);
		return;
	}
	cut(p, fields, finer, from, first);
	add_piece(p, source, first, last);
	cut(p, fields, finer, last, to);
}

struct pieces
pieces_cut(unsigned fields, int64_t step, int64_t from, int64_t to)
{
	struct pieces p = {.summed = step > RANGE_HOUR};

	cut(&p, fields, step, from, to);
	return p;
}

/* ---- SQL */

/* Roll-ups have the verdict of their rows at hand. */
char *
rolled_condition(const struct filter_sql *condition, const struct piece *p)
{
	const char *text = bindings_condition(condition), *at;
	size_t size;
	char *sql;
	FILE *out;

	if (p->source == &single)
		return strdup(text);
	out = open_memstream(&sql, &size);
	if (out == NULL)
		return NULL;
	while ((at = strstr(text, FILTER_VERDICT_SQL)) != NULL) {
		fprintf(out, "%.*se.verdict", (int)(at - text), text);
		text = at + strlen(FILTER_VERDICT_SQL);
	}
	fputs(text, out);
	if (fclose(out) == 0)
		return sql;
	free(sql);
	return NULL;
}

static int
put_piece(FILE *out, const struct piece *p, const char *columns,
    const struct filter_sql *condition)
{
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	char *text = rolled_condition(condition, p);

	if (text == NULL)
		return -1;
	range_time_text(p->from, from);
	range_time_text(p->to, to);
	fprintf(out,
	    "SELECT %s AS is_rest, %s, %s AS n FROM %s WHERE e.ts >= '%s'::timestamptz "
	    "AND e.ts < '%s'::timestamptz AND (%s)",
	    p->source->rest, columns, p->source->count, p->source->from, from, to,
	    text);
	free(text);
	return 0;
}

char *
pieces_sql(const struct pieces *p, const char *columns, int groups,
    const struct filter_sql *condition)
{
	char *sql = NULL;
	size_t size;
	FILE *out = open_memstream(&sql, &size);
	int rc = 0;

	if (out == NULL)
		return NULL;
	for (int i = 0; rc == 0 && i < p->count; i++) {
		fputs(i > 0 ? " UNION ALL " : "", out);
		rc = put_piece(out, &p->at[i], columns, condition);
		for (int g = 1; g <= groups; g++)
			fprintf(out, "%s%d", g == 1 ? " GROUP BY " : ", ", g);
	}
	if (fclose(out) == 0 && rc == 0)
		return sql;
	free(sql);
	return NULL;
}
