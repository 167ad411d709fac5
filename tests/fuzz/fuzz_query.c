/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a browser asks for: the path up to the first newline, then the query string.
 * Either it is a request whose values are within their bounds, or it is refused with a
 * reason, and the reason is a text that the page may show.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "web-cgi/html.h"
#include "web-cgi/request.h"
#include "web-cgi/state.h"

#define NOW (INT64_C(1800000000) * RANGE_SECOND)

static void
check_accepted(const struct request *req)
{
	if (memchr(req->path, '\0', sizeof req->path) == NULL || req->path[0] == '\0')
		abort();
	/* What a link repeats must not lead elsewhere. */
	if (req->script[0] != '\0' && (req->script[0] != '/' || req->script[1] == '/'))
		abort();
}

static void
check_refused(int status, const char why[REQUEST_WHY_MAX])
{
	struct html h = {0};

	if (status != 400 && status != 414)
		abort();
	if (memchr(why, '\0', REQUEST_WHY_MAX) == NULL || why[0] == '\0')
		abort();
	html_text(&h, why);
	if (h.failed || strpbrk(h.p, "<>") != NULL)
		abort();
	html_free(&h);
}

/* The address made of a state is read as the same state again. */
static void
check_state(const struct state *st)
{
	static struct request again;
	struct html first = {0}, second = {0};
	struct request_env env = {.method = "GET"};
	char why[REQUEST_WHY_MAX];
	struct state st2;

	if (st->range.from >= st->range.to || st->range.from < 0)
		abort();
	state_query_plain(&first, st);
	env.query = first.p != NULL ? first.p + 1 : "";
	if (request_read(&again, &env, why) != 200 ||
	    state_read(&st2, &again.query, NOW, why) != 200)
		abort();
	state_query_plain(&second, &st2);
	if (strcmp(first.p != NULL ? first.p : "", second.p != NULL ? second.p : "") !=
	    0)
		abort();
	html_free(&first);
	html_free(&second);
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *query, why[REQUEST_WHY_MAX];
	static struct request req;
	struct state st;
	int status;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	query = strchr(text, '\n');
	if (query != NULL)
		*query++ = '\0';
	status = request_read(&req,
	    &(struct request_env){
		.method = "GET", .script = text, .path = text, .query = query},
	    why);
	if (status == 200) {
		check_accepted(&req);
		status = state_read(&st, &req.query, NOW, why);
		if (status == 200)
			check_state(&st);
	}
	if (status != 200)
		check_refused(status, why);
	free(text);
	return 0;
}
