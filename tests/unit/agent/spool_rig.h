/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the spool share: a directory of their own, records with an id, and
 * a collector that keeps marks as the real one does and counts what came.
 */
#ifndef FWLOG_TESTS_SPOOL_RIG_H
#define FWLOG_TESTS_SPOOL_RIG_H

#include <sys/stat.h>

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/segment.h"
#include "common/log.h"

#define RIG_DEADLINE_MS 10000
#define RIG_EPOCHS 4096
#define RIG_BIND 77
#define RIG_RECORDS (1u << 20) /* ids a test may use */

struct rig_mark {
	uint64_t epoch, mark;
};

struct rig {
	char dir[256];
	struct spool_conf conf;
	struct spool *spool;
	struct batch_writer *writer;
	struct batch_reader *reader;
	uint32_t next_id; /* ids given to records, from 1 */

	/* the collector */
	struct rig_mark mark[RIG_EPOCHS];
	unsigned marks;
	uint8_t *seen;                 /* by id: stored so often */
	uint64_t stored;               /* records */
	uint64_t lost[LOSS_CAUSE_END]; /* records of LOSS frames by cause */
	uint64_t lost_unknown;         /* LOSS frames whose records nobody knows */
	uint64_t lost_numbers;         /* numbers covered by LOSS corrupt */
	struct loss last_loss;
	uint64_t filtered; /* records in FILTERED frames */
};

static inline void
rig_open(struct rig *r)
{
	char why[512] = "";

	r->spool = spool_open(&r->conf, why, sizeof why);
	ck_assert_msg(r->spool != NULL, "%s", why);
}

static inline void
rig_start(struct rig *r)
{
	static const char quiet[] = "check_spool";

	memset(r, 0, sizeof *r);
	log_init(quiet, LOG_LEVEL_ERROR, false);
	snprintf(r->dir, sizeof r->dir, "/tmp/check_spool.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->dir));
	r->conf = (struct spool_conf){
	    .dir = r->dir,
	    .size = 64u << 20,
	    .segment_size = SPOOL_SEGMENT_MIN,
	    .sync_interval_ms = 200,
	    .sync_never = true,
	};
	r->writer = batch_writer_new(0);
	r->reader = batch_reader_new();
	r->seen = calloc(RIG_RECORDS, 1);
	r->next_id = 1;
	ck_assert(r->writer != NULL && r->reader != NULL && r->seen != NULL);
	rig_open(r);
}

static inline void
rig_close(struct rig *r)
{
	spool_close(r->spool);
	r->spool = NULL;
}

static inline void
rig_restart(struct rig *r)
{
	rig_close(r);
	rig_open(r);
}

/* Runs "command 'path'". */
static inline void
rig_run(const char *command, const char *path)
{
	char line[768];

	snprintf(line, sizeof line, "%s '%s'", command, path);
	ck_assert_int_eq(system(line), 0);
}

static inline void
rig_stop(struct rig *r)
{
	rig_close(r);
	batch_writer_free(r->writer);
	batch_reader_free(r->reader);
	free(r->seen);
	rig_run("rm -rf", r->dir);
}

/* A batch of n records with bytes of payload each; what spool_append_batch said. */
static inline int
rig_append_as(struct rig *r, unsigned n, uint16_t bytes, uint64_t bind_id)
{
	static uint8_t payload[65535];
	struct batch_source source = {bind_id, 5, 0};

	batch_begin(r->writer);
	for (unsigned i = 0; i < n; i++) {
		struct record rec = {0};

		ck_assert_uint_lt(r->next_id, RIG_RECORDS);
		source.kseq = r->next_id;
		RECORD_SET(&rec, ts_us, UINT64_C(1700000000000000) + r->next_id);
		RECORD_SET(&rec, kseq, r->next_id++);
		RECORD_SET(&rec, payload, ((struct bytes){payload, bytes}));
		ck_assert_int_eq(batch_add(r->writer, &rec), 0);
	}
	return spool_append_batch(r->spool, r->writer, &source);
}

static inline int
rig_append(struct rig *r, unsigned n, uint16_t bytes)
{
	return rig_append_as(r, n, bytes, RIG_BIND);
}

static inline uint64_t *
rig_mark_of(struct rig *r, uint64_t epoch)
{
	for (unsigned i = 0; i < r->marks; i++)
		if (r->mark[i].epoch == epoch)
			return &r->mark[i].mark;
	ck_assert_uint_lt(r->marks, RIG_EPOCHS);
	r->mark[r->marks] = (struct rig_mark){epoch, 0};
	return &r->mark[r->marks++].mark;
}

/* A new session: every epoch offered is resumed at its mark. */
static inline void
rig_session(struct rig *r)
{
	static struct epoch_mark epoch[EPOCHS_MAX];
	uint16_t n = spool_epochs(r->spool, epoch, EPOCHS_MAX);

	ck_assert_uint_ge(n, 1);
	ck_assert_uint_eq(epoch[n - 1].epoch, spool_epoch(r->spool));
	for (uint16_t i = 0; i < n; i++)
		spool_resume(r->spool, epoch[i].epoch, *rig_mark_of(r, epoch[i].epoch));
}

static inline void
rig_store_batch(
    struct rig *r, const struct frame *frame, uint64_t *epoch, uint64_t *last)
{
	const struct batch_head *head;
	struct record rec;
	const char *why;
	uint64_t seq, *mark;
	int rc;

	ck_assert_int_eq(batch_open(r->reader, frame->payload, frame->len, &why), 0);
	head = batch_reader_head(r->reader);
	mark = rig_mark_of(r, head->epoch);
	ck_assert_msg(head->first_seq <= *mark + 1, "batch %llu behind mark %llu",
	    (unsigned long long)head->first_seq, (unsigned long long)*mark);
	for (seq = head->first_seq; (rc = batch_next(r->reader, &rec)) == 1; seq++) {
		if (seq <= *mark)
			continue;
		ck_assert_uint_lt(rec.kseq, r->next_id);
		ck_assert_msg(
		    r->seen[rec.kseq]++ == 0, "record %u stored twice", rec.kseq);
		r->stored++;
	}
	ck_assert_int_eq(rc, 0);
	*epoch = head->epoch;
	*last = seq - 1;
}

static inline void
rig_store_loss(
    struct rig *r, const struct frame *frame, uint64_t *epoch, uint64_t *last)
{
	const char *why;
	struct loss *loss = &r->last_loss;

	ck_assert_int_eq(message_get_loss(frame->payload, frame->len, loss, &why), 0);
	uint64_t mark = *rig_mark_of(r, loss->epoch);

	*epoch = loss->epoch;
	*last = loss->first_seq + loss->count - 1;
	ck_assert_uint_le(loss->from_us, loss->to_us);
	if (*last <= mark)
		return;
	ck_assert_uint_eq(loss->first_seq, mark + 1);
	if (loss->records == LOSS_RECORDS_UNKNOWN)
		r->lost_unknown++;
	else
		r->lost[loss->cause] += loss->records;
	if (loss->cause == LOSS_CORRUPT)
		r->lost_numbers += loss->count;
}

static inline void
rig_store_filtered(
    struct rig *r, const struct frame *frame, uint64_t *epoch, uint64_t *last)
{
	static struct filtered m;
	const char *why;

	ck_assert_int_eq(message_get_filtered(frame->payload, frame->len, &m, &why), 0);
	uint64_t mark = *rig_mark_of(r, m.epoch);

	ck_assert_uint_eq(m.count, 1);
	*epoch = m.epoch;
	*last = m.first_seq;
	if (*last <= mark)
		return;
	ck_assert_uint_eq(m.first_seq, mark + 1);
	for (uint16_t i = 0; i < m.entries; i++)
		r->filtered += m.entry[i].records;
}

/* Commits a frame as the collector would; tells which epoch and number it ends at. */
static inline void
rig_store(struct rig *r, struct bytes_view bytes, uint64_t *epoch, uint64_t *last)
{
	struct frame frame;
	const char *why;

	ck_assert_int_eq(
	    frame_parse(bytes.p, bytes.len, &frame, &why), (long)bytes.len);
	ck_assert(frame_crc_ok(&frame));
	if (frame.type == FRAME_BATCH)
		rig_store_batch(r, &frame, epoch, last);
	else if (frame.type == FRAME_FILTERED)
		rig_store_filtered(r, &frame, epoch, last);
	else
		rig_store_loss(r, &frame, epoch, last);
	if (*last > *rig_mark_of(r, *epoch))
		*rig_mark_of(r, *epoch) = *last;
}

/* One frame is taken, stored and, with ack, acknowledged. false when none came. */
static inline bool
rig_take(struct rig *r, bool ack)
{
	struct bytes_view bytes;
	uint64_t epoch, last;

	if (spool_next(r->spool, &bytes) == 0)
		return false;
	rig_store(r, bytes, &epoch, &last);
	if (ack)
		spool_ack(r->spool, epoch, last);
	return true;
}

static inline unsigned
rig_drain(struct rig *r, bool ack)
{
	unsigned n = 0;

	while (rig_take(r, ack))
		n++;
	return n;
}

/* Waits until the spool says something on its descriptor. */
static inline void
rig_wait(struct rig *r)
{
	struct pollfd p = {.fd = spool_event_fd(r->spool), .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, RIG_DEADLINE_MS), 1);
	spool_on_event(r->spool);
}

static inline struct spool_counters
rig_counters(const struct rig *r)
{
	struct spool_counters c;

	spool_counters(r->spool, &c);
	return c;
}

/* Path of the nth segment (from 0) in the order of names; false when there are fewer.
 */
static inline bool
rig_segment(const struct rig *r, unsigned nth, char path[512])
{
	struct dirent **list;
	int n = scandir(r->dir, &list, NULL, alphasort);
	bool found = false;

	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		if (segment_name_number(list[i]->d_name) != 0 && nth-- == 0) {
			snprintf(path, 512, "%s/%s", r->dir, list[i]->d_name);
			found = true;
		}
		free(list[i]);
	}
	free(list);
	return found;
}

static inline unsigned
rig_segments(const struct rig *r)
{
	char path[512];
	unsigned n = 0;

	while (rig_segment(r, n, path))
		n++;
	return n;
}

static inline uint64_t
rig_lost(const struct rig *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < LOSS_CAUSE_END; i++)
		sum += r->lost[i];
	return sum;
}

#endif
