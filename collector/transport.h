/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layer between a socket and the frames, sealed (docs/noise.md) or plain: bytes of
 * frames go in and come out, whatever is on the wire. Decides nothing: who may use
 * which key is asked, and told is what came of it.
 *
 * Until a sealed peer has proved that it has the key, a connection costs this much and
 * no more: what libevent keeps for a socket, NOISE_HELLO_SIZE bytes of input, and one
 * struct noise_stream, used as far as bytes came. Nothing is sent to it but the one
 * answer to a hello that opens.
 */
#ifndef FWLOG_COLLECTOR_TRANSPORT_H
#define FWLOG_COLLECTOR_TRANSPORT_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/address.h"

enum transport_kind { TRANSPORT_SEALED, TRANSPORT_PLAIN };

enum transport_end {
	TRANSPORT_CLOSED, /* by the peer */
	TRANSPORT_LOST,   /* by the network; transport_why says how */
	TRANSPORT_SILENT, /* nothing came for the time of transport_limit */
	TRANSPORT_STUCK,  /* nothing could be sent for that time */
	TRANSPORT_BROKEN, /* what came does not open, see why: never answered */
	TRANSPORT_MEMORY, /* there was none */
};

struct transport;

/* Each but key may free the transport. */
struct transport_events {
	/*
	 * Sealed, once: the secret of the key of that id, NULL when there is none for
	 * this peer.
	 */
	const uint8_t *(*key)(void *arg, const uint8_t *id);
	/* Sealed, once, before any data: the peer has proved that it has that key. */
	void (*confirmed)(void *arg);
	/* As many bytes as expected lie in the input. */
	void (*data)(void *arg);
	/* All that was written has left. */
	void (*sent)(void *arg);
	/* The connection is over; to be freed. */
	void (*down)(void *arg, enum transport_end end);
};

/*
 * Takes over fd: freeing the result closes it. Reads at once. NULL: no memory, fd is
 * still the caller's.
 */
struct transport *transport_new(struct event_base *base, evutil_socket_t fd,
    enum transport_kind kind, const struct transport_events *events, void *arg)
    __attribute__((warn_unused_result));
void transport_free(struct transport *t); /* NULL-safe */
/* From now on these are called. */
void transport_listen(
    struct transport *t, const struct transport_events *events, void *arg);

/* Sealed: the hello was opened with the key and answered. */
bool transport_is_answered(const struct transport *t);
/* Why it was lost or broken; valid during the call of down. */
const char *transport_why(const struct transport *t);

/* Bytes of frames that came in, to be drained. */
struct evbuffer *transport_input(struct transport *t);
/* data is called once need bytes are there; about most bytes are read ahead. */
void transport_expect(struct transport *t, size_t need, size_t most);
/* Stops and goes on reading. What is in the input by then is not announced again. */
void transport_read(struct transport *t, bool on);
/* Silence of so many milliseconds, either way, ends it. */
void transport_limit(struct transport *t, uint64_t ms);
/* 0, or -1: no memory, or not up yet. */
int transport_write(struct transport *t, const void *data, size_t len)
    __attribute__((warn_unused_result));
/* Bytes on the wire's side that have not left. */
size_t transport_unsent(const struct transport *t);
/* Whether the peer is gone without a word; ask every so often (common/peer.h). */
bool transport_is_silent(struct transport *t, uint32_t every_ms);

/* Whether this kind may be offered on this address. */
bool transport_allowed(
    enum transport_kind kind, const struct address *address, bool allow_plain_network);

#endif
