/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/noise.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR "tests/vectors/noise_nnpsk0.json"
#define VECTOR_MESSAGES 6

struct hex {
	uint8_t byte[256];
	size_t len;
};

static char *vector_text;

static void
load_vector(void)
{
	static char text[8192];
	FILE *f = fopen(VECTOR, "r");
	size_t n;

	ck_assert_msg(f != NULL, "%s: run the test in the root of the sources", VECTOR);
	n = fread(text, 1, sizeof text - 1, f);
	ck_assert_uint_gt(n, 0);
	text[n] = '\0';
	fclose(f);
	vector_text = text;
}

/* The nth value of that name in the vector; an array's first element stands for it. */
static struct hex
vector_value(const char *name, unsigned nth)
{
	struct hex out = {.len = 0};
	const char *p = vector_text;
	char key[64];
	unsigned byte;

	snprintf(key, sizeof key, "\"%s\":", name);
	for (unsigned i = 0; i <= nth; i++) {
		p = strstr(p, key);
		ck_assert_msg(p != NULL, "%s %u is not in the vector", name, nth);
		p += strlen(key);
	}
	for (p = strchr(p, '"') + 1; sscanf(p, "%2x", &byte) == 1; p += 2)
		out.byte[out.len++] = (uint8_t)byte;
	ck_assert_uint_gt(out.len, 0);
	return out;
}

static void
start_pair(struct noise_handshake *init, struct noise_handshake *resp)
{
	static const uint8_t psk[NOISE_KEY_SIZE] = "a secret of two for the tests..";

	ck_assert_int_eq(noise_handshake_start(init, NOISE_INITIATOR, psk, "p", 1), 0);
	ck_assert_int_eq(noise_handshake_start(resp, NOISE_RESPONDER, psk, "p", 1), 0);
}

static void
start_vector(struct noise_handshake *hs, enum noise_role role, const char *who)
{
	struct hex prologue, psk, ephemeral;
	char name[32];

	snprintf(name, sizeof name, "%s_prologue", who);
	prologue = vector_value(name, 0);
	snprintf(name, sizeof name, "%s_psks", who);
	psk = vector_value(name, 0);
	snprintf(name, sizeof name, "%s_ephemeral", who);
	ephemeral = vector_value(name, 0);
	ck_assert_uint_eq(psk.len, NOISE_KEY_SIZE);
	ck_assert_uint_eq(ephemeral.len, NOISE_KEY_SIZE);
	ck_assert_int_eq(
	    noise_handshake_start(hs, role, psk.byte, prologue.byte, prologue.len), 0);
	noise_handshake_fix_ephemeral(hs, ephemeral.byte);
}

static void
pass_vector_message(
    struct noise_handshake *from, struct noise_handshake *to, unsigned number)
{
	struct hex payload = vector_value("payload", number),
		   expected = vector_value("ciphertext", number);
	uint8_t out[256], back[256];

	ck_assert_uint_eq(expected.len, payload.len + NOISE_HANDSHAKE_SIZE);
	ck_assert_int_eq(
	    noise_handshake_write(from, payload.byte, payload.len, out), 0);
	ck_assert_mem_eq(out, expected.byte, expected.len);
	ck_assert_int_eq(noise_handshake_read(to, out, expected.len, back), 0);
	ck_assert_mem_eq(back, payload.byte, payload.len);
}

START_TEST(published_vector)
{
	struct noise_handshake init, resp;
	struct noise_cipher send[2], receive[2];
	struct hex hash;

	load_vector();
	start_vector(&init, NOISE_INITIATOR, "init");
	start_vector(&resp, NOISE_RESPONDER, "resp");
	pass_vector_message(&init, &resp, 0);
	pass_vector_message(&resp, &init, 1);
	hash = vector_value("handshake_hash", 0);
	ck_assert_uint_eq(hash.len, NOISE_HASH_SIZE);
	ck_assert_mem_eq(init.hash, hash.byte, hash.len);
	ck_assert_mem_eq(resp.hash, hash.byte, hash.len);
	ck_assert_int_eq(noise_handshake_split(&init, &send[0], &receive[0]), 0);
	ck_assert_int_eq(noise_handshake_split(&resp, &send[1], &receive[1]), 0);
	for (unsigned i = 2; i < VECTOR_MESSAGES; i++) {
		struct hex payload = vector_value("payload", i),
			   expected = vector_value("ciphertext", i);
		uint8_t out[256], back[256];

		ck_assert_uint_eq(expected.len, payload.len + NOISE_TAG_SIZE);
		ck_assert_int_eq(
		    noise_cipher_seal(&send[i % 2], payload.byte, payload.len, out), 0);
		ck_assert_mem_eq(out, expected.byte, expected.len);
		ck_assert_int_eq(
		    noise_cipher_open(&receive[1 - i % 2], out, expected.len, back), 0);
		ck_assert_mem_eq(back, payload.byte, payload.len);
	}
}
END_TEST

static bool
is_zero(const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0 && *p == 0)
		p++, len--;
	return len == 0;
}

/* Nothing of the handshake is left but the mark that it is over. */
static bool
is_wiped(const struct noise_handshake *hs)
{
	return is_zero(hs, offsetof(struct noise_handshake, role));
}

START_TEST(every_bit_of_the_first_message_counts)
{
	struct noise_handshake init, resp, fresh;
	uint8_t m[NOISE_HANDSHAKE_SIZE + 3], payload[3];

	start_pair(&init, &fresh);
	ck_assert_int_eq(noise_handshake_write(&init, (const uint8_t *)"abc", 3, m), 0);
	for (size_t bit = 0; bit < sizeof m * 8; bit++) {
		resp = fresh;
		m[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), -1);
		m[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(is_wiped(&resp));
		/* Failed is failed: the true message comes too late. */
		ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), -1);
		ck_assert_int_eq(noise_handshake_write(&resp, NULL, 0, m), -1);
		start_pair(&init, &fresh);
		ck_assert_int_eq(
		    noise_handshake_write(&init, (const uint8_t *)"abc", 3, m), 0);
	}
	ck_assert_int_eq(noise_handshake_read(&fresh, m, sizeof m, payload), 0);
	ck_assert_mem_eq(payload, "abc", 3);
}
END_TEST

START_TEST(every_bit_of_the_second_message_counts)
{
	struct noise_handshake init, resp, fresh;
	uint8_t m[NOISE_HANDSHAKE_SIZE], payload[1];
	struct noise_cipher send, receive;

	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), 0);
	ck_assert_int_eq(noise_handshake_write(&resp, NULL, 0, m), 0);
	for (size_t bit = 0; bit < sizeof m * 8; bit++) {
		fresh = init;
		m[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* Curve25519 does not look at the last bit, but the hash does. */
		ck_assert_int_eq(
		    noise_handshake_read(&fresh, m, sizeof m, payload), -1);
		m[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(is_wiped(&fresh));
		ck_assert_int_eq(noise_handshake_split(&fresh, &send, &receive), -1);
	}
	ck_assert_int_eq(noise_handshake_read(&init, m, sizeof m, payload), 0);
}
END_TEST

START_TEST(every_length_of_a_message_counts)
{
	struct noise_handshake init, resp, fresh;
	uint8_t m[NOISE_HANDSHAKE_SIZE + 9] = {0}, payload[sizeof m];

	start_pair(&init, &fresh);
	ck_assert_int_eq(
	    noise_handshake_write(&init, (const uint8_t *)"12345678", 8, m), 0);
	for (size_t len = 0; len <= sizeof m; len++) {
		resp = fresh;
		ck_assert_int_eq(noise_handshake_read(&resp, m, len, payload),
		    len == sizeof m - 1 ? 0 : -1);
	}
	resp = fresh;
	ck_assert_int_eq(
	    noise_handshake_read(&resp, m, (size_t)NOISE_MESSAGE_MAX + 1, payload), -1);
}
END_TEST

START_TEST(psk_and_prologue_must_agree)
{
	uint8_t psk[NOISE_KEY_SIZE] = {7}, m[NOISE_HANDSHAKE_SIZE], payload[1];
	struct noise_handshake init, resp;

	for (size_t bit = 0; bit < sizeof psk * 8; bit++) {
		ck_assert_int_eq(
		    noise_handshake_start(&init, NOISE_INITIATOR, psk, "pro", 3), 0);
		psk[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(
		    noise_handshake_start(&resp, NOISE_RESPONDER, psk, "pro", 3), 0);
		ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
		ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), -1);
	}
	ck_assert_int_eq(
	    noise_handshake_start(&init, NOISE_INITIATOR, psk, "pro", 3), 0);
	ck_assert_int_eq(
	    noise_handshake_start(&resp, NOISE_RESPONDER, psk, "prp", 3), 0);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), -1);
}
END_TEST

START_TEST(steps_out_of_turn_fail)
{
	uint8_t m[NOISE_HANDSHAKE_SIZE], payload[1];
	struct noise_cipher send, receive;
	struct noise_handshake init, resp;

	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&resp, NULL, 0, m), -1);
	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), -1);
	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_split(&init, &send, &receive), -1);
	/* A reflected first message is no second one. */
	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_read(&init, m, sizeof m, payload), -1);
}
END_TEST

START_TEST(ephemeral_keys_differ_each_time)
{
	uint8_t a[NOISE_HANDSHAKE_SIZE], b[NOISE_HANDSHAKE_SIZE];
	struct noise_handshake init, resp;

	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, a), 0);
	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, b), 0);
	ck_assert(!noise_equal(a, b, NOISE_KEY_SIZE));
}
END_TEST

START_TEST(split_wipes_the_handshake)
{
	uint8_t m[NOISE_HANDSHAKE_SIZE], payload[1];
	struct noise_cipher send[2], receive[2];
	struct noise_handshake init, resp;

	start_pair(&init, &resp);
	ck_assert_int_eq(noise_handshake_write(&init, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_read(&resp, m, sizeof m, payload), 0);
	ck_assert_int_eq(noise_handshake_write(&resp, NULL, 0, m), 0);
	ck_assert_int_eq(noise_handshake_read(&init, m, sizeof m, payload), 0);
	ck_assert_int_eq(noise_handshake_split(&init, &send[0], &receive[0]), 0);
	ck_assert_int_eq(noise_handshake_split(&resp, &send[1], &receive[1]), 0);
	ck_assert(is_wiped(&init) && is_wiped(&resp));
	ck_assert_int_eq(noise_handshake_split(&init, &send[0], &receive[0]), -1);
	/* One key each way, and not the same both ways. */
	ck_assert_mem_eq(send[0].key, receive[1].key, NOISE_KEY_SIZE);
	ck_assert_mem_eq(send[1].key, receive[0].key, NOISE_KEY_SIZE);
	ck_assert(!noise_equal(send[0].key, send[1].key, NOISE_KEY_SIZE));
}
END_TEST

START_TEST(cipher_ends_before_the_last_nonce)
{
	struct noise_cipher a = {.key = {1}, .nonce = UINT64_MAX - 1}, b = a;
	uint8_t sealed[1 + NOISE_TAG_SIZE], plain[1] = {'x'};

	ck_assert_int_eq(noise_cipher_seal(&a, plain, 1, sealed), 0);
	ck_assert_int_eq(noise_cipher_open(&b, sealed, sizeof sealed, plain), 0);
	ck_assert_int_eq(noise_cipher_seal(&a, plain, 1, sealed), -1);
	ck_assert_int_eq(noise_cipher_open(&b, sealed, sizeof sealed, plain), -1);
}
END_TEST

START_TEST(cipher_bounds)
{
	static uint8_t space[NOISE_MESSAGE_MAX + 1];
	struct noise_cipher a = {.key = {1}}, b = a;
	size_t most = NOISE_MESSAGE_MAX - NOISE_TAG_SIZE;

	ck_assert_int_eq(noise_cipher_seal(&a, space, most + 1, space), -1);
	ck_assert_int_eq(noise_cipher_seal(&a, space, most, space), 0);
	for (size_t len = 0; len < NOISE_TAG_SIZE; len++)
		ck_assert_int_eq(noise_cipher_open(&b, space, len, space), -1);
	ck_assert_int_eq(
	    noise_cipher_open(&b, space, NOISE_MESSAGE_MAX + 1, space), -1);
	ck_assert_int_eq(noise_cipher_open(&b, space, NOISE_MESSAGE_MAX, space), 0);
	ck_assert(is_zero(space, most));
	/* A message without plain text is a tag. */
	ck_assert_int_eq(noise_cipher_seal(&a, NULL, 0, space), 0);
	ck_assert_int_eq(noise_cipher_open(&b, space, NOISE_TAG_SIZE, space), 0);
}
END_TEST

/*
 * REKEY by other means: the first 32 bytes of ENCRYPT(k, 2^64-1, "", zeros) are what
 * sealing zeros at that nonce gives; here from RFC 8439's block function, written out.
 */
static uint32_t
rotate(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void
quarter(uint32_t *s, int a, int b, int c, int d)
{
	s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

/* The first 32 bytes of block 1 under nonce 00000000 ffffffffffffffff. */
static void
expected_rekey(const uint8_t *key, uint8_t *out)
{
	uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, s[16];

	for (size_t i = 0; i < 8; i++)
		in[4 + i] = key[4 * i] | (uint32_t)key[4 * i + 1] << 8 |
			    (uint32_t)key[4 * i + 2] << 16 |
			    (uint32_t)key[4 * i + 3] << 24;
	in[12] = 1;
	in[14] = in[15] = UINT32_MAX;
	memcpy(s, in, sizeof s);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			quarter(s, i, 4 + i, 8 + i, 12 + i);
		for (int i = 0; i < 4; i++)
			quarter(
			    s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (size_t i = 0; i < NOISE_KEY_SIZE; i++)
		out[i] = (uint8_t)((s[i / 4] + in[i / 4]) >> 8 * (i % 4));
}

START_TEST(rekey_follows_the_specification)
{
	struct noise_cipher c = {.nonce = 42};
	uint8_t expected[NOISE_KEY_SIZE];

	for (size_t i = 0; i < NOISE_KEY_SIZE; i++)
		c.key[i] = (uint8_t)(3 * i + 1);
	for (int i = 0; i < 3; i++) {
		expected_rekey(c.key, expected);
		noise_cipher_rekey(&c);
		ck_assert_mem_eq(c.key, expected, sizeof expected);
		ck_assert_uint_eq(c.nonce, 42);
	}
}
END_TEST

START_TEST(secret_memory)
{
	for (size_t len = 1; len < 200; len += 13) {
		uint8_t *p = noise_secret_new(len);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, 0x5a, len);
		noise_secret_free(p);
	}
	ck_assert_ptr_null(noise_secret_new(SIZE_MAX));
	noise_secret_free(NULL);
}
END_TEST

START_TEST(comparing)
{
	ck_assert(noise_equal("same", "same", 4));
	ck_assert(!noise_equal("same", "sale", 4));
	ck_assert(!noise_equal("tame", "same", 4));
	ck_assert(noise_equal("", "x", 0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("noise");
	TCase *tests = tcase_create("noise");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, published_vector);
	tcase_add_test(tests, every_bit_of_the_first_message_counts);
	tcase_add_test(tests, every_bit_of_the_second_message_counts);
	tcase_add_test(tests, every_length_of_a_message_counts);
	tcase_add_test(tests, psk_and_prologue_must_agree);
	tcase_add_test(tests, steps_out_of_turn_fail);
	tcase_add_test(tests, ephemeral_keys_differ_each_time);
	tcase_add_test(tests, split_wipes_the_handshake);
	tcase_add_test(tests, cipher_ends_before_the_last_nonce);
	tcase_add_test(tests, cipher_bounds);
	tcase_add_test(tests, rekey_follows_the_specification);
	tcase_add_test(tests, secret_memory);
	tcase_add_test(tests, comparing);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
