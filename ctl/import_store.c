/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/import_store.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/copyrow.h"
#include "common/rollup.h"
#include "common/siphash.h"
#include "ctl/db.h"
#include "ctl/import_names.h"
#include "ctl/import_seen.h"
#include "ctl/session.h"

#define BATCH_ROWS 50000        /* of a transaction */
#define BATCH_BYTES (24u << 20) /* of rows in memory */
#define ROW_MAX (COPYROW_FIXED_MAX + 2 * UINT16_MAX)
#define SEEN_MOST ((size_t)1 << 22) /* keys of a source kept in memory, as a rule */
#define SEEN_MINUTES 120            /* of which none is let go */
#define MINUTE_US UINT64_C(60000000)
#define DAY_US (1440 * MINUTE_US)
#define MINUTES_MOST (UINT64_C(1) << 31) /* the year 6053 */
#define DAYS_KNOWN 4096

struct item {
	uint64_t key;
	uint64_t ts_us;
	uint32_t minute; /* since 1970 */
	uint32_t host;   /* index */
	uint32_t at;     /* in row */
	uint32_t len;
	bool is_new;
};

/* Rows that wait. */
struct batch {
	uint8_t *row; /* of COPY, one after the other */
	size_t row_len;
	struct item *item;
	struct rollup_fact *fact; /* of each item */
	size_t items;
};

/*
 * While a thread stores one batch the next is filled: filling belongs to the caller,
 * all else to the thread from start to join. Who needs it meanwhile waits for the
 * thread.
 */
struct import_store {
	struct db *db;
	struct import_names names;
	struct import_counts *counts;
	uint8_t secret[SIPHASH_KEY_LEN];
	struct batch filling, b; /* b: is being stored */
	pthread_t thread;
	bool runs;
	struct rollup_fact *sorted; /* of the new ones in their order */
	struct rollup *rollup;
	struct text sql;
	uint32_t *order; /* of the new ones, by host and minute */
	size_t orders;
	struct import_seen source; /* keys of the source so far */
	struct import_seen stored; /* keys of the batch's minutes in the database */
	uint32_t newest;           /* minute of the source */
	uint64_t day[DAYS_KNOWN];  /* whose partitions are there */
	size_t days;
	bool broken; /* a transaction failed: nothing more is stored */
	char *text;  /* growing: values of statements */
	size_t text_len, text_size;
};

static int
store_failed(const struct import_store *s, const char *what)
{
	if (strcmp(db_sqlstate(s->db), "42501") != 0)
		return session_failed(what, s->db);
	fprintf(stderr,
	    "fwlogctl: %s: %s; connect as fwlog_ingest or a superuser (--db "
	    "'user=fwlog_ingest')\n",
	    what, db_error(s->db));
	return -1;
}

static int
no_memory(void)
{
	fputs("fwlogctl: out of memory\n", stderr);
	return -1;
}

/* ---- values as text */

static int
text_room(struct import_store *s, size_t more)
{
	size_t size = s->text_size == 0 ? 1u << 16 : s->text_size;
	char *p;

	while (size - s->text_len < more)
		size *= 2;
	if (size == s->text_size)
		return 0;
	p = realloc(s->text, size);
	if (p == NULL)
		return no_memory();
	s->text = p;
	s->text_size = size;
	return 0;
}

/* A piece of fixed length at most; there is room. */
#define TEXT_PUT(s, ...)                    \
	((s)->text_len += (size_t)snprintf( \
	     (s)->text + (s)->text_len, (s)->text_size - (s)->text_len, __VA_ARGS__))

static void
text_put_hex(struct import_store *s, uint64_t key)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = 60; shift >= 0; shift -= 4)
		s->text[s->text_len++] = digits[key >> shift & 15];
	s->text[s->text_len] = '\0';
}

/* ---- opening */

static int
read_secret(struct import_store *s)
{
	char hex[2 * SIPHASH_KEY_LEN + 1];

	if (db_value(s->db,
		"SELECT replace(secret::text, '-', '') FROM fwlog.import_secret", NULL,
		hex, sizeof hex) < 0)
		return store_failed(s, "import");
	for (size_t i = 0; i < SIPHASH_KEY_LEN; i++) {
		unsigned byte = 0;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return store_failed(s, "import_secret");
		s->secret[i] = (uint8_t)byte;
	}
	return 0;
}

static bool
batch_new(struct batch *b)
{
	b->row = malloc(BATCH_BYTES);
	b->item = calloc(BATCH_ROWS, sizeof *b->item);
	b->fact = calloc(BATCH_ROWS, sizeof *b->fact);
	return b->row != NULL && b->item != NULL && b->fact != NULL;
}

static void
batch_free(struct batch *b)
{
	free(b->row);
	free(b->item);
	free(b->fact);
}

/* The thread is done with its batch, the connection is the caller's. */
static void
store_wait(void *arg)
{
	struct import_store *s = arg;

	if (s->runs)
		pthread_join(s->thread, NULL);
	s->runs = false;
}

struct import_store *
import_store_open(const struct args *args)
{
	struct import_store *s = calloc(1, sizeof *s);

	if (s != NULL) {
		s->order = calloc(BATCH_ROWS, sizeof *s->order);
		s->sorted = calloc(BATCH_ROWS, sizeof *s->sorted);
		s->rollup = rollup_new();
		text_init(&s->sql);
	}
	if (s == NULL || s->order == NULL || s->sorted == NULL || s->rollup == NULL ||
	    !batch_new(&s->b) || !batch_new(&s->filling)) {
		no_memory();
		import_store_close(s);
		return NULL;
	}
	s->db = session_open(args);
	if (s->db == NULL || read_secret(s) < 0) {
		import_store_close(s);
		return NULL;
	}
	import_names_init(&s->names, s->db, store_wait, s);
	rollup_keep(s->rollup);
	return s;
}

void
import_store_close(struct import_store *s)
{
	if (s == NULL)
		return;
	store_wait(s);
	if (s->db != NULL)
		import_names_free(&s->names);
	import_seen_free(&s->source);
	import_seen_free(&s->stored);
	db_close(s->db);
	batch_free(&s->b);
	batch_free(&s->filling);
	free(s->order);
	free(s->sorted);
	rollup_free(s->rollup);
	text_free(&s->sql);
	free(s->text);
	free(s);
}

void
import_store_source(struct import_store *s, struct import_counts *counts)
{
	import_seen_clear(&s->source);
	s->newest = 0;
	s->counts = counts;
}

/* ---- partitions: made before the transaction that needs them */

static int
know_day(struct import_store *s, uint64_t day)
{
	char text[48];

	for (size_t i = s->days; i > 0; i--)
		if (s->day[i - 1] == day)
			return 0;
	snprintf(text, sizeof text, "%" PRIu64, day * 86400);
	if (db_value(s->db, "SELECT fwlog.ensure_partition(to_timestamp($1::bigint))",
		text, text, sizeof text) < 0)
		return store_failed(s, "making a partition");
	if (s->days == DAYS_KNOWN)
		s->days = 0;
	s->day[s->days++] = day;
	return 0;
}

static int
know_days(struct import_store *s)
{
	uint64_t last = UINT64_MAX;

	for (size_t i = 0; i < s->b.items; i++) {
		uint64_t day = s->b.item[i].minute / 1440;

		if (day != last && know_day(s, day) < 0)
			return -1;
		last = day;
	}
	return 0;
}

/* ---- the transaction */

static int
lock_marks(struct import_store *s)
{
	struct db_rows *rows;
	const char *params[1];

	if (text_room(s, 16 + s->names.hosts * 12) < 0)
		return -1;
	s->text_len = 0;
	TEXT_PUT(s, "{");
	for (size_t i = 0; i < s->names.hosts; i++)
		if (s->names.host[i].touched)
			TEXT_PUT(s, "%s%" PRId32, s->text_len > 1 ? "," : "",
			    s->names.host[i].id);
	TEXT_PUT(s, "}");
	params[0] = s->text;
	rows = db_query_params(s->db,
	    "SELECT host_id, next_n FROM fwlog.host_mark WHERE host_id = ANY "
	    "($1::int[]) "
	    "ORDER BY host_id FOR UPDATE",
	    params, 1);
	if (rows == NULL)
		return store_failed(s, "locking the marks");
	for (int r = 0; r < db_rows_count(rows); r++)
		import_names_set_next(&s->names, atoi(db_rows_get(rows, r, 0)),
		    strtoll(db_rows_get(rows, r, 1), NULL, 10));
	db_rows_free(rows);
	return 0;
}

/* Which of two keys: those of another host or minute are others. */
static uint64_t
mix_key(uint64_t key, int32_t host_id, uint32_t minute)
{
	uint64_t place = (uint64_t)(uint32_t)host_id << 32 | minute;

	return key ^ place * UINT64_C(0x9e3779b97f4a7c15);
}

static int
take_stored(struct import_store *s, const struct db_rows *rows)
{
	for (int r = 0; r < db_rows_count(rows); r++) {
		int32_t host_id = atoi(db_rows_get(rows, r, 0));
		uint32_t minute = (uint32_t)strtoul(db_rows_get(rows, r, 1), NULL, 10);
		const char *hex = db_rows_get(rows, r, 2);
		char digits[17] = "";

		for (size_t left = strlen(hex); left >= 16; left -= 16, hex += 16) {
			memcpy(digits, hex, 16);
			if (import_seen_add(&s->stored,
				mix_key(strtoull(digits, NULL, 16), host_id, minute),
				minute) == 0)
				return no_memory();
		}
	}
	return 0;
}

static int
compare_places(const void *a, const void *b, void *arg)
{
	const struct import_store *s = arg;
	const struct item *x = &s->b.item[*(const uint32_t *)a];
	const struct item *y = &s->b.item[*(const uint32_t *)b];

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* The items for which `all` or that are new, by host and minute. */
static void
sort_places(struct import_store *s, bool all)
{
	s->orders = 0;
	for (size_t i = 0; i < s->b.items; i++)
		if (all || s->b.item[i].is_new)
			s->order[s->orders++] = (uint32_t)i;
	qsort_r(s->order, s->orders, sizeof *s->order, compare_places, s);
}

static bool
same_place(const struct import_store *s, size_t a, size_t b)
{
	const struct item *x = &s->b.item[s->order[a]], *y = &s->b.item[s->order[b]];

	return x->host == y->host && x->minute == y->minute;
}

/* What of the batch's hosts and minutes is there already. */
static int
read_stored(struct import_store *s)
{
	struct db_rows *rows;
	const char *params[2];
	size_t second;
	int rc;

	import_seen_clear(&s->stored);
	sort_places(s, true);
	if (text_room(s, 32 + s->orders * 24) < 0)
		return -1;
	s->text_len = 0;
	TEXT_PUT(s, "{");
	for (size_t i = 0; i < s->orders; i++)
		if (i == 0 || !same_place(s, i, i - 1))
			TEXT_PUT(s, "%s%" PRId32, i > 0 ? "," : "",
			    s->names.host[s->b.item[s->order[i]].host].id);
	TEXT_PUT(s, "}");
	second = ++s->text_len;
	TEXT_PUT(s, "{");
	for (size_t i = 0; i < s->orders; i++)
		if (i == 0 || !same_place(s, i, i - 1))
			TEXT_PUT(s, "%s%" PRIu32, i > 0 ? "," : "",
			    s->b.item[s->order[i]].minute);
	TEXT_PUT(s, "}");
	params[0] = s->text;
	params[1] = s->text + second;
	rows = db_query_params(s->db,
	    "SELECT s.host_id, w.minute, encode(s.keys, 'hex') FROM fwlog.import_seen s"
	    " JOIN unnest($1::int[], $2::bigint[]) w (host_id, minute)"
	    " ON s.host_id = w.host_id AND s.minute = to_timestamp(w.minute * 60)",
	    params, 2);
	if (rows == NULL)
		return store_failed(s, "reading what is imported");
	rc = take_stored(s, rows);
	db_rows_free(rows);
	return rc;
}

/* Which items are new, and their numbers. */
static int
find_new(struct import_store *s)
{
	for (size_t i = 0; i < s->b.items; i++) {
		struct item *item = &s->b.item[i];
		struct import_host *host = &s->names.host[item->host];
		uint64_t key = mix_key(item->key, host->id, item->minute);
		uint32_t times = import_seen_add(&s->source, key, item->minute);

		if (times == 0)
			return no_memory();
		if (item->minute > s->newest)
			s->newest = item->minute;
		item->is_new = times > import_seen_count(&s->stored, key);
		if (!item->is_new)
			continue;
		copyrow_set_n(s->b.row + item->at, host->next_n++);
		if (item->ts_us > host->newest_us)
			host->newest_us = item->ts_us;
	}
	if (s->source.used > SEEN_MOST && s->newest > SEEN_MINUTES)
		import_seen_forget(&s->source, s->newest - SEEN_MINUTES);
	return 0;
}

static int
copy_new(struct import_store *s)
{
	const char *row = (const char *)s->b.row;

	if (db_copy_begin(s->db, copyrow_sql) < 0 ||
	    db_copy_put(s->db, (const char *)copyrow_header, sizeof copyrow_header) < 0)
		return store_failed(s, "storing");
	for (size_t i = 0; i < s->b.items;) {
		size_t from = s->b.item[i].at, to = from;

		for (; i < s->b.items && s->b.item[i].is_new; i++)
			to += s->b.item[i].len;
		if (to > from && db_copy_put(s->db, row + from, to - from) < 0)
			return store_failed(s, "storing");
		while (i < s->b.items && !s->b.item[i].is_new)
			i++;
	}
	if (db_copy_put(s->db, (const char *)copyrow_trailer, sizeof copyrow_trailer) <
		0 ||
	    db_copy_end(s->db) < 0)
		return store_failed(s, "storing");
	return 0;
}

/* Keys of the new events, a value for each host and minute. */
static int
write_keys(struct import_store *s)
{
	const char *param;
	int rc;

	sort_places(s, false);
	if (text_room(s, 64 + s->orders * 64) < 0)
		return -1;
	s->text_len = 0;
	for (size_t i = 0; i < s->orders; i++) {
		const struct item *item = &s->b.item[s->order[i]];

		if (i == 0 || !same_place(s, i, i - 1))
			TEXT_PUT(s, "%s%" PRId32 " %" PRIu32 " ", i > 0 ? "\n" : "",
			    s->names.host[item->host].id, item->minute);
		text_put_hex(s, item->key);
	}
	param = s->text;
	struct db_rows *rows = db_query_params(s->db,
	    "INSERT INTO fwlog.import_seen AS t (host_id, minute, keys)"
	    " SELECT split_part(v, ' ', 1)::int,"
	    " to_timestamp(split_part(v, ' ', 2)::bigint * 60),"
	    " decode(split_part(v, ' ', 3), 'hex')"
	    " FROM unnest(string_to_array($1, E'\\n')) v"
	    " ON CONFLICT (host_id, minute) DO UPDATE SET keys = t.keys || "
	    "excluded.keys",
	    &param, 1);

	rc = rows != NULL ? 0 : store_failed(s, "noting what is imported");
	db_rows_free(rows);
	return rc;
}

/* The new events in the roll-ups, as they stand in s->order. */
static int
add_rollups(struct import_store *s)
{
	for (size_t i = 0; i < s->orders; i++)
		s->sorted[i] = s->b.fact[s->order[i]];
	rollup_begin(s->rollup);
	for (size_t i = 0, end; i < s->orders; i = end) {
		uint32_t host = s->b.item[s->order[i]].host;

		for (end = i; end < s->orders && s->b.item[s->order[end]].host == host;)
			end++;
		rollup_take(
		    s->rollup, s->names.host[host].id, s->sorted + i, end - i, NULL);
	}
	rollup_end(s->rollup);
	text_clear(&s->sql);
	rollup_add_sql(s->rollup, &s->sql);
	if (s->sql.failed)
		return no_memory();
	if (db_exec(s->db, s->sql.p) < 0)
		return store_failed(s, "counting");
	return 0;
}

static int
move_marks(struct import_store *s)
{
	char id[16], next[24], newest[24];
	const char *const params[] = {id, next, newest};

	for (size_t i = 0; i < s->names.hosts; i++) {
		const struct import_host *host = &s->names.host[i];
		struct db_rows *rows;

		if (!host->touched || host->newest_us == 0)
			continue;
		snprintf(id, sizeof id, "%" PRId32, host->id);
		snprintf(next, sizeof next, "%" PRId64, host->next_n);
		snprintf(newest, sizeof newest, "%" PRIu64, host->newest_us);
		rows = db_query_params(s->db,
		    "UPDATE fwlog.host_mark SET next_n = $2::bigint,"
		    " newest = greatest(newest, to_timestamp($3::bigint / 1e6))"
		    " WHERE host_id = $1::int",
		    params, 3);
		if (rows == NULL)
			return store_failed(s, "moving the marks");
		db_rows_free(rows);
	}
	return 0;
}

static int
store_batch(struct import_store *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->b.items; i++)
		s->names.host[s->b.item[i].host].touched = true;
	if (know_days(s) < 0)
		return -1;
	if (db_exec(s->db, "BEGIN") < 0)
		return store_failed(s, "storing");
	if (lock_marks(s) < 0 || read_stored(s) < 0 || find_new(s) < 0)
		return -1;
	for (size_t i = 0; i < s->b.items; i++)
		count += s->b.item[i].is_new;
	if (count > 0 && (copy_new(s) < 0 || write_keys(s) < 0 || add_rollups(s) < 0 ||
			     move_marks(s) < 0))
		return -1;
	if (db_exec(s->db, "COMMIT") < 0)
		return store_failed(s, "storing");
	if (count > 0)
		rollup_committed(s->rollup);
	s->counts->stored += count;
	s->counts->known += s->b.items - count;
	return 0;
}

static void *
store_thread(void *arg)
{
	struct import_store *s = arg;

	if (store_batch(s) < 0)
		s->broken = true;
	s->b.items = 0;
	s->b.row_len = 0;
	import_names_untouch(&s->names);
	return NULL;
}

/* Hands over what waits; returns when it can be filled again. */
static int
store_hand_over(struct import_store *s)
{
	struct batch full = s->filling;

	store_wait(s);
	if (s->broken)
		return -1;
	if (full.items == 0)
		return 0;
	s->filling = s->b;
	s->b = full;
	s->runs = pthread_create(&s->thread, NULL, store_thread, s) == 0;
	if (!s->runs)
		store_thread(s);
	return 0;
}

int
import_store_flush(struct import_store *s)
{
	int rc = store_hand_over(s);

	store_wait(s);
	return rc < 0 || s->broken ? -1 : 0;
}

/* ---- rows */

bool
import_host_ok(struct span name)
{
	if (name.p == NULL || name.len == 0 || name.len > IMPORT_HOST_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.p[i]) &&
		    memchr("._-", name.p[i], 3) == NULL)
			return false;
	return true;
}

static int
set_names(struct import_store *s, struct import_row *row)
{
	struct event *ev = &row->ev;
	int32_t id[IMPORT_NAMES] = {0};

	for (int i = 0; i < IMPORT_NAMES; i++) {
		if (row->name[i].p == NULL)
			continue;
		id[i] = import_names_id(&s->names, i == IMPORT_PREFIX, row->name[i]);
		if (id[i] < 0)
			return store_failed(s, "entering a name");
	}
	if (id[IMPORT_PREFIX] > 0)
		EVENT_SET(ev, prefix_id, (uint32_t)id[IMPORT_PREFIX]);
	if (id[IMPORT_IN] > 0)
		EVENT_SET(ev, in_id, (uint32_t)id[IMPORT_IN]);
	if (id[IMPORT_OUT] > 0)
		EVENT_SET(ev, out_id, (uint32_t)id[IMPORT_OUT]);
	if (id[IMPORT_PHYSIN] > 0)
		EVENT_SET(ev, physin_id, (uint32_t)id[IMPORT_PHYSIN]);
	if (id[IMPORT_PHYSOUT] > 0)
		EVENT_SET(ev, physout_id, (uint32_t)id[IMPORT_PHYSOUT]);
	return 0;
}

int
import_store_add(struct import_store *s, struct import_row *row, struct span text,
    struct import_why *why)
{
	struct item *item;
	int host;

	if (!import_host_ok(row->host)) {
		import_reject(why,
		    row->host.p == NULL ? "no host in it; --host NAME says which"
					: "no name of a host; --host NAME says which",
		    row->host.p, row->host.len);
		return 1;
	}
	if (row->ev.ts / MINUTE_US >= MINUTES_MOST) {
		import_reject(why, "a time that cannot be", NULL, 0);
		return 1;
	}
	if ((s->filling.items == BATCH_ROWS ||
		BATCH_BYTES - s->filling.row_len < ROW_MAX) &&
	    store_hand_over(s) < 0)
		return -1;
	host = import_names_host(&s->names, row->host);
	if (host < 0)
		return store_failed(s, "entering a host");
	if (set_names(s, row) < 0)
		return -1;
	item = &s->filling.item[s->filling.items++];
	*item = (struct item){
	    .key = siphash(s->secret, text.p, text.len),
	    .ts_us = row->ev.ts,
	    .minute = (uint32_t)(row->ev.ts / MINUTE_US),
	    .host = (uint32_t)host,
	    .at = (uint32_t)s->filling.row_len,
	};
	item->len = (uint32_t)copyrow_put(
	    s->filling.row + s->filling.row_len, s->names.host[host].id, &row->ev);
	s->filling.row_len += item->len;
	rollup_note(&s->filling.fact[s->filling.items - 1], &row->ev);
	return 0;
}

int
import_store_note(
    struct import_store *s, const char *kind, const char *source, int64_t started_us)
{
	const struct import_counts *c = s->counts;
	const uint64_t count[] = {c->read, c->stored, c->known, c->other, c->rejected};
	char text[6][24];
	const char *params[8] = {kind, source};
	struct db_rows *rows;

	snprintf(text[5], sizeof text[5], "%" PRId64, started_us);
	params[2] = text[5];
	for (int i = 0; i < 5; i++) {
		snprintf(text[i], sizeof text[i], "%" PRIu64, count[i]);
		params[3 + i] = text[i];
	}
	rows = db_query_params(s->db,
	    "INSERT INTO fwlog.import (kind, source, started, read, stored, known, "
	    "other,"
	    " rejected) VALUES ($1, $2, to_timestamp($3::bigint / 1e6), $4, $5, $6, "
	    "$7, $8)",
	    params, 8);
	if (rows == NULL)
		return store_failed(s, source);
	db_rows_free(rows);
	return 0;
}
