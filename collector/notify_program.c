/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/clock.h"

#define SAID_MAX 160 /* bytes of its output that are kept */
#define TICK_MS 50
#define STATUS_NOT_RUN 127

/* ---- whose it is */

static int
check_one(const char *path, bool is_file, char *why, size_t whysize)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (is_file && (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)) {
		snprintf(why, whysize, "%s: is no program", path);
		return -1;
	}
	if (st.st_uid != 0) {
		snprintf(why, whysize, "%s: does not belong to root: chown root", path);
		return -1;
	}
	if ((st.st_mode & 0022) != 0 && (is_file || (st.st_mode & S_ISVTX) == 0)) {
		snprintf(why, whysize, "%s: others than root may write it: chmod go-w",
		    path);
		return -1;
	}
	return 0;
}

int
program_check(const char *path, char *why, size_t whysize)
{
	char real[PATH_MAX];
	char *slash;

	if (realpath(path, real) == NULL) {
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (check_one(real, true, why, whysize) < 0)
		return -1;
	while ((slash = strrchr(real, '/')) != NULL) {
		*slash = '\0';
		if (check_one(slash == real ? "/" : real, false, why, whysize) < 0)
			return -1;
	}
	return 0;
}

/* ---- the child: between fork and exec */

static void
drop_privileges(const struct passwd *pw)
{
	if (pw != NULL && (setgroups(0, NULL) != 0 || setgid(pw->pw_gid) != 0 ||
			      setuid(pw->pw_uid) != 0))
		_exit(STATUS_NOT_RUN);
}

static void
child_run(const struct program *p, const struct passwd *pw, int in, int out)
{
	static const struct rlimit no_core = {0, 0};
	sigset_t none;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || chdir("/") != 0)
		_exit(STATUS_NOT_RUN);
	syscall(SYS_close_range, 3, ~0U, 0);
	setrlimit(RLIMIT_CORE, &no_core);
	umask(077);
	drop_privileges(pw);
	if (!p->may_gain)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(p->path, p->argv, p->envp);
	_exit(STATUS_NOT_RUN);
}

/* ---- the parent */

struct run {
	const struct program *program;
	pid_t pid;
	int in, out; /* our ends; -1: closed */
	size_t written;
	char said[SAID_MAX + 1];
	size_t said_len;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
run_write(struct run *r)
{
	ssize_t n =
	    write(r->in, r->program->input + r->written, r->program->len - r->written);

	if (n > 0)
		r->written += (size_t)n;
	/* Who does not want to read it all may still do his work. */
	if ((n < 0 && errno != EAGAIN && errno != EINTR) ||
	    r->written == r->program->len)
		close_end(&r->in);
}

static void
run_read(struct run *r)
{
	char buf[512];
	ssize_t n = read(r->out, buf, sizeof buf);
	size_t keep;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_end(&r->out);
		return;
	}
	keep = (size_t)n < SAID_MAX - r->said_len ? (size_t)n : SAID_MAX - r->said_len;
	memcpy(r->said + r->said_len, buf, keep);
	r->said_len += keep;
}

/* Its wait status, or -1 when the time is over. */
static int
run_wait(struct run *r)
{
	uint64_t end = clock_ms() + r->program->timeout_ms;
	int status;

	for (;;) {
		struct pollfd fd[2] = {
		    {.fd = r->in, .events = POLLOUT}, {.fd = r->out, .events = POLLIN}};

		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			if (r->out >= 0)
				run_read(r);
			r->pid = -1;
			return status;
		}
		if (clock_ms() >= end)
			return -1;
		if (poll(fd, 2, TICK_MS) <= 0)
			continue;
		if (fd[0].revents != 0)
			run_write(r);
		if (fd[1].revents != 0)
			run_read(r);
	}
}

static int
run_judge(const struct run *r, int status, char *why, size_t whysize)
{
	size_t line = strcspn(r->said, "\r\n");
	const char *colon = line > 0 ? ": " : "";

	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (status < 0)
		snprintf(why, whysize, "%s: killed after %llu s%s%.*s",
		    r->program->path,
		    (unsigned long long)(r->program->timeout_ms + 999) / 1000, colon,
		    (int)line, r->said);
	else if (WIFSIGNALED(status))
		snprintf(why, whysize, "%s: ended by signal %d%s%.*s", r->program->path,
		    WTERMSIG(status), colon, (int)line, r->said);
	else
		snprintf(why, whysize, "%s: exit status %d%s%.*s", r->program->path,
		    WEXITSTATUS(status), colon, (int)line, r->said);
	return -1;
}

static int
run_start(struct run *r, const struct passwd *pw, char *why, size_t whysize)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};

	if (pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == 0 &&
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == 0)
		r->pid = fork();
	if (r->pid == 0)
		child_run(r->program, pw, in[0], out[1]);
	if (r->pid < 0)
		snprintf(why, whysize, "no process: %s", strerror(errno));
	close_end(&in[0]);
	close_end(&out[1]);
	r->in = in[1];
	r->out = out[0];
	return r->pid > 0 ? 0 : -1;
}

int
program_run(const struct program *p, char *why, size_t whysize)
{
	struct run r = {.program = p, .pid = -1, .in = -1, .out = -1};
	const struct passwd *pw = NULL;
	int rc = -1;
	pid_t group;

	if (program_check(p->path, why, whysize) < 0)
		return -1;
	if (geteuid() == 0 && (pw = getpwnam(p->user)) == NULL) {
		snprintf(why, whysize, "%s: there is no such user", p->user);
		return -1;
	}
	if (run_start(&r, pw, why, whysize) == 0) {
		group = r.pid;
		rc = run_judge(&r, run_wait(&r), why, whysize);
		/* Nothing it started outlives it. */
		kill(-group, SIGKILL);
		if (r.pid > 0)
			while (waitpid(r.pid, NULL, 0) < 0 && errno == EINTR)
				continue;
	}
	close_end(&r.in);
	close_end(&r.out);
	return rc;
}
