/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of the whole program since its start; written to the log on SIGUSR1 and at
 * the end. */
#ifndef FWLOG_COLLECTOR_METRICS_H
#define FWLOG_COLLECTOR_METRICS_H

#include <stdint.h>

#define METRICS(M)                                                        \
	M(accepted, "connections accepted")                               \
	M(refused, "connections closed at once: over a limit")            \
	M(faulted, "sessions closed for what they sent")                  \
	M(batches, "batches received")                                    \
	M(bytes, "bytes of frames received")                              \
	M(paused, "times reading from an agent was stopped")              \
	M(commits, "transactions committed")                              \
	M(rows, "events stored")                                          \
	M(duplicates, "records dropped because they were already stored") \
	M(losses, "losses stored")                                        \
	M(quarantined, "records put into quarantine")                     \
	M(database_faults, "times the database failed or was out of reach")

#define METRIC_MEMBER(name, meaning) uint64_t name;
struct metrics {
	METRICS(METRIC_MEMBER)
};
#undef METRIC_MEMBER

/* One line, name=value for each. */
void metrics_log(const struct metrics *m);

#endif
