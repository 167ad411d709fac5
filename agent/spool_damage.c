/* SPDX-License-Identifier: GPL-2.0-or-later */
/* damaged/: what could not be read, for the curious; bounded, the oldest go first. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/spool_internal.h"

#define DAMAGED_DIR "damaged"
#define COPY_CHUNK 4096

struct kept {
	char oldest[sizeof((struct dirent *)0)->d_name];
	unsigned files;
	uint64_t bytes;
};

static bool
name_is_ours(const char *name)
{
	return strspn(name, "0123456789") == 16 && name[16] == '-';
}

static int
damaged_open(struct spool *s)
{
	if (mkdirat(s->dir, DAMAGED_DIR, 0700) < 0 && errno != EEXIST)
		return -1;
	return openat(
	    s->dir, DAMAGED_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool
damaged_list(int dir, struct kept *k)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat st;

	*k = (struct kept){.files = 0};
	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((entry = readdir(d)) != NULL) {
		if (!name_is_ours(entry->d_name) ||
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		k->files++;
		k->bytes += (uint64_t)st.st_size;
		if (k->oldest[0] == '\0' || strcmp(entry->d_name, k->oldest) < 0)
			snprintf(k->oldest, sizeof k->oldest, "%s", entry->d_name);
	}
	closedir(d);
	return true;
}

static void
damaged_bound(struct spool *s, int dir)
{
	struct kept k;

	while (damaged_list(dir, &k) && k.files > 0 &&
	       (k.files > DAMAGED_FILES_MAX || k.bytes > s->conf.segment_size))
		if (unlinkat(dir, k.oldest, 0) < 0)
			break;
}

static void
copy_region(int in, int out, uint64_t from, uint64_t len)
{
	uint8_t chunk[COPY_CHUNK];
	uint64_t at = 0;

	while (at < len) {
		size_t want =
		    len - at < sizeof chunk ? (size_t)(len - at) : sizeof chunk;
		ssize_t n = segment_read_raw(in, from + at, chunk, want);

		if (n <= 0 || pwrite(out, chunk, (size_t)n, (off_t)at) != n)
			break;
		at += (uint64_t)n;
	}
}

static void
damage_keep(struct spool *s, int in, const char *name, uint64_t from, uint64_t len)
{
	int dir = damaged_open(s);

	if (dir < 0)
		return;
	int out = openat(
	    dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out >= 0) {
		copy_region(in, out, from,
		    len < s->conf.segment_size ? len : s->conf.segment_size);
		close(out);
	}
	damaged_bound(s, dir);
	close(dir);
}

/* Where the zeros at the end of [from, to) begin: from when there is nothing else. */
static uint64_t
written_end(int fd, uint64_t from, uint64_t to)
{
	uint8_t chunk[COPY_CHUNK];
	uint64_t end = from, at = from;

	while (at < to) {
		size_t want = to - at < sizeof chunk ? (size_t)(to - at) : sizeof chunk;
		ssize_t n = segment_read_raw(fd, at, chunk, want);

		if (n <= 0)
			break;
		for (ssize_t i = n; i > 0; i--)
			if (chunk[i - 1] != 0) {
				end = at + (uint64_t)i;
				break;
			}
		at += (uint64_t)n;
	}
	return end;
}

void
damage_note(struct spool *s, struct segment *seg, uint64_t from, uint64_t to)
{
	char file[SEGMENT_NAME_MAX], name[64];

	if (from < seg->noted)
		from = seg->noted;
	if (from >= to)
		return;
	seg->noted = to;
	segment_name(seg->id.number, file);
	int fd = openat(s->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	to = written_end(fd, from, to);
	if (from < to) {
		snprintf(
		    name, sizeof name, "%016" PRIu64 "-%" PRIu64, seg->id.number, from);
		s->count.corrupt++;
		log_limited(&s->damage_log, LOG_LEVEL_ERROR,
		    "spool %s: %s: %" PRIu64 " bytes at %" PRIu64
		    " are damaged and skipped, a copy is in " DAMAGED_DIR
		    "; check the disk",
		    s->path, file, to - from, from);
		damage_keep(s, fd, name, from, to - from);
	}
	close(fd);
}

int
damage_found(struct spool *s, uint64_t number)
{
	char file[SEGMENT_NAME_MAX];

	segment_name(number, file);
	s->count.corrupt++;
	log_error(
	    "spool %s: %s: the header cannot be read, the file goes to " DAMAGED_DIR
	    "; check the disk",
	    s->path, file);
	return numbers_add(&s->bad, number);
}

static void
damage_move(struct spool *s, int dir, uint64_t number)
{
	char file[SEGMENT_NAME_MAX], name[64];

	segment_name(number, file);
	snprintf(name, sizeof name, "%016" PRIu64 "-0", number);
	if (dir < 0 || renameat(s->dir, file, dir, name) < 0)
		log_error(
		    "spool %s: cannot move %s: %m; move it by hand", s->path, file);
}

void
damage_settle(struct spool *s)
{
	if (s->bad.count == 0 || s->pendings > 0)
		return;
	if (s->bad_next == 0)
		s->bad_next = s->cur->next;
	if (durable_next(s) < s->bad_next)
		return;
	int dir = damaged_open(s);

	for (size_t i = 0; i < s->bad.count; i++)
		damage_move(s, dir, s->bad.number[i]);
	s->bad.count = 0;
	if (dir < 0)
		return;
	damaged_bound(s, dir);
	close(dir);
}
