/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/nftables.h"
#include "agent/privilege.h"
#include "common/log.h"

#define MAGIC                                                                  \
	UINT64_C(0x66776c6f67726561) /* where a binding has its random bind_id \
				      */
#define CHANNEL 3                    /* the child's only file but stdio */

static uint64_t
clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the child */

static void
send_message(const struct reading_message *m)
{
	size_t len =
	    offsetof(struct reading_message, counter) + m->count * sizeof m->counter[0];

	while (send(CHANNEL, m, len, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(1);
}

static void
send_group(struct reading_message *m, const struct ruleset_group *g)
{
	size_t at = 0;

	m->group = g->group;
	m->rules = g->rules;
	m->unknown = g->unknown;
	memcpy(m->why, g->why, sizeof m->why);
	do {
		size_t n = g->counters - at;

		m->count = (uint32_t)(n < READING_PART ? n : READING_PART);
		memcpy(m->counter, &g->counter[at], m->count * sizeof m->counter[0]);
		at += m->count;
		m->kind = at < g->counters ? READING_MORE : READING_LAST;
		send_message(m);
	} while (at < g->counters);
}

/* Those of the namespace the rules are read in; how many. */
static size_t
own_groups(const struct options *o, struct ruleset_group *group)
{
	size_t n = 0;

	for (size_t i = 0; i < o->groups; i++)
		if (options_place(o, i) == NULL)
			group[n++].group = o->group[i].number;
	return n;
}

static int
read_groups(const struct options *o, struct ruleset_group *group)
{
	static struct reading_message m = {.magic = MAGIC, .kind = READING_FAILED};
	size_t n = own_groups(o, group);
	char *text;
	int rc = -1;

	m.begin_us = clock_us(CLOCK_BOOTTIME);
	text = nftables_list(m.why, sizeof m.why);
	m.end_us = clock_us(CLOCK_BOOTTIME);
	m.end_real_us = clock_us(CLOCK_REALTIME);
	if (text != NULL)
		rc = ruleset_read(text, group, n, m.why, sizeof m.why);
	free(text);
	if (rc < 0)
		send_message(&m);
	for (size_t i = 0; rc == 0 && i < n; i++)
		send_group(&m, &group[i]);
	return rc;
}

/*
 * The sockets of the groups are the monitor's: a copy here would hold them when it
 * dies. libnftables writes warnings to stderr about what has no JSON.
 */
static int
child_main(const struct options *o, int channel, pid_t parent)
{
	struct ruleset_group *group = calloc(OPTIONS_GROUPS_MAX, sizeof *group);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "fwlog-reading");
	if (getppid() != parent || group == NULL || null < 0 ||
	    dup2(null, STDERR_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    privilege_limit(PRIVILEGE_BIT(CAP_NET_ADMIN)) < 0)
		return 1;
	if (channel != CHANNEL && dup2(channel, CHANNEL) < 0)
		return 1;
	if (syscall(SYS_close_range, CHANNEL + 1, ~0U, 0) < 0)
		for (int fd = CHANNEL + 1; fd < 1024; fd++)
			close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(READING_SECONDS);
	setpriority(PRIO_PROCESS, 0, 10);
	return read_groups(o, group) < 0 ? 1 : 0;
}

/* ---- the monitor */

void
reading_init(struct reading *r, const struct options *o)
{
	*r = (struct reading){.options = o, .due_ms = INT64_MAX};
}

void
reading_want(struct reading *r, int64_t now_ms)
{
	if (!r->options->reconcile)
		return;
	r->quick = READING_QUICK;
	r->due_ms = now_ms;
}

void
reading_again(struct reading *r, int64_t now_ms)
{
	if (r->options->reconcile && now_ms + READING_QUICK_MS < r->due_ms)
		r->due_ms = now_ms + READING_QUICK_MS;
}

void
reading_start(struct reading *r, int channel, int64_t now_ms)
{
	pid_t parent = getpid();

	if (now_ms < r->due_ms)
		return;
	if (r->child != 0 || r->quick > 0)
		r->due_ms = now_ms + READING_QUICK_MS;
	else
		r->due_ms = now_ms + (int64_t)r->options->reconcile_interval;
	if (channel < 0 || r->child != 0)
		return;
	if (r->quick > 0)
		r->quick--;
	r->child = fork();
	if (r->child == 0)
		_exit(child_main(r->options, channel, parent));
	if (r->child < 0) {
		log_warn("reconcile: no process to read the rule counters: %s",
		    strerror(errno));
		r->child = 0;
	}
}

void
reading_reap(struct reading *r)
{
	int status;

	if (r->child == 0 || waitpid(r->child, &status, WNOHANG) != r->child)
		return;
	r->child = 0;
	if (!WIFSIGNALED(status) || r->said)
		return;
	r->said = true;
	log_warn("reconcile: reading the rule counters was ended by signal %d; they "
		 "must come within %d s",
	    WTERMSIG(status), READING_SECONDS);
}

/* ---- the worker */

int
reading_receive(int channel, struct reading_message *m)
{
	const size_t head = offsetof(struct reading_message, counter);
	uint64_t magic = 0;
	ssize_t n = recv(channel, &magic, sizeof magic, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (n != (ssize_t)sizeof magic || magic != MAGIC)
		return 0;
	n = recv(channel, m, sizeof *m, MSG_DONTWAIT);
	if (n < (ssize_t)head || m->count > READING_PART ||
	    (size_t)n != head + m->count * sizeof m->counter[0])
		m->kind = 0;
	m->why[sizeof m->why - 1] = '\0';
	return 1;
}
