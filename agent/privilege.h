/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up rights: the monitor keeps those it works with, the worker, before it reads
 * the first byte of a packet, none at all.
 */
#ifndef FWLOG_AGENT_PRIVILEGE_H
#define FWLOG_AGENT_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct identity {
	char name[33];
	uid_t uid;
	gid_t gid;
	bool change;  /* from what this process is */
	bool assumed; /* nobody named it */
};

/*
 * Whom the worker becomes. user NULL: root becomes fwlog, or nobody where there is no
 * fwlog; all others, root of a user namespace without these included, stay what they
 * are. 0, or -1 and a reason with remedy in why.
 */
int privilege_find(const char *user, struct identity *id, char *why, size_t whysize)
    __attribute__((warn_unused_result));

/*
 * The directory exists afterwards and belongs to id, made with mode 0700 when absent.
 * One that is this process's own and nobody else's to write is given away with the
 * files in it.
 */
int privilege_directory(const char *path, const struct identity *id, char *why,
    size_t whysize) __attribute__((warn_unused_result));
/* Makes an empty file for id, mode 0640, where nothing is yet; does nothing else. */
void privilege_file(const char *path, const struct identity *id);

#define PRIVILEGE_BIT(cap) (UINT64_C(1) << (cap))

/*
 * From now on no capability but those of keep, as far as they are there; none can ever
 * be had again, by this process or its children. 0, or -1 with errno.
 */
int privilege_limit(uint64_t keep) __attribute__((warn_unused_result));

/*
 * Becomes id, for ever, and gives up every capability, also as root; no core is
 * dumped, and other processes of that user cannot look into this one. 0, or -1 with
 * errno.
 */
int privilege_drop(const struct identity *id) __attribute__((warn_unused_result));

#endif
