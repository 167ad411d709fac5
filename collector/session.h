/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of one agent: reads frames, checks them, queues batches and losses for
 * the host's sink, and writes what the agent is told. Knows nothing of the database.
 * Whatever the peer sends costs at most this session: it gets a BYE with the reason,
 * the log gets a line, and nobody else notices. docs/protocol.md.
 */
#ifndef FWLOG_COLLECTOR_SESSION_H
#define FWLOG_COLLECTOR_SESSION_H

#include "collector/filterset.h"
#include "collector/gate.h"
#include "collector/host.h"
#include "collector/metrics.h"
#include "collector/options.h"
#include "collector/queue.h"

#define SESSION_OUTPUT_MAX \
	(256u << 10)          /* bytes: an agent that reads nothing is closed */
#define SESSION_CLOSE_MS 3000 /* time a BYE has to leave */
/* Beyond half of queue_size no agent may have more than this part of it waiting. */
#define SESSION_SHARES 256
/* A frame longer than this waits until there is room for all of it, and then has
 * FRAME_WAIT_MS and a second for each FRAME_RATE bytes to arrive. */
#define SESSION_FRAME_SMALL (16u << 10) /* bytes */
#define SESSION_FRAME_WAIT_MS 10000
#define SESSION_FRAME_RATE 8192 /* bytes/s */

enum session_state {
	SESSION_HELLO,    /* waits for HELLO, until hello_timeout */
	SESSION_ENTERING, /* the database is asked for the marks */
	SESSION_OPEN,     /* takes batches */
	SESSION_CLOSING,  /* BYE is on its way, nothing is read any more */
	SESSION_CLOSED,   /* the socket is gone; items may still refer to it */
};

struct session;
TAILQ_HEAD(session_list, session);

/* What sessions share; lives as long as they do. */
struct session_env {
	struct event_base *base;
	const struct options *options;
	struct metrics *metrics;
	struct hosts *hosts;
	size_t held;                 /* bytes of all sessions' items */
	size_t reserved;             /* bytes of all frames that are arriving */
	struct session_list waiting; /* paused, longest first */
	void *arg;
	/* HELLO was accepted: session_welcome is to follow. */
	void (*entering)(void *arg, struct session *s);
	/* The turns this session's items go to. */
	struct turns *(*turns)(void *arg, const struct host *h);
	/* Something was queued for the host's sink. */
	void (*queued)(void *arg, const struct host *h);
	/* host->status has changed; urgent: connected or not. */
	void (*contact)(void *arg, struct host *h, bool urgent);
	/* The central filters of the host, with a reference for the caller; NULL: they
	 * are not read yet, or cannot be sent. */
	struct filter_document *(*filters)(void *arg, const struct host *h);
	/* The version they have; 0: they are not read yet. */
	uint32_t (*filter_version)(void *arg);
	/* Which of them the agent applies; NULL: it does not know of any. */
	void (*applied)(void *arg, const struct host *h, const struct applied *applied);
	/* Items were freed: paused sessions may have room. */
	void (*released)(void *arg);
	/* The connection is gone; called once. */
	void (*closed)(void *arg, struct session *s);
};

/* One document of central filters. */
struct push_id {
	uint32_t version; /* 0: none */
	uint32_t crc;
};

/* Central filters on their way to the agent. */
struct push {
	bool heard;                       /* the agent has said what it applies */
	bool deaf;                        /* it has not, and should have */
	unsigned answers;                 /* APPLIED that may come still */
	struct push_id applied;           /* by the agent, as it says */
	struct push_id refused;           /* it cannot take */
	struct push_id sent;              /* it got last in this session */
	struct filter_document *document; /* NULL: nothing is on its way */
	size_t offset;                    /* bytes of it that are handed on */
};

/* For others to read, and to link; only session.c changes what it holds. */
struct session {
	struct session_env *env;
	struct transport *transport; /* NULL once closed */
	struct event *limit;         /* how long this state may last */
	enum session_state state;
	unsigned refs;
	bool paused; /* reading is stopped for want of room; in env->waiting */
	size_t
	    reserved; /* bytes of the frame that is arriving; 0: a small one or none */
	struct address peer;
	bool sealed;         /* who is proved; else HELLO is believed */
	struct identity who; /* of the key */
	struct host *host;   /* NULL before HELLO */
	struct queue queue;
	struct push push;
	uint16_t epochs;
	struct epoch_mark *epoch; /* of HELLO; seq: the last number received */
	char text[NAME_MAX_LEN + ADDRESS_TEXT + 4]; /* "name (address)", for messages */

	TAILQ_ENTRY(session) all; /* the owner's */
	TAILQ_ENTRY(session) entering;
	bool is_entering;
	TAILQ_ENTRY(session) waiting;
};

/*
 * Takes over the transport. who: by its key; NULL: a plain connection, whose HELLO is
 * believed. NULL: no memory, the transport is still the caller's.
 */
struct session *session_new(struct session_env *env, struct transport *t,
    const struct address *peer, const struct identity *who);
void session_ref(struct session *s);
void session_unref(struct session *s);

/* ---- what the agent is told */
/* Committed marks of the host's streams; those not named are 0. Opens the session. */
void session_welcome(struct session *s, const struct epoch_mark *marks, size_t n);
void session_ack(struct session *s, uint64_t epoch, uint64_t seq);
/*
 * To be called every so many milliseconds: an agent that waits for room hears that it
 * is not forgotten, one that is gone without a word is given up.
 */
void session_keep_alive(struct session *s, uint32_t every_ms);
/* BYE with the reason, then closed. Nothing when it is closing already. */
void session_close(struct session *s, const char *reason);
/* Closed at once. */
void session_abort(struct session *s);

/* There is another version of the central filters: sends it if the agent needs it. */
void session_push_filters(struct session *s);

/* Those that wait read on where there is room again; harmless at any time. */
void session_resume_waiting(struct session_env *env);

/* Whose item it is. */
struct session *session_of(const struct item *item);

#endif
