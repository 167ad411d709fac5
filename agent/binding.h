/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bound group on its way from the monitor, who holds the socket, to the worker, who
 * reads it: one message each over a SOCK_SEQPACKET pair, the sockets by SCM_RIGHTS.
 * Both ends are the same program, so the message is the struct itself.
 */
#ifndef FWLOG_AGENT_BINDING_H
#define FWLOG_AGENT_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#define BINDING_NETNS_MAX 200 /* bytes of a namespace's name in events */

struct binding {
	/*
	 * Of this one binding of this group, never 0: 32 random bits, then 32 that tell
	 * the namespaces apart (binding_place), so that a spool which knows no names
	 * can.
	 */
	uint64_t bind_id;
	uint64_t bound_us; /* when it was made, microseconds since 1970 */
	uint16_t group;
	char netns[BINDING_NETNS_MAX + 1]; /* "": the agent's own */
	int fd;                            /* -1: the binding ended, read it no more */
	int link_fd; /* the namespace's link messages (netns_link_socket), or -1 */
};

/* "5", or "5 in web". */
#define BINDING_LABEL_MAX (BINDING_NETNS_MAX + 16)
void binding_label(const struct binding *b, char label[BINDING_LABEL_MAX]);

/* The lower half of every bind_id in this namespace; 0 for "". */
uint32_t binding_place(const char *netns);
/* A new bind_id and the time. 0, or -1: no random numbers. */
int binding_draw(struct binding *b) __attribute__((warn_unused_result));

/*
 * 1: sent; 0: not now, its end is full or the kernel short of something (errno); -1:
 * the worker is gone. Never waits. The sockets stay the caller's.
 */
int binding_send(int channel, const struct binding *b)
    __attribute__((warn_unused_result));
/*
 * 1: *b was received, its sockets are the caller's (close-on-exec); 0: none now; -1:
 * the monitor is gone.
 */
int binding_receive(int channel, struct binding *b) __attribute__((warn_unused_result));

#endif
