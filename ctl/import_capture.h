/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures as tcpdump and others write them: pcap (draft-ietf-opsawg-pcap) in both byte
 * orders, micro- and nanoseconds, and pcapng (draft-ietf-opsawg-pcapng); and packets of
 * the link types NFLOG (239), Ethernet (1), raw IP (101, 12, 228, 229) and Linux SLL
 * (113) as records.
 */
#ifndef FWLOG_CTL_IMPORT_CAPTURE_H
#define FWLOG_CTL_IMPORT_CAPTURE_H

#include "ctl/import_input.h"

#define CAPTURE_INTERFACES 64 /* of a pcapng file */

struct capture {
	struct import_input *in;
	bool ng;   /* pcapng */
	bool swap; /* the file's byte order is not ours */
	struct capture_interface {
		uint32_t link_type;
		uint64_t per_second; /* units of its times */
	} interface[CAPTURE_INTERFACES];
	size_t interfaces;
};

struct capture_packet {
	uint64_t ts_us;
	uint32_t link_type;
	uint32_t length; /* of the packet on the wire */
	struct span data;
};

/* 0, or -1 after a message. */
int capture_start(struct capture *c, struct import_input *in, const char *name)
    __attribute__((warn_unused_result));
/* The next packet; 1, 0: no more, or what follows is cut off or damaged; -1. */
int capture_next(struct capture *c, struct capture_packet *p)
    __attribute__((warn_unused_result));

/* The packet as a row without a host, or why not. Interfaces become "if" and a number.
 */
struct capture_names {
	char text[4][16];
};
enum import_kind capture_row(const struct capture *c, const struct capture_packet *p,
    struct capture_names *names, struct import_row *row, struct import_why *why);

#endif
