/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_alertmanager.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"
#include "collector/notify_http.h"
#include "collector/notify_way.h"
#include "common/text.h"

#define LABEL_MAX 64
#define PATH "/api/v2/alerts"

struct list {
	FILE *out;
	bool begun;
};

/* Labels without a value do not exist for it. */
static void
add(struct list *l, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	fputs(l->begun ? "," : "", l->out);
	l->begun = true;
	text_json(name, l->out);
	fputc(':', l->out);
	text_json(value, l->out);
}

/* Names of labels are [a-zA-Z_][a-zA-Z0-9_]*; those of its own go first. */
static void
add_field(void *arg, const char *name, const char *value)
{
	static const char *const own[] = {"alertname", "rule_id", "level"};
	char label[LABEL_MAX];
	size_t len = 0;
	bool taken = isdigit((unsigned char)name[0]);

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		taken = taken || strcmp(name, own[i]) == 0;
	if (taken)
		len = (size_t)snprintf(label, sizeof label, "group_");
	for (; *name != '\0' && len < LABEL_MAX - 1; name++)
		label[len++] = isalnum((unsigned char)*name) ? *name : '_';
	label[len] = '\0';
	if (len > 0)
		add(arg, label, value);
}

/* What Alertmanager knows an alert by: the same as long as the alert lives. */
static void
add_labels(FILE *out, const struct notice *n)
{
	struct list l = {.out = out};
	bool is_digest = notice_is(n, "digest");

	fputs("\"labels\":{", out);
	add(&l, "alertname", is_digest ? "fwlog digest" : notice_text(n, NOTICE_TITLE));
	add(&l, "rule_id", notice_text(n, NOTICE_RULE));
	add(&l, "level", notice_text(n, NOTICE_LEVEL));
	notice_each_pair(n, add_field, &l);
	fputs("}", out);
}

static void
add_annotations(FILE *out, const struct notice *n)
{
	struct list l = {.out = out};

	fputs(",\"annotations\":{", out);
	if (notice_is(n, "digest"))
		add(&l, "summary", notice_text(n, NOTICE_TITLE));
	add(&l, "entries", notice_text(n, NOTICE_ENTRIES));
	add(&l, "description", notice_text(n, NOTICE_DESCRIPTION));
	add(&l, "detail", notice_text(n, NOTICE_DETAIL));
	add(&l, "events", notice_text(n, NOTICE_EVENTS));
	add(&l, "last", notice_text(n, NOTICE_LAST));
	add(&l, "author", notice_text(n, NOTICE_AUTHOR));
	add(&l, "references", notice_text(n, NOTICE_REFERENCES));
	fputs("}", out);
}

static void
add_alert(FILE *out, const struct notice *n, int64_t now_us)
{
	const char *resolved = notice_text(n, NOTICE_RESOLVED);
	char later[TEXT_TIME];
	struct list l = {.out = out, .begun = true};

	text_time(now_us + ALERTMANAGER_LIFE_S * INT64_C(1000000), later);
	fputc('{', out);
	add_labels(out, n);
	add_annotations(out, n);
	add(&l, "startsAt", notice_text(n, NOTICE_FIRST));
	add(&l, "endsAt",
	    notice_is(n, "resolved") && resolved[0] != '\0' ? resolved : later);
	add(&l, "generatorURL", notice_text(n, NOTICE_LINK));
	fputc('}', out);
}

char *
alertmanager_body(const struct notice *n, size_t count, int64_t now_us)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	if (out == NULL)
		return NULL;
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? "," : "", out);
		add_alert(out, &n[i], now_us);
	}
	fputc(']', out);
	if (fclose(out) == 0)
		return body;
	free(body);
	return NULL;
}

/* ---- the way */

static void *
alertmanager_open(const struct action *a, char *why, size_t whysize)
{
	char url[256];
	size_t len = strlen(a->url);
	struct http *h;

	while (len > 0 && a->url[len - 1] == '/')
		len--;
	snprintf(url, sizeof url, "%.*s" PATH, (int)len, a->url);
	h = http_new(url, a->ca_file, a->timeout);
	if (h == NULL)
		snprintf(why, whysize, "no memory");
	return h;
}

static enum way_outcome
alertmanager_send(
    void *self, const struct notice *n, size_t count, char *why, size_t whysize)
{
	char *body = alertmanager_body(n, count, (int64_t)clock_wall_us());
	enum way_outcome outcome;

	if (body == NULL) {
		snprintf(why, whysize, "no memory");
		return WAY_FAILED;
	}
	outcome = http_post(self, body, strlen(body), NULL, why, whysize);
	free(body);
	return outcome;
}

const struct way way_alertmanager = {
    .batch = 64, .open = alertmanager_open, .send = alertmanager_send};
