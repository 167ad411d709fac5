/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that waits for the disk, so that capturing never does. */
#include <sys/eventfd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "agent/spool_internal.h"

/* Signals are the main thread's business. */
static void
block_signals(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

static int
sync_one(int fd, int dir)
{
	if (segment_io.fdatasync(fd) < 0)
		return errno;
	if (dir >= 0 && segment_io.fdatasync(dir) < 0)
		return errno;
	return 0;
}

static void *
syncer_run(void *arg)
{
	struct syncer *y = arg;

	pthread_mutex_lock(&y->lock);
	for (;;) {
		while (y->fd < 0 && !y->quit)
			pthread_cond_wait(&y->changed, &y->lock);
		if (y->fd < 0)
			break;
		int fd = y->fd, dir = y->dir;
		pthread_mutex_unlock(&y->lock);
		int error = sync_one(fd, dir);
		close(fd);
		pthread_mutex_lock(&y->lock);
		y->fd = -1;
		y->error = error;
		y->done = true;
		(void)eventfd_write(y->event_fd, 1);
	}
	pthread_mutex_unlock(&y->lock);
	return NULL;
}

int
syncer_start(struct syncer *y)
{
	sigset_t old;

	*y = (struct syncer){.fd = -1, .dir = -1};
	y->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (y->event_fd < 0)
		return -1;
	pthread_mutex_init(&y->lock, NULL);
	pthread_cond_init(&y->changed, NULL);
	block_signals(&old);
	int error = pthread_create(&y->thread, NULL, syncer_run, y);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error == 0)
		return 0;
	close(y->event_fd);
	errno = error;
	return -1;
}

void
syncer_stop(struct syncer *y)
{
	pthread_mutex_lock(&y->lock);
	y->quit = true;
	pthread_cond_signal(&y->changed);
	pthread_mutex_unlock(&y->lock);
	pthread_join(y->thread, NULL);
}

void
syncer_free(struct syncer *y)
{
	close(y->event_fd);
	pthread_cond_destroy(&y->changed);
	pthread_mutex_destroy(&y->lock);
}

int
syncer_submit(struct syncer *y, int fd, int dir)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return -1;
	pthread_mutex_lock(&y->lock);
	y->fd = copy;
	y->dir = dir;
	pthread_cond_signal(&y->changed);
	pthread_mutex_unlock(&y->lock);
	return 0;
}

bool
syncer_collect(struct syncer *y, int *error)
{
	pthread_mutex_lock(&y->lock);
	bool done = y->done;

	*error = y->error;
	y->done = false;
	pthread_mutex_unlock(&y->lock);
	return done;
}
