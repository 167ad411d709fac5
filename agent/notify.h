/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service tells the manager that started it, by the protocol of sd_notify(3) and
 * sd_listen_fds(3): datagrams of NAME=VALUE lines to $NOTIFY_SOCKET, sockets put into
 * the manager's store and handed back in $LISTEN_FDS. Without a manager every call does
 * nothing. One per process; the variables are taken out of the environment.
 */
#ifndef FWLOG_AGENT_NOTIFY_H
#define FWLOG_AGENT_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#define NOTIFY_NAME_MAX 255 /* bytes of a stored socket's name, no colon */

void notify_open(void);
void notify_close(void);

/* Lines without the last newline: "READY=1\nSTATUS=…". What is not taken is lost. */
void notify_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* RELOADING=1 with the time the manager asks for. */
void notify_reloading(void);

/* Milliseconds between two signs of life the manager wants; 0: none. */
int64_t notify_watchdog_ms(void);

/* The manager keeps the socket under that name, for the next run of this service. */
void notify_store(int fd, const char *name);
/* It lets go of all sockets of that name. */
void notify_drop(const char *name);
/*
 * Calls take for each socket that comes from the store, with its name; they are the
 * callee's, close-on-exec.
 */
void notify_take(void (*take)(void *arg, int fd, const char *name), void *arg);

#endif
