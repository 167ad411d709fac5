/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a filter's SQL is resolved against (common/filter.h), read from the database:
 * the dictionaries and the named lists.
 */
#ifndef FWLOG_CTL_SOURCE_H
#define FWLOG_CTL_SOURCE_H

#include "common/filter.h"
#include "ctl/db.h"

/* first: number of the first parameter. db NULL: words stand for what it would say. */
struct filter_sql_source source_of(struct db *db, unsigned first);

#endif
