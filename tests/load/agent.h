/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One synthetic agent: agent.c is what it says and hears, wire.c its connection. A
 * connection that fails is made again after a while; a collector that breaks the
 * protocol's promises ends the process.
 */
#ifndef FWLOG_TESTS_LOAD_AGENT_H
#define FWLOG_TESTS_LOAD_AGENT_H

#include "common/frame.h"
#include "common/keyfile.h"
#include "common/message.h"
#include "tests/load/load.h"

enum state { DOWN, CONNECTING, SEALING, GREETING, READY, DONE };

struct agent {
	enum state state;
	int fd;
	char name[NAME_MAX_LEN + 1];
	uint64_t epoch;
	uint64_t next_batch; /* to be sent, from 0 */
	uint64_t acked;      /* records */
	int64_t retry_ms, stats_ms;
	int64_t sent_ms[WINDOW_MAX]; /* when batch i went out, at i modulo WINDOW_MAX */
	uint8_t *out;                /* frames; out_len 0: they are on the wire */
	size_t out_len;
	uint8_t *wire; /* what is sent; out itself where plain */
	size_t wire_len, wire_off;
	uint8_t in[IN_MAX];
	size_t in_len;
	struct keyfile *keys;
	struct noise_stream *noise; /* NULL: plain */
};

/* ---- agent.c */

/* The i-th agent, from 0: name, epoch, buffers, key. */
void agent_new(struct load *l, struct agent *a, uint64_t i);
/* HELLO, as soon as frames may be sent. */
void agent_greet(struct load *l, struct agent *a);
/* STATS or the next batch into out, which is empty; nothing if none is due. */
void agent_queue(struct load *l, struct agent *a);
/* A frame that came. The agent may be DOWN afterwards. */
void agent_take(struct load *l, struct agent *a, const struct frame *f);

/* ---- wire.c */

void agent_connect(struct load *l, struct agent *a);
/* Closes; the next attempt comes after a random while. */
void agent_down(struct load *l, struct agent *a, const char *why);
/* Puts the frames in out on the wire, which is empty. */
void agent_seal(const struct load *l, struct agent *a);
/* What poll said of it; sends as much as the socket takes. */
void agent_serve(struct load *l, struct agent *a, short events);

#endif
