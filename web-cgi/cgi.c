/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/cgi.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/log.h"
#include "web-cgi/fastcgi.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define RETRY_SECONDS 10
#define API_PATH "/api/"

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * RANGE_SECOND + t.tv_nsec / 1000;
}

/* ---- what comes before a page */

static int
check_method(struct visit *v)
{
	enum method asked = v->req->method == METHOD_HEAD ? METHOD_GET : v->req->method;

	if ((v->route->methods & asked) != 0)
		return 200;
	v->out.allow = route_allow(v->route);
	return visit_refuse(v, 405,
	    asked == METHOD_POST ? "This page is only read: GET or HEAD."
				 : "There is no such method here.");
}

static int
read_state(struct visit *v)
{
	int status;

	if ((v->route->traits & ROUTE_STATE) == 0)
		return 200;
	status = state_read(&v->state, &v->req->query, v->now, v->why);
	if (status != 200)
		return status;
	if (search_parse(&v->search, v->state.q, &v->filter_error) < 0)
		return 400;
	memcpy(v->state.q, v->search.canon, sizeof v->state.q);
	return 200;
}

/* An address that is only the number of a saved view. */
static bool
is_view(const struct visit *v)
{
	return (v->route->traits & ROUTE_STATE) != 0 && v->state.view > 0 &&
	       v->req->query.count == 1 && v->req->method != METHOD_POST;
}

static int
show(struct visit *v)
{
	int status;

	v->route = route_find(v->req->path, &v->rest);
	if (v->route == NULL)
		return visit_refuse(v, 404, "");
	status = check_method(v);
	if (status == 200 && (v->route->traits & ROUTE_OPEN) == 0 &&
	    v->req->user == NULL && !v->settings->allow_anonymous)
		return visit_refuse(v, 403, "");
	if (status == 200)
		status = read_state(v);
	if (status == 200 && is_view(v)) {
		snprintf(v->out.location, sizeof v->out.location, "%s/views/%d",
		    v->req->script, v->state.view);
		return 303;
	}
	return status == 200 ? v->route->show(v) : status;
}

/* ---- the answer */

static int
answer(struct visit *v, int status, FILE *out)
{
	struct response *r = &v->out;

	if (status != 200 && status != 303 && r->body == NULL) {
		if (strncmp(v->req->path, API_PATH, strlen(API_PATH)) == 0)
			page_api_error(v, status);
		else
			page_error(v, status);
	}
	if (v->html.failed) {
		log_error(
		    "the page is longer than %u bytes, or memory ended", HTML_MAX);
		*r = (struct response){.type = TYPE_TEXT, .body = ""};
		status = 500;
	} else if (r->body == NULL) {
		r->body = v->html.p != NULL ? v->html.p : "";
		r->len = v->html.len;
	}
	r->status = status;
	r->retry_after = status == 503 ? RETRY_SECONDS : 0;
	return response_send(out, r, v->req->method == METHOD_HEAD) == 0 ? EXIT_OK
									 : EXIT_FAILED;
}

static void
end(struct visit *v)
{
	store_close(v->store);
	search_free(&v->search);
	html_free(&v->html);
	if (v->out.file != NULL)
		fclose(v->out.file);
}

/* All that a request leaves behind is freed with it. */
static int
serve(const struct request_env *env, FILE *out)
{
	static struct request req; /* too large for the stack's taste */
	struct settings settings = {0};
	struct visit v = {.req = &req, .settings = &settings, .now = now_us()};
	int status, rc;

	if (zone_set(ZONE_UTC) < 0)
		return EXIT_FAILED;
	state_default(&v.state, v.now);
	status = request_read(&req, env, v.why);
	if (status == 200)
		status = settings_load(&settings) < 0 ? 500 : show(&v);
	rc = answer(&v, status, out);
	end(&v);
	settings_free(&settings);
	return rc;
}

static const char *
variable(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

int
cgi_main(void)
{
	struct request_env env;

	log_init("fwlog.cgi", LOG_LEVEL_INFO, false);
	if (fastcgi_wanted())
		return fastcgi_serve(serve);
	env = request_env(variable, NULL, stdin);
	return serve(&env, stdout);
}
