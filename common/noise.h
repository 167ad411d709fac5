/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b as "The Noise Protocol Framework", revision 34,
 * defines it, and the few other things fwlog wants from libsodium (random bytes,
 * wiping, comparing in constant time, memory for secrets, a hash for tables). This
 * file's .c is the only user of libsodium. It knows messages, not streams:
 * common/noise_stream.h puts them on the wire.
 *
 *     NNpsk0:  -> psk, e
 *              <- e, ee
 *
 * No heap, no I/O. Every failure is final: the state is wiped and refuses all that
 * follows. There is one failure, -1, and it does not tell why.
 */
#ifndef FWLOG_COMMON_NOISE_H
#define FWLOG_COMMON_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_KEY_SIZE 32  /* bytes of the shared secret, of cipher and curve keys */
#define NOISE_HASH_SIZE 64 /* bytes of BLAKE2b */
#define NOISE_TAG_SIZE 16  /* bytes a sealed message is longer than its plain text */
#define NOISE_MESSAGE_MAX 65535 /* bytes of any Noise message (section 3) */
/* Bytes of a handshake message without payload: ephemeral key and tag. */
#define NOISE_HANDSHAKE_SIZE (NOISE_KEY_SIZE + NOISE_TAG_SIZE)

/* 0, or -1 when libsodium finds no random numbers. Call it before giving up privileges.
 */
int noise_init(void) __attribute__((warn_unused_result));

/* ---- CipherState (5.1) of one direction */
struct noise_cipher {
	uint8_t key[NOISE_KEY_SIZE];
	uint64_t nonce; /* of the next message; 2^64-1 is never used for one */
};

/*
 * Seals len bytes into len + NOISE_TAG_SIZE bytes at out, which may be plain itself. 0,
 * or -1 when the message would be longer than NOISE_MESSAGE_MAX or the nonces are used
 * up.
 */
int noise_cipher_seal(struct noise_cipher *c, const uint8_t *plain, size_t len,
    uint8_t *out) __attribute__((warn_unused_result));
/*
 * Opens len bytes into len - NOISE_TAG_SIZE bytes at out, which may be sealed itself.
 * 0, or -1: not what the other end sealed as its message of this number; nothing of it
 * is in out.
 */
int noise_cipher_open(struct noise_cipher *c, const uint8_t *sealed, size_t len,
    uint8_t *out) __attribute__((warn_unused_result));
/* REKEY (4.2, 11.3): a new key from the old one, the nonce goes on. */
void noise_cipher_rekey(struct noise_cipher *c);

/* ---- HandshakeState (5.3) */
enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_handshake {
	uint8_t chain[NOISE_HASH_SIZE]; /* ck */
	uint8_t hash[NOISE_HASH_SIZE];  /* h; after both messages the handshake hash */
	struct noise_cipher cipher;
	uint8_t secret[NOISE_KEY_SIZE]; /* e, the private half */
	uint8_t remote[NOISE_KEY_SIZE]; /* re */
	enum noise_role role;
	unsigned done;        /* messages written or read, 2 when complete */
	bool secret_is_fixed; /* noise_handshake_fix_ephemeral was called */
	bool failed;
};

/* psk: NOISE_KEY_SIZE bytes, not needed any more afterwards. 0, or -1 as noise_init. */
int noise_handshake_start(struct noise_handshake *hs, enum noise_role role,
    const uint8_t *psk, const void *prologue, size_t len)
    __attribute__((warn_unused_result));
/*
 * FOR TEST VECTORS ONLY: takes this private key in place of a random one. A handshake
 * with a known or repeated ephemeral key protects nothing.
 */
void noise_handshake_fix_ephemeral(struct noise_handshake *hs, const uint8_t *secret);
/*
 * Writes this side's message with a payload (len may be 0) to out, len +
 * NOISE_HANDSHAKE_SIZE bytes. 0, or -1.
 */
int noise_handshake_write(struct noise_handshake *hs, const uint8_t *payload,
    size_t len, uint8_t *out) __attribute__((warn_unused_result));
/*
 * Reads the other side's message of len bytes; its payload, len - NOISE_HANDSHAKE_SIZE
 * bytes, goes to payload. 0, or -1: wrong key, wrong prologue, damage or forgery.
 */
int noise_handshake_read(struct noise_handshake *hs, const uint8_t *message, size_t len,
    uint8_t *payload) __attribute__((warn_unused_result));
/* After both messages: the ciphers of the two directions; wipes hs. 0, or -1. */
int noise_handshake_split(struct noise_handshake *hs, struct noise_cipher *send,
    struct noise_cipher *receive) __attribute__((warn_unused_result));

/* ---- secrets */
void noise_random(void *out, size_t len);
void noise_wipe(void *secret, size_t len); /* not optimised away */
/* Compares without telling by its time where the difference is. */
bool noise_equal(const void *a, const void *b, size_t len)
    __attribute__((warn_unused_result));
/*
 * Memory that is kept out of swap and core dumps where the limits allow, between guard
 * pages, and wiped when freed. Aligned for any type. NULL: no memory.
 */
void *noise_secret_new(size_t len) __attribute__((warn_unused_result));
void noise_secret_free(void *secret); /* NULL-safe */

/* ---- signatures */
#define NOISE_HMAC_SIZE 32
struct noise_part {
	const void *data;
	size_t len;
};
/* HMAC-SHA256 (RFC 2104) of the parts, one behind the other. */
void noise_hmac_sha256(uint8_t mac[NOISE_HMAC_SIZE], const void *key, size_t keylen,
    const struct noise_part *part, size_t parts);

/* ---- tables */
#define NOISE_TABLE_KEY_SIZE 16
/*
 * SipHash-2-4 for hash tables: who does not know the key, NOISE_TABLE_KEY_SIZE random
 * bytes, cannot choose strings that meet in one place of the table.
 */
uint64_t noise_table_hash(const uint8_t *key, const void *data, size_t len);

#endif
