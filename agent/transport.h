/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The byte stream to the collector, sealed (docs/noise.md) or plain: one socket, and
 * what lies between it and the frames. It knows nothing of frames. Sealed, it shows the
 * collector a key first, and is up once the collector has proved that it has it too.
 */
#ifndef FWLOG_AGENT_TRANSPORT_H
#define FWLOG_AGENT_TRANSPORT_H

#include <event2/buffer.h>
#include <event2/event.h>

#include "agent/resolve.h"
#include "common/keyfile.h"

struct transport;

/* All are called from the loop, never from within a function of this module. */
struct transport_events {
	void (*up)(void *arg);                        /* bytes may flow now */
	void (*data)(void *arg, struct evbuffer *in); /* drain what was used */
	void (*down)(void *arg, const char *why);     /* over: call transport_close */
};

/*
 * Begins to connect, sealed with key, plain when it is NULL; the key is not needed any
 * more afterwards. At most about input_max bytes are held that data has not drained.
 * NULL with a reason in why.
 */
struct transport *transport_connect(struct event_base *base, const struct endpoint *to,
    const struct key *key, size_t input_max, char *why, size_t whysize);
void transport_listen(
    struct transport *t, const struct transport_events *events, void *arg);
/*
 * Whether the connection stood and the collector closed it instead of answering the
 * key: another key may do.
 */
bool transport_was_refused(const struct transport *t);
/* Queues the bytes, sealed or as a copy, once it is up. -1: no memory. */
int transport_write(struct transport *t, const void *data, size_t len)
    __attribute__((warn_unused_result));
/* Sends what goes out without waiting, then closes. NULL-safe. */
void transport_close(struct transport *t);

#endif
