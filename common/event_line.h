/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event as one line of text, which words and regular expressions are searched in:
 * host, prefix, then NAME=value in the names of the kernel's log, always in the same
 * order, what the event does not have left out:
 *
 * web1 input drop IN=eth0 SRC=192.0.2.7 DST=198.51.100.1 LEN=60 TTL=52 PROTO=TCP
 *     SPT=40000 DPT=22 SYN
 */
#ifndef FWLOG_COMMON_EVENT_LINE_H
#define FWLOG_COMMON_EVENT_LINE_H

#include "common/filter.h"

#define EVENT_LINE_MAX 2304 /* bytes: all strings at their longest and some more */

/* Bytes written; there is no NUL behind them. Strings stand as they were logged. */
size_t event_line(const struct event *ev, const struct filter_source *source,
    char line[EVENT_LINE_MAX]);

#endif
