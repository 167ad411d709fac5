/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "collector/clock.h"
#include "collector/load.h"
#include "common/copyrow.h"
#include "common/planted.h"
#include "common/rollup.h"

void
load_begin(struct load *l, uint32_t lo, uint32_t hi)
{
	size_t i = 0;

	l->lo = lo;
	l->hi = hi;
	l->unkept = false;
	while (i < l->parts && l->part[i].first + l->part[i].units <= lo)
		i++;
	l->part_lo = i;
	while (i < l->parts && l->part[i].first < hi)
		i++;
	l->part_hi = i;
	for (i = 0; i < l->hosts; i++)
		l->host[i].next_n = l->host[i].next_before = 0;
	for (i = 0; i < l->streams; i++) {
		l->stream[i].mark = l->stream[i].mark_before = 0;
		l->stream[i].touched = l->stream[i].broken = false;
	}
}

void
load_begin_sql(const struct load *l, struct text *sql)
{
	/* Marks must be read with a snapshot taken after the lock was had. */
	text_add(sql, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
		      "SET LOCAL synchronous_commit = on;"
		      "SELECT host_id, next_n FROM fwlog.host_mark WHERE host_id IN (");
	for (size_t i = 0; i < l->hosts; i++)
		text_add(sql, "%s%" PRId32, i == 0 ? "" : ",", l->host[i].id);
	text_add(sql,
	    ") ORDER BY host_id FOR UPDATE;"
	    "SELECT host_id, epoch, seq FROM fwlog.stream WHERE (host_id, epoch) IN (");
	for (size_t i = 0; i < l->streams; i++)
		text_add(sql, "%s(%" PRId32 ",%" PRIu64 ")", i == 0 ? "" : ",",
		    l->host[l->stream[i].host].id, l->stream[i].epoch);
	text_add(sql, ");%s", copyrow_sql);
}

static struct load_host *
load_host(struct load *l, int32_t id)
{
	for (size_t i = 0; i < l->hosts; i++)
		if (l->host[i].id == id)
			return &l->host[i];
	return NULL;
}

void
load_set_next(struct load *l, int32_t host_id, int64_t next_n)
{
	struct load_host *h = load_host(l, host_id);

	if (h != NULL)
		h->next_n = h->next_before = next_n;
}

void
load_set_mark(struct load *l, int32_t host_id, uint64_t epoch, uint64_t mark)
{
	for (size_t i = 0; i < l->streams; i++) {
		struct load_stream *s = &l->stream[i];

		if (l->host[s->host].id == host_id && s->epoch == epoch)
			s->mark = s->mark_before = mark;
	}
}

static void
load_plan_part(struct load *l, struct load_part *part)
{
	const struct item *item = part->item;
	struct load_stream *s = &l->stream[part->stream];
	uint32_t a = part->first > l->lo ? part->first : l->lo;
	uint32_t b =
	    part->first + part->units < l->hi ? part->first + part->units : l->hi;
	uint64_t first = item->first_seq, last = item->first_seq + item->count - 1;

	if (part->has_rows) {
		last = first + (b - 1 - part->first);
		first += a - part->first;
	}
	part->from = part->to = a;
	part->new_count = 0;
	s->touched = true;
	if (planted(skip_mark) && first <= s->mark)
		s->mark = first - 1;
	if (first > s->mark + 1)
		s->broken = true;
	if (s->broken || last <= s->mark)
		return;
	part->new_first = s->mark + 1;
	part->new_count = last - s->mark;
	if (part->has_rows) {
		part->from = a + (uint32_t)(part->new_first - first);
		part->to = b;
	}
	s->mark = last;
}

void
load_plan(struct load *l)
{
	for (size_t i = 0; i < l->streams; i++)
		l->stream[i].broken = l->host[l->stream[i].host].next_n == 0;
	for (size_t i = 0; i < l->hosts; i++)
		l->host[i].newest_us = 0;
	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		struct load_part *part = &l->part[i];
		struct load_host *h = &l->host[l->stream[part->stream].host];

		load_plan_part(l, part);
		if (part->from < part->to && part->newest_us > h->newest_us)
			h->newest_us = part->newest_us;
	}
	l->copy_part = l->part_lo;
	l->copy_unit = l->part_lo < l->part_hi ? l->part[l->part_lo].from : 0;
}

void
load_skip_rows(struct load *l)
{
	for (size_t i = l->part_lo; i < l->part_hi; i++)
		l->part[i].to = l->part[i].from;
}

void
load_roll_up(const struct load *l, struct rollup *r)
{
	rollup_begin(r);
	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		const struct load_part *part = &l->part[i];

		if (part->from < part->to)
			rollup_take(r, l->host[l->stream[part->stream].host].id,
			    l->fact + part->from, part->to - part->from, l->answer);
	}
	rollup_end(r);
}

size_t
load_rows(struct load *l, size_t max, const uint8_t **data)
{
	struct load_part *part;
	struct load_host *h;
	uint32_t start, u;

	while (l->copy_part < l->part_hi && l->copy_unit >= l->part[l->copy_part].to)
		if (++l->copy_part < l->part_hi)
			l->copy_unit = l->part[l->copy_part].from;
	if (l->copy_part >= l->part_hi)
		return 0;
	part = &l->part[l->copy_part];
	h = &l->host[l->stream[part->stream].host];
	start = u = l->copy_unit;
	do
		copyrow_set_n(l->row + l->row_at[u++], h->next_n++);
	while (u < part->to && l->row_at[u] - l->row_at[start] < max);
	l->copy_unit = u;
	*data = l->row + l->row_at[start];
	return l->row_at[u] - l->row_at[start];
}

/* ---- the end of the transaction */

static void
load_add_loss(const struct load *l, const struct load_part *part,
    const struct loss *loss, struct text *sql)
{
	text_add(sql, "(%" PRId32 ",%" PRIu64 ",%" PRIu64 ",",
	    l->host[l->stream[part->stream].host].id, part->item->epoch,
	    part->new_first);
	text_add_time(sql, loss->from_us);
	text_add(sql, ",");
	text_add_time(sql, loss->to_us);
	text_add(sql, ",'%s',", loss_cause_name(loss->cause));
	if (loss->records == LOSS_RECORDS_UNKNOWN)
		text_add(sql, "NULL");
	else
		text_add(sql, "%" PRIu64, loss->records);
	/* No binding: no group is concerned. */
	if (loss->bind_id == 0 && loss->cause != LOSS_QUARANTINED)
		text_add(sql, ",NULL)");
	else
		text_add(sql, ",%u)", loss->group);
}

static struct loss
load_quarantined(const struct load *l, const struct load_part *part)
{
	const struct item *item = part->item;
	struct loss loss = {.cause = LOSS_QUARANTINED, .records = part->new_count};
	struct batch_head head;
	const char *why;

	if (part->filtereds > 0) {
		loss.from_us = l->filtered.row[part->filtered].minute_us;
		loss.to_us = loss.from_us + MINUTE_US - 1;
		loss.records =
		    filtered_records(&l->filtered, part->filtered, part->filtereds);
	} else if (item->kind == ITEM_LOSS) {
		loss.from_us = item->loss.from_us;
		loss.to_us = item->loss.to_us;
		loss.group = item->loss.group;
	} else if (batch_peek(item->frame + FRAME_HEADER, item->len - FRAME_HEADER,
		       &head, &why) == 0) {
		loss.from_us = head.first_ts_us;
		loss.to_us = head.last_ts_us;
		loss.group = head.source.group;
	}
	return loss;
}

/* What is missing of the part: whether anything is. */
static bool
load_loss(
    const struct load *l, const struct load_part *part, bool aside, struct loss *loss)
{
	if (part->new_count == 0)
		return false;
	if (aside || (part->item->kind == ITEM_BATCH && !part->has_rows))
		*loss = load_quarantined(l, part);
	else if (part->item->kind == ITEM_LOSS)
		*loss = part->item->loss;
	else
		return false;
	return true;
}

/* Whether a loss is told in a row with others. */
static bool
load_is_merged(const struct load *l, const struct load_part *part)
{
	return l->unkept || part->is_surplus;
}

static void
load_add_losses(const struct load *l, bool aside, struct text *sql)
{
	bool any = false;
	struct loss loss;

	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		const struct load_part *part = &l->part[i];

		if (load_is_merged(l, part) || !load_loss(l, part, aside, &loss))
			continue;
		text_add(sql, any ? ","
				  : "INSERT INTO fwlog.loss (host_id, epoch, seq, "
				    "from_ts, to_ts, "
				    "cause, records, nflog_group) VALUES ");
		any = true;
		load_add_loss(l, part, &loss, sql);
	}
	/* There already when the marks were restored from an older backup. */
	if (any)
		text_add(sql, " ON CONFLICT DO NOTHING;");
}

static void
load_add_surplus(struct load *l, bool aside, struct text *sql)
{
	const uint64_t now_us = clock_wall_us();
	struct loss loss;

	losses_begin(&l->surplus);
	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		const struct load_part *part = &l->part[i];

		if (load_is_merged(l, part) && load_loss(l, part, aside, &loss) &&
		    losses_add(&l->surplus, l->host[l->stream[part->stream].host].id,
			part->item->epoch, &loss, now_us) < 0)
			sql->failed = true;
	}
	losses_sql(&l->surplus, sql);
}

static void
load_add_filtered(struct load *l, struct text *sql)
{
	filtered_begin(&l->filtered);
	for (size_t i = l->part_lo; i < l->part_hi; i++)
		if (l->part[i].new_count > 0)
			filtered_take(
			    &l->filtered, l->part[i].filtered, l->part[i].filtereds);
	filtered_sql(&l->filtered, sql);
}

static void
load_add_marks(const struct load *l, struct text *sql)
{
	bool any = false;

	for (size_t i = 0; i < l->streams; i++) {
		const struct load_stream *s = &l->stream[i];

		if (s->mark == s->mark_before)
			continue;
		text_add(sql, "%s(%" PRId32 ",%" PRIu64 ",%" PRIu64 ",now())",
		    any ? ","
			: "INSERT INTO fwlog.stream (host_id, epoch, seq, updated) "
			  "VALUES ",
		    l->host[s->host].id, s->epoch, s->mark);
		any = true;
	}
	if (any)
		text_add(sql,
		    " ON CONFLICT (host_id, epoch) DO UPDATE SET seq = EXCLUDED.seq, "
		    "updated = EXCLUDED.updated;");
}

static void
load_add_hosts(const struct load *l, struct text *sql)
{
	bool any = false;

	for (size_t i = 0; i < l->hosts; i++) {
		const struct load_host *h = &l->host[i];

		if (h->next_n == h->next_before)
			continue;
		text_add(sql, "%s(%" PRId32 ",%" PRId64 ",timestamptz ",
		    any ? ","
			: "UPDATE fwlog.host_mark m SET next_n = v.next_n, "
			  "newest = greatest(m.newest, v.newest) FROM (VALUES ",
		    h->id, h->next_n);
		text_add_time(sql, h->newest_us);
		text_add(sql, ")");
		any = true;
	}
	if (any)
		text_add(
		    sql, ") v (host_id, next_n, newest) WHERE m.host_id = v.host_id;");
}

void
load_commit_sql(struct load *l, bool aside, struct text *sql)
{
	load_add_losses(l, aside, sql);
	load_add_surplus(l, aside, sql);
	if (!aside)
		load_add_filtered(l, sql);
	load_add_marks(l, sql);
	load_add_hosts(l, sql);
	text_add(sql, "COMMIT");
}

uint32_t
load_split(const struct load *l, uint32_t lo, uint32_t hi)
{
	uint32_t middle = lo + (hi - lo) / 2, best = 0;

	for (size_t i = 0; i < l->parts; i++) {
		uint32_t at = l->part[i].first;

		if (at > lo && at < hi &&
		    (best == 0 || (at < middle ? middle - at : at - middle) <
				      (best < middle ? middle - best : best - middle)))
			best = at;
	}
	return best != 0 ? best : middle;
}
