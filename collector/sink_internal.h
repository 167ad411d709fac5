/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the sink: sink.c, sink_ask.c, sink_check.c, sink_commit.c. */
#ifndef FWLOG_COLLECTOR_SINK_INTERNAL_H
#define FWLOG_COLLECTOR_SINK_INTERNAL_H

#include "collector/aside.h"
#include "collector/pg.h"
#include "collector/sink.h"
#include "collector/status.h"
#include "common/log.h"
#include "common/rollup.h"

#define SINK_BACKOFF_FIRST_MS 200
#define SINK_BACKOFF_MAX_MS                                                     \
	5000                /* a fresh record is stored within 10 s of the cure \
			     */
#define SINK_LET_IN_MAX 64  /* sessions before a load that waits */
#define SINK_ASK_MAX 1024   /* strings asked for in one statement */
#define SINK_STATUS_EVERY 8 /* loads, after which a status that is due goes first */
#define SINK_RANGES_MAX 64  /* halvings of a load: more than bits in a unit's number */

enum sink_state {
	SINK_DOWN, /* not connected, waits for the next try */
	SINK_CONNECTING,
	SINK_CHECKING, /* the schema's version */
	SINK_CHECKING_RIGHTS,
	SINK_READY,         /* connected, nothing under way */
	SINK_ENTERING,      /* marks for a session */
	SINK_ASKING,        /* ids or a partition a load needs */
	SINK_COPYING,       /* BEGIN to the end of COPY */
	SINK_SETTING_ASIDE, /* rows of quarantine */
	SINK_COMMITTING,
	SINK_ROLLING_BACK,
	SINK_STATUS, /* host_status */
	SINK_STATES
};

struct sink {
	struct sink_env *env;
	unsigned number;
	struct pg *pg;
	enum sink_state state;
	struct event *retry; /* the next try to connect */
	struct event *fill;  /* activated while items wait and the load has room */
	struct event *close; /* the load's age */
	struct event *tick;  /* statuses become due */
	uint64_t backoff_ms;
	struct pg_error refused; /* why the checks failed */
	bool finishing;
	struct text sql;

	struct session_list entering;
	unsigned let_in;         /* since a load went */
	struct session *entered; /* whose marks are asked for */
	struct epoch_mark *marks;
	size_t marks_count;
	int32_t host_id;

	struct turns turns;
	struct load_tools *tools;
	struct load loads[2];
	struct load *filling; /* takes items */
	bool due;             /* filling is old enough */

	struct load *flying; /* NULL: none is on its way */
	uint32_t lo;         /* of flying: what is before is done */
	uint32_t
	    end[SINK_RANGES_MAX]; /* where the ranges to try end, the next one last */
	unsigned ends;
	bool poison; /* the range is one unit that was refused */
	char poison_why[512];
	uint32_t asking[SINK_ASK_MAX]; /* questions of flying that are being asked */
	size_t askings;                /* 0: a day is */
	bool entering_strings;         /* unknown ones; else they are looked for */
	size_t asked_days;             /* of flying, answered */
	unsigned days_failed;          /* times the connection was lost while asking */
	size_t aside_part;             /* the next part to look at */
	int results;                   /* of this step that had rows */
	bool planned;                  /* the marks are read, rows may be copied */
	uint64_t quarantined;          /* records this transaction puts aside */
	uint64_t unkept;               /* of these, records that are only counted */
	struct log_limit aside_limit;
	bool committed;               /* COMMIT answered COMMIT */
	uint64_t begun_us, ending_us; /* when BEGIN, COMMIT were sent */
	struct aside *aside;
	struct rollup *rollup;

	unsigned flights; /* loads since statuses were written */
	struct status status;
};

/* The only place where a state changes. */
void sink_enter_state(struct sink *s, enum sink_state state);
/* Connected and free: takes up what is next. */
void sink_step(struct sink *s);
/* The database failed: say so, close, try again later. */
void sink_failed(struct sink *s, const struct pg_error *error);
/* A step of the database went well: trouble is over. */
void sink_succeeded(struct sink *s);
/* Milliseconds one step of the database may take. */
uint64_t sink_timeout(const struct sink *s);

/* sink_check.c: after connecting */
void sink_check(struct sink *s);
void sink_check_result(struct sink *s, const struct pg_result *r);
void sink_check_done(struct sink *s, const struct pg_error *error);

/* sink_ask.c: what a load needs before its transaction, which answers must outlive */
void sink_ask_begin(struct sink *s);
/* Asks what is next; false when all is answered. */
bool sink_ask_next(struct sink *s);
void sink_ask_result(struct sink *s, const struct pg_result *r);
/* The statement went well. NULL, or what is wrong with its answer. */
const char *sink_ask_done(struct sink *s);
/* It did not. Whether it was about a day, whose events can do without its answer. */
bool sink_ask_failed(struct sink *s, const struct pg_error *error);

/* sink_commit.c: the load on its way */
void sink_fly(struct sink *s);   /* filling becomes flying */
void sink_go_on(struct sink *s); /* the next step of flying */
void sink_commit_result(struct sink *s, const struct pg_result *r);
void sink_commit_room(struct sink *s);
void sink_commit_done(struct sink *s, const struct pg_error *error);

#endif
