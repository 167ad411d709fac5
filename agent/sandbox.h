/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's cage: a list of the system calls it may make (seccomp(2)). Any other
 * ends the process at once by SIGSYS: to run a program, to make another process, to
 * look into one, to open a packet or netlink socket of another kind than names need.
 * The only user of libseccomp.
 *
 * The list holds what the C library needs for looking up names too, whose modules may
 * open files and ask services over sockets.
 */
#ifndef FWLOG_AGENT_SANDBOX_H
#define FWLOG_AGENT_SANDBOX_H

#include <stdbool.h>

/* Whether this kernel can do that. */
bool sandbox_is_possible(void);
/*
 * Shuts this process, which has one thread, and all threads it will have. For ever.
 * Needs no right. 0, or -1 with errno.
 */
int sandbox_enter(void) __attribute__((warn_unused_result));

#endif
