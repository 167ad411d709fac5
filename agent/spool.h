/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool: the agent's queue on disk (docs/spool.md). Owns its directory, numbers
 * what goes in (epoch, seq), and keeps it until acknowledged. Single-threaded for its
 * caller; fdatasync runs on a thread of its own, whose completion shows on
 * spool_event_fd. Nothing here aborts on what it finds on disk.
 */
#ifndef FWLOG_AGENT_SPOOL_H
#define FWLOG_AGENT_SPOOL_H

#include "common/batch.h"
#include "common/message.h"

#define SPOOL_SEGMENT_MIN (2u << 20) /* bytes: a full batch and the header fit */
#define SPOOL_SOURCES_MAX 128        /* bindings remembered in a segment header */

enum spool_when_full { SPOOL_DROP_NEWEST, SPOOL_DROP_OLDEST };

struct spool_conf {
	const char *dir;
	uint64_t size;             /* bytes of all segments together */
	uint64_t segment_size;     /* bytes */
	uint64_t sync_interval_ms; /* 0: sync every frame before it may be sent */
	bool sync_never; /* fsync left to the kernel; frames may be sent at once */
	enum spool_when_full when_full;
	uint64_t retain_ms;   /* what was acknowledged is kept so long, 0: not at all */
	uint64_t patience_ms; /* for a process that ends and still holds the spool */
};

struct spool_source {
	struct batch_source source;
	uint64_t last_ts_us;
};

struct spool_counters {
	uint64_t records; /* spooled by this run */
	uint64_t frames;
	uint64_t bytes_used;      /* of all segments, preallocation included */
	uint64_t bytes_retained;  /* of these, in segments that are acknowledged */
	uint64_t records_waiting; /* numbers spooled and not acknowledged, all epochs */
	uint64_t oldest_us; /* time of the oldest of them (or of its segment), 0 none */
	uint64_t dropped;   /* records refused or removed because it was full */
	uint64_t corrupt;   /* damaged regions found */
	uint64_t syncs, sync_errors;
	uint64_t acked; /* numbers acknowledged in this run */
	uint64_t segments;
	uint64_t bytes_limit; /* of bytes_used */
	bool full;            /* records are dropped now, for want of room */
	bool refused;         /* the disk does not take a new segment now */
};

struct spool;

/*
 * Recovers what is there, draws a new epoch and begins a segment (lazily: with the
 * first frame). NULL with a reason and remedy in why only when the directory cannot be
 * used at all (missing right, locked by another process, not even one segment fits).
 */
struct spool *spool_open(const struct spool_conf *conf, char *why, size_t whysize);
/*
 * Writes what is pending, syncs and closes; may wait for the disk. What is
 * unacknowledged stays for the next run. NULL-safe.
 */
void spool_close(struct spool *s);

/* Last kernel sequence number on disk of this binding; false when none is known. */
bool spool_source_last(const struct spool *s, uint64_t bind_id, uint32_t *kseq);
/* What the previous runs' newest state says of all bindings; returns how many. */
size_t spool_sources(const struct spool *s, struct spool_source *out, size_t max);

/*
 * Frames appended from spool_group_begin to spool_group_end are written together: after
 * a restart either all of them are there or none. They bear the newest kernel numbers
 * of one datagram. Without spool_group_begin each is a group of its own. When a group
 * is full, it must end before a batch, a loss and filtered more are appended.
 * spool_group_end, and each append outside a group: 0: written; -1: refused and counted
 * (the spool is full or its disk fails); what was in it becomes LOSS frames by itself
 * as soon as there is room. An append inside a group returns 0.
 */
void spool_group_begin(struct spool *s);
bool spool_group_full(const struct spool *s);
int spool_group_end(struct spool *s);
/* Finishes the batch in w with the next numbers of the epoch. Records are gone from w
 * either way. */
int spool_append_batch(
    struct spool *s, struct batch_writer *w, const struct batch_source *source);
/* A loss; epoch, first_seq and count are set here. Losses that wait for room are merged
 * with their like. */
int spool_append_loss(struct spool *s, const struct loss *loss);
/* What filters suppressed; epoch, first_seq and count are set here. Where there is no
 * room it becomes losses, filtered and rate_limited. */
int spool_append_filtered(struct spool *s, struct filtered *m);

/* Readable when frames became sendable; call spool_on_event then. */
int spool_event_fd(const struct spool *s);
void spool_on_event(struct spool *s);
/* Starts the sync that is due; call it at least every sync_interval. */
void spool_tick(struct spool *s);

/* ---- for the uplink */
/*
 * Epochs with something unacknowledged or retained and, always last, the current one,
 * for HELLO; of each the first number that is held and not acknowledged, or the next
 * one to come. Those that wait have precedence when there are more than max.
 */
uint16_t spool_epochs(const struct spool *s, struct epoch_mark *out, uint16_t max);
/*
 * All that waits in earlier epochs are those HELLO had no place for: time to greet
 * again, in a new session.
 */
bool spool_wants_session(const struct spool *s);
/*
 * The collector's mark of an epoch: acknowledges up to it and reads on behind it.
 * Nothing of an epoch is handed out before; every epoch of WELCOME is resumed in every
 * session. Any mark will do: below what is held the rest is a loss, above what is known
 * all is acknowledged, below what was acknowledged (the database was restored from a
 * backup) all behind it is sent again.
 */
void spool_resume(struct spool *s, uint64_t epoch, uint64_t mark);
/*
 * The next frame to send, complete, as it lies in its segment or made for a hole
 * (LOSS); valid until the next spool call. 1, or 0 when nothing is sendable now.
 */
int spool_next(struct spool *s, struct bytes_view *frame);
/* Committed up to and including seq, but never more than was handed out. */
void spool_ack(struct spool *s, uint64_t epoch, uint64_t seq);

void spool_counters(const struct spool *s, struct spool_counters *out);
uint64_t spool_epoch(const struct spool *s);

#endif
