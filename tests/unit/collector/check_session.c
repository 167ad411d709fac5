/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session against scripted frames over a socket pair; the sink is played by the test.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/session.h"
#include "common/batch.h"

#define EPOCH 77

static struct event_base *base;
static struct options options;
static struct metrics metrics;
static struct hosts hosts;
static struct session_env env;
static struct turns turns;
static struct session *session;
static int peer; /* the agent's end */
static int entering, closed;
static struct filter_document *document; /* the test's reference */
static int heard, deaf;
static struct applied applied;
static struct frame got; /* what the agent received last */
static uint8_t in[70000];
static size_t in_len;

static void
on_entering(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
	entering++;
}

static struct turns *
on_turns(void *arg, const struct host *h)
{
	(void)arg;
	(void)h;
	return &turns;
}

static void
on_queued(void *arg, const struct host *h)
{
	(void)arg;
	(void)h;
}

static void
on_contact(void *arg, struct host *h, bool urgent)
{
	(void)arg;
	(void)h;
	(void)urgent;
}

static void
on_released(void *arg)
{
	(void)arg;
}

static struct filter_document *
on_filters(void *arg, const struct host *h)
{
	(void)arg;
	(void)h;
	if (document != NULL)
		filter_document_ref(document);
	return document;
}

static uint32_t
on_filter_version(void *arg)
{
	(void)arg;
	return document != NULL ? document->version : 0;
}

static void
on_applied(void *arg, const struct host *h, const struct applied *a)
{
	(void)arg;
	(void)h;
	heard++;
	if (a != NULL)
		applied = *a;
	else
		deaf++;
}

static void
on_closed(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
	closed++;
}

static struct session *
open_session(int *other)
{
	static const struct address nobody = {.text = "test"};
	static const struct transport_events nothing;
	struct transport *t;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	*other = pair[1];
	t = transport_new(base, pair[0], TRANSPORT_PLAIN, &nothing, NULL);
	return session_new(&env, t, &nobody, NULL);
}

static void
setup(void)
{
	options = (struct options){.session_queue = 1 << 20,
	    .queue_size = 4 << 20,
	    .hello_timeout = 10000,
	    .idle_timeout = 30000};
	signal(SIGPIPE, SIG_IGN);
	hosts = (struct hosts){.sinks = 1};
	turns_init(&turns);
	base = event_base_new();
	env = (struct session_env){.base = base,
	    .options = &options,
	    .metrics = &metrics,
	    .hosts = &hosts,
	    .entering = on_entering,
	    .turns = on_turns,
	    .queued = on_queued,
	    .contact = on_contact,
	    .filters = on_filters,
	    .filter_version = on_filter_version,
	    .applied = on_applied,
	    .released = on_released,
	    .waiting = TAILQ_HEAD_INITIALIZER(env.waiting),
	    .closed = on_closed};
	metrics = (struct metrics){0};
	entering = closed = heard = deaf = 0;
	in_len = 0;
	session = open_session(&peer);
	ck_assert_ptr_nonnull(session);
}

static void
turn_loop(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
send_bytes(const void *data, size_t len)
{
	size_t at = 0;

	/* A full socket buffer is emptied by the session. */
	for (int tries = 0; at < len && tries < 1000; tries++) {
		ssize_t n = send(peer, (const char *)data + at, len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		turn_loop();
	}
	turn_loop();
}

/* The next frame from the collector, or type 0 when none came. */
static enum frame_type
receive(void)
{
	const char *why;
	long n;

	if (got.type != 0 && got.payload != NULL) {
		size_t used = FRAME_HEADER + got.len;

		memmove(in, in + used, in_len - used);
		in_len -= used;
	}
	got = (struct frame){.payload = NULL};
	turn_loop();
	n = recv(peer, in + in_len, sizeof in - in_len, 0);
	if (n > 0)
		in_len += (size_t)n;
	n = frame_parse(in, in_len, &got, &why);
	ck_assert_int_ge(n, 0);
	if (n == 0)
		got = (struct frame){.payload = NULL};
	return got.type;
}

static void
expect_bye(const char *text)
{
	struct bye bye;
	const char *why;

	ck_assert_int_eq(receive(), FRAME_BYE);
	ck_assert_int_eq(message_get_bye(got.payload, got.len, &bye, &why), 0);
	ck_assert_msg(strstr(bye.reason, text) != NULL, "BYE says \"%s\"", bye.reason);
	turn_loop();
	ck_assert_int_eq(closed, 1);
}

static void
send_hello(const char *name)
{
	static uint8_t frame[FRAME_CONTROL_MAX];
	static struct hello hello;
	struct writer w = writer_of(frame, sizeof frame);

	hello = (struct hello){.version = PROTOCOL_VERSION,
	    .software = "test",
	    .epochs = 2,
	    .epoch = {{5, 1}, {EPOCH, 1}}};
	snprintf(hello.name, sizeof hello.name, "%s", name);
	message_put_hello(&w, &hello);
	send_bytes(frame, (size_t)(w.at - frame));
}

static void
open_with_mark(uint64_t mark)
{
	struct epoch_mark marks = {EPOCH, mark};

	send_hello("web1");
	ck_assert_int_eq(session->state, SESSION_ENTERING);
	session_welcome(session, &marks, 1);
	ck_assert_int_eq(receive(), FRAME_WELCOME);
}

static struct bytes_view
make_batch(uint64_t epoch, uint64_t first, uint32_t count)
{
	static struct batch_writer *w;
	struct batch_head head = {.epoch = epoch, .first_seq = first};
	struct record rec = {0};

	if (w == NULL)
		w = batch_writer_new(0);
	batch_begin(w);
	RECORD_SET(&rec, ts_us, 1);
	for (uint32_t i = 0; i < count; i++)
		ck_assert_int_eq(batch_add(w, &rec), 0);
	return batch_finish(w, &head);
}

static void
send_batch(uint64_t epoch, uint64_t first, uint32_t count)
{
	struct bytes_view v = make_batch(epoch, first, count);

	send_bytes(v.p, v.len);
}

static void
expect_item(uint64_t first, uint32_t count)
{
	struct item *item = turns_take(&turns, NULL, NULL);

	ck_assert_ptr_nonnull(item);
	ck_assert_uint_eq(item->first_seq, first);
	ck_assert_uint_eq(item->count, count);
	ck_assert_ptr_eq(session_of(item), session);
	item_free(item);
}

START_TEST(welcome_tells_the_marks)
{
	struct welcome welcome;
	const char *why;

	open_with_mark(9);
	ck_assert_int_eq(entering, 1);
	ck_assert_int_eq(session->state, SESSION_OPEN);
	ck_assert_int_eq(message_get_welcome(got.payload, got.len, &welcome, &why), 0);
	ck_assert_uint_eq(welcome.epochs, 2);
	ck_assert_uint_eq(welcome.epoch[0].epoch, 5);
	ck_assert_uint_eq(welcome.epoch[0].seq, 0);
	ck_assert_uint_eq(welcome.epoch[1].epoch, EPOCH);
	ck_assert_uint_eq(welcome.epoch[1].seq, 9);
}
END_TEST

START_TEST(batches_are_queued_in_order)
{
	open_with_mark(9);
	send_batch(EPOCH, 10, 5);
	send_batch(EPOCH, 15, 1);
	expect_item(10, 5);
	expect_item(15, 1);
	session_ack(session, EPOCH, 15);
	ck_assert_int_eq(receive(), FRAME_ACK);
	ck_assert_int_eq(session->state, SESSION_OPEN);
}
END_TEST

START_TEST(known_numbers_may_come_again)
{
	open_with_mark(9);
	send_batch(EPOCH, 1, 5);
	send_batch(EPOCH, 6, 10);
	send_batch(EPOCH, 16, 1);
	expect_item(1, 5);
	expect_item(6, 10);
	expect_item(16, 1);
}
END_TEST

START_TEST(bytes_one_by_one)
{
	struct bytes_view v;

	open_with_mark(0);
	v = make_batch(EPOCH, 1, 3);
	for (size_t i = 0; i < v.len; i++) {
		ck_assert(turns_empty(&turns));
		send_bytes(v.p + i, 1);
	}
	expect_item(1, 3);
}
END_TEST

START_TEST(gap_closes)
{
	open_with_mark(9);
	send_batch(EPOCH, 11, 1);
	expect_bye("gap");
}
END_TEST

START_TEST(foreign_epoch_closes)
{
	open_with_mark(0);
	send_batch(EPOCH + 1, 1, 1);
	expect_bye("epoch");
}
END_TEST

START_TEST(bad_checksum_closes)
{
	static uint8_t copy[4096];
	struct bytes_view v;

	open_with_mark(0);
	v = make_batch(EPOCH, 1, 1);
	memcpy(copy, v.p, v.len);
	copy[v.len - 1] ^= 1;
	send_bytes(copy, v.len);
	expect_bye("checksum");
	ck_assert(turns_empty(&turns));
	ck_assert_uint_eq(metrics.faulted, 1);
}
END_TEST

START_TEST(oversized_frame_closes)
{
	static const uint8_t head[] = {0x7f, 0xff, 0xff, 0xff, FRAME_BATCH};

	open_with_mark(0);
	send_bytes(head, sizeof head);
	expect_bye("length");
}
END_TEST

START_TEST(http_is_no_hello)
{
	send_bytes("GET / HTTP/1.0\r\n\r\n", 18);
	expect_bye("");
	ck_assert_int_eq(entering, 0);
}
END_TEST

START_TEST(batch_before_hello_closes)
{
	send_batch(EPOCH, 1, 1);
	expect_bye("WELCOME");
}
END_TEST

START_TEST(batch_before_welcome_closes)
{
	send_hello("web1");
	send_batch(EPOCH, 1, 1);
	expect_bye("WELCOME");
}
END_TEST

START_TEST(bad_name_closes)
{
	send_hello("../web");
	expect_bye("name");
}
END_TEST

START_TEST(collectors_frames_close)
{
	uint8_t frame[64];
	struct writer w = writer_of(frame, sizeof frame);
	struct ack ack = {EPOCH, 1};

	open_with_mark(0);
	message_put_ack(&w, &ack);
	send_bytes(frame, (size_t)(w.at - frame));
	expect_bye("not an agent's");
}
END_TEST

START_TEST(stats_are_answered)
{
	uint8_t frame[256];
	struct writer w = writer_of(frame, sizeof frame);
	struct stats stats = {.count = 1, .entry = {{"spooled", 12}}};

	open_with_mark(0);
	message_put_stats(&w, &stats);
	send_bytes(frame, (size_t)(w.at - frame));
	ck_assert_int_eq(receive(), FRAME_ALIVE);
	ck_assert_uint_eq(session->host->status.stats.entry[0].value, 12);
}
END_TEST

START_TEST(losses_are_queued)
{
	uint8_t frame[256];
	struct writer w = writer_of(frame, sizeof frame);
	struct loss loss = {.epoch = EPOCH,
	    .first_seq = 1,
	    .count = 1,
	    .cause = LOSS_KERNEL,
	    .records = 30};
	struct item *item;

	open_with_mark(0);
	message_put_loss(&w, &loss);
	send_bytes(frame, (size_t)(w.at - frame));
	send_batch(EPOCH, 2, 1);
	item = turns_take(&turns, NULL, NULL);
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(item->kind, ITEM_LOSS);
	ck_assert_uint_eq(item->loss.records, 30);
	item_free(item);
	expect_item(2, 1);
}
END_TEST

/* ---- central filters */

static void
make_document(uint32_t version, size_t len)
{
	filter_document_unref(document);
	document = calloc(1, sizeof *document);
	ck_assert_ptr_nonnull(document);
	*document = (struct filter_document){.refs = 1,
	    .version = version,
	    .crc = 5,
	    .len = len,
	    .own = malloc(len),
	    .own_len = len};
	for (size_t i = 0; i < len; i++)
		document->own[i] = (uint8_t)(i / 1000 + version);
}

static void
send_applied(uint32_t version, uint32_t refused)
{
	uint8_t frame[300];
	struct writer w = writer_of(frame, sizeof frame);
	struct applied a = {
	    .version = version, .crc = 5, .refused = refused, .refused_crc = 5};

	snprintf(a.reason, sizeof a.reason, "%s", refused != 0 ? "no such field" : "");
	message_put_applied(&w, &a);
	send_bytes(frame, (size_t)(w.at - frame));
}

/* All of the document arrives, in order. */
static void
expect_document(void)
{
	struct filters piece;
	const char *why;
	size_t at = 0;

	while (at < document->len) {
		ck_assert_int_eq(receive(), FRAME_FILTERS);
		ck_assert_int_eq(
		    message_get_filters(got.payload, got.len, &piece, &why), 0);
		ck_assert_uint_eq(piece.version, document->version);
		ck_assert_uint_eq(piece.total, document->len);
		ck_assert_uint_eq(piece.offset, at);
		ck_assert_mem_eq(piece.bytes, document->own + at, piece.len);
		at += piece.len;
	}
	ck_assert_int_eq(receive(), 0);
	ck_assert_ptr_null(session->push.document);
}

START_TEST(filters_after_what_is_applied)
{
	struct welcome welcome;
	const char *why;

	make_document(4, 200000);
	open_with_mark(0);
	ck_assert_int_eq(message_get_welcome(got.payload, got.len, &welcome, &why), 0);
	ck_assert_uint_eq(welcome.filter_version, 4);
	ck_assert_int_eq(receive(), 0);
	send_applied(3, 0);
	ck_assert_uint_eq(applied.version, 3);
	expect_document();
	send_applied(4, 0);
	ck_assert_int_eq(receive(), 0);
	make_document(5, 10);
	session_push_filters(session);
	expect_document();
	session_push_filters(session);
	ck_assert_int_eq(receive(), 0);
	ck_assert_uint_eq(document->refs, 1);
}
END_TEST

START_TEST(filters_only_where_they_lack)
{
	make_document(4, 20);
	open_with_mark(0);
	send_applied(4, 0);
	ck_assert_int_eq(receive(), 0);
	ck_assert_int_eq(heard, 1);
}
END_TEST

/* After a restore of the database another set may have the version the agent has. */
START_TEST(filters_of_the_same_version)
{
	make_document(4, 20);
	document->crc = 6;
	open_with_mark(0);
	send_applied(4, 4);
	expect_document();
	session_push_filters(session);
	ck_assert_int_eq(receive(), 0);
	document->crc = 7;
	session_push_filters(session);
	expect_document();
}
END_TEST

/* Each one would cost a row in the database and a line in the log. */
START_TEST(answers_nobody_asked_for)
{
	make_document(4, 20);
	open_with_mark(0);
	send_applied(3, 0);
	expect_document();
	send_applied(4, 0);
	ck_assert_int_eq(receive(), 0);
	send_applied(4, 0);
	ck_assert_int_eq(receive(), FRAME_BYE);
	ck_assert_int_eq(heard, 2);
}
END_TEST

START_TEST(refused_filters_are_not_sent_again)
{
	make_document(4, 20);
	open_with_mark(0);
	send_applied(0, 0);
	expect_document();
	send_applied(0, 4);
	ck_assert_uint_eq(applied.refused, 4);
	ck_assert_str_eq(applied.reason, "no such field");
	session_push_filters(session);
	ck_assert_int_eq(receive(), 0);
	make_document(5, 20);
	session_push_filters(session);
	expect_document();
}
END_TEST

/* What is half on its way gives way to what is newer. */
START_TEST(newer_filters_begin_anew)
{
	make_document(4, 4000000);
	open_with_mark(0);
	send_applied(0, 0);
	ck_assert_ptr_nonnull(session->push.document);
	make_document(5, 100000);
	session_push_filters(session);
	for (struct filters piece = {0}; piece.version != 5;) {
		const char *why;

		ck_assert_int_eq(receive(), FRAME_FILTERS);
		ck_assert_int_eq(
		    message_get_filters(got.payload, got.len, &piece, &why), 0);
		ck_assert(piece.version == 4 || piece.offset == 0);
	}
	ck_assert_uint_eq(document->refs, 1);
	send_batch(EPOCH, 1, 1);
	session_ack(session, EPOCH, 1);
	ck_assert_int_eq(receive(), FRAME_FILTERS);
	ck_assert_int_eq(receive(), FRAME_ACK);
}
END_TEST

START_TEST(agents_that_know_no_filters)
{
	uint8_t frame[256];
	struct writer w = writer_of(frame, sizeof frame);
	struct stats stats = {.count = 0};

	make_document(4, 20);
	open_with_mark(0);
	message_put_stats(&w, &stats);
	send_bytes(frame, (size_t)(w.at - frame));
	send_bytes(frame, (size_t)(w.at - frame));
	ck_assert_int_eq(receive(), FRAME_ALIVE);
	ck_assert_int_eq(receive(), FRAME_ALIVE);
	ck_assert_int_eq(deaf, 1);
	session_push_filters(session);
	ck_assert_int_eq(receive(), 0);
}
END_TEST

START_TEST(filters_end_with_the_session)
{
	make_document(4, 4000000);
	open_with_mark(0);
	send_applied(0, 0);
	ck_assert_uint_eq(document->refs, 2);
	close(peer);
	turn_loop();
	ck_assert_int_eq(closed, 1);
	ck_assert_uint_eq(document->refs, 1);
}
END_TEST

START_TEST(newer_session_fences_the_older)
{
	int old = peer;
	struct session *first = session, *second;

	open_with_mark(0);
	got = (struct frame){.payload = NULL};
	in_len = 0;
	second = open_session(&peer);
	send_hello("web1");
	ck_assert_int_eq(second->state, SESSION_ENTERING);
	ck_assert_ptr_eq(second->host->session, second);
	ck_assert_ptr_ne(first, second);
	peer = old;
	expect_bye("superseded");
	ck_assert(second->host->status.connected);
}
END_TEST

/* Beyond its queue a session is not read any more, until items are freed. */
START_TEST(reading_stops_and_goes_on)
{
	static uint8_t big[3 << 20];
	size_t len = 0, at = 0, held;
	uint64_t seq = 1;

	open_with_mark(0);
	while (len < (2u << 20)) {
		struct bytes_view v = make_batch(EPOCH, seq, 20000);

		memcpy(big + len, v.p, v.len);
		len += v.len;
		seq += 20000;
	}
	for (int tries = 0; at < len && tries < 200; tries++) {
		ssize_t n = send(peer, big + at, len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		turn_loop();
	}
	ck_assert(session->paused);
	ck_assert_uint_lt(at, len);
	held = session->queue.held;
	ck_assert_uint_lt(held, (1u << 20) + FRAME_MAX);
	session_keep_alive(session, 2000);
	ck_assert_int_eq(receive(), FRAME_ALIVE);
	for (int tries = 0; at < len && tries < 2000; tries++) {
		ssize_t n = send(peer, big + at, len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		item_free(turns_take(&turns, NULL, NULL));
		session_resume_waiting(&env);
		turn_loop();
	}
	ck_assert_uint_eq(at, len);
	ck_assert_int_eq(session->state, SESSION_OPEN);
}
END_TEST

/* All of it must have room before it begins; then it is not stopped half-way. */
START_TEST(large_frame_waits_for_room)
{
	struct bytes_view v;

	open_with_mark(0);
	v = make_batch(EPOCH, 1, 20000);
	ck_assert_uint_gt(v.len, SESSION_FRAME_SMALL);
	env.reserved = options.queue_size / 2;
	send_bytes(v.p, 100);
	ck_assert(session->paused);
	ck_assert_uint_eq(session->reserved, 0);
	env.reserved = 0;
	session_resume_waiting(&env);
	ck_assert(!session->paused);
	ck_assert_uint_eq(session->reserved, v.len);
	env.held = options.queue_size;
	send_bytes(v.p + 100, v.len - 100);
	env.held -= options.queue_size;
	ck_assert_uint_eq(env.reserved, 0);
	expect_item(1, 20000);
}
END_TEST

START_TEST(room_comes_back_with_the_end)
{
	struct bytes_view v;

	open_with_mark(0);
	v = make_batch(EPOCH, 1, 20000);
	send_bytes(v.p, 100);
	ck_assert_uint_eq(env.reserved, v.len);
	close(peer);
	turn_loop();
	ck_assert_int_eq(closed, 1);
	ck_assert_uint_eq(env.reserved, 0);
	ck_assert(TAILQ_EMPTY(&env.waiting));
}
END_TEST

/* Who waits longest goes first, whoever connected first. */
START_TEST(waiting_is_in_order)
{
	struct session *s[3] = {session};
	int fd[3] = {peer};
	struct bytes_view v;

	open_with_mark(0);
	for (int i = 1; i < 3; i++) {
		session = s[i] = open_session(&peer);
		fd[i] = peer;
		got = (struct frame){.payload = NULL};
		in_len = 0;
		send_hello(i == 1 ? "web2" : "web3");
		session_welcome(s[i], NULL, 0);
	}
	env.held = options.queue_size;
	v = make_batch(EPOCH, 1, 1);
	for (int i = 2; i >= 0; i--) {
		peer = fd[i];
		send_bytes(v.p, v.len);
		ck_assert(s[i]->paused);
	}
	ck_assert_ptr_eq(TAILQ_FIRST(&env.waiting), s[2]);
	/* Room for one frame each time; who had his waits behind the others. */
	for (int i = 2; i >= 0; i--) {
		env.held = options.queue_size - 1;
		session_resume_waiting(&env);
		session = s[i];
		expect_item(1, 1);
		ck_assert(turns_empty(&turns));
	}
}
END_TEST

START_TEST(no_hello_in_time)
{
	options.hello_timeout = 1;
	session_abort(session);
	closed = 0;
	close(peer);
	session = open_session(&peer);
	for (int i = 0; i < 100 && session->state == SESSION_HELLO; i++)
		event_base_loop(base, EVLOOP_ONCE);
	expect_bye("HELLO");
}
END_TEST

/* Items a transaction carries outlive the connection. */
START_TEST(items_outlive_the_session)
{
	struct item *item;

	open_with_mark(0);
	send_batch(EPOCH, 1, 1);
	item = turns_take(&turns, NULL, NULL);
	send_batch(EPOCH, 2, 1);
	close(peer);
	turn_loop();
	ck_assert_int_eq(closed, 1);
	ck_assert(turns_empty(&turns));
	ck_assert_int_eq(session_of(item)->state, SESSION_CLOSED);
	session_ack(session_of(item), EPOCH, 1);
	item_free(item);
	ck_assert_uint_eq(env.held, 0);
	ck_assert_ptr_null(hosts.by_name);
}
END_TEST

static TCase *
session_cases(void)
{
	TCase *tc = tcase_create("session");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, welcome_tells_the_marks);
	tcase_add_test(tc, batches_are_queued_in_order);
	tcase_add_test(tc, known_numbers_may_come_again);
	tcase_add_test(tc, bytes_one_by_one);
	tcase_add_test(tc, gap_closes);
	tcase_add_test(tc, foreign_epoch_closes);
	tcase_add_test(tc, bad_checksum_closes);
	tcase_add_test(tc, oversized_frame_closes);
	tcase_add_test(tc, http_is_no_hello);
	tcase_add_test(tc, batch_before_hello_closes);
	tcase_add_test(tc, batch_before_welcome_closes);
	tcase_add_test(tc, bad_name_closes);
	tcase_add_test(tc, collectors_frames_close);
	tcase_add_test(tc, stats_are_answered);
	tcase_add_test(tc, losses_are_queued);
	tcase_add_test(tc, filters_after_what_is_applied);
	tcase_add_test(tc, filters_only_where_they_lack);
	tcase_add_test(tc, filters_of_the_same_version);
	tcase_add_test(tc, answers_nobody_asked_for);
	tcase_add_test(tc, refused_filters_are_not_sent_again);
	tcase_add_test(tc, newer_filters_begin_anew);
	tcase_add_test(tc, agents_that_know_no_filters);
	tcase_add_test(tc, filters_end_with_the_session);
	tcase_add_test(tc, newer_session_fences_the_older);
	tcase_add_test(tc, reading_stops_and_goes_on);
	tcase_add_test(tc, large_frame_waits_for_room);
	tcase_add_test(tc, room_comes_back_with_the_end);
	tcase_add_test(tc, waiting_is_in_order);
	tcase_add_test(tc, no_hello_in_time);
	tcase_add_test(tc, items_outlive_the_session);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("session");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, session_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
