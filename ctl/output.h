/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as they are printed: a table for people, JSON (an object a line, named as in
 * fwlog.event_full, without what the event has not), CSV (RFC 4180), or JSON in the
 * Elastic Common Schema. Whether the file took it is the caller's to ask (ferror).
 */
#ifndef FWLOG_CTL_OUTPUT_H
#define FWLOG_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/row.h"

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_ECS };

#define OUTPUT_TABLE_COLUMNS 10

struct output {
	enum output_format format;
	FILE *to;
	bool colour; /* tables only */
	bool begun;  /* titles are out */
	int wide[OUTPUT_TABLE_COLUMNS];
};

/* By name; -1: there is no such format. */
int output_format_of(const char *name, enum output_format *format)
    __attribute__((warn_unused_result));

void output_begin(struct output *o, enum output_format format, FILE *to, bool colour);
/* Columns grow wide enough for a row that is to come soon; but for tables, nothing. */
void output_measure(struct output *o, const struct row *row);
void output_row(struct output *o, const struct row *row);
/* What is printed even when no row came: the titles of CSV. */
void output_end(struct output *o);

/* Is colour wanted there: a terminal, no NO_COLOR, not a dumb one? */
bool output_colour(FILE *to);

#endif
