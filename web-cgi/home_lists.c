/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/home_lists.h"

#include <inttypes.h>
#include <string.h>

#include "web-cgi/health.h"
#include "web-cgi/service.h"

/* ---- top lists */

/* Share of the whole in tenths of a percent. */
static unsigned
share(uint64_t n, uint64_t all)
{
	return all > 0 ? (unsigned)((double)n * 1000 / (double)all + 0.5) : 0;
}

static void
top_row(struct html *h, uint64_t n, uint64_t all)
{
	unsigned part = share(n, all);

	html_raw(h, "</th><td class=\"n\">");
	html_count(h, n);
	html_f(h,
	    "</td><td class=\"n share\">%u.%u %%</td><td class=\"meter\" "
	    "aria-hidden=\"true\"><svg viewBox=\"0 0 1000 10\" "
	    "preserveAspectRatio=\"none\"><rect width=\"%u\" height=\"10\"/></svg>"
	    "</td></tr>\n",
	    part / 10, part % 10, part > 0 ? part : 1);
}

static void
top_begin(struct html *h, const char *title, const struct top_list *list)
{
	html_raw(h, "<section><h2>");
	html_raw(h, title);
	html_raw(h, " <small>");
	html_count(h, list->distinct);
	html_raw(h,
	    " in all</small></h2>\n<table class=\"list\"><thead class=\"hidden\"><tr>"
	    "<th scope=\"col\">value</th><th scope=\"col\">events</th>"
	    "<th scope=\"col\">share</th><th></th></tr></thead><tbody>\n");
}

static void
top_end(struct html *h, const struct top_list *list)
{
	if (list->count == 0)
		html_raw(h, "<tr><td>none</td></tr>\n");
	html_raw(h, "</tbody></table></section>\n");
}

static void
top_texts(struct html *h, const char *title, const struct top_list *list, uint64_t all)
{
	top_begin(h, title, list);
	for (int i = 0; i < list->count; i++) {
		html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
		if (list->entry[i].value[0] == '\0')
			html_raw(h, "<i>(without)</i>");
		else
			html_text(h, list->entry[i].value);
		top_row(h, list->entry[i].count, all);
	}
	top_end(h, list);
}

static void
top_ports(struct html *h, const struct top_list *list, uint64_t all)
{
	const struct top_entry *e;
	const char *name;

	top_begin(h, "Destination ports", list);
	for (int i = 0; i < list->count; i++) {
		e = &list->entry[i];
		name = service_name(e->value, e->port);
		html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
		html_text(h, e->value);
		html_f(h, "/%" PRId64, e->port);
		if (name != NULL) {
			html_raw(h, " <small>");
			html_text(h, name);
			html_raw(h, "</small>");
		}
		top_row(h, e->count, all);
	}
	top_end(h, list);
}

void
home_tops(struct html *h, const struct overview *o)
{
	html_raw(h, "<div class=\"tops\">\n");
	top_texts(h, "Sources", &o->sources, o->timeline.sum.all);
	top_ports(h, &o->ports, o->timeline.sum.all);
	top_texts(h, "Prefixes", &o->prefixes, o->timeline.sum.all);
	html_raw(h, "</div>\n");
}

/* ---- hosts */

static void
age(struct html *h, int64_t us, int64_t now)
{
	if (us == STORE_NONE) {
		html_raw(h, "never");
		return;
	}
	html_span(h, now - us);
	html_raw(h, " ago");
}

static void
lost_cell(struct html *h, const struct host_row *host)
{
	html_raw(h, host->lost > 0 || host->losses_unknown > 0 ? "<td class=\"n lost\">"
							       : "<td class=\"n\">");
	html_count(h, host->lost);
	if (host->losses_unknown > 0) {
		html_raw(h, " + ");
		html_count(h, host->losses_unknown);
		html_raw(h, "× unknown");
	}
	html_raw(h, "</td>");
}

static void
skew_cell(struct html *h, const struct host_row *host)
{
	html_raw(h, "<td class=\"n\">");
	if (host->skew_ms != STORE_NONE)
		html_f(h, "%+.1f s", (double)host->skew_ms / 1000);
	html_raw(h, "</td>");
}

static void
host_line(struct html *h, const struct host_row *host, int64_t now)
{
	bool reports = health_reports(host, now);

	html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
	html_text(h, host->name);
	html_raw(h, reports           ? "</th><td class=\"up\">● reporting"
		    : host->connected ? "</th><td class=\"down\">○ silent"
				      : "</th><td class=\"down\">○ disconnected");
	html_raw(h, "</td><td class=\"n\">");
	age(h, host->last_event, now);
	html_raw(h, "</td><td class=\"n\">");
	age(h, host->last_contact, now);
	html_raw(h, "</td>");
	lost_cell(h, host);
	html_raw(h, "<td class=\"n\">");
	html_count(h, host->events);
	html_raw(h, "</td>");
	skew_cell(h, host);
	html_raw(h, "<td>");
	html_text(h, host->address);
	html_raw(h, "</td><td>");
	html_text(h, host->software);
	html_raw(h, "</td></tr>\n");
}

void
home_hosts(struct html *h, const struct overview *o, int64_t now)
{
	html_raw(h, "<section><h2>Hosts</h2>\n<div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"Hosts\"><table><thead><tr>"
		    "<th scope=\"col\">host</th><th scope=\"col\">agent</th>"
		    "<th scope=\"col\" class=\"n\">last event</th>"
		    "<th scope=\"col\" class=\"n\">last contact</th>"
		    "<th scope=\"col\" class=\"n\">lost, ever</th>"
		    "<th scope=\"col\" class=\"n\">events, ever</th>"
		    "<th scope=\"col\" class=\"n\">clock off by</th>"
		    "<th scope=\"col\">address</th><th scope=\"col\">version</th>"
		    "</tr></thead><tbody>\n");
	for (int i = 0; i < o->ledger.hosts_count && i < HOME_HOSTS_MAX; i++)
		host_line(h, &o->ledger.hosts[i], now);
	html_raw(h, "</tbody></table></div>\n");
	if (o->ledger.hosts_count > HOME_HOSTS_MAX)
		html_f(h, "<p class=\"note\">and %d more, heard more recently</p>\n",
		    o->ledger.hosts_count - HOME_HOSTS_MAX);
	html_raw(h, "</section>\n");
}

/* ---- latest events */

static void
interface(struct html *h, const char *iface, const char *port)
{
	html_text(h, iface[0] != '\0' ? iface : "–");
	if (port[0] != '\0') {
		html_raw(h, " (");
		html_text(h, port);
		html_raw(h, ")");
	}
}

static void
endpoint(struct html *h, const char *address, const char *port)
{
	bool v6 = strchr(address, ':') != NULL && port[0] != '\0';

	html_raw(h, "<td class=\"value\">");
	html_raw(h, v6 ? "[" : "");
	html_text(h, address);
	html_raw(h, v6 ? "]" : "");
	if (port[0] != '\0') {
		html_raw(h, "<small>:");
		html_text(h, port);
		html_raw(h, "</small>");
	}
	html_raw(h, "</td>");
}

/* What tells packets of one protocol apart. */
static void
detail(struct html *h, const struct event_row *e)
{
	html_text(h, e->protocol);
	if (e->tcp_flags[0] != '\0') {
		html_raw(h, " <small>");
		html_text(h, e->tcp_flags);
		html_raw(h, "</small>");
	} else if (e->icmp_type[0] != '\0') {
		html_raw(h, " <small>type ");
		html_text(h, e->icmp_type);
		html_raw(h, e->icmp_code[0] != '\0' ? " code " : "");
		html_text(h, e->icmp_code);
		html_raw(h, "</small>");
	} else if (e->arp[0] != '\0') {
		html_raw(h, "arp <small>");
		html_text(h, e->arp);
		html_raw(h, "</small>");
	}
}

static void
event_line(struct html *h, const struct event_row *e)
{
	html_raw(h, "<tr><td class=\"value\">");
	html_time(h, e->time);
	html_raw(h, "</td><td>");
	html_text(h, e->host);
	html_raw(h, "</td><td class=\"value\">");
	html_text(h, e->prefix);
	if (strcmp(e->verdict, "unknown") != 0) {
		html_raw(h, " <small>");
		html_text(h, e->verdict);
		html_raw(h, "</small>");
	}
	html_raw(h, "</td><td>");
	interface(h, e->in, e->physin);
	html_raw(h, " → ");
	interface(h, e->out, e->physout);
	html_raw(h, "</td>");
	endpoint(h, e->src, e->src_port);
	endpoint(h, e->dst, e->dst_port);
	html_raw(h, "<td>");
	detail(h, e);
	html_raw(h, "</td><td class=\"n\">");
	html_text(h, e->length);
	html_raw(h, "</td></tr>\n");
}

void
home_latest(struct html *h, const struct overview *o)
{
	html_raw(h,
	    "<section><h2>Latest events <small>of this range</small></h2>\n"
	    "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
	    "aria-label=\"Latest events\"><table><thead><tr>"
	    "<th scope=\"col\">time (UTC)</th><th scope=\"col\">host</th>"
	    "<th scope=\"col\">prefix</th><th scope=\"col\">in → out</th>"
	    "<th scope=\"col\">source</th><th scope=\"col\">destination</th>"
	    "<th scope=\"col\">protocol</th><th scope=\"col\" class=\"n\">bytes</th>"
	    "</tr></thead><tbody>\n");
	for (int i = 0; i < o->latest_count; i++)
		event_line(h, &o->latest[i]);
	html_raw(h, "</tbody></table></div></section>\n");
}
