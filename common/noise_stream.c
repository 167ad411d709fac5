/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/noise_stream.h"

#include "common/buf.h"

#define MAGIC "FWLOGN"

_Static_assert(
    sizeof MAGIC - 1 + sizeof(uint16_t) + NOISE_ID_SIZE == NOISE_PREAMBLE_SIZE,
    "magic, version, key id");

void
noise_stream_close(struct noise_stream *s)
{
	noise_wipe(&s->send, sizeof s->send);
	noise_wipe(&s->receive, sizeof s->receive);
	noise_wipe(&s->handshake, sizeof s->handshake);
	noise_wipe(s->hold, s->touched);
	s->held = s->touched = 0;
	s->state = NOISE_STREAM_CLOSED;
}

static enum noise_event
fail(struct noise_stream *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
	noise_stream_close(s);
	return NOISE_FAILED;
}

const char *
noise_stream_why(const struct noise_stream *s)
{
	return s->why != NULL ? s->why : "it was closed";
}

/* hold is left as it is: clearing it would touch memory that may never be used. */
static void
begin(struct noise_stream *s, enum noise_role role, enum noise_stream_state state)
{
	memset(s, 0, offsetof(struct noise_stream, hold));
	s->role = role;
	s->state = state;
}

static int
start_handshake(struct noise_stream *s, const uint8_t *psk)
{
	if (noise_handshake_start(
		&s->handshake, s->role, psk, s->preamble, sizeof s->preamble) < 0) {
		noise_stream_close(s);
		return -1;
	}
	s->state = NOISE_STREAM_HANDSHAKE;
	return 0;
}

static void
put_preamble_start(struct writer *w)
{
	put_bytes(w, MAGIC, sizeof MAGIC - 1);
	put_u16(w, NOISE_STREAM_VERSION);
}

/* A handshake message without payload, with its length. */
static int
write_handshake(struct noise_stream *s, uint8_t *out)
{
	struct writer w = writer_of(out, NOISE_LENGTH_SIZE);

	put_u16(&w, NOISE_HANDSHAKE_SIZE);
	return noise_handshake_write(&s->handshake, NULL, 0, out + NOISE_LENGTH_SIZE);
}

int
noise_stream_connect(
    struct noise_stream *s, const uint8_t *id, const uint8_t *psk, uint8_t *hello)
{
	struct writer w;

	begin(s, NOISE_INITIATOR, NOISE_STREAM_CLOSED);
	w = writer_of(s->preamble, sizeof s->preamble);
	put_preamble_start(&w);
	put_bytes(&w, id, NOISE_ID_SIZE);
	if (start_handshake(s, psk) < 0)
		return -1;
	memcpy(hello, s->preamble, sizeof s->preamble);
	if (write_handshake(s, hello + sizeof s->preamble) < 0) {
		noise_stream_close(s);
		return -1;
	}
	return 0;
}

void
noise_stream_accept(struct noise_stream *s)
{
	begin(s, NOISE_RESPONDER, NOISE_STREAM_PREAMBLE);
}

const uint8_t *
noise_stream_key_id(const struct noise_stream *s)
{
	return s->preamble + sizeof s->preamble - NOISE_ID_SIZE;
}

int
noise_stream_set_key(struct noise_stream *s, const uint8_t *psk)
{
	uint8_t key[NOISE_KEY_SIZE];
	int result;

	if (s->state != NOISE_STREAM_KEY) {
		noise_stream_close(s);
		return -1;
	}
	/* Drawn whether needed or not: an unknown id takes the time of a known one. */
	noise_random(key, sizeof key);
	if (psk != NULL)
		memcpy(key, psk, sizeof key);
	result = start_handshake(s, key);
	noise_wipe(key, sizeof key);
	return result;
}

/* ---- receiving */

/* Moves input into hold until it has need bytes; false when there is not enough. */
static bool
gather(struct noise_stream *s, struct noise_input *in, size_t need)
{
	size_t n = s->held < need ? need - s->held : 0;

	if (n > in->left)
		n = in->left;
	if (n > 0) {
		memcpy(s->hold + s->held, in->at, n);
		in->at += n;
		in->left -= n;
		s->held += n;
	}
	if (s->touched < s->held)
		s->touched = s->held;
	return s->held >= need;
}

static size_t
length_at(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Whether a message of this length may come now; a record carries at least one byte. */
static bool
length_ok(const struct noise_stream *s, size_t len)
{
	if (s->state == NOISE_STREAM_HANDSHAKE)
		return len == NOISE_HANDSHAKE_SIZE;
	return len > NOISE_TAG_SIZE;
}

/* The first message of the input if it lies there whole, with its length; else NULL. */
static uint8_t *
take_whole(struct noise_input *in, size_t *len)
{
	uint8_t *at = in->at;

	if (in->left < NOISE_LENGTH_SIZE)
		return NULL;
	*len = length_at(at);
	if (in->left - NOISE_LENGTH_SIZE < *len)
		return NULL;
	in->at += NOISE_LENGTH_SIZE + *len;
	in->left -= NOISE_LENGTH_SIZE + *len;
	return at;
}

/*
 * The next message without its length, in the input's memory or in hold. NULL when it
 * is not complete; also when it can never be one, and then the stream is closed.
 */
static uint8_t *
next_message(struct noise_stream *s, struct noise_input *in, size_t *len)
{
	uint8_t *at = s->held == 0 ? take_whole(in, len) : NULL;

	if (at == NULL) {
		if (!gather(s, in, NOISE_LENGTH_SIZE))
			return NULL;
		at = s->hold;
		*len = length_at(at);
	}
	if (!length_ok(s, *len)) {
		(void)fail(s, s->state == NOISE_STREAM_HANDSHAKE
				  ? "a handshake message of a wrong length"
				  : "a record too short to be one");
		return NULL;
	}
	if (at == s->hold) {
		if (!gather(s, in, NOISE_LENGTH_SIZE + *len))
			return NULL;
		s->held = 0;
	}
	return at + NOISE_LENGTH_SIZE;
}

static enum noise_event
no_message(const struct noise_stream *s)
{
	return s->state == NOISE_STREAM_CLOSED ? NOISE_FAILED : NOISE_MORE;
}

static enum noise_event
receive_preamble(struct noise_stream *s, struct noise_input *in)
{
	uint8_t expected[NOISE_PREAMBLE_SIZE - NOISE_ID_SIZE];
	struct writer w = writer_of(expected, sizeof expected);

	if (!gather(s, in, NOISE_PREAMBLE_SIZE))
		return NOISE_MORE;
	put_preamble_start(&w);
	if (memcmp(s->hold, expected, sizeof expected) != 0)
		return fail(s, "not the sealed stream");
	memcpy(s->preamble, s->hold, sizeof s->preamble);
	s->held = 0;
	s->state = NOISE_STREAM_KEY;
	return NOISE_KEY;
}

static enum noise_event
receive_handshake(
    struct noise_stream *s, struct noise_input *in, struct noise_output *out)
{
	uint8_t nothing[1]; /* the payload, which has no byte */
	size_t len;
	const uint8_t *message = next_message(s, in, &len);

	if (message == NULL)
		return no_message(s);
	if (noise_handshake_read(&s->handshake, message, len, nothing) < 0)
		return fail(s, "the handshake does not open with this key");
	if (s->role == NOISE_RESPONDER) {
		if (write_handshake(s, s->hold) < 0)
			return fail(s, "no answer to the handshake could be made");
		if (s->touched < NOISE_REPLY_SIZE)
			s->touched = NOISE_REPLY_SIZE;
		*out = (struct noise_output){s->hold, NOISE_REPLY_SIZE};
	}
	if (noise_handshake_split(&s->handshake, &s->send, &s->receive) < 0)
		return fail(s, "the handshake gave no keys");
	s->state = NOISE_STREAM_RECORDS;
	return NOISE_READY;
}

/* Both sides count the same records: the nonce is their number. */
static void
rekey_when_due(struct noise_cipher *c)
{
	if (c->nonce % NOISE_REKEY_RECORDS == 0)
		noise_cipher_rekey(c);
}

static enum noise_event
receive_record(struct noise_stream *s, struct noise_input *in, struct noise_output *out)
{
	size_t len;
	uint8_t *message = next_message(s, in, &len);

	if (message == NULL)
		return no_message(s);
	if (noise_cipher_open(&s->receive, message, len, message) < 0)
		return fail(s, "the authentication of a record failed");
	rekey_when_due(&s->receive);
	*out = (struct noise_output){message, len - NOISE_TAG_SIZE};
	return NOISE_PLAIN;
}

enum noise_event
noise_stream_receive(
    struct noise_stream *s, struct noise_input *in, struct noise_output *out)
{
	*out = (struct noise_output){NULL, 0};
	switch (s->state) {
	case NOISE_STREAM_PREAMBLE:
		return receive_preamble(s, in);
	case NOISE_STREAM_HANDSHAKE:
		return receive_handshake(s, in, out);
	case NOISE_STREAM_RECORDS:
		return receive_record(s, in, out);
	case NOISE_STREAM_KEY:
	case NOISE_STREAM_CLOSED:
		break;
	}
	return fail(s, "more came after the end");
}

bool
noise_stream_is_confirmed(const struct noise_stream *s)
{
	return s->state == NOISE_STREAM_RECORDS &&
	       (s->role == NOISE_INITIATOR || s->receive.nonce > 0);
}

/* ---- sending */

size_t
noise_stream_sealed_size(size_t len)
{
	return len + (len / NOISE_CHUNK + (len % NOISE_CHUNK != 0)) * NOISE_OVERHEAD;
}

static int
seal_record(struct noise_stream *s, const uint8_t *plain, size_t len, uint8_t *out)
{
	struct writer w = writer_of(out, NOISE_LENGTH_SIZE);

	put_u16(&w, (uint16_t)(len + NOISE_TAG_SIZE));
	if (noise_cipher_seal(&s->send, plain, len, out + NOISE_LENGTH_SIZE) < 0)
		return -1;
	rekey_when_due(&s->send);
	return 0;
}

size_t
noise_stream_seal(
    struct noise_stream *s, const void *plain, size_t len, uint8_t *out, size_t size)
{
	size_t total = noise_stream_sealed_size(len), n;
	const uint8_t *p = plain;

	if (s->state != NOISE_STREAM_RECORDS || total < len || total > size)
		return 0;
	for (; len > 0; p += n, len -= n, out += n + NOISE_OVERHEAD) {
		n = len < NOISE_CHUNK ? len : NOISE_CHUNK;
		if (seal_record(s, p, n, out) < 0) {
			noise_stream_close(s);
			return 0;
		}
	}
	return total;
}
