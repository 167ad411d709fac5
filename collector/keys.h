/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the agents' keys from the database and keeps them up to date: asks every few
 * seconds whether they have changed, on a connection of its own. While the database is
 * away the keys that were read last stay in force. Tells the database which keys were
 * used.
 */
#ifndef FWLOG_COLLECTOR_KEYS_H
#define FWLOG_COLLECTOR_KEYS_H

#include <event2/event.h>

#include "collector/keytable.h"
#include "collector/metrics.h"
#include "collector/options.h"

#define KEYS_POLL_MS 4000 /* a revoked key's sessions end within 10 s */

struct keys;

struct keys_env {
	struct event_base *base;
	const struct options *options;
	struct metrics *metrics;
	void *arg;
	/* There are other keys than before, or the first ones. table lives until the
	 * next call. */
	void (*changed)(void *arg, const struct keytable *table);
};

/* Begins to connect at once. NULL: no memory. */
struct keys *keys_new(const struct keys_env *env);
void keys_free(struct keys *k); /* NULL-safe */
/* Reads all keys at once. NULL-safe. */
void keys_reload(struct keys *k);
/* Somebody named a key that is not known: looks whether it is new, once a second. */
void keys_hurry(struct keys *k);
/* An agent has connected with this key. NULL-safe. */
void keys_note_used(struct keys *k, const uint8_t *id);

#endif
