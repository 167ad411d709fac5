/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a webhook is signed. */
#ifndef FWLOG_COLLECTOR_NOTIFY_WEBHOOK_H
#define FWLOG_COLLECTOR_NOTIFY_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_SIGNATURE_MAX 128

/*
 * "X-Fwlog-Signature: sha256=HEX", HMAC-SHA256 by the secret over the time, a dot and
 * the body. The time is the one of X-Fwlog-Timestamp, so that an old message cannot be
 * sent again as a new one.
 */
void webhook_sign(const char *secret, uint64_t seconds, const char *body, size_t len,
    char header[WEBHOOK_SIGNATURE_MAX]);

#endif
