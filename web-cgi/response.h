/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer: status and headers, then a body that is complete before its first byte
 * goes out. Every answer carries the same security headers.
 */
#ifndef FWLOG_WEB_RESPONSE_H
#define FWLOG_WEB_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

struct response {
	int status;
	const char *type; /* Content-Type */
	bool immutable;   /* may be kept for ever: its name has its hash */
	int retry_after;  /* seconds, 0: no such header */
	const char *body;
	size_t len;
};

const char *response_reason(int status);
/* To stdout; head: without the body. 0, or -1 when it could not be written. */
int response_send(const struct response *r, bool head)
    __attribute__((warn_unused_result));

#endif
