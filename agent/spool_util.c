/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/spool_internal.h"

int64_t
spool_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t
spool_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0
			    : (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
records_add(uint64_t a, uint64_t b)
{
	if (a > INT64_MAX || b > INT64_MAX || a + b > INT64_MAX)
		return LOSS_RECORDS_UNKNOWN;
	return a + b;
}

void
span_add(uint64_t *from_us, uint64_t *to_us, uint64_t from2, uint64_t to2)
{
	if (*from_us == 0 || (from2 != 0 && from2 < *from_us))
		*from_us = from2;
	if (to2 > *to_us)
		*to_us = to2;
}

void
tally_add(struct tally *t, uint64_t numbers, uint64_t records, uint64_t from_us,
    uint64_t to_us)
{
	t->numbers += numbers;
	t->records = records_add(t->records, records);
	span_add(&t->from_us, &t->to_us, from_us, to_us);
}

#define NEW_NAME_MAX 32 /* bytes */

static void
new_name(const char *name, char fresh[NEW_NAME_MAX])
{
	snprintf(fresh, NEW_NAME_MAX, "%s.new", name);
}

/* In a file of its own: one before it may be at the syncer. */
int
file_write_new(int dir, const char *name, const char *text, size_t len)
{
	char fresh[NEW_NAME_MAX];

	new_name(name, fresh);
	if (unlinkat(dir, fresh, 0) < 0 && errno != ENOENT)
		return -1;
	int fd = openat(
	    dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	int rc = segment_write(fd, 0, text, len), error = errno;
	close(fd);
	if (rc < 0)
		unlinkat(dir, fresh, 0);
	errno = error;
	return rc;
}

int
file_take_over(int dir, const char *name)
{
	char fresh[NEW_NAME_MAX];

	new_name(name, fresh);
	return renameat(dir, fresh, dir, name);
}

int
file_open_new(int dir, const char *name)
{
	char fresh[NEW_NAME_MAX];

	new_name(name, fresh);
	return openat(dir, fresh, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

char *
file_read(int dir, const char *name, size_t max)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;

	char *text = malloc(max + 1);
	ssize_t n = text != NULL ? segment_read_raw(fd, 0, text, max) : -1;

	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}
