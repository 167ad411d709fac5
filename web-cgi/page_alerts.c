/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules found: alerts, each leading to its own events; one of them with all there
 * is to know. Who acknowledges one says why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/change.h"
#include "web-cgi/event_table.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define PATH "/alerts"
#define ALERTS_SHOWN "200"
#define WHY_MAX 400

enum {
	C_ID,
	C_LEVEL,
	C_TITLE,
	C_STATE,
	C_FIRED,
	C_FIRST,
	C_LAST,
	C_EVENTS,
	C_GROUP,
	C_FILTER,
	C_DETAIL,
	C_BY,
	C_WHY,
	C_RULE,
	C_DESCRIPTION,
	C_DELIVERY,
	C_TAGS,
	C_LEVEL_NUMBER,
	C_ACKNOWLEDGED
};

#define ALERT_COLUMNS                                                              \
	"alert_id, level, title, state, " STORE_MICROSECONDS(                      \
	    "fired") ","                                                           \
		     " " STORE_MICROSECONDS("first_time") ", " STORE_MICROSECONDS( \
			 "l"                                                       \
			 "a"                                                       \
			 "s"                                                       \
			 "t"                                                       \
			 "_"                                                       \
			 "t"                                                       \
			 "i"                                                       \
			 "m"                                                       \
			 "e") ", "                                                 \
			      "event"                                              \
			      "s, "                                                \
			      "\"gro"                                              \
			      "up\","                                              \
			      " filt"                                              \
			      "er, "                                               \
			      "detai"                                              \
			      "l, "                                                \
			      "ackno"                                              \
			      "wledg"                                              \
			      "ed_"                                                \
			      "by, "                                               \
			      "ackno"                                              \
			      "wledg"                                              \
			      "ed_"                                                \
			      "why, "                                              \
			      "rule_"                                              \
			      "id, "                                               \
			      "descr"                                              \
			      "iptio"                                              \
			      "n, "                                                \
			      "deliv"                                              \
			      "ery, "                                              \
			      "array"                                              \
			      "_to_"                                               \
			      "strin"                                              \
			      "g("                                                 \
			      "tags,"                                              \
			      " ', "                                               \
			      "'), "                                               \
			      "level"                                              \
			      "_numb"                                              \
			      "er,"                                                \
			      " " STORE_MICROSECONDS("a"                           \
						     "c"                           \
						     "k"                           \
						     "n"                           \
						     "o"                           \
						     "w"                           \
						     "l"                           \
						     "e"                           \
						     "d"                           \
						     "g"                           \
						     "e"                           \
						     "d")

/* Open ones first, the gravest first; then what the range has. */
static const char list_sql[] =
    "SELECT " ALERT_COLUMNS " FROM fwlog.alert_full WHERE state = 'active' OR "
    "(last_time >= $1::timestamptz AND first_time < $2::timestamptz) "
    "ORDER BY state <> 'active', CASE WHEN state = 'active' THEN level_number END "
    "DESC, "
    "fired DESC LIMIT " ALERTS_SHOWN;
static const char one_sql[] =
    "SELECT " ALERT_COLUMNS " FROM fwlog.alert_full WHERE alert_id = $1::bigint";
static const char samples_sql[] = "SELECT u.host_id, u.n, " STORE_MICROSECONDS(
    "u.ts") ", h.name FROM fwlog.alert_full a CROSS JOIN LATERAL "
	    "unnest(a.sample_host, a.sample_n, a.sample_ts) u (host_id, n, ts) "
	    "LEFT JOIN fwlog.host h ON h.host_id = u.host_id "
	    "WHERE a.alert_id = $1::bigint ORDER BY u.ts";
static const char deliveries_sql[] =
    "SELECT action, what, state, tries, last_error, " STORE_MICROSECONDS(
	"coalesce(done, made)") " FROM fwlog.alert_delivery_full WHERE alert_id = "
				"$1::bigint ORDER BY delivery_id LIMIT 100";

struct alerts_page {
	int list, samples, deliveries;
	struct ledger ledger;
	char token[CHANGE_TOKEN];
};

/* ---- where an alert leads */

/* Its events: its own filter, from its first to its last. */
static struct state
events_of(const struct visit *v, int r, int i)
{
	int64_t from = store_number(v->store, r, i, C_FIRST);
	int64_t to = store_number(v->store, r, i, C_LAST);
	struct state st = state_with_range(&v->state,
	    from / RANGE_SECOND * RANGE_SECOND, (to / RANGE_SECOND + 1) * RANGE_SECOND);

	return state_with_filter(&st, store_text(v->store, r, i, C_FILTER));
}

static void
level(struct visit *v, int r, int i)
{
	bool grave = store_number(v->store, r, i, C_LEVEL_NUMBER) >= 4;

	html_raw(&v->html, grave ? "<b class=\"down\">▲ " : "<span>● ");
	html_text(&v->html, store_text(v->store, r, i, C_LEVEL));
	html_raw(&v->html, grave ? "</b>" : "</span>");
}

static void
acknowledge(struct visit *v, const char *token, const char *id)
{
	struct html *h = &v->html;

	change_form(v, PATH, NULL, token, "acknowledge");
	html_raw(h, "<input type=\"hidden\" name=\"alert\" value=\"");
	html_attr(h, id);
	html_raw(h, "\"><input name=\"why\" maxlength=\"300\" size=\"14\" "
		    "placeholder=\"what it was\" aria-label=\"what it was\" required>"
		    "<button>acknowledge</button></form>");
}

/* ---- the list */

static void
alert_line(struct visit *v, const struct alerts_page *p, int i)
{
	const char *id = store_text(v->store, p->list, i, C_ID);
	struct state st = events_of(v, p->list, i);
	struct html *h = &v->html;
	char path[64];

	snprintf(path, sizeof path, PATH "/%s", id);
	html_raw(h, "<tr><td>");
	level(v, p->list, i);
	html_raw(h, "</td><th scope=\"row\">");
	page_link(v, path, NULL, "");
	html_text(h, store_text(v->store, p->list, i, C_TITLE));
	html_raw(h, "</a></th><td>");
	html_text(h, store_text(v->store, p->list, i, C_STATE));
	html_raw(h, "</td><td>");
	html_time(h, store_number(v->store, p->list, i, C_FIRED));
	html_raw(h, "</td><td class=\"n\">");
	html_span(h, store_number(v->store, p->list, i, C_LAST) -
			 store_number(v->store, p->list, i, C_FIRST));
	html_raw(h, "</td><td class=\"n\">");
	page_link(v, "/events", &st, "");
	html_count(h, store_count(v->store, p->list, i, C_EVENTS));
	html_raw(h, "</a></td><td class=\"value\">");
	html_text(h, store_text(v->store, p->list, i, C_GROUP));
	html_raw(h, "</td><td>");
	if (store_number(v->store, p->list, i, C_ACKNOWLEDGED) != STORE_NONE) {
		html_text(h, store_text(v->store, p->list, i, C_BY));
		html_raw(h, ": ");
		html_text(h, store_text(v->store, p->list, i, C_WHY));
	} else if (p->token[0] != '\0') {
		acknowledge(v, p->token, id);
	}
	html_raw(h, "</td></tr>\n");
}

static void
list(struct visit *v, const struct alerts_page *p)
{
	struct html *h = &v->html;
	int n = store_rows(v->store, p->list);

	if (n == 0) {
		html_raw(h, "<p class=\"empty\">No alert is open, and none was raised "
			    "in this range.</p>\n");
		return;
	}
	html_raw(h, "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"Alerts\"><table><thead><tr>"
		    "<th scope=\"col\">level</th><th scope=\"col\">alert</th>"
		    "<th scope=\"col\">state</th><th scope=\"col\">raised</th>"
		    "<th scope=\"col\" class=\"n\">lasted</th>"
		    "<th scope=\"col\" class=\"n\">events</th><th scope=\"col\">of</th>"
		    "<th scope=\"col\">acknowledged</th></tr></thead><tbody>\n");
	for (int i = 0; i < n; i++)
		alert_line(v, p, i);
	html_raw(h, "</tbody></table></div></section>\n");
}

/* HTTP status; id NULL: all. */
static int
read_alerts(struct visit *v, struct alerts_page *p, const char *id)
{
	struct bindings b;
	int status = visit_store(v, v->settings->timeout_ms);

	*p = (struct alerts_page){.samples = -1};
	if (status != 200)
		return status;
	if (bindings_begin(&b, v->state.range.from, v->state.range.to, NULL) < 0)
		return 500;
	store_begin(v->store);
	p->list = id != NULL ? store_add(v->store, one_sql, 1, &id)
			     : store_add(v->store, list_sql, b.count, b.value);
	if (id != NULL) {
		p->samples = store_add(v->store, samples_sql, 1, &id);
		p->deliveries = store_add(v->store, deliveries_sql, 1, &id);
	}
	ledger_add(&p->ledger, v->store, &v->state.range);
	store_end(v->store);
	bindings_free(&b);
	status = visit_status(v, store_run(v->store));
	if (status == 200 && ledger_read(&p->ledger, v->store) < 0)
		status = 500;
	if (status == 200)
		change_token(v, p->token);
	return status;
}

static int
show_list(struct visit *v)
{
	struct alerts_page p;
	int status = read_alerts(v, &p, NULL);

	if (status == 200) {
		page_begin(v, "Alerts", PATH);
		page_range(v, PATH, "Alerts");
		page_completeness(v, &p.ledger);
		list(v, &p);
		page_end(v);
	}
	ledger_free(&p.ledger);
	return status;
}

/* ---- one alert */

static void
fact(struct html *h, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	html_raw(h, "<tr><th scope=\"row\">");
	html_raw(h, name);
	html_raw(h, "</th><td>");
	html_text(h, value);
	html_raw(h, "</td></tr>\n");
}

static void
fact_time(struct html *h, const char *name, int64_t us)
{
	if (us == STORE_NONE)
		return;
	html_raw(h, "<tr><th scope=\"row\">");
	html_raw(h, name);
	html_raw(h, "</th><td>");
	html_time_fine(h, us);
	html_raw(h, "</td></tr>\n");
}

static void
facts(struct visit *v, int r)
{
	struct html *h = &v->html;

	html_raw(h, "<section><h2>What is known</h2><table class=\"fields\"><tbody>\n");
	fact(h, "state", store_text(v->store, r, 0, C_STATE));
	fact(h, "of", store_text(v->store, r, 0, C_GROUP));
	fact(h, "detail", store_text(v->store, r, 0, C_DETAIL));
	fact_time(h, "raised", store_number(v->store, r, 0, C_FIRED));
	fact_time(h, "first event", store_number(v->store, r, 0, C_FIRST));
	fact_time(h, "last event", store_number(v->store, r, 0, C_LAST));
	fact(h, "events", store_text(v->store, r, 0, C_EVENTS));
	fact(h, "filter", store_text(v->store, r, 0, C_FILTER));
	fact(h, "rule", store_text(v->store, r, 0, C_RULE));
	fact(h, "description", store_text(v->store, r, 0, C_DESCRIPTION));
	fact(h, "tags", store_text(v->store, r, 0, C_TAGS));
	fact(h, "told", store_text(v->store, r, 0, C_DELIVERY));
	fact_time(h, "acknowledged", store_number(v->store, r, 0, C_ACKNOWLEDGED));
	fact(h, "by", store_text(v->store, r, 0, C_BY));
	fact(h, "why", store_text(v->store, r, 0, C_WHY));
	html_raw(h, "</tbody></table></section>\n");
}

static void
samples(struct visit *v, int r)
{
	struct html *h = &v->html;
	char path[RECORD_PATH_MAX];

	html_raw(h, "<section><h2>Some of its events</h2><ul>\n");
	for (int i = 0; i < store_rows(v->store, r); i++) {
		struct cursor c = {.host_id = (int32_t)store_number(v->store, r, i, 0),
		    .n = store_number(v->store, r, i, 1),
		    .ts = store_number(v->store, r, i, 2)};

		record_path(&c, path);
		html_raw(h, "<li>");
		page_link(v, path, NULL, "");
		html_time_fine(h, c.ts);
		html_raw(h, "</a> ");
		html_text(h, store_text(v->store, r, i, 3));
		html_raw(h, "</li>\n");
	}
	html_raw(h, "</ul></section>\n");
}

static void
deliveries(struct visit *v, int r)
{
	struct html *h = &v->html;

	if (store_rows(v->store, r) == 0)
		return;
	html_raw(h, "<section><h2>Who was told</h2><ul>\n");
	for (int i = 0; i < store_rows(v->store, r); i++) {
		html_raw(h, "<li>");
		html_time(h, store_number(v->store, r, i, 5));
		for (int c = 0; c < 3; c++) {
			html_raw(h, " ");
			html_text(h, store_text(v->store, r, i, c));
		}
		if (!store_null(v->store, r, i, 4)) {
			html_raw(h, ": ");
			html_text(h, store_text(v->store, r, i, 4));
		}
		html_raw(h, "</li>\n");
	}
	html_raw(h, "</ul></section>\n");
}

static void
write_one(struct visit *v, const struct alerts_page *p)
{
	struct state st = events_of(v, p->list, 0);
	struct html *h = &v->html;

	page_begin(v, store_text(v->store, p->list, 0, C_TITLE), "/events");
	html_raw(h, "<div class=\"range\"><h1>");
	html_text(h, store_text(v->store, p->list, 0, C_TITLE));
	html_raw(h, "</h1> <span>");
	level(v, p->list, 0);
	html_raw(h, "</span> <span>");
	page_link(v, "/events", &st, "");
	html_raw(h, "its events</a></span></div>\n");
	page_completeness(v, &p->ledger);
	if (store_number(v->store, p->list, 0, C_ACKNOWLEDGED) == STORE_NONE &&
	    p->token[0] != '\0')
		acknowledge(v, p->token, v->rest);
	html_raw(h, "<div class=\"tops two\">\n");
	facts(v, p->list);
	html_raw(h, "<div>\n");
	if (store_rows(v->store, p->samples) > 0)
		samples(v, p->samples);
	deliveries(v, p->deliveries);
	html_raw(h, "</div></div>\n");
	page_end(v);
}

static bool
is_number(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 18 && strspn(text, "0123456789") == len;
}

int
page_alert(struct visit *v)
{
	struct alerts_page p;
	int status;

	if (!is_number(v->rest))
		return visit_refuse(v, 404, "An alert has a number, like " PATH "/7.");
	status = read_alerts(v, &p, v->rest);
	if (status == 200 && store_rows(v->store, p.list) == 0)
		status = visit_refuse(v, 404, "There is no such alert.");
	if (status == 200)
		write_one(v, &p);
	ledger_free(&p.ledger);
	return status;
}

/* ---- acknowledging */

int
page_alerts(struct visit *v)
{
	char what[16], id[24], why[WHY_MAX];
	const char *const params[] = {id, why};
	int status;

	if (v->req->method != METHOD_POST)
		return show_list(v);
	status = change_check(v);
	if (status != 200)
		return status;
	change_field(v, "do", what, sizeof what);
	change_field(v, "alert", id, sizeof id);
	change_field(v, "why", why, sizeof why);
	if (strcmp(what, "acknowledge") != 0 || !is_number(id) || why[0] == '\0')
		return visit_refuse(
		    v, 400, "To acknowledge an alert needs its number and a reason.");
	status =
	    change_run(v, "SELECT cardinality(fwlog.alert_ack(ARRAY[$1::bigint], $2))",
		2, params, NULL);
	return status == 200 ? change_done(v, PATH) : status;
}
