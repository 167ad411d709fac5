/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets agents connect to. Opens all or none; pauses for a second when the
 * process has no descriptor left; removes its Unix sockets when freed.
 */
#ifndef FWLOG_COLLECTOR_LISTENER_H
#define FWLOG_COLLECTOR_LISTENER_H

#include "collector/options.h"

#define LISTENER_ADDRESSES_MAX 64
#define LISTENER_PAUSE_MS 1000

struct listener;

/*
 * accepted takes over fd. NULL after an error that has been logged with its remedy; rc
 * is then the exit code.
 */
struct listener *listener_new(struct event_base *base, const struct options *options,
    void (*accepted)(void *arg, evutil_socket_t fd, const struct address *peer),
    void *arg, int *rc);
void listener_free(struct listener *l); /* NULL-safe */

#endif
