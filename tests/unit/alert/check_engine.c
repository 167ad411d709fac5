/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine as a whole: who hears of what, and that nothing is lost unsaid. */
#include "tests/unit/alert/engine_rig.h"

#define SCANNER(i) (UINT32_C(0x0a000000) + (uint32_t)(i))

/* All that came out, as text; and sums. */
static struct {
	char *text;
	size_t len, size;
	uint64_t change[4], delivery[5], digests, digested;
	struct alert last;
	char filter[FILTER_TEXT_MAX + 1], group[64], rule[64];
} out;

static void
note(const char *fmt, ...)
{
	va_list ap;

	if (out.size - out.len < 512) {
		out.size = out.size * 2 + 4096;
		out.text = realloc(out.text, out.size);
	}
	va_start(ap, fmt);
	out.len += (size_t)vsnprintf(out.text + out.len, 512, fmt, ap);
	va_end(ap);
}

static void
on_alert(void *arg, const struct alert *a)
{
	(void)arg;
	out.change[a->change]++;
	if (a->change == ALERT_FIRED)
		out.delivery[a->delivery]++;
	note("%d %d %s %s %llu %llu %llu %llu %zu\n", a->change, a->delivery,
	    a->rule->id, a->values > 0 ? a->value[0].text : "",
	    (unsigned long long)a->window_start_us, (unsigned long long)a->last_us,
	    (unsigned long long)a->events, (unsigned long long)a->amount, a->samples);
	out.last = *a;
	snprintf(out.filter, sizeof out.filter, "%s", a->filter);
	snprintf(out.rule, sizeof out.rule, "%s", a->rule->id);
	snprintf(out.group, sizeof out.group, "%s",
	    a->values > 0 ? a->value[a->values - 1].text : "");
}

static void
on_digest(void *arg, const struct alert_digest *d)
{
	uint64_t sum = 0;

	(void)arg;
	out.digests++;
	out.digested += d->alerts;
	for (size_t i = 0; i < d->entries; i++)
		sum += d->entry[i].alerts;
	ck_assert_uint_eq(sum, d->alerts);
	note("digest %llu %llu\n", (unsigned long long)d->from_us,
	    (unsigned long long)d->alerts);
}

static const struct engine_calls calls = {on_alert, on_digest, NULL};
static const struct engine_limits defaults = {.hold_us = 0};

static void
setup(void)
{
	memset(&out, 0, sizeof out);
	rig_random = 7514;
}

static void
teardown(void)
{
	free(out.text);
	rig_clear();
}

static void
forget(void)
{
	free(out.text);
	memset(&out, 0, sizeof out);
}

/* n ports of one host in ten minutes */
static struct rule *
make_scan(unsigned n)
{
	struct rule *syn = rig_detection("syn", "proto:tcp flags:S-A", "src", NULL);
	struct rule *scan = rig_correlation("scan", RULE_VALUE_COUNT, n, 10 * MINUTE);

	syn->alerts = false;
	rig_refer(scan, syn);
	rig_by(scan, "src");
	rig_source(scan, &scan->value, "dport");
	return scan;
}

static void
feed(struct engine *e, uint64_t ts, uint32_t src, uint32_t dport)
{
	static int64_t n;
	struct event ev = rig_event(ts, src, dport);

	engine_feed(e, ts, &ev, 1, ++n);
}

static void
scan(struct engine *e, uint64_t ts, uint32_t src, unsigned ports)
{
	for (unsigned i = 0; i < ports; i++)
		feed(e, ts + i * 1000, src, 1 + i);
}

START_TEST(a_scan_is_one_alert)
{
	struct engine *e;

	make_scan(25);
	e = rig_engine(&defaults, &calls);
	scan(e, START, SCANNER(1), 24);
	scan(e, START + SECOND, SCANNER(2), 500);
	engine_advance(e, START + 5 * SECOND);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 1);
	ck_assert_str_eq(out.filter, "proto:tcp flags:S-A src:10.0.0.2");
	ck_assert_str_eq(out.group, "10.0.0.2");
	ck_assert_uint_eq(out.last.window_start_us, START + SECOND);
	ck_assert_uint_eq(out.last.amount, 25);
	ck_assert_uint_eq(out.last.samples, 3);
	/* Counters are told; after ten minutes without it is over. */
	engine_advance(e, START + 20 * SECOND);
	ck_assert_uint_eq(out.change[ALERT_UPDATED], 1);
	ck_assert_uint_eq(out.last.events, 500);
	ck_assert_uint_eq(out.last.samples, ENGINE_SAMPLES);
	engine_advance(e, START + 30 * MINUTE);
	ck_assert_uint_eq(out.change[ALERT_RESOLVED], 1);
	ck_assert_uint_eq(out.last.resolved_us, START + SECOND + 499000 + 10 * MINUTE);
	engine_free(e);
}
END_TEST

START_TEST(suppression_of_one_hides_no_other)
{
	struct rule *r = make_scan(5);
	struct engine *e;

	r->suppress_us = 60 * MINUTE;
	r->resolve_us = MINUTE;
	e = rig_engine(&defaults, &calls);
	for (unsigned i = 0; i < 4; i++)
		scan(e, START + i * 15 * MINUTE, SCANNER(1), 10);
	scan(e, START + 50 * MINUTE, SCANNER(2), 10);
	engine_advance(e, START + 51 * MINUTE);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 5);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 2);
	ck_assert_uint_eq(out.delivery[ALERT_SUPPRESSED], 3);
	ck_assert_str_eq(out.group, "10.0.0.2");
	/* From the notification on, not from the last that was suppressed. */
	scan(e, START + 61 * MINUTE, SCANNER(1), 10);
	engine_advance(e, START + 62 * MINUTE);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 3);
	engine_free(e);
}
END_TEST

START_TEST(storms_become_digests)
{
	struct engine_stats s;
	struct engine *e;

	make_scan(3);
	e = rig_engine(&defaults, &calls);
	for (unsigned i = 0; i < 5000; i++)
		scan(e, START + i * 11000, SCANNER(i), 3);
	engine_advance(e, START + 10 * MINUTE);
	engine_get_stats(e, &s);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 5000);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 30);
	ck_assert_uint_eq(out.digests, 1);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY] + out.digested, 5000);
	ck_assert_uint_eq(s.fired, 5000);
	ck_assert_uint_eq(
	    s.notified + s.digested + s.silenced + s.suppressed + s.quiet, 5000);
	engine_free(e);
}
END_TEST

START_TEST(evictions_are_counted_and_said)
{
	struct engine_limits limits = {.groups = 1000};
	struct engine_rule_stats rs;
	struct engine_stats s;
	struct engine *e;

	make_scan(25);
	e = rig_engine(&limits, &calls);
	/* A slow scanner outlives a flood of sources that are seen once. */
	for (unsigned i = 0; i < 20000; i++) {
		feed(e, START + i * 1000, SCANNER(100 + i), 80);
		if (i % 100 == 0)
			feed(e, START + i * 1000, SCANNER(1), 1000 + i);
	}
	engine_advance(e, START + 2 * MINUTE);
	engine_get_stats(e, &s);
	engine_get_rule_stats(e, 1, &rs);
	ck_assert_uint_eq(rs.groups, 500);
	ck_assert_uint_eq(s.evicted, 20001 - 500);
	ck_assert_uint_eq(rs.evicted, s.evicted);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 2);
	ck_assert_ptr_nonnull(strstr(out.text, "scan 10.0.0.1 "));
	ck_assert_ptr_nonnull(strstr(out.text, "fwlog-engine-degraded groups "));
	engine_free(e);
}
END_TEST

START_TEST(memory_has_a_limit)
{
	struct engine_limits limits = {.group_bytes = 4 << 20};
	struct engine_stats s;
	struct engine *e;

	make_scan(1000);
	e = rig_engine(&limits, &calls);
	for (unsigned i = 0; i < 200000; i++)
		feed(e, START + i * 100, SCANNER(rig_below(400)), rig_below(65536));
	engine_drain(e);
	engine_get_stats(e, &s);
	ck_assert_uint_gt(s.evicted, 0);
	ck_assert_uint_le(s.group_bytes, limits.group_bytes / 2 + 65536);
	engine_free(e);
}
END_TEST

/* Events of three rules, out of order within hold. */
static void
feed_mixture(struct engine *e, unsigned batch)
{
	uint64_t now = START;

	rig_random = 99;
	for (unsigned i = 0; i < 20000; i++) {
		struct event ev;

		now += rig_below(20000);
		ev = rig_event(now - rig_below(1900000), SCANNER(rig_below(300)),
		    1 + rig_below(400));
		engine_feed(e, now, &ev, 1 + (int32_t)rig_below(3), i);
		if (i % batch == 0)
			engine_advance(e, now);
	}
	engine_advance(e, now + 60 * MINUTE);
}

static void
make_mixture(void)
{
	struct rule *scan_rule = make_scan(20);
	struct rule *many = rig_correlation("many", RULE_EVENT_COUNT, 10, MINUTE);
	struct rule *both = rig_correlation("both", RULE_TEMPORAL, 0, MINUTE);

	scan_rule->resolve_us = MINUTE;
	scan_rule->repeat_us = 20 * SECOND;
	rig_refer(many, rig_rules[0]);
	rig_by(many, "src");
	many->resolve_us = 10 * SECOND;
	rig_refer(both, scan_rule);
	rig_refer(both, many);
	rig_by(both, "src");
	rig_detection("telnet", "dport:23", "host", "src");
}

START_TEST(batches_change_nothing)
{
	static const unsigned batches[] = {1, 7, 1000, 100000};
	char *first = NULL;

	make_mixture();
	for (unsigned i = 0; i < 4; i++) {
		struct engine *e = rig_engine(&defaults, &calls);

		feed_mixture(e, batches[i]);
		engine_free(e);
		ck_assert_uint_gt(out.change[ALERT_FIRED], 300);
		ck_assert_uint_gt(out.digests, 0);
		ck_assert_uint_gt(out.change[ALERT_REPEATED], 0);
		ck_assert_ptr_nonnull(strstr(out.text, " both "));
		if (first == NULL)
			first = strdup(out.text);
		ck_assert_str_eq(first, out.text);
		forget();
	}
	free(first);
}
END_TEST

START_TEST(late_events_are_counted_or_named)
{
	struct engine_span span;
	struct engine_stats s;
	struct engine *e;
	struct event ev;

	make_scan(3);
	e = rig_engine(&defaults, &calls);
	feed(e, START, SCANNER(1), 1);
	feed(e, START + SECOND, SCANNER(1), 2);
	engine_advance(e, START + 20 * SECOND);
	ev = rig_event(START + 500, SCANNER(1), 3);
	engine_feed(e, START + 20 * SECOND, &ev, 1, 1000);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	for (unsigned i = 0; i < 10; i++) {
		ev = rig_event(START - 1000 * SECOND + i * SECOND, SCANNER(2), i);
		engine_feed(e, START + 20 * SECOND, &ev, 2, 1 + i);
	}
	ev = rig_event(START + 900 * SECOND, SCANNER(2), 1);
	engine_feed(e, START + 20 * SECOND, &ev, 3, 1);
	engine_get_stats(e, &s);
	ck_assert_uint_eq(s.late, 1);
	ck_assert_uint_eq(s.too_late, 10);
	ck_assert_uint_eq(s.ahead, 1);
	ck_assert(engine_take_span(e, &span));
	ck_assert_int_eq(span.host_id, 2);
	ck_assert_int_eq(span.why, ENGINE_LATE);
	ck_assert_uint_eq(span.from_us, START - 1000 * SECOND);
	ck_assert_uint_eq(span.to_us, START - 991 * SECOND);
	ck_assert_uint_eq(span.events, 10);
	ck_assert(engine_take_span(e, &span));
	ck_assert_int_eq(span.why, ENGINE_AHEAD);
	ck_assert(!engine_take_span(e, &span));
	engine_free(e);
}
END_TEST

START_TEST(a_full_holdback_hurries)
{
	struct engine_limits limits = {.hold_bytes = 100000};
	struct engine_stats s;
	struct engine *e;

	make_scan(25);
	e = rig_engine(&limits, &calls);
	for (unsigned i = 0; i < 20000; i++)
		feed(e, START + i * 50, SCANNER(i % 500), i);
	engine_drain(e);
	engine_get_stats(e, &s);
	ck_assert_uint_gt(s.hurried, 0);
	ck_assert_uint_eq(s.matched, 20000);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 500);
	engine_free(e);
}
END_TEST

START_TEST(silences_cover_what_they_say)
{
	struct engine_silence silence = {
	    7, "scan", "src:10.0.0.0/30", START - SECOND, START + 60 * MINUTE};
	char why[200];
	struct engine *e;

	make_scan(5);
	e = rig_engine(&defaults, &calls);
	ck_assert_int_eq(engine_set_silences(e, &silence, 1, why, sizeof why), 0);
	scan(e, START, SCANNER(1), 10);
	scan(e, START, SCANNER(2), 10);
	scan(e, START, SCANNER(9), 10);
	engine_advance(e, START + MINUTE);
	ck_assert_uint_eq(out.delivery[ALERT_SILENCED], 2);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 1);
	silence.query = "src:";
	ck_assert_int_eq(engine_set_silences(e, &silence, 1, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "silence 7"));
	engine_free(e);
}
END_TEST

START_TEST(a_restored_alert_goes_on)
{
	struct alert kept;
	char hash[32];
	struct engine *e;

	make_scan(5);
	e = rig_engine(&defaults, &calls);
	scan(e, START, SCANNER(1), 10);
	engine_advance(e, START + MINUTE);
	kept = out.last;
	snprintf(hash, sizeof hash, "%s", kept.rule->hash);
	engine_free(e);
	forget();
	e = rig_engine(&defaults, &calls);
	ck_assert(!engine_restore(e, "scan", "other", &kept));
	ck_assert(engine_restore(e, "scan", hash, &kept));
	scan(e, START + 2 * MINUTE, SCANNER(1), 10);
	scan(e, START + 2 * MINUTE, SCANNER(2), 10);
	engine_advance(e, START + 40 * MINUTE);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	ck_assert_uint_eq(out.change[ALERT_RESOLVED], 2);
	engine_free(e);
}
END_TEST

START_TEST(modes_say_who_hears)
{
	struct rule *r = make_scan(5);
	struct engine *e = rig_engine(&defaults, &calls);

	engine_set_mode(e, ENGINE_WARM);
	scan(e, START, SCANNER(1), 10);
	engine_drain(e);
	ck_assert_uint_eq(out.delivery[ALERT_QUIET], 1);
	engine_set_mode(e, ENGINE_BACKFILL);
	scan(e, START + SECOND, SCANNER(2), 10);
	engine_drain(e);
	ck_assert_uint_eq(out.delivery[ALERT_IN_DIGEST], 1);
	ck_assert(out.last.backfill);
	r->level = RULE_CRITICAL;
	scan(e, START + 2 * SECOND, SCANNER(3), 10);
	engine_drain(e);
	ck_assert_uint_eq(out.delivery[ALERT_NOTIFY], 1);
	engine_advance(e, START + 3 * MINUTE);
	ck_assert_uint_eq(out.digested, 1);
	engine_free(e);
}
END_TEST

START_TEST(ipv6_sources_fold)
{
	struct rule *r = make_scan(5);
	struct engine *e;

	r->mask6 = 64;
	e = rig_engine(&defaults, &calls);
	for (unsigned i = 0; i < 5; i++) {
		struct event ev = rig_event(START + i, 0, 1 + i);

		ev.src = (struct ip_addr){6, {0x20, 1, 0xd, 0xb8}};
		ev.src.byte[15] = (uint8_t)i;
		engine_feed(e, START + i, &ev, 1, i);
	}
	engine_drain(e);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	ck_assert_str_eq(out.group, "2001:db8::/64");
	ck_assert_str_eq(out.filter, "proto:tcp flags:S-A src:2001:db8::/64");
	engine_free(e);
}
END_TEST

START_TEST(what_lacks_the_group_is_counted)
{
	struct engine_stats s;
	struct engine *e;
	struct event ev;

	make_scan(1);
	rig_detection("all", "proto:tcp", "host", "src");
	e = rig_engine(&defaults, &calls);
	ev = rig_event(START, 0, 1);
	ev.has &= ~(UINT64_C(1) << EVENT_I_src);
	engine_feed(e, START, &ev, 1, 1);
	engine_drain(e);
	engine_get_stats(e, &s);
	ck_assert_uint_eq(s.ungrouped, 1);
	/* An alert of a detection does without. */
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	ck_assert_str_eq(out.rule, "all");
	ck_assert_str_eq(out.filter, "proto:tcp host:host1 -has:src");
	engine_free(e);
}
END_TEST

START_TEST(built_in_alerts)
{
	struct engine_signal silent = {
	    .what = ENGINE_HOST_SILENT, .host_id = 3, .count = 120};
	struct engine_signal failing = {
	    .what = ENGINE_DELIVERY_FAILING, .text = "webhook soc"};
	struct engine *e = rig_engine(&defaults, &calls);

	engine_raise(e, START, &silent);
	engine_raise(e, START + SECOND, &silent);
	ck_assert_uint_eq(out.change[ALERT_FIRED], 1);
	ck_assert_str_eq(out.rule, "fwlog-host-silent");
	ck_assert_str_eq(out.group, "host3");
	engine_raise(e, START + SECOND, &failing);
	ck_assert_str_eq(out.group, "webhook soc");
	ck_assert_uint_eq(out.change[ALERT_FIRED], 2);
	engine_clear(e, START + 2 * SECOND, &silent);
	ck_assert_uint_eq(out.change[ALERT_RESOLVED], 1);
	ck_assert_uint_eq(out.last.resolved_us, START + 2 * SECOND);
	engine_advance(e, START + 30 * MINUTE);
	ck_assert_uint_eq(out.change[ALERT_RESOLVED], 2);
	engine_free(e);
}
END_TEST

START_TEST(filters_are_left_out_only_when_they_cannot_match)
{
	static const char *const texts[] = {"proto:tcp dport:22,80-90", "-proto:tcp",
	    "src:10.0.0.0/30 OR dport:7", "-src:private", "prefix:drop-3 hook:input",
	    "-has:dport", "flags:S-A -dst:192.0.2.0/24", "host:host2 proto:udp",
	    "ip:10.0.0.5", "-(hook:forward proto:tcp)", "src:2001:db8::/32"};
	struct engine_rule_stats rs;
	struct filter_source source = {.string = rig_string, .generation = 1};
	struct filter *f[sizeof texts / sizeof texts[0]];
	uint64_t expected[sizeof texts / sizeof texts[0]] = {0};
	size_t n = sizeof texts / sizeof texts[0];
	struct filter_error error;
	struct engine *e;

	for (size_t i = 0; i < n; i++)
		f[i] =
		    filter_compile(rig_detection(texts[i], texts[i], "src", NULL)->tree,
			NULL, 0, &error);
	e = rig_engine(&defaults, &calls);
	for (unsigned i = 0; i < 20000; i++) {
		struct event ev = rig_event(START + i, SCANNER(rig_below(8)), 0);
		char host[16];

		ev.dport = rig_below(120);
		ev.proto = rig_below(2) == 0 ? 6 : 17;
		ev.prefix_id = rig_below(5);
		ev.hook = (uint16_t)rig_below(4);
		ev.family = rig_below(4) == 0 ? 3 : 2;
		if (rig_below(5) == 0)
			ev.src = (struct ip_addr){
			    6, {0x20, 1, 0xd, (uint8_t)(0xb8 + rig_below(2))}};
		for (unsigned k = 0; k < 2; k++)
			ev.has &= ~(UINT64_C(1) << rig_below(EVENT_COLUMN_COUNT));
		EVENT_SET(&ev, ts, START + i);
		engine_feed(e, START + i, &ev, 1 + (int32_t)(i % 2), i);
		snprintf(host, sizeof host, "host%u", 1 + i % 2);
		source.host = (struct bytes){(const uint8_t *)host, 5};
		for (size_t k = 0; k < n; k++) {
			filter_begin(f[k], &source);
			expected[k] += filter_match(f[k], &ev);
		}
	}
	engine_drain(e);
	for (size_t i = 0; i < n; i++) {
		engine_get_rule_stats(e, i, &rs);
		ck_assert_msg(rs.matched == expected[i] && expected[i] > 0,
		    "%s: %llu for %llu", texts[i], (unsigned long long)rs.matched,
		    (unsigned long long)expected[i]);
		filter_free(f[i]);
	}
	engine_free(e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("engine");
	TCase *t = tcase_create("engine");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_scan_is_one_alert);
	tcase_add_test(t, suppression_of_one_hides_no_other);
	tcase_add_test(t, storms_become_digests);
	tcase_add_test(t, evictions_are_counted_and_said);
	tcase_add_test(t, memory_has_a_limit);
	tcase_add_test(t, batches_change_nothing);
	tcase_add_test(t, late_events_are_counted_or_named);
	tcase_add_test(t, a_full_holdback_hurries);
	tcase_add_test(t, silences_cover_what_they_say);
	tcase_add_test(t, a_restored_alert_goes_on);
	tcase_add_test(t, modes_say_who_hears);
	tcase_add_test(t, ipv6_sources_fold);
	tcase_add_test(t, what_lacks_the_group_is_counted);
	tcase_add_test(t, built_in_alerts);
	tcase_add_test(t, filters_are_left_out_only_when_they_cannot_match);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
