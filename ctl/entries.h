/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of a named list, read from text: addresses and networks, ports and ranges of
 * ports, or names. Knows no database. Networks end up sorted and without overlap, as
 * the table fwlog.list_entry wants them.
 */
#ifndef FWLOG_CTL_ENTRIES_H
#define FWLOG_CTL_ENTRIES_H

#include <stddef.h>

#define ENTRIES_MAX 1000000
#define ENTRIES_NAME_MAX 255 /* bytes of a name */
#define ENTRIES_WHY_SIZE 160
#define ENTRIES_ROW_SIZE (2 * ENTRIES_NAME_MAX + 128) /* bytes of a row, with NUL */

enum entries_kind { ENTRIES_ADDRESS, ENTRIES_PORT, ENTRIES_NAME };

/* Names of the kinds, as the database has them. */
extern const char *const entries_kinds[3];

struct entries;

struct entries *entries_new(enum entries_kind kind); /* NULL without memory */
void entries_free(struct entries *e);                /* NULL-safe */

/* One entry. 0, or -1 and what is wrong with it, or that there are too many. */
int entries_add(struct entries *e, const char *text, char why[ENTRIES_WHY_SIZE])
    __attribute__((warn_unused_result));
/*
 * One line of a file, without its newline: an entry, or nothing but blanks and a
 * comment. A comment begins with # or, not in names, with ; and names may have a # in
 * them. The line is changed. As entries_add.
 */
int entries_add_line(struct entries *e, char *line, char why[ENTRIES_WHY_SIZE])
    __attribute__((warn_unused_result));

/*
 * Sorts, and drops what is there twice and networks inside others; returns how many
 * entries that were.
 */
size_t entries_settle(struct entries *e);
size_t entries_count(const struct entries *e);
/* "192.0.2.0/24", "1000-2000", "web1"; a lone address has no /32. */
void entries_text(const struct entries *e, size_t i, char text[ENTRIES_NAME_MAX + 1]);
/*
 * A row for COPY fwlog.list_entry (list_id, first, last, value), text format, with its
 * newline. Returns its length.
 */
size_t entries_row(
    const struct entries *e, size_t i, const char *list_id, char row[ENTRIES_ROW_SIZE]);

#endif
