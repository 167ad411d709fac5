/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets agents connect to, sealed ones and plain ones. Opens all or none; pauses
 * for a second when the process has no descriptor left; removes its Unix sockets when
 * freed.
 */
#ifndef FWLOG_COLLECTOR_LISTENER_H
#define FWLOG_COLLECTOR_LISTENER_H

#include "collector/options.h"

#define LISTENER_ADDRESSES_MAX 64
#define LISTENER_PAUSE_MS 1000

struct listener;

typedef void listener_accepted(void *arg, evutil_socket_t fd,
    const struct address *peer, enum transport_kind kind);

/*
 * accepted takes over fd; for sealed sockets only after listener_begin_sealed, until
 * then connections wait in the kernel. NULL after an error that has been logged with
 * its remedy; rc is then the exit code.
 */
struct listener *listener_new(struct event_base *base, const struct options *options,
    listener_accepted *accepted, void *arg, int *rc);
/* The keys are there. NULL-safe; harmless twice. */
void listener_begin_sealed(struct listener *l);
/* Whether there is a sealed socket at all. */
bool listener_has_sealed(const struct listener *l);
void listener_free(struct listener *l); /* NULL-safe */

#endif
