/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/change.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "web-cgi/page.h"

#define TOKEN_LIMIT_MS 2000

/* ---- who may */

bool
change_user(const struct visit *v)
{
	return v->req->user != NULL && v->settings->db_changes != NULL &&
	       v->settings->db_changes[0] != '\0';
}

bool
change_operator(const struct visit *v)
{
	const char *at = v->settings->operators, *user = v->req->user;
	size_t len;

	if (!change_user(v) || at == NULL)
		return false;
	for (; *at != '\0'; at += len + (at[len] != '\0')) {
		len = strcspn(at, " \t,");
		if ((len == 1 && *at == '*') ||
		    (len == strlen(user) && len > 0 && strncmp(at, user, len) == 0))
			return true;
	}
	return false;
}

/* ---- forms */

void
change_token(struct visit *v, char token[CHANGE_TOKEN])
{
	enum store_status status;
	struct store *s;
	int r;

	token[0] = '\0';
	if (!change_user(v))
		return;
	s = store_open(v->settings->db_changes, TOKEN_LIMIT_MS, &status);
	if (s == NULL)
		return;
	store_begin_change(s, v->req->user);
	r = store_add(s, "SELECT fwlog.web_token()", 0, NULL);
	store_end(s);
	if (store_run(s) == STORE_OK)
		snprintf(token, CHANGE_TOKEN, "%s", store_text(s, r, 0, 0));
	store_close(s);
}

void
change_form(struct visit *v, const char *path, const struct state *st,
    const char *token, const char *what)
{
	struct html *h = &v->html;

	html_raw(h, "<form class=\"change\" method=\"post\" action=\"");
	html_attr(h, v->req->script);
	html_raw(h, path);
	if (st != NULL)
		state_query(h, st);
	html_raw(h, "\"><input type=\"hidden\" name=\"token\" value=\"");
	html_attr(h, token);
	html_raw(h, "\"><input type=\"hidden\" name=\"do\" value=\"");
	html_attr(h, what);
	html_raw(h, "\">");
}

/* ---- their way back */

/* "https://fw.example" is the site this host answers for. */
static bool
origin_is_ours(const struct request *req)
{
	const char *at = strstr(req->origin, "://");

	return at != NULL && req->host != NULL && strcmp(at + 3, req->host) == 0;
}

int
change_check(struct visit *v)
{
	const struct request *req = v->req;

	if (req->user == NULL)
		return visit_refuse(
		    v, 403, "Changes need a user: let the web server ask for a login.");
	if (!change_user(v))
		return visit_refuse(v, 403,
		    "This page changes nothing: db_changes is empty in its settings.");
	if (req->site != NULL ? strcmp(req->site, "same-origin") != 0
			      : req->origin == NULL || !origin_is_ours(req))
		return visit_refuse(v, 403,
		    "The form does not come from a page of this site. Open the page "
		    "again and repeat the change.");
	if (params_get(&req->form, "token") == NULL)
		return visit_refuse(v, 403, "The form has no token.");
	return 200;
}

static int
refused(struct visit *v, const struct store *s, enum store_status status)
{
	bool forbidden;
	const char *why;

	if (status != STORE_REFUSED)
		return visit_status(v, status);
	why = store_refusal(s, &forbidden);
	return visit_refuse(v, forbidden ? 403 : 409, why);
}

int
change_run(
    struct visit *v, const char *sql, int n, const char *const *params, int64_t *value)
{
	const char *const token[] = {params_get(&v->req->form, "token")};
	enum store_status status;
	struct store *s =
	    store_open(v->settings->db_changes, v->settings->timeout_ms, &status);
	int r, http;

	if (s == NULL)
		return visit_status(v, status);
	store_begin_change(s, v->req->user);
	store_add(s, "SELECT fwlog.web_token_check($1)", 1, token);
	r = store_add(s, sql, n, params);
	store_end(s);
	status = store_run(s);
	http = status == STORE_OK ? 200 : refused(v, s, status);
	if (status == STORE_OK && value != NULL)
		*value = store_number(s, r, 0, 0);
	if (status == STORE_OK)
		log_info("user %s: %s %s", v->req->user, v->req->path,
		    params_get(&v->req->form, "do"));
	store_close(s);
	return http;
}

int
change_done(struct visit *v, const char *path)
{
	snprintf(v->out.location, sizeof v->out.location, "%s%s", v->req->script, path);
	return 303;
}

const char *
change_field(const struct visit *v, const char *name, char *text, size_t size)
{
	const char *value = params_get(&v->req->form, name);
	size_t len;

	if (value == NULL)
		value = "";
	value += strspn(value, " \t\r\n");
	len = strlen(value);
	while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
		len--;
	snprintf(text, size, "%.*s", (int)len, value);
	return text;
}
