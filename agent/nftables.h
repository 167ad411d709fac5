/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to libnftables. Reads the ruleset of the network namespace it is called in;
 * changes nothing. Needs CAP_NET_ADMIN, and with a large ruleset seconds and memory: it
 * is for a process that does nothing else (agent/reading.h). What libnftables has to
 * say on stderr is the caller's to silence.
 */
#ifndef FWLOG_AGENT_NFTABLES_H
#define FWLOG_AGENT_NFTABLES_H

#include <stddef.h>

/*
 * "list ruleset" as JSON (libnftables-json(5)), with handles and without the elements
 * of sets. The caller frees it; NULL and a reason in why.
 */
char *nftables_list(char *why, size_t whysize);

#endif
