/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of all rules: found by rule and key, in limited memory. When there is no
 * room, or a rule has more than half of all, the emptiest of its stalest groups goes
 * and is counted; groups with an alert go last.
 */
#ifndef FWLOG_COLLECTOR_ALERT_GROUP_H
#define FWLOG_COLLECTOR_ALERT_GROUP_H

#include "collector/alert/window.h"
#include "common/siphash.h"

#define GROUP_RECENT 3 /* events remembered before there is an alert */
#define GROUP_SAMPLES 8

struct group_sample {
	uint64_t ts_us;
	int64_t n;
	int32_t host_id;
};

/* What a group has while its alert is active. */
struct group_alert {
	struct group_alert *older, *newer; /* by when the condition held last */
	struct group_alert *dirty_next, *dirty_prev; /* grown since they were told */
	struct group *group;
	uint64_t window_start_us, first_us, last_us;
	uint64_t held_us; /* the condition, last */
	uint64_t repeat_at_us;
	uint64_t events, amount;
	int64_t silence_id;
	struct group_sample sample[GROUP_SAMPLES];
	uint8_t samples, delivery;
	bool dirty, backfill;
};

/* What each event looks at stands first; what it only writes, behind the key. */
struct group {
	struct window window;
	uint64_t last_us;          /* newest event */
	uint64_t moved_us;         /* when it was put at its place among the stale */
	struct group_alert *alert; /* NULL: idle */
	uint32_t hash;
	uint16_t rule;
	uint8_t held;                /* the condition, at the last event */
	uint8_t recents;             /* events seen, at most 255 */
	struct group *older, *newer; /* of its rule */
	uint64_t notified_us;        /* 0: never */
	uint8_t key[];               /* then GROUP_RECENT of struct group_sample */
};

/* The groups of a rule. */
struct group_rule {
	const struct window_shape *shape;
	uint16_t key_len;
	uint64_t keep_us; /* idle ones without events for so long are as good as none */
	struct group *oldest, *newest;
	uint32_t groups;
	size_t bytes;
	uint64_t evicted;
};

/* Groups by hash, each at the next free slot from where it belongs. */
struct group_slot {
	uint32_t hash;
	uint32_t at; /* in the arena, in SLAB_ALIGN + 1; 0: free */
};

struct group_table {
	struct group_slot *slot;
	uint32_t mask;
	struct group_rule *rule;
	size_t rules;
	struct slab slab;
	uint32_t groups, most;
	uint64_t evicted, refused;
	uint8_t seed[SIPHASH_KEY_LEN];
	/* An alert goes with its group. */
	void (*gone)(void *arg, struct group *g);
	void *arg;
};

/* 0, or -1 without memory. rule: stays the caller's, one for each. */
int group_table_init(struct group_table *t, struct group_rule *rule, size_t rules,
    uint32_t most, size_t bytes) __attribute__((warn_unused_result));
void group_table_destroy(struct group_table *t);

/*
 * For those who know what they will ask for soon, step by step, with other work in
 * between: the slot comes into the cache, then the group, then its window.
 */
uint32_t group_hash(const struct group_table *t, unsigned rule, const uint8_t *key);
void group_fetch_slot(const struct group_table *t, uint32_t hash);
void group_fetch(const struct group_table *t, uint32_t hash);
void group_fetch_window(const struct group_table *t, uint32_t hash);
/* NULL: there is none. */
struct group *group_find(struct group_table *t, unsigned rule, const uint8_t *key);
/* The one there is or a new one; now_us is the event's. NULL: no room. */
struct group *group_get(
    struct group_table *t, unsigned rule, const uint8_t *key, uint64_t now_us);
/* An event at this time is about to be added. */
void group_touch(struct group_table *t, struct group *g, uint64_t now_us);
/* As window_add, makes room where it can; false: there is none. */
bool group_add(struct group_table *t, struct group *g, uint64_t ts_us, uint64_t value,
    struct window_answer *a) __attribute__((warn_unused_result));
/* The events seen last, in a ring of which recents % GROUP_RECENT is next. */
struct group_sample *group_recent(const struct group_table *t, const struct group *g);
/* NULL: no room. Not cleared. */
struct group_alert *group_alert_new(struct group_table *t, struct group *g);
void group_alert_free(struct group_table *t, struct group *g);
/* Those that nobody will miss go; at most so many. */
void group_sweep(
    struct group_table *t, unsigned rule, uint64_t now_us, unsigned at_most);

#endif
