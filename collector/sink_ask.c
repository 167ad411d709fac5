/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "collector/clock.h"
#include "collector/session.h"
#include "collector/sink_internal.h"

void
sink_ask_begin(struct sink *s)
{
	s->askings = 0;
	s->asked_days = 0;
	s->entering_strings = false;
}

/* ---- strings */

/* The host has had its share: a marker stands for this string. */
static void
ask_fold(struct sink *s, struct load_question *q)
{
	struct bytes marker = dict_marker(q->kind);

	s->env->metrics->folded++;
	log_limited(&s->env->folded_limit, LOG_LEVEL_WARN,
	    "host %d names more new strings than new_strings allows in a day: its "
	    "records are stored with %.*s",
	    (int)q->host_id, (int)marker.len, (const char *)marker.p);
	memcpy(q->raw, marker.p, marker.len);
	q->len = marker.len;
}

/* Whether this question is one for the statement being made. */
static bool
ask_takes(struct sink *s, uint32_t number)
{
	struct load_question *q = &s->flying->question[number];
	int32_t *answer = &s->flying->answer[number];

	if (*answer != 0 || q->is_new != s->entering_strings)
		return false;
	/* Another load may have learnt it meanwhile. */
	*answer = dict_find(s->env->dict, q->kind, (struct bytes){q->raw, q->len});
	return *answer == 0;
}

/* Those of one kind that are open, as many as go into one statement. */
static void
ask_gather(struct sink *s, enum dict_kind kind)
{
	const struct load *l = s->flying;

	text_clear(&s->sql);
	for (uint32_t i = 0; i < l->questions && s->askings < SINK_ASK_MAX; i++) {
		if (l->question[i].kind != kind || !ask_takes(s, i))
			continue;
		text_add(&s->sql, s->askings == 0 ? "{\"\\\\x" : "\",\"\\\\x");
		text_add_hex(&s->sql, l->question[i].raw, l->question[i].len);
		s->asking[s->askings++] = i;
	}
	text_add(&s->sql, "\"}");
}

static bool
ask_strings(struct sink *s)
{
	struct pg_param array;

	for (int kind = 0; kind < DICT_KINDS; kind++) {
		ask_gather(s, (enum dict_kind)kind);
		if (s->askings == 0)
			continue;
		array = (struct pg_param){.value = s->sql.p};
		sink_enter_state(s, SINK_ASKING);
		pg_ask(s->pg,
		    s->entering_strings ? dict_enter_sql((enum dict_kind)kind)
					: dict_look_sql((enum dict_kind)kind),
		    &array, 1, sink_timeout(s));
		return true;
	}
	return false;
}

static void
ask_learn(struct sink *s, int64_t place, int32_t id)
{
	struct load *l = s->flying;
	const struct load_question *q;

	if (place < 1 || (uint64_t)place > s->askings || id <= 0)
		return;
	q = &l->question[s->asking[place - 1]];
	l->answer[s->asking[place - 1]] = id;
	dict_put(s->env->dict, q->kind, (struct bytes){q->raw, q->len}, id);
}

/* What was looked for and not found is new: entered, or folded. */
static const char *
ask_strings_done(struct sink *s)
{
	struct load *l = s->flying;

	for (size_t i = 0; i < s->askings; i++) {
		struct load_question *q = &l->question[s->asking[i]];

		if (l->answer[s->asking[i]] != 0)
			continue;
		if (q->is_new)
			return "the database gave no id for a string";
		q->is_new = true;
		if (!allowance_take(s->env->allowance, q->host_id, clock_ms()))
			ask_fold(s, q);
	}
	s->askings = 0;
	return NULL;
}

/* ---- days */

static bool
ask_days(struct sink *s)
{
	struct load *l = s->flying;

	for (; s->asked_days < l->days; s->asked_days++) {
		uint64_t day = l->day[s->asked_days];

		if (days_known(&s->env->days, day))
			continue;
		if (!days_wanted(&s->env->days, day, clock_wall_us())) {
			s->env->metrics->days_refused++;
			continue;
		}
		text_clear(&s->sql);
		text_add(&s->sql, "SELECT fwlog.ensure_partition(");
		text_add_time(&s->sql, day * DAY_US);
		text_add(&s->sql, ")");
		sink_enter_state(s, SINK_ASKING);
		pg_query(s->pg, s->sql.p, sink_timeout(s));
		return true;
	}
	return false;
}

/* ---- both */

/* First all strings are looked for, then the unknown ones entered, then days. */
bool
sink_ask_next(struct sink *s)
{
	s->askings = 0;
	s->entering_strings = false;
	if (ask_strings(s))
		return true;
	s->entering_strings = true;
	return ask_strings(s) || ask_days(s);
}

void
sink_ask_result(struct sink *s, const struct pg_result *r)
{
	int rows = pg_rows(r);

	if (s->askings == 0 && rows == 1)
		days_learn(&s->env->days, s->flying->day[s->asked_days]);
	for (int i = 0; s->askings > 0 && i < rows; i++)
		ask_learn(s, pg_int(r, i, 0), (int32_t)pg_int(r, i, 1));
}

const char *
sink_ask_done(struct sink *s)
{
	if (s->askings > 0)
		return ask_strings_done(s);
	s->asked_days++;
	s->days_failed = 0;
	return NULL;
}

/*
 * Somebody reads event_default for long, or too much of it would have to move. Agents
 * must not wait for that. A lost connection is no answer, but one that is lost over the
 * same question again is.
 */
bool
sink_ask_failed(struct sink *s, const struct pg_error *error)
{
	uint64_t day;

	if (s->askings > 0 || s->asked_days >= s->flying->days)
		return false;
	if (error->fault == PG_FAULT_CONNECTION && ++s->days_failed < 2)
		return false;
	day = s->flying->day[s->asked_days++];
	days_learn(&s->env->days, day);
	s->days_failed = 0;
	s->env->metrics->days_refused++;
	log_limited(&s->env->days.limit, LOG_LEVEL_WARN,
	    "a partition cannot be made now: %s: its records are in event_default "
	    "until maintenance moves them",
	    error->text);
	return true;
}
