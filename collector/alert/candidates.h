/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which stored events rules may have to look at, as SQL: a condition that may select
 * more than they do and never less.
 */
#ifndef FWLOG_COLLECTOR_ALERT_CANDIDATES_H
#define FWLOG_COLLECTOR_ALERT_CANDIDATES_H

#include "collector/alert/rule.h"

/*
 * Over "fwlog.event e", with the values in it as literals, so that COPY takes it; to be
 * freed. "true" where a rule cannot be said in SQL. NULL without memory.
 */
char *candidates_sql(
    const struct rule_set *set, const struct filter_sql_source *source);

#endif
