/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"
#include "collector/notify_way.h"
#include "common/log.h"

#define LOOK_MS 500              /* between two looks for deliveries */
#define PAUSE_MAX_MS 60000       /* after failures */
#define RESEND_MS 60000          /* Alertmanager forgets what is not repeated */
#define ACTIVE_MAX "10000"       /* alerts told it again */
#define SINGLY_AFTER_REFUSAL 200 /* one at a time, to find the one that is refused */

/* First again after 1 s, then 2 s … 15 min; for 24 hours. */
#define SETTLE                                                              \
	"SELECT fwlog.alert_delivery_done(d.delivery_id, $2, CASE WHEN "    \
	"d.made + interval '24 hours' > now() THEN now() + least(interval " \
	"'15 minutes', interval '1 second' * 2 ^ least(d.tries, 12)) END) " \
	"FROM fwlog.alert_delivery d WHERE d.delivery_id = ANY ($1::bigint[])"

enum worker_state {
	WORKER_RESTING,
	WORKER_CONNECTING,
	WORKER_LOCKING,
	WORKER_ASKING,
	WORKER_ASKING_ACTIVE,
	WORKER_SETTLING,
};

struct worker {
	const struct options *options;
	const struct action *action;
	const struct way *way;
	void *self; /* of the way */
	struct event_base *base;
	struct event *timer, *on_term;
	struct pg *pg;
	enum worker_state state;
	struct text due, active, ids;
	bool locked;
	bool stopping;
	struct notice *notice;
	size_t notices;
	unsigned failures; /* in a row, of the way or of the database */
	unsigned singly;
	uint64_t resent_ms;
	char why[256];
	struct log_limit limit;
};

static const struct way *const ways[] = {
    [ACTION_SYSLOG] = &way_syslog,
    [ACTION_EXEC] = &way_exec,
    [ACTION_WEBHOOK] = &way_webhook,
    [ACTION_ALERTMANAGER] = &way_alertmanager,
    [ACTION_MAIL] = &way_mail,
};

static void
wait_ms(struct worker *w, uint64_t ms)
{
	struct timeval t = clock_timeval(ms);

	w->state = w->state == WORKER_RESTING ? WORKER_RESTING : WORKER_ASKING;
	evtimer_add(w->timer, &t);
}

static uint64_t
pause_ms(const struct worker *w)
{
	uint64_t ms = UINT64_C(500) << (w->failures < 8 ? w->failures : 8);

	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void
drop_notices(struct worker *w)
{
	notice_free(w->notice, w->notices);
	w->notice = NULL;
	w->notices = 0;
}

static void
disconnect(struct worker *w)
{
	drop_notices(w);
	pg_close(w->pg); /* gives the lock back */
	w->state = WORKER_RESTING;
	w->failures++;
	wait_ms(w, pause_ms(w));
}

/* ---- asking */

static size_t
batch_size(const struct worker *w)
{
	return w->singly > 0 ? 1 : w->way->batch;
}

static void
ask(struct worker *w, enum worker_state state, const struct text *sql,
    const char *limit)
{
	const struct pg_param param[] = {
	    {.value = w->action->name},
	    {.value = w->action->page},
	    {.value = limit},
	};

	w->state = state;
	pg_ask(w->pg, sql->p, param, 3, w->options->database_timeout);
}

static void
ask_due(struct worker *w)
{
	char limit[24];

	snprintf(limit, sizeof limit, "%zu", batch_size(w));
	ask(w, WORKER_ASKING, &w->due, limit);
}

static void
lock(struct worker *w)
{
	const struct pg_param param = {.value = w->action->name};

	w->state = WORKER_LOCKING;
	w->locked = false;
	pg_ask(w->pg,
	    "SELECT pg_try_advisory_lock(hashtextextended('fwlog action ' || $1, 0))",
	    &param, 1, w->options->database_timeout);
}

/* ---- telling */

static uint64_t
number(const struct notice *n, enum notice_part part)
{
	return strtoull(notice_text(n, part), NULL, 10);
}

/* What a mail gathers waits until its time is over; a second try does not. */
static bool
is_gathering(const struct worker *w)
{
	return w->action->type == ACTION_MAIL && w->notices < batch_size(w) &&
	       number(&w->notice[0], NOTICE_TRIES) == 0 &&
	       number(&w->notice[0], NOTICE_AGE) * 1000 < w->action->digest;
}

static void
settle(struct worker *w, enum way_outcome outcome)
{
	struct pg_param param[2];

	text_clear(&w->ids);
	for (size_t i = 0; i < w->notices; i++)
		text_add(&w->ids, "%s%s", i == 0 ? "{" : ",",
		    notice_text(&w->notice[i], NOTICE_DELIVERY));
	text_add(&w->ids, "}");
	if (w->ids.failed) {
		disconnect(w);
		return;
	}
	param[0] = (struct pg_param){.value = w->ids.p};
	param[1] = (struct pg_param){.value = outcome == WAY_SENT ? NULL : w->why};
	w->state = WORKER_SETTLING;
	pg_ask(w->pg, SETTLE, param, 2, w->options->database_timeout);
}

static void
note_outcome(struct worker *w, enum way_outcome outcome)
{
	const char *first = notice_text(&w->notice[0], NOTICE_DELIVERY);

	/* The reason goes into the database: ASCII is right whatever its encoding. */
	for (char *p = w->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (w->singly > 0)
		w->singly--;
	if (outcome == WAY_SENT) {
		if (w->failures > 0)
			log_info("action %s: works again", w->action->name);
		w->failures = 0;
		return;
	}
	if (outcome == WAY_REFUSED && w->notices > 1)
		w->singly = SINGLY_AFTER_REFUSAL;
	if (outcome == WAY_FAILED)
		w->failures++;
	log_limited(&w->limit, LOG_LEVEL_WARN,
	    "action %s: delivery %s (try %" PRIu64 "): %s; it is tried again for 24 h",
	    w->action->name, first, number(&w->notice[0], NOTICE_TRIES) + 1, w->why);
}

static enum way_outcome
tell(struct worker *w)
{
	w->why[0] = '\0';
	return w->way->send(w->self, w->notice, w->notices, w->why, sizeof w->why);
}

static void
on_due(struct worker *w)
{
	enum way_outcome outcome;

	if (w->notices == 0 && w->action->type == ACTION_ALERTMANAGER &&
	    clock_ms() - w->resent_ms >= RESEND_MS) {
		w->resent_ms = clock_ms();
		ask(w, WORKER_ASKING_ACTIVE, &w->active, ACTIVE_MAX);
		return;
	}
	if (w->notices == 0 || is_gathering(w)) {
		drop_notices(w);
		wait_ms(w, LOOK_MS);
		return;
	}
	outcome = tell(w);
	note_outcome(w, outcome);
	settle(w, outcome);
}

/* Alerts that go on, told again. Nothing is written down: the next time comes. */
static void
on_active(struct worker *w)
{
	enum way_outcome outcome = WAY_SENT;
	struct notice *all = w->notice;
	size_t count = w->notices;

	for (size_t i = 0; i < count && outcome == WAY_SENT; i += w->way->batch) {
		w->notice = all + i;
		w->notices = count - i < w->way->batch ? count - i : w->way->batch;
		outcome = tell(w);
		note_outcome(w, outcome);
	}
	w->notice = all;
	w->notices = count;
	drop_notices(w);
	wait_ms(w, outcome == WAY_SENT ? LOOK_MS : pause_ms(w));
}

static void
on_settled(struct worker *w)
{
	drop_notices(w);
	if (w->stopping)
		event_base_loopbreak(w->base);
	else if (w->failures > 0)
		wait_ms(w, pause_ms(w));
	else
		ask_due(w);
}

/* ---- events */

static void
on_result(void *arg, const struct pg_result *r)
{
	struct worker *w = arg;

	if (w->state == WORKER_LOCKING && pg_rows(r) == 1)
		w->locked = strcmp(pg_text(r, 0, 0), "t") == 0;
	else if ((w->state == WORKER_ASKING || w->state == WORKER_ASKING_ACTIVE) &&
		 w->notice == NULL)
		w->notice = notice_read(r, &w->notices);
}

static void
on_room(void *arg)
{
	(void)arg;
}

static void
on_done(void *arg, const struct pg_error *error)
{
	struct worker *w = arg;

	if (error->fault != PG_FAULT_NONE) {
		log_limited(&w->limit, LOG_LEVEL_WARN, "action %s: %s: %s%s",
		    w->action->name, pg_where(w->pg), error->text,
		    error->fault == PG_FAULT_DENIED
			? "; fwlogctl db check tells what is missing"
			: "");
		disconnect(w);
		return;
	}
	switch (w->state) {
	case WORKER_CONNECTING:
		lock(w);
		break;
	case WORKER_LOCKING:
		if (w->locked) {
			w->failures = 0;
			ask_due(w);
		} else {
			disconnect(w); /* another collector is at it */
		}
		break;
	case WORKER_ASKING:
		on_due(w);
		break;
	case WORKER_ASKING_ACTIVE:
		on_active(w);
		break;
	default: /* WORKER_SETTLING */
		on_settled(w);
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (w->state != WORKER_RESTING) {
		ask_due(w);
		return;
	}
	w->state = WORKER_CONNECTING;
	pg_connect(w->pg, w->options->database, w->options->database_timeout);
}

/* What was told is written down before the end. */
static void
on_term(evutil_socket_t number_of, short what, void *arg)
{
	struct worker *w = arg;

	(void)number_of;
	(void)what;
	w->stopping = true;
	if (w->state != WORKER_SETTLING)
		event_base_loopbreak(w->base);
}

static int
start(struct worker *w)
{
	static const struct pg_events events = {on_result, on_room, on_done};
	char why[256];

	text_init(&w->due);
	text_init(&w->active);
	text_init(&w->ids);
	notice_ask_due(&w->due);
	notice_ask_active(&w->active);
	w->self = w->way->open(w->action, why, sizeof why);
	if (w->self == NULL) {
		log_error("action %s: %s", w->action->name, why);
		return -1;
	}
	w->base = event_base_new();
	w->pg = w->base != NULL ? pg_new(w->base, &events, w) : NULL;
	w->timer = w->base != NULL ? evtimer_new(w->base, on_timer, w) : NULL;
	w->on_term =
	    w->base != NULL ? evsignal_new(w->base, SIGTERM, on_term, w) : NULL;
	if (w->pg == NULL || w->timer == NULL || w->on_term == NULL ||
	    event_add(w->on_term, NULL) != 0 || w->due.failed || w->active.failed) {
		log_error("action %s: no memory", w->action->name);
		return -1;
	}
	w->state = WORKER_RESTING;
	wait_ms(w, 0);
	return 0;
}

int
notify_worker_run(const struct options *options, const struct action *action)
{
	struct worker w = {
	    .options = options, .action = action, .way = ways[action->type]};

	if (start(&w) < 0)
		return EXIT_FAILED;
	event_base_dispatch(w.base);
	pg_free(w.pg);
	return EXIT_OK;
}
