/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/keytable.h"

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct address
address(const char *text)
{
	struct address a = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a.sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&a.sa;

	if (strcmp(text, "unix") == 0) {
		a.sa.ss_family = AF_UNIX;
	} else if (strchr(text, ':') != NULL) {
		a.sa.ss_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	} else {
		a.sa.ss_family = AF_INET;
		ck_assert_int_eq(inet_pton(AF_INET, text, &in->sin_addr), 1);
	}
	return a;
}

static const struct {
	const char *network, *address;
	bool has;
} nets[] = {
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.5", "192.0.2.5", true},
    {"192.0.2.5", "192.0.2.4", false},
    {"192.0.2.4/31", "192.0.2.5", true},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "::1", false},
    {"0.0.0.0/0", "unix", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "192.0.2.1", false},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"2001:db8::1/128", "2001:db8::1", true},
    {"2001:db8::1/128", "2001:db8::2", false},
};

START_TEST(network_holds)
{
	struct network n;
	struct address a = address(nets[_i].address);

	ck_assert_int_eq(network_parse(nets[_i].network, &n), 0);
	ck_assert_int_eq(network_has(&n, &a), nets[_i].has);
}
END_TEST

static const char *const no_networks[] = {"", "/", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1",
    "1.2.3.4/", "1.2.3.4/8x", "::/129", "::/1000", "x::", "1.2.3.4/024/1",
    "0123456789012345678901234567890123456789012345678901234567890123456789"};

START_TEST(no_network)
{
	struct network n;

	ck_assert_int_eq(network_parse(no_networks[_i], &n), -1);
}
END_TEST

static void
id_of(unsigned i, uint8_t *id)
{
	/* Not in order, and alike in their first bytes. */
	memset(id, i % 3 == 0 ? 0xff : 0, 4);
	for (int b = 0; b < 4; b++)
		id[4 + b] = (uint8_t)(i * 2654435761u >> (8 * b));
}

static void
add(struct keytable *t, const uint8_t *id, const char *state, const char *networks)
{
	char text[KEY_ID_TEXT_SIZE], name[16];
	const char *why;

	snprintf(name, sizeof name, "host%u", id[7]);
	ck_assert_int_eq(
	    keytable_add(t, key_id_text(id, text), name, state,
		strcmp(state, "revoked") == 0 ? "" : SECRET, networks, &why),
	    0);
}

/* Every key is found, and nothing beside them, whatever their number. */
START_TEST(every_key_is_found)
{
	struct address peer = address("192.0.2.1");
	unsigned n = (unsigned)_i;
	struct keytable *t = keytable_new(n);
	const struct agent_key *key;
	uint8_t id[NOISE_ID_SIZE];

	ck_assert_ptr_nonnull(t);
	for (unsigned i = 0; i < n; i++) {
		id_of(i, id);
		add(t, id, "active", "");
	}
	keytable_close(t);
	ck_assert_uint_eq(keytable_count(t), n);
	for (unsigned i = 0; i < n; i++) {
		id_of(i, id);
		ck_assert_int_eq(keytable_check(t, id, &peer, &key), KEY_GOOD);
		ck_assert_mem_eq(key->id, id, sizeof id);
		ck_assert_uint_eq(key->secret[31], 0x1f);
	}
	for (unsigned i = n; i < n + 20; i++) {
		id_of(i, id);
		ck_assert_int_eq(keytable_check(t, id, &peer, &key), KEY_UNKNOWN);
		ck_assert_ptr_null(key);
	}
	memset(id, 0xff, sizeof id);
	ck_assert_int_eq(keytable_check(t, id, &peer, &key), KEY_UNKNOWN);
	memset(id, 0, sizeof id);
	if (n == 0)
		ck_assert_int_eq(keytable_check(t, id, &peer, &key), KEY_UNKNOWN);
	keytable_free(t);
}
END_TEST

START_TEST(who_may)
{
	const uint8_t active[NOISE_ID_SIZE] = {1}, next[NOISE_ID_SIZE] = {2},
		      retiring[NOISE_ID_SIZE] = {3}, revoked[NOISE_ID_SIZE] = {4},
		      bound[NOISE_ID_SIZE] = {5};
	struct address here = address("192.0.2.1"), there = address("2001:db8::1"),
		       local = address("unix");
	struct keytable *t = keytable_new(5);
	const struct agent_key *key;

	add(t, active, "active", "");
	add(t, next, "next", "");
	add(t, retiring, "retiring", "");
	add(t, revoked, "revoked", "");
	add(t, bound, "active", "198.51.100.0/24 2001:db8::/32");
	keytable_close(t);
	ck_assert_int_eq(keytable_check(t, active, &here, &key), KEY_GOOD);
	ck_assert_int_eq(keytable_check(t, active, &local, &key), KEY_GOOD);
	ck_assert_int_eq(keytable_check(t, next, &here, &key), KEY_GOOD);
	ck_assert_int_eq(keytable_check(t, retiring, &here, &key), KEY_GOOD);
	ck_assert_int_eq(keytable_check(t, revoked, &here, &key), KEY_REVOKED);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(keytable_check(t, bound, &here, &key), KEY_FORBIDDEN);
	ck_assert_int_eq(keytable_check(t, bound, &local, &key), KEY_FORBIDDEN);
	ck_assert_int_eq(keytable_check(t, bound, &there, &key), KEY_GOOD);
	ck_assert_int_eq(keytable_check(NULL, bound, &there, &key), KEY_UNKNOWN);
	ck_assert_ptr_null(key);
	keytable_free(t);
}
END_TEST

static const struct {
	const char *id, *name, *state, *secret, *networks, *why;
} bad[] = {
    {"00112233445566", "web1", "active", SECRET, "", "id"},
    {"001122334455667x", "web1", "active", SECRET, "", "id"},
    {"0011223344556677", "we/b", "active", SECRET, "", "name"},
    {"0011223344556677", "", "active", SECRET, "", "name"},
    {"0011223344556677", "web1", "active", "", "", "secret"},
    {"0011223344556677", "web1", "next", "00", "", "secret"},
    {"0011223344556677", "web1", "active", SECRET, "192.0.2.0/24 x", "networks"},
};

/* A row that is none is left out and harms no other. */
START_TEST(malformed_rows)
{
	struct keytable *t = keytable_new(1);
	const uint8_t id[NOISE_ID_SIZE] = {9};
	struct address peer = address("192.0.2.1");
	const struct agent_key *key;
	const char *why;

	ck_assert_int_eq(keytable_add(t, bad[_i].id, bad[_i].name, bad[_i].state,
			     bad[_i].secret, bad[_i].networks, &why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, bad[_i].why));
	add(t, id, "active", "192.0.2.0/24");
	ck_assert_int_eq(
	    keytable_add(t, "0011223344556677", "x", "active", SECRET, "", &why), -1);
	keytable_close(t);
	ck_assert_uint_eq(keytable_count(t), 1);
	ck_assert_int_eq(keytable_check(t, id, &peer, &key), KEY_GOOD);
	keytable_free(t);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

int
main(void)
{
	Suite *s = suite_create("keytable");
	TCase *t = tcase_create("keytable");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, network_holds, 0, COUNT(nets));
	tcase_add_loop_test(t, no_network, 0, COUNT(no_networks));
	tcase_add_loop_test(t, every_key_is_found, 0, 40);
	tcase_add_test(t, who_may);
	tcase_add_loop_test(t, malformed_rows, 0, COUNT(bad));
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
