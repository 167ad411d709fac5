/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text the kernel's LOG target writes (net/netfilter/nf_log_syslog.c), also that of
 * older kernels and of ulogd's imitation of it: prefix, IN=, OUT=, then what was in the
 * packet. Any bytes may come; nothing is allocated, all results point into the text.
 */
#ifndef FWLOG_CTL_IMPORT_LOG_H
#define FWLOG_CTL_IMPORT_LOG_H

#include "ctl/import_row.h"

/* Where in a line "IN=… OUT=" begins; NULL: it is no line of a firewall. */
const char *import_log_find(const char *line, size_t len);

/*
 * Reads the text from "IN=" on into the row, whose time, host and prefix are the
 * caller's. A text that is cut short is an event when its addresses are complete; what
 * stands at the cut is left out. IMPORT_EVENT or IMPORT_REJECT.
 */
enum import_kind import_log_parse(
    const char *text, size_t len, struct import_row *row, struct import_why *why);

#endif
