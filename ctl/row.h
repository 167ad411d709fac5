/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events (common/row.h) of the database. */
#ifndef FWLOG_CTL_ROW_H
#define FWLOG_CTL_ROW_H

#include "common/row.h"
#include "ctl/db.h"

/* Row i of a query that begins with row_select. */
void row_read(struct row *row, const struct db_rows *rows, int i);

#endif
