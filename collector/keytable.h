/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agents' keys as the collector holds them: by id, in memory that is kept out of
 * swap and core dumps. A lookup takes the same steps whether the id is known or not.
 * Filled once and not changed afterwards.
 */
#ifndef FWLOG_COLLECTOR_KEYTABLE_H
#define FWLOG_COLLECTOR_KEYTABLE_H

#include <stddef.h>

#include "collector/network.h"
#include "common/keyfile.h"

enum key_verdict {
	KEY_GOOD,
	KEY_UNKNOWN,
	KEY_REVOKED,
	KEY_FORBIDDEN, /* not from this address */
	KEY_VERDICTS
};

struct agent_key {
	uint8_t id[NOISE_ID_SIZE];
	uint8_t secret[NOISE_KEY_SIZE]; /* zeros when revoked */
	char name[NAME_MAX_LEN + 1];    /* the host it was made for */
	bool revoked;
	size_t network, networks; /* where it may come from; none: anywhere */
};

struct keytable;

/* Room for so many keys. NULL: no memory. */
struct keytable *keytable_new(size_t keys) __attribute__((warn_unused_result));
void keytable_free(struct keytable *t); /* wipes; NULL-safe */
/*
 * A row of fwlog.agent_key: id and secret in hexadecimal, networks separated by blanks
 * ("": anywhere). 0, or -1 and why: malformed, no room, no memory.
 */
int keytable_add(struct keytable *t, const char *id, const char *name,
    const char *state, const char *secret, const char *networks, const char **why)
    __attribute__((warn_unused_result));
/* After the last key, before the first check. */
void keytable_close(struct keytable *t);
size_t keytable_count(const struct keytable *t); /* 0 for NULL */

/*
 * Whether this peer may use the key of that id. *key is the key if there is one, also
 * when it may not be used; else NULL. t may be NULL: no key is known.
 */
enum key_verdict keytable_check(const struct keytable *t, const uint8_t *id,
    const struct address *peer, const struct agent_key **key);

#endif
