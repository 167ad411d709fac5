/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bound group on its way from the monitor, who holds the socket, to the worker, who
 * reads it: one message each over a SOCK_SEQPACKET pair, the socket by SCM_RIGHTS. Both
 * ends are the same program, so the message is the struct itself.
 */
#ifndef FWLOG_AGENT_BINDING_H
#define FWLOG_AGENT_BINDING_H

#include <stdint.h>

struct binding {
	uint64_t bind_id;  /* random, of this one binding of this group; never 0 */
	uint64_t bound_us; /* when it was made, microseconds since 1970 */
	uint16_t group;
	int fd;
};

/* 0, or -1 when the worker is gone. The fd stays the caller's. */
int binding_send(int channel, const struct binding *b)
    __attribute__((warn_unused_result));
/*
 * 1: *b was received, its fd is the caller's (close-on-exec); 0: none now; -1: the
 * monitor is gone.
 */
int binding_receive(int channel, struct binding *b) __attribute__((warn_unused_result));

#endif
