/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows against brute force: for each kind of correlation 10,000 random streams, a
 * thousand groups of ten rules, in order and in the order in which events of
 * several hosts arrive within `hold`. What fires, when, with which start and amount,
 * must be the same as looking at all events of the window each time.
 */
#include "tests/unit/alert/engine_rig.h"

#define STREAMS 1000
#define SHAPES                                                                       \
	10        /* rules with bounds and spans of their own, which see all streams \
		   */
#define EVENTS 48 /* of a stream */
#define PORTS 6

struct step {
	uint64_t ts;
	uint32_t port;
	uint32_t length;
	int64_t n;
};
static struct step steps[STREAMS][EVENTS];

struct fired {
	uint64_t at, start, amount;
};
static struct seen {
	unsigned fired, resolved;
	struct fired alert[EVENTS];
} seen[SHAPES][STREAMS];

static uint32_t
stream_of(const struct alert *a)
{
	unsigned b[4];

	/* An assertion that holds costs a system call. */
	if (a->values != 1 ||
	    sscanf(a->value[0].text, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		ck_abort_msg("not a group of these rules");
	return (b[1] << 16 | b[2] << 8 | b[3]);
}

static void
on_alert(void *arg, const struct alert *a)
{
	uint32_t i = stream_of(a);
	struct seen *to;

	(void)arg;
	if (i >= STREAMS)
		ck_abort_msg("not a stream");
	to = &seen[a->rule->index - 3][i];
	if (a->change == ALERT_FIRED)
		to->alert[to->fired++] =
		    (struct fired){a->last_us, a->window_start_us, a->amount};
	to->resolved += a->change == ALERT_RESOLVED;
}

static void
on_digest(void *arg, const struct alert_digest *d)
{
	(void)arg;
	(void)d;
}

/* ---- brute force */

static bool
is_step(const struct step *s, unsigned which)
{
	/* Ports 1 to 3 are a step each, 4 is two of them. */
	return s->port == which + 1 || (s->port == 4 && which < 2);
}

/* No more than the rule needs to decide: the values seen last. */
static struct fired
look_distinct(const struct rule *r, const struct step *s, unsigned now, uint64_t from)
{
	uint64_t most = r->upper != UINT64_MAX ? r->upper + 1 : r->lower;
	struct fired f = {.start = s[now].ts};
	uint32_t ports = 0;

	for (unsigned i = now + 1; i-- > 0 && s[i].ts >= from && f.amount < most;) {
		if ((ports >> s[i].port & 1) != 0)
			continue;
		ports |= UINT32_C(1) << s[i].port;
		f.amount++;
		f.start = s[i].ts;
	}
	return f;
}

static bool
look_sum(const struct rule *r, const struct step *s, unsigned now, struct fired *f)
{
	uint64_t slice = (r->timespan_us + 63) / 64, here = s[now].ts / slice;
	uint64_t sum = 0, count = 0, first = here;

	for (unsigned i = 0; i <= now; i++) {
		if (s[i].ts / slice + 64 <= here)
			continue;
		sum += s[i].length;
		count++;
		first = s[i].ts / slice < first ? s[i].ts / slice : first;
	}
	if (r->type == RULE_VALUE_SUM)
		count = 1;
	*f = (struct fired){s[now].ts, first * slice, sum / count};
	return sum >= r->lower * count &&
	       (r->upper == UINT64_MAX || sum <= r->upper * count);
}

/* All chains of different events, looked at from the end. */
static uint64_t
chain_start(const struct step *s, unsigned end, unsigned which, uint64_t from)
{
	uint64_t best = 0;

	if (s[end].ts < from || !is_step(&s[end], which))
		return 0;
	if (which == 0)
		return s[end].ts;
	for (unsigned i = 0; i < end; i++) {
		uint64_t start = chain_start(s, i, which - 1, from);

		best = start > best ? start : best;
	}
	return best;
}

static bool
look_temporal(const struct step *s, unsigned now, uint64_t from, struct fired *f)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned which = 0; which < 3; which++) {
		uint64_t last = 0;

		for (unsigned i = 0; i <= now; i++)
			if (s[i].ts >= from && is_step(&s[i], which))
				last = s[i].ts;
		if (last == 0)
			return false;
		oldest = last < oldest ? last : oldest;
	}
	*f = (struct fired){0, oldest, 3};
	return true;
}

static struct fired
look_count(const struct step *s, unsigned now, uint64_t from)
{
	struct fired f = {0};

	for (unsigned i = now + 1; i-- > 0 && s[i].ts >= from;) {
		f.amount++;
		f.start = s[i].ts;
	}
	return f;
}

/* What windows keep of counts: enough to decide, and one for event_count. */
static void
cap(const struct rule *r, const struct step *s, unsigned now, struct fired *f)
{
	uint64_t most = r->upper != UINT64_MAX ? r->upper + 1 : r->lower;

	if (r->type != RULE_EVENT_COUNT || f->amount <= most + 1)
		return;
	f->amount = most + 1;
	f->start = s[now - most].ts;
}

static bool
look(const struct rule *r, const struct step *s, unsigned now, struct fired *f)
{
	uint64_t from = s[now].ts - r->timespan_us;
	bool holds;

	switch (r->type) {
	case RULE_EVENT_COUNT:
		*f = look_count(s, now, from);
		cap(r, s, now, f);
		break;
	case RULE_VALUE_COUNT:
		*f = look_distinct(r, s, now, from);
		break;
	case RULE_TEMPORAL:
		holds = s[now].port <= 4 && look_temporal(s, now, from, f);
		f->at = s[now].ts;
		return holds;
	case RULE_TEMPORAL_ORDERED:
		*f = (struct fired){s[now].ts, chain_start(s, now, 2, from), 3};
		return f->start != 0;
	default:
		return look_sum(r, s, now, f);
	}
	f->at = s[now].ts;
	return f->amount >= r->lower && f->amount <= r->upper;
}

/* Does this kind of rule see the event at all? */
static bool
concerns(const struct rule *r, const struct step *s)
{
	return (r->type != RULE_TEMPORAL && r->type != RULE_TEMPORAL_ORDERED) ||
	       s->port <= 4;
}

static void
expect(const struct rule *r, unsigned shape, unsigned stream)
{
	const struct step *s = steps[stream];
	struct fired f;
	uint64_t held = 0;
	unsigned fired = 0;

	for (unsigned i = 0; i < EVENTS; i++) {
		if (!concerns(r, &s[i]) || !look(r, s, i, &f))
			continue;
		if (held == 0 || held + r->resolve_us < s[i].ts) {
			const struct fired *got = &seen[shape][stream].alert[fired];

			ck_assert_msg(fired < seen[shape][stream].fired,
			    "%s, stream %u: not fired at event %u", r->id, stream, i);
			ck_assert_msg(got->at == f.at && got->start == f.start &&
					  got->amount == f.amount,
			    "%s, stream %u, event %u: %lld/%lld/%llu for "
			    "%lld/%lld/%llu",
			    r->id, stream, i, (long long)(got->at - START),
			    (long long)(got->start - START),
			    (unsigned long long)got->amount, (long long)(f.at - START),
			    (long long)(f.start - START), (unsigned long long)f.amount);
			fired++;
		}
		held = s[i].ts;
	}
	ck_assert_msg(fired == seen[shape][stream].fired,
	    "%s, stream %u: fired %u for %u", r->id, stream, seen[shape][stream].fired,
	    fired);
	ck_assert_uint_eq(fired, seen[shape][stream].resolved);
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
				ts += rig_below(4) == 0 ? rig_below(20) * SECOND
							: rig_below(3000000);
			steps[i][j] = (struct step){ts, 1 + rig_below(PORTS),
			    1 + rig_below(1000), 1 + (int64_t)(i * EVENTS + j)};
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

/* Detections 0 to 2, then the rules. */
static void
make_rules(enum rule_type type)
{
	static const char *const ports[] = {"1,4", "2,4", "3"};
	char text[64], id[32];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "dport:%s",
		    type < RULE_TEMPORAL ? i == 0 ? "1-6" : "9" : ports[i]);
		snprintf(id, sizeof id, "step%u", i);
		rig_detection(id, text, "src", NULL)->alerts = false;
	}
	for (unsigned i = 0; i < SHAPES; i++) {
		struct rule *r;

		snprintf(id, sizeof id, "rule%u", i);
		r = rig_correlation(id, type, 1 + rig_below(PORTS),
		    (1 + rig_below(20)) * SECOND + rig_below(2) * rig_below(1000));
		if (type == RULE_VALUE_SUM)
			r->lower = 500 + rig_below(3000);
		else if (type == RULE_VALUE_AVG)
			r->lower = 300 + rig_below(500);
		if (type < RULE_TEMPORAL && rig_below(3) == 0)
			r->upper =
			    r->lower + rig_below(type < RULE_VALUE_SUM ? 3 : 500);
		r->resolve_us = 1 + rig_below(15) * SECOND;
		for (unsigned j = 0; j < 3; j++)
			rig_refer(r, rig_rules[j]);
		rig_by(r, "src");
		if (type == RULE_VALUE_COUNT)
			rig_source(r, &r->value, "dport");
		else if (type == RULE_VALUE_SUM || type == RULE_VALUE_AVG)
			rig_source(r, &r->value, "len");
	}
}

static void
feed(struct engine *e, const struct arrival *a)
{
	const struct step *s = &steps[a->stream][a->step];
	struct event ev = rig_event(s->ts, UINT32_C(10) << 24 | a->stream, s->port);

	EVENT_SET(&ev, len, s->length);
	engine_feed(e, a->at, &ev, 1 + (int32_t)(a->stream % 3), s->n);
}

static void
run(enum rule_type type, bool shuffled)
{
	static const struct engine_calls calls = {on_alert, on_digest, NULL};
	struct engine_limits limits = {.groups = 400000};
	struct engine_stats stats;
	struct engine *e;

	memset(seen, 0, sizeof seen);
	make_rules(type);
	make_arrivals(shuffled);
	e = rig_engine(&limits, &calls);
	for (size_t i = 0; i < STREAMS * EVENTS; i++)
		feed(e, &arrivals[i]);
	engine_drain(e);
	engine_advance(e, START + 3600 * SECOND);
	engine_get_stats(e, &stats);
	ck_assert_uint_eq(stats.late + stats.too_late + stats.ahead, 0);
	ck_assert_uint_eq(stats.evicted + stats.refused, 0);
	ck_assert_uint_eq(stats.active, 0);
	engine_free(e);
	for (unsigned shape = 0; shape < SHAPES; shape++)
		for (unsigned i = 0; i < STREAMS; i++)
			expect(rig_rules[3 + shape], shape, i);
	rig_clear();
}

START_TEST(windows_are_exact)
{
	rig_random = 7514 + (uint64_t)_i;
	make_streams();
	run((enum rule_type)(RULE_EVENT_COUNT + _i / 2), _i % 2 == 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("window");
	TCase *t = tcase_create("oracle");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, windows_are_exact, 0,
	    2 * (RULE_TEMPORAL_ORDERED - RULE_EVENT_COUNT + 1));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
