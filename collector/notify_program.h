/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program of the administrator's: by path, without a shell, with no privileges,
 * an environment of its own, and an end.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_PROGRAM_H
#define FWLOG_COLLECTOR_NOTIFY_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program {
	const char *path;
	char *const *argv; /* [0] the path, NULL-terminated */
	char *const *envp;
	const char *user; /* it runs as, when this process is root */
	bool may_gain;    /* set-id bits count, as mail programs need it */
	const char *input;
	size_t len;
	uint64_t timeout_ms;
};

/*
 * Whether root alone decides what the file is: it and all folders above belong to root,
 * and no other may write them (but into folders like /tmp, where nobody can remove what
 * is root's). 0, or -1 and why. Asked anew at each run.
 */
int program_check(const char *path, char *why, size_t whysize);

/*
 * 0: it ended with status 0. Else -1 and why: its status and the first line it printed.
 * When the time is over it is killed, with all of its process group.
 */
int program_run(const struct program *p, char *why, size_t whysize);

#endif
