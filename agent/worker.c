/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/capture.h"
#include "agent/reconcile.h"
#include "agent/stats.h"
#include "agent/uplink.h"
#include "common/cli.h"
#include "common/log.h"
#include "common/scrape.h"

#define TICK_MS 200       /* where sync_interval does not say */
#define LINGER_MAX_MS 500 /* at the end, for what the kernel still gathers */
#define PATIENCE_MS 5000  /* for a predecessor whose monitor was killed */
#define DRAIN_TURN 256    /* datagrams of a group that ended before others' turn */
#define DRAIN_MS 3000     /* for all that is left of it */
#define HELD_MAX (OPTIONS_GROUPS_MAX + 16) /* and some that ended */

#define EVENTS_MAX 16 /* that last as long as the worker */

/* A group that is read. */
struct held {
	struct capture_group *group; /* NULL: free */
	struct event *readable;
	struct event *links; /* of its namespace; NULL: those of the agent's own */
	int64_t ends_at; /* its binding ended, what is left is read until then; 0: no */
};

struct worker {
	const struct options *options;
	const struct keyfile *keys;
	int channel;
	struct event_base *base;
	struct spool *spool;
	struct ifname *names;
	struct locallog *log;
	char name[NAME_MAX_LEN + 1]; /* where options_name needs a place for it */
	struct filters_local *local;
	struct filtering *filters;
	struct capture *capture;
	struct reconcile *reconcile; /* NULL: not wanted */
	struct uplink *uplink;
	const struct worker_port *port;
	struct scrape *scrape; /* NULL: not wanted */
	uint64_t started_us;
	struct held held[HELD_MAX];
	struct event *event[EVENTS_MAX];
	size_t events;
	bool stopping;
};

/* ---- the loop's events */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
release(struct held *h)
{
	if (h->readable != NULL)
		event_free(h->readable);
	if (h->links != NULL)
		event_free(h->links);
	capture_remove(h->group);
	*h = (struct held){0};
}

/* A turn of one that ended. */
static void
drain_turn(struct held *h)
{
	if (capture_read(h->group, DRAIN_TURN) < DRAIN_TURN || now_ms() >= h->ends_at)
		release(h);
}

/* All that is left, now. */
static void
drain(struct capture_group *g, int64_t until)
{
	while (capture_read(g, DRAIN_TURN) == DRAIN_TURN && now_ms() < until)
		;
}

static void
on_group(evutil_socket_t fd, short what, void *arg)
{
	struct held *h = arg;

	(void)fd;
	(void)what;
	if (h->ends_at != 0)
		drain_turn(h);
	else
		capture_read(h->group, CAPTURE_TURN);
}

static void
on_spool(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	spool_on_event(w->spool);
	uplink_pump(w->uplink);
}

static void
on_filters(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (filters_on_event(w->filters))
		uplink_filters_changed(w->uplink);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	spool_tick(w->spool);
}

static void
on_link(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ifname_update(arg);
}

static void
on_reopen(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;

	(void)sig;
	(void)what;
	if (w->log != NULL)
		locallog_reopen(w->log);
}

/* The kernel still gathers what was logged a moment ago: wait once for its timeout. */
static void
stop(struct worker *w, const char *why)
{
	struct timeval tv = {0};
	uint64_t longest = 0;

	if (w->stopping)
		return;
	w->stopping = true;
	for (size_t i = 0; i < w->options->groups; i++) {
		uint64_t ms = options_group(w->options, i).flush_timeout;

		if (ms > longest)
			longest = ms;
	}
	if (longest > LINGER_MAX_MS)
		longest = LINGER_MAX_MS;
	tv.tv_usec = (suseconds_t)(longest + 10) * 1000;
	log_info("worker stops: %s", why);
	event_base_loopexit(w->base, &tv);
}

static void
on_stop(evutil_socket_t sig, short what, void *arg)
{
	(void)what;
	stop(arg, sig == SIGINT ? "SIGINT" : "SIGTERM");
}

static int
add_event(
    struct worker *w, evutil_socket_t fd, short what, event_callback_fn fn, void *arg)
{
	struct event *e = event_new(w->base, fd, (short)(what | EV_PERSIST), fn, arg);

	if (e == NULL)
		return -1;
	w->event[w->events++] = e;
	return event_add(e, NULL);
}

static struct event *
watch(struct worker *w, evutil_socket_t fd, event_callback_fn fn, void *arg)
{
	struct event *e = event_new(w->base, fd, EV_READ | EV_PERSIST, fn, arg);

	if (e != NULL && event_add(e, NULL) < 0) {
		event_free(e);
		return NULL;
	}
	return e;
}

static struct held *
find_held(struct worker *w, uint64_t bind_id)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (w->held[i].group != NULL &&
		    capture_binding(w->held[i].group)->bind_id == bind_id)
			return &w->held[i];
	return NULL;
}

/* Records of an earlier binding of this group go before those of the new one. */
static void
end_earlier(struct worker *w, const struct binding *b)
{
	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *h = &w->held[i];
		const struct binding *other;

		if (h->group == NULL || h->ends_at == 0)
			continue;
		other = capture_binding(h->group);
		if (other->group != b->group || strcmp(other->netns, b->netns) != 0)
			continue;
		drain(h->group, h->ends_at);
		release(h);
	}
}

static struct held *
find_free(struct worker *w)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (w->held[i].group == NULL)
			return &w->held[i];
	return NULL;
}

static int
take_binding(struct worker *w, const struct binding *b)
{
	struct held *h;
	/* The counters of rules are read in the agent's own namespace. */
	struct reconcile *r = b->netns[0] == '\0' ? w->reconcile : NULL;
	struct ifname *names;

	end_earlier(w, b);
	h = find_free(w);
	if (h == NULL) {
		close(b->fd);
		if (b->link_fd >= 0)
			close(b->link_fd);
		return -1;
	}
	h->group = capture_add(w->capture, b, r != NULL && reconcile_expect(r, b));
	if (h->group == NULL)
		return -1;
	if (r != NULL)
		reconcile_bind(r, h->group, b->group);
	names = capture_names(h->group);
	if (names != NULL && ifname_fd(names) >= 0)
		h->links = watch(w, ifname_fd(names), on_link, names);
	h->readable = watch(w, b->fd, on_group, h);
	if (h->readable != NULL)
		return 0;
	if (r != NULL)
		reconcile_unbind(r, b->group);
	release(h);
	return -1;
}

static void
end_binding(struct worker *w, const struct binding *b)
{
	struct held *h = find_held(w, b->bind_id);

	if (h == NULL)
		return;
	h->ends_at = now_ms() + DRAIN_MS;
	drain_turn(h); /* the rest when it has its turn */
}

/* A group nobody reads would lose all it logs: a successor gets every group again. */
static void
give_up(struct worker *w, const struct binding *b)
{
	char label[BINDING_LABEL_MAX];

	binding_label(b, label);
	log_error(
	    "group %s: cannot be read: out of memory; the worker starts anew", label);
	stop(w, "out of memory");
}

/* What comes next on the channel. 1; 0: nothing now; -1: the monitor is gone. */
static int
take_message(struct worker *w)
{
	static struct reading_message m;
	struct binding b;
	int rc = reading_receive(w->channel, &m);

	if (rc < 0)
		return 0;
	if (rc > 0) {
		if (w->reconcile != NULL)
			reconcile_take(w->reconcile, &m);
		return 1;
	}
	rc = binding_receive(w->channel, &b);
	if (rc <= 0)
		return rc;
	if (b.fd < 0)
		end_binding(w, &b);
	else if (take_binding(w, &b) < 0)
		give_up(w, &b);
	return 1;
}

static void
on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	int rc;

	(void)fd;
	(void)what;
	while ((rc = take_message(w)) > 0)
		;
	if (rc < 0) {
		event_del(w->event[0]);
		stop(w, "the monitor is gone");
	}
}

/* ---- what it is watched by */

static struct stats_sources
sources(const struct worker *w)
{
	return (struct stats_sources){
	    .capture = w->capture,
	    .spool = w->spool,
	    .uplink = w->uplink,
	    .filters = w->filters,
	    .log = w->log,
	    .reconcile = w->reconcile,
	    .groups_wanted = w->options->groups,
	    .worker_restarts = w->port->restarts,
	    .started_us = w->started_us,
	};
}

static void
on_stats(void *arg, struct stats *out)
{
	const struct stats_sources from = sources(arg);

	stats_fill(out, &from);
}

static void
on_metrics(void *arg, struct text *out)
{
	const struct stats_sources from = sources(arg);

	stats_write(out, &from);
}

static bool
on_ready(void *arg, char *why, size_t whysize)
{
	const struct stats_sources from = sources(arg);

	return stats_ready(&from, why, whysize);
}

static int
open_scrape(struct worker *w)
{
	const struct scrape_calls calls = {w, on_metrics, on_ready};

	if (w->port->fd < 0)
		return 0;
	w->scrape = scrape_new(w->base, w->port->fd, &calls);
	return w->scrape != NULL ? 0 : -1;
}

/* ---- start and end */

static int
open_spool(struct worker *w)
{
	const struct options *o = w->options;
	const struct spool_conf conf = {
	    .dir = o->spool_dir,
	    .size = o->spool_size,
	    .segment_size = o->segment_size,
	    .sync_interval_ms = o->sync == SYNC_INTERVAL ? o->sync_interval : 0,
	    .sync_never = o->sync == SYNC_NEVER,
	    .when_full = (enum spool_when_full)o->when_full,
	    .retain_ms = o->retain_after_ack,
	    .patience_ms = PATIENCE_MS,
	};
	char why[512];

	w->spool = spool_open(&conf, why, sizeof why);
	if (w->spool == NULL) {
		log_error("spool: %s", why);
		return -1;
	}
	return 0;
}

static int
open_local_log(struct worker *w)
{
	const struct options *o = w->options;
	char why[512];

	if (o->local_log == LOCAL_LOG_NONE)
		return 0;
	w->log = locallog_open(o->local_log_path,
	    o->local_log == LOCAL_LOG_JSON ? LOCALLOG_JSON : LOCALLOG_KERNEL, why,
	    sizeof why);
	if (w->log == NULL) {
		log_error("local log: %s", why);
		return -1;
	}
	return 0;
}

static int
open_uplink(struct worker *w)
{
	const struct options *o = w->options;
	const struct uplink_conf conf = {
	    .name = options_name(o, w->name, sizeof w->name),
	    .collectors = o->collector,
	    .keys = w->keys,
	    .allow_plain_network = o->allow_plain_network,
	    .failback_ms = o->failback,
	    .stats_interval_ms = o->stats_interval,
	    .stats = on_stats,
	    .stats_arg = w,
	    .filters = w->filters,
	};

	w->uplink = uplink_new(w->base, w->spool, &conf);
	return w->uplink != NULL ? 0 : -1;
}

static int
open_filters(struct worker *w)
{
	const struct options *o = w->options;

	w->filters = filters_new(
	    o->spool_dir, options_name(o, w->name, sizeof w->name), w->local);
	return w->filters != NULL ? 0 : -1;
}

static int
open_reconcile(struct worker *w)
{
	const struct options *o = w->options;

	if (!o->reconcile) {
		reconcile_forget(w->spool, o->spool_dir);
		return 0;
	}
	w->reconcile = reconcile_new(w->base, w->spool, o, w->channel);
	return w->reconcile != NULL ? 0 : -1;
}

static int
add_tick(struct worker *w)
{
	uint64_t ms =
	    w->options->sync == SYNC_INTERVAL ? w->options->sync_interval : TICK_MS;
	const struct timeval tv = {
	    .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (add_event(w, -1, 0, on_tick, w) < 0)
		return -1;
	return event_add(w->event[w->events - 1], &tv);
}

static int
add_events(struct worker *w)
{
	if (add_event(w, w->channel, EV_READ, on_channel, w) < 0 ||
	    add_event(w, spool_event_fd(w->spool), EV_READ, on_spool, w) < 0 ||
	    add_event(w, filters_fd(w->filters), EV_READ, on_filters, w) < 0 ||
	    add_event(w, SIGTERM, EV_SIGNAL, on_stop, w) < 0 ||
	    add_event(w, SIGINT, EV_SIGNAL, on_stop, w) < 0 ||
	    add_event(w, SIGHUP, EV_SIGNAL, on_reopen, w) < 0 || add_tick(w) < 0)
		return -1;
	if (ifname_fd(w->names) < 0)
		return 0;
	return add_event(w, ifname_fd(w->names), EV_READ, on_link, w->names);
}

static int
start(struct worker *w)
{
	const char ready = WORKER_READY;

	if (open_spool(w) < 0 || open_local_log(w) < 0)
		return -1;
	w->base = event_base_new();
	w->names = ifname_new();
	if (w->base == NULL || w->names == NULL || open_filters(w) < 0 ||
	    open_uplink(w) < 0)
		goto no_memory;
	w->capture =
	    capture_new(w->spool, w->names, w->log, (int)w->options->zstd_level);
	if (w->capture != NULL)
		capture_use_filters(w->capture, w->filters);
	if (w->capture == NULL || open_reconcile(w) < 0 || add_events(w) < 0 ||
	    open_scrape(w) < 0)
		goto no_memory;
	(void)send(w->channel, &ready, 1, MSG_NOSIGNAL);
	return 0;

no_memory:
	log_error("worker: out of memory");
	return -1;
}

static void
finish(struct worker *w)
{
	int64_t until = now_ms() + DRAIN_MS;

	scrape_free(w->scrape);
	for (size_t i = 0; i < HELD_MAX; i++)
		if (w->held[i].group != NULL)
			drain(w->held[i].group, until);
	uplink_free(w->uplink);
	reconcile_free(w->reconcile);
	for (size_t i = 0; i < HELD_MAX; i++)
		if (w->held[i].group != NULL)
			release(&w->held[i]);
	capture_free(w->capture);
	filters_free(w->filters);
	locallog_close(w->log);
	for (size_t i = 0; i < w->events; i++)
		event_free(w->event[i]);
	if (w->base != NULL)
		event_base_free(w->base);
	ifname_free(w->names);
	spool_close(w->spool);
	close(w->channel);
}

/*
 * Until their handlers are there (the monitor blocked them before the fork), and again
 * when those go, signals wait: what ends a process by default must not end one that
 * starts, or that writes down its last losses.
 */
static void
hold_signals(int how)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(how, &ours, NULL);
}

int
worker_run(const struct options *o, const struct keyfile *keys,
    struct filters_local *filters, int channel, const struct worker_port *port)
{
	struct worker w = {.options = o,
	    .keys = keys,
	    .local = filters,
	    .channel = channel,
	    .port = port};
	struct timespec now;
	int rc = EXIT_FAILED;

	clock_gettime(CLOCK_REALTIME, &now);
	w.started_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;

	signal(SIGPIPE, SIG_IGN);
	if (start(&w) == 0) {
		hold_signals(SIG_UNBLOCK);
		event_base_dispatch(w.base);
		rc = EXIT_OK;
	}
	hold_signals(SIG_BLOCK);
	finish(&w);
	return rc;
}
