/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialling a collector: looks its name up, tries each address it has in turn, and hands
 * over the first connection that stands.
 */
#ifndef FWLOG_AGENT_DIAL_H
#define FWLOG_AGENT_DIAL_H

#include "agent/transport.h"

#define DIAL_TIMEOUT_S 10 /* for the lookup, and for each address */

struct dial;

/* t is the callee's; NULL: none could be reached, why is the last reason. */
typedef void dial_done(void *arg, struct transport *t, const char *why);

/*
 * done is called once, from the loop, unless cancelled; the dial is gone by then. NULL:
 * no memory. Refuses addresses outside this machine unless allow_network.
 */
struct dial *dial_start(struct event_base *base, const struct address *to,
    bool allow_network, size_t input_max, dial_done *done, void *arg);
void dial_cancel(struct dial *d); /* NULL-safe */

#endif
