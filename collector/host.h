/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hosts this collector has heard of since something of theirs is still held: which
 * sink writes them, which session speaks for them, and what host_status shall say.
 * Counted references: the session, its items and a status not yet written hold one
 * each.
 */
#ifndef FWLOG_COLLECTOR_HOST_H
#define FWLOG_COLLECTOR_HOST_H

#include <sys/queue.h>
#include <uthash.h>

#include "collector/address.h"
#include "common/message.h"

struct host {
	char name[NAME_MAX_LEN + 1];
	int32_t id;              /* 0 until the database gave one */
	unsigned sink;           /* which sink writes its rows */
	struct session *session; /* the newest; NULL when none is open */
	unsigned refs;
	struct hosts *hosts;
	UT_hash_handle hh;

	struct host_status {
		TAILQ_ENTRY(host) link;
		enum { STATUS_NOWHERE, STATUS_WAITING, STATUS_WRITING } place;
		bool again; /* changed while it was being written */
		bool connected;
		uint64_t written_ms; /* when it was last written */
		char address[ADDRESS_TEXT];
		char software[TEXT_MAX_LEN + 1];
		char system[TEXT_MAX_LEN + 1];
		uint64_t heard_us; /* when HELLO or STATS last came, wall clock */
		int64_t skew_ms;   /* the agent's clock less ours */
		struct stats stats;
	} status;
};

struct hosts {
	struct host *by_name;
	unsigned sinks; /* new hosts are spread over so many */
	unsigned next_sink;
};

/* The host of that name with a reference for the caller; NULL: no memory. */
struct host *host_enter(struct hosts *hosts, const char *name);
void host_ref(struct host *h);
void host_unref(struct host *h); /* NULL-safe */

#endif
