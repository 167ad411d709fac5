/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The overview: is all well, how much came, from whom, to what, and the latest events.
 */
#ifndef FWLOG_WEB_HOME_H
#define FWLOG_WEB_HOME_H

#include "web-cgi/html.h"
#include "web-cgi/request.h"
#include "web-cgi/store.h"

/* now: microseconds since 1970. An installation without events gets its set-up steps.
 */
void home_write(
    struct html *h, const struct request *req, const struct overview *o, int64_t now);

#endif
