/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choke LISTEN TARGET [-c CHUNK] [-r BYTES-PER-SECOND]: a bad line between two Unix
 * sockets. Takes connections at the path LISTEN and forwards both directions to the
 * path TARGET, at most CHUNK bytes in one write and so many bytes a second. A byte at a
 * time splits every frame everywhere.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 64
#define BUFFER 16384 /* bytes held in each direction */

struct way {
	int from, to;
	size_t at, len; /* of what was read and not yet written */
	uint8_t data[BUFFER];
};

struct line {
	bool used;
	struct way way[2];
};

struct choke {
	struct line line[LINES_MAX];
	struct sockaddr_un target;
	int listener;
	size_t chunk;
	uint64_t rate;   /* bytes/s for all together; 0: as fast as it goes */
	uint64_t passed; /* bytes since the start */
	struct timespec start;
};

static void
fail(const char *what)
{
	fprintf(stderr, "choke: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof a.sun_path) {
		fprintf(stderr, "choke: the path %s is too long\n", path);
		exit(2);
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	return a;
}

static void
line_close(struct line *l)
{
	close(l->way[0].from);
	close(l->way[0].to);
	l->used = false;
}

static struct line *
line_free(struct choke *c)
{
	for (size_t i = 0; i < LINES_MAX; i++)
		if (!c->line[i].used)
			return &c->line[i];
	return NULL;
}

static void
line_open(struct choke *c)
{
	struct line *l = line_free(c);
	int in = accept(c->listener, NULL, NULL), out;

	if (in < 0)
		return;
	out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l == NULL || out < 0 ||
	    connect(out, (const struct sockaddr *)&c->target, sizeof c->target) < 0) {
		close(in);
		if (out >= 0)
			close(out);
		return;
	}
	l->used = true;
	l->way[0] = (struct way){.from = in, .to = out};
	l->way[1] = (struct way){.from = out, .to = in};
}

/* Bytes that may pass now. */
static size_t
allowance(const struct choke *c)
{
	struct timespec now;
	double due;

	if (c->rate == 0)
		return c->chunk;
	clock_gettime(CLOCK_MONOTONIC, &now);
	due = ((double)(now.tv_sec - c->start.tv_sec) +
		  (double)(now.tv_nsec - c->start.tv_nsec) / 1e9) *
	      (double)c->rate;
	if (due < (double)c->passed + 1)
		return 0;
	due -= (double)c->passed;
	return due < (double)c->chunk ? (size_t)due : c->chunk;
}

/* 0, or -1 when an end is closed. */
static int
way_read(struct way *w)
{
	ssize_t n = recv(w->from, w->data, sizeof w->data, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return -1;
	w->at = 0;
	w->len = n > 0 ? (size_t)n : 0;
	return 0;
}

static int
way_write(struct choke *c, struct way *w)
{
	size_t n = allowance(c);
	ssize_t rc;

	if (n > w->len)
		n = w->len;
	if (n == 0)
		return 0;
	rc = send(w->to, w->data + w->at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (rc < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->at += (size_t)rc;
	w->len -= (size_t)rc;
	c->passed += (uint64_t)rc;
	return 0;
}

static int
way_step(struct choke *c, struct way *w, short events)
{
	if (w->len > 0)
		return way_write(c, w);
	return events != 0 ? way_read(w) : 0;
}

static void
turn(struct choke *c)
{
	struct pollfd fd[1 + 2 * LINES_MAX] = {{.fd = c->listener, .events = POLLIN}};
	int timeout = 1000;

	for (size_t i = 0; i < LINES_MAX; i++)
		for (size_t k = 0; k < 2; k++) {
			struct way *w = &c->line[i].way[k];
			struct pollfd *p = &fd[1 + 2 * i + k];

			*p = (struct pollfd){.fd = -1};
			if (!c->line[i].used)
				continue;
			if (w->len > 0)
				timeout = c->rate != 0 ? 1 : 0;
			else
				*p = (struct pollfd){.fd = w->from, .events = POLLIN};
		}
	if (poll(fd, 1 + 2 * LINES_MAX, timeout) < 0 && errno != EINTR)
		fail("poll");
	for (size_t i = 0; i < LINES_MAX; i++)
		for (size_t k = 0; k < 2 && c->line[i].used; k++)
			if (way_step(c, &c->line[i].way[k], fd[1 + 2 * i + k].revents) <
			    0)
				line_close(&c->line[i]);
	if (fd[0].revents != 0)
		line_open(c);
}

static void
usage(void)
{
	fputs("usage: choke [-c CHUNK] [-r BYTES-PER-SECOND] LISTEN TARGET\n", stderr);
	exit(2);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (end == text || *end != '\0' || v == 0)
		usage();
	return v;
}

int
main(int argc, char **argv)
{
	static struct choke c = {.chunk = BUFFER};
	struct sockaddr_un own;
	int opt;

	while ((opt = getopt(argc, argv, "c:r:")) != -1) {
		if (opt == 'c')
			c.chunk = number(optarg);
		else if (opt == 'r')
			c.rate = number(optarg);
		else
			usage();
	}
	if (optind != argc - 2)
		usage();
	own = address_of(argv[optind]);
	c.target = address_of(argv[optind + 1]);
	clock_gettime(CLOCK_MONOTONIC, &c.start);
	c.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(own.sun_path);
	umask(0); /* agents' workers are other users */
	if (c.listener < 0 ||
	    bind(c.listener, (const struct sockaddr *)&own, sizeof own) < 0 ||
	    listen(c.listener, 16) < 0)
		fail(own.sun_path);
	for (;;)
		turn(&c);
}
