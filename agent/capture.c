/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/capture.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/nflog.h"
#include "agent/suppressed.h"
#include "common/log.h"

#define GONE_MAX 64          /* groups there can be, OPTIONS_GROUPS_MAX */
#define KSEQ_NONE UINT32_MAX /* before the first number of a binding, which is 0 */

#define PAST_MAX 256  /* positions of the numbering remembered … */
#define PAST_US 20000 /* … at least so far apart */

/* How far the numbering was settled at some time. */
struct past {
	uint64_t boot_us;
	uint64_t settled;
};

/* What reconcile asks for. */
struct numbering {
	uint64_t settled;
	struct past past[PAST_MAX]; /* a ring, the newest at `newest` */
	unsigned newest, pasts;
	uint64_t watch_us; /* 0: for nothing */
	uint64_t watched;
	bool met;
	uint64_t expected; /* records of the next gap that are counted already */
	void (*on_gap)(void *arg);
	void *on_gap_arg;
	bool gap_met;
};

struct capture_group {
	struct capture *capture;
	struct capture_group *next;
	struct binding binding;
	char label[BINDING_LABEL_MAX];
	uint16_t netns_len;
	struct ifname *names;        /* of its namespace; NULL: the agent's own */
	struct filters_chain *chain; /* its own filters; NULL: none */
	uint32_t last_kseq;  /* all up to here are in the spool, or counted as lost */
	uint64_t last_ts_us; /* of the newest record; before one, of the binding */
	struct log_limit said_lost, said_cut, said_error;
	struct capture_counters counters;
	struct numbering numbering;
};

struct capture {
	struct spool *spool;
	struct ifname *names;
	struct locallog *log;
	struct batch_writer *batch;
	struct filtering *filters; /* NULL: there are never any */
	bool filtering;            /* this datagram's records are looked at */
	uint64_t received_us;      /* this datagram */
	struct suppressed suppressed;
	struct capture_group *first, **end;
	struct capture_counters gone[GONE_MAX]; /* of groups that were removed */
	size_t gone_count;
	_Alignas(struct nlmsghdr) uint8_t datagram[NFLOG_DATAGRAM_MAX];
};

static uint64_t
clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct capture *
capture_new(
    struct spool *spool, struct ifname *names, struct locallog *log, int zstd_level)
{
	struct capture *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->spool = spool;
	c->names = names;
	c->log = log;
	c->end = &c->first;
	c->batch = batch_writer_new(zstd_level);
	if (c->batch == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void
capture_use_filters(struct capture *c, struct filtering *filters)
{
	c->filters = filters;
}

static void
group_free(struct capture_group *g)
{
	close(g->binding.fd);
	ifname_free(g->names);
	free(g);
}

void
capture_free(struct capture *c)
{
	struct capture_group *g;

	if (c == NULL)
		return;
	while ((g = c->first) != NULL) {
		c->first = g->next;
		group_free(g);
	}
	batch_writer_free(c->batch);
	free(c);
}

/* ---- the numbering */

/* Of positions within PAST_US only the newest is kept. */
static void
remember(struct capture_group *g)
{
	struct numbering *n = &g->numbering;
	uint64_t now = clock_us(CLOCK_BOOTTIME);
	unsigned before = (n->newest + PAST_MAX - 1) % PAST_MAX;

	if (n->pasts < 2 || now - n->past[before].boot_us >= PAST_US) {
		if (n->pasts > 0)
			n->newest = (n->newest + 1) % PAST_MAX;
		if (n->pasts < PAST_MAX)
			n->pasts++;
	}
	n->past[n->newest] = (struct past){now, n->settled};
}

void
capture_position(const struct capture_group *g, struct capture_position *out)
{
	out->settled = g->numbering.settled;
	out->kseq = g->last_kseq;
	out->last_us = g->last_ts_us;
}

bool
capture_settled_at(const struct capture_group *g, uint64_t boot_us, uint64_t *settled)
{
	const struct numbering *n = &g->numbering;

	for (unsigned i = 0; i < n->pasts; i++) {
		const struct past *p = &n->past[(n->newest + PAST_MAX - i) % PAST_MAX];

		if (p->boot_us <= boot_us) {
			*settled = p->settled;
			return true;
		}
	}
	return false;
}

void
capture_watch(struct capture_group *g, uint64_t real_us)
{
	g->numbering.watch_us = real_us;
	g->numbering.met = false;
}

bool
capture_watched(const struct capture_group *g, uint64_t *settled)
{
	*settled = g->numbering.watched;
	return g->numbering.met;
}

void
capture_expect_gap(
    struct capture_group *g, uint64_t records, void (*met)(void *arg), void *arg)
{
	g->numbering.expected = records;
	g->numbering.on_gap = met;
	g->numbering.on_gap_arg = arg;
}

static void
watch(struct numbering *n, const struct record *rec)
{
	if (n->watch_us == 0 || rec->ts_us <= n->watch_us ||
	    (rec->flags & RECORD_F_TS_AGENT) != 0)
		return;
	n->watch_us = 0;
	n->watched = n->settled;
	n->met = true;
}

/* A record behind what was expected: gap records are missing before it. Returns how
 * many of them nobody has counted. */
static uint32_t
uncounted(struct numbering *n, uint32_t gap)
{
	uint32_t counted = n->expected < gap ? (uint32_t)n->expected : gap;

	if (n->expected > 0)
		n->gap_met = true;
	n->expected = 0;
	return gap - counted;
}

/* ---- what a group begins with */

/* A loss of g up to kseq; it counts in the spool as having been read. */
static void
write_loss(
    struct capture_group *g, enum loss_cause cause, uint64_t records, uint64_t to_us)
{
	struct loss loss = {
	    .bind_id = g->binding.bind_id,
	    .group = g->binding.group,
	    .kseq = g->last_kseq,
	    .cause = cause,
	    .records = records,
	    .from_us = g->last_ts_us,
	    .to_us = to_us,
	};

	if (spool_append_loss(g->capture->spool, &loss) < 0)
		log_limited(&g->said_error, LOG_LEVEL_WARN,
		    "group %s: a loss cannot be written to the spool now; it is kept "
		    "and tried again",
		    g->label);
}

uint64_t
capture_last_us(const struct spool *spool, uint16_t group, const char *netns)
{
	const uint32_t place = binding_place(netns);
	static struct spool_source source[SPOOL_SOURCES_MAX];
	size_t n = spool_sources(spool, source, SPOOL_SOURCES_MAX);
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++)
		if (source[i].source.group == group &&
		    (uint32_t)source[i].source.bind_id == place &&
		    source[i].last_ts_us > last)
			last = source[i].last_ts_us;
	return last;
}

/*
 * Nobody held the group between the newest earlier binding and this one. The loss is
 * written under the new binding, so a restarted worker finds it and does not write
 * another.
 */
static void
note_down_time(struct capture_group *g)
{
	uint64_t last =
	    capture_last_us(g->capture->spool, g->binding.group, g->binding.netns);

	if (last == 0)
		return;
	g->last_ts_us = last;
	log_info("group %s: not read since the agent last ran; written down as a loss "
		 "of unknown size",
	    g->label);
	write_loss(g, LOSS_AGENT_DOWN, LOSS_RECORDS_UNKNOWN, g->binding.bound_us);
	g->last_ts_us = g->binding.bound_us;
}

static struct capture_group *
group_new(const struct binding *b)
{
	struct capture_group *g = calloc(1, sizeof *g);
	bool elsewhere = b->netns[0] != '\0';

	if (g == NULL)
		return NULL;
	if (elsewhere && (g->names = ifname_new_elsewhere(b->link_fd)) == NULL) {
		free(g);
		return NULL;
	}
	g->binding = *b;
	g->binding.link_fd = -1;
	binding_label(b, g->label);
	g->netns_len = (uint16_t)strlen(b->netns);
	return g;
}

struct capture_group *
capture_add(struct capture *c, const struct binding *b, bool counted)
{
	struct capture_group *g = group_new(b);

	if (g == NULL) {
		close(b->fd);
		return NULL;
	}
	g->capture = c;
	g->counters.group = b->group;
	g->last_ts_us = b->bound_us;
	g->last_kseq = KSEQ_NONE;
	if (c->filters != NULL)
		g->chain = filters_chain_of(c->filters, b->group, b->netns);
	remember(g);
	if (!spool_source_last(c->spool, b->bind_id, &g->last_kseq) && !counted)
		note_down_time(g);
	*c->end = g;
	c->end = &g->next;
	return g;
}

const struct binding *
capture_binding(const struct capture_group *g)
{
	return &g->binding;
}

struct ifname *
capture_names(const struct capture_group *g)
{
	return g->names;
}

/* ---- records */

static void
begin_batch(struct capture_group *g)
{
	struct capture *c = g->capture;

	batch_begin(c->batch);
	if (!c->filtering)
		return;
	suppressed_begin(&c->suppressed);
	filters_begin(c->filters, g->chain, c->batch, c->received_us);
}

static void
flush_suppressed(struct capture_group *g)
{
	struct capture *c = g->capture;
	struct filtered *m = suppressed_message(&c->suppressed, c->batch);

	if (m == NULL)
		return;
	m->bind_id = g->binding.bind_id;
	m->group = g->binding.group;
	m->kseq = g->last_kseq;
	for (uint16_t i = 0; i < m->entries; i++)
		g->counters.suppressed += m->entry[i].records;
	(void)spool_append_filtered(
	    c->spool, m); /* what comes of it, end_group tells */
}

static void
flush_batch(struct capture_group *g)
{
	struct capture *c = g->capture;
	const struct batch_source source = {
	    g->binding.bind_id, g->binding.group, g->last_kseq};
	uint32_t count = batch_count(c->batch);

	if (count == 0)
		return;
	if (c->log != NULL)
		locallog_flush(c->log);
	g->counters.captured += count;
	(void)spool_append_batch(c->spool, c->batch, &source);
}

static void
end_group(struct capture_group *g)
{
	/* What does not go in is counted by the spool and becomes a loss there. */
	if (spool_group_end(g->capture->spool) < 0)
		log_limited(&g->said_error, LOG_LEVEL_WARN,
		    "group %s: the spool takes no records; they are counted as lost",
		    g->label);
}

/* All records up to last_kseq go to the spool's group. */
static void
flush(struct capture_group *g)
{
	struct capture *c = g->capture;

	if (c->filtering)
		flush_suppressed(g);
	flush_batch(g);
	if (spool_group_full(c->spool)) {
		end_group(g);
		spool_group_begin(c->spool);
	}
	begin_batch(g);
}

/* The kernel numbered records up to before `next` that it did not deliver. */
static void
note_gap(struct capture_group *g, const struct record *next)
{
	uint32_t missing = uncounted(&g->numbering, next->kseq - g->last_kseq - 1);

	flush(g);
	g->last_kseq = next->kseq - 1;
	if (missing == 0)
		return;
	g->numbering.settled += missing;
	g->counters.gaps++;
	g->counters.lost += missing;
	write_loss(g, LOSS_KERNEL, missing, next->ts_us);
	log_limited(&g->said_lost, LOG_LEVEL_WARN,
	    "group %s: the kernel dropped %u records: the receive buffer was full "
	    "(receive_buffer) or memory short",
	    g->label, missing);
}

static bool
intern(struct capture *c, struct bytes s, uint16_t *index)
{
	int i = batch_intern(c->batch, s.p, s.len);

	*index = (uint16_t)i;
	return i >= 0;
}

static bool
intern_interface(struct capture_group *g, uint32_t ifindex, uint16_t *index)
{
	struct ifname *names = g->names != NULL ? g->names : g->capture->names;

	return intern(g->capture, ifname_lookup(names, ifindex), index);
}

static bool
set_strings(struct capture_group *g, struct nflog_packet *p)
{
	struct capture *c = g->capture;
	const struct bytes netns = {(const uint8_t *)g->binding.netns, g->netns_len};
	struct record *rec = &p->rec;
	uint16_t i;

#define SET_INTERFACE(name)                            \
	if (p->name != 0) {                            \
		if (!intern_interface(g, p->name, &i)) \
			return false;                  \
		RECORD_SET(rec, name, i);              \
	}
	SET_INTERFACE(in)
	SET_INTERFACE(out)
	SET_INTERFACE(physin)
	SET_INTERFACE(physout)
#undef SET_INTERFACE
	if (p->prefix.len > 0) {
		if (!intern(c, p->prefix, &i))
			return false;
		RECORD_SET(rec, prefix, i);
	}
	if (netns.len > 0) {
		if (!intern(c, netns, &i))
			return false;
		RECORD_SET(rec, netns, i);
	}
	return true;
}

/* 0, or -1 when even an empty batch does not take its strings. */
static int
name_strings(struct capture_group *g, struct nflog_packet *p)
{
	if (set_strings(g, p))
		return 0;
	flush(g);
	return set_strings(g, p) ? 0 : -1;
}

/* 0; 1: in another batch, where its strings have other numbers; or -1 as above. */
static int
put_record(struct capture_group *g, struct nflog_packet *p)
{
	struct capture *c = g->capture;

	if (batch_add(c->batch, &p->rec) == 0)
		return 0;
	flush(g);
	return set_strings(g, p) && batch_add(c->batch, &p->rec) == 0 ? 1 : -1;
}

/* Counts a record that this filter keeps out; 0, or -1 as above. */
static int
suppress(struct capture_group *g, struct nflog_packet *p, int32_t by)
{
	struct suppressed *s = &g->capture->suppressed;
	const struct record *rec = &p->rec;

	for (int tries = 0; tries < 2; tries++) {
		if (suppressed_add(s, by, rec->ts_us,
			RECORD_HAS(rec, prefix) ? rec->prefix : SUPPRESSED_NO_PREFIX) ==
		    0)
			return 0;
		flush(g);
		if (!set_strings(g, p))
			break;
	}
	return -1;
}

/* Into the batch, or the count of what is suppressed. 0 or 1, or -1 as above. */
static int
settle_record(struct capture_group *g, struct nflog_packet *p)
{
	struct capture *c = g->capture;
	struct event ev;
	struct packet pkt;
	int32_t by;
	int rc;

	if (name_strings(g, p) < 0)
		return -1;
	if (c->filtering || c->log != NULL)
		event_from_record(&ev, &pkt, &p->rec);
	if (c->filtering && !filters_keep(c->filters, g->chain, &ev, &by))
		return suppress(g, p, by);
	rc = put_record(g, p);
	if (rc < 0 || c->log == NULL)
		return rc;
	if (rc > 0)
		event_from_record(&ev, &pkt, &p->rec);
	locallog_write(c->log, &ev, &pkt, c->batch);
	return 0;
}

static void
take_packet(struct capture_group *g, struct nflog_packet *p, uint64_t received_us)
{
	struct record *rec = &p->rec;
	bool numbered = RECORD_HAS(rec, kseq);
	int32_t step = numbered ? (int32_t)(rec->kseq - g->last_kseq) : 1;

	if (step <= 0) {
		g->counters.replayed++;
		return;
	}
	if (!RECORD_HAS(rec, ts_us)) {
		RECORD_SET(rec, ts_us, received_us);
		rec->flags |= RECORD_F_TS_AGENT;
	}
	if (step > 1)
		note_gap(g, rec);
	else if (g->numbering.expected > 0)
		uncounted(&g->numbering, 0);
	watch(&g->numbering, rec);
	/* One that cannot be kept leaves the numbering as it was: the next shows a gap.
	 */
	if (settle_record(g, p) < 0)
		return;
	if (numbered)
		g->last_kseq = rec->kseq;
	g->numbering.settled++;
	g->last_ts_us = rec->ts_us;
}

static void
take_datagram(struct capture_group *g, size_t len)
{
	struct capture *c = g->capture;
	struct nflog_datagram d = {c->datagram, len};
	struct nflog_packet packet;
	uint64_t received_us = clock_us(CLOCK_REALTIME);

	if (len > sizeof c->datagram) {
		log_limited(&g->said_cut, LOG_LEVEL_ERROR,
		    "group %s: a datagram of %zu bytes was cut; what is missing is "
		    "counted as lost",
		    g->label, len);
		d.left = sizeof c->datagram;
	}
	c->received_us = received_us;
	c->filtering = c->filters != NULL && filters_any(c->filters, g->chain);
	begin_batch(g);
	spool_group_begin(c->spool);
	while (nflog_next(&d, &packet) == 1)
		take_packet(g, &packet, received_us);
	if (c->filtering)
		flush_suppressed(g);
	flush_batch(g);
	end_group(g);
}

/* The next datagram's real length, left in the queue; 0 when there is none. */
static size_t
peek(struct capture_group *g)
{
	struct capture *c = g->capture;
	ssize_t n;

	for (;;) {
		n = recv(g->binding.fd, c->datagram, sizeof c->datagram,
		    MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
		if (n >= 0)
			return (size_t)n;
		if (errno == EAGAIN)
			return 0;
		if (errno == ENOBUFS)
			g->counters.overruns++;
		else if (errno != EINTR) {
			log_limited(&g->said_error, LOG_LEVEL_ERROR,
			    "group %s: reading the socket: %s", g->label,
			    strerror(errno));
			return 0;
		}
	}
}

static void
consume(struct capture_group *g)
{
	while (recv(g->binding.fd, NULL, 0, MSG_TRUNC | MSG_DONTWAIT) < 0)
		if (errno != EINTR && errno != ENOBUFS)
			return;
}

unsigned
capture_read(struct capture_group *g, unsigned max)
{
	unsigned n;
	size_t len;

	for (n = 0; n < max && (len = peek(g)) > 0; n++) {
		take_datagram(g, len);
		consume(g);
		remember(g);
		if (g->numbering.gap_met) {
			g->numbering.gap_met = false;
			g->numbering.on_gap(g->numbering.on_gap_arg);
		}
	}
	return n;
}

/* The entry of that group, a new one if there is none. */
static struct capture_counters *
counters_of(uint16_t group, struct capture_counters *out, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (out[i].group == group)
			return &out[i];
	out[*n] = (struct capture_counters){.group = group};
	return &out[(*n)++];
}

static void
counters_add(struct capture_counters *o, const struct capture_group *g)
{
	o->captured += g->counters.captured;
	o->suppressed += g->counters.suppressed;
	o->replayed += g->counters.replayed;
	o->lost += g->counters.lost;
	o->gaps += g->counters.gaps;
	o->overruns += g->counters.overruns + nflog_overruns(g->binding.fd);
}

/* Counters never go down. */
static void
counters_keep(struct capture *c, const struct capture_group *g)
{
	if (c->gone_count < GONE_MAX)
		counters_add(counters_of(g->binding.group, c->gone, &c->gone_count), g);
}

void
capture_remove(struct capture_group *g)
{
	struct capture *c = g->capture;
	struct capture_group **at = &c->first;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (c->end == &g->next)
		c->end = at;
	counters_keep(c, g);
	group_free(g);
}

size_t
capture_counters(const struct capture *c, struct capture_counters *out, size_t max)
{
	size_t n = c->gone_count < max ? c->gone_count : max;

	memcpy(out, c->gone, n * sizeof *out);
	for (const struct capture_group *g = c->first; g != NULL && n < max;
	     g = g->next) {
		struct capture_counters *o = counters_of(g->binding.group, out, &n);

		counters_add(o, g);
		o->bindings++;
		o->receive_buffer += nflog_receive_buffer(g->binding.fd);
	}
	return n;
}
