/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readings of the rules' counters: taken by a child of the monitor that lives for one
 * reading, so that a large ruleset holds nothing up and what it costs is given back,
 * and sent by it straight to the worker, over the channel the bindings come by. Both
 * ends are the same program: a message is the struct itself, as far as it is used.
 */
#ifndef FWLOG_AGENT_READING_H
#define FWLOG_AGENT_READING_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/options.h"
#include "agent/ruleset.h"

#define READING_PART 256     /* counters of one message */
#define READING_SECONDS 20   /* a child that takes longer is ended */
#define READING_QUICK 4      /* readings after a binding that do not wait */
#define READING_QUICK_MS 700 /* but for this */

/* ---- the monitor's part */

struct reading {
	const struct options *options;
	pid_t child;    /* 0 none */
	int64_t due_ms; /* CLOCK_MONOTONIC; INT64_MAX: never */
	unsigned quick;
	bool said; /* that one took too long */
};

/* With reconcile = no it is never due. */
void reading_init(struct reading *r, const struct options *o);
/* A group was handed over: a reading is wanted soon. */
void reading_want(struct reading *r, int64_t now_ms);
/* The worker said READING_AGAIN: one more, soon. */
void reading_again(struct reading *r, int64_t now_ms);
/* Starts a child when it is due; channel -1: there is no worker. */
void reading_start(struct reading *r, int channel, int64_t now_ms);
/* After SIGCHLD. */
void reading_reap(struct reading *r);

/* ---- the worker's part */

/* One byte to the monitor: the last reading left something open. */
#define READING_AGAIN 'A'

enum reading_kind {
	READING_MORE = 1, /* counters of a group, more of them follow */
	READING_LAST,     /* the last of this group */
	READING_FAILED,   /* of all groups, why says why */
};

struct reading_message {
	uint64_t magic;
	uint64_t begin_us, end_us; /* when it was read, CLOCK_BOOTTIME */
	uint64_t end_real_us;      /* end_us by CLOCK_REALTIME */
	enum reading_kind kind;
	uint16_t group;
	uint32_t rules, unknown; /* as struct ruleset_group */
	char why[RULESET_WHY];
	uint32_t count;
	struct ruleset_counter counter[READING_PART]; /* by key, in all messages of a
						       * group together */
};

/*
 * 1: *m was received; 0: what comes next on the channel is none, or its end; -1:
 * nothing has come, and what comes next may be one.
 */
int reading_receive(int channel, struct reading_message *m)
    __attribute__((warn_unused_result));

#endif
