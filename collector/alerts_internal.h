/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the alert thread: alerts.c (queue, thread, rules),
 * alerts_run.c (the time in which this collector evaluates), alerts_store.c (what goes
 * to the database), alerts_watch.c (what built-in alerts are about), replay.c (events
 * from the database), alerts_figures.c (what it is watched by).
 */
#ifndef FWLOG_COLLECTOR_ALERTS_INTERNAL_H
#define FWLOG_COLLECTOR_ALERTS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "collector/alert/engine.h"
#include "collector/alert/names.h"
#include "collector/alerts.h"
#include "collector/alerts_db.h"
#include "collector/clock.h"
#include "common/log.h"

#define ALERTS_SECOND UINT64_C(1000000)
#define ALERTS_DAY (24 * 3600 * ALERTS_SECOND)
#define ALERTS_GAPS_MAX 256
#define ALERTS_SPANS_MAX 64
#define ALERTS_WARM_ROWS 10000000 /* windows are filled with so many at most */

/* Rows of one transaction. */
struct alerts_chunk {
	struct alerts_chunk *next;
	size_t len;
	uint8_t rows[];
};

/* Events of a host, [from, to), that did not come by the queue. */
struct alerts_gap {
	int32_t host_id;
	int64_t from, to;
	int64_t left;      /* not found yet */
	unsigned stage;    /* how far back was looked for them */
	uint64_t since_us; /* events before are still to be looked for */
};

/* Times to be evaluated again. */
struct alerts_span {
	uint64_t from_us, to_us;
	uint64_t taken_us; /* when it last grew */
	uint64_t first_us; /* when it was noted */
};

/* Positions by host: the number of the next event. 0: no position. */
struct alerts_marks {
	int64_t *next;
	size_t size;
};

struct alerts {
	const struct options *options;
	pthread_t thread;
	atomic_bool stop, active, reload;

	pthread_mutex_t lock; /* the queue */
	pthread_cond_t filled;
	struct alerts_chunk *first, **last;
	size_t queued;                 /* bytes */
	uint64_t dropped;              /* transactions that did not fit */
	struct metrics_alerts figures; /* under the lock, too */

	/* The rest is the thread's. */
	struct rule_set *set;
	char **refused; /* "path: reason" of the last load, NULL behind the last */
	struct log_limit fault_limit;
	bool standby; /* said that another collector evaluates */
	const char *action[ACTIONS_MAX];
};

/* The time in which this collector evaluates. */
struct alerts_run {
	struct alerts *a;
	const struct options *options;
	struct alerts_db *db;   /* writes, as fwlog_ingest; holds the lock */
	struct alerts_db *back; /* reads events, as fwlog_report */
	struct names *names;
	struct engine *engine;
	struct filter_lists named; /* lists of the database */
	char verdicts[64];         /* what the prefix map was like when it was read */
	char lists[64];            /* so were the named lists */

	struct alerts_marks at;     /* evaluated, or held back by the engine */
	struct alerts_marks saved;  /* as they were when the next save was prepared */
	struct alerts_marks polled; /* host_mark, a second ago */
	uint64_t prepared_us;
	bool live; /* windows are filled */

	struct alerts_gap gap[ALERTS_GAPS_MAX];
	size_t gaps;
	struct alerts_span span[ALERTS_SPANS_MAX];
	size_t spans;
	uint64_t missing; /* events that could not be found, not yet said */
	uint64_t missed;  /* the same, in all */
	uint64_t replays; /* times events were read back */
	uint64_t deliveries_due, deliveries_waiting, deliveries_failing;

	char *pending; /* JSON of alerts to be stored, and its stream */
	size_t pending_len;
	FILE *out;
	size_t pendings;

	struct alert_digest_entry *entry; /* of a backfill */
	size_t entries;

	uint64_t poll_due, version_due, watch_due, quiet_due;
	char loss_seen[64]; /* time of the newest loss looked at */
};

/* alerts.c */
struct rule_set *alerts_load_rules(struct alerts *a, const struct filter_lists *lists,
    bool has_prefix_map, char *why, size_t whysize);
bool alerts_refuse_worse(struct alerts *a, const struct rule_set *set);
void alerts_note_refused(struct alerts *a, const struct rule_set *set);
/* What is queued, or NULL after so many milliseconds. */
struct alerts_chunk *alerts_queue_take(struct alerts *a, uint64_t ms);

/* alerts_run.c: until the connection fails, the lock is another's, or the end. */
void alerts_run(struct alerts *a);
/* An event of the stream, or read back. */
int alerts_feed(struct alerts_run *r, struct engine *e, uint64_t now_us,
    const struct event *ev, int32_t host_id, int64_t n);
uint64_t alerts_longest(const struct alerts_run *r);
struct engine *alerts_make_engine(
    struct alerts_run *r, const struct rule_set *set, bool backfill);

/* Position of a host; where there is none it is to begin with the first event. */
int64_t alerts_marks_get(const struct alerts_marks *m, int32_t host_id);
int alerts_marks_set(struct alerts_marks *m, int32_t host_id, int64_t n);
int alerts_marks_copy(struct alerts_marks *to, const struct alerts_marks *from);

/* alerts_store.c */
void alerts_store_alert(void *arg, const struct alert *alert);
void alerts_store_digest(void *arg, const struct alert_digest *digest);
void alerts_store_backfilled(void *arg, const struct alert *alert);
void alerts_skip_digest(void *arg, const struct alert_digest *digest);
/* The digest of what a backfill found. */
void alerts_store_backfill_digest(
    struct alerts_run *r, uint64_t from_us, uint64_t to_us);
int alerts_store_rest(struct alerts_run *r) __attribute__((warn_unused_result));
int alerts_store_flush(struct alerts_run *r) __attribute__((warn_unused_result));
int alerts_store_marks(struct alerts_run *r) __attribute__((warn_unused_result));
int alerts_store_rules(struct alerts_run *r, const struct rule_set *set)
    __attribute__((warn_unused_result));
/* Alerts that go on, of the database, become the engine's. */
int alerts_restore(struct alerts_run *r) __attribute__((warn_unused_result));

/* alerts_figures.c: every second, for alerts_figures. */
void alerts_publish(struct alerts_run *r, uint64_t now_us);

/* alerts_watch.c: every now and then; 0 or -1. */
int alerts_watch(struct alerts_run *r, uint64_t now_us)
    __attribute__((warn_unused_result));
int alerts_read_silences(struct alerts_run *r) __attribute__((warn_unused_result));

/* replay.c; 0 or -1 */
int replay_warm(struct alerts_run *r, struct engine *e)
    __attribute__((warn_unused_result));
int replay_gaps(struct alerts_run *r, uint64_t now_us)
    __attribute__((warn_unused_result));
int replay_spans(struct alerts_run *r, uint64_t now_us)
    __attribute__((warn_unused_result));
void replay_note_gap(
    struct alerts_run *r, int32_t host_id, int64_t from, int64_t to, uint64_t now_us);

#endif
