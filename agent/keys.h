/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's own keys, from key_file: read by the monitor, who has the right to. */
#ifndef FWLOG_AGENT_KEYS_H
#define FWLOG_AGENT_KEYS_H

#include "agent/options.h"
#include "common/keyfile.h"

/*
 * Sets *keys to the keys of key_file, all of them this agent's; to NULL where transport
 * is plain. 0, or -1 and a reason with its remedy in why (KEYFILE_WHY_SIZE).
 */
int keys_load(const struct options *o, struct keyfile **keys, char *why, size_t whysize)
    __attribute__((warn_unused_result));
/* Whether two files hold the same keys in the same order; NULL holds none. */
bool keys_equal(const struct keyfile *a, const struct keyfile *b);

#endif
