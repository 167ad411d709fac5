/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole ranking of a field, against the range before when that is asked for. */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/nearest.h"
#include "common/text.h"
#include "web-cgi/export.h"
#include "web-cgi/page.h"
#include "web-cgi/ranking_list.h"
#include "web-cgi/route.h"

#define FIELD_MAX 32
#define BAR_HEIGHT 16

struct ranked {
	const struct top_field *field;
	struct ranking ranking;
	struct ledger ledger;
	int offset;
	char path[FIELD_MAX + 8]; /* of this page */
};

/* ---- reading */

/* "src" or "src.csv"; 404 with the nearest name. */
static int
find_field(struct visit *v, struct ranked *t, bool *csv)
{
	char name[FIELD_MAX], *dot;
	struct nearest near;

	snprintf(name, sizeof name, "%s", v->rest);
	dot = strrchr(name, '.');
	*csv = dot != NULL && strcmp(dot, ".csv") == 0;
	if (*csv)
		*dot = '\0';
	t->field = top_field_find(name);
	snprintf(t->path, sizeof t->path, "/top/%s", name);
	if (t->field != NULL)
		return 200;
	nearest_begin(&near, name);
	for (const struct top_field *f = top_fields; f->name != NULL; f++)
		nearest_offer(&near, f->name);
	snprintf(v->why, sizeof v->why, "There is no ranking of “%s”; %s%s.", name,
	    near.best != NULL ? "did you mean "
			      : "there are src, dst, dport and others",
	    near.best != NULL ? near.best : "");
	return 404;
}

static int
ask(struct visit *v, struct ranked *t, const struct filter_sql *condition, bool csv)
{
	const struct range *range = &v->state.range;
	struct ranking_wish wish = {.condition = condition,
	    .limit = csv ? EXPORT_ROWS_MAX : v->state.n,
	    .offset = csv ? 0 : t->offset,
	    .compare = v->state.vs_prev,
	    .bars = !csv};
	int status =
	    visit_status(v, rolled_ask(&v->search, v->store,
				2 * range->from - range->to, range->to, &wish.fields));

	if (status != 200)
		return status;
	ranking_add(&t->ranking, v->store, t->field, range->from, range->to, &wish);
	ledger_add(&t->ledger, v->store, range);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status != 200)
		return status;
	ranking_read(&t->ranking, v->store);
	return ledger_read(&t->ledger, v->store) < 0 ? 500 : 200;
}

static int
read_all(struct visit *v, struct ranked *t, bool csv)
{
	struct filter_sql condition = {0};
	int status =
	    visit_store(v, csv ? EXPORT_LIMIT_MS : (uint64_t)v->settings->timeout_ms);

	if (status != 200)
		return status;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	if (status == 200)
		status = ask(v, t, &condition, csv);
	filter_sql_free(&condition);
	return status;
}

/* ---- the table */

static void
sparkline(struct html *h, const char *bars)
{
	unsigned n[RANKING_BARS] = {0}, most = 1, bar, count;
	int used;

	for (; sscanf(bars, "%u:%u%n", &bar, &count, &used) == 2; bars += used) {
		if (bar < RANKING_BARS)
			n[bar] = count;
		if (count > most)
			most = count;
	}
	html_f(h,
	    "<td class=\"meter\" aria-hidden=\"true\"><svg viewBox=\"0 0 %d %d\" "
	    "preserveAspectRatio=\"none\"><path class=\"bar\" d=\"",
	    RANKING_BARS, BAR_HEIGHT);
	for (int i = 0; i < RANKING_BARS; i++) {
		unsigned height = (unsigned)((double)n[i] / most * BAR_HEIGHT + 0.5);

		if (n[i] > 0)
			html_f(h, "M%d %dv-%uh1v%u", i, BAR_HEIGHT,
			    height > 0 ? height : 1, height > 0 ? height : 1);
	}
	html_raw(h, "\"/></svg></td>");
}

static void
change_cells(struct html *h, uint64_t now, uint64_t before)
{
	html_raw(h, "<td class=\"n\">");
	html_count(h, before);
	html_raw(h, "</td><td class=\"n\">");
	if (now >= before) {
		html_raw(h, now > before ? "▲ " : "");
		html_count(h, now - before);
	} else {
		html_raw(h, "▼ ");
		html_count(h, before - now);
	}
	html_raw(h, "</td>");
}

static void
value_line(struct visit *v, const struct ranked *t, int i)
{
	const struct ranking *r = &t->ranking;
	uint64_t n = ranking_count(r, v->store, i);
	struct html *h = &v->html;

	html_f(h, "<tr><td class=\"n share\">%d</td>", t->offset + i + 1);
	ranking_cell(v, "/events", r, i);
	ranking_share(h, n, r->all);
	if (v->state.vs_prev)
		change_cells(h, n, ranking_before(r, v->store, i));
	html_raw(h, "<td>");
	html_time(h, ranking_first(r, v->store, i));
	html_raw(h, "</td><td>");
	html_time(h, ranking_last(r, v->store, i));
	html_raw(h, "</td>");
	sparkline(h, ranking_bars(r, v->store, i));
	html_raw(h, "</tr>\n");
}

static void
table(struct visit *v, const struct ranked *t)
{
	struct html *h = &v->html;

	html_raw(h, "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"");
	html_attr(h, t->field->title);
	html_raw(h, "\"><table class=\"rank\"><thead><tr><th scope=\"col\" class=\"n\">"
		    "<span class=\"hidden\">rank</span></th><th scope=\"col\">");
	html_text(h, t->field->name);
	html_raw(h, "</th><th scope=\"col\" class=\"n\">events</th>"
		    "<th scope=\"col\" class=\"n\">share</th><td></td>");
	if (v->state.vs_prev)
		html_raw(h, "<th scope=\"col\" class=\"n\">before</th>"
			    "<th scope=\"col\" class=\"n\">change</th>");
	html_raw(h, "<th scope=\"col\">first seen</th><th scope=\"col\">last seen</th>"
		    "<th scope=\"col\">when</th></tr></thead><tbody>\n");
	for (int i = 0; i < t->ranking.count; i++)
		value_line(v, t, i);
	html_raw(h, "</tbody></table></div></section>\n");
}

/* ---- ways on */

static void
other_fields(struct visit *v, const struct ranked *t)
{
	struct state st = v->state;
	char path[FIELD_MAX + 8];

	st.turn = TURN_NONE;
	html_raw(&v->html, "<nav class=\"choices\" aria-label=\"Rankings\">ranking of");
	for (const struct top_field *f = top_fields; f->name != NULL; f++) {
		snprintf(path, sizeof path, "/top/%s", f->name);
		html_raw(&v->html, " ");
		page_link(v, path, &st, f == t->field ? " aria-current=\"page\"" : "");
		html_text(&v->html, f->name);
		html_raw(&v->html, "</a>");
	}
	html_raw(&v->html, "</nav>\n");
}

static void
turn(struct visit *v, const struct ranked *t, int offset, const char *text)
{
	struct cursor c = {.n = offset};
	struct state st = state_turned(&v->state, TURN_AFTER, &c);

	if (offset <= 0)
		st.turn = TURN_NONE;
	page_link(v, t->path, &st, "");
	html_raw(&v->html, text);
}

static void
ways(struct visit *v, const struct ranked *t, const char *label)
{
	struct state st = v->state;
	struct html *h = &v->html;
	char csv[FIELD_MAX + 16];

	html_raw(h, "<nav class=\"pager\" aria-label=\"");
	html_raw(h, label);
	html_raw(h, "\">");
	if (t->offset > 0)
		turn(v, t, t->offset - v->state.n, "‹ more frequent</a> ");
	html_f(h, "<span>%d to %d of ", t->offset + 1, t->offset + t->ranking.count);
	html_count(h, t->ranking.distinct);
	html_raw(h, " values</span> ");
	if ((uint64_t)(t->offset + t->ranking.count) < t->ranking.distinct)
		turn(v, t, t->offset + v->state.n, "less frequent ›</a> ");
	st.turn = TURN_NONE;
	st.vs_prev = !st.vs_prev;
	page_link(v, t->path, &st, "");
	html_raw(h,
	    st.vs_prev ? "compare with the range before</a> " : "do not compare</a> ");
	st = state_absolute(&v->state);
	st.turn = TURN_NONE;
	snprintf(csv, sizeof csv, "%s.csv", t->path);
	page_link(v, csv, &st, "");
	html_raw(h, "CSV</a></nav>\n");
}

static void
notes(struct visit *v, const struct ranked *t)
{
	struct html *h = &v->html;

	if (t->ranking.rest > 0) {
		html_raw(h, "<p class=\"note\">");
		html_count(h, t->ranking.rest);
		html_raw(h, " events are of rare values that were summed up hour by "
			    "hour: they have no line here.</p>\n");
	}
	if (v->state.vs_prev && !t->ranking.judged && t->ranking.count > 0)
		html_raw(h, "<p class=\"note\">What is new cannot be told: rare values "
			    "of the range before were summed up.</p>\n");
}

static void
write_all(struct visit *v, const struct ranked *t)
{
	struct html *h = &v->html;

	page_begin(v, t->field->title, t->path);
	page_range(v, t->path, t->field->title);
	page_completeness(v, &t->ledger);
	other_fields(v, t);
	html_raw(h, "<h2>");
	html_text(h, t->field->title);
	html_raw(h, " <small>of ");
	html_count(h, t->ranking.all);
	html_raw(h, " events</small></h2>\n");
	if (t->ranking.count == 0) {
		html_raw(h, "<p class=\"empty\">No events in this range.</p>\n");
	} else {
		ways(v, t, "Pages of the ranking");
		table(v, t);
		ways(v, t, "Pages of the ranking, below the table");
		notes(v, t);
	}
	page_end(v);
}

/* ---- the file */

static void
put_time(FILE *to, int64_t us)
{
	char text[ZONE_TEXT];

	zone_time_text(us, text);
	fprintf(to, ",%s", text);
}

static int
send_csv(struct visit *v, const struct ranked *t)
{
	const struct ranking *r = &t->ranking;
	FILE *to = tmpfile();

	if (to == NULL)
		return 500;
	fprintf(to, "%s,events%s,first,last\r\n", t->field->name,
	    v->state.vs_prev ? ",before" : "");
	for (int i = 0; i < r->count; i++) {
		text_csv(ranking_value(r, v->store, i), to);
		fprintf(to, ",%llu", (unsigned long long)ranking_count(r, v->store, i));
		if (v->state.vs_prev)
			fprintf(to, ",%llu",
			    (unsigned long long)ranking_before(r, v->store, i));
		put_time(to, ranking_first(r, v->store, i));
		put_time(to, ranking_last(r, v->store, i));
		fputs("\r\n", to);
	}
	v->out.file = to;
	v->out.type = TYPE_CSV;
	v->out.counted = true;
	v->out.rows = (uint64_t)r->count;
	snprintf(v->out.filename, sizeof v->out.filename, "fwlog-top-%s.csv",
	    t->field->name);
	log_info("export of %s by %s: filter '%s', %d rows", t->field->name,
	    v->req->user != NULL ? v->req->user : "nobody", v->state.q, r->count);
	return fflush(to) == 0 && !ferror(to) ? 200 : 500;
}

int
page_top(struct visit *v)
{
	struct ranked t = {0};
	bool csv;
	int status = find_field(v, &t, &csv);

	if (status != 200)
		return status;
	if (v->state.turn != TURN_NONE && v->state.cursor.n < INT32_MAX)
		t.offset = (int)v->state.cursor.n;
	status = read_all(v, &t, csv);
	if (status == 200 && csv)
		status = send_csv(v, &t);
	else if (status == 200)
		write_all(v, &t);
	ledger_free(&t.ledger);
	return status;
}
