/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing; what each part does stands in agent/spool_internal.h. */
#include "agent/spool.h"

#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/spool_internal.h"
#include "common/planted.h"

#define LOCK_FILE "lock"
#define LOCK_PAUSE_MS 50

/* 0, or -1 and the reason. */
static int
conf_check(const struct spool_conf *conf, char *why, size_t whysize)
{
	if (conf->segment_size < SPOOL_SEGMENT_MIN) {
		snprintf(why, whysize,
		    "spool %s: segment_size must be at least %u bytes", conf->dir,
		    SPOOL_SEGMENT_MIN);
		return -1;
	}
	if (conf->size < conf->segment_size ||
	    conf->size - conf->segment_size < SEGMENT_SMALL) {
		snprintf(why, whysize,
		    "spool %s: spool_size must be at least segment_size and %u bytes "
		    "more",
		    conf->dir, SEGMENT_SMALL);
		return -1;
	}
	return 0;
}

/* A predecessor that is ending lets go of it soon. */
static int
lock(const struct spool *s)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
	uint64_t waited = 0;

	while (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || waited >= s->conf.patience_ms)
			return -1;
		nanosleep(&pause, NULL);
		waited += LOCK_PAUSE_MS;
	}
	return 0;
}

static int
dir_open(struct spool *s, char *why, size_t whysize)
{
	if (mkdir(s->path, 0700) < 0 && errno != EEXIST) {
		snprintf(why, whysize,
		    "spool %s: cannot be made: %m; create it and give it to "
		    "the agent's user",
		    s->path);
		return -1;
	}
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		snprintf(why, whysize,
		    "spool %s: %m; it must be a directory of the agent's user",
		    s->path);
		return -1;
	}
	s->lock =
	    openat(s->dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0) {
		snprintf(why, whysize,
		    "spool %s: cannot open %s: %m; the agent's user must own "
		    "the directory and all in it",
		    s->path, LOCK_FILE);
		return -1;
	}
	if (lock(s) < 0) {
		snprintf(why, whysize,
		    "spool %s: in use by another process (%s: %m); each agent "
		    "needs a spool_dir of its own",
		    s->path, LOCK_FILE);
		return -1;
	}
	return 0;
}

/* A number no epoch here has, 1 to 2^63-1. */
static struct epoch *
epoch_draw(const struct spool *s)
{
	uint64_t epoch;

	do {
		if (getrandom(&epoch, sizeof epoch, 0) != sizeof epoch)
			return NULL;
		epoch &= INT64_MAX;
		if (planted(reuse_epoch))
			return epoch_new(1);
	} while (epoch == 0 || epoch_find(s, epoch) != NULL);
	return epoch_new(epoch);
}

static struct spool *
spool_new(const struct spool_conf *conf)
{
	struct spool *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	s->dir = s->lock = s->reader.fd = -1;
	TAILQ_INIT(&s->epochs);
	s->path = strdup(conf->dir);
	s->hole = calloc(HOLES_MAX, sizeof *s->hole);
	return s;
}

static void
epoch_free(struct epoch *e)
{
	struct segment *seg;

	while ((seg = TAILQ_FIRST(&e->segments)) != NULL) {
		TAILQ_REMOVE(&e->segments, seg, entry);
		if (seg->fd >= 0)
			close(seg->fd);
		free(seg);
	}
	free(e);
}

static void
spool_free(struct spool *s)
{
	struct epoch *e;

	while ((e = TAILQ_FIRST(&s->epochs)) != NULL) {
		TAILQ_REMOVE(&s->epochs, e, entry);
		epoch_free(e);
	}
	segment_reader_free(&s->reader);
	group_free(&s->group);
	if (s->dir >= 0)
		close(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	free(s->hole);
	free(s->bad.number);
	free(s->path);
	free(s);
}

static int
spool_start(struct spool *s, char *why, size_t whysize)
{
	if (s->path == NULL || s->hole == NULL) {
		snprintf(why, whysize, "spool %s: no memory", s->conf.dir);
		return -1;
	}
	if (dir_open(s, why, whysize) < 0)
		return -1;
	if (segment_reader_init(&s->reader, s->dir) < 0 || group_init(&s->group) < 0) {
		snprintf(why, whysize, "spool %s: no memory", s->path);
		return -1;
	}
	if (spool_recover(s, why, whysize) < 0)
		return -1;
	s->cur = epoch_draw(s);
	if (s->cur == NULL) {
		snprintf(why, whysize, "spool %s: cannot draw an epoch: %m", s->path);
		return -1;
	}
	TAILQ_INSERT_TAIL(&s->epochs, s->cur, entry);
	if (syncer_start(&s->syncer) < 0) {
		snprintf(why, whysize, "spool %s: cannot start the sync thread: %m",
		    s->path);
		return -1;
	}
	s->conf.dir = s->path;
	return 0;
}

struct spool *
spool_open(const struct spool_conf *conf, char *why, size_t whysize)
{
	if (conf_check(conf, why, whysize) < 0)
		return NULL;
	struct spool *s = spool_new(conf);

	if (s == NULL) {
		snprintf(why, whysize, "spool %s: no memory", conf->dir);
		return NULL;
	}
	if (spool_start(s, why, whysize) < 0) {
		spool_free(s);
		return NULL;
	}
	return s;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	s->retry_ms = 0; /* the last chance for what is pending */
	if (pending_flush(s) < 0)
		log_error("spool %s: no room for %zu losses, they are not reported; "
			  "free space "
			  "there",
		    s->path, s->pendings);
	durable_close(s);
	holes_close(s);
	damage_settle(s);
	acked_write(s);
	syncer_free(&s->syncer);
	spool_free(s);
}

bool
spool_source_last(const struct spool *s, uint64_t bind_id, uint32_t *kseq)
{
	for (size_t i = 0; i < s->sources; i++)
		if (s->source[i].source.bind_id == bind_id) {
			*kseq = s->source[i].source.kseq;
			return true;
		}
	return false;
}

size_t
spool_sources(const struct spool *s, struct spool_source *out, size_t max)
{
	size_t n = s->sources < max ? s->sources : max;

	memcpy(out, s->source, n * sizeof *out);
	return n;
}

int
spool_event_fd(const struct spool *s)
{
	return s->syncer.event_fd;
}

void
spool_on_event(struct spool *s)
{
	eventfd_t n;

	(void)eventfd_read(s->syncer.event_fd, &n);
	durable_collect(s);
	damage_settle(s);
	durable_tick(s, spool_now_ms());
}

void
spool_tick(struct spool *s)
{
	int64_t now = spool_now_ms();

	durable_collect(s);
	pending_tick(s, now);
	holes_tick(s, now);
	damage_settle(s);
	durable_tick(s, now);
	retain_tick(s, now);
	acked_tick(s, now);
}

uint64_t
spool_epoch(const struct spool *s)
{
	return s->cur->epoch;
}
