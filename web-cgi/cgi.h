/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One CGI request from the environment to the answer on stdout (RFC 3875), or FastCGI
 * requests, one after the other (web-cgi/fastcgi.h). */
#ifndef FWLOG_WEB_CGI_H
#define FWLOG_WEB_CGI_H

/* Exit code of the program; 0 also for an answer that says what went wrong. */
int cgi_main(void);

#endif
