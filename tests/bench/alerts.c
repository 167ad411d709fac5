/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many events a second the alert engine takes on one core: with 50 detections, and
 * with 20 correlations beside them and 100,000 live groups, and how much memory. Ends
 * with 1 when less than docs/alerts.md says.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "collector/alert/engine.h"

#define SECOND UINT64_C(1000000)
#define START (UINT64_C(1800000000) * SECOND)
#define EVENTS (1u << 20) /* made in advance, fed in turns */
#define GROUPS 100000     /* live ones, at least */
#define SOURCES 13500
#define DETECTIONS 50
#define CORRELATIONS 20
#define RULES (DETECTIONS + CORRELATIONS)
#define PROMISED_DETECTIONS 1000000.0
#define PROMISED_ALL 300000.0
#define PROMISED_MIB 256

static struct rule rules[RULES];
static struct rule *order[RULES];
static struct rule_set set = {.rule = order};
static struct event *events;
static uint64_t random_state = 7514;
static uint64_t alerts, digests;

/* xorshift64* (Vigna 2016). */
static unsigned
below(unsigned n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * UINT64_C(2685821657736338717) >> 11) % n);
}

static double
processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Text that is never freed: the program ends. */
static char *
text_of(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		exit(2);
	va_end(ap);
	return text;
}

/* ---- rules as a pack has them */

static const char *const texts[] = {
    "proto:tcp flags:S-A -src:10.0.0.0/8",
    "proto:udp -src:10.0.0.0/8",
    "proto:icmp type:8",
    "proto:tcp flags:0",
    "proto:tcp flags:41",
    "src:127.0.0.0/8,0.0.0.0/8,240.0.0.0/4,192.0.2.0/24 in:eth0",
    "src:10.0.0.0/8,172.16.0.0/12,192.168.0.0/16 in:eth0",
    "proto:tcp dport:23,21,512-514 dst:10.0.0.0/8",
    "proto:tcp dport:4444,1337,31337,6666-6669 src:10.0.0.0/8",
    "prefix:\"*denied*\" hook:output src:10.1.0.0/16",
};

static void
add_key(struct rule *r, const char *name)
{
	struct rule_key *k = &r->key[r->key_count++];

	k->name = text_of("%s", name);
	k->source = calloc(r->reference_count + 1, sizeof *k->source);
	for (size_t i = 0; i <= r->reference_count; i++)
		k->source[i].field = filter_field_named(name);
}

static struct rule *
add_rule(enum rule_type type)
{
	struct rule *r = &rules[set.count];

	r->id = text_of("rule-%zu", set.count);
	r->title = r->path = r->id;
	r->type = type;
	r->index = set.count;
	r->upper = UINT64_MAX;
	r->alerts = true;
	r->key = calloc(RULE_KEYS_MAX, sizeof *r->key);
	order[set.count++] = r;
	return r;
}

static void
add_detection(unsigned i)
{
	struct rule *r = add_rule(RULE_DETECTION);
	struct filter_error error;
	size_t n = sizeof texts / sizeof texts[0];

	if (i < n)
		r->text = text_of("%s", texts[i]);
	else if (i % 3 == 0)
		r->text = text_of(
		    "proto:tcp dport:%u,%u dst:10.%u.0.0/16", 1000 + i, 2000 + i, i);
	else if (i % 3 == 1)
		r->text = text_of("prefix:/rule%u$/ proto:udp dport:%u", i, i);
	else
		r->text = text_of("src:203.%u.113.0/24 -dst:10.0.0.0/8 ttl:<%u", i, i);
	r->tree = filter_parse(r->text, strlen(r->text), &error);
	if (r->tree == NULL) {
		fprintf(stderr, "%s: %s\n", r->text, error.message);
		exit(2);
	}
	/* The first three are what correlations count. */
	r->alerts = i >= 3;
	add_key(r, "host");
	add_key(r, "src");
}

static void
add_correlation(unsigned i)
{
	static const enum rule_type types[] = {RULE_VALUE_COUNT, RULE_EVENT_COUNT,
	    RULE_VALUE_SUM, RULE_TEMPORAL, RULE_VALUE_COUNT};
	enum rule_type type = types[i % 5];
	struct rule *r = add_rule(type);

	r->timespan_us = (60 + 60 * i) * SECOND;
	r->lower = type == RULE_VALUE_SUM ? 10000000 : 25 + 10 * i;
	r->depth = 1;
	r->reference_count = type == RULE_TEMPORAL ? 2 : 1;
	r->reference = calloc(2, sizeof *r->reference);
	r->reference[0] = (struct rule_reference){r->id, &rules[i % 3]};
	r->reference[1] = (struct rule_reference){r->id, &rules[4]};
	if (type == RULE_VALUE_COUNT) {
		add_key(r, i % 2 == 0 ? "dport" : "dst");
		r->value = r->key[0];
		r->key_count = 0;
	} else if (type == RULE_VALUE_SUM) {
		add_key(r, "len");
		r->value = r->key[0];
		r->key_count = 0;
	}
	/* One in five is wide, as scans are; the others have few groups. */
	add_key(r, i % 5 == 0 ? "src" : "dst");
}

/* ---- events: scanners, noise of the world, and traffic of the inside */

static struct ip_addr
address(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return (struct ip_addr){4, {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};
}

static void
make_event(struct event *ev)
{
	static const uint16_t ports[] = {22, 23, 80, 443, 445, 3389, 5060, 8080};
	unsigned source = below(SOURCES), kind = below(100);

	memset(ev, 0, sizeof *ev);
	if (kind < 70)
		EVENT_SET(ev, src, address(198, source >> 16, source >> 8, source));
	else
		EVENT_SET(ev, src, address(10, 0, below(4), below(256)));
	EVENT_SET(ev, dst, address(10, below(8), 0, below(256)));
	EVENT_SET(ev, proto, kind % 10 < 7 ? 6 : kind % 10 < 9 ? 17 : 1);
	EVENT_SET(ev, family, 2);
	EVENT_SET(ev, hook, 1 + below(3));
	EVENT_SET(ev, prefix_id, below(40));
	EVENT_SET(ev, in_id, below(4));
	EVENT_SET(ev, len, 40 + below(1400));
	EVENT_SET(ev, ttl, 30 + below(200));
	if (ev->proto == 1) {
		EVENT_SET(ev, icmp_type, 8);
		return;
	}
	EVENT_SET(ev, sport, 1024 + below(60000));
	EVENT_SET(ev, dport, below(10) < 7 ? ports[below(8)] : below(65536));
	if (ev->proto == 6)
		EVENT_SET(ev, tcp_flags, below(10) < 8 ? 2 : 16);
}

static struct bytes
string_of(const void *arg, enum filter_dict dict, uint32_t id)
{
	static char text[64];

	(void)arg;
	snprintf(text, sizeof text,
	    dict == FILTER_PREFIX ? "fw denied rule%u"
	    : dict == FILTER_HOST ? "web%u"
				  : "eth%u",
	    id);
	return (struct bytes){(const uint8_t *)text, (uint16_t)strlen(text)};
}

static void
on_alert(void *arg, const struct alert *a)
{
	(void)arg;
	alerts += a->change == ALERT_FIRED;
}

static void
on_digest(void *arg, const struct alert_digest *d)
{
	(void)arg;
	(void)d;
	digests++;
}

static long
resident_mib(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss / 1024;
}

/* Events of so much a second in their own time; what is held back is 2 s of it. */
static double
measure(const char *what, unsigned rounds, unsigned per_second, uint32_t *groups)
{
	static const struct engine_names names = {.string = string_of};
	static const struct engine_calls calls = {on_alert, on_digest, NULL};
	struct engine_limits limits = {.seed = "benchmark"};
	char why[256];
	struct engine *e = engine_new(&set, &limits, &names, &calls, why, sizeof why);
	uint64_t n = 0, ts = START;
	struct engine_stats s;
	double begin, rate;

	if (e == NULL) {
		fprintf(stderr, "%s\n", why);
		exit(2);
	}
	alerts = digests = 0;
	begin = processor_time();
	for (unsigned r = 0; r < rounds; r++)
		for (unsigned i = 0; i < EVENTS; i++) {
			struct event *ev = &events[i];

			ts = START + n * SECOND / per_second;
			EVENT_SET(ev, ts, ts);
			n++;
			engine_feed(e, ts, ev, 1 + (int32_t)(i % 8), (int64_t)n);
		}
	engine_get_stats(e, &s);
	engine_drain(e);
	*groups = s.groups;
	rate = (double)n / (processor_time() - begin);
	printf("%-36s %6.2f M events/s  %5.1f %% matched, %u groups in %zu MiB, %llu "
	       "alerts, %llu evicted, %llu hurried\n",
	    what, rate / 1e6, 100.0 * (double)s.matched / (double)s.events, s.groups,
	    s.group_bytes >> 20, (unsigned long long)alerts,
	    (unsigned long long)s.evicted, (unsigned long long)s.hurried);
	engine_free(e);
	return rate;
}

int
main(void)
{
	long before, after;
	double one, all;
	uint32_t groups;

	events = calloc(EVENTS, sizeof *events);
	if (events == NULL)
		return 2;
	for (unsigned i = 0; i < EVENTS; i++)
		make_event(&events[i]);
	before = resident_mib();
	for (unsigned i = 0; i < DETECTIONS; i++)
		add_detection(i);
	one = measure("50 detections", 4, 300000, &groups);
	for (unsigned i = 0; i < CORRELATIONS; i++)
		add_correlation(i);
	all = measure("50 detections, 20 correlations", 4, 300000, &groups);
	after = resident_mib();
	printf("memory of the engine: %ld MiB at most\n", after - before);
	if (one >= PROMISED_DETECTIONS && all >= PROMISED_ALL && groups >= GROUPS &&
	    after - before <= PROMISED_MIB)
		return 0;
	fprintf(stderr,
	    "less than promised: %.1f M and %.1f M a second, %d groups, %d MiB\n",
	    PROMISED_DETECTIONS / 1e6, PROMISED_ALL / 1e6, GROUPS, PROMISED_MIB);
	return 1;
}
