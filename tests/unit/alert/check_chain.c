/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Correlations of correlations against brute force: random rules of every kind, up to
 * four levels, over random streams, in order and in the order in which events of
 * several hosts arrive within `hold`. Each level looks at all that ever reached it.
 */
#include "tests/unit/alert/engine_rig.h"

#define STREAMS 100
#define EVENTS 48 /* of a stream */
#define PORTS 6
#define DETECTIONS 3
#define LEVEL_RULES 4
#define LEVELS 4
#define RULES (DETECTIONS + LEVELS * LEVEL_RULES)
#define GROUPS (PORTS + 1) /* of a stream: by port, or 0 */

struct step {
	uint64_t ts;
	uint32_t port;
	int64_t n;
};
static struct step steps[STREAMS][EVENTS];

static struct seen {
	unsigned fired;
	uint64_t at[EVENTS];
} seen[RULES][STREAMS][GROUPS];
static unsigned fired_of_level[LEVELS + 1];

static void
on_alert(void *arg, const struct alert *a)
{
	unsigned b[4], port = 0;
	struct seen *to;

	(void)arg;
	if (a->change != ALERT_FIRED)
		return;
	if (sscanf(a->value[0].text, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		ck_abort_msg("not a group of these rules");
	if (a->values > 1)
		port = (unsigned)strtoul(a->value[1].text, NULL, 10);
	to = &seen[a->rule->index][b[2] << 8 | b[3]][port];
	to->at[to->fired++] = a->last_us;
	fired_of_level[a->rule->depth]++;
}

static void
on_digest(void *arg, const struct alert_digest *d)
{
	(void)arg;
	(void)d;
}

/* ---- brute force */

/* What reached a group with an event. */
struct entry {
	uint64_t ts;
	uint32_t references, values; /* bits */
};

struct history {
	struct entry entry[EVENTS];
	unsigned count;
	bool held;
	uint64_t held_us; /* 0: no alert so far */
	unsigned fired;
};

/* How it is with a rule after an event: of the one group the event is of. */
struct answer {
	bool holds, edge;
};

static bool
is_detected(const struct step *s, size_t detection)
{
	/* Ports 1 to 3 are a detection each, 4 is two of them. */
	return s->port == detection + 1 || (s->port == 4 && detection < 2);
}

static bool
by_port(const struct rule *r)
{
	return r->key_count > 1;
}

static unsigned
count_in(const struct history *h, uint64_t from)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->count; i++)
		n += h->entry[i].ts >= from;
	return n;
}

static uint32_t
bits_in(const struct history *h, uint64_t from, bool values)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < h->count; i++)
		if (h->entry[i].ts >= from)
			bits |= values ? h->entry[i].values : h->entry[i].references;
	return bits;
}

/* Is there a chain of different events, the last of them this one? */
static bool
is_chain(const struct history *h, unsigned last, unsigned which, uint64_t from)
{
	if (h->entry[last].ts < from || (h->entry[last].references >> which & 1) == 0)
		return false;
	for (unsigned i = 0; which > 0 && i < last; i++)
		if (is_chain(h, i, which - 1, from))
			return true;
	return which == 0;
}

static bool
look(const struct rule *r, const struct history *h)
{
	uint64_t from = h->entry[h->count - 1].ts - r->timespan_us;
	unsigned n;

	if (r->type == RULE_TEMPORAL)
		return bits_in(h, from, false) ==
		       (UINT32_C(1) << r->reference_count) - 1;
	if (r->type == RULE_TEMPORAL_ORDERED)
		return is_chain(
		    h, h->count - 1, (unsigned)r->reference_count - 1, from);
	n = r->type == RULE_EVENT_COUNT
		? count_in(h, from)
		: (unsigned)__builtin_popcount(bits_in(h, from, true));
	return n >= r->lower && n <= r->upper;
}

static bool
reaches(const struct rule *r, const struct rule *below, const struct step *s,
    const struct answer *answers)
{
	const struct answer *a = &answers[below->index];

	if (below->type == RULE_DETECTION)
		return is_detected(s, below->index);
	return r->type >= RULE_TEMPORAL ? a->holds : a->edge;
}

static void
expect_event(const struct rule *r, struct history *h, const struct step *s,
    unsigned stream, struct answer *answers)
{
	const struct seen *got = &seen[r->index][stream][by_port(r) ? s->port : 0];
	struct entry e = {s->ts, 0, UINT32_C(1) << s->port};
	struct answer *a = &answers[r->index];
	uint64_t before = h->count > 0 ? h->entry[h->count - 1].ts : 0;

	*a = (struct answer){false, false};
	for (size_t i = 0; i < r->reference_count; i++)
		if (reaches(r, r->reference[i].rule, s, answers))
			e.references |= UINT32_C(1) << i;
	if (e.references == 0)
		return;
	h->entry[h->count++] = e;
	a->holds = look(r, h);
	a->edge = a->holds && (!h->held || before + r->timespan_us < s->ts);
	h->held = a->holds;
	if (!a->holds)
		return;
	if (h->held_us == 0 || h->held_us + r->resolve_us < s->ts) {
		/* An assertion that holds costs a system call. */
		if (h->fired >= got->fired || got->at[h->fired] != s->ts)
			ck_abort_msg("%s, stream %u, port %u: not fired at %llu", r->id,
			    stream, s->port, (unsigned long long)(s->ts - START));
		h->fired++;
	}
	h->held_us = s->ts;
}

static void
expect(unsigned stream)
{
	static struct history histories[RULES][GROUPS];
	struct answer answers[RULES];

	memset(histories, 0, sizeof histories);
	for (unsigned i = 0; i < EVENTS; i++) {
		const struct step *s = &steps[stream][i];

		for (size_t k = DETECTIONS; k < rig_set.count; k++)
			expect_event(rig_rules[k],
			    &histories[k][by_port(rig_rules[k]) ? s->port : 0], s,
			    stream, answers);
	}
	for (size_t k = DETECTIONS; k < rig_set.count; k++)
		for (unsigned g = 0; g < GROUPS; g++)
			if (histories[k][g].fired != seen[k][stream][g].fired)
				ck_abort_msg("%s, stream %u, port %u: fired %u for %u",
				    rig_rules[k]->id, stream, g,
				    seen[k][stream][g].fired, histories[k][g].fired);
}

/* ---- streams */

static void
make_streams(void)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		uint64_t ts = START + rig_below(1000000);

		for (unsigned j = 0; j < EVENTS; j++) {
			/* Some at the same time, some whole spans apart. */
			if (rig_below(8) > 0)
				ts += rig_below(6) == 0 ? rig_below(60) * SECOND
							: rig_below(3000000);
			steps[i][j] = (struct step){
			    ts, 1 + rig_below(PORTS), 1 + (int64_t)(i * EVENTS + j)};
		}
	}
}

struct arrival {
	uint64_t at;
	uint32_t stream, step;
};
static struct arrival arrivals[STREAMS * EVENTS];

static int
compare_arrivals(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return x->step < y->step ? -1 : 1;
}

static void
make_arrivals(bool shuffled)
{
	struct arrival *a = arrivals;

	for (uint32_t i = 0; i < STREAMS; i++)
		for (uint32_t j = 0; j < EVENTS; j++)
			*a++ = (struct arrival){
			    steps[i][j].ts + (shuffled ? rig_below(1990000) : 0), i, j};
	qsort(arrivals, STREAMS * EVENTS, sizeof *arrivals, compare_arrivals);
}

/* ---- rules */

/* Can a rule with groups by port refer to it? */
static bool
has_port(const struct rule *r)
{
	return r->type == RULE_DETECTION || by_port(r);
}

/* One of the level below, and up to two of any below. */
static void
refer(struct rule *r, unsigned level, bool port)
{
	unsigned first = level == 1 ? 0 : DETECTIONS + (level - 2) * LEVEL_RULES;
	unsigned below = level == 1 ? DETECTIONS : LEVEL_RULES;
	unsigned more = rig_below(3);
	bool used[RULES] = {false};

	/* Each level has one by port, its first. */
	rig_refer(r, rig_rules[port ? first : first + rig_below(below)]);
	used[r->reference[0].rule->index] = true;
	for (unsigned i = 0; i < more; i++) {
		unsigned k = rig_below(first + below);

		if (used[k] || (port && !has_port(rig_rules[k])))
			continue;
		used[k] = true;
		rig_refer(r, rig_rules[k]);
	}
}

static bool
all_have_port(const struct rule *r)
{
	for (size_t i = 0; i < r->reference_count; i++)
		if (!has_port(r->reference[i].rule))
			return false;
	return true;
}

static void
make_rule(unsigned level, unsigned number)
{
	static const enum rule_type types[] = {
	    RULE_EVENT_COUNT, RULE_VALUE_COUNT, RULE_TEMPORAL, RULE_TEMPORAL_ORDERED};
	struct rule *r;
	char id[32];

	snprintf(id, sizeof id, "level%u.%u", level, number);
	r = rig_correlation(
	    id, types[rig_below(4)], 1 + rig_below(3), (1 + rig_below(30)) * SECOND);
	refer(r, level, number == 0);
	if (r->type == RULE_VALUE_COUNT && !all_have_port(r))
		r->type = RULE_EVENT_COUNT;
	if (r->type == RULE_VALUE_COUNT)
		rig_source(r, &r->value, "dport");
	if (r->type < RULE_TEMPORAL && rig_below(4) == 0)
		r->upper = r->lower + rig_below(2);
	r->resolve_us = 1 + rig_below(15) * SECOND;
	rig_by(r, "src");
	if (number == 0)
		rig_by(r, "dport");
}

static void
make_rules(void)
{
	static const char *const ports[] = {"dport:1,4", "dport:2,4", "dport:3"};

	for (unsigned i = 0; i < DETECTIONS; i++)
		rig_detection(ports[i], ports[i], "src", NULL)->alerts = false;
	for (unsigned level = 1; level <= LEVELS; level++)
		for (unsigned i = 0; i < LEVEL_RULES; i++)
			make_rule(level, i);
}

static const struct engine_calls calls = {on_alert, on_digest, NULL};

static void
on_any_alert(void *arg, const struct alert *a)
{
	(void)arg;
	(void)a;
}

static void
run(bool shuffled)
{
	struct engine_limits limits = {.groups = 400000};
	struct engine_stats stats;
	struct engine *e;

	memset(seen, 0, sizeof seen);
	make_rules();
	make_arrivals(shuffled);
	e = rig_engine(&limits, &calls);
	for (size_t i = 0; i < STREAMS * EVENTS; i++) {
		const struct arrival *a = &arrivals[i];
		const struct step *s = &steps[a->stream][a->step];
		struct event ev =
		    rig_event(s->ts, UINT32_C(10) << 24 | a->stream, s->port);

		engine_feed(e, a->at, &ev, 1 + (int32_t)(a->stream % 3), s->n);
	}
	engine_drain(e);
	engine_get_stats(e, &stats);
	ck_assert_uint_eq(stats.late + stats.too_late + stats.ahead, 0);
	ck_assert_uint_eq(stats.evicted + stats.refused, 0);
	engine_free(e);
	for (unsigned i = 0; i < STREAMS; i++)
		expect(i);
	rig_clear();
}

START_TEST(chains_are_exact)
{
	memset(fired_of_level, 0, sizeof fired_of_level);
	rig_random = 7514 + (uint64_t)_i;
	for (unsigned i = 0; i < 12; i++) {
		make_streams();
		run(i % 2 == 1);
	}
	for (unsigned level = 1; level <= LEVELS; level++)
		ck_assert_uint_gt(fired_of_level[level], 1000);
}
END_TEST

/* More at once than any one rule can refer to. */
START_TEST(an_event_may_make_many_true)
{
	static const struct engine_calls deaf = {on_any_alert, on_digest, NULL};
	struct rule *top = NULL, *detection;
	struct engine_stats stats;
	struct engine *e;

	detection = rig_detection("all", "proto:tcp", "src", NULL);
	detection->alerts = false;
	for (unsigned i = 0; i < 90; i++) {
		struct rule *r = rig_correlation("low", RULE_EVENT_COUNT, 2, MINUTE);

		rig_refer(r, detection);
		rig_by(r, "src");
		r->alerts = false;
	}
	for (unsigned i = 0; i < 90; i++) {
		if (i % 30 == 0)
			top = rig_correlation("high", RULE_TEMPORAL, 0, MINUTE);
		rig_refer(top, rig_rules[1 + i]);
		top->alerts = i >= 60;
		if (i % 30 == 29)
			rig_by(top, "src");
	}
	e = rig_engine(&(struct engine_limits){0}, &deaf);
	for (unsigned i = 0; i < 2; i++) {
		struct event ev = rig_event(START + i, UINT32_C(10) << 24, 1);

		engine_feed(e, START + i, &ev, 1, 1 + (int64_t)i);
	}
	engine_drain(e);
	engine_get_stats(e, &stats);
	ck_assert_uint_eq(stats.fired, 1);
	ck_assert_uint_eq(stats.refused, 0);
	engine_free(e);
	rig_clear();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("oracle");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, chains_are_exact, 0, 4);
	tcase_add_test(t, an_event_may_make_many_true);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
