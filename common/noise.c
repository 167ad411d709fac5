/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/noise.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#define NAME "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b"
#define BLOCK_SIZE 128 /* BLOCKLEN of BLAKE2b (12.8) */

_Static_assert(
    sizeof NAME - 1 <= NOISE_HASH_SIZE, "a longer name would be hashed (5.2)");
_Static_assert(NOISE_KEY_SIZE == crypto_scalarmult_curve25519_BYTES, "25519");
_Static_assert(
    NOISE_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "ChaChaPoly");
_Static_assert(
    NOISE_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES, "ChaChaPoly");
_Static_assert(NOISE_HMAC_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA256");
_Static_assert(NOISE_TABLE_KEY_SIZE == crypto_shorthash_KEYBYTES, "SipHash-2-4");
_Static_assert(NOISE_HASH_SIZE == crypto_generichash_blake2b_BYTES_MAX, "BLAKE2b");

int
noise_init(void)
{
	return sodium_init() < 0 ? -1 : 0;
}

/* ---- hash functions (4.3) */

/* HASH(a || b). out may be a. */
static void
hash_two(uint8_t *out, const void *a, size_t alen, const void *b, size_t blen)
{
	crypto_generichash_blake2b_state state;

	crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_SIZE);
	crypto_generichash_blake2b_update(&state, a, alen);
	crypto_generichash_blake2b_update(&state, b, blen);
	crypto_generichash_blake2b_final(&state, out, NOISE_HASH_SIZE);
	sodium_memzero(&state, sizeof state);
}

/* RFC 2104 with a key of NOISE_HASH_SIZE bytes, the only length HKDF uses. */
static void
hmac(uint8_t *out, const uint8_t *key, const void *data, size_t len)
{
	uint8_t pad[BLOCK_SIZE], inner[NOISE_HASH_SIZE];

	memset(pad, 0x36, sizeof pad);
	for (size_t i = 0; i < NOISE_HASH_SIZE; i++)
		pad[i] ^= key[i];
	hash_two(inner, pad, sizeof pad, data, len);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_two(out, pad, sizeof pad, inner, sizeof inner);
	sodium_memzero(pad, sizeof pad);
	sodium_memzero(inner, sizeof inner);
}

/* HKDF(chain, input, n) into out[0..n-1], n 2 or 3. */
static void
hkdf(uint8_t out[][NOISE_HASH_SIZE], int n, const uint8_t *chain, const void *input,
    size_t len)
{
	uint8_t key[NOISE_HASH_SIZE], text[NOISE_HASH_SIZE + 1];
	size_t before = 0; /* bytes of the previous output in text */

	hmac(key, chain, input, len);
	for (int i = 0; i < n; i++) {
		text[before] = (uint8_t)(i + 1);
		hmac(out[i], key, text, before + 1);
		memcpy(text, out[i], NOISE_HASH_SIZE);
		before = NOISE_HASH_SIZE;
	}
	sodium_memzero(key, sizeof key);
	sodium_memzero(text, sizeof text);
}

/* ---- CipherState (5.1) */

struct nonce {
	uint8_t byte[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
};

/* 32 bits of zeros, then n little-endian (12.3). */
static struct nonce
nonce_of(uint64_t n)
{
	struct nonce nonce = {{0}};

	n = htole64(n);
	memcpy(nonce.byte + sizeof nonce.byte - sizeof n, &n, sizeof n);
	return nonce;
}

static void
cipher_start(struct noise_cipher *c, const uint8_t *key)
{
	memcpy(c->key, key, NOISE_KEY_SIZE);
	c->nonce = 0;
}

/* EncryptWithAd; ad may be NULL when adlen is 0. */
static int
seal(struct noise_cipher *c, const uint8_t *ad, size_t adlen, const uint8_t *plain,
    size_t len, uint8_t *out)
{
	struct nonce nonce = nonce_of(c->nonce);

	if (c->nonce == UINT64_MAX || len > NOISE_MESSAGE_MAX - NOISE_TAG_SIZE)
		return -1;
	crypto_aead_chacha20poly1305_ietf_encrypt(
	    out, NULL, plain, len, ad, adlen, NULL, nonce.byte, c->key);
	c->nonce++;
	return 0;
}

/* DecryptWithAd; a failure leaves the nonce. */
static int
open_sealed(struct noise_cipher *c, const uint8_t *ad, size_t adlen,
    const uint8_t *sealed, size_t len, uint8_t *out)
{
	struct nonce nonce = nonce_of(c->nonce);

	if (c->nonce == UINT64_MAX || len < NOISE_TAG_SIZE || len > NOISE_MESSAGE_MAX)
		return -1;
	if (crypto_aead_chacha20poly1305_ietf_decrypt(
		out, NULL, NULL, sealed, len, ad, adlen, nonce.byte, c->key) != 0)
		return -1;
	c->nonce++;
	return 0;
}

int
noise_cipher_seal(
    struct noise_cipher *c, const uint8_t *plain, size_t len, uint8_t *out)
{
	return seal(c, NULL, 0, plain, len, out);
}

int
noise_cipher_open(
    struct noise_cipher *c, const uint8_t *sealed, size_t len, uint8_t *out)
{
	return open_sealed(c, NULL, 0, sealed, len, out);
}

void
noise_cipher_rekey(struct noise_cipher *c)
{
	uint8_t sealed[NOISE_KEY_SIZE + NOISE_TAG_SIZE] = {0};
	struct nonce nonce = nonce_of(UINT64_MAX);

	crypto_aead_chacha20poly1305_ietf_encrypt(
	    sealed, NULL, sealed, NOISE_KEY_SIZE, NULL, 0, NULL, nonce.byte, c->key);
	memcpy(c->key, sealed, NOISE_KEY_SIZE);
	sodium_memzero(sealed, sizeof sealed);
}

/* ---- SymmetricState (5.2) */

static void
mix_hash(struct noise_handshake *hs, const void *data, size_t len)
{
	hash_two(hs->hash, hs->hash, sizeof hs->hash, data, len);
}

static void
mix_key(struct noise_handshake *hs, const uint8_t *input)
{
	uint8_t out[2][NOISE_HASH_SIZE];

	hkdf(out, 2, hs->chain, input, NOISE_KEY_SIZE);
	memcpy(hs->chain, out[0], sizeof hs->chain);
	cipher_start(&hs->cipher, out[1]);
	sodium_memzero(out, sizeof out);
}

static void
mix_key_and_hash(struct noise_handshake *hs, const uint8_t *psk)
{
	uint8_t out[3][NOISE_HASH_SIZE];

	hkdf(out, 3, hs->chain, psk, NOISE_KEY_SIZE);
	memcpy(hs->chain, out[0], sizeof hs->chain);
	mix_hash(hs, out[1], sizeof out[1]);
	cipher_start(&hs->cipher, out[2]);
	sodium_memzero(out, sizeof out);
}

static int
encrypt_and_hash(
    struct noise_handshake *hs, const uint8_t *plain, size_t len, uint8_t *out)
{
	if (seal(&hs->cipher, hs->hash, sizeof hs->hash, plain, len, out) < 0)
		return -1;
	mix_hash(hs, out, len + NOISE_TAG_SIZE);
	return 0;
}

static int
decrypt_and_hash(
    struct noise_handshake *hs, const uint8_t *sealed, size_t len, uint8_t *out)
{
	uint8_t before[NOISE_HASH_SIZE];

	/* Hashed first: out may be where sealed was. */
	memcpy(before, hs->hash, sizeof before);
	mix_hash(hs, sealed, len);
	return open_sealed(&hs->cipher, before, sizeof before, sealed, len, out);
}

/* ---- HandshakeState (5.3, 9.2) */

/* Wipes everything and refuses what follows; returns -1 for the caller to return. */
static int
handshake_close(struct noise_handshake *hs)
{
	sodium_memzero(hs, sizeof *hs);
	hs->failed = true;
	return -1;
}

int
noise_handshake_start(struct noise_handshake *hs, enum noise_role role,
    const uint8_t *psk, const void *prologue, size_t len)
{
	memset(hs, 0, sizeof *hs);
	if (noise_init() < 0)
		return handshake_close(hs);
	hs->role = role;
	memcpy(hs->hash, NAME, sizeof NAME - 1);
	memcpy(hs->chain, hs->hash, sizeof hs->chain);
	mix_hash(hs, prologue, len);
	/* The pattern's first token, so it may be done before there is a message. */
	mix_key_and_hash(hs, psk);
	return 0;
}

void
noise_handshake_fix_ephemeral(struct noise_handshake *hs, const uint8_t *secret)
{
	memcpy(hs->secret, secret, sizeof hs->secret);
	hs->secret_is_fixed = true;
}

/* The initiator writes the first message and reads the second, the responder vice
 * versa. */
static bool
is_turn(const struct noise_handshake *hs, bool writing)
{
	unsigned writes = hs->role == NOISE_INITIATOR ? 0 : 1;

	return !hs->failed && hs->done < 2 && (hs->done == writes) == writing;
}

/* Token e: with a psk the public key goes into the key as well as into the hash (9.2).
 */
static void
mix_ephemeral(struct noise_handshake *hs, const uint8_t *public)
{
	mix_hash(hs, public, NOISE_KEY_SIZE);
	mix_key(hs, public);
}

/* Token ee, in the second message only. -1 for a remote key of low order. */
static int
mix_shared(struct noise_handshake *hs)
{
	uint8_t shared[NOISE_KEY_SIZE];

	if (hs->done == 0)
		return 0;
	if (crypto_scalarmult_curve25519(shared, hs->secret, hs->remote) != 0)
		return -1;
	mix_key(hs, shared);
	sodium_memzero(shared, sizeof shared);
	sodium_memzero(hs->secret, sizeof hs->secret);
	return 0;
}

int
noise_handshake_write(
    struct noise_handshake *hs, const uint8_t *payload, size_t len, uint8_t *out)
{
	if (!is_turn(hs, true) || len > NOISE_MESSAGE_MAX - NOISE_HANDSHAKE_SIZE)
		return handshake_close(hs);
	if (!hs->secret_is_fixed)
		randombytes_buf(hs->secret, sizeof hs->secret);
	crypto_scalarmult_curve25519_base(out, hs->secret);
	mix_ephemeral(hs, out);
	if (mix_shared(hs) < 0 ||
	    encrypt_and_hash(hs, payload, len, out + NOISE_KEY_SIZE) < 0)
		return handshake_close(hs);
	hs->done++;
	return 0;
}

int
noise_handshake_read(
    struct noise_handshake *hs, const uint8_t *message, size_t len, uint8_t *payload)
{
	if (!is_turn(hs, false) || len < NOISE_HANDSHAKE_SIZE ||
	    len > NOISE_MESSAGE_MAX)
		return handshake_close(hs);
	memcpy(hs->remote, message, sizeof hs->remote);
	mix_ephemeral(hs, hs->remote);
	if (mix_shared(hs) < 0 || decrypt_and_hash(hs, message + NOISE_KEY_SIZE,
				      len - NOISE_KEY_SIZE, payload) < 0)
		return handshake_close(hs);
	hs->done++;
	return 0;
}

int
noise_handshake_split(
    struct noise_handshake *hs, struct noise_cipher *send, struct noise_cipher *receive)
{
	bool first = hs->role == NOISE_INITIATOR;
	uint8_t out[2][NOISE_HASH_SIZE];

	if (hs->failed || hs->done != 2)
		return handshake_close(hs);
	hkdf(out, 2, hs->chain, NULL, 0);
	cipher_start(first ? send : receive, out[0]);
	cipher_start(first ? receive : send, out[1]);
	sodium_memzero(out, sizeof out);
	handshake_close(hs);
	return 0;
}

/* ---- secrets */

void
noise_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

void
noise_wipe(void *secret, size_t len)
{
	sodium_memzero(secret, len);
}

bool
noise_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void *
noise_secret_new(size_t len)
{
	const size_t unit = _Alignof(max_align_t);

	/* sodium_malloc ends the block at a guard page: only whole units come out
	 * aligned. */
	if (noise_init() < 0 || len > SIZE_MAX - unit)
		return NULL;
	return sodium_malloc((len + unit - 1) / unit * unit);
}

void
noise_secret_free(void *secret)
{
	sodium_free(secret);
}

/* ---- tables */

void
noise_hmac_sha256(uint8_t mac[NOISE_HMAC_SIZE], const void *key, size_t keylen,
    const struct noise_part *part, size_t parts)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, keylen);
	for (size_t i = 0; i < parts; i++)
		crypto_auth_hmacsha256_update(&state, part[i].data, part[i].len);
	crypto_auth_hmacsha256_final(&state, mac);
	noise_wipe(&state, sizeof state);
}

uint64_t
noise_table_hash(const uint8_t *key, const void *data, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	_Static_assert(sizeof hash == sizeof number, "all of it");
	crypto_shorthash(hash, data, len, key);
	memcpy(&number, hash, sizeof number);
	return number;
}
