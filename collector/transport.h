/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layer between a socket and the frames: gives a bufferevent whose bytes are the
 * frames' bytes. Plain hands the socket through; a sealed transport is a filter over
 * it.
 */
#ifndef FWLOG_COLLECTOR_TRANSPORT_H
#define FWLOG_COLLECTOR_TRANSPORT_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>

#include "collector/address.h"

enum transport_kind { TRANSPORT_PLAIN };

/* Takes over fd: freeing the result closes it. NULL: no memory, fd is still the
 * caller's. */
struct bufferevent *transport_open(
    struct event_base *base, evutil_socket_t fd, enum transport_kind kind);

/* Whether this kind may be offered on this address. */
bool transport_allowed(
    enum transport_kind kind, const struct address *address, bool allow_plain_network);

#endif
