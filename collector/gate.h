/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where sealed connections wait until they have proved who they are. A stranger gets
 * GATE_LIMIT_MS, one bounded buffer and no byte but the answer to a hello that opens
 * with a key he may use; he touches no session. Whatever his key, the work and the end
 * are the same: the connection is closed without a word, counted by reason, and the log
 * tells so at most every LOG_LIMIT_SECONDS for each reason.
 */
#ifndef FWLOG_COLLECTOR_GATE_H
#define FWLOG_COLLECTOR_GATE_H

#include "collector/keytable.h"
#include "collector/metrics.h"
#include "collector/options.h"
#include "collector/transport.h"

/* Less than the 5 s that are promised: closing takes its time. */
#define GATE_LIMIT_MS 4500

/* Who a connection is, by its key. */
struct identity {
	char name[NAME_MAX_LEN + 1]; /* the host the key was made for */
	uint8_t key_id[NOISE_ID_SIZE];
};

struct gate_env {
	struct event_base *base;
	const struct options *options; /* max_unauthenticated */
	struct metrics *metrics;
	void *arg;
	/* Somebody came with a key that is not in the table. */
	void (*unknown)(void *arg);
	/* The peer has proved who it is; t is the callee's, its data will follow. */
	void (*admitted)(void *arg, struct transport *t, const struct address *peer,
	    const struct identity *who);
};

struct gate;

struct gate *gate_new(const struct gate_env *env); /* NULL: no memory */
void gate_free(struct gate *g);                    /* closes all who wait; NULL-safe */
/* The keys that hold from now on; the table stays the caller's. */
void gate_set_table(struct gate *g, const struct keytable *table);

/* Takes over fd. With max_unauthenticated waiting the longest of them has to go. */
void gate_take(struct gate *g, evutil_socket_t fd, const struct address *peer);
/* Strangers, in all. */
uint64_t gate_waiting(const struct gate *g);
/* Strangers from the same source (address_same_source). */
uint64_t gate_count(const struct gate *g, const struct address *peer);

#endif
