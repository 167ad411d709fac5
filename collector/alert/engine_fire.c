/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts: from idle to active, while active, and back. */
#include <string.h>

#include "collector/alert/engine_internal.h"
#include "collector/alert/render.h"

#define SECOND_US UINT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

static void
due_by(struct engine *e, uint64_t t)
{
	if (t < e->due_us)
		e->due_us = t;
}

static const struct rule *
rule_at(const void *arg, size_t index)
{
	const struct engine *e = arg;

	return e->rule[index].rule;
}

/* ---- telling */

static void
tell(struct engine *e, struct group *g, enum alert_change change, const char *detail,
    struct render *r)
{
	const struct group_alert *from = g->alert;
	const struct engine_rule *rule = &e->rule[g->rule];
	struct alert a = {
	    .change = change,
	    .delivery = (enum alert_delivery)from->delivery,
	    .silence_id = from->silence_id,
	    .backfill = from->backfill,
	    .rule = rule->rule,
	    .key_len = e->group_rule[g->rule].key_len,
	    .window_start_us = from->window_start_us,
	    .value = r->value,
	    .first_us = from->first_us,
	    .last_us = from->last_us,
	    .events = from->events,
	    .amount = from->amount,
	    .sliced = rule->shape.slice_us > 0,
	    .samples = from->samples,
	    .filter = r->filter,
	    .detail = detail,
	};

	memcpy(a.key, g->key, a.key_len);
	if (change == ALERT_RESOLVED)
		a.resolved_us = from->held_us + rule->resolve_us;
	for (unsigned i = 0; i < from->samples; i++)
		a.sample[i] = (struct alert_sample){
		    from->sample[i].host_id, from->sample[i].n, from->sample[i].ts_us};
	a.values = r->values;
	e->calls.alert(e->calls.arg, &a);
}

static void
render(struct engine *e, const struct group *g, struct render *r)
{
	render_values(r, e->rule[g->rule].rule, g->key, &e->names);
	render_filter(r, e->rule[g->rule].rule, g->key);
}

/* Without the filter: the one who listens has heard it when it fired. */
static void
tell_briefly(struct engine *e, struct group *g, enum alert_change change)
{
	struct render r;

	render_values(&r, e->rule[g->rule].rule, g->key, &e->names);
	r.filter[0] = '\0';
	tell(e, g, change, NULL, &r);
}

/* ---- who is to hear of it */

static const struct silence *
silence_of(struct engine *e, const struct group *g, uint64_t t)
{
	const struct rule *rule = e->rule[g->rule].rule;
	struct filter_source source = e->source;
	struct event ev;
	int32_t host_id;

	if (e->silences.count == 0)
		return NULL;
	render_event(rule, g->key, &ev, &host_id);
	source.host = host_id == 0 ? (struct bytes){(const uint8_t *)"", 0}
				   : e->names.string(
					 e->names.arg, FILTER_HOST, (uint32_t)host_id);
	return silences_find(&e->silences, rule->id, t, &ev, &source);
}

static enum alert_delivery
decide(struct engine *e, struct group *g, uint64_t t)
{
	const struct rule *rule = e->rule[g->rule].rule;
	const struct silence *silence = silence_of(e, g, t);

	if (silence != NULL) {
		g->alert->silence_id = silence->id;
		return ALERT_SILENCED;
	}
	if (g->notified_us != 0 && rule->suppress_us > 0 &&
	    t < g->notified_us + rule->suppress_us)
		return ALERT_SUPPRESSED;
	g->notified_us = t + (t == 0);
	if (e->mode == ENGINE_WARM)
		return ALERT_QUIET;
	if (g->alert->backfill && rule->level < RULE_CRITICAL)
		return ALERT_IN_DIGEST;
	return storm_admit(&e->storm, g->rule, t) ? ALERT_NOTIFY : ALERT_IN_DIGEST;
}

static void
count_delivery(struct engine *e, enum alert_delivery delivery)
{
	uint64_t *const counts[] = {
	    [ALERT_NOTIFY] = &e->stats.notified,
	    [ALERT_IN_DIGEST] = &e->stats.digested,
	    [ALERT_SILENCED] = &e->stats.silenced,
	    [ALERT_SUPPRESSED] = &e->stats.suppressed,
	    [ALERT_QUIET] = &e->stats.quiet,
	};

	++*counts[delivery];
}

/* ---- active alerts of a rule, by when the condition held last */

static void
unlink_active(struct engine_rule *r, struct group_alert *a)
{
	*(a->older != NULL ? &a->older->newer : &r->oldest) = a->newer;
	*(a->newer != NULL ? &a->newer->older : &r->newest) = a->older;
}

/* An event within grace may be a little older than the last ones. */
static void
link_active(struct engine_rule *r, struct group_alert *a)
{
	struct group_alert *before = r->newest;

	while (before != NULL && before->held_us > a->held_us)
		before = before->older;
	a->older = before;
	a->newer = before != NULL ? before->newer : r->oldest;
	*(a->older != NULL ? &a->older->newer : &r->oldest) = a;
	*(a->newer != NULL ? &a->newer->older : &r->newest) = a;
}

static void
add_sample(struct group_alert *a, const struct group_sample *s)
{
	if (a->samples < GROUP_SAMPLES && s->host_id != 0)
		a->sample[a->samples++] = *s;
}

/* What the group remembers of the window, oldest first. */
static void
take_recent(const struct engine *e, struct group_alert *a, const struct group *g)
{
	const struct group_sample *recent = group_recent(&e->groups, g);
	unsigned n = g->recents < GROUP_RECENT ? g->recents : GROUP_RECENT;

	for (unsigned i = g->recents - n; i < g->recents; i++)
		if (recent[i % GROUP_RECENT].ts_us >= a->window_start_us)
			add_sample(a, &recent[i % GROUP_RECENT]);
}

struct group_alert *
engine_activate(struct engine *e, struct group *g, const struct firing *f)
{
	struct engine_rule *r = &e->rule[g->rule];
	struct group_alert *a = group_alert_new(&e->groups, g);

	if (a == NULL)
		return NULL;
	*a = (struct group_alert){
	    .group = g,
	    .window_start_us = f->answer.start_us,
	    .first_us = f->answer.start_us,
	    .last_us = f->ts_us,
	    .held_us = f->ts_us,
	    .events = f->answer.amount,
	    .amount = f->answer.amount,
	    .repeat_at_us = UINT64_MAX,
	    .backfill = e->mode == ENGINE_BACKFILL,
	};
	if (r->shape.slice_us > 0)
		a->events = g->recents;
	link_active(r, a);
	r->active++;
	e->stats.active++;
	due_by(e, a->held_us + r->resolve_us);
	return a;
}

/* The next whole second, so that one look finds all of that second. */
static void
plan_repeat(struct engine *e, struct engine_rule *r, struct group_alert *a, uint64_t t)
{
	if (r->rule->repeat_us == 0 || a->delivery != ALERT_NOTIFY)
		return;
	a->repeat_at_us =
	    (t + r->rule->repeat_us + SECOND_US - 1) / SECOND_US * SECOND_US;
	if (a->repeat_at_us < r->repeat_at_us)
		r->repeat_at_us = a->repeat_at_us;
	due_by(e, a->repeat_at_us);
}

static void
fire_new(struct engine *e, struct group *g, const struct firing *f)
{
	struct engine_rule *r = &e->rule[g->rule];
	struct group_alert *a = engine_activate(e, g, f);
	char line[sizeof((struct alert_digest_entry *)0)->example];
	struct render view;

	if (a == NULL)
		return;
	take_recent(e, a, g);
	a->delivery = (uint8_t)decide(e, g, f->ts_us);
	count_delivery(e, (enum alert_delivery)a->delivery);
	render(e, g, &view);
	if (a->delivery == ALERT_IN_DIGEST) {
		render_line(&view, line, sizeof line);
		storm_fold(&e->storm, g->rule, f->ts_us, a->backfill, line);
		due_by(e, storm_due(&e->storm));
	}
	plan_repeat(e, r, a, f->ts_us);
	r->fired++;
	e->stats.fired++;
	tell(e, g, ALERT_FIRED, f->detail, &view);
}

static void
grow_alert(struct engine *e, struct group_alert *a, const struct firing *f)
{
	a->events++;
	if (f->ts_us > a->last_us)
		a->last_us = f->ts_us;
	if (f->ts_us < a->first_us)
		a->first_us = f->ts_us;
	add_sample(a, &f->sample);
	if (a->dirty)
		return;
	a->dirty = true;
	a->dirty_next = e->dirty;
	a->dirty_prev = NULL;
	if (e->dirty != NULL) {
		e->dirty->dirty_prev = a;
	} else {
		e->dirty_due_us = f->ts_us + e->limits.update_us;
		due_by(e, e->dirty_due_us);
	}
	e->dirty = a;
}

void
engine_fire(struct engine *e, struct group *g, const struct firing *f)
{
	struct engine_rule *r = &e->rule[g->rule];
	struct group_alert *a = g->alert;

	if (a == NULL) {
		fire_new(e, g, f);
		return;
	}
	grow_alert(e, a, f);
	if (f->answer.amount > a->amount)
		a->amount = f->answer.amount;
	if (f->ts_us <= a->held_us)
		return;
	a->held_us = f->ts_us;
	if (r->newest != a) {
		unlink_active(r, a);
		link_active(r, a);
	}
}

void
engine_count_active(struct engine *e, struct group *g, const struct firing *f)
{
	grow_alert(e, g->alert, f);
}

/* ---- ends */

static void
forget_dirty(struct engine *e, struct group_alert *a)
{
	if (!a->dirty)
		return;
	*(a->dirty_prev != NULL ? &a->dirty_prev->dirty_next : &e->dirty) =
	    a->dirty_next;
	if (a->dirty_next != NULL)
		a->dirty_next->dirty_prev = a->dirty_prev;
}

void
engine_resolve(struct engine *e, struct group *g, uint64_t at_us)
{
	struct engine_rule *r = &e->rule[g->rule];

	if (at_us < g->alert->held_us + r->resolve_us)
		g->alert->held_us = at_us > r->resolve_us ? at_us - r->resolve_us : 0;
	tell_briefly(e, g, ALERT_RESOLVED);
	forget_dirty(e, g->alert);
	unlink_active(r, g->alert);
	group_alert_free(&e->groups, g);
	r->active--;
	e->stats.active--;
	e->stats.resolved++;
}

/* ---- timers */

static void
flush_updates(struct engine *e)
{
	struct group_alert *a = e->dirty, *next, *ordered = NULL;

	e->dirty = NULL;
	/* In the order in which they began to grow. */
	for (; a != NULL; a = next) {
		next = a->dirty_next;
		a->dirty_next = ordered;
		ordered = a;
	}
	for (a = ordered; a != NULL; a = next) {
		next = a->dirty_next;
		a->dirty = false;
		tell_briefly(e, a->group, ALERT_UPDATED);
	}
}

static void
repeat(struct engine *e, struct engine_rule *r, uint64_t t)
{
	r->repeat_at_us = UINT64_MAX;
	for (struct group_alert *a = r->oldest; a != NULL; a = a->newer) {
		if (a->repeat_at_us <= t) {
			struct render view;

			render(e, a->group, &view);
			tell(e, a->group, ALERT_REPEATED, NULL, &view);
			e->stats.repeated++;
			plan_repeat(e, r, a, t);
		}
		if (a->repeat_at_us < r->repeat_at_us)
			r->repeat_at_us = a->repeat_at_us;
	}
}

static void
take_digest(struct engine *e)
{
	struct alert_digest digest;

	storm_take(&e->storm, &digest, rule_at, e);
	e->stats.digests++;
	e->calls.digest(e->calls.arg, &digest);
}

enum timer {
	TIMER_NONE,
	TIMER_RESOLVE,
	TIMER_REPEAT,
	TIMER_UPDATE,
	TIMER_DIGEST,
	TIMER_CHECK
};

struct next_timer {
	enum timer what;
	uint64_t due;
	size_t rule;
};

static void
offer(struct next_timer *t, enum timer what, uint64_t due, size_t rule)
{
	if (due < t->due)
		*t = (struct next_timer){what, due, rule};
}

static struct next_timer
find_timer(const struct engine *e)
{
	struct next_timer t = {TIMER_NONE, UINT64_MAX, 0};

	for (size_t i = 0; i < e->rules; i++) {
		const struct engine_rule *r = &e->rule[i];

		if (r->oldest == NULL)
			continue;
		offer(&t, TIMER_RESOLVE, r->oldest->held_us + r->resolve_us, i);
		offer(&t, TIMER_REPEAT, r->repeat_at_us, i);
	}
	if (e->dirty != NULL)
		offer(&t, TIMER_UPDATE, e->dirty_due_us, 0);
	offer(&t, TIMER_DIGEST, storm_due(&e->storm), 0);
	if (e->check_us != 0)
		offer(&t, TIMER_CHECK, e->check_us, 0);
	return t;
}

static void
run(struct engine *e, const struct next_timer *t)
{
	switch (t->what) {
	case TIMER_RESOLVE:
		engine_resolve(e, e->rule[t->rule].oldest->group, t->due);
		break;
	case TIMER_REPEAT:
		repeat(e, &e->rule[t->rule], t->due);
		break;
	case TIMER_UPDATE:
		flush_updates(e);
		break;
	case TIMER_DIGEST:
		take_digest(e);
		break;
	case TIMER_CHECK:
		engine_check_troubles(e, t->due);
		break;
	case TIMER_NONE:
		break;
	}
}

void
engine_run_timers(struct engine *e, uint64_t before_us)
{
	uint64_t troubles = engine_troubles(e);
	struct next_timer t;

	if (e->check_us == 0 && troubles != e->troubles) {
		e->check_us = (before_us / MINUTE_US + 1) * MINUTE_US;
		due_by(e, e->check_us);
	}
	while (e->due_us < before_us) {
		t = find_timer(e);
		e->due_us = t.due;
		if (t.due >= before_us)
			break;
		e->due_us = 0;
		run(e, &t);
	}
	if (before_us > e->time_us)
		e->time_us = before_us;
}
