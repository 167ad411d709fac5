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

struct transport {
	struct bufferevent *bev;
	const struct transport_events *events; /* NULL: nobody listens */
	void *arg;
	bool up;
};

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct transport *t = arg;

	if (t->events != NULL)
		t->events->data(t->arg, bufferevent_get_input(bev));
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct transport *t = arg;
	const char *why = strerror(EVUTIL_SOCKET_ERROR());

	/* Not before: reading a socket that is not connected is an error of its own. */
	if (what & BEV_EVENT_CONNECTED) {
		t->up = true;
		bufferevent_enable(bev, EV_READ);
	}
	if (t->events == NULL)
		return;
	if (what & BEV_EVENT_CONNECTED)
		t->events->up(t->arg);
	else if (what & BEV_EVENT_EOF)
		t->events->down(t->arg, "closed by the collector");
	else if (what & BEV_EVENT_ERROR)
		t->events->down(t->arg, why);
}

static int
open_socket(const struct endpoint *to)
{
	int family = to->addr.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	unsigned dead = TRANSPORT_DEAD_MS;

	if (fd < 0 || family == AF_UNIX)
		return fd;
	/* Each only makes it better: not worth failing for. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof dead);
	return fd;
}

struct transport *
transport_connect(struct event_base *base, const struct endpoint *to, size_t input_max,
    char *why, size_t whysize)
{
	struct transport *t = calloc(1, sizeof *t);
	int fd = open_socket(to);

	if (t == NULL || fd < 0)
		goto fail;
	/* Deferred: whoever is called back may free what is still in use here. */
	t->bev = bufferevent_socket_new(
	    base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (t->bev == NULL)
		goto fail;
	fd = -1;
	bufferevent_setcb(t->bev, on_read, NULL, on_event, t);
	bufferevent_setwatermark(t->bev, EV_READ, 0, input_max);
	if (bufferevent_socket_connect(
		t->bev, (const struct sockaddr *)&to->addr, (int)to->len) == 0)
		return t;

fail:
	snprintf(why, whysize, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	if (t != NULL && t->bev != NULL)
		bufferevent_free(t->bev);
	free(t);
	return NULL;
}

void
transport_listen(struct transport *t, const struct transport_events *events, void *arg)
{
	t->events = events;
	t->arg = arg;
}

int
transport_write(struct transport *t, const void *data, size_t len)
{
	return bufferevent_write(t->bev, data, len);
}

void
transport_close(struct transport *t)
{
	struct evbuffer *out;

	if (t == NULL)
		return;
	bufferevent_disable(t->bev, EV_READ | EV_WRITE);
	if (t->up) {
		out = bufferevent_get_output(t->bev);
		evbuffer_unfreeze(out, 1);
		(void)evbuffer_write(out, bufferevent_getfd(t->bev));
	}
	bufferevent_free(t->bev);
	free(t);
}
