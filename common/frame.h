/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: u32 length of what follows, u8 type, payload; big-endian. The transport below
 * is a byte stream (plain TCP, a Unix socket, or the Noise layer). docs/protocol.md.
 */
#ifndef FWLOG_COMMON_FRAME_H
#define FWLOG_COMMON_FRAME_H

#include "common/buf.h"

#define FRAME_HEADER 5 /* bytes: length and type */
#define FRAME_MAX \
	((1u << 20) + (1u << 16)) /* bytes of type and payload: a full batch fits */
#define FRAME_CONTROL_MAX 65536   /* the same for every type but BATCH */
#define FRAME_CRC 4               /* bytes at the end of BATCH, LOSS and FILTERED */
/*
 * A bit of the type byte of BATCH, LOSS and FILTERED: the next frame belongs to the
 * same group. It matters to the spool that wrote them; whoever reads frames disregards
 * it.
 */
#define FRAME_MORE 0x80

enum frame_type {
	FRAME_HELLO = 1, /* agent: who I am, what my spool holds */
	FRAME_WELCOME,   /* collector: what is committed of it */
	FRAME_BATCH,     /* agent: records */
	FRAME_ACK,       /* collector: committed up to here */
	FRAME_LOSS,      /* agent: records that are missing */
	FRAME_STATS,     /* agent: counters, every 10 s; the heartbeat */
	FRAME_ALIVE,     /* collector: answer to STATS, with its clock */
	FRAME_FILTERS,   /* collector: central filters */
	FRAME_BYE,       /* either: closing, with the reason */
	FRAME_APPLIED,   /* agent: which central filters are in force */
	FRAME_FILTERED,  /* agent: records that filters suppressed */
	FRAME_TYPE_END
};

struct frame {
	enum frame_type type;
	bool more; /* FRAME_MORE */
	const uint8_t *payload;
	size_t len; /* bytes of payload */
};

/*
 * The first frame in data. Returns the bytes it takes, 0 when more are needed, or -1
 * when these bytes can never be a frame (*why: static text); lengths are bounded before
 * any use. Points into data.
 */
long frame_parse(const uint8_t *data, size_t len, struct frame *frame, const char **why)
    __attribute__((warn_unused_result));

/*
 * Whether a BATCH, LOSS or FILTERED frame's trailing CRC-32C fits its header and
 * payload. The frame is as frame_parse left it: its header lies right before the
 * payload.
 */
bool frame_crc_ok(const struct frame *frame);

/* Writes length and type; returns where the payload starts, or NULL when w is full. */
uint8_t *frame_begin(struct writer *w, enum frame_type type);
/* Sets the length of the frame begun at payload; with_crc appends the CRC-32C. */
void frame_end(struct writer *w, uint8_t *payload, bool with_crc);
/* Sets FRAME_MORE in a whole frame of len bytes that ends in a CRC. */
void frame_mark_more(uint8_t *frame, size_t len);
/* Types that take part in a stream's numbering: BATCH, LOSS, FILTERED. */
bool frame_is_numbered(enum frame_type type);

const char *frame_type_name(enum frame_type type);

#endif
