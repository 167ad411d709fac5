/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/facet.h"

#include <stdlib.h>
#include <string.h>

#include "web-cgi/page.h"
#include "web-cgi/ranking_list.h"
#include "web-cgi/service.h"

static void
facet_line(struct visit *v, const char *path, const struct top *t, int i, uint64_t all)
{
	const char *value = top_value(t, v->store, i), *service = NULL;
	uint64_t n = top_count(t, v->store, i);
	unsigned share = (unsigned)((double)n * 1000 / (double)all + 0.5);
	struct html *h = &v->html;

	html_raw(h, "<tr><th scope=\"row\" class=\"value\">");
	page_value(v, path, t->field->name, value);
	if (strcmp(t->field->name, "dport") == 0 && value[0] != '\0')
		service = service_name("tcp", atoi(value));
	if (service != NULL) {
		html_raw(h, " <small>");
		html_text(h, service);
		html_raw(h, "</small>");
	}
	html_raw(h, "</th><td class=\"n\">");
	html_count(h, n);
	html_f(h,
	    "</td><td class=\"n share\">%u.%u %%</td><td class=\"meter\" "
	    "aria-hidden=\"true\"><svg viewBox=\"0 0 1000 10\" "
	    "preserveAspectRatio=\"none\"><rect width=\"%u\" height=\"10\"/></svg>"
	    "</td></tr>\n",
	    share / 10, share % 10, share > 0 ? share : 1);
}

static void
facet(struct visit *v, const char *path, const struct top *t, uint64_t all)
{
	struct html *h = &v->html;

	html_raw(h, "<section><h2>");
	html_text(h, t->field->title);
	html_raw(h, " <small>");
	html_count(h, t->distinct);
	html_raw(h,
	    " in all</small></h2>\n<table class=\"list\"><thead class=\"hidden\"><tr>"
	    "<th scope=\"col\">value</th><th scope=\"col\">events</th>"
	    "<th scope=\"col\">share</th><td></td></tr></thead><tbody>\n");
	for (int i = 0; i < t->count; i++)
		facet_line(v, path, t, i, all);
	html_raw(h, "</tbody></table></section>\n");
}

void
facets_write(struct visit *v, const char *path, const struct events *e)
{
	struct html *h = &v->html;

	if (!e->ranked && e->listed < e->timeline.sum.all) {
		html_raw(h, "<p class=\"note\">Lists are of the newest ");
		html_count(h, e->listed);
		html_raw(h, " events, since ");
		html_time(h, e->listed_from);
		html_raw(h, ".</p>\n");
	}
	html_raw(h, "<div class=\"tops\">\n");
	for (int i = 0; i < EVENTS_FACETS; i++) {
		if (e->ranked)
			ranking_list(v, path, &e->rankings[i]);
		else
			facet(v, path, &e->facets[i], e->listed);
	}
	html_raw(h, "</div>\n");
}
