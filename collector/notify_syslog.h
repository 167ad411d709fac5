/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A notice as a message of RFC 5424, without its frame. */
#ifndef FWLOG_COLLECTOR_NOTIFY_SYSLOG_H
#define FWLOG_COLLECTOR_NOTIFY_SYSLOG_H

#include "collector/notify_notice.h"

/* RFC 5424, 6.1: receivers should take so much. */
#define SYSLOG_MESSAGE_MAX 2048
#define SYSLOG_SD_ID "fwlog@32473"
#define SYSLOG_GROUP_ID "group@32473"

/* To be freed; at most SYSLOG_MESSAGE_MAX bytes, cut between characters. NULL: no
 * memory. now_us: microseconds since 1970. */
char *syslog_message(const struct notice *n, int facility, const char *host,
    int64_t now_us) __attribute__((warn_unused_result));

#endif
