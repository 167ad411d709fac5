/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialling a sealed collector, who is played by the test: which keys are shown in which
 * order, what counts as an answer, and what passes over the stream afterwards.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/dial.h"
#include "agent/keys.h"
#include "common/log.h"

#define KEYS 3
#define DEADLINE_MS 5000

static char dir[] = "/tmp/check-dial-XXXXXX", key_file[64], socket_path[64];
static struct event_base *base;
static struct keyfile *keys;
static int listener, peer;
static struct noise_stream collector;
static struct address to;

static struct transport *up; /* what the dial gave */
static bool done;
static char why[300];
static unsigned shown;             /* keys by now */
static int shown_as[2 * KEYS + 2]; /* which: index in the file, -1 none of it */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
on_done(void *arg, struct transport *t, const char *reason)
{
	(void)arg;
	done = true;
	up = t;
	snprintf(why, sizeof why, "%s", t == NULL ? reason : "");
}

/* As fwlogctl key new writes it: so many keys of web1. */
static void
write_keys(size_t n)
{
	struct key key[KEYS];
	char reason[KEYFILE_WHY_SIZE];

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(key_generate(&key[i], "web1"), 0);
	ck_assert_int_eq(
	    keyfile_write(key_file, key, n, KEYFILE_REPLACE, reason, sizeof reason), 0);
	keyfile_free(keys);
	keys = keyfile_load(key_file, reason, sizeof reason);
	ck_assert_ptr_nonnull(keys);
}

static void
setup(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char text[80];
	const char *list = text, *reason;

	log_init("check", LOG_LEVEL_ERROR, false);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(key_file, sizeof key_file, "%s/key", dir);
	snprintf(socket_path, sizeof socket_path, "%s/socket", dir);
	snprintf(un.sun_path, sizeof un.sun_path, "%s", socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	snprintf(text, sizeof text, "unix:%s", socket_path);
	ck_assert_int_eq(address_next(&list, &to, &reason), 0);
	base = event_base_new();
	peer = -1;
	write_keys(KEYS);
}

static void
teardown(void)
{
	transport_close(up);
	event_base_free(base);
	keyfile_free(keys);
	unlink(key_file);
	unlink(socket_path);
	rmdir(dir);
}

static void
start(const struct keyfile *k)
{
	const struct dial_conf conf = {.keys = k, .input_max = 4096};

	done = false;
	ck_assert_ptr_nonnull(dial_start(base, &to, &conf, on_done, NULL));
}

/* ---- the collector */

static size_t
peer_read(uint8_t *buf, size_t len)
{
	int64_t end = now_ms() + DEADLINE_MS;
	size_t have = 0;

	while (have < len && now_ms() < end) {
		ssize_t n;

		event_base_loop(base, EVLOOP_NONBLOCK);
		n = recv(peer, buf + have, len - have, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			have += (size_t)n;
		else
			usleep(500);
	}
	return have;
}

static void
peer_say(const void *data, size_t len)
{
	ck_assert_int_eq(send(peer, data, len, MSG_NOSIGNAL), (ssize_t)len);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
peer_accept(void)
{
	int64_t end = now_ms() + DEADLINE_MS;

	do {
		event_base_loop(base, EVLOOP_NONBLOCK);
		peer = accept(listener, NULL, NULL);
	} while (peer < 0 && now_ms() < end);
	ck_assert_int_ge(peer, 0);
}

/* Takes a hello; which key of the file it shows. */
static int
peer_hello(uint8_t *hello)
{
	const uint8_t *id = hello + NOISE_PREAMBLE_SIZE - NOISE_ID_SIZE;
	int which = -1;

	ck_assert_uint_eq(peer_read(hello, NOISE_HELLO_SIZE), NOISE_HELLO_SIZE);
	for (size_t i = 0; i < keyfile_count(keys); i++)
		if (memcmp(keyfile_at(keys, i)->id, id, NOISE_ID_SIZE) == 0)
			which = (int)i;
	shown_as[shown++] = which;
	return which;
}

/* Opens the hello with that key of the file; the answer goes to reply. */
static void
peer_answer(uint8_t *hello, int with, uint8_t *reply)
{
	struct noise_input in = {hello, NOISE_HELLO_SIZE};
	struct noise_output out;

	noise_stream_accept(&collector);
	ck_assert_int_eq(noise_stream_receive(&collector, &in, &out), NOISE_KEY);
	ck_assert_int_eq(
	    noise_stream_set_key(&collector, keyfile_at(keys, (size_t)with)->secret),
	    0);
	ck_assert_int_eq(noise_stream_receive(&collector, &in, &out), NOISE_READY);
	memcpy(reply, out.at, NOISE_REPLY_SIZE);
}

/* Refuses all keys but one; -1: all. */
static void
serve(int accepted)
{
	uint8_t hello[NOISE_HELLO_SIZE], reply[NOISE_REPLY_SIZE];
	int which;

	do {
		peer_accept();
		which = peer_hello(hello);
		if (which == accepted) {
			peer_answer(hello, which, reply);
			peer_say(reply, sizeof reply);
			return;
		}
		close(peer);
	} while (shown < keyfile_count(keys));
}

static void
wait_done(void)
{
	int64_t end = now_ms() + DEADLINE_MS;

	while (!done && now_ms() < end)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(done);
}

/* ---- tests */

START_TEST(newest_key_first)
{
	start(keys);
	serve(KEYS - 1);
	wait_done();
	ck_assert_ptr_nonnull(up);
	ck_assert_uint_eq(shown, 1);
	ck_assert_int_eq(shown_as[0], KEYS - 1);
}
END_TEST

START_TEST(older_keys_follow)
{
	start(keys);
	serve(0);
	wait_done();
	ck_assert_ptr_nonnull(up);
	ck_assert_uint_eq(shown, KEYS);
	for (int i = 0; i < KEYS; i++)
		ck_assert_int_eq(shown_as[i], KEYS - 1 - i);
}
END_TEST

START_TEST(no_key_will_do)
{
	start(keys);
	serve(-1);
	wait_done();
	ck_assert_ptr_null(up);
	ck_assert_uint_eq(shown, KEYS);
	ck_assert_ptr_nonnull(strstr(why, "without an answer"));
	ck_assert_ptr_nonnull(strstr(why, "fwlogctl key list"));
}
END_TEST

/* Whoever has not the key cannot answer, and gets no second chance with another. */
START_TEST(false_answer)
{
	uint8_t hello[NOISE_HELLO_SIZE], reply[NOISE_REPLY_SIZE];

	write_keys(1);
	start(keys);
	peer_accept();
	ck_assert_int_eq(peer_hello(hello), 0);
	peer_answer(hello, 0, reply);
	reply[_i] ^= 1;
	peer_say(reply, sizeof reply);
	wait_done();
	ck_assert_ptr_null(up);
	ck_assert_ptr_nonnull(strstr(why, "not of the sealed stream"));
}
END_TEST

START_TEST(plain_answer)
{
	uint8_t hello[NOISE_HELLO_SIZE];
	static const uint8_t bye[] = {0, 0, 0, 7, 9, 5, 'n', 'o', 'p', 'e', '!'};

	write_keys(1);
	start(keys);
	peer_accept();
	peer_hello(hello);
	peer_say(bye, sizeof bye);
	wait_done();
	ck_assert_ptr_null(up);
	ck_assert_ptr_nonnull(strstr(why, "listen_plain"));
}
END_TEST

/* ---- over the stream */

static uint8_t got[1 << 16];
static size_t got_len;
static char down_why[200];

static void
on_data(void *arg, struct evbuffer *in)
{
	(void)arg;
	got_len += (size_t)evbuffer_remove(in, got + got_len, sizeof got - got_len);
}

static void
on_down(void *arg, const char *reason)
{
	(void)arg;
	snprintf(down_why, sizeof down_why, "%s", reason);
	transport_close(up);
	up = NULL;
}

static void
on_up(void *arg)
{
	(void)arg;
	ck_abort_msg("up for the second time");
}

static void
connect_sealed(void)
{
	static const struct transport_events events = {on_up, on_data, on_down};

	write_keys(1);
	start(keys);
	serve(0);
	wait_done();
	ck_assert_ptr_nonnull(up);
	transport_listen(up, &events, NULL);
}

START_TEST(bytes_both_ways)
{
	static uint8_t plain[40000], wire[50000];
	size_t len = noise_stream_sealed_size(sizeof plain), n = 0;
	struct noise_input in;
	struct noise_output out;

	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)(i * 31);
	connect_sealed();
	ck_assert_int_eq(transport_write(up, plain, sizeof plain), 0);
	ck_assert_uint_eq(peer_read(wire, len), len);
	in = (struct noise_input){wire, len};
	while (noise_stream_receive(&collector, &in, &out) == NOISE_PLAIN) {
		ck_assert_mem_eq(out.at, plain + n, out.len);
		n += out.len;
	}
	ck_assert_uint_eq(n, sizeof plain);
	len = noise_stream_seal(&collector, plain, sizeof plain, wire, sizeof wire);
	for (size_t i = 0; i < len; i += 777)
		peer_say(wire + i, len - i < 777 ? len - i : 777);
	for (int i = 0; i < 100 && got_len < sizeof plain; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(got_len, sizeof plain);
	ck_assert_mem_eq(got, plain, sizeof plain);
}
END_TEST

START_TEST(changed_record_ends_it)
{
	uint8_t wire[200];
	size_t len;

	connect_sealed();
	len = noise_stream_seal(&collector, "first", 5, wire, sizeof wire);
	len +=
	    noise_stream_seal(&collector, "second", 6, wire + len, sizeof wire - len);
	wire[len - 1] ^= 4;
	peer_say(wire, len);
	for (int i = 0; i < 100 && up != NULL; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_ptr_null(up);
	ck_assert_ptr_nonnull(strstr(down_why, "changed on the way"));
	ck_assert_uint_eq(got_len, 5); /* what came before it was whole */
}
END_TEST

/* ---- key files */

START_TEST(key_file_of_the_agent)
{
	struct options o = {.transport = TRANSPORT_SEALED, .key_file = key_file};
	char reason[KEYFILE_WHY_SIZE], name[] = "web1", other[] = "web2";
	struct keyfile *loaded, *again;

	o.name = name;
	ck_assert_int_eq(keys_load(&o, &loaded, reason, sizeof reason), 0);
	ck_assert_uint_eq(keyfile_count(loaded), KEYS);
	ck_assert(keys_equal(loaded, keys));
	ck_assert(!keys_equal(loaded, NULL));
	write_keys(KEYS);
	ck_assert_int_eq(keys_load(&o, &again, reason, sizeof reason), 0);
	ck_assert(!keys_equal(loaded, again));
	keyfile_free(again);
	o.name = other;
	ck_assert_int_eq(keys_load(&o, &again, reason, sizeof reason), -1);
	ck_assert_ptr_null(again);
	ck_assert_ptr_nonnull(strstr(reason, "name = web1"));
	unlink(key_file);
	ck_assert_int_eq(keys_load(&o, &again, reason, sizeof reason), -1);
	ck_assert_ptr_nonnull(strstr(reason, "fwlogctl key new web2"));
	o.transport = TRANSPORT_PLAIN;
	ck_assert_int_eq(keys_load(&o, &again, reason, sizeof reason), 0);
	ck_assert_ptr_null(again);
	ck_assert(keys_equal(NULL, again));
	keyfile_free(loaded);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dial");
	TCase *t = tcase_create("dial");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, newest_key_first);
	tcase_add_test(t, older_keys_follow);
	tcase_add_test(t, no_key_will_do);
	tcase_add_loop_test(t, false_answer, 0, NOISE_REPLY_SIZE);
	tcase_add_test(t, plain_answer);
	tcase_add_test(t, bytes_both_ways);
	tcase_add_test(t, changed_record_ends_it);
	tcase_add_test(t, key_file_of_the_agent);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
