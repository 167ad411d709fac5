/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event as text, without the newline. Strings come from the batch the event's
 * record was added to.
 */
#ifndef FWLOG_AGENT_FORMAT_H
#define FWLOG_AGENT_FORMAT_H

#include "agent/line.h"
#include "common/batch.h"
#include "common/event.h"

/*
 * As the kernel's LOG target writes it (net/netfilter/nf_log_syslog.c), from the prefix
 * on, with the user and group the socket belongs to when the kernel told. Where the
 * packet is cut by snaplen the number of bytes in INCOMPLETE is that of the bytes there
 * are.
 */
void format_kernel(struct line *l, const struct event *ev, const struct packet *pkt,
    const struct batch_writer *strings);

/*
 * A flat JSON object with the columns of EVENT_COLUMNS that are set: dictionary columns
 * as strings by their name without _id (and, when a string is no UTF-8, its bytes in
 * hexadecimal as NAME_hex), times in RFC 3339, addresses as text, bytes in hexadecimal.
 */
void format_json(struct line *l, const struct event *ev, struct line_clock *clock,
    const struct batch_writer *strings);

#endif
