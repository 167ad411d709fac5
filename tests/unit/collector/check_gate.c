/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sealed connections over a socket pair, from the first byte to a session: the agent is
 * played by the test with its own end of the stream.
 */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector/session.h"
#include "common/log.h"

#define SECRET_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define EPOCH 77

static const uint8_t good[NOISE_ID_SIZE] = {1}, revoked[NOISE_ID_SIZE] = {2},
		     bound[NOISE_ID_SIZE] = {3}, unknown[NOISE_ID_SIZE] = {4};
static uint8_t secret[NOISE_KEY_SIZE];

static struct event_base *base;
static struct options options;
static struct metrics metrics;
static struct hosts hosts;
static struct session_env env;
static struct gate *gate;
static struct keytable *table;
static struct session *session; /* that was admitted */
static int admitted, asked, entering, closed;

static struct noise_stream agent;
static int peer; /* the agent's end */
static uint8_t hello[NOISE_HELLO_SIZE];
static uint8_t heard[70000];
static size_t heard_len;

static bool no_memory; /* for what is to be sent */

/* In the place of libevent's, which is found behind it. */
int
evbuffer_reserve_space(
    struct evbuffer *buf, ev_ssize_t size, struct evbuffer_iovec *space, int n)
{
	void *found = dlsym(RTLD_NEXT, "evbuffer_reserve_space");
	int (*real)(struct evbuffer *, ev_ssize_t, struct evbuffer_iovec *, int);

	memcpy(&real, &found, sizeof real);
	return no_memory ? -1 : real(buf, size, space, n);
}

/* ---- the collector around */

static void
on_entering(void *arg, struct session *s)
{
	(void)arg;
	(void)s;
	entering++;
}

static void
on_contact(void *arg, struct host *h, bool urgent)
{
	(void)arg;
	(void)h;
	(void)urgent;
}

static struct filter_document *
on_filters(void *arg, const struct host *h)
{
	(void)arg;
	(void)h;
	return NULL;
}

static uint32_t
on_filter_version(void *arg)
{
	(void)arg;
	return 0;
}

static void
on_applied(void *arg, const struct host *h, const struct applied *applied)
{
	(void)arg;
	(void)h;
	(void)applied;
}

static void
on_closed(void *arg, struct session *s)
{
	(void)arg;
	if (s == session)
		session = NULL;
	closed++;
}

static void
on_admitted(void *arg, struct transport *t, const struct address *from,
    const struct identity *who)
{
	(void)arg;
	admitted++;
	ck_assert_str_eq(who->name, "web1");
	ck_assert_mem_eq(who->key_id, good, sizeof good);
	session = session_new(&env, t, from, who);
	ck_assert_ptr_nonnull(session);
}

static void
on_unknown(void *arg)
{
	(void)arg;
	asked++;
}

static void
add(struct keytable *t, const uint8_t *id, const char *state, const char *networks)
{
	char text[KEY_ID_TEXT_SIZE];
	const char *why;

	ck_assert_int_eq(keytable_add(t, key_id_text(id, text), "web1", state,
			     SECRET_TEXT, networks, &why),
	    0);
}

static struct keytable *
make_table(const char *state_of_good)
{
	struct keytable *t = keytable_new(3);

	add(t, good, state_of_good, "");
	add(t, revoked, "revoked", "");
	add(t, bound, "active", "192.0.2.0/24");
	keytable_close(t);
	return t;
}

static void
come(int *other)
{
	static const struct address from = {
	    .sa = {.ss_family = AF_UNIX}, .text = "test"};
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	*other = pair[1];
	gate_take(gate, pair[0], &from);
}

static void
setup(void)
{
	struct gate_env gate_env = {.options = &options,
	    .metrics = &metrics,
	    .admitted = on_admitted,
	    .unknown = on_unknown};

	log_init("check", LOG_LEVEL_ERROR, false);
	ck_assert_int_eq(noise_init(), 0);
	for (uint8_t i = 0; i < sizeof secret; i++)
		secret[i] = i;
	options = (struct options){.session_queue = 1 << 20,
	    .queue_size = 4 << 20,
	    .max_unauthenticated = 3,
	    .hello_timeout = 10000,
	    .idle_timeout = 30000};
	hosts = (struct hosts){.sinks = 1};
	base = gate_env.base = event_base_new();
	env = (struct session_env){.base = base,
	    .options = &options,
	    .metrics = &metrics,
	    .hosts = &hosts,
	    .entering = on_entering,
	    .contact = on_contact,
	    .filters = on_filters,
	    .filter_version = on_filter_version,
	    .applied = on_applied,
	    .closed = on_closed};
	TAILQ_INIT(&env.waiting);
	gate = gate_new(&gate_env);
	table = make_table("active");
	gate_set_table(gate, table);
	come(&peer);
}

static void
teardown(void)
{
	if (session != NULL)
		session_abort(session);
	gate_free(gate);
	keytable_free(table);
	close(peer);
	event_base_free(base);
}

/* ---- the agent */

static void
turn_loop(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
say(const void *data, size_t len)
{
	ck_assert_int_eq(send(peer, data, len, MSG_NOSIGNAL), (ssize_t)len);
	turn_loop();
}

/* What has come, in heard; true when the other end has closed. */
static bool
hear(void)
{
	ssize_t n;

	turn_loop();
	heard_len = 0;
	do {
		n = recv(peer, heard + heard_len, sizeof heard - heard_len, 0);
		if (n > 0)
			heard_len += (size_t)n;
	} while (n > 0);
	return n == 0 || errno != EAGAIN;
}

static void
say_hello(const uint8_t *id, const uint8_t *psk)
{
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	say(hello, sizeof hello);
}

/* Up to the reply. */
static void
shake_hands(void)
{
	struct noise_input in;
	struct noise_output out;

	say_hello(good, secret);
	ck_assert(!hear());
	ck_assert_uint_eq(heard_len, NOISE_REPLY_SIZE);
	in = (struct noise_input){heard, heard_len};
	ck_assert_int_eq(noise_stream_receive(&agent, &in, &out), NOISE_READY);
	ck_assert_int_eq(admitted, 0);
}

static size_t
seal_hello(const char *name, uint8_t *sealed, size_t size)
{
	static uint8_t frame[FRAME_CONTROL_MAX];
	static struct hello h;
	struct writer w = writer_of(frame, sizeof frame);

	h = (struct hello){.version = PROTOCOL_VERSION,
	    .software = "test",
	    .epochs = 1,
	    .epoch = {{EPOCH, 1}}};
	snprintf(h.name, sizeof h.name, "%s", name);
	message_put_hello(&w, &h);
	return noise_stream_seal(&agent, frame, (size_t)(w.at - frame), sealed, size);
}

/* The next frame of the collector, in what comes now. */
static enum frame_type
hear_frame(struct frame *f)
{
	static uint8_t plain[70000];
	struct noise_input in;
	struct noise_output out;
	const char *why;
	size_t len = 0;

	hear();
	in = (struct noise_input){heard, heard_len};
	while (noise_stream_receive(&agent, &in, &out) == NOISE_PLAIN) {
		memcpy(plain + len, out.at, out.len);
		len += out.len;
	}
	ck_assert_int_gt(frame_parse(plain, len, f, &why), 0);
	return f->type;
}

/* Nothing was answered, the connection is closed, this one reason was counted. */
static void
turned_away(const uint64_t *reason)
{
	ck_assert(hear());
	ck_assert_uint_eq(heard_len, 0);
	ck_assert_uint_eq(metrics.strangers, 1);
	ck_assert_uint_eq(*reason, 1);
	ck_assert_int_eq(admitted, 0);
}

/* ---- tests */

START_TEST(the_agent_gets_in)
{
	static uint8_t sealed[4096];
	struct epoch_mark mark = {EPOCH, 9};
	struct welcome welcome;
	const char *why;
	struct frame f;

	shake_hands();
	say(sealed, seal_hello("web1", sealed, sizeof sealed));
	ck_assert_int_eq(admitted, 1);
	ck_assert_int_eq(entering, 1);
	ck_assert_uint_eq(metrics.authenticated, 1);
	ck_assert_str_eq(session->text, "web1 (test)");
	session_welcome(session, &mark, 1);
	ck_assert_int_eq(hear_frame(&f), FRAME_WELCOME);
	ck_assert_int_eq(message_get_welcome(f.payload, f.len, &welcome, &why), 0);
	ck_assert_uint_eq(welcome.epoch[0].seq, 9);
	session_ack(session, EPOCH, 12);
	ck_assert_int_eq(hear_frame(&f), FRAME_ACK);
}
END_TEST

START_TEST(byte_by_byte)
{
	static uint8_t sealed[4096];
	size_t len;

	ck_assert_int_eq(noise_stream_connect(&agent, good, secret, hello), 0);
	for (size_t i = 0; i < sizeof hello; i++) {
		ck_assert(!hear());
		ck_assert_uint_eq(heard_len, 0);
		say(hello + i, 1);
	}
	ck_assert(!hear());
	ck_assert_uint_eq(heard_len, NOISE_REPLY_SIZE);
	ck_assert_int_eq(
	    noise_stream_receive(&agent, &(struct noise_input){heard, heard_len},
		&(struct noise_output){NULL, 0}),
	    NOISE_READY);
	len = seal_hello("web1", sealed, sizeof sealed);
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(admitted, 0);
		say(sealed + i, 1);
	}
	ck_assert_int_eq(admitted, 1);
	ck_assert_int_eq(entering, 1);
}
END_TEST

START_TEST(another_name_is_refused)
{
	static uint8_t sealed[4096];
	struct frame f;
	struct bye bye;
	const char *why;

	shake_hands();
	say(sealed, seal_hello("web2", sealed, sizeof sealed));
	ck_assert_int_eq(entering, 0);
	ck_assert_int_eq(hear_frame(&f), FRAME_BYE);
	ck_assert_int_eq(message_get_bye(f.payload, f.len, &bye, &why), 0);
	ck_assert_ptr_nonnull(strstr(bye.reason, "says it is web2"));
	ck_assert_ptr_null(hosts.by_name);
}
END_TEST

START_TEST(unknown_key)
{
	say_hello(unknown, secret);
	turned_away(&metrics.stranger_unknown_key);
	ck_assert_int_eq(asked, 1);
}
END_TEST

START_TEST(revoked_key)
{
	static const uint8_t zero[NOISE_KEY_SIZE];

	/* Not even by the zeros the table has in its place. */
	say_hello(revoked, zero);
	turned_away(&metrics.stranger_revoked_key);
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(forbidden_address)
{
	say_hello(bound, secret);
	turned_away(&metrics.stranger_forbidden);
}
END_TEST

START_TEST(wrong_secret)
{
	secret[0] ^= 1;
	say_hello(good, secret);
	turned_away(&metrics.stranger_wrong_key);
}
END_TEST

START_TEST(no_keys_at_all)
{
	gate_set_table(gate, NULL);
	say_hello(good, secret);
	turned_away(&metrics.stranger_unknown_key);
}
END_TEST

START_TEST(other_protocols)
{
	static const char *const first[] = {"GET / HTTP/1.1\r\nHost",
	    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
	    "0123456789",
	    "FWLOGN\0\2xxxxxxxxxxxxxxx", "0123456789abcdefghij"};

	say(first[_i], 20);
	turned_away(&metrics.stranger_not_sealed);
}
END_TEST

START_TEST(gone_before_anything)
{
	say("FWLOGN", 6);
	shutdown(peer, SHUT_WR);
	turned_away(&metrics.stranger_left);
}
END_TEST

/* A hello that was recorded is answered and leads no further. */
START_TEST(hello_again)
{
	int first = peer;
	uint8_t record[40] = {0, 38};

	shake_hands();
	come(&peer);
	say(hello, sizeof hello);
	ck_assert(!hear());
	ck_assert_uint_eq(heard_len, NOISE_REPLY_SIZE);
	say(record, sizeof record);
	ck_assert(hear());
	ck_assert_uint_eq(heard_len, 0);
	ck_assert_uint_eq(metrics.stranger_unconfirmed, 1);
	ck_assert_int_eq(admitted, 0);
	/* The first is where it was. */
	close(peer);
	peer = first;
	ck_assert(!hear());
}
END_TEST

/* Key checked at the hello, revoked before the first record. */
START_TEST(revoked_in_between)
{
	static uint8_t sealed[4096];
	struct keytable *other = make_table("revoked");

	shake_hands();
	gate_set_table(gate, other);
	say(sealed, seal_hello("web1", sealed, sizeof sealed));
	ck_assert(hear());
	ck_assert_uint_eq(heard_len, 0);
	ck_assert_int_eq(admitted, 0);
	ck_assert_uint_eq(metrics.strangers, 1);
	keytable_free(other);
}
END_TEST

START_TEST(time_is_short)
{
	struct timespec start, end;

	say("FWLOGN", 6);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (metrics.strangers == 0)
		event_base_loop(base, EVLOOP_ONCE);
	clock_gettime(CLOCK_MONOTONIC, &end);
	turned_away(&metrics.stranger_late);
	ck_assert_int_le(end.tv_sec - start.tv_sec, 5);
}
END_TEST

START_TEST(the_oldest_makes_room)
{
	static const struct address from = {
	    .sa = {.ss_family = AF_UNIX}, .text = "test"};
	int others[3];

	ck_assert_uint_eq(gate_count(gate, &from), 0); /* Unix sockets are not alike */
	for (int i = 0; i < 3; i++)
		come(&others[i]);
	turned_away(&metrics.stranger_crowded);
	for (int i = 0; i < 3; i++) {
		close(peer);
		peer = others[i];
		ck_assert(!hear());
	}
}
END_TEST

/* After the key was proved a changed record ends the session, and nothing is said. */
START_TEST(changed_record)
{
	static uint8_t sealed[4096];
	size_t len;

	shake_hands();
	say(sealed, seal_hello("web1", sealed, sizeof sealed));
	ck_assert_int_eq(entering, 1);
	len = seal_hello("web1", sealed, sizeof sealed);
	sealed[len - 1] ^= 0x80;
	say(sealed, len);
	ck_assert(hear());
	ck_assert_uint_eq(heard_len, 0);
	ck_assert_int_eq(closed, 1);
	ck_assert_uint_eq(metrics.tampered, 1);
	ck_assert_ptr_null(hosts.by_name);
}
END_TEST

/* Its first record and a changed one in one piece: in, and out again. */
START_TEST(good_and_bad_at_once)
{
	static uint8_t sealed[8192];
	size_t len, more;

	shake_hands();
	len = seal_hello("web1", sealed, sizeof sealed);
	more = seal_hello("web1", sealed + len, sizeof sealed - len);
	sealed[len + more - 1] ^= 1;
	say(sealed, len + more);
	ck_assert_int_eq(admitted, 1);
	ck_assert_int_eq(closed, 1);
	ck_assert(hear());
	ck_assert_uint_eq(heard_len, 0);
	ck_assert_uint_eq(metrics.tampered, 1);
}
END_TEST

static size_t
seal_stats(uint8_t *sealed, size_t size)
{
	static const struct stats stats = {.time_us = 1};
	uint8_t frame[64];
	struct writer w = writer_of(frame, sizeof frame);

	message_put_stats(&w, &stats);
	return noise_stream_seal(&agent, frame, (size_t)(w.at - frame), sealed, size);
}

/* Answering what came before the changed record would fail and hide the cause. */
START_TEST(changed_record_behind_a_question)
{
	static uint8_t sealed[8192];
	size_t len, more;

	shake_hands();
	say(sealed, seal_hello("web1", sealed, sizeof sealed));
	session_welcome(session, NULL, 0);
	hear();
	len = seal_stats(sealed, sizeof sealed);
	more = seal_stats(sealed + len, sizeof sealed - len);
	sealed[len + more - 1] ^= 1;
	say(sealed, len + more);
	ck_assert(hear());
	ck_assert_int_eq(closed, 1);
	ck_assert_uint_eq(metrics.tampered, 1);
}
END_TEST

/* A session that reads on outside its socket's events ends there, input and all. */
START_TEST(no_memory_for_an_answer)
{
	static uint8_t sealed[4096];

	shake_hands();
	say(sealed, seal_hello("web1", sealed, sizeof sealed));
	session_welcome(session, NULL, 0);
	env.held = options.queue_size;
	say(sealed, seal_stats(sealed, sizeof sealed));
	ck_assert(session->paused);
	env.held = 0;
	no_memory = true;
	session_resume_waiting(&env);
	no_memory = false;
	ck_assert_int_eq(closed, 1);
	ck_assert_ptr_null(session);
}
END_TEST

static TCase *
gate_cases(void)
{
	TCase *tc = tcase_create("gate");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, the_agent_gets_in);
	tcase_add_test(tc, byte_by_byte);
	tcase_add_test(tc, another_name_is_refused);
	tcase_add_test(tc, unknown_key);
	tcase_add_test(tc, revoked_key);
	tcase_add_test(tc, forbidden_address);
	tcase_add_test(tc, wrong_secret);
	tcase_add_test(tc, no_keys_at_all);
	tcase_add_loop_test(tc, other_protocols, 0, 4);
	tcase_add_test(tc, gone_before_anything);
	tcase_add_test(tc, hello_again);
	tcase_add_test(tc, revoked_in_between);
	tcase_add_test(tc, time_is_short);
	tcase_add_test(tc, the_oldest_makes_room);
	tcase_add_test(tc, changed_record);
	tcase_add_test(tc, good_and_bad_at_once);
	tcase_add_test(tc, changed_record_behind_a_question);
	tcase_add_test(tc, no_memory_for_an_answer);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("gate");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, gate_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
