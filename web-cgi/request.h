/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was asked for, from the CGI environment (RFC 3875): method, path, user, and the
 * parameters of the query and of a form, decoded. What they mean is for others
 * (web-cgi/state.h); what cannot be read at all is refused here.
 */
#ifndef FWLOG_WEB_REQUEST_H
#define FWLOG_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define REQUEST_QUERY_MAX 6144 /* bytes of the query string */
#define REQUEST_FORM_MAX 16384 /* bytes of a form's body */
#define REQUEST_PATH_MAX 256   /* bytes of the path behind the program's own */
#define REQUEST_PARAMS_MAX 32  /* parameters of the query, and of the form */
#define REQUEST_WHY_MAX 512

enum method { METHOD_GET = 1, METHOD_HEAD = 2, METHOD_POST = 4, METHOD_OTHER = 8 };

struct param {
	const char *name, *value;
};

struct params {
	struct param at[REQUEST_PARAMS_MAX];
	int count;
};

struct request {
	enum method method;
	const char *script; /* URL path of the program, "" at the root of the site */
	const char *user;   /* REMOTE_USER, NULL when the server names nobody */
	const char *site;   /* Sec-Fetch-Site, NULL when the browser says nothing */
	const char *origin; /* Origin, likewise */
	const char *host;   /* Host */
	bool https;
	char path[REQUEST_PATH_MAX + 1]; /* "/", "/healthz" … */
	struct params query;             /* without p */
	struct params form;              /* of a POST */
	char text[REQUEST_QUERY_MAX + REQUEST_FORM_MAX + 2 * REQUEST_PARAMS_MAX + 2];
	size_t used;
};

/* The environment variables that matter, so that tests need no environment. */
struct request_env {
	const char *method, *script, *path, *query, *user, *length, *type;
	const char *site, *origin, *host, *https;
	FILE *body;
};
/* Value of a variable as the server gives it, NULL when there is none. */
typedef const char *request_variable(void *arg, const char *name);
struct request_env request_env(request_variable *get, void *arg, FILE *body);

/*
 * Returns the HTTP status: 200 to go on, else 400, 411, 413, 414 or 415 with the reason
 * in why. The strings of env must outlive the request.
 */
int request_read(
    struct request *req, const struct request_env *env, char why[REQUEST_WHY_MAX]);

/* The value, or NULL. */
const char *params_get(const struct params *params, const char *name);

#endif
