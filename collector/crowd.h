/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has how many of the connections: no source and no key may take them all, whether
 * it has said HELLO or not. Lists have the oldest session first.
 */
#ifndef FWLOG_COLLECTOR_CROWD_H
#define FWLOG_COLLECTOR_CROWD_H

#include "collector/session.h"

/* Of one host's keys: what it has, what replaces it, and what of these still closes. */
#define CROWD_OF_HOST_MAX 4

/* Sessions from the same source. */
uint64_t crowd_from(const struct session_list *list, const struct address *peer);
/*
 * The session that has to go when one more comes with a key of that host; NULL: none.
 * One that says nothing goes before one that does.
 */
struct session *crowd_surplus(const struct session_list *list, const char *name);
/* The oldest that has not said HELLO; NULL: all have. */
struct session *crowd_silent(const struct session_list *list);

#endif
