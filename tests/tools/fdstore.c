/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a service manager that agents need: fdstore FOLDER COMMAND [ARGUMENT]…
 * runs the command, takes its messages (sd_notify(3)) at FOLDER/notify, writes each of
 * their lines to FOLDER/messages, keeps the sockets it stores and hands them to the
 * next run (sd_listen_fds(3)). The command's process id is in FOLDER/pid.
 *
 * A command that ends by a signal or with an error is run again at once. SIGHUP is
 * "restart": the command gets SIGTERM and is run again; SIGTERM is "stop".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORE_MAX 64
#define FIRST_FD 3

struct stored {
	int fd;
	char name[256];
};

static struct stored store[STORE_MAX];
static size_t stored;
static char notify_path[108], messages_path[108], pid_path[108];
static int notify_socket, signals;
static sigset_t before;
static pid_t child;
static bool restarting, stopping;

__attribute__((noreturn, format(printf, 1, 2))) static void
die(const char *fmt, ...)
{
	va_list ap;

	fputs("fdstore: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

/* ---- the command */

static void
set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof text, "%ld", value);
	setenv(name, text, 1);
}

/* The sockets become 3, 4, …; they lie above that, so none is overwritten. */
static void
pass_store(void)
{
	static char names[STORE_MAX * sizeof store[0].name];
	size_t len = 0;

	if (stored == 0)
		return;
	for (size_t i = 0; i < stored; i++) {
		if (dup2(store[i].fd, FIRST_FD + (int)i) < 0)
			_exit(126);
		len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
		    i > 0 ? ":" : "", store[i].name);
	}
	set_number("LISTEN_PID", getpid());
	set_number("LISTEN_FDS", (long)stored);
	setenv("LISTEN_FDNAMES", names, 1);
}

static void
start(char **command)
{
	FILE *f;

	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		setenv("NOTIFY_SOCKET", notify_path, 1);
		setenv("WATCHDOG_USEC", "1000000", 1);
		pass_store();
		execvp(command[0], command);
		_exit(127);
	}
	f = fopen(pid_path, "we");
	if (f == NULL || fprintf(f, "%d\n", child) < 0 || fclose(f) != 0)
		die("%s", pid_path);
}

/* ---- messages */

static bool
is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static void
keep(int fd, const char *name)
{
	for (size_t i = 0; i < stored; i++)
		if (is_same_file(store[i].fd, fd)) {
			close(fd);
			return;
		}
	if (stored == STORE_MAX)
		die("too many sockets");
	store[stored].fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + STORE_MAX);
	if (store[stored].fd < 0)
		die("fcntl");
	close(fd);
	snprintf(store[stored++].name, sizeof store[0].name, "%s", name);
}

static void
drop(const char *name)
{
	for (size_t i = 0; i < stored;)
		if (strcmp(store[i].name, name) == 0) {
			close(store[i].fd);
			store[i] = store[--stored];
		} else {
			i++;
		}
}

static void
take_message(char *text, int fd)
{
	const char *name = "stored";
	bool keeps = false, drops = false;
	FILE *f = fopen(messages_path, "ae");

	if (f == NULL)
		die("%s", messages_path);
	fprintf(f, "%s\n", text);
	fclose(f);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, "FDNAME=", 7) == 0)
			name = line + 7;
		else if (strcmp(line, "FDSTORE=1") == 0)
			keeps = true;
		else if (strcmp(line, "FDSTOREREMOVE=1") == 0)
			drops = true;
	if (keeps && fd >= 0)
		keep(fd, name);
	else if (fd >= 0)
		close(fd);
	if (drops)
		drop(name);
}

static void
on_message(void)
{
	char text[4096], control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {text, sizeof text - 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof control};
	ssize_t n = recvmsg(notify_socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *cmsg;
	int fd = -1;

	if (n < 0)
		return;
	text[n] = '\0';
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
	take_message(text, fd);
}

/* ---- signals */

/* What the command said before it ended counts. */
static void
take_all_messages(void)
{
	struct pollfd p = {.fd = notify_socket, .events = POLLIN};

	while (poll(&p, 1, 0) > 0)
		on_message();
}

static void
on_death(char **command)
{
	int status;

	if (waitpid(child, &status, WNOHANG) != child)
		return;
	take_all_messages();
	if (stopping || (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !restarting))
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 126)
		die("%s", command[0]);
	restarting = false;
	start(command);
}

static void
on_signal(char **command)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		on_death(command);
		break;
	case SIGHUP:
		restarting = true;
		kill(child, SIGTERM);
		break;
	default:
		stopping = true;
		kill(child, SIGTERM);
	}
}

static void
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &before);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		die("signalfd");
}

static void
open_socket(const char *folder)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (snprintf(notify_path, sizeof notify_path, "%s/notify", folder) >=
		(int)sizeof notify_path ||
	    snprintf(messages_path, sizeof messages_path, "%s/messages", folder) >=
		(int)sizeof messages_path ||
	    snprintf(pid_path, sizeof pid_path, "%s/pid", folder) >=
		(int)sizeof pid_path) {
		errno = ENAMETOOLONG;
		die("%s", folder);
	}
	memcpy(at.sun_path, notify_path, sizeof notify_path);
	notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_socket < 0 ||
	    bind(notify_socket, (const struct sockaddr *)&at, sizeof at) < 0)
		die("%s", notify_path);
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: fdstore FOLDER COMMAND [ARGUMENT]...\n", stderr);
		return 2;
	}
	open_socket(argv[1]);
	open_signals();
	start(argv + 2);
	for (;;) {
		struct pollfd p[2] = {{.fd = notify_socket, .events = POLLIN},
		    {.fd = signals, .events = POLLIN}};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (p[0].revents != 0)
			on_message();
		if (p[1].revents != 0)
			on_signal(argv + 2);
	}
}
