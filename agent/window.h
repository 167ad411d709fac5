/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The send window: which frames of this session are under way, unacknowledged. It
 * bounds what the agent holds in memory, and tells an honest ACK from one for what was
 * never sent.
 */
#ifndef FWLOG_AGENT_WINDOW_H
#define FWLOG_AGENT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_BYTES (8u << 20) /* sent and not acknowledged */
#define WINDOW_FRAMES 4096

struct window_entry {
	uint64_t epoch;
	uint64_t last_seq;
	uint32_t bytes;
	bool acked;
};

struct window {
	struct window_entry ring[WINDOW_FRAMES];
	unsigned head, count;
	size_t bytes;
};

void window_clear(struct window *w);
/* Whether another frame may go out. */
bool window_open(const struct window *w);
/* A frame went out; the window is open. */
void window_push(struct window *w, uint64_t epoch, uint64_t last_seq, size_t bytes);
/*
 * 1: frames were acknowledged; 0: old news, none of that epoch is under way up to seq;
 * -1: seq lies beyond what was sent of that epoch.
 */
int window_ack(struct window *w, uint64_t epoch, uint64_t seq);

#endif
