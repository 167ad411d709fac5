/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people are told of an alert or a digest, read from the database in one go: every
 * part is text, valid UTF-8, times as RFC 3339 has them.
 */
#ifndef FWLOG_COLLECTOR_NOTIFY_NOTICE_H
#define FWLOG_COLLECTOR_NOTIFY_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "collector/pg.h"
#include "common/textbuf.h"

enum notice_part {
	NOTICE_DELIVERY, /* number, stable over tries */
	NOTICE_CHANGE,   /* fired, repeated, resolved, digest */
	NOTICE_TRIES,
	NOTICE_AGE, /* seconds */
	NOTICE_JSON,
	NOTICE_RULE, /* id; NULL of a digest */
	NOTICE_TITLE,
	NOTICE_LEVEL, /* of a digest the highest in it */
	NOTICE_AUTHOR,
	NOTICE_DESCRIPTION,
	NOTICE_REFERENCES, /* separated by blanks */
	NOTICE_GROUP,      /* "name=value name=value" */
	NOTICE_PAIRS,      /* name \x1f value, separated by \x1e */
	NOTICE_DETAIL,
	NOTICE_FIRST,
	NOTICE_LAST,
	NOTICE_RESOLVED,
	NOTICE_EVENTS,
	NOTICE_LINK,
	NOTICE_ENTRIES, /* of a digest, a line each */
	NOTICE_PARTS
};

struct notice {
	char *part[NOTICE_PARTS]; /* NULL: there is none */
};

/*
 * Statements that select notices: $1 action, $2 address of the page or null, $3 how
 * many at most. Due deliveries, oldest first, those of an alert never out of order; and
 * alerts that go on and were told.
 */
void notice_ask_due(struct text *sql);
void notice_ask_active(struct text *sql);

/* Rows of these statements; NULL: no memory. */
struct notice *notice_read(const struct pg_result *r, size_t *count)
    __attribute__((warn_unused_result));
void notice_free(struct notice *n, size_t count); /* NULL-safe */

/* "" where there is none. */
const char *notice_text(const struct notice *n, enum notice_part part);
bool notice_is(const struct notice *n, const char *change);
/* Calls each for the fields of the group. */
void notice_each_pair(const struct notice *n,
    void (*each)(void *arg, const char *name, const char *value), void *arg);
/* "[high] Vertical port scan: src_ip=192.0.2.7 (resolved)" */
void notice_line(const struct notice *n, FILE *out);

#endif
