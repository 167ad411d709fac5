/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dial.h"

#include <stdio.h>
#include <stdlib.h>

struct dial {
	struct event_base *base;
	bool allow_network;
	size_t input_max;
	dial_done *done;
	void *arg;
	struct event *timer; /* also carries the first step out of dial_start */
	struct resolve *resolve;
	struct transport *transport;
	struct endpoints found;
	size_t next;
	char why[160];
};

static void try_next(struct dial *d);

static void
arm(struct dial *d, unsigned seconds)
{
	const struct timeval tv = {.tv_sec = seconds};

	evtimer_add(d->timer, &tv);
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	resolve_cancel(d->resolve);
	transport_close(d->transport);
	if (d->timer != NULL)
		event_free(d->timer);
	free(d);
}

/* Frees d before the callback, which may well dial again. */
static void
finish(struct dial *d, struct transport *t)
{
	struct dial copy = *d;

	d->transport = NULL;
	if (t != NULL)
		transport_listen(t, NULL, NULL);
	dial_cancel(d);
	copy.done(copy.arg, t, copy.why);
}

static void
on_up(void *arg)
{
	struct dial *d = arg;

	finish(d, d->transport);
}

static void
on_down(void *arg, const char *why)
{
	struct dial *d = arg;

	snprintf(d->why, sizeof d->why, "%s", why);
	transport_close(d->transport);
	d->transport = NULL;
	try_next(d);
}

/* The collector never speaks first; should it, the session will read it. */
static void
on_data(void *arg, struct evbuffer *in)
{
	(void)arg;
	(void)in;
}

static const struct transport_events dial_events = {on_up, on_data, on_down};

static void
try_next(struct dial *d)
{
	while (d->next < d->found.count) {
		const struct endpoint *to = &d->found.at[d->next++];

		if (!d->allow_network &&
		    !sockaddr_is_local((const struct sockaddr *)&to->addr)) {
			snprintf(d->why, sizeof d->why,
			    "the name leads out of this machine, and plain is refused "
			    "there (allow_plain_network)");
			continue;
		}
		d->transport =
		    transport_connect(d->base, to, d->input_max, d->why, sizeof d->why);
		if (d->transport == NULL)
			continue;
		transport_listen(d->transport, &dial_events, d);
		arm(d, DIAL_TIMEOUT_S);
		return;
	}
	finish(d, NULL);
}

static void
on_resolved(void *arg, const struct endpoints *e)
{
	struct dial *d = arg;

	d->resolve = NULL;
	d->found = *e;
	snprintf(d->why, sizeof d->why, "%s", e->why);
	try_next(d);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	if (d->transport != NULL) {
		on_down(d, "no connection within 10 s");
		return;
	}
	if (d->resolve != NULL) {
		resolve_cancel(d->resolve);
		d->resolve = NULL;
		snprintf(d->why, sizeof d->why,
		    "the name server does not answer within 10 s");
	}
	try_next(d);
}

struct dial *
dial_start(struct event_base *base, const struct address *to, bool allow_network,
    size_t input_max, dial_done *done, void *arg)
{
	struct dial *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->base = base;
	d->allow_network = allow_network;
	d->input_max = input_max;
	d->done = done;
	d->arg = arg;
	d->timer = evtimer_new(base, on_timer, d);
	if (d->timer == NULL)
		goto fail;
	if (resolve_now(to, &d->found)) {
		arm(d, 0);
		return d;
	}
	d->resolve = resolve_start(base, to, on_resolved, d);
	if (d->resolve == NULL)
		goto fail;
	arm(d, DIAL_TIMEOUT_S);
	return d;

fail:
	dial_cancel(d);
	return NULL;
}
