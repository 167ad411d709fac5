/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/session.h"

#include <event2/buffer.h>
#include <inttypes.h>
#include <stdlib.h>

#include "collector/clock.h"
#include "common/batch.h"
#include "common/log.h"
#include "common/planted.h"

/* Bytes read ahead of the frame being waited for. */
#define READ_AHEAD (256u << 10)
/* A WELCOME for all epochs a HELLO may name. */
#define SEND_MAX (FRAME_HEADER + 32 + EPOCHS_MAX * 16)

/* ---- life */

static void session_on_data(void *arg);
static void session_on_sent(void *arg);
static void session_on_down(void *arg, enum transport_end end);
static void session_on_limit(evutil_socket_t fd, short what, void *arg);
static void session_enter(struct session *s, enum session_state state);
static void session_expect(struct session *s, size_t need);
static void session_drop_push(struct session *s);

static void
session_on_released(void *owner)
{
	struct session *s = owner;
	struct session_env *env = s->env;

	session_unref(s);
	env->released(env->arg);
}

static const struct transport_events session_events = {
    .data = session_on_data,
    .sent = session_on_sent,
    .down = session_on_down,
};

struct session *
session_new(struct session_env *env, struct transport *t, const struct address *peer,
    const struct identity *who)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->limit = evtimer_new(env->base, session_on_limit, s);
	if (s->limit == NULL) {
		free(s);
		return NULL;
	}
	s->env = env;
	s->transport = t;
	s->refs = 1;
	s->peer = *peer;
	snprintf(s->text, sizeof s->text, "%s", peer->text);
	if (who != NULL) {
		s->sealed = true;
		s->who = *who;
		snprintf(s->text, sizeof s->text, "%s (%s)", who->name, peer->text);
	}
	queue_init(&s->queue, &env->held, s, session_on_released);
	transport_listen(t, &session_events, s);
	transport_limit(t, env->options->idle_timeout);
	session_enter(s, SESSION_HELLO);
	session_expect(s, 0);
	return s;
}

void
session_ref(struct session *s)
{
	s->refs++;
}

void
session_unref(struct session *s)
{
	if (--s->refs > 0)
		return;
	event_free(s->limit);
	host_unref(s->host);
	free(s->epoch);
	free(s);
}

struct session *
session_of(const struct item *item)
{
	return item->queue->owner;
}

/* ---- states */

static void
session_leave_host(struct session *s)
{
	struct host *h = s->host;

	if (h == NULL || h->session != s)
		return;
	h->session = NULL;
	h->status.connected = false;
	s->env->contact(s->env->arg, h, true);
}

/* Takes the session from those that wait. */
static void
session_stop_waiting(struct session *s)
{
	if (s->paused)
		TAILQ_REMOVE(&s->env->waiting, s, waiting);
	s->paused = false;
}

static void
session_limit(struct session *s, uint64_t ms)
{
	struct timeval t = clock_timeval(ms);

	if (ms == 0)
		evtimer_del(s->limit);
	else
		evtimer_add(s->limit, &t);
}

/* The frame has arrived, or never will. */
static void
session_unreserve(struct session *s)
{
	if (s->reserved == 0)
		return;
	s->env->reserved -= s->reserved;
	s->reserved = 0;
	session_limit(s, 0);
	s->env->released(s->env->arg);
}

/* Nothing more is taken from this agent. */
static void
session_take_leave(struct session *s)
{
	session_stop_waiting(s);
	session_unreserve(s);
	session_drop_push(s);
	queue_clear(&s->queue);
	session_leave_host(s);
}

/* The only place where a state changes. */
static void
session_enter(struct session *s, enum session_state state)
{
	s->state = state;
	switch (state) {
	case SESSION_HELLO:
		session_limit(s, s->env->options->hello_timeout);
		break;
	case SESSION_ENTERING:
		session_limit(s, 0);
		s->env->entering(s->env->arg, s);
		break;
	case SESSION_OPEN:
		log_info("%s: connected", s->text);
		break;
	case SESSION_CLOSING:
		transport_read(s->transport, false);
		session_take_leave(s);
		session_limit(s, SESSION_CLOSE_MS);
		break;
	case SESSION_CLOSED:
		session_limit(s, 0);
		transport_free(s->transport);
		s->transport = NULL;
		session_take_leave(s);
		s->env->closed(s->env->arg, s);
		session_unref(s);
		break;
	}
}

void
session_abort(struct session *s)
{
	if (s->state != SESSION_CLOSED)
		session_enter(s, SESSION_CLOSED);
}

static void
session_write(struct session *s, const struct writer *w, const uint8_t *start)
{
	if (s->transport == NULL || s->state == SESSION_CLOSING)
		return;
	if (transport_unsent(s->transport) > SESSION_OUTPUT_MAX) {
		log_warn("%s: does not read what it is sent: closed", s->text);
		session_close(s, "acknowledgements are not read");
	} else if (w->full ||
		   transport_write(s->transport, start, (size_t)(w->at - start)) != 0) {
		log_error("%s: no memory for what it is told: closed", s->text);
		session_close(s, "no memory");
	}
}

void
session_close(struct session *s, const char *reason)
{
	uint8_t frame[FRAME_HEADER + 1 + TEXT_MAX_LEN];
	struct writer w = writer_of(frame, sizeof frame);
	struct bye bye;

	if (s->state >= SESSION_CLOSING)
		return;
	snprintf(bye.reason, sizeof bye.reason, "%s", reason);
	message_put_bye(&w, &bye);
	if (transport_write(s->transport, frame, (size_t)(w.at - frame)) == 0)
		session_enter(s, SESSION_CLOSING);
	else
		session_abort(s);
}

/* For what the peer did wrong. */
static int
session_refuse(struct session *s, const char *reason)
{
	s->env->metrics->faulted++;
	log_warn("%s: %s: connection closed", s->text, reason);
	session_close(s, reason);
	return -1;
}

/* ---- what the agent sends */

static int
session_take_epochs(struct session *s, const struct hello *hello)
{
	s->epochs = hello->epochs;
	s->epoch = calloc(hello->epochs + 1u, sizeof *s->epoch);
	if (s->epoch == NULL)
		return -1;
	memcpy(s->epoch, hello->epoch, hello->epochs * sizeof *s->epoch);
	return 0;
}

static void
session_note_time(struct session *s, uint64_t agent_us)
{
	struct host_status *status = &s->host->status;

	status->heard_us = clock_wall_us();
	status->skew_ms =
	    (int64_t)(agent_us / 1000) - (int64_t)(status->heard_us / 1000);
}

static void
session_take_host(struct session *s, const struct hello *hello)
{
	struct host_status *status = &s->host->status;

	if (s->host->session != NULL) {
		log_info("%s: superseded by a newer connection from %s",
		    s->host->session->text, s->peer.text);
		session_close(s->host->session, "superseded by a newer connection");
	}
	s->host->session = s;
	snprintf(s->text, sizeof s->text, "%s (%s)", s->host->name, s->peer.text);
	memcpy(status->address, s->peer.text, sizeof status->address);
	memcpy(status->software, hello->software, sizeof status->software);
	memcpy(status->system, hello->system, sizeof status->system);
	status->connected = true;
	session_note_time(s, hello->time_us);
}

static int
session_hello(struct session *s, const struct frame *f)
{
	struct hello hello;
	char other[2 * NAME_MAX_LEN + 80];
	const char *why;

	if (message_get_hello(f->payload, f->len, &hello, &why) != 0)
		return session_refuse(s, why);
	if (s->sealed && strcmp(hello.name, s->who.name) != 0 && !planted(skip_auth)) {
		snprintf(other, sizeof other,
		    "says it is %s, but its key was made for %s", hello.name,
		    s->who.name);
		return session_refuse(s, other);
	}
	s->host = host_enter(s->env->hosts, hello.name);
	if (s->host == NULL || session_take_epochs(s, &hello) != 0)
		return session_refuse(s, "no memory");
	session_take_host(s, &hello);
	session_enter(s, SESSION_ENTERING);
	return 0;
}

static struct epoch_mark *
session_epoch(struct session *s, uint64_t epoch)
{
	for (uint16_t i = 0; i < s->epochs; i++)
		if (s->epoch[i].epoch == epoch)
			return &s->epoch[i];
	return NULL;
}

/* Numbers come without a gap; known ones may come again. */
static const char *
session_check_numbers(struct session *s, const struct item *item)
{
	struct epoch_mark *mark = session_epoch(s, item->epoch);
	uint64_t last;

	if (mark == NULL)
		return "epoch was not named in HELLO";
	if (item->first_seq == 0 || item->count == 0 ||
	    item->first_seq > (uint64_t)INT64_MAX - item->count)
		return "sequence numbers out of bounds";
	if (item->first_seq > mark->seq + 1)
		return "gap in the sequence numbers";
	last = item->first_seq + item->count - 1;
	if (last > mark->seq)
		mark->seq = last;
	return NULL;
}

static int
item_read_batch(struct item *item, const struct frame *f, const char **why)
{
	struct batch_head head;

	if (batch_peek(f->payload, f->len, &head, why) != 0)
		return -1;
	item->kind = ITEM_BATCH;
	item->epoch = head.epoch;
	item->first_seq = head.first_seq;
	item->count = head.count;
	return 0;
}

static int
item_read_loss(struct item *item, const struct frame *f, const char **why)
{
	if (message_get_loss(f->payload, f->len, &item->loss, why) != 0)
		return -1;
	item->kind = ITEM_LOSS;
	item->epoch = item->loss.epoch;
	item->first_seq = item->loss.first_seq;
	item->count = item->loss.count;
	return 0;
}

static int
item_read_filtered(struct item *item, const struct frame *f, const char **why)
{
	struct filtered filtered;

	if (message_get_filtered(f->payload, f->len, &filtered, why) != 0)
		return -1;
	item->kind = ITEM_FILTERED;
	item->epoch = filtered.epoch;
	item->first_seq = filtered.first_seq;
	item->count = filtered.count;
	return 0;
}

static int
item_read(struct item *item, const struct frame *f, const char **why)
{
	switch (f->type) {
	case FRAME_BATCH:
		return item_read_batch(item, f, why);
	case FRAME_LOSS:
		return item_read_loss(item, f, why);
	default: /* FRAME_FILTERED */
		return item_read_filtered(item, f, why);
	}
}

/* NULL, or why the frame in the item is refused. */
static const char *
session_check_item(struct session *s, struct item *item)
{
	const char *why = "frame cut short";
	struct frame f;
	int rc;

	if (frame_parse(item->frame, item->len, &f, &why) <= 0)
		return why;
	if (!frame_crc_ok(&f))
		return "checksum does not fit";
	rc = item_read(item, &f, &why);
	return rc != 0 ? why : session_check_numbers(s, item);
}

/* The len bytes at the head of the input are a BATCH or LOSS frame. */
static int
session_take_item(struct session *s, struct evbuffer *in, size_t len)
{
	struct item *item = item_new(&s->queue, len);
	const char *why;

	if (item == NULL)
		return session_refuse(s, "no memory");
	session_ref(s); /* the item's, given back by session_on_released */
	evbuffer_remove(in, item->frame, len);
	why = session_check_item(s, item);
	if (why != NULL) {
		item_free(item);
		return session_refuse(s, why);
	}
	s->env->metrics->batches++;
	s->env->metrics->bytes += len;
	queue_put(&s->queue, item, s->env->turns(s->env->arg, s->host));
	s->env->queued(s->env->arg, s->host);
	return 0;
}

/* ---- central filters */

static void
session_drop_push(struct session *s)
{
	filter_document_unref(s->push.document);
	s->push.document = NULL;
	s->push.offset = 0;
}

static bool
push_is(const struct push_id *id, const struct filter_document *d)
{
	return id->version == d->version && id->crc == d->crc;
}

/* Whether the agent has this one, gets it, or cannot take it. */
static bool
push_knows(const struct push *p, const struct filter_document *d)
{
	if (push_is(&p->refused, d))
		return true;
	return push_is(p->sent.version != 0 ? &p->sent : &p->applied, d);
}

static void
session_push_piece(struct session *s)
{
	uint8_t frame[FRAME_HEADER + 16 + FILTERS_PIECE_MAX], bytes[FILTERS_PIECE_MAX];
	struct writer w = writer_of(frame, sizeof frame);
	const struct filter_document *d = s->push.document;
	size_t left = d->len - s->push.offset;
	struct filters piece = {
	    .version = d->version,
	    .total = (uint32_t)d->len,
	    .crc = d->crc,
	    .offset = (uint32_t)s->push.offset,
	    .bytes = bytes,
	    .len = left < FILTERS_PIECE_MAX ? left : FILTERS_PIECE_MAX,
	};

	filter_document_copy(d, s->push.offset, bytes, piece.len);
	message_put_filters(&w, &piece);
	s->push.offset += piece.len;
	session_write(s, &w, frame);
}

/* As fast as the agent takes it, a piece at a time: acknowledgements go in between. */
static void
session_pump_push(struct session *s)
{
	while (s->push.document != NULL && s->state == SESSION_OPEN &&
	       transport_unsent(s->transport) == 0) {
		session_push_piece(s);
		/* The session may be closed by that. */
		if (s->push.document == NULL || s->push.offset < s->push.document->len)
			continue;
		session_drop_push(s);
		s->push.answers++;
	}
}

void
session_push_filters(struct session *s)
{
	struct filter_document *d;

	if (s->state != SESSION_OPEN || !s->push.heard)
		return;
	d = s->env->filters(s->env->arg, s->host);
	if (d == NULL)
		return;
	if (push_knows(&s->push, d)) {
		filter_document_unref(d);
		return;
	}
	session_drop_push(s);
	s->push.document = d;
	s->push.sent = (struct push_id){d->version, d->crc};
	session_pump_push(s);
}

static int
session_applied(struct session *s, const struct frame *f)
{
	struct applied applied;
	const char *why;

	if (message_get_applied(f->payload, f->len, &applied, &why) != 0)
		return session_refuse(s, why);
	if (s->push.heard && s->push.answers == 0)
		return session_refuse(s, "APPLIED without a document to answer");
	s->push.answers -= s->push.heard;
	if (applied.refused != 0)
		log_warn("%s: cannot apply version %" PRIu32
			 " of the central filters and goes on with version %" PRIu32,
		    s->text, applied.refused, applied.version);
	s->push.heard = true;
	s->push.applied = (struct push_id){applied.version, applied.crc};
	s->push.refused = (struct push_id){applied.refused, applied.refused_crc};
	s->env->applied(s->env->arg, s->host, &applied);
	session_push_filters(s);
	return 0;
}

/* What an agent applies it says before anything else. */
static void
session_check_deaf(struct session *s)
{
	if (s->push.heard || s->push.deaf)
		return;
	s->push.deaf = true;
	log_info("%s: its agent does not know central filters", s->text);
	s->env->applied(s->env->arg, s->host, NULL);
}

static void
session_send_alive(struct session *s)
{
	uint8_t frame[FRAME_HEADER + 16];
	struct writer w = writer_of(frame, sizeof frame);
	struct alive alive = {.time_us = clock_wall_us()};

	message_put_alive(&w, &alive);
	session_write(s, &w, frame);
}

static int
session_stats(struct session *s, const struct frame *f)
{
	struct host_status *status = &s->host->status;
	struct stats stats;
	const char *why;

	if (message_get_stats(f->payload, f->len, &stats, &why) != 0)
		return session_refuse(s, why);
	status->stats = stats;
	session_note_time(s, stats.time_us);
	session_check_deaf(s);
	session_send_alive(s);
	s->env->contact(s->env->arg, s->host, false);
	return 0;
}

static int
session_bye(struct session *s, const struct frame *f)
{
	struct bye bye;
	const char *why;

	if (message_get_bye(f->payload, f->len, &bye, &why) != 0)
		return session_refuse(s, why);
	for (char *c = bye.reason; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	log_info("%s: agent said goodbye: %s", s->text, bye.reason);
	session_abort(s);
	return -1;
}

/* A frame that is neither BATCH nor LOSS. */
static int
session_control(struct session *s, const struct frame *f)
{
	switch (f->type) {
	case FRAME_HELLO:
		if (s->state == SESSION_HELLO)
			return session_hello(s, f);
		return session_refuse(s, "second HELLO");
	case FRAME_STATS:
		if (s->state == SESSION_OPEN)
			return session_stats(s, f);
		return session_refuse(s, "STATS before WELCOME");
	case FRAME_APPLIED:
		if (s->state == SESSION_OPEN)
			return session_applied(s, f);
		return session_refuse(s, "APPLIED before WELCOME");
	case FRAME_BYE:
		return session_bye(s, f);
	default:
		return session_refuse(s, "frame type is not an agent's");
	}
}

/* ---- reading */

static bool
session_has_room(const struct session *s)
{
	const struct options *o = s->env->options;
	uint64_t share = s->env->held < o->queue_size / 2
			     ? o->session_queue
			     : o->queue_size / SESSION_SHARES;

	return s->queue.held < share && s->env->held < o->queue_size;
}

/* To be called once need bytes are there. Who has not said HELLO gets one small buffer.
 */
static void
session_expect(struct session *s, size_t need)
{
	transport_expect(s->transport, need,
	    s->state == SESSION_HELLO ? FRAME_HEADER + FRAME_CONTROL_MAX
				      : need + READ_AHEAD);
}

static void
session_pause(struct session *s)
{
	s->paused = true;
	TAILQ_INSERT_TAIL(&s->env->waiting, s, waiting);
	s->env->metrics->paused++;
	transport_read(s->transport, false);
}

/* Waits for need bytes; a large frame only begins where all of it has room. */
static void
session_await(struct session *s, size_t need)
{
	struct session_env *env = s->env;

	if (s->reserved == 0 && need > SESSION_FRAME_SMALL &&
	    s->state == SESSION_OPEN) {
		if (env->reserved + need > env->options->queue_size / 2) {
			session_pause(s);
			return;
		}
		s->reserved = need;
		env->reserved += need;
		session_limit(
		    s, SESSION_FRAME_WAIT_MS + need * 1000 / SESSION_FRAME_RATE);
	}
	session_expect(s, need);
}

static int
session_dispatch(
    struct session *s, struct evbuffer *in, enum frame_type type, size_t len)
{
	const char *why = "frame cut short";
	struct frame f;
	int rc;

	if (frame_is_numbered(type)) {
		if (s->state != SESSION_OPEN)
			return session_refuse(s, "records before WELCOME");
		return session_take_item(s, in, len);
	}
	if (frame_parse(evbuffer_pullup(in, (ev_ssize_t)len), len, &f, &why) <= 0)
		return session_refuse(s, why);
	rc = session_control(s, &f);
	/* Without memory for an answer the session ends, and its input with it. */
	if (rc == 0 && s->transport != NULL)
		evbuffer_drain(in, len);
	return rc;
}

/* One frame: 1 taken, 0 more bytes are needed, -1 the session is over. */
static int
session_read_frame(struct session *s, struct evbuffer *in)
{
	uint8_t head[FRAME_HEADER];
	struct frame f;
	struct reader r;
	const char *why;
	size_t need;

	if (evbuffer_get_length(in) < FRAME_HEADER)
		return 0;
	evbuffer_copyout(in, head, sizeof head);
	if (frame_parse(head, sizeof head, &f, &why) < 0)
		return session_refuse(s, why);
	r = reader_of(head, sizeof head);
	need = 4u + get_u32(&r);
	if (s->state < SESSION_OPEN && need > FRAME_HEADER + FRAME_CONTROL_MAX)
		return session_refuse(s, s->state == SESSION_HELLO
					     ? "HELLO expected first"
					     : "records before WELCOME");
	if (evbuffer_get_length(in) < need) {
		session_await(s, need);
		return 0;
	}
	session_unreserve(s);
	return session_dispatch(s, in, f.type, need) == 0 ? 1 : -1;
}

static void
session_read(struct session *s)
{
	struct evbuffer *in = transport_input(s->transport);
	int rc = 1;

	session_ref(s);
	session_expect(s, 0);
	while (rc == 1 && s->state < SESSION_CLOSING) {
		if (s->state == SESSION_OPEN && s->reserved == 0 &&
		    !session_has_room(s)) {
			session_pause(s);
			break;
		}
		rc = session_read_frame(s, in);
	}
	session_unref(s);
}

static void
session_on_data(void *arg)
{
	struct session *s = arg;

	if (s->state < SESSION_CLOSING && !s->paused)
		session_read(s);
}

/* One of those that wait; who finds no room waits behind the others. */
static void
session_resume(struct session *s)
{
	if (!session_has_room(s)) {
		TAILQ_REMOVE(&s->env->waiting, s, waiting);
		TAILQ_INSERT_TAIL(&s->env->waiting, s, waiting);
		return;
	}
	session_stop_waiting(s);
	transport_read(s->transport, true);
	/* What was already read will not be announced again. */
	session_read(s);
}

void
session_resume_waiting(struct session_env *env)
{
	struct session *s;
	size_t n = 0;

	TAILQ_FOREACH (s, &env->waiting, waiting)
		n++;
	for (; n > 0 && env->held < env->options->queue_size; n--) {
		s = TAILQ_FIRST(&env->waiting);
		if (s == NULL)
			return;
		session_resume(s);
	}
}

static void
session_on_sent(void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_CLOSING && transport_unsent(s->transport) == 0)
		session_abort(s);
	else
		session_pump_push(s);
}

/* Nothing is said to a peer whose bytes do not open: it may be another one by now. */
static void
session_on_down(void *arg, enum transport_end end)
{
	struct session *s = arg;

	if (s->state >= SESSION_CLOSING) {
		session_abort(s);
		return;
	}
	switch (end) {
	case TRANSPORT_SILENT:
	case TRANSPORT_STUCK:
		log_info("%s: %s for %" PRIu64 " s: closed", s->text,
		    end == TRANSPORT_SILENT ? "silent" : "takes nothing",
		    s->env->options->idle_timeout / 1000);
		session_close(s, "nothing was heard for too long");
		return;
	case TRANSPORT_CLOSED:
		log_info("%s: disconnected", s->text);
		break;
	case TRANSPORT_LOST:
		log_info(
		    "%s: connection lost: %s", s->text, transport_why(s->transport));
		break;
	case TRANSPORT_BROKEN:
		s->env->metrics->tampered++;
		log_warn(
		    "%s: what came does not open: %s: changed on the way, by damage or "
		    "by somebody: closed",
		    s->text, transport_why(s->transport));
		break;
	case TRANSPORT_MEMORY:
		log_error("%s: no memory for what it sends: closed", s->text);
		break;
	}
	session_abort(s);
}

static void
session_on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)what;
	if (s->state == SESSION_HELLO)
		session_refuse(s, "no HELLO in time");
	else if (s->state == SESSION_OPEN)
		session_refuse(s, "a frame takes too long");
	else
		session_abort(s);
}

/* ---- what the agent is told */

void
session_welcome(struct session *s, const struct epoch_mark *marks, size_t n)
{
	uint8_t frame[SEND_MAX];
	struct writer w = writer_of(frame, sizeof frame);
	struct welcome welcome = {
	    .version = PROTOCOL_VERSION,
	    .time_us = clock_wall_us(),
	    .filter_version = s->env->filter_version(s->env->arg),
	    .epochs = s->epochs,
	};

	if (s->state != SESSION_ENTERING)
		return;
	for (uint16_t i = 0; i < s->epochs; i++) {
		s->epoch[i].seq = 0;
		for (size_t m = 0; m < n; m++)
			if (marks[m].epoch == s->epoch[i].epoch)
				s->epoch[i].seq = marks[m].seq;
		welcome.epoch[i] = s->epoch[i];
	}
	message_put_welcome(&w, &welcome);
	session_write(s, &w, frame);
	if (s->state == SESSION_ENTERING) {
		session_enter(s, SESSION_OPEN);
		s->env->metrics->sessions++;
	}
	s->env->contact(s->env->arg, s->host, true);
}

void
session_ack(struct session *s, uint64_t epoch, uint64_t seq)
{
	uint8_t frame[FRAME_HEADER + 16];
	struct writer w = writer_of(frame, sizeof frame);
	struct ack ack = {.epoch = epoch, .seq = seq};

	if (s->state != SESSION_OPEN)
		return;
	message_put_ack(&w, &ack);
	session_write(s, &w, frame);
}

void
session_keep_alive(struct session *s, uint32_t every_ms)
{
	if (s->state != SESSION_CLOSED && transport_is_silent(s->transport, every_ms)) {
		log_info(
		    "%s: acknowledges nothing that is sent to it: closed", s->text);
		session_abort(s);
	} else if (s->state == SESSION_OPEN && s->paused) {
		session_send_alive(s);
	}
}
