/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of pages: paths, methods, what each needs before it begins. One file a
 * page, page_NAME.c; their functions are declared here.
 */
#ifndef FWLOG_WEB_ROUTE_H
#define FWLOG_WEB_ROUTE_H

#include "web-cgi/visit.h"

enum route_trait {
	ROUTE_TAIL = 1,  /* the path goes on behind the last slash */
	ROUTE_OPEN = 2,  /* needs no login */
	ROUTE_STATE = 4, /* takes the parameters of a view (web-cgi/state.h) */
};

struct route {
	const char *path;
	const char *title; /* in the bar of pages; NULL: not there */
	unsigned methods;  /* of enum method; HEAD goes with GET */
	unsigned traits;
	int (*show)(struct visit *v);
};

extern const struct route routes[]; /* path NULL ends it */

/* *rest: what follows the path of a route with a tail. NULL: there is no such page. */
const struct route *route_find(const char *path, const char **rest);
/* "GET, HEAD" for Allow. */
const char *route_allow(const struct route *route);

int page_home(struct visit *v);
int page_events(struct visit *v);
int page_record(struct visit *v);
int page_top(struct visit *v);
int page_hosts(struct visit *v);
int page_host(struct visit *v);
int page_alerts(struct visit *v);
int page_alert(struct visit *v);
int page_filters(struct visit *v);
int page_views(struct visit *v);
int page_view(struct visit *v);
int page_help(struct visit *v);
int page_export_csv(struct visit *v);
int page_export_jsonl(struct visit *v);
int page_export_pcap(struct visit *v);
int page_api_events(struct visit *v);
int page_api_timeline(struct visit *v);
int page_api_top(struct visit *v);
/* What went wrong, for programs. */
void page_api_error(struct visit *v, int status);
int page_health(struct visit *v);
int page_asset(struct visit *v);

#endif
