/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/collector.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/alerts.h"
#include "collector/clock.h"
#include "collector/crowd.h"
#include "collector/filters.h"
#include "collector/gate.h"
#include "collector/keys.h"
#include "collector/listener.h"
#include "collector/maintain.h"
#include "collector/notify.h"
#include "collector/sink.h"
#include "collector/watch.h"
#include "common/log.h"

#define KEEP_ALIVE_MS 2000 /* for agents that wait for room */
#define SPARE_FILES 64     /* besides connections: sinks, listeners, epoll, log */

struct collector {
	const struct options *options;
	struct event_base *base;
	struct metrics metrics;
	struct hosts hosts;
	struct session_env session_env;
	struct sink_env sink_env;
	struct listener *listener;
	struct gate *gate;
	struct keys *keys;         /* NULL: no sealed socket */
	struct maintain *maintain; /* NULL: it is left to others */
	struct notify *notify;
	struct alerts *alerts; /* NULL: none are raised */
	struct watch *watch;
	const struct keytable *table;
	struct filters_feed *feed;
	struct filterset *filters; /* NULL: not read yet */
	struct log_limit filters_limit;
	struct sink **sink;
	struct session_list sessions;
	uint64_t connections;
	struct event *on_term, *on_int, *on_usr1, *on_hup, *on_chld, *keep_alive,
	    *resume, *limit;
	struct log_limit refuse_limit, crowd_limit;
	bool stopping; /* SIGTERM came */
	bool parting;  /* sessions got their BYE */
};

static struct sink *
collector_sink(struct collector *c, const struct host *h)
{
	return c->sink[h->sink];
}

/* ---- what sessions report */

static void
on_entering(void *arg, struct session *s)
{
	struct collector *c = arg;

	if (s->sealed)
		keys_note_used(c->keys, s->who.key_id);
	sink_enter(collector_sink(arg, s->host), s);
}

static struct turns *
on_turns(void *arg, const struct host *h)
{
	return sink_turns(collector_sink(arg, h));
}

static void
on_queued(void *arg, const struct host *h)
{
	sink_wake(collector_sink(arg, h));
}

static void
on_contact(void *arg, struct host *h, bool urgent)
{
	sink_contact(collector_sink(arg, h), h, urgent);
}

static struct filter_document *
on_filters(void *arg, const struct host *h)
{
	struct collector *c = arg;
	struct filter_document *d = NULL;
	const char *why;

	if (c->filters == NULL)
		return NULL;
	d = filterset_document(c->filters, h->name, &why);
	if (d == NULL)
		log_limited(&c->filters_limit, LOG_LEVEL_ERROR,
		    "%s: the central filters cannot be sent: %s", h->name, why);
	return d;
}

static uint32_t
on_filter_version(void *arg)
{
	struct collector *c = arg;

	return c->filters != NULL ? filterset_version(c->filters) : 0;
}

static void
on_applied(void *arg, const struct host *h, const struct applied *applied)
{
	struct collector *c = arg;

	filters_feed_note(c->feed, h->id, applied);
}

/* Sessions are resumed from the loop, not from within whoever freed an item. */
static void
on_released(void *arg)
{
	struct collector *c = arg;

	if (!c->stopping)
		event_active(c->resume, EV_TIMEOUT, 1);
}

static void
on_closed(void *arg, struct session *s)
{
	struct collector *c = arg;

	if (s->host != NULL)
		sink_leave(collector_sink(c, s->host), s);
	TAILQ_REMOVE(&c->sessions, s, all);
	c->connections--;
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct collector *c = arg;

	(void)fd;
	(void)what;
	session_resume_waiting(&c->session_env);
}

static void
on_keep_alive(evutil_socket_t fd, short what, void *arg)
{
	struct collector *c = arg;
	struct session *s = TAILQ_FIRST(&c->sessions), *next;

	(void)fd;
	(void)what;
	for (; s != NULL; s = next) {
		next = TAILQ_NEXT(s, all);
		session_keep_alive(s, KEEP_ALIVE_MS);
	}
}

/* ---- new connections */

/* One that says nothing makes room for one that may. */
static bool
collector_make_room(struct collector *c)
{
	struct session *silent;

	if (c->connections < c->options->max_connections)
		return true;
	silent = crowd_silent(&c->sessions);
	if (silent == NULL)
		return false;
	log_limited(&c->crowd_limit, LOG_LEVEL_WARN,
	    "%s: closed: has said no HELLO yet, and max_connections is reached",
	    silent->text);
	c->metrics.crowded++;
	session_abort(silent);
	return true;
}

/* NULL, or why this one is one too many. */
static const char *
collector_refuses(struct collector *c, const struct address *peer)
{
	uint64_t same = crowd_from(&c->sessions, peer);

	if (c->gate != NULL)
		same += gate_count(c->gate, peer);
	if (same >= c->options->max_connections_per_address)
		return "max_connections_per_address is reached";
	if (!collector_make_room(c))
		return "max_connections is reached";
	return NULL;
}

static void
collector_refuse(struct collector *c, const struct address *peer, const char *why)
{
	c->metrics.refused++;
	log_limited(&c->refuse_limit, LOG_LEVEL_WARN, "%s: connection refused: %s",
	    peer->text, why);
}

/* who: NULL for a plain connection. */
static void
collector_begin_session(struct collector *c, struct transport *t,
    const struct address *peer, const struct identity *who)
{
	struct session *s = session_new(&c->session_env, t, peer, who);

	if (s == NULL) {
		transport_free(t);
		return;
	}
	c->connections++;
	TAILQ_INSERT_TAIL(&c->sessions, s, all);
}

/* Until a session listens; what came before it is told to that one. */
static const struct transport_events no_events;

static void
on_accepted(
    void *arg, evutil_socket_t fd, const struct address *peer, enum transport_kind kind)
{
	struct collector *c = arg;
	const char *refused = collector_refuses(c, peer);
	struct transport *t = NULL;

	if (refused == NULL && kind == TRANSPORT_SEALED) {
		c->metrics.accepted++;
		gate_take(c->gate, fd, peer);
		return;
	}
	if (refused == NULL) {
		refused = "no memory";
		t = transport_new(c->base, fd, kind, &no_events, NULL);
	}
	if (t == NULL) {
		collector_refuse(c, peer, refused);
		close(fd);
		return;
	}
	c->metrics.accepted++;
	collector_begin_session(c, t, peer, NULL);
}

static void
on_admitted(void *arg, struct transport *t, const struct address *peer,
    const struct identity *who)
{
	struct collector *c = arg;
	struct session *surplus = crowd_surplus(&c->sessions, who->name);

	if (c->stopping) {
		transport_free(t);
		return;
	}
	if (surplus != NULL) {
		log_limited(&c->crowd_limit, LOG_LEVEL_WARN,
		    "%s: closed: its key has %d connections at once", surplus->text,
		    CROWD_OF_HOST_MAX);
		c->metrics.crowded++;
		session_abort(surplus);
	}
	if (collector_make_room(c)) {
		collector_begin_session(c, t, peer, who);
		return;
	}
	collector_refuse(c, peer, "max_connections is reached");
	transport_free(t);
}

/* ---- keys */

/* Who came with a key that does not hold any more has to go. */
static void
collector_check_sessions(struct collector *c)
{
	struct session *s = TAILQ_FIRST(&c->sessions), *next;
	const struct agent_key *key;

	for (; s != NULL; s = next) {
		next = TAILQ_NEXT(s, all);
		if (!s->sealed || s->state >= SESSION_CLOSING ||
		    keytable_check(c->table, s->who.key_id, &s->peer, &key) == KEY_GOOD)
			continue;
		c->metrics.revoked++;
		log_warn("%s: its key does not hold any more: closed", s->text);
		session_close(s, "this key is revoked, or not allowed from here");
	}
}

static void
on_keys(void *arg, const struct keytable *table)
{
	struct collector *c = arg;

	c->table = table;
	if (c->gate != NULL)
		gate_set_table(c->gate, table);
	listener_begin_sealed(c->listener);
	collector_check_sessions(c);
}

static void
on_unknown(void *arg)
{
	struct collector *c = arg;

	keys_hurry(c->keys);
}

static void
on_hup(evutil_socket_t number, short what, void *arg)
{
	struct collector *c = arg;

	(void)number;
	(void)what;
	keys_reload(c->keys);
	alerts_reload(c->alerts);
}

/* ---- central filters */

static void
on_filters_changed(void *arg, struct filterset *set)
{
	struct collector *c = arg;
	struct session *s = TAILQ_FIRST(&c->sessions), *next;

	c->filters = set;
	for (; s != NULL; s = next) {
		next = TAILQ_NEXT(s, all);
		session_push_filters(s);
	}
}

static int
collector_make_feed(struct collector *c)
{
	const struct filters_env env = {
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .arg = c,
	    .changed = on_filters_changed,
	};

	c->feed = filters_feed_new(&env);
	return c->feed != NULL ? 0 : -1;
}

static int
collector_make_gate(struct collector *c)
{
	const struct gate_env gate_env = {
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .arg = c,
	    .unknown = on_unknown,
	    .admitted = on_admitted,
	};
	const struct keys_env keys_env = {
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .arg = c,
	    .changed = on_keys,
	};

	if (!listener_has_sealed(c->listener))
		return 0;
	if (noise_init() < 0) {
		log_error("no random numbers: is /dev/urandom there?");
		return -1;
	}
	c->gate = gate_new(&gate_env);
	c->keys = keys_new(&keys_env);
	return c->gate != NULL && c->keys != NULL ? 0 : -1;
}

/* ---- the end */

/* Goodbyes, and the statuses that say so. */
static void
collector_part(struct collector *c)
{
	struct session *s = TAILQ_FIRST(&c->sessions), *next;

	c->parting = true;
	for (; s != NULL; s = next) {
		next = TAILQ_NEXT(s, all);
		session_close(s, "collector stops");
	}
	for (uint64_t i = 0; i < c->options->sinks; i++)
		sink_finish(c->sink[i]);
}

/* Every sink has written its rows: goodbyes, their statuses, and out. */
static void
on_idle(void *arg)
{
	struct collector *c = arg;
	uint64_t i;

	for (i = 0; i < c->options->sinks; i++)
		if (!sink_is_idle(c->sink[i]))
			return;
	if (TAILQ_EMPTY(&c->sessions))
		event_base_loopexit(c->base, NULL);
	else if (!c->parting)
		collector_part(c);
}

static void
on_stop(evutil_socket_t number, short what, void *arg)
{
	struct collector *c = arg;
	struct timeval limit = clock_timeval(c->options->stop_timeout);

	(void)what;
	if (c->stopping)
		return;
	log_info("stops: %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
	c->stopping = true;
	listener_free(c->listener);
	c->listener = NULL;
	gate_free(c->gate);
	c->gate = NULL;
	maintain_free(c->maintain);
	c->maintain = NULL;
	evtimer_add(c->limit, &limit);
	for (uint64_t i = 0; i < c->options->sinks; i++)
		sink_finish(c->sink[i]);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct collector *c = arg;

	(void)fd;
	(void)what;
	log_warn(
	    "not everything could be committed in time: agents will send it again");
	event_base_loopexit(c->base, NULL);
}

static void
on_usr1(evutil_socket_t number, short what, void *arg)
{
	struct collector *c = arg;

	(void)number;
	(void)what;
	metrics_log(&c->metrics);
}

static void
on_chld(evutil_socket_t number, short what, void *arg)
{
	struct collector *c = arg;

	(void)number;
	(void)what;
	if (!c->stopping)
		notify_tend(c->notify);
}

/* ---- life */

static void
raise_files(uint64_t connections)
{
	struct rlimit limit;
	rlim_t want = connections + SPARE_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < want)
		log_warn("only %llu files may be open, max_connections and "
			 "max_unauthenticated ask for more: "
			 "raise LimitNOFILE",
		    (unsigned long long)limit.rlim_cur);
}

static int
collector_make_events(struct collector *c)
{
	struct timeval period = clock_timeval(KEEP_ALIVE_MS);

	c->on_term = evsignal_new(c->base, SIGTERM, on_stop, c);
	c->on_int = evsignal_new(c->base, SIGINT, on_stop, c);
	c->on_usr1 = evsignal_new(c->base, SIGUSR1, on_usr1, c);
	c->on_hup = evsignal_new(c->base, SIGHUP, on_hup, c);
	c->on_chld = evsignal_new(c->base, SIGCHLD, on_chld, c);
	c->keep_alive = event_new(c->base, -1, EV_PERSIST, on_keep_alive, c);
	c->resume = evtimer_new(c->base, on_resume, c);
	c->limit = evtimer_new(c->base, on_limit, c);
	if (c->on_term == NULL || c->on_int == NULL || c->on_usr1 == NULL ||
	    c->on_hup == NULL || c->on_chld == NULL || c->keep_alive == NULL ||
	    c->resume == NULL || c->limit == NULL)
		return -1;
	if (event_add(c->on_term, NULL) != 0 || event_add(c->on_int, NULL) != 0 ||
	    event_add(c->on_usr1, NULL) != 0 || event_add(c->on_hup, NULL) != 0 ||
	    event_add(c->on_chld, NULL) != 0)
		return -1;
	return event_add(c->keep_alive, &period);
}

static int
collector_make_sinks(struct collector *c)
{
	c->sink_env = (struct sink_env){
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .dict = dict_new(),
	    .allowance = allowance_new(c->options->new_strings),
	    .alerts = c->alerts,
	    .arg = c,
	    .idle = on_idle,
	};
	c->sink_env.days.since_ms = clock_ms();
	c->sink_env.days.max_age = c->options->max_age / (DAY_US / 1000);
	c->sink = calloc(c->options->sinks, sizeof *c->sink);
	if (c->sink_env.dict == NULL || c->sink_env.allowance == NULL ||
	    c->sink == NULL)
		return -1;
	for (uint64_t i = 0; i < c->options->sinks; i++) {
		c->sink[i] = sink_new(&c->sink_env, (unsigned)i);
		if (c->sink[i] == NULL)
			return -1;
	}
	return 0;
}

static int
collector_start(struct collector *c)
{
	int rc;

	c->base = event_base_new();
	if (c->base == NULL || collector_make_events(c) != 0 ||
	    collector_make_sinks(c) != 0) {
		log_error("no memory");
		return EXIT_FAILED;
	}
	c->session_env = (struct session_env){
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .hosts = &c->hosts,
	    .arg = c,
	    .entering = on_entering,
	    .turns = on_turns,
	    .queued = on_queued,
	    .contact = on_contact,
	    .filters = on_filters,
	    .filter_version = on_filter_version,
	    .applied = on_applied,
	    .released = on_released,
	    .closed = on_closed,
	    .waiting = TAILQ_HEAD_INITIALIZER(c->session_env.waiting),
	};
	raise_files(c->options->max_connections + c->options->max_unauthenticated);
	c->listener = listener_new(c->base, c->options, on_accepted, c, &rc);
	if (rc == EXIT_OK &&
	    (collector_make_gate(c) != 0 || collector_make_feed(c) != 0))
		rc = EXIT_FAILED;
	return rc;
}

static int
collector_begin_watch(struct collector *c)
{
	const struct watch_env env = {
	    .base = c->base,
	    .options = c->options,
	    .metrics = &c->metrics,
	    .sessions = &c->sessions,
	    .session_env = &c->session_env,
	    .sink_env = &c->sink_env,
	    .sink = c->sink,
	    .gate = &c->gate,
	    .alerts = c->alerts,
	};

	c->watch = watch_new(&env);
	return c->watch != NULL ? EXIT_OK : EXIT_FAILED;
}

static int
collector_begin_maintenance(struct collector *c)
{
	if (!c->options->maintain)
		return EXIT_OK;
	c->maintain = maintain_new(c->base, c->options, &c->metrics);
	return c->maintain != NULL ? EXIT_OK : EXIT_FAILED;
}

static void
collector_free_events(struct collector *c)
{
	struct event *events[] = {c->on_term, c->on_int, c->on_usr1, c->on_hup,
	    c->on_chld, c->keep_alive, c->resume, c->limit};

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
}

static void
collector_free(struct collector *c)
{
	struct session *s;

	c->stopping = true;
	watch_free(c->watch);
	listener_free(c->listener);
	gate_free(c->gate);
	while ((s = TAILQ_FIRST(&c->sessions)) != NULL)
		session_abort(s);
	for (uint64_t i = 0; c->sink != NULL && i < c->options->sinks; i++)
		sink_free(c->sink[i]);
	free(c->sink);
	dict_free(c->sink_env.dict);
	allowance_free(c->sink_env.allowance);
	keys_free(c->keys);
	maintain_free(c->maintain);
	filters_feed_free(c->feed);
	collector_free_events(c);
	if (c->base != NULL)
		event_base_free(c->base);
}

int
collector_run(const struct options *options)
{
	struct collector c = {
	    .options = options,
	    .hosts = {.sinks = (unsigned)options->sinks},
	    .sessions = TAILQ_HEAD_INITIALIZER(c.sessions),
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	c.notify = notify_start(options);
	if (c.notify == NULL)
		return EXIT_FAILED;
	if (options->alerts && (c.alerts = alerts_new(options)) == NULL) {
		notify_stop(c.notify);
		return EXIT_FAILED;
	}
	rc = collector_start(&c);
	if (rc == EXIT_OK)
		rc = collector_begin_maintenance(&c);
	if (rc == EXIT_OK)
		rc = collector_begin_watch(&c);
	if (rc == EXIT_OK && event_base_dispatch(c.base) < 0)
		rc = EXIT_FAILED;
	metrics_log(&c.metrics);
	collector_free(&c);
	alerts_free(c.alerts);
	notify_stop(c.notify);
	return rc;
}
