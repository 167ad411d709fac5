/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts about fwlog itself and about what it does not see: rules without a filter. */
#include <string.h>

#include "collector/alert/engine_internal.h"

#define HOST_FIELD 0
#define PREFIX_FIELD 1

static const struct filter_field host_field = {
    .name = "host", .type = FILTER_TEXT, .dict = FILTER_HOST};
static const struct filter_field prefix_field = {.name = "prefix",
    .type = FILTER_TEXT,
    .dict = FILTER_PREFIX,
    .columns = 1,
    .column = {EVENT_I_prefix_id}};

static struct rule_source host_source = {.field = &host_field};
static struct rule_source prefix_source = {.field = &prefix_field};
static struct rule_source text_source;
static char host_name[] = "host", prefix_name[] = "prefix", what_name[] = "what";
static struct rule_key host_prefix[] = {
    {.name = host_name, .source = &host_source},
    {.name = prefix_name, .source = &prefix_source},
};
static struct rule_key what[] = {{.name = what_name, .source = &text_source}};

#define BUILTIN(own, text, how, keys, count)                                       \
	{                                                                          \
		.id = (char[]){own}, .title = (char[]){text}, .level = how,        \
		.type = RULE_DETECTION, .path = (char[]){"built in"},              \
		.hash = "builtin", .key = keys, .key_count = count, .alerts = true \
	}

static const struct rule builtins[ENGINE_BUILTINS] = {
    [ENGINE_HOST_SILENT] =
	BUILTIN("fwlog-host-silent", "Host is silent", RULE_HIGH, host_prefix, 1),
    [ENGINE_RECORDS_LOST] =
	BUILTIN("fwlog-records-lost", "Host lost records", RULE_HIGH, host_prefix, 1),
    [ENGINE_PREFIX_QUIET] = BUILTIN("fwlog-prefix-quiet",
	"Prefix of a log rule has gone quiet", RULE_MEDIUM, host_prefix, 2),
    [ENGINE_PREFIX_NEW] = BUILTIN(
	"fwlog-prefix-new", "Prefix never seen before", RULE_LOW, host_prefix, 2),
    [ENGINE_CLOCK_SKEW] = BUILTIN(
	"fwlog-clock-skew", "Clock of a host is wrong", RULE_MEDIUM, host_prefix, 1),
    [ENGINE_DEGRADED] = BUILTIN("fwlog-engine-degraded",
	"Alert engine had to leave something out", RULE_HIGH, what, 1),
    [ENGINE_DELIVERY_FAILING] = BUILTIN(
	"fwlog-delivery-failing", "Alerts cannot be delivered", RULE_HIGH, what, 1),
};

const struct rule *
engine_builtin_rule(enum engine_builtin builtin)
{
	return &builtins[builtin];
}

static void
put_number(uint8_t *to, uint64_t n)
{
	to[0] = VALUE_NUMBER;
	memcpy(to + 1, &n, sizeof n);
}

static void
make_key(const struct engine_signal *s, uint8_t *key)
{
	const struct rule *rule = &builtins[s->what];

	memset(key, 0, ENGINE_KEY_MAX);
	if (rule->key[0].source->field == NULL) {
		key[0] = VALUE_TEXT;
		if (s->text != NULL)
			memcpy(key + 1, s->text, strnlen(s->text, TEXT_KEY_LEN - 1));
		return;
	}
	put_number(key, (uint32_t)s->host_id);
	if (rule->key_count > 1)
		put_number(key + VALUE_SIZE, s->prefix_id);
}

static void
raise(struct engine *e, uint64_t now_us, const struct engine_signal *s)
{
	unsigned index = (unsigned)(e->set->count + s->what);
	struct firing f = {
	    .ts_us = now_us,
	    .answer = {true, s->count, now_us},
	    .detail = s->detail,
	};
	uint8_t key[ENGINE_KEY_MAX];
	struct group *g;

	make_key(s, key);
	g = group_get(&e->groups, index, key, now_us);
	if (g == NULL)
		return;
	group_touch(&e->groups, g, now_us);
	engine_fire(e, g, &f);
}

void
engine_raise(struct engine *e, uint64_t now_us, const struct engine_signal *s)
{
	engine_advance(e, now_us);
	raise(e, now_us, s);
}

void
engine_clear(struct engine *e, uint64_t now_us, const struct engine_signal *s)
{
	uint8_t key[ENGINE_KEY_MAX];
	struct group *g;

	engine_advance(e, now_us);
	make_key(s, key);
	g = group_find(&e->groups, (unsigned)(e->set->count + s->what), key);
	if (g != NULL && g->alert != NULL)
		engine_resolve(e, g, now_us);
}

uint64_t
engine_troubles(const struct engine *e)
{
	return e->groups.evicted + e->groups.refused + e->stats.hurried;
}

/* Once a minute, as long as there was something in it. */
void
engine_check_troubles(struct engine *e, uint64_t at_us)
{
	uint64_t troubles = engine_troubles(e);
	char detail[160];
	struct engine_signal s = {
	    .what = ENGINE_DEGRADED,
	    .text = "groups",
	    .count = troubles - e->troubles,
	    .detail = detail,
	};

	snprintf(detail, sizeof detail,
	    "since the start: %llu groups evicted, %llu refused, %llu events counted "
	    "before their time",
	    (unsigned long long)e->groups.evicted,
	    (unsigned long long)e->groups.refused,
	    (unsigned long long)e->stats.hurried);
	e->check_us = 0;
	e->troubles = troubles;
	raise(e, at_us, &s);
}
