/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
check_names(const struct options *o, const struct keyfile *keys, char *why, size_t size)
{
	char buf[NAME_MAX_LEN + 1];
	const char *name = options_name(o, buf, sizeof buf);

	for (size_t i = 0; i < keyfile_count(keys); i++) {
		const struct key *key = keyfile_at(keys, i);

		if (strcmp(key->name, name) == 0)
			continue;
		snprintf(why, size,
		    "%s holds a key of %s, but this agent's name is %s: the collector "
		    "would refuse it. Set name = %s, or make a key with: fwlogctl key "
		    "new %s",
		    o->key_file, key->name, name, key->name, name);
		return -1;
	}
	return 0;
}

int
keys_load(const struct options *o, struct keyfile **keys, char *why, size_t whysize)
{
	char buf[NAME_MAX_LEN + 1];

	*keys = NULL;
	if (o->transport == TRANSPORT_PLAIN)
		return 0;
	if (noise_init() < 0) {
		snprintf(why, whysize, "no random numbers: is /dev/urandom there?");
		return -1;
	}
	if (access(o->key_file, F_OK) < 0 && errno == ENOENT) {
		snprintf(why, whysize,
		    "%s: there is no such file. Make a key at the centre with: "
		    "fwlogctl key new %s, copy it to that place, mode 0600; or set "
		    "transport = plain on both ends for a stream in clear",
		    o->key_file, options_name(o, buf, sizeof buf));
		return -1;
	}
	*keys = keyfile_load(o->key_file, why, whysize);
	if (*keys == NULL)
		return -1;
	if (check_names(o, *keys, why, whysize) == 0)
		return 0;
	keyfile_free(*keys);
	*keys = NULL;
	return -1;
}

bool
keys_equal(const struct keyfile *a, const struct keyfile *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (keyfile_count(a) != keyfile_count(b))
		return false;
	for (size_t i = 0; i < keyfile_count(a); i++) {
		const struct key *x = keyfile_at(a, i), *y = keyfile_at(b, i);

		if (!noise_equal(x->id, y->id, sizeof x->id) ||
		    !noise_equal(x->secret, y->secret, sizeof x->secret))
			return false;
	}
	return true;
}
