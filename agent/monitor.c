/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/groups.h"
#include "agent/keys.h"
#include "agent/netns.h"
#include "agent/notify.h"
#include "agent/privilege.h"
#include "agent/reading.h"
#include "agent/sandbox.h"
#include "agent/worker.h"
#include "common/cli.h"
#include "common/log.h"
#include "common/scrape.h"

#define QUICK_MS 10000     /* a worker that dies sooner died quickly */
#define QUICK_DEATHS 3     /* in a row that are forgiven */
#define RESTART_MIN_MS 100 /* from then on, doubling */
#define RESTART_MAX_MS 2000
#define STOP_MS 15000 /* for the worker to sync and end */
#define NEVER GROUPS_NEVER

struct monitor {
	const struct options *options;
	struct keyfile *keys; /* NULL: plain */
	struct identity identity;
	sigset_t signals; /* ours; blocked, in the worker until it handles them */
	int signal_fd;
	struct groups *groups;
	struct reading reading;
	bool sandbox; /* the worker goes into one */
	pid_t worker; /* 0: none */
	int channel;  /* to it, -1 none */
	bool ready;   /* some worker got through its start */
	bool worker_ready;
	bool silent;   /* it says nothing more: its end is closed */
	bool renewing; /* this one was told to end, for a successor with new keys */
	int64_t started_at, restart_at, kill_at, watchdog_at;
	char status[96]; /* as the service manager was told */
	unsigned quick_deaths;
	struct worker_port port; /* the socket stays with us, workers come and go */
	int pid_file;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the worker */

static int
worker_main(struct monitor *m, int channel, pid_t parent)
{
	close(m->channel);
	close(m->signal_fd);
	if (m->pid_file >= 0)
		close(m->pid_file);
	groups_free(m->groups);
	notify_close();
	netns_forget();
	if (privilege_drop(&m->identity) < 0) {
		log_error("the worker cannot give up its rights: %s", strerror(errno));
		return EXIT_FAILED;
	}
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_NAME, "fwlog-worker");
	if (getppid() != parent)
		return EXIT_FAILED;
	struct filters_local *filters = filters_local_new(m->options);

	if (filters == NULL)
		return EXIT_FAILED;
	if (m->sandbox && sandbox_enter() < 0) {
		log_error("the worker cannot go into its sandbox: %s; sandbox = no "
			  "starts it without",
		    strerror(errno));
		filters_local_free(filters);
		return EXIT_FAILED;
	}
	int rc = worker_run(m->options, m->keys, filters, channel, &m->port);

	filters_local_free(filters);
	return rc;
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

/* Without the port everything else goes on: whoever took it must not stop a log. */
static void
open_port(struct monitor *m)
{
	const char *address = m->options->metrics;
	char why[256];

	if (address == NULL || m->port.fd >= 0)
		return;
	m->port.fd = scrape_listen(address, why, sizeof why);
	if (m->port.fd < 0)
		log_error("metrics: %s; there are none until the next worker", why);
}

static void
start_worker(struct monitor *m)
{
	int pair[2] = {-1, -1};

	open_port(m);
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
	m->silent = false;
	log_info("worker started, pid %ld", (long)m->worker);
	groups_give(m->groups, m->channel);
	reading_want(&m->reading, now_ms());
}

/* One byte, if there is one. */
static void
hear_worker(struct monitor *m)
{
	char c = 0;
	ssize_t n = recv(m->channel, &c, 1, MSG_DONTWAIT);

	if (n == 0)
		m->silent = true;
	if (n == 1 && c == READING_AGAIN)
		reading_again(&m->reading, now_ms());
	if (n != 1 || c != WORKER_READY)
		return;
	m->worker_ready = true;
	if (!m->ready)
		notify_say("READY=1");
	m->ready = true;
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
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error(
		    "worker %ld made a system call its sandbox does not allow: the "
		    "kernel's log has its number (audit, type=1326); sandbox = no "
		    "goes on without; starting another",
		    (long)pid);
	else if (WIFSIGNALED(status))
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
	pid_t pid = m->worker;
	bool ready;

	/* Process 0 would be any child, the one that reads the counters too. */
	if (pid == 0 || waitpid(pid, &status, WNOHANG) != pid)
		return -1;
	hear_worker(m);
	ready = m->ready;
	m->worker = 0;
	m->worker_ready = false;
	close(m->channel);
	m->channel = -1;
	groups_give(m->groups, -1);
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
	m->port.restarts++;
	plan_restart(m);
	return -1;
}

/* ---- the loop */

static int64_t
next_due(const struct monitor *m)
{
	int64_t due = groups_due(m->groups);

	if (m->restart_at < due)
		due = m->restart_at;
	if (m->kill_at < due)
		due = m->kill_at;
	if (m->reading.due_ms < due)
		due = m->reading.due_ms;
	return m->watchdog_at < due ? m->watchdog_at : due;
}

/* Waits for a signal, for the worker to be ready, or for what is due. */
static int
wait_signal(struct monitor *m)
{
	struct pollfd fd[2] = {{.fd = m->signal_fd, .events = POLLIN},
	    {.fd = m->channel, .events = POLLIN}};
	int64_t due = next_due(m), left = due - now_ms();
	struct signalfd_siginfo info;

	/* What comes when it is dead is SIGCHLD. */
	if (m->silent || (m->worker_ready && !m->options->reconcile))
		fd[1].fd = -1;
	if (left < 0)
		left = 0;
	if (due == NEVER || left > INT_MAX)
		left = due == NEVER ? -1 : INT_MAX;
	if (poll(fd, 2, (int)left) <= 0)
		return 0;
	if (fd[1].revents != 0)
		hear_worker(m);
	if (read(m->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	return (int)info.ssi_signo;
}

static void
tell_status(struct monitor *m)
{
	char now[sizeof m->status];

	if (m->worker != 0)
		snprintf(now, sizeof now, "%zu of %zu groups bound, worker is pid %ld",
		    groups_bound(m->groups), m->options->groups, (long)m->worker);
	else
		snprintf(now, sizeof now, "%zu of %zu groups bound, no worker",
		    groups_bound(m->groups), m->options->groups);
	if (strcmp(now, m->status) == 0)
		return;
	memcpy(m->status, now, sizeof now);
	notify_say("STATUS=%s", now);
}

static void
feed_watchdog(struct monitor *m)
{
	int64_t every = notify_watchdog_ms(), now = now_ms();

	if (every == 0 || m->watchdog_at > now)
		return;
	m->watchdog_at = now + every;
	notify_say("WATCHDOG=1");
}

static void
begin_stop(struct monitor *m)
{
	notify_say("STOPPING=1");
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
reload(struct monitor *m)
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

/* The worker may not be able to make a file where logs are. */
static void
prepare_local_log(const struct monitor *m)
{
	if (m->options->local_log != LOCAL_LOG_NONE)
		privilege_file(m->options->local_log_path, &m->identity);
}

static void
on_hangup(struct monitor *m)
{
	notify_reloading();
	prepare_local_log(m);
	reload(m);
	if (m->ready)
		notify_say("READY=1");
}

static void
end_if_late(struct monitor *m)
{
	if (m->kill_at > now_ms() || m->worker == 0)
		return;
	log_error("worker %ld does not end; killing it", (long)m->worker);
	kill(m->worker, SIGKILL);
	m->kill_at = NEVER;
}

static int
loop(struct monitor *m)
{
	bool stopping = false;
	int rc = -1;

	while (rc < 0) {
		if (m->worker == 0 && m->restart_at <= now_ms())
			start_worker(m);
		tell_status(m);
		feed_watchdog(m);
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
		end_if_late(m);
		if (!stopping) {
			if (groups_tick(m->groups, now_ms()))
				reading_want(&m->reading, now_ms());
			reading_start(&m->reading, m->channel, now_ms());
		}
	}
	return rc;
}

/* ---- start */

static int
block_signals(struct monitor *m)
{
	sigemptyset(&m->signals);
	sigaddset(&m->signals, SIGTERM);
	sigaddset(&m->signals, SIGINT);
	sigaddset(&m->signals, SIGHUP);
	sigaddset(&m->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &m->signals, NULL);
	m->signal_fd = signalfd(-1, &m->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0)
		log_error("signalfd: %s", strerror(errno));
	return m->signal_fd < 0 ? -1 : 0;
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
prepare_identity(struct monitor *m)
{
	char why[512];

	if (privilege_find(m->options->user, &m->identity, why, sizeof why) < 0) {
		log_error("%s", why);
		return -1;
	}
	if (m->identity.assumed)
		log_info("user is not set: the worker becomes %s%s", m->identity.name,
		    strcmp(m->identity.name, "nobody") == 0
			? "; better make it a user of its own: useradd -r fwlog"
			: "");
	return 0;
}

static int
prepare_sandbox(struct monitor *m)
{
	int wanted = m->options->sandbox;

	m->sandbox = wanted != SANDBOX_NO && sandbox_is_possible();
	if (wanted == SANDBOX_NO || m->sandbox)
		return 0;
	if (wanted == SANDBOX_YES) {
		log_error("sandbox = yes: this kernel, or what contains it, has no "
			  "system call filters (seccomp)");
		return -1;
	}
	log_warn("no sandbox for the worker: this kernel, or what contains it, has no "
		 "system call filters (seccomp)");
	return 0;
}

/* What is still needed: to bind groups, and to fork workers and signal them. */
static uint64_t
rights_needed(const struct monitor *m)
{
	uint64_t keep = PRIVILEGE_BIT(CAP_NET_ADMIN);

	if (m->identity.change)
		keep |= PRIVILEGE_BIT(CAP_SETUID) | PRIVILEGE_BIT(CAP_SETGID) |
			PRIVILEGE_BIT(CAP_KILL) | PRIVILEGE_BIT(CAP_CHOWN);
	/* setns(2); what /proc/PID/ns/net is, where names may point to. */
	for (size_t i = 0; i < m->options->groups; i++)
		if (options_place(m->options, i) != NULL)
			keep |= PRIVILEGE_BIT(CAP_SYS_ADMIN) |
				PRIVILEGE_BIT(CAP_SYS_PTRACE);
	return keep;
}

/* In this order: who holds a taken group, only all rights can tell. */
static int
prepare_rights(struct monitor *m)
{
	const struct rlimit no_core = {0, 0};
	char why[512];

	if (groups_bind(m->groups, now_ms()) < 0)
		return -1;
	if (privilege_directory(m->options->spool_dir, &m->identity, why, sizeof why) <
	    0) {
		log_error("spool_dir: %s", why);
		return -1;
	}
	prepare_local_log(m);
	open_port(m);
	/* It has the keys in memory. */
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 ||
	    privilege_limit(rights_needed(m)) < 0) {
		log_error("giving up rights: %s", strerror(errno));
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
	if (prepare_identity(m) < 0)
		return EXIT_CONFIG;
	if (block_signals(m) < 0 || prepare_sandbox(m) < 0 || write_pid_file(m) < 0)
		return EXIT_FAILED;
	reading_init(&m->reading, o);
	m->groups = groups_new(o);
	if (m->groups == NULL) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	return prepare_rights(m) < 0 ? EXIT_FAILED : -1;
}

int
monitor_run(const struct options *o)
{
	struct monitor m = {.options = o,
	    .channel = -1,
	    .signal_fd = -1,
	    .kill_at = NEVER,
	    .watchdog_at = NEVER,
	    .port = {.fd = -1},
	    .pid_file = -1};
	int rc;

	notify_open();
	if (notify_watchdog_ms() > 0)
		m.watchdog_at = 0;
	rc = prepare(&m);
	if (rc < 0)
		rc = loop(&m);
	if (m.channel >= 0)
		close(m.channel);
	if (m.port.fd >= 0) {
		close(m.port.fd);
		scrape_forget(o->metrics);
	}
	groups_free(m.groups);
	notify_close();
	keyfile_free(m.keys);
	if (m.pid_file >= 0) {
		if (rc == EXIT_OK)
			unlink(o->pid_file);
		close(m.pid_file);
	}
	return rc;
}
