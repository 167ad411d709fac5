/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the spool share; nobody else includes it.
 *
 * The order of everything: epochs from the oldest to the current one, in each the
 * segments by their first number. A segment's numbers end where the next one of its
 * epoch begins, or at the epoch's `next`. The file of a segment decides what can be
 * read; numbers that cannot be read become LOSS frames when it is their turn.
 */
#ifndef FWLOG_AGENT_SPOOL_INTERNAL_H
#define FWLOG_AGENT_SPOOL_INTERNAL_H

#include <sys/queue.h>

#include <pthread.h>

#include "agent/segment.h"
#include "common/log.h"

#define PENDING_MAX 256    /* losses of different kind waiting for room */
#define HOLES_MAX 4096     /* ranges dropped and not yet acknowledged */
#define LOSS_FRAME_MAX 128 /* bytes of a LOSS frame */
#define FILTERED_FRAME_MAX \
	(FRAME_HEADER + 40 + FILTERED_MAX * 276) /* bytes of a FILTERED frame */
#define GROUP_FRAMES 64                          /* frames written together */
#define GROUP_FULL (128u << 10) /* bytes; a group that has more should end */
#define GROUP_BYTES \
	(GROUP_FULL + FRAME_HEADER + FRAME_MAX + FILTERED_FRAME_MAX + LOSS_FRAME_MAX)
#define SENT_MAX 1024        /* frames in flight whose time is remembered */
#define DAMAGED_FILES_MAX 64 /* files in damaged/; their bytes: one segment_size */

/* What a run of frames holds: enough to say in a LOSS what went with it. */
struct tally {
	uint64_t numbers;
	uint64_t records; /* LOSS_RECORDS_UNKNOWN sticks */
	uint64_t from_us, to_us;
};

struct segment {
	TAILQ_ENTRY(segment) entry;
	struct segment_id id;
	uint64_t created_us;
	uint64_t size;   /* bytes on disk */
	uint64_t end;    /* bytes up to the last frame; of older runs: of the file */
	uint64_t synced; /* bytes of them that may be sent */
	uint64_t synced_next; /* the number behind those */
	uint64_t noted;       /* damage before this offset has been counted */
	int fd;               /* while it is written or waits for its sync, else -1 */
	bool small;           /* for LOSS frames alone */
	bool dir_synced;      /* its name is on disk */
	bool tallied;         /* tally is known */
	uint64_t
	    acked_us; /* when all of it was acknowledged, 0 not yet or written to */
	struct tally tally;
};
TAILQ_HEAD(segments, segment);

struct epoch {
	TAILQ_ENTRY(epoch) entry;
	struct segments segments;
	uint64_t epoch;
	uint64_t next;  /* the number to come behind all that is known */
	uint64_t acked; /* by the collector's word; before it spoke: what is not held */
	uint64_t hint;  /* what the file `acked` says, 0 nothing */
	bool resumed;   /* the collector told where to begin */
	uint64_t read;  /* next number to hand out */
	struct segment *at; /* where it is looked for, NULL: find out */
	uint64_t offset;
	uint64_t seen_us; /* time of the last record handed out, 0 none */
};
TAILQ_HEAD(epochs, epoch);

/* Numbers dropped by drop_oldest; kept in the file `holes` until acknowledged. */
struct hole {
	uint64_t epoch;
	uint64_t first, last;
	uint64_t records;
	uint64_t from_us, to_us;
	bool frozen; /* may have been sent: does not grow any more */
};

/* The thread that calls fdatasync. One job at a time; its fields belong to the lock. */
struct syncer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int event_fd; /* signalled at the end of each job */
	int fd;       /* of the job, the thread closes it; -1 none */
	int dir;      /* synced too when >= 0; borrowed */
	bool done, quit;
	int error;
};

/* A frame that was handed out and not yet acknowledged. */
struct sent {
	uint64_t epoch, last;
	uint64_t us;
};

/* Frames that are yet to be written, together; their bytes lie back to back. */
struct spool_group {
	bool open;  /* spool_group_begin was called */
	bool ready; /* with the first frame: there was room, and nothing pending */
	struct segment_frame frame[GROUP_FRAMES];
	size_t frames;
	uint8_t *bytes; /* GROUP_BYTES */
	size_t len;
};

/* Numbers of segments. */
struct numbers {
	uint64_t *number;
	size_t count, room;
};

struct sync_job {
	bool running;
	bool holes; /* of the file `holes`, of this version */
	uint64_t version;
	struct segment *segment; /* NULL when it was removed meanwhile */
	uint64_t end, next;      /* what the sync covers */
};

struct spool {
	struct spool_conf conf; /* dir is not used after open */
	char *path;             /* for messages */
	int dir, lock;
	struct epochs epochs;
	struct epoch *cur; /* of this run, the last of epochs */
	struct segment *writing;
	uint64_t next_number;
	uint64_t used; /* bytes of all segments */

	struct spool_source
	    source[SPOOL_SOURCES_MAX]; /* the most recently written first */
	size_t sources;
	struct spool_group group;
	struct loss pending[PENDING_MAX];
	size_t pendings;
	bool dropping;    /* a batch was refused and no segment could be begun since */
	int64_t retry_ms; /* the disk refused: no new segment before */
	int64_t keep_ms;  /* when pending losses go to the reserve again */
	int64_t keep_after_ms;
	struct hole *hole; /* HOLES_MAX */
	size_t holes;
	bool holes_dirty;       /* the file does not say so yet */
	bool holes_unsynced;    /* it does under its new name, which waits for a sync */
	uint64_t holes_version; /* of what was written last */
	int64_t holes_ms;       /* the disk refused: not before */
	struct numbers bad;     /* without a header, until their loss is on disk */
	uint64_t bad_next;      /* the number behind that loss, 0: not yet written */

	struct syncer syncer;
	struct sync_job job;
	struct segment *unsynced; /* the first that may need a sync, NULL none */
	int64_t sync_ms;          /* not before */
	unsigned sync_failures;   /* in a row */

	struct segment_reader reader;
	uint8_t loss_frame[LOSS_FRAME_MAX]; /* the one spool_next made */
	struct sent sent[SENT_MAX];         /* from tail to head, modulo SENT_MAX */
	size_t sent_head, sent_tail;
	bool acked_dirty;
	int64_t acked_ms;
	int64_t sweep_ms; /* when it is looked for what was retained long enough */
	struct spool_counters count;
	struct log_limit full_log, disk_log, sync_log, read_log, damage_log;
};

/* ---- spool_util.c */
int64_t spool_now_ms(void);  /* CLOCK_MONOTONIC */
uint64_t spool_now_us(void); /* since 1970 */
void tally_add(struct tally *t, uint64_t numbers, uint64_t records, uint64_t from_us,
    uint64_t to_us);
/* records of both, LOSS_RECORDS_UNKNOWN when either is. */
uint64_t records_add(uint64_t a, uint64_t b);
void span_add(uint64_t *from_us, uint64_t *to_us, uint64_t from2, uint64_t to2);
/* Writes a small file of the directory as NAME.new. 0, or -1, errno and no such file.
 */
int file_write_new(int dir, const char *name, const char *text, size_t len)
    __attribute__((warn_unused_result));
/* It takes the name's place in one step. 0, or -1 and errno. */
int file_take_over(int dir, const char *name) __attribute__((warn_unused_result));
/* NAME.new, opened for syncing, or -1 and errno. */
int file_open_new(int dir, const char *name);
/* Opens the file for reading: the whole of it (at most max bytes), or NULL. Free it. */
char *file_read(int dir, const char *name, size_t max);

/* ---- spool_segments.c: epochs, segments, room */
struct epoch *epoch_find(const struct spool *s, uint64_t epoch);
struct epoch *epoch_new(uint64_t epoch); /* NULL: no memory */
uint64_t segment_next(const struct epoch *e, const struct segment *seg);
void segment_insert(struct epoch *e, struct segment *seg); /* by first number */
/* Takes it out and frees it; unlinks the file too. */
void segment_remove(struct spool *s, struct epoch *e, struct segment *seg);
/* Takes one without frames out of the current epoch; its header stays when it alone
 * tells where the kernel's numbering stands. */
void segment_discard(struct spool *s, struct segment *seg);
/* No frame is added any more: gives back what it does not use. */
void segment_seal(struct spool *s, struct segment *seg);
/* The last segment of all, which tells where the kernel's numbering stands. */
const struct segment *newest_segment(const struct spool *s);
/* Cuts an acknowledged segment to its header, which does not count as used. 0 or -1. */
int segment_reduce(struct spool *s, struct epoch *e, struct segment *seg);
/* Frees an epoch of which nothing is left; not the current one. */
void epoch_forget(struct spool *s, struct epoch *e);
/*
 * Removes what is acknowledged and not retained, of the newest segment all but the
 * header, and that only when it stands in the way.
 */
void segments_sweep(struct spool *s, bool newest_too);
/*
 * Begins a segment (of SEGMENT_SMALL bytes: small) for numbers from first on. NULL when
 * the spool or its disk is full. may_drop: drop_oldest may make room.
 */
struct segment *segment_begin(
    struct spool *s, uint64_t first, bool small, bool may_drop);
/* Whether there is room, for which what is retained makes way. */
bool segment_may_begin(struct spool *s);
/* Adds a frame as far as its numbers lie above floor. */
void segment_count_frame(
    const struct segment_frame *f, uint64_t floor, struct tally *t);
/* Adds up the frames of seg with numbers above floor. */
void segment_count(
    struct spool *s, struct segment *seg, uint64_t floor, struct tally *t);

/* ---- spool_group.c: frames written together */
int group_init(struct spool_group *g) __attribute__((warn_unused_result));
void group_free(struct spool_group *g);
void group_clear(struct spool_group *g);
/* The number of the next frame, behind those in the group. */
uint64_t group_next(const struct spool *s);
/* Copies a frame, which says what it is; there is room. */
void group_add(struct spool *s, const struct segment_frame *f);
/* Writes the group, of one frame at least, and clears it. 0, or -1: it is still there.
 */
int group_put(struct spool *s) __attribute__((warn_unused_result));
/* Clears the group; what it held becomes losses that wait. Whether a batch was in it.
 */
bool group_refuse(struct spool *s);

/* ---- spool_write.c: frames, sources, pending losses */
/* Appends to this very segment; it has the room. 0, or -1 and errno. */
int segment_append(struct spool *s, struct segment *seg, const struct segment_frame *f)
    __attribute__((warn_unused_result));
void source_set(
    struct spool *s, const struct batch_source *source, uint64_t last_ts_us);
/* A loss that waits for room, merged with its like. */
void pending_add(struct spool *s, const struct loss *loss);
/* Writes what is pending, that of a binding together; 0 when nothing is left. No group
 * may be under way. */
int pending_flush(struct spool *s);
void pending_tick(struct spool *s, int64_t now_ms);

/* ---- spool_holes.c */
void holes_load(struct spool *s);
/* Writes again what the disk refused before. */
void holes_tick(struct spool *s, int64_t now_ms);
/* Starts the sync that is due. Whether it did. */
bool holes_sync(struct spool *s, int64_t now_ms);
void holes_synced(struct spool *s, uint64_t version, int error);
void holes_close(struct spool *s); /* after the last job of the syncer */
/* Makes the numbers of seg above what is acknowledged a hole, before it is removed. */
void holes_add_segment(struct spool *s, struct epoch *e, struct segment *seg);
struct hole *holes_at(const struct spool *s, uint64_t epoch, uint64_t seq);
/* First number of the first hole of the epoch behind seq, UINT64_MAX none. */
uint64_t holes_behind(const struct spool *s, uint64_t epoch, uint64_t seq);
void holes_acked(struct spool *s, const struct epoch *e);
bool holes_any(const struct spool *s, uint64_t epoch);

/* ---- spool_retain.c: segments that are kept although they are acknowledged */
/* Notes the time for those of the epoch that now are; its mark is the collector's. */
void retain_note(struct spool *s, struct epoch *e);
/* The mark went back: what lies behind it waits again. */
void retain_undo(struct epoch *e);
/* Whether it is not yet time to remove this acknowledged segment. */
bool retain_holds(const struct spool *s, const struct segment *seg);
/* Gives up the oldest segment that is acknowledged. false: there is none. */
bool retain_drop(struct spool *s);
void retain_tick(struct spool *s, int64_t now_ms);
uint64_t retain_bytes(const struct spool *s);

/* ---- spool_acked.c: the file `acked` */
void acked_load(struct spool *s);
void acked_tick(struct spool *s, int64_t now_ms);
void acked_write(struct spool *s);

/* ---- spool_damage.c: damaged/ */
/* Counts and keeps the bytes [from, to) of the segment, once. */
void damage_note(struct spool *s, struct segment *seg, uint64_t from, uint64_t to);
/*
 * A file whose header cannot be read: counted, and moved as a whole when the loss that
 * tells of it is on disk, or a kill in between would leave neither. -1: no memory.
 */
int damage_found(struct spool *s, uint64_t number) __attribute__((warn_unused_result));
void damage_settle(struct spool *s);

/* ---- spool_recover.c */
int numbers_add(struct numbers *n, uint64_t number) __attribute__((warn_unused_result));
/* Reads the directory. 0, or -1 with a reason: no memory. */
int spool_recover(struct spool *s, char *why, size_t whysize)
    __attribute__((warn_unused_result));

/* ---- spool_sync.c */
int syncer_start(struct syncer *y) __attribute__((warn_unused_result));
void syncer_stop(struct syncer *y); /* after the job at hand; its result can be had */
void syncer_free(struct syncer *y);
/* Starts a sync of fd (a copy is taken) and of dir when it is >= 0. 0, or -1 errno. */
int syncer_submit(struct syncer *y, int fd, int dir)
    __attribute__((warn_unused_result));
/* Whether a job ended since; its errno or 0. */
bool syncer_collect(struct syncer *y, int *error);

/* ---- spool_durable.c: what is synced when, and what happens when it fails */
void durable_tick(struct spool *s, int64_t now_ms);
void durable_collect(struct spool *s); /* takes the result of a job that ended */
void durable_close(struct spool *s);   /* everything is synced, or said not to be */
/* The number behind those of this run that may be sent. */
uint64_t durable_next(struct spool *s);
/* sync_never: all that is written may be sent. */
void durable_skip(struct spool *s, struct segment *seg);

#endif
