/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/response.h"

#include <inttypes.h>

static const char security_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {303, "See Other"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

const char *
response_reason(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Internal Server Error";
}

static void
put_headers(FILE *out, const struct response *r, size_t len)
{
	fprintf(out, "Status: %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
	    r->status, response_reason(r->status),
	    r->type != NULL ? r->type : TYPE_HTML, len);
	fprintf(out, "Cache-Control: %s\r\n",
	    r->immutable ? "public, max-age=31536000, immutable" : "private, no-store");
	fputs(security_headers, out);
	if (r->allow != NULL)
		fprintf(out, "Allow: %s\r\n", r->allow);
	if (r->retry_after > 0)
		fprintf(out, "Retry-After: %d\r\n", r->retry_after);
	if (r->refresh > 0)
		fprintf(out, "Refresh: %d\r\n", r->refresh);
	if (r->location[0] != '\0')
		fprintf(out, "Location: %s\r\n", r->location);
	if (r->filename[0] != '\0')
		fprintf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n",
		    r->filename);
	if (r->counted)
		fprintf(out,
		    "Fwlog-Rows: %" PRIu64 "\r\nFwlog-Skipped: %" PRIu64 "\r\n",
		    r->rows, r->skipped);
	fputs("\r\n", out);
}

static int
copy_file(FILE *out, FILE *from)
{
	char piece[65536];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, from)) > 0)
		if (fwrite(piece, 1, n, out) != n)
			return -1;
	return ferror(from) ? -1 : 0;
}

int
response_send(FILE *out, const struct response *r, bool head)
{
	size_t len = r->len;
	int rc = 0;

	if (r->file != NULL) {
		if (fseek(r->file, 0, SEEK_END) != 0)
			return -1;
		len = (size_t)ftell(r->file);
		rewind(r->file);
	}
	put_headers(out, r, len);
	if (!head && r->file != NULL)
		rc = copy_file(out, r->file);
	else if (!head)
		fwrite(r->body, 1, r->len, out);
	return rc == 0 && fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
