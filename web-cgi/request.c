/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/request.h"

#include <stdlib.h>
#include <string.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

static int
refuse(char why[REQUEST_WHY_MAX], int status, const char *reason)
{
	snprintf(why, REQUEST_WHY_MAX, "%s", reason);
	return status;
}

/* ---- application/x-www-form-urlencoded */

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* len bytes at s, decoded behind the text; NULL: a broken % escape, a NUL, no room. */
static const char *
decode(struct request *req, const char *s, size_t len)
{
	const char *start = req->text + req->used;
	int high, low;

	if (len >= sizeof req->text - req->used)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = s[i] == '+' ? ' ' : s[i];

		if (c == '%') {
			high = len - i > 2 ? hex_digit(s[i + 1]) : -1;
			low = len - i > 2 ? hex_digit(s[i + 2]) : -1;
			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return NULL;
		req->text[req->used++] = c;
	}
	req->text[req->used++] = '\0';
	return start;
}

/* One name=value of len bytes. */
static int
take_pair(struct request *req, struct params *params, const char *pair, size_t len,
    char why[REQUEST_WHY_MAX])
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
	size_t rest = equals != NULL ? len - name_len - 1 : 0;
	const char *name, *value;

	name = decode(req, pair, name_len);
	if (name == NULL)
		return refuse(why, 400, "A parameter's name cannot be read.");
	value = decode(req, pair + len - rest, rest);
	if (value == NULL) {
		snprintf(why, REQUEST_WHY_MAX,
		    "The value of “%s” cannot be read: %% stands before two "
		    "hexadecimal digits that are not 00.",
		    name);
		return 400;
	}
	if (params_get(params, name) != NULL) {
		snprintf(
		    why, REQUEST_WHY_MAX, "The parameter “%s” is given twice.", name);
		return 400;
	}
	if (params->count == REQUEST_PARAMS_MAX)
		return refuse(why, 400, "There are too many parameters.");
	params->at[params->count++] = (struct param){name, value};
	return 200;
}

static int
take_pairs(struct request *req, struct params *params, const char *text,
    char why[REQUEST_WHY_MAX])
{
	int status = 200;
	size_t len;

	for (; status == 200 && *text != '\0'; text += len, text += *text == '&') {
		len = strcspn(text, "&");
		if (len > 0)
			status = take_pair(req, params, text, len, why);
	}
	return status;
}

const char *
params_get(const struct params *params, const char *name)
{
	for (int i = 0; i < params->count; i++)
		if (strcmp(params->at[i].name, name) == 0)
			return params->at[i].value;
	return NULL;
}

/* ---- the path */

/* Where the server has no PATH_INFO to give, p is the path. Only there: else a path
 * that the server leaves open could name another page. */
static int
take_path_param(struct request *req, char why[REQUEST_WHY_MAX])
{
	struct params *q = &req->query;
	int i = 0;

	while (i < q->count && strcmp(q->at[i].name, "p") != 0)
		i++;
	if (i == q->count)
		return 200;
	if (q->at[i].value[0] != '/')
		return refuse(why, 400, "“p” is not the path of a page, like /events.");
	if (strlen(q->at[i].value) > REQUEST_PATH_MAX)
		return refuse(why, 414, "The path is too long.");
	snprintf(req->path, sizeof req->path, "%s", q->at[i].value);
	for (q->count--; i < q->count; i++)
		q->at[i] = q->at[i + 1];
	return 200;
}

/* A path that a browser would take for another site's address must not come back in a
 * link. */
static bool
script_ok(const char *script)
{
	return script[0] == '\0' || (script[0] == '/' && script[1] != '/');
}

/* ---- the form */

/* Length of the body as the server gives it; the reason when it is none. */
static int
form_length(
    const struct request_env *env, unsigned long *length, char why[REQUEST_WHY_MAX])
{
	char *end;

	if (env->length == NULL || env->length[0] < '0' || env->length[0] > '9')
		return refuse(why, 411, "The request says no Content-Length.");
	*length = strtoul(env->length, &end, 10);
	if (*end != '\0')
		return refuse(why, 400, "Content-Length is not a number.");
	if (*length > REQUEST_FORM_MAX) {
		snprintf(why, REQUEST_WHY_MAX, "The form is longer than %d bytes.",
		    REQUEST_FORM_MAX);
		return 413;
	}
	return 200;
}

static int
take_form(struct request *req, const struct request_env *env, char why[REQUEST_WHY_MAX])
{
	char body[REQUEST_FORM_MAX + 1];
	unsigned long length;
	int status = form_length(env, &length, why);

	if (status != 200)
		return status;
	if (length > 0 && (env->type == NULL ||
			      strncmp(env->type, FORM_TYPE, strlen(FORM_TYPE)) != 0))
		return refuse(why, 415, "A form is sent as " FORM_TYPE ".");
	if (env->body == NULL || fread(body, 1, length, env->body) != length)
		return refuse(why, 400, "The form ended too early.");
	if (memchr(body, '\0', length) != NULL)
		return refuse(why, 400, "The form has a NUL byte in it.");
	body[length] = '\0';
	return take_pairs(req, &req->form, body, why);
}

/* ---- all of it */

struct request_env
request_env(request_variable *get, void *arg, FILE *body)
{
	return (struct request_env){
	    .method = get(arg, "REQUEST_METHOD"),
	    .script = get(arg, "SCRIPT_NAME"),
	    .path = get(arg, "PATH_INFO"),
	    .query = get(arg, "QUERY_STRING"),
	    .user = get(arg, "REMOTE_USER"),
	    .length = get(arg, "CONTENT_LENGTH"),
	    .type = get(arg, "CONTENT_TYPE"),
	    .site = get(arg, "HTTP_SEC_FETCH_SITE"),
	    .origin = get(arg, "HTTP_ORIGIN"),
	    .host = get(arg, "HTTP_HOST"),
	    .https = get(arg, "HTTPS"),
	    .body = body,
	};
}

static enum method
method_of(const char *name)
{
	if (name == NULL || strcmp(name, "GET") == 0)
		return METHOD_GET;
	if (strcmp(name, "HEAD") == 0)
		return METHOD_HEAD;
	return strcmp(name, "POST") == 0 ? METHOD_POST : METHOD_OTHER;
}

int
request_read(
    struct request *req, const struct request_env *env, char why[REQUEST_WHY_MAX])
{
	int status = 200;

	*req = (struct request){
	    .method = method_of(env->method),
	    .script = env->script != NULL && script_ok(env->script) ? env->script : "",
	    .user = env->user != NULL && env->user[0] != '\0' ? env->user : NULL,
	    .site = env->site,
	    .origin = env->origin,
	    .host = env->host,
	    .https = env->https != NULL && strcmp(env->https, "on") == 0,
	    .path = "/",
	};
	why[0] = '\0';
	if ((env->path != NULL && strlen(env->path) > REQUEST_PATH_MAX) ||
	    (env->query != NULL && strlen(env->query) > REQUEST_QUERY_MAX)) {
		snprintf(why, REQUEST_WHY_MAX,
		    "The address is too long: at most %d bytes behind the question "
		    "mark.",
		    REQUEST_QUERY_MAX);
		return 414;
	}
	if (env->path != NULL && env->path[0] == '/')
		snprintf(req->path, sizeof req->path, "%s", env->path);
	if (env->query != NULL)
		status = take_pairs(req, &req->query, env->query, why);
	if (status == 200 && (env->path == NULL || env->path[0] == '\0'))
		status = take_path_param(req, why);
	if (status == 200 && req->method == METHOD_POST)
		status = take_form(req, env, why);
	return status;
}
