/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/status.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "collector/clock.h"

/*
 * A goodbye that comes late does not unsay a newer connection to another collector.
 */
const char status_sql[] =
    "INSERT INTO fwlog.host_status AS h (host_id, connected, address, software, "
    "system, "
    "last_contact, skew_ms, stats, collector) "
    "SELECT x.host_id, x.connected, x.address, x.software, x.system, x.last_contact, "
    "x.skew_ms, x.stats, x.collector FROM pg_catalog.json_to_recordset($1::json) AS "
    "x(host_id "
    "integer, "
    "connected boolean, address text, software text, system text, "
    "last_contact timestamptz, skew_ms bigint, stats jsonb, collector text) ORDER BY "
    "x.host_id "
    "ON CONFLICT (host_id) DO UPDATE SET connected = EXCLUDED.connected, "
    "address = EXCLUDED.address, software = EXCLUDED.software, "
    "system = EXCLUDED.system, last_contact = EXCLUDED.last_contact, "
    "skew_ms = EXCLUDED.skew_ms, stats = EXCLUDED.stats, "
    "collector = EXCLUDED.collector "
    "WHERE EXCLUDED.connected OR h.collector IS NOT DISTINCT FROM EXCLUDED.collector";

void
status_init(struct status *st)
{
	st->started_us = clock_wall_us();
	TAILQ_INIT(&st->waiting);
	TAILQ_INIT(&st->writing);
}

/* Nothing in it needs quotes. */
void
status_set_collector(struct status *st, const struct options *o)
{
	const char *listen = options_listen(o);
	char machine[65] = "";
	int len;

	if (listen == NULL)
		listen = o->listen_plain;
	(void)gethostname(machine, sizeof machine - 1);
	len = (int)strcspn(listen, " ,\t");
	snprintf(st->collector, sizeof st->collector, "%s %.*s", machine, len, listen);
	for (char *c = st->collector; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr(" .:/_-[]*%@", *c) == NULL)
			*c = '?';
}

void
status_add_cleanup(const struct status *st, struct text *sql)
{
	text_add(sql,
	    "UPDATE fwlog.host_status SET connected = false "
	    "WHERE connected AND collector = '%s' AND last_contact < ",
	    st->collector);
	text_add_time(sql, st->started_us);
}

static void
status_drop(struct status_list *list)
{
	struct host *h;

	while ((h = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, h, status.link);
		host_unref(h);
	}
}

void
status_free(struct status *st)
{
	status_drop(&st->waiting);
	status_drop(&st->writing);
}

void
status_note(struct status *st, struct host *h, bool urgent)
{
	if (urgent)
		h->status.written_ms = 0;
	/* Without an id the database does not know it yet. */
	if (h->id == 0 || h->status.place == STATUS_WAITING)
		return;
	if (h->status.place == STATUS_WRITING) {
		h->status.again = true;
		return;
	}
	host_ref(h);
	h->status.place = STATUS_WAITING;
	TAILQ_INSERT_TAIL(&st->waiting, h, status.link);
}

static bool
status_host_due(const struct host *h, uint64_t now_ms, bool all)
{
	return all || h->status.written_ms == 0 ||
	       now_ms - h->status.written_ms >= STATUS_INTERVAL_MS;
}

bool
status_due(const struct status *st, uint64_t now_ms, bool all)
{
	const struct host *h;

	TAILQ_FOREACH (h, &st->waiting, status.link)
		if (status_host_due(h, now_ms, all))
			return true;
	return false;
}

bool
status_empty(const struct status *st)
{
	return TAILQ_EMPTY(&st->waiting) && TAILQ_EMPTY(&st->writing);
}

static void
status_add(const struct status *st, const struct host *h, struct text *json)
{
	const struct host_status *s = &h->status;

	text_add(json, "%s{\"host_id\":%" PRId32 ",\"connected\":%s,\"address\":",
	    json->len == 1 ? "" : ",", h->id, s->connected ? "true" : "false");
	text_add_json(json, s->address);
	text_add(json, ",\"software\":");
	text_add_json(json, s->software);
	text_add(json, ",\"system\":");
	text_add_json(json, s->system);
	text_add(json, ",\"last_contact\":\"");
	text_add_time_plain(json, s->heard_us);
	text_add(json, "\",\"skew_ms\":%" PRId64 ",\"stats\":{", s->skew_ms);
	for (uint16_t i = 0; i < s->stats.count; i++) {
		text_add(json, i == 0 ? "" : ",");
		text_add_json(json, s->stats.entry[i].name);
		text_add(json, ":%" PRIu64, s->stats.entry[i].value);
	}
	text_add(json, "},\"collector\":");
	text_add_json(json, st->collector);
	text_add(json, "}");
}

void
status_take(struct status *st, uint64_t now_ms, bool all, struct text *json)
{
	struct host *h = TAILQ_FIRST(&st->waiting), *next;
	unsigned taken = 0;

	text_add(json, "[");
	for (; h != NULL && taken < STATUS_HOSTS_MAX; h = next) {
		next = TAILQ_NEXT(h, status.link);
		if (!status_host_due(h, now_ms, all))
			continue;
		TAILQ_REMOVE(&st->waiting, h, status.link);
		TAILQ_INSERT_TAIL(&st->writing, h, status.link);
		h->status.place = STATUS_WRITING;
		h->status.again = false;
		h->status.written_ms = now_ms;
		status_add(st, h, json);
		taken++;
	}
	text_add(json, "]");
}

void
status_done(struct status *st, bool written)
{
	struct host *h;

	while ((h = TAILQ_FIRST(&st->writing)) != NULL) {
		TAILQ_REMOVE(&st->writing, h, status.link);
		h->status.place = STATUS_NOWHERE;
		if (!written || h->status.again)
			status_note(st, h, !written);
		host_unref(h);
	}
}
