/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/transport.h"

struct bufferevent *
transport_open(struct event_base *base, evutil_socket_t fd, enum transport_kind kind)
{
	(void)kind;
	return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
}

bool
transport_allowed(
    enum transport_kind kind, const struct address *address, bool allow_plain_network)
{
	return kind != TRANSPORT_PLAIN || allow_plain_network ||
	       address_is_local(address);
}
