/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG: binding a group and taking its datagrams apart
 * (linux/netfilter/nfnetlink_log.h). The only user of libnetfilter_log and libmnl.
 * Knows nothing of batches or the spool.
 */
#ifndef FWLOG_AGENT_NFLOG_H
#define FWLOG_AGENT_NFLOG_H

#include "common/record.h"

#define NFLOG_NLBUFSIZ_MAX (128u << 10) /* bytes; the kernel ignores more, silently */
/* bytes: a buffer of nlbufsiz, with its overhead, comes from the next power of two, and
 * the kernel fills all of it */
#define NFLOG_DATAGRAM_MAX (2 * NFLOG_NLBUFSIZ_MAX)

struct nflog_conf {
	uint16_t group;
	uint32_t snaplen;         /* bytes */
	uint32_t queue_threshold; /* records */
	uint32_t timeout_ms;
	uint32_t nlbufsiz;       /* bytes */
	uint32_t receive_buffer; /* bytes */
	bool conntrack;
};

enum nflog_result {
	NFLOG_BOUND,
	NFLOG_TAKEN,  /* another process holds the group: try again later */
	NFLOG_DENIED, /* no CAP_NET_ADMIN */
	NFLOG_FAILED, /* anything else: the kernel cannot, memory */
};

struct nflog_socket {
	int fd;                  /* non-blocking, close-on-exec; the caller's */
	uint32_t receive_buffer; /* bytes granted */
	bool conntrack;          /* granted, as far as is known */
};

/*
 * Binds conf->group on a socket of its own. Does not block. Unless NFLOG_BOUND, why
 * holds a sentence for the operator, with the remedy; NULL when it was said before
 * (naming the owner of a group looks through /proc).
 */
enum nflog_result nflog_bind(
    const struct nflog_conf *conf, struct nflog_socket *out, char *why, size_t whysize);

/*
 * Takes over a socket that another process bound to conf->group, with all that lies in
 * its queue: sets what conf says and looks at nothing. 0, or -1 when fd cannot be such
 * a socket.
 */
int nflog_adopt(int fd, const struct nflog_conf *conf, struct nflog_socket *out)
    __attribute__((warn_unused_result));

/* Datagrams the kernel could not queue on this socket since it was opened. */
uint32_t nflog_overruns(int fd);
/* Bytes the kernel holds for this socket at most. */
uint32_t nflog_receive_buffer(int fd);

/* A packet as the kernel described it; points into the datagram. */
struct nflog_packet {
	struct record
	    rec; /* without its strings; ts_us is set only if the kernel gave it */
	struct bytes prefix;
	uint32_t in, out, physin, physout; /* interface indices, 0 none */
};

struct nflog_datagram {
	const uint8_t *at;
	size_t left;
};

/* The next packet. 1, or 0 at the end; messages that are none are passed over. */
int nflog_next(struct nflog_datagram *d, struct nflog_packet *packet);

#endif
