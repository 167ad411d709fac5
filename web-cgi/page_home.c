/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <inttypes.h>
#include <string.h>

#include "web-cgi/completeness.h"
#include "web-cgi/glance.h"
#include "web-cgi/health.h"
#include "web-cgi/home_hosts.h"
#include "web-cgi/page.h"
#include "web-cgi/ranking_list.h"
#include "web-cgi/route.h"

#define NOTE "</dd><dd class=\"note\">"
#define LOST "</dd><dd class=\"note down\">"

static void
plural(struct html *h, uint64_t n, const char *one, const char *many)
{
	html_count(h, n);
	html_raw(h, n == 1 ? one : many);
}

/* ---- the answer */

static void
answer_agents(struct html *h, const struct health *health, int64_t now)
{
	int silent = health->agents - health->reporting;

	if (silent == 0) {
		html_raw(h, health->agents == 1 ? "The agent reports" : "All ");
		if (health->agents > 1)
			html_f(h, "%d agents report", health->agents);
		html_raw(h, ". ");
		return;
	}
	html_f(h, "%d of %d agents %s silent: ", silent, health->agents,
	    silent == 1 ? "is" : "are");
	html_text(h, health->quietest->name);
	if (health->quietest->last_contact != STORE_NONE) {
		html_raw(h, ", for ");
		html_span(h, now - health->quietest->last_contact);
	}
	html_raw(h, silent > 1 ? " and others. " : ". ");
}

static void
answer_losses(struct html *h, const struct health *health)
{
	if (health->missing > 0) {
		plural(h, health->missing, " record is", " records are");
		html_raw(h, " missing in this range");
		html_raw(h,
		    health->unknown > 0 ? ", and more that nobody could count." : ".");
	} else if (health->unknown > 0) {
		html_raw(
		    h, "Records are missing in this range; nobody could count them.");
	} else if (health->reporting == 0) {
		html_raw(h, "Whether anything is missing is not known.");
	} else if (health->reporting < health->agents) {
		html_raw(h, "The others say that nothing is missing.");
	} else {
		html_raw(h, "Nothing is missing in this range.");
	}
}

static void
answer(struct html *h, const struct health *health, int64_t now)
{
	bool lost = health->missing > 0 || health->unknown > 0;
	bool well = health->reporting == health->agents && !lost;

	html_raw(h, "<p class=\"verdict ");
	html_raw(h, well   ? "good\"><b>✓</b> "
		    : lost ? "bad\"><b>✗</b> "
			   : "warn\"><b>!</b> ");
	answer_agents(h, health, now);
	answer_losses(h, health);
	/* Never in the colour of what is wrong. */
	if (well && health->left_out > 0) {
		html_raw(h, " ");
		plural(h, health->left_out, " record was", " records were");
		html_raw(h, " left out as configured.");
	}
	html_raw(h, "</p>\n");
}

/* ---- the strip of figures */

static void
cell_begin(struct html *h, const char *name)
{
	html_raw(h, "<div><dt>");
	html_raw(h, name);
	html_raw(h, "</dt><dd>");
}

static void
note_begin(struct html *h)
{
	html_raw(h, "</dd><dd class=\"note\">");
}

static void
cell_end(struct html *h)
{
	html_raw(h, "</dd></div>\n");
}

/* Change against the equal range before. */
static void
cell_events(struct html *h, const struct glance *g)
{
	uint64_t now = g->timeline.sum.all;
	double change = (double)now / (double)g->before - 1;

	cell_begin(h, "Events");
	html_count(h, now);
	note_begin(h);
	if (g->before == 0) {
		html_raw(h, now > 0 ? "none in the range before" : "in this range");
	} else {
		if (change < 0)
			html_f(h, "▼ %.0f %% from ", -change * 100);
		else if (change < 10)
			html_f(h, "▲ %.0f %% from ", change * 100);
		else
			html_f(h, "▲ %.0f times the ", change + 1);
		html_count(h, g->before);
	}
	cell_end(h);
}

/* Only once the prefix map says something of these events. */
static void
cell_denied(struct html *h, const struct tally *events)
{
	double share = (double)events->of[FATE_DENIED] * 100 / (double)events->all;

	if (events->of[FATE_UNKNOWN] == events->all)
		return;
	cell_begin(h, "Denied");
	html_f(h, "%.1f %%", share);
	note_begin(h);
	if (events->of[FATE_UNKNOWN] > 0) {
		html_count(h, events->of[FATE_UNKNOWN]);
		html_raw(h, " without a verdict");
	} else {
		html_raw(h, "dropped or rejected");
	}
	cell_end(h);
}

static void
rate(struct html *h, uint64_t events, double seconds)
{
	double n = (double)events / seconds;

	if (n >= 100 || events == 0)
		html_count(h, (uint64_t)(n + 0.5));
	else
		html_f(h, n >= 10 ? "%.0f" : n >= 1 ? "%.1f" : "%.2f", n);
}

static void
cell_rate(struct html *h, const struct state *st, const struct glance *g)
{
	const struct range *r = &st->range;

	cell_begin(h, "Rate a second");
	if (!g->rated) {
		rate(h, g->timeline.sum.all,
		    (double)(r->to - r->from) / (double)RANGE_SECOND);
		note_begin(h);
		html_raw(h, "mean of this range");
		cell_end(h);
		return;
	}
	for (int i = 0; i < GLANCE_RATES; i++) {
		html_raw(h, i > 0 ? " <span class=\"thin\">" : "");
		rate(h, g->rate[i], glance_minutes[i] * 60.0);
		html_raw(h, i > 0 ? "</span>" : "");
	}
	note_begin(h);
	html_raw(h, "over 1, 5, 15 min");
	cell_end(h);
}

static void
cell_sources(struct html *h, const struct glance *g)
{
	cell_begin(h, "Sources");
	html_raw(h, g->about ? "≈ " : "");
	html_count(h, g->sources);
	note_begin(h);
	html_raw(h, g->about ? "addresses, estimated" : "different addresses");
	cell_end(h);
}

static void
cell_agents(struct visit *v, const struct health *health)
{
	struct html *h = &v->html;
	int silent = health->agents - health->reporting;

	cell_begin(h, "Agents reporting");
	page_link(v, "/hosts", NULL, " class=\"with\"");
	html_f(h, "%d/%d</a>", health->reporting, health->agents);
	html_raw(h, "</dd><dd class=\"note");
	html_raw(h, silent > 0 ? " down\">" : "\">");
	if (silent == 0) {
		html_raw(h, "none is silent");
	} else {
		html_f(h, "%d silent", silent);
		if (health->quietest->last_contact != STORE_NONE) {
			html_raw(h, " for ");
			html_span(h, v->now - health->quietest->last_contact);
		}
	}
	cell_end(h);
}

static void
cell_newest(struct html *h, const struct health *health, int64_t now)
{
	cell_begin(h, "Newest record");
	if (health->newest == STORE_NONE) {
		html_raw(h, "none");
	} else {
		html_span(h, now - health->newest);
		note_begin(h);
		html_raw(h, "old");
	}
	cell_end(h);
}

static void
cell_completeness(struct visit *v, const struct health *health, const struct ledger *l)
{
	struct html *h = &v->html;

	cell_begin(h, "Completeness");
	if (health->missing > 0)
		plural(h, health->missing, " missing", " missing");
	else if (health->unknown > 0)
		html_raw(h, "missing records");
	else
		html_raw(h, health->reporting == health->agents ? "complete"
								: "as far as known");
	completeness_missing(v, l, LOST, LOST);
	completeness_left_out(v, l, NOTE);
	cell_end(h);
}

static void
cell_alerts(struct visit *v, const struct ledger *l)
{
	struct html *h = &v->html;

	cell_begin(h, "Open alerts");
	page_link(v, "/alerts", &v->state, " class=\"with\"");
	html_count(h, l->alerts);
	html_raw(h, "</a></dd><dd class=\"note");
	if (l->alerts_grave > 0)
		html_raw(h, " down\">");
	else
		html_raw(h, "\">");
	if (l->alerts_grave > 0)
		plural(h, l->alerts_grave, " high, critical", " high, critical");
	else
		html_raw(h, l->alerts > 0 ? "none is high" : "none");
	cell_end(h);
}

static void
strip(struct visit *v, const struct glance *g, const struct health *health)
{
	struct html *h = &v->html;

	html_raw(h, "<dl class=\"strip\">\n");
	cell_events(h, g);
	cell_denied(h, &g->timeline.sum);
	cell_sources(h, g);
	cell_rate(h, &v->state, g);
	cell_agents(v, health);
	cell_newest(h, health, v->now);
	cell_alerts(v, &g->ledger);
	cell_completeness(v, health, &g->ledger);
	html_raw(h, "</dl>\n");
}

/* ---- lists */

static void
lists(struct visit *v, const struct glance *g)
{
	struct html *h = &v->html;

	if (g->listed_from > v->state.range.from) {
		html_raw(h, "<p class=\"note\">Not all that the filter asks for is "
			    "summed up: lists are of events since ");
		html_time(h, g->listed_from);
		html_raw(h, ".</p>\n");
	}
	html_raw(h, "<div class=\"tops\">\n");
	for (int i = 0; i < GLANCE_LISTS; i++)
		ranking_list(v, "/events", &g->list[i]);
	html_raw(h, "</div>\n");
}

static void
nothing_here(struct visit *v, const struct health *health)
{
	struct html *h = &v->html;
	struct state st;

	html_raw(h, "<p class=\"empty\">No events in this range.");
	if (health->newest != STORE_NONE) {
		html_raw(h, " The newest is from ");
		html_time(h, health->newest);
		html_raw(h, ": ");
		st = state_with_range(&v->state,
		    health->newest - RANGE_HOUR + RANGE_SECOND,
		    health->newest + RANGE_SECOND);
		page_link(v, "/", &st, "");
		html_raw(h, "show the hour before it</a>.");
	}
	html_raw(h, "</p>\n");
}

/* ---- an installation without events */

static void
step(struct html *h, bool done, const char *title, const char *text)
{
	html_raw(h, done ? "<li class=\"done\"><b>✓ " : "<li><b>○ ");
	html_raw(h, title);
	html_raw(h, "</b>");
	html_raw(h, done ? " (done)" : " (to do)");
	html_raw(h, "<br>");
	html_raw(h, text);
	html_raw(h, "</li>\n");
}

static void
set_up(struct html *h, const struct ledger *l)
{
	html_raw(h,
	    "<section class=\"setup\"><h1>No events yet</h1>\n"
	    "<p>fwlog shows what the firewalls log, as soon as these three hold:</p>\n"
	    "<ol>\n");
	step(h, true, "The database is there", "Its schema can be read.");
	step(h, l->hosts_count > 0, "An agent has reached the collector",
	    "Start <code>fwlog-collector</code>, and <code>fwlog-agent</code> on each "
	    "host with "
	    "<code>collector = NAME:7514</code>, the collector's name or address, in "
	    "its "
	    "configuration. The logs of both say who does not reach whom.");
	step(h, false, "A firewall rule logs to the agent's group",
	    "For instance <code>nft add rule inet filter input log group 5 prefix "
	    "\"in-drop: \"</code>, or <code>iptables -A INPUT -j NFLOG --nflog-group 5 "
	    "--nflog-prefix \"in-drop: \"</code>, with <code>[group 5]</code> in the "
	    "agent's "
	    "configuration. Then let a packet come by.");
	html_raw(h, "</ol></section>\n");
}

/* ---- all of it */

static void
write_all(struct visit *v, const struct glance *g)
{
	struct html *h = &v->html;
	struct health health;

	health_judge(&health, &g->ledger, v->now);
	v->ledger = &g->ledger;
	page_begin(v, "Overview", "/");
	if (health.stored == 0 && g->timeline.sum.all == 0) {
		set_up(h, &g->ledger);
		if (g->ledger.hosts_count > 0)
			home_hosts(h, &g->ledger, v->now);
		page_end(v);
		return;
	}
	page_range(v, "/", "Overview");
	answer(h, &health, v->now);
	strip(v, g, &health);
	if (g->timeline.sum.all > 0) {
		timeline_write(h, v->req->script, "/", &v->state, &g->timeline);
		lists(v, g);
	} else {
		nothing_here(v, &health);
	}
	page_end(v);
}

int
page_home(struct visit *v)
{
	struct glance g;
	int status = glance_read(v, &g);

	if (status == 200)
		write_all(v, &g);
	if (status == 200)
		v->out.refresh = v->state.live;
	glance_free(&g);
	return status;
}
