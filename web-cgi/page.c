/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/page.h"

#include <stdio.h>
#include <string.h>

#include "common/crc32c.h"
#include "web-cgi/response.h"

void
page_asset_name(const struct embedded *asset, char name[PAGE_ASSET_NAME])
{
	const char *dot = strrchr(asset->name, '.');
	int stem =
	    (int)(dot != NULL ? (size_t)(dot - asset->name) : strlen(asset->name));

	snprintf(name, PAGE_ASSET_NAME, "%.*s-%08x%s", stem, asset->name,
	    crc32c(0, asset->bytes, asset->len), dot != NULL ? dot : "");
}

static void
style_links(struct html *h, const struct request *req)
{
	char name[PAGE_ASSET_NAME];

	for (const struct embedded *a = assets; a->name != NULL; a++) {
		page_asset_name(a, name);
		html_raw(h, "<link rel=\"stylesheet\" href=\"");
		html_attr(h, req->script);
		html_raw(h, "/asset/");
		html_attr(h, name);
		html_raw(h, "\">\n");
	}
}

void
page_link_preset(
    struct html *h, const struct request *req, const char *preset, const char *more)
{
	html_raw(h, "<a href=\"");
	html_attr(h, req->script);
	html_raw(h, "/");
	if (strcmp(preset, REQUEST_RANGE_DEFAULT) != 0) {
		html_raw(h, "?range=");
		html_url(h, preset);
	}
	html_raw(h, "\"");
	html_raw(h, more);
	html_raw(h, ">");
}

void
page_link_range(struct html *h, const struct request *req, int64_t from, int64_t to,
    const char *more)
{
	char text[RANGE_TIME_TEXT];

	html_raw(h, "<a href=\"");
	html_attr(h, req->script);
	html_raw(h, "/?from=");
	range_time_text(from > 0 ? from : 0, text);
	html_url(h, text);
	html_raw(h, "&amp;to=");
	range_time_text(to, text);
	html_url(h, text);
	html_raw(h, "\"");
	html_raw(h, more);
	html_raw(h, ">");
}

static void
presets(struct html *h, const struct request *req)
{
	bool here;

	html_raw(h, "<nav aria-label=\"Range of time\"><ul class=\"presets\">\n");
	for (size_t i = 0; range_presets[i] != NULL; i++) {
		here = req->range.preset != NULL &&
		       strcmp(req->range.preset, range_presets[i]) == 0;
		html_raw(h, "<li>");
		page_link_preset(
		    h, req, range_presets[i], here ? " aria-current=\"true\"" : "");
		html_text(h, range_presets[i]);
		html_raw(h, "</a></li>\n");
	}
	html_raw(h, "</ul></nav>\n");
}

void
page_begin(struct html *h, const struct request *req, const char *title)
{
	html_raw(h,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(h, title);
	html_raw(h, " · fwlog</title>\n");
	style_links(h, req);
	html_raw(
	    h, "</head>\n<body>\n<header class=\"top\"><a class=\"brand\" href=\"");
	html_attr(h, req->script);
	html_raw(h, "/\">fwlog</a>\n");
	presets(h, req);
	html_raw(h, "</header>\n<main>\n");
}

void
page_end(struct html *h)
{
	html_raw(h, "</main>\n</body>\n</html>\n");
}

static const char *
explain(int status)
{
	switch (status) {
	case 403:
		return "The web server named no user (REMOTE_USER). Let it ask for a "
		       "login, or "
		       "set allow_anonymous = yes in fwlog.cgi.conf.";
	case 404:
		return "There is no such page.";
	case 503:
		return "The database cannot be reached or is not set up. Records are "
		       "safe with "
		       "the agents meanwhile. “fwlogctl db check” tells the "
		       "administrator what is "
		       "wrong; the web server's error log has the details.";
	case 504:
		return "The database needed too long for this range. Take a shorter "
		       "one.";
	default:
		return "Something went wrong; the web server's error log has the "
		       "details.";
	}
}

void
page_error(struct html *h, const struct request *req, int status, const char *reason)
{
	page_begin(h, req, response_reason(status));
	html_raw(h, "<section class=\"verdict bad\">\n<h1>");
	html_text(h, response_reason(status));
	html_raw(h, "</h1>\n<p>");
	html_text(h, reason != NULL ? reason : explain(status));
	html_raw(h, "</p>\n");
	if (status == 400)
		html_raw(h,
		    "<p>A range of time is <code>?range=15m</code> (or 1h, 4h, 24h, "
		    "7d, "
		    "30d), or from and to: <code>?from=2026-01-31T14:00:00Z&amp;"
		    "to=2026-01-31T15:00:00Z</code>.</p>\n");
	html_raw(h, "<p><a href=\"");
	html_attr(h, req->script);
	html_raw(h, "/\">Overview of the last hour</a></p>\n</section>\n");
	page_end(h);
}
