/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One visit: what was asked for, what is known when a page begins, and the answer being
 * made. A page is a function that writes v->html (or sets v->out) and returns the HTTP
 * status; anything but 200 and 303 becomes the error page with v->why.
 */
#ifndef FWLOG_WEB_VISIT_H
#define FWLOG_WEB_VISIT_H

#include "web-cgi/html.h"
#include "web-cgi/request.h"
#include "web-cgi/response.h"
#include "web-cgi/search.h"
#include "web-cgi/settings.h"
#include "web-cgi/state.h"
#include "web-cgi/store.h"

struct ledger;
struct route;

struct visit {
	const struct request *req;
	const struct settings *settings;
	const struct route *route;
	const char *rest; /* of the path, behind that of a route with a tail */
	int64_t now;      /* µs since 1970 UTC */
	struct state state;
	struct search search;        /* the filter of the state */
	struct store *store;         /* from visit_store on */
	const struct ledger *ledger; /* hosts to choose from, or NULL */
	struct html html;
	struct response out; /* type, file and headers; status and body are set last */
	/* Why it did not work: foreign text may be in it. */
	char why[REQUEST_WHY_MAX];
	struct filter_error filter_error; /* message "": it is not about the filter */
};

/* Opens the store for limit_ms. 200, or the status to return. */
int visit_store(struct visit *v, uint64_t limit_ms) __attribute__((warn_unused_result));
/* The status for what became of a query. */
int visit_status(struct visit *v, enum store_status status)
    __attribute__((warn_unused_result));
/* Condition of the filter in the store's words, 200 or the status to return; the
 * caller frees sql. */
int visit_condition(struct visit *v, struct filter_sql *sql)
    __attribute__((warn_unused_result));
/* status, with the reason. */
int visit_refuse(struct visit *v, int status, const char *why);

#endif
