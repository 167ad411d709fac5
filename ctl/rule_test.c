/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/alert/alert_json.h"
#include "collector/alert/candidates.h"
#include "common/filter_tree.h"
#include "common/text.h"
#include "ctl/query.h"
#include "ctl/rule.h"
#include "ctl/rule_events.h"
#include "ctl/session.h"
#include "ctl/source.h"

#define DAY_US INT64_C(86400000000)
#define TOP_SHOWN 10
#define SAMPLES_SHOWN 3
#define ABSENT_ROWS "100000" /* of which columns are looked for */

/* An alert as it was last told of. */
struct found {
	const struct rule *rule;
	uint8_t key[ENGINE_KEY_MAX];
	size_t key_len;
	uint64_t window_start_us, first_us, last_us, events;
	enum alert_delivery delivery;
	char *json, *group;
	struct alert_sample sample[SAMPLES_SHOWN];
	size_t samples;
};

struct test {
	const struct args *args;
	struct rules rules;
	struct engine *engine;
	int64_t from_us, to_us; /* of the events, with --events */
	uint64_t now_us, rows;
	struct found *found;
	size_t count, size;
	uint64_t digested;
	bool failed;
	uint64_t absent; /* columns rules look at and no event has, EVENT_I_* */
};

/* ---- alerts */

static struct found *
find(struct test *t, const struct alert *a)
{
	for (size_t i = t->count; i-- > 0;) {
		struct found *f = &t->found[i];

		if (f->rule == a->rule && f->window_start_us == a->window_start_us &&
		    f->key_len == a->key_len && memcmp(f->key, a->key, f->key_len) == 0)
			return f;
	}
	return NULL;
}

static struct found *
add(struct test *t, const struct alert *a)
{
	size_t size = t->size == 0 ? 64 : 2 * t->size;
	struct found *f;

	if (t->count == t->size) {
		f = realloc(t->found, size * sizeof *f);
		if (f == NULL)
			return NULL;
		t->found = f;
		t->size = size;
	}
	f = &t->found[t->count++];
	*f = (struct found){.rule = a->rule,
	    .key_len = a->key_len,
	    .window_start_us = a->window_start_us,
	    .delivery = a->delivery};
	memcpy(f->key, a->key, a->key_len);
	return f;
}

/* What a function prints, to be freed. */
static char *
printed(const struct alert *a, bool json)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	if (json)
		alert_json(a, NULL, f);
	else
		alert_group_text(a, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static void
on_alert(void *arg, const struct alert *a)
{
	struct test *t = arg;
	struct found *f = find(t, a);

	if (f == NULL)
		f = add(t, a);
	if (f == NULL) {
		t->failed = true;
		return;
	}
	f->first_us = a->first_us;
	f->last_us = a->last_us;
	f->events = a->events;
	f->samples = a->samples < SAMPLES_SHOWN ? a->samples : SAMPLES_SHOWN;
	memcpy(f->sample, a->sample, f->samples * sizeof f->sample[0]);
	if (f->group == NULL)
		f->group = printed(a, false);
	free(f->json);
	f->json = printed(a, true);
	t->failed |= f->json == NULL || f->group == NULL;
}

static void
on_digest(void *arg, const struct alert_digest *d)
{
	struct test *t = arg;

	t->digested += d->alerts;
}

static int
on_event(void *arg, const struct event *ev, int32_t host_id, int64_t n)
{
	struct test *t = arg;

	t->rows++;
	if (ev->ts > t->now_us)
		t->now_us = ev->ts;
	if (t->args->events != NULL) {
		if (t->rows == 1 || (int64_t)ev->ts < t->from_us)
			t->from_us = (int64_t)ev->ts;
		t->to_us = (int64_t)t->now_us + 1;
	}
	engine_feed(t->engine, t->now_us, ev, host_id, n);
	return t->failed ? -1 : 0;
}

/* ---- fields that no event has */

static uint64_t
columns_of(const struct rule_set *set)
{
	uint64_t columns = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct filter_tree *tree = set->rule[i]->tree;

		for (uint32_t k = 1; tree != NULL && k < tree->nodes; k++) {
			const struct filter_field *f = tree->node[k].field;

			for (unsigned c = 0; f != NULL && c < f->columns; c++)
				columns |= UINT64_C(1) << f->column[c];
		}
	}
	return columns;
}

#define COLUMN_NAME(kind, name, meaning) #name,
static const char *const column_names[] = {EVENT_COLUMNS(COLUMN_NAME)};
#undef COLUMN_NAME

static int
look_for_absent(struct test *t)
{
	uint64_t columns = columns_of(t->rules.set);
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT], *sql = NULL;
	const char *params[] = {from, to}, *comma = "";
	struct db_rows *rows;
	size_t len;
	int column = 0;
	FILE *f = open_memstream(&sql, &len);

	if (f == NULL)
		return -1;
	fputs("SELECT ", f);
	for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
		if ((columns >> i & 1) != 0) {
			fprintf(f, "%scount(e.%s)", comma, column_names[i]);
			comma = ", ";
		}
	fputs(" FROM (SELECT * FROM fwlog.event e WHERE " QUERY_IN_RANGE
	      " LIMIT " ABSENT_ROWS ") e HAVING count(*) > 0",
	    f);
	if (fclose(f) != 0)
		return -1;
	timearg_text(t->from_us, from);
	timearg_text(t->to_us, to);
	rows = columns != 0 ? db_query_params(t->rules.db, sql, params, 2) : NULL;
	free(sql);
	if (rows == NULL)
		return columns != 0 ? session_failed("events", t->rules.db) : 0;
	for (int i = 0; i < EVENT_COLUMN_COUNT && db_rows_count(rows) > 0; i++)
		if ((columns >> i & 1) != 0 &&
		    strcmp(db_rows_get(rows, 0, column++), "0") == 0)
			t->absent |= UINT64_C(1) << i;
	db_rows_free(rows);
	return 0;
}

/* ---- running */

static int
read_range(struct test *t)
{
	const struct args *args = t->args;
	struct timespec now;
	int64_t now_us;

	clock_gettime(CLOCK_REALTIME, &now);
	now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	t->to_us = now_us + 1;
	if (args->to != NULL && timearg_parse(args->to, now_us, &t->to_us) != 0)
		return -1;
	t->from_us = t->to_us > DAY_US ? t->to_us - DAY_US : 0;
	if (args->from != NULL && timearg_parse(args->from, now_us, &t->from_us) != 0)
		return -1;
	return t->from_us < t->to_us ? 0 : -1;
}

static int
make_engine(struct test *t)
{
	const struct engine_limits limits = {0};
	const struct engine_names names = {
	    .string = names_string,
	    .verdict = names_verdict,
	    .arg = t->rules.names,
	    .lists = &t->rules.lists,
	};
	const struct engine_calls calls = {
	    .alert = on_alert, .digest = on_digest, .arg = t};
	char why[512];

	t->engine = engine_new(t->rules.set, &limits, &names, &calls, why, sizeof why);
	if (t->engine == NULL)
		fprintf(stderr, "fwlogctl: %s\n", why);
	return t->engine != NULL ? 0 : -1;
}

static int
run_stored(struct test *t)
{
	struct filter_sql_source source = source_of(t->rules.db, 1);
	char *condition = candidates_sql(t->rules.set, &source);
	int rc = -1;

	if (condition != NULL &&
	    db_exec(t->rules.db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") ==
		0)
		rc = rule_events_stored(
		    &t->rules, t->from_us, t->to_us, condition, on_event, t);
	free(condition);
	return rc == 0 ? look_for_absent(t) : -1;
}

static int
run(struct test *t)
{
	bool stored = t->args->events == NULL;

	if (rules_open(&t->rules, t->args, t->args->operands, stored) != 0)
		return -1;
	rules_print_reports(t->rules.set, false, stderr);
	if (stored ? rules_read_names(&t->rules) != 0
		   : (t->rules.names = names_new()) == NULL)
		return -1;
	if (make_engine(t) != 0)
		return -1;
	if (stored ? run_stored(t) != 0
		   : rule_events_file(&t->rules, t->args->events, on_event, t) != 0)
		return -1;
	engine_drain(t->engine);
	/* What would have ended by now has. */
	engine_advance(
	    t->engine, (uint64_t)t->to_us > t->now_us ? (uint64_t)t->to_us : t->now_us);
	return t->failed ? -1 : 0;
}

/* ---- telling */

static double
days_of(const struct test *t)
{
	return t->to_us > t->from_us ? (double)(t->to_us - t->from_us) / (double)DAY_US
				     : 1;
}

static uint64_t
told(const struct test *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		n += t->found[i].delivery == ALERT_NOTIFY;
	return n;
}

static int
by_events(const void *a, const void *b)
{
	const struct found *const *x = a, *const *y = b;

	if ((*x)->events != (*y)->events)
		return (*x)->events < (*y)->events ? 1 : -1;
	return (*x)->window_start_us < (*y)->window_start_us ? -1 : 1;
}

static void
print_top(const struct test *t)
{
	const struct found **order = calloc(t->count + 1, sizeof *order);
	char when[TIMEARG_TEXT];

	for (size_t i = 0; order != NULL && i < t->count; i++)
		order[i] = &t->found[i];
	if (order == NULL)
		return;
	qsort(order, t->count, sizeof(*order), by_events);
	for (size_t i = 0; i < t->count && i < TOP_SHOWN; i++) {
		timearg_text((int64_t)order[i]->first_us, when);
		printf("  %s  %-8s %8" PRIu64 " events  ", when,
		    rule_level_name(order[i]->rule->level), order[i]->events);
		text_plain(order[i]->rule->title, stdout);
		printf("  %s\n", order[i]->group);
		fputs("     ", stdout);
		for (size_t k = 0; k < order[i]->samples; k++)
			printf(" id:%" PRId32 "-%" PRId64, order[i]->sample[k].host_id,
			    order[i]->sample[k].n);
		putchar('\n');
	}
	if (t->count > TOP_SHOWN)
		printf("  and %zu more; --json has all\n", t->count - TOP_SHOWN);
	free(order);
}

static void
print_rules(const struct test *t)
{
	struct engine_rule_stats s;

	for (size_t i = 0; i < t->rules.set->count; i++) {
		const struct rule *r = t->rules.set->rule[i];

		engine_get_rule_stats(t->engine, i, &s);
		printf(
		    "%8" PRIu64 " matches %6" PRIu64 " alerts  ", s.matched, s.fired);
		text_plain(r->title, stdout);
		puts(r->alerts ? "" : " (only feeds others)");
	}
}

static void
print_absent(const struct test *t)
{
	if (t->absent == 0)
		return;
	fputs("no event has:", stdout);
	for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
		if ((t->absent >> i & 1) != 0)
			printf(" %s", column_names[i]);
	putchar('\n');
}

static void
print_text(const struct test *t)
{
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT];
	struct engine_stats s;

	engine_get_stats(t->engine, &s);
	timearg_text(t->from_us, from);
	timearg_text(t->to_us, to);
	printf("from %s to %s: %" PRIu64 " events looked at, %" PRIu64 " matched\n",
	    from, to, t->rows, s.matched);
	print_rules(t);
	printf("%zu alerts, %" PRIu64 " told singly; %.1f a day\n", t->count, told(t),
	    (double)t->count / days_of(t));
	print_top(t);
	print_absent(t);
}

static void
print_json(const struct test *t)
{
	char from[TIMEARG_TEXT], to[TIMEARG_TEXT];
	const char *comma = "";
	struct engine_stats s;
	struct engine_rule_stats rs;

	engine_get_stats(t->engine, &s);
	timearg_text(t->from_us, from);
	timearg_text(t->to_us, to);
	printf("{\"from\":\"%s\",\"to\":\"%s\",\"events\":%" PRIu64
	       ",\"matched\":%" PRIu64 ",\"alerts\":%zu,\"told\":%" PRIu64
	       ",\"suppressed\":%" PRIu64 ",\"digested\":%" PRIu64
	       ",\"alerts_per_day\":%.3f,\"rules\":[",
	    from, to, t->rows, s.matched, t->count, told(t), s.suppressed, s.digested,
	    (double)t->count / days_of(t));
	for (size_t i = 0; i < t->rules.set->count; i++) {
		engine_get_rule_stats(t->engine, i, &rs);
		printf("%s{\"rule_id\":", i > 0 ? "," : "");
		text_json(t->rules.set->rule[i]->id, stdout);
		fputs(",\"title\":", stdout);
		text_json(t->rules.set->rule[i]->title, stdout);
		printf(",\"matched\":%" PRIu64 ",\"alerts\":%" PRIu64 "}", rs.matched,
		    rs.fired);
	}
	fputs("],\"absent\":[", stdout);
	for (int i = 0; i < EVENT_COLUMN_COUNT; i++)
		if ((t->absent >> i & 1) != 0) {
			printf("%s\"%s\"", comma, column_names[i]);
			comma = ",";
		}
	fputs("],\"list\":[", stdout);
	for (size_t i = 0; i < t->count; i++)
		printf("%s%s", i > 0 ? "," : "", t->found[i].json);
	puts("]}");
}

/* ---- the command */

static int
check_expected(const struct test *t, unsigned long expected)
{
	if (t->args->expect == NULL)
		return t->count > 0 ? QUERY_FOUND : QUERY_NONE;
	if (t->count == expected)
		return QUERY_FOUND;
	fprintf(
	    stderr, "fwlogctl: %zu alerts, expected were %lu\n", t->count, expected);
	return QUERY_NONE;
}

int
rule_test(const struct args *args)
{
	struct test t = {.args = args};
	unsigned long expected = 0;
	int rc = QUERY_USAGE;

	if (query_number("expect", args->expect, 0, 1000000000, &expected) != 0)
		return QUERY_USAGE;
	if (args->events == NULL && read_range(&t) != 0) {
		fputs(
		    "fwlogctl: --from, --to: times are expected, such as " TIMEARG_FORMS
		    ", the first before the second\n",
		    stderr);
		return QUERY_USAGE;
	}
	rc = QUERY_FAILED;
	if (run(&t) == 0) {
		if (args->json)
			print_json(&t);
		else if (!args->quiet)
			print_text(&t);
		rc = check_expected(&t, expected);
	}
	for (size_t i = 0; i < t.count; i++) {
		free(t.found[i].json);
		free(t.found[i].group);
	}
	free(t.found);
	engine_free(t.engine);
	rules_close(&t.rules);
	return rc;
}
