/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/binding.h"
#include "common/cli.h"
#include "common/log.h"

#define PATH_SIZE (sizeof NETNS_DIR "/" + BINDING_NETNS_MAX)

static int home = -1; /* the namespace the process began in, once it left it */

bool
netns_place_ok(const char *place)
{
	size_t len = strlen(place);

	if (len == 0 || len > BINDING_NETNS_MAX || strchr(place, ':') != NULL)
		return false;
	for (const char *p = place; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	if (place[0] == '/')
		return true;
	return strchr(place, '/') == NULL && strcmp(place, ".") != 0 &&
	       strcmp(place, "..") != 0;
}

bool
netns_same(const struct netns_id *a, const struct netns_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static const char *
path_of(const char *place, char buf[PATH_SIZE])
{
	if (place[0] == '/')
		return place;
	snprintf(buf, PATH_SIZE, NETNS_DIR "/%s", place);
	return buf;
}

int
netns_find(const char *place, struct netns_id *id)
{
	char buf[PATH_SIZE];
	struct stat st;

	if (stat(path_of(place, buf), &st) < 0)
		return -1;
	*id = (struct netns_id){st.st_dev, st.st_ino};
	return 0;
}

static int
identify(int ns, struct netns_id *id)
{
	struct stat st;

	if (fstat(ns, &st) < 0)
		return -1;
	*id = (struct netns_id){st.st_dev, st.st_ino};
	return 0;
}

/* The descriptor of the namespace a socket belongs to. */
static int
open_of_socket(int fd)
{
	return ioctl(fd, SIOCGSKNS);
}

int
netns_of_socket(int fd, struct netns_id *id)
{
	int ns = open_of_socket(fd), rc, error;

	if (ns < 0)
		return -1;
	rc = identify(ns, id);
	error = errno;
	close(ns);
	errno = error;
	return rc;
}

static int
enter(int ns)
{
	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return home < 0 ? -1 : setns(ns, CLONE_NEWNET);
}

int
netns_enter(const char *place, struct netns_id *id)
{
	char buf[PATH_SIZE];
	int ns = open(path_of(place, buf), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = -1, error;

	if (ns < 0)
		return -1;
	/* A name stands here before its namespace is mounted over it. */
	if (ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET)
		errno = EINVAL;
	else if (identify(ns, id) == 0)
		rc = enter(ns);
	error = errno;
	close(ns);
	errno = error;
	return rc;
}

void
netns_leave(void)
{
	if (setns(home, CLONE_NEWNET) == 0)
		return;
	/* To go on would mean to read the wrong firewall. */
	log_error(
	    "no way back to the agent's own network namespace: %s", strerror(errno));
	exit(EXIT_FAILED);
}

void
netns_forget(void)
{
	if (home >= 0)
		close(home);
	home = -1;
}

static int
open_link_socket(void)
{
	const struct sockaddr_nl links = {
	    .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error;

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&links, sizeof links) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
netns_link_socket(int fd)
{
	int ns = open_of_socket(fd), link_fd = -1, error;

	if (ns < 0)
		return -1;
	if (enter(ns) == 0) {
		link_fd = open_link_socket();
		error = errno;
		netns_leave();
		errno = error;
	}
	error = errno;
	close(ns);
	errno = error;
	return link_fd;
}
