/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files built into a program (sql/embed.sh): NUL-terminated bytes, length without it.
 */
#ifndef FWLOG_COMMON_EMBEDDED_H
#define FWLOG_COMMON_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* file name without folder; NULL ends the table */
	const unsigned char *bytes;
	size_t len;
};

extern const struct embedded migrations[]; /* sql/, in order of their numbers */
extern const struct embedded assets[];     /* web-cgi/assets/ */

#endif
