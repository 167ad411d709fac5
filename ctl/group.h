/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of the filter language by whose values events can be counted, and how their
 * values are told in SQL.
 */
#ifndef FWLOG_CTL_GROUP_H
#define FWLOG_CTL_GROUP_H

#include <stdbool.h>

#include "common/filter_field.h"

struct group {
	const struct filter_field *field;
	bool several; /* an event may have two values: one for each end */
};

/* By name or alias; -1: there is no such field, or nothing can be counted by it, and a
 * message says which are. */
int group_named(const char *name, struct group *group)
    __attribute__((warn_unused_result));

/*
 * The statement to be freed, NULL without memory: rows of value (text, null: the field
 * is not there), events, number of values, events in all; the most frequent first.
 * where: a condition over "fwlog.event e". limit 0: all.
 */
char *group_statement(
    const struct group *group, const char *where, unsigned long limit);

#endif
