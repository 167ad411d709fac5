/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/peer.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* The kernel fills in what it knows; what it does not is zero. */
static bool
read_info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof *info;

	*info = (struct tcp_info){0};
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

/*
 * Time is counted in calls, not read from tcpi_last_ack_recv: that one is long after
 * every quiet hour, at the moment the next bytes go out.
 */
bool
peer_is_gone(struct peer *p, int fd, uint32_t every_ms)
{
	struct tcp_info info;
	bool silent = read_info(fd, &info) &&
		      (info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0) &&
		      info.tcpi_last_ack_recv >= every_ms;

	p->silent_ms = silent ? p->silent_ms + every_ms : 0;
	return p->silent_ms >= PEER_SILENT_MS;
}
