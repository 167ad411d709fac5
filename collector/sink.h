/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the database and all that goes over it: marks for new sessions, the
 * transactions that carry records, and host_status. A sink fills one load while another
 * is on its way. Nothing is acknowledged before COMMIT has answered COMMIT; when the
 * database fails, the load is kept and tried again, and the marks tell what was in. A
 * load whose values are refused is halved until the record that is refused stands
 * alone; that one goes to quarantine.
 */
#ifndef FWLOG_COLLECTOR_SINK_H
#define FWLOG_COLLECTOR_SINK_H

#include "collector/alerts.h"
#include "collector/allowance.h"
#include "collector/load.h"
#include "collector/session.h"
#include "common/log.h"

struct sink;

/* What all sinks share. */
struct sink_env {
	struct event_base *base;
	const struct options *options;
	struct metrics *metrics;
	struct dict *dict;
	struct days days;
	struct allowance *allowance;
	struct alerts *alerts;         /* NULL: none are raised */
	struct log_limit folded_limit; /* strings that are not entered */
	struct log_limit fault_limit;
	char fault_text[512]; /* the fault it is about */
	bool failing;         /* the log says that the database is away */
	void *arg;
	void (*idle)(void *arg); /* after sink_finish: nothing is left to do */
};

/* Begins to connect at once. NULL: no memory. */
struct sink *sink_new(struct sink_env *env, unsigned number);
void sink_free(struct sink *s); /* NULL-safe */

/* The session is to get its host's marks (session_welcome). */
void sink_enter(struct sink *s, struct session *session);
/* The session is closed: it needs none any more. */
void sink_leave(struct sink *s, struct session *session);
struct turns *sink_turns(struct sink *s);
/* Something was put into the turns. */
void sink_wake(struct sink *s);
/* The host's status has changed. */
void sink_contact(struct sink *s, struct host *h, bool urgent);

/* Takes nothing more; commits what it has and writes every status, then calls idle. */
void sink_finish(struct sink *s);
bool sink_is_idle(const struct sink *s);
/* The database is there, and its schema and rights are right. */
bool sink_is_connected(const struct sink *s);

#endif
