/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether agents can apply a filter, and to which hosts it goes: what filter add and
 * filter preview ask alike. Messages go to standard error.
 */
#ifndef FWLOG_CTL_FILTER_SCOPE_H
#define FWLOG_CTL_FILTER_SCOPE_H

#include <stdio.h>

#include "common/filter.h"
#include "ctl/db.h"

/*
 * -1 when agents can apply it; else an exit code: a field they do not have, a list that
 * is not there or of another kind. text is what was typed.
 */
int filter_scope_check(struct db *db, const struct filter_tree *tree, const char *text);

/*
 * Whether agents can still apply the filters in force that use the list, NULL: any
 * list; to be asked in the transaction of the change, behind it. Else it is said which
 * cannot: agents would refuse the whole set.
 */
bool filter_scope_fits(struct db *db, const char *list);

/*
 * It selects an event of which nothing is known, so all but what it names; or packets
 * that have nothing in common.
 */
bool filter_scope_is_wide(struct db *db, const struct filter_tree *tree);

/*
 * --hosts as an array of PostgreSQL, to be freed. NULL: none were given (*rc -1), or a
 * name is none (*rc: exit code).
 */
char *filter_scope_hosts(const char *hosts, int *rc);

#endif
