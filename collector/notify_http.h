/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to libcurl: posts a JSON document. Only notify_http.c knows the library.
 * HTTP and HTTPS alone; certificates are checked; redirects are not followed; of an
 * answer no more is read than HTTP_ANSWER_MAX bytes.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_HTTP_H
#define FWLOG_COLLECTOR_NOTIFY_HTTP_H

#include <stdint.h>

#include "collector/notify_way.h"

#define HTTP_ANSWER_MAX 65536

struct http;

/* ca_file: NULL for the system's. NULL: no memory. */
struct http *http_new(const char *url, const char *ca_file, uint64_t timeout_ms);
void http_free(struct http *h); /* NULL-safe */
/* headers: "Name: value", NULL-terminated; besides those of JSON. */
enum way_outcome http_post(struct http *h, const char *body, size_t len,
    const char *const *headers, char *why, size_t whysize);

#endif
