/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MESSAGE_MAX 1024

static struct {
	int fd; /* -1: no manager */
	int64_t watchdog_ms;
	char *names; /* of the sockets, separated by colons */
	int sockets;
} notify = {.fd = -1};

/* A number above 0 from the environment, or 0. */
static uint64_t
number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	unsigned long long value;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

/* Meant for us, not for a process that started us and left its environment. */
static bool
is_for_us(const char *variable)
{
	uint64_t pid = number_of(variable);

	return pid == (uint64_t)getpid();
}

static int
connect_manager(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 1};
	size_t len = strlen(path);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	int fd;

	if ((path[0] != '/' && path[0] != '@') || len >= sizeof to.sun_path)
		return -1;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	else
		size++;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* A manager that hangs must not hang us. */
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
	    connect(fd, (const struct sockaddr *)&to, size) == 0)
		return fd;
	log_warn("NOTIFY_SOCKET %s: %s; the service manager is told nothing", path,
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void
notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET"), *names = getenv("LISTEN_FDNAMES");
	uint64_t us = number_of("WATCHDOG_USEC");

	if (path != NULL)
		notify.fd = connect_manager(path);
	if (us > 0 && (getenv("WATCHDOG_PID") == NULL || is_for_us("WATCHDOG_PID")))
		notify.watchdog_ms = us >= 4000 ? (int64_t)(us / 2000) : 2;
	if (is_for_us("LISTEN_PID") && number_of("LISTEN_FDS") < 1024) {
		notify.sockets = (int)number_of("LISTEN_FDS");
		notify.names = strdup(names != NULL ? names : "");
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

void
notify_close(void)
{
	if (notify.fd >= 0)
		close(notify.fd);
	notify.fd = -1;
	free(notify.names);
	notify.names = NULL;
}

static void
send_message(const char *text, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {{0}};
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (notify.fd < 0)
		return;
	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof control;
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	while (sendmsg(notify.fd, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR) {
			log_debug("the service manager does not take a message: %s",
			    strerror(errno));
			return;
		}
}

void
notify_say(const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	send_message(text, -1);
}

void
notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify_say("RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

int64_t
notify_watchdog_ms(void)
{
	return notify.fd >= 0 ? notify.watchdog_ms : 0;
}

void
notify_store(int fd, const char *name)
{
	char text[NOTIFY_NAME_MAX + 64];

	/* Polling it would let an overrun of the kernel's queue look like its end. */
	snprintf(text, sizeof text, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	send_message(text, fd);
}

void
notify_drop(const char *name)
{
	notify_say("FDSTOREREMOVE=1\nFDNAME=%s", name);
}

void
notify_take(void (*take)(void *arg, int fd, const char *name), void *arg)
{
	char *rest = notify.names;

	for (int i = 0; i < notify.sockets; i++) {
		const char *name = rest != NULL ? strsep(&rest, ":") : "";

		if (fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC) == 0)
			take(arg, FIRST_FD + i, name);
	}
	notify.sockets = 0;
}
