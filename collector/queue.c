/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/queue.h"

#include <stdlib.h>

#include "collector/clock.h"

struct item *
item_new(struct queue *q, size_t len)
{
	struct item *item = malloc(sizeof *item + len);

	if (item == NULL)
		return NULL;
	*item = (struct item){.queue = q, .len = len, .came_us = clock_us()};
	q->held += sizeof *item + len;
	*q->total += sizeof *item + len;
	return item;
}

void
item_free(struct item *item)
{
	struct queue *q;

	if (item == NULL)
		return;
	q = item->queue;
	q->held -= sizeof *item + item->len;
	*q->total -= sizeof *item + item->len;
	free(item);
	q->released(q->owner);
}

void
queue_init(struct queue *q, size_t *total, void *owner, void (*released)(void *owner))
{
	*q = (struct queue){.total = total, .owner = owner, .released = released};
	STAILQ_INIT(&q->items);
}

void
queue_put(struct queue *q, struct item *item, struct turns *turns)
{
	STAILQ_INSERT_TAIL(&q->items, item, link);
	if (q->turns == NULL) {
		q->turns = turns;
		TAILQ_INSERT_TAIL(&turns->ring, q, turn);
	}
}

static void
queue_leave(struct queue *q)
{
	if (q->turns == NULL)
		return;
	TAILQ_REMOVE(&q->turns->ring, q, turn);
	q->turns = NULL;
}

void
queue_clear(struct queue *q)
{
	struct item_list items = STAILQ_HEAD_INITIALIZER(items);
	struct item *item;

	queue_leave(q);
	/* The queue may be gone with its last item: nothing of it is touched after. */
	STAILQ_CONCAT(&items, &q->items);
	while ((item = STAILQ_FIRST(&items)) != NULL) {
		STAILQ_REMOVE_HEAD(&items, link);
		item_free(item);
	}
}

void
turns_init(struct turns *t)
{
	TAILQ_INIT(&t->ring);
}

bool
turns_empty(const struct turns *t)
{
	return TAILQ_EMPTY(&t->ring);
}

struct item *
turns_take(struct turns *t, bool (*may)(const struct queue *q, void *arg), void *arg)
{
	struct queue *q = TAILQ_FIRST(&t->ring);
	struct item *item;

	while (q != NULL && may != NULL && !may(q, arg))
		q = TAILQ_NEXT(q, turn);
	if (q == NULL)
		return NULL;
	item = STAILQ_FIRST(&q->items);
	STAILQ_REMOVE_HEAD(&q->items, link);
	TAILQ_REMOVE(&t->ring, q, turn);
	if (STAILQ_EMPTY(&q->items))
		q->turns = NULL;
	else
		TAILQ_INSERT_TAIL(&t->ring, q, turn);
	return item;
}
