/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/response.h"

#include <stdio.h>

static const char security_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

const char *
response_reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 414:
		return "URI Too Long";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	default:
		return "Internal Server Error";
	}
}

int
response_send(const struct response *r, bool head)
{
	printf("Status: %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
	    r->status, response_reason(r->status), r->type, r->len);
	printf("Cache-Control: %s\r\n",
	    r->immutable ? "public, max-age=31536000, immutable" : "private, no-store");
	fputs(security_headers, stdout);
	if (r->status == 405)
		fputs("Allow: GET, HEAD\r\n", stdout);
	if (r->retry_after > 0)
		printf("Retry-After: %d\r\n", r->retry_after);
	fputs("\r\n", stdout);
	if (!head)
		fwrite(r->body, 1, r->len, stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
}
