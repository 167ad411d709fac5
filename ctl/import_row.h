/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every source of imported history gives: an event with its names still as text,
 * the host that logged it, and the bytes by which it is known again.
 */
#ifndef FWLOG_CTL_IMPORT_ROW_H
#define FWLOG_CTL_IMPORT_ROW_H

#include "common/event.h"

#define IMPORT_WHY_MAX 160 /* bytes of a reason, with its NUL */

enum import_name {
	IMPORT_PREFIX,
	IMPORT_IN,
	IMPORT_OUT,
	IMPORT_PHYSIN,
	IMPORT_PHYSOUT,
	IMPORT_NAMES
};

/* A piece of somebody else's memory; p NULL: there is none. */
struct span {
	const char *p;
	size_t len;
};

struct import_row {
	struct event ev; /* its ids of names are not set */
	struct span name[IMPORT_NAMES];
	struct span host;
	uint8_t header[RECORD_HWHEADER_MAX]; /* room for ev.hw_header */
};

enum import_kind {
	IMPORT_EVENT,
	IMPORT_OTHER,  /* a line that no firewall wrote */
	IMPORT_REJECT, /* the reason says why */
};

struct import_why {
	char text[IMPORT_WHY_MAX];
};

/* what, and a piece of the input it is about; returns IMPORT_REJECT. */
enum import_kind import_reject(
    struct import_why *why, const char *what, const char *p, size_t len);

#endif
