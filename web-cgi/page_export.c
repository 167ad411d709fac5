/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as a file. It is complete before its first byte goes out, so that a file that
 * arrives is never half of what was asked for; it waits in an unlinked file, not in
 * memory. Each one is logged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/pcap_row.h"
#include "common/row_write.h"
#include "web-cgi/bindings.h"
#include "web-cgi/export.h"
#include "web-cgi/route.h"
#include "web-cgi/rows.h"

struct export
{
	struct visit *v;
	const char *suffix, *type;
	const char *select, *from;
	store_take *take;
	FILE *to;
	uint64_t rows, skipped;
	/* PCAP: the packet at hand. */
	struct pcap_row row;
	uint8_t record[PCAP_RECORD_MAX];
};

/* ---- rows */

static int
take_csv(void *arg, int result)
{
	struct export *e = arg;
	struct row row;

	row_take(e->v->store, result, 0, &row);
	row_write_csv(&row, e->to);
	e->rows++;
	return ferror(e->to) ? -1 : 0;
}

static int
take_jsonl(void *arg, int result)
{
	struct export *e = arg;
	struct row row;

	row_take(e->v->store, result, 0, &row);
	row_write_json(&row, e->to);
	e->rows++;
	return ferror(e->to) ? -1 : 0;
}

static int
take_pcap(void *arg, int result)
{
	struct export *e = arg;
	const struct store *s = e->v->store;
	const char *value[PCAP_COLUMNS];
	struct pcap_packet packet;
	size_t len;

	for (int c = 0; c < PCAP_COLUMNS; c++)
		value[c] =
		    store_null(s, result, 0, c) ? NULL : store_text(s, result, 0, c);
	packet = pcap_row_packet(&e->row, value);
	len = pcap_put_packet(e->record, PCAP_NFLOG, &packet);
	if (len == 0) {
		e->skipped++;
		return 0;
	}
	e->rows++;
	return fwrite(e->record, 1, len, e->to) == len ? 0 : -1;
}

static void
put_head(struct export *e)
{
	uint8_t header[PCAP_HEADER_SIZE];

	if (e->take == take_csv)
		row_write_csv_titles(e->to);
	if (e->take != take_pcap)
		return;
	pcap_put_header(header, PCAP_NFLOG);
	fwrite(header, 1, sizeof header, e->to);
}

/* ---- the query */

static char *
export_sql(const struct export *e, const struct filter_sql *condition)
{
	const char *way = e->v->state.oldest_first ? "" : "DESC";
	char *text;

	/* Packets stand in the order they came in. */
	if (asprintf(&text,
		"%sSELECT %s FROM %s WHERE " BINDINGS_IN_RANGE
		" AND (%s) ORDER BY e.ts %s, e.host_id %s, e.n %s LIMIT %d%s",
		e->take == take_pcap ? "SELECT * FROM (" : "", e->select, e->from,
		bindings_condition(condition), way, way, way, EXPORT_ROWS_MAX,
		e->take == take_pcap ? ") x ORDER BY time, host_id, n" : "") < 0)
		return NULL;
	return text;
}

static int
run(struct export *e, const struct filter_sql *condition)
{
	const struct range *r = &e->v->state.range;
	enum store_status status = STORE_FAULT;
	struct bindings b;
	char *sql = NULL;

	if (bindings_begin(&b, r->from, r->to, condition) == 0)
		sql = export_sql(e, condition);
	if (sql != NULL)
		status = store_stream(e->v->store, sql, b.count, b.value, e->take, e);
	free(sql);
	bindings_free(&b);
	if (status == STORE_OK && fflush(e->to) != 0)
		status = STORE_STOPPED;
	if (status == STORE_STOPPED)
		log_error("export: no room for the file in %s: %s", P_tmpdir,
		    strerror(errno));
	return visit_status(e->v, status);
}

/* ---- the answer */

/* "fwlog-20260131T140000Z-20260131T150000Z.csv" */
static void
name_file(struct export *e)
{
	const int64_t at[] = {e->v->state.range.from, e->v->state.range.to};
	char text[2][32];

	for (int i = 0; i < 2; i++) {
		time_t t = (time_t)(at[i] / RANGE_SECOND);
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(text[i], sizeof text[i], "%Y%m%dT%H%M%SZ", &tm);
	}
	snprintf(e->v->out.filename, sizeof e->v->out.filename, "fwlog-%s-%s.%s",
	    text[0], text[1], e->suffix);
}

static void
log_export(const struct export *e, int status)
{
	const struct visit *v = e->v;
	char from[RANGE_TIME_TEXT], to[RANGE_TIME_TEXT];

	range_time_text(v->state.range.from, from);
	range_time_text(v->state.range.to, to);
	log_info("export %s by %s: filter '%s' from %s to %s: status %d, %" PRIu64
		 " rows, %" PRIu64 " skipped",
	    e->suffix, v->req->user != NULL ? v->req->user : "nobody", v->state.q, from,
	    to, status, e->rows, e->skipped);
}

static int
export_all(struct export *e)
{
	struct visit *v = e->v;
	struct filter_sql condition = {0};
	int status = visit_store(v, EXPORT_LIMIT_MS);

	if (status != 200)
		return status;
	e->to = tmpfile();
	if (e->to == NULL) {
		log_error("export: %s: %s", P_tmpdir, strerror(errno));
		return 500;
	}
	v->out.file = e->to;
	store_begin(v->store);
	status = visit_condition(v, &condition);
	put_head(e);
	if (status == 200)
		status = run(e, &condition);
	filter_sql_free(&condition);
	return status;
}

static int
export_file(struct export *e)
{
	int status = export_all(e);

	log_export(e, status);
	if (status != 200) {
		if (e->to != NULL)
			fclose(e->to);
		e->v->out.file = NULL;
		return status;
	}
	e->v->out.type = e->type;
	e->v->out.counted = true;
	e->v->out.rows = e->rows;
	e->v->out.skipped = e->skipped;
	name_file(e);
	return 200;
}

int
page_export_csv(struct visit *v)
{
	struct export e = {.v = v,
	    .suffix = "csv",
	    .type = TYPE_CSV,
	    .select = row_select,
	    .from = row_from,
	    .take = take_csv};

	return export_file(&e);
}

int
page_export_jsonl(struct visit *v)
{
	struct export e = {.v = v,
	    .suffix = "jsonl",
	    .type = TYPE_JSONL,
	    .select = row_select,
	    .from = row_from,
	    .take = take_jsonl};

	return export_file(&e);
}

int
page_export_pcap(struct visit *v)
{
	static struct export e; /* its buffers are too large for the stack's taste */

	e = (struct export){.v = v,
	    .suffix = "pcap",
	    .type = TYPE_PCAP,
	    .select = pcap_row_select,
	    .from = pcap_row_from,
	    .take = take_pcap};
	return export_file(&e);
}
