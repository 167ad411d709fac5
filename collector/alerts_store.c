/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/alert/alert_json.h"
#include "collector/alerts_internal.h"
#include "common/text.h"

#define PENDING_MAX 2000 /* alerts stored in one statement */

/* ---- what is to be told, and by whom */

static bool
wants(const void *arg, size_t action, const struct rule *rule, enum alert_change change)
{
	const struct options *o = arg;

	return action_wants(&o->actions.action[action], rule, change);
}

static struct alert_json_actions
actions_of(const struct alerts_run *r)
{
	return (struct alert_json_actions){
	    .name = r->a->action,
	    .count = r->options->actions.count,
	    .wants = wants,
	    .arg = r->options,
	};
}

/* ---- from the engine */

void
alerts_store_alert(void *arg, const struct alert *alert)
{
	struct alerts_run *r = arg;
	struct alert_json_actions actions = actions_of(r);

	if (r->out == NULL)
		r->out = open_memstream(&r->pending, &r->pending_len);
	if (r->out == NULL)
		return;
	fputc(r->pendings++ == 0 ? '[' : ',', r->out);
	alert_json(alert, &actions, r->out);
	if (r->pendings >= PENDING_MAX && alerts_store_flush(r) != 0)
		log_limited(&r->a->fault_limit, LOG_LEVEL_WARN,
		    "alerts cannot be stored: %s", alerts_db_error(r->db));
}

static void
store_digest(struct alerts_run *r, const struct alert_digest *digest)
{
	struct alert_json_actions actions = actions_of(r);
	struct alerts_rows *rows;
	const char *param[1];
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return;
	/* What it counts is to be there before. */
	if (alerts_store_flush(r) != 0)
		log_debug("a digest comes before its alerts");
	alert_digest_json(digest, &actions, f);
	if (fclose(f) == 0) {
		param[0] = text;
		rows = alerts_db_ask(
		    r->db, "SELECT fwlog.alert_digest_store($1::jsonb)", param, 1);
		alerts_rows_free(rows);
	}
	free(text);
}

void
alerts_store_digest(void *arg, const struct alert_digest *digest)
{
	store_digest(arg, digest);
}

/* ---- a backfill: only what is new goes into its digest */

void
alerts_skip_digest(void *arg, const struct alert_digest *digest)
{
	(void)arg;
	(void)digest;
}

static void
count_new(struct alerts_run *r, const struct alert *alert)
{
	struct alert_digest_entry *grown;
	size_t i = 0;
	FILE *f;

	while (i < r->entries && r->entry[i].rule != alert->rule)
		i++;
	if (i == r->entries) {
		grown = realloc(r->entry, (i + 1) * sizeof *grown);
		if (grown == NULL)
			return;
		r->entry = grown;
		grown[i] = (struct alert_digest_entry){.rule = alert->rule};
		f = fmemopen(grown[i].example, sizeof grown[i].example - 1, "w");
		if (f != NULL) {
			alert_group_text(alert, f);
			fclose(f);
		}
		r->entries++;
	}
	r->entry[i].alerts++;
}

void
alerts_store_backfilled(void *arg, const struct alert *alert)
{
	struct alerts_run *r = arg;
	struct alert_json_actions actions = actions_of(r);
	struct alerts_rows *rows;
	const char *param[1];
	char *text = NULL;
	size_t len;
	FILE *f;

	f = open_memstream(&text, &len);
	if (f == NULL)
		return;
	fputc('[', f);
	alert_json(alert, &actions, f);
	fputc(']', f);
	if (fclose(f) == 0) {
		param[0] = text;
		rows = alerts_db_ask(
		    r->db, "SELECT fwlog.alert_store($1::jsonb)", param, 1);
		if (rows != NULL && alerts_rows_int(rows, 0, 0) > 0 &&
		    alert->delivery == ALERT_IN_DIGEST)
			count_new(r, alert);
		alerts_rows_free(rows);
	}
	free(text);
}

void
alerts_store_backfill_digest(struct alerts_run *r, uint64_t from_us, uint64_t to_us)
{
	struct alert_digest d = {.from_us = from_us,
	    .to_us = to_us,
	    .backfill = true,
	    .entry = r->entry,
	    .entries = r->entries};

	for (size_t i = 0; i < r->entries; i++)
		d.alerts += r->entry[i].alerts;
	if (d.alerts > 0)
		store_digest(r, &d);
	free(r->entry);
	r->entry = NULL;
	r->entries = 0;
}

/* What a collector that ended did not count any more. */
int
alerts_store_rest(struct alerts_run *r)
{
	static const char sql[] =
	    "SELECT fwlog.alert_digest_store(jsonb_build_object('from_ts', "
	    "min(s.from_ts), 'to_ts', now(), 'backfill', s.backfill, 'alerts', "
	    "sum(s.alerts), 'entries', jsonb_agg(jsonb_build_object('rule_id', "
	    "s.rule_id, 'title', s.title, 'level', s.level, 'alerts', s.alerts, "
	    "'example', s.example)), 'actions', $1::jsonb)) FROM (SELECT a.rule_id, "
	    "a.backfill, min(a.title) AS title, min(a.level) AS level, count(*) AS "
	    "alerts, min(a.fired) AS from_ts, min(fwlog.group_text(a.fields)) AS "
	    "example FROM fwlog.alert a WHERE a.delivery = 'digest' AND a.digest_id IS "
	    "NULL GROUP BY 1, 2) s GROUP BY s.backfill";
	const char *param[1];
	struct alerts_rows *rows;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return -1;
	fputc('[', f);
	for (size_t i = 0; i < r->options->actions.count; i++) {
		if (i > 0)
			fputc(',', f);
		text_json(r->a->action[i], f);
	}
	fputc(']', f);
	if (fclose(f) != 0) {
		free(text);
		return -1;
	}
	param[0] = text;
	rows = alerts_db_ask(r->db, sql, param, 1);
	free(text);
	alerts_rows_free(rows);
	return alerts_db_ok(r->db) ? 0 : -1;
}

/* ---- to the database */

int
alerts_store_flush(struct alerts_run *r)
{
	struct alerts_rows *rows;
	const char *param[1];
	int rc = -1;

	if (r->out == NULL)
		return alerts_db_ok(r->db) ? 0 : -1;
	fputc(']', r->out);
	if (fclose(r->out) == 0) {
		param[0] = r->pending;
		rows = alerts_db_ask(
		    r->db, "SELECT fwlog.alert_store($1::jsonb)", param, 1);
		rc = rows != NULL ? 0 : -1;
		alerts_rows_free(rows);
	}
	free(r->pending);
	r->pending = NULL;
	r->out = NULL;
	r->pendings = 0;
	return rc;
}

int
alerts_store_marks(struct alerts_run *r)
{
	struct text hosts, marks;
	const char *param[2], *comma = "{";
	struct alerts_rows *rows;
	int rc;

	text_init(&hosts);
	text_init(&marks);
	for (size_t i = 0; i < r->saved.size; i++) {
		if (r->saved.next[i] == 0)
			continue;
		text_add(&hosts, "%s%zu", comma, i);
		text_add(&marks, "%s%" PRId64, comma, r->saved.next[i]);
		comma = ",";
	}
	text_add(&hosts, "%s}", comma[0] == '{' ? "{" : "");
	text_add(&marks, "%s}", comma[0] == '{' ? "{" : "");
	param[0] = hosts.p;
	param[1] = marks.p;
	rows = alerts_db_ask(r->db,
	    "SELECT fwlog.alert_marks_set($1::integer[], $2::bigint[])", param, 2);
	rc = rows != NULL ? 0 : -1;
	alerts_rows_free(rows);
	text_free(&hosts);
	text_free(&marks);
	return rc;
}

int
alerts_store_rules(struct alerts_run *r, const struct rule_set *set)
{
	const char *param[2];
	struct alerts_rows *rows;
	char name[256], *text = NULL;
	size_t len;
	int rc = -1;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return -1;
	rule_set_json(set, true, f);
	if (gethostname(name, sizeof name) != 0)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	if (fclose(f) == 0) {
		param[0] = name;
		param[1] = text;
		rows = alerts_db_ask(
		    r->db, "SELECT fwlog.rules_loaded($1, $2::jsonb)", param, 2);
		rc = rows != NULL ? 0 : -1;
		alerts_rows_free(rows);
	}
	free(text);
	return rc;
}

/* ---- alerts that go on */

static uint64_t
us_of(const struct alerts_rows *rows, int row, int column)
{
	int64_t us = alerts_rows_int(rows, row, column);

	return us > 0 ? (uint64_t)us : 0;
}

/* Its rule is gone, or looks for something else now. */
static void
end_orphan(struct alerts_run *r, const char *alert_id)
{
	static const char sql[] =
	    "SELECT fwlog.alert_store(jsonb_build_array(jsonb_build_object('change', "
	    "'resolved', 'delivery', a.delivery, 'rule_id', a.rule_id, 'logic_hash', "
	    "a.logic_hash, 'group_key', encode(a.group_key, 'hex'), 'window_start', "
	    "a.window_start, 'resolved', now(), 'backfill', a.backfill, 'actions', "
	    "'[]'::jsonb))) FROM fwlog.alert a WHERE a.alert_id = $1::bigint";

	alerts_rows_free(alerts_db_ask(r->db, sql, &alert_id, 1));
}

static void
restore_one(struct alerts_run *r, const struct alerts_rows *rows, int row)
{
	struct alert a = {
	    .window_start_us = us_of(rows, row, 3),
	    .first_us = us_of(rows, row, 4),
	    .last_us = us_of(rows, row, 5),
	    .events = us_of(rows, row, 6),
	    .amount = us_of(rows, row, 7),
	    .backfill = alerts_rows_text(rows, row, 8)[0] == 't',
	};
	const char *delivery = alerts_rows_text(rows, row, 9);

	for (int d = ALERT_NOTIFY; d <= ALERT_QUIET; d++)
		if (strcmp(alert_delivery_name((enum alert_delivery)d), delivery) == 0)
			a.delivery = (enum alert_delivery)d;
	a.key_len = text_unhex(alerts_rows_text(rows, row, 2), a.key, sizeof a.key);
	if (!engine_restore(r->engine, alerts_rows_text(rows, row, 0),
		alerts_rows_text(rows, row, 1), &a))
		end_orphan(r, alerts_rows_text(rows, row, 10));
}

int
alerts_restore(struct alerts_run *r)
{
#define US(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
	struct alerts_rows *rows = alerts_db_ask(r->db,
	    "SELECT rule_id, logic_hash, encode(group_key, 'hex'), " US(
		"window_start") ", " US("first_ts") ", " US("last_ts") ", events, "
								       "amount, "
								       "backfill, "
								       "delivery, "
								       "alert_id FROM "
								       "fwlog.alert "
								       "WHERE resolved "
								       "IS NULL "
								       "ORDER BY fired "
								       "DESC LIMIT "
								       "100000",
	    NULL, 0);
#undef US

	if (rows == NULL)
		return -1;
	for (int i = 0; i < alerts_rows_count(rows); i++)
		restore_one(r, rows, i);
	alerts_rows_free(rows);
	return 0;
}
