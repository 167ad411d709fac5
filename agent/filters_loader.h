/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiles and keeps documents of central filters in a thread, since long lists and a
 * slow disk take longer than the kernel holds what is logged meanwhile. One document is
 * worked on, one may wait: a newer one takes its place. All calls from one thread.
 */
#ifndef FWLOG_AGENT_FILTERS_LOADER_H
#define FWLOG_AGENT_FILTERS_LOADER_H

#include "agent/filters_central.h"
#include "common/message.h"

struct filters_loader;

/* A document and, once worked on, what came of it. */
struct filters_load {
	uint32_t version, crc;
	unsigned session;  /* whose it is: the caller's business */
	uint8_t *document; /* by malloc */
	size_t len;
	struct filters_central *central; /* NULL: refused */
	char why[TEXT_MAX_LEN + 1];      /* it was */
	int error;                       /* errno; it was not kept: 0: it was */
};

/* dir, where sets are kept, is borrowed. NULL: no memory. */
struct filters_loader *filters_loader_new(const char *dir);
/* Waits for the thread. NULL-safe. */
void filters_loader_free(struct filters_loader *l);

/* Takes the document over. */
void filters_loader_put(struct filters_loader *l, const struct filters_load *load);
/* Readable when a document is done. */
int filters_loader_fd(const struct filters_loader *l);
/* One that is done, whose central is the caller's, and nothing else of it; false: none.
 */
bool filters_loader_take(struct filters_loader *l, struct filters_load *out);

#endif
