/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/sink.h"

#include <inttypes.h>
#include <stdlib.h>

#include "collector/clock.h"
#include "collector/sink_internal.h"
#include "common/planted.h"

#define TICK_MS 1000

static const char *const state_name[SINK_STATES] = {"down", "connecting", "checking",
    "checking rights", "ready", "entering", "asking", "copying", "setting aside",
    "committing", "rolling back", "status"};

/* ---- states */

void
sink_enter_state(struct sink *s, enum sink_state state)
{
	struct timeval wait = clock_timeval(s->backoff_ms);

	if (state != s->state)
		log_debug("sink %u: %s, then %s", s->number, state_name[s->state],
		    state_name[state]);
	s->state = state;
	if (state == SINK_DOWN)
		evtimer_add(s->retry, &wait);
}

uint64_t
sink_timeout(const struct sink *s)
{
	return s->env->options->database_timeout;
}

static void
sink_connect(struct sink *s)
{
	sink_enter_state(s, SINK_CONNECTING);
	pg_connect(s->pg, s->env->options->database, sink_timeout(s));
}

/* The same fault is said once and then counted; another one is news. */
static void
sink_complain(struct sink *s, const struct pg_error *error)
{
	struct sink_env *env = s->env;

	if (strcmp(env->fault_text, error->text) != 0) {
		snprintf(env->fault_text, sizeof env->fault_text, "%s", error->text);
		env->fault_limit = (struct log_limit){0};
	}
	log_limited(&env->fault_limit,
	    error->fault == PG_FAULT_CONNECTION ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
	    "%s: %s: agents keep their records, next try in %.1f s", pg_where(s->pg),
	    error->text, (double)s->backoff_ms / 1000);
}

void
sink_failed(struct sink *s, const struct pg_error *error)
{
	s->env->metrics->database_faults++;
	sink_complain(s, error);
	s->env->failing = true;
	status_done(&s->status, false);
	pg_close(s->pg);
	sink_enter_state(s, SINK_DOWN);
	s->backoff_ms = s->backoff_ms * 2 > SINK_BACKOFF_MAX_MS ? SINK_BACKOFF_MAX_MS
								: s->backoff_ms * 2;
}

void
sink_succeeded(struct sink *s)
{
	if (s->env->failing)
		log_info("%s: works again", pg_where(s->pg));
	s->env->failing = false;
	s->env->fault_text[0] = '\0';
	s->backoff_ms = SINK_BACKOFF_FIRST_MS;
}

/* ---- marks for a session */

static void
sink_next_entering(struct sink *s)
{
	struct session *session = TAILQ_FIRST(&s->entering);
	struct pg_param param[2] = {{.value = session->host->name}};

	text_clear(&s->sql);
	text_add(&s->sql, "{");
	for (uint16_t i = 0; i < session->epochs; i++)
		text_add(
		    &s->sql, "%s%" PRIu64, i == 0 ? "" : ",", session->epoch[i].epoch);
	text_add(&s->sql, "}");
	param[1].value = s->sql.p;
	session_ref(session);
	s->entered = session;
	s->marks_count = 0;
	s->host_id = 0;
	sink_enter_state(s, SINK_ENTERING);
	pg_ask(s->pg,
	    "WITH h AS MATERIALIZED (SELECT fwlog.host_enter($1) AS id) "
	    "SELECT h.id, s.epoch, s.seq FROM h LEFT JOIN fwlog.stream s "
	    "ON s.host_id = h.id AND s.epoch = ANY ($2::bigint[])",
	    param, 2, sink_timeout(s));
}

static void
sink_entering_result(struct sink *s, const struct pg_result *r)
{
	for (int i = 0; i < pg_rows(r); i++) {
		s->host_id = (int32_t)pg_int(r, i, 0);
		if (!pg_is_null(r, i, 1) && s->marks_count < EPOCHS_MAX)
			s->marks[s->marks_count++] = (struct epoch_mark){
			    .epoch = (uint64_t)pg_int(r, i, 1),
			    .seq = (uint64_t)pg_int(r, i, 2),
			};
	}
}

static void
sink_entering_done(struct sink *s, const struct pg_error *error)
{
	struct session *session = s->entered;

	s->entered = NULL;
	if (error->fault == PG_FAULT_NONE && s->host_id > 0) {
		sink_succeeded(s);
		sink_leave(s, session);
		session->host->id = s->host_id;
		session_welcome(session, s->marks, s->marks_count);
	} else if (error->fault == PG_FAULT_DATA || error->fault == PG_FAULT_NONE) {
		log_error("%s: the database does not take this host: %s", session->text,
		    error->text);
		sink_leave(s, session);
		session_close(session, "the database does not take this host");
	}
	session_unref(session);
	if (error->fault != PG_FAULT_NONE && error->fault != PG_FAULT_DATA) {
		sink_failed(s, error);
		return;
	}
	sink_enter_state(s, SINK_READY);
	sink_step(s);
}

void
sink_enter(struct sink *s, struct session *session)
{
	session_ref(session);
	session->is_entering = true;
	TAILQ_INSERT_TAIL(&s->entering, session, entering);
	sink_step(s);
}

void
sink_leave(struct sink *s, struct session *session)
{
	if (!session->is_entering)
		return;
	session->is_entering = false;
	TAILQ_REMOVE(&s->entering, session, entering);
	session_unref(session);
}

/* ---- host_status */

static void
sink_write_status(struct sink *s)
{
	struct pg_param json;

	s->flights = 0;
	text_clear(&s->sql);
	status_take(&s->status, clock_ms(), s->finishing, &s->sql);
	json = (struct pg_param){.value = s->sql.p};
	sink_enter_state(s, SINK_STATUS);
	pg_ask(s->pg, status_sql, &json, 1, sink_timeout(s));
}

static void
sink_status_done(struct sink *s, const struct pg_error *error)
{
	if (error->fault != PG_FAULT_NONE && error->fault != PG_FAULT_DATA) {
		sink_failed(s, error);
		return;
	}
	if (error->fault == PG_FAULT_DATA)
		log_error("host_status cannot be written: %s", error->text);
	status_done(&s->status, true);
	sink_enter_state(s, SINK_READY);
	sink_step(s);
}

void
sink_contact(struct sink *s, struct host *h, bool urgent)
{
	status_note(&s->status, h, urgent);
}

/* ---- the load being filled */

static bool
sink_load_full(const struct sink *s)
{
	const struct options *o = s->env->options;
	const struct load *l = s->filling;

	return l->units >= o->commit_rows || l->row_len >= o->commit_bytes ||
	       l->questions >= LOAD_QUESTIONS_FULL || l->minutes >= LOAD_MINUTES_FULL ||
	       l->filtered.count >= FILTERED_FULL;
}

static void
sink_add(struct sink *s, struct item *item)
{
	struct session *session = session_of(item);
	struct timeval age = clock_timeval(s->env->options->commit_interval);
	bool first = s->filling->parts == 0;

	if (load_add(s->filling, s->tools, item) != 0) {
		log_error("%s: no memory for its records: closed", session->text);
		session_ref(session);
		item_free(item);
		session_close(session, "no memory");
		session_unref(session);
		return;
	}
	if (planted(ack_before_commit))
		session_ack(session, item->epoch, item->first_seq + item->count - 1);
	if (first)
		evtimer_add(s->close, &age);
}

/* Who names many new strings waits until they are entered, the others need not: of two
 * loads one after the other, which somebody else's records may have to wait for, one at
 * most takes long. */
static bool
sink_may_take(const struct queue *q, void *arg)
{
	const struct sink *s = arg;
	const struct session *session = q->owner;

	if (s->flying != NULL && !load_has_room(s->flying, session->host->id))
		return false;
	return load_has_room(s->filling, session->host->id);
}

/* One item a turn of the loop, so that sockets are served in between. */
static void
sink_on_fill(evutil_socket_t fd, short what, void *arg)
{
	struct sink *s = arg;
	struct item *item;

	(void)fd;
	(void)what;
	if (s->finishing || sink_load_full(s))
		return;
	item = turns_take(&s->turns, sink_may_take, s);
	if (item == NULL)
		return;
	sink_add(s, item);
	if (sink_load_full(s))
		sink_step(s);
	sink_wake(s);
}

void
sink_wake(struct sink *s)
{
	if (!s->finishing && !turns_empty(&s->turns) && !sink_load_full(s))
		event_active(s->fill, EV_TIMEOUT, 1);
}

struct turns *
sink_turns(struct sink *s)
{
	return &s->turns;
}

static void
sink_on_close(evutil_socket_t fd, short what, void *arg)
{
	struct sink *s = arg;

	(void)fd;
	(void)what;
	s->due = true;
	sink_step(s);
}

/* ---- what is next */

/* Whoever keeps connecting must not hold up the records of others. */
static bool
sink_lets_enter(const struct sink *s, bool load_waits)
{
	return !TAILQ_EMPTY(&s->entering) && !s->finishing &&
	       (!load_waits || s->let_in < SINK_LET_IN_MAX);
}

/* Where one load follows another, statuses would never have their turn. */
static bool
sink_status_first(const struct sink *s)
{
	return s->flights >= SINK_STATUS_EVERY && !s->finishing &&
	       status_due(&s->status, clock_ms(), false);
}

void
sink_step(struct sink *s)
{
	bool load_due =
	    s->filling->parts > 0 && (s->due || s->finishing || sink_load_full(s));

	if (s->state != SINK_READY)
		return;
	if (sink_lets_enter(s, load_due || s->flying != NULL)) {
		s->let_in++;
		sink_next_entering(s);
		return;
	}
	s->let_in = 0;
	if (s->flying != NULL)
		sink_go_on(s);
	else if (load_due && !sink_status_first(s))
		sink_fly(s);
	else if (status_due(&s->status, clock_ms(), s->finishing))
		sink_write_status(s);
	else if (s->finishing)
		s->env->idle(s->env->arg);
}

bool
sink_is_connected(const struct sink *s)
{
	return s->state >= SINK_READY;
}

bool
sink_is_idle(const struct sink *s)
{
	if (s->flying != NULL || s->filling->parts > 0)
		return false;
	/* Statuses are not worth waiting for a database that is away. */
	return s->state == SINK_DOWN ||
	       (s->state == SINK_READY && status_empty(&s->status));
}

void
sink_finish(struct sink *s)
{
	s->finishing = true;
	sink_step(s);
}

/* ---- the database's answers */

static void
sink_on_result(void *arg, const struct pg_result *r)
{
	struct sink *s = arg;

	switch (s->state) {
	case SINK_CHECKING:
	case SINK_CHECKING_RIGHTS:
		sink_check_result(s, r);
		break;
	case SINK_ENTERING:
		sink_entering_result(s, r);
		break;
	default:
		sink_commit_result(s, r);
		break;
	}
}

static void
sink_on_room(void *arg)
{
	sink_commit_room(arg);
}

static void
sink_connecting_done(struct sink *s, const struct pg_error *error)
{
	if (error->fault != PG_FAULT_NONE)
		sink_failed(s, error);
	else
		sink_check(s);
}

static void
sink_on_done(void *arg, const struct pg_error *error)
{
	static void (*const done[SINK_STATES])(
	    struct sink *, const struct pg_error *) = {
	    [SINK_DOWN] = sink_failed,
	    [SINK_CONNECTING] = sink_connecting_done,
	    [SINK_CHECKING] = sink_check_done,
	    [SINK_CHECKING_RIGHTS] = sink_check_done,
	    [SINK_READY] = sink_failed, /* lost while nothing was under way */
	    [SINK_ENTERING] = sink_entering_done,
	    [SINK_ASKING] = sink_commit_done,
	    [SINK_COPYING] = sink_commit_done,
	    [SINK_SETTING_ASIDE] = sink_commit_done,
	    [SINK_COMMITTING] = sink_commit_done,
	    [SINK_ROLLING_BACK] = sink_commit_done,
	    [SINK_STATUS] = sink_status_done,
	};
	struct sink *s = arg;

	done[s->state](s, error);
}

static void
sink_on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sink_connect(arg);
}

static void
sink_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct sink *s = arg;

	(void)fd;
	(void)what;
	days_forget(&s->env->days, clock_ms());
	allowance_forget(s->env->allowance, clock_ms());
	load_tools_tick(s->tools, clock_ms());
	sink_step(s);
	if (s->finishing && sink_is_idle(s))
		s->env->idle(s->env->arg);
}

/* ---- life */

static int
sink_make_events(struct sink *s)
{
	struct event_base *base = s->env->base;
	struct timeval tick = clock_timeval(TICK_MS);

	s->retry = evtimer_new(base, sink_on_retry, s);
	s->fill = evtimer_new(base, sink_on_fill, s);
	s->close = evtimer_new(base, sink_on_close, s);
	s->tick = event_new(base, -1, EV_PERSIST, sink_on_tick, s);
	if (s->retry == NULL || s->fill == NULL || s->close == NULL || s->tick == NULL)
		return -1;
	return event_add(s->tick, &tick);
}

struct sink *
sink_new(struct sink_env *env, unsigned number)
{
	static const struct pg_events events = {
	    sink_on_result, sink_on_room, sink_on_done};
	struct sink *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->env = env;
	s->number = number;
	s->backoff_ms = SINK_BACKOFF_FIRST_MS;
	TAILQ_INIT(&s->entering);
	turns_init(&s->turns);
	text_init(&s->sql);
	status_init(&s->status);
	load_init(&s->loads[0]);
	load_init(&s->loads[1]);
	s->filling = &s->loads[0];
	s->tools = load_tools_new(env->dict, &env->days);
	s->aside = aside_new();
	s->rollup = rollup_new();
	s->marks = calloc(EPOCHS_MAX, sizeof *s->marks);
	s->pg = pg_new(env->base, &events, s);
	if (s->tools == NULL || s->aside == NULL || s->rollup == NULL ||
	    s->marks == NULL || s->pg == NULL || sink_make_events(s) != 0) {
		sink_free(s);
		return NULL;
	}
	sink_connect(s);
	return s;
}

static void
sink_free_events(struct sink *s)
{
	struct event *events[] = {s->retry, s->fill, s->close, s->tick};

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

void
sink_free(struct sink *s)
{
	struct session *session;

	if (s == NULL)
		return;
	pg_free(s->pg);
	while ((session = TAILQ_FIRST(&s->entering)) != NULL)
		sink_leave(s, session);
	if (s->entered != NULL)
		session_unref(s->entered);
	load_free(&s->loads[0]);
	load_free(&s->loads[1]);
	load_tools_free(s->tools);
	aside_free(s->aside);
	rollup_free(s->rollup);
	status_free(&s->status);
	text_free(&s->sql);
	free(s->marks);
	sink_free_events(s);
	free(s);
}
