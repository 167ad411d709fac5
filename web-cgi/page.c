/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/page.h"

#include <stdio.h>
#include <string.h>

#include "common/crc32c.h"
#include "web-cgi/completeness.h"
#include "web-cgi/health.h"
#include "web-cgi/ledger.h"
#include "web-cgi/route.h"

#define PICKED 200 /* hosts to choose from */

/* ---- head and bars */

void
page_asset_name(const struct embedded *asset, char name[PAGE_ASSET_NAME])
{
	const char *dot = strrchr(asset->name, '.');
	int stem =
	    (int)(dot != NULL ? (size_t)(dot - asset->name) : strlen(asset->name));

	snprintf(name, PAGE_ASSET_NAME, "%.*s-%08x%s", stem, asset->name,
	    crc32c(0, asset->bytes, asset->len), dot != NULL ? dot : "");
}

static void
asset_links(struct visit *v)
{
	struct html *h = &v->html;
	char name[PAGE_ASSET_NAME];

	for (const struct embedded *a = assets; a->name != NULL; a++) {
		bool script = strstr(a->name, ".js") != NULL;

		page_asset_name(a, name);
		html_raw(h, script ? "<script defer src=\""
				   : "<link rel=\"stylesheet\" href=\"");
		html_attr(h, v->req->script);
		html_raw(h, "/asset/");
		html_attr(h, name);
		html_raw(h, script ? "\"></script>\n" : "\">\n");
	}
}

void
page_link(struct visit *v, const char *path, const struct state *st, const char *more)
{
	html_raw(&v->html, "<a href=\"");
	html_attr(&v->html, v->req->script);
	html_attr(&v->html, path);
	if (st != NULL)
		state_query(&v->html, st);
	html_raw(&v->html, "\"");
	html_raw(&v->html, more);
	html_raw(&v->html, ">");
}

/* Filter, range and zone go along from page to page. */
static void
bar_of_pages(struct visit *v)
{
	struct state st = v->state;

	st.turn = TURN_NONE;
	st.live = 0;
	html_raw(&v->html, "<nav aria-label=\"Pages\"><ul class=\"pages\">\n");
	for (const struct route *r = routes; r->path != NULL; r++) {
		if (r->title == NULL)
			continue;
		html_raw(&v->html, "<li>");
		page_link(v, r->path, (r->traits & ROUTE_STATE) != 0 ? &st : NULL,
		    r == v->route ? " aria-current=\"page\"" : "");
		html_text(&v->html, r->title);
		html_raw(&v->html, "</a></li>\n");
	}
	html_raw(&v->html, "</ul></nav>\n");
}

static void
presets(struct visit *v, const char *action)
{
	const struct range *range = &v->state.range;
	struct state st;

	html_raw(
	    &v->html, "<nav aria-label=\"Range of time\"><ul class=\"presets\">\n");
	for (size_t i = 0; range_presets[i] != NULL; i++) {
		bool here = range->preset != NULL &&
			    strcmp(range->preset, range_presets[i]) == 0;

		st = state_with_preset(&v->state, range_presets[i]);
		html_raw(&v->html, "<li>");
		page_link(v, action, &st, here ? " aria-current=\"true\"" : "");
		html_text(&v->html, range_presets[i]);
		html_raw(&v->html, "</a></li>\n");
	}
	html_raw(&v->html, "</ul></nav>\n");
}

static void
form_begin(struct visit *v, const char *action, const char *class)
{
	html_raw(&v->html, "<form class=\"");
	html_raw(&v->html, class);
	html_raw(&v->html, "\" method=\"get\" action=\"");
	html_attr(&v->html, v->req->script);
	html_attr(&v->html, action);
	html_raw(&v->html, "\">");
}

static void
query_form(struct visit *v)
{
	struct html *h = &v->html;

	form_begin(v, "/events", "query");
	html_raw(h, "<input name=\"q\" aria-label=\"Filter\" maxlength=\"1024\" "
		    "spellcheck=\"false\" autocomplete=\"off\" autocapitalize=\"off\" "
		    "placeholder=\"src:192.0.2.0/24 dport:22 -host:web1\" value=\"");
	html_attr(h, v->state.q);
	html_raw(h, "\">");
	state_hidden(h, &v->state, " q after before view ");
	html_raw(h, "<button>Search</button></form>\n");
}

/* The hosts to choose from, each a filter more. */
static void
host_picker(struct visit *v, const char *action)
{
	const struct ledger *l = v->ledger;
	struct html *h = &v->html;

	if (l == NULL || l->hosts_count < 2)
		return;
	html_raw(h, "<details class=\"pick\"><summary>choose a host</summary><ul>\n");
	for (int i = 0; i < l->hosts_count && i < PICKED; i++) {
		html_raw(h, "<li>");
		page_value(v, action, "host", l->hosts[i].name);
		html_raw(h, "</li>\n");
	}
	html_raw(h, "</ul></details>\n");
}

/* Anything but the presets: two times and a zone. */
static void
range_form(struct visit *v, const char *action)
{
	char text[RANGE_TIME_TEXT];
	struct html *h = &v->html;

	html_raw(h, "<details class=\"custom\"><summary>other range</summary>");
	form_begin(v, action, "range-form");
	html_raw(h, "<label>from <input name=\"from\" size=\"22\" value=\"");
	range_time_text(v->state.range.from / RANGE_SECOND * RANGE_SECOND, text);
	html_attr(h, text);
	html_raw(h, "\"></label> <label>to <input name=\"to\" size=\"22\" value=\"");
	range_time_text(
	    (v->state.range.to + RANGE_SECOND - 1) / RANGE_SECOND * RANGE_SECOND, text);
	html_attr(h, text);
	html_raw(h, "\"></label> <label>zone <input name=\"tz\" size=\"16\" value=\"");
	html_attr(h, v->state.tz);
	html_raw(h, "\"></label>");
	state_hidden(h, &v->state, " range from to tz after before bucket live ");
	html_raw(h, "<button>Show</button></form></details>\n");
}

/* The parts of the filter, each with a link to all but it. */
static void
chips(struct visit *v, const char *action)
{
	char part[SEARCH_TEXT], rest[SEARCH_TEXT];
	struct html *h = &v->html;
	struct state st;

	if (v->search.parts == 0)
		return;
	html_raw(h, "<ul class=\"chips\" aria-label=\"Filter\">\n");
	for (size_t i = 0; i < v->search.parts; i++) {
		if (search_part(&v->search, i, part) < 0 ||
		    search_without(&v->search, i, rest) < 0)
			continue;
		st = state_with_filter(&v->state, rest);
		html_raw(h, "<li><code>");
		html_text(h, part);
		html_raw(h, "</code> ");
		page_link(v, action, &st, "");
		html_raw(h, "<span class=\"hidden\">without ");
		html_text(h, part);
		html_raw(h, "</span><span aria-hidden=\"true\">×</span></a></li>\n");
	}
	html_raw(h, "</ul>\n");
}

void
page_begin(struct visit *v, const char *title, const char *action)
{
	struct html *h = &v->html;

	html_raw(h,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(h, title);
	html_raw(h, " · fwlog</title>\n");
	asset_links(v);
	html_raw(h, "</head>\n<body>\n<header class=\"top\">");
	page_link(v, "/", NULL, " class=\"brand\"");
	html_raw(h, "fwlog</a>\n");
	bar_of_pages(v);
	query_form(v);
	host_picker(v, action);
	presets(v, action);
	range_form(v, action);
	html_raw(h, "</header>\n<main>\n");
	chips(v, action);
}

void
page_end(struct visit *v)
{
	html_raw(&v->html, "</main>\n</body>\n</html>\n");
}

/* ---- range and completeness */

static void
range_ways(struct visit *v, const char *path)
{
	const struct range *r = &v->state.range;
	int64_t span = r->to - r->from;
	struct html *h = &v->html;
	struct state st = state_with_range(&v->state, r->from - span, r->from);

	page_link(v, path, &st, " rel=\"prev\"");
	html_raw(h, "‹ earlier</a> ");
	if (r->to < v->now) {
		st = state_with_range(&v->state, r->to, r->to + span);
		page_link(v, path, &st, " rel=\"next\"");
		html_raw(h, "later ›</a> ");
	}
	if (span < RANGE_SPAN_MAX / 2) {
		st = state_with_range(&v->state, r->from - span / 2, r->to + span / 2);
		page_link(v, path, &st, "");
		html_raw(h, "− zoom out</a> ");
	}
	if (span > 2 * RANGE_SECOND) {
		st = state_with_range(&v->state, r->from + span / 4, r->to - span / 4);
		page_link(v, path, &st, "");
		html_raw(h, "+ zoom in</a> ");
	}
	st = state_absolute(&v->state);
	page_link(v, path, &st, " class=\"share\"");
	html_raw(h, "link to this view</a> ");
	st = v->state;
	st.turn = TURN_NONE;
	page_link(v, "/views", &st, "");
	html_raw(h, "save</a>");
}

void
page_range(struct visit *v, const char *path, const char *title)
{
	const struct range *r = &v->state.range;
	struct html *h = &v->html;

	html_raw(h, "<div class=\"range\"><h1>");
	if (r->preset != NULL) {
		html_raw(h, "Last ");
		html_text(h, r->preset);
	} else {
		html_text(h, title);
	}
	html_raw(h, "</h1>\n<span>");
	html_time(h, r->from);
	html_raw(h, " to ");
	html_time(h, r->to);
	html_raw(h, " ");
	html_text(h, zone_name());
	html_raw(h, "</span>\n<span class=\"move\">");
	range_ways(v, path);
	html_raw(h, "</span></div>\n");
}

void
page_completeness(struct visit *v, const struct ledger *l)
{
	struct html *h = &v->html;
	struct health health;

	health_judge(&health, l, v->now);
	html_raw(h, "<p class=\"complete\">");
	if (health.missing > 0 || health.unknown > 0) {
		html_raw(h, "<span class=\"lost\"><b>✗</b> Not complete");
		completeness_missing(v, l, ": ", "; ");
		html_raw(h, "</span>");
	} else if (health.quietest != NULL) {
		html_raw(h, "<b class=\"down\">!</b> Complete as far as known");
	} else {
		html_raw(h, "<b class=\"up\">✓</b> Complete");
	}
	completeness_left_out(v, l, "; ");
	html_f(h, ". %d of %d agents report", health.reporting, health.agents);
	if (health.quietest != NULL) {
		html_raw(h, "; <b class=\"down\">silent: ");
		html_text(h, health.quietest->name);
		html_raw(h, "</b>: what it still has is to come");
	}
	html_raw(h, ".</p>\n");
}

/* ---- values */

/* Opens the link to the filter with the term; false when there is no such filter. */
static bool
term_link(
    struct visit *v, const char *path, const char *term, bool negated, const char *more)
{
	char q[SEARCH_TEXT];
	struct state st;

	if (search_with(&v->search, term, negated, q) < 0)
		return false;
	st = state_with_filter(&v->state, q);
	page_link(v, path, &st, more);
	return true;
}

bool
page_value_open(struct visit *v, const char *path, const char *field, const char *value)
{
	char term[SEARCH_TEXT];

	return search_term(field, value, term) == 0 &&
	       term_link(v, path, term, false, " class=\"with\"");
}

void
page_value_close(
    struct visit *v, const char *path, const char *field, const char *value)
{
	char term[SEARCH_TEXT];

	html_raw(&v->html, "</a>");
	if (search_term(field, value, term) < 0 ||
	    !term_link(v, path, term, true, " class=\"less\""))
		return;
	html_raw(&v->html, "<span class=\"hidden\">without ");
	html_text(&v->html, term);
	html_raw(&v->html, "</span><span aria-hidden=\"true\">−</span></a>");
}

void
page_value(struct visit *v, const char *path, const char *field, const char *value)
{
	bool open = page_value_open(v, path, field, value);

	if (value[0] == '\0')
		html_raw(&v->html, "<i>(none)</i>");
	else
		html_text(&v->html, value);
	if (open)
		page_value_close(v, path, field, value);
}

/* ---- errors */

static const char *
explain(int status)
{
	switch (status) {
	case 403:
		return "The web server named no user (REMOTE_USER). Let it ask for a "
		       "login, or set allow_anonymous = yes in fwlog.cgi.conf.";
	case 404:
		return "There is no such page.";
	case 409:
		return "The database refused the change.";
	case 503:
		return "The database cannot be reached or is not set up. Records are "
		       "safe with the agents meanwhile. “fwlogctl db check” tells the "
		       "administrator what is wrong; the web server's error log has "
		       "the details.";
	case 504:
		return "The database needed too long for this range. Take a shorter "
		       "one, or a filter that selects less.";
	default:
		return "Something went wrong; the web server's error log has the "
		       "details.";
	}
}

/* The filter with a mark under the sign where it went wrong. */
static void
filter_fault(struct visit *v)
{
	struct html *h = &v->html;

	html_raw(h, "<p>The filter is not understood: ");
	html_text(h, v->filter_error.message);
	html_raw(h, ".</p>\n<pre class=\"caret\">");
	html_text(h, v->state.q);
	html_raw(h, "\n");
	if (v->filter_error.column > 0)
		html_f(h, "%*s", (int)v->filter_error.column, "^");
	html_raw(h, "</pre>\n");
}

static void
shorter_ranges(struct visit *v)
{
	static const int parts[] = {2, 6, 24};
	int64_t to = v->state.range.to, span = to - v->state.range.from;
	struct html *h = &v->html;

	html_raw(h, "<p>Shorter: ");
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		int64_t part = span / parts[i];
		struct state st = state_with_range(&v->state, to - part, to);

		if (part < RANGE_SECOND)
			break;
		page_link(v, v->route->path, &st, "");
		html_raw(h, "the last ");
		html_span(h, part);
		html_raw(h, " of it</a> ");
	}
	html_raw(h, "</p>\n");
}

static void
range_forms(struct html *h)
{
	html_raw(h, "<p>A range of time is <code>?range=15m</code> (or 1h, 4h, 24h, "
		    "7d, 30d, <code>now-2h..now-1h</code>, <code>-1d@d..@d</code>), or "
		    "from and to: <code>?from=2026-01-31T14:00:00Z&amp;"
		    "to=2026-01-31T15:00:00Z</code>.</p>\n");
}

void
page_error(struct visit *v, int status)
{
	struct html *h = &v->html;
	bool filter = v->filter_error.message[0] != '\0';

	html_free(h);
	v->search.parts = 0;
	page_begin(v, response_reason(status), "/events");
	html_raw(h, "<section class=\"verdict bad\">\n<h1>");
	html_text(h, response_reason(status));
	html_raw(h, "</h1>\n");
	if (filter) {
		filter_fault(v);
	} else {
		html_raw(h, "<p>");
		html_text(h, v->why[0] != '\0' ? v->why : explain(status));
		html_raw(h, "</p>\n");
	}
	if (status == 504 && v->route != NULL && (v->route->traits & ROUTE_TAIL) == 0)
		shorter_ranges(v);
	if (status == 400 && !filter)
		range_forms(h);
	html_raw(h, "<p>");
	page_link(v, "/", NULL, "");
	html_raw(h, "Overview of the last hour</a></p>\n</section>\n");
	page_end(v);
}
