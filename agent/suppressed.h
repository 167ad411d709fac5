/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters suppressed of one datagram, added up by filter, minute and prefix, until
 * it goes to the spool. Prefixes are indices into the strings of the batch that is
 * being written.
 */
#ifndef FWLOG_AGENT_SUPPRESSED_H
#define FWLOG_AGENT_SUPPRESSED_H

#include "common/batch.h"
#include "common/message.h"

struct suppressed {
	struct filtered m;
	uint16_t prefix[FILTERED_MAX]; /* of each entry, SUPPRESSED_NO_PREFIX: none */
	uint16_t last;                 /* entry */
};

#define SUPPRESSED_NO_PREFIX UINT16_MAX

void suppressed_begin(struct suppressed *s);
/* 0, or -1: no entry is left. */
int suppressed_add(struct suppressed *s, int32_t filter_id, uint64_t ts_us,
    uint16_t prefix) __attribute__((warn_unused_result));
/* Gives the entries their prefixes: the message, without its source and numbers. NULL:
 * nothing was added. */
struct filtered *suppressed_message(
    struct suppressed *s, const struct batch_writer *batch);

#endif
