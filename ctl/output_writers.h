/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table behind ctl/output.h. */
#ifndef FWLOG_CTL_OUTPUT_WRITERS_H
#define FWLOG_CTL_OUTPUT_WRITERS_H

#include "ctl/output.h"

void output_table_measure(struct output *o, const struct row *row);
void output_table_titles(struct output *o);
void output_table_row(const struct output *o, const struct row *row);

#endif
