/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sealed stream (docs/noise.md): preamble, handshake and records of one connection,
 * between the bytes of a socket and the frames above. No I/O, no heap, no clock: the
 * transport reads and writes, and closes connections that take too long.
 *
 * Every failure is final: keys and buffer are wiped, nothing is received or sealed any
 * more, and the transport closes without a word. There is one failure for all causes,
 * so that nobody can be asked which it was.
 *
 * A connection costs one struct noise_stream and nothing else, before and after the
 * handshake. Its buffer is touched only as far as records arrive in pieces.
 *
 * Agent:      noise_stream_connect, send the hello, then receive
 * Collector:  noise_stream_accept, receive; at NOISE_KEY noise_stream_set_key, receive;
 *             at NOISE_READY send the reply
 */
#ifndef FWLOG_COMMON_NOISE_STREAM_H
#define FWLOG_COMMON_NOISE_STREAM_H

#include "common/noise.h"

#define NOISE_STREAM_VERSION 1 /* of the preamble and all that follows */
#define NOISE_ID_SIZE 8        /* bytes of a key's id */
#define NOISE_LENGTH_SIZE 2    /* bytes of length before each Noise message */

/* In clear, the prologue of the handshake: magic, version, key id. */
#define NOISE_PREAMBLE_SIZE (8 + NOISE_ID_SIZE)
/* What the agent sends first, and the collector's answer. */
#define NOISE_REPLY_SIZE (NOISE_LENGTH_SIZE + NOISE_HANDSHAKE_SIZE)
#define NOISE_HELLO_SIZE (NOISE_PREAMBLE_SIZE + NOISE_REPLY_SIZE)

/* What a record carries at most; noise_stream_seal fills records up to the chunk. */
#define NOISE_RECORD_MAX (NOISE_MESSAGE_MAX - NOISE_TAG_SIZE)
#define NOISE_OVERHEAD (NOISE_LENGTH_SIZE + NOISE_TAG_SIZE)
#define NOISE_CHUNK (16384 - NOISE_OVERHEAD)
/* Each direction changes its key after so many records. */
#define NOISE_REKEY_RECORDS 1024

enum noise_event {
	NOISE_FAILED = -1, /* close the connection, send nothing */
	NOISE_MORE,        /* all input is taken, nothing came of it (yet) */
	NOISE_KEY,   /* collector: the key id is known, call noise_stream_set_key */
	NOISE_READY, /* handshake complete; out: bytes to send, none on the agent */
	NOISE_PLAIN, /* out: a record's plain text */
};

enum noise_stream_state {
	NOISE_STREAM_CLOSED,
	NOISE_STREAM_PREAMBLE,  /* collector: waits for the preamble */
	NOISE_STREAM_KEY,       /* collector: waits for noise_stream_set_key */
	NOISE_STREAM_HANDSHAKE, /* waits for the other side's handshake message */
	NOISE_STREAM_RECORDS,
};

struct noise_stream {
	enum noise_stream_state state;
	const char *why; /* it failed; NULL: it did not */
	enum noise_role role;
	struct noise_cipher send, receive;
	struct noise_handshake handshake;
	uint8_t preamble[NOISE_PREAMBLE_SIZE];
	size_t held;    /* bytes in hold: the beginning of what is not complete yet */
	size_t touched; /* bytes of hold that ever held something */
	uint8_t hold[NOISE_LENGTH_SIZE + NOISE_MESSAGE_MAX];
};

/* Bytes taken from the front of at; they are scratch: records are opened in place. */
struct noise_input {
	uint8_t *at;
	size_t left;
};

struct noise_output {
	const uint8_t *at;
	size_t len;
};

/*
 * Agent: begins with this key and writes NOISE_HELLO_SIZE bytes to send. The key is not
 * needed any more afterwards. 0, or -1: closed.
 */
int noise_stream_connect(struct noise_stream *s, const uint8_t *id, const uint8_t *psk,
    uint8_t *hello) __attribute__((warn_unused_result));

/* Collector: begins. */
void noise_stream_accept(struct noise_stream *s);
/* The key id the agent names, NOISE_ID_SIZE bytes; after NOISE_KEY. */
const uint8_t *noise_stream_key_id(const struct noise_stream *s);
/*
 * The key of that id. NULL when there is none, or when this peer may not use it: the
 * stream then does the same work with a random key, and fails where a wrong key fails.
 * 0, or -1: closed.
 */
int noise_stream_set_key(struct noise_stream *s, const uint8_t *psk)
    __attribute__((warn_unused_result));

/*
 * Takes input up to the next event. Call it until it says NOISE_MORE or NOISE_FAILED;
 * how the stream was cut into pieces makes no difference. out is set for every event
 * (empty where it says nothing) and stays valid until the next call and as long as the
 * input's memory. At NOISE_KEY the key must be set before the next call.
 */
enum noise_event noise_stream_receive(struct noise_stream *s, struct noise_input *in,
    struct noise_output *out) __attribute__((warn_unused_result));

/*
 * Whether the other side has proved, in this connection, that it has the key. On the
 * agent: with NOISE_READY. On the collector only with the first record, because anyone
 * may send a recorded hello again (and gets a reply that is of no use to him). Until
 * then the collector must neither end another session of the same key nor keep this one
 * longer than any other stranger's.
 */
bool noise_stream_is_confirmed(const struct noise_stream *s);

/*
 * After NOISE_FAILED, for the log of this side only: what did not fit. It tells who
 * sent it nothing that he does not know.
 */
const char *noise_stream_why(const struct noise_stream *s);

/* Bytes that noise_stream_seal makes of len bytes. */
size_t noise_stream_sealed_size(size_t len);
/*
 * Seals len bytes into as many records as they take. Returns the bytes written to out,
 * noise_stream_sealed_size(len); or 0 and out untouched when the stream is not ready or
 * size is too small for them; or 0 when it is closed by running out of nonces.
 */
size_t noise_stream_seal(struct noise_stream *s, const void *plain, size_t len,
    uint8_t *out, size_t size) __attribute__((warn_unused_result));

/* Wipes all secrets; the stream is closed. For every stream at its end, harmless twice.
 */
void noise_stream_close(struct noise_stream *s);

#endif
