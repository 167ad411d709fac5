/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/cgi.h"

#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/log.h"
#include "web-cgi/home.h"
#include "web-cgi/page.h"
#include "web-cgi/response.h"
#include "web-cgi/settings.h"
#include "web-cgi/store.h"

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_CSS "text/css; charset=utf-8"
#define ASSET_PATH "/asset/"
#define RETRY_SECONDS 10

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * RANGE_SECOND + t.tv_nsec / 1000;
}

static int
send_page(const struct request *req, int status, struct html *h)
{
	struct response r = {
	    .status = status, .type = TYPE_HTML, .body = h->p, .len = h->len};
	int rc;

	if (h->failed || h->p == NULL) {
		log_error(
		    "the page is longer than %u bytes, or memory ended", HTML_MAX);
		r = (struct response){
		    .status = 500, .type = TYPE_TEXT, .body = "", .len = 0};
	}
	r.retry_after = r.status == 503 ? RETRY_SECONDS : 0;
	rc = response_send(&r, req->head);
	html_free(h);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

static int
send_error(const struct request *req, int status, const char *reason)
{
	struct html h = {0};

	page_error(&h, req, status, reason);
	return send_page(req, status, &h);
}

/* ---- pages */

static int
http_status(enum store_status status)
{
	switch (status) {
	case STORE_OK:
		return 200;
	case STORE_AWAY:
	case STORE_NOT_READY:
		return 503;
	case STORE_TIMEOUT:
		return 504;
	case STORE_FAULT:
		break;
	}
	return 500;
}

static int
show_home(const struct request *req, const struct settings *settings, int64_t now)
{
	enum store_status status;
	struct overview o = {0};
	struct html h = {0};
	struct store *s = store_open(settings->db, settings->timeout_ms, &status);
	int rc;

	if (s != NULL)
		status = store_overview(s, &req->range, &o);
	if (status == STORE_OK) {
		home_write(&h, req, &o, now);
		rc = send_page(req, 200, &h);
	} else {
		rc = send_error(req, http_status(status), NULL);
	}
	store_overview_free(&o);
	store_close(s);
	return rc;
}

/* For monitoring: no data, no login. */
static int
show_health(const struct request *req, const struct settings *settings)
{
	enum store_status status;
	struct store *s = store_open(settings->db, settings->timeout_ms, &status);
	const char *body;
	struct response r = {.type = TYPE_TEXT};

	if (s != NULL)
		status = store_ping(s);
	store_close(s);
	body = status == STORE_OK ? "ok\n" : "database not available\n";
	r.status = status == STORE_OK ? 200 : 503;
	r.retry_after = status == STORE_OK ? 0 : RETRY_SECONDS;
	r.body = body;
	r.len = strlen(body);
	return response_send(&r, req->head) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int
show_asset(const struct request *req)
{
	char name[PAGE_ASSET_NAME];
	struct response r = {.status = 200, .type = TYPE_CSS, .immutable = true};

	for (const struct embedded *a = assets; a->name != NULL; a++) {
		page_asset_name(a, name);
		if (strcmp(req->path + strlen(ASSET_PATH), name) != 0)
			continue;
		r.body = (const char *)a->bytes;
		r.len = a->len;
		return response_send(&r, req->head) == 0 ? EXIT_OK : EXIT_FAILED;
	}
	return send_error(req, 404, NULL);
}

static int
route(const struct request *req, const struct settings *settings, int64_t now)
{
	if (strncmp(req->path, ASSET_PATH, strlen(ASSET_PATH)) == 0)
		return show_asset(req);
	if (strcmp(req->path, "/healthz") == 0)
		return show_health(req, settings);
	if (strcmp(req->path, "/") != 0)
		return send_error(req, 404, NULL);
	if (req->user == NULL && !settings->allow_anonymous)
		return send_error(req, 403, NULL);
	return show_home(req, settings, now);
}

int
cgi_main(void)
{
	struct request_env env = request_env();
	struct settings settings;
	struct request req;
	char why[REQUEST_WHY_MAX];
	int64_t now = now_us();
	int status, rc;

	log_init("fwlog.cgi", LOG_LEVEL_WARN, false);
	status = request_read(&req, &env, now, why);
	if (status != 200)
		return send_error(&req, status, why);
	if (settings_load(&settings) < 0)
		rc = send_error(&req, 500, NULL);
	else
		rc = route(&req, &settings, now);
	settings_free(&settings);
	return rc;
}
