/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/notify_worker.h"
#include "common/log.h"

#define AGAIN_MIN_MS UINT64_C(1000)
#define AGAIN_MAX_MS UINT64_C(60000)
#define GOOD_MS UINT64_C(60000) /* who lived so long may be started at once */
#define TICK_MS 200

struct notify {
	const struct options *options;
	pid_t keeper; /* -1: none */
};

/* A process of the keeper. */
struct child {
	const struct action *action;
	pid_t pid; /* -1: none */
	uint64_t started_ms, again_ms, delay_ms;
};

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

/* In a new process: nothing of the one it comes from but memory. */
static void
become(const char *name, pid_t parent, int death)
{
	static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
	sigset_t none;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		signal(numbers[i], SIG_DFL);
	signal(SIGINT, SIG_IGN); /* of a terminal: the collector says when to end */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, death);
	if (getppid() != parent)
		_exit(EXIT_OK);
}

/* ---- the keeper */

static void
child_start(const struct notify *n, struct child *c)
{
	pid_t keeper = getpid();

	c->started_ms = clock_ms();
	c->pid = fork();
	if (c->pid == 0) {
		become("fwlog-notify", keeper, SIGKILL);
		_exit(notify_worker_run(n->options, c->action));
	}
	if (c->pid < 0) {
		log_error(
		    "action %s: no process: %s", c->action->name, strerror(errno));
		c->again_ms = c->started_ms + AGAIN_MAX_MS;
	}
}

static void
child_ended(struct child *c, int status)
{
	uint64_t now = clock_ms();

	c->pid = -1;
	if (now - c->started_ms >= GOOD_MS || c->delay_ms == 0)
		c->delay_ms = AGAIN_MIN_MS;
	else if (c->delay_ms < AGAIN_MAX_MS)
		c->delay_ms *= 2;
	c->again_ms = now + c->delay_ms;
	if (WIFSIGNALED(status))
		log_error("action %s: its process ended by signal %d; started again",
		    c->action->name, WTERMSIG(status));
	else
		log_error("action %s: its process ended; started again in %u s",
		    c->action->name, (unsigned)(c->delay_ms / 1000));
}

/* Who has ended; true: all have. */
static bool
reap(struct child *child, size_t count)
{
	bool all = true;
	int status;

	for (size_t i = 0; i < count; i++) {
		if (child[i].pid <= 0)
			continue;
		if (waitpid(child[i].pid, &status, WNOHANG) != child[i].pid)
			all = false;
		else if (stopping)
			child[i].pid = -1;
		else
			child_ended(&child[i], status);
	}
	return all;
}

static void
nap(void)
{
	struct timespec t = {.tv_nsec = TICK_MS * 1000000L};

	nanosleep(&t, NULL);
}

static void
kill_all(struct child *child, size_t count, int number)
{
	for (size_t i = 0; i < count; i++)
		if (child[i].pid > 0)
			kill(child[i].pid, number);
}

static void
keep(const struct notify *n)
{
	struct child child[ACTIONS_MAX];
	size_t count = n->options->actions.count;
	uint64_t end;

	for (size_t i = 0; i < count; i++)
		child[i] =
		    (struct child){.action = &n->options->actions.action[i], .pid = -1};
	while (!stopping) {
		for (size_t i = 0; i < count; i++)
			if (child[i].pid < 0 && clock_ms() >= child[i].again_ms)
				child_start(n, &child[i]);
		nap();
		reap(child, count);
	}
	kill_all(child, count, SIGTERM);
	end = clock_ms() + NOTIFY_STOP_MS;
	while (!reap(child, count) && clock_ms() < end)
		nap();
	kill_all(child, count, SIGKILL);
}

/* ---- the collector */

static int
keeper_start(struct notify *n, bool first)
{
	pid_t parent = getpid();

	n->keeper = fork();
	if (n->keeper < 0) {
		log_error("no process for actions: %s", strerror(errno));
		return -1;
	}
	if (n->keeper > 0)
		return 0;
	/* Later the collector has connections whose ends nobody else may hold. */
	if (!first) {
		closelog();
		syscall(SYS_close_range, 3, ~0U, 0);
	}
	become("fwlog-actions", parent, SIGTERM);
	signal(SIGTERM, on_signal);
	keep(n);
	_exit(EXIT_OK);
}

struct notify *
notify_start(const struct options *options)
{
	struct notify *n = calloc(1, sizeof *n);

	if (n == NULL) {
		log_error("no memory");
		return NULL;
	}
	n->options = options;
	n->keeper = -1;
	if (options->actions.count > 0 && keeper_start(n, true) < 0) {
		free(n);
		return NULL;
	}
	return n;
}

void
notify_tend(struct notify *n)
{
	if (n == NULL || n->keeper < 0 ||
	    waitpid(n->keeper, NULL, WNOHANG) != n->keeper)
		return;
	log_error("the process that keeps the actions ended; started again");
	if (keeper_start(n, false) < 0)
		n->keeper = -1;
}

void
notify_stop(struct notify *n)
{
	if (n == NULL)
		return;
	if (n->keeper > 0) {
		kill(n->keeper, SIGTERM);
		while (waitpid(n->keeper, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	free(n);
}
