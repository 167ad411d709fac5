/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/transport.h"

#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "collector/clock.h"
#include "common/noise_stream.h"
#include "common/peer.h"

/* Most that one call reads from an authenticated peer's socket. */
#define READ_MAX (256u << 10)

struct transport {
	struct bufferevent *bev;
	const struct transport_events *events;
	void *arg;
	struct peer peer;
	bool lost;      /* the socket is */
	int error;      /* errno of TRANSPORT_LOST */
	unsigned calls; /* callbacks that use it */
	bool freed;     /* in one of them: gone after it */

	/* Sealed. */
	struct noise_stream *noise;
	struct evbuffer *opened; /* plain text */
	size_t need;             /* bytes of it */
	bool answered, confirmed;
};

static void
transport_destroy(struct transport *t)
{
	if (t->bev != NULL)
		bufferevent_free(t->bev);
	if (t->opened != NULL)
		evbuffer_free(t->opened);
	if (t->noise != NULL)
		noise_stream_close(t->noise);
	free(t->noise);
	free(t);
}

static void
leave(struct transport *t)
{
	if (--t->calls == 0 && t->freed)
		transport_destroy(t);
}

static void
tell_down(struct transport *t, enum transport_end end)
{
	if (!t->freed)
		t->events->down(t->arg, end);
}

/* ---- sealed: reading */

static int
set_key(struct transport *t)
{
	const uint8_t *id = noise_stream_key_id(t->noise);
	const uint8_t *secret = t->events->key(t->arg, id);

	return noise_stream_set_key(t->noise, secret);
}

/* The hello is answered: now a record may come, in pieces as it likes. */
static int
answer(struct transport *t, const struct noise_output *reply)
{
	t->answered = true;
	bufferevent_setwatermark(t->bev, EV_READ, 0, NOISE_CHUNK + NOISE_OVERHEAD);
	return bufferevent_write(t->bev, reply->at, reply->len);
}

/* All that one piece of memory holds. 0 or -1 with *end. */
static int
open_piece(struct transport *t, struct noise_input in, enum transport_end *end)
{
	struct noise_output out;
	enum noise_event event;
	int rc = 0;

	*end = TRANSPORT_MEMORY;
	while (rc == 0 &&
	       (event = noise_stream_receive(t->noise, &in, &out)) != NOISE_MORE) {
		switch (event) {
		case NOISE_KEY:
			rc = set_key(t);
			break;
		case NOISE_READY:
			rc = answer(t, &out);
			break;
		case NOISE_PLAIN:
			rc = evbuffer_add(t->opened, out.at, out.len);
			break;
		default:
			*end = TRANSPORT_BROKEN;
			return -1;
		}
	}
	return rc;
}

/* Opens all that came, in the memory it lies in. */
static int
open_input(struct transport *t, enum transport_end *end)
{
	struct evbuffer *in = bufferevent_get_input(t->bev);
	struct evbuffer_iovec piece;
	int rc = 0;

	while (rc == 0 && evbuffer_peek(in, -1, NULL, &piece, 1) > 0) {
		struct noise_input bytes = {piece.iov_base, piece.iov_len};

		rc = open_piece(t, bytes, end);
		evbuffer_drain(in, piece.iov_len);
	}
	return rc;
}

static void
tell_confirmed(struct transport *t)
{
	t->confirmed = true;
	bufferevent_set_max_single_read(t->bev, READ_MAX);
	t->events->confirmed(t->arg);
}

/*
 * Once something does not open, what came before it is not looked at either: answering
 * it would fail, and be taken for the cause. It was not acknowledged and comes again.
 */
static void
read_sealed(struct transport *t)
{
	enum transport_end end;
	int rc = open_input(t, &end);

	if (!t->freed && !t->confirmed && evbuffer_get_length(t->opened) > 0)
		tell_confirmed(t);
	if (rc != 0)
		tell_down(t, end);
	else if (!t->freed && t->confirmed && evbuffer_get_length(t->opened) >= t->need)
		t->events->data(t->arg);
}

/* ---- the socket's events */

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct transport *t = arg;

	(void)bev;
	t->calls++;
	if (t->noise != NULL)
		read_sealed(t);
	else
		t->events->data(t->arg);
	leave(t);
}

static void
on_write(struct bufferevent *bev, void *arg)
{
	struct transport *t = arg;

	(void)bev;
	t->calls++;
	t->events->sent(t->arg);
	leave(t);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct transport *t = arg;

	(void)bev;
	t->error = EVUTIL_SOCKET_ERROR();
	t->calls++;
	t->lost = true;
	if ((what & BEV_EVENT_TIMEOUT) != 0)
		tell_down(t, (what & BEV_EVENT_READING) != 0 ? TRANSPORT_SILENT
							     : TRANSPORT_STUCK);
	else if ((what & BEV_EVENT_EOF) != 0)
		tell_down(t, TRANSPORT_CLOSED);
	else
		tell_down(t, TRANSPORT_LOST);
	leave(t);
}

/* ---- life */

/* The stream is large and used only as far as bytes come: not cleared. */
static int
prepare_seal(struct transport *t)
{
	t->noise = malloc(sizeof *t->noise);
	t->opened = evbuffer_new();
	if (t->noise != NULL)
		noise_stream_accept(t->noise);
	return t->noise != NULL && t->opened != NULL ? 0 : -1;
}

struct transport *
transport_new(struct event_base *base, evutil_socket_t fd, enum transport_kind kind,
    const struct transport_events *events, void *arg)
{
	struct transport *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	transport_listen(t, events, arg);
	if (kind == TRANSPORT_SEALED && prepare_seal(t) != 0) {
		transport_destroy(t);
		return NULL;
	}
	t->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (t->bev == NULL) {
		transport_destroy(t);
		return NULL;
	}
	bufferevent_setcb(t->bev, on_read, on_write, on_event, t);
	if (t->noise != NULL)
		bufferevent_setwatermark(t->bev, EV_READ, 0, NOISE_HELLO_SIZE);
	bufferevent_enable(t->bev, EV_READ | EV_WRITE);
	return t;
}

void
transport_free(struct transport *t)
{
	if (t == NULL || t->freed)
		return;
	t->freed = true;
	bufferevent_free(t->bev);
	t->bev = NULL;
	if (t->calls == 0)
		transport_destroy(t);
}

void
transport_listen(struct transport *t, const struct transport_events *events, void *arg)
{
	t->events = events;
	t->arg = arg;
}

bool
transport_is_answered(const struct transport *t)
{
	return t->answered;
}

const char *
transport_why(const struct transport *t)
{
	return t->lost ? strerror(t->error) : noise_stream_why(t->noise);
}

/* ---- bytes */

struct evbuffer *
transport_input(struct transport *t)
{
	return t->noise != NULL ? t->opened : bufferevent_get_input(t->bev);
}

void
transport_expect(struct transport *t, size_t need, size_t most)
{
	t->need = need;
	bufferevent_setwatermark(t->bev, EV_READ, t->noise != NULL ? 0 : need, most);
}

void
transport_read(struct transport *t, bool on)
{
	if (on)
		bufferevent_enable(t->bev, EV_READ);
	else
		bufferevent_disable(t->bev, EV_READ);
}

void
transport_limit(struct transport *t, uint64_t ms)
{
	struct timeval limit = clock_timeval(ms);

	bufferevent_set_timeouts(t->bev, &limit, &limit);
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

int
transport_write(struct transport *t, const void *data, size_t len)
{
	if (t->noise != NULL)
		return write_sealed(t, data, len);
	return bufferevent_write(t->bev, data, len);
}

bool
transport_is_silent(struct transport *t, uint32_t every_ms)
{
	return peer_is_gone(&t->peer, bufferevent_getfd(t->bev), every_ms);
}

size_t
transport_unsent(const struct transport *t)
{
	return evbuffer_get_length(bufferevent_get_output(t->bev));
}

bool
transport_allowed(
    enum transport_kind kind, const struct address *address, bool allow_plain_network)
{
	return kind != TRANSPORT_PLAIN || allow_plain_network ||
	       address_is_local(address);
}
