/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/keytable.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/planted.h"

struct keytable {
	struct network *network;
	size_t networks, networks_size;
	size_t count, size;
	struct agent_key key[]; /* by id, once it is closed */
};

struct keytable *
keytable_new(size_t keys)
{
	struct keytable *t;

	if (keys > KEYFILE_KEYS_MAX)
		return NULL;
	t = noise_secret_new(sizeof *t + keys * sizeof t->key[0]);
	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof *t);
	t->size = keys;
	return t;
}

void
keytable_free(struct keytable *t)
{
	if (t == NULL)
		return;
	free(t->network);
	noise_secret_free(t);
}

size_t
keytable_count(const struct keytable *t)
{
	return t != NULL ? t->count : 0;
}

/* ---- filling */

static int
add_network(struct keytable *t, const char *text, size_t len)
{
	char copy[64];
	struct network *more;
	size_t size;

	if (t->networks == t->networks_size) {
		size = t->networks_size > 0 ? 2 * t->networks_size : 16;
		more = reallocarray(t->network, size, sizeof *more);
		if (more == NULL)
			return -1;
		t->network = more;
		t->networks_size = size;
	}
	if (len >= sizeof copy)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (network_parse(copy, &t->network[t->networks]) != 0)
		return -1;
	t->networks++;
	return 0;
}

static int
add_networks(struct keytable *t, struct agent_key *key, const char *list)
{
	key->network = t->networks;
	while (*(list += strspn(list, " ")) != '\0') {
		size_t len = strcspn(list, " ");

		if (add_network(t, list, len) != 0)
			return -1;
		list += len;
	}
	key->networks = t->networks - key->network;
	return 0;
}

static int
digits_decode(const char *text, uint8_t *out, size_t size)
{
	if (strlen(text) != 2 * size)
		return -1;
	for (size_t i = 0; i < size; i += NOISE_ID_SIZE) {
		char part[KEY_ID_TEXT_SIZE];
		int rc;

		memcpy(part, text + 2 * i, sizeof part - 1);
		part[sizeof part - 1] = '\0';
		rc = key_id_parse(part, out + i);
		noise_wipe(part, sizeof part);
		if (rc != 0)
			return -1;
	}
	return 0;
}

_Static_assert(NOISE_KEY_SIZE % NOISE_ID_SIZE == 0, "digits_decode goes by ids");

int
keytable_add(struct keytable *t, const char *id, const char *name, const char *state,
    const char *secret, const char *networks, const char **why)
{
	struct agent_key *key = &t->key[t->count];

	*why = "more keys than expected";
	if (t->count == t->size)
		return -1;
	memset(key, 0, sizeof *key);
	key->revoked = strcmp(state, "revoked") == 0;
	*why = "its id is malformed";
	if (digits_decode(id, key->id, sizeof key->id) != 0)
		return -1;
	*why = "its host's name is malformed";
	if (!agent_name_ok(name))
		return -1;
	memcpy(key->name, name, strlen(name));
	*why = "its secret is malformed";
	if (!key->revoked &&
	    digits_decode(secret, key->secret, sizeof key->secret) != 0)
		return -1;
	*why = "its networks are malformed";
	if (add_networks(t, key, networks) != 0)
		return -1;
	t->count++;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct agent_key *x = a, *y = b;

	return memcmp(x->id, y->id, sizeof x->id);
}

void
keytable_close(struct keytable *t)
{
	qsort(t->key, t->count, sizeof t->key[0], by_id);
}

/* ---- looking up */

static uint64_t
id_number(const uint8_t *id)
{
	struct reader r = reader_of(id, NOISE_ID_SIZE);

	return get_u64(&r);
}

/*
 * The last key with an id not above this one, the first where there is none. How often
 * it halves depends on how many keys there are and on nothing else.
 */
static const struct agent_key *
find_near(const struct keytable *t, uint64_t id)
{
	size_t at = 0;

	for (size_t left = t->count; left > 1; left -= left / 2)
		at += (id_number(t->key[at + left / 2].id) <= id) * (left / 2);
	return &t->key[at];
}

static bool
may_come_from(
    const struct keytable *t, const struct agent_key *key, const struct address *peer)
{
	bool may = key->networks == 0;

	for (size_t i = 0; i < key->networks; i++)
		may |= network_has(&t->network[key->network + i], peer);
	return may;
}

enum key_verdict
keytable_check(const struct keytable *t, const uint8_t *id, const struct address *peer,
    const struct agent_key **key)
{
	*key = NULL;
	if (t == NULL || t->count == 0)
		return KEY_UNKNOWN;
	*key = find_near(t, id_number(id));
	if (!noise_equal((*key)->id, id, NOISE_ID_SIZE)) {
		*key = NULL;
		return KEY_UNKNOWN;
	}
	if (planted(skip_auth))
		return KEY_GOOD;
	if ((*key)->revoked)
		return KEY_REVOKED;
	return may_come_from(t, *key, peer) ? KEY_GOOD : KEY_FORBIDDEN;
}
