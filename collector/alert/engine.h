/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alert engine (docs/alerts.md): events go in, alerts come out. It matches each
 * event as it comes, holds what matched back for a while, and counts in the order of
 * event time, so that neither batches nor small delays change a result. It reads no
 * clock and knows neither database nor network: the live stream, `rule test` and a
 * replay are the same code.
 *
 * Ids in events are those of the database's dictionaries. Times are microseconds since
 * 1970 UTC. What is fed may be freed afterwards; what callbacks get lives until they
 * return. One thread at a time. Nothing is allocated per event: groups, windows and
 * what is held back come from pools of the limited size.
 */
#ifndef FWLOG_COLLECTOR_ALERT_ENGINE_H
#define FWLOG_COLLECTOR_ALERT_ENGINE_H

#include "collector/alert/rule.h"

#define ENGINE_SAMPLES 8                    /* events named in an alert */
#define ENGINE_KEY_MAX (RULE_KEYS_MAX * 17) /* bytes of a group, opaque */
#define ENGINE_SPANS 64                     /* waiting to be taken */

/* 0: the value in parentheses. */
struct engine_limits {
	uint64_t hold_us;    /* events wait so long for earlier ones (2 s) */
	uint64_t grace_us;   /* later ones are inserted up to here (30 s) */
	uint32_t groups;     /* in all; no rule has more than half (200,000) */
	size_t group_bytes;  /* memory of all groups (128 MiB) */
	size_t hold_bytes;   /* memory of what is held back (64 MiB) */
	unsigned storm_rule; /* new alerts of a rule told singly in a minute (30) */
	unsigned storm_all;  /* of all rules (200) */
	uint64_t resolve_us; /* where the rule has none (10 min) */
	uint64_t update_us;  /* counters of active alerts are told so often (10 s) */
	uint8_t seed[16];    /* of hashes; random where strangers choose the events */
};

/* ---- what comes out */

enum alert_change {
	ALERT_FIRED,    /* new: one row, one notification */
	ALERT_UPDATED,  /* counters have grown; never a notification */
	ALERT_REPEATED, /* still active after `repeat` */
	ALERT_RESOLVED,
};

enum alert_delivery {
	ALERT_NOTIFY,
	ALERT_IN_DIGEST,  /* beyond the storm limit, or backfill: a digest counts it */
	ALERT_SILENCED,   /* a silence covers it: see silence_id */
	ALERT_SUPPRESSED, /* the group was notified less than `suppress` ago */
	ALERT_QUIET,      /* windows are being warmed */
};

struct alert_value {
	const char *name; /* as the rule has it */
	const char *text; /* valid UTF-8, no control characters */
	bool number;
};

struct alert_sample {
	int32_t host_id;
	int64_t n;
	uint64_t ts_us;
};

struct alert {
	enum alert_change change;
	enum alert_delivery delivery; /* UPDATED, RESOLVED: as it was when fired */
	int64_t silence_id;           /* SILENCED */
	bool backfill;
	const struct rule *rule; /* built-in alerts have one, too */
	/* Unique: rule->id, rule->hash, key, window_start_us. */
	uint8_t key[ENGINE_KEY_MAX]; /* the group; for engine_restore */
	size_t key_len;
	uint64_t window_start_us; /* the oldest event the condition needed */
	const struct alert_value *value;
	size_t values;              /* of the group */
	uint64_t first_us, last_us; /* events counted */
	uint64_t events; /* from window_start_us on, as far as the window kept them */
	uint64_t amount; /* what the condition looks at, when fired */
	bool sliced;     /* amount is of 64 slices: exact but for a 64th of timespan */
	uint64_t resolved_us;                       /* RESOLVED */
	struct alert_sample sample[ENGINE_SAMPLES]; /* of the first and later events */
	size_t samples;
	const char *filter; /* FIRED, REPEATED: selects its events, without times */
	const char *detail; /* of built-in alerts; NULL: none */
};

struct alert_digest_entry {
	const struct rule *rule;
	uint64_t alerts;   /* new ones that were not told singly */
	char example[240]; /* group of the first */
};

/* What happened in the minute was more than is told singly. */
struct alert_digest {
	uint64_t from_us, to_us;
	bool backfill;
	uint64_t alerts; /* sum of the entries */
	const struct alert_digest_entry *entry;
	size_t entries;
};

struct engine_calls {
	void (*alert)(void *arg, const struct alert *alert);
	void (*digest)(void *arg, const struct alert_digest *digest);
	void *arg;
};

/* ---- what it asks */

struct engine_names {
	/* An entry of a dictionary, host names included; empty: unknown. Asked about
	 * once for each id and rule; ids never change their meaning. */
	struct bytes (*string)(const void *arg, enum filter_dict dict, uint32_t id);
	/* NULL: there is no prefix map, all is unknown. */
	enum filter_verdict (*verdict)(
	    const void *arg, int32_t host_id, const struct event *ev);
	const void *arg;
	const struct filter_lists *lists; /* read by engine_new only; NULL: none */
};

/* ---- the engine */

struct engine;

/*
 * The set must live as long. NULL and why[whysize]: a rule does not compile (a list
 * could not be read), no memory.
 */
struct engine *engine_new(const struct rule_set *set,
    const struct engine_limits *limits, const struct engine_names *names,
    const struct engine_calls *calls, char *why, size_t whysize)
    __attribute__((warn_unused_result));
void engine_free(struct engine *e); /* NULL-safe; tells nothing */

enum engine_mode {
	ENGINE_LIVE,
	ENGINE_WARM,     /* after a start: alerts are QUIET */
	ENGINE_BACKFILL, /* a replayed span: marked, in digests unless critical */
};
void engine_set_mode(struct engine *e, enum engine_mode mode);

/*
 * An event, and the time now: the clock's for a live stream, for rows in order of time
 * the latest of their own. Time never runs backwards; what was due by then comes out.
 */
void engine_feed(struct engine *e, uint64_t now_us, const struct event *ev,
    int32_t host_id, int64_t n);
/* Nothing came, but it is that late now. */
void engine_advance(struct engine *e, uint64_t now_us);
/* Counts all that is held back; time is behind the last of it afterwards. */
void engine_drain(struct engine *e);

/*
 * An alert that was active when the engine ended: its next events count to it, no new
 * one is fired. What a, with key, window start, times and counts, is of is found by
 * rule id and hash. False: there is no such rule any more, or no room.
 */
bool engine_restore(
    struct engine *e, const char *rule_id, const char *hash, const struct alert *a);

/* ---- spans that must be read from the database */

enum engine_why {
	ENGINE_LATE,  /* older than grace */
	ENGINE_AHEAD, /* clock ahead of now by more than grace: replay when it is due */
};

struct engine_span {
	uint64_t from_us, to_us; /* inclusive; of one host */
	int32_t host_id;         /* 0: several */
	enum engine_why why;
	uint64_t events; /* that were not counted; they may match nothing */
};
/* The oldest one, merged as far as they touch; false: none. */
bool engine_take_span(struct engine *e, struct engine_span *span);

/* ---- silences */

struct engine_silence {
	int64_t id;
	const char *rule_id; /* NULL: any */
	const char *query;   /* over the fields of the group; NULL: any */
	uint64_t from_us, until_us;
};
/* Replaces all. 0, or -1 and why: then those before stay. */
int engine_set_silences(struct engine *e, const struct engine_silence *silence,
    size_t count, char *why, size_t whysize) __attribute__((warn_unused_result));

/* ---- built-in alerts: the caller says what it sees */

enum engine_builtin {
	ENGINE_HOST_SILENT,      /* host */
	ENGINE_RECORDS_LOST,     /* host */
	ENGINE_PREFIX_QUIET,     /* host, prefix */
	ENGINE_PREFIX_NEW,       /* host, prefix */
	ENGINE_CLOCK_SKEW,       /* host */
	ENGINE_DEGRADED,         /* the engine says so itself, too */
	ENGINE_DELIVERY_FAILING, /* text: the action */
	ENGINE_BUILTINS
};

struct engine_signal {
	enum engine_builtin what;
	int32_t host_id;    /* where it is about a host */
	uint32_t prefix_id; /* where it is about a prefix */
	const char *text;   /* where it is about neither; at most 119 bytes */
	uint64_t count;     /* records lost, milliseconds of skew … */
	const char *detail; /* for people; NULL: none */
};
/* It is so now; again while it is. Resolved after a while without, or by _clear. */
void engine_raise(struct engine *e, uint64_t now_us, const struct engine_signal *s);
void engine_clear(struct engine *e, uint64_t now_us, const struct engine_signal *s);
const struct rule *engine_builtin_rule(enum engine_builtin what);

/* ---- numbers */

struct engine_stats {
	uint64_t events, matched; /* fed; that at least one detection selected */
	uint64_t late;            /* inserted within grace */
	uint64_t too_late, ahead; /* in spans */
	uint64_t hurried;         /* released early: no room to hold more back */
	uint64_t ungrouped;       /* lacked a field of the group */
	uint64_t evicted;         /* groups, before their time */
	uint64_t refused;         /* groups there was no room for */
	uint64_t fired, resolved, repeated;
	uint64_t notified, digested, silenced, suppressed, quiet; /* sum: fired */
	uint64_t digests;
	uint64_t regex_failures;
	uint32_t groups, active;
	uint32_t held;
	size_t group_bytes;
};
void engine_get_stats(const struct engine *e, struct engine_stats *stats);

struct engine_rule_stats {
	uint64_t matched; /* detections: events; correlations: times it became true */
	uint64_t fired, evicted;
	uint32_t groups, active;
};
void engine_get_rule_stats(
    const struct engine *e, size_t rule_index, struct engine_rule_stats *stats);

#endif
