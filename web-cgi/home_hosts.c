/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/home_hosts.h"

#include "web-cgi/health.h"

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
home_hosts(struct html *h, const struct ledger *l, int64_t now)
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
	for (int i = 0; i < l->hosts_count && i < HOME_HOSTS_MAX; i++)
		host_line(h, &l->hosts[i], now);
	html_raw(h, "</tbody></table></div>\n");
	if (l->hosts_count > HOME_HOSTS_MAX)
		html_f(h, "<p class=\"note\">and %d more, heard more recently</p>\n",
		    l->hosts_count - HOME_HOSTS_MAX);
	html_raw(h, "</section>\n");
}
