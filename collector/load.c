/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/load.h"

#include <stdlib.h>

#include "collector/allowance.h"
#include "collector/clock.h"
#include "collector/filtered_share.h"
#include "collector/session.h"
#include "common/copyrow.h"
#include "common/rollup.h"

struct load_tools {
	struct dict *dict;
	const struct days *days;
	struct allowance *losses; /* rows of their own */
	struct allowance *aside;  /* bytes in quarantine */
	struct filtered_share *filtered;
	struct batch_reader *reader;
	struct packet packet;
	/* Of the batch being read: 0 not looked up yet, an id, or ~question. */
	int32_t id[DICT_KINDS][BATCH_STRINGS_MAX];
};

struct load_tools *
load_tools_new(struct dict *dict, const struct days *days)
{
	struct load_tools *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->dict = dict;
	t->days = days;
	t->reader = batch_reader_new();
	t->losses = allowance_new(LOSSES_A_DAY);
	t->aside = allowance_new(ASIDE_A_DAY);
	t->filtered = filtered_share_new();
	if (t->reader != NULL && t->losses != NULL && t->aside != NULL &&
	    t->filtered != NULL)
		return t;
	load_tools_free(t);
	return NULL;
}

void
load_tools_free(struct load_tools *t)
{
	if (t == NULL)
		return;
	batch_reader_free(t->reader);
	allowance_free(t->losses);
	allowance_free(t->aside);
	filtered_share_free(t->filtered);
	free(t);
}

void
load_tools_tick(struct load_tools *t, uint64_t now_ms)
{
	allowance_forget(t->losses, now_ms);
	allowance_forget(t->aside, now_ms);
	filtered_share_forget(t->filtered, now_ms);
}

bool
load_may_keep(struct load_tools *t, int32_t host_id, size_t len)
{
	return allowance_take_many(
	    t->aside, host_id, len < ASIDE_ROW_MIN ? ASIDE_ROW_MIN : len, clock_ms());
}

void
load_init(struct load *l)
{
	*l = (struct load){.parts = 0};
}

void
load_clear(struct load *l)
{
	for (size_t i = 0; i < l->parts; i++)
		item_free(l->part[i].item);
	if (l->questions > 0)
		memset(l->slot, 0, l->slots * sizeof *l->slot);
	l->parts = l->streams = l->hosts = l->questions = l->days = 0;
	l->filtered.count = 0;
	l->minutes = 0;
	l->row_len = 0;
	l->units = 0;
}

void
load_free(struct load *l)
{
	load_clear(l);
	free(l->part);
	free(l->stream);
	free(l->host);
	free(l->question);
	free(l->answer);
	free(l->slot);
	filtered_free(&l->filtered);
	losses_free(&l->surplus);
	free(l->row);
	free(l->row_at);
	free(l->fact);
	load_init(l);
}

/* Room for one element more in an array that doubles. */
static int
load_grow(void *array, size_t *size, size_t need, size_t element)
{
	void *old, *grown;
	size_t n = *size == 0 ? 64 : *size;

	if (need <= *size)
		return 0;
	while (n < need)
		n *= 2;
	memcpy(&old, array, sizeof old);
	grown = realloc(old, n * element);
	if (grown == NULL)
		return -1;
	memcpy(array, &grown, sizeof grown);
	*size = n;
	return 0;
}
#define LOAD_GROW(array, size, need) load_grow(&(array), &(size), need, sizeof *(array))

/* ---- strings and days the database must be asked about */

/* Where a question with that hash is, or may go. */
static uint32_t *
load_slot(const struct load *l, const struct load_question *q)
{
	size_t at = (size_t)q->hash & (l->slots - 1);
	const struct load_question *other;

	for (; l->slot[at] != 0; at = (at + 1) & (l->slots - 1)) {
		other = &l->question[l->slot[at] - 1];
		if (other->hash == q->hash && other->kind == q->kind &&
		    other->host_id == q->host_id && other->len == q->len &&
		    memcmp(other->raw, q->raw, q->len) == 0)
			break;
	}
	return &l->slot[at];
}

/* The table has room for one question more. */
static int
load_grow_slots(struct load *l)
{
	size_t slots = l->slots == 0 ? 256 : 2 * l->slots;
	uint32_t *grown;

	if (2 * (l->questions + 1) < l->slots)
		return 0;
	grown = calloc(slots, sizeof *grown);
	if (grown == NULL)
		return -1;
	free(l->slot);
	l->slot = grown;
	l->slots = slots;
	for (size_t i = 0; i < l->questions; i++)
		*load_slot(l, &l->question[i]) = (uint32_t)i + 1;
	return 0;
}

/* ~question, the same for the same string of the same host; 0 without memory. */
static int32_t
load_ask(struct load *l, const struct load_tools *t, enum dict_kind kind,
    int32_t host_id, struct bytes raw)
{
	struct load_question *q;
	uint32_t *slot;

	if (load_grow_slots(l) != 0 ||
	    LOAD_GROW(l->question, l->questions_size, l->questions + 1) != 0 ||
	    LOAD_GROW(l->answer, l->answers_size, l->questions + 1) != 0)
		return 0;
	q = &l->question[l->questions];
	q->kind = kind;
	q->is_new = false;
	q->host_id = host_id;
	q->hash = dict_hash(t->dict, kind, raw);
	q->len = raw.len;
	if (raw.len > 0)
		memcpy(q->raw, raw.p, raw.len);
	slot = load_slot(l, q);
	if (*slot == 0) {
		l->answer[l->questions] = 0;
		*slot = (uint32_t)++l->questions;
	}
	return ~(int32_t)(*slot - 1);
}

/* The id of a string, or ~question; 0 without memory. */
static int32_t
load_string(struct load *l, const struct load_tools *t, enum dict_kind kind,
    int32_t host_id, struct bytes raw)
{
	int32_t id;

	if (raw.len > RECORD_STRING_MAX)
		raw.len = RECORD_STRING_MAX;
	id = dict_find(t->dict, kind, raw);
	return id != 0 ? id : load_ask(l, t, kind, host_id, raw);
}

/* The same of string index of the batch. */
static int32_t
load_id(struct load *l, struct load_tools *t, enum dict_kind kind, int32_t host_id,
    uint32_t index)
{
	int32_t *id = &t->id[kind][index];

	if (*id == 0)
		*id = load_string(
		    l, t, kind, host_id, batch_string(t->reader, (uint16_t)index));
	return *id;
}

static void
load_note_day(struct load *l, const struct load_tools *t, uint64_t ts_us)
{
	uint64_t day = ts_us / DAY_US;

	if (days_known(t->days, day))
		return;
	for (size_t i = 0; i < l->days; i++)
		if (l->day[i] == day)
			return;
	if (l->days < LOAD_DAYS_MAX)
		l->day[l->days++] = day;
	else if (days_near(day, clock_wall_us())) /* many days are no agent's concern */
		l->day[day % LOAD_DAYS_MAX] = day;
}

/* ---- records to rows */

static int
load_set_ids(struct load *l, struct load_tools *t, struct load_part *part, int32_t host,
    struct event *ev)
{
#define SET_ID(dict, name)                                        \
	if (EVENT_HAS(ev, name)) {                                \
		int32_t id = load_id(l, t, dict, host, ev->name); \
		if (id == 0)                                      \
			return -1;                                \
		part->unresolved |= id < 0;                       \
		ev->name = (uint32_t)id;                          \
	}
#define ID_PREFIX(name) SET_ID(DICT_PREFIX, name)
#define ID_IFACE(name) SET_ID(DICT_IFACE, name)
#define ID_NETNS(name) SET_ID(DICT_NETNS, name)
#define ID_TIME(name)
#define ID_I8(name)
#define ID_I4(name)
#define ID_I2(name)
#define ID_INET(name)
#define ID_MAC(name)
#define ID_BYTES(name)
#define COLUMN_ID(kind, name, meaning) ID_##kind(name)
	EVENT_COLUMNS(COLUMN_ID)
	return 0;
}

static int
load_put_row(struct load *l, struct load_tools *t, struct load_part *part, int32_t host,
    const struct record *rec)
{
	struct event ev;

	event_from_record(&ev, &t->packet, rec);
	if (!EVENT_HAS(&ev, ts)) { /* agents give one; a row must have one */
		EVENT_SET(&ev, ts, batch_reader_head(t->reader)->first_ts_us);
		EVENT_SET(&ev, flags, ev.flags | RECORD_F_TS_AGENT);
	}
	if (load_set_ids(l, t, part, host, &ev) != 0)
		return -1;
	if (LOAD_GROW(l->row, l->row_size, l->row_len + copyrow_bound(&ev)) != 0)
		return -1;
	load_note_day(l, t, ev.ts);
	if (ev.ts > part->newest_us)
		part->newest_us = ev.ts;
	rollup_note(&l->fact[l->units], &ev);
	if (l->fact[l->units].minute != l->minute) {
		l->minute = l->fact[l->units].minute;
		l->minutes++;
	}
	l->row_at[l->units++] = (uint32_t)l->row_len;
	l->row_len += copyrow_put(l->row + l->row_len, host, &ev);
	return 0;
}

/* 0, also when the batch turns out not to unpack (part->bad); -1: no memory. */
static int
load_put_rows(
    struct load *l, struct load_tools *t, struct load_part *part, int32_t host)
{
	const struct item *item = part->item;
	struct record rec;
	uint16_t strings;
	int more;

	if (batch_open(t->reader, item->frame + FRAME_HEADER, item->len - FRAME_HEADER,
		&part->bad) != 0)
		return 0;
	part->bad = NULL;
	strings = batch_strings(t->reader);
	for (int kind = 0; kind < DICT_KINDS; kind++)
		memset(t->id[kind], 0, strings * sizeof t->id[kind][0]);
	while ((more = batch_next(t->reader, &rec)) == 1 &&
	       l->units - part->first < item->count)
		if (load_put_row(l, t, part, host, &rec) != 0)
			return -1;
	if (more != 0 || l->units - part->first != item->count)
		part->bad = "batch does not hold the records it announces";
	return 0;
}

/* ---- what filters left out */

/* 0 or -1: no memory. The session has looked whether the frame can be read. */
static int
load_put_filtered(
    struct load *l, const struct load_tools *t, struct load_part *part, int32_t host_id)
{
	const struct item *item = part->item;
	const uint64_t now_ms = clock_ms();
	struct filtered f;
	int32_t prefix;
	const char *why;

	part->filtered = l->filtered.count;
	if (message_get_filtered(
		item->frame + FRAME_HEADER, item->len - FRAME_HEADER, &f, &why) != 0)
		return 0;
	if (filtered_reserve(&l->filtered, f.entries) != 0)
		return -1;
	for (uint16_t i = 0; i < f.entries; i++) {
		part->folded += !filtered_share_take(
		    t->filtered, host_id, &f.entry[i], now_ms, clock_wall_us());
		prefix = f.entry[i].prefix.len == 0 ? 0
						    : load_string(l, t, DICT_PREFIX,
							  host_id, f.entry[i].prefix);
		if (prefix == 0 && f.entry[i].prefix.len > 0)
			return -1;
		filtered_add(&l->filtered, host_id, &f.entry[i], prefix);
	}
	part->filtereds = f.entries;
	return 0;
}

/* ---- parts */

static int
load_find_host(struct load *l, int32_t id, uint32_t *index)
{
	for (size_t i = l->hosts; i-- > 0;)
		if (l->host[i].id == id) {
			*index = (uint32_t)i;
			return 0;
		}
	if (LOAD_GROW(l->host, l->hosts_size, l->hosts + 1) != 0)
		return -1;
	*index = (uint32_t)l->hosts;
	l->host[l->hosts++] = (struct load_host){.id = id};
	return 0;
}

static int
load_find_stream(
    struct load *l, uint32_t host, const struct item *item, uint32_t *index)
{
	size_t i = l->streams;

	while (i-- > 0)
		if (l->stream[i].host == host && l->stream[i].epoch == item->epoch)
			break;
	if (i == SIZE_MAX) {
		if (LOAD_GROW(l->stream, l->streams_size, l->streams + 1) != 0)
			return -1;
		i = l->streams++;
		l->stream[i] = (struct load_stream){.host = host, .epoch = item->epoch};
	}
	*index = (uint32_t)i;
	return 0;
}

/* A unit without a row. */
static void
load_put_nothing(struct load *l, struct load_part *part)
{
	l->units = part->first;
	l->row_at[l->units++] = (uint32_t)l->row_len;
	part->unresolved = false;
	part->newest_us = 0;
}

int
load_add(struct load *l, struct load_tools *t, struct item *item)
{
	int32_t host_id = session_of(item)->host->id;
	struct load_part part = {.item = item, .first = l->units};
	/* A loss is one unit, however many numbers it covers; so is what filters left
	 * out. */
	size_t units = item->kind == ITEM_BATCH ? item->count : 1;
	size_t row_len = l->row_len, questions = l->questions;
	uint32_t host;

	if (LOAD_GROW(l->part, l->parts_size, l->parts + 1) != 0 ||
	    LOAD_GROW(l->row_at, l->row_at_size, l->units + units + 2) != 0 ||
	    LOAD_GROW(l->fact, l->fact_size, l->units + units) != 0 ||
	    load_find_host(l, host_id, &host) != 0 ||
	    load_find_stream(l, host, item, &part.stream) != 0)
		return -1;
	if (item->kind == ITEM_BATCH && load_put_rows(l, t, &part, host_id) != 0) {
		l->units = part.first;
		l->row_len = row_len;
		return -1;
	}
	if (item->kind == ITEM_FILTERED &&
	    load_put_filtered(l, t, &part, host_id) != 0) {
		l->filtered.count = part.filtered;
		return -1;
	}
	part.has_rows = item->kind == ITEM_BATCH && part.bad == NULL;
	if (!part.has_rows) {
		l->row_len = row_len;
		load_put_nothing(l, &part);
	}
	if (part.newest_us > clock_wall_us())
		part.newest_us = clock_wall_us();
	part.units = l->units - part.first;
	l->row_at[l->units] = (uint32_t)l->row_len;
	l->host[host].questions += l->questions - questions;
	if (item->kind == ITEM_LOSS)
		part.is_surplus = !allowance_take(t->losses, host_id, clock_ms());
	else if (part.bad != NULL)
		part.is_surplus = !load_may_keep(t, host_id, item->len);
	if (l->parts == 0)
		l->since_ms = clock_ms();
	l->part[l->parts++] = part;
	/* Only now: the item keeps its session alive as long as the load names it. */
	l->stream[part.stream].session = session_of(item);
	return 0;
}

bool
load_has_room(const struct load *l, int32_t host_id)
{
	for (size_t i = 0; i < l->hosts; i++)
		if (l->host[i].id == host_id)
			return l->host[i].questions < LOAD_QUESTIONS_OF_HOST;
	return true;
}

void
load_resolve(struct load *l)
{
	for (size_t i = 0; i < l->parts; i++) {
		struct load_part *part = &l->part[i];

		if (!part->unresolved)
			continue;
		for (uint32_t u = part->first; u < part->first + part->units; u++)
			copyrow_set_ids(l->row + l->row_at[u], l->answer);
		part->unresolved = false;
	}
	filtered_resolve(&l->filtered, l->answer);
}
