/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How to ask: the filter language with examples that work, fields, parameters. */
#include <string.h>

#include "common/filter_field.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define LEDGER_LIMIT_MS 2000

static const struct {
	const char *filter, *means;
} examples[] = {
    {"src:192.0.2.7", "from this address"},
    {"198.51.100.0/24", "to or from this network"},
    {"dport:22,3389", "to one of these ports"},
    {"dport:ssh proto:tcp", "both hold: a blank is AND"},
    {"verdict:drop -dport:443", "not: what has no port stays"},
    {"dport:1-1023 -src:private", "ranges, and addresses that are not routed"},
    {"(dport:23 OR dport:2323) host:web*", "either, and names with * and ?"},
    {"prefix:\"in-drop*\"", "prefixes of log rules, any case"},
    {"prefix:/^scan[0-9]+/i", "a regular expression"},
    {"flags:S -flags:A", "TCP flags: SYN without ACK"},
    {"-has:src", "events without a source address"},
    {"len:>1000", "greater; also :>= :< :<="},
    {"ip.src == 192.0.2.7 && tcp.dstport == 22", "Wireshark's words work, too"},
    {"source.ip: 192.0.2.7 and not destination.port: 22", "and those of Kibana"},
};

static void
example_list(struct visit *v)
{
	struct html *h = &v->html;
	struct state st;

	html_raw(h, "<section><h2>Examples</h2>\n<table><thead class=\"hidden\"><tr>"
		    "<th scope=\"col\">filter</th><th scope=\"col\">meaning</th></tr>"
		    "</thead><tbody>\n");
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		st = state_with_filter(&v->state, examples[i].filter);
		html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
		page_link(v, "/events", &st, "");
		html_text(h, examples[i].filter);
		html_raw(h, "</a></th><td>");
		html_text(h, examples[i].means);
		html_raw(h, "</td></tr>\n");
	}
	html_raw(h, "</tbody></table></section>\n");
}

static const char *
kind_of(const struct filter_field *f)
{
	switch (f->type) {
	case FILTER_ADDRESS:
		return "address, network, private, public, @list";
	case FILTER_NUMBER:
		return (f->traits & FILTER_HEX) != 0
			   ? "hexadecimal number, /mask, range"
		       : f->symbols != NULL ? "name, number, range"
					    : "number, range";
	case FILTER_PORT:
		return "port, name of a service, range, @list";
	case FILTER_FLAGS:
		return "letters of TCP flags: S, SA, F";
	case FILTER_MAC:
		return "hardware address";
	case FILTER_TEXT:
		return "text, * and ?, /regex/, @list";
	case FILTER_VERDICT:
		return "accept, drop, reject, unknown";
	case FILTER_ID:
		return "HOST-N";
	case FILTER_ALERT:
		return "number of an alert";
	case FILTER_LINE:
		return "words in the event as one line";
	case FILTER_BYTES:
		return "only has:";
	}
	return "";
}

static void
field_list(struct html *h)
{
	html_raw(h, "<section><h2>Fields</h2>\n<table><thead><tr>"
		    "<th scope=\"col\">field</th><th scope=\"col\">values</th>"
		    "<th scope=\"col\">other names</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < filter_fields_count; i++) {
		const struct filter_field *f = &filter_fields[i];

		html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
		html_text(h, f->name);
		html_raw(h, "</th><td>");
		html_raw(h, kind_of(f));
		html_raw(h, "</td><td><small>");
		html_text(h, f->aliases != NULL ? f->aliases : "");
		html_raw(h, "</small></td></tr>\n");
	}
	html_raw(h, "</tbody></table></section>\n");
}

static void
parameter(void *arg, const char *name, const char *allowed)
{
	struct html *h = arg;

	html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
	html_text(h, name);
	html_raw(h, "</th><td>");
	html_text(h, allowed);
	html_raw(h, "</td></tr>\n");
}

static void
parameters(struct html *h)
{
	html_raw(h,
	    "<section><h2>Parameters of addresses</h2>\n"
	    "<p>Equal views have equal addresses; “link to this view” has the "
	    "range in absolute times. <code>/export.csv</code>, "
	    "<code>/export.jsonl</code>, <code>/export.pcap</code>, "
	    "<code>/top/src.csv</code>, <code>/api/events</code>, "
	    "<code>/api/timeline</code> and <code>/api/top/src</code> take the "
	    "same.</p>\n<table><thead class=\"hidden\"><tr><th scope=\"col\">"
	    "parameter</th><th scope=\"col\">values</th></tr></thead><tbody>\n");
	state_params(parameter, h);
	html_raw(h, "</tbody></table></section>\n");
}

static void
keys(struct html *h)
{
	html_raw(h,
	    "<section><h2>In short</h2>\n<ul>\n"
	    "<li>A blank is AND, <code>OR</code> is or, <code>-</code> is not: "
	    "<code>-t</code> selects exactly what <code>t</code> does not.</li>\n"
	    "<li>A bare address looks at both ends, a bare word at prefixes.</li>\n"
	    "<li>Every value on a page is a link to its own events, the − beside it to "
	    "all others; × takes a part of the filter away.</li>\n"
	    "<li>Every bar of the timeline leads to its own time. With JavaScript: "
	    "drag "
	    "over bars to zoom, <kbd>/</kbd> for the filter, <kbd>[</kbd> and "
	    "<kbd>]</kbd> for earlier and later, <kbd>-</kbd> and <kbd>+</kbd> to "
	    "zoom, "
	    "<kbd>l</kbd> for live.</li>\n"
	    "</ul></section>\n");
}

/* The page helps also when there is no database: then it says nothing of records. */
static void
completeness(struct visit *v)
{
	struct ledger l = {0};

	if (visit_store(v, LEDGER_LIMIT_MS) != 200)
		return;
	store_begin(v->store);
	ledger_add(&l, v->store, &v->state.range);
	store_end(v->store);
	if (store_run(v->store) == STORE_OK && ledger_read(&l, v->store) == 0)
		page_completeness(v, &l);
	ledger_free(&l);
}

int
page_help(struct visit *v)
{
	page_begin(v, "Help", "/help");
	html_raw(&v->html, "<div class=\"range\"><h1>Help</h1></div>\n");
	completeness(v);
	html_raw(&v->html, "<div class=\"tops two\">\n");
	example_list(v);
	keys(&v->html);
	field_list(&v->html);
	parameters(&v->html);
	html_raw(&v->html, "</div>\n");
	page_end(v);
	return 200;
}
