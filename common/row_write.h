/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as other programs read them: JSON (an object a line, named as in
 * fwlog.event_full, without what the event has not), CSV (RFC 4180, with titles), JSON
 * in the Elastic Common Schema. Whether the file took it is the caller's to ask
 * (ferror).
 */
#ifndef FWLOG_COMMON_ROW_WRITE_H
#define FWLOG_COMMON_ROW_WRITE_H

#include <stdio.h>

#include "common/row.h"

/* The object alone, without an end of line. */
void row_write_object(const struct row *row, FILE *to);
void row_write_json(const struct row *row, FILE *to);
void row_write_ecs(const struct row *row, FILE *to);
void row_write_csv_titles(FILE *to);
void row_write_csv(const struct row *row, FILE *to);

#endif
