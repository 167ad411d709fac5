/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "collector/clock.h"
#include "collector/sink_internal.h"
#include "common/copyrow.h"

#define COPY_CHUNK (64u << 10) /* bytes handed to the connection at once */

/* ---- the transaction */

static void
commit_begin(struct sink *s)
{
	uint32_t hi = s->end[s->ends - 1];

	load_resolve(s->flying);
	load_begin(s->flying, s->lo, hi);
	text_clear(&s->sql);
	load_begin_sql(s->flying, &s->sql);
	s->results = 0;
	s->planned = false;
	s->committed = false;
	s->aside_part = s->flying->part_lo;
	s->begun_us = clock_us();
	sink_enter_state(s, SINK_COPYING);
	pg_query(s->pg, s->sql.failed ? "no memory" : s->sql.p, sink_timeout(s));
}

void
sink_fly(struct sink *s)
{
	s->flying = s->filling;
	s->filling = s->flying == &s->loads[0] ? &s->loads[1] : &s->loads[0];
	s->due = false;
	evtimer_del(s->close);
	s->lo = 0;
	s->end[0] = s->flying->units;
	s->ends = 1;
	s->poison = false;
	s->flights++;
	sink_ask_begin(s);
	sink_wake(s);
	sink_go_on(s);
}

void
sink_go_on(struct sink *s)
{
	if (!sink_ask_next(s))
		commit_begin(s);
}

static void
commit_take_marks(struct sink *s, const struct pg_result *r)
{
	struct load *l = s->flying;
	int rows = pg_rows(r);

	if (rows < 0)
		return;
	for (int i = 0; i < rows; i++) {
		int32_t host_id = (int32_t)pg_int(r, i, 0);

		if (s->results == 0)
			load_set_next(l, host_id, pg_int(r, i, 1));
		else
			load_set_mark(l, host_id, (uint64_t)pg_int(r, i, 1),
			    (uint64_t)pg_int(r, i, 2));
	}
	s->results++;
}

/* The one unit that is refused; it is put aside if its host has not had its share. */
static void
commit_skip(struct sink *s)
{
	struct load *l = s->flying;
	const struct load_part *part = &l->part[l->part_lo];
	size_t len = part->has_rows ? ASIDE_ROW_MIN : part->item->len;

	load_skip_rows(l);
	l->unkept =
	    part->new_count > 0 &&
	    !load_may_keep(s->tools, l->host[l->stream[part->stream].host].id, len);
}

void
sink_commit_room(struct sink *s)
{
	const uint8_t *data;
	size_t len;
	int room = 1;

	if (!s->planned) {
		s->planned = true;
		load_plan(s->flying);
		if (s->poison)
			commit_skip(s);
		room = pg_copy(s->pg, copyrow_header, sizeof copyrow_header);
	}
	while (room == 1) {
		len = load_rows(s->flying, COPY_CHUNK, &data);
		if (len == 0) {
			load_roll_up(s->flying, s->rollup);
			if (pg_copy(s->pg, copyrow_trailer, sizeof copyrow_trailer) >=
			    0)
				pg_copy_end(s->pg);
			return;
		}
		room = pg_copy(s->pg, data, len);
	}
}

/* ---- quarantine */

static const struct load_part *
commit_next_aside(struct sink *s)
{
	struct load *l = s->flying;

	while (s->aside_part < l->part_hi) {
		const struct load_part *part = &l->part[s->aside_part++];
		bool bad = part->item->kind == ITEM_BATCH && !part->has_rows;

		if (part->new_count == 0 || !(bad || s->poison))
			continue;
		s->quarantined += part->new_count;
		if (!l->unkept && !part->is_surplus)
			return part;
		s->unkept += part->new_count;
	}
	return NULL;
}

static void
commit_set_aside(struct sink *s, const struct load_part *part)
{
	const struct load *l = s->flying;
	const struct item *item = part->item;
	struct bytes_view raw = {item->frame, item->len};
	const char *why = part->bad != NULL ? part->bad : s->poison_why;
	char host[16], epoch[24], first[24], count[24];
	struct pg_param param[] = {{.value = host}, {.value = epoch}, {.value = first},
	    {.value = count}, {.value = why}, {.binary = true}};

	if (part->has_rows)
		raw =
		    aside_record(s->aside, item->frame, item->len, l->lo - part->first);
	snprintf(
	    host, sizeof host, "%" PRId32, l->host[l->stream[part->stream].host].id);
	snprintf(epoch, sizeof epoch, "%" PRIu64, item->epoch);
	snprintf(first, sizeof first, "%" PRIu64, part->new_first);
	snprintf(count, sizeof count, "%" PRIu64,
	    part->new_count > INT32_MAX ? INT32_MAX : part->new_count);
	param[5].value = raw.p;
	param[5].len = raw.len;
	log_limited(&s->aside_limit, LOG_LEVEL_WARN,
	    "%s: %" PRIu64 " records from number %" PRIu64 " go to quarantine: %s",
	    session_of(item)->text, part->new_count, part->new_first, why);
	sink_enter_state(s, SINK_SETTING_ASIDE);
	pg_ask(s->pg,
	    "INSERT INTO fwlog.quarantine (host_id, epoch, first_seq, records, reason, "
	    "raw) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
	    param, 6, sink_timeout(s));
}

static void
commit_end(struct sink *s)
{
	const struct load_part *part = commit_next_aside(s);

	if (part != NULL) {
		commit_set_aside(s, part);
		return;
	}
	text_clear(&s->sql);
	rollup_add_sql(s->rollup, &s->sql);
	load_commit_sql(s->flying, s->poison, &s->sql);
	s->ending_us = clock_us();
	sink_enter_state(s, SINK_COMMITTING);
	pg_query(s->pg, s->sql.failed ? "no memory" : s->sql.p, sink_timeout(s));
}

/* ---- after COMMIT */

static void
commit_count(struct sink *s)
{
	const struct load *l = s->flying;
	struct metrics *m = s->env->metrics;
	uint64_t now_us = clock_us();

	m->commits++;
	metric_observe(&m->commit, now_us - s->ending_us);
	metric_observe(&m->transaction, now_us - s->begun_us);
	m->quarantined += s->quarantined;
	m->quarantine_full += s->unkept;
	s->quarantined = s->unkept = 0;
	for (size_t i = l->part_lo; i < l->part_hi; i++) {
		const struct load_part *part = &l->part[i];

		metric_observe(&m->batch, now_us - part->item->came_us);
		m->rows += part->to - part->from;
		if (part->item->kind == ITEM_LOSS && part->new_count > 0) {
			m->losses++;
			m->losses_merged += part->is_surplus;
		}
		if (part->new_count > 0)
			m->filtered_merged += part->folded;
		if (part->new_count > 0)
			m->filtered += filtered_records(
			    &l->filtered, part->filtered, part->filtereds);
		if (part->has_rows && part->new_count == 0)
			m->duplicates += part->units;
	}
}

static void
commit_acknowledge(struct sink *s)
{
	const struct load *l = s->flying;

	for (size_t i = 0; i < l->streams; i++) {
		const struct load_stream *stream = &l->stream[i];

		if (!stream->touched)
			continue;
		if (stream->broken)
			session_close(stream->session,
			    "the database's mark is not where it was: connect again");
		else
			session_ack(stream->session, stream->epoch, stream->mark);
	}
}

static void
commit_succeed(struct sink *s)
{
	sink_succeeded(s);
	rollup_committed(s->rollup);
	alerts_take(s->env->alerts, s->flying);
	commit_count(s);
	commit_acknowledge(s);
	s->lo = s->end[--s->ends];
	s->poison = false;
	if (s->ends == 0) {
		struct load *done = s->flying;

		s->flying = NULL;
		load_clear(done);
		sink_wake(s);
	}
	sink_enter_state(s, SINK_READY);
	sink_step(s);
}

/* ---- trouble */

/* The values of [lo, hi) are refused: try half of them, or put the only one aside. */
static void
commit_narrow(struct sink *s, const struct pg_error *error)
{
	uint32_t hi = s->end[s->ends - 1];

	log_debug(
	    "units %" PRIu32 " to %" PRIu32 " refused: %s", s->lo, hi, error->text);
	s->quarantined = s->unkept = 0;
	if (hi - s->lo == 1) {
		s->poison = true;
		memcpy(s->poison_why, error->text, sizeof s->poison_why);
	} else {
		s->end[s->ends++] = load_split(s->flying, s->lo, hi);
	}
	sink_enter_state(s, SINK_ROLLING_BACK);
	pg_query(s->pg, "ROLLBACK", sink_timeout(s));
}

static void
commit_trouble(struct sink *s, const struct pg_error *error)
{
	bool narrow =
	    error->fault == PG_FAULT_DATA && !s->poison && s->ends < SINK_RANGES_MAX;
	bool dispensable = s->state == SINK_ASKING && sink_ask_failed(s, error);

	if (dispensable && error->fault != PG_FAULT_CONNECTION)
		sink_go_on(s);
	else if (narrow && s->state != SINK_ASKING)
		commit_narrow(s, error);
	else
		sink_failed(s, error);
}

void
sink_commit_result(struct sink *s, const struct pg_result *r)
{
	if (s->state == SINK_ASKING)
		sink_ask_result(s, r);
	else if (s->state == SINK_COPYING)
		commit_take_marks(s, r);
	else if (s->state == SINK_COMMITTING && strcmp(pg_tag(r), "COMMIT") == 0)
		s->committed = true;
}

static void
commit_asked(struct sink *s)
{
	struct pg_error wrong = {.fault = PG_FAULT_BUSY};
	const char *why = sink_ask_done(s);

	if (why == NULL) {
		sink_go_on(s);
		return;
	}
	snprintf(wrong.text, sizeof wrong.text, "%s", why);
	sink_failed(s, &wrong);
}

void
sink_commit_done(struct sink *s, const struct pg_error *error)
{
	static const struct pg_error unanswered = {
	    .fault = PG_FAULT_BUSY,
	    .text = "COMMIT was not answered by COMMIT",
	};

	if (error->fault != PG_FAULT_NONE) {
		commit_trouble(s, error);
		return;
	}
	switch (s->state) {
	case SINK_ASKING:
		commit_asked(s);
		break;
	case SINK_COPYING:
	case SINK_SETTING_ASIDE:
		commit_end(s);
		break;
	case SINK_COMMITTING:
		if (s->committed)
			commit_succeed(s);
		else
			commit_trouble(s, &unanswered);
		break;
	default: /* SINK_ROLLING_BACK */
		sink_enter_state(s, SINK_READY);
		sink_step(s);
		break;
	}
}
