/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has arrived and is not yet committed. Each session has a queue of items; the
 * queues of one sink take turns, so that no agent waits behind another's backlog. Bytes
 * of items, not of frames alone (small ones are mostly item), count against their
 * limits until the item is freed, also while a transaction carries it.
 */
#ifndef FWLOG_COLLECTOR_QUEUE_H
#define FWLOG_COLLECTOR_QUEUE_H

#include <sys/queue.h>

#include "common/message.h"

enum item_kind { ITEM_BATCH, ITEM_LOSS, ITEM_FILTERED };

struct item {
	STAILQ_ENTRY(item) link;
	struct queue *queue; /* where it came from: alive as long as the item */
	enum item_kind kind;
	uint64_t epoch;
	uint64_t first_seq;
	uint32_t count;   /* numbers it covers, at least 1 */
	struct loss loss; /* ITEM_LOSS */
	uint64_t came_us; /* when, clock_us */
	size_t len;       /* bytes of frame */
	uint8_t frame[];  /* complete, with length and type */
};
STAILQ_HEAD(item_list, item);

struct queue {
	struct item_list items;
	TAILQ_ENTRY(queue) turn;
	struct turns *turns; /* NULL: not in the ring */
	size_t held;         /* bytes of all items not yet freed, frames and all */
	size_t *total;       /* the same over all queues */
	void *owner;
	void (*released)(
	    void *owner); /* after each item_free; the queue may go with it */
};

/* The queues of one sink that have something waiting, next first. */
TAILQ_HEAD(turns_ring, queue);
struct turns {
	struct turns_ring ring;
};

/* An item for a frame of len bytes, not yet in the queue; NULL: no memory. */
struct item *item_new(struct queue *q, size_t len);
void item_free(struct item *item); /* NULL-safe */

void queue_init(
    struct queue *q, size_t *total, void *owner, void (*released)(void *owner));
/* Appends; the queue joins the ring if it had nothing waiting. */
void queue_put(struct queue *q, struct item *item, struct turns *turns);
/* Frees what no transaction has taken yet, and leaves the ring. */
void queue_clear(struct queue *q);

void turns_init(struct turns *t);
bool turns_empty(const struct turns *t);
/*
 * Takes one item of the queue whose turn it is, of those that may (NULL: all); the
 * caller frees it. NULL: none.
 */
struct item *turns_take(
    struct turns *t, bool (*may)(const struct queue *q, void *arg), void *arg);

#endif
