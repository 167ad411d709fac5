/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/transport.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/peer.h"

#define WATCH_MS 1000 /* how often to see whether the peer still answers */

#define REFUSED                                                                  \
	"closed by the collector without an answer: this key is unknown there, " \
	"revoked, "                                                              \
	"or not allowed from this address (fwlogctl key list), or no sealed "    \
	"collector "                                                             \
	"listens there"
#define DAMAGED "what came from the collector does not open: it was changed on the way"
#define NOT_SEALED                                                        \
	"the answer is not of the sealed stream: is that listener plain " \
	"(listen_plain), "                                                \
	"or no collector at all?"

struct transport {
	struct bufferevent *bev;
	const struct transport_events *events; /* NULL: nobody listens */
	void *arg;
	struct event *watch; /* of the peer, once connected */
	struct peer peer;
	bool connected; /* the socket is */
	bool up;
	unsigned calls; /* callbacks that use it */
	bool closed;    /* in one of them: freed after it */

	/* Sealed. */
	struct noise_stream *noise;
	uint8_t hello[NOISE_HELLO_SIZE];
	struct evbuffer *opened; /* plain text that data has not drained */
};

static void
transport_free(struct transport *t)
{
	if (t->watch != NULL)
		event_free(t->watch);
	if (t->bev != NULL)
		bufferevent_free(t->bev);
	if (t->opened != NULL)
		evbuffer_free(t->opened);
	if (t->noise != NULL)
		noise_stream_close(t->noise);
	free(t->noise);
	free(t);
}

/* ---- what those who listen are told; each may close the transport */

static void
tell_up(struct transport *t)
{
	t->up = true;
	if (!t->closed && t->events != NULL)
		t->events->up(t->arg);
}

static void
tell_data(struct transport *t, struct evbuffer *in)
{
	if (!t->closed && t->events != NULL && evbuffer_get_length(in) > 0)
		t->events->data(t->arg, in);
}

static void
tell_down(struct transport *t, const char *why)
{
	if (!t->closed && t->events != NULL)
		t->events->down(t->arg, why);
}

static void
leave(struct transport *t)
{
	if (--t->calls == 0 && t->closed)
		transport_free(t);
}

/* ---- sealed */

/* All that one piece of memory holds. NULL, or what is wrong. */
static const char *
open_piece(struct transport *t, struct noise_input in, bool *ready)
{
	struct noise_output out;
	enum noise_event event;

	while ((event = noise_stream_receive(t->noise, &in, &out)) > NOISE_MORE) {
		if (event == NOISE_READY)
			*ready = true;
		else if (evbuffer_add(t->opened, out.at, out.len) != 0)
			return "out of memory";
	}
	return event == NOISE_FAILED ? DAMAGED : NULL;
}

/* Opens all that came in, in the memory it lies in. */
static const char *
open_input(struct transport *t, struct evbuffer *in, bool *ready)
{
	const char *why = NULL;
	struct evbuffer_iovec piece;

	while (why == NULL && evbuffer_peek(in, -1, NULL, &piece, 1) > 0) {
		why = open_piece(
		    t, (struct noise_input){piece.iov_base, piece.iov_len}, ready);
		evbuffer_drain(in, piece.iov_len);
	}
	return why;
}

static void
read_sealed(struct transport *t, struct evbuffer *in)
{
	bool ready = false;
	const char *why = open_input(t, in, &ready);

	if (ready)
		tell_up(t);
	tell_data(t, t->opened);
	if (why != NULL)
		tell_down(t, t->up ? why : NOT_SEALED);
}

static int
write_sealed(struct transport *t, const void *data, size_t len)
{
	struct evbuffer *out = bufferevent_get_output(t->bev);
	size_t size = noise_stream_sealed_size(len);
	struct evbuffer_iovec space;

	if (evbuffer_reserve_space(out, (ev_ssize_t)size, &space, 1) != 1)
		return -1;
	space.iov_len =
	    noise_stream_seal(t->noise, data, len, space.iov_base, space.iov_len);
	if (space.iov_len != size)
		return -1;
	return evbuffer_commit_space(out, &space, 1);
}

/* ---- the socket's events */

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct transport *t = arg;

	t->calls++;
	if (t->noise != NULL)
		read_sealed(t, bufferevent_get_input(bev));
	else
		tell_data(t, bufferevent_get_input(bev));
	leave(t);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct transport *t = arg;

	(void)fd;
	(void)what;
	t->calls++;
	if (peer_is_gone(&t->peer, bufferevent_getfd(t->bev), WATCH_MS))
		tell_down(t, "nothing of what is sent there is acknowledged");
	leave(t);
}

static void
on_connected(struct transport *t)
{
	const struct timeval every = {.tv_sec = WATCH_MS / 1000};

	t->connected = true;
	event_add(t->watch, &every);
	/* Not before: reading a socket that is not connected is an error of its own. */
	bufferevent_enable(t->bev, EV_READ);
	if (t->noise == NULL)
		tell_up(t);
	else if (bufferevent_write(t->bev, t->hello, sizeof t->hello) != 0)
		tell_down(t, "out of memory");
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct transport *t = arg;
	const char *why = strerror(EVUTIL_SOCKET_ERROR());

	(void)bev;
	t->calls++;
	if (what & BEV_EVENT_CONNECTED)
		on_connected(t);
	else if (transport_was_refused(t))
		tell_down(t, REFUSED);
	else if (what & BEV_EVENT_EOF)
		tell_down(t, "closed by the collector");
	else if (what & BEV_EVENT_ERROR)
		tell_down(t, why);
	leave(t);
}

/* ---- from outside */

static int
open_socket(const struct endpoint *to)
{
	int family = to->addr.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0 || family == AF_UNIX)
		return fd;
	/* Each only makes it better: not worth failing for. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	return fd;
}

/* The stream is large and used only as far as bytes come: not cleared. */
static int
prepare_seal(struct transport *t, const struct key *key)
{
	t->noise = malloc(sizeof *t->noise);
	if (t->noise == NULL)
		return -1;
	if (noise_stream_connect(t->noise, key->id, key->secret, t->hello) < 0) {
		errno = EIO;
		return -1;
	}
	t->opened = evbuffer_new();
	return t->opened != NULL ? 0 : -1;
}

struct transport *
transport_connect(struct event_base *base, const struct endpoint *to,
    const struct key *key, size_t input_max, char *why, size_t whysize)
{
	struct transport *t = calloc(1, sizeof *t);
	int fd = open_socket(to);

	if (t == NULL || fd < 0)
		goto fail;
	if (key != NULL && prepare_seal(t, key) < 0)
		goto fail;
	/* Deferred: whoever is called back may free what is still in use here. */
	t->bev = bufferevent_socket_new(
	    base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (t->bev == NULL)
		goto fail;
	fd = -1;
	t->watch = event_new(base, -1, EV_PERSIST, on_watch, t);
	if (t->watch == NULL)
		goto fail;
	bufferevent_setcb(t->bev, on_read, NULL, on_event, t);
	bufferevent_setwatermark(t->bev, EV_READ, 0, input_max);
	if (bufferevent_socket_connect(
		t->bev, (const struct sockaddr *)&to->addr, (int)to->len) == 0)
		return t;

fail:
	snprintf(why, whysize, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	if (t != NULL)
		transport_free(t);
	return NULL;
}

void
transport_listen(struct transport *t, const struct transport_events *events, void *arg)
{
	t->events = events;
	t->arg = arg;
}

bool
transport_was_refused(const struct transport *t)
{
	return t->noise != NULL && t->connected && !t->up;
}

int
transport_write(struct transport *t, const void *data, size_t len)
{
	if (t->noise != NULL)
		return write_sealed(t, data, len);
	return bufferevent_write(t->bev, data, len);
}

void
transport_close(struct transport *t)
{
	struct evbuffer *out;

	if (t == NULL)
		return;
	event_del(t->watch);
	bufferevent_disable(t->bev, EV_READ | EV_WRITE);
	bufferevent_setcb(t->bev, NULL, NULL, NULL, NULL);
	if (t->up) {
		out = bufferevent_get_output(t->bev);
		evbuffer_unfreeze(out, 1);
		(void)evbuffer_write(out, bufferevent_getfd(t->bev));
	}
	t->closed = true;
	if (t->calls == 0)
		transport_free(t);
}
