/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/ranking_list.h"

#include <stdlib.h>
#include <string.h>

#include "web-cgi/page.h"
#include "web-cgi/service.h"

void
ranking_cell(struct visit *v, const char *path, const struct ranking *r, int i)
{
	const char *value = ranking_value(r, v->store, i), *service = NULL;
	struct html *h = &v->html;

	html_raw(h, "<th scope=\"row\" class=\"value\">");
	page_value(v, path, r->field->name, value);
	if (strcmp(r->field->name, "dport") == 0 && value[0] != '\0')
		service = service_name("tcp", atoi(value));
	if (service != NULL) {
		html_raw(h, " <small>");
		html_text(h, service);
		html_raw(h, "</small>");
	}
	if (ranking_is_new(r, v->store, i))
		html_raw(h, " <b class=\"new\" title=\"not in the equal range "
			    "before\">new</b>");
	html_raw(h, "</th>");
}

void
ranking_share(struct html *h, uint64_t n, uint64_t all)
{
	unsigned share = (unsigned)((double)n * 1000 / (double)all + 0.5);

	html_raw(h, "<td class=\"n\">");
	html_count(h, n);
	html_f(h,
	    "</td><td class=\"n share\">%u.%u %%</td><td class=\"meter\" "
	    "aria-hidden=\"true\"><svg viewBox=\"0 0 1000 10\" "
	    "preserveAspectRatio=\"none\"><rect width=\"%u\" height=\"10\"/></svg>"
	    "</td>",
	    share / 10, share % 10, share > 0 ? share : 1);
}

static void
heading(struct visit *v, const struct ranking *r)
{
	struct html *h = &v->html;
	char path[64];

	snprintf(path, sizeof path, "/top/%s", r->field->name);
	html_raw(h, "<h2>");
	html_text(h, r->field->title);
	html_raw(h, " <small>");
	page_link(v, path, &v->state, "");
	html_raw(h, r->rest > 0 ? "more than " : "all ");
	html_count(h, r->distinct);
	html_raw(h, "</a>");
	if (r->wider) {
		html_raw(h, ", whole hours since ");
		html_time(h, r->from);
	}
	html_raw(h, "</small></h2>\n");
}

void
ranking_list(struct visit *v, const char *path, const struct ranking *r)
{
	struct html *h = &v->html;

	html_raw(h, "<section>");
	heading(v, r);
	html_raw(h, "<table class=\"list\"><thead class=\"hidden\"><tr>"
		    "<th scope=\"col\">value</th><th scope=\"col\">events</th>"
		    "<th scope=\"col\">share</th><td></td></tr></thead><tbody>\n");
	for (int i = 0; i < r->count; i++) {
		html_raw(h, "<tr>");
		ranking_cell(v, path, r, i);
		ranking_share(h, ranking_count(r, v->store, i), r->all);
		html_raw(h, "</tr>\n");
	}
	html_raw(h, "</tbody></table></section>\n");
}
