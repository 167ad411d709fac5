/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/noise_stream.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 6
#define RECORD_SPACE 200

static const uint8_t id[NOISE_ID_SIZE] = {0xf1, 2, 3, 4, 5, 6, 7, 0x88};
static const uint8_t psk[NOISE_KEY_SIZE] = "the agent's secret of 32 bytes.";

/* One connection; static, for a stream is no thing for the stack. */
static struct noise_stream agent, collector;
static uint8_t hello[NOISE_HELLO_SIZE], reply[NOISE_REPLY_SIZE];

static uint8_t plain_all[1 << 20];
static size_t plain_len; /* bytes receive_all gathered */
static uint8_t scratch[1 << 20];

/*
 * Feeds a copy of data in pieces of at most step bytes and gathers the plain text; sets
 * the key when asked. Returns the last event that was not NOISE_MORE, NOISE_MORE if
 * none.
 */
static enum noise_event
feed(struct noise_stream *s, const uint8_t *data, size_t len, size_t step,
    const uint8_t *key)
{
	enum noise_event last = NOISE_MORE, event;

	ck_assert_uint_le(len, sizeof scratch);
	memcpy(scratch, data, len);
	for (size_t at = 0, n; at < len; at += n) {
		struct noise_input in;
		struct noise_output out;

		n = len - at < step ? len - at : step;
		in = (struct noise_input){scratch + at, n};
		while ((event = noise_stream_receive(s, &in, &out)) > NOISE_MORE) {
			last = event;
			if (event == NOISE_KEY)
				ck_assert_int_eq(noise_stream_set_key(s, key), 0);
			if (event == NOISE_READY && out.len > 0) {
				ck_assert_uint_eq(out.len, sizeof reply);
				memcpy(reply, out.at, out.len);
			}
			if (event == NOISE_PLAIN) {
				ck_assert_uint_le(
				    plain_len + out.len, sizeof plain_all);
				memcpy(plain_all + plain_len, out.at, out.len);
				plain_len += out.len;
			}
		}
		if (event == NOISE_FAILED)
			return event;
		ck_assert_uint_eq(in.left, 0);
	}
	return last;
}

static void
connect_pair(size_t step)
{
	plain_len = 0;
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	noise_stream_accept(&collector);
	ck_assert_int_eq(feed(&collector, hello, sizeof hello, step, psk), NOISE_READY);
	ck_assert_mem_eq(noise_stream_key_id(&collector), id, sizeof id);
	ck_assert_int_eq(feed(&agent, reply, sizeof reply, step, NULL), NOISE_READY);
}

/* Seals text as one record; returns its size. */
static size_t
seal_text(struct noise_stream *s, const char *text, uint8_t *out)
{
	size_t n = noise_stream_seal(s, text, strlen(text), out, RECORD_SPACE);

	ck_assert_uint_eq(n, strlen(text) + NOISE_OVERHEAD);
	return n;
}

static void
assert_closed(struct noise_stream *s)
{
	static const struct noise_cipher none;
	uint8_t out[RECORD_SPACE], in[1] = {0};

	ck_assert_int_eq(s->state, NOISE_STREAM_CLOSED);
	ck_assert_mem_eq(&s->send, &none, sizeof none);
	ck_assert_mem_eq(&s->receive, &none, sizeof none);
	ck_assert(!noise_stream_is_confirmed(s));
	ck_assert_uint_eq(noise_stream_seal(s, "x", 1, out, sizeof out), 0);
	ck_assert_int_eq(feed(s, in, 1, 1, NULL), NOISE_FAILED);
}

START_TEST(hello_is_as_written_down)
{
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	ck_assert_mem_eq(hello, "FWLOGN\0\1\xf1\2\3\4\5\6\7\x88\0\x30", 18);
	ck_assert_uint_eq(sizeof hello, 66);
	ck_assert_uint_eq(sizeof reply, 50);
}
END_TEST

/* The prologue is the preamble as sent: an independent responder, from the Noise layer.
 */
START_TEST(prologue_is_the_preamble)
{
	struct noise_handshake hs;
	struct noise_cipher send, receive;
	uint8_t nothing[1], sealed[RECORD_SPACE];

	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	ck_assert_int_eq(noise_handshake_start(
			     &hs, NOISE_RESPONDER, psk, hello, NOISE_PREAMBLE_SIZE),
	    0);
	ck_assert_int_eq(
	    noise_handshake_read(&hs, hello + 18, NOISE_HANDSHAKE_SIZE, nothing), 0);
	memcpy(reply, "\0\x30", 2);
	ck_assert_int_eq(noise_handshake_write(&hs, NULL, 0, reply + 2), 0);
	ck_assert_int_eq(noise_handshake_split(&hs, &send, &receive), 0);
	ck_assert_int_eq(feed(&agent, reply, sizeof reply, 50, NULL), NOISE_READY);
	ck_assert_uint_eq(seal_text(&agent, "hi", sealed), 20);
	ck_assert_mem_eq(sealed, "\0\x12", 2);
	ck_assert_int_eq(noise_cipher_open(&receive, sealed + 2, 18, sealed), 0);
	ck_assert_mem_eq(sealed, "hi", 2);
}
END_TEST

START_TEST(round_trip_in_pieces_of_every_size)
{
	static const char *const text[] = {
	    "a", "record", "and one more, longer than both"};
	uint8_t sealed[3 * RECORD_SPACE];

	for (size_t step = 1; step <= NOISE_HELLO_SIZE; step++) {
		for (int way = 0; way < 2; way++) {
			struct noise_stream *from = way == 0 ? &agent : &collector;
			struct noise_stream *to = way == 0 ? &collector : &agent;
			size_t n = 0;

			connect_pair(step);
			for (size_t i = 0; i < 3; i++)
				n += seal_text(from, text[i], sealed + n);
			ck_assert_int_eq(feed(to, sealed, n, step, NULL), NOISE_PLAIN);
			ck_assert_uint_eq(plain_len, 37);
			ck_assert_mem_eq(
			    plain_all, "arecordand one more, longer than both", 37);
		}
	}
}
END_TEST

START_TEST(round_trip_cut_anywhere)
{
	static struct noise_stream before;
	uint8_t sealed[2 * RECORD_SPACE];
	size_t n;

	connect_pair(NOISE_HELLO_SIZE);
	n = seal_text(&agent, "first", sealed);
	n += seal_text(&agent, "second", sealed + n);
	before = collector;
	for (size_t cut = 0; cut <= n; cut++) {
		collector = before;
		plain_len = 0;
		(void)feed(&collector, sealed, cut, cut + 1, NULL);
		(void)feed(&collector, sealed + cut, n - cut, n, NULL);
		ck_assert_uint_eq(plain_len, 11);
		ck_assert_mem_eq(plain_all, "firstsecond", 11);
	}
}
END_TEST

/* Hello and records may arrive together, even before the reply is sent. */
START_TEST(one_feed_for_all)
{
	static uint8_t bytes[NOISE_REPLY_SIZE + RECORD_SPACE];
	size_t n;

	connect_pair(NOISE_HELLO_SIZE);
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	noise_stream_accept(&collector);
	ck_assert_int_eq(feed(&collector, hello, sizeof hello, 66, psk), NOISE_READY);
	memcpy(bytes, reply, sizeof reply);
	n = sizeof reply + seal_text(&collector, "welcome", bytes + sizeof reply);
	ck_assert_int_eq(feed(&agent, bytes, n, n, NULL), NOISE_PLAIN);
	ck_assert_mem_eq(plain_all, "welcome", plain_len);
}
END_TEST

START_TEST(every_bit_of_the_hello_counts)
{
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	for (size_t bit = 0; bit < sizeof hello * 8; bit++) {
		enum noise_event event;

		hello[bit / 8] ^= (uint8_t)(1u << bit % 8);
		noise_stream_accept(&collector);
		event = feed(&collector, hello, sizeof hello, sizeof hello, psk);
		hello[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(event, NOISE_FAILED);
		assert_closed(&collector);
	}
	noise_stream_accept(&collector);
	ck_assert_int_eq(feed(&collector, hello, sizeof hello, 66, psk), NOISE_READY);
}
END_TEST

START_TEST(every_bit_of_the_reply_counts)
{
	static struct noise_stream before;

	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	noise_stream_accept(&collector);
	ck_assert_int_eq(feed(&collector, hello, sizeof hello, 66, psk), NOISE_READY);
	before = agent;
	for (size_t bit = 0; bit < sizeof reply * 8; bit++) {
		enum noise_event event;

		agent = before;
		reply[bit / 8] ^= (uint8_t)(1u << bit % 8);
		event = feed(&agent, reply, sizeof reply, sizeof reply, NULL);
		reply[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(event, NOISE_FAILED);
		assert_closed(&agent);
	}
}
END_TEST

/*
 * A length that grew makes the receiver wait for more, so records follow until there is
 * enough: it must fail then and never have given anything out.
 */
START_TEST(every_bit_of_a_record_counts)
{
	static struct noise_stream before;
	static uint8_t bytes[RECORD_SPACE + (1 << 17)];
	size_t first, n;

	connect_pair(NOISE_HELLO_SIZE);
	n = first = seal_text(&agent, "record", bytes);
	n += noise_stream_seal(&agent, scratch, 1 << 16, bytes + n, sizeof bytes - n);
	before = collector;
	for (size_t bit = 0; bit < first * 8; bit++) {
		enum noise_event event;

		collector = before;
		plain_len = 0;
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		event = feed(&collector, bytes, n, n, NULL);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(event, NOISE_FAILED);
		ck_assert_uint_eq(plain_len, 0);
		assert_closed(&collector);
	}
	collector = before;
	ck_assert_int_eq(feed(&collector, bytes, n, n, NULL), NOISE_PLAIN);
}
END_TEST

/* With the preamble's last byte, before a key is asked for. */
START_TEST(strangers_fail)
{
	static const char *const greeting[] = {
	    "GET / HTTP/1.1\r\nHost: collector\r\n\r\n",
	    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a ClientHello goes on",
	    "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
	    "FWLOGN\0\2 a version of later",
	};

	for (size_t i = 0; i < sizeof greeting / sizeof greeting[0]; i++) {
		noise_stream_accept(&collector);
		ck_assert_int_eq(
		    feed(&collector, (const uint8_t *)greeting[i], 16, 16, psk),
		    NOISE_FAILED);
		assert_closed(&collector);
	}
}
END_TEST

START_TEST(wrong_or_unknown_key_fails)
{
	const uint8_t wrong[NOISE_KEY_SIZE] = "the agent's secret of 32 bytes!";
	const uint8_t *const key[] = {wrong, NULL};

	for (size_t i = 0; i < 2; i++) {
		struct noise_input in = {scratch, sizeof hello};
		struct noise_output out;

		ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
		memcpy(scratch, hello, sizeof hello);
		noise_stream_accept(&collector);
		ck_assert_int_eq(
		    noise_stream_receive(&collector, &in, &out), NOISE_KEY);
		ck_assert_uint_eq(out.len, 0);
		ck_assert_int_eq(noise_stream_set_key(&collector, key[i]), 0);
		ck_assert_int_eq(
		    noise_stream_receive(&collector, &in, &out), NOISE_FAILED);
		ck_assert_uint_eq(out.len, 0);
		assert_closed(&collector);
	}
}
END_TEST

/* Nobody gets in by guessing what stands in for the key of an unknown id. */
START_TEST(unknown_id_has_no_fixed_key)
{
	const uint8_t guess[][NOISE_KEY_SIZE] = {
	    {0}, "the agent's secret of 32 bytes."};

	/* A known key was in use just before. */
	connect_pair(NOISE_HELLO_SIZE);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(noise_stream_connect(&agent, id, guess[i], hello), 0);
		noise_stream_accept(&collector);
		ck_assert_int_eq(
		    feed(&collector, hello, sizeof hello, 66, NULL), NOISE_FAILED);
	}
}
END_TEST

START_TEST(key_must_be_set_when_asked)
{
	struct noise_input in = {hello, sizeof hello};
	struct noise_output out;

	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	noise_stream_accept(&collector);
	ck_assert_int_eq(noise_stream_set_key(&collector, psk), -1);
	noise_stream_accept(&collector);
	ck_assert_int_eq(noise_stream_receive(&collector, &in, &out), NOISE_KEY);
	ck_assert_int_eq(noise_stream_receive(&collector, &in, &out), NOISE_FAILED);
	assert_closed(&collector);
}
END_TEST

/* A recorded hello is answered, but the replayer can neither go on nor be taken for
 * real. */
START_TEST(replayed_hello_confirms_nothing)
{
	uint8_t recorded[NOISE_HELLO_SIZE + RECORD_SPACE];
	size_t n;

	connect_pair(NOISE_HELLO_SIZE);
	ck_assert(noise_stream_is_confirmed(&agent));
	ck_assert(!noise_stream_is_confirmed(&collector));
	memcpy(recorded, hello, sizeof hello);
	n = sizeof hello + seal_text(&agent, "record", recorded + sizeof hello);
	ck_assert_int_eq(
	    feed(&collector, recorded + sizeof hello, n - sizeof hello, n, NULL),
	    NOISE_PLAIN);
	ck_assert(noise_stream_is_confirmed(&collector));

	plain_len = 0;
	noise_stream_accept(&collector);
	ck_assert_int_eq(
	    feed(&collector, recorded, sizeof hello, sizeof hello, psk), NOISE_READY);
	ck_assert(!noise_stream_is_confirmed(&collector));
	ck_assert_int_eq(
	    feed(&collector, recorded + sizeof hello, n - sizeof hello, n, NULL),
	    NOISE_FAILED);
	ck_assert_uint_eq(plain_len, 0);
}
END_TEST

START_TEST(reflection_fails)
{
	uint8_t sealed[RECORD_SPACE];
	size_t n;

	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	ck_assert_int_eq(feed(&agent, hello, sizeof hello, 66, NULL), NOISE_FAILED);
	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	ck_assert_int_eq(
	    feed(&agent, hello + NOISE_PREAMBLE_SIZE, sizeof reply, 50, NULL),
	    NOISE_FAILED);
	for (int way = 0; way < 2; way++) {
		struct noise_stream *s = way == 0 ? &agent : &collector;

		connect_pair(NOISE_HELLO_SIZE);
		n = seal_text(s, "record", sealed);
		ck_assert_int_eq(feed(s, sealed, n, n, NULL), NOISE_FAILED);
		ck_assert_uint_eq(plain_len, 0);
		assert_closed(s);
	}
}
END_TEST

/* Six records of equal size, of which order says which arrive; -1 ends it. */
static enum noise_event
feed_in_order(const int *order)
{
	uint8_t sealed[RECORDS][RECORD_SPACE];
	enum noise_event event = NOISE_MORE;
	char text[] = "record 0";
	size_t n = 0;

	connect_pair(NOISE_HELLO_SIZE);
	for (size_t i = 0; i < RECORDS; i++, text[7]++)
		n = seal_text(&agent, text, sealed[i]);
	for (; *order >= 0 && event != NOISE_FAILED; order++)
		event = feed(&collector, sealed[*order], n, n, NULL);
	return event;
}

START_TEST(order_of_records_counts)
{
	static const struct {
		int order[RECORDS + 2];
		size_t good; /* records before the first that must fail */
	} bad[] = {
	    {{1, -1}, 0},          /* the first one dropped */
	    {{0, 1, 3, -1}, 2},    /* one dropped */
	    {{0, 0, -1}, 1},       /* repeated at once */
	    {{0, 1, 2, 1, -1}, 3}, /* replayed later */
	    {{0, 2, 1, -1}, 1},    /* swapped */
	    {{5, 4, 3, 2, -1}, 0}, /* reversed */
	};
	static const int right[] = {0, 1, 2, 3, 4, 5, -1};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(feed_in_order(bad[i].order), NOISE_FAILED);
		ck_assert_uint_eq(plain_len, bad[i].good * 8);
		assert_closed(&collector);
	}
	ck_assert_int_eq(feed_in_order(right), NOISE_PLAIN);
	ck_assert_uint_eq(plain_len, RECORDS * 8);
}
END_TEST

START_TEST(records_of_another_connection_fail)
{
	uint8_t sealed[RECORD_SPACE];
	size_t n;

	connect_pair(NOISE_HELLO_SIZE);
	n = seal_text(&agent, "record", sealed);
	connect_pair(NOISE_HELLO_SIZE);
	ck_assert_int_eq(feed(&collector, sealed, n, n, NULL), NOISE_FAILED);
}
END_TEST

/* Lengths nothing can have fail with their second byte. */
START_TEST(impossible_lengths_fail_at_once)
{
	for (unsigned len = 0; len <= NOISE_TAG_SIZE; len++) {
		const uint8_t bytes[2] = {0, (uint8_t)len};

		connect_pair(NOISE_HELLO_SIZE);
		ck_assert_int_eq(feed(&collector, bytes, 2, 1, NULL), NOISE_FAILED);
	}
	for (unsigned len = 0; len <= NOISE_MESSAGE_MAX; len++) {
		uint8_t bytes[NOISE_PREAMBLE_SIZE + 2];

		if (len == NOISE_HANDSHAKE_SIZE)
			continue;
		memcpy(bytes, hello, NOISE_PREAMBLE_SIZE);
		bytes[NOISE_PREAMBLE_SIZE] = (uint8_t)(len >> 8);
		bytes[NOISE_PREAMBLE_SIZE + 1] = (uint8_t)len;
		noise_stream_accept(&collector);
		ck_assert_int_eq(
		    feed(&collector, bytes, sizeof bytes, 18, psk), NOISE_FAILED);
	}
}
END_TEST

START_TEST(largest_record)
{
	static uint8_t record[NOISE_LENGTH_SIZE + NOISE_MESSAGE_MAX];

	for (size_t step = 1; step <= sizeof record; step += 13106) {
		connect_pair(NOISE_HELLO_SIZE);
		memset(record, 0x5a, sizeof record);
		ck_assert_int_eq(noise_cipher_seal(&agent.send, record + 2,
				     NOISE_RECORD_MAX, record + 2),
		    0);
		record[0] = record[1] = 0xff;
		ck_assert_int_eq(
		    feed(&collector, record, sizeof record, step, NULL), NOISE_PLAIN);
		ck_assert_uint_eq(plain_len, NOISE_RECORD_MAX);
		ck_assert_uint_eq(plain_all[plain_len - 1], 0x5a);
	}
}
END_TEST

START_TEST(sealing_in_chunks)
{
	static const size_t len[] = {1, NOISE_CHUNK - 1, NOISE_CHUNK, NOISE_CHUNK + 1,
	    2 * NOISE_CHUNK, 2 * NOISE_CHUNK + 1, 300000};
	static uint8_t plain[300000], sealed[400000];

	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)(i * 7 + i / 251);
	connect_pair(NOISE_HELLO_SIZE);
	for (size_t i = 0; i < sizeof len / sizeof len[0]; i++) {
		size_t size = noise_stream_sealed_size(len[i]), chunks;

		chunks = (len[i] + NOISE_CHUNK - 1) / NOISE_CHUNK;
		ck_assert_uint_eq(size, len[i] + chunks * NOISE_OVERHEAD);
		ck_assert_uint_eq(
		    noise_stream_seal(&agent, plain, len[i], sealed, size - 1), 0);
		ck_assert_uint_eq(
		    noise_stream_seal(&agent, plain, len[i], sealed, size), size);
		plain_len = 0;
		ck_assert_int_eq(
		    feed(&collector, sealed, size, 1000, NULL), NOISE_PLAIN);
		ck_assert_uint_eq(plain_len, len[i]);
		ck_assert_mem_eq(plain_all, plain, len[i]);
	}
	ck_assert_uint_eq(noise_stream_seal(&agent, plain, 0, sealed, 100), 0);
	ck_assert_uint_eq(noise_stream_seal(&agent, plain, SIZE_MAX, sealed, 100), 0);
}
END_TEST

START_TEST(sealing_needs_a_handshake)
{
	uint8_t out[RECORD_SPACE];

	ck_assert_int_eq(noise_stream_connect(&agent, id, psk, hello), 0);
	ck_assert_uint_eq(noise_stream_seal(&agent, "x", 1, out, sizeof out), 0);
	noise_stream_accept(&collector);
	ck_assert_uint_eq(noise_stream_seal(&collector, "x", 1, out, sizeof out), 0);
}
END_TEST

static void
pass_one(void)
{
	uint8_t sealed[RECORD_SPACE];
	size_t n = seal_text(&agent, "record", sealed);

	plain_len = 0;
	ck_assert_int_eq(feed(&collector, sealed, n, n, NULL), NOISE_PLAIN);
	ck_assert_mem_eq(plain_all, "record", plain_len);
}

START_TEST(rekeys_after_its_number_of_records)
{
	struct noise_cipher expected;

	connect_pair(NOISE_HELLO_SIZE);
	expected = agent.send;
	for (unsigned i = 1; i <= 2 * NOISE_REKEY_RECORDS + 1; i++) {
		pass_one();
		expected.nonce = i;
		if (i % NOISE_REKEY_RECORDS == 0)
			noise_cipher_rekey(&expected);
		ck_assert_uint_eq(agent.send.nonce, i);
		ck_assert_mem_eq(agent.send.key, expected.key, NOISE_KEY_SIZE);
		ck_assert_mem_eq(collector.receive.key, expected.key, NOISE_KEY_SIZE);
	}
	/* The other direction counts for itself. */
	ck_assert_uint_eq(collector.send.nonce, 0);
	ck_assert_mem_eq(collector.send.key, agent.receive.key, NOISE_KEY_SIZE);
}
END_TEST

START_TEST(old_key_is_of_no_use_after_rekeying)
{
	struct noise_cipher old;
	uint8_t sealed[RECORD_SPACE] = {0, 22, 'r', 'e', 'c', 'o', 'r', 'd'};

	connect_pair(NOISE_HELLO_SIZE);
	old = agent.send;
	for (unsigned i = 0; i < NOISE_REKEY_RECORDS; i++)
		pass_one();
	old.nonce = NOISE_REKEY_RECORDS;
	ck_assert_int_eq(noise_cipher_seal(&old, sealed + 2, 6, sealed + 2), 0);
	ck_assert_int_eq(feed(&collector, sealed, 24, 24, NULL), NOISE_FAILED);
}
END_TEST

START_TEST(running_out_of_nonces_closes)
{
	uint8_t sealed[RECORD_SPACE];

	connect_pair(NOISE_HELLO_SIZE);
	agent.send.nonce = collector.receive.nonce = UINT64_MAX - 1;
	pass_one();
	ck_assert_uint_eq(noise_stream_seal(&agent, "x", 1, sealed, sizeof sealed), 0);
	assert_closed(&agent);
}
END_TEST

/* No byte of the plain text or the keys stays behind in the stream's memory. */
START_TEST(closing_wipes)
{
	static const char text[] = "password=opensesame";
	uint8_t sealed[RECORD_SPACE];
	size_t n;

	connect_pair(NOISE_HELLO_SIZE);
	n = seal_text(&agent, text, sealed);
	ck_assert_int_eq(feed(&collector, sealed, n, 5, NULL), NOISE_PLAIN);
	ck_assert_ptr_nonnull(
	    memmem(&collector, sizeof collector, text, sizeof text - 1));
	noise_stream_close(&collector);
	ck_assert_ptr_null(memmem(&collector, sizeof collector, text, sizeof text - 1));
	assert_closed(&collector);
	noise_stream_close(&collector);
}
END_TEST

START_TEST(psk_is_not_kept)
{
	connect_pair(NOISE_HELLO_SIZE);
	ck_assert_ptr_null(memmem(&agent, sizeof agent, psk, sizeof psk));
	ck_assert_ptr_null(memmem(&collector, sizeof collector, psk, sizeof psk));
}
END_TEST

/* A connection that waits must not cost more than the little it has sent. */
START_TEST(waiting_touches_little)
{
	noise_stream_accept(&collector);
	ck_assert_int_eq(
	    feed(&collector, (const uint8_t *)"FWLOGN", 6, 1, psk), NOISE_MORE);
	ck_assert_uint_eq(collector.touched, 6);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("noise_stream");
	TCase *tests = tcase_create("noise_stream");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, hello_is_as_written_down);
	tcase_add_test(tests, prologue_is_the_preamble);
	tcase_add_test(tests, round_trip_in_pieces_of_every_size);
	tcase_add_test(tests, round_trip_cut_anywhere);
	tcase_add_test(tests, one_feed_for_all);
	tcase_add_test(tests, every_bit_of_the_hello_counts);
	tcase_add_test(tests, every_bit_of_the_reply_counts);
	tcase_add_test(tests, every_bit_of_a_record_counts);
	tcase_add_test(tests, strangers_fail);
	tcase_add_test(tests, wrong_or_unknown_key_fails);
	tcase_add_test(tests, unknown_id_has_no_fixed_key);
	tcase_add_test(tests, key_must_be_set_when_asked);
	tcase_add_test(tests, replayed_hello_confirms_nothing);
	tcase_add_test(tests, reflection_fails);
	tcase_add_test(tests, order_of_records_counts);
	tcase_add_test(tests, records_of_another_connection_fail);
	tcase_add_test(tests, impossible_lengths_fail_at_once);
	tcase_add_test(tests, largest_record);
	tcase_add_test(tests, sealing_in_chunks);
	tcase_add_test(tests, sealing_needs_a_handshake);
	tcase_add_test(tests, rekeys_after_its_number_of_records);
	tcase_add_test(tests, old_key_is_of_no_use_after_rekeying);
	tcase_add_test(tests, running_out_of_nonces_closes);
	tcase_add_test(tests, closing_wipes);
	tcase_add_test(tests, psk_is_not_kept);
	tcase_add_test(tests, waiting_touches_little);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
