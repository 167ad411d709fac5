/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>

#include "agent/dial.h"
#include "agent/window.h"
#include "common/log.h"

#define INPUT_MAX (FRAME_HEADER + FRAME_CONTROL_MAX)

enum uplink_state {
	UPLINK_WAITING, /* for the time to try again */
	UPLINK_DIALING,
	UPLINK_GREETING, /* HELLO is sent, WELCOME is to come */
	UPLINK_UP,
};

struct uplink {
	struct event_base *base;
	struct spool *spool;
	struct uplink_conf conf;
	char name[NAME_MAX_LEN + 1];

	struct address collector[UPLINK_COLLECTORS_MAX];
	unsigned collectors, current;
	unsigned rounds; /* through the whole list without a good session */
	bool good;       /* this session got an answer beyond WELCOME */

	enum uplink_state state;
	struct dial *dial, *probe; /* probe: of the first collector, while on another */
	struct transport *transport;
	struct event *timer; /* by state: try again, or silence */
	struct event *stats_timer, *failback_timer;

	struct window window;
	struct hello hello;
	struct uplink_counters counters;
	struct log_limit said_failed;
	uint8_t out[INPUT_MAX];
};

static void session_begin(struct uplink *u, struct transport *t);
static void session_end(struct uplink *u, const char *why);

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
arm(struct event *timer, uint64_t ms)
{
	const struct timeval tv = {
	    .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	event_add(timer, &tv);
}

static const char *
collector_text(const struct uplink *u)
{
	return u->collector[u->current].text;
}

/* The only place a state changes: timers follow from it. */
static void
set_state(struct uplink *u, enum uplink_state state, uint64_t wait_ms)
{
	static const char *const names[] = {"waiting", "dialing", "greeting", "up"};

	log_debug("collector %s: %s, was %s", collector_text(u), names[state],
	    names[u->state]);
	u->state = state;
	u->counters.connected = state == UPLINK_UP;
	event_del(u->timer);
	event_del(u->stats_timer);
	event_del(u->failback_timer);
	if (state == UPLINK_WAITING)
		arm(u->timer, wait_ms);
	if (state == UPLINK_GREETING || state == UPLINK_UP)
		arm(u->timer, UPLINK_SILENCE_S * 1000);
	if (state != UPLINK_UP) {
		dial_cancel(u->probe);
		u->probe = NULL;
		return;
	}
	arm(u->stats_timer, u->conf.stats_interval_ms);
	if (u->current > 0)
		arm(u->failback_timer, u->conf.failback_ms);
}

/* ---- sending */

static int
send_out(struct uplink *u, const struct writer *w)
{
	size_t len = sizeof u->out - w->left;

	return w->full ? -1 : transport_write(u->transport, u->out, len);
}

static void
send_bye(struct uplink *u, const char *reason)
{
	struct writer w = writer_of(u->out, sizeof u->out);
	struct bye bye = {0};

	snprintf(bye.reason, sizeof bye.reason, "%s", reason);
	message_put_bye(&w, &bye);
	(void)send_out(u, &w); /* the session is over either way */
}

static void
send_hello(struct uplink *u)
{
	struct writer w = writer_of(u->out, sizeof u->out);
	struct hello *h = &u->hello;
	struct utsname sys;

	memset(h, 0, sizeof *h);
	h->version = PROTOCOL_VERSION;
	h->time_us = now_us();
	snprintf(h->name, sizeof h->name, "%s", u->name);
	snprintf(h->software, sizeof h->software, "fwlog-agent %s", FWLOG_VERSION);
	if (uname(&sys) == 0)
		snprintf(h->system, sizeof h->system, "%s %s %s", sys.sysname,
		    sys.release, sys.machine);
	h->epochs = spool_epochs(u->spool, h->epoch, EPOCHS_MAX);
	message_put_hello(&w, h);
	if (send_out(u, &w) < 0)
		session_end(u, "HELLO cannot be sent: out of memory");
}

static void
send_stats(struct uplink *u)
{
	static struct stats stats;
	struct writer w = writer_of(u->out, sizeof u->out);

	stats = (struct stats){.time_us = now_us()};
	u->conf.stats(u->conf.stats_arg, &stats);
	message_put_stats(&w, &stats);
	if (send_out(u, &w) < 0)
		session_end(u, "STATS cannot be sent: out of memory");
}

/* 0, or -1: no memory. */
static int
send_applied(struct uplink *u)
{
	struct writer w = writer_of(u->out, sizeof u->out);
	struct applied applied;

	if (u->conf.filters == NULL)
		return 0;
	filters_applied(u->conf.filters, &applied);
	message_put_applied(&w, &applied);
	return send_out(u, &w);
}

/* The epoch and the last number of a frame of the spool. */
static int
frame_range(const struct bytes_view *view, uint64_t *epoch, uint64_t *last)
{
	static struct filtered filtered;
	struct batch_head head;
	struct frame f;
	struct loss loss;
	const char *why;

	if (frame_parse(view->p, view->len, &f, &why) != (long)view->len)
		return -1;
	if (f.type == FRAME_BATCH && batch_peek(f.payload, f.len, &head, &why) == 0) {
		*epoch = head.epoch;
		*last = head.first_seq + head.count - 1;
		return 0;
	}
	if (f.type == FRAME_LOSS &&
	    message_get_loss(f.payload, f.len, &loss, &why) == 0) {
		*epoch = loss.epoch;
		*last = loss.first_seq + loss.count - 1;
		return 0;
	}
	if (f.type == FRAME_FILTERED &&
	    message_get_filtered(f.payload, f.len, &filtered, &why) == 0) {
		*epoch = filtered.epoch;
		*last = filtered.first_seq + filtered.count - 1;
		return 0;
	}
	return -1;
}

void
uplink_pump(struct uplink *u)
{
	struct bytes_view frame;
	uint64_t epoch, last;

	while (u->state == UPLINK_UP && window_open(&u->window) &&
	       spool_next(u->spool, &frame) == 1) {
		if (frame_range(&frame, &epoch, &last) < 0) {
			log_error("the spool gave a frame that is none; not sent");
			continue;
		}
		if (transport_write(u->transport, frame.p, frame.len) < 0) {
			session_end(u, "a frame cannot be sent: out of memory");
			return;
		}
		window_push(&u->window, epoch, last, frame.len);
		u->counters.frames++;
		u->counters.bytes += frame.len;
	}
}

/* ---- receiving: each returns the reason to close, or NULL */

static const char *
take_welcome(struct uplink *u, const struct frame *f)
{
	static struct welcome m;
	const char *why;

	if (message_get_welcome(f->payload, f->len, &m, &why) < 0)
		return why;
	if (m.version != PROTOCOL_VERSION)
		return "the collector speaks another version of the protocol: bring "
		       "agent and collector to the same release";
	if (m.epochs != u->hello.epochs)
		return "WELCOME does not answer this HELLO";
	for (unsigned i = 0; i < m.epochs; i++)
		if (m.epoch[i].epoch != u->hello.epoch[i].epoch)
			return "WELCOME does not answer this HELLO";
	for (unsigned i = 0; i < m.epochs; i++)
		spool_resume(u->spool, m.epoch[i].epoch, m.epoch[i].seq);
	log_info("connected to collector %s", collector_text(u));
	u->counters.sessions++;
	u->said_failed = (struct log_limit){0};
	set_state(u, UPLINK_UP, 0);
	if (send_applied(u) < 0)
		return "APPLIED cannot be sent: out of memory";
	send_stats(u);
	return NULL;
}

static const char *
take_ack(struct uplink *u, const struct frame *f)
{
	const char *why;
	struct ack m;
	int rc;

	if (message_get_ack(f->payload, f->len, &m, &why) < 0)
		return why;
	rc = window_ack(&u->window, m.epoch, m.seq);
	if (rc < 0)
		return "an ACK for what was not sent";
	if (rc > 0)
		spool_ack(u->spool, m.epoch, m.seq);
	return NULL;
}

static const char *
take_filters(struct uplink *u, const struct frame *f)
{
	const char *why;
	struct filters m;
	int rc;

	if (message_get_filters(f->payload, f->len, &m, &why) < 0)
		return why;
	if (u->conf.filters == NULL)
		return NULL;
	rc = filters_take(u->conf.filters, &m, &why);
	return rc < 0 ? why : NULL;
}

static const char *
take_bye(const struct frame *f)
{
	static char reason[TEXT_MAX_LEN + 32];
	const char *why;
	struct bye m;

	if (message_get_bye(f->payload, f->len, &m, &why) < 0)
		return why;
	snprintf(reason, sizeof reason, "the collector says: %s", m.reason);
	return reason;
}

static const char *
take_frame(struct uplink *u, const struct frame *f)
{
	struct alive alive;
	const char *why;

	if (f->type == FRAME_BYE)
		return take_bye(f);
	if (f->type == FRAME_WELCOME && u->state == UPLINK_GREETING)
		return take_welcome(u, f);
	if (u->state != UPLINK_UP)
		return "a frame that has no place before WELCOME";
	u->good = true;
	u->rounds = 0;
	switch (f->type) {
	case FRAME_ACK:
		return take_ack(u, f);
	case FRAME_ALIVE:
		return message_get_alive(f->payload, f->len, &alive, &why) < 0 ? why
									       : NULL;
	case FRAME_FILTERS:
		return take_filters(u, f);
	default:
		return "a frame no collector sends";
	}
}

/*
 * All complete frames of what came in. The session may end in the middle, and its
 * buffer with it: *why is the reason, the rest is dropped.
 */
static size_t
take_input(struct uplink *u, const uint8_t *p, size_t len, const char **why)
{
	size_t used = 0;
	struct frame f;
	long n;

	while ((n = frame_parse(p + used, len - used, &f, why)) > 0) {
		*why = take_frame(u, &f);
		if (*why != NULL || u->transport == NULL)
			return used;
		used += (size_t)n;
	}
	if (n == 0)
		*why = len - used >= INPUT_MAX ? "a frame no collector sends" : NULL;
	return used;
}

/* HELLO names only so many runs: the next ones have their turn at once. */
static void
session_renew(struct uplink *u)
{
	log_info("collector %s: connecting again for further runs in the spool",
	    collector_text(u));
	send_bye(u, "further runs wait than HELLO could name");
	transport_close(u->transport);
	u->transport = NULL;
	window_clear(&u->window);
	set_state(u, UPLINK_WAITING, 0);
}

static void
on_data(void *arg, struct evbuffer *in)
{
	struct uplink *u = arg;
	size_t len = evbuffer_get_length(in), used;
	const uint8_t *p = evbuffer_pullup(in, (ev_ssize_t)len);
	const char *why = "out of memory";

	if (p == NULL) {
		session_end(u, why);
		return;
	}
	arm(u->timer, UPLINK_SILENCE_S * 1000);
	used = take_input(u, p, len, &why);
	if (u->transport == NULL)
		return;
	if (why != NULL) {
		session_end(u, why);
		return;
	}
	evbuffer_drain(in, used);
	uplink_pump(u);
	if (u->state == UPLINK_UP && spool_wants_session(u->spool))
		session_renew(u);
}

/* ---- sessions */

static void
on_down(void *arg, const char *why)
{
	session_end(arg, why);
}

static void
on_up(void *arg)
{
	(void)arg; /* the dial saw to it */
}

static const struct transport_events session_events = {on_up, on_data, on_down};

static void
session_begin(struct uplink *u, struct transport *t)
{
	u->transport = t;
	u->good = false;
	window_clear(&u->window);
	if (u->conf.filters != NULL)
		filters_session(u->conf.filters);
	set_state(u, UPLINK_GREETING, 0);
	transport_listen(t, &session_events, u);
	send_hello(u);
}

/* Half of it is chance, so that many agents do not come back at the same moment. */
static uint64_t
backoff_ms(unsigned rounds)
{
	uint64_t ms = UPLINK_BACKOFF_MAX_MS;
	uint32_t chance = 0;

	if (rounds < 6 && (UPLINK_BACKOFF_MS << rounds) < UPLINK_BACKOFF_MAX_MS)
		ms = UPLINK_BACKOFF_MS << rounds;
	if (getrandom(&chance, sizeof chance, 0) < 0)
		chance = (uint32_t)now_us();
	return ms / 2 + chance % (ms / 2 + 1);
}

/*
 * After a good session the list begins anew; otherwise the next collector has its turn
 * at once, and the whole list again after a pause.
 */
static void
try_later(struct uplink *u)
{
	uint64_t wait = 0;

	if (u->good) {
		u->good = false;
		u->current = 0;
		wait = backoff_ms(0);
	} else {
		u->current = (u->current + 1) % u->collectors;
		if (u->current == 0)
			wait = backoff_ms(u->rounds++);
	}
	set_state(u, UPLINK_WAITING, wait);
}

static void
session_end(struct uplink *u, const char *why)
{
	log_limited(&u->said_failed, LOG_LEVEL_WARN,
	    "collector %s: %s; records wait in "
	    "the spool",
	    collector_text(u), why);
	u->counters.failures++;
	transport_close(u->transport);
	u->transport = NULL;
	window_clear(&u->window);
	try_later(u);
}

static struct dial *
start_dial(struct uplink *u, const struct address *to, dial_done *done)
{
	const struct dial_conf conf = {
	    .keys = u->conf.keys,
	    .allow_plain_network = u->conf.allow_plain_network,
	    .input_max = INPUT_MAX,
	};

	return dial_start(u->base, to, &conf, done, u);
}

static void
on_dialed(void *arg, struct transport *t, const char *why)
{
	struct uplink *u = arg;

	u->dial = NULL;
	if (t == NULL)
		session_end(u, why);
	else
		session_begin(u, t);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *u = arg;

	(void)fd;
	(void)what;
	if (u->state != UPLINK_WAITING) {
		session_end(u, "nothing heard for 30 s");
		return;
	}
	set_state(u, UPLINK_DIALING, 0);
	u->dial = start_dial(u, &u->collector[u->current], on_dialed);
	if (u->dial == NULL)
		session_end(u, "out of memory");
}

static void
on_stats(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *u = arg;

	(void)fd;
	(void)what;
	arm(u->stats_timer, u->conf.stats_interval_ms);
	send_stats(u);
}

/* ---- back to the first collector */

static void
on_probed(void *arg, struct transport *t, const char *why)
{
	struct uplink *u = arg;

	u->probe = NULL;
	if (t == NULL) {
		log_debug("collector %s: still away: %s", u->collector[0].text, why);
		arm(u->failback_timer, u->conf.failback_ms);
		return;
	}
	log_info("collector %s is back, leaving %s", u->collector[0].text,
	    collector_text(u));
	send_bye(u, "returning to the first collector");
	transport_close(u->transport);
	u->current = 0;
	session_begin(u, t);
}

static void
on_failback(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *u = arg;

	(void)fd;
	(void)what;
	u->probe = start_dial(u, &u->collector[0], on_probed);
	if (u->probe == NULL)
		arm(u->failback_timer, u->conf.failback_ms);
}

/* ---- from outside */

static int
read_list(struct uplink *u, const char *list)
{
	const char *why;

	while (list != NULL && u->collectors < UPLINK_COLLECTORS_MAX)
		if (address_next(&list, &u->collector[u->collectors++], &why) < 0)
			return -1;
	return 0;
}

struct uplink *
uplink_new(struct event_base *base, struct spool *spool, const struct uplink_conf *conf)
{
	struct uplink *u = calloc(1, sizeof *u);

	if (u == NULL)
		return NULL;
	u->base = base;
	u->spool = spool;
	u->conf = *conf;
	snprintf(u->name, sizeof u->name, "%s", conf->name);
	u->timer = evtimer_new(base, on_timer, u);
	u->stats_timer = evtimer_new(base, on_stats, u);
	u->failback_timer = evtimer_new(base, on_failback, u);
	if (u->timer == NULL || u->stats_timer == NULL || u->failback_timer == NULL ||
	    read_list(u, conf->collectors) < 0) {
		uplink_free(u);
		return NULL;
	}
	set_state(u, UPLINK_WAITING, 0);
	return u;
}

static void
free_event(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

void
uplink_free(struct uplink *u)
{
	if (u == NULL)
		return;
	if (u->state == UPLINK_UP)
		send_bye(u, "the agent stops");
	transport_close(u->transport);
	dial_cancel(u->dial);
	dial_cancel(u->probe);
	free_event(u->timer);
	free_event(u->stats_timer);
	free_event(u->failback_timer);
	free(u);
}

void
uplink_filters_changed(struct uplink *u)
{
	if (u->state == UPLINK_UP && send_applied(u) < 0)
		session_end(u, "APPLIED cannot be sent: out of memory");
}

void
uplink_counters(const struct uplink *u, struct uplink_counters *out)
{
	*out = u->counters;
	out->in_flight = u->window.bytes;
}
