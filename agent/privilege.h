/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving up rights: what the worker does before it reads the first byte of a packet. */
#ifndef FWLOG_AGENT_PRIVILEGE_H
#define FWLOG_AGENT_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
	char name[33];
	uid_t uid;
	gid_t gid;
	bool change; /* from what this process is */
};

/* user NULL: stay as we are. 0, or -1 and a reason with remedy in why. */
int privilege_find(const char *user, struct identity *id, char *why, size_t whysize)
    __attribute__((warn_unused_result));

/* The directory exists afterwards and belongs to id, made with mode 0700 when absent.
 */
int privilege_directory(const char *path, const struct identity *id, char *why,
    size_t whysize) __attribute__((warn_unused_result));

/*
 * Becomes id, for ever, and gives up every capability, also as root. 0, or -1 with
 * errno.
 */
int privilege_drop(const struct identity *id) __attribute__((warn_unused_result));

#endif
