/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices as a mail (RFC 5322), headers beyond ASCII encoded (RFC 2047). */
#ifndef FWLOG_COLLECTOR_NOTIFY_MAIL_H
#define FWLOG_COLLECTOR_NOTIFY_MAIL_H

#include "collector/notify_notice.h"

struct mail_envelope {
	const char *to;   /* addresses, separated by blanks */
	const char *from; /* NULL: left to sendmail */
	const char *host;
	int64_t now_us;
};

/* One message for all; lines end in LF, as sendmail wants them. To be freed; NULL: no
 * memory. */
char *mail_message(const struct mail_envelope *e, const struct notice *n, size_t count)
    __attribute__((warn_unused_result));
/* A line "Name: text", folded, without what could begin another header. */
void mail_header(FILE *out, const char *name, const char *text);

#endif
