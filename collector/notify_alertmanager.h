/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices as Alertmanager's API v2 takes them: POST /api/v2/alerts. */
#ifndef FWLOG_COLLECTOR_NOTIFY_ALERTMANAGER_H
#define FWLOG_COLLECTOR_NOTIFY_ALERTMANAGER_H

#include "collector/notify_notice.h"

/* An alert that is not told again ends by itself after so long. */
#define ALERTMANAGER_LIFE_S 240

/* An array of postable alerts; to be freed. NULL: no memory. */
char *alertmanager_body(const struct notice *n, size_t count, int64_t now_us)
    __attribute__((warn_unused_result));

#endif
