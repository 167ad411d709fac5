/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer: status and headers, then a body that is complete before its first byte
 * goes out. Every answer carries the same security headers.
 */
#ifndef FWLOG_WEB_RESPONSE_H
#define FWLOG_WEB_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_CSS "text/css; charset=utf-8"
#define TYPE_SCRIPT "text/javascript; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_JSONL "application/x-ndjson"
#define TYPE_CSV "text/csv; charset=utf-8; header=present"
#define TYPE_PCAP "application/vnd.tcpdump.pcap"

struct response {
	int status;
	const char *type; /* Content-Type; NULL: TYPE_HTML */
	bool immutable;   /* may be kept for ever: its name has its hash */
	int retry_after;  /* seconds, 0: no such header */
	int refresh;      /* seconds, 0: no such header */
	const char *allow;
	char location[2048]; /* of 303 */
	char filename[128];  /* saved under this name; "": shown */
	bool counted;        /* rows and skipped are told */
	uint64_t rows, skipped;
	const char *body;
	size_t len;
	FILE *file; /* in place of body; from its start */
};

const char *response_reason(int status);
/* head: without the body. 0, or -1 when it could not be written. */
int response_send(FILE *out, const struct response *r, bool head)
    __attribute__((warn_unused_result));

#endif
