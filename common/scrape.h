/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address a daemon is watched at: GET and HEAD of /metrics, /healthz (it answers)
 * and /readyz (it can do its work; a line says why not, with 503), on loopback or a
 * Unix socket only. One answer for each connection, then it is closed. The only user of
 * libevent's evhttp.
 *
 * Nothing a client does costs the daemon more than this: at most
 * SCRAPE_CONNECTIONS_MAX connections in SCRAPE_SWEEP_MS, so as many answers; each
 * connection for SCRAPE_LIMIT_MS; requests of SCRAPE_REQUEST_MAX bytes. Others wait in
 * the kernel.
 */
#ifndef FWLOG_COMMON_SCRAPE_H
#define FWLOG_COMMON_SCRAPE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/textbuf.h"

#define SCRAPE_CONNECTIONS_MAX 8
#define SCRAPE_SWEEP_MS 500
#define SCRAPE_LIMIT_MS 5000
#define SCRAPE_REQUEST_MAX 4096 /* bytes of a request's headers */
#define SCRAPE_BACKLOG 16

struct scrape_calls {
	void *arg;
	void (*metrics)(void *arg, struct text *out);
	/* Whether it can work; if not, why holds a line. */
	bool (*ready)(void *arg, char *why, size_t whysize);
};

struct scrape;

/* Is this such an address? For the check of an option. */
int scrape_check(const char *address, char *why, size_t whysize);
/*
 * A socket that listens there, for scrape_new, or -1 and the reason with its remedy. A
 * Unix socket nobody listens on any more is replaced; its permissions are 0660.
 */
int scrape_listen(const char *address, char *why, size_t whysize)
    __attribute__((warn_unused_result));
/* Removes the file of a Unix socket; nothing for others. */
void scrape_forget(const char *address);

/* Takes over the socket, which is closed if there is no memory (NULL). calls is copied.
 */
struct scrape *scrape_new(
    struct event_base *base, int fd, const struct scrape_calls *calls);
void scrape_free(struct scrape *s); /* NULL-safe */

#endif
