/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialling a collector: looks its name up, tries each address it has in turn, at each
 * one every key of the agent, the newest first, and hands over the first connection
 * that stands.
 */
#ifndef FWLOG_AGENT_DIAL_H
#define FWLOG_AGENT_DIAL_H

#include "agent/transport.h"

#define DIAL_TIMEOUT_S 10 /* for the lookup, and for each address */

struct dial;

/* t is the callee's; NULL: none could be reached, why is the last reason. */
typedef void dial_done(void *arg, struct transport *t, const char *why);

struct dial_conf {
	const struct keyfile *keys; /* NULL: plain; outlives the dial */
	bool allow_plain_network;   /* plain to addresses outside this machine */
	size_t input_max;
};

/*
 * done is called once, from the loop, unless cancelled; the dial is gone by then. NULL:
 * no memory. Copies conf.
 */
struct dial *dial_start(struct event_base *base, const struct address *to,
    const struct dial_conf *conf, dial_done *done, void *arg);
void dial_cancel(struct dial *d); /* NULL-safe */

#endif
