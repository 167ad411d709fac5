/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FWLOG_WEB_SERVICE_H
#define FWLOG_WEB_SERVICE_H

#include <stdint.h>

/*
 * Short name of what usually listens on a port (IANA's register, and what scanners look
 * for); protocol as in event_full. NULL: nothing that is well known.
 */
const char *service_name(const char *protocol, int64_t port);

#endif
