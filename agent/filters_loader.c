/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters_loader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/filters_file.h"
#include "common/crc32c.h"

struct filters_loader {
	const char *dir;
	int event_fd;
	pthread_t thread;
	bool running; /* the thread is there, and load its own */
	atomic_bool stop;
	struct filters_load load;
	struct filters_load next; /* document NULL: none */
};

static void
work(struct filters_loader *l)
{
	struct filters_load *load = &l->load;

	if (crc32c(0, load->document, load->len) != load->crc)
		snprintf(load->why, sizeof load->why, "its checksum does not fit");
	else
		load->central = filters_central_new(
		    load->document, load->len, &l->stop, load->why, sizeof load->why);
	if (load->central != NULL &&
	    filters_file_write(l->dir, load->version, load->document, load->len) < 0)
		load->error = errno;
	free(load->document);
	load->document = NULL;
	(void)eventfd_write(l->event_fd, 1);
}

static void *
run(void *arg)
{
	work(arg);
	return NULL;
}

/* Without a thread the caller has to wait. */
static void
start(struct filters_loader *l)
{
	sigset_t all, old;

	l->load = l->next;
	l->next = (struct filters_load){0};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	l->running = pthread_create(&l->thread, NULL, run, l) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!l->running)
		work(l);
}

struct filters_loader *
filters_loader_new(const char *dir)
{
	struct filters_loader *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->dir = dir;
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event_fd >= 0)
		return l;
	free(l);
	return NULL;
}

void
filters_loader_free(struct filters_loader *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stop, true);
	if (l->running)
		pthread_join(l->thread, NULL);
	filters_central_free(l->load.central);
	free(l->next.document);
	close(l->event_fd);
	free(l);
}

static bool
is_busy(const struct filters_loader *l)
{
	return l->running || l->load.version != 0;
}

void
filters_loader_put(struct filters_loader *l, const struct filters_load *load)
{
	free(l->next.document);
	l->next = *load;
	if (!is_busy(l))
		start(l);
}

int
filters_loader_fd(const struct filters_loader *l)
{
	return l->event_fd;
}

bool
filters_loader_take(struct filters_loader *l, struct filters_load *out)
{
	eventfd_t n;

	if (eventfd_read(l->event_fd, &n) < 0)
		return false;
	if (l->running)
		pthread_join(l->thread, NULL);
	l->running = false;
	*out = l->load;
	l->load = (struct filters_load){0};
	if (l->next.document != NULL)
		start(l);
	return true;
}
