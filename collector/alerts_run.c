/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alerts_internal.h"
#include "common/copyrow.h"
#include "common/text.h"

#define LOOP_MS 100
#define READER                                                                \
	"fwlog_report" /* may read events, which the collector's role may not \
			*/
#define POLL_US ALERTS_SECOND
#define VERSION_US (10 * ALERTS_SECOND)
#define MARKS_US ALERTS_SECOND
#define HOSTS_MAX (1u << 20)

/* ---- positions */

int64_t
alerts_marks_get(const struct alerts_marks *m, int32_t host_id)
{
	size_t i = (size_t)host_id;

	return host_id >= 0 && i < m->size && m->next[i] != 0 ? m->next[i] : 1;
}

int
alerts_marks_set(struct alerts_marks *m, int32_t host_id, int64_t n)
{
	size_t size = m->size == 0 ? 64 : m->size;
	int64_t *grown;

	if (host_id < 0 || (size_t)host_id >= HOSTS_MAX)
		return 0;
	while (size <= (size_t)host_id)
		size *= 2;
	if (size != m->size) {
		grown = realloc(m->next, size * sizeof *grown);
		if (grown == NULL)
			return -1;
		memset(grown + m->size, 0, (size - m->size) * sizeof *grown);
		m->next = grown;
		m->size = size;
	}
	m->next[host_id] = n;
	return 0;
}

int
alerts_marks_copy(struct alerts_marks *to, const struct alerts_marks *from)
{
	for (size_t i = 0; i < from->size; i++)
		if (from->next[i] != 0 &&
		    alerts_marks_set(to, (int32_t)i, from->next[i]) != 0)
			return -1;
	return 0;
}

static int
read_marks(struct alerts_db *db, const char *sql, struct alerts_marks *to)
{
	struct alerts_rows *rows = alerts_db_ask(db, sql, NULL, 0);
	int rc = rows != NULL ? 0 : -1;

	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++)
		rc = alerts_marks_set(to, (int32_t)alerts_rows_int(rows, i, 0),
		    alerts_rows_int(rows, i, 1));
	alerts_rows_free(rows);
	return rc;
}

/* ---- names */

static int
read_names(struct alerts_run *r, enum filter_dict dict, uint32_t from)
{
	char id[16];
	const char *param[] = {id};
	uint8_t raw[RECORD_STRING_MAX];
	struct alerts_rows *rows;
	int rc = 0;

	snprintf(id, sizeof id, "%" PRIu32, from);
	rows = alerts_db_ask(r->db, names_sql[dict], param, 1);
	if (rows == NULL)
		return -1;
	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++) {
		size_t len = text_unhex(alerts_rows_text(rows, i, 1), raw, sizeof raw);

		rc = names_add(r->names, dict, (uint32_t)alerts_rows_int(rows, i, 0),
		    (struct bytes){raw, (uint16_t)len});
	}
	alerts_rows_free(rows);
	return rc;
}

/* What the prefix map says of the prefixes from this one on. */
static int
read_verdicts(struct alerts_run *r, uint32_t from)
{
	char id[16];
	const char *param[] = {id};
	struct alerts_rows *rows;
	int rc = 0;

	snprintf(id, sizeof id, "%" PRIu32, from);
	rows = alerts_db_ask(r->db, names_verdicts_sql, param, 1);
	if (rows == NULL)
		return -1;
	if (from == 0)
		names_clear_verdicts(r->names);
	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++)
		rc = names_add_verdicts(r->names, (uint32_t)alerts_rows_int(rows, i, 0),
		    (int32_t)alerts_rows_int(rows, i, 1), alerts_rows_text(rows, i, 2),
		    alerts_rows_text(rows, i, 3));
	alerts_rows_free(rows);
	return rc;
}

/* True when what the statement says is another than before. */
static bool
has_changed(struct alerts_run *r, const char *sql, char *before, size_t size)
{
	struct alerts_rows *rows = alerts_db_ask(r->db, sql, NULL, 0);
	bool changed =
	    rows != NULL && strcmp(alerts_rows_text(rows, 0, 0), before) != 0;

	if (changed)
		snprintf(before, size, "%s", alerts_rows_text(rows, 0, 0));
	alerts_rows_free(rows);
	return changed;
}

static bool
verdicts_changed(struct alerts_run *r)
{
	return has_changed(r,
	    "SELECT count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) "
	    "FROM fwlog.prefix_timeline",
	    r->verdicts, sizeof r->verdicts);
}

static bool
lists_changed(struct alerts_run *r)
{
	return has_changed(r,
	    "SELECT count(*) || ' ' || coalesce(sum(version), 0) FROM fwlog.list",
	    r->lists, sizeof r->lists);
}

static int
read_list(
    void *arg, const char *name, struct filter_list *list, char *why, size_t whysize)
{
	struct alerts_run *r = arg;
	struct alerts_rows *rows =
	    alerts_db_ask(r->db, "SELECT 1 FROM fwlog.list WHERE name = $1", &name, 1);
	bool there = rows != NULL && alerts_rows_count(rows) > 0;
	const char *text;
	int rc = 0;

	alerts_rows_free(rows);
	if (!there) {
		snprintf(why, whysize,
		    "there is no list of that name; fwlogctl list shows them");
		return -1;
	}
	rows = alerts_db_ask(r->back, "SELECT * FROM fwlog.list_values($1)", &name, 1);
	if (rows == NULL) {
		snprintf(why, whysize, "%s", alerts_db_error(r->back));
		return -1;
	}
	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++) {
		text = alerts_rows_text(rows, i, 0);
		rc = filter_list_add(list, text, strlen(text));
	}
	alerts_rows_free(rows);
	return 0;
}

/* ---- rules and their engine */

uint64_t
alerts_longest(const struct alerts_run *r)
{
	uint64_t us = r->a->set->longest_us;

	return us > ALERTS_DAY ? ALERTS_DAY : us;
}

struct engine *
alerts_make_engine(struct alerts_run *r, const struct rule_set *set, bool backfill)
{
	const struct options *o = r->options;
	struct engine_limits limits = {
	    .hold_us = o->alert_hold * 1000,
	    .grace_us = o->alert_grace * 1000,
	    .groups = (uint32_t)o->alert_groups,
	    .group_bytes = o->alert_memory,
	    .storm_rule = (unsigned)o->alert_storm,
	    .storm_all = (unsigned)o->alert_storm_all,
	    .resolve_us = o->alert_resolve * 1000,
	};
	struct engine_names names = {
	    .string = names_string,
	    .verdict = names_verdict,
	    .arg = r->names,
	    .lists = &r->named,
	};
	struct engine_calls calls = {
	    .alert = backfill ? alerts_store_backfilled : alerts_store_alert,
	    .digest = backfill ? alerts_skip_digest : alerts_store_digest,
	    .arg = r,
	};
	struct engine *e;
	char why[512];
	uint64_t seed[2] = {
	    clock_wall_us() * 0x9e3779b97f4a7c15u, (uint64_t)(uintptr_t)r ^ clock_ms()};

	memcpy(limits.seed, seed, sizeof limits.seed);
	e = engine_new(set, &limits, &names, &calls, why, sizeof why);
	if (e == NULL)
		log_error("alert rules: %s", why);
	return e;
}

/* Whether it says anything: of prefixes that may come, too. */
static bool
has_prefix_map(struct alerts_run *r)
{
	struct alerts_rows *rows = alerts_db_ask(
	    r->back, "SELECT EXISTS (SELECT FROM fwlog.prefix_map_full)", NULL, 0);
	bool has = rows == NULL || alerts_rows_text(rows, 0, 0)[0] == 't';

	alerts_rows_free(rows);
	return has;
}

static struct rule_set *
load_rules(struct alerts_run *r)
{
	struct rule_set *set;
	char why[512];

	set = alerts_load_rules(r->a, &r->named, has_prefix_map(r), why, sizeof why);
	if (set == NULL) {
		log_error("alert rules cannot be read: %s", why);
		return NULL;
	}
	for (size_t i = 0; i < set->report_count; i++)
		if (set->report[i].warning != NULL)
			log_warn("%s:%u: %s", set->report[i].path, set->report[i].line,
			    set->report[i].warning);
	return set;
}

/* The set is in force from now on. */
static void
use_rules(struct alerts_run *r, struct rule_set *set, struct engine *e)
{
	engine_free(r->engine);
	r->engine = e;
	if (r->a->set != set)
		rule_set_free(r->a->set);
	r->a->set = set;
	alerts_note_refused(r->a, set);
	log_info("%zu alert rules loaded, %zu refused, %zu not applicable", set->loaded,
	    set->refused, set->not_applicable);
}

/* All or nothing: what is wrong with the new ones leaves those before in force. */
static int
reload(struct alerts_run *r)
{
	struct rule_set *set = load_rules(r), *before = r->a->set;
	struct engine *e;

	if (set == NULL)
		return alerts_db_ok(r->db) ? 0 : -1;
	if (alerts_refuse_worse(r->a, set)) {
		log_error("alert rules: those before stay in force");
		rule_set_free(set);
		return 0;
	}
	e = alerts_make_engine(r, set, false);
	if (e == NULL) {
		log_error("alert rules: those before stay in force");
		rule_set_free(set);
		return alerts_db_ok(r->db) ? 0 : -1;
	}
	engine_drain(r->engine);
	if (alerts_store_flush(r) != 0) {
		engine_free(e);
		rule_set_free(set);
		return -1;
	}
	r->a->set = set;
	r->live = false;
	r->gaps = 0; /* filling the windows reads them, too */
	if (replay_warm(r, e) != 0) {
		r->a->set = before;
		engine_free(e);
		rule_set_free(set);
		return -1;
	}
	r->live = true;
	r->a->set = before;
	use_rules(r, set, e);
	if (alerts_store_rules(r, set) != 0 || alerts_restore(r) != 0)
		return -1;
	return alerts_read_silences(r);
}

/* ---- events */

static int
learn_names(struct alerts_run *r, struct engine *e, uint64_t now_us,
    const struct event *ev, int32_t host_id)
{
	struct engine_signal signal = {
	    .what = ENGINE_PREFIX_NEW, .host_id = host_id, .count = 1};
	enum filter_dict dict;
	uint32_t id;

	while (names_missing(r->names, ev, host_id, &dict, &id)) {
		if (read_names(r, dict, id) != 0)
			return -1;
		/* Of what is not there nothing can be known. */
		if (names_add(r->names, dict, id, (struct bytes){0}) != 0)
			return -1;
		if (dict != FILTER_PREFIX)
			continue;
		/* It has its verdicts since it was entered, before its first event. */
		if (read_verdicts(r, id) != 0)
			return -1;
		if (!r->live)
			continue;
		signal.prefix_id = id;
		engine_raise(e, now_us, &signal);
	}
	return 0;
}

int
alerts_feed(struct alerts_run *r, struct engine *e, uint64_t now_us,
    const struct event *ev, int32_t host_id, int64_t n)
{
	if (learn_names(r, e, now_us, ev, host_id) != 0)
		return -1;
	engine_feed(e, now_us, ev, host_id, n);
	return 0;
}

static int
take_chunk(struct alerts_run *r, const struct alerts_chunk *c, uint64_t now_us)
{
	struct reader in = reader_of(c->rows, c->len);
	struct event ev;
	int32_t host_id;
	int64_t n, next;

	while (copyrow_get(&in, &host_id, &n, &ev) == 1) {
		next = alerts_marks_get(&r->at, host_id);
		if (n < next)
			continue; /* read from the database already */
		if (n > next)
			replay_note_gap(r, host_id, next, n, now_us);
		if (alerts_marks_set(&r->at, host_id, n + 1) != 0 ||
		    alerts_feed(r, r->engine, now_us, &ev, host_id, n) != 0)
			return -1;
	}
	return 0;
}

static int
take_queue(struct alerts_run *r)
{
	struct alerts_chunk *c = alerts_queue_take(r->a, LOOP_MS), *next;
	int rc = 0;

	for (; c != NULL; c = next) {
		next = c->next;
		if (rc == 0)
			rc = take_chunk(r, c, clock_wall_us());
		free(c);
	}
	return rc;
}

/* Events that are stored, and did not come by the queue for a second: those of other
 * collectors, and what the queue had no room for. */
static int
poll_hosts(struct alerts_run *r, uint64_t now_us)
{
	struct alerts_rows *rows = alerts_db_ask(
	    r->db, "SELECT host_id, next_n FROM fwlog.host_mark", NULL, 0);
	int rc = rows != NULL ? 0 : -1;

	for (int i = 0; rc == 0 && i < alerts_rows_count(rows); i++) {
		int32_t host_id = (int32_t)alerts_rows_int(rows, i, 0);
		int64_t there = alerts_marks_get(&r->polled, host_id);
		int64_t next = alerts_marks_get(&r->at, host_id);

		if (there > next) {
			replay_note_gap(r, host_id, next, there, now_us);
			rc = alerts_marks_set(&r->at, host_id, there);
		}
		if (rc == 0)
			rc = alerts_marks_set(
			    &r->polled, host_id, alerts_rows_int(rows, i, 1));
	}
	alerts_rows_free(rows);
	return rc;
}

/* ---- the loop */

static bool
spans_due(const struct alerts_run *r, uint64_t now_us)
{
	for (size_t i = 0; i < r->spans; i++)
		if (r->span[i].to_us <= now_us)
			return true;
	return r->gaps > 0;
}

/*
 * What is behind the marks is evaluated, and its alerts are stored: they are saved when
 * all that was held back at their time has been counted.
 */
static int
save_marks(struct alerts_run *r, uint64_t now_us)
{
	uint64_t wait = r->options->alert_hold * 1000 + MARKS_US;

	if (now_us - r->prepared_us < wait || spans_due(r, now_us))
		return 0;
	if (r->prepared_us != 0 && alerts_store_marks(r) != 0)
		return -1;
	r->prepared_us = now_us;
	return alerts_marks_copy(&r->saved, &r->at);
}

static bool
uses_lists(const struct rule_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->rule[i]->tree != NULL &&
		    filter_list_name(set->rule[i]->tree, 0) != NULL)
			return true;
	return false;
}

static int
look_at_versions(struct alerts_run *r, uint64_t now_us)
{
	if (now_us < r->version_due)
		return 0;
	r->version_due = now_us + VERSION_US;
	if (verdicts_changed(r) && read_verdicts(r, 0) != 0)
		return -1;
	if (lists_changed(r) && uses_lists(r->a->set))
		atomic_store(&r->a->reload, true);
	return alerts_db_ok(r->db) ? 0 : -1;
}

static int
poll_all(struct alerts_run *r, uint64_t now_us)
{
	int heard = alerts_db_notified(r->db);

	if (heard < 0 || (heard > 0 && alerts_read_silences(r) != 0))
		return -1;
	if (poll_hosts(r, now_us) != 0 || replay_gaps(r, now_us) != 0 ||
	    replay_spans(r, now_us) != 0 || look_at_versions(r, now_us) != 0)
		return -1;
	if (alerts_watch(r, now_us) != 0)
		return -1;
	return save_marks(r, now_us);
}

static int
turn(struct alerts_run *r)
{
	uint64_t now_us;

	if (take_queue(r) != 0)
		return -1;
	now_us = clock_wall_us();
	engine_advance(r->engine, now_us);
	if (alerts_store_flush(r) != 0)
		return -1;
	if (atomic_exchange(&r->a->reload, false) && reload(r) != 0)
		return -1;
	if (now_us < r->poll_due)
		return 0;
	r->poll_due = now_us + POLL_US;
	alerts_publish(r, now_us);
	return poll_all(r, now_us);
}

/* ---- beginning and end */

/* 1: this collector evaluates from now on; 0: another one does; -1. */
static int
take_lock(struct alerts_run *r)
{
	struct alerts_rows *rows = alerts_db_ask(r->db,
	    "SELECT pg_try_advisory_lock(hashtextextended('fwlog alerts', 0))", NULL,
	    0);
	int locked = -1;

	if (rows != NULL)
		locked = alerts_rows_text(rows, 0, 0)[0] == 't';
	alerts_rows_free(rows);
	if (locked == 0 && !r->a->standby)
		log_info("another collector evaluates the alert rules: this one would "
			 "take over");
	r->a->standby = locked == 0;
	return locked;
}

static int
connect_both(struct alerts_run *r)
{
	const struct options *o = r->options;
	int locked;

	r->db = alerts_db_open(o->database, NULL, o->database_timeout, &r->a->stop);
	if (r->db == NULL || !alerts_db_ok(r->db))
		return -1;
	locked = take_lock(r);
	if (locked != 1)
		return locked;
	r->back = o->alert_database != NULL ? alerts_db_open(o->alert_database, NULL,
						  o->database_timeout, &r->a->stop)
					    : alerts_db_open(o->database, READER,
						  o->database_timeout, &r->a->stop);
	if (r->back == NULL || !alerts_db_ok(r->back))
		return -1;
	return alerts_db_exec(r->db, "LISTEN fwlog_alert") == 0 ? 1 : -1;
}

static int
read_all_names(struct alerts_run *r)
{
	r->names = names_new();
	if (r->names == NULL)
		return -1;
	for (int dict = 0; dict < NAMES_DICTS; dict++)
		if (read_names(r, (enum filter_dict)dict, 0) != 0)
			return -1;
	verdicts_changed(r);
	lists_changed(r);
	return read_verdicts(r, 0);
}

static int
begin(struct alerts_run *r)
{
	struct rule_set *set;
	struct engine *e;

	if (read_all_names(r) != 0)
		return -1;
	set = r->a->set != NULL ? r->a->set : load_rules(r);
	if (set == NULL)
		return -1;
	if (r->a->set == NULL)
		alerts_refuse_worse(r->a, set);
	e = alerts_make_engine(r, set, false);
	if (e == NULL) {
		if (r->a->set == NULL)
			rule_set_free(set);
		return -1;
	}
	use_rules(r, set, e);
	if (read_marks(r->db, "SELECT host_id, next_n FROM fwlog.alert_mark",
		&r->saved) != 0 ||
	    alerts_store_rules(r, set) != 0 || alerts_store_rest(r) != 0 ||
	    alerts_read_silences(r) != 0)
		return -1;
	/* From here on nothing is missed: what is stored later comes by the queue. */
	atomic_store(&r->a->active, true);
	if (replay_warm(r, r->engine) != 0 || alerts_store_flush(r) != 0 ||
	    alerts_restore(r) != 0)
		return -1;
	r->live = true;
	return alerts_marks_copy(&r->polled, &r->at);
}

static void
end(struct alerts_run *r)
{
	if (r->out != NULL)
		fclose(r->out);
	free(r->pending);
	free(r->entry);
	engine_free(r->engine);
	names_free(r->names);
	alerts_db_close(r->db);
	alerts_db_close(r->back);
	free(r->at.next);
	free(r->saved.next);
	free(r->polled.next);
	free(r);
}

static void
say_failure(const struct alerts_run *r)
{
	const char *what = NULL;

	if (r->db != NULL && !alerts_db_ok(r->db))
		what = alerts_db_error(r->db);
	else if (r->back != NULL && !alerts_db_ok(r->back))
		what = alerts_db_error(r->back);
	if (what != NULL && !atomic_load(&r->a->stop))
		log_limited(&r->a->fault_limit, LOG_LEVEL_WARN,
		    "alert rules are not evaluated: %s; what is stored meanwhile is "
		    "looked at later",
		    what);
}

void
alerts_run(struct alerts *a)
{
	struct alerts_run *r = calloc(1, sizeof *r);
	int rc;

	if (r == NULL)
		return;
	r->a = a;
	r->options = a->options;
	r->named = (struct filter_lists){read_list, r};
	rc = connect_both(r);
	if (rc == 1) {
		rc = begin(r);
		if (rc == 0)
			log_info("alert rules are evaluated");
		while (rc == 0 && !atomic_load(&a->stop))
			rc = turn(r);
	}
	if (rc < 0)
		say_failure(r);
	end(r);
}
