/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

struct resolve {
	atomic_int owners; /* the loop and the thread; the last one frees */
	int ready;         /* eventfd: written when found is complete */
	struct address address;
	struct endpoints found;
	struct event *event;
	void (*done)(void *arg, const struct endpoints *e);
	void *arg;
};

static void
lookup(const struct address *a, int flags, struct endpoints *e)
{
	const struct addrinfo hints = {
	    .ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int rc = getaddrinfo(a->host, a->port, &hints, &list);

	memset(e, 0, sizeof *e);
	if (rc != 0) {
		snprintf(e->why, sizeof e->why, "the name cannot be looked up: %s",
		    gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *ai = list; ai != NULL && e->count < RESOLVE_MAX;
	     ai = ai->ai_next) {
		memcpy(&e->at[e->count].addr, ai->ai_addr, ai->ai_addrlen);
		e->at[e->count++].len = ai->ai_addrlen;
	}
	freeaddrinfo(list);
}

bool
resolve_now(const struct address *a, struct endpoints *e)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (a->path[0] == '\0') {
		lookup(a, AI_NUMERICHOST, e);
		return e->count > 0;
	}
	memset(e, 0, sizeof *e);
	memcpy(un.sun_path, a->path, strlen(a->path));
	memcpy(&e->at[0].addr, &un, sizeof un);
	e->at[0].len = sizeof un;
	e->count = 1;
	return true;
}

static void
disown(struct resolve *r)
{
	if (atomic_fetch_sub(&r->owners, 1) > 1)
		return;
	close(r->ready);
	free(r);
}

static void *
run_thread(void *arg)
{
	struct resolve *r = arg;

	lookup(&r->address, AI_ADDRCONFIG, &r->found);
	(void)eventfd_write(r->ready, 1);
	disown(r);
	return NULL;
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *r = arg;

	(void)fd;
	(void)what;
	event_free(r->event);
	r->done(r->arg, &r->found);
	disown(r);
}

/* Signals are the loop's. */
static int
start_thread(struct resolve *r)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, &attr, run_thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

struct resolve *
resolve_start(struct event_base *base, const struct address *a,
    void (*done)(void *arg, const struct endpoints *e), void *arg)
{
	struct resolve *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	atomic_init(&r->owners, 2);
	r->address = *a;
	r->done = done;
	r->arg = arg;
	r->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->ready < 0)
		goto no_fd;
	r->event = event_new(base, r->ready, EV_READ, on_ready, r);
	if (r->event == NULL || event_add(r->event, NULL) < 0 || start_thread(r) < 0)
		goto no_thread;
	return r;

no_thread:
	if (r->event != NULL)
		event_free(r->event);
	close(r->ready);
no_fd:
	free(r);
	return NULL;
}

void
resolve_cancel(struct resolve *r)
{
	if (r == NULL)
		return;
	event_free(r->event);
	disown(r);
}
