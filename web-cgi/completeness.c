/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/completeness.h"

#include <string.h>

#include "web-cgi/health.h"
#include "web-cgi/page.h"

#define NAMED 3 /* hosts told one by one */

static bool
is_named_before(const struct ledger *l, int row)
{
	for (int i = 0; i < row; i++)
		if (strcmp(l->losses[i].host, l->losses[row].host) == 0)
			return true;
	return false;
}

/* The page of hosts has them all. */
static void
more_hosts(struct visit *v, int hosts)
{
	page_link(v, "/hosts", NULL, "");
	html_f(&v->html, "%d more host%s</a>", hosts, hosts == 1 ? "" : "s");
}

static void
missing(struct html *h, const struct loss_row *loss)
{
	if (loss->records > 0 || loss->unknown == 0)
		html_count(h, loss->records);
	else
		html_raw(h, "an unknown number");
	html_raw(h, " missing from ");
	html_text(h, loss->host);
	html_raw(h, ": ");
	html_text(h, loss->cause);
	if (loss->records > 0 && loss->unknown > 0)
		html_raw(h, ", and more that nobody could count");
}

void
completeness_missing(
    struct visit *v, const struct ledger *l, const char *before, const char *between)
{
	struct html *h = &v->html;
	int named = 0, causes = 0, hosts = 0;

	for (int i = 0; i < l->losses_count; i++) {
		if (health_is_wanted(&l->losses[i]))
			continue;
		if (named++ < NAMED) {
			html_raw(h, named == 1 ? before : between);
			missing(h, &l->losses[i]);
		} else if (is_named_before(l, i)) {
			causes++;
		} else {
			hosts++;
		}
	}
	if (named <= NAMED)
		return;
	html_raw(h, between);
	html_raw(h, "and ");
	if (hosts > 0)
		more_hosts(v, hosts);
	else
		html_f(h, "%d more cause%s", causes, causes == 1 ? "" : "s");
}

static void
left_out_by(struct visit *v, const struct ledger *l, const char *cause,
    const char *words, const char *between)
{
	struct html *h = &v->html;
	uint64_t records = 0;
	int hosts = 0, named = 0;

	for (int i = 0; i < l->losses_count; i++) {
		if (strcmp(l->losses[i].cause, cause) != 0)
			continue;
		records += l->losses[i].records;
		hosts++;
	}
	if (hosts == 0)
		return;
	html_raw(h, between);
	html_count(h, records);
	html_raw(h, records == 1 ? " record left out by " : " records left out by ");
	html_raw(h, words);
	for (int i = 0; i < l->losses_count && named < NAMED; i++) {
		if (strcmp(l->losses[i].cause, cause) != 0)
			continue;
		html_raw(h, named++ == 0 ? " (" : ", ");
		html_text(h, l->losses[i].host);
		html_raw(h, " ");
		html_count(h, l->losses[i].records);
	}
	if (hosts > named) {
		html_raw(h, " and ");
		more_hosts(v, hosts - named);
	}
	html_raw(h, ")");
}

void
completeness_left_out(struct visit *v, const struct ledger *l, const char *between)
{
	left_out_by(v, l, "filtered", "filters", between);
	left_out_by(v, l, "rate_limited", "rate limits", between);
}
