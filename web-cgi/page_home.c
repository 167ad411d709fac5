/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <inttypes.h>
#include <string.h>

#include "web-cgi/event_table.h"
#include "web-cgi/facet.h"
#include "web-cgi/health.h"
#include "web-cgi/home_hosts.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define LATEST 25      /* newest events shown */
#define LOSSES_NAMED 3 /* losses told one by one in the strip */

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
	if (health->left_out > 0) {
		html_raw(h, " ");
		plural(h, health->left_out, " record was", " records were");
		html_raw(h, " left out as configured.");
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
cell_end(struct html *h, const char *note)
{
	html_raw(h, "</dd>");
	if (note[0] != '\0') {
		html_raw(h, "<dd class=\"note\">");
		html_raw(h, note);
		html_raw(h, "</dd>");
	}
	html_raw(h, "</div>\n");
}

/* Only once the prefix map says something of these events. */
static void
cell_denied(struct html *h, const struct tally *events)
{
	double share = (double)events->of[FATE_DENIED] * 100 / (double)events->all;

	if (events->of[FATE_UNKNOWN] == events->all)
		return;
	cell_begin(h, "Denied");
	html_f(h, "%.1f %%</dd><dd class=\"note\">dropped or rejected</dd>", share);
	if (events->of[FATE_UNKNOWN] > 0) {
		html_raw(h, "<dd class=\"note\">");
		html_count(h, events->of[FATE_UNKNOWN]);
		html_raw(h, " without a verdict</dd>");
	}
	html_raw(h, "</div>\n");
}

static void
cell_rate(struct html *h, const struct state *st, uint64_t events)
{
	double rate = (double)events * (double)RANGE_SECOND /
		      (double)(st->range.to - st->range.from);

	cell_begin(h, "Rate");
	if (rate >= 100 || events == 0)
		html_count(h, (uint64_t)(rate + 0.5));
	else
		html_f(h, rate >= 1 ? "%.1f" : "%.3f", rate);
	cell_end(h, "events a second, mean");
}

static void
cell_newest(struct html *h, const struct health *health, int64_t now)
{
	cell_begin(h, "Newest record");
	if (health->newest == STORE_NONE) {
		html_raw(h, "none");
		cell_end(h, "");
		return;
	}
	html_span(h, now - health->newest);
	cell_end(h, "old");
}

static void
loss_item(struct html *h, const struct loss_row *loss)
{
	if (loss->records > 0 || loss->unknown == 0)
		html_count(h, loss->records);
	else
		html_raw(h, "unknown number");
	html_raw(h, health_is_wanted(loss) ? " left out on " : " missing from ");
	html_text(h, loss->host);
	html_raw(h, ": ");
	html_text(h, loss->cause);
	if (loss->records > 0 && loss->unknown > 0)
		html_raw(h, ", and more that nobody could count");
}

static void
cell_completeness(struct html *h, const struct health *health, const struct events *e)
{
	cell_begin(h, "Completeness");
	if (health->missing > 0)
		plural(h, health->missing, " missing", " missing");
	else if (health->unknown > 0)
		html_raw(h, "missing records");
	else
		html_raw(h, health->reporting == health->agents ? "complete"
								: "as far as known");
	html_raw(h, "</dd>");
	for (int i = 0; i < e->ledger.losses_count && i < LOSSES_NAMED; i++) {
		html_raw(h, "<dd class=\"note\">");
		loss_item(h, &e->ledger.losses[i]);
		html_raw(h, "</dd>");
	}
	if (e->ledger.losses_count > LOSSES_NAMED)
		html_f(h, "<dd class=\"note\">and %d more</dd>",
		    e->ledger.losses_count - LOSSES_NAMED);
	html_raw(h, "</div>\n");
}

static void
strip(struct html *h, const struct state *st, const struct events *e,
    const struct health *health, int64_t now)
{
	html_raw(h, "<dl class=\"strip\">\n");
	cell_begin(h, "Events");
	html_count(h, e->timeline.sum.all);
	cell_end(h, "in this range");
	cell_denied(h, &e->timeline.sum);
	cell_rate(h, st, e->timeline.sum.all);
	cell_begin(h, "Sources");
	html_count(h, e->facets[0].distinct);
	cell_end(h, "different addresses");
	cell_begin(h, "Agents");
	html_f(h, "%d/%d", health->reporting, health->agents);
	cell_end(h, "reporting");
	cell_newest(h, health, now);
	cell_completeness(h, health, e);
	html_raw(h, "</dl>\n");
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
set_up(struct html *h, const struct events *e)
{
	html_raw(h,
	    "<section class=\"setup\"><h1>No events yet</h1>\n"
	    "<p>fwlog shows what the firewalls log, as soon as these three hold:</p>\n"
	    "<ol>\n");
	step(h, true, "The database is there", "Its schema can be read.");
	step(h, e->ledger.hosts_count > 0, "An agent has reached the collector",
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

static void
latest(struct visit *v, const struct events *e)
{
	html_raw(&v->html, "<h2>Latest events <small>");
	page_link(v, "/events", &v->state, "");
	html_raw(&v->html, "all of them</a></small></h2>\n");
	event_table(v, "/events", &e->rows);
}

static void
write_all(struct visit *v, const struct events *e)
{
	struct html *h = &v->html;
	struct health health;

	health_judge(&health, &e->ledger, v->now);
	page_begin(v, "Overview", "/");
	if (health.stored == 0 && e->timeline.sum.all == 0) {
		set_up(h, e);
		if (e->ledger.hosts_count > 0)
			home_hosts(h, &e->ledger, v->now);
		page_end(v);
		return;
	}
	page_range(v, "/", "Overview");
	answer(h, &health, v->now);
	strip(h, &v->state, e, &health, v->now);
	if (e->timeline.sum.all > 0) {
		timeline_write(h, v->req->script, "/", &v->state, &e->timeline);
		facets_write(v, "/events", e);
	} else {
		nothing_here(v, &health);
	}
	home_hosts(h, &e->ledger, v->now);
	if (e->timeline.sum.all > 0)
		latest(v, e);
	page_end(v);
}

int
page_home(struct visit *v)
{
	struct events e;
	int status;

	v->state.n = LATEST;
	v->state.turn = TURN_NONE;
	status = events_read(v, &e, true);
	v->state.n = STATE_N_DEFAULT;
	if (status == 200)
		write_all(v, &e);
	events_free(&e);
	return status;
}
