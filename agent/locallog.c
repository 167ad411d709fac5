/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/locallog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/format.h"
#include "common/log.h"

#define LINE_LEN_MAX (160u << 10) /* room for a payload of 64 KiB as JSON has it */
#define BUFFER_SIZE (512u << 10)
#define HOST_MAX 65 /* HOST_NAME_MAX of Linux and a NUL */

struct locallog {
	int fd;
	enum locallog_format format;
	bool torn;   /* the buffer begins within a line whose head is in the file */
	size_t used; /* bytes of the buffer */
	uint64_t lost;
	struct log_limit said;
	struct line_clock clock;
	char host[HOST_MAX];
	char *path;
	char buffer[BUFFER_SIZE];
};

/* Never waits: a pipe nobody reads fills the buffer and then costs lines, not time. */
static int
open_path(const char *path)
{
	return open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

/* The name up to the first dot, as syslog daemons write it. */
static void
note_host(struct locallog *l)
{
	struct line host = {.at = l->host, .left = sizeof l->host - 1};
	char name[HOST_MAX] = "";
	struct bytes text = {.p = (const uint8_t *)name};

	gethostname(name, sizeof name - 1);
	text.len = (uint16_t)strcspn(name, ".");
	line_printable(&host, text);
	if (text.len == 0)
		line_char(&host, '-');
	*host.at = '\0';
}

struct locallog *
locallog_open(const char *path, enum locallog_format format, char *why, size_t whysize)
{
	struct locallog *l = calloc(1, sizeof *l);

	if (l == NULL || (l->path = strdup(path)) == NULL) {
		snprintf(why, whysize, "no memory for the local log");
		free(l);
		return NULL;
	}
	l->fd = open_path(path);
	if (l->fd < 0) {
		snprintf(why, whysize,
		    "the local log %s cannot be opened: %s; its folder must exist and "
		    "the file be writable for the user the agent runs as",
		    path, strerror(errno));
		free(l->path);
		free(l);
		return NULL;
	}
	l->format = format;
	l->clock.utc = format == LOCALLOG_JSON;
	note_host(l);
	return l;
}

/* How many of the buffered bytes the file took; errno tells why not all. */
static size_t
write_buffer(struct locallog *l)
{
	size_t done = 0;

	while (done < l->used) {
		ssize_t n = write(l->fd, l->buffer + done, l->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/*
 * The file took done bytes, not all: takes the head of a torn line back out of the
 * file. Returns how many bytes remain written.
 */
static size_t
take_back_torn(struct locallog *l, size_t done)
{
	const char *newline = done > 0 ? memrchr(l->buffer, '\n', done) : NULL;
	size_t whole = newline == NULL ? 0 : (size_t)(newline - l->buffer) + 1;
	off_t torn = (off_t)(done - whole);
	struct stat st;

	if (torn == 0 || fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size < torn || ftruncate(l->fd, st.st_size - torn) < 0)
		return done;
	return whole;
}

static void
complain(struct locallog *l, int error)
{
	log_limited(&l->said, LOG_LEVEL_WARN,
	    "the local log %s cannot be written: %s; lines wait in memory, %" PRIu64
	    " found no room there and are lost to it; the collector gets all of them",
	    l->path, strerror(error), l->lost);
}

void
locallog_flush(struct locallog *l)
{
	size_t done;

	if (l->used == 0)
		return;
	done = write_buffer(l);
	if (done < l->used) {
		complain(l, errno);
		done = take_back_torn(l, done);
	}
	if (done == 0)
		return;
	l->torn = l->buffer[done - 1] != '\n';
	l->used -= done;
	memmove(l->buffer, l->buffer + done, l->used);
}

void
locallog_write(struct locallog *l, const struct event *ev, const struct packet *pkt,
    const struct batch_writer *w)
{
	struct line line;

	if (sizeof l->buffer - l->used < LINE_LEN_MAX)
		locallog_flush(l);
	line = (struct line){.at = l->buffer + l->used, .left = LINE_LEN_MAX};
	if (line.left > sizeof l->buffer - l->used)
		line.left = sizeof l->buffer - l->used;
	if (l->format == LOCALLOG_JSON) {
		format_json(&line, ev, &l->clock, w);
	} else {
		line_time(&line, &l->clock, ev->ts);
		line_char(&line, ' ');
		line_text(&line, l->host);
		line_text(&line, " kernel: ");
		format_kernel(&line, ev, pkt, w);
	}
	line_char(&line, '\n');
	if (line.full)
		l->lost++;
	else
		l->used = (size_t)(line.at - l->buffer);
}

/* The rest of a line whose head went elsewhere is of no use to anyone. */
static void
drop_torn(struct locallog *l)
{
	const char *newline = memchr(l->buffer, '\n', l->used);

	if (!l->torn || newline == NULL)
		return;
	l->used -= (size_t)(newline + 1 - l->buffer);
	memmove(l->buffer, newline + 1, l->used);
	l->torn = false;
	l->lost++;
}

void
locallog_reopen(struct locallog *l)
{
	int fd;

	locallog_flush(l);
	fd = open_path(l->path);
	if (fd < 0) {
		log_warn("the local log %s cannot be opened anew: %s; going on with "
			 "the old file",
		    l->path, strerror(errno));
		return;
	}
	drop_torn(l);
	close(l->fd);
	l->fd = fd;
	l->clock.date[0] = '\0';
	note_host(l);
}

uint64_t
locallog_lost(const struct locallog *l)
{
	return l->lost;
}

void
locallog_close(struct locallog *l)
{
	if (l == NULL)
		return;
	locallog_flush(l);
	close(l->fd);
	free(l->path);
	free(l);
}
