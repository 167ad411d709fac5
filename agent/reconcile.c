/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reconcile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "agent/ledger.h"
#include "agent/ledger_file.h"
#include "common/log.h"

#define KSEQ_NONE UINT32_MAX
#define STEP_MS 20         /* between looks at a reading that waits for its records */
#define LATE_MS 100        /* the kernel's timer, and whoever delays it */
#define STAMP_US 20000     /* a packet counted may be numbered so much later */
#define CLOCK_SLIP 200000  /* microseconds the wall clock may run off in between */
#define FAILURES_MAX 5     /* readings, before a time without agent is given up */
#define DOWN_WAIT_MS 90000 /* and longest time it waits for its number */
#define IDLE_MS 5000       /* between looks for that */
#define ASKS_MAX 20        /* readings asked for until it is clear what is missing */
#define LEFT_MAX_US                                                      \
	(30 * UINT64_C(86400000000)) /* a ledger no option names is kept \
				      */

/* A group that is captured. Its ledger has the same place in reconcile.ledger. */
struct entry {
	struct reconcile *reconcile;
	struct ledger *ledger;
	struct capture_group *group; /* NULL: no binding has come in this run */
	uint64_t carried;            /* settled when this run began to capture it */
	uint64_t flush_ms;
	uint64_t hits; /* packets the rules counted, that this run knows of */

	struct ruleset_counter gathered[RULESET_COUNTERS_MAX];
	size_t gathered_count;
	uint64_t begin_us, end_real_us; /* of the reading */
	bool waiting;                   /* for the records that belong to it */
	int64_t due_ms;
	uint64_t last_real_us; /* of the reading before, 0 none */
	uint32_t last_kseq;    /* then */

	unsigned asks;            /* left */
	int64_t give_up_ms;       /* a time without agent that is still open */
	char said[RULESET_WHY];   /* why it cannot be compared */
	struct log_limit missing; /* … message */
};

struct reconcile {
	struct spool *spool;
	const struct options *options;
	struct event *timer;
	int channel;
	struct ledger ledger[OPTIONS_GROUPS_MAX];
	struct entry *entry[OPTIONS_GROUPS_MAX];
	size_t count;
	int64_t clock_us;  /* CLOCK_REALTIME - CLOCK_BOOTTIME at the last reading */
	uint64_t begin_us; /* of that reading */
	bool steady;       /* the clock did not jump since the one before */
	unsigned failures;
	uint64_t lost; /* records brought out by this run */
	bool unsaved;
	struct log_limit said_failed, said_unsaved;
};

static uint64_t
clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int64_t
now_ms(void)
{
	return (int64_t)(clock_us(CLOCK_MONOTONIC) / 1000);
}

/* Like a bind_id of the agent's own namespace (agent/binding.h). */
static uint64_t
draw_id(void)
{
	uint32_t random = 0;

	while (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random ||
	       random == 0)
		;
	return (uint64_t)random << 32 | binding_place("");
}

/* ---- the file */

/* Records it brought out that are in the spool; what is more waits there for room. */
static uint64_t
in_spool(const struct spool *spool, const struct ledger *l)
{
	uint32_t brought_out;

	/* Of the many states a spool remembers, those silent longest make way. */
	if (!spool_source_last(spool, l->id, &brought_out))
		return l->told;
	return l->counted +
	       (uint64_t)(int64_t)(int32_t)(brought_out - (uint32_t)l->counted);
}

static void
save(struct reconcile *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct entry *e = r->entry[i];
		struct capture_position at;

		e->ledger->told = in_spool(r->spool, e->ledger);
		if (e->group == NULL)
			continue;
		capture_position(e->group, &at);
		e->ledger->settled = e->carried + at.settled;
		e->ledger->kseq = at.kseq;
	}
	r->unsaved = false;
	if (ledger_file_write(r->options->spool_dir, r->ledger, r->count) < 0)
		log_limited(&r->said_unsaved, LOG_LEVEL_WARN,
		    "reconcile: %s/%s cannot be written: %m; what is logged while "
		    "the agent is down will be counted as of unknown size",
		    r->options->spool_dir, LEDGER_FILE);
}

static struct entry *
entry_new(struct reconcile *r)
{
	struct entry *e = calloc(1, sizeof *e);

	if (e == NULL)
		return NULL;
	e->reconcile = r;
	e->ledger = &r->ledger[r->count];
	r->entry[r->count++] = e;
	return e;
}

static struct entry *
entry_find(const struct reconcile *r, uint16_t group)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->ledger[i].group == group)
			return r->entry[i];
	return NULL;
}

/* ---- losses */

/* In the name of the ledger; counted is what it has brought out with this one. */
static bool
write_loss(struct spool *spool, const struct ledger *l, struct loss *loss)
{
	loss->bind_id = l->id;
	loss->group = l->group;
	loss->kseq = (uint32_t)l->counted;
	/* What finds no room is kept in memory, and in the file as not brought out. */
	return spool_append_loss(spool, loss) == 0;
}

static bool
write_unknown(struct spool *spool, struct ledger *l)
{
	struct loss loss = {
	    .cause = LOSS_AGENT_DOWN,
	    .records = LOSS_RECORDS_UNKNOWN,
	    .from_us = l->down_from_us,
	    .to_us = l->down_to_us,
	};

	l->down = LEDGER_UP;
	return write_loss(spool, l, &loss);
}

/*
 * Nobody will read its counters any more: what it found and what found no room before
 * its run was killed is counted now. Whether all of it is in the spool.
 */
static bool
settle(struct spool *spool, struct ledger *l)
{
	uint64_t missing = l->counted - in_spool(spool, l);
	bool down = l->down != LEDGER_UP, written = true;
	uint64_t now = clock_us(CLOCK_REALTIME);
	struct loss loss = {
	    .cause = down ? LOSS_AGENT_DOWN : LOSS_KERNEL,
	    .records = missing,
	    .from_us = down ? l->down_from_us : now,
	    .to_us = down ? l->down_to_us : now,
	};

	if (missing > 0 && missing <= INT32_MAX)
		written = write_loss(spool, l, &loss);
	if (l->down == LEDGER_OPEN)
		written = write_unknown(spool, l) && written;
	return written;
}

static bool
is_wanted(const struct options *o, uint16_t group)
{
	for (size_t i = 0; i < o->groups; i++)
		if (o->group[i].number == group && options_place(o, i) == NULL)
			return true;
	return false;
}

/*
 * Of a group that no option names: it may come back, and then its rules tell what was
 * logged meanwhile. Whether it is time to forget it.
 */
static bool
has_left(const struct options *o, struct ledger *l)
{
	uint64_t now = clock_us(CLOCK_REALTIME);

	if (is_wanted(o, l->group)) {
		l->left_us = 0;
		return false;
	}
	if (l->left_us == 0 || l->left_us > now)
		l->left_us = now;
	return now - l->left_us >= LEFT_MAX_US;
}

/* Not before its losses are in the spool. */
static bool
forget(struct reconcile *r, size_t i)
{
	enum ledger_down down = r->ledger[i].down;

	if (!settle(r->spool, &r->ledger[i])) {
		r->ledger[i].down = down;
		return false;
	}
	log_info("group %u: no option names it; what its rules counted is forgotten",
	    r->ledger[i].group);
	ledger_clear(&r->ledger[i]);
	free(r->entry[i]);
	r->count--;
	for (; i < r->count; i++) {
		r->ledger[i] = r->ledger[i + 1];
		r->entry[i] = r->entry[i + 1];
		r->entry[i]->ledger = &r->ledger[i];
	}
	r->ledger[i] = (struct ledger){.group = 0};
	r->unsaved = true;
	return true;
}

/* Makes room for a group: the one that nobody names for longest is forgotten. */
static bool
forget_one(struct reconcile *r)
{
	size_t oldest = r->count;

	for (size_t i = 0; i < r->count; i++)
		if (r->ledger[i].left_us != 0 &&
		    (oldest == r->count ||
			r->ledger[i].left_us < r->ledger[oldest].left_us))
			oldest = i;
	return oldest < r->count && forget(r, oldest);
}

/* 0, or -1: no memory. */
static int
load(struct reconcile *r)
{
	const struct options *o = r->options;
	char why[160];
	int n = ledger_file_read(
	    o->spool_dir, r->ledger, OPTIONS_GROUPS_MAX, why, sizeof why);

	if (n < 0)
		log_warn("reconcile: %s/%s is left aside: %s; beginning anew",
		    o->spool_dir, LEDGER_FILE, why);
	for (int i = 0; i < n; i++)
		if (entry_new(r) == NULL)
			return -1;
	for (size_t i = r->count; i > 0; i--)
		if (has_left(o, &r->ledger[i - 1]))
			(void)forget(r, i - 1);
	return 0;
}

/* Nothing can be said of what was, only of what will be. */
static void
give_up(struct entry *e, const char *why)
{
	struct ledger *l = e->ledger;

	ledger_rebase(l);
	if (l->down == LEDGER_OPEN) {
		log_warn("group %u: how many packets were logged while nobody held it "
			 "cannot be told: %s",
		    l->group, why);
		(void)write_unknown(e->reconcile->spool, l);
	}
	l->down = LEDGER_UP;
	e->reconcile->unsaved = true;
}

/* The record behind those that were brought out has come: what it showed is known. */
static void
on_gap(void *arg)
{
	struct entry *e = arg;

	e->ledger->tail = 0;
	save(e->reconcile);
}

static void
bring_out(struct entry *e, uint64_t records, uint32_t kseq)
{
	struct reconcile *r = e->reconcile;
	struct ledger *l = e->ledger;
	bool down = l->down != LEDGER_UP;
	uint64_t since = e->last_real_us != 0 ? e->last_real_us : e->end_real_us;
	struct loss loss = {
	    .cause = down ? LOSS_AGENT_DOWN : LOSS_KERNEL,
	    .records = records,
	    .from_us = down ? l->down_from_us : since,
	    .to_us = down ? l->down_to_us : e->end_real_us,
	};

	ledger_book(l, records);
	r->lost += records;
	(void)write_loss(r->spool, l, &loss);
	log_limited(&e->missing, LOG_LEVEL_WARN,
	    "group %u: %" PRIu64 " packets that its rules counted were not captured: "
	    "%s; they are counted as lost",
	    l->group, records,
	    down ? "nobody held the group"
		 : "the kernel had no memory or no room for them (receive_buffer)");
	/* Nothing has come since: they may be numbered, and show as a gap then. */
	if (kseq == e->last_kseq) {
		l->tail += records;
		capture_expect_gap(e->group, l->tail, on_gap, e);
	}
	save(r);
}

/* ---- bindings */

/* Another binding of the group was written to the spool after the ledger's. */
static bool
is_overtaken(const struct reconcile *r, const struct ledger *l, uint64_t bind_id)
{
	static struct spool_source source[SPOOL_SOURCES_MAX];
	size_t n = spool_sources(r->spool, source, SPOOL_SOURCES_MAX);
	bool other = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t id = source[i].source.bind_id;

		if (id == l->bind_id)
			return other;
		if (source[i].source.group == l->group &&
		    (uint32_t)id == binding_place("") && id != l->id && id != bind_id)
			other = true;
	}
	return false;
}

/*
 * What the spool holds beyond the file: the run before may have been killed. Or behind
 * it: what waited in memory for room in a full spool went with that run, so the capture
 * finds its records as a gap, and a reading what was to be brought out.
 */
static bool
catch_up(const struct reconcile *r, struct ledger *l, uint64_t bind_id)
{
	uint32_t kseq;
	int64_t more, steps = 0, gap = 0, tail;
	bool known = spool_source_last(r->spool, l->bind_id, &kseq);

	if ((!known && l->kseq != KSEQ_NONE) || is_overtaken(r, l, bind_id))
		return false;
	if (known)
		steps = (int32_t)(kseq - l->kseq);
	more = (int64_t)(in_spool(r->spool, l) - l->counted);
	l->counted += (uint64_t)more;
	if (more > 0 && l->down == LEDGER_OPEN)
		l->down = LEDGER_TOLD;
	tail = (int64_t)l->tail;
	if (steps > 0) {
		gap = tail < steps - 1 ? tail : steps - 1;
		tail = 0;
	} else {
		tail = tail + more > 0 ? tail + more : 0;
	}
	if (steps != 0)
		l->kseq = kseq;
	l->tail = (uint64_t)tail;
	l->settled += (uint64_t)(steps - gap);
	return true;
}

/* The group has been without anybody since the binding that the ledger knows. */
static void
note_down(const struct reconcile *r, struct entry *e, const struct binding *b)
{
	struct ledger *l = e->ledger;
	uint64_t last = capture_last_us(r->spool, l->group, "");

	if (last == 0)
		last = l->down_to_us != 0 ? l->down_to_us : b->bound_us;
	/* What is still to come of an earlier such time comes with this one. */
	if (l->down == LEDGER_UP)
		l->down_from_us = last;
	l->down = LEDGER_OPEN;
	l->down_to_us = b->bound_us;
	l->bind_id = b->bind_id;
	l->kseq = KSEQ_NONE;
	l->tail = 0;
}

static void
begin_ledger(struct ledger *l, const struct binding *b)
{
	ledger_clear(l);
	*l = (struct ledger){
	    .group = b->group,
	    .id = draw_id(),
	    .bind_id = b->bind_id,
	    .kseq = KSEQ_NONE,
	};
}

bool
reconcile_expect(struct reconcile *r, const struct binding *b)
{
	struct entry *e = entry_find(r, b->group);
	struct ledger *l;
	bool same;

	if (e == NULL) {
		if (r->count == OPTIONS_GROUPS_MAX && !forget_one(r))
			return false;
		e = entry_new(r);
		if (e == NULL)
			return false;
		begin_ledger(e->ledger, b);
		return false;
	}
	l = e->ledger;
	same = l->bind_id == b->bind_id;
	if (!catch_up(r, l, b->bind_id) || (!same && !l->based)) {
		if (l->down == LEDGER_OPEN)
			(void)write_unknown(r->spool, l);
		begin_ledger(l, b);
		return false;
	}
	if (!same)
		note_down(r, e, b);
	return true;
}

void
reconcile_bind(struct reconcile *r, struct capture_group *g, uint16_t group)
{
	const struct options *o = r->options;
	struct entry *e = entry_find(r, group);

	if (e == NULL)
		return;
	e->group = g;
	e->carried = e->ledger->settled;
	e->last_kseq = KSEQ_NONE;
	e->give_up_ms = now_ms() + DOWN_WAIT_MS;
	e->asks = ASKS_MAX;
	for (size_t i = 0; i < o->groups; i++)
		if (o->group[i].number == group && options_place(o, i) == NULL)
			e->flush_ms = options_group(o, i).flush_timeout;
	capture_expect_gap(g, e->ledger->tail, on_gap, e);
	save(r);
}

void
reconcile_unbind(struct reconcile *r, uint16_t group)
{
	struct entry *e = entry_find(r, group);

	if (e == NULL)
		return;
	save(r);
	e->group = NULL;
	e->waiting = false;
}

/* ---- readings */

static void
say_baseline(struct entry *e, enum ledger_change change, bool first)
{
	const struct ledger *l = e->ledger;

	if (first)
		log_info("group %u: reconciled with %zu counters of its rules",
		    l->group, l->counters);
	else
		log_info("group %u: %s: new baseline, %zu counters", l->group,
		    change == LEDGER_RESET_RULES ? "counters of its rules were reset"
						 : "its rules have changed",
		    l->counters);
}

static void
compare(struct entry *e, const struct capture_position *at, uint64_t high)
{
	struct ledger *l = e->ledger;
	bool second = l->seen, known;
	uint64_t low = 0, missing;

	known = capture_settled_at(e->group, e->begin_us, &low);
	low += e->carried;
	high += e->carried;
	switch (ledger_compare(l, known, low, high, &missing)) {
	case LEDGER_BASED:
		return;
	case LEDGER_OVER:
		log_warn("group %u: more was captured than its rules counted: other "
			 "rules log to it too (a counter beside each of them makes it "
			 "whole); not reconciled until the rules change",
		    l->group);
		snprintf(e->said, sizeof e->said, "over");
		give_up(e, "its rules do not count everything");
		return;
	case LEDGER_COMPARED:
		break;
	}
	if (missing > 0)
		bring_out(e, missing, at->kseq);
	if (l->down == LEDGER_OPEN && second)
		l->down = LEDGER_TOLD;
	/* Nothing was under way: what comes from now on is of another time. */
	if (l->down == LEDGER_TOLD && known && low == high && l->found <= 0)
		l->down = LEDGER_UP;
}

/* Something is missing, or may be: another reading tells, and sooner than its turn. */
static void
ask_again(struct entry *e, bool found_before)
{
	struct ledger *l = e->ledger;
	const char again = READING_AGAIN;

	if (l->found > 0 && !found_before)
		e->asks = ASKS_MAX;
	/* A host that never pauses: the little that may be left is of another time. */
	if (e->asks == 0 && l->down == LEDGER_TOLD)
		l->down = LEDGER_UP;
	if ((l->found <= 0 && l->down == LEDGER_UP) || e->asks == 0)
		return;
	e->asks--;
	(void)send(
	    e->reconcile->channel, &again, sizeof again, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Everything that was logged before the reading is here. high: settled then at most. */
static void
finish_reading(struct entry *e, uint64_t high)
{
	struct reconcile *r = e->reconcile;
	struct ledger *l = e->ledger;
	struct capture_position at;
	enum ledger_change change;
	uint64_t before = l->hits;
	bool first = l->counters == 0, found = l->found > 0;

	e->waiting = false;
	capture_watch(e->group, 0);
	capture_position(e->group, &at);
	if (ledger_count(l, e->gathered, e->gathered_count, &change) < 0) {
		log_limited(&r->said_failed, LOG_LEVEL_WARN,
		    "reconcile: out of memory; a reading is left out");
		return;
	}
	e->hits += l->hits - before;
	if (change != LEDGER_SAME || first) {
		say_baseline(e, change, first);
		e->said[0] = '\0';
		give_up(e, "its rules have changed");
	}
	if (e->said[0] == '\0') {
		compare(e, &at, high);
		ask_again(e, found);
	}
	e->last_real_us = e->end_real_us;
	e->last_kseq = at.kseq;
	r->unsaved = true;
}

/* What is under way in the kernel comes within its timeout; then the queue is read. */
static void
look(struct entry *e)
{
	struct capture_position at;
	uint64_t high;
	bool empty = false;

	if (!capture_watched(e->group, &high) && now_ms() >= e->due_ms)
		empty = capture_read(e->group, CAPTURE_TURN) < CAPTURE_TURN;
	if (capture_watched(e->group, &high)) {
		finish_reading(e, high);
	} else if (empty) {
		capture_position(e->group, &at);
		finish_reading(e, at.settled);
	}
}

static void
arm(struct reconcile *r, int ms)
{
	const struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_add(r->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reconcile *r = arg;
	bool waiting = false;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < r->count; i++) {
		struct entry *e = r->entry[i];

		if (e->waiting)
			look(e);
		waiting = waiting || e->waiting;
		if (e->group != NULL && e->ledger->down == LEDGER_OPEN &&
		    now_ms() >= e->give_up_ms)
			give_up(e, "the counters could not be read in time");
	}
	if (!waiting && r->unsaved)
		save(r);
	arm(r, waiting ? STEP_MS : IDLE_MS);
}

/* Rules that cannot be compared; what they counted so far is not forgotten. */
static void
leave_out(struct entry *e, const struct reading_message *m)
{
	const char *why = m->rules == 0 ? "no rule logs to it" : m->why;

	if (strcmp(e->said, why) == 0)
		return;
	snprintf(e->said, sizeof e->said, "%s", why);
	if (m->rules == 0)
		log_info("group %u: %s; reconciled once there is one", e->ledger->group,
		    why);
	else
		log_warn("group %u: not reconciled: %s", e->ledger->group, why);
	ledger_clear(e->ledger);
	give_up(e, why);
	save(e->reconcile);
}

/* Have wall clock and time since boot kept step since the last reading? */
static bool
clock_is_steady(struct reconcile *r, const struct reading_message *m)
{
	int64_t now = (int64_t)(m->end_real_us - m->end_us);
	int64_t slip = now - r->clock_us;

	if (m->begin_us == r->begin_us)
		return r->steady;
	r->begin_us = m->begin_us;
	r->clock_us = now;
	r->steady = slip < CLOCK_SLIP && slip > -CLOCK_SLIP;
	return r->steady;
}

static void
begin_reading(struct entry *e, const struct reading_message *m)
{
	struct reconcile *r = e->reconcile;
	bool steady = clock_is_steady(r, m);

	r->failures = 0;
	if (m->rules == 0 || m->unknown > 0) {
		leave_out(e, m);
		return;
	}
	e->waiting = true;
	e->end_real_us = m->end_real_us;
	e->due_ms = now_ms() + (int64_t)e->flush_ms + LATE_MS;
	capture_watch(e->group, steady ? m->end_real_us + STAMP_US : 0);
	arm(r, STEP_MS);
}

static void
take_failure(struct reconcile *r, const struct reading_message *m)
{
	log_limited(&r->said_failed, LOG_LEVEL_WARN,
	    "reconcile: the rules' counters cannot be read: %s", m->why);
	if (++r->failures < FAILURES_MAX)
		return;
	for (size_t i = 0; i < r->count; i++)
		if (r->entry[i]->group != NULL && r->ledger[i].down == LEDGER_OPEN)
			give_up(r->entry[i], "the counters cannot be read");
}

void
reconcile_take(struct reconcile *r, const struct reading_message *m)
{
	struct entry *e;

	if (m->kind == READING_FAILED)
		take_failure(r, m);
	if (m->kind != READING_MORE && m->kind != READING_LAST)
		return;
	e = entry_find(r, m->group);
	if (e == NULL || e->group == NULL)
		return;
	if (m->begin_us != e->begin_us) {
		e->begin_us = m->begin_us;
		e->gathered_count = 0;
		e->waiting = false; /* for the one before, which took too long */
	}
	if (m->count > RULESET_COUNTERS_MAX - e->gathered_count)
		return;
	memcpy(&e->gathered[e->gathered_count], m->counter,
	    m->count * sizeof m->counter[0]);
	e->gathered_count += m->count;
	if (m->kind == READING_LAST)
		begin_reading(e, m);
}

/* ---- figures */

void
reconcile_counters(const struct reconcile *r, struct reconcile_counters *out)
{
	uint64_t hits = 0, open = 0, groups = 0;

	for (size_t i = 0; i < r->count; i++) {
		hits += r->entry[i]->hits;
		open += ledger_open(&r->ledger[i]);
		groups += r->entry[i]->group != NULL && r->ledger[i].based;
	}
	*out = (struct reconcile_counters){
	    .run = spool_epoch(r->spool),
	    .groups = groups,
	    .counted = hits,
	    .settled = hits > open ? hits - open : 0,
	    .lost = r->lost,
	};
}

/* ---- start and end */

struct reconcile *
reconcile_new(
    struct event_base *base, struct spool *spool, const struct options *o, int channel)
{
	struct reconcile *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->spool = spool;
	r->options = o;
	r->channel = channel;
	r->clock_us = (int64_t)(clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME));
	r->timer = evtimer_new(base, on_timer, r);
	if (r->timer == NULL || load(r) < 0) {
		reconcile_free(r);
		return NULL;
	}
	arm(r, IDLE_MS);
	return r;
}

void
reconcile_free(struct reconcile *r)
{
	if (r == NULL)
		return;
	if (r->count > 0)
		save(r);
	for (size_t i = 0; i < r->count; i++) {
		ledger_clear(&r->ledger[i]);
		free(r->entry[i]);
	}
	if (r->timer != NULL)
		event_free(r->timer);
	free(r);
}

void
reconcile_forget(struct spool *spool, const char *dir)
{
	struct ledger *ledger = calloc(OPTIONS_GROUPS_MAX, sizeof *ledger);
	char why[160];
	bool written = true;
	int n = 0;

	if (ledger != NULL)
		n = ledger_file_read(dir, ledger, OPTIONS_GROUPS_MAX, why, sizeof why);
	for (int i = 0; i < n; i++) {
		written = settle(spool, &ledger[i]) && written;
		ledger_clear(&ledger[i]);
	}
	free(ledger);
	if (written)
		ledger_file_remove(dir);
}
