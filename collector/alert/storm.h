/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many new alerts are told singly: so many of a rule and of all rules in any 60
 * seconds. The others are counted, by rule, until a digest takes the counts.
 */
#ifndef FWLOG_COLLECTOR_ALERT_STORM_H
#define FWLOG_COLLECTOR_ALERT_STORM_H

#include "collector/alert/engine.h"

#define STORM_US UINT64_C(60000000)

/* When the last ones were told. */
struct storm_ring {
	uint64_t *at;
	unsigned size, next;
};

struct storm_count {
	uint64_t alerts;
	char example[sizeof((struct alert_digest_entry *)0)->example];
};

/* What is waiting for a digest. */
struct storm_pile {
	uint64_t from_us; /* the first one's time */
	uint64_t alerts;
	struct storm_count *rule;
};

struct storm {
	size_t rules;
	struct storm_ring all, *rule;
	struct storm_pile pile[2]; /* of the stream, of backfill */
	struct alert_digest_entry *entry;
};

/* 0, or -1 without memory; to be freed in any case. */
int storm_init(struct storm *s, size_t rules, unsigned per_rule, unsigned per_all)
    __attribute__((warn_unused_result));
void storm_free(struct storm *s);

/* May it be told? Then it counts. */
bool storm_admit(struct storm *s, size_t rule, uint64_t t);
/* One more for the digest. */
void storm_fold(
    struct storm *s, size_t rule, uint64_t t, bool backfill, const char *example);
/* When the next digest is due; UINT64_MAX: never. */
uint64_t storm_due(const struct storm *s);
/* The digest that is due first; entries live until the next call. rule_of: by index. */
void storm_take(struct storm *s, struct alert_digest *digest,
    const struct rule *(*rule_of)(const void *arg, size_t index), const void *arg);

#endif
