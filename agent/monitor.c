/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/binding.h"
#include "agent/keys.h"
#include "agent/nflog.h"
#include "agent/privilege.h"
#include "agent/reading.h"
#include "agent/worker.h"
#include "common/cli.h"
#include "common/log.h"

#define RETRY_MIN_MS 1000 /* for a group another process holds, doubling */
#define RETRY_MAX_MS 8000
#define QUICK_MS 10000     /* a worker that dies sooner died quickly */
#define QUICK_DEATHS 3     /* in a row that are forgiven */
#define RESTART_MIN_MS 100 /* from then on, doubling */
#define RESTART_MAX_MS 2000
#define STOP_MS 15000 /* for the worker to sync and end */
#define NEVER INT64_MAX

struct held_group {
	struct nflog_conf conf;
	struct binding binding; /* fd -1: not ours yet */
	int64_t retry_at;
	int64_t retry_ms;
};

struct monitor {
	const struct options *options;
	struct keyfile *keys; /* NULL: plain */
	struct identity identity;
	sigset_t signals, before; /* ours, and the mask the worker gets back */
	struct held_group group[OPTIONS_GROUPS_MAX];
	size_t groups;
	struct reading reading;
	pid_t worker;  /* 0: none */
	int channel;   /* to it, -1 none */
	bool ready;    /* some worker got through its start */
	bool renewing; /* this one was told to end, for a successor with new keys */
	int64_t started_at, restart_at, kill_at;
	unsigned quick_deaths;
	int pid_file;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- groups */

static int
draw_bind_id(struct binding *b)
{
	struct timespec now;

	do
		if (getrandom(&b->bind_id, sizeof b->bind_id, 0) !=
		    (ssize_t)sizeof b->bind_id)
			return -1;
	while (b->bind_id == 0);
	clock_gettime(CLOCK_REALTIME, &now);
	b->bound_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	return 0;
}

static void
report_bound(const struct held_group *g, const struct nflog_socket *s)
{
	log_info("group %u bound: snaplen %u, receive buffer %u KiB%s", g->conf.group,
	    g->conf.snaplen, s->receive_buffer / 1024,
	    s->conntrack ? ", with conntrack" : "");
	if (s->receive_buffer < g->conf.receive_buffer)
		log_warn(
		    "group %u: the kernel grants a receive buffer of %u KiB instead "
		    "of %u KiB: raise it with sysctl net.core.rmem_max=%u",
		    g->conf.group, s->receive_buffer / 1024,
		    g->conf.receive_buffer / 1024, g->conf.receive_buffer);
}

static void
hand_over(struct monitor *m, const struct held_group *g)
{
	if (m->channel < 0 || g->binding.fd < 0)
		return;
	/* A dead worker is seen by SIGCHLD; its successor gets all of them again. */
	if (binding_send(m->channel, &g->binding) < 0)
		log_debug("group %u: the worker does not take it: %s", g->conf.group,
		    strerror(errno));
	reading_want(&m->reading, now_ms());
}

/* Tries once; on failure sets when to try again, and says why when it is news. */
static enum nflog_result
try_group(struct monitor *m, struct held_group *g)
{
	bool first = g->retry_ms == 0;
	struct nflog_socket s;
	char why[512];
	enum nflog_result result =
	    nflog_bind(&g->conf, &s, first ? why : NULL, sizeof why);

	if (result != NFLOG_BOUND) {
		g->retry_ms = first ? RETRY_MIN_MS : g->retry_ms * 2;
		if (g->retry_ms > RETRY_MAX_MS)
			g->retry_ms = RETRY_MAX_MS;
		g->retry_at = now_ms() + g->retry_ms;
		if (first && result == NFLOG_TAKEN)
			log_warn(
			    "%s; trying again every %d s", why, RETRY_MAX_MS / 1000);
		else if (first)
			log_error("%s", why);
		return result;
	}
	if (draw_bind_id(&g->binding) < 0) {
		log_error("no random numbers: %s", strerror(errno));
		close(s.fd);
		return NFLOG_FAILED;
	}
	g->binding.fd = s.fd;
	g->retry_at = NEVER;
	report_bound(g, &s);
	hand_over(m, g);
	return NFLOG_BOUND;
}

static void
try_groups_due(struct monitor *m)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < m->groups; i++)
		if (m->group[i].binding.fd < 0 && m->group[i].retry_at <= now)
			(void)try_group(m, &m->group[i]);
}

static void
init_groups(struct monitor *m)
{
	m->groups = m->options->groups;
	for (size_t i = 0; i < m->groups; i++) {
		const struct group_options o = options_group(m->options, i);
		uint16_t number = m->options->group[i].number;

		m->group[i] = (struct held_group){
		    .conf =
			{
			    .group = number,
			    .snaplen = (uint32_t)o.snaplen,
			    .queue_threshold = (uint32_t)o.queue_threshold,
			    .timeout_ms = (uint32_t)o.flush_timeout,
			    .nlbufsiz = (uint32_t)o.nlbufsiz,
			    .receive_buffer = (uint32_t)o.receive_buffer,
			    .conntrack = m->options->conntrack == CONNTRACK_AUTO,
			},
		    .binding = {.group = number, .fd = -1},
		};
	}
}

/* At the start only a group that somebody else holds is worth waiting for. */
static int
bind_groups(struct monitor *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->groups; i++) {
		enum nflog_result result = try_group(m, &m->group[i]);

		if (result == NFLOG_DENIED)
			return -1;
		if (result == NFLOG_FAILED)
			rc = -1;
	}
	return rc;
}

static void
close_groups(struct monitor *m)
{
	for (size_t i = 0; i < m->groups; i++)
		if (m->group[i].binding.fd >= 0)
			close(m->group[i].binding.fd);
}

/* ---- the worker */

static int
worker_main(struct monitor *m, int channel, pid_t parent)
{
	close(m->channel);
	close_groups(m);
	sigprocmask(SIG_SETMASK, &m->before, NULL);
	if (privilege_drop(&m->identity) < 0) {
		log_error("the worker cannot give up its rights: %s", strerror(errno));
		return EXIT_FAILED;
	}
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "fwlog-worker");
	if (getppid() != parent)
		return EXIT_FAILED;
	return worker_run(m->options, m->keys, channel);
}

static int
fork_worker(struct monitor *m, const int pair[2])
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		struct options *o = (struct options *)(uintptr_t)m->options;
		int rc;

		m->channel = pair[0];
		rc = worker_main(m, pair[1], parent);
		options_free(o);
		exit(rc);
	}
	m->worker = pid > 0 ? pid : 0;
	return pid > 0 ? 0 : -1;
}

static void
start_worker(struct monitor *m)
{
	int pair[2] = {-1, -1};

	m->started_at = now_ms();
	m->restart_at = NEVER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    fork_worker(m, pair) < 0) {
		log_error(
		    "the worker cannot be started: %s; trying again", strerror(errno));
		if (pair[0] >= 0)
			close(pair[0]);
		if (pair[1] >= 0)
			close(pair[1]);
		m->restart_at = now_ms() + RESTART_MAX_MS;
		return;
	}
	close(pair[1]);
	m->channel = pair[0];
	log_info("worker started, pid %ld", (long)m->worker);
	for (size_t i = 0; i < m->groups; i++)
		hand_over(m, &m->group[i]);
}

static bool
was_ready(struct monitor *m)
{
	char c;

	if (recv(m->channel, &c, 1, MSG_DONTWAIT) == 1 && c == WORKER_READY)
		m->ready = true;
	return m->ready;
}

/* At once, unless it dies again and again. */
static void
plan_restart(struct monitor *m)
{
	int64_t delay = 0, now = now_ms();

	if (now - m->started_at >= QUICK_MS)
		m->quick_deaths = 0;
	m->quick_deaths++;
	if (m->quick_deaths > QUICK_DEATHS) {
		delay = RESTART_MIN_MS;
		for (unsigned i = QUICK_DEATHS + 1;
		     i < m->quick_deaths && delay < RESTART_MAX_MS; i++)
			delay *= 2;
		if (delay > RESTART_MAX_MS)
			delay = RESTART_MAX_MS;
	}
	m->restart_at = now + delay;
}

static void
report_death(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_warn("worker %ld was killed by signal %d (%s); starting another",
		    (long)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_warn("worker %ld ended with code %d; starting another", (long)pid,
		    WEXITSTATUS(status));
}

/* -1 to go on, or the exit code. */
static int
on_death(struct monitor *m, bool stopping)
{
	int status;
	pid_t pid = waitpid(m->worker, &status, WNOHANG);
	bool ready;

	if (m->worker == 0 || pid != m->worker)
		return -1;
	ready = was_ready(m);
	m->worker = 0;
	close(m->channel);
	m->channel = -1;
	if (stopping)
		return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	m->kill_at = NEVER;
	if (m->renewing) {
		m->renewing = false;
		m->restart_at = now_ms();
		return -1;
	}
	/* What cannot even start will not do so by being tried again. */
	if (!ready && WIFEXITED(status) && WEXITSTATUS(status) != EXIT_OK)
		return WEXITSTATUS(status);
	report_death(pid, status);
	plan_restart(m);
	return -1;
}

/* ---- the loop */

static int64_t
next_due(const struct monitor *m)
{
	int64_t due = m->restart_at < m->kill_at ? m->restart_at : m->kill_at;

	if (m->reading.due_ms < due)
		due = m->reading.due_ms;
	for (size_t i = 0; i < m->groups; i++)
		if (m->group[i].binding.fd < 0 && m->group[i].retry_at < due)
			due = m->group[i].retry_at;
	return due;
}

static int
wait_signal(const struct monitor *m)
{
	int64_t due = next_due(m), left;
	struct timespec ts;

	if (due == NEVER)
		return sigwaitinfo(&m->signals, NULL);
	left = due - now_ms();
	if (left < 0)
		left = 0;
	ts = (struct timespec){
	    .tv_sec = (time_t)(left / 1000), .tv_nsec = left % 1000 * 1000000};
	return sigtimedwait(&m->signals, NULL, &ts);
}

static void
begin_stop(struct monitor *m)
{
	if (m->worker == 0)
		return;
	kill(m->worker, SIGTERM);
	m->restart_at = NEVER;
	m->kill_at = now_ms() + STOP_MS;
}

/* A worker gets its keys when it is forked: for other keys another one takes over. */
static void
renew_worker(struct monitor *m)
{
	if (m->worker == 0)
		return;
	m->renewing = true;
	kill(m->worker, SIGTERM);
	m->kill_at = now_ms() + STOP_MS;
}

static void
on_hangup(struct monitor *m)
{
	char why[KEYFILE_WHY_SIZE];
	struct keyfile *keys;

	if (keys_load(m->options, &keys, why, sizeof why) < 0) {
		log_error("key_file: %s; the keys in use stay", why);
	} else if (!keys_equal(m->keys, keys)) {
		keyfile_free(m->keys);
		m->keys = keys;
		log_info("key_file %s has changed: a new worker takes over",
		    m->options->key_file);
		renew_worker(m);
		return;
	} else {
		keyfile_free(keys);
	}
	if (m->worker != 0)
		kill(m->worker, SIGHUP);
}

static int
loop(struct monitor *m)
{
	bool stopping = false;
	int rc = -1;

	while (rc < 0) {
		if (m->worker == 0 && m->restart_at <= now_ms())
			start_worker(m);
		switch (wait_signal(m)) {
		case SIGTERM:
		case SIGINT:
			stopping = true;
			begin_stop(m);
			if (m->worker == 0)
				return EXIT_OK;
			break;
		case SIGHUP:
			on_hangup(m);
			break;
		case SIGCHLD:
			reading_reap(&m->reading);
			rc = on_death(m, stopping);
			break;
		default:
			break;
		}
		if (m->kill_at <= now_ms() && m->worker != 0) {
			log_error(
			    "worker %ld does not end; killing it", (long)m->worker);
			kill(m->worker, SIGKILL);
			m->kill_at = NEVER;
		}
		if (!stopping) {
			try_groups_due(m);
			reading_start(&m->reading, m->channel, now_ms());
		}
	}
	return rc;
}

/* ---- start */

static void
block_signals(struct monitor *m)
{
	sigemptyset(&m->signals);
	sigaddset(&m->signals, SIGTERM);
	sigaddset(&m->signals, SIGINT);
	sigaddset(&m->signals, SIGHUP);
	sigaddset(&m->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &m->signals, &m->before);
}

static int
write_pid_file(struct monitor *m)
{
	const char *path = m->options->pid_file;
	char text[24];
	int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (path == NULL)
		return 0;
	m->pid_file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (m->pid_file < 0) {
		log_error("pid_file %s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(m->pid_file, LOCK_EX | LOCK_NB) < 0) {
		log_error("pid_file %s: another fwlog-agent runs and holds it", path);
		return -1;
	}
	if (ftruncate(m->pid_file, 0) < 0 ||
	    write(m->pid_file, text, (size_t)len) != len) {
		log_error("pid_file %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
prepare(struct monitor *m)
{
	const struct options *o = m->options;
	char why[KEYFILE_WHY_SIZE];

	if (keys_load(o, &m->keys, why, sizeof why) < 0) {
		log_error("key_file: %s", why);
		return EXIT_CONFIG;
	}
	if (privilege_find(o->user, &m->identity, why, sizeof why) < 0) {
		log_error("%s", why);
		return EXIT_CONFIG;
	}
	if (write_pid_file(m) < 0)
		return EXIT_FAILED;
	reading_init(&m->reading, o);
	init_groups(m);
	if (bind_groups(m) < 0)
		return EXIT_FAILED;
	if (privilege_directory(o->spool_dir, &m->identity, why, sizeof why) < 0) {
		log_error("spool_dir: %s", why);
		return EXIT_FAILED;
	}
	return -1;
}

int
monitor_run(const struct options *o)
{
	struct monitor m = {
	    .options = o, .channel = -1, .kill_at = NEVER, .pid_file = -1};
	int rc;

	block_signals(&m);
	rc = prepare(&m);
	if (rc < 0)
		rc = loop(&m);
	if (m.channel >= 0)
		close(m.channel);
	close_groups(&m);
	keyfile_free(m.keys);
	if (m.pid_file >= 0) {
		if (rc == EXIT_OK)
			unlink(o->pid_file);
		close(m.pid_file);
	}
	return rc;
}
