/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saved views: a filter, a range and all else that an address says, under a name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "web-cgi/change.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define PATH "/views"
#define NAME_MAX_BYTES 320

enum { C_ID, C_OWNER, C_NAME, C_SHARED, C_PATH, C_QUERY, C_CHANGED };

static const char views_sql[] =
    "SELECT view_id, owner, name, shared, path, query, " STORE_MICROSECONDS(
	"changed") " FROM fwlog.views_of($1)";

static const char *
user_of(const struct visit *v)
{
	return v->req->user != NULL ? v->req->user : "";
}

/* ---- the list */

static void
remove_form(struct visit *v, const char *token, const char *id)
{
	change_form(v, PATH, NULL, token, "remove");
	html_raw(&v->html, "<input type=\"hidden\" name=\"view\" value=\"");
	html_attr(&v->html, id);
	html_raw(&v->html, "\"><button>remove</button></form>");
}

static void
view_line(struct visit *v, int r, int i, const char *token)
{
	const char *id = store_text(v->store, r, i, C_ID);
	bool own = strcmp(store_text(v->store, r, i, C_OWNER), user_of(v)) == 0;
	struct html *h = &v->html;
	char path[32];

	snprintf(path, sizeof path, PATH "/%s", id);
	html_raw(h, "<tr><th scope=\"row\">");
	page_link(v, path, NULL, "");
	html_text(h, store_text(v->store, r, i, C_NAME));
	html_raw(h, "</a></th><td class=\"value\">");
	html_text(h, store_text(v->store, r, i, C_PATH));
	html_text(h, store_text(v->store, r, i, C_QUERY));
	html_raw(h, "</td><td>");
	html_text(h, store_text(v->store, r, i, C_OWNER));
	html_raw(h, "</td><td>");
	html_raw(
	    h, store_text(v->store, r, i, C_SHARED)[0] == 't' ? "all" : "only you");
	html_raw(h, "</td><td>");
	html_time(h, store_number(v->store, r, i, C_CHANGED));
	html_raw(h, "</td><td>");
	if (own && token[0] != '\0')
		remove_form(v, token, id);
	html_raw(h, "</td></tr>\n");
}

static void
list(struct visit *v, int r, const char *token)
{
	struct html *h = &v->html;

	if (store_rows(v->store, r) == 0) {
		html_raw(h, "<p class=\"empty\">No view is saved yet. Make one on the "
			    "overview or among the events, then follow “save” there."
			    "</p>\n");
		return;
	}
	html_raw(h, "<section><div class=\"wide\" tabindex=\"0\" role=\"region\" "
		    "aria-label=\"Saved views\"><table><thead><tr>"
		    "<th scope=\"col\">view</th><th scope=\"col\">what it shows</th>"
		    "<th scope=\"col\">saved by</th><th scope=\"col\">seen by</th>"
		    "<th scope=\"col\">when</th><td></td></tr></thead><tbody>\n");
	for (int i = 0; i < store_rows(v->store, r); i++)
		view_line(v, r, i, token);
	html_raw(h, "</tbody></table></div></section>\n");
}

/* ---- the form */

static void
save_form(struct visit *v, const char *token)
{
	struct html *h = &v->html;

	html_raw(h, "<section><h2>Save this view</h2>\n<p class=\"value\">");
	html_text(h, v->state.q[0] != '\0' ? v->state.q : "all events");
	html_raw(h, ", ");
	if (v->state.range.preset != NULL) {
		html_raw(h, "the last ");
		html_text(h, v->state.range.preset);
	} else if (v->state.range.expr[0] != '\0') {
		html_text(h, v->state.range.expr);
	} else {
		html_time(h, v->state.range.from);
		html_raw(h, " to ");
		html_time(h, v->state.range.to);
	}
	html_raw(h, "</p>\n");
	change_form(v, PATH, &v->state, token, "save");
	html_raw(h,
	    "<label>name <input name=\"name\" maxlength=\"80\" required></label> "
	    "<label>page <select name=\"page\"><option "
	    "value=\"/events\">Events</option>"
	    "<option value=\"/\">Overview</option></select></label> "
	    "<label><input type=\"checkbox\" name=\"shared\" value=\"1\"> all users "
	    "see "
	    "it</label> <button>Save</button></form></section>\n");
}

static void
write_all(struct visit *v, int r, const struct ledger *l)
{
	char token[CHANGE_TOKEN];

	change_token(v, token);
	page_begin(v, "Saved views", "/events");
	html_raw(&v->html, "<div class=\"range\"><h1>Saved views</h1></div>\n");
	page_completeness(v, l);
	list(v, r, token);
	if (token[0] != '\0')
		save_form(v, token);
	else
		html_raw(&v->html, "<p class=\"note\">Views can be saved once the web "
				   "server names a user and the database lets "
				   "<code>db_changes</code> in.</p>\n");
	page_end(v);
}

static int
show(struct visit *v)
{
	const char *const params[] = {user_of(v)};
	struct ledger l;
	int status = visit_store(v, v->settings->timeout_ms), r;

	if (status != 200)
		return status;
	store_begin(v->store);
	r = store_add(v->store, views_sql, 1, params);
	ledger_add(&l, v->store, &v->state.range);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status == 200 && ledger_read(&l, v->store) < 0)
		status = 500;
	if (status == 200)
		write_all(v, r, &l);
	ledger_free(&l);
	return status;
}

/* ---- changes */

/* What is saved is the address of this form, taken apart and written anew. */
static int
save(struct visit *v)
{
	char name[NAME_MAX_BYTES], page[16], shared[4];
	const char *params[] = {name, shared, page, NULL};
	struct html query = {0};
	struct state st = v->state;
	int status;

	change_field(v, "name", name, sizeof name);
	change_field(v, "page", page, sizeof page);
	change_field(v, "shared", shared, sizeof shared);
	if (name[0] == '\0' || strlen(name) > 80)
		return visit_refuse(v, 400, "A view needs a name of at most 80 bytes.");
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return visit_refuse(
			    v, 400, "The name has a control character.");
	if (strcmp(page, "/") != 0 && strcmp(page, "/events") != 0)
		return visit_refuse(v, 400, "A view is of the overview or the events.");
	params[1] = shared[0] == '1' ? "t" : "f";
	st.turn = TURN_NONE;
	st.view = 0;
	state_query_plain(&query, &st);
	if (query.failed)
		return 500;
	params[3] = query.p != NULL ? query.p : "";
	status = change_run(
	    v, "SELECT fwlog.view_save($1, $2::boolean, $3, $4)", 4, params, NULL);
	html_free(&query);
	return status == 200 ? change_done(v, PATH) : status;
}

static int
take_away(struct visit *v)
{
	char id[16];
	const char *const params[] = {id};
	int status;

	change_field(v, "view", id, sizeof id);
	if (id[0] == '\0' || strspn(id, "0123456789") != strlen(id) || strlen(id) > 9)
		return visit_refuse(v, 400, "“view” is not the number of a view.");
	status =
	    change_run(v, "SELECT fwlog.view_remove($1::integer)", 1, params, NULL);
	return status == 200 ? change_done(v, PATH) : status;
}

int
page_views(struct visit *v)
{
	char what[16];
	int status;

	if (v->req->method != METHOD_POST)
		return show(v);
	status = change_check(v);
	if (status != 200)
		return status;
	change_field(v, "do", what, sizeof what);
	if (strcmp(what, "save") == 0)
		return save(v);
	if (strcmp(what, "remove") == 0)
		return take_away(v);
	return visit_refuse(v, 400, "The form does not say what to do.");
}

/* ---- one view: where it leads */

int
page_view(struct visit *v)
{
	const char *const params[] = {user_of(v), v->rest};
	const char *query;
	int status, r;

	if (strspn(v->rest, "0123456789") != strlen(v->rest) || strlen(v->rest) > 9)
		return visit_refuse(v, 404, "A view has a number, like " PATH "/7.");
	status = visit_store(v, v->settings->timeout_ms);
	if (status != 200)
		return status;
	store_begin(v->store);
	r = store_add(v->store,
	    "SELECT path, query FROM fwlog.views_of($1) WHERE view_id = $2::integer", 2,
	    params);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status != 200)
		return status;
	if (store_rows(v->store, r) == 0)
		return visit_refuse(v, 404,
		    "There is no such view, or it is someone else's and not shared.");
	query = store_text(v->store, r, 0, 1);
	snprintf(v->out.location, sizeof v->out.location, "%s%s%s%sview=%s",
	    v->req->script, store_text(v->store, r, 0, 0), query,
	    query[0] != '\0' ? "&" : "?", v->rest);
	return 303;
}
