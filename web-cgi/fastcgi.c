/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/fastcgi.h"

#include "common/cli.h"

#ifdef FWLOG_FASTCGI

#include <fcgiapp.h>
#include <limits.h>

#include "common/log.h"

/* ---- its streams as ours */

static int
piece(size_t size)
{
	return size > INT_MAX ? INT_MAX : (int)size;
}

static ssize_t
stream_read(void *stream, char *to, size_t size)
{
	return FCGX_GetStr(to, piece(size), stream);
}

static ssize_t
stream_write(void *stream, const char *from, size_t size)
{
	int n = FCGX_PutStr(from, piece(size), stream);

	return n < 0 ? 0 : n; /* 0: an error, by fopencookie(3) */
}

static FILE *
stream_open(FCGX_Stream *stream, const char *mode)
{
	static const cookie_io_functions_t calls = {
	    .read = stream_read, .write = stream_write};

	return fopencookie(stream, mode, calls);
}

static const char *
param(void *params, const char *name)
{
	return FCGX_GetParam(name, params);
}

static void
take(FCGX_Request *request, fastcgi_answer *answer)
{
	FILE *body = stream_open(request->in, "r");
	FILE *out = stream_open(request->out, "w");
	struct request_env env;

	if (body != NULL && out != NULL) {
		env = request_env(param, request->envp, body);
		(void)answer(&env, out);
	} else {
		log_error("out of memory: a request is not answered");
		FCGX_PutS("Status: 500 Internal Server Error\r\n\r\n", request->out);
	}
	if (out != NULL)
		fclose(out);
	if (body != NULL)
		fclose(body);
}

bool
fastcgi_wanted(void)
{
	return !FCGX_IsCGI();
}

int
fastcgi_serve(fastcgi_answer *answer)
{
	FCGX_Request request;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0) {
		log_error("FastCGI: libfcgi cannot begin");
		return EXIT_FAILED;
	}
	while (FCGX_Accept_r(&request) == 0) {
		take(&request, answer);
		FCGX_Finish_r(&request);
	}
	FCGX_Free(&request, 1);
	return EXIT_OK;
}

#else

bool
fastcgi_wanted(void)
{
	return false;
}

int
fastcgi_serve(fastcgi_answer *answer)
{
	(void)answer;
	return EXIT_FAILED;
}

#endif
