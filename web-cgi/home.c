/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/home.h"

#include <inttypes.h>
#include <string.h>

#include "web-cgi/health.h"
#include "web-cgi/home_lists.h"
#include "web-cgi/page.h"
#include "web-cgi/timeline.h"

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
cell_rate(struct html *h, const struct request *req, uint64_t events)
{
	double rate = (double)events * (double)RANGE_SECOND /
		      (double)(req->range.to - req->range.from);

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
cell_completeness(struct html *h, const struct health *health, const struct overview *o)
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
	for (int i = 0; i < o->losses_count && i < LOSSES_NAMED; i++) {
		html_raw(h, "<dd class=\"note\">");
		loss_item(h, &o->losses[i]);
		html_raw(h, "</dd>");
	}
	if (o->losses_count > LOSSES_NAMED)
		html_f(h, "<dd class=\"note\">and %d more</dd>",
		    o->losses_count - LOSSES_NAMED);
	html_raw(h, "</div>\n");
}

static void
strip(struct html *h, const struct request *req, const struct overview *o,
    const struct health *health, int64_t now)
{
	html_raw(h, "<dl class=\"strip\">\n");
	cell_begin(h, "Events");
	html_count(h, o->events.all);
	cell_end(h, "in this range");
	cell_denied(h, &o->events);
	cell_rate(h, req, o->events.all);
	cell_begin(h, "Sources");
	html_count(h, o->sources.distinct);
	cell_end(h, "different addresses");
	cell_begin(h, "Agents");
	html_f(h, "%d/%d", health->reporting, health->agents);
	cell_end(h, "reporting");
	cell_newest(h, health, now);
	cell_completeness(h, health, o);
	html_raw(h, "</dl>\n");
}

/* ---- range and ways out of it */

static void
range_bar(struct html *h, const struct request *req, int64_t now)
{
	const struct range *r = &req->range;
	int64_t span = r->to - r->from;

	html_raw(h, "<div class=\"range\"><h1>");
	if (r->preset != NULL) {
		html_raw(h, "Last ");
		html_text(h, r->preset);
	} else {
		html_raw(h, "Overview");
	}
	html_raw(h, "</h1>\n<span>");
	html_time(h, r->from);
	html_raw(h, " to ");
	html_time(h, r->to);
	html_raw(h, " UTC</span>\n<span class=\"move\">");
	page_link_range(h, req, r->from - span, r->from, " rel=\"prev\"");
	html_raw(h, "‹ earlier</a> ");
	if (r->to < now) {
		page_link_range(h, req, r->to, r->to + span, " rel=\"next\"");
		html_raw(h, "later ›</a> ");
	}
	if (span < RANGE_SPAN_MAX / 2) {
		page_link_range(h, req, r->from - span / 2, r->to + span / 2, "");
		html_raw(h, "− zoom out</a> ");
	}
	page_link_range(h, req, r->from, r->to, "");
	html_raw(h, "link to this range</a></span></div>\n");
}

static void
nothing_here(struct html *h, const struct request *req, const struct health *health)
{
	html_raw(h, "<p class=\"empty\">No events in this range.");
	if (health->newest != STORE_NONE) {
		html_raw(h, " The newest is from ");
		html_time(h, health->newest);
		html_raw(h, ": ");
		page_link_range(h, req, health->newest - RANGE_HOUR + RANGE_SECOND,
		    health->newest + RANGE_SECOND, "");
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
set_up(struct html *h, const struct overview *o)
{
	html_raw(h,
	    "<section class=\"setup\"><h1>No events yet</h1>\n"
	    "<p>fwlog shows what the firewalls log, as soon as these three hold:</p>\n"
	    "<ol>\n");
	step(h, true, "The database is there", "Its schema can be read.");
	step(h, o->hosts_count > 0, "An agent has reached the collector",
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

void
home_write(
    struct html *h, const struct request *req, const struct overview *o, int64_t now)
{
	struct health health;

	health_judge(&health, o, now);
	page_begin(h, req, "Overview");
	if (health.stored == 0 && o->events.all == 0) {
		set_up(h, o);
		if (o->hosts_count > 0)
			home_hosts(h, o, now);
		page_end(h);
		return;
	}
	range_bar(h, req, now);
	answer(h, &health, now);
	strip(h, req, o, &health, now);
	if (o->events.all > 0) {
		timeline_write(h, req, o);
		home_tops(h, o);
	} else {
		nothing_here(h, req, &health);
	}
	home_hosts(h, o, now);
	if (o->events.all > 0)
		home_latest(h, o);
	page_end(h);
}
