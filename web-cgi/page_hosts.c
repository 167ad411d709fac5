/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agents: who reports, how much, what is missing; and one host with its losses. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/health.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define LOSSES_SHOWN "200"
#define HOSTS_SHOWN "2000"

enum {
	C_HOST,
	C_LAST,
	C_CONTACT,
	C_CONNECTED,
	C_R1,
	C_R5,
	C_R15,
	C_WAITING,
	C_SPOOL,
	C_LOST,
	C_UNKNOWN,
	C_SKEW,
	C_SOFTWARE,
	C_STATE,
	C_VERSION,
	C_REFUSED,
	C_REASON,
	C_ADDRESS,
	C_SYSTEM,
	C_EVENTS,
	C_SINCE
};

/* Rates are of whole minutes. Counters come from agents: text until they are read. */
static const char hosts_sql[] =
    "SELECT o.host, " STORE_MICROSECONDS("o.last_event") ", " STORE_MICROSECONDS(
	"o.last_contact") ", o.connected, coalesce(r.r1, 0), coalesce(r.r5, 0), "
			  "coalesce(r.r15, 0), o.stats->>'waiting', "
			  "o.stats->>'spool_bytes', o.lost, o.losses_unknown, "
			  "o.skew_ms, o.software, f.state, f.version, f.refused, "
			  "f.reason, o.address, o.system, "
			  "o.events, " STORE_MICROSECONDS(
			      "o.first_seen") " FROM fwlog.host_overview o "
					      "LEFT JOIN fwlog.filter_host f ON "
					      "f.host_id = o.host_id "
					      "LEFT JOIN (SELECT host_id, sum(events) "
					      "AS r15, "
					      "sum(events) FILTER (WHERE time >= "
					      "date_trunc('minute', now()) "
					      "- interval '5 min') AS r5, sum(events) "
					      "FILTER (WHERE time >= "
					      "date_trunc('minute', now()) - interval "
					      "'1 min') AS r1 "
					      "FROM fwlog.rollup_minute_full WHERE "
					      "time >= "
					      "date_trunc('minute', now()) - interval "
					      "'15 min' AND time < "
					      "date_trunc('minute', now()) GROUP BY 1) "
					      "r "
					      "ON r.host_id = o.host_id WHERE $1 = '' "
					      "OR o.host = $1 "
					      "ORDER BY o.connected AND o.last_contact "
					      "> now() - "
					      "interval '1 min', o.last_contact, "
					      "o.host LIMIT " HOSTS_SHOWN;

static const char losses_sql[] =
    "SELECT " STORE_MICROSECONDS("from_time") ", " STORE_MICROSECONDS(
	"to_time") ", cause, records, nflog_group FROM fwlog.loss_full WHERE host = $1 "
		   "ORDER BY to_time DESC, from_time LIMIT " LOSSES_SHOWN;

struct hosts {
	int result, losses;
	struct ledger ledger;
};

/* ---- cells */

static void
cell(struct html *h, bool number)
{
	html_raw(h, number ? "</td><td class=\"n\">" : "</td><td>");
}

static void
age(struct visit *v, int64_t us)
{
	if (us == STORE_NONE)
		html_raw(&v->html, "never");
	else
		html_span(&v->html, v->now - us);
}

static void
rate(struct html *h, uint64_t events, int minutes)
{
	double n = (double)events / (60.0 * minutes);

	if (events == 0)
		html_raw(h, "0");
	else
		html_f(h, n >= 100 ? "%.0f" : n >= 1 ? "%.1f" : "%.2f", n);
}

static bool
reports(const struct visit *v, int r, int i)
{
	struct host_row host = {
	    .connected = store_text(v->store, r, i, C_CONNECTED)[0] == 't',
	    .last_contact = store_number(v->store, r, i, C_CONTACT)};

	return health_reports(&host, v->now);
}

static void
state_cell(struct visit *v, int r, int i)
{
	bool connected = store_text(v->store, r, i, C_CONNECTED)[0] == 't';

	html_raw(&v->html, reports(v, r, i) ? "<td class=\"up\">● reporting"
			   : connected      ? "<td class=\"down\">○ silent"
					    : "<td class=\"down\">○ offline");
	if (reports(v, r, i))
		return;
	html_raw(&v->html, " for ");
	age(v, store_number(v->store, r, i, C_CONTACT));
}

static void
spool_cell(struct visit *v, int r, int i)
{
	struct html *h = &v->html;
	uint64_t bytes = store_count(v->store, r, i, C_SPOOL);

	cell(h, true);
	if (store_null(v->store, r, i, C_WAITING) &&
	    store_null(v->store, r, i, C_SPOOL))
		return;
	html_count(h, store_count(v->store, r, i, C_WAITING));
	html_f(h, " <small>%.1f MiB</small>", (double)bytes / 1048576);
}

static void
lost_cell(struct visit *v, int r, int i)
{
	uint64_t lost = store_count(v->store, r, i, C_LOST);
	uint64_t unknown = store_count(v->store, r, i, C_UNKNOWN);
	struct html *h = &v->html;
	char path[REQUEST_PATH_MAX];

	html_raw(h, lost > 0 || unknown > 0 ? "</td><td class=\"n lost\">"
					    : "</td><td class=\"n\">");
	if (lost == 0 && unknown == 0) {
		html_raw(h, "0");
		return;
	}
	snprintf(
	    path, sizeof path, "/hosts/%s#losses", store_text(v->store, r, i, C_HOST));
	page_link(v, path, NULL, "");
	html_count(h, lost);
	if (unknown > 0) {
		html_raw(h, " + ");
		html_count(h, unknown);
		html_raw(h, "× unknown");
	}
	html_raw(h, "</a>");
}

static void
filter_cell(struct visit *v, int r, int i)
{
	const char *state = store_text(v->store, r, i, C_STATE);
	struct html *h = &v->html;

	cell(h, false);
	if (strcmp(state, "refused") == 0) {
		html_raw(h, "<b class=\"down\">refused ");
		html_text(h, store_text(v->store, r, i, C_REFUSED));
		html_raw(h, "</b>: ");
		html_text(h, store_text(v->store, r, i, C_REASON));
		html_raw(h, "; in force ");
	}
	html_text(h, store_text(v->store, r, i, C_VERSION));
	if (strcmp(state, "current") != 0 && strcmp(state, "refused") != 0) {
		html_raw(h, " <small>");
		html_text(h, state);
		html_raw(h, "</small>");
	}
}

static void
skew_cell(struct visit *v, int r, int i)
{
	int64_t ms = store_number(v->store, r, i, C_SKEW);

	cell(&v->html, true);
	if (ms != STORE_NONE)
		html_f(&v->html, "%+.2f s", (double)ms / 1000);
}

/* ---- all hosts */

static void
host_line(struct visit *v, int r, int i)
{
	struct html *h = &v->html;
	char path[REQUEST_PATH_MAX];

	html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
	snprintf(path, sizeof path, "/hosts/%s", store_text(v->store, r, i, C_HOST));
	page_link(v, path, NULL, "");
	html_text(h, store_text(v->store, r, i, C_HOST));
	html_raw(h, "</a></th>");
	state_cell(v, r, i);
	cell(h, true);
	age(v, store_number(v->store, r, i, C_LAST));
	for (int k = 0; k < 3; k++) {
		static const int minutes[] = {1, 5, 15};

		cell(h, true);
		rate(h, store_count(v->store, r, i, C_R1 + k), minutes[k]);
	}
	spool_cell(v, r, i);
	lost_cell(v, r, i);
	skew_cell(v, r, i);
	filter_cell(v, r, i);
	cell(h, false);
	html_text(h, store_text(v->store, r, i, C_SOFTWARE));
	cell(h, false);
	html_text(h, store_text(v->store, r, i, C_ADDRESS));
	html_raw(h, "</td></tr>\n");
}

static void
table(struct visit *v, int r)
{
	struct html *h = &v->html;

	html_raw(h, "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"Hosts\"><table><thead><tr>"
		    "<th scope=\"col\">host</th><th scope=\"col\">agent</th>"
		    "<th scope=\"col\" class=\"n\">last record</th>"
		    "<th scope=\"col\" class=\"n\">/s, 1 min</th>"
		    "<th scope=\"col\" class=\"n\">5 min</th>"
		    "<th scope=\"col\" class=\"n\">15 min</th>"
		    "<th scope=\"col\" class=\"n\">waiting in spool</th>"
		    "<th scope=\"col\" class=\"n\">lost, ever</th>"
		    "<th scope=\"col\" class=\"n\">clock off by</th>"
		    "<th scope=\"col\">filters</th><th scope=\"col\">version</th>"
		    "<th scope=\"col\">address</th></tr></thead><tbody>\n");
	for (int i = 0; i < store_rows(v->store, r); i++)
		host_line(v, r, i);
	html_raw(h, "</tbody></table></div></section>\n");
}

static void
no_host(struct html *h)
{
	html_raw(h, "<p class=\"empty\">No agent has reached the collector yet.</p>\n");
}

/* HTTP status; name "": all. */
static int
read_hosts(struct visit *v, struct hosts *t, const char *name)
{
	const char *const params[] = {name};
	int status = visit_store(v, v->settings->timeout_ms);

	*t = (struct hosts){.losses = -1};
	if (status != 200)
		return status;
	store_begin(v->store);
	t->result = store_add(v->store, hosts_sql, 1, params);
	if (name[0] != '\0')
		t->losses = store_add(v->store, losses_sql, 1, params);
	ledger_add(&t->ledger, v->store, &v->state.range);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status == 200 && ledger_read(&t->ledger, v->store) < 0)
		status = 500;
	return status;
}

int
page_hosts(struct visit *v)
{
	struct hosts t;
	int status = read_hosts(v, &t, "");

	if (status == 200) {
		page_begin(v, "Hosts", "/hosts");
		html_raw(&v->html, "<div class=\"range\"><h1>Hosts</h1></div>\n");
		page_completeness(v, &t.ledger);
		if (store_rows(v->store, t.result) > 0)
			table(v, t.result);
		else
			no_host(&v->html);
		page_end(v);
	}
	ledger_free(&t.ledger);
	return status;
}

/* ---- one host */

static void
cause_words(struct html *h, const char *cause)
{
	static const struct {
		const char *cause, *words;
	} known[] = {
	    {"kernel", "the kernel's queue was full"},
	    {"spool_full", "the agent's spool was full"},
	    {"agent_down", "no agent ran"},
	    {"filtered", "left out by a filter"},
	    {"rate_limited", "left out by a rate limit"},
	    {"corrupt", "damaged in the spool"},
	    {"quarantined", "kept aside by the collector"},
	};

	html_text(h, cause);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].cause, cause) == 0)
			html_f(h, " <small>%s</small>", known[i].words);
}

static void
loss_line(struct visit *v, int r, int i)
{
	int64_t from = store_number(v->store, r, i, 0);
	int64_t to = store_number(v->store, r, i, 1);
	struct html *h = &v->html;
	struct state st = state_with_range(
	    &v->state, from - 300 * RANGE_SECOND, to + 300 * RANGE_SECOND);
	char term[SEARCH_TEXT];

	if (search_term("host", v->rest, term) == 0)
		st = state_with_filter(&st, term);
	html_raw(h, "<tr><th scope=\"row\">");
	page_link(v, "/events", &st, "");
	html_time(h, from);
	html_raw(h, "</a>");
	html_raw(h, "</th><td>");
	html_time(h, to);
	cell(h, true);
	html_span(h, to - from);
	cell(h, true);
	if (store_null(v->store, r, i, 3))
		html_raw(h, "nobody knows");
	else
		html_count(h, store_count(v->store, r, i, 3));
	cell(h, false);
	cause_words(h, store_text(v->store, r, i, 2));
	cell(h, true);
	html_text(h, store_text(v->store, r, i, 4));
	html_raw(h, "</td></tr>\n");
}

static void
losses(struct visit *v, int r)
{
	struct html *h = &v->html;

	html_raw(h, "<h2 id=\"losses\">Losses <small>the latest " LOSSES_SHOWN
		    "</small></h2>\n");
	if (store_rows(v->store, r) == 0) {
		html_raw(h, "<p>Nothing was lost, ever.</p>\n");
		return;
	}
	html_raw(h,
	    "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
	    "role=\"region\" aria-label=\"Losses\"><table><thead><tr>"
	    "<th scope=\"col\">not before</th><th scope=\"col\">not after</th>"
	    "<th scope=\"col\" class=\"n\">span</th>"
	    "<th scope=\"col\" class=\"n\">records</th><th scope=\"col\">cause</th>"
	    "<th scope=\"col\" class=\"n\">group</th></tr></thead><tbody>\n");
	for (int i = 0; i < store_rows(v->store, r); i++)
		loss_line(v, r, i);
	html_raw(h, "</tbody></table></div></section>\n");
}

int
page_host(struct visit *v)
{
	struct hosts t;
	struct html *h = &v->html;
	int status = read_hosts(v, &t, v->rest);

	if (status == 200 && store_rows(v->store, t.result) == 0)
		status = visit_refuse(v, 404, "No agent of that name has ever come.");
	if (status == 200) {
		page_begin(v, v->rest, "/events");
		html_raw(h, "<div class=\"range\"><h1>Host ");
		html_text(h, v->rest);
		html_raw(h, "</h1> <span>");
		html_text(h, store_text(v->store, t.result, 0, C_SYSTEM));
		html_raw(h, ", ");
		html_count(h, store_count(v->store, t.result, 0, C_EVENTS));
		html_raw(h, " events since ");
		html_time(h, store_number(v->store, t.result, 0, C_SINCE));
		html_raw(h, "</span></div>\n");
		page_completeness(v, &t.ledger);
		table(v, t.result);
		losses(v, t.losses);
		page_end(v);
	}
	ledger_free(&t.ledger);
	return status;
}
