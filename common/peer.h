/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the machine at the other end of a TCP connection still answers. Packets that
 * vanish without an error leave a connection that looks alive, and TCP tries again
 * after ever longer pauses: 12.8 s after the sixth, 25.6 s after the seventh. A new
 * connection is faster than that. Silent is who acknowledges nothing while bytes wait
 * for it; a peer that is slow, or reads nothing for a while, answers still.
 * (TCP_USER_TIMEOUT would end the session of that one too.)
 */
#ifndef FWLOG_COMMON_PEER_H
#define FWLOG_COMMON_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define PEER_SILENT_MS 10000 /* so long, and the peer is gone */

struct peer {
	uint32_t silent_ms; /* so far; begins at 0 */
};

/*
 * To be called every so many milliseconds, at least a few times in PEER_SILENT_MS.
 * False for any socket that is not TCP.
 */
bool peer_is_gone(struct peer *p, int fd, uint32_t every_ms);

#endif
