/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"

struct values {
	char text[PARAM_COUNT][REQUEST_VALUE_MAX + 1];
	int64_t from, to;
};

/* ---- the parameters: name, validator, what is allowed */

static int
take_range(struct request *req, struct values *v, int64_t now)
{
	return range_preset(&req->range, v->text[PARAM_RANGE], now);
}

static int
take_from(struct request *req, struct values *v, int64_t now)
{
	(void)req;
	(void)now;
	return range_parse_time(v->text[PARAM_FROM], &v->from);
}

static int
take_to(struct request *req, struct values *v, int64_t now)
{
	(void)req;
	(void)now;
	return range_parse_time(v->text[PARAM_TO], &v->to);
}

static int
take_path(struct request *req, struct values *v, int64_t now)
{
	(void)now;
	if (v->text[PARAM_PATH][0] != '/')
		return -1;
	snprintf(req->path, sizeof req->path, "%s", v->text[PARAM_PATH]);
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct request *req, struct values *v, int64_t now);
	const char *allowed;
} params[PARAM_COUNT] = {
    [PARAM_RANGE] = {"range", take_range, "one of 15m, 1h, 4h, 24h, 7d, 30d"},
    [PARAM_FROM] = {"from", take_from, "a time like 2026-01-31T14:05:00Z"},
    [PARAM_TO] = {"to", take_to, "a time like 2026-01-31T14:05:00Z"},
    [PARAM_PATH] = {"p", take_path, "the path of a page, like /healthz"},
};

static int
unknown_param(const char *name, char why[REQUEST_WHY_MAX])
{
	struct nearest near;

	nearest_begin(&near, name);
	for (int i = 0; i < PARAM_COUNT; i++)
		nearest_offer(&near, params[i].name);
	if (near.best != NULL)
		snprintf(why, REQUEST_WHY_MAX,
		    "There is no parameter “%s”; did you mean “%s”?", name, near.best);
	else
		snprintf(why, REQUEST_WHY_MAX,
		    "There is no parameter “%s”; there are range, from and to.", name);
	return 400;
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

/* len bytes at s into out[size]; -1: a broken % escape, a NUL, or too long. */
static int
decode(char *out, size_t size, const char *s, size_t len)
{
	size_t n = 0;
	int high, low;

	for (size_t i = 0; i < len; i++) {
		if (n + 1 >= size)
			return -1;
		if (s[i] == '%') {
			if (len - i < 3)
				return -1;
			high = hex_digit(s[i + 1]);
			low = hex_digit(s[i + 2]);
			if (high < 0 || low < 0 || (high | low) == 0)
				return -1;
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = s[i] == '+' ? ' ' : s[i];
		}
	}
	out[n] = '\0';
	return 0;
}

static int
find_param(const char *name)
{
	for (int i = 0; i < PARAM_COUNT; i++)
		if (strcmp(params[i].name, name) == 0)
			return i;
	return -1;
}

/* One name=value of len bytes. */
static int
take_pair(struct request *req, struct values *v, const char *pair, size_t len,
    int64_t now, char why[REQUEST_WHY_MAX])
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
	size_t rest = equals != NULL ? len - name_len - 1 : 0;
	char name[64];
	int i;

	if (decode(name, sizeof name, pair, name_len) < 0) {
		snprintf(why, REQUEST_WHY_MAX, "A parameter's name cannot be read.");
		return 400;
	}
	i = find_param(name);
	if (i < 0)
		return unknown_param(name, why);
	if (req->has[i]) {
		snprintf(why, REQUEST_WHY_MAX, "The parameter “%s” is given twice.",
		    params[i].name);
		return 400;
	}
	req->has[i] = true;
	if (decode(v->text[i], sizeof v->text[i], pair + len - rest, rest) == 0 &&
	    params[i].take(req, v, now) == 0)
		return 200;
	snprintf(why, REQUEST_WHY_MAX, "“%s=%s” is not %s.", params[i].name, v->text[i],
	    params[i].allowed);
	return 400;
}

static int
take_query(struct request *req, struct values *v, const char *query, int64_t now,
    char why[REQUEST_WHY_MAX])
{
	size_t len;
	int status;

	while (*query != '\0') {
		len = strcspn(query, "&");
		status = len > 0 ? take_pair(req, v, query, len, now, why) : 200;
		if (status != 200)
			return status;
		query += len;
		query += *query == '&';
	}
	return 200;
}

/* ---- what concerns several parameters */

static int
settle_range(
    struct request *req, const struct values *v, int64_t now, char why[REQUEST_WHY_MAX])
{
	bool from = req->has[PARAM_FROM], to = req->has[PARAM_TO];
	const char *reason = NULL;

	if (!from && !to) {
		if (!req->has[PARAM_RANGE] &&
		    range_preset(&req->range, REQUEST_RANGE_DEFAULT, now) < 0)
			return 500;
		return 200;
	}
	if (req->has[PARAM_RANGE])
		reason = "Give either range, or from and to.";
	else if (!from || !to)
		reason = "from and to only go together.";
	else if (v->to <= v->from)
		reason = "to must be later than from.";
	else if (v->to - v->from > RANGE_SPAN_MAX)
		reason = "The range is longer than ten years.";
	if (reason != NULL) {
		snprintf(why, REQUEST_WHY_MAX, "%s", reason);
		return 400;
	}
	req->range = (struct range){.from = v->from, .to = v->to};
	return 200;
}

/* A path that a browser would take for another site's address must not come back in a
 * link. */
static bool
script_ok(const char *script)
{
	return script[0] == '\0' || (script[0] == '/' && script[1] != '/');
}

struct request_env
request_env(void)
{
	return (struct request_env){
	    .method = getenv("REQUEST_METHOD"),
	    .script = getenv("SCRIPT_NAME"),
	    .path = getenv("PATH_INFO"),
	    .query = getenv("QUERY_STRING"),
	    .user = getenv("REMOTE_USER"),
	};
}

static int
take_environment(
    struct request *req, const struct request_env *env, char why[REQUEST_WHY_MAX])
{
	const char *method = env->method != NULL ? env->method : "GET";

	req->head = strcmp(method, "HEAD") == 0;
	req->script = env->script != NULL && script_ok(env->script) ? env->script : "";
	req->user = env->user != NULL && env->user[0] != '\0' ? env->user : NULL;
	if (!req->head && strcmp(method, "GET") != 0) {
		snprintf(
		    why, REQUEST_WHY_MAX, "These pages are only read: GET or HEAD.");
		return 405;
	}
	if ((env->path != NULL && strlen(env->path) > REQUEST_PATH_MAX) ||
	    (env->query != NULL && strlen(env->query) > REQUEST_QUERY_MAX)) {
		snprintf(why, REQUEST_WHY_MAX,
		    "The address is too long: at most %d bytes behind the question "
		    "mark.",
		    REQUEST_QUERY_MAX);
		return 414;
	}
	snprintf(req->path, sizeof req->path, "%s",
	    env->path != NULL && env->path[0] != '\0' ? env->path : "/");
	return 200;
}

int
request_read(struct request *req, const struct request_env *env, int64_t now,
    char why[REQUEST_WHY_MAX])
{
	struct values v = {0};
	int status;

	*req = (struct request){0};
	why[0] = '\0';
	status = take_environment(req, env, why);
	if (status == 200 && env->query != NULL)
		status = take_query(req, &v, env->query, now, why);
	return status == 200 ? settle_range(req, &v, now, why) : status;
}
