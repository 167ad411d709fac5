/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of the whole program since its start; written to the log on SIGUSR1 and at
 * the end. */
#ifndef FWLOG_COLLECTOR_METRICS_H
#define FWLOG_COLLECTOR_METRICS_H

#include <stdint.h>

#define METRICS(M)                                                         \
	M(accepted, "connections accepted")                                \
	M(refused, "connections closed at once: over a limit")             \
	M(crowded, "connections closed to make room for others")           \
	M(authenticated, "sealed connections that proved who they are")    \
	M(tampered, "authenticated sessions whose bytes did not open")     \
	M(revoked, "sessions closed because their key was revoked")        \
	M(strangers, "sealed connections turned away, in all; of these:")  \
	M(stranger_not_sealed, "something else than the sealed stream")    \
	M(stranger_unknown_key, "no key has the id")                       \
	M(stranger_revoked_key, "the key is revoked")                      \
	M(stranger_forbidden, "the key may not be used from the address")  \
	M(stranger_wrong_key, "the id of a key, but not its secret")       \
	M(stranger_unconfirmed, "a hello sent again, or nothing after it") \
	M(stranger_late, "nothing proved in time")                         \
	M(stranger_left, "gone before anything was proved")                \
	M(stranger_crowded, "the oldest had to go: max_unauthenticated")   \
	M(stranger_memory, "no memory")                                    \
	M(faulted, "sessions closed for what they sent")                   \
	M(batches, "batches received")                                     \
	M(bytes, "bytes of frames received")                               \
	M(paused, "times reading from an agent was stopped")               \
	M(commits, "transactions committed")                               \
	M(rows, "events stored")                                           \
	M(duplicates, "records dropped because they were already stored")  \
	M(losses, "losses stored")                                         \
	M(losses_merged, "of these without a row of their own: too many")  \
	M(filtered, "records that filters of agents left out")             \
	M(filtered_merged, "counts of these without filter: too many")     \
	M(quarantined, "records put into quarantine")                      \
	M(quarantine_full, "of these only counted: too many bytes")        \
	M(folded, "strings stored as a marker: over new_strings")          \
	M(days_refused, "days that got no partition")                      \
	M(database_faults, "times the database failed or was out of reach")

#define METRIC_MEMBER(name, meaning) uint64_t name;
struct metrics {
	METRICS(METRIC_MEMBER)
};
#undef METRIC_MEMBER

/* One line, name=value for each. */
void metrics_log(const struct metrics *m);

#endif
