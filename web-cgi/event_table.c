/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/event_table.h"

#include <inttypes.h>
#include <string.h>

#include "web-cgi/page.h"

void
record_path(const struct cursor *c, char path[RECORD_PATH_MAX])
{
	snprintf(path, RECORD_PATH_MAX, "/record/%" PRId32 "-%" PRId64 "-%" PRId64,
	    c->host_id, c->n, c->ts);
}

/* The state that records are looked at with: zone and columns, nothing else. */
static struct state
plain_state(const struct visit *v)
{
	struct state st;

	state_default(&st, v->now);
	memcpy(st.tz, v->state.tz, sizeof st.tz);
	return st;
}

static void
time_cell(struct visit *v, const struct row *row, const struct cursor *c)
{
	struct state st = plain_state(v);
	char path[RECORD_PATH_MAX];

	html_raw(&v->html, "<td>");
	record_path(c, path);
	page_link(v, path, &st, "");
	html_time_fine(&v->html, row->ts_us);
	html_raw(&v->html, "</a></td>");
}

static void
mark_of(struct html *h, const char *verdict)
{
	if (strcmp(verdict, "drop") == 0 || strcmp(verdict, "reject") == 0)
		html_raw(h, "■ ");
	else if (strcmp(verdict, "accept") == 0)
		html_raw(h, "▨ ");
}

static void
value_cell(struct visit *v, const char *path, const struct column *column,
    const struct row *row)
{
	const char *value = row->value[column->row];
	struct html *h = &v->html;

	html_raw(h, column->number ? "<td class=\"n\">" : "<td>");
	if (value != NULL && column->row == ROW_I_verdict)
		mark_of(h, value);
	if (value != NULL && path != NULL && column->filter)
		page_value(v, path, column->name, value);
	else if (value != NULL)
		html_text(h, value);
	html_raw(h, "</td>");
}

static void
line(struct visit *v, const char *path, const struct columns *columns,
    const struct row *row, const struct cursor *c)
{
	for (int i = 0; i < columns->count; i++) {
		const struct column *column = &column_table[columns->at[i]];

		if (column->row == ROW_I_time)
			time_cell(v, row, c);
		else
			value_cell(v, path, column, row);
	}
	html_raw(&v->html, "</tr>\n");
}

/* A click on the time turns the order round. */
static void
heading(struct visit *v, const char *path, const struct column *column)
{
	struct html *h = &v->html;
	struct state st = v->state;

	html_raw(
	    h, column->number ? "<th scope=\"col\" class=\"n\"" : "<th scope=\"col\"");
	if (column->row != ROW_I_time || path == NULL) {
		html_raw(h, ">");
		html_text(h, column->title);
		html_raw(h, "</th>");
		return;
	}
	st.oldest_first = !st.oldest_first;
	st.turn = TURN_NONE;
	html_raw(h, v->state.oldest_first ? " aria-sort=\"ascending\">"
					  : " aria-sort=\"descending\">");
	page_link(v, path, &st, "");
	html_raw(h, "time</a> ");
	html_raw(h, v->state.oldest_first ? "▴ " : "▾ ");
	html_text(h, zone_name());
	html_raw(h, "</th>");
}

static void
begin(struct visit *v, const char *path, const char *caption)
{
	struct html *h = &v->html;

	html_raw(h, "<section class=\"events\"><div class=\"wide\" tabindex=\"0\" "
		    "role=\"region\" aria-label=\"");
	html_attr(h, caption);
	html_raw(h, "\"><table><thead><tr>");
	for (int i = 0; i < v->state.columns.count; i++)
		heading(v, path, &column_table[v->state.columns.at[i]]);
	html_raw(h, "</tr></thead><tbody class=\"value\">\n");
}

static void
end(struct visit *v)
{
	html_raw(&v->html, "</tbody></table></div></section>\n");
}

void
event_table(struct visit *v, const char *path, const struct rows *rows)
{
	struct cursor c;
	struct row row;

	begin(v, path, "Events");
	for (int i = 0; i < rows->count; i++) {
		rows_get(rows, v->store, i, &row);
		c = rows_cursor(rows, v->store, i);
		html_raw(&v->html, "<tr>");
		line(v, path, &v->state.columns, &row, &c);
	}
	end(v);
}

void
event_table_plain(
    struct visit *v, const char *caption, int result, const struct cursor *marked)
{
	struct cursor c;
	struct row row;

	begin(v, NULL, caption);
	for (int i = 0; i < store_rows(v->store, result); i++) {
		row_take(v->store, result, i, &row);
		c = row_cursor(v->store, result, i);
		html_raw(&v->html, c.host_id == marked->host_id && c.n == marked->n
				       ? "<tr aria-current=\"true\">"
				       : "<tr>");
		line(v, NULL, &v->state.columns, &row, &c);
	}
	end(v);
}
