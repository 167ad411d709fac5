/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The uplink against a scripted collector: a listening socket of this very process,
 * driven step by step between turns of the loop. The spool is replaced by a list of
 * frames.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/address.h"
#include "agent/uplink.h"
#include "agent/window.h"
#include "common/crc32c.h"
#include "common/filter_bundle.h"
#include "common/log.h"

#define DEADLINE_MS 5000
#define EPOCH UINT64_C(77)

/* ---- the spool: losses, as frames that are easily made */

static struct {
	unsigned frames, next; /* next: to be sent, 0-based; seq is index + 1 */
	unsigned pad;          /* frames are batches of so many bytes of payload */
	uint64_t resumed_mark, acked;
	unsigned resumes, acks;
	bool left_out; /* further epochs wait when this one is done */
	uint8_t *frame;
} spool;

uint16_t
spool_epochs(const struct spool *s, struct epoch_mark *out, uint16_t max)
{
	(void)s;
	ck_assert_uint_ge(max, 1);
	out[0] = (struct epoch_mark){EPOCH, spool.acked + 1};
	return 1;
}

void
spool_resume(struct spool *s, uint64_t epoch, uint64_t mark)
{
	(void)s;
	ck_assert_uint_eq(epoch, EPOCH);
	spool.resumes++;
	spool.resumed_mark = mark;
	spool.next = (unsigned)mark;
}

bool
spool_wants_session(const struct spool *s)
{
	(void)s;
	return spool.left_out && spool.acked == spool.frames;
}

void
spool_ack(struct spool *s, uint64_t epoch, uint64_t seq)
{
	(void)s;
	ck_assert_uint_eq(epoch, EPOCH);
	spool.acks++;
	spool.acked = seq;
}

static struct bytes_view
make_batch(uint64_t seq)
{
	static struct batch_writer *w;
	static uint8_t payload[65536];
	struct batch_head head = {.epoch = EPOCH, .first_seq = seq};
	struct record rec = {0};
	int rc = 0;

	if (w == NULL)
		w = batch_writer_new(0);
	batch_begin(w);
	RECORD_SET(&rec, payload, ((struct bytes){payload, (uint16_t)spool.pad}));
	rc = batch_add(w, &rec);
	ck_assert_int_eq(rc, 0);
	return batch_finish(w, &head);
}

int
spool_next(struct spool *s, struct bytes_view *frame)
{
	static uint8_t out[256];
	struct writer w = writer_of(out, sizeof out);
	struct loss loss = {.epoch = EPOCH, .count = 1, .cause = LOSS_KERNEL};

	(void)s;
	if (spool.next >= spool.frames)
		return 0;
	loss.first_seq = ++spool.next;
	if (spool.pad > 0) {
		*frame = make_batch(loss.first_seq);
		return 1;
	}
	message_put_loss(&w, &loss);
	*frame = (struct bytes_view){out, sizeof out - w.left};
	return 1;
}

/* ---- the collector */

struct peer {
	char path[64];
	int listener, fd;
	uint8_t in[1 << 21];
	size_t have, used;
	uint64_t bytes; /* received in all */
	bool closed;
	bool discard; /* only count what comes */
};

static struct event_base *base;
static struct uplink *up;
static struct peer one, two;
static char dir[] = "/tmp/check-uplink-XXXXXX";
static unsigned stats_asked;
static struct filtering *filters;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
peer_listen(struct peer *p)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	snprintf(un.sun_path, sizeof un.sun_path, "%s", p->path);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(p->listener, (const struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(listen(p->listener, 8), 0);
}

static void
peer_poll(struct peer *p)
{
	ssize_t n;

	if (p->fd < 0 && p->listener >= 0) {
		p->fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK);
		p->have = p->used = 0;
		p->closed = false;
	}
	if (p->fd < 0 || p->closed)
		return;
	if (p->used > 0) {
		memmove(p->in, p->in + p->used, p->have - p->used);
		p->have -= p->used;
		p->used = 0;
	}
	n = recv(p->fd, p->in + p->have, sizeof p->in - p->have, 0);
	if (n > 0) {
		p->have += (size_t)n;
		p->bytes += (uint64_t)n;
		if (p->discard)
			p->have = 0;
	} else if (n == 0 || errno != EAGAIN)
		p->closed = p->have < sizeof p->in;
}

static void
peer_drop(struct peer *p)
{
	close(p->fd);
	p->fd = -1;
	p->have = p->used = 0;
}

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	peer_poll(&one);
	peer_poll(&two);
	usleep(500);
}

#define UNTIL(condition)                                                   \
	do {                                                               \
		int64_t end = now_ms() + DEADLINE_MS;                      \
		while (!(condition) && now_ms() < end)                     \
			turn();                                            \
		ck_assert_msg((condition), "%s: not in time", #condition); \
	} while (0)

static bool
peer_has(struct peer *p, struct frame *f)
{
	const char *why;
	long n = frame_parse(p->in + p->used, p->have - p->used, f, &why);

	ck_assert_int_ge(n, 0);
	return n > 0;
}

/* The next frame that is no STATS. */
static struct frame
peer_frame(struct peer *p, enum frame_type type)
{
	struct frame f;

	for (;;) {
		UNTIL(peer_has(p, &f));
		p->used += FRAME_HEADER + f.len;
		if (f.type != FRAME_STATS || type == FRAME_STATS)
			break;
	}
	ck_assert_str_eq(frame_type_name(f.type), frame_type_name(type));
	return f;
}

static void
peer_send(struct peer *p, const void *data, size_t len)
{
	ck_assert_int_eq(send(p->fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void
peer_welcome(struct peer *p, uint64_t epoch, uint64_t mark)
{
	static struct welcome m;
	uint8_t buf[512];
	struct writer w = writer_of(buf, sizeof buf);

	m = (struct welcome){.version = PROTOCOL_VERSION, .epochs = 1};
	m.epoch[0] = (struct epoch_mark){epoch, mark};
	message_put_welcome(&w, &m);
	peer_send(p, buf, sizeof buf - w.left);
}

static void
peer_ack(struct peer *p, uint64_t epoch, uint64_t seq)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	const struct ack m = {epoch, seq};

	message_put_ack(&w, &m);
	peer_send(p, buf, sizeof buf - w.left);
}

static uint64_t
peer_loss(struct peer *p)
{
	struct frame f = peer_frame(p, FRAME_LOSS);
	const char *why;
	struct loss m;

	ck_assert(frame_crc_ok(&f));
	ck_assert_int_eq(message_get_loss(f.payload, f.len, &m, &why), 0);
	return m.first_seq;
}

/* ---- */

static void
on_stats(void *arg, struct stats *out)
{
	(void)arg;
	stats_asked++;
	out->count = 1;
	snprintf(out->entry[0].name, sizeof out->entry[0].name, "captured");
	out->entry[0].value = 5;
}

static void
start_conf(const char *collectors, uint64_t failback_ms, uint64_t stats_ms)
{
	const struct uplink_conf conf = {
	    .name = "web1",
	    .collectors = collectors,
	    .failback_ms = failback_ms,
	    .stats_interval_ms = stats_ms,
	    .stats = on_stats,
	    .filters = filters,
	};

	up = uplink_new(base, NULL, &conf);
	ck_assert_ptr_nonnull(up);
}

static void
start(void)
{
	char list[80];

	snprintf(list, sizeof list, "unix:%s", one.path);
	start_conf(list, 60000, 60000);
}

/* Up to the first session. */
static void
session(uint64_t mark)
{
	peer_frame(&one, FRAME_HELLO);
	peer_welcome(&one, EPOCH, mark);
}

static void
setup(void)
{
	log_init("check", LOG_LEVEL_ERROR, false);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	memset(&spool, 0, sizeof spool);
	base = event_base_new();
	one.fd = two.fd = one.listener = two.listener = -1;
	snprintf(one.path, sizeof one.path, "%s/one", dir);
	snprintf(two.path, sizeof two.path, "%s/two", dir);
	peer_listen(&one);
}

static void
teardown(void)
{
	uplink_free(up);
	filters_free(filters);
	filters = NULL;
	event_base_free(base);
	unlink(one.path);
	unlink(two.path);
	rmdir(dir);
}

static struct uplink_counters
counters(void)
{
	struct uplink_counters c;

	uplink_counters(up, &c);
	return c;
}

START_TEST(session_sends_and_acknowledges)
{
	static struct hello h;
	struct frame f;
	const char *why;

	spool.frames = 5;
	start();
	f = peer_frame(&one, FRAME_HELLO);
	ck_assert_int_eq(message_get_hello(f.payload, f.len, &h, &why), 0);
	ck_assert_str_eq(h.name, "web1");
	ck_assert_uint_eq(h.version, PROTOCOL_VERSION);
	ck_assert_uint_eq(h.epochs, 1);
	ck_assert_uint_eq(h.epoch[0].epoch, EPOCH);
	ck_assert_int_eq(strncmp(h.software, "fwlog-agent ", 12), 0);
	turn();
	ck_assert_uint_eq(spool.next, 0); /* nothing before WELCOME */
	peer_welcome(&one, EPOCH, 2);
	peer_frame(&one, FRAME_STATS);
	for (uint64_t seq = 3; seq <= 5; seq++)
		ck_assert_uint_eq(peer_loss(&one), seq);
	ck_assert_uint_eq(spool.resumed_mark, 2);
	ck_assert_uint_gt(counters().in_flight, 0);
	peer_ack(&one, EPOCH, 4);
	UNTIL(spool.acked == 4);
	peer_ack(&one, EPOCH, 5);
	UNTIL(spool.acked == 5);
	ck_assert_uint_eq(counters().in_flight, 0);
	ck_assert_uint_eq(counters().frames, 3);
	spool.frames = 6;
	uplink_pump(up);
	ck_assert_uint_eq(peer_loss(&one), 6);
}
END_TEST

START_TEST(further_runs_get_a_session)
{
	spool.frames = 2;
	spool.left_out = true;
	start();
	session(0);
	ck_assert_uint_eq(peer_loss(&one), 1);
	ck_assert_uint_eq(peer_loss(&one), 2);
	peer_ack(&one, EPOCH, 1);
	UNTIL(spool.acked == 1);
	ck_assert(counters().connected); /* not before all it could name is done */
	peer_ack(&one, EPOCH, 2);
	peer_frame(&one, FRAME_BYE);
	peer_drop(&one);
	spool.frames = 3;
	session(2);
	ck_assert_uint_eq(peer_loss(&one), 3);
	ck_assert_uint_eq(counters().failures, 0);
	ck_assert_uint_eq(counters().sessions, 2);
}
END_TEST

START_TEST(frames_in_single_bytes)
{
	static struct welcome m;
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);

	spool.frames = 1;
	start();
	peer_frame(&one, FRAME_HELLO);
	m = (struct welcome){.version = PROTOCOL_VERSION, .epochs = 1};
	m.epoch[0].epoch = EPOCH;
	message_put_welcome(&w, &m);
	for (size_t i = 0; i < sizeof buf - w.left; i++) {
		ck_assert(!counters().connected);
		peer_send(&one, &buf[i], 1);
		turn();
		turn();
	}
	ck_assert_uint_eq(peer_loss(&one), 1);
}
END_TEST

START_TEST(broken_session_is_resumed)
{
	spool.frames = 3;
	start();
	session(0);
	ck_assert_uint_eq(peer_loss(&one), 1);
	peer_ack(&one, EPOCH, 1);
	UNTIL(spool.acked == 1);
	peer_drop(&one);
	session(1);
	ck_assert_uint_eq(peer_loss(&one), 2);
	ck_assert_uint_eq(peer_loss(&one), 3);
	ck_assert_uint_eq(spool.resumes, 2);
	ck_assert_uint_eq(counters().sessions, 2);
	ck_assert_uint_eq(counters().failures, 1);
}
END_TEST

/* What the collector must not say; each closes the session and leaves the spool alone.
 */
static void
refused(const void *data, size_t len, bool welcome_first)
{
	unsigned failures;

	spool.frames = 2;
	start();
	peer_frame(&one, FRAME_HELLO);
	if (welcome_first) {
		peer_welcome(&one, EPOCH, 0);
		UNTIL(counters().connected);
	}
	failures = (unsigned)counters().failures;
	peer_send(&one, data, len);
	UNTIL(counters().failures == failures + 1);
	ck_assert_uint_eq(spool.acks, 0);
	UNTIL(one.closed);
}

START_TEST(ack_of_what_was_not_sent)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	const struct ack m = {EPOCH, 3};

	message_put_ack(&w, &m);
	refused(buf, sizeof buf - w.left, true);
}
END_TEST

START_TEST(ack_of_another_epoch_is_ignored)
{
	spool.frames = 1;
	start();
	session(0);
	ck_assert_uint_eq(peer_loss(&one), 1);
	peer_ack(&one, EPOCH + 1, 1);
	peer_ack(&one, EPOCH, 1);
	UNTIL(spool.acked == 1);
	ck_assert_uint_eq(spool.acks, 1);
	ck_assert_uint_eq(counters().failures, 0);
}
END_TEST

START_TEST(ack_before_welcome)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	const struct ack m = {EPOCH, 1};

	message_put_ack(&w, &m);
	refused(buf, sizeof buf - w.left, false);
}
END_TEST

START_TEST(length_beyond_bound)
{
	const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, FRAME_ACK};

	refused(bytes, sizeof bytes, true);
}
END_TEST

START_TEST(batch_from_the_collector)
{
	static uint8_t bytes[FRAME_CONTROL_MAX + 64] = {0, 0x10, 0, 0, FRAME_BATCH};

	refused(bytes, sizeof bytes, true);
}
END_TEST

START_TEST(welcome_of_another)
{
	static struct welcome m;
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);

	m = (struct welcome){.version = PROTOCOL_VERSION, .epochs = 1};
	m.epoch[0].epoch = EPOCH + 1;
	message_put_welcome(&w, &m);
	refused(buf, sizeof buf - w.left, false);
	ck_assert_uint_eq(spool.resumes, 0);
}
END_TEST

START_TEST(welcome_of_another_version)
{
	static struct welcome m;
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);

	m = (struct welcome){.version = PROTOCOL_VERSION + 1, .epochs = 1};
	m.epoch[0].epoch = EPOCH;
	message_put_welcome(&w, &m);
	refused(buf, sizeof buf - w.left, false);
	ck_assert_uint_eq(spool.resumes, 0);
}
END_TEST

START_TEST(bye_ends_the_session)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	const struct bye m = {"the database is being rebuilt"};

	start();
	session(0);
	UNTIL(counters().connected);
	message_put_bye(&w, &m);
	peer_send(&one, buf, sizeof buf - w.left);
	UNTIL(one.closed);
	peer_drop(&one);
	session(0);
	UNTIL(counters().sessions == 2);
}
END_TEST

START_TEST(window_is_bounded)
{
	const uint64_t most = WINDOW_BYTES + 70000;
	int64_t until;

	spool.pad = 65000;
	spool.frames = 2 * WINDOW_BYTES / spool.pad;
	start();
	session(0);
	one.discard = true;
	UNTIL(one.bytes >= WINDOW_BYTES);
	for (until = now_ms() + 100; now_ms() < until;)
		turn();
	ck_assert_uint_le(one.bytes, most);
	ck_assert_uint_le(counters().in_flight, most);
	peer_ack(&one, EPOCH, 40);
	UNTIL(spool.acked == 40);
	UNTIL(one.bytes > most);
}
END_TEST

START_TEST(second_collector_and_back)
{
	char list[160];

	close(one.listener);
	one.listener = -1;
	unlink(one.path);
	peer_listen(&two);
	spool.frames = 1;
	snprintf(list, sizeof list, "unix:%s, unix:%s", one.path, two.path);
	start_conf(list, 100, 60000);
	peer_frame(&two, FRAME_HELLO);
	peer_welcome(&two, EPOCH, 0);
	ck_assert_uint_eq(peer_loss(&two), 1);
	peer_listen(&one);
	peer_frame(&one, FRAME_HELLO);
	peer_frame(&two, FRAME_BYE);
	UNTIL(two.closed);
	peer_welcome(&one, EPOCH, 0);
	ck_assert_uint_eq(peer_loss(&one), 1);
}
END_TEST

START_TEST(stats_come_by_themselves)
{
	char list[80];
	struct frame f;
	static struct stats s;
	const char *why;

	snprintf(list, sizeof list, "unix:%s", one.path);
	start_conf(list, 60000, 20);
	session(0);
	for (int i = 0; i < 3; i++) {
		f = peer_frame(&one, FRAME_STATS);
		ck_assert_int_eq(message_get_stats(f.payload, f.len, &s, &why), 0);
		ck_assert_uint_eq(s.count, 1);
		ck_assert_str_eq(s.entry[0].name, "captured");
		ck_assert_uint_eq(s.entry[0].value, 5);
	}
	ck_assert_uint_ge(stats_asked, 3);
}
END_TEST

/* A name goes through the thread of the resolver. */
START_TEST(name_over_tcp)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof in;
	char list[80];

	close(one.listener);
	one.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(one.listener, (const struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(listen(one.listener, 8), 0);
	ck_assert_int_eq(getsockname(one.listener, (struct sockaddr *)&in, &len), 0);
	snprintf(list, sizeof list, "localhost:%u", ntohs(in.sin_port));
	start_conf(list, 60000, 60000);
	session(0);
	UNTIL(counters().connected);
}
END_TEST

START_TEST(network_is_refused_in_the_clear)
{
	start_conf("192.0.2.1:7514, [2001:db8::1]:7514", 60000, 60000);
	UNTIL(counters().failures >= 2);
	ck_assert(!counters().connected);
}
END_TEST

START_TEST(window_by_epoch)
{
	static struct window w;

	window_push(&w, 1, 10, 100);
	window_push(&w, 1, 20, 100);
	window_push(&w, 2, 5, 100);
	ck_assert_int_eq(window_ack(&w, 2, 6), -1);
	ck_assert_int_eq(window_ack(&w, 2, 4), 0);
	ck_assert_int_eq(window_ack(&w, 2, 5), 1);
	ck_assert_uint_eq(w.bytes, 200);
	ck_assert_int_eq(window_ack(&w, 2, 5), 0);
	ck_assert_int_eq(window_ack(&w, 1, 19), 1);
	ck_assert_uint_eq(w.bytes, 100);
	ck_assert_int_eq(window_ack(&w, 1, 20), 1);
	ck_assert_uint_eq(w.count, 0);
	ck_assert_int_eq(window_ack(&w, 1, 20), 0);
	for (unsigned i = 0; i < WINDOW_FRAMES; i++) {
		ck_assert(window_open(&w));
		window_push(&w, 3, i + 1, 1);
	}
	ck_assert(!window_open(&w));
	ck_assert_int_eq(window_ack(&w, 3, 1), 1);
	ck_assert(window_open(&w));
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *text, *host, *port, *path;
		bool local;
	} good[] = {
	    {"127.0.0.1:80", "127.0.0.1", "80", "", true},
	    {"127.9.9.9", "127.9.9.9", "7514", "", true},
	    {"[::1]:9", "::1", "9", "", true},
	    {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1", "7514", "", true},
	    {"[2001:db8::1]", "2001:db8::1", "7514", "", false},
	    {"localhost", "localhost", "7514", "", true},
	    {"log.example:1", "log.example", "1", "", false},
	    {"128.0.0.1:1", "128.0.0.1", "1", "", false},
	    {"unix:/run/f", "", "", "/run/f", true},
	};
	static const char *const bad[] = {"", ",", "a:", "a:0", "a:65536", "a:x",
	    "a:1x", "::1", "[::1", "[]:1", ":1", "unix:", "unix:rel", "a:1,", "[::1]x"};
	const char *why;
	struct address a;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		const char *rest = good[i].text;

		ck_assert_int_eq(address_next(&rest, &a, &why), 0);
		ck_assert_ptr_null(rest);
		ck_assert_str_eq(a.host, good[i].host);
		ck_assert_str_eq(a.port, good[i].port);
		ck_assert_str_eq(a.path, good[i].path);
		ck_assert_int_eq(address_is_local(&a), good[i].local);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const char *rest = bad[i];
		int rc = 0;

		while (rest != NULL && rc == 0)
			rc = address_next(&rest, &a, &why);
		ck_assert_msg(rc < 0, "\"%s\" was taken", bad[i]);
	}
}
END_TEST

/* ---- central filters */

static void
peer_filters(struct peer *p, uint32_t version, const struct bundle_writer *doc,
    uint32_t from, uint32_t to)
{
	static uint8_t buf[1024];
	struct writer w = writer_of(buf, sizeof buf);
	const struct filters m = {.version = version,
	    .total = (uint32_t)doc->len,
	    .crc = crc32c(0, doc->data, doc->len),
	    .offset = from,
	    .bytes = doc->data + from,
	    .len = to - from};

	message_put_filters(&w, &m);
	ck_assert(!w.full);
	peer_send(p, buf, sizeof buf - w.left);
}

static void
peer_applied(struct peer *p, uint32_t version, uint32_t refused)
{
	struct frame f = peer_frame(p, FRAME_APPLIED);
	struct applied m;
	const char *why;

	ck_assert_int_eq(message_get_applied(f.payload, f.len, &m, &why), 0);
	ck_assert_uint_eq(m.version, version);
	ck_assert_uint_eq(m.refused, refused);
	ck_assert_int_eq(m.reason[0] != '\0', refused != 0);
}

static void
make_document(struct bundle_writer *doc, const char *query)
{
	const struct bundle_filter f = {.id = 1,
	    .name = {(const uint8_t *)"f", 1},
	    .query = {(const uint8_t *)query, (uint16_t)strlen(query)}};

	bundle_begin(doc);
	bundle_put_filter(doc, &f);
	ck_assert_int_eq(bundle_finish(doc), 0);
}

static void
on_filters(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (filters_on_event(filters))
		uplink_filters_changed(up);
}

START_TEST(central_filters_are_answered)
{
	struct event *done;
	struct bundle_writer good, bad;
	char path[80];

	filters = filters_new(dir, "web1", NULL);
	make_document(&good, "dport:22");
	make_document(&bad, "id:A-1");
	done = event_new(
	    base, filters_fd(filters), EV_READ | EV_PERSIST, on_filters, NULL);
	ck_assert_int_eq(event_add(done, NULL), 0);
	start();
	session(0);
	peer_applied(&one, 0, 0);
	peer_filters(&one, 3, &good, 0, 10);
	peer_filters(&one, 3, &good, 10, (uint32_t)good.len);
	peer_applied(&one, 3, 0);
	peer_filters(&one, 4, &bad, 0, (uint32_t)bad.len);
	peer_applied(&one, 3, 4);
	/* Half a document, then another: it begins anew. */
	peer_filters(&one, 5, &bad, 0, 10);
	peer_filters(&one, 6, &good, 0, (uint32_t)good.len);
	peer_applied(&one, 6, 0);
	/* A piece out of its order ends the session; the next begins with what is. */
	peer_filters(&one, 7, &good, 10, 20);
	UNTIL(one.closed);
	peer_drop(&one);
	session(0);
	peer_applied(&one, 6, 0);
	event_free(done);
	bundle_writer_free(&good);
	bundle_writer_free(&bad);
	snprintf(path, sizeof path, "%s/filters", dir);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("uplink");
	TCase *t = tcase_create("session"), *plain = tcase_create("parts");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, session_sends_and_acknowledges);
	tcase_add_test(t, further_runs_get_a_session);
	tcase_add_test(t, frames_in_single_bytes);
	tcase_add_test(t, broken_session_is_resumed);
	tcase_add_test(t, ack_of_what_was_not_sent);
	tcase_add_test(t, ack_of_another_epoch_is_ignored);
	tcase_add_test(t, ack_before_welcome);
	tcase_add_test(t, length_beyond_bound);
	tcase_add_test(t, batch_from_the_collector);
	tcase_add_test(t, welcome_of_another);
	tcase_add_test(t, welcome_of_another_version);
	tcase_add_test(t, bye_ends_the_session);
	tcase_add_test(t, window_is_bounded);
	tcase_add_test(t, central_filters_are_answered);
	tcase_add_test(t, second_collector_and_back);
	tcase_add_test(t, stats_come_by_themselves);
	tcase_add_test(t, name_over_tcp);
	tcase_add_test(t, network_is_refused_in_the_clear);
	suite_add_tcase(s, t);
	tcase_add_test(plain, window_by_epoch);
	tcase_add_test(plain, addresses);
	suite_add_tcase(s, plain);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
