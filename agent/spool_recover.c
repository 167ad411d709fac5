/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up: every header is read; frames are read only at the end of each epoch, where
 * the next number and the state of the kernel's numbering stand. All others are checked
 * when their turn to be sent comes, so that a large spool does not delay the capture.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/spool_internal.h"

int
numbers_add(struct numbers *n, uint64_t number)
{
	if (n->count == n->room) {
		size_t room = n->room ? 2 * n->room : 64;
		uint64_t *more = reallocarray(n->number, room, sizeof *more);

		if (more == NULL)
			return -1;
		n->number = more;
		n->room = room;
	}
	n->number[n->count++] = number;
	return 0;
}

static int
number_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The numbers of all segments in the directory, sorted. 0, or -1: errno. */
static int
numbers_list(int dir, struct numbers *n)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int rc = 0;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		uint64_t number = segment_name_number(entry->d_name);

		if (number != 0)
			rc = numbers_add(n, number);
	}
	closedir(d);
	if (n->count > 0)
		qsort(n->number, n->count, sizeof n->number[0], number_compare);
	return rc;
}

/* The epoch of a segment that was found; epochs are in the order of their segments. */
static struct epoch *
epoch_have(struct spool *s, uint64_t epoch)
{
	struct epoch *e = epoch_find(s, epoch);

	if (e == NULL && (e = epoch_new(epoch)) != NULL)
		TAILQ_INSERT_TAIL(&s->epochs, e, entry);
	return e;
}

static int
segment_found(
    struct spool *s, uint64_t number, uint64_t size, const struct segment_header *h)
{
	struct epoch *e = epoch_have(s, h->epoch);
	struct segment *seg = calloc(1, sizeof *seg);

	if (e == NULL || seg == NULL) {
		free(seg);
		return -1;
	}
	*seg = (struct segment){
	    .id = {number, h->epoch, h->first_seq},
	    .created_us = h->created_us,
	    .size = size,
	    .end = size,
	    .synced = size,
	    .noted = SEGMENT_HEADER,
	    .fd = -1,
	    .dir_synced = true,
	};
	segment_insert(e, seg);
	s->used += size;
	return 0;
}

/* Whose numbers were in a file without a header nobody knows: a loss without a number.
 */
static void
unknown_loss(struct spool *s, int fd, const struct stat *st)
{
	uint64_t changed = st->st_mtime > 0 ? (uint64_t)st->st_mtime * 1000000 : 0;
	struct loss loss = {
	    .cause = LOSS_CORRUPT,
	    .records = LOSS_RECORDS_UNKNOWN,
	    .from_us = changed,
	    .to_us = changed,
	};
	uint32_t length;

	if (segment_read_raw(fd, SEGMENT_HEADER, &length, sizeof length) ==
		sizeof length &&
	    length != 0)
		pending_add(s, &loss);
}

/* One file with the name of a segment. 0, or -1: no memory. */
static int
file_found(struct spool *s, uint64_t number)
{
	struct segment_header h;
	char name[SEGMENT_NAME_MAX];
	struct stat st;
	int rc = 0;

	segment_name(number, name);
	int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		log_warn("spool %s: %s is no file that can be read and is left alone",
		    s->path, name);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	switch (segment_read_header(fd, &h)) {
	case SEGMENT_OK:
		rc = segment_found(s, number, (uint64_t)st.st_size, &h);
		break;
	case SEGMENT_BLANK:
		unlinkat(s->dir, name, 0);
		break;
	case SEGMENT_BAD:
		unknown_loss(s, fd, &st);
		rc = damage_found(s, number);
		break;
	}
	close(fd);
	return rc;
}

/* The state of the kernel's numbering when the segment was begun. */
static void
sources_take(struct spool *s, const struct segment_header *h)
{
	for (uint16_t i = h->sources; i > 0; i--)
		source_set(s, &h->source[i - 1].source, h->source[i - 1].last_ts_us);
}

/* What a scan knew where the last group ended. */
struct checkpoint {
	uint64_t end;
	uint64_t next;
	struct tally tally;
	struct spool_source source[SPOOL_SOURCES_MAX];
	size_t sources;
};

static void
checkpoint_take(struct checkpoint *c, const struct spool *s, const struct epoch *e,
    const struct segment *seg, uint64_t end)
{
	c->end = end;
	c->next = e->next;
	c->tally = seg->tally;
	c->sources = s->sources;
	memcpy(c->source, s->source, s->sources * sizeof c->source[0]);
}

static void
checkpoint_return(
    const struct checkpoint *c, struct spool *s, struct epoch *e, struct segment *seg)
{
	e->next = c->next;
	seg->tally = c->tally;
	s->sources = c->sources;
	memcpy(s->source, c->source, c->sources * sizeof s->source[0]);
}

/*
 * Reads all frames up to seg->end: what is behind the last one, the tally, the newest
 * sources. *end is where the last one ends; with whole, where the last group does that
 * is there to its end. 0, or -1 when the file cannot be read.
 */
static int
segment_scan(
    struct spool *s, struct epoch *e, struct segment *seg, bool whole, uint64_t *end)
{
	struct checkpoint group;
	struct segment_frame f;
	bool more = false;
	int rc;

	*end = SEGMENT_HEADER;
	seg->tally = (struct tally){0};
	if (seg->id.first_seq > e->next)
		e->next = seg->id.first_seq;
	while ((rc = segment_read(&s->reader, &seg->id, *end, seg->end, &f)) == 1) {
		damage_note(s, seg, *end, f.offset);
		if (f.more && !more)
			checkpoint_take(&group, s, e, seg, *end);
		more = f.more;
		*end = f.offset + f.bytes.len;
		tally_add(
		    &seg->tally, f.last - f.first + 1, f.records, f.from_us, f.to_us);
		source_set(s, &f.source, f.to_us);
		if (f.last >= e->next)
			e->next = f.last + 1;
	}
	if (rc == 0 && whole && more) {
		checkpoint_return(&group, s, e, seg);
		*end = group.end;
	}
	seg->tallied = rc == 0;
	return rc;
}

/* What is torn goes, and the empty rest with it; the mark tells that this was looked
 * at. */
static void
tail_cut(struct spool *s, struct epoch *e, struct segment *seg, int fd, uint64_t end)
{
	uint64_t size = end + SEGMENT_END_MARK;
	uint32_t length = 0;

	if (segment_read_raw(fd, end, &length, sizeof length) > 0 && length != 0)
		log_warn("spool %s: segment %" PRIu64
			 " ends in a torn write at %" PRIu64
			 ", which is cut off: its records were not yet synced",
		    s->path, seg->id.number, end);
	if (ftruncate(fd, (off_t)end) < 0 ||
	    segment_write_end(fd, end, e->epoch, e->next) < 0)
		log_warn("spool %s: segment %" PRIu64
			 ": cannot cut its tail: %m; it must "
			 "belong to the agent's user",
		    s->path, seg->id.number);
	if (!s->conf.sync_never && segment_io.fdatasync(fd) < 0)
		s->count.sync_errors++;
	s->used = s->used - seg->size + size;
	seg->size = size;
}

/*
 * The last segment of an epoch, which nobody will write to any more. 0, or -1 when it
 * cannot be read.
 */
static int
last_recover(struct spool *s, struct epoch *e, struct segment *last, int fd)
{
	struct segment_header h;
	uint64_t end, next;

	if (segment_read_header(fd, &h) != SEGMENT_OK)
		return -1;
	bool marked = segment_read_end(fd, last->size, &h, &next);

	if (marked)
		last->end -= SEGMENT_END_MARK;
	sources_take(s, &h);
	if (segment_scan(s, e, last, !marked, &end) < 0)
		return -1;
	if (marked && next > e->next)
		e->next = next;
	if (!marked) {
		tail_cut(s, e, last, fd, end);
		last->end = end;
	}
	last->synced = last->end;
	return 0;
}

/* Leaves a file alone that cannot be read now: it may be at the next start. */
static void
segment_leave(struct spool *s, struct epoch *e, struct segment *seg)
{
	log_error("spool %s: segment %" PRIu64
		  " cannot be read: %m; it is left until the "
		  "next start",
	    s->path, seg->id.number);
	s->used -= seg->size;
	TAILQ_REMOVE(&e->segments, seg, entry);
	free(seg);
}

static void
epoch_recover(struct spool *s, struct epoch *e)
{
	struct segment *last;
	char name[SEGMENT_NAME_MAX];
	uint64_t end;
	int rc = -1;

	while (rc < 0 && (last = TAILQ_LAST(&e->segments, segments)) != NULL) {
		struct segment *before = TAILQ_PREV(last, segments, entry);

		/* After a failed sync and a crash this one may hold more than the last.
		 */
		if (before != NULL)
			(void)segment_scan(s, e, before, false, &end);
		segment_name(last->id.number, name);
		int fd = openat(s->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0)
			rc = last_recover(s, e, last, fd);
		if (rc < 0)
			segment_leave(s, e, last);
		if (fd >= 0)
			close(fd);
	}
	segment_reader_forget(&s->reader, s->reader.number);
	if (rc == 0)
		e->acked = TAILQ_FIRST(&e->segments)->id.first_seq - 1;
	else
		e->next = e->acked + 1; /* nothing of it is known in this run */
}

int
spool_recover(struct spool *s, char *why, size_t whysize)
{
	struct numbers n = {NULL, 0, 0};
	int rc = numbers_list(s->dir, &n);
	struct epoch *e;

	for (size_t i = 0; rc == 0 && i < n.count; i++)
		rc = file_found(s, n.number[i]);
	s->next_number = n.count > 0 ? n.number[n.count - 1] + 1 : 1;
	free(n.number);
	if (rc < 0) {
		snprintf(why, whysize, "spool %s: cannot be read: %m", s->path);
		return -1;
	}
	TAILQ_FOREACH (e, &s->epochs, entry)
		epoch_recover(s, e);
	holes_load(s);
	TAILQ_FOREACH (e, &s->epochs, entry)
		e->read = e->acked + 1;
	acked_load(s);
	return 0;
}
