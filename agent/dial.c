/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dial.h"

#include <stdio.h>
#include <stdlib.h>

struct dial {
	struct event_base *base;
	struct dial_conf conf;
	dial_done *done;
	void *arg;
	struct event *timer; /* also carries the first step out of dial_start */
	struct resolve *resolve;
	struct transport *transport;
	struct endpoints found;
	size_t next;      /* of found */
	size_t keys_left; /* not tried at the endpoint before next */
	char why[256];
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
	if (!transport_was_refused(d->transport))
		d->keys_left = 0;
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

static bool
is_allowed(const struct dial *d, const struct endpoint *to)
{
	return d->conf.keys != NULL || d->conf.allow_plain_network ||
	       sockaddr_is_local((const struct sockaddr *)&to->addr);
}

/* Begins to connect to an endpoint; the newest key is the last of the file. */
static void
try_endpoint(struct dial *d, const struct endpoint *to)
{
	const struct key *key = NULL;

	if (d->keys_left > 0)
		key = keyfile_at(d->conf.keys, --d->keys_left);
	d->transport = transport_connect(
	    d->base, to, key, d->conf.input_max, d->why, sizeof d->why);
	if (d->transport == NULL)
		return;
	transport_listen(d->transport, &dial_events, d);
	arm(d, DIAL_TIMEOUT_S);
}

static void
try_next(struct dial *d)
{
	if (d->keys_left > 0 && d->next > 0)
		try_endpoint(d, &d->found.at[d->next - 1]);
	while (d->transport == NULL && d->next < d->found.count) {
		const struct endpoint *to = &d->found.at[d->next++];

		if (!is_allowed(d, to)) {
			snprintf(d->why, sizeof d->why,
			    "the name leads out of this machine, and plain is refused "
			    "there (allow_plain_network)");
			continue;
		}
		d->keys_left = d->conf.keys != NULL ? keyfile_count(d->conf.keys) : 0;
		try_endpoint(d, to);
	}
	if (d->transport == NULL)
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
dial_start(struct event_base *base, const struct address *to,
    const struct dial_conf *conf, dial_done *done, void *arg)
{
	struct dial *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->base = base;
	d->conf = *conf;
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
