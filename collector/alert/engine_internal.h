/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the engine among themselves. */
#ifndef FWLOG_COLLECTOR_ALERT_ENGINE_INTERNAL_H
#define FWLOG_COLLECTOR_ALERT_ENGINE_INTERNAL_H

#include "collector/alert/engine.h"
#include "collector/alert/engine_match.h"
#include "collector/alert/group.h"
#include "collector/alert/holdback.h"
#include "collector/alert/silence.h"
#include "collector/alert/storm.h"

/*
 * A value in a key: what it is, then 16 bytes: an address in network order, or a number
 * as the machine has it. A key of ENGINE_TEXT is text to its end, NULs behind it.
 */
#define VALUE_SIZE 17
enum value_tag {
	VALUE_ABSENT,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_V4 = 4,
	VALUE_V6 = 6,
};
#define TEXT_KEY_LEN 120

/* A column that groups or values need of what is held back. */
struct slot {
	struct filter_column column;
	bool verdict; /* in place of a column */
	uint8_t part; /* enum filter_part */
	uint16_t offset;
};

/* Where a reference finds a field of the key, or the value. */
struct source {
	enum { FROM_SLOT, FROM_HOST, FROM_KEY } from;
	unsigned index;
};

struct engine_rule {
	const struct rule *rule;
	struct filter *filter; /* detections */
	bool host_matters;     /* to the filter */
	int32_t host_id;       /* it was begun for */
	struct window_shape shape;
	struct source *key;   /* key_count for each reference */
	struct source *value; /* one for each reference */
	uint64_t *parents;    /* bits of correlations that refer to it */
	uint64_t resolve_us;
	struct group_alert *oldest, *newest; /* by held_us */
	uint64_t repeat_at_us;               /* of its alerts the first; UINT64_MAX */
	uint64_t matched, fired;
	uint32_t active;
};

/* A correlation that others refer to and that became or stayed true with the event
 * being counted. */
struct hit {
	unsigned rule;
	bool edge; /* it became true */
	uint8_t key[ENGINE_KEY_MAX];
};

struct engine {
	const struct rule_set *set;
	struct engine_limits limits;
	struct engine_names names;
	struct engine_calls calls;
	struct filter_source source;
	int32_t host_id; /* of source.host and of verdicts */
	enum engine_mode mode;

	struct engine_rule *rule; /* the set's, then the built-in ones */
	size_t rules;
	unsigned words; /* of a set of rules */
	struct slot *slot;
	unsigned slots;
	uint16_t slot_bytes;

	struct match match;
	uint64_t *matched; /* by the event being matched */
	uint64_t *todo;    /* rules the event being counted still is to see */
	struct holdback *hold;
	struct held *late; /* one event that is not held back */
	struct group_rule *group_rule;
	struct group_table groups;
	struct storm storm;
	struct silences silences;

	struct hit *hit;
	unsigned hits, hits_max;

	uint64_t now_us;  /* as told */
	uint64_t time_us; /* of the last event counted or timer run */
	uint64_t due_us;  /* no timer is due before */
	struct group_alert *dirty;
	uint64_t dirty_due_us;
	uint64_t check_us; /* when to say that the engine is degraded; 0: it is not */
	uint64_t troubles; /* said so far */

	struct engine_span span[ENGINE_SPANS];
	unsigned spans;
	struct engine_stats stats;
};

/* What of it stands behind struct held: presence of slots, matched rules, values. */
static inline uint64_t *
held_has(struct held *h)
{
	return (uint64_t *)(void *)(h + 1);
}

static inline uint64_t *
held_matched(struct held *h)
{
	return held_has(h) + 1;
}

static inline uint8_t *
held_values(struct held *h, const struct engine *e)
{
	return (uint8_t *)(held_matched(h) + e->words);
}

/* Does any correlation refer to the rule? */
static inline bool
engine_is_heard(const struct engine *e, size_t rule)
{
	for (unsigned i = 0; i < e->words; i++)
		if (e->rule[rule].parents[i] != 0)
			return true;
	return false;
}

/* engine_plan.c: rules, slots, filters. 0, or -1 and why. */
int engine_plan(struct engine *e, char *why, size_t whysize)
    __attribute__((warn_unused_result));
void engine_plan_free(struct engine *e);

/* engine_hold.c: time, what waits, spans */
void engine_span_add(
    struct engine *e, uint64_t ts_us, int32_t host_id, enum engine_why why);

#define LOOK_AHEAD 8 /* events whose turn comes next, looked at together */

/* engine_count.c: an event whose turn has come, and what they will look at in memory
 * for those whose turn comes next. */
void engine_look_ahead(struct engine *e, struct held *const *h, unsigned count);
void engine_count(struct engine *e, struct held *h);

/* engine_fire.c: alerts */
struct firing {
	uint64_t ts_us;
	struct window_answer answer;
	struct group_sample sample;
	const char *detail;
};
/* The condition of the group holds. */
void engine_fire(struct engine *e, struct group *g, const struct firing *f);
/* It does not, but the event counts to an alert that is active. */
void engine_count_active(struct engine *e, struct group *g, const struct firing *f);
void engine_resolve(struct engine *e, struct group *g, uint64_t at_us);
/* Takes its place among the active ones, tells nothing. NULL: no room. */
struct group_alert *engine_activate(
    struct engine *e, struct group *g, const struct firing *f);
/* All that is due before this time, in the order of being due. */
void engine_run_timers(struct engine *e, uint64_t before_us);

/* engine_builtin.c */
void engine_check_troubles(struct engine *e, uint64_t at_us);
uint64_t engine_troubles(const struct engine *e);

#endif
