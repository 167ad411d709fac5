/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was asked for, from the CGI environment (RFC 3875): method, path, and the
 * parameters, which are declared in one table with a validator each. Handlers see typed
 * values only; what does not fit is refused here, with text that helps.
 */
#ifndef FWLOG_WEB_REQUEST_H
#define FWLOG_WEB_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "web-cgi/range.h"

#define REQUEST_QUERY_MAX 2048 /* bytes of the query string */
#define REQUEST_PATH_MAX 256   /* bytes of the path behind the program's own */
#define REQUEST_VALUE_MAX 256  /* bytes of one parameter, decoded */
#define REQUEST_WHY_MAX 512

#define REQUEST_RANGE_DEFAULT "1h"

enum request_param { PARAM_RANGE, PARAM_FROM, PARAM_TO, PARAM_PATH, PARAM_COUNT };

struct request {
	bool head;          /* HEAD: no body */
	const char *script; /* URL path of the program, "" at the root of the site */
	const char *user;   /* REMOTE_USER, NULL when the server names nobody */
	char path[REQUEST_PATH_MAX + 1]; /* "/", "/healthz" … */
	struct range range;
	bool has[PARAM_COUNT];
};

/* The environment variables that matter, so that tests need no environment. */
struct request_env {
	const char *method, *script, *path, *query, *user;
};
struct request_env request_env(void);

/*
 * Returns the HTTP status: 200 to go on, else 400, 405 or 414 with the reason in why.
 * now: microseconds since 1970. The strings of env must outlive the request.
 */
int request_read(struct request *req, const struct request_env *env, int64_t now,
    char why[REQUEST_WHY_MAX]);

#endif
