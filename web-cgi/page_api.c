/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON twins of events, timeline and top lists: the same parameters and figures. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/row_write.h"
#include "common/text.h"
#include "web-cgi/events.h"
#include "web-cgi/route.h"

#define TOP_LIMIT 1000

/* What is written lands in the html of the visit, which is only a buffer here. */
struct json {
	FILE *to;
	char *text;
	size_t len;
};

static int
json_begin(struct json *j)
{
	*j = (struct json){.text = NULL};
	j->to = open_memstream(&j->text, &j->len);
	return j->to != NULL ? 0 : -1;
}

static int
json_end(struct visit *v, struct json *j)
{
	bool bad = ferror(j->to) != 0;

	bad |= fclose(j->to) != 0;
	if (!bad)
		html_raw(&v->html, j->text);
	free(j->text);
	v->out.type = TYPE_JSON;
	return bad ? 500 : 200;
}

static void
put_time(struct json *j, const char *name, int64_t us)
{
	char text[TEXT_TIME];

	text_time(us, text);
	fprintf(j->to, "\"%s\":\"%s\"", name, text);
}

/* What was asked, resolved: absolute range and canonical filter. */
static void
put_question(const struct visit *v, struct json *j)
{
	fputc('{', j->to);
	put_time(j, "from", v->state.range.from);
	fputc(',', j->to);
	put_time(j, "to", v->state.range.to);
	fputs(",\"filter\":", j->to);
	text_json(v->state.q, j->to);
}

static void
put_missing(struct json *j, const struct ledger *l)
{
	fputs(",\"missing\":[", j->to);
	for (int i = 0; i < l->losses_count; i++) {
		fputs(i > 0 ? ",{\"host\":" : "{\"host\":", j->to);
		text_json(l->losses[i].host, j->to);
		fputs(",\"cause\":", j->to);
		text_json(l->losses[i].cause, j->to);
		fprintf(j->to, ",\"records\":%" PRIu64 ",\"unknown\":%" PRIu64 "}",
		    l->losses[i].records, l->losses[i].unknown);
	}
	fputc(']', j->to);
}

/* ---- events */

/* The query of the page beside this one. */
static void
put_turn(struct visit *v, struct json *j, const struct rows *rows, enum state_turn turn)
{
	int i = turn == TURN_BEFORE ? 0 : rows->count - 1;
	struct cursor c = rows_cursor(rows, v->store, i);
	struct state st = state_turned(&v->state, turn, &c);
	struct html query = {0};

	state_query_plain(&query, &st);
	fprintf(j->to, ",\"%s\":", turn == TURN_BEFORE ? "previous" : "next");
	text_json(query.p != NULL ? query.p : "", j->to);
	html_free(&query);
}

static void
put_events(struct visit *v, struct json *j, const struct events *e)
{
	struct row row;

	put_question(v, j);
	fprintf(j->to, ",\"total\":%" PRIu64, e->timeline.sum.all);
	put_missing(j, &e->ledger);
	if (e->rows.earlier && e->rows.count > 0)
		put_turn(v, j, &e->rows, TURN_BEFORE);
	if (e->rows.further && e->rows.count > 0)
		put_turn(v, j, &e->rows, TURN_AFTER);
	fputs(",\"events\":[", j->to);
	for (int i = 0; i < e->rows.count; i++) {
		fputs(i > 0 ? ",\n" : "\n", j->to);
		rows_get(&e->rows, v->store, i, &row);
		row_write_object(&row, j->to);
	}
	fputs("]}\n", j->to);
}

int
page_api_events(struct visit *v)
{
	struct events e;
	struct json j;
	int status = events_read(v, &e, false);

	if (status == 200 && json_begin(&j) < 0)
		status = 500;
	if (status == 200) {
		put_events(v, &j, &e);
		status = json_end(v, &j);
	}
	events_free(&e);
	return status;
}

/* ---- timeline */

static void
put_bar(struct json *j, const struct timeline *t, int i)
{
	const struct tally *bar = &t->bars[i];

	fputc('{', j->to);
	put_time(j, "time", t->buckets.start + i * t->buckets.width);
	fprintf(j->to, ",\"events\":%" PRIu64 ",\"gap\":%s,\"of\":[", bar->all,
	    t->gap[i] ? "true" : "false");
	for (int k = 0; k < t->splits; k++)
		fprintf(j->to, "%s%" PRIu64, k > 0 ? "," : "", bar->of[k]);
	fputs("]}", j->to);
}

static void
put_timeline(const struct visit *v, struct json *j, const struct timeline *t)
{
	put_question(v, j);
	fprintf(j->to, ",\"total\":%" PRIu64 ",\"width\":%" PRId64 ",\"by\":\"%s\"",
	    t->sum.all, t->buckets.width / RANGE_SECOND, state_by_names[t->by]);
	fputs(",\"names\":[", j->to);
	for (int k = 0; k < t->splits; k++) {
		fputs(k > 0 ? "," : "", j->to);
		text_json(t->name[k], j->to);
	}
	fputs("],\"bars\":[", j->to);
	for (int i = 0; i < t->buckets.count; i++) {
		fputs(i > 0 ? ",\n" : "\n", j->to);
		put_bar(j, t, i);
	}
	fputs("]}\n", j->to);
}

int
page_api_timeline(struct visit *v)
{
	struct filter_sql condition = {0};
	struct timeline t;
	struct json j;
	unsigned fields;
	int status = visit_store(v, v->settings->timeout_ms);

	if (status != 200)
		return status;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	if (status == 200) {
		status = visit_status(
		    v, rolled_ask(&v->search, v->store, v->state.range.from,
			   v->state.range.to, &fields));
	}
	if (status == 200) {
		timeline_add(&t, v->store, &v->state, &condition, fields);
		store_end(v->store);
		status = visit_status(v, store_run(v->store));
	}
	filter_sql_free(&condition);
	if (status != 200 || json_begin(&j) < 0)
		return status != 200 ? status : 500;
	timeline_read(&t, v->store);
	put_timeline(v, &j, &t);
	return json_end(v, &j);
}

/* ---- top lists */

static void
put_top(const struct visit *v, struct json *j, const struct top *t)
{
	put_question(v, j);
	fprintf(j->to, ",\"field\":\"%s\",\"distinct\":%" PRIu64 ",\"values\":[",
	    t->field->name, t->distinct);
	for (int i = 0; i < t->count; i++) {
		fputs(i > 0 ? ",\n{\"value\":" : "\n{\"value\":", j->to);
		text_json(top_value(t, v->store, i), j->to);
		fprintf(j->to, ",\"events\":%" PRIu64 ",", top_count(t, v->store, i));
		put_time(j, "first", top_first(t, v->store, i));
		fputc(',', j->to);
		put_time(j, "last", top_last(t, v->store, i));
		fputc('}', j->to);
	}
	fputs("]}\n", j->to);
}

int
page_api_top(struct visit *v)
{
	const struct top_field *field = top_field_find(v->rest);
	struct filter_sql condition = {0};
	struct top t;
	struct json j;
	int status;

	if (field == NULL)
		return visit_refuse(v, 404,
		    "There is no ranking of that field; there are src, dst, dport, "
		    "sport, proto, prefix, host, in, out, family, flags, group, smac, "
		    "uid, len and ttl.");
	status = visit_store(v, v->settings->timeout_ms);
	if (status != 200)
		return status;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	if (status == 200) {
		top_add(&t, v->store, field, v->state.range.from, v->state.range.to,
		    &condition, TOP_LIMIT);
		store_end(v->store);
		status = visit_status(v, store_run(v->store));
	}
	filter_sql_free(&condition);
	if (status != 200 || json_begin(&j) < 0)
		return status != 200 ? status : 500;
	top_read(&t, v->store);
	put_top(v, &j, &t);
	return json_end(v, &j);
}

/* ---- errors */

void
page_api_error(struct visit *v, int status)
{
	const char *why = v->filter_error.message[0] != '\0' ? v->filter_error.message
			  : v->why[0] != '\0'                ? v->why
							     : response_reason(status);
	struct json j;

	html_free(&v->html);
	v->html.failed = json_begin(&j) < 0;
	if (v->html.failed)
		return;
	fprintf(j.to, "{\"status\":%d,\"error\":", status);
	text_json(why, j.to);
	if (v->filter_error.column > 0)
		fprintf(j.to, ",\"column\":%zu", v->filter_error.column);
	fputs("}\n", j.to);
	v->html.failed = json_end(v, &j) != 200;
}
