/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_notice.h"

#include <stdlib.h>
#include <string.h>

#define TIME(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define LINK "$2::text || '/alerts/' || a.alert_id"
#define PAIR_END '\x1e'
#define NAME_END '\x1f'

/* The document of an alert, as docs/alerts.md has it. */
#define ALERT_JSON                                                                                                                                  \
	"json_build_object('delivery', d.delivery_id, 'action', d.action, "                                                                         \
	"'change', d.what, 'alert', a.alert_id, 'rule', json_build_object("                                                                         \
	"'id', a.rule_id, 'title', a.title, 'level', a.level, 'type', a.type, "                                                                     \
	"'author', a.author, 'license', a.license, 'description', "                                                                                 \
	"a.description, 'references', a.refs, 'tags', a.tags), 'group', "                                                                           \
	"a.fields, 'filter', a.filter, 'detail', a.detail, 'first', " TIME(                                                                         \
	    "a.first_ts") ", 'last', " TIME("a.last_ts") ", 'resolved', " TIME("a."                                                                 \
									       "resol"                                                              \
									       "ved") ", 'events', a.events, 'amount', a.amount, "                  \
										      "'repeats', a.repeats, 'backfill', a.backfill, 'link', " LINK \
										      ")"
#define DIGEST_JSON                                                              \
	"json_build_object('delivery', d.delivery_id, 'action', d.action, "      \
	"'change', d.what, 'digest', g.digest_id, 'from', " TIME(                \
	    "g.from_ts") ", 'to', " TIME("g.to_ts") ", 'backfill', g.backfill, " \
						    "'alerts', "                 \
						    "g.alerts, 'entries', g.entries)"

/* In the order of enum notice_part. */
static const char *const parts[NOTICE_PARTS] = {
    "d.delivery_id",
    "d.what",
    "d.tries",
    "greatest(0, extract(epoch FROM now() - d.made))::bigint",
    "CASE WHEN g.digest_id IS NULL THEN " ALERT_JSON " ELSE " DIGEST_JSON " END",
    "a.rule_id",
    "coalesce(a.title, g.alerts || ' alerts that were not told singly')",
    "coalesce(a.level, (SELECT e ->> 'level' FROM json_array_elements(g.entries) e "
    "ORDER BY fwlog.level_number(e ->> 'level') DESC NULLS LAST LIMIT 1), "
    "'informational')",
    "a.author",
    "a.description",
    "array_to_string(a.refs, ' ')",
    "fwlog.group_text(a.fields)",
    "(SELECT string_agg(f.key || E'\\x1f' || coalesce(f.value, ''), E'\\x1e' "
    "ORDER BY f.ordinality) FROM json_each_text(a.fields) WITH ORDINALITY f)",
    "a.detail",
    TIME("coalesce(a.first_ts, g.from_ts)"),
    TIME("coalesce(a.last_ts, g.to_ts)"),
    TIME("a.resolved"),
    "a.events",
    LINK,
    "(SELECT string_agg(format('%sx [%s] %s, such as %s', e ->> 'alerts', "
    "e ->> 'level', e ->> 'title', e ->> 'example'), E'\\n') "
    "FROM json_array_elements(g.entries) e)",
};

static void
ask(struct text *sql, const char *from)
{
	text_clear(sql);
	for (size_t i = 0; i < NOTICE_PARTS; i++)
		text_add(sql, "%s%s", i == 0 ? "SELECT " : ", ", parts[i]);
	text_add(sql, " %s ORDER BY d.delivery_id LIMIT $3", from);
}

void
notice_ask_due(struct text *sql)
{
	ask(sql,
	    "FROM fwlog.alert_delivery d LEFT JOIN fwlog.alert a USING (alert_id) "
	    "LEFT JOIN fwlog.alert_digest g ON g.digest_id = d.digest_id WHERE "
	    "d.action = $1 "
	    "AND d.state = 'waiting' AND d.next_try <= now() AND (a.alert_id IS NOT "
	    "NULL OR g.digest_id IS NOT NULL) AND NOT EXISTS (SELECT FROM "
	    "fwlog.alert_delivery b WHERE b.action = d.action AND b.alert_id = "
	    "d.alert_id AND b.state = 'waiting' AND b.delivery_id < d.delivery_id)");
}

void
notice_ask_active(struct text *sql)
{
	ask(sql,
	    "FROM fwlog.alert a JOIN fwlog.alert_delivery d ON d.alert_id = a.alert_id "
	    "AND d.action = $1 AND d.what = 'fired' AND d.state = 'sent' LEFT JOIN "
	    "fwlog.alert_digest g ON g.digest_id = d.digest_id "
	    "WHERE a.resolved IS NULL");
}

struct notice *
notice_read(const struct pg_result *r, size_t *count)
{
	int rows = pg_rows(r);
	struct notice *n = calloc(rows > 0 ? (size_t)rows : 1, sizeof *n);

	*count = n != NULL && rows > 0 ? (size_t)rows : 0;
	for (size_t i = 0; i < *count; i++)
		for (int k = 0; k < NOTICE_PARTS; k++) {
			if (pg_is_null(r, (int)i, k))
				continue;
			n[i].part[k] = strdup(pg_text(r, (int)i, k));
			if (n[i].part[k] == NULL) {
				notice_free(n, *count);
				return NULL;
			}
		}
	return n;
}

void
notice_free(struct notice *n, size_t count)
{
	for (size_t i = 0; n != NULL && i < count; i++)
		for (size_t k = 0; k < NOTICE_PARTS; k++)
			free(n[i].part[k]);
	free(n);
}

const char *
notice_text(const struct notice *n, enum notice_part part)
{
	return n->part[part] != NULL ? n->part[part] : "";
}

bool
notice_is(const struct notice *n, const char *change)
{
	return strcmp(notice_text(n, NOTICE_CHANGE), change) == 0;
}

void
notice_each_pair(const struct notice *n,
    void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	char *copy = strdup(notice_text(n, NOTICE_PAIRS));
	char *p = copy;

	while (p != NULL && *p != '\0') {
		char *next = strchr(p, PAIR_END);
		char *value;

		if (next != NULL)
			*next++ = '\0';
		value = strchr(p, NAME_END);
		if (value != NULL) {
			*value++ = '\0';
			each(arg, p, value);
		}
		p = next;
	}
	free(copy);
}

void
notice_line(const struct notice *n, FILE *out)
{
	const char *group = notice_text(n, NOTICE_GROUP);
	const char *detail = notice_text(n, NOTICE_DETAIL);

	fprintf(
	    out, "[%s] %s", notice_text(n, NOTICE_LEVEL), notice_text(n, NOTICE_TITLE));
	if (group[0] != '\0')
		fprintf(out, ": %s", group);
	if (detail[0] != '\0')
		fprintf(out, ": %s", detail);
	if (notice_is(n, "resolved"))
		fputs(" (resolved)", out);
	else if (notice_is(n, "repeated"))
		fputs(" (goes on)", out);
}
