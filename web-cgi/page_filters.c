/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of agents: what is left out, by whom, why; a preview; named lists. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/bindings.h"
#include "web-cgi/change.h"
#include "web-cgi/filters.h"
#include "web-cgi/page.h"
#include "web-cgi/rolled.h"
#include "web-cgi/route.h"

#define PREVIEW_LINES "8"

enum {
	F_NAME,
	F_QUERY,
	F_HOSTS,
	F_SAMPLE,
	F_EXPIRES,
	F_WHY,
	F_WHO,
	F_ADDED,
	F_RECORDS
};

static const char filters_sql[] =
    "SELECT f.name, f.query, array_to_string(f.hosts, ', '), "
    "f.sample, " STORE_MICROSECONDS("f.expires") ", f.why, f.who, " STORE_MICROSECONDS(
	"f.added") ", coalesce((SELECT sum(m.records) FROM fwlog.filtered_full m "
		   "WHERE m.filter_id = f.filter_id), 0) FROM fwlog.filter_full f "
		   "WHERE f.in_force ORDER BY f.name";
static const char hosts_sql[] =
    "SELECT state, count(*), min(newest), array_to_string((array_agg(host ORDER BY "
    "host))[1:8], ', ') || CASE WHEN "
    "count(*) > 8 THEN ' …' ELSE '' END "
    "FROM fwlog.filter_host GROUP BY 1 ORDER BY state = 'current' DESC, 1";
static const char history_sql[] = "SELECT version, " STORE_MICROSECONDS(
    "made") ", who, why, array_to_string(added, ', '), array_to_string(removed, "
	    "', ') FROM fwlog.filter_history ORDER BY version DESC LIMIT 20";
static const char lists_sql[] =
    "SELECT name, kind, entries, version, who, " STORE_MICROSECONDS(
	"updated") " FROM fwlog.list_full ORDER BY name";

struct filters_page {
	int filters, hosts, history, lists, preview, total;
	struct ledger ledger;
	char token[CHANGE_TOKEN];
	bool may; /* the user may change them */
};

/* ---- reading */

/* What the filter would have left out in the range, and of how many. */
static void
add_preview(struct visit *v, struct filters_page *f, const struct filter_sql *condition,
    unsigned fields)
{
	const struct range *r = &v->state.range;
	struct pieces p =
	    pieces_cut(fields | ROLLED_PREFIX, PIECES_STEP, r->from, r->to);
	struct pieces all = pieces_cut(ROLLED_PREFIX, PIECES_STEP, r->from, r->to);
	char *hit = pieces_sql(
	    &p, "e.host_id AS host_id, e.prefix_id AS prefix_id", 3, condition);
	char *sum = pieces_sql(&all, "1 AS one", 2, NULL), *sql = NULL, *whole = NULL;
	struct bindings b;

	if (bindings_begin(&b, r->from, r->to, condition) < 0 || hit == NULL ||
	    asprintf(&sql,
		"WITH span AS (SELECT $1::timestamptz, $2::timestamptz) "
		"SELECT h.name, coalesce(p.prefix, ''), sum(t.n), sum(sum(t.n)) OVER "
		"() "
		"FROM (%s) t LEFT JOIN fwlog.host h ON h.host_id = t.host_id "
		"LEFT JOIN fwlog.dict_prefix p ON p.prefix_id = t.prefix_id "
		"GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT " PREVIEW_LINES,
		hit) < 0)
		sql = NULL;
	f->preview = store_add(v->store, sql, b.count, b.value);
	if (sum == NULL ||
	    asprintf(&whole, "SELECT coalesce(sum(n), 0) FROM (%s) t", sum) < 0)
		whole = NULL;
	f->total = store_add(v->store, whole, 0, NULL);
	free(hit);
	free(sum);
	free(sql);
	free(whole);
	bindings_free(&b);
}

static int
read_preview(struct visit *v, struct filters_page *f)
{
	struct filter_sql condition = {0};
	unsigned fields = 0;
	int status = visit_condition(v, &condition);

	if (status == 200)
		status = visit_status(
		    v, rolled_ask(&v->search, v->store, v->state.range.from,
			   v->state.range.to, &fields));
	if (status == 200)
		add_preview(v, f, &condition, fields);
	filter_sql_free(&condition);
	return status;
}

static int
read_all(struct visit *v, struct filters_page *f)
{
	int status = visit_store(v, v->settings->timeout_ms);

	if (status != 200)
		return status;
	store_begin(v->store);
	if (v->search.parts > 0)
		status = read_preview(v, f);
	if (status != 200)
		return status;
	f->filters = store_add(v->store, filters_sql, 0, NULL);
	f->hosts = store_add(v->store, hosts_sql, 0, NULL);
	f->history = store_add(v->store, history_sql, 0, NULL);
	f->lists = store_add(v->store, lists_sql, 0, NULL);
	ledger_add(&f->ledger, v->store, &v->state.range);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status == 200 && ledger_read(&f->ledger, v->store) < 0)
		return 500;
	return status;
}

/* ---- tables */

static void
table_begin(struct html *h, const char *title, const char *const *columns)
{
	html_raw(h, "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"");
	html_raw(h, title);
	html_raw(h, "\"><table><thead><tr>");
	for (; *columns != NULL; columns++) {
		if ((*columns)[0] == '\0') {
			html_raw(h, "<td></td>"); /* no heading over buttons */
			continue;
		}
		html_raw(h, strstr(*columns, "left out") != NULL
				? "<th scope=\"col\" class=\"n\">"
				: "<th scope=\"col\">");
		html_raw(h, *columns);
		html_raw(h, "</th>");
	}
	html_raw(h, "</tr></thead><tbody>\n");
}

static void
table_end(struct html *h)
{
	html_raw(h, "</tbody></table></div></section>\n");
}

static void
cell(struct html *h, const char *text)
{
	html_raw(h, "</td><td>");
	html_text(h, text);
}

static void
cell_time(struct html *h, int64_t us)
{
	html_raw(h, "</td><td>");
	if (us == STORE_NONE)
		html_raw(h, "never");
	else
		html_time(h, us);
}

/* A change that needs no more than a reason. */
static void
reason_form(struct visit *v, const struct filters_page *f, const char *what,
    const char *name, const char *value, const char *button)
{
	struct html *h = &v->html;

	change_form(v, FILTERS_PATH, NULL, f->token, what);
	html_f(h, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	html_attr(h, value);
	html_raw(h, "\"><input name=\"why\" required maxlength=\"300\" size=\"14\" "
		    "placeholder=\"reason\" aria-label=\"reason\"><button>");
	html_raw(h, button);
	html_raw(h, "</button></form>");
}

static void
filter_line(struct visit *v, const struct filters_page *f, int i)
{
	const struct store *s = v->store;
	int r = f->filters;
	struct html *h = &v->html;
	struct state st = state_with_filter(&v->state, store_text(s, r, i, F_QUERY));
	const char *hosts = store_text(s, r, i, F_HOSTS);

	html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
	html_text(h, store_text(s, r, i, F_NAME));
	html_raw(h, "</th><td class=\"value\">");
	page_link(v, "/events", &st, "");
	html_text(h, store_text(s, r, i, F_QUERY));
	html_raw(h, "</a>");
	cell(h, hosts[0] != '\0' ? hosts : "all hosts");
	html_raw(h, "</td><td class=\"n\">");
	html_count(h, store_count(s, r, i, F_RECORDS));
	if (store_count(s, r, i, F_SAMPLE) > 0)
		html_f(h, " <small>1 of %" PRIu64 " kept</small>",
		    store_count(s, r, i, F_SAMPLE));
	cell_time(h, store_number(s, r, i, F_EXPIRES));
	cell(h, store_text(s, r, i, F_WHY));
	cell(h, store_text(s, r, i, F_WHO));
	cell_time(h, store_number(s, r, i, F_ADDED));
	html_raw(h, "</td><td>");
	if (f->may)
		reason_form(
		    v, f, "remove", "name", store_text(s, r, i, F_NAME), "remove");
	html_raw(h, "</td></tr>\n");
}

static void
filters(struct visit *v, const struct filters_page *f)
{
	static const char *const columns[] = {"filter", "leaves out", "hosts",
	    "left out so far", "until", "why", "who", "since", "", NULL};
	struct html *h = &v->html;

	html_raw(h, "<h2>In force</h2>\n");
	if (store_rows(v->store, f->filters) == 0) {
		html_raw(h, "<p>No filter: agents send all they read, save what their "
			    "own configuration leaves out.</p>\n");
		return;
	}
	table_begin(h, "Filters in force", columns);
	for (int i = 0; i < store_rows(v->store, f->filters); i++)
		filter_line(v, f, i);
	table_end(h);
}

/* What the states of fwlog.filter_host mean, and which hosts have it. */
static void
named(struct html *h, const char *state, const char *hosts)
{
	bool refused = strcmp(state, "refused") == 0;

	if (strcmp(state, "unheard") == 0)
		html_raw(h, " (never said which they apply)");
	html_raw(h, refused ? ": <b class=\"down\">" : ": ");
	html_text(h, hosts);
	html_raw(h, refused ? "</b>" : "");
}

/* Who applies the newest version, and who does not. */
static void
reach(struct visit *v, const struct filters_page *f)
{
	struct html *h = &v->html;

	html_raw(h, "<p class=\"complete\">");
	for (int i = 0; i < store_rows(v->store, f->hosts); i++) {
		const char *state = store_text(v->store, f->hosts, i, 0);
		bool current = strcmp(state, "current") == 0;

		html_raw(h, i > 0 ? "; " : "");
		html_count(h, store_count(v->store, f->hosts, i, 1));
		html_raw(h, current ? " hosts apply version " : " ");
		html_text(h, current ? store_text(v->store, f->hosts, i, 2) : state);
		if (!current)
			named(h, state, store_text(v->store, f->hosts, i, 3));
	}
	html_raw(h, "</p>\n");
}

static void
history(struct visit *v, const struct filters_page *f)
{
	static const char *const columns[] = {
	    "version", "made", "who", "why", "added", "removed", "", NULL};
	struct html *h = &v->html;

	html_raw(h, "<h2>Versions</h2>\n");
	table_begin(h, "Versions of the filters", columns);
	for (int i = 0; i < store_rows(v->store, f->history); i++) {
		html_raw(h, "<tr><th scope=\"row\">");
		html_text(h, store_text(v->store, f->history, i, 0));
		html_raw(h, "</th><td>");
		html_time(h, store_number(v->store, f->history, i, 1));
		for (int c = 2; c < 6; c++)
			cell(h, store_text(v->store, f->history, i, c));
		html_raw(h, "</td><td>");
		if (f->may && i > 0)
			reason_form(v, f, "rollback", "version",
			    store_text(v->store, f->history, i, 0), "back to it");
		html_raw(h, "</td></tr>\n");
	}
	table_end(h);
}

static void
lists(struct visit *v, const struct filters_page *f)
{
	static const char *const columns[] = {
	    "list", "of", "entries", "version", "who", "changed", NULL};
	struct html *h = &v->html;

	if (store_rows(v->store, f->lists) == 0)
		return;
	html_raw(h, "<h2>Named lists</h2>\n");
	table_begin(h, "Named lists", columns);
	for (int i = 0; i < store_rows(v->store, f->lists); i++) {
		html_raw(h, "<tr><th scope=\"row\" class=\"value\">@");
		html_text(h, store_text(v->store, f->lists, i, 0));
		html_raw(h, "</th><td>");
		html_text(h, store_text(v->store, f->lists, i, 1));
		for (int c = 2; c < 5; c++)
			cell(h, store_text(v->store, f->lists, i, c));
		cell_time(h, store_number(v->store, f->lists, i, 5));
		html_raw(h, "</td></tr>\n");
	}
	table_end(h);
}

/* ---- the preview, and what may follow it */

static void
try_form(struct visit *v)
{
	struct html *h = &v->html;

	html_raw(h, "<h2>Try a filter</h2>\n<form class=\"query\" method=\"get\" "
		    "action=\"");
	html_attr(h, v->req->script);
	html_raw(h,
	    FILTERS_PATH "\"><input name=\"q\" aria-label=\"Filter to try\" "
			 "maxlength=\"1024\" spellcheck=\"false\" "
			 "placeholder=\"what agents shall leave out: dport:5353 "
			 "proto:udp\" value=\"");
	html_attr(h, v->state.q);
	html_raw(h, "\">");
	state_hidden(h, &v->state, " q after before view ");
	html_raw(h, "<button>Preview</button></form>\n");
}

static void
add_form(struct visit *v, const struct filters_page *f)
{
	struct html *h = &v->html;

	change_form(v, FILTERS_PATH, &v->state, f->token, "add");
	html_raw(h,
	    "<label>name <input name=\"name\" required maxlength=\"64\" size=\"14\">"
	    "</label> <label>hosts <input name=\"hosts\" size=\"18\" "
	    "placeholder=\"all\">"
	    "</label> <label>keep one of <input name=\"sample\" size=\"5\" "
	    "inputmode=\"numeric\" placeholder=\"none\"></label> "
	    "<label>until <input name=\"expires\" size=\"10\" value=\"+7d\"></label> "
	    "<label>why <input name=\"why\" required maxlength=\"300\" size=\"28\">"
	    "</label> <label><input type=\"checkbox\" name=\"sure\" value=\"1\" "
	    "required> I know what it leaves out</label> <button>Add this filter"
	    "</button></form>\n");
}

static void
preview(struct visit *v, const struct filters_page *f)
{
	static const char *const columns[] = {
	    "host", "prefix", "would be left out", NULL};
	uint64_t total = store_count(v->store, f->total, 0, 0), hidden = 0;
	const char *field = filters_unknown_field(&v->search);
	int rows = store_rows(v->store, f->preview);
	struct html *h = &v->html;

	if (rows > 0)
		hidden = store_count(v->store, f->preview, 0, 3);
	html_raw(h, "<p>From ");
	html_time(h, v->state.range.from);
	html_raw(h, " to ");
	html_time(h, v->state.range.to);
	html_raw(h, " it would have left out <b>");
	html_count(h, hidden);
	html_raw(h, "</b> of ");
	html_count(h, total);
	html_raw(h, " events");
	if (total > 0)
		html_f(h, " (%.1f %%)", (double)hidden * 100 / (double)total);
	html_raw(h, ".</p>\n");
	if (field != NULL)
		html_f(h,
		    "<p class=\"note\">Agents do not know “%s”, so it cannot be a "
		    "filter of theirs; prefix: they know.</p>\n",
		    field);
	else if (f->may)
		add_form(v, f);
	if (rows > 0) {
		table_begin(h, "Preview", columns);
		for (int i = 0; i < rows; i++) {
			html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
			html_text(h, store_text(v->store, f->preview, i, 0));
			html_raw(h, "</th><td class=\"value\">");
			html_text(h, store_text(v->store, f->preview, i, 1));
			html_raw(h, "</td><td class=\"n\">");
			html_count(h, store_count(v->store, f->preview, i, 2));
			html_raw(h, "</td></tr>\n");
		}
		table_end(h);
	}
}

static void
write_all(struct visit *v, struct filters_page *f)
{
	struct html *h = &v->html;

	if (change_operator(v))
		change_token(v, f->token);
	f->may = f->token[0] != '\0';
	page_begin(v, "Filters", FILTERS_PATH);
	html_raw(h, "<div class=\"range\"><h1>Filters of agents</h1> <span>what they "
		    "leave out is counted, never just gone</span></div>\n");
	page_completeness(v, &f->ledger);
	reach(v, f);
	try_form(v);
	if (v->search.parts > 0)
		preview(v, f);
	filters(v, f);
	lists(v, f);
	history(v, f);
	if (!f->may)
		html_raw(h,
		    "<p class=\"note\">To change filters here, a user has to be "
		    "among <code>operators</code> in fwlog.cgi.conf; "
		    "<code>fwlogctl filter</code> does it, too.</p>\n");
	page_end(v);
}

int
page_filters(struct visit *v)
{
	struct filters_page f = {.may = false};
	int status;

	if (v->req->method == METHOD_POST)
		return filters_change(v);
	status = read_all(v, &f);
	if (status == 200)
		write_all(v, &f);
	ledger_free(&f.ledger);
	return status;
}
