/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/route.h"

#include <string.h>

const struct route routes[] = {
    {"/", "Overview", METHOD_GET, ROUTE_STATE, page_home},
    {"/events", "Events", METHOD_GET, ROUTE_STATE, page_events},
    {"/top/", NULL, METHOD_GET, ROUTE_STATE | ROUTE_TAIL, page_top},
    {"/hosts", "Hosts", METHOD_GET, ROUTE_STATE, page_hosts},
    {"/hosts/", NULL, METHOD_GET, ROUTE_STATE | ROUTE_TAIL, page_host},
    {"/alerts", "Alerts", METHOD_GET | METHOD_POST, ROUTE_STATE, page_alerts},
    {"/alerts/", NULL, METHOD_GET, ROUTE_STATE | ROUTE_TAIL, page_alert},
    {"/filters", "Filters", METHOD_GET | METHOD_POST, ROUTE_STATE, page_filters},
    {"/views", "Views", METHOD_GET | METHOD_POST, ROUTE_STATE, page_views},
    {"/views/", NULL, METHOD_GET, ROUTE_TAIL, page_view},
    {"/help", "Help", METHOD_GET, ROUTE_STATE, page_help},
    {"/record/", NULL, METHOD_GET, ROUTE_STATE | ROUTE_TAIL, page_record},
    {"/export.csv", NULL, METHOD_GET, ROUTE_STATE, page_export_csv},
    {"/export.jsonl", NULL, METHOD_GET, ROUTE_STATE, page_export_jsonl},
    {"/export.pcap", NULL, METHOD_GET, ROUTE_STATE, page_export_pcap},
    {"/api/events", NULL, METHOD_GET, ROUTE_STATE, page_api_events},
    {"/api/timeline", NULL, METHOD_GET, ROUTE_STATE, page_api_timeline},
    {"/api/top/", NULL, METHOD_GET, ROUTE_STATE | ROUTE_TAIL, page_api_top},
    {"/healthz", NULL, METHOD_GET, ROUTE_OPEN, page_health},
    {"/asset/", NULL, METHOD_GET, ROUTE_OPEN | ROUTE_TAIL, page_asset},
    {NULL, NULL, 0, 0, NULL},
};

const struct route *
route_find(const char *path, const char **rest)
{
	size_t len;

	for (const struct route *r = routes; r->path != NULL; r++) {
		len = strlen(r->path);
		*rest = path + len;
		if (strcmp(r->path, path) == 0 && (r->traits & ROUTE_TAIL) == 0)
			return r;
		if ((r->traits & ROUTE_TAIL) != 0 && strncmp(r->path, path, len) == 0 &&
		    path[len] != '\0')
			return r;
	}
	return NULL;
}

const char *
route_allow(const struct route *route)
{
	if ((route->methods & METHOD_POST) == 0)
		return "GET, HEAD";
	return (route->methods & METHOD_GET) != 0 ? "GET, HEAD, POST" : "POST";
}
