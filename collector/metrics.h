/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program's numbers since its start: counters, which go to the log on SIGUSR1 and
 * at the end, and with them what is so now, for Prometheus (common/metric.h).
 */
#ifndef FWLOG_COLLECTOR_METRICS_H
#define FWLOG_COLLECTOR_METRICS_H

#include <stdint.h>

#include "common/metric.h"

/* M(name in the log, name for Prometheus, label and value or NULL, meaning); those of
 * one name for Prometheus in a row. */
#define METRICS(M)                                                                 \
	M(accepted, "connections_accepted_total", NULL, "connections accepted")    \
	M(refused, "connections_refused_total", NULL,                              \
	    "connections closed at once: over a limit")                            \
	M(crowded, "connections_crowded_total", NULL,                              \
	    "connections closed to make room for others")                          \
	M(authenticated, "authenticated_total", NULL,                              \
	    "sealed connections that proved who they are")                         \
	M(tampered, "sessions_closed_total", "reason=\"tampered\"",                \
	    "sessions closed for what came over them, by reason")                  \
	M(revoked, "sessions_closed_total", "reason=\"revoked\"",                  \
	    "sessions closed because their key was revoked")                       \
	M(faulted, "sessions_closed_total", "reason=\"fault\"",                    \
	    "sessions closed for what they sent")                                  \
	M(strangers, "strangers_total", NULL,                                      \
	    "sealed connections turned away before they proved anything, in all")  \
	M(stranger_not_sealed, "auth_failures_total", "kind=\"not_sealed\"",       \
	    "sealed connections turned away, by kind")                             \
	M(stranger_unknown_key, "auth_failures_total", "kind=\"unknown_key\"",     \
	    "no key has the id")                                                   \
	M(stranger_revoked_key, "auth_failures_total", "kind=\"revoked_key\"",     \
	    "the key is revoked")                                                  \
	M(stranger_forbidden, "auth_failures_total", "kind=\"forbidden\"",         \
	    "the key may not be used from the address")                            \
	M(stranger_wrong_key, "auth_failures_total", "kind=\"wrong_key\"",         \
	    "the id of a key, but not its secret")                                 \
	M(stranger_unconfirmed, "auth_failures_total", "kind=\"unconfirmed\"",     \
	    "a hello sent again, or nothing after it")                             \
	M(stranger_late, "auth_failures_total", "kind=\"late\"",                   \
	    "nothing proved in time")                                              \
	M(stranger_left, "auth_failures_total", "kind=\"left\"",                   \
	    "gone before anything was proved")                                     \
	M(stranger_crowded, "auth_failures_total", "kind=\"crowded\"",             \
	    "the oldest had to go: max_unauthenticated")                           \
	M(stranger_memory, "auth_failures_total", "kind=\"memory\"", "no memory")  \
	M(sessions, "sessions_total", NULL, "sessions that got their WELCOME")     \
	M(batches, "batches_total", NULL, "batches and losses received")           \
	M(bytes, "received_bytes_total", NULL, "bytes of frames received")         \
	M(paused, "pauses_total", NULL, "times reading from an agent was stopped") \
	M(commits, "commits_total", NULL, "transactions committed")                \
	M(rows, "committed_records_total", NULL, "events stored")                  \
	M(duplicates, "duplicate_records_total", NULL,                             \
	    "records dropped because they were already stored")                    \
	M(losses, "losses_total", NULL, "losses stored")                           \
	M(losses_merged, "losses_merged_total", NULL,                              \
	    "of these without a row of their own: too many")                       \
	M(filtered, "filtered_records_total", NULL,                                \
	    "records that filters of agents left out")                             \
	M(filtered_merged, "filtered_merged_total", NULL,                          \
	    "of the figures of these, those without a row of their own")           \
	M(quarantined, "quarantined_records_total", NULL,                          \
	    "records put into quarantine")                                         \
	M(quarantine_full, "quarantine_full_total", NULL,                          \
	    "records that had no room there")                                      \
	M(folded, "folded_strings_total", NULL,                                    \
	    "strings stored as a marker: over new_strings")                        \
	M(days_refused, "partitions_refused_total", NULL,                          \
	    "days that got no partition")                                          \
	M(database_faults, "database_faults_total", NULL,                          \
	    "times the database failed or was out of reach")                       \
	M(maintained, "maintenance_jobs_total", NULL,                              \
	    "statements of maintenance done")                                      \
	M(maintain_faults, "maintenance_failures_total", NULL,                     \
	    "statements of maintenance, and rounds, that failed")

#define METRIC_MEMBER(name, prometheus, labels, meaning) uint64_t name;
struct metrics {
	METRICS(METRIC_MEMBER)
	uint64_t
	    maintained_us; /* when the last round ended well, wall clock; 0: none */
	struct metric_histogram commit;      /* COMMIT alone */
	struct metric_histogram transaction; /* BEGIN to the answer of COMMIT */
	struct metric_histogram batch;       /* received to committed */
};
#undef METRIC_MEMBER

/* Of the alert engine; all 0 while another collector evaluates. */
struct metrics_alerts {
	uint64_t active; /* this collector evaluates the rules */
	uint64_t queue_bytes, queue_dropped;
	uint64_t rules, rules_refused;
	uint64_t events, matched, late, ungrouped, evicted, groups_refused;
	uint64_t groups, group_bytes, held, going_on;
	uint64_t fired, resolved, notified, digested, silenced, suppressed;
	uint64_t regex_failures;
	uint64_t replays, missing;
	uint64_t deliveries_waiting, deliveries_failing;
};

/* What is so now. */
struct metrics_now {
	uint64_t one, ready, started_us;
	uint64_t connections, agents, paused, unauthenticated;
	uint64_t queue_bytes, queue_limit_bytes;
	uint64_t sinks, sinks_connected;
	uint64_t dictionary, filter_version;
	struct metrics_alerts alerts;
};

/* What the table is of. */
struct metrics_all {
	struct metrics total;
	struct metrics_now now;
};
extern const struct metric_table metrics_table;

/* One line, name=value for each. */
void metrics_log(const struct metrics *m);

#endif
