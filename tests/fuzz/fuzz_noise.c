/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from the network into the sealed stream, on both sides of it and at every
 * stage.
 *
 * Input: u8 stage, u8 size of pieces, 3 × u16 length of a record, then the difference:
 * xored onto what the genuine peer sends at that stage; what is left of it follows as
 * it is. Must hold: fed whole, in pieces and byte by byte comes to the same; a changed
 * handshake never completes; nothing comes out but a beginning of what went in, record
 * by record.
 */
#include "common/noise_stream.h"

#include <stdlib.h>

#include "common/buf.h"
#include "tests/fuzz/fuzz.h"

#define RECORDS 3
#define RECORD_MAX 4096
#define PLAIN_MAX ((size_t)RECORDS * RECORD_MAX)
#define WIRE_MAX (65536 + PLAIN_MAX + (size_t)RECORDS * NOISE_OVERHEAD)

enum stage { STRANGER, HELLO, REPLY, TO_COLLECTOR, TO_AGENT, STAGES };

/* What came of feeding a stream. */
struct result {
	enum noise_event last; /* NOISE_FAILED or NOISE_MORE */
	unsigned events;
	bool ready;
	size_t len;
	uint8_t plain[PLAIN_MAX];
};

static const uint8_t id[NOISE_ID_SIZE] = "fuzz key";
static uint8_t psk[NOISE_KEY_SIZE];

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
take_event(struct noise_stream *s, enum noise_event event,
    const struct noise_output *out, struct result *result)
{
	result->events++;
	if (event == NOISE_KEY)
		check(noise_stream_set_key(s, psk) == 0);
	if (event == NOISE_READY)
		result->ready = true;
	if (event == NOISE_PLAIN) {
		check(out->len > 0 && out->len <= sizeof result->plain - result->len);
		memcpy(result->plain + result->len, out->at, out->len);
		result->len += out->len;
	}
}

/* Feeds a copy of s with a copy of the wire, since both are changed by it. */
static void
feed(const struct noise_stream *from, const uint8_t *wire, size_t len, size_t step,
    struct result *result)
{
	static struct noise_stream s;
	static uint8_t sealed[1 + NOISE_OVERHEAD];
	uint8_t *copy = malloc(len + (len == 0));
	struct noise_input in = {copy, 0};
	struct noise_output out;
	enum noise_event event = NOISE_MORE;

	check(copy != NULL);
	memcpy(copy, wire, len);
	s = *from;
	*result = (struct result){.events = 0};
	for (size_t at = 0; at < len && event != NOISE_FAILED; at += step) {
		in = (struct noise_input){copy + at, len - at < step ? len - at : step};
		while ((event = noise_stream_receive(&s, &in, &out)) > NOISE_MORE)
			take_event(&s, event, &out, result);
		check(event == NOISE_FAILED || in.left == 0);
	}
	result->last = event;
	if (event == NOISE_FAILED)
		check(noise_stream_seal(&s, "x", 1, sealed, sizeof sealed) == 0 &&
		      noise_stream_receive(&s, &in, &out) == NOISE_FAILED);
	noise_stream_close(&s);
	free(copy);
}

static void
connect_pair(struct noise_stream *agent, struct noise_stream *collector, uint8_t *hello,
    uint8_t *reply)
{
	uint8_t copy[NOISE_HELLO_SIZE];
	struct noise_input in = {copy, sizeof copy};
	struct noise_output out;

	noise_random(psk, sizeof psk);
	check(noise_stream_connect(agent, id, psk, hello) == 0);
	memcpy(copy, hello, sizeof copy);
	noise_stream_accept(collector);
	check(noise_stream_receive(collector, &in, &out) == NOISE_KEY);
	check(noise_stream_set_key(collector, psk) == 0);
	check(noise_stream_receive(collector, &in, &out) == NOISE_READY);
	memcpy(reply, out.at, NOISE_REPLY_SIZE);
}

/* Records of these lengths; their plain text into sent, returns their bytes on the
 * wire. */
static size_t
seal_records(
    struct noise_stream *s, const size_t *length, struct result *sent, uint8_t *wire)
{
	size_t n = 0;

	for (size_t i = 0; i < PLAIN_MAX; i++)
		sent->plain[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t i = 0; i < RECORDS; i++) {
		n += noise_stream_seal(
		    s, sent->plain + sent->len, length[i], wire + n, WIRE_MAX - n);
		sent->len += length[i];
	}
	return n;
}

/*
 * The stream under test in *s; the genuine bytes for it in wire, returns their number.
 * None can be sealed behind a hello: each copy of the collector will draw its own keys.
 */
static size_t
prepare(enum stage stage, const size_t *length, struct noise_stream *s,
    struct result *sent, uint8_t *wire)
{
	static struct noise_stream agent, collector;
	uint8_t hello[NOISE_HELLO_SIZE], reply[NOISE_REPLY_SIZE], copy[sizeof reply];
	struct noise_input in = {copy, sizeof copy};
	struct noise_output out;
	size_t n = 0;

	connect_pair(&agent, &collector, hello, reply);
	sent->len = 0;
	if (stage == STRANGER || stage == HELLO) {
		noise_stream_accept(s);
		memcpy(wire, hello, sizeof hello);
		return stage == HELLO ? sizeof hello : 0;
	}
	*s = stage == TO_COLLECTOR ? collector : agent;
	memcpy(copy, reply, sizeof copy);
	check(noise_stream_receive(&agent, &in, &out) == NOISE_READY);
	if (stage == TO_COLLECTOR)
		return seal_records(&agent, length, sent, wire);
	if (stage == TO_AGENT)
		*s = agent;
	else
		memcpy(wire, reply, n = sizeof reply);
	return n + seal_records(&collector, length, sent, wire + n);
}

/* Whether all differences lie behind the genuine bytes. */
static bool
is_unchanged(const uint8_t *difference, size_t len, size_t genuine)
{
	size_t n = len < genuine ? len : genuine;

	for (size_t i = 0; i < n; i++)
		if (difference[i] != 0)
			return false;
	return true;
}

static size_t
apply(uint8_t *wire, size_t genuine, const uint8_t *difference, size_t len)
{
	for (size_t i = 0; i < len; i++)
		wire[i] = i < genuine ? wire[i] ^ difference[i] : difference[i];
	return len > genuine ? len : genuine;
}

static void
check_result(enum stage stage, const struct reader *difference, size_t genuine,
    const struct result *sent, const struct result *got)
{
	size_t handshake = stage == HELLO ? NOISE_HELLO_SIZE : NOISE_REPLY_SIZE;

	check(got->len <= sent->len && memcmp(got->plain, sent->plain, got->len) == 0);
	if (is_unchanged(difference->at, difference->left, genuine))
		check(got->len == sent->len);
	if (stage == STRANGER)
		check(!got->ready);
	if (stage == HELLO || stage == REPLY)
		check(got->ready ==
		      is_unchanged(difference->at, difference->left, handshake));
}

int
fuzz_target(const uint8_t *data, size_t len)
{
	static struct noise_stream s;
	static struct result sent, whole, cut;
	static uint8_t wire[WIRE_MAX];
	struct reader r = reader_of(data, len);
	enum stage stage = get_u8(&r) % STAGES;
	size_t steps[2] = {1, 2 + get_u8(&r)}, length[RECORDS], n, genuine;

	for (size_t i = 0; i < RECORDS; i++)
		length[i] = 1 + get_u16(&r) % RECORD_MAX;
	if (r.bad || r.left > WIRE_MAX)
		return 0;
	genuine = prepare(stage, length, &s, &sent, wire);
	n = apply(wire, genuine, r.at, r.left);
	feed(&s, wire, n, n + 1, &whole);
	for (size_t i = 0; i < 2; i++) {
		feed(&s, wire, n, steps[i], &cut);
		check(cut.last == whole.last && cut.events == whole.events &&
		      cut.ready == whole.ready && cut.len == whole.len &&
		      memcmp(cut.plain, whole.plain, cut.len) == 0);
	}
	check_result(stage, &r, genuine, &sent, &whole);
	return 0;
}
