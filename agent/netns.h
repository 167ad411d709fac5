/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other network namespaces: finding them by name or path, telling one from another, and
 * making sockets inside. Serves the monitor, which is one thread: it steps in, makes a
 * socket, and steps out again. Needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE where
 * a path leads to /proc/PID.
 */
#ifndef FWLOG_AGENT_NETNS_H
#define FWLOG_AGENT_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NETNS_DIR "/run/netns" /* where ip-netns(8) keeps those with a name */

struct netns_id {
	dev_t dev;
	ino_t ino; /* not given to another namespace while a socket of this one is open
		    */
};

/* NAME (of NETNS_DIR) or an absolute path; neither holds colons or control characters.
 */
bool netns_place_ok(const char *place);
bool netns_same(const struct netns_id *a, const struct netns_id *b);

/* Which namespace is there now. 0, or -1 with errno: ENOENT, EACCES … */
int netns_find(const char *place, struct netns_id *id)
    __attribute__((warn_unused_result));
/* Which one a socket belongs to (Linux 4.9). 0, or -1 with errno. */
int netns_of_socket(int fd, struct netns_id *id) __attribute__((warn_unused_result));

/*
 * This thread is in that namespace afterwards, until netns_leave. 0 with *id, or -1
 * with errno (EINVAL: it is no network namespace; EPERM: a right is missing).
 */
int netns_enter(const char *place, struct netns_id *id)
    __attribute__((warn_unused_result));
/* Back to the namespace the process began in; ends the process if that cannot be. */
void netns_leave(void);
/* For a child that will never come back to it. */
void netns_forget(void);

/*
 * A socket on which the namespace of another socket tells its links
 * (common rtnetlink, group RTMGRP_LINK), for agent/ifname. Close-on-exec, blocking. -1
 * with errno.
 */
int netns_link_socket(int fd) __attribute__((warn_unused_result));

#endif
