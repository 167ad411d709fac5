/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event: all its fields, its bytes, what was around it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/record.h"
#include "common/row_write.h"
#include "common/text.h"
#include "web-cgi/entry.h"
#include "web-cgi/event_table.h"
#include "web-cgi/page.h"
#include "web-cgi/route.h"

#define DUMP_WIDTH 16

/* ---- fields */

/* Where a value leads: the hour around the event. */
static void
set_range(struct visit *v, const struct entry *r)
{
	char zone[ZONE_NAME_MAX + 1];

	memcpy(zone, v->state.tz, sizeof zone);
	v->state = state_with_range(
	    &v->state, r->key.ts - ENTRY_SPAN / 2, r->key.ts + ENTRY_SPAN / 2);
	memcpy(v->state.tz, zone, sizeof zone);
}

static const struct column *
column_of(int c)
{
	for (const struct column *k = column_table; k->name != NULL; k++)
		if ((int)k->row == c && k->filter)
			return k;
	return NULL;
}

static void
field_line(struct visit *v, const struct row *row, int c)
{
	const struct column *column = column_of(c);
	struct html *h = &v->html;

	html_raw(h, "<tr><th scope=\"row\">");
	html_text(h, row_info[c].name);
	html_raw(h, "</th><td class=\"value\">");
	if (c == ROW_I_time)
		html_time_fine(h, row->ts_us);
	else if (column != NULL)
		page_value(v, "/events", column->name, row->value[c]);
	else
		html_text(h, row->value[c]);
	html_raw(h, "</td></tr>\n");
}

static void
fields(struct visit *v, const struct row *row)
{
	struct html *h = &v->html;

	html_raw(h, "<section><h2>Fields</h2>\n<table class=\"list fields\"><tbody>\n");
	for (int c = 0; c < ROW_COLUMN_COUNT; c++)
		if (row->value[c] != NULL && row_info[c].kind != ROW_BYTES)
			field_line(v, row, c);
	html_raw(h, "</tbody></table></section>\n");
}

/* ---- bytes */

static void
dump_line(struct html *h, const uint8_t *bytes, size_t at, size_t len)
{
	char text[DUMP_WIDTH + 1];
	size_t n = len - at < DUMP_WIDTH ? len - at : DUMP_WIDTH;

	html_f(h, "%04zx ", at);
	for (size_t i = 0; i < DUMP_WIDTH; i++) {
		html_raw(h, i == DUMP_WIDTH / 2 ? "  " : " ");
		if (i < n)
			html_f(h, "%02x", bytes[at + i]);
		else
			html_raw(h, "  ");
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t c = bytes[at + i];

		text[i] = c >= 0x20 && c < 0x7f ? (char)c : '.';
	}
	text[n] = '\0';
	html_raw(h, "  ");
	html_text(h, text);
	html_raw(h, "\n");
}

static void
dump(struct html *h, const char *title, const char *hex)
{
	uint8_t bytes[RECORD_PAYLOAD_MAX];
	size_t len;

	if (hex == NULL)
		return;
	len = text_unhex(hex, bytes, sizeof bytes);
	html_raw(h, "<section><h2>");
	html_raw(h, title);
	html_f(h, " <small>%zu bytes</small></h2>\n<pre class=\"dump\" tabindex=\"0\">",
	    len);
	for (size_t at = 0; at < len; at += DUMP_WIDTH)
		dump_line(h, bytes, at, len);
	html_raw(h, "</pre></section>\n");
}

/* ---- what leads on */

/* Events of the same ends as a filter; the empty text when there is none. */
static void
same_filter(const struct row *row, char q[SEARCH_TEXT])
{
	static const struct {
		const char *field;
		enum row_column row;
	} parts[] = {{"src", ROW_I_src_ip}, {"dst", ROW_I_dst_ip},
	    {"proto", ROW_I_protocol_number}, {"sport", ROW_I_src_port},
	    {"dport", ROW_I_dst_port}};
	char term[SEARCH_TEXT];
	size_t len = 0;

	q[0] = '\0';
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (row->value[parts[i].row] == NULL ||
		    search_term(parts[i].field, row->value[parts[i].row], term) < 0)
			continue;
		len += (size_t)snprintf(
		    q + len, SEARCH_TEXT - len, "%s%s", len > 0 ? " " : "", term);
	}
}

/* Exactly this event, in a range of one second. */
static struct state
state_of(const struct visit *v, const struct entry *r)
{
	struct state st = state_with_range(&v->state, r->key.ts, r->key.ts + 1);
	char q[64];

	snprintf(q, sizeof q, "id:%" PRId32 "-%" PRId64, r->key.host_id, r->key.n);
	return state_with_filter(&st, q);
}

static void
leads(struct visit *v, const struct entry *r)
{
	struct html *h = &v->html;
	struct state st = state_of(v, r);

	html_raw(h, "<p class=\"exports\">");
	page_link(v, "/events", &v->state, "");
	html_raw(h, "All events around it</a> · ");
	page_link(v, "/api/events", &st, "");
	html_raw(h, "JSON</a> · ");
	page_link(v, "/export.pcap", &st, "");
	html_raw(h, "PCAP</a></p>\n");
}

static void
same(struct visit *v, const struct entry *r, const struct row *row)
{
	uint64_t n = store_count(v->store, r->count, 0, 0);
	struct html *h = &v->html;
	char q[SEARCH_TEXT];
	struct state st;

	if (row->value[ROW_I_src_ip] == NULL)
		return;
	same_filter(row, q);
	st = state_with_filter(&v->state, q);
	html_raw(h, "<h2>Same connection, both directions <small>");
	html_count(h, n > ENTRY_SAME_COUNTED ? ENTRY_SAME_COUNTED : n);
	html_raw(h, n > ENTRY_SAME_COUNTED ? "+ within an hour" : " within an hour");
	html_f(
	    h, n > ENTRY_SAME ? ", the nearest %d</small> " : "</small> ", ENTRY_SAME);
	page_link(v, "/events", &st, "");
	html_raw(h, "this direction as a filter</a></h2>\n");
	event_table_plain(v, "Same connection", r->same, &r->key);
}

static void
alerts(struct visit *v, int r)
{
	struct html *h = &v->html;
	char path[64];

	if (store_rows(v->store, r) == 0)
		return;
	html_raw(h, "<p class=\"exports\">Alerts about it:");
	for (int i = 0; i < store_rows(v->store, r); i++) {
		snprintf(
		    path, sizeof path, "/alerts/%s", store_text(v->store, r, i, 0));
		html_raw(h, i > 0 ? ", " : " ");
		page_link(v, path, NULL, "");
		html_text(h, store_text(v->store, r, i, 2));
		html_raw(h, "</a> ");
		html_text(h, store_text(v->store, r, i, 1));
	}
	html_raw(h, "</p>\n");
}

static void
write_all(struct visit *v, const struct entry *r)
{
	struct html *h = &v->html;
	char title[64];
	struct row row;

	row_take(v->store, r->result, 0, &row);
	set_range(v, r);
	snprintf(title, sizeof title, "Record %" PRId32 "-%" PRId64, r->key.host_id,
	    r->key.n);
	page_begin(v, title, "/events");
	html_raw(h, "<div class=\"range\"><h1>");
	html_text(h, title);
	html_raw(h, "</h1> <span>");
	html_text(h, row.value[ROW_I_host] != NULL ? row.value[ROW_I_host] : "");
	html_raw(h, ", ");
	html_time_fine(h, row.ts_us);
	html_raw(h, " ");
	html_text(h, zone_name());
	html_raw(h, "</span></div>\n");
	leads(v, r);
	page_completeness(v, &r->ledger);
	alerts(v, r->alerts);
	html_raw(h, "<div class=\"tops\">\n");
	fields(v, &row);
	html_raw(h, "<div>\n");
	dump(h, "Packet", row.value[ROW_I_payload]);
	dump(h, "Link-layer header", row.value[ROW_I_hw_header]);
	if (row.value[ROW_I_payload] == NULL)
		html_raw(h, "<section class=\"empty\">The agent sent no bytes of this "
			    "packet.</section>\n");
	html_raw(h, "</div>\n</div>\n<h2>Around it on the same host "
		    "<small>within an hour</small></h2>\n");
	event_table_plain(v, "Around it on the same host", r->around, &r->key);
	same(v, r, &row);
	page_end(v);
}

int
page_record(struct visit *v)
{
	struct entry r = {0};
	int status;

	if (entry_parse(v->rest, &r.key) < 0)
		return visit_refuse(v, 404,
		    "A record is named by host and number, like /record/3-1042.");
	status = entry_read(v, &r);
	if (status == 200)
		write_all(v, &r);
	ledger_free(&r.ledger);
	return status;
}
