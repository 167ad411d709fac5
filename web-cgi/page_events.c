/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that a filter selects: timeline, lists, table. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/event_table.h"
#include "web-cgi/events.h"
#include "web-cgi/export.h"
#include "web-cgi/facet.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define PATH "/events"

/* ---- choices about the timeline, live view */

static void
choice(struct visit *v, const struct state *st, bool here, const char *name)
{
	html_raw(&v->html, " ");
	if (here) {
		html_raw(&v->html, "<b>");
		html_text(&v->html, name);
		html_raw(&v->html, "</b>");
		return;
	}
	page_link(v, PATH, st, "");
	html_text(&v->html, name);
	html_raw(&v->html, "</a>");
}

static void
choices(struct visit *v)
{
	struct html *h = &v->html;
	struct state st = v->state;

	html_raw(h, "<p class=\"choices\">split by");
	for (int i = 0; state_by_names[i] != NULL; i++) {
		st.by = (enum state_by)i;
		choice(v, &st, v->state.by == st.by, state_by_names[i]);
	}
	st = v->state;
	html_raw(h, " · heights");
	st.log_scale = false;
	choice(v, &st, !v->state.log_scale, "linear");
	st.log_scale = true;
	choice(v, &st, v->state.log_scale, "logarithmic");
	html_raw(h, "</p>\n");
}

/* Only a range that moves can be watched. */
static void
live(struct visit *v)
{
	static const int seconds[] = {5, 15, 60};
	struct state st = v->state;
	struct html *h = &v->html;
	char name[16];

	if (st.range.preset == NULL && st.range.expr[0] == '\0')
		return;
	st.turn = TURN_NONE;
	html_f(h, "<p class=\"live\" data-live=\"%d\">", v->state.live);
	html_raw(h, v->state.live > 0 ? "<b class=\"up\">● live</b>, read again every"
				      : "live: read again every");
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		st.live = seconds[i];
		snprintf(name, sizeof name, "%d s", seconds[i]);
		choice(v, &st, v->state.live == seconds[i], name);
	}
	st.live = 0;
	if (v->state.live > 0)
		choice(v, &st, false, "stop");
	html_raw(h, "</p>\n");
}

/* ---- pages and exports */

static void
turn(struct visit *v, const struct events *e, bool back)
{
	struct cursor c = rows_cursor(&e->rows, v->store, back ? 0 : e->rows.count - 1);
	struct state st = state_turned(&v->state, back ? TURN_BEFORE : TURN_AFTER, &c);
	bool newer = back != v->state.oldest_first;

	page_link(v, PATH, &st, back ? " rel=\"prev\"" : " rel=\"next\"");
	html_raw(&v->html, newer ? "newer" : "older");
	html_raw(&v->html, back ? " ‹</a> " : " ›</a> ");
}

static void
pager(struct visit *v, const struct events *e, const char *label)
{
	struct html *h = &v->html;
	struct state st = v->state;

	html_raw(h, "<nav class=\"pager\" aria-label=\"");
	html_raw(h, label);
	html_raw(h, "\">");
	if (e->rows.earlier && e->rows.count > 0)
		turn(v, e, true);
	html_f(h, "<span>%d of ", e->rows.count);
	html_count(h, e->timeline.sum.all);
	html_raw(h, " events</span> ");
	if (e->rows.further && e->rows.count > 0)
		turn(v, e, false);
	st.turn = TURN_NONE;
	html_raw(h, "<span class=\"choices\">rows");
	for (int n = 50; n <= 200; n *= 2) {
		char name[16];

		snprintf(name, sizeof name, "%d", n);
		st.n = n;
		choice(v, &st, v->state.n == n, name);
	}
	html_raw(h, "</span></nav>\n");
}

static void
export_link(struct visit *v, const char *path, const char *name, uint64_t all)
{
	struct state st = state_absolute(&v->state);
	struct html *h = &v->html;

	st.turn = TURN_NONE;
	html_raw(h, " ");
	page_link(v, path, &st, "");
	html_raw(h, name);
	html_raw(h, "</a>");
	if (all <= EXPORT_ROWS_MAX)
		return;
	html_raw(h, v->state.oldest_first ? " (the oldest " : " (the newest ");
	html_count(h, EXPORT_ROWS_MAX);
	html_raw(h, " of ");
	html_count(h, all);
	html_raw(h, ")");
}

static void
exports(struct visit *v, const struct events *e)
{
	uint64_t all = e->timeline.sum.all;

	html_raw(&v->html, "<p class=\"exports\">Save these events:");
	export_link(v, "/export.csv", "CSV", all);
	export_link(v, "/export.jsonl", "JSON lines", all);
	export_link(v, "/export.pcap", "PCAP", all);
	html_raw(&v->html, " <small>PCAP leaves out events without payload and says "
			   "how many</small></p>\n");
}

/* ---- no match */

static void
no_match(struct visit *v, const struct events *e)
{
	const struct range *r = &v->state.range;
	struct html *h = &v->html;
	struct state st;

	html_raw(h, "<section class=\"empty\"><p><b>No event matches in this "
		    "range.</b> ");
	if (e->nearest == STORE_NONE) {
		html_raw(h, e->sought_all
				? "There is none before or after it either.</p>"
				: "To look outside it takes longer than a page may: "
				  "choose a wider range.</p>");
		html_raw(h, "</section>\n");
		return;
	}
	html_raw(h, e->nearest < r->from ? "The last one before it is from "
					 : "The next one after it is from ");
	html_time(h, e->nearest);
	html_raw(h, ": ");
	if (e->nearest < r->from)
		st = state_with_range(
		    &v->state, e->nearest / RANGE_SECOND * RANGE_SECOND, r->to);
	else
		st = state_with_range(
		    &v->state, r->from, (e->nearest / RANGE_SECOND + 1) * RANGE_SECOND);
	page_link(v, PATH, &st, " class=\"widen\"");
	html_raw(h, "widen the range to it</a>, ");
	st = state_with_range(
	    &v->state, e->nearest - RANGE_HOUR / 2, e->nearest + RANGE_HOUR / 2);
	page_link(v, PATH, &st, "");
	html_raw(h, "show the hour around it</a>.</p></section>\n");
}

static void
write_all(struct visit *v, const struct events *e)
{
	v->ledger = &e->ledger;
	page_begin(v, v->state.q[0] != '\0' ? v->state.q : "Events", PATH);
	page_range(v, PATH, "Events");
	page_completeness(v, &e->ledger);
	timeline_write(&v->html, v->req->script, PATH, &v->state, &e->timeline);
	choices(v);
	if (e->timeline.sum.all > 0) {
		facets_write(v, PATH, e);
		live(v);
		pager(v, e, "Pages of events");
		event_table(v, PATH, &e->rows);
		pager(v, e, "Pages of events, below the table");
		exports(v, e);
	} else {
		live(v);
		no_match(v, e);
	}
	page_end(v);
}

int
page_events(struct visit *v)
{
	struct events e;
	int status = events_read(v, &e, true);

	if (status == 200)
		write_all(v, &e);
	if (status == 200)
		v->out.refresh = v->state.live;
	events_free(&e);
	return status;
}
