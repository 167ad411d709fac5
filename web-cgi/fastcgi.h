/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same program as a FastCGI server (FastCGI 1.0), when it was built with libfcgi:
 * one request after the other over the socket that the web server or spawn-fcgi left as
 * standard input. Nothing of a request outlives it here; more at a time need more
 * processes.
 */
#ifndef FWLOG_WEB_FASTCGI_H
#define FWLOG_WEB_FASTCGI_H

#include <stdbool.h>
#include <stdio.h>

#include "web-cgi/request.h"

/* Answers a request on out; what it returns is of no account here. */
typedef int fastcgi_answer(const struct request_env *env, FILE *out);

/* Standard input is a listening socket, and this was built with libfcgi. */
bool fastcgi_wanted(void);
/* Until the socket is closed. Exit code of the program. */
int fastcgi_serve(fastcgi_answer *answer);

#endif
