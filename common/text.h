/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the database, valid UTF-8 that strangers may have had a hand in, written so
 * that its reader is not led astray: a terminal, a JSON parser, a spreadsheet.
 */
#ifndef FWLOG_COMMON_TEXT_H
#define FWLOG_COMMON_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Bytes of the character at p when a terminal might obey it or nobody see it, else 0:
 * C0 and C1 controls, DEL, marks and overrides of direction, characters of no width,
 * separators of lines.
 */
size_t text_hidden(const char *p);

/* Such bytes become \xNN. out NULL: only measures. Columns of a terminal it takes. */
int text_plain(const char *text, FILE *out);

/* A JSON string (RFC 8259) with its quotes; such characters become \uNNNN. */
void text_json(const char *text, FILE *out);

/*
 * A cell of CSV (RFC 4180), in quotes where it needs them. One that begins like a
 * formula
 * (= + - @) gets an apostrophe in front, hidden bytes become \xNN.
 */
void text_csv(const char *text, FILE *out);

/*
 * Bytes that stand in hexadecimal, size of them at most; how many. The text of the
 * database's encode(…, 'hex').
 */
size_t text_unhex(const char *text, uint8_t *bytes, size_t size);

#define TEXT_TIME 40 /* bytes of a time as text */
/* "2026-11-23T14:05:09.123456Z"; us: microseconds since 1970 UTC. */
void text_time(int64_t us, char text[TEXT_TIME]);

#endif
