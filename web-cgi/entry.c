/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/entry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define NO_TIME "-infinity"

/* ---- names */

static int
parse_part(const char **text, char end, int64_t max, int64_t *value)
{
	size_t len = strspn(*text, DIGITS);

	if (len == 0 || len > 18 || (*text)[len] != end)
		return -1;
	*value = strtoll(*text, NULL, 10);
	*text += len + (end != '\0');
	return *value <= max ? 0 : -1;
}

int
entry_parse(const char *name, struct cursor *key)
{
	const char *dash = strrchr(name, '-');
	bool timed = dash != NULL && strchr(name, '-') != dash;
	int64_t host;

	if (parse_part(&name, '-', INT32_MAX, &host) < 0 ||
	    parse_part(&name, timed ? '-' : '\0', INT64_MAX, &key->n) < 0)
		return -1;
	key->host_id = (int32_t)host;
	key->ts = STORE_NONE;
	return timed ? parse_part(&name, '\0', INT64_MAX, &key->ts) : 0;
}

/* ---- queries */

/* The values of all of them. */
struct key_text {
	char host[16], n[24], from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];
	const char *value[4];
};

static void
key_of(struct key_text *k, const struct cursor *key, int64_t span)
{
	snprintf(k->host, sizeof k->host, "%" PRId32, key->host_id);
	snprintf(k->n, sizeof k->n, "%" PRId64, key->n);
	snprintf(k->from, sizeof k->from, NO_TIME);
	snprintf(k->to, sizeof k->to, "infinity");
	if (key->ts != STORE_NONE) {
		range_time_text(key->ts > span ? key->ts - span : 0, k->from);
		range_time_text(key->ts + span + 1, k->to);
	}
	k->value[0] = k->host;
	k->value[1] = k->n;
	k->value[2] = k->from;
	k->value[3] = k->to;
}

#define OF_HOST "e.host_id = $1::int"
#define IN_SPAN "e.ts >= $3::timestamptz AND e.ts < $4::timestamptz"
#define OF_EVENT OF_HOST " AND e.n = $2::bigint AND " IN_SPAN
/* The ends of this event and those of another are the same, either way round. */
#define SAME_ENDS                                                                  \
	"EXISTS (SELECT 1 FROM fwlog.event a WHERE a.host_id = $1::int AND a.n = " \
	"$2::bigint AND a.ts >= $3::timestamptz AND a.ts < $4::timestamptz AND "   \
	"a.proto IS NOT DISTINCT FROM e.proto AND ((a.src, a.dst) = (e.src, "      \
	"e.dst) AND a.sport IS NOT DISTINCT FROM e.sport AND a.dport IS NOT "      \
	"DISTINCT FROM e.dport OR (a.src, a.dst) = (e.dst, e.src) AND a.sport IS " \
	"NOT DISTINCT FROM e.dport AND a.dport IS NOT DISTINCT FROM e.sport))"

static int
add_rows(struct store *s, const struct key_text *k, const char *condition, int limit)
{
	char *sql;
	int result;

	if (asprintf(&sql,
		"SELECT %s FROM %s WHERE %s ORDER BY e.ts, e.host_id, e.n LIMIT %d",
		row_select, row_from, condition, limit) < 0)
		sql = NULL;
	result = store_add(s, sql, 4, k->value);
	free(sql);
	return result;
}

/* The nearest in time, by time. */
static int
add_same(struct store *s, const struct key_text *k)
{
	char *sql;
	int result;

	if (asprintf(&sql,
		"SELECT %s FROM (SELECT * FROM fwlog.event e WHERE " IN_SPAN
		" AND " SAME_ENDS " ORDER BY abs(date_part('epoch', e.ts) - "
		"(date_part('epoch', $3::timestamptz) + "
		"date_part('epoch', $4::timestamptz)) / 2) LIMIT %d)%s "
		"ORDER BY e.ts, e.host_id, e.n",
		row_select, ENTRY_SAME, row_from + sizeof "fwlog.event" - 1) < 0)
		sql = NULL;
	result = store_add(s, sql, 4, k->value);
	free(sql);
	return result;
}

static int
add_count(struct store *s, const struct key_text *k)
{
	char *sql;
	int result;

	if (asprintf(&sql,
		"SELECT count(*) FROM (SELECT 1 FROM fwlog.event e WHERE " IN_SPAN
		" AND " SAME_ENDS " LIMIT %d) x",
		ENTRY_SAME_COUNTED + 1) < 0)
		sql = NULL;
	result = store_add(s, sql, 4, k->value);
	free(sql);
	return result;
}

/* Those that counted it for sure, or go on at its time about one of its ends. */
static const char alerts_sql[] =
    "SELECT a.alert_id, a.level, a.title FROM fwlog.event e JOIN fwlog.alert_full a ON "
    "a.first_time <= e.ts AND a.last_time >= e.ts WHERE " OF_EVENT
    " AND (EXISTS (SELECT FROM unnest(a.sample_host, a.sample_n) u (host_id, n) WHERE "
    "u.host_id = e.host_id AND u.n = e.n) OR EXISTS (SELECT FROM "
    "json_each_text(a.fields) f WHERE f.value IN (host(e.src), host(e.dst)))) "
    "ORDER BY a.level_number DESC, a.alert_id LIMIT 20";

/* Why it is not there. */
static int
explain(struct visit *v, const struct cursor *key)
{
	struct key_text k;
	int status, r;

	key_of(&k, key, 0);
	r = store_add(v->store,
	    "SELECT next_n > $2::bigint FROM fwlog.host_mark WHERE host_id = $1::int",
	    2, k.value);
	status = visit_status(v, store_run(v->store));
	if (status != 200)
		return status;
	if (store_rows(v->store, r) == 1 && store_text(v->store, r, 0, 0)[0] == 't' &&
	    key->n > 0)
		return visit_refuse(v, 410,
		    "This record was stored once and is past its retention, or its "
		    "time is not the one in the address.");
	return visit_refuse(v, 404, "There never was a record of that number.");
}

static int
read_around(struct visit *v, struct entry *r)
{
	struct range range = {
	    .from = r->key.ts > ENTRY_SPAN ? r->key.ts - ENTRY_SPAN : 0,
	    .to = r->key.ts + ENTRY_SPAN};
	struct key_text k;
	int status;

	key_of(&k, &r->key, 0);
	r->alerts = store_add(v->store, alerts_sql, 4, k.value);
	key_of(&k, &r->key, ENTRY_SPAN);
	ledger_add(&r->ledger, v->store, &range);
	r->around = add_rows(v->store, &k,
	    OF_HOST " AND e.n >= $2::bigint - 20 AND e.n <= $2::bigint + 20 "
		    "AND " IN_SPAN,
	    2 * ENTRY_AROUND + 1);
	r->same = add_same(v->store, &k);
	r->count = add_count(v->store, &k);
	store_end(v->store);
	status = visit_status(v, store_run(v->store));
	if (status == 200 && ledger_read(&r->ledger, v->store) < 0)
		status = 500;
	return status;
}
_Static_assert(ENTRY_AROUND == 20, "the number stands in the query");

int
entry_read(struct visit *v, struct entry *r)
{
	struct key_text k;
	int status = visit_store(v, v->settings->timeout_ms);

	r->ledger = (struct ledger){0};
	if (status != 200)
		return status;
	store_begin(v->store);
	key_of(&k, &r->key, 0);
	r->result = add_rows(v->store, &k, OF_EVENT, 1);
	status = visit_status(v, store_run(v->store));
	if (status != 200)
		return status;
	if (store_rows(v->store, r->result) == 0)
		return explain(v, &r->key);
	r->key = row_cursor(v->store, r->result, 0);
	return read_around(v, r);
}
