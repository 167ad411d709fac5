/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is missing in a range of time, and, apart from it, what filters and rate limits
 * were told to leave out: in words, a few hosts by name, the others as a number.
 */
#ifndef FWLOG_WEB_COMPLETENESS_H
#define FWLOG_WEB_COMPLETENESS_H

#include "web-cgi/ledger.h"
#include "web-cgi/visit.h"

/* Each loss with its host and cause, after what comes before the first and between two;
 * nothing if nothing is missing. */
void completeness_missing(
    struct visit *v, const struct ledger *l, const char *before, const char *between);
/* What was left out, each cause with its total, after what comes between. */
void completeness_left_out(
    struct visit *v, const struct ledger *l, const char *between);

#endif
